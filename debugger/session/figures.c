/* SPDX-License-Identifier: GPL-3.0-or-later
 * figures.c - the table of what translation has cost.
 * Rule: counted where it happens, and slow anyway: a hit in the TLB is not counted, for it must cost nothing.
 */
#include "debugger/session/figures.h"

#include <stddef.h>

#include "core/vm.h"

enum { IN_VCPU, IN_PAGING };
#define VCPU(name, member, brief) { name, brief, offsetof(struct vcpu, member), IN_VCPU }
#define PAGING(name, member, brief) { name, brief, offsetof(struct second_stage, counts.member), IN_PAGING }
#define DIRTY(name, member, brief) { name, brief, offsetof(struct second_stage, dirty.counts.member), IN_PAGING }
#define DROP(name, cause, text) \
	VCPU("tlb_drop_" name, tlb.drops[cause], "TLB drops " text), \
	VCPU("tlb_lost_" name, tlb.dropped[cause], "  translations lost by it")

const struct figure figures[] = {
	VCPU("walk_guest_entries", walks.guest, "entries of the guest's tables that walks looked at"),
	VCPU("walk_ept_entries", walks.ept, "entries of extended page tables"),
	VCPU("walk_shadow_entries", walks.shadow, "entries of shadow page tables"),
	VCPU("tlb_fill_read", tlb.fills[0], "TLB fills for reading"),
	VCPU("tlb_fill_write", tlb.fills[1], "TLB fills for writing"),
	VCPU("tlb_fill_fetch", tlb.fills[2], "TLB fills for code"),
	DROP("cr3", CAUSE_CR3, "by MOV to CR3"),
	DROP("mode", CAUSE_MODE, "by CR0, CR4, EFER, DR7"),
	DROP("invlpg", CAUSE_INVLPG, "by INVLPG"),
	DROP("invpcid", CAUSE_INVPCID, "by INVPCID"),
	DROP("invvpid", CAUSE_INVVPID, "by INVVPID"),
	DROP("invept", CAUSE_INVEPT, "by INVEPT"),
	DROP("full", CAUSE_FULL, "to make room for another tag"),
	DROP("code", CAUSE_CODE, "of pages that came to hold decoded code"),
	DROP("log", CAUSE_LOG, "so that writes are seen anew"),
	DROP("memory", CAUSE_MEMORY, "because memory has moved"),
	DROP("state", CAUSE_STATE, "because the processor's state was set"),
	PAGING("paging_fills", fills, "pages mapped by the hypervisor"),
	PAGING("paging_flushes", flushes, "times that all its tables were emptied"),
	PAGING("paging_forgotten", forgotten, "entries emptied because the page has moved"),
	PAGING("shadow_fills", syncs[SYNC_FILL], "page faults that filled the shadow"),
	PAGING("shadow_injected", injected, "page faults that were the guest's own"),
	PAGING("shadow_device", device, "page faults at devices, ROM and holes"),
	PAGING("shadow_through", through, "stores let through into a page table"),
	PAGING("shadow_writes", syncs[SYNC_WRITE], "writes of the guest into its tables, seen"),
	PAGING("shadow_dma", syncs[SYNC_DMA], "writes of others into them"),
	PAGING("shadow_invlpg", syncs[SYNC_INVLPG], "INVLPG of the guest"),
	PAGING("shadow_cr3", syncs[SYNC_CR3], "MOV to CR3 of the guest"),
	PAGING("shadow_mode", syncs[SYNC_MODE], "changes of CR0, CR4, EFER"),
	PAGING("shadow_zaps", zaps, "shadow entries dropped, the guest's having changed"),
	PAGING("shadow_tables", tables, "shadow tables made"),
	PAGING("shadow_reclaimed", reclaimed, "of them given up at the bound"),
	PAGING("shadow_flooded", flooded, "of them given up for being only written"),
	PAGING("shadow_splits", splits, "pieces of large pages mapped"),
	PAGING("shadow_protects", protects, "pages of the guest write-protected"),
	PAGING("shadow_unsyncs", unsyncs, "leaf tables let out of step"),
	DIRTY("dirty_pages", pages, "written pages that the dirty log found"),
	DIRTY("dirty_faults", faults, "of them by write protection"),
	DIRTY("dirty_logged", logged, "entries of the page-modification log"),
	DIRTY("dirty_full", full, "times that it was full"),
	DIRTY("dirty_fetches", fetches, "times that the dirty log was read"),
	DIRTY("dirty_looked", looked, "table entries looked at for it"),
	DIRTY("dirty_rearmed", rearmed, "table entries changed to see writes anew"),
};
const u32 figure_count = ARRAY_LEN(figures);

u64 figure_get(const struct figure *f, const struct vm *vm)
{
	u64 sum = 0;

	if (f->in == IN_PAGING)
		return *(const u64 *)(const void *)((const u8 *)&vm->paging + f->offset);
	for (u32 i = 0; i < vm->ncpus; i++)
		sum += *(const u64 *)(const void *)((const u8 *)&vm->vcpu[i] + f->offset);
	return sum;
}
