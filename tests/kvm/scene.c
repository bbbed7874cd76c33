/* SPDX-License-Identifier: GPL-3.0-or-later
 * scene.c - the four modes: tables in memory, and registers that fit them.
 * Rule: a hidden part of a segment register is what loading its selector would have given (SDM 3A 3.4.3), so that every
 * state is one the mode's own instructions could have made.
 */
#include <string.h>

#include "tests/kvm/kvm-diff.h"

const char *const scene_names[SCENE_COUNT] = { "real", "prot16", "prot32", "long" };

/* ---- the GDT ---- */

enum { CODE = SEG_S | SEG_P | SEG_CODE | SEG_RW, DATA = SEG_S | SEG_P | SEG_RW, RING3 = 3 << SEG_DPL_SHIFT };
enum {
	SEL_CODE = 0x08,
	SEL_DATA = 0x10,
	SEL_CODE32 = 0x18,
	SEL_CODE16 = 0x20,
	SEL_CODE64 = 0x28,
	SEL_TSS = 0x30,
	SEL_LDT = 0x40
};

/* clang-format off */
static const struct segment_row { u32 base, limit, attr; } gdt[] = {
	{ 0, 0, 0 },
	{ 0, 0xfffff, CODE | SEG_ACCESSED | SEG_DB | SEG_G },  /* 08: flat code, the handlers' outside 64-bit mode */
	{ 0, 0xfffff, DATA | SEG_DB | SEG_G },                 /* 10: flat data */
	{ 0x10000, 0x8ffff, CODE | SEG_DB },                   /* 18: 32-bit code */
	{ 0x20000, 0xffff, CODE },                             /* 20: 16-bit code */
	{ 0, 0xfffff, CODE | SEG_ACCESSED | SEG_L | SEG_G },   /* 28: 64-bit code, the handlers' there */
	{ TSS_AT, 0x67, SEG_P | SYS_TSS32_BUSY },              /* 30: the task, 16 bytes in 64-bit mode */
	{ 0, 0, 0 },
	{ LDT_AT, 0x17, SEG_P | SYS_LDT },                     /* 40: the LDT, likewise */
	{ 0, 0, 0 },
	{ 0x30000, 0xffff, DATA },                             /* 50: 16-bit data */
	{ 0x40000, 0x1fff, DATA | SEG_DB | SEG_EXPAND_DOWN },  /* 58: from 2000 up */
	{ 0x50000, 0x0fff, DATA | SEG_EXPAND_DOWN },           /* 60: from 1000 to ffff */
	{ 0x60000, 0xffff, DATA & ~SEG_RW },                   /* 68: read-only */
	{ 0x70000, 0x00ff, DATA | SEG_DB },                    /* 70: small */
	{ 0x10000, 0x8ffff, CODE | SEG_DB | SEG_CONFORMING },  /* 78 */
	{ 0x10000, 0x8ffff, (CODE & ~SEG_RW) | SEG_DB },       /* 80: execute-only */
	{ 0x30000, 0xffff, DATA & ~SEG_P },                    /* 88 */
	{ 0x20000, 0xffff, CODE & ~SEG_P },                    /* 90 */
	{ 0x80000, 0xffff, DATA | RING3 },                     /* 98 */
	{ 0x10000, 0xffff, CODE | SEG_DB | RING3 },            /* a0 */
	{ 0x10000, 0x8ffff, CODE | SEG_DB | SEG_CONFORMING | RING3 }, /* a8 */
	{ TSS_AT, 0x2b, SEG_P | SYS_TSS16 },                   /* b0 */
	{ LDT_AT, 0x17, SYS_LDT },                             /* b8: not present */
	{ 0x90000, 0x7f, DATA | SEG_DB | SEG_G },              /* c0 */
	{ 0xa0000, 0xffff, DATA | SEG_ACCESSED },              /* c8 */
};
/* clang-format on */
static const struct segment_row ldt[] = {
	{ 0x34000, 0xfff, DATA | SEG_DB },
	{ 0x12000, 0xffff, CODE | SEG_DB },
	{ 0x24000, 0xffff, CODE },
};

static u64 descriptor(const struct segment_row *r)
{
	return (r->limit & 0xffff) | (u64)(r->base & 0xffffff) << 16 | (u64)(r->attr & 0xff) << 40 |
	       (u64)(r->limit >> 16) << 48 | (u64)(r->attr >> 12 & 0xf) << 52 | (u64)(r->base >> 24) << 56;
}

static const struct segment_row *find_row(u16 sel)
{
	return sel & 4 ? &ldt[sel >> 3] : &gdt[sel >> 3];
}

/* ---- memory ---- */

/* Numbers by chance, with stretches of zeros and of ones in between. */
static void fill(u8 *mem)
{
	u64 random = 1;
	for (u32 at = 0; at < RAM_SIZE; at += 64) {
		u32 kind = (u32)(random_next(&random) >> 32) % 16;
		for (u32 i = 0; i < 64; i += 8) {
			u64 v = kind == 0 ? 0 : kind == 1 ? ~0ull : random_next(&random);
			memcpy(mem + at + i, &v, 8);
		}
	}
}

/* SDM 3A 6.11, 6.14.1: interrupt gates for 16- and 32-bit code, and 16-byte ones. */
static void put_gates(enum scene scene, u8 *mem)
{
	for (u32 v = 0; v < 256; v++) {
		u32 at = HANDLERS_AT + 4 * v, type = SEG_P | SYS_INT32;
		if (scene == SCENE_REAL) {
			u32 pointer = 0xffff0000u | (at - 0xffff0);
			memcpy(mem + 4 * v, &pointer, 4);
			continue;
		}
		u64 sel = scene == SCENE_LONG ? SEL_CODE64 : SEL_CODE;
		u64 gate = (at & 0xffff) | sel << 16 | (u64)type << 40 | (u64)(at >> 16) << 48;
		memcpy(mem + IDT_AT + (scene == SCENE_LONG ? 16 : 8) * v, &gate, 8);
		if (scene == SCENE_LONG)
			memset(mem + IDT_AT + 16 * v + 8, 0, 8);
	}
}

static void put_tables(enum scene scene, u8 *mem)
{
	for (size_t i = 0; i < ARRAY_LEN(gdt); i++) {
		u64 raw = descriptor(&gdt[i]);
		memcpy(mem + GDT_AT + 8 * i, &raw, 8);
	}
	for (size_t i = 0; i < ARRAY_LEN(ldt); i++) {
		u64 raw = descriptor(&ldt[i]);
		memcpy(mem + LDT_AT + 8 * i, &raw, 8);
	}
	if (scene != SCENE_LONG)
		return;
	/* the first GiB as it is, accessed and dirty from the beginning */
	const u64 bits = PTE_P | PTE_W | PTE_A | PTE_D;
	u64 pml4 = (PAGING_AT + 0x1000) | bits, pdpt = (PAGING_AT + 0x2000) | bits;
	memset(mem + PAGING_AT, 0, 0x3000);
	memcpy(mem + PAGING_AT, &pml4, 8);
	memcpy(mem + PAGING_AT + 0x1000, &pdpt, 8);
	for (u64 i = 0; i < 512; i++) {
		u64 pde = i << 21 | bits | PTE_PS;
		memcpy(mem + PAGING_AT + 0x2000 + 8 * i, &pde, 8);
	}
}

void scene_memory(enum scene scene, u8 *mem)
{
	fill(mem);
	if (scene != SCENE_REAL)
		put_tables(scene, mem);
	put_gates(scene, mem);
	memset(mem + HANDLERS_AT, 0x90, HANDLERS_SIZE);
}

/* ---- registers ---- */

u64 random_value(struct testcase *t)
{
	u64 v = random_next(&t->random);
	switch (below(t, 10)) {
	case 0: return 0;
	case 1: return ~0ull;
	case 2: return v & 0xff;
	case 3: return 1ull << (v & 63);
	case 4: return (1ull << (v & 63)) - 1;
	case 5: return (u64)(i64)(i8)v;
	case 6: return 0x8000800080008000ull + (v & 3) - 1;
	default: return v;
	}
}

u16 scene_selector(struct testcase *t)
{
	u16 sel = (u16)(below(t, ARRAY_LEN(gdt)) * 8);
	if (one_in(t, 8))
		sel = (u16)(below(t, ARRAY_LEN(ldt)) * 8 | 4);
	if (one_in(t, 12))
		sel |= (u16)below(t, 4);
	return one_in(t, 30) ? (u16)random_value(t) : sel;
}

void scene_load(struct x86_state *s, enum x86_seg seg, u16 sel, bool real)
{
	s->seg_sel[seg] = sel;
	if (real) {
		s->seg_base[seg] = (u64)sel * 16;
		s->seg_limit[seg] = 0xffff;
		s->seg_attr[seg] = SEG_S | SEG_P | SEG_RW | SEG_ACCESSED | (seg == SEG_CS ? SEG_CODE : 0);
		return;
	}
	const struct segment_row *r = find_row(sel);
	s->seg_base[seg] = r->base;
	s->seg_limit[seg] = r->attr & SEG_G ? r->limit << 12 | 0xfff : r->limit;
	s->seg_attr[seg] = r->attr | (r->attr & SEG_S ? SEG_ACCESSED : 0);
	if (!(sel & 0xfffc)) {
		s->seg_limit[seg] = 0;
		s->seg_attr[seg] = SEG_UNUSABLE;
	}
}

static const u16 data_selectors[] = { SEL_DATA, SEL_DATA, SEL_DATA, 0x50, 0x50,       0x58, 0x60, 0x68,
				      0x70,     0x98,     0xc0,     0xc8, SEL_CODE32, 0x04, 0 };
static const u16 stack_selectors[] = { SEL_DATA, SEL_DATA, SEL_DATA, SEL_DATA, SEL_DATA, SEL_DATA,
				       0x50,     0x50,     0x58,     0x60,     0x70,     0xc0 };

static u16 random_segment(struct testcase *t, enum x86_seg seg)
{
	if (t->scene == SCENE_REAL)
		return one_in(t, 8) ? (u16)(0xf000 | random_value(t)) : (u16)random_next(&t->random);
	if (seg == SEG_CS)
		return t->scene == SCENE_PROT16 ? SEL_CODE16
		       : t->scene == SCENE_LONG ? SEL_CODE64
		       : one_in(t, 3)           ? SEL_CODE
						: SEL_CODE32;
	if (t->scene == SCENE_LONG && seg == SEG_SS)
		return one_in(t, 3) ? 0 : SEL_DATA;
	return seg == SEG_SS ? stack_selectors[below(t, ARRAY_LEN(stack_selectors))]
			     : data_selectors[below(t, ARRAY_LEN(data_selectors))];
}

/* First and last offset of a segment, as far as there is RAM. */
static void segment_range(const struct testcase *t, enum x86_seg seg, u64 *first, u64 *last)
{
	const struct x86_state *s = &t->init;
	u64 base = s->seg_base[seg];
	u32 attr = s->seg_attr[seg];
	*first = 0;
	*last = s->seg_limit[seg];
	if (t->scene == SCENE_LONG) {
		base = seg == SEG_FS || seg == SEG_GS ? base : 0;
		*last = RAM_SIZE;
	} else if ((attr & SEG_S) && (attr & (SEG_CODE | SEG_EXPAND_DOWN)) == SEG_EXPAND_DOWN) {
		*first = *last + 1;
		*last = attr & SEG_DB ? 0xffffffff : 0xffff;
	}
	if (base + *first < SCENERY_END + 0x100 && t->scene != SCENE_REAL)
		*first = SCENERY_END + 0x100 - base;
	if (base + *last >= RAM_SIZE && base < RAM_SIZE - 0x100)
		*last = RAM_SIZE - 1 - base;
}

u64 scene_offset(struct testcase *t, enum x86_seg seg, u32 size, int addrsize)
{
	u64 first, last, edge = 0x7fffffffffffull;
	segment_range(t, seg, &first, &last);
	if (addrsize == 2 && last > 0xffff)
		last = 0xffff;
	if (t->scene == SCENE_LONG && one_in(t, 40))
		return addrsize == 8 ? edge - below(t, 16) : random_value(t);
	if (one_in(t, 12)) /* across the end */
		return last + 2 - below(t, size + 2);
	if (one_in(t, 24)) /* around the beginning */
		return first + below(t, 16) - 8;
	if (last < first + size || one_in(t, 40))
		return random_value(t);
	return first + random_next(&t->random) % (last - first - size + 2);
}

static void random_registers(struct testcase *t)
{
	struct x86_state *s = &t->init;
	int n = t->scene == SCENE_LONG ? 16 : 8;
	for (int i = 0; i < n; i++)
		s->gpr[i] = n == 16 ? random_value(t) : (u32)random_value(t);
	bool wide = t->scene == SCENE_LONG || (s->seg_attr[SEG_SS] & SEG_DB);
	u64 sp = scene_offset(t, SEG_SS, 16, 4);
	s->gpr[RSP] = t->scene == SCENE_LONG ? sp
		      : wide                 ? (u32)sp
					     : (s->gpr[RSP] & 0xffff0000) | (sp & 0xffff);
	if (one_in(t, 16))
		s->gpr[RSP] ^= s->gpr[RSP] & 0xffff, s->gpr[RSP] |= below(t, 12);
	else if (!one_in(t, 10))
		s->gpr[RSP] &= ~1ull;
	s->rflags[0] = FLAG_1 | (random_next(&t->random) & (FLAGS_ARITH | FLAG_DF | FLAG_IF));
	if (one_in(t, 8))
		s->rflags[0] |= random_next(&t->random) & FLAG_IOPL;
	if (one_in(t, 16) && t->scene == SCENE_REAL)
		s->rflags[0] |= FLAG_NT;
}

/* Somewhere in CS; seldom at its very end. */
static void random_place(struct testcase *t)
{
	u64 first, last, linear;
	do {
		if (t->scene == SCENE_REAL)
			scene_load(&t->init, SEG_CS, random_segment(t, SEG_CS), true);
		segment_range(t, SEG_CS, &first, &last);
		u64 at = first + random_next(&t->random) % (last - first - 15);
		if (one_in(t, 64) && t->scene != SCENE_LONG)
			at = last - below(t, 12);
		t->init.rip[0] = at;
		linear = (t->scene == SCENE_LONG ? 0 : t->init.seg_base[SEG_CS]) + at;
	} while (linear < SCENERY_END || linear > HANDLERS_AT - 32);
}

static void protect(struct x86_state *s, enum scene scene)
{
	scene_load(s, SEG_TR, SEL_TSS, false);
	scene_load(s, SEG_LDTR, SEL_LDT, false);
	s->gdtr_base[0] = GDT_AT;
	s->gdtr_limit[0] = sizeof(gdt) / sizeof(gdt[0]) * 8 - 1;
	s->idtr_base[0] = IDT_AT;
	s->idtr_limit[0] = scene == SCENE_LONG ? 0xfff : 0x7ff;
	s->cr0[0] = CR0_PE | CR0_ET | CR0_NE;
	if (scene != SCENE_LONG)
		return;
	s->cr0[0] |= CR0_PG | CR0_WP;
	s->cr3[0] = PAGING_AT;
	s->cr4[0] = CR4_PAE;
	s->efer[0] = EFER_LME | EFER_LMA | EFER_SCE;
}

void scene_state(struct testcase *t)
{
	struct x86_state *s = &t->init;
	bool real = t->scene == SCENE_REAL;
	x86_state_reset(s, 0);
	s->cr0[0] = CR0_ET;
	s->idtr_limit[0] = 0x3ff;
	scene_load(s, SEG_LDTR, 0, true);
	scene_load(s, SEG_TR, 0, true);
	s->seg_attr[SEG_LDTR] = SEG_P | SYS_LDT;
	s->seg_attr[SEG_TR] = SEG_P | SYS_TSS32_BUSY;
	if (!real)
		protect(s, t->scene);
	for (enum x86_seg seg = SEG_ES; seg <= SEG_GS; seg++)
		scene_load(s, seg, random_segment(t, seg), real);
	if (t->scene == SCENE_LONG)
		s->seg_base[SEG_FS] = below(t, 0x10000), s->seg_base[SEG_GS] = below(t, 0x80000);
	random_registers(t);
	random_place(t);
}
