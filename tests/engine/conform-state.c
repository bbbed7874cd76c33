/* SPDX-License-Identifier: GPL-3.0-or-later
 * conform-state.c - get and set: what was set is what is read; what no processor can be in is refused; and memory.
 * Rule: states are made by chance from what a processor in real mode may have.
 */
#include "tests/engine/rig.h"

static u64 chance(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state ^ *state >> 29;
}

static u64 canonical(u64 value)
{
	return (u64)((i64)(value << 16) >> 16);
}

static void some_groups(struct x86_state *s, u64 *random)
{
	for (int i = 0; i < X86_GPRS; i++)
		s->gpr[i] = chance(random);
	s->rip[0] = (u16)chance(random);
	s->rflags[0] = (chance(random) & (FLAGS_ARITH | FLAG_IF | FLAG_DF | FLAG_IOPL)) | FLAG_1;
	for (enum x86_seg i = 0; i < SEG_LDTR; i++) {
		s->seg_sel[i] = (u16)chance(random);
		s->seg_base[i] = (u64)s->seg_sel[i] << 4;
	}
	s->gdtr_base[0] = (u32)chance(random);
	s->gdtr_limit[0] = (u16)chance(random);
	s->idtr_base[0] = (u32)chance(random);
	s->cr2[0] = chance(random);
	for (int i = 0; i < 4; i++)
		s->dr[i] = (u32)chance(random);
	s->dr[6] = DR6_FIXED | (chance(random) & (0xf | DR6_BS));
	s->star[0] = chance(random);
	s->lstar[0] = canonical(chance(random));
	s->cstar[0] = canonical(chance(random));
	s->sfmask[0] = (u32)chance(random);
	s->kernel_gs_base[0] = canonical(chance(random));
	s->sysenter_esp[0] = canonical(chance(random));
	s->sysenter_eip[0] = canonical(chance(random));
	s->sysenter_cs[0] = (u16)chance(random);
	s->tsc_offset[0] = chance(random) >> 8;
}

static void more_groups(struct x86_state *s, u64 *random)
{
	for (int i = 0; i < 32; i++)
		s->xmm[i] = chance(random);
	for (int i = 0; i < 8; i++) {
		s->fpr[i] = chance(random) | 1ull << 63;
		s->fpr_exp[i] = (u16)(0x3f00 + (chance(random) & 0xff));
	}
	s->fcw[0] = 0x37f;
	s->fsw[0] = (u16)(chance(random) & FSW_TOP);
	s->ftw[0] = (u8)chance(random);
	s->mxcsr[0] = 0x1f80 | (chance(random) & 0x6000);
	s->icount[0] = chance(random) >> 8;
	s->activity[0] = (u8)(chance(random) & 1);
	s->shadow[0] = (u8)(chance(random) % 3);
	s->nmi_blocked[0] = chance(random) & 1;
	s->inject_info[0] = chance(random) & 1 ? intr_info(INTR_TYPE_EXT, (u32)chance(random) & 0xff, false) : 0;
}

static void same(const struct x86_state *a, const struct x86_state *b, u32 groups)
{
	for (u32 i = 0; i < x86_state_layout.nfields; i++) {
		const struct field *f = &x86_state_layout.fields[i];

		for (u32 n = 0; n < f->count && (x86_state_group(i) & groups); n++)
			ck_assert_msg(field_get(f, a, n) == field_get(f, b, n), "%s[%u]: set %llx, read %llx", f->name, n,
				      (unsigned long long)field_get(f, a, n), (unsigned long long)field_get(f, b, n));
	}
}

/* Hidden parts of the segment registers as their descriptors would give them. */
static void segment(struct x86_state *s, enum x86_seg seg, u16 sel, u64 base, u32 attr)
{
	s->seg_sel[seg] = sel;
	s->seg_base[seg] = base;
	s->seg_limit[seg] = UINT32_MAX;
	s->seg_attr[seg] = attr | SEG_P | SEG_G;
}

enum { PROTECTED, PAGED_32, PAGED_PAE, PAGED_64, USER_64, MODES };

/* A processor in one of the modes behind PE, which it has come to with tables that lie anywhere. */
static void enter_mode(struct x86_state *s, int mode, u64 *random)
{
	bool wide = mode >= PAGED_64, user = mode == USER_64;
	u16 rpl = user ? 3 : 0;
	u32 dpl = user ? 3u << SEG_DPL_SHIFT : 0;

	s->cr0[0] |= CR0_PE | CR0_NE | (mode > PROTECTED ? CR0_PG | CR0_WP : 0);
	s->cr3[0] = mode > PROTECTED ? (chance(random) & 0xff) << 12 : 0;
	s->cr4[0] = mode >= PAGED_PAE ? CR4_PAE | CR4_PGE : mode == PAGED_32 ? CR4_PSE : 0;
	s->efer[0] = wide ? EFER_SCE | EFER_LME | EFER_LMA : 0;
	segment(s, SEG_CS, 0x10 | rpl, 0, SEG_S | SEG_CODE | SEG_RW | SEG_ACCESSED | dpl | (wide ? SEG_L : SEG_DB));
	segment(s, SEG_SS, 0x18 | rpl, 0, SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | dpl);
	segment(s, SEG_DS, 0x18 | rpl, 0, SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | dpl);
	segment(s, SEG_ES, 0x18 | rpl, 0, SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | dpl);
	for (enum x86_seg seg = SEG_FS; seg <= SEG_GS; seg++) {
		u64 base = chance(random);

		segment(s, seg, 0x18 | rpl, wide ? canonical(base) : (u32)base, SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | dpl);
	}
	s->seg_sel[SEG_TR] = 0x28;
	s->seg_base[SEG_TR] = (u32)chance(random);
	s->seg_limit[SEG_TR] = 0x67;
	s->seg_attr[SEG_TR] = SEG_P | SYS_TSS32_BUSY;
	s->rip[0] = (u32)chance(random);
	s->cr8[0] = wide ? chance(random) & 15 : 0;
	for (int i = 8; i < X86_GPRS && !wide; i++)
		s->gpr[i] = 0;
}

/* A mode that this host's KVM has not got: it must be said so. */
static bool is_refused(struct rig *r, const struct x86_state *s)
{
	struct err err = { 0 };
	int rc = r->engine->set(r->v, s, ST_ALL, &err);

	ck_assert_msg(!rc || (rc == -ENOTSUP && strstr(err.text, "cannot execute a guest in the mode")), "%s", err.text);
	return rc;
}

START_TEST(other_modes)
{
	struct rig r = rig_open(_i);
	u64 random = 77;

	for (int i = 0; i < 200; i++) {
		struct x86_state s, got;

		x86_state_reset(&s, cpu_signature(r.vm->cpu));
		some_groups(&s, &random);
		more_groups(&s, &random);
		enter_mode(&s, i % MODES, &random);
		if (r.emulated && (i % MODES == PAGED_32 || i % MODES == PAGED_PAE) && is_refused(&r, &s))
			continue;
		rig_set(&r, &s, ST_ALL);
		got = rig_state(&r);
		if (i % MODES == PAGED_PAE) /* the four pointers come from memory: whoever sets CR3 may look there */
			memcpy(s.pdpte, got.pdpte, sizeof(s.pdpte));
		same(&s, &got, ST_ALL);
	}
	rig_close(&r);
}
END_TEST

START_TEST(what_is_set_is_read)
{
	struct rig r = rig_open(_i);
	u64 random = 7;

	for (int i = 0; i < 200; i++) {
		struct x86_state s, got;

		x86_state_reset(&s, cpu_signature(r.vm->cpu));
		some_groups(&s, &random);
		more_groups(&s, &random);
		rig_set(&r, &s, ST_ALL);
		got = rig_state(&r);
		same(&s, &got, ST_ALL);
	}
	rig_close(&r);
}
END_TEST

START_TEST(a_group_is_set_alone)
{
	struct rig r = rig_open(_i);
	u64 random = 99;

	for (u32 group = ST_GPR; group < ST_ALL; group <<= 1) {
		struct x86_state before, s, got;

		RIG_CODE(&r, 0, 0x90);
		before = s = rig_state(&r);
		some_groups(&s, &random);
		more_groups(&s, &random);
		rig_set(&r, &s, group);
		got = rig_state(&r);
		same(&s, &got, group);
		same(&before, &got, ST_ALL & ~group);
	}
	rig_close(&r);
}
END_TEST

START_TEST(impossible_states_are_refused)
{
	struct rig r = rig_open(_i);
	struct x86_state before, s, got;
	struct err err = { 0 };

	RIG_CODE(&r, 0, 0x90);
	before = s = rig_state(&r);
	s.cr0[0] |= CR0_PG;
	ck_assert_int_eq(r.engine->set(r.v, &s, ST_CTRL, &err), -EINVAL);
	ck_assert_int_gt((int)strlen(err.text), 10);
	s = before;
	s.efer[0] |= EFER_LMA;
	ck_assert_int_eq(r.engine->set(r.v, &s, ST_ALL, &err), -EINVAL);
	s = before;
	s.activity[0] = 9;
	ck_assert_int_eq(r.engine->set(r.v, &s, ST_PENDING, &err), -EINVAL);
	got = rig_state(&r);
	same(&before, &got, ST_ALL); /* and nothing of them has been taken */
	rig_close(&r);
}
END_TEST

START_TEST(reset_is_power_up)
{
	struct rig r = rig_open(_i);
	struct x86_state fresh, got;

	RIG_CODE(&r, 0, 0x40, 0x40, 0xf4);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	vm_reset(r.vm);
	x86_state_reset(&fresh, cpu_signature(r.vm->cpu));
	got = rig_state(&r);
	fresh.icount[0] = got.icount[0];
	fresh.tsc_offset[0] = got.tsc_offset[0];
	same(&fresh, &got, ST_ALL);
	rig_close(&r);
}
END_TEST

/* ---- memory ---- */

START_TEST(dirty_log_is_exact)
{
	struct rig r = rig_open(_i);
	u64 bits[RIG_RAM / PAGE_SIZE_4K / 64], found;

	/* mov [8000h], al; mov [9fffh], ax: three pages; mov al, [b000h] only reads */
	RIG_CODE(&r, 0, 0xa2, 0x00, 0x80, 0xa3, 0xff, 0x9f, 0xa0, 0x00, 0xb0, 0xf4, 0xa2, 0x00, 0x80, 0xf4);
	ck_assert_int_eq(mem_log(&r.vm->mem, r.ram, true, NULL), 0);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	found = mem_fetch_dirty(&r.vm->mem, r.ram, bits);
	ck_assert_uint_eq(found, 3);
	ck_assert_uint_eq(bits[0], 7ull << 8);
	ck_assert_uint_eq(mem_fetch_dirty(&r.vm->mem, r.ram, bits), 0);
	{
		struct x86_state s = rig_state(&r);
		s.activity[0] = ACT_ACTIVE;
		rig_set(&r, &s, ST_PENDING);
	}
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT); /* seen anew */
	ck_assert_uint_eq(mem_fetch_dirty(&r.vm->mem, r.ram, bits), 1);
	ck_assert_uint_eq(bits[0], 1ull << 8);
	rig_close(&r);
}
END_TEST

/* Writes of the guest's and of devices, across pages or not, in any order: each page once, and no other. */
START_TEST(dirty_log_of_random_writes)
{
	struct rig r = rig_open(_i);
	u64 random = 21, want[RIG_RAM / PAGE_SIZE_4K / 64] = { 0 }, bits[RIG_RAM / PAGE_SIZE_4K / 64];

	RIG_CODE(&r, 0, 0x66, 0x67, 0x89, 0x07, 0x67, 0x8b, 0x0f, 0xf4); /* mov [edi], eax; mov cx, [edi]; hlt */
	ck_assert_int_eq(mem_log(&r.vm->mem, r.ram, true, NULL), 0);
	for (int i = 0; i < 400; i++) {
		u64 page = 16 + (u32)(chance(&random) >> 33) % (RIG_RAM / PAGE_SIZE_4K - 17);
		u64 at = page * PAGE_SIZE_4K + (chance(&random) & 1 ? 4094 : 8);
		u64 last = (at + 3) / PAGE_SIZE_4K;
		struct x86_state s = rig_state(&r);
		const u32 value = (u32)chance(&random);

		want[page / 64] |= 1ull << page % 64;
		want[last / 64] |= 1ull << last % 64;
		if (i % 3) {
			s.gpr[RDI] = at;
			s.rip[0] = CODE;
			s.activity[0] = ACT_ACTIVE;
			for (enum x86_seg seg = 0; seg < SEG_LDTR; seg++)
				s.seg_limit[seg] = UINT32_MAX; /* 32-bit addresses in real mode */
			rig_set(&r, &s, ST_GPR | ST_SEG | ST_PENDING);
			ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
		} else {
			ck_assert(mem_write(&r.vm->mem, at, &value, sizeof(value)));
		}
		if (chance(&random) >> 33 & 7)
			continue;
		mem_fetch_dirty(&r.vm->mem, r.ram, bits);
		ck_assert_mem_eq(bits, want, sizeof(bits));
		memset(want, 0, sizeof(want));
	}
	rig_close(&r);
}
END_TEST

START_TEST(slots_change)
{
	struct rig r = rig_open(_i);
	frame_no rom = frames_alloc(r.vm->frames, 1);
	int id = mem_slot_add(&r.vm->mem, "rom", NOWHERE, PAGE_SIZE_4K, rom, SLOT_ROM, NULL);
	const u16 old = 0x4321;
	u16 now;

	ck_assert_int_ge(id, 0);
	mem_poke(&r.vm->mem, NOWHERE, &old, 2);
	for (int kind = 0; kind < 3; kind++) {
		static const u32 flags[] = { SLOT_ROM, 0, SLOT_HOLE };

		mem_slot_change(&r.vm->mem, (u32)id, rom, flags[kind], NULL);
		RIG_CODE(&r, 0, 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0x8b, 0x1e, 0x10, 0x00, 0xa3, 0x10, 0x00, 0xf4);
		if (kind == 2) { /* mov bx, [10h]; mov [10h], ax */
			ck_assert_int_eq(rig_run(&r, 0), EXIT_EPT_VIOLATION);
			ck_assert_uint_eq(r.e.mmio.write, 0);
			r.e.mmio.value = 0x9999;
		}
		if (kind != 1) {
			ck_assert_int_eq(rig_run(&r, 0), EXIT_EPT_VIOLATION);
			ck_assert_uint_eq(r.e.mmio.write, 1);
			ck_assert_uint_eq(r.e.mmio.value, 0xffff);
			ck_assert_uint_eq(r.e.gpa, NOWHERE);
		}
		ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
		ck_assert_uint_eq(rig_state(&r).gpr[RBX], kind == 2 ? 0x9999 : old);
		if (kind < 2) {
			mem_read(&r.vm->mem, NOWHERE, &now, 2);
			ck_assert_uint_eq(now, kind ? 0xffff : old);
		}
	}
	rig_close(&r);
}
END_TEST

START_TEST(the_a20_gate)
{
	struct rig r = rig_open(_i);
	u16 now = 0;

	RIG_CODE(&r, 0, 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0xa3, 0x10, 0x70, 0xf4); /* mov [ffff:7010], ax */
	mem_set_a20(&r.vm->mem, false);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	mem_read(&r.vm->mem, 0x7000, &now, 2);
	ck_assert_uint_eq(now, 0xffff);
	mem_set_a20(&r.vm->mem, true);
	RIG_CODE(&r, 0, 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0xa3, 0x10, 0x70, 0xf4);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EPT_VIOLATION);
	ck_assert_uint_eq(r.e.gpa, NOWHERE + 0x7000);
	rig_close(&r);
}
END_TEST

START_TEST(code_written_from_outside)
{
	struct rig r = rig_open(_i);
	const u8 inc_bx = 0x43;
	struct x86_state s;

	RIG_CODE(&r, 0, 0x40, 0xf4); /* inc ax; hlt */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	mem_write(&r.vm->mem, CODE, &inc_bx, 1);
	s = rig_state(&r);
	s.rip[0] = CODE;
	s.activity[0] = ACT_ACTIVE;
	rig_set(&r, &s, ST_GPR | ST_PENDING);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_uint_eq(rig_state(&r).gpr[RBX], 1);
	rig_close(&r);
}
END_TEST

/* ---- from one engine to another ---- */

/* Counts to 50000 in memory, and asks a port now and then; goes to and fro between engines all the time. */
START_TEST(switching)
{
	struct rig r = rig_open(_i);
	u64 random = 3, switches = 0;
	struct err err = { 0 };
	u32 count = 0;

	/* again: inc dword [8000h]; test byte [8000h], 1fh; jnz skip; in al, 71h; skip: cmp dword [8000h], 50000; jne again; hlt */
	RIG_CODE(&r, 0, 0x66, 0xff, 0x06, 0x00, 0x80, 0xf6, 0x06, 0x00, 0x80, 0x1f, 0x75, 0x02, 0xe4, 0x71, 0x66, 0x81, 0x3e,
		 0x00, 0x80, 0x50, 0xc3, 0x00, 0x00, 0x75, 0xe7, 0xf4);
	while (vm_run(r.vm, 1 + chance(&random) % (r.vm->engine->caps & CAP_EXACT_BUDGET ? 2000 : 300000), &err) == STOP_BUDGET) {
		const struct engine *next = rig_engines[(u32)(chance(&random) >> 33) % (u32)rig_nengines];

		ck_assert_msg(vm_switch_engine(r.vm, next, &err) == 0, "%s", err.text);
		switches++;
	}
	r.engine = r.vm->engine;
	ck_assert_int_eq(r.vm->stop, STOP_HALTED);
	mem_read(&r.vm->mem, DATA, &count, 4);
	ck_assert_uint_eq(count, 50000);
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 26);
	ck_assert_uint_gt(switches, 10);
	rig_close(&r);
}
END_TEST

TCase *conform_state(void)
{
	TCase *t = tcase_create("state");

	tcase_set_timeout(t, 60);
	EACH(what_is_set_is_read);
	EACH(other_modes);
	EACH(a_group_is_set_alone);
	EACH(impossible_states_are_refused);
	EACH(reset_is_power_up);
	EACH(dirty_log_is_exact);
	EACH(dirty_log_of_random_writes);
	EACH(slots_change);
	EACH(the_a20_gate);
	EACH(code_written_from_outside);
	EACH(switching);
	return t;
}
