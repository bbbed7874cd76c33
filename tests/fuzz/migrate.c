/* SPDX-License-Identifier: GPL-3.0-or-later
 * migrate.c - fuzz target: one side of a migration, and a peer that says what the input wants.
 * Rule: whatever is said, the machine is run by nobody who has not been given it whole; the source keeps it until it has
 * handed it over.
 *
 * The first byte says which side is ours: even the target, odd the source.  Then come orders, a byte each and what they
 * take: 0 the next message of a good migration; 1 u8: message n of it (again, or out of turn); 2 u8, u16, u8: that message
 * with a byte changed; 3 the same with its CRC left wrong; 4 u8 type, u8 length, bytes: a message of one's own; 5 u8: cut it
 * after so many bytes; 6 silence.
 */
#include <stdlib.h>

#include "core/migrate/migrate.h"
#include "core/migrate/wire.h"
#include "core/snapshot-priv.h"
#include "tests/fake-engine.h"
#include "tests/ticker.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { MESSAGES = 64, STEP_NS = 1000000 };
#define TIMEOUT_NS 100000000ull

static const struct fake_insn busy[] = {
	{ 5, FAKE_EXIT, { .reason = EXIT_IO, .io = { .port = 0x40, .size = 1, .write = 1, .value = 3 } } },
	{ 20, FAKE_STI, { 0 } },
	{ 3000, FAKE_JMP, { .qualification = 20 } },
};

/* A pipe in memory: what one side sends, and what it hears. */
struct pipe { struct buf out, in; size_t taken; };

static struct host {
	struct ticker ticker;
	struct vm *vm;
	struct pipe pipe;
	struct channel channel;
} host[2]; /* source, target */

/* What a good migration says, by who says it. */
static struct good { struct buf message[MESSAGES]; u32 n; } good[2];

static i64 pipe_send(void *arg, const u8 *data, size_t len)
{
	struct pipe *p = arg;

	buf_put(&p->out, data, len);
	return (i64)len;
}

static i64 pipe_receive(void *arg, u8 *data, size_t room)
{
	struct pipe *p = arg;
	size_t n = p->in.len - p->taken < room ? p->in.len - p->taken : room;

	if (n)
		memcpy(data, p->in.data + p->taken, n);
	p->taken += n;
	return (i64)n;
}

static struct vm *build(struct host *h)
{
	struct err err = { 0 };

	h->vm = ticker_machine(&h->ticker, &fake_engine, 1, &err);
	if (!h->vm)
		abort();
	h->channel = (struct channel){ pipe_send, pipe_receive, &h->pipe };
	return h->vm;
}

/* Note the messages, and let the other side hear them. */
static void carry(int from)
{
	struct pipe *p = &host[from].pipe;

	for (size_t at = 0, len; at < p->out.len; at += len) {
		struct reader head = { .at = p->out.data + at + 4, .end = p->out.data + at + 8 };
		struct good *g = &good[from];

		len = WIRE_HEAD + (size_t)read_uint(&head, 4) + WIRE_TAIL;
		if (g->n < MESSAGES)
			buf_put(&g->message[g->n++], p->out.data + at, len);
	}
	buf_put(&host[!from].pipe.in, p->out.data, p->out.len);
	p->out.len = 0;
}

static void empty(struct pipe *p)
{
	p->in.len = p->out.len = p->taken = 0;
}

static void open_source(struct source **s)
{
	const struct migrate_options o = { .timeout_ns = TIMEOUT_NS, .digest = true };
	struct err err = { 0 };

	if (source_open(s, host[0].vm, &o, &host[0].channel, NULL, 0, &err))
		abort();
}

static void open_target(struct target **t)
{
	struct err err = { 0 };

	if (target_open(t, host[1].vm, &host[1].channel, NULL, TIMEOUT_NS, 0, &err))
		abort();
}

static void record(void)
{
	struct source *s;
	struct target *t;
	struct err err = { 0 };

	fake_program(build(&host[0]), 0, busy, ARRAY_LEN(busy));
	fake_program(build(&host[1]), 0, busy, ARRAY_LEN(busy));
	mem_poke(&host[0].vm->mem, 0x3000, "some memory", 11);
	vm_run(host[0].vm, 500, &err);
	open_source(&s);
	open_target(&t);
	for (int i = 1; i < 50; i++) {
		source_work(s, (u64)i * STEP_NS);
		carry(0);
		target_work(t, (u64)i * STEP_NS);
		carry(1);
	}
	if (source_status(s)->phase != PHASE_DONE || !target_owns(t) || !good[0].n || !good[1].n)
		abort();
	source_close(s);
	target_close(t);
	empty(&host[0].pipe);
	empty(&host[1].pipe);
}

/* ---- the peer ---- */

struct peer {
	const u8 *at, *end;
	const struct good *good;
	u32 next, number; /* of the good messages; of those said so far */
	struct buf out;
};

static u8 take(struct peer *p)
{
	return p->at < p->end ? *p->at++ : 0;
}

/* It gets the number that comes next, and the right CRC. */
static void say(struct peer *p, bool crc)
{
	for (int i = 0; i < 4 && p->out.len >= WIRE_HEAD; i++)
		p->out.data[8 + i] = (u8)(p->number >> 8 * i);
	p->number++;
	if (crc && p->out.len >= WIRE_HEAD + WIRE_TAIL) {
		u32 sum = snapshot_crc(0, p->out.data, p->out.len - WIRE_TAIL);

		for (int i = 0; i < 4; i++)
			p->out.data[p->out.len - WIRE_TAIL + (size_t)i] = (u8)(sum >> 8 * i);
	}
}

static void own_message(struct peer *p)
{
	struct wire_out w = { 0 };
	struct buf payload = { 0 };
	u8 type = take(p), len = take(p);

	for (int i = 0; i < len; i++)
		buf_put_uint(&payload, take(p), 1);
	wire_put(&w, type, &payload);
	buf_put(&p->out, w.bytes.data, w.bytes.len);
	buf_free(&payload);
	wire_out_close(&w);
}

static void follow_order(struct peer *p)
{
	u8 order = take(p) % 7;
	u32 n = order ? take(p) % p->good->n : p->next++ % p->good->n;

	p->out.len = 0;
	if (order < 4 || order == 5)
		buf_put(&p->out, p->good->message[n].data, p->good->message[n].len);
	if (order == 2 || order == 3) {
		u32 at = take(p);

		at = (at | (u32)take(p) << 8) % (u32)p->out.len;
		p->out.data[at] = take(p);
	}
	if (order == 4)
		own_message(p);
	say(p, order != 3);
	if (order == 5) {
		size_t len = take(p);

		p->out.len = len < p->out.len ? len : p->out.len;
	}
}

/* ---- the two victims ---- */

static void attack_target(struct peer *p)
{
	struct target *t;
	struct err err = { 0 };
	u64 now = 0;

	open_target(&t);
	for (int i = 0; i < 200 && p->at < p->end && target_phase(t) < TARGET_DONE; i++) {
		follow_order(p);
		buf_put(&host[1].pipe.in, p->out.data, p->out.len);
		target_work(t, now += STEP_NS);
		if (target_owns(t) && target_phase(t) != TARGET_FETCHING && target_phase(t) != TARGET_LOST && target_phase(t) != TARGET_DONE)
			abort();
		if (target_missing(t, 5))
			target_want(t, 5);
	}
	if (target_owns(t) && !target_missing_pages(t))
		vm_run(host[1].vm, 1000, &err);
	if (target_phase(t) == TARGET_DISCARDED && !target_reason(t)[0])
		abort();
	target_work(t, now + 2 * TIMEOUT_NS);
	if (!target_owns(t) && target_phase(t) != TARGET_DISCARDED)
		abort(); /* nobody waits for ever */
	target_close(t);
}

static void attack_source(struct peer *p)
{
	struct source *s;
	struct err err = { 0 };
	u64 now = 0;
	bool given = false;

	open_source(&s);
	for (int i = 0; i < 200 && p->at < p->end && !migrate_is_over(source_status(s)); i++) {
		follow_order(p);
		buf_put(&host[0].pipe.in, p->out.data, p->out.len);
		if (!source_holds(s))
			vm_run(host[0].vm, 100, &err);
		source_work(s, now += STEP_NS);
		given |= !source_owns(s);
		if (given && source_owns(s))
			abort(); /* without a lock nobody takes it back */
	}
	source_work(s, now + 2 * TIMEOUT_NS);
	if (source_status(s)->phase == PHASE_FAILED && (!source_owns(s) || source_holds(s) || !source_status(s)->reason[0]))
		abort();
	if (source_owns(s) && !migrate_is_over(source_status(s)))
		abort();
	source_close(s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct peer p = { .at = data, .end = data + size };
	bool source;

	if (!host[0].vm)
		record();
	source = take(&p) & 1;
	p.good = &good[!source ? 0 : 1];
	if (source)
		attack_source(&p);
	else
		attack_target(&p);
	empty(&host[0].pipe);
	empty(&host[1].pipe);
	buf_free(&p.out);
	return 0;
}
