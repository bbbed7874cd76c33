/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-fpu.c - the state of x87 and SSE, as KVM has it: an image of XSAVE.
 * Rule: the image numbers the x87 registers from the top of their stack, the state as they are.
 *
 * KVM saves in the 64-bit format (SDM 1 10.5.1.1), in which FCS and FDS have no place: they stay as they were set.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

/* The FXSAVE image in 64-bit format (SDM 1 table 10-3), then the header of XSAVE. */
struct fx_image {
	u16 fcw, fsw;
	u8 ftw, reserved;
	u16 fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	struct { u64 significand; u16 exponent; u8 unused[6]; } st[8];
	u64 xmm[32];
	u8 rest[96];
	u64 present; /* XSTATE_BV: bit 0 x87, bit 1 SSE; 0 = as after a reset */
};
_Static_assert(offsetof(struct fx_image, present) == 512, "SDM 1 13.4");

int kvm_fpu_get(struct kvm_cpu *k, struct x86_state *s)
{
	struct kvm_xsave x;
	const struct fx_image *f = (const struct fx_image *)x.region;
	struct x86_state fresh;

	if (ioctl(k->fd, KVM_GET_XSAVE, &x))
		return -errno;
	x86_state_reset(&fresh, 0);
	x86_state_copy(s, &fresh, ST_FPU);
	s->fcw[0] = FCW_INIT;
	s->ftw[0] = 0;
	s->mxcsr[0] = f->mxcsr;
	if (f->present & 1) {
		s->fcw[0] = f->fcw;
		s->fsw[0] = f->fsw;
		s->ftw[0] = f->ftw;
		s->fop[0] = f->fop & 0x7ff;
		s->fip[0] = f->fip;
		s->fdp[0] = f->fdp;
		for (int i = 0; i < 8; i++) { /* the image has them as ST(i), the state as they are numbered */
			int r = (i + (f->fsw >> FSW_TOP_SHIFT & 7)) & 7;
			s->fpr[r] = f->st[i].significand;
			s->fpr_exp[r] = f->st[i].exponent;
		}
	}
	if (f->present & 2)
		memcpy(s->xmm, f->xmm, sizeof(s->xmm));
	s->fcs[0] = k->last.fcs[0];
	s->fds[0] = k->last.fds[0];
	return 0;
}

int kvm_fpu_set(struct kvm_cpu *k, const struct x86_state *s)
{
	struct kvm_xsave x;
	struct fx_image *f = (struct fx_image *)x.region;

	memset(&x, 0, sizeof(x));
	f->present = 3;
	f->fcw = s->fcw[0];
	f->fsw = s->fsw[0];
	f->ftw = s->ftw[0];
	f->fop = s->fop[0];
	f->fip = s->fip[0];
	f->fdp = s->fdp[0];
	f->mxcsr = s->mxcsr[0];
	for (int i = 0; i < 8; i++) {
		int r = (i + (s->fsw[0] >> FSW_TOP_SHIFT & 7)) & 7;
		f->st[i].significand = s->fpr[r];
		f->st[i].exponent = s->fpr_exp[r];
	}
	memcpy(f->xmm, s->xmm, sizeof(f->xmm));
	return ioctl(k->fd, KVM_SET_XSAVE, &x) ? -errno : 0;
}
