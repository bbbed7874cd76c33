/* SPDX-License-Identifier: GPL-3.0-or-later
 * seg.h - segment descriptors: fetch, check, load (SDM 3A 3.4, 5).
 * Rule: checks come in the manual's order, so the first thing wrong gives the fault the processor gives.
 */
#ifndef VITRINE_CPU_INTERP_SEG_H
#define VITRINE_CPU_INTERP_SEG_H

#include "cpu-interp/cpu.h"

struct desc {
	u64 base;
	u32 limit;  /* bytes, granularity applied */
	u32 attr;   /* VMCS layout: SEG_TYPE, SEG_S, DPL, P, AVL, L, DB, G */
	u64 addr;   /* linear address of the descriptor */
	u64 raw;    /* its low eight bytes */
	u64 raw_hi; /* 16-byte system descriptors in long mode */
};
static inline u32 desc_dpl(const struct desc *d) { return d->attr >> SEG_DPL_SHIFT & 3; }
static inline u32 desc_type(const struct desc *d) { return d->attr & SEG_TYPE; }
/* Kinds of segment by attributes; system segments are none of them (SDM 3A 3.4.5.1). */
bool seg_is_code(u32 attr);
bool seg_is_conforming(u32 attr);
bool seg_is_readable(u32 attr); /* data, or code that may be read */
bool seg_is_writable(u32 attr);
/* Which offsets may be read and written outside 64-bit mode. */
struct segment seg_extent(u64 base, u32 limit, u32 attr);

/* Read the descriptor of a selector from GDT or LDT; `vector` (with the selector as error code) if out of bounds. */
bool seg_fetch_desc(struct cpu *c, u16 sel, u8 vector, struct desc *d);
/* Set the accessed bit (or busy bit) in memory and in *d. */
bool seg_set_accessed(struct cpu *c, struct desc *d);
/* MOV/POP/Lxx to ES, SS, DS, FS, GS with every check; real and V86 mode too. */
bool seg_load(struct cpu *c, enum x86_seg seg, u16 sel);
/* Put sel and descriptor into the register's hidden part and recompute the fast copy.  No checks. */
void seg_install(struct cpu *c, enum x86_seg seg, u16 sel, const struct desc *d);
/* Real or V86 load: base = sel * 16; attributes as the mode demands. No checks. */
void seg_install_real(struct cpu *c, enum x86_seg seg, u16 sel);
void seg_install_null(struct cpu *c, enum x86_seg seg, u16 sel);
/* Recompute c->seg[seg] (base and lengths) from the hidden part and the mode. */
void seg_update(struct cpu *c, enum x86_seg seg);
void seg_update_all(struct cpu *c);
/* Target ip within the CS about to be used: #GP(0) if beyond limit or not canonical. */
bool seg_check_ip(struct cpu *c, u32 cs_attr, u32 cs_limit, u64 ip);

/* Far transfers; `ip` is cut to the operand size by the caller; next_ip is the return address for calls. */
bool far_jump(struct cpu *c, u16 sel, u64 ip, u64 next_ip);
bool far_call(struct cpu *c, u16 sel, u64 ip, int opsize, u64 next_ip);
bool far_return(struct cpu *c, int opsize, u16 release);
bool far_iret(struct cpu *c, int opsize, u64 next_ip); /* next_ip: saved when a nested task returns */

/* Task switch (SDM 3A 7.3). */
enum task_source { TASK_CALL, TASK_JMP, TASK_IRET, TASK_INT };
bool task_switch(struct cpu *c, u16 tss_sel, enum task_source source, u64 next_ip, bool has_error, u32 error);

#endif
