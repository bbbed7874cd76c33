/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-state.c - how a loaded program finds the machine: the memory map, and the processor's state.
 * Rule: nothing here depends on the format of the image.
 */
#include <assert.h>

#include "core/loader-priv.h"

enum { ISA_HOLE = 0xa0000, ISA_HOLE_END = 0x100000 };

/* ---- the memory it finds ---- */

/* Append [base, end) to the map, or lengthen its last entry. */
static u32 map_add(struct map_entry *map, u32 n, u64 base, u64 end, u32 type)
{
	struct map_entry *last = n ? &map[n - 1] : NULL;

	if (base >= end)
		return n;
	if (last && last->type == type && last->base + last->size == base) {
		last->size = end - last->base;
		return n;
	}
	assert(n < MAP_ENTRIES);
	map[n] = (struct map_entry){ base, end - base, type };
	return n + 1;
}

static u64 lower(u64 a, u64 b) { return a < b ? a : b; }
static u64 higher(u64 a, u64 b) { return a > b ? a : b; }

u32 memory_map(const struct mem *m, struct map_entry *map)
{
	u32 n = 0;

	for (int i = 0; i < m->nslots; i++) {
		const struct mem_slot *s = &m->slot[i];
		u32 type = s->flags & SLOT_ROM ? MAP_RESERVED : MAP_RAM;
		u64 end = s->gpa + s->size;

		if (s->flags & (SLOT_HOLE | SLOT_DEVICE))
			continue;
		n = map_add(map, n, s->gpa, lower(end, ISA_HOLE), type);
		n = map_add(map, n, higher(s->gpa, ISA_HOLE), lower(end, ISA_HOLE_END), MAP_RESERVED);
		n = map_add(map, n, higher(s->gpa, ISA_HOLE_END), end, type);
	}
	return n;
}

/* ---- the processor it finds ---- */

enum { SEL_CODE = 0x08, SEL_DATA = 0x10 };
#define ATTR_DATA (SEG_P | SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | SEG_G)
#define ATTR_CODE (SEG_P | SEG_S | SEG_CODE | SEG_RW | SEG_ACCESSED | SEG_DB | SEG_G)

void state_flat32(struct vm *vm, struct x86_state *s, u64 entry)
{
	/* SDM 3A figure 3-8: base 0, limit 4 GiB, ring 0, accessed */
	static const u64 gdt[] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff };

	_Static_assert(sizeof(gdt) == LOAD_GDT_END - LOAD_GDT, "the GDT fills its area");
	mem_poke(&vm->mem, LOAD_GDT, gdt, sizeof(gdt));
	mem_set_a20(&vm->mem, true);
	x86_state_reset(s, 0);
	for (int seg = SEG_ES; seg <= SEG_GS; seg++) {
		s->seg_sel[seg] = seg == SEG_CS ? SEL_CODE : SEL_DATA;
		s->seg_attr[seg] = seg == SEG_CS ? ATTR_CODE : ATTR_DATA;
		s->seg_base[seg] = 0;
		s->seg_limit[seg] = 0xffffffff;
	}
	s->gdtr_base[0] = LOAD_GDT;
	s->gdtr_limit[0] = sizeof(gdt) - 1;
	s->idtr_limit[0] = 0; /* no handler yet: the first fault ends in a triple fault, which is explained */
	s->cr0[0] = CR0_PE | CR0_ET;
	s->gpr[RDX] = 0;
	s->gpr[RSP] = LOAD_STACK_END;
	s->rip[0] = entry;
}

/* 64-bit mode with the first 4 GiB mapped to themselves in pages of 2 MiB (SDM 3A 4.5, table 4-17; 9.8.5). */
void state_long(struct vm *vm, struct x86_state *s)
{
	enum { PDPT = LOAD_TABLES + 0x1000, DIRECTORIES = LOAD_TABLES + 0x2000, ENTRIES = 512 };
	static const u64 code64 = 0x00af9b000000ffff;
	u64 table[ENTRIES] = { PDPT | PTE_P | PTE_W };

	mem_poke(&vm->mem, LOAD_TABLES, table, sizeof(table));
	for (u64 i = 0; i < 4; i++)
		table[i] = (DIRECTORIES + i * PAGE_SIZE_4K) | PTE_P | PTE_W;
	mem_poke(&vm->mem, PDPT, table, sizeof(table));
	for (u64 i = 0; i < 4; i++) {
		for (u64 j = 0; j < ENTRIES; j++)
			table[j] = (i << 30 | j << 21) | PTE_P | PTE_W | PTE_PS;
		mem_poke(&vm->mem, DIRECTORIES + i * PAGE_SIZE_4K, table, sizeof(table));
	}
	mem_poke(&vm->mem, LOAD_GDT + 8, &code64, sizeof(code64));
	s->seg_attr[SEG_CS] = (s->seg_attr[SEG_CS] & ~SEG_DB) | SEG_L;
	s->cr0[0] |= CR0_PG;
	s->cr3[0] = LOAD_TABLES;
	s->cr4[0] = CR4_PAE;
	s->efer[0] = EFER_LME | EFER_LMA;
}

int state_start(struct vm *vm, const struct x86_state *s, struct err *err)
{
	return vcpu_set(&vm->vcpu[0], s, ST_GPR | ST_SEG | ST_CTRL, err);
}
