/* SPDX-License-Identifier: GPL-3.0-or-later
 * check-type.c - operators and their types.
 * Rule: addresses of two spaces never meet, and a number only becomes an address when it is written so.
 *
 * What is said here of types that the text shows, value_binary says of values when they are known.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/trap/check.h"

#define TYPE(t) (1u << (t))

const char *type_words(u8 type)
{
	static const char *const words[] = {
		[T_ANY] = "anything", [T_INT] = "an int", [T_GVA] = "a gva", [T_GPA] = "a gpa", [T_BOOL] = "a bool",
		[T_TIME] = "a time", [T_AMOUNT] = "an amount", [T_STR] = "a text", [T_RANGE] = "a range",
		[T_ENTRY] = "a page-table entry", [T_FAULT] = "a fault", [T_LIST] = "a list", [T_CPU] = "a processor", [T_NONE] = "nothing",
	};

	return type < ARRAY_LEN(words) ? words[type] : "?";
}

const char *op_text(u8 op)
{
	static const char *const text[] = {
		[OP_NONE] = "=", [OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/", [OP_MOD] = "%", [OP_SHL] = "<<",
		[OP_SHR] = ">>", [OP_AND] = "&", [OP_OR] = "|", [OP_XOR] = "^", [OP_EQ] = "==", [OP_NE] = "!=",
		[OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=", [OP_IN] = "in", [OP_MATCH] = "=~",
		[OP_ALSO] = "&&", [OP_EITHER] = "||", [OP_ELSE] = "??", [OP_NEG] = "-", [OP_NOT] = "!", [OP_INVERT] = "~",
	};

	return op < ARRAY_LEN(text) ? text[op] : "?";
}

const char *node_word(const struct node *n, char *room, size_t size)
{
	switch (n->kind) {
	case N_REG: snprintf(room, size, "$%.30s", n->name); break;
	case N_MAP: snprintf(room, size, n->a ? "@%.30s[...]" : "@%.30s", n->name); break;
	case N_VAR: case N_ITEM: case N_NAME: snprintf(room, size, "%.40s", n->name); break;
	case N_CALL: snprintf(room, size, "%.40s(...)", n->name); break;
	case N_MEM: snprintf(room, size, "%.4s[...]", n->name); break;
	case N_INT:
		snprintf(room, size, n->number < 0 || n->number >> 62 ? "this" : "%lld", (long long)n->number);
		break;
	default: snprintf(room, size, "this");
	}
	return room;
}

bool type_fits(u8 to, u8 type, bool plain)
{
	if (to == T_ANY || type == T_ANY || to == type || type == T_FAULT || to == T_FAULT)
		return true;
	return (type == T_INT && (to == T_GVA || (to == T_GPA && plain)));
}

/* ---- complaints ---- */

static void wrong(struct check *c, const struct node *n, const char *help)
{
	static const char *const name[] = {
		[T_INT] = "int", [T_GVA] = "gva", [T_GPA] = "gpa", [T_BOOL] = "bool", [T_TIME] = "time", [T_AMOUNT] = "amount",
		[T_STR] = "text", [T_RANGE] = "range", [T_ENTRY] = "entry", [T_FAULT] = "fault", [T_LIST] = "list",
		[T_ANY] = "any", [T_CPU] = "processor", [T_NONE] = "nothing",
	};

	trap_error(c->e, &n->pos, help, "%s %s %s: these do not go together", name[n->a->type], op_text(n->op),
		   name[n->b->type]);
}

static bool is_address(u8 type)
{
	return type == T_GVA || type == T_GPA;
}

/* A number that certainly comes from the machine, so that its space must be said. */
static const char *origin(const struct node *n)
{
	const char *a;

	switch (n->kind) {
	case N_REG: return "a register value";
	case N_MEM: return "a value from memory";
	case N_ITEM: return "a number of the event";
	case N_CALL: return "a number";
	case N_NAME: return "a number";
	case N_BINARY: a = origin(n->a); return a ? a : origin(n->b);
	case N_UNARY: return origin(n->a);
	default: return NULL;
	}
}

/* gpa with an int of the machine's: it might be meant as either kind of address. */
static bool bare_number(struct check *c, const struct node *n)
{
	const struct node *number = n->a->type == T_INT ? n->b->type == T_GPA ? n->a : NULL
				    : n->b->type == T_INT && n->a->type == T_GPA ? n->b : NULL;
	const char *from = number ? origin(number) : NULL;
	char word[64], help[160];

	if (!from)
		return false;
	node_word(number, word, sizeof(word));
	if (!strcmp(word, "this"))
		snprintf(help, sizeof(help), "write gpa(...) around it if it is a guest-physical address");
	else
		snprintf(help, sizeof(help), "write gpa(%.40s) if %s holds a guest-physical address", word,
			 number->kind == N_REG ? number->name : "it");
	trap_error(c->e, &n->pos, help, "%s %s %s: an address is compared with %s", n->a == number ? "int" : "gpa",
		   op_text(n->op), n->a == number ? "gpa" : "int", from);
	return true;
}

/* ---- binary ---- */

static u8 compare(struct check *c, struct node *n)
{
	u8 a = n->a->type, b = n->b->type;

	if (is_address(a) && is_address(b) && a != b)
		trap_error(c->e, &n->pos, "write translate(gva), which gives the guest-physical address behind it",
			   "%s %s %s: addresses of two different spaces", a == T_GVA ? "gva" : "gpa", op_text(n->op),
			   b == T_GVA ? "gva" : "gpa");
	else if ((a == T_BOOL && b == T_INT) || (a == T_INT && b == T_BOOL))
		wrong(c, n, "a bool needs no comparison: write x, or !x");
	else if ((a == T_TIME && b == T_INT) || (a == T_INT && b == T_TIME))
		wrong(c, n, "write a time with its unit: 20ms");
	else if (!bare_number(c, n) && !type_fits(a, b, true) && !type_fits(b, a, true))
		wrong(c, n, a == T_STR || b == T_STR ? "a text is compared with a text: \"...\"" : NULL);
	return T_BOOL;
}

static u8 logic(struct check *c, struct node *n)
{
	const struct node *side[] = { n->a, n->b };

	for (int i = 0; i < 2; i++)
		if (side[i]->type != T_BOOL && side[i]->type != T_ANY) {
			char word[64], help[160];
			node_word(side[i], word, sizeof(word));
			snprintf(help, sizeof(help), side[i]->type == T_INT ? "write %.40s != 0 (bits are combined by & and |)"
				 : "compare it with something", strcmp(word, "this") ? word : "(...)");
			trap_error(c->e, &side[i]->pos, help, "%s wants true or false, and %s is %s", op_text(n->op), word,
				   type_words(side[i]->type));
		}
	return T_BOOL;
}

static u8 add(struct check *c, struct node *n)
{
	u8 a = n->a->type, b = n->b->type;
	bool minus = n->op == OP_SUB;

	if (a == T_STR && b == T_STR && !minus)
		return T_STR;
	if (a == T_LIST && b == T_LIST && !minus)
		return T_LIST;
	if (is_address(a) && is_address(b)) {
		if (a == b && minus)
			return T_INT;
		trap_error(c->e, &n->pos, a == b ? "the difference of two addresses is an int, their sum is nothing" :
			   "write translate(gva), which gives the guest-physical address behind it",
			   "%s %s %s: %s", a == T_GVA ? "gva" : "gpa", op_text(n->op), b == T_GVA ? "gva" : "gpa",
			   a == b ? "two addresses cannot be added" : "addresses of two different spaces");
		return a;
	}
	if (is_address(a) && b == T_INT)
		return a;
	if (is_address(b) && a == T_INT && !minus)
		return b;
	if (a == b && (a == T_INT || a == T_TIME))
		return a;
	if (a == T_STR || b == T_STR)
		wrong(c, n, minus ? "texts can be joined by +, and compared" : "write str(x) or hex(x) for a number as text");
	else if (a == T_TIME || b == T_TIME)
		wrong(c, n, "write a time with its unit: 20ms");
	else
		wrong(c, n, a == T_BOOL || b == T_BOOL ? "int(x) is 1 for true" : NULL);
	return T_ANY;
}

static bool is_zero(const struct node *n)
{
	return (n->kind == N_INT || n->kind == N_TIME) && !n->number;
}

static u8 multiply(struct check *c, struct node *n)
{
	u8 a = n->a->type, b = n->b->type;

	if (n->op != OP_MUL && is_zero(n->b))
		trap_error(c->e, &n->pos, "there is no such number", "division by zero");
	if (a == T_INT && b == T_INT)
		return T_INT;
	if (n->op == OP_MUL && ((a == T_INT && (b == T_TIME || b == T_AMOUNT)) || (b == T_INT && (a == T_TIME || a == T_AMOUNT))))
		return a == T_INT ? b : a;
	if (n->op != OP_MUL && a == T_TIME && (b == T_INT || b == T_TIME))
		return b == T_INT || n->op == OP_MOD ? T_TIME : T_INT;
	if (n->op == OP_MOD && is_address(a) && b == T_INT)
		return T_INT;
	wrong(c, n, is_address(a) || is_address(b) ? "int(x) is the number behind an address" : NULL);
	return T_ANY;
}

/* Bits: of a number, or of an address, which then is none any more. */
static u8 bits(struct check *c, struct node *n)
{
	u8 a = n->a->type, b = n->b->type;

	if ((a == T_INT || is_address(a)) && (b == T_INT || is_address(b)))
		return T_INT;
	if (a == T_BOOL && b == T_BOOL && n->op != OP_SHL && n->op != OP_SHR)
		return T_BOOL;
	wrong(c, n, a == T_BOOL || b == T_BOOL ? "conditions are combined by && and ||" : NULL);
	return T_INT;
}

static u8 within(struct check *c, struct node *n)
{
	const struct node *in = n->b;

	if (in->kind == N_RANGE) {
		struct node as = { .kind = N_BINARY, .op = n->op, .pos = n->pos, .a = n->a, .b = in->a };
		if (n->a->type != T_ANY && in->a->type != T_ANY)
			compare(c, &as);
	} else if (in->type != T_ANY && in->type != T_LIST && in->type != T_RANGE && in->type != T_STR) {
		wrong(c, n, "write x in 1..10, or x in list(1, 2, 3)");
	}
	return T_BOOL;
}

static u8 match(struct check *c, struct node *n)
{
	if ((n->a->type != T_STR && n->a->type != T_ANY) || (n->b->type != T_STR && n->b->type != T_ANY))
		wrong(c, n, "=~ matches a text with a regular expression: last_line =~ \"^ok\"");
	return T_BOOL;
}

static bool is_comparison(u8 op)
{
	return op >= OP_EQ && op <= OP_GE;
}

/* The type when a side is not known. */
static u8 unknown_side(u8 op)
{
	return op == OP_AND || op == OP_OR || op == OP_XOR || op < OP_EQ || op == OP_ELSE ? T_ANY : T_BOOL;
}

void check_binary(struct check *c, struct node *n)
{
	u8 a = n->a->type, b = n->b->type;

	if (n->op == OP_ELSE) {
		n->type = a == b ? a : T_ANY;
	} else if (n->op == OP_ALSO || n->op == OP_EITHER) {
		n->type = logic(c, n);
	} else if (n->op == OP_IN) {
		n->type = within(c, n);
	} else if (n->op == OP_MATCH) {
		n->type = match(c, n);
	} else if (a == T_ANY || b == T_ANY) {
		if ((n->op == OP_DIV || n->op == OP_MOD) && is_zero(n->b))
			trap_error(c->e, &n->pos, "there is no such number", "division by zero");
		n->type = unknown_side(n->op);
	} else if (is_comparison(n->op)) {
		n->type = compare(c, n);
	} else if (a == T_FAULT || b == T_FAULT) {
		trap_error(c->e, &n->pos, "write x ?? other", "a fault has no value");
		n->type = T_ANY;
	} else if (n->op == OP_ADD || n->op == OP_SUB) {
		n->type = add(c, n);
	} else if (n->op == OP_MUL || n->op == OP_DIV || n->op == OP_MOD) {
		n->type = multiply(c, n);
	} else {
		n->type = bits(c, n);
	}
}

/* ---- the others ---- */

void check_unary(struct check *c, struct node *n)
{
	u8 type = n->a->type;
	u32 may = n->op == OP_NOT ? TYPE(T_BOOL) : n->op == OP_NEG ? TYPE(T_INT) | TYPE(T_TIME) : TYPE(T_INT);

	check_wants(c, n->a, may, op_text(n->op), n->op == OP_NOT ? "write x == 0; ~x inverts bits" : NULL);
	n->type = n->op == OP_NOT ? T_BOOL : type;
}

void check_range(struct check *c, struct node *n)
{
	const u32 may = TYPE(T_INT) | TYPE(T_GVA) | TYPE(T_GPA) | TYPE(T_TIME);
	const struct node *a = n->a, *b = n->b;

	n->type = T_RANGE;
	if (!check_wants(c, a, may, "..", NULL) || !check_wants(c, b, may, "..", NULL))
		return;
	if (!type_fits(a->type, b->type, true) && !type_fits(b->type, a->type, true))
		trap_error(c->e, &n->pos, "both ends of a range are of one kind", "a range from %s to %s", type_words(a->type),
			   type_words(b->type));
	if (a->kind == N_INT && b->kind == N_INT && a->number > b->number)
		trap_error(c->e, &n->pos, "the smaller end comes first", "this range is empty");
}
