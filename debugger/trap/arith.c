/* SPDX-License-Identifier: GPL-3.0-or-later
 * arith.c - Trap's operators on values.
 * Rule: an operator either has an exact answer of a type that its operands determine, or says why there is none.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "debugger/trap/value.h"

static const char *const op_text[] = {
	[OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/", [OP_MOD] = "%", [OP_SHL] = "<<", [OP_SHR] = ">>",
	[OP_AND] = "&", [OP_OR] = "|", [OP_XOR] = "^", [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=",
	[OP_GT] = ">", [OP_GE] = ">=", [OP_IN] = "in", [OP_MATCH] = "=~",
};

bool complain_about(struct complaint *c, const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	vsnprintf(c->what, sizeof(c->what), what, ap);
	va_end(ap);
	c->help[0] = 0;
	return false;
}

bool complain_help(struct complaint *c, const char *help, ...)
{
	va_list ap;

	va_start(ap, help);
	vsnprintf(c->help, sizeof(c->help), help, ap);
	va_end(ap);
	return false;
}

static bool is_address(const struct value *v)
{
	return v->type == T_GVA || v->type == T_GPA;
}

static const char *type_of(const struct value *v)
{
	return trap_type_name((enum trap_type)v->type);
}

static bool mismatch(enum trap_op op, const struct value *a, const struct value *b, struct complaint *c)
{
	complain_about(c, "%s %s %s: these do not go together", type_of(a), op_text[op], type_of(b));
	if (is_address(a) && is_address(b))
		return complain_help(c, "translate(...) gives the gpa of a gva");
	if (a->type == T_GPA || b->type == T_GPA)
		return complain_help(c, "write gpa(...) if the number is a guest-physical address");
	if (op == OP_ADD && (a->type == T_STR || b->type == T_STR))
		return complain_help(c, "print takes several values; join() and hex() make text");
	if (a->type == T_TIME || b->type == T_TIME)
		return complain_help(c, "a time has a unit, as in 20ms; time / 1us is a number");
	return false;
}

static bool too_big(enum trap_op op, struct complaint *c)
{
	complain_about(c, "the result of %s does not fit into 128 bits", op_text[op]);
	return complain_help(c, "numbers are exact; & cuts bits off");
}

/* An address lies in 64 bits. */
static bool give_address(enum trap_type type, trap_int n, struct value *out, struct complaint *c)
{
	if (n >= 0 && n <= (trap_int)UINT64_MAX) {
		*out = value_of(type, n);
		return true;
	}
	complain_about(c, "this is no %s: an address goes from 0 to 0xffffffffffffffff", trap_type_name(type));
	return complain_help(c, "addresses do not wrap; make it an int by & and cut it by & 0xffffffffffffffff");
}

static bool give(enum trap_type type, trap_int n, const struct value *a, const struct value *b, struct value *out,
		 struct complaint *c)
{
	if (type == T_GVA || type == T_GPA)
		return give_address(type, n, out, c);
	*out = value_of(type, n);
	out->plain = type == T_INT && a->plain && b->plain;
	return true;
}

/* ---- sums ---- */

static bool join_texts(struct heap *h, const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	const struct text *first = value_text_of(a), *second = value_text_of(b);

	if (first->len + second->len > VALUE_TEXT_MAX)
		return complain_about(c, "the text would have more than %d bytes", VALUE_TEXT_MAX);
	*out = value_str_join(h, first, second);
	return out->type != T_NONE;
}

/* What a + b or a - b is, by their types; T_NONE: these do not go together. */
static enum trap_type sum_type(enum trap_op op, const struct value *a, const struct value *b)
{
	if (is_address(a) && b->type == T_INT)
		return (enum trap_type)a->type;
	if (op == OP_ADD && a->type == T_INT && is_address(b))
		return (enum trap_type)b->type;
	if (a->type != b->type)
		return T_NONE;
	if (is_address(a))
		return op == OP_SUB ? T_INT : T_NONE;
	if (a->type == T_AMOUNT && a->unit != b->unit)
		return T_NONE;
	return a->type == T_INT || a->type == T_TIME || a->type == T_AMOUNT ? (enum trap_type)a->type : T_NONE;
}

static bool sum(enum trap_op op, const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	enum trap_type type = sum_type(op, a, b);
	trap_int n;

	if (type == T_NONE)
		return mismatch(op, a, b, c);
	if (op == OP_ADD ? __builtin_add_overflow(a->n, b->n, &n) : __builtin_sub_overflow(a->n, b->n, &n))
		return too_big(op, c);
	if (!give(type, n, a, b, out, c))
		return false;
	out->unit = type == T_AMOUNT ? a->unit : 0;
	return true;
}

/* ---- products ---- */

static bool product(const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	const struct value *with_unit = a->type == T_INT ? b : a, *factor = a->type == T_INT ? a : b;
	trap_int n;

	if (factor->type != T_INT || (with_unit->type != T_INT && with_unit->type != T_TIME && with_unit->type != T_AMOUNT))
		return mismatch(OP_MUL, a, b, c);
	if (__builtin_mul_overflow(a->n, b->n, &n))
		return too_big(OP_MUL, c);
	if (!give((enum trap_type)with_unit->type, n, a, b, out, c))
		return false;
	out->unit = with_unit->type == T_AMOUNT ? with_unit->unit : 0;
	return true;
}

static bool quotient(enum trap_op op, const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	enum trap_type type = T_NONE;

	if (a->type == T_INT && b->type == T_INT)
		type = T_INT;
	else if (a->type == T_TIME && b->type == T_TIME)
		type = op == OP_DIV ? T_INT : T_TIME;
	else if (a->type == T_TIME && b->type == T_INT)
		type = T_TIME;
	else if (is_address(a) && b->type == T_INT)
		type = T_INT;
	if (type == T_NONE)
		return mismatch(op, a, b, c);
	if (!b->n) {
		complain_about(c, "division by zero");
		return complain_help(c, "test the divisor first: if n != 0 { ... }");
	}
	if (b->n == -1) /* the smallest number has no opposite */
		return op == OP_MOD ? give(type, 0, a, b, out, c)
				    : sum(OP_SUB, &(struct value){ .type = (u8)type, .plain = a->plain && b->plain }, a, out, c);
	return give(type, op == OP_DIV ? a->n / b->n : a->n % b->n, a, b, out, c);
}

/* ---- bits ---- */

static bool shift(enum trap_op op, const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	trap_int n;

	if (b->type != T_INT || (a->type != T_INT && !(is_address(a) && op == OP_SHR)))
		return mismatch(op, a, b, c);
	if (b->n < 0 || b->n > 127)
		return complain_about(c, "a shift goes from 0 to 127 bits");
	if (op == OP_SHR)
		return give(T_INT, a->n >> b->n, a, b, out, c);
	n = (trap_int)((unsigned __int128)a->n << b->n);
	return n >> b->n == a->n ? give(T_INT, n, a, b, out, c) : too_big(op, c);
}

static bool bitwise(enum trap_op op, const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	bool bools = a->type == T_BOOL && b->type == T_BOOL;
	bool ints = (a->type == T_INT || is_address(a)) && (b->type == T_INT || is_address(b)) &&
		    (a->type == T_INT || b->type == T_INT);

	if (!bools && !ints)
		return mismatch(op, a, b, c);
	return give(bools ? T_BOOL : T_INT, op == OP_AND ? (a->n & b->n) : op == OP_OR ? (a->n | b->n) : (a->n ^ b->n), a, b,
		    out, c);
}

/* ---- comparing ---- */

/* A gva takes any number, a gpa only one that the text itself states. */
static bool comparable(const struct value *a, const struct value *b)
{
	if (a->type == b->type)
		return a->type != T_AMOUNT || a->unit == b->unit;
	if (b->type == T_INT)
		return a->type == T_GVA || (a->type == T_GPA && b->plain);
	if (a->type == T_INT)
		return b->type == T_GVA || (b->type == T_GPA && a->plain);
	return false;
}

static bool incomparable(enum trap_op op, const struct value *a, const struct value *b, struct complaint *c)
{
	bool value = (a->type == T_GPA && b->type == T_INT) || (a->type == T_INT && b->type == T_GPA);

	if (!value)
		return mismatch(op, a, b, c);
	complain_about(c, "%s %s %s: an address is compared with a value", type_of(a), op_text[op], type_of(b));
	return complain_help(c, "write gpa(...) if the value is a guest-physical address");
}

static bool compare(enum trap_op op, const struct value *a, const struct value *b, struct value *out, struct complaint *c)
{
	bool ordered = op != OP_EQ && op != OP_NE, yes;
	int d;

	if (!comparable(a, b))
		return incomparable(op, a, b, c);
	if (ordered && (a->type == T_ENTRY || a->type == T_LIST || a->type == T_RANGE || a->type == T_CPU))
		return complain_about(c, "%s %s %s: these have no order", type_of(a), op_text[op], type_of(b));
	if (value_is_number(a))
		d = a->n < b->n ? -1 : a->n > b->n;
	else
		d = value_order(a, b);
	switch (op) {
	case OP_EQ: yes = d == 0; break;
	case OP_NE: yes = d != 0; break;
	case OP_LT: yes = d < 0; break;
	case OP_LE: yes = d <= 0; break;
	case OP_GT: yes = d > 0; break;
	default: yes = d >= 0; break;
	}
	*out = value_of(T_BOOL, yes);
	return true;
}

static bool in_list(const struct value *a, const struct list *l)
{
	for (u32 i = 0; i < l->n; i++)
		if (value_is_number(a) ? comparable(a, &l->at[i]) && a->n == l->at[i].n : !value_order(a, &l->at[i]))
			return true;
	return false;
}

bool value_in(const struct value *a, const struct value *b, bool *yes, struct complaint *c)
{
	struct value end = { .type = b->unit, .plain = b->plain, .n = b->n };

	if (b->type == T_LIST) {
		*yes = in_list(a, value_list_of(b));
		return true;
	}
	if (b->type != T_RANGE) {
		complain_about(c, "%s in %s: what is searched is a range or a list", type_of(a), type_of(b));
		return complain_help(c, "write == to compare, a..b for a range");
	}
	if (!value_is_number(a) || !comparable(a, &end))
		return incomparable(OP_IN, a, &end, c);
	*yes = a->n >= b->n && a->n <= b->high;
	return true;
}

/* ---- the doors ---- */

bool value_binary(struct heap *h, enum trap_op op, const struct value *a, const struct value *b, struct value *out,
		  struct complaint *c)
{
	bool yes = false;

	c->what[0] = c->help[0] = 0;
	*out = VALUE_NONE;
	switch (op) {
	case OP_ADD:
		if (a->type == T_STR && b->type == T_STR)
			return join_texts(h, a, b, out, c);
		return sum(op, a, b, out, c);
	case OP_SUB: return sum(op, a, b, out, c);
	case OP_MUL: return product(a, b, out, c);
	case OP_DIV:
	case OP_MOD: return quotient(op, a, b, out, c);
	case OP_SHL:
	case OP_SHR: return shift(op, a, b, out, c);
	case OP_AND:
	case OP_OR:
	case OP_XOR: return bitwise(op, a, b, out, c);
	case OP_IN:
		if (!value_in(a, b, &yes, c))
			return false;
		*out = value_of(T_BOOL, yes);
		return true;
	default: return compare(op, a, b, out, c);
	}
}

bool value_unary(enum trap_op op, const struct value *a, struct value *out, struct complaint *c)
{
	c->what[0] = c->help[0] = 0;
	*out = VALUE_NONE;
	if (op == OP_NOT && a->type == T_BOOL) {
		*out = value_of(T_BOOL, !a->n);
		return true;
	}
	if (op == OP_INVERT && a->type == T_INT)
		return give(T_INT, ~a->n, a, a, out, c);
	if (op == OP_NEG && (a->type == T_INT || a->type == T_TIME)) {
		struct value zero = { .type = a->type, .plain = true };
		return sum(OP_SUB, &zero, a, out, c);
	}
	complain_about(c, "%s of %s: this operator wants %s", op == OP_NOT ? "!" : op == OP_NEG ? "-" : "~", type_of(a),
		       op == OP_NOT ? "a bool" : "a number");
	return op == OP_NOT ? complain_help(c, "write == 0 to test a number") : false;
}
