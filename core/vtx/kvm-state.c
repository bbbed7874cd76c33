/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-state.c - the architectural state, to KVM and back, by groups.
 * Rule: what was set is read back the same until the guest executes; what KVM cannot hold is kept beside it.
 *
 * Kept beside: the instruction count, and whether the processor is active, because without the kernel's interrupt
 * chips KVM knows no waiting processor.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

/* ---- general registers ---- */

/* In the order of their numbers. */
static void gprs(struct kvm_regs *k, __u64 *at[X86_GPRS])
{
	__u64 *const order[X86_GPRS] = { &k->rax, &k->rcx, &k->rdx, &k->rbx, &k->rsp, &k->rbp, &k->rsi, &k->rdi,
					 &k->r8, &k->r9, &k->r10, &k->r11, &k->r12, &k->r13, &k->r14, &k->r15 };

	memcpy(at, order, sizeof(order));
}

static int get_regs(struct kvm_cpu *k, struct x86_state *s)
{
	struct kvm_regs r;
	__u64 *at[X86_GPRS];

	if (ioctl(k->fd, KVM_GET_REGS, &r))
		return -errno;
	gprs(&r, at);
	for (int i = 0; i < X86_GPRS; i++)
		s->gpr[i] = *at[i];
	s->rip[0] = r.rip;
	s->rflags[0] = r.rflags;
	return 0;
}

static int set_regs(struct kvm_cpu *k, const struct x86_state *s)
{
	struct kvm_regs r = { .rip = s->rip[0], .rflags = (s->rflags[0] & 0x3f7fd5) | FLAG_1 };
	__u64 *at[X86_GPRS];

	gprs(&r, at);
	for (int i = 0; i < X86_GPRS; i++)
		*at[i] = s->gpr[i];
	k->told = k->seen = false;
	return ioctl(k->fd, KVM_SET_REGS, &r) ? -errno : 0;
}

/* ---- segments and control registers ---- */

static struct kvm_segment *segment(struct kvm_sregs2 *k, enum x86_seg seg)
{
	struct kvm_segment *const at[X86_SEGS] = { &k->es, &k->cs, &k->ss, &k->ds, &k->fs, &k->gs, &k->ldt, &k->tr };

	return at[seg];
}

static struct kvm_segment to_segment(const struct x86_state *s, enum x86_seg seg)
{
	u32 a = s->seg_attr[seg];

	return (struct kvm_segment){ .base = s->seg_base[seg], .limit = s->seg_limit[seg], .selector = s->seg_sel[seg],
				     .type = a & SEG_TYPE, .s = a >> 4 & 1, .dpl = a >> 5 & 3, .present = a >> 7 & 1,
				     .avl = a >> 12 & 1, .l = a >> 13 & 1, .db = a >> 14 & 1, .g = a >> 15 & 1,
				     .unusable = a >> 16 & 1 };
}

static void from_segment(struct x86_state *s, enum x86_seg seg, const struct kvm_segment *k)
{
	s->seg_base[seg] = k->base;
	s->seg_limit[seg] = k->limit;
	s->seg_sel[seg] = k->selector;
	s->seg_attr[seg] = (u32)k->type | (u32)k->s << 4 | (u32)k->dpl << 5 | (u32)k->present << 7 | (u32)k->avl << 12 |
			   (u32)k->l << 13 | (u32)k->db << 14 | (u32)k->g << 15 | (u32)k->unusable << 16;
}

/* The older call has the same members up to apic_base, then a bitmap instead of flags and PAE pointers. */
_Static_assert(offsetof(struct kvm_sregs, apic_base) == offsetof(struct kvm_sregs2, apic_base), "one layout");

static int load_sregs(struct kvm_cpu *k, struct kvm_sregs2 *r)
{
	struct kvm_sregs old;

	memset(r, 0, sizeof(*r));
	if (kvm_of(k->vcpu->vm)->sregs2)
		return ioctl(k->fd, KVM_GET_SREGS2, r) ? -errno : 0;
	if (ioctl(k->fd, KVM_GET_SREGS, &old))
		return -errno;
	memcpy(r, &old, offsetof(struct kvm_sregs, interrupt_bitmap));
	return 0;
}

static int store_sregs(struct kvm_cpu *k, const struct kvm_sregs2 *r)
{
	struct kvm_sregs old = { 0 };

	if (kvm_of(k->vcpu->vm)->sregs2)
		return ioctl(k->fd, KVM_SET_SREGS2, r) ? -errno : 0;
	memcpy(&old, r, offsetof(struct kvm_sregs, interrupt_bitmap));
	return ioctl(k->fd, KVM_SET_SREGS, &old) ? -errno : 0;
}

static int get_sregs(struct kvm_cpu *k, struct x86_state *s, u32 groups)
{
	struct kvm_sregs2 r;
	int rc = load_sregs(k, &r);

	if (rc)
		return rc;
	if (groups & ST_SEG) {
		for (enum x86_seg seg = 0; seg < X86_SEGS; seg++)
			from_segment(s, seg, segment(&r, seg));
		s->gdtr_base[0] = r.gdt.base;
		s->gdtr_limit[0] = r.gdt.limit;
		s->idtr_base[0] = r.idt.base;
		s->idtr_limit[0] = r.idt.limit;
	}
	if (groups & ST_CTRL) {
		s->cr0[0] = r.cr0;
		s->cr2[0] = r.cr2;
		s->cr3[0] = r.cr3;
		s->cr4[0] = r.cr4;
		s->cr8[0] = k->vcpu->intc.read_cr8 ? k->last.cr8[0] : r.cr8;
		s->efer[0] = r.efer;
		memcpy(s->pdpte, r.flags & KVM_SREGS2_FLAGS_PDPTRS_VALID ? r.pdptrs : (__u64 *)k->last.pdpte, sizeof(s->pdpte));
	}
	return 0;
}

static bool uses_pae(const struct kvm_sregs2 *r)
{
	return (r->cr0 & CR0_PG) && (r->cr4 & CR4_PAE) && !(r->efer & EFER_LMA);
}

/* Both groups go in one call, because KVM looks at them together; the other group stays as it is. */
static int set_sregs(struct kvm_cpu *k, const struct x86_state *s, u32 groups)
{
	struct kvm_sregs2 r;
	int rc = load_sregs(k, &r);

	if (rc)
		return rc;
	if (groups & ST_SEG) {
		for (enum x86_seg seg = 0; seg < X86_SEGS; seg++)
			*segment(&r, seg) = to_segment(s, seg);
		r.gdt = (struct kvm_dtable){ .base = s->gdtr_base[0], .limit = s->gdtr_limit[0] };
		r.idt = (struct kvm_dtable){ .base = s->idtr_base[0], .limit = s->idtr_limit[0] };
	}
	if (groups & ST_CTRL) {
		r.cr0 = s->cr0[0];
		r.cr2 = s->cr2[0];
		r.cr3 = s->cr3[0];
		r.cr4 = s->cr4[0];
		r.cr8 = k->run->cr8 = s->cr8[0];
		r.efer = s->efer[0];
		r.flags = uses_pae(&r) ? KVM_SREGS2_FLAGS_PDPTRS_VALID : 0;
		memcpy(r.pdptrs, s->pdpte, sizeof(r.pdptrs));
	}
	/* The device behind the model's APIC keeps its own base; KVM must only think that there is one. */
	r.apic_base = 0xfee00800 | (k->vcpu->index ? 0 : 0x100);
	return store_sregs(k, &r);
}

static int get_ctrl(struct kvm_cpu *k, struct x86_state *s)
{
	struct kvm_debugregs d;
	struct kvm_xcrs x;

	if (ioctl(k->fd, KVM_GET_DEBUGREGS, &d))
		return -errno;
	for (int i = 0; i < 4; i++)
		s->dr[i] = d.db[i];
	s->dr[4] = s->dr[5] = 0;
	s->dr[6] = d.dr6;
	s->dr[7] = d.dr7;
	s->xcr0[0] = k->last.xcr0[0];
	if (ioctl(k->fd, KVM_GET_XCRS, &x) == 0 && x.nr_xcrs)
		s->xcr0[0] = x.xcrs[0].value;
	return 0;
}

static int set_ctrl(struct kvm_cpu *k, const struct x86_state *s)
{
	struct kvm_debugregs d = { .dr6 = s->dr[6], .dr7 = s->dr[7] };
	struct kvm_xcrs x = { .nr_xcrs = 1, .xcrs = { { .xcr = 0, .value = s->xcr0[0] } } };

	for (int i = 0; i < 4; i++)
		d.db[i] = s->dr[i];
	if (ioctl(k->fd, KVM_SET_DEBUGREGS, &d))
		return -errno;
	if (ioctl(k->fd, KVM_SET_XCRS, &x) && s->xcr0[0] != 1) /* 1 is what a processor without XSAVE has */
		return -errno;
	return 0;
}

/* ---- events on their way ---- */

static int get_pending(struct kvm_cpu *k, struct x86_state *s)
{
	struct kvm_vcpu_events e;

	if (ioctl(k->fd, KVM_GET_VCPU_EVENTS, &e))
		return -errno;
	x86_state_copy(s, &k->last, ST_PENDING); /* icount, activity, inject_len */
	s->inject_info[0] = s->inject_error[0] = 0;
	if (e.exception.injected) {
		bool soft = e.exception.nr == VEC_BP || e.exception.nr == VEC_OF;
		s->inject_info[0] = intr_info(soft ? INTR_TYPE_SOFT_EXC : INTR_TYPE_HARD_EXC, e.exception.nr,
					      e.exception.has_error_code);
		s->inject_error[0] = e.exception.has_error_code ? e.exception.error_code : 0;
	} else if (e.nmi.injected || e.nmi.pending) {
		s->inject_info[0] = intr_info(INTR_TYPE_NMI, VEC_NMI, false);
	} else if (e.interrupt.injected) {
		s->inject_info[0] = intr_info(e.interrupt.soft ? INTR_TYPE_SOFT_INT : INTR_TYPE_EXT, e.interrupt.nr, false);
	}
	s->shadow[0] = (e.interrupt.shadow & KVM_X86_SHADOW_INT_STI ? SHADOW_STI : 0) |
		       (e.interrupt.shadow & KVM_X86_SHADOW_INT_MOV_SS ? SHADOW_MOV_SS : 0);
	s->nmi_blocked[0] = e.nmi.masked;
	s->pending_db[0] = 0; /* KVM has it among the exceptions */
	return 0;
}

/* A debug exception that waits becomes one on its way; its bits go into DR6 at once, as delivery would do. */
static int take_pending_db(struct kvm_cpu *k, const struct x86_state *s, struct kvm_vcpu_events *e)
{
	struct kvm_debugregs d;

	if (!s->pending_db[0] || (s->inject_info[0] & INTR_VALID))
		return 0;
	if (ioctl(k->fd, KVM_GET_DEBUGREGS, &d))
		return -errno;
	d.dr6 |= s->pending_db[0];
	e->exception.injected = 1;
	e->exception.nr = VEC_DB;
	return ioctl(k->fd, KVM_SET_DEBUGREGS, &d) ? -errno : 0;
}

static int set_pending(struct kvm_cpu *k, const struct x86_state *s)
{
	struct kvm_vcpu_events e = { .flags = KVM_VCPUEVENT_VALID_SHADOW | KVM_VCPUEVENT_VALID_NMI_PENDING };
	struct kvm_mp_state runnable = { KVM_MP_STATE_RUNNABLE };
	u32 info = s->inject_info[0], type = intr_type(info);
	int rc;

	if (info & INTR_VALID) {
		if (type == INTR_TYPE_EXT || type == INTR_TYPE_SOFT_INT) {
			e.interrupt.injected = 1;
			e.interrupt.nr = (u8)intr_vector(info);
			e.interrupt.soft = type == INTR_TYPE_SOFT_INT;
		} else if (type == INTR_TYPE_NMI) {
			e.nmi.injected = 1;
		} else {
			e.exception.injected = 1;
			e.exception.nr = (u8)intr_vector(info);
			e.exception.has_error_code = !!(info & INTR_HAS_ERROR);
			e.exception.error_code = s->inject_error[0];
		}
	}
	e.interrupt.shadow = (s->shadow[0] & SHADOW_STI ? KVM_X86_SHADOW_INT_STI : 0) |
			     (s->shadow[0] & SHADOW_MOV_SS ? KVM_X86_SHADOW_INT_MOV_SS : 0);
	e.nmi.masked = s->nmi_blocked[0];
	rc = take_pending_db(k, s, &e);
	if (rc)
		return rc;
	x86_state_copy(&k->last, s, ST_PENDING);
	ioctl(k->fd, KVM_SET_MP_STATE, &runnable); /* after a shutdown */
	return ioctl(k->fd, KVM_SET_VCPU_EVENTS, &e) ? -errno : 0;
}

/* ---- the groups ---- */

int kvm_get(struct vcpu *v, struct x86_state *s, u32 groups)
{
	struct kvm_cpu *k = kvm_cpu_of(v);
	int rc = 0;

	if (groups & ST_GPR)
		rc = get_regs(k, s);
	if (!rc && groups & (ST_SEG | ST_CTRL))
		rc = get_sregs(k, s, groups);
	if (!rc && groups & ST_CTRL)
		rc = get_ctrl(k, s);
	if (!rc && groups & ST_MSR)
		rc = kvm_msr_get(k, s);
	if (!rc && groups & ST_FPU)
		rc = kvm_fpu_get(k, s);
	if (!rc && groups & ST_PENDING)
		rc = get_pending(k, s);
	return rc;
}

/* A KVM without VT-x or AMD-V of its own takes paging of 32 bits, and then leaves it off. */
static int check_mode(struct kvm_cpu *k, const struct x86_state *s, struct err *err)
{
	struct kvm_sregs2 r;
	int rc = load_sregs(k, &r);

	if (rc)
		return err_set(err, -rc, "/dev/kvm does not give the state of vCPU %u: %s", k->vcpu->index, strerror(-rc));
	if (r.cr0 == s->cr0[0] && r.cr4 == s->cr4[0] && r.efer == s->efer[0])
		return 0;
	return err_set(err, ENOTSUP, "this host's KVM cannot execute a guest in the mode CR0 %" PRIx64 ", CR4 %" PRIx64
				     ", EFER %" PRIx64 "; --engine interp can", s->cr0[0], s->cr4[0], s->efer[0]);
}

static int set_groups(struct kvm_cpu *k, const struct x86_state *s, u32 groups, struct err *err)
{
	int rc = 0;

	if (groups & (ST_SEG | ST_CTRL))
		rc = set_sregs(k, s, groups);
	if (!rc && groups & ST_CTRL)
		rc = set_ctrl(k, s);
	if (!rc && groups & ST_GPR)
		rc = set_regs(k, s);
	if (!rc && groups & ST_FPU)
		rc = kvm_fpu_set(k, s);
	if (!rc && groups & ST_PENDING)
		rc = set_pending(k, s);
	if (rc)
		return err_set(err, -rc, "/dev/kvm refuses the state of vCPU %u: %s", k->vcpu->index, strerror(-rc));
	if (groups & ST_CTRL)
		rc = check_mode(k, s, err);
	if (rc)
		return rc;
	return groups & ST_MSR ? kvm_msr_set(k, s, err) : 0;
}

int kvm_set(struct vcpu *v, const struct x86_state *s, u32 groups, struct err *err)
{
	struct kvm_cpu *k = kvm_cpu_of(v);
	struct x86_state next;
	int rc = k->ready ? 0 : kvm_model_set(k, err);

	if (!rc && groups != ST_ALL)
		rc = kvm_get(v, &next, ST_GPR | ST_CTRL | ST_PENDING);
	if (rc)
		return rc;
	x86_state_copy(&next, s, groups);
	rc = x86_state_check(&next, err);
	if (!rc)
		rc = set_groups(k, s, groups, err);
	if (rc)
		return rc;
	x86_state_copy(&k->last, s, groups);
	if (groups == ST_ALL)
		k->asked = k->unfinished = k->deferred = false;
	return 0;
}
