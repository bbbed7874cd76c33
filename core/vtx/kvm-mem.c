/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-mem.c - guest-physical memory for KVM: its slots made from ours, and its dirty log folded into ours.
 * Rule: what KVM has is compared with what it should have, and only the difference is told.
 *
 * A hole is no slot of KVM's, so an access there is an MMIO exit; a ROM is read-only, so a write there is one.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

#define MIB (1ull << 20)
/* With the A20 gate shut each odd mebibyte shows the even one below it.  Up to here that is so; whoever has the gate
 * shut executes in real mode, and reaches no farther than 1 MiB + 64 KiB. */
#define A20_SHUT_MOST (128 * MIB)

/* One more than KVM's list can have, so that too many are noticed there. */
struct region_list { struct kvm_region r[KVM_REGIONS + 1]; int n; };

static void add(struct region_list *l, u64 gpa, u64 size, u64 at, u32 flags)
{
	if (l->n <= KVM_REGIONS)
		l->r[l->n++] = (struct kvm_region){ gpa, size, at, flags };
}

static u32 flags_of(const struct mem_slot *s)
{
	return (s->flags & SLOT_ROM ? KVM_MEM_READONLY : 0) | (s->flags & SLOT_LOG ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

/* Mebibyte by mebibyte: the even ones twice, the odd ones not at all. */
static void add_twice(struct region_list *l, const struct mem_slot *s)
{
	u64 end = s->gpa + s->size, n;

	for (u64 at = s->gpa; at < end; at += n) {
		n = at >= A20_SHUT_MOST ? end - at : MIB - at % MIB;
		n = n < end - at ? n : end - at;
		if (at >= A20_SHUT_MOST) {
			add(l, at, n, at, flags_of(s));
		} else if (!(at & MIB)) {
			add(l, at, n, at, flags_of(s));
			add(l, at | MIB, n, at, flags_of(s));
		}
	}
}

static void make_list(const struct mem *m, struct region_list *l)
{
	l->n = 0;
	for (const struct mem_slot *s = m->slot; s < m->slot + m->nslots; s++) {
		if (s->flags & SLOT_HOLE)
			continue;
		if (m->gpa_mask == UINT64_MAX)
			add(l, s->gpa, s->size, s->gpa, flags_of(s));
		else
			add_twice(l, s);
	}
}

/* The next run says so: whoever changes the map has no way to hear of it. */
static void trouble(struct vm *vm, const char *fmt, ...)
{
	struct kvm_vm *m = kvm_of(vm);
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->why, sizeof(m->why), fmt, args);
	va_end(args);
}

static int tell(struct vm *vm, int number, const struct kvm_region *r)
{
	struct kvm_userspace_memory_region region = {
		.slot = (u32)number, .flags = r->flags, .guest_phys_addr = r->gpa, .memory_size = r->size,
		.userspace_addr = (u64)(uintptr_t)(vm->mem.base + r->at),
	};
	int rc = ioctl(kvm_of(vm)->fd, KVM_SET_USER_MEMORY_REGION, &region);

	if (rc)
		trouble(vm, "/dev/kvm does not take 0x%llx bytes of memory at 0x%llx: %s", (unsigned long long)r->size,
			(unsigned long long)r->gpa, strerror(errno));
	return rc;
}

static bool in_list(const struct region_list *l, const struct kvm_region *r)
{
	for (int i = 0; i < l->n; i++)
		if (!memcmp(&l->r[i], r, sizeof(*r)))
			return true;
	return false;
}

static int free_number(struct kvm_vm *m)
{
	for (int i = 0; i < m->nregions; i++)
		if (!m->region[i].size)
			return i;
	return m->nregions < KVM_REGIONS ? m->nregions++ : -1;
}

/* What KVM has noted in one of its slots goes into the log of ours. */
static void fold(struct vm *vm, int number, u64 *bits)
{
	const struct kvm_region *r = &kvm_of(vm)->region[number];
	struct kvm_dirty_log log = { .slot = (u32)number, .dirty_bitmap = bits };
	struct mem_slot *s = (struct mem_slot *)mem_slot_at(&vm->mem, r->at);

	memset(bits, 0, (r->size / PAGE_SIZE_4K + 63) / 64 * 8);
	if (!s || !(s->flags & SLOT_LOG))
		return;
	if (ioctl(kvm_of(vm)->fd, KVM_GET_DIRTY_LOG, &log))
		mem_mark_dirty(s, r->at, r->size);
	for (u64 page = 0; page < r->size / PAGE_SIZE_4K; page++)
		if (bits[page / 64] >> page % 64 & 1)
			mem_mark_dirty(s, r->at + page * PAGE_SIZE_4K, 1);
}

/* All logged pieces that show memory in [at, at + size). */
static void fold_all(struct vm *vm, u64 at, u64 size)
{
	struct kvm_vm *m = kvm_of(vm);

	for (int i = 0; i < m->nregions; i++) {
		const struct kvm_region *r = &m->region[i];
		u64 *bits;

		if (!r->size || !(r->flags & KVM_MEM_LOG_DIRTY_PAGES) || r->at - at >= size)
			continue;
		bits = malloc((r->size / PAGE_SIZE_4K + 63) / 64 * 8);
		if (bits)
			fold(vm, i, bits);
		else
			mem_mark_dirty((struct mem_slot *)mem_slot_at(&vm->mem, r->at), r->at, r->size);
		free(bits);
	}
}

void kvm_dirty_fetch(struct vm *vm, const struct mem_slot *slot)
{
	fold_all(vm, slot->gpa, slot->size);
}

void kvm_mem_changed(struct vm *vm, const struct mem_slot *slot)
{
	struct kvm_vm *m = kvm_of(vm);
	struct region_list *l = malloc(sizeof(*l));

	if (!l) {
		trouble(vm, "no memory for the list of memory slots");
		return;
	}
	make_list(&vm->mem, l);
	fold_all(vm, 0, UINT64_MAX); /* a slot that goes takes its log along */
	for (int i = 0; i < m->nregions; i++) {
		if (!m->region[i].size || in_list(l, &m->region[i]))
			continue;
		m->region[i].size = 0;
		tell(vm, i, &m->region[i]);
	}
	for (int i = 0; i < l->n; i++) {
		bool there = false;
		int number;

		for (int j = 0; j < m->nregions && !there; j++)
			there = !memcmp(&l->r[i], &m->region[j], sizeof(l->r[i]));
		number = there ? -1 : free_number(m);
		if (!there && number < 0)
			trouble(vm, "guest memory lies in more than %d pieces", KVM_REGIONS);
		if (number >= 0 && tell(vm, number, &l->r[i]) == 0)
			m->region[number] = l->r[i];
	}
	free(l);
}
