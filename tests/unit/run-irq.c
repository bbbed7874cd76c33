/* SPDX-License-Identifier: GPL-3.0-or-later
 * run-irq.c - facts about the run loop: interrupts, waiting, stops, turns; with an engine that replays a
 * list.
 */
#include <pthread.h>

#include "core/snapshot.h"
#include "tests/unit/unit.h"
#include "tests/watch.h"

/* ---- interrupts ---- */

START_TEST(interrupt_waits_for_its_window)
{
	static const struct fake_insn program[] = { { 10, FAKE_EXIT, OUT(0x44, 1) }, DO(50, FAKE_STI) };
	struct vm *vm = MACHINE(program);
	struct seen seen = { 0 };
	const struct fake_cpu *f = fake_of(vm, 0);

	vm_subscribe(vm, EV_BIT(exit) | EV_BIT(intr), see, &seen);
	ck_assert_int_eq(vm_run(vm, 100, &err), STOP_BUDGET);
	ck_assert_int_eq(f->ndelivered, 1);
	ck_assert_uint_eq(f->delivered[0].vector, 0x20);
	ck_assert_uint_eq(f->delivered[0].icount, 52); /* STI, and the instruction in its shadow */
	ck_assert_uint_eq(seen.row[1].value, EXIT_INTR_WINDOW);
	ck_assert_uint_eq(seen.row[2].kind, EV_intr);
	ck_assert(!f->window);
	ck_assert(!vm->vcpu[0].intr);
	vm_destroy(vm);
}
END_TEST

START_TEST(stopped_between_delivery_and_handler)
{
	static const struct fake_insn program[] = { { 10, FAKE_EXIT, OUT(0x44, 1) }, DO(50, FAKE_STI) };
	struct vm *vm = MACHINE(program);
	struct seen seen = { .stop_at = 1 };

	vm_subscribe(vm, EV_BIT(intr), see, &seen);
	ck_assert_int_eq(vm_run(vm, 100, &err), STOP_EVENT);
	ck_assert_uint_eq(vm_icount(vm), 52);
	ck_assert_int_eq(fake_of(vm, 0)->ndelivered, 0); /* on its way */
	ck_assert_int_eq(vm_run(vm, 100, &err), STOP_BUDGET);
	ck_assert_uint_eq(fake_of(vm, 0)->delivered[0].icount, 52);
	vm_destroy(vm);
}
END_TEST

START_TEST(request_that_goes_away)
{
	static const struct fake_insn program[] = { { 10, FAKE_EXIT, OUT(0x44, 1) },
						    { 20, FAKE_EXIT, OUT(0x44, 0) },
						    DO(50, FAKE_STI) };
	struct vm *vm = MACHINE(program);

	ck_assert_int_eq(vm_run(vm, 15, &err), STOP_BUDGET);
	ck_assert(fake_of(vm, 0)->window);
	ck_assert_int_eq(vm_run(vm, 100, &err), STOP_BUDGET);
	ck_assert_int_eq(fake_of(vm, 0)->ndelivered, 0);
	ck_assert(!fake_of(vm, 0)->window);
	vm_destroy(vm);
}
END_TEST

/* A controller that cannot name a vector, a line nobody takes down: the guest goes on, the budget holds. */
START_TEST(storms_end_with_the_budget)
{
	static const struct fake_insn program[] = { DO(0, FAKE_STI),
						    { 10, FAKE_EXIT, OUT(0x44, 1) },
						    DO(20, FAKE_STI),
						    DO(21, FAKE_STI),
						    DO(40, FAKE_STI) };
	struct vm *vm = MACHINE(program);

	ticker.vector = -1;
	ticker.s.stuck[0] = 1;
	ck_assert_int_eq(vm_run(vm, 1000, &err), STOP_BUDGET);
	ck_assert_int_eq(fake_of(vm, 0)->ndelivered, 0);
	vm_destroy(vm);
	vm = MACHINE(program);
	ticker.s.stuck[0] = 1;
	ck_assert_int_eq(vm_run(vm, 1000, &err), STOP_BUDGET);
	ck_assert_int_eq(fake_of(vm, 0)->ndelivered, 3); /* after 10, 21 and 40 */
	ck_assert_uint_eq(vm_icount(vm), 1000);
	vm_destroy(vm);
	vm = MACHINE(program);
	vm->vcpu[0].intc.ack = NULL;
	ck_assert_int_eq(vm_run(vm, 1000, &err), STOP_BUDGET);
	vm_destroy(vm);
}
END_TEST

START_TEST(nmi_comes_first_and_waits_for_iret)
{
	static const struct fake_insn program[] = {
		DO(0, FAKE_STI),
		DO(50, FAKE_IRET),
		DO(60, FAKE_IRET),
	};
	struct vm *vm = MACHINE(program);
	const struct fake_cpu *f = fake_of(vm, 0);

	ck_assert_int_eq(vm_run(vm, 10, &err), STOP_BUDGET);
	vm_nmi_line(vm, 0, 1);
	vm_intr_line(vm, 0, 1);
	ck_assert_int_eq(vm_run(vm, 10, &err), STOP_BUDGET);
	ck_assert_int_eq(f->ndelivered, 1);
	ck_assert_uint_eq(f->delivered[0].vector, VEC_NMI);
	ck_assert_uint_eq(f->delivered[0].icount, 10);
	vm_nmi_line(vm, 0, 1); /* a second one while the first is handled */
	ck_assert_int_eq(vm_run(vm, 100, &err), STOP_BUDGET);
	ck_assert_uint_eq(f->delivered[1].vector, VEC_NMI);
	ck_assert_uint_eq(f->delivered[1].icount, 51);
	ck_assert_uint_eq(f->delivered[2].vector, 0x20);
	ck_assert_uint_eq(f->delivered[2].icount, 61);
	ck_assert_int_eq(f->ndelivered, 3);
	vm_destroy(vm);
}
END_TEST

/* ---- waiting ---- */

START_TEST(halted_with_interrupts_off)
{
	static const struct fake_insn program[] = { { 5, FAKE_EXIT, OUT(0x40, 100) }, DO(10, FAKE_HLT) };
	static const struct fake_insn pending[] = { { 10, FAKE_EXIT, { .reason = EXIT_HLT } } };
	struct vm *vm = MACHINE(program);

	ck_assert_int_eq(vm_run(vm, 0, &err),
			 STOP_HALTED); /* a timer runs, but nothing it does can wake the guest */
	ck_assert_uint_eq(vm->clock.now, 11);
	ck_assert_uint_eq(vm_icount(vm), 11);
	vm_nmi_line(vm, 0, 1); /* but this can */
	ck_assert_int_eq(vm_run(vm, 5, &err), STOP_BUDGET);
	ck_assert_uint_eq(vm_icount(vm), 16);
	vm_destroy(vm);
	vm = MACHINE(pending);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_HALTED);
	ck_assert_uint_eq(vm_icount(vm), 11); /* HLT itself has retired, whichever way the engine counts it */
	vm_destroy(vm);
}
END_TEST

START_TEST(halted_until_a_timer)
{
	static const struct fake_insn program[] = {
		{ 5, FAKE_EXIT, OUT(0x40, 200) }, DO(8, FAKE_STI),  DO(10, FAKE_HLT),
		{ 20, FAKE_EXIT, OUT(0x40, 0) },  DO(21, FAKE_STI), DO(30, FAKE_HLT)
	};
	struct vm *vm = MACHINE(program);

	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_HALTED); /* at 30 no timer is left */
	ck_assert_int_eq(fake_of(vm, 0)->ndelivered, 1);
	ck_assert_uint_eq(fake_of(vm, 0)->delivered[0].icount, 11);
	ck_assert_uint_eq(vm_icount(vm), 31);
	ck_assert_uint_eq(vm->clock.now, 5 + 200000 + 20); /* the tick, and the 20 instructions after it */
	vm_destroy(vm);
}
END_TEST

/* The tick comes again and again, but its interrupt is masked: no instruction, no budget; it has to end all
 * the same. */
START_TEST(halted_for_ever_by_a_useless_timer)
{
	static const struct fake_insn program[] = { { 5, FAKE_EXIT, OUT(0x40, 1) },
						    DO(8, FAKE_STI),
						    DO(10, FAKE_HLT) };
	struct vm *vm = MACHINE(program);

	ticker.out.set = NULL;
	ck_assert_int_eq(vm_run(vm, 1000, &err), STOP_HALTED);
	vm_destroy(vm);
}
END_TEST

/* ---- stops ---- */

static void *stop_soon(void *arg)
{
	struct vm *vm = arg;

	while (__atomic_load_n(&fake_of(vm, 0)->runs, __ATOMIC_SEQ_CST) == 0)
		;
	vm_request_stop(vm);
	return NULL;
}

START_TEST(stop_from_another_thread)
{
	struct vm *vm = machine(NULL, 0);
	pthread_t thread;

	vm_request_stop(vm); /* before: not lost */
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_USER);
	ck_assert_uint_eq(vm_icount(vm), 0);
	ck_assert_int_eq(vm_run(vm, 10, &err), STOP_BUDGET);
	fake_of(vm, 0)->runs = 0;
	ck_assert_int_eq(pthread_create(&thread, NULL, stop_soon, vm), 0);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_USER);
	pthread_join(thread, NULL);
	vm_destroy(vm);
}
END_TEST

START_TEST(power_off_and_its_status)
{
	static const struct fake_insn program[] = { { 7, FAKE_EXIT, OUT(0x42, 33) } };
	struct vm *vm = MACHINE(program);
	struct seen seen = { 0 };

	vm_subscribe(vm, EV_BIT(stop), see, &seen);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_POWER_OFF);
	ck_assert_int_eq(vm->stop_status, 33);
	ck_assert_uint_eq(vm_icount(vm), 8);
	ck_assert_int_eq(seen.n, 1);
	ck_assert_uint_eq(seen.row[0].value, STOP_POWER_OFF);
	ck_assert_str_eq(stop_why_name(STOP_POWER_OFF), "power-off");
	vm_destroy(vm);
}
END_TEST

START_TEST(reset_by_the_guest)
{
	static const struct fake_insn program[] = { { 7, FAKE_EXIT, OUT(0x43, 1) },
						    { 3, FAKE_EXIT, OUT(0x45, 1) } };
	struct vm *vm = MACHINE(program);
	struct x86_state s;
	u8 byte = 0x99;

	mem_write(&vm->mem, 0x1000, &byte, 1);
	ck_assert_int_eq(vm_run(vm, 8, &err), STOP_BUDGET);
	ck_assert(vm->reset_wanted);
	ck_assert_int_eq(vm_run(vm, 12, &err), STOP_BUDGET);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert_uint_eq(s.rip[0], 0xfff0 + 12);
	ck_assert_uint_eq(s.seg_base[SEG_CS], 0xffff0000);
	ck_assert_uint_eq(vm_icount(vm), 20);      /* counts go on */
	ck_assert_uint_eq(s.tsc_offset[0] + 8, 0); /* the time-stamp counter starts anew */
	ck_assert_uint_eq(ticker.s.memory[5], 0x5a);
	byte = 0;
	mem_read(&vm->mem, 0x1000, &byte, 1);
	ck_assert_uint_eq(byte, 0x99); /* memory stays */
	vm_destroy(vm);
}
END_TEST

START_TEST(triple_fault_stays)
{
	static const struct fake_insn program[] = { { 7, FAKE_EXIT, { .reason = EXIT_TRIPLE_FAULT } } };
	struct vm *vm = MACHINE(program);

	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_TRIPLE_FAULT);
	ck_assert_uint_eq(vm_icount(vm), 7);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_TRIPLE_FAULT);
	vm_reset(vm);
	ck_assert_int_eq(vm_run(vm, 5, &err), STOP_BUDGET);
	vm_destroy(vm);
}
END_TEST

/* ---- several processors, and creation ---- */

START_TEST(turns_of_a_fixed_quantum)
{
	static const struct fake_insn halts[] = { DO(35000, FAKE_HLT) };
	struct vm *vm = ticker_machine(&ticker, &fake_engine, 3, &err);
	u64 split[3], hash = 0;

	for (int cut = 0; cut < 2; cut++) {
		if (cut)
			vm = ticker_machine(&ticker, &fake_engine, 3, &err);
		for (u32 i = 0; i < 3; i++) {
			fake_program(vm, i, halts, 1);
			fake_of(vm, i)->s.rip[0] = 0;
		}
		vm->vcpu[1].activity = fake_of(vm, 1)->s.activity[0] =
			ACT_ACTIVE; /* the third still waits for its SIPI */
		if (cut)
			for (int i = 0; i < 45; i++)
				ck_assert_int_eq(vm_run(vm, 1001, &err), STOP_BUDGET);
		ck_assert_int_eq(vm_run(vm, 45100 - vm_icount(vm), &err), STOP_BUDGET);
		for (u32 i = 0; i < 3; i++)
			split[i] = vm->vcpu[i].clock_icount;
		ck_assert_uint_eq(split[0], 25100);
		ck_assert_uint_eq(split[1], 20000);
		ck_assert_uint_eq(split[2], 0);
		ck_assert(cut == 0 || vm_state_hash(vm) == hash);
		hash = vm_state_hash(vm);
		ck_assert_int_eq(vm_run(vm, 0, &err), STOP_HALTED);
		ck_assert_uint_eq(vm->vcpu[0].clock_icount, 35001);
		ck_assert_uint_eq(vm->vcpu[1].clock_icount, 35001);
		vm_destroy(vm);
	}
}
END_TEST

START_TEST(a_halt_is_complete_before_the_next_turn)
{
	static const struct fake_insn first[] = { { 10, FAKE_EXIT, { .reason = EXIT_HLT } } };
	static const struct fake_insn second[] = { { 5, FAKE_EXIT, OUT(0x40, 9) } };
	struct vm *vm = ticker_machine(&ticker, &fake_engine, 2, &err);

	fake_program(vm, 0, first, 1);
	fake_program(vm, 1, second, 1);
	fake_of(vm, 0)->s.rip[0] = fake_of(vm, 1)->s.rip[0] = 0;
	vm->vcpu[1].activity = fake_of(vm, 1)->s.activity[0] = ACT_ACTIVE;
	ck_assert_int_eq(vm_run(vm, 100, &err), STOP_BUDGET);
	ck_assert_uint_eq(ticker.s.due[0], 11 + 5 + 9000);
	vm_destroy(vm);
}
END_TEST

/* Two processors that use one device, halt, and are stopped at each exit or after each instruction. */
START_TEST(turns_in_pieces_are_the_same_turns)
{
	static const struct fake_insn first[] = {
		{ 50, FAKE_EXIT, OUT(0x40, 9) },
		DO(60, FAKE_STI),
		{ 100, FAKE_EXIT, { .reason = EXIT_HLT } },
		{ 110, FAKE_EXIT, IN(0x41) },
		{ 120, FAKE_EXIT, OUT(0x40, 5) },
		{ 200, FAKE_JMP, { .qualification = 60 } },
	};
	static const struct fake_insn second[] = {
		{ 20, FAKE_EXIT, OUT(0x40, 7) },
		{ 90, FAKE_TWICE, IN(0x45) },
		{ 300, FAKE_EXIT, OUT(0x44, 1) },
		{ 400, FAKE_JMP, { .qualification = 10 } },
	};
	u64 hash = 0, total = 40000;

	for (int how = 0; how < 3; how++) {
		struct vm *vm = ticker_machine(&ticker, &fake_engine, 2, &err);
		struct seen seen = { 0 };

		fake_program(vm, 0, first, ARRAY_LEN(first));
		fake_program(vm, 1, second, ARRAY_LEN(second));
		fake_of(vm, 0)->s.rip[0] = fake_of(vm, 1)->s.rip[0] = 0;
		vm->vcpu[1].activity = fake_of(vm, 1)->s.activity[0] = ACT_ACTIVE;
		if (how == 2)
			vm_subscribe(vm, EV_BIT(exit), see, &seen);
		while (vm_icount(vm) < total) {
			seen.n = 0;
			seen.stop_at = 1;
			vm_run(vm, how == 1 ? 1 : total - vm_icount(vm), &err);
		}
		ck_assert_uint_eq(vm_icount(vm), total);
		ck_assert(how == 0 || vm_state_hash(vm) == hash);
		hash = vm_state_hash(vm);
		vm_destroy(vm);
	}
}
END_TEST

START_TEST(bad_configurations)
{
	struct vm_config good = { .engine = &fake_engine, .mem_size = 1 << 20, .cpus = 1 }, c;
	struct vm *vm = vm_create(&good, &err);

	ck_assert(vm != NULL);
	vm_destroy(vm);
	vm_destroy(NULL);
#define REFUSED(change, words) \
	do { \
		c = good; \
		change; \
		memset(&err, 0, sizeof(err)); \
		ck_assert(vm_create(&c, &err) == NULL); \
		ck_assert_msg(strstr(err.text, words) != NULL, "%s", err.text); \
	} while (0)
	REFUSED(c.mem_size = 0, "memory of 0 bytes");
	REFUSED(c.mem_size = 5000, "multiple of 4096");
	REFUSED(c.mem_size = 1ull << 40, "1048576 MiB");
	REFUSED(c.cpus = 0, "0 processors");
	REFUSED(c.cpus = VM_VCPUS + 1, "expected 1 to 8");
	REFUSED(c.mem_span = 5, "whole pages");
}
END_TEST

START_TEST(devices_have_their_own_names_and_places)
{
	struct vm *vm = machine(NULL, 0);
	struct ticker second = { .vector = 1 };

	ck_assert_int_eq(device_init(&second.dev, &ticker_class, "ticker", &second.s, &vm->world, &err), 0);
	ck_assert_int_eq(vm_add_device(vm, &second.dev, &err), -EEXIST);
	second.dev.name = "other";
	ck_assert_int_lt(vm_add_device(vm, &second.dev, &err), 0); /* the ports are taken */
	ck_assert_ptr_eq(vm_find_device(vm, "ticker"), &ticker.dev);
	ck_assert_ptr_null(vm_find_device(vm, "other"));
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		interrupt_waits_for_its_window,
		stopped_between_delivery_and_handler,
		request_that_goes_away,
		storms_end_with_the_budget,
		nmi_comes_first_and_waits_for_iret,
		halted_with_interrupts_off,
		halted_until_a_timer,
		halted_for_ever_by_a_useless_timer,
		stop_from_another_thread,
		power_off_and_its_status,
		reset_by_the_guest,
		triple_fault_stays,
		turns_of_a_fixed_quantum,
		a_halt_is_complete_before_the_next_turn,
		turns_in_pieces_are_the_same_turns,
		bad_configurations,
		devices_have_their_own_names_and_places,
	};

	return unit_run("run-irq", tests, ARRAY_LEN(tests));
}
