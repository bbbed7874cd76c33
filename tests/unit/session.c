/* SPDX-License-Identifier: GPL-3.0-or-later
 * session.c - a guest under observation: run, step, back, snapshots and marks.
 */
#include "tests/unit/session-rig.h"

/* A loop without end and without exits. */
static const u8 spin[] = { 0xeb, 0xfe };
/* CLI and HLT; an invalid interrupt table and UD2; the power-off port. */
static const u8 stops[] = { 0xfa, 0xf4 };
static const u8 dies[] = { 0xfa, 0x0f, 0x01, 0x1e, 0x0a, 0x7c, 0x0f, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0 };
static const u8 powers_off[] = { 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xeb, 0xfe };

static u64 seed = 7;

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

/* ---- forward ---- */

START_TEST(steps_and_runs)
{
	struct front f;
	struct session *s = session(&f);

	ck_assert_str_eq(s->stopped.reason, "start");
	STEP(s, 1, BY_INSN);
	ck_assert_uint_eq(vm_icount(s->vm), 1);
	ck_assert_str_eq(s->stopped.reason, "step");
	RUN(s, 10, BY_INSN);
	ck_assert_uint_eq(vm_icount(s->vm), 11);
	ck_assert_str_eq(s->stopped.reason, "timeout");
	STEP(s, 1, BY_EXIT);
	ck_assert_str_eq(s->stopped.reason, "exit");
	ck_assert_uint_eq(s->vm->guest_exits, 2); /* the first was among the ten */
	RUN(s, 3, BY_EXIT);
	ck_assert_uint_eq(s->vm->guest_exits, 5);
	RUN(s, 5000000, BY_TIME);
	u64 now = s->vm->clock.now;
	RUN(s, 1234567, BY_TIME); /* it ends while the guest sleeps */
	ck_assert_uint_eq(s->vm->clock.now, now + 1234567);
	ck_assert_uint_gt(f.console.len, 3);
	ck_assert_uint_eq(f.console.data[0], 'A');
	ck_assert_uint_eq(f.console.data[1], 'B');
	closed(s, &f);
}
END_TEST

START_TEST(ends_are_reasons_and_the_session_stays)
{
	struct machine_options o = options();
	struct front f;
	struct session *s = open_with(stops, sizeof(stops), &f, &o);

	RUN(s, 0, BY_INSN);
	ck_assert_str_eq(s->stopped.reason, "halted");
	ck_assert_uint_eq(s->stopped.why, STOP_HALTED);
	closed(s, &f);

	s = open_with(dies, sizeof(dies), &f, &o);
	RUN(s, 0, BY_INSN);
	ck_assert_str_eq(s->stopped.reason, "triple-fault");
	ck_assert_int_eq(session_run(s, (struct amount){ 0, BY_INSN }, &err), -ESHUTDOWN);
	BACK(s, 1, BY_INSN);
	RUN(s, 0, BY_INSN);
	ck_assert_str_eq(s->stopped.reason, "triple-fault");
	closed(s, &f);

	s = open_with(powers_off, sizeof(powers_off), &f, &o);
	RUN(s, 0, BY_INSN);
	ck_assert_str_eq(s->stopped.reason, "power-off");
	ck_assert_int_eq(session_step(s, (struct amount){ 1, BY_INSN }, &err), -ESHUTDOWN);
	ck_assert(!session_restart(s, &err));
	STEP(s, 1, BY_INSN);
	ck_assert_uint_eq(vm_icount(s->vm), 1);
	closed(s, &f);
}
END_TEST

START_TEST(a_budget_ends_every_run)
{
	struct machine_options o = options();
	struct front f;

	o.budget = 1000;
	struct session *s = open_with(spin, sizeof(spin), &f, &o);
	RUN(s, 0, BY_INSN);
	ck_assert_uint_eq(vm_icount(s->vm), 1000);
	ck_assert_str_eq(s->stopped.reason, "limit");
	RUN(s, 5, BY_INSN);
	ck_assert_uint_eq(vm_icount(s->vm), 1000);
	ck_assert_str_eq(s->stopped.reason, "limit");
	closed(s, &f);
}
END_TEST

START_TEST(a_tick_can_pause_and_not_run)
{
	struct machine_options o = options();
	struct front f;
	struct session *s = open_with(spin, sizeof(spin), &f, &o);

	runner_init();
	s->ui.tick = on_tick;
	f.pause_at = 3;
	RUN(s, 0, BY_INSN);
	ck_assert_str_eq(s->stopped.reason, "user");
	ck_assert_uint_eq(f.ticks, 3);
	ck_assert_int_eq(f.nested, -EBUSY);
	closed(s, &f);
}
END_TEST

/* ---- the same however it is cut ---- */

static void run_in_pieces(struct session *s, u64 until_ns)
{
	while (s->vm->clock.now < until_ns) {
		u64 left = until_ns - s->vm->clock.now;

		switch (chance(4)) {
		case 0: RUN(s, 1 + chance(60), BY_INSN); break;
		case 1: STEP(s, 1 + chance(3), BY_INSN); break;
		case 2: RUN(s, 1 + chance(4), BY_EXIT); break;
		default: RUN(s, 1 + chance(left < 700000 ? left : 700000), BY_TIME);
		}
		if (s->vm->clock.now > until_ns)
			BACK(s, 1, BY_EXIT);
	}
}

START_TEST(history_is_the_same_however_it_was_cut)
{
	struct front fa, fb;
	struct session *a = session(&fa), *b = session(&fb);

	RUN(a, 20000000, BY_TIME);
	for (int i = 0; i < 5; i++) {
		ck_assert(!session_restart(b, &err));
		run_in_pieces(b, 19000000);
		RUN(b, 20000000 - b->vm->clock.now, BY_TIME);
		ck_assert_uint_eq(vm_icount(a->vm), vm_icount(b->vm));
		ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
		ck_assert_uint_eq(a->history.next, b->history.next);
		ck_assert_uint_gt(a->history.next, 100);
		ck_assert_uint_eq(b->history.first, 1);
		for (u64 n = 1; n < a->history.next; n++) {
			const struct history_exit *x = history_exit_get(&a->history, n), *y = history_exit_get(&b->history, n);
			ck_assert_uint_eq(x->number, n);
			ck_assert_msg(x->rip == y->rip && x->icount == y->icount && x->time == y->time && x->reason == y->reason &&
				      x->value == y->value && x->gap == y->gap && x->at == y->at, "exit %llu differs", (unsigned long long)n);
		}
		for (int r = 0; r < EXIT_COUNT; r++)
			ck_assert_uint_eq(a->history.reason[r].count, b->history.reason[r].count);
	}
	closed(a, &fa);
	closed(b, &fb);
}
END_TEST

/* ---- back ---- */

START_TEST(back_is_where_it_was)
{
	struct front f;
	struct session *s = session(&f);
	u64 hash[300], said;

	for (u32 i = 0; i < 300; i++) {
		hash[i] = vm_state_hash(s->vm);
		STEP(s, 1, BY_INSN);
	}
	said = f.console.len;
	for (int i = 0; i < 40; i++) {
		u64 now = vm_icount(s->vm), n = 1 + chance(30);
		BACK(s, n, BY_INSN);
		ck_assert_uint_eq(vm_icount(s->vm), now > n ? now - n : 0);
		ck_assert_uint_eq(vm_state_hash(s->vm), hash[vm_icount(s->vm)]);
		ck_assert_uint_eq(s->history.next, s->vm->guest_exits + 1);
		ck_assert(!session_goto(s, 100 + chance(200), &err));
		ck_assert_uint_eq(vm_state_hash(s->vm), hash[vm_icount(s->vm)]);
	}
	ck_assert_uint_eq(f.console.len, said); /* going back says nothing again */
	BACK(s, 0, BY_INSN);
	ck_assert_str_eq(s->stopped.reason, "begin");
	ck_assert_uint_eq(vm_icount(s->vm), 0);
	closed(s, &f);
}
END_TEST

START_TEST(back_by_exits_mirrors_forward)
{
	struct front f;
	struct session *s = session(&f);
	u64 hash[60], icount[60];

	for (u32 i = 0; i < 60; i++) {
		hash[i] = vm_state_hash(s->vm);
		icount[i] = vm_icount(s->vm);
		STEP(s, 1, BY_EXIT);
		ck_assert_uint_eq(s->vm->guest_exits, i + 1);
	}
	for (u32 i = 60; i--;) {
		BACK(s, 1, BY_EXIT);
		ck_assert_uint_eq(s->vm->guest_exits, i);
		ck_assert_uint_eq(vm_icount(s->vm), icount[i]);
		ck_assert_uint_eq(vm_state_hash(s->vm), hash[i]);
	}
	RUN(s, 23, BY_EXIT); /* the OUT, after which the guest computes for a while */
	ck_assert_uint_eq(vm_state_hash(s->vm), hash[23]);
	STEP(s, 2, BY_INSN); /* from between two exits, back is to the one before */
	BACK(s, 1, BY_EXIT);
	ck_assert_uint_eq(vm_state_hash(s->vm), hash[23]);
	closed(s, &f);
}
END_TEST

START_TEST(goto_runs_on_ahead)
{
	struct front fa, fb;
	struct session *a = session(&fa), *b = session(&fb);

	RUN(a, 2000, BY_INSN);
	ck_assert(!session_goto(b, 2000, &err));
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
	ck_assert_uint_eq(a->history.next, b->history.next);
	closed(a, &fa);
	closed(b, &fb);
}
END_TEST

/* ---- kept states ---- */

START_TEST(snapshots_and_marks)
{
	struct front f;
	struct session *s = session(&f);
	u64 hash, icount, time;

	RUN(s, 500, BY_INSN);
	hash = vm_state_hash(s->vm);
	ck_assert(!session_snapshot(s, "b", &err));
	ck_assert(!session_mark(s, "here", &err));
	RUN(s, 500, BY_INSN);
	ck_assert(!session_snapshot(s, "c", &err));
	ck_assert(!session_restart(s, &err));
	ck_assert(!session_snapshot(s, "a", &err));
	ck_assert_int_eq(session_nsnapshots(s), 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(session_snapshot_at(s, i, &icount, &time), i == 0 ? "a" : i == 1 ? "b" : "c");
		ck_assert_uint_eq(icount, (u64)i * 500);
	}
	ck_assert(!session_restore(s, "b", &err));
	ck_assert_uint_eq(vm_state_hash(s->vm), hash);
	ck_assert_uint_eq(vm_icount(s->vm), 500);
	ck_assert(!session_snapshot(s, "c", &err)); /* replaced */
	ck_assert_int_eq(session_nsnapshots(s), 3);
	ck_assert_int_eq(session_restore(s, "d", &err), -ENOENT);
	ck_assert_int_eq(session_snapshot(s, "", &err), -EINVAL);

	ck_assert(!session_restart(s, &err));
	ck_assert(!session_goto_mark(s, "here", &err));
	ck_assert_uint_eq(vm_icount(s->vm), 500);
	ck_assert_uint_eq(vm_state_hash(s->vm), hash);
	ck_assert_int_eq(session_goto_mark(s, "there", &err), -ENOENT);
	closed(s, &f);
}
END_TEST

START_TEST(restart_is_a_fresh_machine)
{
	struct front fa, fb;
	struct session *a = session(&fa), *b = session(&fb);

	RUN(a, 7000000, BY_TIME);
	ck_assert(!session_set_register(a, 0, "rbx", 3, &err));
	ck_assert(!session_restart(a, &err));
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
	ck_assert_uint_eq(a->history.next, 1);
	ck_assert_uint_eq(a->history.reason[EXIT_IO].count, 0);
	RUN(a, 7000000, BY_TIME);
	RUN(b, 7000000, BY_TIME);
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
	closed(a, &fa);
	closed(b, &fb);
}
END_TEST

START_TEST(without_a_time_line)
{
	struct machine_options o = options();
	struct front f;

	o.smp_threads = true;
	o.cpus = 2;
	struct session *s = open_with(guest, sizeof(guest), &f, &o);
	ck_assert_ptr_null(s->timeline);
	ck_assert_int_eq(session_run(s, (struct amount){ 1000, BY_TIME }, &err), -ENOTSUP);
	ck_assert_int_eq(session_back(s, (struct amount){ 1, BY_INSN }, &err), -ENOTSUP);
	ck_assert_msg(strstr(err.text, "cannot go back: ") != NULL, "%s", err.text);
	STEP(s, 1, BY_EXIT);
	ck_assert_uint_ge(s->vm->guest_exits, 1);
	ck_assert(!session_restart(s, &err));
	ck_assert_uint_eq(s->vm->guest_exits, 0);
	closed(s, &f);
}
END_TEST

START_TEST(saved_and_loaded)
{
	char dir[] = "/tmp/session-test-XXXXXX", path[64], beside[80];
	struct front fa, fb;
	struct session *a = session(&fa), *b = session(&fb);

	ck_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/machine", dir);
	snprintf(beside, sizeof(beside), "%s.session", path);
	RUN(a, 777, BY_INSN);
	ck_assert(!session_mark(a, "m", &err));
	ck_assert_msg(!session_save(a, path, &err), "%s", err.text);
	ck_assert_msg(!session_load(b, path, &err), "%s", err.text);
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
	RUN(a, 500, BY_INSN);
	RUN(b, 500, BY_INSN);
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
	BACK(b, 100, BY_INSN);
	BACK(a, 100, BY_INSN);
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
	ck_assert(!access(beside, R_OK));
	unlink(path);
	unlink(beside);
	rmdir(dir);
	closed(a, &fa);
	closed(b, &fb);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		steps_and_runs, ends_are_reasons_and_the_session_stays, a_budget_ends_every_run, a_tick_can_pause_and_not_run,
		history_is_the_same_however_it_was_cut, back_is_where_it_was, back_by_exits_mirrors_forward, goto_runs_on_ahead,
		snapshots_and_marks, restart_is_a_fresh_machine, without_a_time_line, saved_and_loaded,
	};
	return unit_run("session", tests, ARRAY_LEN(tests));
}
