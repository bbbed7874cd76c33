/* SPDX-License-Identifier: GPL-3.0-or-later
 * tape.c - the openings to the outside: whoever is there is asked, or the tape answers in his place.
 * Rule: an opening is counted before anything comes through it, and in the same way whether live or from the tape.
 */
#include "core/tape.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

void tape_put_number(struct buf *b, u64 n)
{
	u8 byte[10];
	size_t len = 0;

	do {
		byte[len++] = (u8)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
		n >>= 7;
	} while (n);
	buf_put(b, byte, len);
}

u64 tape_get_number(struct reader *r)
{
	u64 n = 0;

	for (int shift = 0; shift < 64; shift += 7) {
		u8 byte = (u8)read_uint(r, 1);

		n |= (u64)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return n;
	}
	r->bad = true;
	return 0;
}

/* ---- writing ---- */

static u64 last_opening(const struct vm *vm)
{
	return vm->openings ? vm->openings - 1 : 0;
}

/* The head of a record that belongs to the opening that was counted last; the place moves behind it. */
static void begin_record(struct tape *t, const struct vm *vm, enum tape_kind kind)
{
	u64 opening = last_opening(vm);

	tape_put_number(&t->bytes, opening - t->here.opening);
	tape_put_number(&t->bytes, kind);
	t->here.opening = opening;
}

static void end_record(struct tape *t)
{
	t->here.at = t->cut + t->bytes.len;
}

static void note_input(struct tape *t, const struct vm *vm, u8 source, const void *data, u32 len)
{
	begin_record(t, vm, TAPE_INPUT);
	tape_put_number(&t->bytes, source);
	tape_put_number(&t->bytes, len);
	buf_put(&t->bytes, data, len);
	end_record(t);
}

static void note_rest(struct tape *t, const struct vm *vm, u64 ns)
{
	begin_record(t, vm, TAPE_REST);
	tape_put_number(&t->bytes, ns);
	end_record(t);
}

static void note_presence(struct tape *t, const struct vm *vm)
{
	bool open = vm->outside.poll != NULL;

	if (open == t->here.open)
		return;
	begin_record(t, vm, open ? TAPE_CAME : TAPE_GONE);
	t->here.open = open;
	end_record(t);
}

/* ---- what comes in ---- */

/* An input as events: numbers of up to eight bytes; a frame is its length, then its bytes, eight at a time. */
static void tell(struct vm *vm, u8 source, const u8 *data, u32 len)
{
	if (source == INPUT_NET)
		vm_input(vm, source, len);
	for (u32 at = 0; at < len; at += 8) {
		u64 word = 0;

		if (source == INPUT_NET && !event_wanted(&vm->events, EV_input))
			return;
		memcpy(&word, data + at, len - at < 8 ? len - at : 8);
		vm_input(vm, source, word);
	}
}

static bool deliver(struct vm *vm, u8 source, const u8 *data, u32 len)
{
	const struct vm_inlet *in = &vm->inlet[source];
	bool taken;

	if (!in->refuses)
		tell(vm, source, data, len);
	taken = in->take && in->take(in->arg, data, len);
	if (in->refuses && taken)
		tell(vm, source, data, len);
	return taken;
}

bool vm_receive(struct vm *vm, u8 source, const void *data, u32 len)
{
	struct tape *t = vm->tape;
	bool taken = deliver(vm, source, data, len);

	if (t && taken && t->inside)
		note_input(t, vm, source, data, len);
	else if (t && taken)
		t->by_hand = true;
	return taken;
}

/* ---- the tape answers ---- */

static void play_input(struct tape *t, struct vm *vm, struct reader *r)
{
	u64 source = tape_get_number(r), len = tape_get_number(r);
	const u8 *data = len <= read_left(r) ? read_bytes(r, (size_t)len) : NULL;

	if (!data || source >= INPUT_SOURCES) {
		r->bad = true;
		return;
	}
	t->bad += !deliver(vm, (u8)source, data, (u32)len);
}

/* An exit that should have come by now has not. */
static void skip_answer(struct tape *t, struct reader *r)
{
	for (int i = 0; i < 5; i++)
		tape_get_number(r);
	t->bad++;
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* All records of the opening that was counted last.  `rest`: what time moves by, if it moves. */
static u64 play(struct tape *t, struct vm *vm, u64 rest)
{
	size_t at = (size_t)(t->here.at - t->cut);
	struct reader r = { .at = t->bytes.data + at, .end = t->bytes.data + t->bytes.len };

	while (read_left(&r)) {
		u64 opening = t->here.opening + tape_get_number(&r), kind = tape_get_number(&r);

		if (opening >= vm->openings && !r.bad)
			break;
		if (kind == TAPE_ANSWER && opening + 1 == vm->openings && !r.bad)
			break; /* that will be after this look */
		switch (kind) {
		case TAPE_INPUT: play_input(t, vm, &r); break;
		case TAPE_REST: rest = least(rest, tape_get_number(&r)); break;
		case TAPE_GONE:
		case TAPE_CAME: t->here.open = kind == TAPE_CAME; break;
		case TAPE_ANSWER: skip_answer(t, &r); break;
		default: r.bad = true;
		}
		if (r.bad) { /* a tape from a file; ours are whole */
			t->bad++;
			t->end = vm->openings;
			break;
		}
		t->here.opening = opening;
		t->here.at = t->cut + (u64)(r.at - t->bytes.data);
	}
	tape_moved(t);
	return rest;
}

/* ---- answers to exits ---- */

static struct reader ahead(const struct tape *t)
{
	return (struct reader){ .at = t->bytes.data + (size_t)(t->here.at - t->cut), .end = t->bytes.data + t->bytes.len };
}

void tape_moved(struct tape *t)
{
	struct reader r = ahead(t);

	t->next_answer = UINT64_MAX;
	if (!read_left(&r))
		return;
	tape_get_number(&r);
	if (tape_get_number(&r) == TAPE_ANSWER)
		t->next_answer = tape_get_number(&r);
	if (r.bad)
		t->next_answer = UINT64_MAX;
}

void tape_note_answer(struct tape *t, struct vm *vm, const struct vm_exit *e, u64 number)
{
	u64 answer[2];

	if (t->replays || vm->past) { /* the future that is recorded does not follow from this */
		t->forked = t->by_hand = true;
		return;
	}
	exit_answer_get(e, answer);
	begin_record(t, vm, TAPE_ANSWER);
	tape_put_number(&t->bytes, number);
	tape_put_number(&t->bytes, e->raise);
	tape_put_number(&t->bytes, e->raise ? e->raise_error : 0);
	tape_put_number(&t->bytes, answer[0]);
	tape_put_number(&t->bytes, answer[1]);
	end_record(t);
	t->full = t->room && t->here.at > t->from + t->room;
}

/* The exception that the instruction raised instead of completing. */
static bool raise_again(struct vcpu *v, u64 raise, u64 error)
{
	int rc;

	v->leaving = true;
	rc = vcpu_exception(v, (u8)intr_vector((u32)raise), (u32)error);
	v->leaving = false;
	return !rc;
}

bool tape_answer(struct tape *t, struct vm *vm, struct vm_exit *e)
{
	struct reader r = ahead(t);
	u64 answer[2], opening = t->here.opening + tape_get_number(&r), raise, error;

	tape_get_number(&r); /* kind */
	tape_get_number(&r); /* exit */
	raise = tape_get_number(&r);
	error = tape_get_number(&r);
	answer[0] = tape_get_number(&r);
	answer[1] = tape_get_number(&r);
	e->raise = 0;
	if (r.bad || (raise ? !raise_again(&vm->vcpu[e->vcpu], raise, error) : !exit_asks(e->reason))) {
		t->bad++;
		t->next_answer = UINT64_MAX;
		return false;
	}
	exit_answer_put(e, answer);
	t->here.opening = opening;
	t->here.at = t->cut + (u64)(r.at - t->bytes.data);
	tape_moved(t);
	return true;
}

/* ---- openings ---- */

bool vm_listens(const struct vm *vm)
{
	const struct tape *t = vm->tape;

	return t && (tape_plays(t, vm) || t->replays || vm->past) ? t->here.open : vm->outside.poll != NULL;
}

/* Count an opening: true if the tape answers for it. */
static bool is_played(struct vm *vm)
{
	u64 n = vm->openings++;

	return vm->tape && (n < vm->tape->end || vm->tape->replays);
}

static void begin_live(struct tape *t)
{
	if (t)
		t->inside = true;
}

static void end_live(struct tape *t, const struct vm *vm)
{
	if (!t)
		return;
	t->inside = false;
	note_presence(t, vm);
	t->end = vm->openings;
	t->full = t->room && t->here.at > t->from + t->room;
}

void vm_look(struct vm *vm)
{
	struct tape *t = vm->tape;

	if (is_played(vm)) {
		play(t, vm, 0);
		return;
	}
	begin_live(t);
	if (vm->outside.poll)
		vm->outside.poll(vm->outside.arg, 0);
	end_live(t, vm);
}

void vm_ask(struct vm *vm, void (*give)(void *arg), void *arg)
{
	struct tape *t = vm->tape;

	if (is_played(vm)) {
		play(t, vm, 0);
		return;
	}
	begin_live(t);
	if (give)
		give(arg);
	end_live(t, vm);
}

u64 vm_rest(struct vm *vm, u64 most, u64 due)
{
	struct tape *t = vm->tape;
	u64 slept = 0;

	if (is_played(vm))
		return play(t, vm, due);
	begin_live(t);
	if (vm->outside.poll)
		slept = vm->outside.poll(vm->outside.arg, most);
	if (!slept && !vm->attention && clock_next_due(&vm->clock) != UINT64_MAX)
		slept = most; /* nothing came, and it did not care to wait */
	if (slept > most)
		slept = most;
	if (t && slept != due)
		note_rest(t, vm, slept);
	end_live(t, vm);
	return slept;
}

/* ---- the tape itself ---- */

void tape_insert(struct tape *t, struct vm *vm)
{
	*t = (struct tape){ .end = vm->openings, .next_answer = UINT64_MAX };
	t->here = (struct tape_place){ .opening = last_opening(vm), .open = vm->outside.poll != NULL };
	vm->tape = t;
}

void tape_remove(struct tape *t, struct vm *vm)
{
	vm->tape = NULL;
	buf_free(&t->bytes);
}

void tape_erase(struct tape *t, const struct vm *vm)
{
	t->bytes.len = (size_t)(t->here.at - t->cut);
	t->end = vm->openings;
	t->from = t->here.at;
	t->full = t->forked = false;
	t->next_answer = UINT64_MAX;
}

void tape_shorten(struct tape *t, u64 at)
{
	size_t n = (size_t)(at - t->cut);

	if (!n || n < t->bytes.len / 2) /* moving the rest each time would cost more than it gives */
		return;
	memmove(t->bytes.data, t->bytes.data + n, t->bytes.len - n);
	t->bytes.len -= n;
	t->cut = at;
	if (t->bytes.len < t->bytes.cap / 4) {
		u8 *smaller = realloc(t->bytes.data, t->bytes.cap / 2);

		t->bytes.data = smaller ? smaller : t->bytes.data;
		t->bytes.cap = smaller ? t->bytes.cap / 2 : t->bytes.cap;
	}
}
