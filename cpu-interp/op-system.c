/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-system.c - instructions that talk to the processor as a machine, or to the hypervisor behind it: HLT,
 * CPUID, time, random numbers, hypercalls, caches and translations.
 * Rule: what the hypervisor decides is asked of it by cpu_ask; nothing changes before the answer is there.
 */
#include "core/threads.h"
#include "cpu-interp/ops.h"

/* Ask without wanting an answer: the hypervisor only sees that it happens. */
static bool intercept(struct cpu *c, const struct insn *o, bool wanted, enum exit_reason reason)
{
	if (!wanted)
		return true;
	struct vm_exit q = exit_question(c, o, reason);
	return cpu_ask(c, &q);
}

/* --- HLT --------------------------------------------------------------------------------------------- */

/* The instruction is over (RIP is past it) and the processor waits; c->cur = NULL says so to the loop. */
PLAIN(hlt)
{
	TRY(ring0(c));
	c->exit = exit_question(c, o, EXIT_HLT);
	cpu_finish(c, o, cpu_next_ip(c, o));
	*c->s.activity = ACT_HALTED;
	c->cur = NULL;
	c->why = WHY_EXIT;
	LEAVE;
}

/* --- CPUID, hypercalls ------------------------------------------------------------------------------- */

SIMPLE(cpuid)
{
	struct vm_exit q = exit_question(c, o, EXIT_CPUID);
	q.cpuid.leaf = (u32)c->r[RAX];
	q.cpuid.subleaf = (u32)c->r[RCX];
	const struct vm_exit *a = cpu_ask(c, &q);
	if (!a)
		return false;
	c->r[RAX] = a->cpuid.eax;
	c->r[RBX] = a->cpuid.ebx;
	c->r[RCX] = a->cpuid.ecx;
	c->r[RDX] = a->cpuid.edx;
	return true;
}

/* Any ring may call: number in RAX, arguments in RBX, RCX, RDX, RSI, result in RAX, as for KVM. */
SIMPLE(vmcall)
{
	static const u8 args[4] = { RBX, RCX, RDX, RSI };
	int size = c->mode == MODE_64 ? 8 : 4;
	struct vm_exit q = exit_question(c, o, EXIT_VMCALL);
	q.call.nr = gpr(c, RAX, size);
	for (int i = 0; i < 4; i++)
		q.call.arg[i] = gpr(c, args[i], size);
	const struct vm_exit *a = cpu_ask(c, &q);
	if (!a)
		return false;
	gpr_set(c, RAX, size, a->call.result);
	return true;
}

/* --- time -------------------------------------------------------------------------------------------- */

/* The clock has not yet been told of the instructions since the last exit. */
u64 cpu_time(const struct cpu *c, const struct insn *o)
{
	const struct clock *clock = &c->vm->clock;
	if (c->vm->threads)
		return threads_now(c->vm);
	u64 insns = cpu_icount(c, o) - c->vcpu->clock_icount;
	return clock->now + (clock->frac_ps + insns * clock->insn_ps) / 1000;
}

/* 1 tick per virtual nanosecond. */
u64 cpu_tsc(const struct cpu *c, const struct insn *o) { return cpu_time(c, o) + *c->s.tsc_offset; }

static bool read_tsc(struct cpu *c, const struct insn *o, enum exit_reason reason)
{
	if ((*c->s.cr4 & CR4_TSD) && c->cpl != 0)
		return fault_gp(c, 0);
	if (!intercept(c, o, c->vm->controls.rdtsc_exiting, reason))
		return false;
	u64 tsc = cpu_tsc(c, o);
	c->r[RAX] = (u32)tsc;
	c->r[RDX] = tsc >> 32;
	return true;
}

SIMPLE(rdtsc) { return read_tsc(c, o, EXIT_RDTSC); }

SIMPLE(rdtscp)
{
	if (!read_tsc(c, o, EXIT_RDTSCP))
		return false;
	c->r[RCX] = (u32)*c->s.tsc_aux;
	return true;
}

SIMPLE(rdpid)
{
	reg_set(c, o->d, o->size, (u32)*c->s.tsc_aux);
	return true;
}

/* There is no performance counter, so every number is a wrong one (SDM 2B RDPMC). */
SIMPLE(rdpmc)
{
	if (c->cpl != 0 && !(*c->s.cr4 & CR4_PCE))
		return fault_gp(c, 0);
	return intercept(c, o, c->vm->controls.rdpmc_exiting, EXIT_RDPMC) && fault_gp(c, 0);
}

/* --- random numbers: outside input, so the hypervisor's ---------------------------------------------- */

static bool random_number(struct cpu *c, const struct insn *o, enum exit_reason reason)
{
	struct vm_exit q = exit_question(c, o, reason);
	q.random.size = o->size;
	const struct vm_exit *a = cpu_ask(c, &q);
	if (!a)
		return false;
	reg_set(c, o->d, o->size, a->random.ok ? a->random.value : 0);
	flags_change(c, FLAGS_ARITH, a->random.ok ? FLAG_CF : 0);
	return true;
}

SIMPLE(rdrand) { return random_number(c, o, EXIT_RDRAND); }
SIMPLE(rdseed) { return random_number(c, o, EXIT_RDSEED); }

/* --- translations and caches ------------------------------------------------------------------------- */

/* what: enum tlb_drop */
static void tell_drop(struct cpu *c, const struct insn *o, u8 what, u64 lin)
{
	struct event ev = cpu_event(c, o, EV_tlb);
	ev.tlb.what = what;
	ev.tlb.gla = lin;
	ev.tlb.rip = cpu_this_ip(c, o);
	event_emit(&c->vm->events, &ev);
}

/* INVLPG ignores limits and non-canonical addresses (SDM 2A INVLPG). */
ENDING(invlpg)
{
	u64 lin = c->seg[o->seg].base + ea(c, o);
	lin = c->mode == MODE_64 ? lin : (u32)lin;
	if (!ring0(c))
		return false;
	if (c->vm->controls.invlpg_exiting) {
		struct vm_exit q = exit_question(c, o, EXIT_INVLPG);
		q.qualification = lin; /* SDM 3C 27.2.1 */
		if (!cpu_ask(c, &q))
			return false;
	}
	mmu_invlpg(c, lin);
	if (event_wanted(&c->vm->events, EV_tlb))
		tell_drop(c, o, TLB_DROP_PAGE, lin);
	return true;
}

/* SDM 2A INVPCID: descriptor = PCID, linear address. */
ENDING(invpcid)
{
	u64 type = reg_get(c, o->d, c->mode == MODE_64 ? 8 : 4), pcid, lin;
	if (!ring0(c) || !mmu_load(c, o->seg, ea(c, o), 8, &pcid) ||
	    !mmu_load(c, o->seg, ea_plus(c, o, 8), 8, &lin))
		return false;
	if (type > 3 || (type < 2 && pcid >> 12))
		return fault_gp(c, 0);
	if (type < 2 && pcid && !(*c->s.cr4 & CR4_PCIDE))
		return fault_gp(c, 0);
	if (type == 0 && !canonical(lin))
		return fault_gp(c, 0);
	if (!intercept(c, o, c->vm->controls.invlpg_exiting, EXIT_INVPCID))
		return false;
	mmu_invpcid(c, type, (u16)pcid, lin);
	if (event_wanted(&c->vm->events, EV_tlb))
		tell_drop(c, o, TLB_DROP_PCID, lin);
	return true;
}

/* There is no cache to write back or to lose. */
SIMPLE(invd) { return ring0(c) && intercept(c, o, c->vm->controls.wbinvd_exiting, EXIT_INVD); }
SIMPLE(wbinvd) { return ring0(c) && intercept(c, o, c->vm->controls.wbinvd_exiting, EXIT_WBINVD); }

/* MWAIT may wake at any time (SDM 2B MWAIT), and here it does so at once. */
static bool monitor_allowed(struct cpu *c)
{
	if (c->cpl != 0)
		return fault_ud(c);
	return (u32)c->r[RCX] == 0 || fault_gp(c, 0);
}

SIMPLE(monitor) { return monitor_allowed(c) && mmu_check_load(c, o->seg, c->r[RAX] & o->amask, 1); }
SIMPLE(mwait) { return monitor_allowed(c); }

/* --- no such instruction ------------------------------------------------------------------------------ */

PLAIN(ud)
{
	fault_ud(c);
	FAULT;
}
