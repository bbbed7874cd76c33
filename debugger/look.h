/* SPDX-License-Identifier: GPL-3.0-or-later
 * look.h - what `vitrine walk` and `vitrine map` share: a machine that has come so far, and nobody watches.
 * Rule: the machine is a session's, so what is shown is what the debugger shows.
 */
#ifndef VITRINE_DEBUGGER_LOOK_H
#define VITRINE_DEBUGGER_LOOK_H

#include <jansson.h>

#include "debugger/commands.h"
#include "debugger/options.h"
#include "debugger/session/describe.h"

struct look_args {
	struct machine_options opt; /* first: the machine's rows mean it */
	const char *restore;        /* a snapshot, in the place of IMAGE */
	u64 cpu;                    /* the processor whose tables are looked at */
	bool gpa;                   /* walk: addresses are guest-physical */
};

struct look {
	struct look_args args;
	struct args_rest rest; /* words behind the image */
	struct session *s;
};

/* Parse, build, run --budget instructions.  STATUS_OK: look->s is there; else what went wrong has been said, or help. */
int look_open(struct look *look, const struct command *cmd, int argc, char **argv);
void look_close(struct look *look);
/* Lines to standard output, or the records to --json's file.  Either may be empty or NULL.  A status. */
int look_print(struct look *look, struct lines *l, json_t *records);

/* ---- records (look-json.c); numbers that are addresses or entries are texts in hexadecimal ---- */

json_t *json_hex(u64 value);
json_t *walk_json(struct session *s, u32 cpu, u64 gva);
json_t *gpa_json(struct session *s, u64 gpa);
json_t *mappings_json(struct session *s, enum stage_kind kind, u32 cpu);
json_t *difference_json(struct session *s, u32 cpu);
json_t *tlb_json(struct session *s, u32 cpu);

#endif
