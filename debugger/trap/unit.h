/* SPDX-License-Identifier: GPL-3.0-or-later
 * unit.h - what the parts of the compiler share: memory, texts, names, and how an error is noted.
 * Rule: everything that a text declares hangs on struct names, so that taking a copy and putting it back undoes a text.
 */
#ifndef VITRINE_DEBUGGER_TRAP_UNIT_H
#define VITRINE_DEBUGGER_TRAP_UNIT_H

#include "debugger/trap/trap.h"

enum {
	TRAP_TEXT_MAX = 1 << 20,   /* bytes of one text */
	TRAP_MEMORY = 64 << 20,    /* bytes of a unit */
	TRAP_VARIABLES = 2000,     /* that can be seen at one place */
	TRAP_SLOTS = 1 << 16,
	TRAP_MAPS = 256,
	TRAP_PROBES = 4096,
	TRAP_FNS = 1000,
	TRAP_INCLUDES = 64,        /* files of one text */
	TRAP_INCLUDE_DEPTH = 8,
};

/* ---- memory: given out piece by piece, given back all at once from a mark on ---- */

struct arena_chunk;
struct arena {
	struct arena_chunk *chunk;
	size_t used; /* bytes of all chunks */
	bool full;   /* a request was refused */
};
struct arena_mark {
	struct arena_chunk *chunk;
	size_t at, used;
};
/* Zeroed, for any type.  NULL and a->full: too much for a unit, or for the host. */
void *arena_take(struct arena *a, size_t size);
/* A copy with a NUL behind it; "" when there is no room. */
const char *arena_text(struct arena *a, const char *text, size_t len);
struct arena_mark arena_mark(const struct arena *a);
void arena_release(struct arena *a, struct arena_mark m);

/* ---- names ---- */

struct variable {
	const char *name;
	i32 slot;
	u8 type;            /* enum trap_type */
	bool constant, plain; /* made of literals alone */
	u32 line;
	const struct node *events; /* no variable but the fields of these events: a probe begins here */
	struct variable *next;     /* declared before it, or further out */
};
/* A text that learns more of a map puts a new row before the old one. */
struct map {
	const char *name;
	u32 index;
	u8 kind;       /* enum trap_agg, when `set` */
	bool set;      /* some text gives it values */
	i32 nkeys;     /* -1: not known yet */
	struct trap_pos pos; /* where it was first named, or set */
	struct map *next;
};
struct probe_name {
	const char *name;
	struct probe_name *next;
};
struct names {
	struct variable *variables;
	struct trap_fn *fns;
	struct map *maps;
	struct probe_name *probes;
	u32 nslots, nmaps, nprobes, nfns;
};

/* ---- texts ---- */

struct source {
	const char *file, *text; /* a message's pos.file is this very pointer */
	size_t len;
	struct source *next;
};
/* One call of trap_compile: what was there before it. */
struct record {
	struct arena_mark mark;
	struct names names;
	struct source *sources;
	const struct node *list; /* its result */
	struct record *prev;
};

struct trap_unit {
	struct arena arena;
	struct names names;
	struct source *sources;
	struct record *latest;
	struct record failed; /* what to go back to before the next text */
	bool has_failed;
	char *(*read)(void *arg, const char *path, size_t *len, struct err *err);
	void *read_arg;
	struct node spare;    /* handed out when memory has run out: written, never read */
};

/* ---- errors ---- */

/* Both texts are cut to their room.  help may be NULL.  Nothing is noted beyond TRAP_ERRORS. */
void trap_error(struct trap_errors *e, const struct trap_pos *pos, const char *help, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* "this build has no shadow page tables: event shadow_sync", once for each thing that is missing. */
void trap_missing(struct trap_errors *e, const struct trap_pos *pos, const char *missing, const char *kind,
		  const char *name);

/* Names and types, stages and kinds: complete the tree.  syntax: the text had errors before, so an unknown name may be
 * their doing and is not said. */
void trap_check(struct trap_unit *u, struct node *list, bool syntax, struct trap_errors *e);
void trap_check_expr(struct trap_unit *u, struct node *expr, int within, struct trap_errors *e);

#endif
