/* SPDX-License-Identifier: GPL-3.0-or-later
 * far-priv.h - what far transfers, gates, event delivery and task switches share.
 * Rule: only far.c, far-return.c, gate.c, deliver.c, task.c, fault.c and the op-*.c that start such
 * transfers include this.
 */
#ifndef VITRINE_CPU_INTERP_FAR_PRIV_H
#define VITRINE_CPU_INTERP_FAR_PRIV_H

#include "cpu-interp/cpu.h"
#include "cpu-interp/fault.h"
#include "cpu-interp/flags.h"
#include "cpu-interp/mmu.h"
#include "cpu-interp/seg.h"

/* A stack that a return frame is to be pushed on: the current one, or the one of an inner ring.  Nothing of
 * the processor changes until frame_commit. */
struct frame {
	struct segment seg;
	u64 rsp, mask;
	u8 cpl;        /* privilege of the pushes */
	bool flat;     /* 64-bit: canonical addresses instead of limits */
	bool switched; /* SS changes too: to sel and ss, or (flat) to a null selector */
	u16 sel;
	struct desc ss;
	u32 error;     /* error code of a #SS */
};

/* The current stack, or one named by the TSS (SDM 3A figures 7-2, 7-10, 7-11). */
void frame_current(struct cpu *c, struct frame *f);
bool frame_inner(struct cpu *c, u32 dpl, struct frame *f);             /* SS:ESP of ring dpl */
bool frame_inner_64(struct cpu *c, u32 dpl, u32 ist, struct frame *f); /* RSPn, or IST 1..7 */
/* Push n items of 2, 4 or 8 bytes, first one first: all checked, then all written.  Moves f->rsp only. */
bool frame_push(struct cpu *c, struct frame *f, int size, const u64 *items, int n);
void frame_commit(struct cpu *c, const struct frame *f);
enum { FRAME_ITEMS = 40 };

/* Put a checked code segment in use, at privilege cpl. */
void far_enter(struct cpu *c, u16 sel, const struct desc *d, u32 cpl, u64 ip);
/* The transfer goes to something that is no code segment: call gate, task gate or TSS.  d: the
 * descriptor of sel. */
bool gate_jump(struct cpu *c, u16 sel, struct desc *d, u64 next_ip);
bool gate_call(struct cpu *c, u16 sel, struct desc *d, u64 next_ip);

/* An event on its way through the interrupt table. */
struct delivery {
	u8 vector;
	u8 type;        /* INTR_TYPE_* */
	bool has_error;
	u32 error;
	u64 next_ip;    /* return address */
	bool fault;     /* of the fault class: RF is set in the flags pushed */
};
/* False: c->why says fault (an exception of the delivery itself, EXT bit included) or exit. */
bool deliver(struct cpu *c, const struct delivery *d);

/* INT3, INTO, INT1: an exception that the program asks for (type INTR_TYPE_SOFT_EXC or
 * INTR_TYPE_PRIV_SOFT_EXC), seen by the hypervisor if it wants to, else delivered and told.  ip, len: of
 * the instruction. */
bool fault_software(struct cpu *c, u8 vector, u32 type, u64 ip, u8 len, u64 next_ip);

/* The flags beyond the arithmetic ones which this processor has at all: programs tell a 386 from a 486 by
 * AC, and the CPUID instruction by ID (SDM 1 20.1.2). */
u64 flags_present(const struct cpu *c);

#endif
