/* SPDX-License-Identifier: GPL-3.0-or-later
 * tlb.c - translations by VPID and PCID: which stay after INVVPID and INVEPT; and what a cold walk costs, for every
 * format of the guest's tables and every size of page in both dimensions.
 * Rule: what is expected is written down by hand, from SDM 3C 28.3.3 and 30.3; what instructions do is the affair of
 * tests/tlb, where other machines are asked, too.
 */
#include <errno.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, CODE = 0x8000, A = 0x9000, B = 0xa000, G = 0xb000 };

static struct vm *machine(enum paging_mode mode, u64 page_max, u64 mem)
{
	static struct err err;
	const struct vm_config config = { .engine = &engine_interp, .mem_size = mem, .cpus = 1, .paging = mode,
					  .page_max = page_max };
	struct vm *vm = vm_create(&config, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, mem, frames_alloc(vm->frames, mem / PAGE_SIZE_4K), 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	return vm;
}

static void put(struct vm *vm, u64 gpa, u64 value)
{
	mem_write(&vm->mem, gpa, &value, 8);
}

static void start(struct vm *vm, u64 cr0, u64 cr3, u64 cr4, u64 efer, u32 cs)
{
	struct x86_state s;
	struct err err = { 0 };

	x86_state_reset(&s, cpu_signature(vm->cpu));
	s.cr0[0] = cr0;
	s.cr3[0] = cr3;
	s.cr4[0] = cr4;
	s.efer[0] = efer;
	s.seg_base[SEG_CS] = 0;
	s.seg_attr[SEG_CS] = cs;
	s.seg_limit[SEG_CS] = s.seg_limit[SEG_DS] = UINT32_MAX;
	s.seg_attr[SEG_DS] = 0xc093;
	s.rip[0] = CODE;
	s.gpr[RBX] = A;
	s.gpr[RCX] = B;
	s.gpr[RDX] = G;
	s.gpr[RSI] = CR3_NOFLUSH | 0x1002;
	s.gpr[RDI] = CR3_NOFLUSH | 0x1001;
	s.pdpte[0] = 0x2001;
	ck_assert_msg(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err) == 0, "%s", err.text);
}

/* ---- tags ---- */

/* 64-bit tables at 1000h map 2 MiB one to one by 4 KiB pages, G global; the guest loads from A, B and G as PCID 1, as
 * PCID 2, and so on. */
static struct vm *tagged(enum paging_mode mode)
{
	static const u8 loads[] = {
		0x8b, 0x03, 0x8b, 0x01, 0x8b, 0x02, /* mov eax,[rbx]; [rcx]; [rdx] */
		0x0f, 0x22, 0xde,                   /* mov cr3,rsi */
		0x8b, 0x03, 0x8b, 0x01, 0x8b, 0x02,
		0x0f, 0x22, 0xdf,                   /* mov cr3,rdi */
		0xeb, 0xec,                         /* jmp to the first */
	};
	struct vm *vm = machine(mode, 4096, 4 * MIB);

	put(vm, 0x1000, 0x2003);
	put(vm, 0x2000, 0x3003);
	put(vm, 0x3000, 0x4003);
	for (u64 i = 0; i < 512; i++)
		put(vm, 0x4000 + 8 * i, i << 12 | 3 | (i == G >> 12 ? PTE_G : 0));
	mem_write(&vm->mem, CODE, loads, sizeof(loads));
	start(vm, CR0_PE | CR0_PG, 0x1001, CR4_PAE | CR4_PGE | CR4_PCIDE, EFER_LME | EFER_LMA, 0xa09b);
	return vm;
}

static void one_round(struct vm *vm, u16 vpid)
{
	struct err err;

	vm->vcpu[0].vpid = vpid;
	vm->engine->observe(&vm->vcpu[0]);
	ck_assert_int_eq(vm_run(vm, 9, &err), STOP_BUDGET);
}

/* Bit 3 * (PCID - 1) + page of every VPID, by tens of bits. */
struct held { u32 bits; u32 strange; };
static void note(void *arg, const struct tlb_line *l)
{
	struct held *h = arg;
	u32 page = l->linear == A ? 0 : l->linear == B ? 1 : 2, at = (l->vpid - 1u) * 6 + (l->pcid - 1u) * 3 + page;

	if (!(l->rights & TLB_READ))
		return;
	h->bits |= 1u << at;
	h->strange += l->gpa != l->linear || l->size != 4096 || l->who != TLB_SUPERVISOR || l->global != (l->linear == G) ||
		      l->vpid < 1 || l->vpid > 2 || l->pcid < 1 || l->pcid > 2 || (l->linear != A && l->linear != B && l->linear != G);
}

static u32 held(struct vm *vm)
{
	struct held h = { 0 };

	vm->engine->tlb_each(&vm->vcpu[0], note, &h);
	ck_assert_uint_eq(h.strange, 0);
	return h.bits;
}

/* VPID 2: PCID 2 G B A, PCID 1 G B A; then VPID 1 */
#define ALL 0xfffu
static const struct {
	const char *what;
	enum drop_kind kind;
	struct drop_operand o;
	int rc;
	u32 stay_none, stay_ept; /* without EPT no translation is combined with one: INVEPT drops none */
} drops[] = {
	{ "INVVPID address", DROP_VPID_ADDRESS, { 1, A + 0x123, 0 }, 0, 0xff6, 0xff6 },
	{ "INVVPID address, global", DROP_VPID_ADDRESS, { 2, G, 0 }, 0, 0x6ff, 0x6ff },
	{ "INVVPID context", DROP_VPID, { 1, 0, 0 }, 0, 0xfc0, 0xfc0 },
	{ "INVVPID another context", DROP_VPID, { 9, 0, 0 }, 0, ALL, ALL },
	{ "INVVPID all", DROP_VPID_ALL, { 0, 0, 0 }, 0, 0, 0 },
	{ "INVVPID all but global", DROP_VPID_KEEP_GLOBAL, { 2, 0, 0 }, 0, 0x93f, 0x93f },
	{ "INVVPID of VPID 0", DROP_VPID, { 0, 0, 0 }, -EINVAL, ALL, ALL },
	{ "INVVPID of VPID 0, but global", DROP_VPID_KEEP_GLOBAL, { 0, 0, 0 }, -EINVAL, ALL, ALL },
	{ "INVVPID of VPID 0, address", DROP_VPID_ADDRESS, { 0, A, 0 }, -EINVAL, ALL, ALL },
	{ "INVVPID beyond 16 bits", DROP_VPID_ALL, { 0x10000, 0, 0 }, -EINVAL, ALL, ALL },
	{ "INVVPID, not canonical", DROP_VPID_ADDRESS, { 1, 1ull << 47, 0 }, -EINVAL, ALL, ALL },
	{ "INVEPT all", DROP_EPT_ALL, { 0, 0, 0 }, 0, ALL, 0 },
	{ "INVEPT of another pointer", DROP_EPT, { 0, 0, 0x77000 | EPTP_WB | EPTP_LEVELS_4 }, 0, ALL, ALL },
	{ "INVEPT, memory type 1", DROP_EPT, { 0, 0, 0x77000 | 1 | EPTP_LEVELS_4 }, -EINVAL, ALL, ALL },
	{ "INVEPT, five levels", DROP_EPT, { 0, 0, 0x77000 | EPTP_WB | 4 << 3 }, -EINVAL, ALL, ALL },
	{ "INVEPT, reserved bits", DROP_EPT, { 0, 0, 0x77800 | EPTP_WB | EPTP_LEVELS_4 }, -EINVAL, ALL, ALL },
	{ "INVEPT, beyond MAXPHYADDR", DROP_EPT, { 0, 0, 1ull << 40 | EPTP_WB | EPTP_LEVELS_4 }, -EINVAL, ALL, ALL },
};

START_TEST(invvpid_and_invept)
{
	for (size_t i = 0; i < ARRAY_LEN(drops) * 2; i++) {
		bool ept = i & 1;
		struct vm *vm = tagged(ept ? PAGING_EPT : PAGING_NONE);

		one_round(vm, 1);
		one_round(vm, 2);
		ck_assert_uint_eq(held(vm), ALL);
		ck_assert_msg(vm->engine->drop(&vm->vcpu[0], drops[i / 2].kind, &drops[i / 2].o) == drops[i / 2].rc, "%s",
			      drops[i / 2].what);
		ck_assert_msg(held(vm) == (ept ? drops[i / 2].stay_ept : drops[i / 2].stay_none), "%s: %x stay", drops[i / 2].what,
			      held(vm));
		vm_destroy(vm);
	}
}
END_TEST

/* INVEPT of the pointer in use; and guest pages that go somewhere else. */
START_TEST(invept_of_ours_and_unmapping)
{
	struct vm *vm = tagged(PAGING_EPT);
	struct drop_operand o = { .eptp = paging_eptp(&vm->paging) };

	one_round(vm, 1);
	ck_assert_uint_eq(held(vm), 0x3f);
	ck_assert_int_eq(vm->engine->drop(&vm->vcpu[0], DROP_EPT, &o), 0);
	ck_assert_uint_eq(held(vm), 0);
	one_round(vm, 1);
	vm->engine->unmapping(vm, B, 4096);
	ck_assert_uint_eq(held(vm), 0x2d);
	vm_destroy(vm);
}
END_TEST

/* A second round costs no walk: neither the change of PCIDs nor that of VPIDs has dropped anything. */
START_TEST(tags_save_walks)
{
	struct vm *vm = tagged(PAGING_NONE);
	u64 walks;

	one_round(vm, 1);
	one_round(vm, 2);
	walks = vm->vcpu[0].walks.guest;
	one_round(vm, 1);
	one_round(vm, 2);
	ck_assert_uint_eq(vm->vcpu[0].walks.guest, walks);
	ck_assert_uint_eq(vm->vcpu[0].tlb.drops[CAUSE_CR3], 0);
	vm_destroy(vm);
}
END_TEST

/* ---- what a cold walk costs ---- */

enum format { NO_PAGING, BITS_32, PAE, LONG };

/* Guest tables at 1000h, 2000h... for one page at 0, of the given level. */
static void make_tables(struct vm *vm, enum format f, int level)
{
	static const u8 levels[] = { 0, 2, 2, 4 };
	u64 at = f == PAE ? 0x2000 : 0x1000;

	if (f == PAE)
		put(vm, 0x1000, 0x2001);
	for (int n = levels[f]; n > 0; n--, at += 0x1000) {
		if (n > level) {
			put(vm, at, (at + 0x1000) | 3);
			continue;
		}
		put(vm, at, n > 1 ? 0x83 : 3);
		for (u64 i = 1; n == 1 && i < 16; i++) {
			u32 small = (u32)(i << 12 | 3);
			if (f == BITS_32)
				mem_write(&vm->mem, at + 4 * i, &small, 4);
			else
				put(vm, at + 8 * i, i << 12 | 3);
		}
		break;
	}
}

static void begin(struct vm *vm, enum format f)
{
	const u64 paged = CR0_PE | CR0_PG;

	switch (f) {
	case NO_PAGING: start(vm, CR0_PE, 0, 0, 0, 0xc09b); break;
	case BITS_32: start(vm, paged, 0x1000, CR4_PSE, 0, 0xc09b); break;
	case PAE: start(vm, paged, 0x1000, CR4_PAE, 0, 0xc09b); break;
	case LONG: start(vm, paged, 0x1000, CR4_PAE, EFER_LME | EFER_LMA, 0xa09b); break;
	}
}

/* guest levels g, EPT levels e: (g + 1) * (e + 1) - 1 references; PAE's third level is in registers. */
static const struct { const char *what; enum format f; int level; u32 guest, total[3]; } walks[] = {
	{ "no paging", NO_PAGING, 1, 0, { 4, 3, 2 } },
	{ "32-bit, 4 KiB", BITS_32, 1, 2, { 14, 11, 8 } },
	{ "32-bit, 4 MiB", BITS_32, 2, 1, { 9, 7, 5 } },
	{ "PAE, 4 KiB", PAE, 1, 2, { 14, 11, 8 } },
	{ "PAE, 2 MiB", PAE, 2, 1, { 9, 7, 5 } },
	{ "4 levels, 4 KiB", LONG, 1, 4, { 24, 19, 14 } },
	{ "4 levels, 2 MiB", LONG, 2, 3, { 19, 15, 11 } },
	{ "4 levels, 1 GiB", LONG, 3, 2, { 14, 11, 8 } },
};

START_TEST(cold_walks)
{
	const u64 sizes[] = { 4096, 2 * MIB, 1 << 30 };

	for (size_t i = 0; i < ARRAY_LEN(walks) * 3; i++) {
		struct vm *vm = machine(PAGING_EPT, sizes[i % 3], 1 << 30);
		struct err err;
		struct vcpu *v = &vm->vcpu[0];

		make_tables(vm, walks[i / 3].f, walks[i / 3].level);
		mem_write(&vm->mem, CODE, "\x8b\x03\x8b\x01", 4); /* mov eax,[rbx]; mov eax,[rcx] */
		begin(vm, walks[i / 3].f);
		ck_assert_int_eq(vm_run(vm, 2, &err), STOP_BUDGET); /* everything is mapped by now, */
		begin(vm, walks[i / 3].f);                          /* and the TLB is empty again; */
		vm_run(vm, 1, &err);                                /* the code is there. */
		v->walks.guest = v->walks.ept = 0;
		vm_run(vm, 1, &err);
		ck_assert_msg(v->walks.guest == walks[i / 3].guest && v->walks.guest + v->walks.ept == walks[i / 3].total[i % 3],
			      "%s over %llu: %llu + %llu", walks[i / 3].what, (unsigned long long)sizes[i % 3],
			      (unsigned long long)v->walks.guest, (unsigned long long)v->walks.ept);
		vm_destroy(vm);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		invvpid_and_invept,
		invept_of_ours_and_unmapping,
		tags_save_walks,
		cold_walks,
	};

	return unit_run("tlb", tests, ARRAY_LEN(tests));
}
