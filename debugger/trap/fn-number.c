/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn-number.c - functions of numbers: addresses from numbers, bits, smallest and largest, rand, arg.
 * Rule: rand is the script's own generator, seeded by --seed: the same script gives the same numbers.
 */
#include <string.h>

#include "debugger/trap/fn.h"

static bool make_address(struct fn_call *c, enum trap_type type)
{
	u64 n;

	if (c->arg[0].n < 0)
		return trap_fail(c->t, fn_node(c, 0), NULL, "%s wants a number from 0 to 0xffffffffffffffff", c->at->name);
	return fn_u64(c, 0, &n) && fn_give(c, value_of(type, (trap_int)n));
}

static bool fn_make_gva(struct fn_call *c)
{
	if (c->arg[0].type == T_GPA)
		return trap_fail(c->t, c->at, "nothing leads back from a gpa to a gva", "a gpa is no gva");
	return make_address(c, T_GVA);
}

static bool fn_make_gpa(struct fn_call *c)
{
	if (c->arg[0].type == T_GVA)
		return trap_fail(c->t, c->at, "translate(...) gives the gpa of a gva", "a gva is no gpa");
	return make_address(c, T_GPA);
}

static bool fn_make_int(struct fn_call *c)
{
	if (!value_is_number(&c->arg[0]))
		return trap_fail(c->t, fn_node(c, 0), NULL, "int wants a number, not a %s",
				 trap_type_name((enum trap_type)c->arg[0].type));
	return fn_give(c, value_of(T_INT, c->arg[0].n));
}

static bool fn_sext(struct fn_call *c)
{
	trap_int x, bits;

	if (!fn_int(c, 0, &x) || !fn_int(c, 1, &bits))
		return false;
	if (bits < 1 || bits > 127)
		return trap_fail(c->t, fn_node(c, 1), NULL, "sext(x, bits) wants 1 to 127 bits");
	int up = 128 - (int)bits;
	return fn_give(c, value_of(T_INT, (trap_int)((unsigned __int128)x << up) >> up));
}

static bool fn_abs(struct fn_call *c)
{
	trap_int x;

	if (!fn_int(c, 0, &x))
		return false;
	if (x == (trap_int)((unsigned __int128)1 << 127))
		return trap_fail(c->t, c->at, NULL, "the result does not fit into 128 bits");
	return fn_give(c, value_of(T_INT, x < 0 ? -x : x));
}

static bool choose(struct fn_call *c, enum trap_op op)
{
	struct complaint why;
	struct value better;
	u32 best = 0;

	for (u32 i = 1; i < c->n; i++) {
		if (!value_binary(&c->t->heap, op, &c->arg[i], &c->arg[best], &better, &why))
			return trap_fail(c->t, fn_node(c, i), why.help[0] ? why.help : NULL, "%s", why.what);
		best = better.n ? i : best;
	}
	return fn_give(c, value_copy(&c->arg[best]));
}

static bool fn_min(struct fn_call *c)
{
	return choose(c, OP_LT);
}

static bool fn_max(struct fn_call *c)
{
	return choose(c, OP_GT);
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static u64 next_random(struct trap *t)
{
	u64 z = t->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Numbers beyond the largest multiple of the span are thrown away, so that all come equally often. */
static bool fn_rand(struct fn_call *c)
{
	u64 from, to, span, x, last;

	if (!fn_u64(c, 0, &from) || !fn_u64(c, 1, &to))
		return false;
	if (c->arg[0].n > c->arg[1].n)
		return trap_fail(c->t, c->at, NULL, "rand(from, to) wants from <= to");
	span = to - from + 1;
	last = span ? UINT64_MAX - UINT64_MAX % span : 0;
	if (c->t->quiet)
		return fn_give(c, value_of(T_INT, c->arg[0].n));
	do
		x = next_random(c->t);
	while (span && x >= last);
	return fn_give(c, value_of(T_INT, c->arg[0].n + (trap_int)(span ? x % span : x)));
}

static bool fn_fourcc(struct fn_call *c)
{
	const struct text *s;
	u64 n = 0;

	if (!fn_text(c, 0, &s))
		return false;
	if (s->len != 4)
		return trap_fail(c->t, fn_node(c, 0), NULL, "fourcc wants four letters, not %zu", s->len);
	for (int i = 3; i >= 0; i--)
		n = n << 8 | (u8)s->at[i];
	return fn_give(c, value_of(T_INT, (trap_int)n));
}

/* A word of the command line is a number if it looks like one. */
static bool word(struct fn_call *c, const char *text)
{
	trap_int n = 0;
	size_t i = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 2 : 0, len = strlen(text);
	int base = i ? 16 : 10;
	bool digits = len > i && len < 20;

	for (; digits && i < len; i++) {
		const char *all = "0123456789abcdef", *at = strchr(all, text[i] | 0x20);
		digits = text[i] >= '0' && at && at - all < base;
		n = n * base + (digits ? (trap_int)(at - all) : 0);
	}
	return fn_give(c, digits ? value_of(T_INT, n) : value_str(&c->t->heap, text, len));
}

static bool fn_arg(struct fn_call *c)
{
	const struct vm_exit *e = c->t->now ? c->t->now->exit : NULL;
	u64 i;

	if (!fn_u64(c, 0, &i))
		return false;
	if (e && e->reason == EXIT_VMCALL)
		return i < ARRAY_LEN(e->call.arg) ? fn_give(c, value_of(T_INT, (trap_int)e->call.arg[i]))
						  : trap_fail(c->t, c->at, NULL, "a hypercall has %d arguments, from arg(0)",
							      (int)ARRAY_LEN(e->call.arg));
	if (i < (u64)c->t->nargs)
		return word(c, c->t->args[i]);
	return fn_give(c, value_fault(&c->t->heap, "the script has %d arguments: there is no arg(%llu)", c->t->nargs,
				      (unsigned long long)i));
}

const struct fn_row fn_numbers[] = {
	{ "gva", fn_make_gva, false }, { "gpa", fn_make_gpa, false }, { "int", fn_make_int, false }, { "sext", fn_sext, false },
	{ "abs", fn_abs, false }, { "min", fn_min, false }, { "max", fn_max, false }, { "rand", fn_rand, false },
	{ "fourcc", fn_fourcc, false }, { "arg", fn_arg, false },
};
const int fn_nnumbers = ARRAY_LEN(fn_numbers);
