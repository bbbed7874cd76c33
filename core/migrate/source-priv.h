/* SPDX-License-Identifier: GPL-3.0-or-later
 * source-priv.h - the side that has the machine; only source*.c includes it.
 * Rule: `owns` is true exactly as long as the source holds the lock, and nothing but source_give_away and the taking back after it changes it.
 */
#ifndef VITRINE_CORE_MIGRATE_SOURCE_PRIV_H
#define VITRINE_CORE_MIGRATE_SOURCE_PRIV_H

#include "core/migrate/bits.h"
#include "core/migrate/migrate.h"
#include "core/migrate/rounds.h"
#include "core/migrate/talk.h"
#include "core/vm.h"

struct source {
	struct vm *vm;
	struct frames *frames;
	struct migrate_options opt;
	struct owner *owner;
	struct talk talk;
	struct packer packer;
	struct migrate_status status;
	bool owns;
	u8 *view;              /* of all frames */
	u64 *todo;             /* a bit per frame that is still to be sent */
	u64 cursor;            /* where the search for the next one begins */
	bool ended;            /* ROUND_END has been said, its answer is awaited */
	bool postcopy;         /* hand over at the next opportunity */
	bool stated;           /* STATE has been said */
	u32 hopeless;          /* rounds in a row in which the guest was faster */
	u64 round_began, round_bytes;
	u64 now, counted;      /* the allowance has been counted up to here */
	u64 allowance;         /* bytes that the bandwidth limit lets go now */
	u64 digest;            /* of the whole machine, when it was stopped; 0 = not asked for */
	struct buf state;      /* of the stopped machine */
};

/* source-pages.c: the copying. */
/* All pages that hold anything are to be sent. */
void source_all_pages(struct source *s);
/* What the guest has written since the last time is to be sent again; how much that is. */
u64 source_gather(struct source *s);
/* Put as many pages into messages as may go now.  True: none is left. */
bool source_send_pages(struct source *s);
void source_send_page(struct source *s, u64 frame);
/* The bandwidth limit. */
void source_flush(struct source *s);

/* source.c */
void source_enter(struct source *s, enum migrate_phase phase);
void source_begin_round(struct source *s);
void source_round_over(struct source *s);
void source_give_away(struct source *s);
/* It has come to nothing, and the machine is still, or again, ours. */
void source_fail(struct source *s, enum migrate_phase phase, const char *why);


/* source-hear.c: -errno: the stream is of no more use. */
int source_hear(struct source *s, struct message *m, struct err *err);

#endif
