/* SPDX-License-Identifier: GPL-3.0-or-later
 * tree.c - nodes out of what the grammar found.
 * Rule: a node that would be too high, or for which there is no room, is an error and has nothing below it.
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/parse.h"

/* ---- nodes ---- */

static u8 highest(const struct parse *p, const struct node *list)
{
	u8 height = 0;

	for (; list && !p->u->arena.full; list = list->next)
		height = list->height > height ? list->height : height;
	return height;
}

struct node *tree_node(struct parse *p, enum trap_node kind, const struct span *at, struct node *a, struct node *b,
		       struct node *c)
{
	struct node *n = arena_take(&p->u->arena, sizeof(*n));
	const struct node *part[] = { a, b, c };
	u8 height = 0;

	if (!n)
		n = memset(&p->u->spare, 0, sizeof(*n));
	n->kind = (u8)kind;
	n->slot = -1;
	n->pos = span_pos(p, at);
	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		u8 h = highest(p, part[i]);
		height = h > height ? h : height;
	}
	if (height >= TRAP_HEIGHT - 1) {
		p->at = *at;
		lex_error(p, "give parts of it names: let a = ...;", "this is nested too deeply");
		p->stopped = true;
		return n;
	}
	n->height = height + 1;
	n->a = a;
	n->b = b;
	n->c = c;
	return n;
}

struct node *tree_named(struct parse *p, enum trap_node kind, const struct span *at, const char *name, struct node *a)
{
	struct node *n = tree_node(p, kind, at, a, NULL, NULL);
	n->name = name;
	return n;
}

struct node *tree_binary(struct parse *p, enum trap_op op, const struct span *at, struct node *a, struct node *b)
{
	struct node *n = tree_node(p, N_BINARY, at, a, b, NULL);
	n->op = (u8)op;
	return n;
}

struct node *tree_unary(struct parse *p, enum trap_op op, const struct span *at, struct node *a)
{
	struct node *n = tree_node(p, N_UNARY, at, a, NULL, NULL);
	n->op = (u8)op;
	return n;
}

struct list tree_append(struct list l, struct node *n)
{
	if (l.last)
		l.last->next = n;
	else
		l.first = n;
	l.last = n;
	return l;
}

struct node *tree_text(struct parse *p, struct node *n, const struct span *all)
{
	n->text = arena_text(&p->u->arena, p->source->text + all->from, all->to - all->from);
	n->len = all->to - all->from;
	return n;
}

/* ---- what needs more than a node ---- */

/* u32[x] is memory, anything else before brackets a list or a text. */
struct node *tree_index(struct parse *p, const struct span *at, struct node *of, struct node *by)
{
	static const struct { const char *name; int bytes; } widths[] = { { "u8", 1 }, { "u16", 2 }, { "u32", 4 }, { "u64", 8 } };
	struct node *n;

	for (size_t i = 0; of->kind == N_VAR && i < ARRAY_LEN(widths); i++)
		if (!strcmp(of->name, widths[i].name)) {
			n = tree_named(p, N_MEM, at, of->name, by);
			n->pos = of->pos;
			n->number = widths[i].bytes;
			return n;
		}
	n = tree_node(p, N_INDEX, at, of, by, NULL);
	n->pos = of->pos;
	return n;
}

/* x.f(args): a call with x as its first argument, marked by op 1 until the checker has found its row. */
struct node *tree_method(struct parse *p, const struct span *at, struct node *of, const char *name, struct node *args)
{
	struct node *n;

	of->next = args;
	n = tree_named(p, N_CALL, at, name, of);
	n->op = 1;
	return n;
}

struct node *tree_run(struct parse *p, const struct span *at, struct node *until, struct node *where, struct node *limit)
{
	bool event = until && until->kind == N_EVENT;
	struct node *n = tree_node(p, S_RUN, at, event ? NULL : until, event ? until : NULL, where);

	if (limit && limit->height >= n->height)
		n = tree_node(p, S_RUN, at, event ? NULL : until, event ? until : NULL, limit);
	if (n->height) {
		n->c = where;
		n->d = limit;
	}
	return n;
}

void tree_test(struct parse *p, struct node *test, const struct node *title, struct node *options)
{
	test->text = title->text;
	test->len = title->len;
	for (; options && !p->u->arena.full; options = options->next) {
		struct node **place = !strcmp(options->name, "points") ? &test->a : &test->b;

		if (*place)
			trap_error(p->errors, &options->pos, "leave one of them out", "%s is said twice", options->name);
		if (options->height + 1 < TRAP_HEIGHT && options->height >= test->height)
			test->height = options->height + 1;
		if (options->height + 1 < TRAP_HEIGHT)
			*place = options->a;
	}
}

/* The condition's text belongs to the statement. */
void tree_condition(struct node *n)
{
	if (!n->a)
		return;
	n->text = n->a->text;
	n->len = n->a->len;
	if (n->a->kind != N_STR) {
		n->a->text = NULL;
		n->a->len = 0;
	}
}

void tree_migrate(struct parse *p, const struct span *at, const char *word)
{
	struct trap_pos pos = span_pos(p, at);

	if (strcmp(word, "to"))
		trap_error(p->errors, &pos, "write migrate to \"unix:PATH\"", "unexpected '%s'; expected 'to'", word);
}

/* ---- numbers and strings ---- */

static const struct unit {
	const char *name;
	enum trap_node kind;
	trap_int worth;
} units[] = {
	{ "", N_INT, 1 }, { "K", N_INT, 1 << 10 }, { "M", N_INT, 1 << 20 }, { "G", N_INT, 1 << 30 },
	{ "T", N_INT, (trap_int)1 << 40 },
	{ "ns", N_TIME, 1 }, { "us", N_TIME, 1000 }, { "ms", N_TIME, 1000000 }, { "s", N_TIME, 1000000000 },
	{ "insn", N_AMOUNT, UNIT_INSN }, { "insns", N_AMOUNT, UNIT_INSN },
	{ "exit", N_AMOUNT, UNIT_EXIT }, { "exits", N_AMOUNT, UNIT_EXIT },
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Digits of the base with _ between them.  False: too large. */
static bool digits(const char **at, const char *end, int base, trap_int *value)
{
	const trap_int most = ((trap_int)1 << 126) - 1;

	*value = 0;
	for (; *at < end && (**at == '_' || digit_value(**at) < base); ++*at) {
		if (**at == '_')
			continue;
		if (*value > (most - digit_value(**at)) / base)
			return false;
		*value = *value * base + digit_value(**at);
	}
	return true;
}

static const struct unit *unit_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, name, len))
			return &units[i];
	return NULL;
}

struct node *tree_number(struct parse *p, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	char letter = len > 2 && text[0] == '0' ? text[1] | 0x20 : 0;
	int base = letter == 'x' ? 16 : letter == 'b' ? 2 : 10;
	struct node *n = tree_node(p, N_INT, &p->at, NULL, NULL, NULL);
	const struct unit *unit;
	bool fits;

	at += base == 10 ? 0 : 2;
	fits = digits(&at, end, base, &n->number);
	unit = fits ? unit_find(at, (size_t)(end - at)) : NULL;
	if (unit && unit->kind != N_AMOUNT && unit->worth > 1)
		fits = !__builtin_mul_overflow(n->number, unit->worth, &n->number) && !(n->number >> 126);
	if (!fits) {
		lex_error(p, "a register holds 64 bits, a number here at most 126", "this number is too large");
	} else if (!unit || (base != 10 && at == text + 2)) {
		lex_error(p, "numbers are written 42 0x2a 0b1010 1_000 4K 2M 1G, times 20ms, amounts 500insn 3exits",
			  "'%.*s' is no number", len > 40 ? 40 : (int)len, text);
		n->kind = N_VAR; /* a name that nobody knows: it may be anything */
		n->name = "";
	} else {
		n->kind = (u8)unit->kind;
		n->op = unit->kind == N_AMOUNT ? (u8)unit->worth : 0;
	}
	return n;
}

/* \xHH, or a letter. */
static bool escape(const char **at, const char *end, char *out)
{
	static const char letters[] = "nrte0\\\"", means[] = "\n\r\t\033\0\\\"";
	const char *letter;
	char c = *(*at)++;

	if (c == 'x') {
		if (end - *at < 2 || digit_value((*at)[0]) > 15 || digit_value((*at)[1]) > 15)
			return false;
		*out = (char)(digit_value((*at)[0]) << 4 | digit_value((*at)[1]));
		*at += 2;
		return true;
	}
	letter = c ? strchr(letters, c) : NULL;
	if (letter)
		*out = means[letter - letters];
	return letter;
}

struct node *tree_string(struct parse *p, const char *text, size_t len)
{
	struct node *n = tree_node(p, N_STR, &p->at, NULL, NULL, NULL);
	const char *at = text, *end = text + len;
	char *out = arena_take(&p->u->arena, len + 1);

	n->text = out ? out : "";
	while (out && at < end) {
		char c = *at++;
		if (c == '\\' && !escape(&at, end, &c)) {
			lex_error(p, "known are \\n \\r \\t \\e \\0 \\\\ \\\" and \\xHH", "the string has an unknown escape");
			break;
		}
		out[n->len++] = c;
	}
	return n;
}
