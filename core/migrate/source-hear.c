/* SPDX-License-Identifier: GPL-3.0-or-later
 * source-hear.c - what the target says, and in which phase it may say it.
 * Rule: a message out of turn ends the migration, and no message but READY can make the source give the machine away.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/migrate/source-priv.h"

static int hear_welcome(struct source *s, struct reader *in, struct err *err)
{
	u64 version = read_uint(in, 2);

	if (in->bad || version < MIGRATE_VERSION_MIN || version > MIGRATE_VERSION)
		return err_set(err, EPROTO, "migration: the target answers in version %" PRIu64 "; this side speaks %d to %d", version,
			       MIGRATE_VERSION_MIN, MIGRATE_VERSION);
	source_all_pages(s);
	source_enter(s, PHASE_COPYING);
	source_begin_round(s);
	return 0;
}

static int hear_round_done(struct source *s, struct reader *in, struct err *err)
{
	u64 number = read_uint(in, 4);

	if (!s->ended || number != s->status.rounds)
		return err_set(err, EPROTO, "migration: the target has done round %" PRIu64 "; expected %u", number, s->status.rounds);
	s->ended = false;
	source_round_over(s);
	return 0;
}

static int hear_ready(struct source *s, struct reader *in, struct err *err)
{
	u64 digest = read_uint(in, 8);

	if (!s->stated || in->bad || digest != s->digest)
		return err_set(err, EPROTO, "migration: the target's machine has the digest %016" PRIx64 "; expected %016" PRIx64,
			       digest, s->digest);
	source_give_away(s);
	return 0;
}

static int hear_running(struct source *s, struct reader *in, struct err *err)
{
	(void)in;
	(void)err;
	s->status.moved_ns = s->now;
	s->status.downtime_ns = s->now - s->status.stopped_ns;
	s->status.throttle = 0;
	source_enter(s, s->postcopy ? PHASE_FETCHING : PHASE_DONE);
	return 0;
}

static int hear_want(struct source *s, struct reader *in, struct err *err)
{
	u64 frame = read_uint(in, 8);

	if (in->bad || frame >= s->frames->n)
		return err_set(err, EPROTO, "migration: the target wants machine frame %" PRIu64 ", which there is not", frame);
	s->status.requests++;
	source_send_page(s, frame);
	return 0;
}

static int hear_complete(struct source *s, struct reader *in, struct err *err)
{
	(void)in;
	(void)err;
	source_enter(s, PHASE_DONE);
	return 0;
}

/* After a new link: only what the target lacks is still to be sent, and it knows no page to make deltas from. */
static int hear_resume(struct source *s, struct reader *in, struct err *err)
{
	bool last;
	int rc;

	if (s->status.phase == PHASE_LOST || s->status.phase == PHASE_HANDOVER) {
		memset(s->todo, 0, bits_words(s->frames->n) * sizeof(*s->todo));
		s->status.reason[0] = 0;
		source_enter(s, PHASE_HANDOVER); /* until the whole list is here */
	}
	rc = bits_receive(in, s->todo, s->frames->n, &last, err);
	if (!rc && last)
		source_enter(s, PHASE_FETCHING);
	return rc;
}

static int hear_refuse(struct source *s, struct reader *in, struct err *err)
{
	char text[160];

	(void)s;
	if (!read_name(in, text, sizeof(text)))
		snprintf(text, sizeof(text), "(no reason given)");
	return err_set(err, ECONNABORTED, "the target: %s", text);
}

#define IN(phase) (1u << PHASE_##phase)
static const struct hearing {
	u8 type;
	u32 phases; /* in which it may be said */
	int (*hear)(struct source *s, struct reader *in, struct err *err);
} hearings[] = {
	{ MSG_WELCOME, IN(HELLO), hear_welcome },
	{ MSG_ROUND_DONE, IN(COPYING), hear_round_done },
	{ MSG_READY, IN(STOPPED), hear_ready },
	{ MSG_RUNNING, IN(HANDOVER), hear_running },
	{ MSG_WANT, IN(HANDOVER) | IN(FETCHING), hear_want },
	{ MSG_COMPLETE, IN(FETCHING), hear_complete },
	{ MSG_RESUME, IN(LOST) | IN(HANDOVER), hear_resume },
	{ MSG_REFUSE, ~0u, hear_refuse },
};

int source_hear(struct source *s, struct message *m, struct err *err)
{
	for (unsigned i = 0; i < ARRAY_LEN(hearings); i++)
		if (hearings[i].type == m->type && hearings[i].phases >> s->status.phase & 1)
			return hearings[i].hear(s, &m->payload, err);
	return err_set(err, EPROTO, "migration: the target says %s in the phase '%s'", message_name(m->type),
		       migrate_phase_name(s->status.phase));
}
