/* SPDX-License-Identifier: GPL-3.0-or-later
 * run-priv.h - what the run loop, the vCPU and the exit handlers share; nobody else includes it.
 * Rule: an exit is handled exactly once, by exit_handle, between the engine's run (or settle) and the next
 * one.
 */
#ifndef VITRINE_CORE_RUN_PRIV_H
#define VITRINE_CORE_RUN_PRIV_H

#include "core/vm.h"

/* Answer v->exit in place, then tell the subscribers.  0, or a negative errno when the host cannot go on. */
int exit_handle(struct vcpu *v, struct err *err);
/* Say "io", "intr" and so on in the name of this vCPU, at its instruction count and the present time. */
void vcpu_emit(struct vcpu *v, struct event *ev);
/* The vCPU has retired instructions up to `icount`: virtual time follows. */
void vcpu_retire(struct vcpu *v, u64 icount);
/* Power-up or reset; INIT (SDM 3A 8.4, table 9-1); start-up at vector << 12, of one that waits for it. */
void vcpu_reset(struct vcpu *v);
int vcpu_init(struct vcpu *v, struct err *err);
int vcpu_start(struct vcpu *v, u8 vector, struct err *err);
/* vm_run, but for telling that the machine stopped: for who runs it in pieces, and tells it once (vm_tell_stop). */
enum stop_why vm_run_piece(struct vm *vm, u64 budget, struct err *err);
void vm_tell_stop(struct vm *vm);
/* Serve the pins of a settled vCPU: INIT, start-up, NMI, interrupts. */
int vcpu_attend(struct vcpu *v, struct err *err);
/* Does it wait, and can an interrupt wake it? */
bool vcpu_is_wakeable(struct vcpu *v);
/* vm-memory.c: machine memory (its own, or room in another's), the map and the pager, which tell the VM; nobody is told any
 * more. */
int vm_memory_open(struct vm *vm, const struct vm_config *config, struct err *err);
void vm_memory_close(struct vm *vm);
void vm_memory_silence(struct vm *vm);
/* on-paging.c.  An EPT violation at gpa: true, if there is memory now and the guest may try again. */
bool paging_on_violation(struct vm *vm, struct vm_exit *e, u64 gpa);
/* The processor found nothing in the shadow, or too few rights.  False: the host cannot go on. */
bool shadow_on_fault(struct vcpu *v, struct vm_exit *e);
/* INVLPG, INVPCID, MOV to a control register, WRMSR of EFER: let happen; the shadow, if there is one, takes notice. */
bool shadow_on_flush(struct vcpu *v, struct vm_exit *e);
/* The next number of the VM's seeded generator. */
u64 vm_random(struct vm *vm);

#endif
