/* SPDX-License-Identifier: GPL-3.0-or-later
 * stepper.h - run a machine instruction by instruction and hand each one out as text.
 * Rule: the state before an instruction tells how its bytes are to be read; only when an interrupt or exception
 * came in between (the instruction that retired is not the one expected) is it the state after.
 */
#ifndef VITRINE_DEBUGGER_STEPPER_H
#define VITRINE_DEBUGGER_STEPPER_H

#include "core/vm.h"
#include "debugger/guest-code.h"

struct stepper {
	struct vm *vm;
	enum verdict (*line)(void *arg, const struct event *ev, const struct code_line *code);
	void *arg;
	bool enough;        /* a line was answered with EV_STOP */
	struct x86_state before;
	struct event late;  /* an instruction that was not the expected one */
	bool has_late;
	u64 steps;          /* exits that are not the guest's */
};

/* Subscribes to insn events.  -ENOTSUP: the engine has none. */
int stepper_start(struct stepper *s, struct vm *vm,
		  enum verdict (*line)(void *arg, const struct event *ev, const struct code_line *code),
		  void *arg);
/* As vm_run.  STOP_EVENT also when a line was answered with EV_STOP. */
enum stop_why stepper_run(struct stepper *s, u64 budget, struct err *err);

#endif
