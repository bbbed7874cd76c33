/* SPDX-License-Identifier: GPL-3.0-or-later
 * verb.h - what can be typed in the debugger, as one table: prompt, screen, scripts, gdb's monitor and control socket.
 * Rule: a verb says everything about itself in its row; help, completion and manual page are made from the rows.
 *
 * A line whose first word is a verb's name is that verb's; any other line is Trap (so `step 3exits`, `print $rax` and
 * `on exit { ... }` work everywhere).  Trap's own statements have their help from trap_statements[].
 */
#ifndef VITRINE_DEBUGGER_VERBS_VERB_H
#define VITRINE_DEBUGGER_VERBS_VERB_H

#include "debugger/session/session.h"

enum { VERB_WORDS = 16, VERB_QUIT = 1 };

enum verb_group { VERB_RUN, VERB_STOPS, VERB_LOOK, VERB_CHANGE, VERB_TIME, VERB_SESSION, VERB_GROUPS };
/* What a word of its may be completed to. */
enum verb_complete { COMPLETE_NONE, COMPLETE_EXPR /* registers and symbols */, COMPLETE_FILE, COMPLETE_VERB, COMPLETE_TOPIC,
		     COMPLETE_DEVICE, COMPLETE_EXIT, COMPLETE_SNAPSHOT, COMPLETE_MARK, COMPLETE_PROBE, COMPLETE_EVENT };

struct verb_call {
	struct session *s;
	const char *rest;          /* the line behind the verb, blanks trimmed */
	const char *word[VERB_WORDS]; /* its words; "..." is one word */
	int nwords;
	struct buf *out;           /* what it has to say: lines with their ends */
};

struct verb {
	const char *name, *alias; /* alias: "r", NULL = none */
	const char *args, *brief, *text, *example;
	enum verb_group group;
	enum verb_complete complete; /* of its words */
	/* 0; VERB_QUIT: the user wants to leave; a negative errno: err says why, what was expected, what to do. */
	int (*exec)(struct verb_call *c, struct err *err);
};

extern const struct verb *const verbs[];
extern const int verb_count;

const struct verb *verb_find(const char *name, size_t len);
/* A line as typed.  Its output goes to *out; what it makes others say (the guest, probes, Trap's print) to the front end.
 * Empty lines and `# comments` do nothing.  An error whose text is empty has been said already. */
int verb_line(struct session *s, const char *line, struct buf *out, struct err *err);
/* The i-th completion of the word that ends at `at` in `line` (bytes), malloc'd; NULL after the last.  *start: where the word begins. */
char *verb_complete(struct session *s, const char *line, size_t at, int i, size_t *start);
/* Help: of everything (one line each), or of one verb, statement, function, event. False: nothing is called so. */
bool verb_help(const char *word, struct buf *out);
/* "Run", "Look"... */
const char *verb_group_title(enum verb_group group);
/* An expression of Trap that is a number: an address, a count.  -EINVAL. */
int verb_number(struct session *s, const char *text, u64 *value, struct err *err);

#endif
