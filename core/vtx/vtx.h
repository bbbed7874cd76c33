/* SPDX-License-Identifier: GPL-3.0-or-later
 * vtx.h - the engine that lets the host's processor execute the guest: VT-x (or AMD-V) through Linux /dev/kvm.
 * Rule: nothing of KVM's words is seen outside of this folder; an exit of KVM becomes the exit of the manual.
 *
 * How it differs from the interpreter, as a contract:
 *  - Instructions cannot be counted.  One "instruction" of a budget is a nanosecond of the host's time, and so is
 *    vm_exit.icount; the virtual clock follows (--insn-ps scales it: 100 makes the guest's time run at a tenth).
 *    A limit of up to 16 is so many true single steps all the same, each counted as 1; a step that delivers an event
 *    executes the first instruction of its handler too.
 *  - What KVM does itself in the kernel makes no exit: the table is engine_vtx.unseen, for `vitrine info exits`.
 *  - vm_exit.rip and insn_len of port instructions are those of the instruction only while somebody listens to exits;
 *    a store to a device has been completed when it exits, so rip is behind it, and insn_len 0.
 */
#ifndef VITRINE_CORE_VTX_VTX_H
#define VITRINE_CORE_VTX_VTX_H

#include "core/engine.h"

extern const struct engine engine_vtx;
/* By exit reason, EXIT_COUNT of them: why it never comes, or what is missing in it. */
extern const char *const kvm_unseen[];

#endif
