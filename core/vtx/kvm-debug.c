/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-debug.c - single steps, and breakpoints of whoever looks on.
 * Rule: up to four breakpoints are the processor's own (SDM 3B 17.2.4); with more the guest is stepped, which is slow
 * and right.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

enum { HARDWARE_BREAKS = 4 };

/* Between runs of the same kind nothing has to be told to KVM. */
int kvm_debug(struct kvm_cpu *k, bool step)
{
	const struct breaks *b = &k->vcpu->vm->breaks;
	struct kvm_guest_debug d = { 0 };

	if (step || b->n > HARDWARE_BREAKS) {
		d.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	} else if (b->n) {
		d.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
		d.arch.debugreg[7] = DR7_FIXED;
		for (int i = 0; i < b->n; i++) {
			d.arch.debugreg[i] = b->at[i];
			d.arch.debugreg[7] |= 2ull << 2 * i; /* Gi; length and kind 0: an instruction */
		}
	}
	if (!memcmp(&d, &k->debug, sizeof(d)))
		return 0;
	if (ioctl(k->fd, KVM_SET_GUEST_DEBUG, &d))
		return -errno;
	k->debug = d;
	return 0;
}

bool kvm_at_breakpoint(struct kvm_cpu *k)
{
	struct vm *vm = k->vcpu->vm;
	struct event ev = { .kind = EV_breakpoint, .vcpu = (u8)k->vcpu->index, .icount = k->last.icount[0],
			    .time = vm->clock.now };
	struct x86_state s;
	u64 lin;

	if (!vm->breaks.n || kvm_get(k->vcpu, &s, ST_GPR))
		return false;
	lin = kvm_linear_rip(k, s.rip[0]);
	if (!breaks_at(&vm->breaks, lin)) {
		k->told = false;
		return false;
	}
	if (k->told && k->told_lin == lin)
		return true;
	k->told = true;
	k->told_lin = lin;
	ev.breakpoint.gla = lin;
	ev.breakpoint.rip = s.rip[0];
	if (event_wanted(&vm->events, EV_breakpoint))
		event_emit(&vm->events, &ev);
	return true;
}
