/* SPDX-License-Identifier: GPL-3.0-or-later
 * json.c - escape a string for JSON.
 * Rule: nothing passes unescaped but printable ASCII and sequences proved to be well-formed UTF-8.
 */
#include "core/base/json.h"

/* Length of the well-formed UTF-8 sequence at s, 0 if it is none (Unicode table 3-7). */
static int utf8_len(const u8 *s)
{
	u8 low = 0x80, high = 0xbf;
	int len;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	if (s[0] == 0xed)
		high = 0x9f; /* surrogates */
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (int i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* Append the character at s; returns the bytes it took. */
static int put_char(struct buf *out, const u8 *s)
{
	int len;

	if (s[0] == '"' || s[0] == '\\') {
		buf_printf(out, "\\%c", s[0]);
		return 1;
	}
	if (s[0] < 0x20 || s[0] == 0x7f) {
		buf_printf(out, "\\u%04x", (unsigned)s[0]);
		return 1;
	}
	if (s[0] < 0x80) {
		buf_put(out, s, 1);
		return 1;
	}
	len = utf8_len(s);
	if (!len) {
		buf_printf(out, "\\ufffd");
		return 1;
	}
	buf_put(out, s, (size_t)len);
	return len;
}

void json_put_string(struct buf *out, const char *text)
{
	if (!text) {
		buf_printf(out, "null");
		return;
	}
	buf_put(out, "\"", 1);
	for (const u8 *s = (const u8 *)text; *s;)
		s += put_char(out, s);
	buf_put(out, "\"", 1);
}
