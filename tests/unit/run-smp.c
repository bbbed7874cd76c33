/* SPDX-License-Identifier: GPL-3.0-or-later
 * run-smp.c - facts about several processors: INIT and start-up, interrupts of each, turns, what only one of them
 * sees; and about what comes from outside.  With an engine that replays a list.
 */
#include "core/snapshot.h"
#include "tests/unit/unit.h"
#include "tests/watch.h"

#define PAUSE_AT(at) { (at), FAKE_EXIT, { .reason = EXIT_PAUSE } }

static struct vm *smp(u32 cpus)
{
	struct vm *vm = ticker_machine(&ticker, &fake_engine, cpus, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	for (u32 i = 0; i < cpus; i++)
		fake_of(vm, i)->s.rip[0] = 0;
	return vm;
}

static void activate(struct vm *vm, u32 i)
{
	vm->vcpu[i].activity = fake_of(vm, i)->s.activity[0] = ACT_ACTIVE;
}

/* ---- INIT and start-up (SDM 3A 8.4, table 9-1) ---- */

START_TEST(start_up)
{
	struct vm *vm = smp(3);
	struct seen seen = { 0 };
	struct x86_state s;

	vm_subscribe(vm, EV_BIT(exit), see, &seen);
	vm_init_line(vm, 1, 1);
	vm_init_line(vm, 1, 0);
	vm_sipi(vm, 1, 0x9a);
	ck_assert_int_eq(vm_run(vm, 10, &err), STOP_BUDGET);
	ck_assert_uint_eq(seen.row[0].value, EXIT_INIT);
	ck_assert_uint_eq(seen.row[1].value, EXIT_SIPI);
	ck_assert_uint_eq(vm->vcpu[1].activity, ACT_ACTIVE);
	ck_assert_uint_eq(vm->vcpu[2].activity, ACT_WAIT_SIPI);
	ck_assert_int_eq(vcpu_get(&vm->vcpu[1], &s, ST_ALL), 0);
	ck_assert_uint_eq(s.seg_sel[SEG_CS], 0x9a00);
	ck_assert_uint_eq(s.seg_base[SEG_CS], 0x9a000);
	ck_assert_uint_eq(s.rip[0], 0);
	vm_sipi(vm, 1, 0x55); /* one that runs does not listen */
	vm_sipi(vm, 0, 0x55);
	ck_assert_int_eq(vm_run(vm, 10, &err), STOP_BUDGET);
	vcpu_get(&vm->vcpu[1], &s, ST_ALL);
	ck_assert_uint_eq(s.seg_sel[SEG_CS], 0x9a00);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert_uint_eq(s.seg_sel[SEG_CS], 0xf000);
	ck_assert_uint_eq(vm->attention, 0);
	vm_destroy(vm);
}
END_TEST

START_TEST(init_keeps_what_the_manual_says)
{
	struct vm *vm = smp(2);
	struct x86_state *f = &fake_of(vm, 1)->s, s;

	activate(vm, 1);
	f->gpr[RBX] = 5, f->cr0[0] = 0x80050011 | CR0_CD | CR0_NW, f->cr3[0] = 0x1000, f->cr4[0] = 0x20;
	f->efer[0] = 0xd01, f->dr[0] = 77, f->star[0] = 99, f->xcr0[0] = 3, f->mxcsr[0] = 0x1234;
	f->pat[0] = 42, f->mtrr_def_type[0] = 0xc06, f->seg_sel[SEG_DS] = 0x10, f->nmi_blocked[0] = 1;
	f->tsc_offset[0] = 1234, f->fcw[0] = 0x37f, f->icount[0] = vm->vcpu[1].clock_icount;
	vm_nmi_line(vm, 1, 1);
	vm_init_line(vm, 1, 1);
	ck_assert_int_eq(vm_run(vm, 1, &err), STOP_BUDGET);
	vcpu_get(&vm->vcpu[1], &s, ST_ALL);
	ck_assert_uint_eq(s.activity[0], ACT_WAIT_SIPI);
	ck_assert_uint_eq(s.gpr[RBX], 0);
	ck_assert_uint_eq(s.gpr[RDX], cpu_signature(vm->cpu));
	ck_assert_uint_eq(s.cr0[0], 0x10 | CR0_CD | CR0_NW); /* cache bits stay */
	ck_assert(s.cr3[0] == 0 && s.cr4[0] == 0 && s.efer[0] == 0 && s.dr[0] == 0 && s.seg_sel[SEG_DS] == 0);
	ck_assert_uint_eq(s.dr[7], 0x400);
	ck_assert(s.nmi_blocked[0] == 0 && !vm->vcpu[1].nmi);
	/* unchanged: x87, SSE, XCR0, model-specific registers, the time-stamp counter */
	ck_assert(s.star[0] == 99 && s.pat[0] == 42 && s.mtrr_def_type[0] == 0xc06 && s.tsc_offset[0] == 1234);
	ck_assert(s.xcr0[0] == 3 && s.mxcsr[0] == 0x1234 && s.fcw[0] == 0x37f);
	vm_init_line(vm, 0, 1); /* the bootstrap processor begins again */
	ck_assert_int_eq(vm_run(vm, 1, &err), STOP_BUDGET);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert(s.activity[0] == ACT_ACTIVE && s.rip[0] == 0xfff1 && s.seg_base[SEG_CS] == 0xffff0000);
	vm_destroy(vm);
}
END_TEST

/* ---- interrupts ---- */

struct controller { struct vm *vm; u32 cpu; int vector, acks; };
static int controller_ack(void *arg)
{
	struct controller *c = arg;

	c->acks++;
	vm_intr_line(c->vm, (int)c->cpu, 0);
	return c->vector;
}

START_TEST(each_has_its_own_interrupts)
{
	static const struct fake_insn halts[] = { DO(0, FAKE_STI), DO(5, FAKE_HLT) };
	struct vm *vm = smp(3);
	struct controller c[2] = { { vm, 1, 0x41, 0 }, { vm, 2, 0x42, 0 } };

	for (u32 i = 1; i < 3; i++) {
		fake_program(vm, i, halts, 2);
		activate(vm, i);
		vm->vcpu[i].intc = (struct vcpu_intc){ controller_ack, &c[i - 1] };
	}
	ck_assert_int_eq(vm_run(vm, 30000, &err), STOP_BUDGET);
	ck_assert(vm->vcpu[1].activity == ACT_HALTED && vm->vcpu[2].activity == ACT_HALTED);
	vm_intr_line(vm, 2, 1);
	ck_assert_int_eq(vm_run(vm, 30000, &err), STOP_BUDGET);
	ck_assert(c[0].acks == 0 && c[1].acks == 1);
	ck_assert_uint_eq(fake_of(vm, 2)->delivered[0].vector, 0x42);
	ck_assert_uint_eq(vm->vcpu[1].activity, ACT_HALTED);
	ck_assert_uint_eq(vm->vcpu[2].activity, ACT_ACTIVE);
	vm_nmi_line(vm, 1, 1);
	ck_assert_int_eq(vm_run(vm, 30000, &err), STOP_BUDGET);
	ck_assert_uint_eq(fake_of(vm, 1)->delivered[0].vector, VEC_NMI);
	vm_destroy(vm);
}
END_TEST

START_TEST(halted_and_deaf)
{
	static const struct fake_insn deaf[] = { DO(5, FAKE_HLT) };
	struct vm *vm = smp(2);

	fake_program(vm, 0, deaf, 1);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_HALTED); /* the other one waits for its start-up */
	vm_intr_line(vm, 0, 1);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_HALTED);
	vm_destroy(vm);
}
END_TEST

/* ---- turns ---- */

START_TEST(pause_ends_the_turn)
{
	static const struct fake_insn spins[] = { PAUSE_AT(10), { 11, FAKE_JMP, { .qualification = 10 } } };
	struct vm *vm = smp(2);

	fake_program(vm, 0, spins, 2);
	activate(vm, 1);
	ck_assert_int_eq(vm_run(vm, 50000, &err), STOP_BUDGET);
	/* 11 instructions, then 10000 of the other, then JMP and PAUSE, and so on */
	ck_assert_uint_eq(vm->vcpu[0].clock_icount, 11 + 4 * 2);
	ck_assert_uint_eq(vm->vcpu[1].clock_icount, 50000 - (11 + 4 * 2));
	vm_destroy(vm);
}
END_TEST

START_TEST(pause_in_pieces)
{
	static const struct fake_insn spins[] = { PAUSE_AT(10), { 13, FAKE_JMP, { .qualification = 9 } } };
	static const struct fake_insn also[] = { PAUSE_AT(100), { 200, FAKE_EXIT, OUT(0x40, 3) },
						 { 300, FAKE_JMP, { .qualification = 50 } } };
	u64 hash = 0;

	for (u64 piece = 0; piece < 4; piece++) {
		struct vm *vm = smp(2);

		fake_program(vm, 0, spins, 2);
		fake_program(vm, 1, also, 3);
		activate(vm, 1);
		while (vm_icount(vm) < 20000) {
			u64 left = 20000 - vm_icount(vm), n = piece * piece * 37 + 1;

			vm_run(vm, piece && n < left ? n : left, &err);
		}
		ck_assert_uint_eq(vm_icount(vm), 20000);
		ck_assert(!piece || vm_state_hash(vm) == hash);
		hash = vm_state_hash(vm);
		vm_destroy(vm);
	}
}
END_TEST

/* ---- what only one processor sees ---- */

#define TOY_STATE(F, S) F(S, u64, value, 1, 0, HEX, "a number")
STATE(toy_state, 1, TOY_STATE);
struct toy {
	struct device dev;
	struct toy_state s;
	struct claim moved;
};

static u64 toy_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	return ((struct toy *)d)->s.value[0] + (claim->space == SPACE_MSR ? offset : 0);
}

static void toy_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	if (value == 13)
		d->world->refuse(d->world->arg);
	else
		((struct toy *)d)->s.value[0] = value;
}

static const struct claim toy_claims[] = {
	{ SPACE_MMIO, 0xd0000000, 16, NULL, 0, 4 }, /* where the ticker answers to the others */
	{ SPACE_MSR, 0x700, 4, NULL, 0 },
};
static const struct device_class toy_class = {
	.name = "toy", .brief = "a number", .layout = &toy_state_layout, .claims = toy_claims, .nclaims = 2,
	.read = toy_read, .write = toy_write,
};

static struct fake_insn load(u64 at, u64 gpa)
{
	return (struct fake_insn){ at, FAKE_EXIT,
				   { .reason = EXIT_EPT_VIOLATION, .gpa = gpa, .mmio = { .size = 4 } } };
}
static struct fake_insn rdmsr(u64 at, u32 index)
{
	return (struct fake_insn){ at, FAKE_EXIT, { .reason = EXIT_RDMSR, .msr = { .index = index } } };
}
static struct fake_insn wrmsr(u64 at, u32 index, u64 value)
{
	return (struct fake_insn){ at, FAKE_EXIT,
				   { .reason = EXIT_WRMSR, .msr = { .index = index, .value = value } } };
}

START_TEST(private_devices)
{
	static const char *const names[] = { "toy0", "toy1" };
	struct fake_insn program[] = { load(0, 0xd0000000), rdmsr(1, 0x703),    wrmsr(2, 0x700, 77),
				       wrmsr(3, 0x700, 13), load(4, 0xd0000000), rdmsr(5, 0x704),
				       load(6, 0xd0100000) };
	struct vm *vm = smp(3);
	struct toy toy[2] = { 0 };

	for (u32 i = 0; i < 2; i++) {
		struct device *d = &toy[i].dev;

		ck_assert_int_eq(device_init(d, &toy_class, names[i], &toy[i].s, &vm->world, &err), 0);
		ck_assert_int_eq(vm_add_cpu_device(vm, i, d, &err), 0);
		toy[i].s.value[0] = 1000 * (i + 1);
		toy[i].moved = (struct claim){ SPACE_MMIO, 0xd0100000, 16, NULL, 0, 4 };
		ck_assert_int_eq(vm->world.claim(vm->world.arg, d, &toy[i].moved, &err), 0);
	}
	for (u32 i = 0; i < 3; i++) {
		fake_program(vm, i, program, ARRAY_LEN(program));
		activate(vm, i);
	}
	ck_assert_int_eq(vm_run(vm, 30000, &err), STOP_BUDGET);
	for (u32 i = 0; i < 2; i++) {
		const struct vm_exit *got = fake_of(vm, i)->answer;

		ck_assert_uint_eq(got[0].mmio.value, 1000 * (i + 1));
		ck_assert_str_eq(got[0].who, names[i]);
		ck_assert_uint_eq(got[1].msr.value, 1000 * (i + 1) + 3);
		ck_assert(!got[1].msr.fault && !got[2].msr.fault);
		ck_assert(got[3].msr.fault);
		ck_assert_uint_eq(got[4].mmio.value, 77);
		ck_assert(got[5].msr.fault); /* one beyond */
		ck_assert_uint_eq(got[6].mmio.value, 77);
	}
	ck_assert_str_eq(fake_of(vm, 2)->answer[0].who, "ticker");
	ck_assert(fake_of(vm, 2)->answer[1].msr.fault);
	ck_assert_ptr_null(fake_of(vm, 2)->answer[6].who);
	vm->world.unclaim(vm->world.arg, &toy[0].dev, &toy[0].moved);
	ck_assert(!bus_answers(&vm->vcpu[0].mmio, 0xd0100000));
	ck_assert(bus_answers(&vm->vcpu[1].mmio, 0xd0100000));
	vm_destroy(vm);
}
END_TEST

/* ---- what comes from outside ---- */

struct outside { struct vm *vm; int polls; u64 waits[16], times[16]; u64 sleeps; int wake_after; };

static u64 outside_poll(void *arg, u64 wait_ns)
{
	struct outside *o = arg;

	if (o->polls < 16) {
		o->waits[o->polls] = wait_ns;
		o->times[o->polls] = o->vm->clock.now;
	}
	if (++o->polls == o->wake_after)
		vm_intr_line(o->vm, 0, 1);
	if (o->polls == 1000)
		vm_request_stop(o->vm);
	return wait_ns ? o->sleeps : 0;
}

START_TEST(polled_every_millisecond)
{
	for (u64 piece = 0; piece < 2; piece++) {
		struct vm *vm = smp(1);
		struct outside o = { .vm = vm };

		vm->outside = (struct vm_outside){ outside_poll, &o };
		while (vm_icount(vm) < 3500000)
			vm_run(vm, piece ? 250000 : 3500000, &err);
		ck_assert_int_eq(o.polls, 4); /* at the beginning, and after 1, 2 and 3 ms */
		for (int i = 0; i < 4; i++) {
			ck_assert_uint_eq(o.times[i], (u64)i * 1000000);
			ck_assert_uint_eq(o.waits[i], 0);
		}
		vm_destroy(vm);
	}
}
END_TEST

START_TEST(idle_time_is_slept)
{
	static const struct fake_insn program[] = { { 5, FAKE_EXIT, OUT(0x40, 200) }, DO(8, FAKE_STI), DO(10, FAKE_HLT) };
	struct vm *vm = MACHINE(program);
	struct outside o = { .vm = vm, .sleeps = 60000 };

	vm->outside = (struct vm_outside){ outside_poll, &o };
	ck_assert_int_eq(vm_run(vm, 12, &err), STOP_BUDGET); /* the tick wakes it after 200 us */
	ck_assert_int_eq(o.polls, 5);
	ck_assert_uint_eq(o.waits[1], 200005 - 11);
	ck_assert_uint_eq(o.waits[2], 200005 - 60011);
	ck_assert_uint_eq(o.waits[4], 200005 - 180011); /* it oversleeps; the clock stops at the deadline */
	ck_assert_uint_eq(vm->clock.now, 200005 + 1);
	vm_destroy(vm);
}
END_TEST

START_TEST(waiting_for_ever_for_somebody)
{
	static const struct fake_insn program[] = { DO(8, FAKE_STI), DO(10, FAKE_HLT) };
	struct vm *vm = MACHINE(program);
	struct outside o = { .vm = vm, .sleeps = 1000, .wake_after = 7 };

	vm->outside = (struct vm_outside){ outside_poll, &o };
	ck_assert_int_eq(vm_run(vm, 20, &err), STOP_BUDGET);
	ck_assert_int_eq(o.polls, 7);
	ck_assert_uint_eq(fake_of(vm, 0)->delivered[0].vector, 0x20);
	ck_assert_uint_eq(fake_of(vm, 0)->delivered[0].icount, 11);
	vm_destroy(vm);
	vm = MACHINE(program);
	o = (struct outside){ .vm = vm, .sleeps = 1000 };
	vm->outside = (struct vm_outside){ outside_poll, &o };
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_USER); /* nobody comes, until the user has enough */
	vm_destroy(vm);
}
END_TEST

START_TEST(who_does_not_sleep_jumps)
{
	static const struct fake_insn program[] = { { 5, FAKE_EXIT, OUT(0x40, 200) }, DO(8, FAKE_STI), DO(10, FAKE_HLT) };
	struct vm *vm = MACHINE(program);
	struct outside o = { .vm = vm };

	vm->outside = (struct vm_outside){ outside_poll, &o };
	ck_assert_int_eq(vm_run(vm, 12, &err), STOP_BUDGET);
	ck_assert_int_eq(o.polls, 2);
	ck_assert_uint_eq(vm->clock.now, 200005 + 1);
	vm_destroy(vm);
}
END_TEST

/* ---- snapshots ---- */

START_TEST(pins_travel)
{
	struct vm *a = smp(2), *b;
	struct ticker t;
	struct buf saved = { 0 };

	activate(a, 1);
	vm_intr_line(a, 1, 1);
	vm_nmi_line(a, 1, 1);
	vm_init_line(a, 0, 1);
	vm_sipi(a, 1, 0xff);
	ck_assert_int_eq(snapshot_save(a, &saved, &err), 0);
	b = ticker_machine(&t, &fake_engine, 2, &err);
	ck_assert_int_eq(snapshot_load(b, saved.data, saved.len, &err), 0);
	ck_assert(b->vcpu[1].intr && b->vcpu[1].nmi && !b->vcpu[0].nmi && b->vcpu[0].init);
	ck_assert_uint_eq(b->vcpu[1].sipi, 0x100);
	ck_assert_uint_eq(vm_state_hash(a), vm_state_hash(b));
	ck_assert_int_eq(vm_run(a, 5000, &err), STOP_BUDGET);
	ck_assert_int_eq(vm_run(b, 5000, &err), STOP_BUDGET);
	ck_assert_uint_eq(vm_state_hash(a), vm_state_hash(b));
	buf_free(&saved);
	vm_destroy(a);
	vm_destroy(b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		start_up,
		init_keeps_what_the_manual_says,
		each_has_its_own_interrupts,
		halted_and_deaf,
		pause_ends_the_turn,
		pause_in_pieces,
		private_devices,
		polled_every_millisecond,
		idle_time_is_slept,
		waiting_for_ever_for_somebody,
		who_does_not_sleep_jumps,
		pins_travel,
	};

	return unit_run("run-smp", tests, ARRAY_LEN(tests));
}
