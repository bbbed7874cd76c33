/* SPDX-License-Identifier: GPL-3.0-or-later
 * verbs-priv.h - the list of verbs, and what their files share.
 * Rule: a new verb is one struct in the file of its family and one line here.
 */
#ifndef VITRINE_DEBUGGER_VERBS_PRIV_H
#define VITRINE_DEBUGGER_VERBS_PRIV_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "debugger/session/describe.h"
#include "debugger/verbs/verb.h"

/* In the order in which help lists them. */
#define VERBS(V) \
	/* run.c */ V(continue) V(s) V(S) V(n) V(f) V(until) V(goto) V(u) V(U) V(r) V(restart) \
	/* stops.c */ V(break) V(tbreak) V(watch) V(rwatch) V(awatch) V(catch) V(breaks) V(delete) V(enable) V(disable) \
	/* look.c */ V(where) V(regs) V(cpu) V(processors) V(pending) V(sym) V(events) V(info) V(stats) \
	/* memory.c */ V(x) V(xp) V(memory) \
	/* code.c */ V(disasm) V(code) V(bt) \
	/* paging.c, stages.c */ V(walk) V(tables) V(translate) V(ept) V(shadow) V(tlb) V(owner) V(map) \
	/* exits.c */ V(exits) V(exit) V(controls) \
	/* device.c */ V(devices) V(device) V(irqs) V(queues) V(screen) \
	/* missing.c */ V(vmcs) V(sched) V(migrate) \
	/* change.c */ V(set) V(poke) V(type) V(key) V(balloon) \
	/* time.c */ V(snap) V(restore) V(snaps) V(mark) V(marks) V(checkpoints) /* tree.c */ V(tree) \
	/* who.c */ V(who) \
	/* session.c */ V(source) V(symbols) V(save) V(load) V(log) V(help) V(man) V(quit)
#define DECLARE(name) extern const struct verb the_##name;
VERBS(DECLARE)
#undef DECLARE

#define ULL(x) ((unsigned long long)(x))

/* Where the verb may be given this many words; -EINVAL says what was expected. */
int call_words(const struct verb_call *c, const struct verb *v, int min, int max, struct err *err);
/* A linear address in words from i on (all of them are one expression); with none, `other`. */
int call_address(const struct verb_call *c, int i, u64 other, u64 *address, struct err *err);
/* The text of the line from word i on, "" if there is none. */
const char *call_text(const struct verb_call *c, int i);
/* "3exits" "500" "20ms": a plain number is of `unit`. */
int amount_parse(struct session *s, const char *text, enum amount_unit unit, struct amount *amount, struct err *err);

/* Where the chosen processor stands: reason and the next instruction. */
void say_where(struct session *s, struct buf *out);
/* The next instruction alone, as one line. */
void say_code(struct session *s, struct buf *out);
/* Say a list of describe.h; frees it. */
int say_lines(struct verb_call *c, struct lines *l, struct err *err);
/* The linear address of the chosen processor's next instruction. */
u64 here(struct session *s);
/* "0x7c05 start+5" */
void say_address(struct session *s, u64 gva, struct buf *out);

/* breakpoints: number or name of an armed probe */
int probe_number(struct session *s, const char *word, u32 *number, struct err *err);

/* A file's lines, one after the other; what they say goes to the front end. */
int source_file(struct session *s, const char *path, struct err *err);

#endif
