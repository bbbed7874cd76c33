/* SPDX-License-Identifier: GPL-3.0-or-later
 * session.c - a guest under observation: run, step, back, marks, registers, memory; and that looking changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/snapshot.h"
#include "core/timeline.h"
#include "debugger/runner.h"
#include "debugger/session/session.h"
#include "debugger/verbs/verb.h"
#include "tests/unit/unit.h"

/* At 7C00: sets up the PIT (1 ms), the PIC (vector 8) and interrupts; then for ever a letter to COM1, a loop over
 * memory, REP INSB of the clock's data port, RDRAND, HLT.  The handler counts at 502h. */
static const u8 guest[] = {
	0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xc7, 0x06, 0x20, 0x00,
	0x69, 0x7c, 0xa3, 0x22, 0x00, 0xb0, 0x34, 0xe6, 0x43, 0xb0, 0xa9, 0xe6, 0x40, 0xb0, 0x04, 0xe6,
	0x40, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6,
	0x21, 0xb0, 0xfe, 0xe6, 0x21, 0xfb, 0xba, 0xf8, 0x03, 0xa0, 0x74, 0x7c, 0xee, 0xfe, 0x06, 0x74,
	0x7c, 0x80, 0x26, 0x74, 0x7c, 0x4f, 0x80, 0x0e, 0x74, 0x7c, 0x40, 0xb9, 0x32, 0x00, 0x01, 0x0e,
	0x00, 0x05, 0xe2, 0xfa, 0xbf, 0x00, 0x06, 0xb9, 0x03, 0x00, 0xba, 0x71, 0x00, 0xf3, 0x6c, 0x66,
	0x0f, 0xc7, 0xf0, 0xa3, 0x04, 0x05, 0xf4, 0xeb, 0xcd, 0xff, 0x06, 0x02, 0x05, 0x50, 0xb0, 0x20,
	0xe6, 0x20, 0x58, 0xcf, 0x41,
};
/* A loop without end and without exits. */
static const u8 spin[] = { 0xeb, 0xfe };
/* CLI and HLT; an invalid interrupt table and UD2; the power-off port. */
static const u8 stops[] = { 0xfa, 0xf4 };
static const u8 dies[] = { 0xfa, 0x0f, 0x01, 0x1e, 0x0a, 0x7c, 0x0f, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0 };
static const u8 powers_off[] = { 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xeb, 0xfe };

static struct err err;
static u64 seed = 7;

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

/* ---- a front end ---- */

struct front {
	struct buf text, console;
	u32 ticks, pause_at;
	struct session *s;
	int nested;
};

static void on_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	struct front *f = arg;

	buf_put(kind == SAY_CONSOLE ? &f->console : &f->text, text, len);
}

static void on_tick(void *arg)
{
	struct front *f = arg;

	if (++f->ticks == 1)
		f->nested = session_run(f->s, (struct amount){ 1, BY_INSN }, NULL);
	if (f->ticks == f->pause_at)
		session_pause(f->s);
}

static void image_file(const u8 *code, size_t len, char *path, size_t size)
{
	u8 sector[512] = { 0 };
	int fd = memfd_create("guest", 0);

	memcpy(sector, code, len);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ck_assert(fd >= 0 && write(fd, sector, sizeof(sector)) == sizeof(sector));
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

static struct session *open_with(const u8 *code, size_t len, struct front *f, const struct machine_options *o)
{
	static char path[40];
	struct session_ui ui = { .say = on_say, .arg = f };
	struct machine_options opt = *o;
	struct session *s;

	memset(f, 0, sizeof(*f));
	image_file(code, len, path, sizeof(path));
	ck_assert(!machine_options_check(&opt, &(struct args_rest){ .item = { path }, .n = 1 }, &err));
	ck_assert_msg(session_open(&s, &opt, &ui, &err) == 0, "%s", err.text);
	f->s = s;
	return s;
}

static struct machine_options options(void)
{
	struct machine_options o;

	machine_options_init(&o);
	o.mem = 4 << 20;
	return o;
}

static struct session *session(struct front *f)
{
	struct machine_options o = options();

	return open_with(guest, sizeof(guest), f, &o);
}

static void closed(struct session *s, struct front *f)
{
	session_close(s);
	buf_free(&f->text);
	buf_free(&f->console);
}

#define RUN(s, n, unit) ck_assert_msg(session_run(s, (struct amount){ n, unit }, &err) == 0, "%s", err.text)
#define STEP(s, n, unit) ck_assert_msg(session_step(s, (struct amount){ n, unit }, &err) == 0, "%s", err.text)
#define BACK(s, n, unit) ck_assert_msg(session_back(s, (struct amount){ n, unit }, &err) == 0, "%s", err.text)

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

/* ---- registers and memory ---- */

static u64 reg(struct session *s, const char *name)
{
	u64 value = 0;

	ck_assert_msg(session_register(s, 0, name, &value), "%s is unknown", name);
	return value;
}

START_TEST(registers_by_name)
{
	struct front f;
	struct session *s = session(&f);
	struct x86_state st;
	u64 value, old;

	for (int i = 0; session_register_name(i); i++)
		ck_assert_msg(session_register(s, 0, session_register_name(i), &value), "%s", session_register_name(i));
	ck_assert(!session_set_register(s, 0, "rax", 0x1122334455667788, &err));
	ck_assert_uint_eq(reg(s, "eax"), 0x55667788);
	ck_assert_uint_eq(reg(s, "ax"), 0x7788);
	ck_assert_uint_eq(reg(s, "ah"), 0x77);
	ck_assert_uint_eq(reg(s, "$al"), 0x88);
	ck_assert(!session_set_register(s, 0, "ah", 0xee, &err));
	ck_assert_uint_eq(reg(s, "rax"), 0x112233445566ee88);
	ck_assert(!session_set_register(s, 0, "eax", 1, &err)); /* as the processor does it */
	ck_assert_uint_eq(reg(s, "rax"), 1);
	ck_assert(!session_set_register(s, 0, "rflags.ZF", 1, &err));
	ck_assert_uint_eq(reg(s, "rflags") & FLAG_ZF, FLAG_ZF);
	ck_assert_int_eq(session_set_register(s, 0, "rflags.ZF", 2, &err), -ERANGE);
	ck_assert(!session_set_register(s, 0, "es.base", 0x12340, &err));
	ck_assert(!session_set_register(s, 0, "xmm3.high", 99, &err));
	ck_assert(!session_set_register(s, 0, "star", 5, &err));
	ck_assert(!vcpu_get(&s->vm->vcpu[0], &st, ST_ALL));
	ck_assert_uint_eq(st.seg_base[SEG_ES], 0x12340);
	ck_assert_uint_eq(st.xmm[7], 99);
	ck_assert_uint_eq(st.star[0], 5);
	ck_assert_uint_eq(reg(s, "mtrr_fix[2]"), st.mtrr_fix[2]);
	for (int i = 0; i < X86_GPRS; i++) {
		ck_assert(x86_state_get_by_name(&st, x86_gpr_names[i], &old));
		ck_assert_uint_eq(reg(s, x86_gpr_names[i]), old);
	}
	ck_assert(!session_register(s, 0, "rzx", &value));
	ck_assert(!session_register(s, 1, "rax", &value));
	ck_assert(!session_register(s, 0, "", &value));
	ck_assert_int_eq(session_set_register(s, 0, "icount", 5, &err), -EPERM);
	closed(s, &f);
}
END_TEST

START_TEST(memory_by_address)
{
	struct front f;
	struct session *s = session(&f);
	u8 bytes[16] = { 0 };

	ck_assert_uint_eq(session_read(s, 0x7c00, bytes, 4), 4);
	ck_assert_mem_eq(bytes, guest, 4);
	ck_assert(!session_write(s, 0x8ffe, "abcd", 4, &err));
	ck_assert_uint_eq(session_read_physical(s, 0x8ffe, bytes, 4), 4);
	ck_assert_mem_eq(bytes, "abcd", 4);
	ck_assert_uint_eq(session_read_physical(s, (4 << 20) - 3, bytes, 16), 3); /* the end of memory */
	ck_assert_uint_eq(session_read_physical(s, 0xfee00000, bytes, 4), 0);     /* a device */
	ck_assert_int_eq(session_write_physical(s, (4 << 20) - 2, "abcd", 4, &err), -EFAULT);
	session_read_physical(s, (4 << 20) - 2, bytes, 2);
	ck_assert_mem_eq(bytes, "\0\0", 2); /* nothing was written */
	ck_assert_uint_eq(session_read(s, UINT64_MAX - 1, bytes, 16), 0);
	closed(s, &f);
}
END_TEST

/* Every verb that looks, as its own row has it as an example: the machine stays as it is. */
START_TEST(looking_changes_nothing)
{
	struct front f;
	struct session *s = session(&f);
	int looked = 0;

	RUN(s, 9500000, BY_TIME);
	u64 hash = vm_state_hash(s->vm), icount = vm_icount(s->vm), exits = s->vm->exits;
	for (int i = 0; i < verb_count; i++)
		for (const char *at = verbs[i]->example; verbs[i]->group == VERB_LOOK && *at; at += strcspn(at, "\n"), at += *at == '\n') {
			char *line = strndup(at, strcspn(at, "\n"));
			struct buf out = { 0 };

			if (!strstr(line, ".csv") && !strstr(line, ".png")) {
				verb_line(s, line, &out, &err);
				looked++;
			}
			ck_assert_msg(vm_state_hash(s->vm) == hash && vm_icount(s->vm) == icount && s->vm->exits == exits, "%s", line);
			buf_free(&out);
			free(line);
		}
	ck_assert_int_gt(looked, 40);
	closed(s, &f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		steps_and_runs, ends_are_reasons_and_the_session_stays, a_budget_ends_every_run, a_tick_can_pause_and_not_run,
		history_is_the_same_however_it_was_cut, back_is_where_it_was, back_by_exits_mirrors_forward, goto_runs_on_ahead,
		snapshots_and_marks, restart_is_a_fresh_machine, without_a_time_line, saved_and_loaded, registers_by_name,
		memory_by_address, looking_changes_nothing,
	};
	return unit_run("session", tests, ARRAY_LEN(tests));
}
