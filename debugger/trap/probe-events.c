/* SPDX-License-Identifier: GPL-3.0-or-later
 * probe-events.c - from the language's events to the machine's: what to subscribe to, and when one matches.
 * Rule: an event's row says what the language calls it (events.c); a row here says what it is made from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

enum how {
	HOW_EXIT,    /* any exit, before the handler; the number is the reason */
	HOW_HANDLED, /* after it */
	HOW_ACCESS,  /* an exit of one reason, before the handler: what is written, what can be answered */
	HOW_READ,    /* the same, after the handler, which knows what was read; before it if the probe answers */
	HOW_EXEC, HOW_WATCH_READ, HOW_WATCH_WRITE, HOW_CR, HOW_FAULT, HOW_INTR, HOW_TLB, HOW_SYNC, HOW_MODE, HOW_CONSOLE, HOW_TIMER,
	HOW_BALLOON, HOW_DIRTY,
	HOW_SAID,    /* end, guest_exit, snapshot: the evaluator says them itself */
};

#define FROM_INSIDE (EV_BIT(fault) | EV_BIT(cr) | EV_BIT(tlb) | EV_BIT(state)) /* said by who executes, without an exit */
enum { FEW_ADDRESSES = 16 }; /* breakpoints that a range is worth; a longer one is looked for at every instruction */

static const struct kind {
	const char *name;
	u8 how, reason;
	bool write;
} kinds[] = {
	{ "exit", HOW_EXIT, 0, false },
	{ "handled", HOW_HANDLED, 0, false },
	{ "exec", HOW_EXEC, 0, false },
	{ "read", HOW_WATCH_READ, 0, false },
	{ "write", HOW_WATCH_WRITE, 0, true },
	{ "io_in", HOW_READ, EXIT_IO, false },
	{ "io_out", HOW_ACCESS, EXIT_IO, true },
	{ "mmio_read", HOW_READ, EXIT_EPT_VIOLATION, false },
	{ "mmio_write", HOW_ACCESS, EXIT_EPT_VIOLATION, true },
	{ "msr_read", HOW_READ, EXIT_RDMSR, false },
	{ "msr_write", HOW_ACCESS, EXIT_WRMSR, true },
	{ "cr_write", HOW_CR, 0, false },
	{ "cpuid", HOW_ACCESS, EXIT_CPUID, false },
	{ "exception", HOW_FAULT, 0, false },
	{ "interrupt", HOW_INTR, 0, false },
	{ "inject", HOW_INTR, 0, false },
	{ "hlt", HOW_ACCESS, EXIT_HLT, false },
	{ "hypercall", HOW_ACCESS, EXIT_VMCALL, false },
	{ "shadow_sync", HOW_SYNC, 0, false },
	{ "tlb_flush", HOW_TLB, 0, false },
	{ "mode_change", HOW_MODE, 0, false },
	{ "console", HOW_CONSOLE, 0, false },
	{ "timer", HOW_TIMER, 0, false },
	{ "balloon", HOW_BALLOON, 0, false },
	{ "dirty", HOW_DIRTY, 0, false },
	{ "triple_fault", HOW_ACCESS, EXIT_TRIPLE_FAULT, false },
	{ "guest_exit", HOW_SAID, 0, false },
	{ "snapshot", HOW_SAID, 0, false },
	{ "end", HOW_SAID, 0, false },
};

static const struct kind *kind_of(int row)
{
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, trap_events[row].name))
			return &kinds[i];
	return NULL;
}

bool trap_event_is_built(int row)
{
	return kind_of(row);
}

static u32 mask_of(const struct armed *a, const struct kind *k)
{
	switch ((enum how)k->how) {
	case HOW_EXIT:
	case HOW_ACCESS: return EV_BIT(leave);
	case HOW_HANDLED: return EV_BIT(leave) | EV_BIT(exit); /* leave: the copy of the exit, and the time */
	case HOW_READ: return a->before ? EV_BIT(leave) : EV_BIT(leave) | EV_BIT(exit);
	case HOW_EXEC: return a->hi - a->lo < FEW_ADDRESSES ? EV_BIT(breakpoint) : EV_BIT(insn);
	case HOW_WATCH_READ:
	case HOW_WATCH_WRITE: return EV_BIT(watch);
	case HOW_CR: return EV_BIT(cr);
	case HOW_FAULT: return EV_BIT(fault);
	case HOW_INTR: return EV_BIT(intr);
	case HOW_TLB: return EV_BIT(tlb);
	case HOW_SYNC: return EV_BIT(shadow_sync);
	case HOW_MODE: return EV_BIT(state);
	case HOW_CONSOLE: return EV_BIT(out);
	case HOW_BALLOON: return EV_BIT(balloon);
	case HOW_DIRTY: return EV_BIT(dirty);
	case HOW_TIMER:
	case HOW_SAID: break;
	}
	return 0;
}

/* ---- arguments ---- */

/* a number, an address or a range of them: what matches. */
static bool take_bounds(struct trap *t, const struct node *at, struct armed *a, const struct value *v)
{
	trap_int hi = v->type == T_RANGE ? v->high : v->n;

	if (v->type == T_STR)
		return true;
	if (v->type != T_INT && v->type != T_GVA && v->type != T_GPA && v->type != T_TIME && v->type != T_RANGE)
		return trap_fail(t, at, NULL, "an event cannot be narrowed by a %s", trap_type_name((enum trap_type)v->type));
	if (v->n < 0 || hi < 0 || v->n > (trap_int)UINT64_MAX || hi > (trap_int)UINT64_MAX)
		return trap_fail(t, at, NULL, "the number does not fit into 64 bits");
	if (hi < v->n)
		return trap_fail(t, at, "a range goes from the lower number to the higher", "the range is empty");
	a->lo = (u64)v->n;
	a->hi = (u64)hi;
	a->physical = v->type == T_GPA || (v->type == T_RANGE && v->unit == T_GPA);
	return true;
}

/* Where to go on after a mismatch (Knuth, Morris, Pratt 1977): fail[i] is the length of the longest prefix that is also
 * an end of the first i bytes. */
static bool prepare_console(struct trap *t, const struct node *at, struct armed *a)
{
	const struct text *text = value_text_of(&a->arg[0]);
	u32 *fail, k = 0;

	if (!text->len || text->len > CONSOLE_TEXT)
		return trap_fail(t, at, NULL, "console(text) wants 1 to %d bytes", CONSOLE_TEXT);
	fail = calloc(text->len + 1, sizeof(*fail));
	if (!fail)
		return trap_no_memory(t, at);
	for (u32 i = 1; i < text->len; i++) {
		while (k && text->at[i] != text->at[k])
			k = fail[k];
		k += text->at[i] == text->at[k];
		fail[i + 1] = k;
	}
	a->text = text->at;
	a->len = (u32)text->len;
	a->fail = fail;
	return true;
}

static bool prepare_watch(struct trap *t, const struct node *at, struct armed *a)
{
	u64 len;

	if (a->nargs < 2)
		return true;
	if (a->arg[0].type == T_RANGE)
		return trap_fail(t, at, NULL, "a range says already how many bytes are meant");
	if (!number_of(t, at, &a->arg[1], &len, "the number of bytes"))
		return false;
	if (!len || a->lo + (len - 1) < a->lo)
		return trap_fail(t, at, NULL, "so many bytes cannot be watched");
	a->hi = a->lo + (len - 1);
	return true;
}

static bool prepare_timer(struct trap *t, const struct node *at, struct armed *a)
{
	if (a->arg[0].type != T_TIME || !a->lo)
		return trap_fail(t, at, "write timer(10ms)", "a timer's period is a time above 0");
	a->period = a->lo;
	a->next = t->s->vm->clock.now + a->period;
	return true;
}

static bool set_watch(struct trap *t, const struct node *at, const struct armed *a, const struct kind *k)
{
	struct watch w = { .at = a->lo, .len = a->hi - a->lo + 1, .physical = a->physical,
			   .kinds = k->write ? WATCH_WRITE : WATCH_READ };
	int rc = vm_watch_set(t->s->vm, &w);

	if (rc == -ENOTSUP)
		return trap_skip(t, at, "engine %s cannot report '%s'", t->s->vm->engine->name, k->name);
	return !rc || trap_fail(t, at, NULL, "too many places are watched: %d at most", WATCHES);
}

static bool set_breaks(struct trap *t, const struct node *at, const struct armed *a)
{
	for (u64 lin = a->lo;; lin++) {
		if (vm_break_set(t->s->vm, lin)) {
			while (lin-- > a->lo)
				vm_break_clear(t->s->vm, lin);
			return trap_fail(t, at, NULL, "too many breakpoints: %d at most", BREAKS);
		}
		if (lin == a->hi)
			return true;
	}
}

/* The log stays on until the script ends: to switch it off the guest must stand still, and a probe may end at any time. */
static bool log_writes(struct trap *t, const struct node *at)
{
	struct vm *vm = t->s->vm;
	struct err err;

	if (vm->paging.dirty.way == DIRTY_OWN)
		return trap_skip(t, at, "'dirty' needs page tables that notice writes: --paging ept or shadow, with --dirty-log wp");
	if (t->now)
		return trap_fail(t, at, "arm it outside of probes, and `enable` it there", "the dirty log cannot be switched on now");
	if (!t->logging && mem_log_frames(&vm->mem, LOG_PROBE, true, &err))
		return trap_fail(t, at, NULL, "%s", err.text);
	t->logging = true;
	return true;
}

/* Places in the machine that the event needs.  What was set is noted in a->placed, for armed_release. */
static bool place(struct trap *t, const struct node *at, struct armed *a, const struct kind *k)
{
	if (k->how == HOW_WATCH_READ || k->how == HOW_WATCH_WRITE)
		a->placed = set_watch(t, at, a, k);
	else if (k->how == HOW_EXEC && (a->mask & EV_BIT(breakpoint)))
		a->placed = set_breaks(t, at, a);
	else if (k->how == HOW_EXEC && !(t->s->vm->engine->caps & CAP_INSN_EVENTS))
		return trap_skip(t, at, "engine %s cannot look at every instruction", t->s->vm->engine->name);
	else if (k->how == HOW_SYNC && t->s->vm->paging.mode != PAGING_SHADOW)
		return trap_skip(t, at, "'%s' needs shadow page tables: this machine has none (--paging shadow)", k->name);
	else if (k->how == HOW_DIRTY)
		return log_writes(t, at);
	else if ((a->mask & FROM_INSIDE) && !(t->s->vm->engine->caps & CAP_INSN_EVENTS))
		return trap_skip(t, at, "engine %s cannot report '%s': it is no exit", t->s->vm->engine->name, k->name);
	else
		return true;
	return a->placed;
}

bool armed_prepare(struct trap *t, const struct node *event, bool answers, struct armed *a)
{
	const struct kind *k = kind_of(event->slot);
	bool ok = true;

	*a = (struct armed){ .row = event->slot, .hi = UINT64_MAX };
	if (!k)
		return trap_fail(t, event, NULL, "this build cannot report '%s'", event->name);
	a->kind = (u8)(k - kinds);
	a->before = k->how == HOW_EXIT || k->how == HOW_ACCESS || (k->how == HOW_READ && answers);
	for (const struct node *n = event->a; n && ok && a->nargs < EVENT_ARGS; n = n->next) {
		ok = eval(t, n, &a->arg[a->nargs]);
		a->nargs += ok;
	}
	if (ok && a->nargs)
		ok = take_bounds(t, event, a, &a->arg[0]);
	if (ok && k->how == HOW_CONSOLE)
		ok = a->nargs == 1 && a->arg[0].type == T_STR ? prepare_console(t, event, a)
							       : trap_fail(t, event, NULL, "console(text) wants a text");
	if (ok && (k->how == HOW_WATCH_READ || k->how == HOW_WATCH_WRITE))
		ok = prepare_watch(t, event, a);
	if (ok && k->how == HOW_TIMER)
		ok = prepare_timer(t, event, a);
	a->mask = mask_of(a, k);
	ok = ok && place(t, event, a, k);
	if (!ok)
		armed_release(t, a);
	return ok;
}

void armed_release(struct trap *t, struct armed *a)
{
	const struct kind *k = &kinds[a->kind];
	struct watch w = { .at = a->lo, .len = a->hi - a->lo + 1, .physical = a->physical,
			   .kinds = k->write ? WATCH_WRITE : WATCH_READ };

	if (a->placed && k->how == HOW_EXEC)
		for (u64 lin = a->lo; lin - a->lo <= a->hi - a->lo && lin - a->lo < FEW_ADDRESSES; lin++)
			vm_break_clear(t->s->vm, lin);
	else if (a->placed)
		vm_watch_clear(t->s->vm, &w);
	a->placed = false;
	for (u32 i = 0; i < a->nargs; i++)
		value_drop(&a->arg[i]);
	free(a->fail);
	a->fail = NULL;
	a->nargs = 0;
}

/* ---- matching ---- */

static bool within(const struct armed *a, u64 n)
{
	return n >= a->lo && n <= a->hi;
}

/* The exits that the host causes (a budget, a look at the keyboard) are not the same in two runs: only for who names them. */
static bool reason_matches(const struct armed *a, u16 reason)
{
	return a->nargs ? within(a, reason) : exit_is_guests(reason);
}

static bool is_write(const struct vm_exit *e)
{
	return e->reason == EXIT_IO ? e->io.write : e->reason == EXIT_EPT_VIOLATION ? e->mmio.write : e->reason == EXIT_WRMSR;
}

/* What an access is narrowed by. */
static u64 place_of(const struct vm_exit *e)
{
	switch (e->reason) {
	case EXIT_IO: return e->io.port;
	case EXIT_EPT_VIOLATION: return e->gpa;
	case EXIT_RDMSR:
	case EXIT_WRMSR: return e->msr.index;
	case EXIT_CPUID: return e->cpuid.leaf;
	case EXIT_VMCALL: return e->call.nr;
	default: return 0;
	}
}

static bool access_matches(const struct armed *a, const struct kind *k, const struct event *ev, const struct occurrence *o)
{
	if (ev->kind != (a->before ? EV_leave : EV_exit) || !o->exit || o->exit->reason != k->reason)
		return false;
	if ((k->reason == EXIT_IO || k->reason == EXIT_EPT_VIOLATION) && is_write(o->exit) != k->write)
		return false;
	return within(a, place_of(o->exit));
}

static bool watch_matches(const struct armed *a, const struct kind *k, const struct event *ev)
{
	u64 at = a->physical ? ev->watch.gpa : ev->watch.gla;

	return ev->kind == EV_watch && ev->watch.write == k->write && at <= a->hi && at + (ev->watch.size - 1) >= a->lo;
}

/* The bytes since the run began; while the machine looks back, since it began to look. */
static bool console_matches(struct trap *t, struct armed *a, const struct event *ev)
{
	u32 *n = t->s->searching ? &a->searched : &a->matched;

	if (ev->out.channel && !strcmp(ev->out.channel, "debugcon"))
		return false;
	while (*n && (u8)a->text[*n] != ev->out.byte)
		*n = a->fail[*n];
	*n += (u8)a->text[*n] == ev->out.byte;
	if (*n < a->len)
		return false;
	*n = a->fail[*n];
	return true;
}

/* In a long range no breakpoints are set: behind each instruction the next one is looked at. */
static bool exec_matches(struct trap *t, const struct armed *a, const struct event *ev, struct occurrence *o)
{
	struct x86_state st;

	if (ev->kind == EV_breakpoint)
		o->at = ev->breakpoint.gla;
	else if (!vcpu_get(&t->s->vm->vcpu[ev->vcpu], &st, ST_GPR | ST_SEG))
		o->at = st.seg_base[SEG_CS] + st.rip[0];
	return within(a, o->at);
}

bool armed_matches(struct trap *t, struct armed *a, const struct event *ev, struct occurrence *o)
{
	const struct kind *k = &kinds[a->kind];

	if (!(a->mask >> ev->kind & 1))
		return false;
	switch ((enum how)k->how) {
	case HOW_EXIT: return reason_matches(a, ev->leave.reason);
	case HOW_HANDLED: return ev->kind == EV_exit && reason_matches(a, ev->exit.reason);
	case HOW_ACCESS:
	case HOW_READ: return access_matches(a, k, ev, o);
	case HOW_EXEC: return exec_matches(t, a, ev, o);
	case HOW_WATCH_READ:
	case HOW_WATCH_WRITE: return watch_matches(a, k, ev);
	case HOW_CR: return within(a, ev->cr.number);
	case HOW_FAULT: return within(a, ev->fault.vector);
	case HOW_INTR: return within(a, ev->intr.vector);
	case HOW_CONSOLE: return console_matches(t, a, ev);
	case HOW_TLB:
	case HOW_SYNC:
	case HOW_BALLOON:
	case HOW_DIRTY:
	case HOW_MODE: return true;
	case HOW_TIMER:
	case HOW_SAID: break;
	}
	return false;
}

bool armed_is_exec(const struct armed *a)
{
	return kinds[a->kind].how == HOW_EXEC;
}

bool armed_is_said(const struct armed *a, const char *event, i64 code)
{
	const struct kind *k = &kinds[a->kind];

	return k->how == HOW_SAID && !strcmp(k->name, event) && (!a->nargs || within(a, (u64)code));
}

void armed_rewind(struct trap *t)
{
	for (u32 i = 0; i < t->nprobes; i++)
		for (u32 k = 0; k < t->probe[i]->non; k++)
			t->probe[i]->on[k].matched = 0;
}

/* ---- timers ---- */

static bool is_timer(const struct probe *p, const struct armed *a)
{
	return p->enabled && !p->spent && kinds[a->kind].how == HOW_TIMER;
}

u64 timers_next(const struct trap *t)
{
	u64 next = UINT64_MAX;

	for (u32 i = 0; i < t->nprobes; i++)
		for (u32 k = 0; k < t->probe[i]->non; k++) {
			const struct armed *a = &t->probe[i]->on[k];
			if (is_timer(t->probe[i], a) && a->next < next)
				next = a->next;
		}
	return next;
}

/* Those that are due, each once however long the guest slept over it: its next turn is a whole period away. */
bool timers_fire(struct trap *t)
{
	u64 now = t->s->vm->clock.now;
	bool stop = false;

	for (u32 i = 0; i < t->nprobes; i++)
		for (u32 k = 0; k < t->probe[i]->non; k++) {
			struct armed *a = &t->probe[i]->on[k];
			if (!is_timer(t->probe[i], a) || a->next > now)
				continue;
			a->next += ((now - a->next) / a->period + 1) * a->period;
			stop |= probe_say(t, t->probe[i], a, 0, NULL);
		}
	return stop;
}

/* The machine stands at another time. */
void timers_rewind(struct trap *t)
{
	for (u32 i = 0; i < t->nprobes; i++)
		for (u32 k = 0; k < t->probe[i]->non; k++) {
			struct armed *a = &t->probe[i]->on[k];
			if (kinds[a->kind].how == HOW_TIMER && a->next > t->s->vm->clock.now + a->period)
				a->next = t->s->vm->clock.now + a->period;
		}
}
