/* SPDX-License-Identifier: GPL-3.0-or-later
 * run.c - one evaluator: its limits, its errors, and what a session keeps of it between two texts.
 * Rule: an error is said once, where t->end is told; until then whatever is being worked out gives up, step by step.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "debugger/runner.h"
#include "debugger/session/symbols.h"
#include "debugger/status.h"
#include "debugger/trap/run-priv.h"

#define ULL(x) ((unsigned long long)(x))
enum { ALL_STEPS = 100 };          /* so many times limit.steps are the statements of a script, between all runs together */
enum { LOOK_AROUND = 4096 };       /* steps between two looks at the clock and the keyboard */

/* ---- opening, closing ---- */

static u64 or_default(u64 value, u64 otherwise)
{
	return value ? value : otherwise;
}

struct trap *trap_open(struct session *s, const struct trap_limits *limits)
{
	struct trap *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	if (limits)
		t->limit = *limits;
	t->limit.steps = or_default(t->limit.steps, 1000000);
	t->limit.keys = or_default(t->limit.keys, 100000);
	t->limit.memory = or_default(t->limit.memory, 64ull << 20);
	t->limit.output = or_default(t->limit.output, 64ull << 20);
	t->heap.limit = t->limit.memory;
	t->run_steps = t->limit.steps;
	t->subscription = -1;
	t->s = s;
	t->random = s->opt ? s->opt->seed : 0;
	t->unit = trap_unit_new();
	if (!t->unit) {
		free(t);
		return NULL;
	}
	trap_unit_includes(t->unit, trap_read_include, NULL);
	return t;
}

void trap_close(struct trap *t)
{
	if (!t)
		return;
	while (t->nprobes)
		probes_remove(t, t->probe[t->nprobes - 1]);
	if (t->logging)
		mem_log_frames(&t->s->vm->mem, LOG_PROBE, false, NULL);
	for (u32 i = 0; i < t->nslots; i++)
		value_drop(&t->slot[i]);
	for (u32 i = 0; i < t->nmaps; i++)
		map_clear(&t->map[i], &t->heap);
	value_drop(&t->result);
	free(t->probe);
	free(t->slot);
	free(t->map);
	free(t->undo);
	free(t->test);
	free(t->file);
	trap_unit_free(t->unit);
	free(t);
}

struct trap_unit *trap_unit(struct trap *t)
{
	return t->unit;
}

bool trap_grow(struct trap *t)
{
	u32 slots = trap_unit_slots(t->unit), maps = trap_unit_maps(t->unit);

	if (slots > t->nslots) {
		struct value *slot = realloc(t->slot, slots * sizeof(*slot));
		if (!slot)
			return false;
		t->slot = slot;
		for (; t->nslots < slots; t->nslots++)
			t->slot[t->nslots] = VALUE_NONE;
	}
	if (maps > t->nmaps) {
		struct map *map = realloc(t->map, maps * sizeof(*map));
		if (!map)
			return false;
		t->map = map;
		for (; t->nmaps < maps; t->nmaps++)
			map_init(&t->map[t->nmaps], trap_unit_map_name(t->unit, t->nmaps), AGG_NONE);
	}
	for (u32 i = 0; i < t->nmaps; i++) /* a later text may be the first to fill it, or to say how */
		if (!t->map[i].n) {
			t->map[i].name = trap_unit_map_name(t->unit, i);
			t->map[i].kind = trap_unit_map_kind(t->unit, i);
		}
	return true;
}

/* ---- errors ---- */

static void set_end(struct trap *t, enum end_kind kind, const struct node *at, const char *help, const char *fmt, va_list ap)
{
	struct trap_error *e = &t->end.error;

	if (t->end.kind != END_NOT)
		return;
	t->end.kind = kind;
	memset(e, 0, sizeof(*e));
	e->pos = at->pos;
	vsnprintf(e->what, sizeof(e->what), fmt, ap);
	snprintf(e->help, sizeof(e->help), "%s", help ? help : "");
	trap_context(t, t->end.context, sizeof(t->end.context));
}

bool trap_fail(struct trap *t, const struct node *at, const char *help, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_end(t, END_ERROR, at, help, fmt, ap);
	va_end(ap);
	return false;
}

bool trap_limit(struct trap *t, const struct node *at, const char *option, const char *fmt, ...)
{
	char help[100] = "";
	va_list ap;

	if (option)
		snprintf(help, sizeof(help), "%s changes this limit", option);
	va_start(ap, fmt);
	set_end(t, END_LIMIT, at, help, fmt, ap);
	va_end(ap);
	return false;
}

bool trap_skip(struct trap *t, const struct node *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_end(t, END_SKIP, at, "--engine chooses another", fmt, ap);
	va_end(ap);
	return false;
}

bool trap_no_memory(struct trap *t, const struct node *at)
{
	bool limit = t->heap.full;

	t->heap.full = false;
	return limit ? trap_limit(t, at, "--max-memory", "the script's values need more than %llu bytes", ULL(t->limit.memory))
		     : trap_limit(t, at, NULL, "the host has no memory for this");
}

bool trap_interrupted(struct trap *t, const struct node *at)
{
	int signal = runner_signal();
	bool late = t->limit.host_ns && clock_host_ns() - t->started_host >= t->limit.host_ns;

	if (late && !signal)
		return trap_limit(t, at, "--max-host-time", "so much of the host's time has passed");
	if (t->end.kind == END_NOT) {
		t->end.kind = END_SIGNAL;
		t->end.status = STATUS_SIGNAL + (signal ? signal : 2);
	}
	return false;
}

static bool look_around(struct trap *t, const struct node *at)
{
	if (!t->in_script)
		return true;
	if (runner_signal() || (t->limit.host_ns && clock_host_ns() - t->started_host >= t->limit.host_ns))
		return trap_interrupted(t, at);
	return true;
}

bool trap_spend(struct trap *t, const struct node *at, u64 items)
{
	u64 *left = t->now ? &t->steps : &t->run_steps;

	if (items > *left) {
		*left = 0;
		return trap_limit(t, at, "--max-steps", t->now ? "this call of the probe takes more than %llu steps"
							       : "more than %llu steps without letting the guest run",
				  ULL(t->limit.steps));
	}
	*left -= items;
	if (t->now)
		return true;
	t->all_steps += items;
	if (t->all_steps / ALL_STEPS >= t->limit.steps)
		return trap_limit(t, at, "--max-steps", "the statements of the script took %d times %llu steps", ALL_STEPS,
				  ULL(t->limit.steps));
	return t->all_steps % LOOK_AROUND >= items || look_around(t, at);
}

static void put_place(struct trap *t, struct buf *b)
{
	u64 rip;

	buf_printf(b, "exit #%llu, t=", ULL(t->s->vm->guest_exits));
	time_print((trap_int)t->s->vm->clock.now, b);
	if (t->now && t->now->ev && t->now->ev->kind == EV_fault)
		rip = t->now->ev->fault.rip;
	else if (!session_register(t->s, trap_cpu(t), "rip", &rip))
		return;
	buf_printf(b, ", rip=%llx", ULL(rip));
	if (!t->s->symbols || !symbols_count(t->s->symbols))
		return;
	buf_printf(b, " (");
	if (!symbols_text(t->s->symbols, rip, b))
		b->len -= 2;
	else
		buf_printf(b, ")");
}

void trap_context(struct trap *t, char *out, size_t size)
{
	struct buf b = { 0 };

	if (t->in && t->in->until)
		buf_printf(&b, "in `run until', ");
	else if (t->now)
		buf_printf(&b, "in probe %s%s%s, ", t->in && t->in->node->name ? "`" : "",
			   t->in && t->in->node->name ? t->in->node->name
						      : t->now->row >= 0 ? trap_events[t->now->row].name : "",
			   t->in && t->in->node->name ? "'" : "");
	put_place(t, &b);
	snprintf(out, size, "%s", buf_text(&b) ? buf_text(&b) : "");
	buf_free(&b);
}

void trap_end_tell(struct trap *t)
{
	struct buf text = { 0 };
	enum end_kind kind = t->end.kind;

	if (kind == END_ERROR || kind == END_ASSERT || kind == END_LIMIT || kind == END_SKIP) {
		trap_error_text(t->unit, &t->end.error, t->end.context, &text);
		if (text.len)
			t->s->ui.say(t->s->ui.arg, SAY_ERROR, (const char *)text.data, text.len);
		buf_free(&text);
	}
	t->end.kind = END_NOT;
}

/* ---- expressions for others ---- */

static int first_error(const struct trap_errors *errors, struct err *err)
{
	const struct trap_error *e = &errors->at[0];

	return err_set(err, EINVAL, "%s%s%s", e->what, e->help[0] ? "; " : "", e->help);
}

static int ask(struct trap *t, const char *text, struct value *v, struct err *err)
{
	struct trap_errors errors = { 0 };
	const struct node *n = trap_compile_expr(t->unit, "expression", text, strlen(text), -1, &errors);
	u64 steps = t->run_steps;
	struct end before = t->end;
	int rc = 0;

	if (errors.n || !n)
		return errors.n ? first_error(&errors, err) : err_set(err, EINVAL, "an expression is wanted");
	t->end.kind = END_NOT;
	t->run_steps = t->limit.steps;
	t->all_steps = 0;
	if (!trap_grow(t) || !eval(t, n, v))
		rc = err_set(err, EINVAL, "%s%s%s", t->end.error.what, t->end.error.help[0] ? "; " : "", t->end.error.help);
	t->run_steps = steps;
	t->end = before;
	trap_forget(t->unit, n);
	return rc;
}

int trap_number(struct trap *t, const char *text, u64 *value, struct err *err)
{
	struct value v;
	int rc = ask(t, text, &v, err);

	if (rc)
		return rc;
	if (!value_is_number(&v) || v.type == T_CPU)
		rc = err_set(err, EINVAL, "a number is wanted, not a %s", trap_type_name((enum trap_type)v.type));
	else if (v.n < -((trap_int)1 << 63) || v.n > (trap_int)UINT64_MAX)
		rc = err_set(err, EINVAL, "the number does not fit into 64 bits");
	else
		*value = (u64)v.n;
	value_drop(&v);
	return rc;
}

int trap_text(struct trap *t, const char *text, struct buf *out, struct err *err)
{
	struct value v;
	int rc = ask(t, text, &v, err);

	if (rc)
		return rc;
	if (v.type == T_CPU)
		trap_regs_text(t, (u32)v.n, out);
	else
		value_print(&v, out);
	value_drop(&v);
	return 0;
}
