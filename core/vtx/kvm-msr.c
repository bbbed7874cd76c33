/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-msr.c - the model-specific registers of struct x86_state, and the time-stamp counter.
 * Rule: one table says which there are; the filter (kvm-model.c) lets the guest reach exactly these without an exit.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

enum { MSRS_MOST = 64 };

#define AT(field) offsetof(struct x86_state, field)
static const struct row {
	u32 index, count; /* `count` registers in a row, kept in as many elements */
	u8 feature;
	size_t offset;
} rows[] = {
	{ MSR_SYSENTER_CS, 1, FEAT_SEP, AT(sysenter_cs) },
	{ MSR_SYSENTER_ESP, 1, FEAT_SEP, AT(sysenter_esp) },
	{ MSR_SYSENTER_EIP, 1, FEAT_SEP, AT(sysenter_eip) },
	{ MSR_MISC_ENABLE, 1, FEAT_CMOV, AT(misc_enable) },
	{ MSR_DEBUGCTL, 1, FEAT_CMOV, AT(debugctl) },
	{ MSR_MTRR_PHYS_BASE0, 16, FEAT_MTRR, AT(mtrr_phys) },
	{ MSR_MTRR_FIX64K, 1, FEAT_MTRR, AT(mtrr_fix) },
	{ MSR_MTRR_FIX16K_0, 2, FEAT_MTRR, AT(mtrr_fix[1]) },
	{ MSR_MTRR_FIX4K_0, 8, FEAT_MTRR, AT(mtrr_fix[3]) },
	{ MSR_PAT, 1, FEAT_PAT, AT(pat) },
	{ MSR_MTRR_DEF_TYPE, 1, FEAT_MTRR, AT(mtrr_def_type) },
	{ MSR_STAR, 1, FEAT_SYSCALL, AT(star) },
	{ MSR_LSTAR, 1, FEAT_LM, AT(lstar) },
	{ MSR_CSTAR, 1, FEAT_LM, AT(cstar) },
	{ MSR_SFMASK, 1, FEAT_LM, AT(sfmask) },
	{ MSR_KERNEL_GS_BASE, 1, FEAT_LM, AT(kernel_gs_base) },
	{ MSR_TSC_AUX, 1, FEAT_RDTSCP, AT(tsc_aux) },
};
/* Parts of other groups of the state. */
static const struct { u32 index, count; u8 feature; } others[] = {
	{ MSR_EFER, 1, FEAT_LM }, { MSR_FS_BASE, 1, FEAT_LM }, { MSR_GS_BASE, 1, FEAT_LM },
};

bool kvm_msr_row(const struct vm *vm, int i, u32 *index, u32 *count)
{
	int n = i - (int)ARRAY_LEN(rows);

	if (n >= (int)ARRAY_LEN(others))
		return false;
	*index = n < 0 ? rows[i].index : others[n].index;
	*count = n < 0 ? rows[i].count : others[n].count;
	if (!cpu_has(vm->cpu, n < 0 ? rows[i].feature : others[n].feature))
		*count = 0;
	return true;
}

/* ---- there and back ---- */

struct msr_list { struct kvm_msrs head; struct kvm_msr_entry entry[MSRS_MOST]; };

static void list_all(const struct kvm_cpu *k, const struct x86_state *s, struct msr_list *l)
{
	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (u32 j = 0; j < rows[i].count && cpu_has(k->vcpu->vm->cpu, rows[i].feature); j++) {
			const u64 *value = (const u64 *)((const u8 *)s + rows[i].offset) + j;
			struct kvm_msr_entry *e = &l->entry[l->head.nmsrs++];

			e->index = rows[i].index + j;
			e->data = *value;
		}
}

static u64 *place_of(struct x86_state *s, u32 index)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (index - rows[i].index < rows[i].count)
			return (u64 *)((u8 *)s + rows[i].offset) + (index - rows[i].index);
	return NULL;
}

/* KVM stops at the first one that it has not got; that one's value is what was set last. */
int kvm_msr_get(struct kvm_cpu *k, struct x86_state *s)
{
	struct msr_list all, l;
	u32 done = 0;

	list_all(k, &k->last, &all);
	while (done < all.head.nmsrs) {
		int n;

		l.head.nmsrs = all.head.nmsrs - done;
		memcpy(l.entry, all.entry + done, l.head.nmsrs * sizeof(l.entry[0]));
		n = ioctl(k->fd, KVM_GET_MSRS, &l);
		if (n < 0)
			return -errno;
		for (int i = 0; i < n; i++)
			*place_of(s, l.entry[i].index) = l.entry[i].data;
		done += (u32)n;
		if (done < all.head.nmsrs) {
			*place_of(s, all.entry[done].index) = *place_of(&k->last, all.entry[done].index);
			done++;
		}
	}
	s->tsc_offset[0] = k->last.tsc_offset[0];
	return 0;
}

/* One that KVM refuses is an error, unless this host has no such register at all. */
static int check_refused(struct kvm_cpu *k, const struct kvm_msr_entry *e, struct err *err)
{
	struct msr_list one = { .head.nmsrs = 1, .entry = { *e } };

	if (ioctl(k->fd, KVM_GET_MSRS, &one) != 1)
		return 0;
	if (one.entry[0].data == e->data)
		return 0;
	return err_set(err, EINVAL, "/dev/kvm does not take 0x%" PRIx64 " for model-specific register 0x%x",
		       (u64)e->data, (unsigned)e->index);
}

int kvm_msr_set(struct kvm_cpu *k, const struct x86_state *s, struct err *err)
{
	struct msr_list all, l;
	u32 done = 0;

	list_all(k, s, &all);
	while (done < all.head.nmsrs) {
		int n, rc;

		l.head.nmsrs = all.head.nmsrs - done;
		memcpy(l.entry, all.entry + done, l.head.nmsrs * sizeof(l.entry[0]));
		n = ioctl(k->fd, KVM_SET_MSRS, &l);
		if (n < 0)
			return err_set(err, errno, "/dev/kvm: KVM_SET_MSRS failed: %s", strerror(errno));
		done += (u32)n;
		if (done < all.head.nmsrs) {
			rc = check_refused(k, &all.entry[done++], err);
			if (rc)
				return rc;
		}
	}
	x86_state_copy(&k->last, s, ST_MSR);
	kvm_tsc_apply(k, kvm_now(k));
	return 0;
}

/* ---- the time-stamp counter ---- */

/* By the offset where the host lets us, because of a write to the register KVM makes what it thinks was meant. */
void kvm_tsc_apply(struct kvm_cpu *k, u64 now)
{
	const struct kvm_vm *m = kvm_of(k->vcpu->vm);
	unsigned __int128 ticks = (unsigned __int128)(now + k->last.tsc_offset[0]) * m->tsc_khz;
	u64 want = (u64)(ticks / 1000 / k->vcpu->vm->clock.insn_ps), offset;
	struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (u64)(uintptr_t)&offset };
	struct msr_list tsc = { .head.nmsrs = 1, .entry = { { .index = MSR_TSC } } };

	k->tsc_now = now;
	if (ioctl(k->fd, KVM_GET_DEVICE_ATTR, &attr) == 0 && ioctl(k->fd, KVM_GET_MSRS, &tsc) == 1) {
		offset += want - tsc.entry[0].data;
		ioctl(k->fd, KVM_SET_DEVICE_ATTR, &attr);
		return;
	}
	tsc.entry[0].data = want;
	ioctl(k->fd, KVM_SET_MSRS, &tsc);
}
