/* SPDX-License-Identifier: GPL-3.0-or-later
 * text.c - vectors to text and back.
 * Rule: the fields are listed once; a number is written from its highest byte down.
 */
#include "tests/fp/vectors.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name, member) { name, offsetof(struct vector_state, member), sizeof((struct vector_state *)0)->member }
static const struct field { const char *name; size_t at, size; } fields[] = {
	FIELD("fcw", fcw), FIELD("fsw", fsw), FIELD("ftw", ftw), FIELD("flags", flags), FIELD("mxcsr", mxcsr),
	FIELD("st0", st[0]), FIELD("st1", st[1]), FIELD("st2", st[2]), FIELD("xmm1", xmm[0]), FIELD("xmm2", xmm[1]),
	FIELD("mem", mem), FIELD("ecx", ecx), FIELD("edx", edx),
};

/* Two registers in use, all exceptions masked. */
const struct vector_state vector_start = { .fcw = 0x37f, .fsw = 0x3000, .ftw = 0xc0, .mxcsr = 0x1f80 };

static void print_fields(const struct vector_state *s, const struct vector_state *but, FILE *out)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const u8 *a = (const u8 *)s + fields[i].at, *b = (const u8 *)but + fields[i].at;
		if (!memcmp(a, b, fields[i].size))
			continue;
		fprintf(out, " %s=", fields[i].name);
		for (size_t k = fields[i].size; k-- > 0;)
			fprintf(out, "%02x", a[k]);
	}
}

void vector_print(const struct vector *v, FILE *out)
{
	fprintf(out, "%s ", v->name);
	for (int i = 0; i < v->len; i++)
		fprintf(out, "%02x", v->code[i]);
	print_fields(&v->before, &vector_start, out);
	fprintf(out, " ->");
	print_fields(&v->after, &v->before, out);
	fprintf(out, "\n");
}

/* `size` bytes, the highest first; exactly that many. */
static bool parse_hex(const char *text, u8 *to, size_t size, bool highest_first)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		char two[3] = { text[2 * i], text[2 * i + 1], 0 }, *end;
		to[highest_first ? size - 1 - i : i] = (u8)strtoul(two, &end, 16);
		if (*end)
			return false;
	}
	return true;
}

static bool parse_field(struct vector_state *s, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t n = strlen(fields[i].name);
		if (!strncmp(word, fields[i].name, n) && word[n] == '=')
			return parse_hex(word + n + 1, (u8 *)s + fields[i].at, fields[i].size, true);
	}
	return false;
}

bool vector_parse(struct vector *v, const char *line)
{
	char copy[1024], *rest, *word;
	bool arrow = false;

	*v = (struct vector){ .before = vector_start };
	if (snprintf(copy, sizeof copy, "%s", line) >= (int)sizeof copy)
		return false;
	if (!(word = strtok_r(copy, " \n", &rest)) || strlen(word) >= sizeof v->name)
		return false;
	strcpy(v->name, word);
	if (!(word = strtok_r(NULL, " \n", &rest)))
		return false;
	v->len = (int)strlen(word) / 2;
	if (v->len > (int)sizeof v->code || !parse_hex(word, v->code, (size_t)v->len, false))
		return false;
	while ((word = strtok_r(NULL, " \n", &rest))) {
		if (!strcmp(word, "->") && !arrow) {
			v->after = v->before;
			arrow = true;
		} else if (!parse_field(arrow ? &v->after : &v->before, word)) {
			return false;
		}
	}
	return arrow;
}

/* A number that grows by one from each value of the format to the next in magnitude. */
static unsigned __int128 rank(const u8 st[10])
{
	u64 significand;
	u16 exp;
	memcpy(&significand, st, 8);
	memcpy(&exp, st + 8, 2);
	return (unsigned __int128)(exp & 0x7fff) << 63 | (significand & ~0ull >> 1);
}

static bool near(const u8 a[10], const u8 b[10])
{
	return !((a[9] ^ b[9]) & 0x80) && rank(a) - rank(b) + 1 <= 2;
}

const char *vector_differs(const struct vector_state *a, const struct vector_state *b, bool ulp)
{
	struct vector_state x = *a, y = *b;
	for (int i = 0; i < 3 && ulp; i++)
		if (near(x.st[i], y.st[i]))
			memcpy(y.st[i], x.st[i], 10);
	if (ulp) {
		x.fsw &= 0xfdcf;
		y.fsw &= 0xfdcf;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (memcmp((u8 *)&x + fields[i].at, (u8 *)&y + fields[i].at, fields[i].size))
			return fields[i].name;
	return "";
}
