/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline.c - facts about going back: wherever the machine is put, it is the machine that was there before.
 */
#include <errno.h>

#include "tests/unit/past.h"

static struct rig *setup(bool with_outside, u64 memory)
{
	const struct timeline_config config = { .memory = memory };
	struct rig *r = rig_make(with_outside);

	ck_assert_msg(timeline_open(&r->line, r->vm, &config, &err) == 0, "%s", err.text);
	return r;
}

static void done(struct rig *r)
{
	timeline_close(r->line);
	vm_destroy(r->vm);
	free(r);
}

static void run(struct rig *r, u64 n)
{
	ck_assert_msg(timeline_run(r->line, n, &err) == STOP_BUDGET, "%s", err.text);
}

static void go(struct rig *r, u64 icount)
{
	ck_assert_msg(timeline_goto(r->line, icount, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(vm_icount(r->vm), icount);
}

/* ---- back and forth ---- */

enum { MILLION = 1000000, TOTAL = 5 * MILLION, PLACES = 30 };

struct place { u64 icount, hash, time, exits; };

static struct place here(struct rig *r)
{
	return (struct place){ vm_icount(r->vm), vm_state_hash(r->vm), r->vm->clock.now, r->vm->guest_exits };
}

static void is_here(struct rig *r, const struct place *p)
{
	struct place now = here(r);

	ck_assert_uint_eq(now.icount, p->icount);
	ck_assert_uint_eq(now.time, p->time);
	ck_assert_uint_eq(now.hash, p->hash);
	ck_assert_uint_eq(now.exits, p->exits);
}

/* Run, noting what the machine is at places of all distances, then go to them in any order, on from there, and back. */
static void anywhere(bool with_outside)
{
	struct rig *r = setup(with_outside, 0);
	struct place place[PLACES];

	seed = 5;
	place[0] = here(r);
	for (int i = 1; i < PLACES; i++) {
		run(r, 1 + chance(i % 3 ? 3000 : 3 * TOTAL / PLACES));
		place[i] = here(r);
	}
	for (int i = 0; i < 40; i++) {
		const struct place *p = &place[chance(PLACES)], *q = &place[chance(PLACES)];

		go(r, p->icount);
		is_here(r, p);
		if (q->icount > p->icount && q->icount - p->icount < MILLION) {
			run(r, q->icount - p->icount); /* as the user would */
			is_here(r, q);
		}
	}
	ck_assert_uint_eq(timeline_last(r->line), place[PLACES - 1].icount);
	go(r, timeline_last(r->line));
	is_here(r, &place[PLACES - 1]);
	ck_assert(!r->vm->past);
	if (with_outside)
		ck_assert_uint_gt(r->came, 100);
	done(r);
}

START_TEST(any_place_in_any_order)
{
	anywhere(false);
}
END_TEST

START_TEST(what_came_from_outside_comes_again)
{
	anywhere(true);
}
END_TEST

START_TEST(steps_back_undo_steps)
{
	struct rig *r = setup(true, 0);
	struct place place[60];

	run(r, 100000);
	for (int i = 0; i < 60; i++) {
		place[i] = here(r);
		run(r, 1);
	}
	for (int i = 59; i >= 0; i--) {
		go(r, place[i].icount);
		is_here(r, &place[i]);
	}
	done(r);
}
END_TEST

/* ---- looking for something ---- */

struct looker { struct rig *r; bool searching; u64 every, seen, stops[40]; u64 n; };

/* Every so many interrupts; the number of interrupts so far is in memory, so it is a matter of the state. */
static enum verdict on_intr(void *arg, const struct event *ev)
{
	struct looker *l = arg;
	u16 count = 0;

	mem_read(&l->r->vm->mem, 0x500, &count, 2);
	l->seen += !l->searching;
	return count % l->every ? EV_GO : EV_STOP;
}

START_TEST(search_back_finds_what_a_run_finds)
{
	struct rig *r = setup(true, 0);
	struct looker l = { .r = r, .every = 20 };
	u64 from = 0, console;
	u64 hash[40];

	run(r, 1000);
	ck_assert_int_ge(vm_subscribe(r->vm, EV_BIT(intr), on_intr, &l), 0);
	while (vm_icount(r->vm) < MILLION && l.n < 40) {
		ck_assert_int_eq(timeline_run(r->line, 0, &err), STOP_EVENT);
		hash[l.n] = vm_state_hash(r->vm);
		l.stops[l.n++] = vm_icount(r->vm);
	}
	ck_assert_uint_eq(l.n, 40);
	from = l.stops[0];
	console = l.seen;
	for (u64 i = l.n - 1; i-- > 0;) {
		ck_assert_int_eq(timeline_search_back(r->line, from, &l.searching, &err), 1);
		ck_assert_uint_eq(vm_icount(r->vm), l.stops[i]);
		ck_assert_uint_eq(vm_state_hash(r->vm), hash[i]);
		ck_assert(r->vm->past && !l.searching);
	}
	ck_assert_int_eq(timeline_search_back(r->line, from, &l.searching, &err), 0);
	ck_assert_uint_eq(vm_icount(r->vm), l.stops[0]);
	ck_assert_uint_eq(vm_state_hash(r->vm), hash[0]);
	ck_assert_uint_eq(l.seen, console); /* all this was told to nobody but the searcher */
	for (u64 i = 1; i < l.n; i++) { /* and forward again, through the same stops */
		ck_assert_int_eq(timeline_run(r->line, 0, &err), STOP_EVENT);
		ck_assert_uint_eq(vm_icount(r->vm), l.stops[i]);
		ck_assert_uint_eq(vm_state_hash(r->vm), hash[i]);
	}
	done(r);
}
END_TEST

/* A breakpoint is told anew at each time, also where the search begins. */
static enum verdict on_break(void *arg, const struct event *ev)
{
	return EV_STOP;
}

START_TEST(search_back_to_a_breakpoint)
{
	struct rig *r = setup(false, 0);
	struct place place[30];
	bool searching;

	run(r, 100);
	ck_assert_int_ge(vm_subscribe(r->vm, EV_BIT(breakpoint), on_break, NULL), 0);
	vm_break_set(r->vm, 0x7c27); /* hlt */
	for (int i = 0; i < 30; i++) {
		ck_assert_int_eq(timeline_run(r->line, 0, &err), STOP_EVENT);
		place[i] = here(r);
	}
	for (int i = 28; i >= 0; i--) {
		ck_assert_int_eq(timeline_search_back(r->line, 100, &searching, &err), 1);
		is_here(r, &place[i]);
	}
	ck_assert_int_eq(timeline_search_back(r->line, place[0].icount, &searching, &err), 0);
	is_here(r, &place[0]);
	ck_assert_int_eq(timeline_run(r->line, 0, &err), STOP_EVENT); /* it has come there once more */
	is_here(r, &place[0]);
	ck_assert_int_eq(timeline_run(r->line, 0, &err), STOP_EVENT);
	is_here(r, &place[1]);
	done(r);
}
END_TEST

/* ---- who watches may answer, and who waits may lose patience ---- */

static u64 answers;

static enum verdict answer(void *arg, const struct event *ev)
{
	struct rig *r = arg;
	struct vm_exit *e = &r->vm->vcpu[0].exit;

	if (e->reason != EXIT_IO || e->io.write || e->io.port != 0x41 || chance(3))
		return EV_GO;
	answers++;
	e->io.value = chance(256);
	if (chance(2))
		return EV_ANSWERED;
	return vcpu_exception(&r->vm->vcpu[0], VEC_BR, 0) ? EV_GO : EV_ANSWERED;
}

START_TEST(answers_come_again)
{
	struct rig *r = setup(true, 0);
	const u8 vector[] = { 0x48, 0x7c, 0, 0 }; /* the guest's handler */
	struct place place[PLACES], other;
	int id;

	mem_write(&r->vm->mem, VEC_BR * 4, vector, sizeof(vector));
	timeline_changed(r->line);
	run(r, 1000);
	id = vm_subscribe(r->vm, EV_BIT(leave), answer, r);
	for (int i = 0; i < PLACES; i++) {
		run(r, 1 + chance(20000));
		place[i] = here(r);
	}
	ck_assert_uint_gt(answers, 1000);
	vm_unsubscribe(r->vm, id);
	for (int i = 0; i < 40; i++) {
		const struct place *p = &place[chance(PLACES)], *q = &place[chance(PLACES)];

		go(r, p->icount);
		is_here(r, p);
		if (q->icount > p->icount) {
			run(r, q->icount - p->icount);
			is_here(r, q);
		}
	}
	go(r, place[3].icount); /* other answers in the past: another future */
	ck_assert_int_ge(vm_subscribe(r->vm, EV_BIT(leave), answer, r), 0);
	run(r, 100000);
	other = here(r);
	ck_assert_uint_eq(timeline_last(r->line), other.icount);
	for (int i = 0; i < 10; i++) {
		go(r, chance(other.icount));
		go(r, other.icount);
		is_here(r, &other);
	}
	done(r);
}
END_TEST

static void lose_patience(void *vm)
{
	vm_request_stop(vm);
}

/* At some instruction on the way. */
static enum verdict on_insn(void *arg, const struct event *ev)
{
	if (!chance(5000))
		lose_patience(arg);
	return EV_GO;
}

START_TEST(a_search_can_be_interrupted)
{
	struct rig *r = setup(true, 0);
	struct timeline_search search = { .mask = EV_BIT(insn), .fn = on_insn, .arg = r->vm };
	struct place there;

	run(r, 300000);
	there = here(r);
	ck_assert_int_eq(timeline_search_alone(r->line, 0, &search, &err), -EINTR);
	is_here(r, &there);
	vm_request_stop(r->vm);
	ck_assert_int_eq(timeline_goto(r->line, 5, &err), -EINTR);
	is_here(r, &there);
	go(r, 5); /* it is not for ever */
	go(r, there.icount);
	is_here(r, &there);
	done(r);
}
END_TEST

/* ---- changes by hand, and states that are kept ---- */

static void poke(struct rig *r, u8 value)
{
	mem_write(&r->vm->mem, 0x510, &value, 1);
	timeline_changed(r->line);
}

START_TEST(changes_by_hand_stay_where_they_were_made)
{
	struct rig *r = setup(true, 0);
	struct place before, changed, after, later;

	run(r, 200000);
	before = here(r);
	run(r, 100000);
	poke(r, 0x99);
	changed = here(r);
	run(r, 200000);
	after = here(r);
	go(r, before.icount);
	is_here(r, &before);
	run(r, after.icount - before.icount); /* over the change */
	is_here(r, &after);
	go(r, changed.icount);
	is_here(r, &changed);
	go(r, changed.icount - 1);
	go(r, after.icount);
	is_here(r, &after);
	go(r, before.icount); /* and here, another future */
	poke(r, 0x77);
	ck_assert_uint_eq(timeline_last(r->line), before.icount);
	ck_assert_int_eq(timeline_goto(r->line, after.icount, &err), -ERANGE);
	run(r, 500000);
	later = here(r);
	go(r, before.icount - 1);
	go(r, later.icount);
	is_here(r, &later);
	done(r);
}
END_TEST

START_TEST(an_input_by_hand_is_a_change)
{
	struct rig *r = setup(true, 0);
	struct place there;

	run(r, 100000);
	vm_receive(r->vm, INPUT_SERIAL, "x", 1);
	run(r, 100000);
	there = here(r);
	go(r, 50000);
	go(r, there.icount);
	is_here(r, &there);
	go(r, 50000);
	run(r, 150000);
	is_here(r, &there);
	done(r);
}
END_TEST

START_TEST(kept_states_survive_everything)
{
	struct rig *r = setup(true, 0);
	struct checkpoint *c[4];
	struct place place[4];

	for (int i = 0; i < 4; i++) {
		run(r, 150000);
		place[i] = here(r);
		ck_assert_int_eq(timeline_keep(r->line, &c[i], &err), 0);
		is_here(r, &place[i]);
		ck_assert_uint_eq(checkpoint_icount(c[i]), place[i].icount);
		ck_assert_uint_eq(checkpoint_time(c[i]), place[i].time);
	}
	seed = 9;
	for (int i = 0; i < 30; i++) {
		int n = (int)chance(4);

		ck_assert_int_eq(timeline_restore(r->line, c[n], &err), 0);
		is_here(r, &place[n]);
		ck_assert_uint_eq(timeline_last(r->line), place[n].icount);
		if (chance(2)) { /* other inputs will come, so another future */
			struct place there;

			run(r, 1 + chance(200000));
			if (chance(2))
				poke(r, (u8)chance(256));
			there = here(r);
			go(r, timeline_first(r->line) + chance(timeline_last(r->line) - timeline_first(r->line)));
			go(r, there.icount);
			is_here(r, &there);
		}
	}
	for (int i = 0; i < 4; i++)
		timeline_drop(r->line, c[i]);
	done(r);
}
END_TEST

/* ---- memory ---- */

static int places_within(bool with_outside, u64 bound)
{
	struct rig *r = setup(with_outside, bound);
	struct place place[PLACES];
	int n = 0;

	for (int i = 0; i < PLACES; i++) {
		run(r, MILLION / PLACES);
		place[i] = here(r);
		go(r, place[i].icount - chance(MILLION / PLACES)); /* makes points */
		ck_assert_uint_le(timeline_memory(r->line), bound);
		go(r, place[i].icount);
		is_here(r, &place[i]);
	}
	for (int i = 0; i < PLACES; i++) {
		if (place[i].icount < timeline_first(r->line))
			continue;
		go(r, place[i].icount);
		is_here(r, &place[i]);
		ck_assert_uint_le(timeline_memory(r->line), bound);
		n++;
	}
	done(r);
	return n;
}

START_TEST(memory_stays_within_its_bound)
{
	ck_assert_int_gt(places_within(false, 300 << 10), PLACES * 3 / 4);
	ck_assert_int_gt(places_within(true, 1 << 20), 2); /* most of it is what came from outside */
}
END_TEST

START_TEST(what_cannot_go_back_says_so)
{
	struct rig *r = setup(false, 0);
	struct timeline *t;

	ck_assert_int_eq(timeline_open(&t, r->vm, NULL, &err), -EBUSY);
	run(r, 1000);
	ck_assert_int_eq(timeline_goto(r->line, 1001, &err), -ERANGE);
	timeline_close(r->line);
	r->vm->no_past = "it is written";
	ck_assert_int_eq(timeline_open(&r->line, r->vm, NULL, &err), -ENOTSUP);
	ck_assert(strstr(err.text, "it is written"));
	ck_assert_ptr_null(r->line);
	done(r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		any_place_in_any_order, what_came_from_outside_comes_again, steps_back_undo_steps, answers_come_again,
		a_search_can_be_interrupted,
		search_back_finds_what_a_run_finds, search_back_to_a_breakpoint, changes_by_hand_stay_where_they_were_made,
		an_input_by_hand_is_a_change, kept_states_survive_everything, memory_stays_within_its_bound,
		what_cannot_go_back_says_so,
	};

	return unit_run("timeline", tests, ARRAY_LEN(tests));
}
