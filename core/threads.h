/* SPDX-License-Identifier: GPL-3.0-or-later
 * threads.h - a host thread per vCPU (--smp-threads): guest code runs at the same time, everything else in turn.
 * Rule: one lock guards the machine: exits, devices, time, pins.  Guest code runs outside it.  Whoever must know that
 * no guest code runs (the memory map changes, the first block of a page is decoded) asks to be alone.
 *
 * Time is the host's here, so such a run is no function of its inputs: no two are the same.
 * Every function does nothing, or answers no, in a machine that runs on one thread.
 */
#ifndef VITRINE_CORE_THREADS_H
#define VITRINE_CORE_THREADS_H

#include "core/vm.h"

struct threads;

int threads_open(struct vm *vm, struct err *err);
void threads_close(struct vm *vm);
/* What vm_run does; returns when all threads have ended and every vCPU is settled. */
enum stop_why threads_run(struct vm *vm, u64 budget, struct err *err);
/* A pin of this vCPU wants something.  The lock is held, as everywhere in devices. */
void threads_wake(struct vm *vm, u32 cpu);
/* No guest code runs from now on until the exit (or the timer) that is being handled is done.  The lock is held. */
void threads_alone(struct vm *vm);
/* Virtual time now, from anywhere. */
u64 threads_now(const struct vm *vm);

/* For engines, in the middle of guest code or of settling: no other vCPU executes in between.  True if the caller
 * must end it; false if it is alone anyway.  The machine may be another one afterwards: look again. */
bool vcpu_alone(struct vcpu *v);
void vcpu_together(struct vcpu *v);

#endif
