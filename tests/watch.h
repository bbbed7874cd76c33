/* SPDX-License-Identifier: GPL-3.0-or-later
 * watch.h - a machine with the fake engine and the ticker, and a subscriber that writes down what it sees.
 * Rule: the first vCPU begins at rip 0 with interrupts off, so that rip, icount and time in ns are one
 * number.
 */
#ifndef VITRINE_TESTS_WATCH_H
#define VITRINE_TESTS_WATCH_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/fake-engine.h"
#include "tests/ticker.h"

/* Rows of a program. */
#define DO(at, kind) { (at), (kind), { 0 } }
#define OUT(p, v) { .reason = EXIT_IO, .io = { .port = (p), .size = 1, .write = 1, .value = (v) } }
#define IN(p) { .reason = EXIT_IO, .io = { .port = (p), .size = 1 } }

static struct err err;
static struct ticker ticker;

static inline struct vm *machine(const struct fake_insn *program, int n)
{
	struct vm *vm = ticker_machine(&ticker, &fake_engine, 1, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	fake_program(vm, 0, program, n);
	fake_of(vm, 0)->s.rip[0] = 0;
	return vm;
}
#define MACHINE(program) machine(program, ARRAY_LEN(program))

static inline u64 rip_of(struct vm *vm)
{
	struct x86_state s;

	ck_assert_int_eq(vcpu_get(&vm->vcpu[0], &s, ST_GPR), 0);
	return s.rip[0];
}

struct seen {
	int n;
	struct { u8 kind; u64 icount, time, value; char who[16], what[32]; } row[64];
	int stop_at; /* answer EV_STOP at this row (1, 2, ...) */
	struct vm *vm;
};

static inline enum verdict see(void *arg, const struct event *ev)
{
	struct seen *s = arg;
	const char *who = NULL, *what = NULL;

	if (s->n == ARRAY_LEN(s->row))
		return EV_GO;
	s->row[s->n].kind = ev->kind;
	s->row[s->n].icount = ev->icount;
	s->row[s->n].time = ev->time;
	switch (ev->kind) {
	case EV_exit:
		s->row[s->n].value = ev->exit.reason;
		who = ev->exit.who;
		what = ev->exit.what;
		break;
	case EV_io:
		s->row[s->n].value = ev->io.value;
		who = ev->io.who;
		what = ev->io.what;
		break;
	case EV_mmio:
		s->row[s->n].value = ev->mmio.value;
		who = ev->mmio.who;
		what = ev->mmio.what;
		break;
	case EV_intr: s->row[s->n].value = ev->intr.vector; break;
	case EV_input: s->row[s->n].value = ev->input.value; break;
	case EV_stop: s->row[s->n].value = ev->stop.why; break;
	case EV_log:
		s->row[s->n].value = ev->log.level;
		what = ev->log.text;
		break;
	}
	snprintf(s->row[s->n].who, sizeof(s->row[0].who), "%s", who ? who : "-");
	snprintf(s->row[s->n].what, sizeof(s->row[0].what), "%s", what ? what : "-");
	return ++s->n == s->stop_at ? EV_STOP : EV_GO;
}

#endif
