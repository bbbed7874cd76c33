/* SPDX-License-Identifier: GPL-3.0-or-later
 * utf8.c - a character as UTF-8.
 * Rule: the shortest form, and nothing for what is no character (RFC 3629 section 3).
 */
#include "debugger/utf8.h"

size_t utf8_bytes(u32 ch, char out[UTF8_MOST + 1])
{
	static const u8 lead[] = { 0, 0xc0, 0xe0, 0xf0 }; /* marks how many bytes follow the first */
	int more = ch < 0x80 ? 0 : ch < 0x800 ? 1 : ch < 0x10000 ? 2 : 3;
	size_t n = 0;

	if (ch <= 0x10ffff && (ch < 0xd800 || ch >= 0xe000)) {
		out[n++] = (char)(lead[more] | ch >> 6 * more);
		while (more--)
			out[n++] = (char)(0x80 | (ch >> 6 * more & 0x3f));
	}
	out[n] = 0;
	return n;
}
