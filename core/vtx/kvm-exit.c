/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-exit.c - each exit of KVM's becomes the VT-x exit that it stands for, and each answer what KVM waits for.
 * Rule: what KVM cannot know is left zero and stands in the table of the unseen, never made up.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

int kvm_trouble(struct kvm_cpu *k, struct vm_exit *exit, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(k->why, sizeof(k->why), fmt, args);
	va_end(args);
	exit->what = k->why;
	return -code;
}

u64 kvm_rip(struct kvm_cpu *k)
{
	struct kvm_regs r;

	if (k->seen)
		return k->run->s.regs.regs.rip;
	return ioctl(k->fd, KVM_GET_REGS, &r) ? 0 : r.rip;
}

static void start(struct kvm_cpu *k, struct vm_exit *exit, enum exit_reason reason)
{
	*exit = (struct vm_exit){ .reason = (u16)reason, .vcpu = (u8)k->vcpu->index, .rip = kvm_rip(k),
				  .icount = k->last.icount[0] };
}

int kvm_leave(struct kvm_cpu *k, struct vm_exit *exit, enum exit_reason reason)
{
	start(k, exit, reason);
	if (reason == EXIT_HLT) { /* it has been retired */
		exit->rip--;
		exit->insn_len = 1;
	}
	return 0;
}

/* ---- ports and device memory ---- */

static u8 *port_data(struct kvm_cpu *k)
{
	return (u8 *)k->run + k->run->io.data_offset + (size_t)k->element * k->run->io.size;
}

/* Qualification, rip and length are worked out only for somebody who will see them. */
static int on_io(struct kvm_cpu *k, struct vm_exit *exit)
{
	const struct kvm_run *run = k->run;

	start(k, exit, EXIT_IO);
	exit->io.port = run->io.port;
	exit->io.size = run->io.size;
	exit->io.write = run->io.direction == KVM_EXIT_IO_OUT;
	exit->io.string = exit->io.rep = run->io.count > 1;
	exit->qualification = exit_io_qualification(run->io.port, run->io.size, exit->io.write, exit->io.string,
						    exit->io.rep, false);
	if (exit->io.write)
		memcpy(&exit->io.value, port_data(k), run->io.size);
	if (k->vcpu->vm->events.mask & (EV_BIT(exit) | EV_BIT(io)))
		kvm_find_port_insn(k, exit);
	k->asked = true;
	return 1;
}

static int on_mmio(struct kvm_cpu *k, struct vm_exit *exit)
{
	const struct kvm_run *run = k->run;

	start(k, exit, EXIT_EPT_VIOLATION);
	exit->gpa = run->mmio.phys_addr;
	exit->mmio.size = (u8)run->mmio.len;
	exit->mmio.write = run->mmio.is_write;
	exit->qualification = exit_ept_qualification(run->mmio.is_write ? EPT_W : EPT_R, 0, false, false);
	if (run->mmio.is_write)
		memcpy(&exit->mmio.value, run->mmio.data, run->mmio.len);
	k->asked = true;
	return 1;
}

/* ---- model-specific registers ---- */

static bool is_kept(const struct kvm_cpu *k, u32 index)
{
	u32 first, count;

	for (int i = 0; kvm_msr_row(k->vcpu->vm, i, &first, &count); i++)
		if (index - first < count)
			return true;
	return false;
}

static int answer_msr(struct kvm_cpu *k, bool refused)
{
	k->run->msr.error = refused;
	k->unfinished = true;
	return 0;
}

/* A register that the processor keeps: KVM refused the value, so the guest gets its #GP(0). */
static int on_msr(struct kvm_cpu *k, struct vm_exit *exit, bool write)
{
	const struct kvm_run *run = k->run;

	if (write && run->msr.index == MSR_TSC && cpu_has(k->vcpu->vm->cpu, FEAT_TSC)) {
		u64 now = kvm_now(k);

		k->last.tsc_offset[0] = (u64)((unsigned __int128)run->msr.data * 1000 * k->vcpu->vm->clock.insn_ps /
					      kvm_of(k->vcpu->vm)->tsc_khz) - now;
		kvm_tsc_apply(k, now);
		return answer_msr(k, false);
	}
	if (is_kept(k, run->msr.index))
		return answer_msr(k, true);
	start(k, exit, write ? EXIT_WRMSR : EXIT_RDMSR);
	exit->insn_len = 2;
	exit->msr.index = run->msr.index;
	exit->msr.value = write ? run->msr.data : 0;
	k->asked = true;
	return 1;
}

/* ---- what goes wrong ---- */

static bool is_undefined(const u8 *b, int n)
{
	return n >= 2 && b[0] == 0x0f && (b[1] == 0x0b || b[1] == 0xb9 || b[1] == 0xff); /* UD2, UD1, UD0 */
}

/* KVM on a processor without VT-x of its own executes the guest's kernel by an emulator that knows not every
 * instruction.  It has made #UD ready; for one that is meant to be undefined that is right. */
static int on_internal_error(struct kvm_cpu *k, struct vm_exit *exit)
{
	const struct kvm_run *run = k->run;
	char text[3 * 15 + 1] = "";
	u8 code[15];
	int n = 0;

	start(k, exit, EXIT_TRIPLE_FAULT);
	if (run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION)
		return kvm_trouble(k, exit, EIO, "KVM gave up (internal error %u) at rip 0x%llx", run->internal.suberror,
				   (unsigned long long)exit->rip);
	n = kvm_code(k, exit->rip, code, sizeof(code));
	if (is_undefined(code, n))
		return 0;
	for (int i = 0; i < n; i++)
		snprintf(text + 3 * i, 4, " %02x", code[i]);
	return kvm_trouble(k, exit, ENOTSUP, "this host's KVM cannot emulate the instruction at rip 0x%llx:%s; "
					     "--engine interp can", (unsigned long long)exit->rip, text);
}

/* ---- all of them ---- */

/* Without the kernel's APIC a change of CR8 is told by the run page; it comes before what KVM exits for. */
static int on_cr8(struct kvm_cpu *k, struct vm_exit *exit)
{
	k->cr8 = k->last.cr8[0] = (u8)k->run->cr8;
	k->deferred = k->run->exit_reason != KVM_EXIT_SET_TPR && k->run->exit_reason != KVM_EXIT_INTR;
	start(k, exit, EXIT_CR_ACCESS);
	exit->qualification = 8; /* SDM 3C table 27-3: MOV to CR8; which register it came from is not known */
	exit->cr.number = 8;
	exit->cr.write = true;
	exit->cr.value = k->run->cr8;
	return 1;
}

int kvm_translate_exit(struct kvm_cpu *k, struct vm_exit *exit)
{
	const struct kvm_run *run = k->run;

	if (k->vcpu->intc.write_cr8 && run->cr8 != k->cr8)
		return on_cr8(k, exit);
	k->element = 0;
	switch (run->exit_reason) {
	case KVM_EXIT_IO: return on_io(k, exit);
	case KVM_EXIT_MMIO: return on_mmio(k, exit);
	case KVM_EXIT_X86_RDMSR: return on_msr(k, exit, false);
	case KVM_EXIT_X86_WRMSR: return on_msr(k, exit, true);
	case KVM_EXIT_HLT:
		k->last.activity[0] = ACT_HALTED;
		return kvm_leave(k, exit, EXIT_HLT), 1;
	case KVM_EXIT_SHUTDOWN:
		k->last.activity[0] = ACT_SHUTDOWN;
		return kvm_leave(k, exit, EXIT_TRIPLE_FAULT), 1;
	case KVM_EXIT_IRQ_WINDOW_OPEN: return kvm_leave(k, exit, EXIT_INTR_WINDOW), 1;
	case KVM_EXIT_FAIL_ENTRY:
		kvm_leave(k, exit, EXIT_BAD_STATE);
		exit->qualification = run->fail_entry.hardware_entry_failure_reason;
		return 1;
	case KVM_EXIT_INTERNAL_ERROR: return on_internal_error(k, exit);
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_INTR:
	case KVM_EXIT_SET_TPR: return 0;
	default:
		return kvm_trouble(k, exit, EIO, "KVM left the guest for a reason not known here: %u", run->exit_reason);
	}
}

int kvm_answer(struct kvm_cpu *k, struct vm_exit *exit)
{
	struct kvm_run *run = k->run;

	k->asked = false;
	k->unfinished = true;
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		if (run->io.direction == KVM_EXIT_IO_IN)
			memcpy(port_data(k), &exit->io.value, run->io.size);
		if (++k->element < run->io.count)
			return on_io(k, exit);
		break;
	case KVM_EXIT_MMIO:
		if (!run->mmio.is_write)
			memcpy(run->mmio.data, &exit->mmio.value, run->mmio.len);
		break;
	case KVM_EXIT_X86_RDMSR:
		run->msr.data = exit->msr.value;
		run->msr.error = exit->msr.fault;
		break;
	case KVM_EXIT_X86_WRMSR:
		run->msr.error = exit->msr.fault;
		break;
	}
	return 0;
}
