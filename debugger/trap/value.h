/* SPDX-License-Identifier: GPL-3.0-or-later
 * value.h - what Trap computes with.
 * Rule: a number is exact or there is an error; nothing wraps, nothing is cut, nothing is zero for want of better.
 *
 * A value owns its object, if it has one: value_copy for a second owner, value_drop when done.  The bytes of all
 * objects are counted in a heap, which has a limit.
 */
#ifndef VITRINE_DEBUGGER_TRAP_VALUE_H
#define VITRINE_DEBUGGER_TRAP_VALUE_H

#include "core/base/buf.h"
#include "core/x86/walk.h"
#include "debugger/trap/ast.h"

enum { VALUE_TEXT_MAX = 1 << 20, VALUE_LIST_MAX = 1 << 16 };

struct heap {
	u64 used, limit; /* bytes */
	bool full;       /* the limit was in the way, or the host has no more */
};

struct object {
	u32 refs;
	u8 type; /* T_STR, T_FAULT, T_LIST, T_ENTRY */
	size_t size;
	struct heap *heap;
};

enum { SHOW_EXIT = 1 }; /* an exit reason: printed by its name */

struct value {
	u8 type;    /* enum trap_type */
	u8 unit;    /* T_AMOUNT: enum trap_unit_kind; T_RANGE: the type of its ends; T_INT: SHOW_EXIT */
	bool plain; /* T_INT: made of literals alone, so it goes with either address space */
	trap_int n; /* the number; T_RANGE: the lower end; T_CPU: which */
	union {
		trap_int high; /* T_RANGE */
		struct object *o;
	};
};

struct text { /* T_STR; T_FAULT: why */
	struct object o;
	size_t len;
	char at[]; /* NUL behind it */
};

struct list {
	struct object o;
	u32 n;
	struct value at[];
};

struct entry { /* T_ENTRY */
	struct object o;
	bool present;
	u64 gva;    /* or gpa: of what stage has entries for */
	u8 stage;   /* enum stage_kind; STAGES: of the TLB */
	u8 width, levels; /* bytes of an entry; levels of tables in memory */
	struct walk_result walk;
};

/* Why an operation failed. */
struct complaint {
	char what[200], help[140];
};

/* ---- making, sharing, dropping ---- */

static inline struct value value_of(enum trap_type type, trap_int n) { return (struct value){ .type = (u8)type, .n = n }; }
#define VALUE_NONE value_of(T_NONE, 0)
/* T_NONE and heap->full when there is no room. */
struct value value_str(struct heap *h, const void *bytes, size_t len);
struct value value_str_join(struct heap *h, const struct text *a, const struct text *b);
struct value value_fault(struct heap *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct value value_list(struct heap *h, u32 n); /* its items are T_NONE, to be filled at once */
struct value value_entry(struct heap *h, u64 gva, bool present, u8 width, const struct walk_result *w);
/* "gva" "gpa" "machine": of what is mapped, and to what. */
const char *entry_from(const struct entry *e);
const char *entry_to(const struct entry *e);
struct value value_range(struct value from, struct value to);
bool value_has_object(const struct value *v);
struct value value_copy(const struct value *v);
void value_drop(struct value *v); /* leaves T_NONE */
const struct text *value_text_of(const struct value *v);
const struct list *value_list_of(const struct value *v);
const struct entry *value_entry_of(const struct value *v);

/* ---- looking ---- */

const char *trap_type_name(enum trap_type type); /* "int", "gva" ... */
bool value_is_number(const struct value *v);     /* T_INT T_GVA T_GPA T_BOOL T_TIME T_AMOUNT */
/* -1, 0, 1 by type, then content: for the order of keys. */
int value_order(const struct value *a, const struct value *b);
/* As `print` shows it. */
void value_print(const struct value *v, struct buf *out);
/* In a list or a key: strings in quotes where `quoted`. */
void value_print_as(const struct value *v, bool quoted, struct buf *out);
void number_print(trap_int n, struct buf *out);
void number_print_hex(trap_int n, struct buf *out);
void time_print(trap_int ns, struct buf *out); /* the largest unit in which it is exact to three places: 1.204s, 20ms */

/* ---- computing ---- */

/* a op b.  False: c says why (an empty `what`: no memory).  Neither operand is a fault. */
bool value_binary(struct heap *h, enum trap_op op, const struct value *a, const struct value *b, struct value *out,
		  struct complaint *c);
bool value_unary(enum trap_op op, const struct value *a, struct value *out, struct complaint *c);
/* a in b: b a range or a list. */
bool value_in(const struct value *a, const struct value *b, bool *yes, struct complaint *c);
bool complain_about(struct complaint *c, const char *what, ...) __attribute__((format(printf, 2, 3))); /* false */
bool complain_help(struct complaint *c, const char *help, ...) __attribute__((format(printf, 2, 3)));  /* false */

#endif
