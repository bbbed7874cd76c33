/* SPDX-License-Identifier: GPL-3.0-or-later
 * stepper.c - steps are runs with a budget of one; there is no second way to execute.
 * Rule: an instruction's line is handed out before the events of the next one.
 */
#include "debugger/stepper.h"

#include <errno.h>

static void show(struct stepper *s, const struct event *ev)
{
	struct code_line code;

	code_line_read(&s->vm->vcpu[ev->vcpu], &s->before, ev->insn.rip, &code);
	code.icount = ev->icount;
	s->enough |= s->line(s->arg, ev, &code) == EV_STOP;
}

static enum verdict on_insn(void *arg, const struct event *ev)
{
	struct stepper *s = arg;

	if (ev->insn.rip == s->before.rip[0]) {
		show(s, ev);
	} else {
		s->late = *ev;
		s->has_late = true;
	}
	return EV_GO;
}

int stepper_start(struct stepper *s, struct vm *vm,
		  enum verdict (*line)(void *arg, const struct event *ev, const struct code_line *code),
		  void *arg)
{
	*s = (struct stepper){ .vm = vm, .line = line, .arg = arg };
	if (!(vm->engine->caps & CAP_INSN_EVENTS))
		return -ENOTSUP;
	int rc = vm_subscribe(vm, EV_BIT(insn), on_insn, s);
	return rc < 0 ? rc : 0;
}

static int look(struct stepper *s)
{
	int rc = vcpu_get(&s->vm->vcpu[0], &s->before, ST_ALL);

	if (!rc && s->has_late)
		show(s, &s->late);
	s->has_late = false;
	return rc;
}

enum stop_why stepper_run(struct stepper *s, u64 budget, struct err *err)
{
	u64 start = vm_icount(s->vm);

	for (;;) {
		if (look(s))
			return err_set(err, EIO, "the processor's state could not be read"), STOP_ERROR;
		if (s->enough)
			return STOP_EVENT;
		if (budget && vm_icount(s->vm) - start >= budget)
			return STOP_BUDGET;
		enum stop_why why = vm_run(s->vm, 1, err);
		s->steps += s->vm->vcpu[0].exit.reason == EXIT_MTF;
		if (why != STOP_BUDGET) {
			look(s);
			return why;
		}
	}
}
