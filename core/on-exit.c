/* SPDX-License-Identifier: GPL-3.0-or-later
 * on-exit.c - what the hypervisor does about each VM exit: one handler per reason, found in one table.
 * Rule: a handler only answers, in place; telling the subscribers is done once, afterwards, for all of them.
 */
#include <errno.h>

#include "core/run-priv.h"
#include "core/tape.h"

enum answer {
	RESUME, /* the guest goes on with what is now in the exit, unless vm->stop has been set */
	FAIL,   /* the host cannot go on; err says why */
};
typedef enum answer (*exit_fn)(struct vcpu *v, struct vm_exit *e, struct err *err);

/* True once for each unknown number; a full list means that the rest is not worth a line. */
static bool is_first_use(struct vm *vm, u16 reason, u64 number)
{
	for (int i = 0; i < vm->nfirst_uses; i++)
		if (vm->first_use[i].reason == reason && vm->first_use[i].number == number)
			return false;
	if (vm->nfirst_uses == VM_FIRST_USES)
		return false;
	vm->first_use[vm->nfirst_uses].reason = reason;
	vm->first_use[vm->nfirst_uses++].number = number;
	return true;
}

/* ---- ports and device memory ---- */

static enum answer on_io(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	struct bus_hit hit = { 0 };

	if (e->io.write)
		bus_write(&v->vm->port, e->io.port, e->io.size, e->io.value, &hit);
	else
		e->io.value = bus_read(&v->vm->port, e->io.port, e->io.size, &hit);
	e->who = hit.who;
	e->what = hit.what;
	return RESUME;
}

/* The processor looks for an entry of a page table, or for code, where there is no RAM: no device is asked. */
static enum answer on_own_access(struct vm *vm, struct vm_exit *e, u64 gpa)
{
	e->mmio.value = UINT64_MAX;
	mem_read(&vm->mem, gpa, &e->mmio.value, e->mmio.size);
	e->what = e->mmio.fetch ? "code where no RAM is" : "page table where no RAM is";
	return RESUME;
}

static enum answer on_ept_violation(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	struct vm *vm = v->vm;
	u64 gpa = mem_gpa(&vm->mem, e->gpa);
	const struct mem_slot *slot = mem_slot_at(&vm->mem, gpa);
	struct bus_hit hit = { 0 };
	struct bus *bus = bus_answers(&v->mmio, gpa) ? &v->mmio : &vm->mmio;
	bool rom = slot && (slot->flags & SLOT_ROM) && !(slot->flags & SLOT_HOLE);

	if (paging_on_violation(vm, e, gpa))
		return RESUME;
	if (e->mmio.fetch || (e->qualification & (EPTQ_LINEAR | EPTQ_FINAL)) == EPTQ_LINEAR)
		return on_own_access(vm, e, gpa);
	if (rom && !e->mmio.write) {
		e->who = "rom";
		e->what = "read";
		e->mmio.value = 0;
		mem_read(&vm->mem, gpa, &e->mmio.value, e->mmio.size);
		return RESUME;
	}
	if (e->mmio.write)
		bus_write(bus, gpa, e->mmio.size, e->mmio.value, &hit);
	else
		e->mmio.value = bus_read(bus, gpa, e->mmio.size, &hit);
	e->who = hit.who;
	e->what = hit.what;
	if (rom && !hit.dev) { /* a ROM takes no writes; what lies behind it may (PAM) */
		e->who = "rom";
		e->what = "write ignored";
	}
	return RESUME;
}

/* Our own tables never are; those of a snapshot that somebody has changed may be. */
static enum answer on_ept_misconfiguration(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	paging_flush(&v->vm->paging);
	e->mmio.retry = 1;
	e->who = "ept";
	e->what = "tables rejected, made anew";
	return RESUME;
}

/* Page-modification logging: 512 pages were written.  They are taken down, and the access is made again. */
static enum answer on_pml_full(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	dirty_drain(&v->vm->paging);
	e->who = "ept";
	e->what = "log of written pages taken";
	return RESUME;
}

/* INVLPG, INVPCID, when they are intercepted: by somebody who watches, or by the shadow pager. */
static enum answer on_flush(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	return shadow_on_flush(v, e) ? RESUME : FAIL;
}

/* ---- instructions that ask the processor about itself ---- */

static enum answer on_cpuid(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	struct vm *vm = v->vm;
	struct cpuid_result r;
	struct x86_state s;
	u64 cr4 = 0;

	/* CPUID shows CR4.OSXSAVE, and changes no control register: reading them half-way through it is safe. */
	if (cpu_has(vm->cpu, FEAT_XSAVE) && vm->engine->get(v, &s, ST_CTRL) == 0)
		cr4 = s.cr4[0];
	r = cpuid(vm->cpu, e->cpuid.leaf, e->cpuid.subleaf, cr4, v->index, vm->ncpus);
	e->cpuid.eax = r.eax;
	e->cpuid.ebx = r.ebx;
	e->cpuid.ecx = r.ecx;
	e->cpuid.edx = r.edx;
	e->who = vm->cpu->name;
	return RESUME;
}

/* Registers that firmware and kernels touch before they know the processor; harmless to answer. */
static const struct known_msr {
	u32 index;
	bool writable;
	u64 value;
	const char *name;
} known_msrs[] = {
	{ MSR_PLATFORM_ID, false, 0, "IA32_PLATFORM_ID" },
	{ MSR_FEATURE_CONTROL, false, 1, "IA32_FEATURE_CONTROL" }, /* locked, VMX off (SDM 3C 23.7) */
	{ MSR_BIOS_SIGN_ID, true, 0, "IA32_BIOS_SIGN_ID" },        /* no microcode update (SDM 3A 9.11.7) */
	{ MSR_MCG_CAP, false, 0, "IA32_MCG_CAP" },       /* no bank that reports errors (SDM 3B 15.3.1.1) */
	{ MSR_MCG_STATUS, true, 0, "IA32_MCG_STATUS" },
	{ MSR_MTRRCAP, false, 0x508, "IA32_MTRRCAP" }, /* 8 variable, fixed, WC (SDM 3A 11.11.1) */
};

static const struct known_msr *msr_find(u32 index)
{
	for (unsigned i = 0; i < ARRAY_LEN(known_msrs); i++)
		if (known_msrs[i].index == index)
			return &known_msrs[i];
	return NULL;
}

static enum answer msr_fault(struct vcpu *v, struct vm_exit *e, const char *verb)
{
	e->msr.fault = 1;
	e->what = "refused: #GP(0)";
	if (is_first_use(v->vm, e->reason, e->msr.index))
		log_put(&v->vm->log, LOG_WARN, "cpu",
			"the guest %s MSR 0x%x, which this processor does not allow: #GP(0)", verb, e->msr.index);
	return RESUME;
}

/* A register that a device of this processor keeps: its local APIC. */
static bool ask_device(struct vcpu *v, struct vm_exit *e)
{
	struct bus_hit hit = { 0 };

	if (!bus_answers(&v->msr, e->msr.index))
		return false;
	v->vm->refused = false;
	if (e->reason == EXIT_WRMSR)
		bus_write(&v->msr, e->msr.index, 8, e->msr.value, &hit);
	else
		e->msr.value = bus_read(&v->msr, e->msr.index, 8, &hit);
	e->msr.fault = v->vm->refused;
	e->who = hit.who;
	e->what = e->msr.fault ? "refused: #GP(0)" : hit.what;
	return true;
}

static enum answer on_rdmsr(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	const struct known_msr *m = msr_find(e->msr.index);

	if (ask_device(v, e))
		return RESUME;
	if (!m)
		return msr_fault(v, e, "reads");
	e->msr.fault = 0;
	e->msr.value = m->value;
	e->who = m->name;
	return RESUME;
}

static enum answer on_wrmsr(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	const struct known_msr *m = msr_find(e->msr.index);

	if (e->msr.index == MSR_EFER && v->vm->controls.efer_exiting)
		return on_flush(v, e, err);
	if (ask_device(v, e))
		return RESUME;
	if (!m || !m->writable)
		return msr_fault(v, e, "writes");
	e->msr.fault = 0;
	e->who = m->name;
	e->what = "write ignored";
	return RESUME;
}

/* CR8 is the upper half of the local APIC's task priority (SDM 3A 10.8.6.1). */
static enum answer on_cr_access(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	if (e->cr.number != 8)
		return on_flush(v, e, err);
	e->what = "let it happen";
	if (!v->intc.read_cr8)
		return RESUME;
	if (e->cr.write)
		v->intc.write_cr8(v->intc.arg, (u8)e->cr.value);
	else
		e->cr.value = v->intc.read_cr8(v->intc.arg);
	e->what = "task priority of the local APIC";
	return RESUME;
}

static enum answer on_random(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	u64 value = vm_random(v->vm);

	if (e->random.size < 8)
		value &= (1ull << e->random.size * 8) - 1;
	e->random.value = value;
	e->random.ok = 1;
	e->what = "seeded generator";
	vm_input(v->vm, INPUT_RANDOM, value);
	return RESUME;
}

/* ---- hypercalls ---- */

static enum answer on_vmcall(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	/* KVM_ENOSYS: what Linux guests expect of a hypervisor that lacks a call. */
	e->call.result = (u64)-1000;
	e->what = "unknown hypercall";
	if (is_first_use(v->vm, e->reason, e->call.nr))
		log_put(&v->vm->log, LOG_INFO, "cpu", "the guest makes hypercall %llu, which is unknown",
			(unsigned long long)e->call.nr);
	return RESUME;
}

/* ---- the processor stops, or is stopped ---- */

static enum answer on_hlt(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	v->activity = ACT_HALTED;
	e->what = "until an interrupt";
	return RESUME;
}

/* Spinning will not help: the next one's turn comes.  The run loop finishes this PAUSE first. */
static enum answer on_pause(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	e->what = "let it happen";
	if (v->vm->ncpus > 1) {
		v->vm->turn_used = VM_QUANTUM;
		e->what = "the turn is over";
	}
	return RESUME;
}

/* The two that come from a pin, not from the engine: the run loop makes them. */
static enum answer on_init(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	e->what = v->index ? "waits for a start-up IPI" : "begins at the reset vector";
	return vcpu_init(v, err) < 0 ? FAIL : RESUME;
}

static enum answer on_sipi(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	e->what = "begins at the vector's page";
	return vcpu_start(v, (u8)e->qualification, err) < 0 ? FAIL : RESUME;
}

static enum answer on_triple_fault(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	v->activity = ACT_SHUTDOWN;
	v->vm->stop = STOP_TRIPLE_FAULT;
	e->what = "the guest is dead";
	return RESUME;
}

static enum answer on_limit(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	const struct vm *vm = v->vm;

	if (clock_next_due(&vm->clock) <= vm->clock.now)
		e->what = "a timer is due";
	else if (vm_listens(vm) && vm->next_poll <= vm->clock.now)
		e->what = "a look at the outside";
	else
		e->what = "the limit is reached";
	return RESUME;
}

static enum answer on_kick(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	e->what = "the host wants attention";
	return RESUME;
}

static enum answer on_window(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	e->what = "can be delivered";
	return RESUME;
}

/* Intercepted for somebody who watches: the guest gets what it would have got without us. */
static enum answer on_watched(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	e->what = "let it happen";
	return RESUME;
}

/* Exception intercepted for somebody who watches: give it back.  An exit leaves CR2 and DR6 as they were
 * before the exception (SDM 3C 27.1), and injection does not write them (26.6.1): the hypervisor has to. */
static enum answer on_exception(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	u32 type = intr_type(e->intr_info);
	struct x86_state s;
	int rc;

	if (e->pf.asked)
		return shadow_on_fault(v, e) ? RESUME : FAIL;
	e->what = "given back to the guest";
	rc = v->vm->engine->get(v, &s, ST_CTRL | ST_PENDING);
	if (rc == 0) {
		if (type == INTR_TYPE_HARD_EXC && intr_vector(e->intr_info) == VEC_PF)
			s.cr2[0] = e->qualification;
		if (type == INTR_TYPE_HARD_EXC && intr_vector(e->intr_info) == VEC_DB)
			s.dr[6] = (s.dr[6] & ~0xfull) | e->qualification;
		s.inject_info[0] = e->intr_info;
		s.inject_error[0] = e->intr_error;
		s.inject_len[0] = e->insn_len;
		rc = v->vm->engine->set(v, &s, ST_CTRL | ST_PENDING, err);
	}
	return rc < 0 ? FAIL : RESUME;
}

static enum answer on_bad_state(struct vcpu *v, struct vm_exit *e, struct err *err)
{
	err_set(err, EINVAL, "vCPU %u is in a state no processor can be in (at rip 0x%llx)", v->index,
		(unsigned long long)e->rip);
	return FAIL;
}

static const exit_fn on_exit_of[EXIT_COUNT] = {
	[EXIT_EXCEPTION] = on_exception,
	[EXIT_EXT_INTR] = on_kick,
	[EXIT_TRIPLE_FAULT] = on_triple_fault,
	[EXIT_INIT] = on_init,
	[EXIT_SIPI] = on_sipi,
	[EXIT_INTR_WINDOW] = on_window,
	[EXIT_TASK_SWITCH] = on_watched,
	[EXIT_CPUID] = on_cpuid,
	[EXIT_HLT] = on_hlt,
	[EXIT_INVD] = on_watched,
	[EXIT_INVLPG] = on_flush,
	[EXIT_RDPMC] = on_watched,
	[EXIT_RDTSC] = on_watched,
	[EXIT_VMCALL] = on_vmcall,
	[EXIT_CR_ACCESS] = on_cr_access,
	[EXIT_DR_ACCESS] = on_watched,
	[EXIT_IO] = on_io,
	[EXIT_RDMSR] = on_rdmsr,
	[EXIT_WRMSR] = on_wrmsr,
	[EXIT_BAD_STATE] = on_bad_state,
	[EXIT_MTF] = on_limit,
	[EXIT_PAUSE] = on_pause,
	[EXIT_EPT_VIOLATION] = on_ept_violation,
	[EXIT_EPT_MISCONFIG] = on_ept_misconfiguration,
	[EXIT_PML_FULL] = on_pml_full,
	[EXIT_RDTSCP] = on_watched,
	[EXIT_PREEMPT_TIMER] = on_limit,
	[EXIT_WBINVD] = on_watched,
	[EXIT_XSETBV] = on_watched,
	[EXIT_INVPCID] = on_flush,
	[EXIT_RDRAND] = on_random,
	[EXIT_RDSEED] = on_random,
};

/* ---- telling the subscribers ---- */

static u64 value_of(const struct vm_exit *e)
{
	switch (e->reason) {
	case EXIT_IO: return e->io.value;
	case EXIT_EPT_VIOLATION: return e->mmio.value;
	case EXIT_RDMSR:
	case EXIT_WRMSR: return e->msr.value;
	case EXIT_RDRAND:
	case EXIT_RDSEED: return e->random.value;
	case EXIT_CPUID: return e->cpuid.leaf;
	case EXIT_VMCALL: return e->call.nr;
	case EXIT_EXCEPTION: return e->intr_info;
	default: return 0;
	}
}

/* A subscriber may look at the vCPU, which settles it and may overwrite v->exit: hence the copy. */
static void announce(struct vcpu *v, u64 number)
{
	struct event_stream *events = &v->vm->events;
	const struct vm_exit e = v->exit;
	struct event ev = { 0 };

	if (e.reason == EXIT_IO && event_wanted(events, EV_io)) {
		ev = (struct event){ .kind = EV_io,
				     .io = { e.io.port, e.io.size, e.io.write, e.io.value, e.who, e.what } };
		vcpu_emit(v, &ev);
	}
	if (e.reason == EXIT_EPT_VIOLATION && event_wanted(events, EV_mmio)) {
		ev = (struct event){ .kind = EV_mmio,
				     .mmio = { e.gpa, e.mmio.size, e.mmio.write, e.mmio.value, e.who,
					       e.what } };
		vcpu_emit(v, &ev);
	}
	if (event_wanted(events, EV_exit)) {
		ev = (struct event){ .kind = EV_exit,
				     .exit = { e.reason, e.qualification, e.rip, e.gpa, value_of(&e), e.who,
					       e.what, number } };
		vcpu_emit(v, &ev);
	}
}

/* Before anything is done about it.  True: a subscriber has answered, or the instruction raises an exception instead. */
static bool has_answer(struct vcpu *v, u64 number)
{
	struct event_stream *events = &v->vm->events;
	struct vm_exit *e = &v->exit;
	struct event ev = { .kind = EV_leave,
			    .leave = { e->reason, e->qualification, e->rip, e->gpa, value_of(e), number } };

	events->answered = false;
	v->leaving = true;
	vcpu_emit(v, &ev);
	v->leaving = false;
	return e->raise || (events->answered && exit_asks(e->reason));
}

/* The same, or was so answered when it happened for the first time: the tape knows. */
static bool is_answered(struct vcpu *v, u64 number)
{
	struct tape *tape = v->vm->tape;
	struct vm_exit *e = &v->exit;
	bool answered = event_wanted(&v->vm->events, EV_leave) && has_answer(v, number);

	if (tape && number && tape->next_answer == number)
		answered = tape_answer(tape, v->vm, e);
	else if (tape && answered)
		tape_note_answer(tape, v->vm, e, number);
	if (answered && !e->what)
		e->what = e->raise ? "an exception instead" : "answered by a watcher";
	return answered;
}

/* Is it the same however the run is cut?  Page faults of the shadow are not: it begins empty when a state is restored;
 * nor those that find written pages: they depend on when the log was read. */
static bool is_counted(const struct second_stage *paging, const struct vm_exit *e)
{
	return exit_is_guests(e->reason) && !(e->reason == EXIT_EXCEPTION && e->pf.asked) &&
	       !dirty_is_exit(paging, e);
}

int exit_handle(struct vcpu *v, struct err *err)
{
	struct vm_exit *e = &v->exit;
	exit_fn handle = e->reason < EXIT_COUNT ? on_exit_of[e->reason] : NULL;
	u64 number = is_counted(&v->vm->paging, e) ? ++v->vm->guest_exits : 0;
	enum answer answer = RESUME;

	e->vcpu = (u8)v->index;
	e->who = e->what = NULL;
	e->raise = 0;
	v->vm->exits++;
	if (!handle)
		return err_set(err, ENOSYS, "engine %s: exit %u (%s) is not handled here",
			       v->vm->engine->name, e->reason,
			       exit_title(e->reason) ? exit_title(e->reason) : "no such reason");
	if ((!event_wanted(&v->vm->events, EV_leave) && !v->vm->tape) || !is_answered(v, number))
		answer = handle(v, e, err);
	if (answer == FAIL)
		return err && err->code ? -err->code : -EIO;
	if (v->vm->events.mask & (EV_BIT(io) | EV_BIT(mmio) | EV_BIT(exit)))
		announce(v, number);
	return 0;
}
