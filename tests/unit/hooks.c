/* SPDX-License-Identifier: GPL-3.0-or-later
 * hooks.c - facts about what a debugger hangs on to: watched memory, exits before they are handled, and the events of
 * control registers, translations and bytes that go out.
 */
#include <errno.h>
#include <string.h>

#include "tests/unit/real-machine.h"

/* ---- a program, and what was seen of it ---- */

enum { SEEN = 64 };
static struct event seen[SEEN];
static int nseen, stop_at; /* EV_STOP at this one: 1, 2 ... */

static enum verdict see(void *arg, const struct event *ev)
{
	if (nseen < SEEN)
		seen[nseen++] = *ev;
	return nseen == stop_at ? EV_STOP : EV_GO;
}

/* The machine at CS:0, which is CODE, with this program; everything else is forgotten. */
static void program(const void *code, size_t len, u32 events)
{
	struct x86_state s;

	machine();
	s = fresh(0);
	s.rip[0] = 0;
	mem_write(&vm->mem, CODE, code, len);
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
	nseen = stop_at = 0;
	ck_assert_int_ge(vm_subscribe(vm, events, see, NULL), 0);
}
#define PROGRAM(events, ...) \
	do { \
		static const u8 code_[] = { __VA_ARGS__ }; \
		program(code_, sizeof(code_), events); \
	} while (0)

static u64 rip(void)
{
	struct x86_state s;

	ck_assert_int_eq(vcpu_get(&vm->vcpu[0], &s, ST_GPR), 0);
	return s.rip[0];
}

static struct watch watch_of(u64 at, u64 len, u8 kinds) { return (struct watch){ .at = at, .len = len, .kinds = kinds }; }

static void watch(u64 at, u64 len, u8 kinds)
{
	const struct watch w = watch_of(at, len, kinds);

	ck_assert_int_eq(vm_watch_set(vm, &w), 0);
}

static void one_watch(int i, u64 gla, u8 size, bool write, u64 value, u64 old)
{
	ck_assert_int_lt(i, nseen);
	ck_assert_uint_eq(seen[i].kind, EV_watch);
	ck_assert_uint_eq(seen[i].watch.gla, gla);
	ck_assert_uint_eq(seen[i].watch.size, size);
	ck_assert_uint_eq(seen[i].watch.write, write);
	ck_assert_uint_eq(seen[i].watch.value, value);
	ck_assert_uint_eq(seen[i].watch.old, old);
}

/* ---- watched memory ---- */

START_TEST(a_write_stops_behind_its_instruction)
{
	PROGRAM(EV_BIT(watch), 0x40,            /* inc ax */
		0xc7, 0x06, 0x01, 0x01, 0x34, 0x12, /* mov word [101h],1234h: a neighbour */
		0xc6, 0x06, 0x00, 0x01, 0x77,       /* mov byte [100h],77h */
		0x40, 0x40, 0x40);
	mem_write(&vm->mem, DATA + 0x100, "\x55", 1);
	watch(DATA + 0x100, 1, WATCH_WRITE);
	stop_at = 1;
	ck_assert_int_eq(vm_run(vm, 6, &err), STOP_EVENT);
	ck_assert_int_eq(nseen, 1);
	one_watch(0, DATA + 0x100, 1, true, 0x77, 0x55);
	ck_assert_uint_eq(seen[0].icount, 2);
	ck_assert_uint_eq(seen[0].time, 2);
	ck_assert_uint_eq(rip(), 12);
	ck_assert_uint_eq(vm_icount(vm), 3);
	ck_assert_int_eq(vm_run(vm, 3, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 1);
	vm_destroy(vm);
}
END_TEST

START_TEST(reading_and_changing)
{
	PROGRAM(EV_BIT(watch), 0xa0, 0x00, 0x01, /* mov al,[100h]: fills the TLBs, if anything does */
		0xc6, 0x06, 0x00, 0x01, 0x09,        /* mov byte [100h],9 */
		0x00, 0x06, 0x00, 0x01,              /* add [100h],al */
		0xff, 0x06, 0x00, 0x02,              /* inc word [200h] */
		0x8b, 0x0e, 0xff, 0x00);             /* mov cx,[0ffh]: one of its bytes */
	mem_write(&vm->mem, DATA + 0x100, "\x05", 1);
	vm_run(vm, 1, &err);
	watch(DATA + 0x100, 1, WATCH_READ);
	ck_assert_int_eq(vm_run(vm, 4, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 2);
	one_watch(0, DATA + 0x100, 1, false, 9, 0);
	one_watch(1, DATA + 0xff, 2, false, 0x0e00, 0); /* 9 + 5 */
	vm_destroy(vm);
}
END_TEST

START_TEST(the_processors_own_accesses)
{
	PROGRAM(EV_BIT(watch), 0xcc); /* int3 */
	watch(4 * VEC_BP, 4, WATCH_READ);
	watch(0x40000 + 0x6ffe, 2, WATCH_WRITE);
	stop_at = 3;
	ck_assert_int_eq(vm_run(vm, 5, &err), STOP_HALTED);
	ck_assert_int_eq(nseen, 2);
	ck_assert_uint_eq(seen[0].watch.write + seen[1].watch.write, 1);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(seen[i].watch.gla, seen[i].watch.write ? 0x46ffe : 4 * VEC_BP);
	vm_destroy(vm);
	/* and of an exception that no instruction makes by name */
	PROGRAM(EV_BIT(watch), 0x31, 0xc9, 0xf7, 0xf1); /* xor cx,cx; div cx */
	watch(0x40000 + 0x6ffa, 2, WATCH_WRITE);        /* where IP is pushed */
	stop_at = 1;
	ck_assert_int_eq(vm_run(vm, 5, &err), STOP_EVENT);
	one_watch(0, 0x46ffa, 2, true, 2, 0);
	ck_assert_uint_eq(rip(), HANDLERS + VEC_DE);
	vm_destroy(vm);
}
END_TEST

START_TEST(across_a_page)
{
	PROGRAM(EV_BIT(watch), 0x66, 0xc7, 0x06, 0xfe, 0x0f, 0x44, 0x33, 0x22, 0x11, /* mov dword [0ffeh],11223344h */
		0x66, 0xa1, 0xfd, 0x0f);                                                 /* mov eax,[0ffdh] */
	watch(DATA + 0x1001, 1, WATCH_WRITE | WATCH_READ);
	ck_assert_int_eq(vm_run(vm, 2, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 1);
	one_watch(0, DATA + 0x1000, 2, true, 0x1122, 0);
	vm_destroy(vm);
}
END_TEST

START_TEST(repeated_instructions_stop_in_between)
{
	struct x86_state s;

	PROGRAM(EV_BIT(watch), 0xf3, 0xaa, 0x40); /* rep stosb; inc ax */
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	s.gpr[RCX] = 100;
	s.gpr[RDI] = 0x200;
	s.gpr[RAX] = 0xab;
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
	watch(DATA + 0x240, 2, WATCH_WRITE);
	stop_at = 1;
	ck_assert_int_eq(vm_run(vm, 200, &err), STOP_EVENT);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert_uint_eq(s.gpr[RDI], 0x241);
	ck_assert_uint_eq(s.gpr[RCX], 100 - 0x41);
	ck_assert_uint_eq(s.rip[0], 0);
	stop_at = 0;
	ck_assert_int_eq(vm_run(vm, 101 - 0x41, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 2);
	one_watch(1, DATA + 0x241, 1, true, 0xab, 0);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert_uint_eq(s.gpr[RCX], 0);
	ck_assert_uint_eq(s.rip[0], 3);
	vm_destroy(vm);
}
END_TEST

START_TEST(linear_and_physical)
{
	struct watch w = watch_of(0x500, 1, WATCH_WRITE);

	PROGRAM(EV_BIT(watch), 0xbb, 0xff, 0xff, /* mov bx,0ffffh */
		0x8e, 0xdb,                          /* mov ds,bx */
		0xc6, 0x06, 0x10, 0x05, 0x66);       /* mov byte [510h],66h: linear 100500h */
	mem_set_a20(&vm->mem, false);
	watch(0x500, 1, WATCH_WRITE);
	ck_assert_int_eq(vm_run(vm, 3, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 0);
	vm_destroy(vm);
	PROGRAM(EV_BIT(watch), 0xbb, 0xff, 0xff, 0x8e, 0xdb, 0xc6, 0x06, 0x10, 0x05, 0x66);
	mem_set_a20(&vm->mem, false);
	w.physical = true;
	ck_assert_int_eq(vm_watch_set(vm, &w), 0);
	ck_assert_int_eq(vm_run(vm, 3, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 1);
	one_watch(0, 0x100500, 1, true, 0x66, 0);
	ck_assert_uint_eq(seen[0].watch.gpa, 0x500);
	vm_destroy(vm);
}
END_TEST

/* MOVSB asks the hypervisor for the store, and is begun again with the answer. */
START_TEST(told_once_though_restarted)
{
	struct x86_state s;

	PROGRAM(EV_BIT(watch) | EV_BIT(mem) | EV_BIT(mmio), 0xa4, 0x40); /* movsb; inc ax */
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	s.gpr[RSI] = 0x100;
	s.gpr[RDI] = 0x20;
	s.seg_base[SEG_ES] = RAM; /* there is nothing */
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
	mem_write(&vm->mem, DATA + 0x100, "\x05", 1);
	watch(DATA + 0x100, 1, WATCH_READ);
	watch(RAM + 0x20, 1, WATCH_WRITE);
	ck_assert_int_eq(vm_run(vm, 2, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 4);
	one_watch(0, DATA + 0x100, 1, false, 5, 0);
	ck_assert_uint_eq(seen[1].kind, EV_mem);
	ck_assert_uint_eq(seen[2].kind, EV_mmio);
	one_watch(3, RAM + 0x20, 1, true, 5, 0);
	vm_destroy(vm);
}
END_TEST

START_TEST(watches_are_counted)
{
	struct watch w = watch_of(DATA + 0x100, 1, WATCH_WRITE), bad = watch_of(5, 0, WATCH_WRITE);

	PROGRAM(EV_BIT(watch), 0xa2, 0x00, 0x01, 0xa2, 0x00, 0x01); /* mov [100h],al, twice */
	ck_assert_int_eq(vm_watch_set(vm, &bad), -EINVAL);
	bad = watch_of(5, 1, 0);
	ck_assert_int_eq(vm_watch_set(vm, &bad), -EINVAL);
	bad = watch_of(UINT64_MAX - 3, 5, WATCH_READ);
	ck_assert_int_eq(vm_watch_set(vm, &bad), -EINVAL);
	ck_assert_int_eq(vm_watch_set(vm, &w), 0);
	ck_assert_int_eq(vm_watch_set(vm, &w), 0);
	ck_assert_int_eq(vm->watches.n, 1);
	vm_watch_clear(vm, &w);
	vm_run(vm, 1, &err);
	ck_assert_int_eq(nseen, 1); /* the other one still looks */
	vm_watch_clear(vm, &w);
	vm_watch_clear(vm, &w); /* one too many */
	vm_run(vm, 1, &err);
	ck_assert_int_eq(nseen, 1);
	ck_assert_int_eq(vm->watches.n, 0);
	for (u64 i = 0; i < WATCHES; i++)
		watch(0x1000 + i, 1, WATCH_WRITE);
	ck_assert_int_eq(vm_watch_set(vm, &w), -ENOSPC);
	vm_destroy(vm);
}
END_TEST

START_TEST(breakpoints_are_counted)
{
	PROGRAM(EV_BIT(breakpoint), 0x40, 0x40, 0xeb, 0xfc); /* inc ax; inc ax; jmp the first */
	ck_assert_int_eq(vm_break_set(vm, CODE + 1), 0);
	ck_assert_int_eq(vm_break_set(vm, CODE + 1), 0);
	vm_break_clear(vm, CODE + 1);
	vm_run(vm, 3, &err);
	ck_assert_int_eq(nseen, 1);
	vm_break_clear(vm, CODE + 1);
	vm_run(vm, 30, &err);
	ck_assert_int_eq(nseen, 1);
	ck_assert_int_eq(vm->breaks.n, 0);
	vm_destroy(vm);
}
END_TEST

/* ---- exits, before anything is done about them ---- */

static struct { u64 rip, number; int set, raised, n; u8 vector; u16 reason; bool answer; } left;

static enum verdict on_leave(void *arg, const struct event *ev)
{
	struct vcpu *v = &vm->vcpu[ev->vcpu];
	struct x86_state s;

	if (ev->leave.reason != left.reason)
		return EV_GO;
	left.n++;
	left.number = ev->leave.number;
	ck_assert_int_eq(vcpu_get(v, &s, ST_ALL), 0);
	left.rip = s.rip[0];
	left.set = vcpu_set(v, &s, ST_ALL, &err);
	if (left.vector)
		left.raised = vcpu_exception(v, left.vector, 0x18);
	if (left.reason == EXIT_IO)
		v->exit.io.value = 0x77;
	return left.answer ? EV_ANSWERED : EV_GO;
}

START_TEST(an_answer_replaces_the_handler)
{
	struct x86_state s;

	PROGRAM(EV_BIT(exit), 0xe4, 0x45, 0x40); /* in al,45h; inc ax */
	memset(&left, 0, sizeof(left));
	left.reason = EXIT_IO;
	left.answer = true;
	vm_subscribe(vm, EV_BIT(leave), on_leave, NULL);
	ck_assert_int_eq(vm_run(vm, 2, &err), STOP_BUDGET);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert_uint_eq(s.gpr[RAX] & 0xff, 0x78);
	ck_assert_uint_eq(vm->port.unclaimed, 0); /* the bus was not asked */
	ck_assert_uint_eq(left.rip, 0);
	ck_assert_uint_eq(left.number, 1);
	ck_assert_int_eq(left.set, -EBUSY);
	ck_assert_uint_eq(seen[0].exit.number, 1);
	ck_assert_uint_eq(seen[0].exit.value, 0x77);
	vm_destroy(vm);
}
END_TEST

START_TEST(only_questions_can_be_answered)
{
	PROGRAM(EV_BIT(exit), 0xf4); /* hlt */
	memset(&left, 0, sizeof(left));
	left.reason = EXIT_HLT;
	left.answer = true;
	left.vector = VEC_GP;
	vm_subscribe(vm, EV_BIT(leave), on_leave, NULL);
	ck_assert_int_eq(vm_run(vm, 5, &err), STOP_HALTED);
	ck_assert_int_eq(left.n, 1);
	ck_assert_int_eq(left.raised, -EINVAL);
	ck_assert_int_eq(vcpu_exception(&vm->vcpu[0], VEC_GP, 0), -EINVAL); /* nobody leaves now */
	vm_destroy(vm);
}
END_TEST

START_TEST(an_exception_instead)
{
	static const struct { u8 code[4], len; u16 reason; } rows[] = {
		{ { 0xe4, 0x45 }, 2, EXIT_IO },
		{ { 0x0f, 0xa2 }, 2, EXIT_CPUID },
		{ { 0xf3, 0x6c }, 2, EXIT_IO },     /* rep insb, within */
		{ { 0x0f, 0x32 }, 2, EXIT_RDMSR },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct x86_state s;
		u16 pushed = 1;

		program(rows[i].code, rows[i].len, EV_BIT(fault));
		vcpu_get(&vm->vcpu[0], &s, ST_ALL);
		s.gpr[RCX] = 0x12345;
		s.gpr[RBX] = 0xb;
		ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
		memset(&left, 0, sizeof(left));
		left.reason = rows[i].reason;
		left.vector = VEC_NM;
		left.answer = true;
		vm_subscribe(vm, EV_BIT(leave), on_leave, NULL);
		ck_assert_int_eq(vm_run(vm, 3, &err), STOP_HALTED);
		ck_assert_int_eq(left.raised, 0);
		vcpu_get(&vm->vcpu[0], &s, ST_ALL);
		ck_assert_uint_eq(s.rip[0], HANDLERS + VEC_NM + 1); /* behind its HLT */
		ck_assert_uint_eq(s.gpr[RBX], 0xb);                 /* the instruction did nothing */
		ck_assert_uint_eq(s.gpr[RCX], 0x12345);
		mem_read(&vm->mem, 0x40000 + s.gpr[RSP], &pushed, 2);
		ck_assert_uint_eq(pushed, 0);
		ck_assert_int_eq(nseen, 1);
		ck_assert_uint_eq(seen[0].fault.vector, VEC_NM);
		vm_destroy(vm);
	}
}
END_TEST

/* A budget in the midst of it: the exception is delivered when the machine is looked at. */
START_TEST(an_exception_is_settled)
{
	struct x86_state s;

	PROGRAM(EV_BIT(exit), 0xe4, 0x45);
	memset(&left, 0, sizeof(left));
	left.reason = EXIT_IO;
	left.vector = VEC_GP;
	stop_at = 1; /* the exit, handled */
	vm_subscribe(vm, EV_BIT(leave), on_leave, NULL);
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_EVENT);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	ck_assert_uint_eq(s.rip[0], HANDLERS + VEC_GP);
	ck_assert_int_eq(left.n, 1);
	ck_assert_str_eq(seen[0].exit.what, "an exception instead");
	vm_destroy(vm);
}
END_TEST

/* ---- control registers, translations, bytes, resets ---- */

START_TEST(control_registers)
{
	PROGRAM(EV_BIT(cr) | EV_BIT(tlb), 0x40, 0x0f, 0x20, 0xc0, /* inc ax; mov eax,cr0 */
		0x66, 0x83, 0xc8, 0x08,                               /* or eax,8: TS */
		0x0f, 0x22, 0xc0,                                     /* mov cr0,eax */
		0x0f, 0x06,                                           /* clts */
		0x66, 0xb8, 0x00, 0x30, 0x00, 0x00,                   /* mov eax,3000h */
		0x0f, 0x22, 0xd8,                                     /* mov cr3,eax */
		0x0f, 0x01, 0x3e, 0x34, 0x12,                         /* invlpg [1234h] */
		0x66, 0x31, 0xc0, 0xb0, 0x80, 0x0f, 0x22, 0xe0);      /* xor eax,eax; mov al,80h: PGE; mov cr4,eax */
	ck_assert_int_eq(vm_run(vm, 11, &err), STOP_BUDGET);
	ck_assert_int_eq(nseen, 7);
	ck_assert_uint_eq(seen[0].kind, EV_cr);
	ck_assert_uint_eq(seen[0].cr.number, 0);
	ck_assert_uint_eq(seen[0].cr.value, seen[0].cr.old | CR0_TS);
	ck_assert_uint_eq(seen[0].cr.rip, 8);
	ck_assert_uint_eq(seen[0].icount, 3);
	ck_assert_uint_eq(seen[1].cr.value, seen[0].cr.old); /* CLTS */
	ck_assert_uint_eq(seen[2].cr.number, 3);
	ck_assert_uint_eq(seen[2].cr.value, 0x3000);
	ck_assert_uint_eq(seen[3].tlb.what, TLB_DROP_CR3);
	ck_assert_uint_eq(seen[4].tlb.what, TLB_DROP_PAGE);
	ck_assert_uint_eq(seen[4].tlb.gla, DATA + 0x1234);
	ck_assert_uint_eq(seen[4].tlb.rip, 22);
	ck_assert_uint_eq(seen[5].cr.number, 4);
	ck_assert_uint_eq(seen[6].tlb.what, TLB_DROP_MODE);
	vm_destroy(vm);
}
END_TEST

START_TEST(bytes_and_resets)
{
	PROGRAM(EV_BIT(out) | EV_BIT(reset), 0x40);
	vm->world.put_byte(vm->world.arg, "uart", 'a');
	vm_run(vm, 1, &err);
	vm_reset(vm);
	ck_assert_int_eq(nseen, 2);
	ck_assert_uint_eq(seen[0].kind, EV_out);
	ck_assert_uint_eq(seen[0].out.byte, 'a');
	ck_assert_str_eq(seen[0].out.channel, "uart");
	ck_assert_uint_eq(seen[1].kind, EV_reset);
	ck_assert_uint_eq(seen[1].reset.rip, 1);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_write_stops_behind_its_instruction, reading_and_changing, the_processors_own_accesses, across_a_page,
		repeated_instructions_stop_in_between, linear_and_physical, told_once_though_restarted, watches_are_counted,
		breakpoints_are_counted, an_answer_replaces_the_handler, only_questions_can_be_answered, an_exception_instead,
		an_exception_is_settled, control_registers, bytes_and_resets,
	};

	return unit_run("hooks", tests, ARRAY_LEN(tests));
}
