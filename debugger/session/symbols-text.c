/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols-text.c - symbols from texts: System.map and nm, the maps of ld and of NASM.
 * Rule: a line that should name a symbol and does not is an error with its number; nothing is guessed.
 */
#include <errno.h>
#include <string.h>

#include "debugger/session/symbols-priv.h"

/* ---- lines and words ---- */

bool text_line_next(struct text_line *l, const char *end)
{
	const char *newline;

	if (l->next >= end)
		return false;
	newline = memchr(l->next, '\n', (size_t)(end - l->next));
	l->at = l->next;
	l->end = newline ? newline : end;
	l->next = newline ? newline + 1 : end;
	while (l->end > l->at && (l->end[-1] == ' ' || l->end[-1] == '\t' || l->end[-1] == '\r'))
		l->end--;
	l->number++;
	return true;
}

bool text_word(const char **at, const char *end, const char **word, size_t *len)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		++*at;
	*word = *at;
	while (*at < end && **at != ' ' && **at != '\t')
		++*at;
	*len = (size_t)(*at - *word);
	return *len;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

bool text_hex(const char *word, size_t len, u64 *value)
{
	if (len > 2 && word[0] == '0' && (word[1] | 0x20) == 'x') {
		word += 2;
		len -= 2;
	}
	*value = 0;
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(word[i]);
		if (digit < 0 || i == 16)
			return false;
		*value = *value << 4 | (u64)digit;
	}
	return len;
}

static int bad(const char *path, u32 line, const char *expected, struct err *err)
{
	return err_set(err, EINVAL, "symbols %.160s:%u: expected %s", path, line, expected);
}

/* ---- System.map, nm: "ffffffff81000000 T _text" ---- */

/* 1: a symbol, 0: none, as an undefined one of nm's, -1: nothing of the kind. */
static int nm_line(const struct text_line *l, u64 *address, char *type, const char **name, size_t *len)
{
	const char *at = l->at, *word;
	size_t n;

	if (!text_word(&at, l->end, &word, &n))
		return 0;
	if (n == 1 && strchr("Uwv", *word) && *l->at == ' ')
		return 0;
	if (!text_hex(word, n, address) || !text_word(&at, l->end, &word, &n) || n != 1)
		return -1;
	*type = *word;
	if (!text_word(&at, l->end, name, len) || !strchr("ABCDGIJNRSTUVWabcdgijnprstuvwi?-", *type) || !*type)
		return -1;
	return *type != 'U' && *type != '-' && *type != 'N';
}

bool symbols_is_nm(const char *text, size_t len)
{
	struct text_line l = { .next = text };
	u64 address;
	const char *name;
	size_t n;
	char type;

	while (text_line_next(&l, text + len)) {
		int kind = nm_line(&l, &address, &type, &name, &n);
		if (kind)
			return kind > 0;
	}
	return false;
}

int symbols_read_nm(struct batch *b, const char *path, const char *text, size_t len, struct err *err)
{
	struct text_line l = { .next = text };
	u64 address;
	const char *name;
	size_t n;
	char type;

	while (!b->failed && text_line_next(&l, text + len)) {
		int kind = nm_line(&l, &address, &type, &name, &n);
		bool upper = type >= 'A' && type <= 'Z';

		if (kind < 0)
			return bad(path, l.number, "ADDRESS TYPE NAME, as in System.map", err);
		if (kind)
			batch_symbol(b, address, 0, type == 'A' || type == 'a' ? RANK_CONSTANT : type == 'T' ? RANK_FUNCTION :
				     upper || type == 't' ? RANK_GLOBAL : RANK_LOCAL, name, n);
	}
	return 0;
}

/* ---- ld -Map: "                0x000000000000100b                main" ---- */

static bool is_identifier(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = word[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if (!letter && c != '_' && c != '$' && c != '.' && c != '@' && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return len && !(len == 1 && *word == '.');
}

int symbols_read_ld_map(struct batch *b, const char *path, const char *text, size_t len, struct err *err)
{
	struct text_line l = { .next = text };
	u64 address;

	while (!b->failed && text_line_next(&l, text + len)) {
		const char *at = l.at, *word, *name;
		size_t n, name_len;

		if (l.at == l.end || *l.at != ' ' || !text_word(&at, l.end, &word, &n) || n < 3 || memcmp(word, "0x", 2))
			continue;
		if (!text_hex(word, n, &address))
			return bad(path, l.number, "an address of at most 16 hexadecimal digits", err);
		if (!text_word(&at, l.end, &name, &name_len) || !is_identifier(name, name_len))
			continue; /* a section, or an expression */
		if (!text_word(&at, l.end, &word, &n) || (n == 1 && *word == '=')) /* "_end = ." names it, too */
			batch_symbol(b, address, 0, RANK_GLOBAL, name, name_len);
	}
	return 0;
}

/* ---- NASM's map: "            7C00              7C00  start", "00000005  count" ---- */

int symbols_read_nasm_map(struct batch *b, const char *path, const char *text, size_t len, struct err *err)
{
	struct text_line l = { .next = text };
	bool symbols = false, constants = false;

	while (!b->failed && text_line_next(&l, text + len)) {
		const char *at = l.at, *word[3];
		size_t n[3];
		u64 address;

		if (l.end - l.at > 3 && !memcmp(l.at, "-- ", 3))
			symbols = l.end - l.at > 10 && !memcmp(l.at, "-- Symbols", 10);
		if (!symbols || l.at == l.end || *l.at == '-') {
			constants = l.at == l.end ? constants : l.end - l.at > 15 && !memcmp(l.at, "---- No Section", 15);
			continue;
		}
		text_word(&at, l.end, &word[0], &n[0]);
		text_word(&at, l.end, &word[1], &n[1]);
		text_word(&at, l.end, &word[2], &n[2]);
		if ((n[0] == 4 && !memcmp(word[0], "Real", 4)) || (n[0] == 5 && !memcmp(word[0], "Value", 5)))
			continue; /* the heading */
		if (!n[constants ? 1 : 2] || !text_hex(word[constants ? 0 : 1], n[constants ? 0 : 1], &address))
			return bad(path, l.number, "an address and a name", err);
		batch_symbol(b, address, 0, constants ? RANK_CONSTANT : RANK_GLOBAL, word[constants ? 1 : 2], n[constants ? 1 : 2]);
	}
	return 0;
}
