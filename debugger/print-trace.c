/* SPDX-License-Identifier: GPL-3.0-or-later
 * print-trace.c - events as lines: virtual time, instruction count, what happened.
 * Rule: the order of lines is the order of events.
 */
#include "debugger/print-trace.h"

#include "debugger/output.h"

static void print(struct trace_printer *t, const struct event *ev)
{
	const char *text = buf_text(&t->line);

	fprintf(t->out, "%llu.%09llu %10llu  %s\n", (unsigned long long)(ev->time / 1000000000),
		(unsigned long long)(ev->time % 1000000000), (unsigned long long)ev->icount, text ? text : "(no memory)");
	t->line.len = 0;
}

static enum verdict on_code(void *arg, const struct event *ev, const struct code_line *code)
{
	struct trace_printer *t = arg;

	code_line_text(code, &t->line);
	print(t, ev);
	return output_ok() ? EV_GO : EV_STOP;
}

/* Not the guest's doing but the stepper's: each step ends in an exit and a stop. */
static bool is_step(const struct event *ev)
{
	return (ev->kind == EV_exit && ev->exit.reason == EXIT_MTF) ||
	       (ev->kind == EV_stop && ev->stop.why == STOP_BUDGET);
}

static enum verdict on_event(void *arg, const struct event *ev)
{
	struct trace_printer *t = arg;

	if (t->stepping && is_step(ev))
		return EV_GO;
	event_text(ev, &t->line);
	print(t, ev);
	return output_ok() ? EV_GO : EV_STOP;
}

int trace_printer_start(struct trace_printer *t, struct vm *vm, u32 set, struct stepper *stepper, FILE *out)
{
	int rc = 0;

	*t = (struct trace_printer){ .out = out, .stepping = set & EV_BIT(insn) };
	if (t->stepping)
		rc = stepper_start(stepper, vm, on_code, t);
	if (rc >= 0 && set & ~EV_BIT(insn))
		rc = vm_subscribe(vm, set & ~EV_BIT(insn), on_event, t);
	return rc < 0 ? rc : 0;
}

void trace_printer_end(struct trace_printer *t)
{
	buf_free(&t->line);
}
