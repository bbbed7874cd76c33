/* SPDX-License-Identifier: GPL-3.0-or-later
 * fault.h - raising exceptions, and delivering events through the IDT (SDM 3A 6).
 * Rule: raising only notes the fault; the loop delivers it when the instruction has been left.
 */
#ifndef VITRINE_CPU_INTERP_FAULT_H
#define VITRINE_CPU_INTERP_FAULT_H

#include "cpu-interp/cpu.h"

/* All return false, for `return fault_gp(c, 0);`. */
bool fault_raise(struct cpu *c, u8 vector);                 /* no error code: #DE #UD #NM #BR #OF... */
bool fault_raise_error(struct cpu *c, u8 vector, u32 error);
bool fault_page(struct cpu *c, u64 lin, u32 error);         /* #PF */
bool fault_debug(struct cpu *c, u64 dr6_bits);              /* #DB as a fault (instruction breakpoint, GD) */
static inline bool fault_ud(struct cpu *c) { return fault_raise(c, VEC_UD); }
static inline bool fault_gp(struct cpu *c, u32 error) { return fault_raise_error(c, VEC_GP, error); }

/* Deliver c->fault (RIP is that of the faulting instruction, or the next one for traps): through the IDT, turning into
 * a double fault (SDM 3A table 6-5) or a triple fault as it must.  Emits EV_fault for each.
 * False: leave with c->exit filled (EXIT_TRIPLE_FAULT, or an exit asked for by vm->controls.exception_bitmap, or an
 * access of the delivery itself that needs the hypervisor). */
bool fault_deliver(struct cpu *c);

/* Deliver an event: INT n, external interrupt, NMI (type: INTR_TYPE_*).  next_ip: the return address.
 * False: c->why says fault (not yet delivered) or exit. */
bool fault_interrupt(struct cpu *c, u8 vector, u32 type, bool has_error, u32 error, u64 next_ip);

#endif
