/* SPDX-License-Identifier: GPL-3.0-or-later
 * vtx.c - the sequence on the host's processor, but through the VT-x engine: in a guest's user mode.
 *
 * Rule: the guest's kernel is 256 times HLT.  An exception leads to the one of its vector, on a stack of the kernel's;
 * what the processor pushed there is what is compared.
 *
 * Kernel pages, beside the TSS: GDT, IDT, handlers, stack.
 */
#include <stdio.h>
#include <string.h>

#include "core/vm.h"
#include "core/vtx/vtx.h"
#include "tests/native/native.h"

enum { TSS = 0x6000, PT_KERNEL = 0x7000, GDT = 0x8000, IDT = 0x9000, HANDLERS = 0xa000, STACK = 0xb000 };
#define TSS_AT 0x30000000ull
#define GDT_AT (TSS_AT + 0x1000)
#define IDT_AT (TSS_AT + 0x2000)
#define HANDLERS_AT (TSS_AT + 0x3000)
#define STACK_AT (TSS_AT + 0x4000)
enum { NS_MAX = 2000000000, KERNEL_CS = 8 }; /* of the host, which may have other things to do meanwhile */

static struct guest *vtx_guest;
static u32 lost;

static void put(struct vm *vm, u64 gpa, u64 value)
{
	mem_poke(&vm->mem, gpa, &value, 8);
}

/* SDM 3A figure 6-8.  Only INT3 and INTO may be called by user programs, as under Linux. */
static void put_gate(struct vm *vm, u32 vector)
{
	u64 to = HANDLERS_AT + 16 * vector, dpl = vector == VEC_BP || vector == VEC_OF ? 3 : 0;
	const u8 hlt = 0xf4;

	put(vm, IDT + 16 * vector, (to & 0xffff) | (u64)KERNEL_CS << 16 | (0x8e00 | dpl << 13) << 32 | (to >> 16 & 0xffff) << 48);
	put(vm, IDT + 16 * vector + 8, to >> 32);
	mem_poke(&vm->mem, HANDLERS + 16 * vector, &hlt, 1);
}

static void build_kernel(struct vm *vm)
{
	for (u32 i = 1; i < 5; i++)
		put(vm, PT_KERNEL + 8 * ((TSS_AT >> 12 & 511) + i), (GDT + 0x1000 * (i - 1)) | PTE_P | PTE_W);
	put(vm, GDT + KERNEL_CS, 0x00af9b000000ffff);
	put(vm, GDT + 0x10, 0x00cf93000000ffff);
	put(vm, GDT + 0x20, 0x00cffb000000ffff); /* Linux's user segments: 32-bit code, data, 64-bit code */
	put(vm, GDT + 0x28, 0x00cff3000000ffff);
	put(vm, GDT + 0x30, 0x00affb000000ffff);
	put(vm, TSS + 4, STACK_AT + 0x1000); /* RSP0 */
	for (u32 i = 0; i < 256; i++)
		put_gate(vm, i);
}

/* A KVM without hardware of its own to lean on may lose NT when it takes over from the guest's program. */
static void find_lost_flags(void)
{
	struct sequence q = { .mode = MODE_64, .start = CODE_AT, .rounds = 1,
			      .init = { .gpr = { [RSP] = DATA_AT + 64 }, .flags = FLAG_1 | FLAG_IF | FLAG_NT } };
	struct outcome out;

	q.code[0] = 0xf4;
	q.len = 1;
	vtx_run(&q, &out);
	lost = ~out.s.flags & FLAG_NT;
	if (lost)
		printf("rule: this host's KVM loses the flag NT when a user program begins or ends: left out\n");
}

bool vtx_open(const u16 *selectors, const u8 *data, struct err *err)
{
	if (engine_vtx.available(err))
		return false;
	vtx_guest = guest_open_on(&engine_vtx, selectors, data, err);
	if (!vtx_guest)
		return false;
	build_kernel(guest_vm(vtx_guest));
	find_lost_flags();
	return true;
}

void vtx_close(void)
{
	guest_close(vtx_guest);
	vtx_guest = NULL;
}

static bool has_error_code(u8 vector)
{
	return vector == VEC_DF || (vector >= VEC_TS && vector <= VEC_PF) || vector == VEC_AC;
}

/* The frame in the kernel's stack (SDM 3A figure 6-9). */
static void take_frame(struct vm *vm, const struct sequence *q, const struct x86_state *s, struct outcome *out)
{
	u64 frame[6], *f = frame;

	out->vector = (u8)((s->rip[0] - HANDLERS_AT) / 16);
	mem_read(&vm->mem, STACK + (s->gpr[RSP] - STACK_AT), frame, sizeof(frame));
	if (has_error_code(out->vector))
		out->error = (u32)*f++;
	out->s.rip = f[0];
	out->s.flags = f[2] & ~(u64)FLAG_RF;
	out->s.gpr[RSP] = f[3];
	out->cr2 = out->vector == VEC_PF ? s->cr2[0] : 0;
	if (out->vector == VEC_GP && out->s.rip == sequence_exit(q)) {
		out->vector = VECTOR_NONE;
		out->error = 0;
	}
}

void vtx_run(const struct sequence *q, struct outcome *out)
{
	struct vm *vm = guest_vm(vtx_guest);
	struct vcpu *v = &vm->vcpu[0];
	struct x86_state *s = guest_prepare(vtx_guest, q, out);
	const struct run_limit limit = { .insns = NS_MAX };
	struct vm_exit exit = { 0 };

	s->gdtr_base[0] = GDT_AT;
	s->gdtr_limit[0] = 0x4f;
	s->idtr_base[0] = IDT_AT;
	s->idtr_limit[0] = 0xfff;
	s->activity[0] = ACT_ACTIVE;
	vm->engine->set(v, s, ST_GPR | ST_SEG | ST_PENDING, NULL);
	do
		vm->engine->run(v, &limit, &exit);
	while (exit.reason == EXIT_EXT_INTR);
	vm->engine->get(v, s, ST_GPR | ST_CTRL);
	memcpy(out->s.gpr, s->gpr, sizeof(s->gpr));
	out->s.rip = s->rip[0];
	out->s.flags = s->rflags[0];
	out->vector = VECTOR_STUCK;
	out->lost = lost;
	if (exit.reason == EXIT_HLT && exit.rip - HANDLERS_AT < 0x1000)
		take_frame(vm, q, s, out);
}

/* ---- where KVM emulates ---- */

static u64 excused[3];

/* INT n behind a prefix that means nothing to it: the processor's #GP says which gate it was (SDM 3A 6.13). */
static bool is_prefixed_int(const struct sequence *q, int at, const struct outcome *interp)
{
	const struct item *i = &q->item[at];
	const u8 *end = q->code + i->at + i->len;

	return i->len > 2 && end[-2] == 0xcd && interp->vector == VEC_GP && interp->error == end[-1] * 8u + 2;
}

/* A KVM that executes the guest's kernel by its emulator comes in for a user program's #GP and #UD too: what the emulator
 * does not know is #UD for it, a POP to a non-canonical address is #SS, it does not know that LOCK in front of a hint
 * is invalid, and it goes on behind an INT n with a prefix. */
bool vtx_excuses(const struct sequence *q, const struct outcome *native, const struct outcome *interp)
{
	int at = sequence_item_at(q, interp->s.rip);
	const u8 *code = at == NO_ITEM ? NULL : q->code + q->item[at].at;
	bool locked = code && memchr(code, 0xf0, q->item[at].len);

	if (!lost)
		return false;
	if ((native->vector == VEC_UD || native->vector == VEC_SS) && interp->vector == VEC_GP && native->s.rip == interp->s.rip)
		return ++excused[0];
	if (at != NO_ITEM && is_prefixed_int(q, at, interp))
		return ++excused[2];
	return interp->vector == VEC_UD && locked && native->s.rip != interp->s.rip && ++excused[1];
}

void vtx_print_rules(void)
{
	if (!vtx_guest)
		return;
	printf("rule: %7llu  #GP of an instruction that KVM's emulator does not know, or takes for one of the stack: #UD, #SS\n", (unsigned long long)excused[0]);
	printf("rule: %7llu  LOCK in front of a hint: KVM's emulator does not mind\n", (unsigned long long)excused[1]);
	printf("rule: %7llu  INT n with a prefix: KVM's emulator goes on behind it\n", (unsigned long long)excused[2]);
}

u32 native_lost(void)
{
	return lost;
}

void native_run(const struct sequence *q, struct outcome *out)
{
	if (vtx_guest)
		vtx_run(q, out);
	else
		host_run(q, out);
}
