/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest.c - the sequence on the interpreter: 64-bit user mode, no kernel; every exception leaves the guest.
 * Rule: what a user program can notice of its kernel is as on the host: selectors, IOPL 0, a TSS without
 * I/O bitmap, alignment checks allowed, an IDT whose gates user mode may not use.
 */
#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/native/native.h"

#include <stdlib.h>
#include <string.h>

/* Guest-physical memory. */
enum {
	PML4 = 0x1000,
	PDPT = 0x2000,
	PD = 0x3000,
	PT_CODE = 0x4000,
	PT_DATA = 0x5000,
	TSS = 0x6000,
	CODE = 0x10000,
	EXIT = 0x18000,
	EXIT32 = EXIT + 0x100,
	DATA = 0x20000,
	MEMORY = 1 << 20,
	PT_TSS = 0x7000,
	COUNT = 0x30000
};
#define TSS_AT 0x30000000ull
#define INSNS_MAX 100000 /* more than any sequence has, repetitions counted */

struct guest {
	struct vm *vm;
	struct x86_state state; /* before every sequence */
	const u8 *pattern;
	u16 cs;
};

/* Every integer instruction, and the x87 and the vectors, whatever the models that users choose from have. */
static const struct cpu_model *guest_model(void)
{
	static struct cpu_model model;
	model = *cpu_model_find("x86-64");
	model.features |= FEAT_BIT(FPU) | FEAT_BIT(MMX) | FEAT_BIT(FXSR) | FEAT_BIT(SSE) | FEAT_BIT(SSE2) |
			  FEAT_BIT(SSE3) | FEAT_BIT(SSSE3) | FEAT_BIT(SSE41) | FEAT_BIT(SSE42) |
			  FEAT_BIT(AES) | FEAT_BIT(PCLMUL) | FEAT_BIT(SHA);
	return &model;
}

u64 guest_features(void)
{
	return guest_model()->features;
}

struct vm *guest_vm(struct guest *g)
{
	return g->vm;
}

static void put_entry(struct vm *vm, u64 table, u64 index, u64 entry)
{
	mem_poke(&vm->mem, table + 8 * index, &entry, 8);
}

static void map(struct vm *vm, u64 table, u64 lin, u64 gpa, u64 size, u64 bits)
{
	for (u64 at = 0; at < size; at += PAGE_SIZE_4K)
		put_entry(vm, table, (lin + at) >> 12 & 511, (gpa + at) | bits);
}

static void build_paging(struct vm *vm)
{
	const u64 user = PTE_P | PTE_W | PTE_U;
	put_entry(vm, PML4, 0, PDPT | user);
	put_entry(vm, PDPT, 0, PD | user);
	put_entry(vm, PD, CODE_AT >> 21, PT_CODE | user);
	put_entry(vm, PD, DATA_AT >> 21, PT_DATA | user);
	put_entry(vm, PD, TSS_AT >> 21, PT_TSS | user);
	map(vm, PT_CODE, CODE_AT, CODE, CODE_SIZE, user);
	map(vm, PT_CODE, EXIT_AT, EXIT, PAGE_SIZE_4K, PTE_P | PTE_U);
	map(vm, PT_DATA, DATA_AT, DATA, DATA_SIZE, user | PTE_NX);
	map(vm, PT_DATA, DATA_AT + DATA_SIZE, DATA + DATA_SIZE, DATA_ROOM - DATA_SIZE,
	    PTE_P | PTE_U | PTE_NX);
	map(vm, PT_DATA, COUNT_AT, COUNT, PAGE_SIZE_4K, user | PTE_NX);
	map(vm, PT_TSS, TSS_AT, TSS, PAGE_SIZE_4K, PTE_P | PTE_W);
}

static u32 code_rights(u8 mode)
{
	return SEG_P | SEG_S | SEG_CODE | SEG_RW | SEG_ACCESSED | (mode == MODE_64 ? SEG_L : SEG_DB) | SEG_G |
	       3 << SEG_DPL_SHIFT;
}

static void set_segments(struct x86_state *s, const u16 *selectors)
{
	const u32 dpl3 = 3 << SEG_DPL_SHIFT;
	for (int i = SEG_ES; i <= SEG_GS; i++) {
		s->seg_sel[i] = selectors[i];
		s->seg_base[i] = 0;
		s->seg_limit[i] = UINT32_MAX;
		s->seg_attr[i] = SEG_P | SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | SEG_G | dpl3;
	}
	s->seg_attr[SEG_CS] = code_rights(MODE_64);
	s->seg_sel[SEG_TR] = 0x40;
	s->seg_base[SEG_TR] = TSS_AT;
	s->seg_limit[SEG_TR] = 0x67;
	s->seg_attr[SEG_TR] = SEG_P | SYS_TSS32_BUSY;
	s->seg_attr[SEG_LDTR] = SEG_UNUSABLE;
	s->idtr_limit[0] = 0;
}

static void set_state(struct guest *g, const u16 *selectors)
{
	struct x86_state *s = &g->state;
	x86_state_reset(s, cpu_signature(g->vm->cpu));
	s->cr0[0] = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	s->cr3[0] = PML4;
	s->cr4[0] = CR4_PAE | CR4_PSE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	s->efer[0] = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	set_segments(s, selectors);
}

static struct vm *create(const struct engine *engine, struct err *err)
{
	const struct vm_config config = { .name = "native",
					  .engine = engine,
					  .mem_size = MEMORY,
					  .mem_span = MEMORY,
					  .cpus = 1,
					  .cpu = guest_model() };
	struct vm *vm = vm_create(&config, err);
	if (!vm)
		return NULL;
	frame_no frame = frames_alloc(vm->frames, MEMORY / PAGE_SIZE_4K);
	if (frame == FRAME_NONE || mem_slot_add(&vm->mem, "ram", 0, MEMORY, frame, 0, err) < 0) {
		vm_destroy(vm);
		return NULL;
	}
	mem_set_a20(&vm->mem, true);
	return vm;
}

struct guest *guest_open_on(const struct engine *engine, const u16 *selectors, const u8 *data, struct err *err)
{
	static const u8 hlt = 0xf4;
	u16 no_bitmap = 0xffff;
	struct guest *g = calloc(1, sizeof *g);
	if (!g || !(g->vm = create(engine, err))) {
		free(g);
		return NULL;
	}
	build_paging(g->vm);
	mem_poke(&g->vm->mem, EXIT, &hlt, 1);
	mem_poke(&g->vm->mem, EXIT32, &hlt, 1);
	mem_poke(&g->vm->mem, TSS + 0x66, &no_bitmap, 2);
	mem_poke(&g->vm->mem, DATA, data, DATA_ROOM);
	g->pattern = data;
	g->cs = selectors[SEG_CS];
	g->vm->controls.exception_bitmap = UINT32_MAX;
	set_state(g, selectors);
	if (vcpu_set(&g->vm->vcpu[0], &g->state, ST_ALL, err)) {
		guest_close(g);
		return NULL;
	}
	return g;
}

struct guest *guest_open(const u16 *selectors, const u8 *data, struct err *err)
{
	return guest_open_on(&engine_interp, selectors, data, err);
}

void guest_close(struct guest *g)
{
	if (g)
		vm_destroy(g->vm);
	free(g);
}

/* Traps report the address after the instruction, as the signal's context does. */
static void take_outcome(const struct sequence *q, const struct vm_exit *e, struct outcome *out)
{
	u32 type = intr_type(e->intr_info);
	bool software =
		type == INTR_TYPE_SOFT_EXC || type == INTR_TYPE_SOFT_INT || type == INTR_TYPE_PRIV_SOFT_EXC;
	out->vector = VECTOR_STUCK;
	if (e->reason == EXIT_EXCEPTION) {
		out->vector = (u8)intr_vector(e->intr_info);
		out->error = e->intr_info & INTR_HAS_ERROR ? e->intr_error : 0;
		out->cr2 = out->vector == VEC_PF ? e->qualification : 0;
		out->s.rip = e->rip + (software ? e->insn_len : 0);
	}
	if (out->vector == VEC_GP && e->rip == sequence_exit(q))
		out->vector = VECTOR_NONE;
}

struct x86_state *guest_prepare(struct guest *g, const struct sequence *q, struct outcome *out)
{
	struct vm *vm = g->vm;
	struct x86_state *s = &g->state;
	u64 room = CODE_AT + CODE_SIZE - q->start;
	*out = (struct outcome){ .data = mem_host(&vm->mem, DATA, DATA_SIZE, false) };
	mem_poke(&vm->mem, CODE + (q->start - CODE_AT), q->code, (u64)q->len < room ? (u64)q->len : room);
	mem_poke(&vm->mem, DATA, g->pattern, DATA_SIZE);
	mem_poke(&vm->mem, COUNT, &q->rounds, sizeof q->rounds);
	memcpy(s->gpr, q->init.gpr, sizeof s->gpr);
	s->rip[0] = q->start;
	s->rflags[0] = q->init.flags;
	s->seg_sel[SEG_CS] = q->mode == MODE_64 ? g->cs : HOST_CS32;
	s->seg_attr[SEG_CS] = code_rights(q->mode);
	s->seg_sel[SEG_DS] = s->seg_sel[SEG_ES] = q->mode == MODE_64 ? 0 : HOST_DS32;
	return s;
}

void guest_run(struct guest *g, const struct sequence *q, struct outcome *out)
{
	struct vm *vm = g->vm;
	struct vcpu *v = &vm->vcpu[0];
	struct vm_exit exit = { 0 };
	const struct run_limit limit = { .insns = INSNS_MAX };
	struct x86_state *s = guest_prepare(g, q, out);
	vm->engine->set(v, s, ST_GPR | ST_SEG, NULL);
	vm->engine->run(v, &limit, &exit);
	vm->engine->get(v, s, ST_GPR);
	memcpy(out->s.gpr, s->gpr, sizeof s->gpr);
	out->s.rip = s->rip[0];
	out->s.flags = s->rflags[0];
	take_outcome(q, &exit, out);
}
