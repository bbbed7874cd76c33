/* SPDX-License-Identifier: GPL-3.0-or-later
 * target.c - the side that gets the machine.
 * Rule: it runs only what is whole and has been given to it: after HANDOVER and with the lock, never before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/migrate/bits.h"
#include "core/migrate/migrate.h"
#include "core/migrate/talk.h"
#include "core/snapshot.h"
#include "core/vm.h"

#define TIMEOUT_NS 5000000000ull

struct target {
	struct vm *vm;
	struct owner *owner;
	struct talk talk;
	struct unpacker in;
	enum target_phase phase;
	bool owns, was_running, stated;
	u64 *missing;      /* a bit per frame whose content is still at the source */
	u64 nmissing;
	u64 *wanted;       /* has been asked for */
	u64 now, timeout_ns;
	char reason[320];
};

static void enter(struct target *t, enum target_phase phase, const char *why)
{
	t->phase = phase;
	snprintf(t->reason, sizeof(t->reason), "%s", why);
}

/* ---- open and close ---- */

static void page_arrived(void *arg, u64 frame)
{
	struct target *t = arg;

	if (bit_is_set(t->missing, frame)) {
		bit_clear(t->missing, frame);
		t->nmissing--;
	}
}

int target_open(struct target **out, struct vm *vm, struct channel *channel, struct owner *owner, u64 timeout_ns, u64 now,
		struct err *err)
{
	struct target *t = calloc(1, sizeof(*t));
	u64 words = bits_words(vm->mem.frames->n);
	int rc;

	*out = NULL;
	if (!t)
		return err_set(err, ENOMEM, "migration: no memory to receive a machine");
	t->vm = vm;
	t->owner = owner;
	t->now = now;
	t->timeout_ns = timeout_ns ? timeout_ns : TIMEOUT_NS;
	talk_open(&t->talk, channel, t->timeout_ns, now);
	t->missing = calloc(words, sizeof(*t->missing));
	t->wanted = calloc(words, sizeof(*t->wanted));
	rc = t->missing && t->wanted ? unpacker_open(&t->in, vm->mem.frames, err) :
				       err_set(err, ENOMEM, "migration: no memory to receive a machine");
	t->in.arrived = page_arrived;
	t->in.arg = t;
	if (rc) {
		target_close(t);
		return rc;
	}
	*out = t;
	return 0;
}

void target_close(struct target *t)
{
	if (!t)
		return;
	unpacker_close(&t->in);
	talk_close(&t->talk);
	free(t->missing);
	free(t->wanted);
	free(t);
}

/* ---- what the source says ---- */

static int hear_hello(struct target *t, struct reader *in, struct err *err)
{
	u64 oldest = read_uint(in, 2), newest = read_uint(in, 2);
	struct buf payload = { 0 };
	int rc;

	read_uint(in, 1); /* the mode: whatever it is, the messages say what to do */
	if (in->bad || oldest > MIGRATE_VERSION || newest < MIGRATE_VERSION_MIN)
		return err_set(err, EPROTO, "migration: the source speaks versions %" PRIu64 " to %" PRIu64 ", this side %d to %d", oldest,
			       newest, MIGRATE_VERSION_MIN, MIGRATE_VERSION);
	rc = snapshot_check_state(t->vm, in->at, read_left(in), err);
	if (rc)
		return rc;
	buf_put_uint(&payload, newest < MIGRATE_VERSION ? newest : MIGRATE_VERSION, 2);
	talk_put(&t->talk, MSG_WELCOME, &payload);
	buf_free(&payload);
	enter(t, TARGET_RECEIVING, "");
	return 0;
}

static int hear_pages(struct target *t, struct reader *in, struct err *err)
{
	int rc = unpacker_take(&t->in, in, err);

	if (!rc && t->phase == TARGET_FETCHING && !t->nmissing) {
		talk_say(&t->talk, MSG_COMPLETE);
		enter(t, TARGET_DONE, "");
	}
	return rc;
}

static int hear_round_end(struct target *t, struct reader *in, struct err *err)
{
	u64 number = read_uint(in, 4), pages = read_uint(in, 8);
	struct buf payload = { 0 };

	if (in->bad || pages != t->in.pages)
		return err_set(err, EPROTO, "migration: %" PRIu64 " pages have come; the source has sent %" PRIu64, t->in.pages, pages);
	buf_put_uint(&payload, number, 4);
	talk_put(&t->talk, MSG_ROUND_DONE, &payload);
	buf_free(&payload);
	return 0;
}

static int hear_missing(struct target *t, struct reader *in, struct err *err)
{
	bool last;
	int rc = bits_receive(in, t->missing, t->vm->mem.frames->n, &last, err);

	t->nmissing = bits_count(t->missing, t->vm->mem.frames->n);
	return rc;
}

static int hear_state(struct target *t, struct reader *in, struct err *err)
{
	u64 digest = read_uint(in, 8);
	struct buf payload = { 0 };
	int rc = in->bad ? err_set(err, EPROTO, "migration: a state that is too short") :
			   snapshot_load_state(t->vm, in->at, read_left(in), err);

	if (rc)
		return rc;
	if (digest)
		digest = vm_state_hash(t->vm);
	buf_put_uint(&payload, digest, 8);
	talk_put(&t->talk, MSG_READY, &payload);
	buf_free(&payload);
	enter(t, TARGET_READY, "");
	return 0;
}

/* The machine is ours. */
static void take_over(struct target *t, bool was_running, u64 pause_ns)
{
	t->owns = true;
	t->was_running = was_running;
	if (pause_ns)
		t->vm->rest_until = t->vm->clock.now + pause_ns;
	enter(t, t->nmissing ? TARGET_FETCHING : TARGET_DONE, "");
	talk_say(&t->talk, MSG_RUNNING);
}

static int hear_handover(struct target *t, struct reader *in, struct err *err)
{
	bool was_running = read_uint(in, 1);
	u64 pause_ns = read_uint(in, 8);

	if (in->bad)
		return err_set(err, EPROTO, "migration: a hand-over that is too short");
	if (t->owner && !t->owner->take(t->owner->arg))
		return err_set(err, EPROTO, "migration: the machine's lock is held by somebody else; it came too late");
	take_over(t, was_running, pause_ns);
	return 0;
}

static int hear_cancel(struct target *t, struct reader *in, struct err *err)
{
	(void)t;
	(void)in;
	return err_set(err, ECANCELED, "the source has called it off");
}

static int hear_refuse(struct target *t, struct reader *in, struct err *err)
{
	char text[160];

	(void)t;
	if (!read_name(in, text, sizeof(text)))
		snprintf(text, sizeof(text), "(no reason given)");
	return err_set(err, ECONNABORTED, "the source: %s", text);
}

#define IN(phase) (1u << TARGET_##phase)
static const struct hearing {
	u8 type;
	u32 phases; /* in which it may be said */
	int (*hear)(struct target *t, struct reader *in, struct err *err);
} hearings[] = {
	{ MSG_HELLO, IN(WAITING), hear_hello },
	{ MSG_PAGES, IN(RECEIVING) | IN(FETCHING), hear_pages },
	{ MSG_ROUND_END, IN(RECEIVING), hear_round_end },
	{ MSG_MISSING, IN(RECEIVING), hear_missing },
	{ MSG_STATE, IN(RECEIVING), hear_state },
	{ MSG_HANDOVER, IN(READY), hear_handover },
	{ MSG_CANCEL, IN(WAITING) | IN(RECEIVING) | IN(READY), hear_cancel },
	{ MSG_REFUSE, ~0u, hear_refuse },
};

static int hear(struct target *t, struct message *m, struct err *err)
{
	for (unsigned i = 0; i < ARRAY_LEN(hearings); i++)
		if (hearings[i].type == m->type && hearings[i].phases >> t->phase & 1)
			return hearings[i].hear(t, &m->payload, err);
	return err_set(err, EPROTO, "migration: the source says %s in the phase '%s'", message_name(m->type),
		       target_phase_name(t->phase));
}

/* ---- trouble ---- */

/* What the machine was told in words goes to the source, as far as it still hears. */
static void refuse(struct target *t, const char *why)
{
	struct buf payload = { 0 };
	char text[320];

	snprintf(text, sizeof(text), "%s", why);
	for (char *c = text; *c; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
	buf_put_str(&payload, text);
	talk_put(&t->talk, MSG_REFUSE, &payload);
	buf_free(&payload);
	talk_flush(&t->talk, SIZE_MAX);
}

/* A whole machine and nobody at the other end: if its lock is free, it was given to us, or the source has died; then it is
 * ours.  Without a lock only HANDOVER would say so. */
static void lost(struct target *t, int code, const char *why)
{
	if (t->owns) {
		enter(t, TARGET_LOST, why);
		return;
	}
	if (t->phase == TARGET_READY && code != -ECANCELED && code != -EPROTO && t->owner && t->owner->take(t->owner->arg)) {
		take_over(t, true, 0);
		return;
	}
	refuse(t, why);
	enter(t, TARGET_DISCARDED, why);
}

static bool is_over(const struct target *t)
{
	return t->phase >= TARGET_LOST;
}

void target_work(struct target *t, u64 now)
{
	struct message m;
	struct err err = { 0 };
	int rc = 0;

	t->now = now;
	while (!is_over(t) && (rc = talk_next(&t->talk, &m, now, &err)) > 0 && !(rc = hear(t, &m, &err)))
		;
	if (rc < 0 && !is_over(t))
		lost(t, rc, err.text);
	if (t->phase != TARGET_LOST)
		talk_flush(&t->talk, SIZE_MAX);
}

/* ---- post-copy ---- */

bool target_missing(const struct target *t, u64 frame)
{
	return t->nmissing && frame < t->vm->mem.frames->n && bit_is_set(t->missing, frame);
}

void target_want(struct target *t, u64 frame)
{
	struct buf payload = { 0 };

	if (!target_missing(t, frame) || bit_is_set(t->wanted, frame))
		return;
	bit_set(t->wanted, frame);
	buf_put_uint(&payload, frame, 8);
	talk_put(&t->talk, MSG_WANT, &payload);
	buf_free(&payload);
	talk_flush(&t->talk, SIZE_MAX);
}

u64 target_missing_pages(const struct target *t)
{
	return t->nmissing;
}

void target_reconnect(struct target *t, struct channel *channel, u64 now)
{
	u64 frames = t->vm->mem.frames->n;

	if (t->phase != TARGET_LOST && t->phase != TARGET_DONE)
		return; /* that all is here may not have been heard */
	talk_open(&t->talk, channel, t->timeout_ns, now);
	memset(t->wanted, 0, bits_words(frames) * sizeof(*t->wanted));
	bits_send(&t->talk, MSG_RESUME, t->missing, frames);
	enter(t, t->nmissing ? TARGET_FETCHING : TARGET_DONE, "");
	if (!t->nmissing)
		talk_say(&t->talk, MSG_COMPLETE);
	talk_flush(&t->talk, SIZE_MAX);
}

/* ---- looking ---- */

enum target_phase target_phase(const struct target *t)
{
	return t->phase;
}

const char *target_reason(const struct target *t)
{
	return t->reason;
}

bool target_owns(const struct target *t)
{
	return t->owns;
}

bool target_was_running(const struct target *t)
{
	return t->was_running;
}

const char *target_phase_name(enum target_phase phase)
{
	static const char *const names[] = { "waiting", "receiving", "ready", "fetching", "lost", "done", "discarded" };

	return phase < ARRAY_LEN(names) ? names[phase] : NULL;
}
