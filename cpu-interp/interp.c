/* SPDX-License-Identifier: GPL-3.0-or-later
 * interp.c - the interpreter's loop, and the interpreter as an engine.
 *
 * Rule: whatever must be looked at is looked at between chains of handlers, in the order of SDM 3A table 6-2; a chain
 * is cut short (one instruction, or what is left of the budget) whenever something must be looked at soon.
 */
#include "cpu-interp/interp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/block.h"
#include "cpu-interp/ops.h"

/* Instructions between two looks at `kicked`; fewer when other threads may wait for us. */
enum { CHUNK = 1 << 16, CHUNK_THREADS = 1 << 11 };

/* ---- running handlers -------------------------------------------------------------------------------------- */

/* Run from `first` until the chain is left; brings IP and the instruction count up to date. */
static void chain(struct cpu *c, const struct insn *first, i64 allowance)
{
	c->left = c->granted = allowance;
	c->why = WHY_DONE;
	c->cur = NULL;
	DISPATCH(c, first);
	if (c->why != WHY_DONE && c->cur) { /* left in the middle of a block, at c->cur */
		c->r[REG_IP] += c->cur->off;
		c->left -= c->cur->nth;
	}
	*c->s.icount += (u64)(c->granted - c->left);
	c->left = c->granted = 0;
}

/* Deliver c->fault.  It takes the time of one instruction, so that a guest that does nothing but fault obeys its budget. */
static bool deliver_fault(struct cpu *c)
{
	c->fault_pending = true;
	c->why = WHY_FAULT;
	if (!fault_deliver(c))
		return false;
	c->fault_pending = false;
	c->nanswers = 0;
	++*c->s.icount;
	return true;
}

/* After a chain: false if the engine must be left with c->exit. */
static bool after_chain(struct cpu *c)
{
	if (c->why == WHY_DONE) {
		c->nanswers = 0;
		return true;
	}
	if (c->why == WHY_EXIT) {
		if (!c->asked)
			c->nanswers = 0; /* HLT: it is over, with the answers that fetching it took */
		return false;
	}
	if (c->why == WHY_AGAIN)
		return true;
	c->nanswers = c->cursor = 0;
	return deliver_fault(c);
}

static void tell_insn(struct cpu *c, u64 rip, u8 len)
{
	struct event ev = cpu_event(c, NULL, EV_insn);
	ev.insn.rip = rip;
	ev.insn.len = len;
	event_emit(&c->vm->events, &ev);
}

/* Single-step trap: TF was set when the instruction began, and it was retired; INT n and its kin clear TF in time
 * (SDM 3B 17.3.1.4). */
static void note_step_trap(struct cpu *c, bool tf, u64 before)
{
	if (tf && c->why == WHY_DONE && *c->s.icount != before && !c->entered)
		*c->s.pending_db |= DR6_BS;
}

/* Execute the instruction at IP by itself (one iteration, if it is repeated). */
static bool step(struct cpu *c)
{
	bool tf = *c->s.rflags & FLAG_TF, rf = *c->s.rflags & FLAG_RF;
	u8 shadow = *c->s.shadow;
	u64 rip = c->r[REG_IP], before = *c->s.icount;
	c->cursor = 0;
	const struct insn *o = block_one(c);
	if (!o) {
		*c->s.shadow = 0;
		return after_chain(c);
	}
	*c->s.shadow = 0;
	c->entered = c->alone = false;
	chain(c, o, 1);
	if (c->why == WHY_EXIT && c->cur)
		*c->s.shadow = shadow; /* not executed yet */
	if (rf && c->why == WHY_DONE)
		*c->s.rflags &= ~(u64)FLAG_RF; /* SDM 3B 17.3.1.1: cleared by the instruction after the one that set it */
	note_step_trap(c, tf, before);
	if (event_wanted(&c->vm->events, EV_insn) && *c->s.icount != before)
		tell_insn(c, rip, o->len);
	return after_chain(c);
}

/* Execute at most `allowance` instructions, block by block. */
static bool run_blocks(struct cpu *c, i64 allowance)
{
	c->cursor = 0;
	const struct insn *first = block_at(c);
	c->in_block = true;
	if (first)
		chain(c, first, allowance);
	c->in_block = false;
	return after_chain(c);
}

/* ---- between instructions ---------------------------------------------------------------------------------- */

/* An instruction breakpoint at IP (SDM 3B 17.3.1.1), unless RF says it has already been reported. */
static bool breakpoint_here(const struct cpu *c, u64 *dr6)
{
	u64 lin = c->mode == MODE_64 ? c->r[REG_IP] : (u32)(c->s.seg_base[SEG_CS] + c->r[REG_IP]);
	*dr6 = 0;
	for (int i = 0; i < 4; i++)
		if ((c->s.dr[7] >> (2 * i) & 3) && !(c->s.dr[7] >> (16 + 4 * i) & 3) && c->s.dr[i] == lin)
			*dr6 |= 1u << i;
	return *dr6 && !(*c->s.rflags & FLAG_RF);
}

/* Traps of the previous instruction, then breakpoints on the next.  MOV SS holds both off for one instruction. */
static bool debug_traps(struct cpu *c)
{
	u64 dr6;
	if (*c->s.pending_db && !(*c->s.shadow & SHADOW_MOV_SS)) {
		c->fault = (struct fault){ .vector = VEC_DB, .dr6 = *c->s.pending_db, .trap = true };
		*c->s.pending_db = 0;
		return deliver_fault(c);
	}
	if ((c->s.dr[7] & 0xff) && breakpoint_here(c, &dr6)) {
		fault_debug(c, dr6);
		return deliver_fault(c);
	}
	return true;
}

/* A breakpoint of whoever looks on, not of the guest; told once for each time the guest comes to it.  True: this
 * instruction executes by itself, for blocks end before it. */
static bool look_for_breakpoint(struct cpu *c)
{
	u64 lin = block_linear_ip(c), at = *c->s.icount + 1;
	if (!breaks_near(&c->vm->breaks, lin))
		return false;
	if (c->nanswers || !breaks_at(&c->vm->breaks, lin) || (c->told_at == at && c->told_lin == lin && c->told_moves == c->vm->breaks.moves))
		return true;
	c->told_at = at;
	c->told_lin = lin;
	c->told_moves = c->vm->breaks.moves;
	struct event ev = cpu_event(c, NULL, EV_breakpoint);
	ev.breakpoint.gla = lin;
	ev.breakpoint.rip = c->r[REG_IP];
	if (event_wanted(&c->vm->events, EV_breakpoint))
		event_emit(&c->vm->events, &ev);
	return true;
}

/* The event given by inject(), before anything else happens. */
static bool deliver_injected(struct cpu *c)
{
	u32 info = *c->s.inject_info;
	c->why = WHY_DONE;
	if (!fault_interrupt(c, (u8)intr_vector(info), intr_type(info), info & INTR_HAS_ERROR, *c->s.inject_error,
			     c->r[REG_IP] + *c->s.inject_len)) {
		if (c->why != WHY_FAULT)
			return false;
		*c->s.inject_info = 0; /* the fault takes its place (SDM 3A 6.15, #DF) */
		return deliver_fault(c);
	}
	*c->s.inject_info = 0;
	*c->s.shadow = 0;
	c->nanswers = 0;
	++*c->s.icount;
	return true;
}

static bool can_take_interrupt(const struct cpu *c)
{
	return (*c->s.rflags & FLAG_IF) && !*c->s.shadow && !*c->s.inject_info && !c->fault_pending;
}

/* Everything due at this boundary.  False: leave with c->exit. */
static bool boundary(struct cpu *c)
{
	c->cursor = 0;
	c->cur = NULL;
	if (UNLIKELY(c->fault_pending) && !deliver_fault(c))
		return false;
	if (UNLIKELY(*c->s.inject_info) && !deliver_injected(c))
		return false;
	if (UNLIKELY(*c->s.activity != ACT_ACTIVE)) {
		c->exit = (struct vm_exit){ .reason = *c->s.activity == ACT_HALTED ? EXIT_HLT : EXIT_TRIPLE_FAULT };
		return false;
	}
	if (UNLIKELY(c->nanswers))
		return true; /* the instruction being restarted began before any of this */
	if (UNLIKELY(*c->s.pending_db || (c->s.dr[7] & 0xff)) && !debug_traps(c))
		return false;
	if (c->window && can_take_interrupt(c)) {
		c->exit = (struct vm_exit){ .reason = EXIT_INTR_WINDOW };
		return false;
	}
	return true;
}

/* ---- the engine -------------------------------------------------------------------------------------------- */

static struct cpu *cpu_of(const struct vcpu *v) { return v->engine_data; }

/* Hand c->exit over, with what every exit has. */
static int leave(struct cpu *c, struct vm_exit *exit)
{
	*exit = c->exit;
	if (c->asked && c->cur)
		exit->insn_len = c->cur->len;
	exit->rip = c->r[REG_IP] - (c->cur ? 0 : exit->insn_len); /* HLT has been retired already */
	exit->icount = *c->s.icount;
	exit->vcpu = (u8)c->vcpu->index;
	return 0;
}

static int leave_for(struct cpu *c, struct vm_exit *exit, enum exit_reason reason)
{
	c->exit = (struct vm_exit){ .reason = reason };
	c->cur = NULL;
	return leave(c, exit);
}

/* There is memory now where there was none: the instruction begins again, and will not ask this. */
static bool is_retry(const struct vm_exit *exit)
{
	if (exit->reason == EXIT_EXCEPTION)
		return exit->pf.retry;
	if (exit->reason == EXIT_PML_FULL)
		return true;
	return (exit->reason == EXIT_EPT_VIOLATION || exit->reason == EXIT_EPT_MISCONFIG) && exit->mmio.retry;
}

/* The hypervisor has answered with an exception: it takes the place of the instruction. */
static void raise_instead(struct cpu *c, const struct vm_exit *exit)
{
	c->fault = (struct fault){ .vector = (u8)intr_vector(exit->raise), .has_error = exit->raise & INTR_HAS_ERROR,
				   .error = exit->raise_error, .cr2 = exit->gla };
	c->fault_pending = true;
	c->nanswers = 0;
}

/* The hypervisor has answered: keep it for the restart. */
static void take_answer(struct cpu *c, const struct vm_exit *exit)
{
	if (c->asked && exit->raise)
		raise_instead(c, exit);
	else if (c->asked && !is_retry(exit) && c->nanswers < ANSWERS)
		c->answer[c->nanswers++] = *exit;
	c->cursor = 0;
	c->asked = false;
}

/* Looking first is much cheaper than the exchange, and almost always all. */
static bool was_kicked(struct cpu *c)
{
	return __atomic_load_n(&c->kicked, __ATOMIC_RELAXED) && __atomic_exchange_n(&c->kicked, 0, __ATOMIC_ACQUIRE);
}

static int interp_run(struct vcpu *v, const struct run_limit *limit, struct vm_exit *exit)
{
	struct cpu *c = cpu_of(v);
	u64 end = limit->insns ? *c->s.icount + limit->insns : UINT64_MAX;
	u64 chunk = c->vm->threads ? CHUNK_THREADS : CHUNK;
	take_answer(c, exit);
	for (;;) {
		if (*c->s.icount >= end)
			return leave_for(c, exit, limit->insns == 1 ? EXIT_MTF : EXIT_PREEMPT_TIMER);
		if (!boundary(c))
			return leave(c, exit);
		if (*c->s.icount >= end)
			continue; /* a delivery took the last of the budget */
		if (was_kicked(c))
			return leave_for(c, exit, EXIT_EXT_INTR);
		bool there = UNLIKELY(c->vm->breaks.n) && look_for_breakpoint(c);
		if (c->vm->events.stop)
			return leave_for(c, exit, EXIT_MTF);
		u64 left = end - *c->s.icount;
		bool alone = there || c->alone || c->exact || c->nanswers || *c->s.shadow || left <= BLOCK_MAX || (*c->s.rflags & FLAG_RF);
		if (!(alone ? step(c) : run_blocks(c, (i64)(left > chunk ? chunk : left) - BLOCK_MAX)))
			return leave(c, exit);
	}
}

static int interp_settle(struct vcpu *v, struct vm_exit *exit)
{
	struct cpu *c = cpu_of(v);
	take_answer(c, exit);
	if (!c->nanswers && !c->fault_pending)
		return 0;
	bool ok = true;
	if (c->fault_pending)
		ok = deliver_fault(c);
	else if (*c->s.inject_info)
		ok = deliver_injected(c);
	else
		ok = step(c);
	if (ok || !c->asked)
		return 0;
	leave(c, exit);
	return 1;
}

static void interp_kick(struct vcpu *v)
{
	__atomic_store_n(&cpu_of(v)->kicked, 1, __ATOMIC_RELEASE);
}

static int interp_get(struct vcpu *v, struct x86_state *state, u32 groups)
{
	struct cpu *c = cpu_of(v);
	cpu_sync(c);
	x86_state_copy(state, &c->s, groups);
	return 0;
}

static int interp_set(struct vcpu *v, const struct x86_state *state, u32 groups, struct err *err)
{
	struct cpu *c = cpu_of(v);
	cpu_sync(c);
	struct x86_state next = c->s;
	x86_state_copy(&next, state, groups);
	int rc = x86_state_check(&next, err);
	if (rc)
		return rc;
	c->s = next;
	*c->s.rflags = (*c->s.rflags & 0x3f7fd5) | FLAG_1;
	if (groups == ST_ALL) {
		c->fault_pending = false;
		c->asked = false;
		c->nanswers = 0;
	}
	cpu_load(c);
	return 0;
}

static int interp_inject(struct vcpu *v, u32 info, u32 error_code)
{
	struct cpu *c = cpu_of(v);
	if (*c->s.inject_info)
		return -EBUSY;
	*c->s.inject_info = info;
	*c->s.inject_error = error_code;
	*c->s.inject_len = 0;
	if (*c->s.activity == ACT_HALTED)
		*c->s.activity = ACT_ACTIVE;
	return 0;
}

static bool interp_can_inject(struct vcpu *v) { return can_take_interrupt(cpu_of(v)); }
static void interp_want_window(struct vcpu *v, bool want) { cpu_of(v)->window = want; }

static void interp_observe(struct vcpu *v)
{
	struct cpu *c = cpu_of(v);
	cpu_sync(c);
	if (c->breaks_seen != v->vm->breaks.changes)
		cpu_drop_caches(c);
	c->breaks_seen = v->vm->breaks.changes;
	if (c->watches_seen != v->vm->watches.changes)
		mmu_flush(c, CAUSE_STATE);
	c->watches_seen = v->vm->watches.changes;
	mmu_select(c);
	cpu_update_mode(c);
}

static int interp_vcpu_open(struct vcpu *v, struct err *err)
{
	struct cpu *c = aligned_alloc(64, (sizeof *c + 63) & ~63ull);
	if (!c)
		return err_set(err, ENOMEM, "no memory for a vCPU");
	memset(c, 0, sizeof *c);
	c->vcpu = v;
	c->vm = v->vm;
	c->blocks = v->vm->engine_data;
	x86_state_reset(&c->s, cpu_signature(v->vm->cpu));
	if (!tlb_open(c)) {
		free(c);
		return err_set(err, ENOMEM, "no memory for a vCPU's translations");
	}
	v->engine_data = c;
	cpu_load(c);
	return 0;
}

static void interp_vcpu_close(struct vcpu *v)
{
	tlb_close(cpu_of(v));
	free(v->engine_data);
	v->engine_data = NULL;
}

static int interp_vm_open(struct vm *vm, struct err *err)
{
	vm->engine_data = blocks_open(vm->mem.span >> 12);
	return vm->engine_data ? 0 : err_set(err, ENOMEM, "no memory for decoded blocks");
}

static void interp_vm_close(struct vm *vm)
{
	blocks_close(vm->engine_data);
	vm->engine_data = NULL;
}

#define EACH_CPU(vm, c) \
	for (u32 i_ = 0; i_ < (vm)->ncpus; i_++) \
		for (struct cpu *c = cpu_of(&(vm)->vcpu[i_]); c; c = NULL)

static void interp_mem_changed(struct vm *vm, const struct mem_slot *slot)
{
	EACH_CPU(vm, c)
		cpu_drop_caches(c);
}

static void interp_dirty_cleared(struct vm *vm, const struct mem_slot *slot)
{
	EACH_CPU(vm, c)
		mmu_forget(c, slot->gpa, slot->size, true, CAUSE_LOG);
}

static int interp_drop(struct vcpu *v, enum drop_kind kind, const struct drop_operand *operand)
{
	return mmu_drop(cpu_of(v), kind, operand) ? 0 : -EINVAL;
}

static void interp_tlb_each(const struct vcpu *v, tlb_fn fn, void *arg) { mmu_tlb_each(cpu_of(v), fn, arg); }

static void interp_mem_written(struct vm *vm, u64 gpa, u64 len)
{
	struct cpu *c = cpu_of(&vm->vcpu[0]);
	blocks_lock(c);
	blocks_written(vm->engine_data, gpa, len);
	blocks_unlock(c);
}

static void interp_unmapping(struct vm *vm, u64 gpa, u64 len)
{
	EACH_CPU(vm, c)
		mmu_forget(c, gpa, len, false, CAUSE_MEMORY); /* decoded code stays: its content does */
}

static void interp_protecting(struct vm *vm, u64 gpa, u64 len)
{
	EACH_CPU(vm, c)
		mmu_forget(c, gpa, len, true, CAUSE_MEMORY);
}

const struct engine engine_interp = {
	.name = "interp",
	.brief = "interpreter: runs anywhere, exact and deterministic",
	.caps = CAP_EXACT_BUDGET | CAP_COUNT_INSNS | CAP_DIRTY_LOG | CAP_INTERCEPTS | CAP_INSN_EVENTS | CAP_WATCH_MEM |
		CAP_RAISE | CAP_SECOND_STAGE,
	.vm_open = interp_vm_open,
	.vm_close = interp_vm_close,
	.vcpu_open = interp_vcpu_open,
	.vcpu_close = interp_vcpu_close,
	.mem_changed = interp_mem_changed,
	.dirty_cleared = interp_dirty_cleared,
	.mem_written = interp_mem_written,
	.unmapping = interp_unmapping,
	.protecting = interp_protecting,
	.run = interp_run,
	.settle = interp_settle,
	.kick = interp_kick,
	.get = interp_get,
	.set = interp_set,
	.inject = interp_inject,
	.can_inject = interp_can_inject,
	.want_window = interp_want_window,
	.observe = interp_observe,
	.drop = interp_drop,
	.tlb_each = interp_tlb_each,
};
