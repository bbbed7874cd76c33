/* SPDX-License-Identifier: GPL-3.0-or-later
 * source.c - the side that has the machine: from HELLO to the moment it is another's.
 * Rule: up to HANDOVER any trouble ends with the machine running here; from HANDOVER on only the lock says whose it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/migrate/source-priv.h"
#include "core/snapshot.h"
#include "core/x86/x86.h"

#define MS 1000000ull
enum { HOPELESS = 2 /* rounds in a row, before the guest is slowed down */ };

void source_enter(struct source *s, enum migrate_phase phase)
{
	struct event ev = { .kind = EV_migrate_phase, .time = s->vm->clock.now };

	s->status.phase = phase;
	if (migrate_is_over(&s->status))
		s->status.ended_ns = s->now;
	ev.migrate_phase.phase = migrate_phase_name(phase);
	if (event_wanted(&s->vm->events, EV_migrate_phase))
		event_emit(&s->vm->events, &ev);
}

void source_fail(struct source *s, enum migrate_phase phase, const char *why)
{
	snprintf(s->status.reason, sizeof(s->status.reason), "%s", why);
	s->status.throttle = 0;
	if (s->owns)
		s->status.downtime_ns = s->status.stopped_ns ? s->now - s->status.stopped_ns : 0;
	source_enter(s, phase);
}

/* ---- open and close ---- */

/* The machine as it is now, without memory: so the target can say at once what does not fit. */
static int put_hello(struct source *s, struct err *err)
{
	struct buf payload = { 0 };
	int rc;

	buf_put_uint(&payload, MIGRATE_VERSION_MIN, 2);
	buf_put_uint(&payload, MIGRATE_VERSION, 2);
	buf_put_uint(&payload, s->opt.mode, 1);
	rc = snapshot_save_state(s->vm, &payload, err);
	if (!rc) {
		s->state.len = payload.len; /* how long it will be, for predictions */
		talk_put(&s->talk, MSG_HELLO, &payload);
	}
	buf_free(&payload);
	return rc;
}

static int open_memory(struct source *s, struct err *err)
{
	s->frames = s->vm->mem.frames;
	s->view = frames_map(s->frames, 0, s->frames->n);
	s->todo = calloc(bits_words(s->frames->n), sizeof(*s->todo));
	if (!s->view || !s->todo)
		return err_set(err, ENOMEM, "migration: no memory to send the machine's");
	return mem_log_frames(&s->vm->mem, LOG_MIGRATION, true, err);
}

static void set_defaults(struct migrate_options *o)
{
	o->downtime_ns = o->downtime_ns ? o->downtime_ns : 300 * MS;
	o->timeout_ns = o->timeout_ns ? o->timeout_ns : 5000 * MS;
	o->rounds = o->rounds ? o->rounds : 8;
}

int source_open(struct source **out, struct vm *vm, const struct migrate_options *o, struct channel *channel, struct owner *owner,
		u64 now, struct err *err)
{
	struct source *s;
	int rc;

	*out = NULL;
	if (owner && !owner->take(owner->arg))
		return err_set(err, EBUSY, "migration: somebody else holds the machine's lock, and may be running it; end that first");
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ENOMEM, "migration: no memory to begin it");
	s->vm = vm;
	s->opt = *o;
	set_defaults(&s->opt);
	s->owner = owner;
	s->owns = true;
	s->now = s->counted = now;
	s->status.started_ns = now;
	s->status.mode = o->mode;
	s->postcopy = o->mode == MIGRATE_POSTCOPY;
	talk_open(&s->talk, channel, s->opt.timeout_ns, now);
	rc = packer_open(&s->packer, o->pack, o->delta_bytes, err);
	if (!rc)
		rc = open_memory(s, err);
	if (!rc)
		rc = put_hello(s, err);
	if (rc) {
		source_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	if (s->frames)
		mem_log_frames(&s->vm->mem, LOG_MIGRATION, false, NULL);
	if (s->view)
		frames_unmap(s->view, s->frames->n);
	packer_close(&s->packer);
	talk_close(&s->talk);
	buf_free(&s->state);
	free(s->todo);
	free(s);
}

/* ---- the rounds of pre-copy ---- */

static struct migrate_round *this_round(struct source *s)
{
	return &s->status.round[s->status.rounds % MIGRATE_ROUNDS];
}

void source_begin_round(struct source *s)
{
	s->status.rounds++;
	*this_round(s) = (struct migrate_round){ .number = s->status.rounds };
	s->round_began = s->now;
	s->round_bytes = s->talk.out.total;
	s->ended = false;
}

static void end_round(struct source *s)
{
	struct buf payload = { 0 };

	buf_put_uint(&payload, s->status.rounds, 4);
	buf_put_uint(&payload, s->status.pages, 8);
	talk_put(&s->talk, MSG_ROUND_END, &payload);
	buf_free(&payload);
	s->ended = true;
}

static void tell_round(struct source *s, const struct migrate_round *r)
{
	struct event ev = { .kind = EV_migrate_round, .time = s->vm->clock.now };

	ev.migrate_round.round = r->number;
	ev.migrate_round.pages = r->pages;
	ev.migrate_round.remaining = r->dirtied * PAGE_SIZE_4K;
	ev.migrate_round.rate = s->status.rate;
	if (event_wanted(&s->vm->events, EV_migrate_round))
		event_emit(&s->vm->events, &ev);
}

/* The machine stands still from here on.  Its state is taken first, for that may still write memory. */
static void stop_guest(struct source *s)
{
	struct err err = { 0 };

	s->status.stopped_ns = s->now;
	s->state.len = 0;
	if (snapshot_save_state(s->vm, &s->state, &err)) {
		talk_say(&s->talk, MSG_CANCEL);
		source_fail(s, PHASE_FAILED, err.text);
		return;
	}
	source_gather(s);
	s->digest = s->opt.digest && !s->postcopy ? vm_state_hash(s->vm) : 0;
	source_enter(s, PHASE_STOPPED);
}

static void slow_down(struct source *s, const struct migrate_round *r)
{
	s->hopeless = round_hopeless(r) ? s->hopeless + 1 : 0;
	if (s->opt.throttle && s->hopeless >= HOPELESS)
		s->status.throttle = throttle_more(s->status.throttle);
}

void source_round_over(struct source *s)
{
	struct migrate_round *r = this_round(s);

	r->time_ns = s->now - s->round_began;
	r->bytes = s->talk.out.total - s->round_bytes;
	r->dirtied = source_gather(s);
	r->predicted_ns = round_predict(r, s->state.len, s->opt.bandwidth);
	s->status.predicted_ns = r->predicted_ns;
	s->status.rate = round_rate(r);
	tell_round(s, r);
	slow_down(s, r);
	if (s->opt.mode == MIGRATE_HYBRID && s->status.rounds >= s->opt.rounds)
		s->postcopy = true;
	if (r->predicted_ns <= s->opt.downtime_ns || s->postcopy)
		stop_guest(s);
	else
		source_begin_round(s);
}

static void work_copying(struct source *s)
{
	if (s->postcopy) {
		stop_guest(s);
		return;
	}
	if (!s->ended && source_send_pages(s))
		end_round(s);
}

/* ---- handing over ---- */

static void put_state(struct source *s)
{
	struct buf payload = { 0 };

	if (s->postcopy)
		bits_send(&s->talk, MSG_MISSING, s->todo, s->frames->n);
	buf_put_uint(&payload, s->digest, 8);
	buf_put(&payload, s->state.data, s->state.len);
	talk_put(&s->talk, MSG_STATE, &payload);
	buf_free(&payload);
	s->stated = true;
}

static void work_stopped(struct source *s)
{
	if (!s->stated && (s->postcopy || source_send_pages(s)))
		put_state(s);
}

void source_give_away(struct source *s)
{
	struct buf payload = { 0 };

	buf_put_uint(&payload, !s->opt.paused, 1);
	buf_put_uint(&payload, s->opt.time_goes_on ? s->now - s->status.stopped_ns : 0, 8);
	s->owns = false;
	if (s->owner)
		s->owner->give(s->owner->arg);
	source_enter(s, PHASE_HANDOVER);
	talk_put(&s->talk, MSG_HANDOVER, &payload);
	buf_free(&payload);
}

/* Given away, and the other side not to be heard: whoever has the lock has the machine. */
static void find_owner(struct source *s, const char *why)
{
	if (!s->owner) {
		source_fail(s, PHASE_DOUBT, why);
		return;
	}
	if (s->owner->take(s->owner->arg)) {
		s->owns = true;
		source_fail(s, PHASE_FAILED, why);
		return;
	}
	source_fail(s, s->postcopy ? PHASE_LOST : PHASE_DONE, why);
}

/* The target had the machine and pages were missing.  If it has died since, what we have is all there is: the machine goes
 * on from the moment at which it was stopped here. */
static void look_again(struct source *s)
{
	if (!s->owner || !s->owner->take(s->owner->arg))
		return;
	s->owns = true;
	source_fail(s, PHASE_FAILED, "the target has died; the machine goes on from where it was handed over");
}

/* The link is of no more use. */
static void lost(struct source *s, const char *why)
{
	if (!s->owns) {
		find_owner(s, why);
		return;
	}
	talk_say(&s->talk, MSG_CANCEL); /* it may hear it, though we do not */
	talk_flush(&s->talk, SIZE_MAX);
	source_fail(s, PHASE_FAILED, why);
}

/* ---- working ---- */

static void count(struct source *s)
{
	s->status.bytes = s->talk.out.total - talk_waiting(&s->talk);
	s->status.remaining = bits_count(s->todo, s->frames->n);
	s->status.cache_hits = s->packer.cache_hits;
	s->status.cache_misses = s->packer.cache_misses;
	memcpy(s->status.form_pages, s->packer.sent, sizeof(s->packer.sent));
	memcpy(s->status.form_bytes, s->packer.bytes, sizeof(s->packer.bytes));
}

static bool is_waiting_for_somebody(const struct source *s)
{
	return migrate_is_over(&s->status) || s->status.phase == PHASE_LOST || s->status.phase == PHASE_DOUBT;
}

void source_work(struct source *s, u64 now)
{
	struct message m;
	struct err err = { 0 };
	int rc = 0;

	s->now = now;
	while (!is_waiting_for_somebody(s) && (rc = talk_next(&s->talk, &m, now, &err)) > 0 && !(rc = source_hear(s, &m, &err)))
		;
	if (rc < 0 && !is_waiting_for_somebody(s))
		lost(s, err.text);
	if (s->status.phase == PHASE_LOST)
		look_again(s);
	if (s->status.phase == PHASE_COPYING)
		work_copying(s);
	if (s->status.phase == PHASE_STOPPED)
		work_stopped(s);
	if (s->status.phase == PHASE_FETCHING)
		source_send_pages(s);
	if (s->status.phase != PHASE_LOST)
		source_flush(s);
	count(s);
}

const struct migrate_status *source_status(const struct source *s)
{
	return &s->status;
}

bool source_owns(const struct source *s)
{
	return s->owns;
}

bool source_holds(const struct source *s)
{
	return !s->owns || s->status.phase == PHASE_STOPPED;
}

int source_cancel(struct source *s, u64 now, struct err *err)
{
	if (!s->owns || migrate_is_over(&s->status))
		return err_set(err, EALREADY, "migration: it is too late to call it off (%s)", migrate_phase_name(s->status.phase));
	s->now = now;
	talk_say(&s->talk, MSG_CANCEL);
	talk_flush(&s->talk, SIZE_MAX);
	source_fail(s, PHASE_CANCELLED, "called off");
	return 0;
}

int source_postcopy(struct source *s, struct err *err)
{
	if (s->status.phase > PHASE_COPYING)
		return err_set(err, EALREADY, "migration: it is too late for post-copy (%s)", migrate_phase_name(s->status.phase));
	s->postcopy = true;
	s->status.mode = MIGRATE_POSTCOPY;
	return 0;
}

void source_reconnect(struct source *s, struct channel *channel, u64 now)
{
	if (s->status.phase != PHASE_LOST)
		return;
	s->now = now;
	talk_open(&s->talk, channel, s->opt.timeout_ns, now);
	packer_forget(&s->packer);
	source_enter(s, PHASE_HANDOVER); /* what the target says first tells the rest */
}

void source_resolve(struct source *s, bool runs_there, u64 now)
{
	if (s->status.phase != PHASE_DOUBT)
		return;
	s->now = now;
	s->owns = !runs_there;
	source_fail(s, runs_there ? PHASE_DONE : PHASE_FAILED, "somebody has looked, and said where the machine is");
}

const char *migrate_phase_name(enum migrate_phase phase)
{
	static const char *const names[MIGRATE_PHASES] = {
		[PHASE_HELLO] = "hello", [PHASE_COPYING] = "copying", [PHASE_STOPPED] = "stopped", [PHASE_HANDOVER] = "handover",
		[PHASE_FETCHING] = "fetching", [PHASE_LOST] = "lost", [PHASE_DOUBT] = "doubt", [PHASE_DONE] = "done",
		[PHASE_CANCELLED] = "cancelled", [PHASE_FAILED] = "failed",
	};

	return phase < MIGRATE_PHASES ? names[phase] : NULL;
}
