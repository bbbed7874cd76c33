/* SPDX-License-Identifier: GPL-3.0-or-later
 * described.h - a PC for tests of the describers: its memory, registers and tables are what the test writes.
 * Rule: included by a test program once; the machine is its `vm`, the session around it its `session`.
 */
#ifndef VITRINE_TESTS_UNIT_DESCRIBED_H
#define VITRINE_TESTS_UNIT_DESCRIBED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/interp.h"
#include "debugger/session/describe.h"
#include "devices/pc.h"
#include "tests/unit/unit.h"

enum { RAM = 16 << 20, PML4 = 0x10000, PDPT = 0x11000, PD = 0x12000, PT = 0x13000 };

static struct err err;
static struct session session;
static struct vm *vm;
static struct pc *pc;
static char text[1 << 16];
static enum paging_mode described_paging; /* for the next open_machine */

static inline void open_machine(void)
{
	struct vm_config vm_config = { .name = "described",
				       .engine = &engine_interp,
				       .mem_size = RAM,
				       .cpus = 1,
				       .paging = described_paging,
				       .cpu = cpu_model_find("x86-64") };
	struct pc_config config = { .mem_size = RAM, .virtio = { .rng = true, .mmio = true } };

	vm_config.hidden_size = pc_hidden_size(&config);
	vm = vm_create(&vm_config, &err);
	ck_assert_msg(vm != NULL, "%s", err.text);
	ck_assert_msg(pc_build(vm, &config, &pc, &err) == 0, "%s", err.text);
	vm_reset(vm);
	memset(&session, 0, sizeof(session));
	session.vm = vm;
	session.pc = pc;
	session.history.vm = vm;
	session.history.ring = calloc(HISTORY_EXITS, sizeof(*session.history.ring));
}

static inline void close_machine(void)
{
	free(session.history.ring);
	pc_destroy(pc);
	vm_destroy(vm);
}

/* The text of a list; the list is gone. */
static inline const char *all(struct lines *l)
{
	struct buf out = { 0 };

	lines_text(l, &out);
	ck_assert_uint_lt(out.len, sizeof(text));
	memcpy(text, out.data ? (const char *)out.data : "", out.len);
	text[out.len] = 0;
	buf_free(&out);
	lines_free(l);
	return text;
}

static inline const char *taken(struct buf *b)
{
	snprintf(text, sizeof(text), "%s", b->len ? buf_text(b) : "");
	buf_free(b);
	return text;
}

static inline void want(const char *where, const char *what)
{
	ck_assert_msg(strstr(where, what) != NULL, "expected \"%s\" in:\n%s", what, where);
}

static inline void put64(u64 gpa, u64 value)
{
	ck_assert(mem_write(&vm->mem, gpa, &value, 8));
}

static inline void put32(u64 gpa, u32 value)
{
	ck_assert(mem_write(&vm->mem, gpa, &value, 4));
}

static inline struct x86_state state(u64 cr0, u64 cr3, u64 cr4, u64 efer)
{
	struct x86_state st;

	x86_state_reset(&st, cpu_signature(vm->cpu));
	st.cr0[0] = cr0;
	st.cr3[0] = cr3;
	st.cr4[0] = cr4;
	st.efer[0] = efer;
	st.seg_attr[SEG_CS] = efer & EFER_LMA ? 0xa09b : 0xc09b;
	st.seg_attr[SEG_SS] = 0xc093;
	return st;
}

static inline void set_state(const struct x86_state *st)
{
	ck_assert_msg(vcpu_set(&vm->vcpu[0], st, ST_ALL, &err) == 0, "%s", err.text);
}

/* 0: two 4 KiB pages, a 2 MiB page at 2 MiB; the rest absent.  The last entry of the root points at the
 * root. */
static inline void tables_64(void)
{
	struct x86_state st;

	put64(PML4, PDPT | 0x27);
	put64(PML4 + 511 * 8, PML4 | 0x23);
	put64(PDPT, PD | 0x27);
	put64(PD, PT | 0x27);
	put64(PD + 8, 0x200000 | 0x1e3);
	put64(PT + 8, 0x5000 | 0x67);
	put64(PT + 2 * 8, 0x8000000000006000 | 0x25);
	put64(PT + 3 * 8, 0x0008000000007000 | 0x3); /* bit 51: beyond MAXPHYADDR */
	st = state(CR0_PE | CR0_PG | CR0_WP | CR0_ET, PML4, CR4_PAE | CR4_PGE,
		   EFER_LME | EFER_LMA | EFER_NXE);
	set_state(&st);
}

#endif
