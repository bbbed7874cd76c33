/* SPDX-License-Identifier: GPL-3.0-or-later
 * args.h - GNU-style long options, described by tables.
 * Rule: a row says everything about an option; parsing, --help, the manual page and completion all read it.
 */
#ifndef VITRINE_DEBUGGER_ARGS_H
#define VITRINE_DEBUGGER_ARGS_H

#include "core/base/err.h"
#include "core/base/types.h"

struct option {
	const char *name;  /* without the dashes; a single letter has one dash */
	const char *arg;   /* what the value is called in the help; NULL = a flag */
	const char *brief; /* one line */
	/* Store `value` (NULL for a flag) at `slot`; a refusal says what was expected, not which option it was. */
	int (*take)(void *slot, const char *value, struct err *err);
	size_t offset;     /* of the slot in the command's struct */
};

enum { ARGS_REST = 8 };
struct args_rest { /* what is not an option */
	const char *item[ARGS_REST];
	int n;
};

enum { ARGS_HELP = 1 }; /* --help or -h was given: nothing else matters */
/* Options may come before, between and after the other words; `--` ends them.  0, ARGS_HELP or -EINVAL. */
int args_parse(const struct option *table, int n, void *into, int argc, char **argv, struct args_rest *rest,
	       struct err *err);

/* Ready-made takers: bool, const char *, u64 in bytes with K M G T, u64 with decimal k M G, plain u64. */
int take_flag(void *slot, const char *value, struct err *err);
int take_text(void *slot, const char *value, struct err *err);
int take_size(void *slot, const char *value, struct err *err);
int take_count(void *slot, const char *value, struct err *err);
int take_number(void *slot, const char *value, struct err *err);

/* A number, decimal or 0x..., up to the end of text or to *end.  False: none, negative, or beyond 64 bits. */
bool number_parse(const char *text, u64 *out, const char **end);

/* "did you mean": offer candidates one by one; best stays NULL when none is close. */
struct nearest {
	const char *word, *best;
	int distance;
};
void nearest_start(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *candidate);

#endif
