/* SPDX-License-Identifier: GPL-3.0-or-later
 * value.c - Trap's values: their objects, their order, and how they look in print.
 * Rule: every object counts in its heap from the moment it is made until its last owner drops it.
 */
#include "debugger/trap/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/exit.h"
#include "debugger/session/describe.h"

/* ---- objects ---- */

static void *object_new(struct heap *h, enum trap_type type, size_t size)
{
	struct object *o = h->used + size <= h->limit ? malloc(size) : NULL;

	if (!o) {
		h->full = true;
		return NULL;
	}
	*o = (struct object){ .refs = 1, .type = (u8)type, .size = size, .heap = h };
	h->used += size;
	return o;
}

static void object_free(struct object *o)
{
	struct list *l = (struct list *)o;

	for (u32 i = 0; o->type == T_LIST && i < l->n; i++)
		value_drop(&l->at[i]); /* lists in lists are as deep as the functions that make them: two */
	o->heap->used -= o->size;
	free(o);
}

static struct value with_object(enum trap_type type, void *o)
{
	return o ? (struct value){ .type = (u8)type, .o = o } : VALUE_NONE;
}

/* Two runs of bytes, one behind the other. */
static struct text *text_new(struct heap *h, enum trap_type type, const void *a, size_t na, const void *b, size_t nb)
{
	struct text *t = object_new(h, type, sizeof(*t) + na + nb + 1);

	if (!t)
		return NULL;
	t->len = na + nb;
	memcpy(t->at, a, na);
	memcpy(t->at + na, b, nb);
	t->at[t->len] = 0;
	return t;
}

struct value value_str(struct heap *h, const void *bytes, size_t len)
{
	return with_object(T_STR, text_new(h, T_STR, len ? bytes : "", len, "", 0));
}

struct value value_str_join(struct heap *h, const struct text *a, const struct text *b)
{
	return with_object(T_STR, text_new(h, T_STR, a->at, a->len, b->at, b->len));
}

struct value value_fault(struct heap *h, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return with_object(T_FAULT, text_new(h, T_FAULT, why, strlen(why), "", 0));
}

struct value value_list(struct heap *h, u32 n)
{
	struct list *l = object_new(h, T_LIST, sizeof(*l) + n * sizeof(l->at[0]));

	if (!l)
		return VALUE_NONE;
	l->n = n;
	for (u32 i = 0; i < n; i++)
		l->at[i] = VALUE_NONE;
	return with_object(T_LIST, l);
}

struct value value_entry(struct heap *h, u64 gva, bool present, u8 width, const struct walk_result *w)
{
	struct entry *e = object_new(h, T_ENTRY, sizeof(*e));

	if (!e)
		return VALUE_NONE;
	e->gva = gva;
	e->present = present;
	e->width = width;
	e->walk = *w;
	return with_object(T_ENTRY, e);
}

struct value value_range(struct value from, struct value to)
{
	return (struct value){ .type = T_RANGE, .unit = from.type, .plain = from.plain && to.plain, .n = from.n, .high = to.n };
}

bool value_has_object(const struct value *v)
{
	return v->type == T_STR || v->type == T_FAULT || v->type == T_LIST || v->type == T_ENTRY;
}

struct value value_copy(const struct value *v)
{
	if (value_has_object(v))
		v->o->refs++;
	return *v;
}

void value_drop(struct value *v)
{
	if (value_has_object(v) && !--v->o->refs)
		object_free(v->o);
	*v = VALUE_NONE;
}

const struct text *value_text_of(const struct value *v)
{
	return (const struct text *)v->o;
}

const struct list *value_list_of(const struct value *v)
{
	return (const struct list *)v->o;
}

const struct entry *value_entry_of(const struct value *v)
{
	return (const struct entry *)v->o;
}

/* ---- looking ---- */

const char *trap_type_name(enum trap_type type)
{
	static const char *const names[] = {
		[T_ANY] = "value", [T_INT] = "int", [T_GVA] = "gva", [T_GPA] = "gpa", [T_BOOL] = "bool", [T_TIME] = "time",
		[T_AMOUNT] = "amount", [T_STR] = "str", [T_RANGE] = "range", [T_ENTRY] = "entry", [T_FAULT] = "fault",
		[T_LIST] = "list", [T_CPU] = "processor", [T_NONE] = "no value",
	};

	return names[type];
}

bool value_is_number(const struct value *v)
{
	return (v->type >= T_INT && v->type <= T_AMOUNT) || v->type == T_CPU;
}

static int sign_of(trap_int a, trap_int b)
{
	return a < b ? -1 : a > b;
}

static int text_order(const struct text *a, const struct text *b)
{
	int d = memcmp(a->at, b->at, a->len < b->len ? a->len : b->len);

	return d ? (d < 0 ? -1 : 1) : sign_of((trap_int)a->len, (trap_int)b->len);
}

int value_order(const struct value *a, const struct value *b)
{
	int d = sign_of(a->type, b->type);

	if (d)
		return d;
	if (a->type == T_STR || a->type == T_FAULT)
		return text_order(value_text_of(a), value_text_of(b));
	if (a->type == T_LIST) {
		const struct list *x = value_list_of(a), *y = value_list_of(b);
		for (u32 i = 0; i < x->n && i < y->n; i++)
			if ((d = value_order(&x->at[i], &y->at[i])))
				return d;
		return sign_of(x->n, y->n);
	}
	if (a->type == T_ENTRY)
		return sign_of(value_entry_of(a)->gva, value_entry_of(b)->gva);
	d = a->type == T_INT ? 0 : sign_of(a->unit, b->unit);
	if (!d)
		d = sign_of(a->n, b->n);
	return d || a->type != T_RANGE ? d : sign_of(a->high, b->high);
}

/* ---- printing ---- */

static void digits(unsigned __int128 n, u32 base, struct buf *out)
{
	char text[44];
	int at = sizeof(text);

	do
		text[--at] = "0123456789abcdef"[n % base];
	while (n /= base);
	buf_put(out, text + at, sizeof(text) - (size_t)at);
}

static unsigned __int128 magnitude(trap_int n, struct buf *out)
{
	if (n >= 0)
		return (unsigned __int128)n;
	buf_put(out, "-", 1);
	return -(unsigned __int128)n;
}

void number_print(trap_int n, struct buf *out)
{
	unsigned __int128 m = magnitude(n, out);

	digits(m, 10, out);
}

void number_print_hex(trap_int n, struct buf *out)
{
	unsigned __int128 m = magnitude(n, out);

	buf_put(out, "0x", 2);
	digits(m, 16, out);
}

void time_print(trap_int ns, struct buf *out)
{
	static const struct { i64 ns; const char *name; } units[] = {
		{ 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" },
	};
	unsigned __int128 m = magnitude(ns, out);

	for (unsigned i = 0; i < ARRAY_LEN(units); i++) {
		i64 unit = units[i].ns, milli = unit / 1000;
		if (i + 1 < ARRAY_LEN(units) && (m < (unsigned __int128)unit || m % (unsigned __int128)milli))
			continue;
		digits(m / (unsigned __int128)unit, 10, out);
		u32 rest = milli ? (u32)(m % (unsigned __int128)unit / (unsigned __int128)milli) : 0;
		if (rest) {
			char text[8];
			int len = snprintf(text, sizeof(text), ".%03u", rest);
			while (text[len - 1] == '0')
				len--;
			buf_put(out, text, (size_t)len);
		}
		buf_printf(out, "%s", units[i].name);
		return;
	}
}

static void quoted_text(const struct text *t, struct buf *out)
{
	buf_put(out, "\"", 1);
	for (size_t i = 0; i < t->len; i++) {
		u8 c = (u8)t->at[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_put(out, &c, 1);
	}
	buf_put(out, "\"", 1);
}

static void list_print(const struct list *l, struct buf *out)
{
	buf_put(out, "[", 1);
	for (u32 i = 0; i < l->n; i++) {
		if (i)
			buf_put(out, ", ", 2);
		value_print_as(&l->at[i], true, out);
	}
	buf_put(out, "]", 1);
}

const char *entry_from(const struct entry *e) { return e->stage == STAGE_EPT ? "gpa" : "gva"; }
const char *entry_to(const struct entry *e)
{
	return e->stage == STAGE_SHADOW || e->stage == STAGE_EPT ? "machine" : "gpa";
}

/* One line: where it leads and what it allows. */
static void entry_print(const struct entry *e, struct buf *out)
{
	const struct walk_result *w = &e->walk;

	buf_printf(out, "%s 0x%llx ", entry_from(e), (unsigned long long)e->gva);
	if (!e->present)
		buf_printf(out, "not mapped");
	else
		buf_printf(out, "-> %s 0x%llx  %s%s%s%s%s page of 0x%llx", entry_to(e), (unsigned long long)w->gpa,
			   w->user ? "u" : "s", w->writable ? "w" : "r", w->nx ? "-" : "x", w->dirty ? " dirty" : "",
			   w->global ? " global" : "", (unsigned long long)w->page_size);
	for (u32 i = 0; i < w->steps; i++)
		buf_printf(out, "; L%u 0x%llx at 0x%llx", w->steps - i, (unsigned long long)w->step[i].value,
			   (unsigned long long)w->step[i].gpa);
}

static void range_print(const struct value *v, struct buf *out)
{
	struct value end = { .type = v->unit, .n = v->n };

	value_print(&end, out);
	buf_put(out, "..", 2);
	end.n = v->high;
	value_print(&end, out);
}

void value_print_as(const struct value *v, bool quoted, struct buf *out)
{
	static const char *const units[] = { [UNIT_INSN] = "insn", [UNIT_EXIT] = "exits", [UNIT_NS] = "ns" };

	switch ((enum trap_type)v->type) {
	case T_INT:
		if (v->unit == SHOW_EXIT && v->n >= 0 && v->n < EXIT_COUNT && exit_name((u16)v->n))
			buf_printf(out, "%s", exit_name((u16)v->n));
		else
			number_print(v->n, out);
		break;
	case T_GVA:
	case T_GPA: number_print_hex(v->n, out); break;
	case T_BOOL: buf_printf(out, v->n ? "true" : "false"); break;
	case T_TIME: time_print(v->n, out); break;
	case T_AMOUNT:
		number_print(v->n, out);
		buf_printf(out, "%s", units[v->unit]);
		break;
	case T_STR:
		if (quoted)
			quoted_text(value_text_of(v), out);
		else
			buf_put(out, value_text_of(v)->at, value_text_of(v)->len);
		break;
	case T_RANGE: range_print(v, out); break;
	case T_ENTRY: entry_print(value_entry_of(v), out); break;
	case T_FAULT: buf_printf(out, "fault: %s", value_text_of(v)->at); break;
	case T_LIST: list_print(value_list_of(v), out); break;
	case T_CPU: buf_printf(out, "cpu(%d)", (int)v->n); break;
	case T_ANY:
	case T_NONE: buf_printf(out, "nothing"); break;
	}
}

void value_print(const struct value *v, struct buf *out)
{
	value_print_as(v, false, out);
}
