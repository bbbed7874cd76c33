/* SPDX-License-Identifier: GPL-3.0-or-later
 * real-machine.h - a machine in real mode for tests of single instructions: every exception ends at an address of its own.
 * Rule: included by a test program once; the machine is its `vm`.
 */
#ifndef VITRINE_TESTS_UNIT_REAL_MACHINE_H
#define VITRINE_TESTS_UNIT_REAL_MACHINE_H

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { RAM = 0x110000, HANDLERS = 0x600, CODE = 0x20000, DATA = 0x60000, MISS = 0xff };

static struct err err;
static struct vm *vm;

static void machine(void)
{
	const struct vm_config config = {
		.engine = &engine_interp, .mem_size = RAM, .cpus = 1, .cpu = cpu_model_find("x86-64")
	};
	vm = vm_create(&config, &err);
	ck_assert_msg(vm != NULL, "%s", err.text);
	frame_no f = frames_alloc(vm->frames, RAM / PAGE_SIZE_4K);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, RAM, f, 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	for (u32 v = 0; v < 32; v++) {
		u32 pointer = HANDLERS + v;
		mem_write(&vm->mem, 4 * v, &pointer, 4);
		mem_write(&vm->mem, HANDLERS + v, "\xf4", 1);
	}
}

/* The segments apart from each other, and CR4 as given: whether the operating system has enabled SSE. */
static struct x86_state fresh(u64 cr4)
{
	struct x86_state s;
	x86_state_reset(&s, cpu_signature(vm->cpu));
	for (int i = 0; i < 6; i++) {
		s.seg_base[i] = i == SEG_CS ? CODE : i == SEG_SS ? 0x40000 : DATA;
		s.seg_sel[i] = (u16)(s.seg_base[i] >> 4);
	}
	s.gpr[RSP] = 0x7000;
	s.cr4[0] = cr4;
	return s;
}

/* Run the one instruction in `code`, at CS:0; the vector of its exception, or MISS. */
static inline u8 execute_bytes(struct x86_state *s, const void *code, size_t len)
{
	s->rip[0] = 0;
	mem_write(&vm->mem, CODE, code, len);
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], s, ST_ALL, &err), 0);
	vm_run(vm, 1, &err);
	vcpu_get(&vm->vcpu[0], s, ST_ALL);
	if (s->seg_sel[SEG_CS] == 0)
		return (u8)(s->rip[0] - HANDLERS);
	ck_assert_uint_eq(s->rip[0], len);
	return MISS;
}

#endif
