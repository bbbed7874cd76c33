/* SPDX-License-Identifier: GPL-3.0-or-later
 * trap.h - the script language: text to checked tree.  (To run one: debugger/trap/run.h.)
 * Rule: everything that the text alone can show to be wrong is reported here, all at once, before anything runs.
 */
#ifndef VITRINE_DEBUGGER_TRAP_TRAP_H
#define VITRINE_DEBUGGER_TRAP_TRAP_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "debugger/trap/ast.h"

/* The tables: what a script can name.  Completion, help, the manual page and the tutorial's check read them too. */
struct trap_field { const char *name; u8 type; const char *brief; };
enum { TRAP_FIELDS = 14 }; /* one name NULL behind the last */
struct trap_event {
	const char *name, *args, *brief, *example; /* args: "reason", "range[, len]", "" */
	u8 min_args, max_args;
	/* EV_BIT mask of core events it may be made from; 0 and not missing: the evaluator makes it */
	u32 core;
	/* the subsystem that this build lacks, "shadow page tables"; NULL = it is there */
	const char *missing;
	struct trap_field field[TRAP_FIELDS];
};
struct trap_function { const char *name, *args, *brief, *example; u8 min_args, max_args, result; const char *missing; };
/* time, regs, last_line, cpu.exits, ... : dotted names are one row */
struct trap_name { const char *name, *brief; u8 type; const char *missing; };
struct trap_statement { const char *name, *syntax, *brief, *example; const char *missing; };
struct trap_injection { const char *name, *args, *brief, *example; const char *missing; };
extern const struct trap_event trap_events[];
extern const struct trap_function trap_functions[];
extern const struct trap_name trap_names[];
extern const struct trap_statement trap_statements[];
extern const struct trap_injection trap_injections[];
/* Where the evaluator finds a field of an event (probe-items.c), or -1. */
int trap_item_row(const char *name);
extern const int trap_nevents, trap_nfunctions, trap_nnames, trap_nstatements, trap_ninjections;

enum { TRAP_ERRORS = 20 };
struct trap_error {
	struct trap_pos pos;
	char what[240], help[160]; /* help may be empty */
	bool missing;              /* nothing is wrong with the script: this build lacks something */
};
struct trap_errors {
	int n;
	struct trap_error at[TRAP_ERRORS];
};

/* A unit is what shares names: a script with what it includes, or all that was typed at a prompt. */
struct trap_unit;
struct trap_unit *trap_unit_new(void); /* NULL: no memory */
void trap_unit_free(struct trap_unit *u);
/* Reading `include "FILE"` relative to the including file; NULL: includes are refused.  Returns malloc'd text. */
void trap_unit_includes(struct trap_unit *u, char *(*read)(void *arg, const char *path, size_t *len, struct err *err), void *arg);
/* Parse and check a text; names declared before stay known.  Returns the list of its statements, which lives as long
 * as the unit, NULL with nothing in `errors` for an empty text.  With errors nothing of the text stays declared.
 * `file` is copied.  Any bytes are allowed in `text`.  The last `;` of a text of one line (a prompt's, -e) may be left out. */
const struct node *trap_compile(struct trap_unit *u, const char *file, const char *text, size_t len, struct trap_errors *errors);
/* A single expression (a breakpoint's condition, `x $rsp + 8`).  within: row of trap_events[] whose fields may be used, or -1. */
const struct node *trap_compile_expr(struct trap_unit *u, const char *file, const char *text, size_t len, int within,
				     struct trap_errors *errors);
/* The latest text is not needed any more, and nothing points into it: if it declared nothing, its memory is given back;
 * otherwise nothing happens.  (10^6 lines at a prompt.) */
void trap_forget(struct trap_unit *u, const struct node *list);
/* How many there are now of... */
u32 trap_unit_slots(const struct trap_unit *u);
u32 trap_unit_maps(const struct trap_unit *u);
u32 trap_unit_probes(const struct trap_unit *u);
const char *trap_unit_map_name(const struct trap_unit *u, u32 map);
enum trap_agg trap_unit_map_kind(const struct trap_unit *u, u32 map);
/* file:line:col: error: what, the line with a caret, help; `runtime` (may be NULL) goes behind the caret: "in probe ...". */
void trap_error_text(const struct trap_unit *u, const struct trap_error *e, const char *runtime, struct buf *out);
/* The text needs more lines: a brace, bracket or parenthesis is open at its end (for prompts; a string ends on its line). */
bool trap_is_incomplete(const char *text, size_t len);

#endif
