/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-stmt.c - statements that compute: variables, maps, choices, loops.
 * Rule: while the machine looks back nothing outside a probe's body changes: variables are put back, maps left alone.
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

/* ---- places ---- */

static bool remember(struct trap *t, u32 slot)
{
	if (t->nundo == t->undo_room) {
		u32 room = t->undo_room ? t->undo_room * 2 : 16;
		struct undo *undo = realloc(t->undo, room * sizeof(*undo));
		if (!undo)
			return false;
		t->undo = undo;
		t->undo_room = room;
	}
	t->undo[t->nundo++] = (struct undo){ slot, value_copy(&t->slot[slot]) };
	return true;
}

bool trap_assign(struct trap *t, u32 slot, struct value *v)
{
	if (slot >= t->nslots || (t->quiet && !remember(t, slot))) {
		value_drop(v);
		return false;
	}
	value_drop(&t->slot[slot]);
	t->slot[slot] = *v;
	*v = VALUE_NONE;
	return true;
}

static bool set_variable(struct trap *t, const struct node *at, u32 slot, struct value *v)
{
	return trap_assign(t, slot, v) || trap_no_memory(t, at);
}

static struct cell *make_cell(struct trap *t, const struct node *place)
{
	struct value room[VALUE_KEYS], *keys = room;
	struct cell *c = NULL;
	bool too_many = false;
	u32 n;

	if (eval_keys(t, place, &keys, &n)) {
		c = map_make(&t->map[place->slot], &t->heap, keys, n, t->limit.keys, &too_many);
		if (too_many)
			trap_limit(t, place, "--max-keys", "@%s has %llu keys already", place->name, (unsigned long long)t->limit.keys);
		else if (!c)
			trap_no_memory(t, place);
	}
	for (u32 i = 0; i < n; i++)
		value_drop(&keys[i]);
	return c;
}

static bool lhist_range(struct trap *t, const struct node *agg, struct cell *c)
{
	const struct node *a = agg->a->next;
	struct value from = VALUE_NONE, to = VALUE_NONE, step = VALUE_NONE;
	struct complaint why;
	bool ok = eval(t, a, &from) && eval(t, a->next, &to) && eval(t, a->next->next, &step);

	if (ok && (!value_is_number(&from) || !value_is_number(&to) || !value_is_number(&step)))
		ok = trap_fail(t, agg, NULL, "lhist(x, from, to, step) wants numbers");
	if (ok && !cell_range(c, &t->heap, from.n, to.n, step.n, &why))
		ok = why.what[0] ? trap_fail(t, agg, NULL, "%s", why.what) : trap_no_memory(t, agg);
	value_drop(&from);
	value_drop(&to);
	value_drop(&step);
	return ok;
}

/* @x[...] = count(); and its relatives.  The value is worked out first: its error leaves no empty key behind. */
static bool aggregate(struct trap *t, const struct node *place, const struct node *agg)
{
	struct value v = VALUE_NONE;
	struct complaint why;
	struct cell *c;
	bool ok = !agg->a || eval(t, agg->a, &v);

	if (!ok || t->quiet) {
		value_drop(&v);
		return ok;
	}
	c = make_cell(t, place);
	ok = c && (agg->op != AGG_LHIST || lhist_range(t, agg, c));
	if (ok && !cell_add(c, &t->heap, (enum trap_agg)agg->op, &v, &why))
		ok = why.what[0] ? trap_fail(t, agg, NULL, "%s", why.what) : trap_no_memory(t, agg);
	t->map[place->slot].printed = false;
	value_drop(&v);
	return ok;
}

static bool set_map(struct trap *t, const struct node *place, struct value *v)
{
	struct cell *c;

	if (t->quiet) {
		value_drop(v);
		return true;
	}
	c = make_cell(t, place);
	if (c)
		cell_set(c, v);
	value_drop(v);
	t->map[place->slot].printed = false;
	return c;
}

/* ---- the machine's registers and memory ---- */

static bool may_change(struct trap *t, const struct node *at)
{
	if (t->now && t->now->answerable && !t->quiet)
		return trap_fail(t, at, "use `on handled`, or `reply`",
				 "a register cannot be set in the midst of an instruction that waits for its answer");
	return true;
}

static bool set_register(struct trap *t, const struct node *place, const struct value *v)
{
	struct err err = { 0 };
	u64 n;

	if (!number_of(t, place, v, &n, "a register") || !may_change(t, place))
		return false;
	if (t->quiet || !session_set_register(t->s, trap_cpu(t), place->name, n, &err))
		return true;
	return trap_fail(t, place, NULL, "%s", err.text);
}

static bool set_memory(struct trap *t, const struct node *place, const struct value *v)
{
	u32 bytes = (u32)place->number;
	struct err err = { 0 };
	bool physical;
	u64 at, n;

	if (!eval_address(t, place->a, &at, &physical) || !number_of(t, place, v, &n, "memory"))
		return false;
	if (bytes < 8 && n >> bytes * 8 && ~n >> (bytes * 8 - 1))
		return trap_fail(t, place, "cut it by &, as in x & 0xff", "the number does not fit into %u bytes", bytes);
	if (t->quiet || !(physical ? session_write_physical(t->s, at, &n, bytes, &err) : session_write(t->s, at, &n, bytes, &err)))
		return true;
	return trap_fail(t, place, NULL, "%s", err.text);
}

static bool store(struct trap *t, const struct node *place, struct value *v)
{
	bool ok;

	switch ((enum trap_node)place->kind) {
	case N_VAR: return set_variable(t, place, (u32)place->slot, v);
	case N_MAP: return set_map(t, place, v);
	case N_REG: ok = set_register(t, place, v); break;
	case N_MEM: ok = set_memory(t, place, v); break;
	default: ok = trap_fail(t, place, NULL, "nothing can be put here"); break;
	}
	value_drop(v);
	return ok;
}

/* ---- statements ---- */

static enum flow let(struct trap *t, const struct node *n)
{
	struct value v;

	return eval(t, n->a, &v) && set_variable(t, n, (u32)n->slot, &v) ? FLOW_GO : FLOW_LEAVE;
}

static bool operate(struct trap *t, const struct node *n, struct value *v)
{
	struct complaint c;
	struct value old, result;
	bool ok;

	if (!eval(t, n->a, &old))
		return false;
	ok = value_binary(&t->heap, (enum trap_op)n->op, &old, v, &result, &c);
	if (!ok && c.what[0])
		trap_fail(t, n, c.help[0] ? c.help : NULL, "%s", c.what);
	else if (!ok)
		trap_no_memory(t, n);
	value_drop(&old);
	value_drop(v);
	*v = result;
	return ok;
}

static enum flow set(struct trap *t, const struct node *n)
{
	struct value v;

	if (n->b->kind == N_AGG)
		return aggregate(t, n->a, n->b) ? FLOW_GO : FLOW_LEAVE;
	if (!eval(t, n->b, &v))
		return FLOW_LEAVE;
	if (n->op != OP_NONE && !operate(t, n, &v))
		return FLOW_LEAVE;
	return store(t, n->a, &v) ? FLOW_GO : FLOW_LEAVE;
}

static enum flow exec(struct trap *t, const struct node *n);

static enum flow choose(struct trap *t, const struct node *n)
{
	bool yes;

	if (!eval_bool(t, n->a, &yes))
		return FLOW_LEAVE;
	if (yes)
		return exec_block(t, n->b);
	return n->c ? exec(t, n->c) : FLOW_GO;
}

/* What a loop does about the way its body left. */
static bool goes_on(enum flow *flow)
{
	if (*flow == FLOW_GO || *flow == FLOW_NEXT)
		return true;
	if (*flow == FLOW_BREAK)
		*flow = FLOW_GO;
	return false;
}

static enum flow loop_while(struct trap *t, const struct node *n)
{
	enum flow flow = FLOW_GO;
	bool yes;

	for (;;) {
		if (!trap_spend(t, n, 1) || !eval_bool(t, n->a, &yes))
			return FLOW_LEAVE;
		if (!yes)
			return FLOW_GO;
		flow = exec_block(t, n->b);
		if (!goes_on(&flow))
			return flow;
	}
}

static enum flow turn(struct trap *t, const struct node *n, struct value *v)
{
	if (!trap_spend(t, n, 1) || !set_variable(t, n, (u32)n->slot, v))
		return FLOW_LEAVE;
	return exec_block(t, n->b);
}

static enum flow loop_for(struct trap *t, const struct node *n)
{
	enum flow flow = FLOW_GO;
	struct value of, v;

	if (!eval(t, n->a, &of))
		return FLOW_LEAVE;
	if (of.type == T_RANGE) {
		for (trap_int i = of.n; i <= of.high; i++) {
			v = (struct value){ .type = of.unit, .plain = of.plain, .n = i };
			flow = turn(t, n, &v);
			if (!goes_on(&flow) || i == of.high)
				break;
		}
	} else if (of.type == T_LIST) {
		const struct list *l = value_list_of(&of);
		for (u32 i = 0; i < l->n; i++) {
			v = value_copy(&l->at[i]);
			flow = turn(t, n, &v);
			if (!goes_on(&flow))
				break;
		}
	} else {
		trap_fail(t, n->a, "write for i in 1..10 { ... }", "for goes through a range or a list, not a %s",
			  trap_type_name((enum trap_type)of.type));
		flow = FLOW_LEAVE;
	}
	value_drop(&of);
	return flow == FLOW_NEXT ? FLOW_GO : flow;
}

static enum flow loop_repeat(struct trap *t, const struct node *n)
{
	enum flow flow = FLOW_GO;
	u64 times;

	if (!eval_u64(t, n->a, &times))
		return FLOW_LEAVE;
	for (u64 i = 0; i < times && (i64)times > 0; i++) {
		if (!trap_spend(t, n, 1))
			return FLOW_LEAVE;
		flow = exec_block(t, n->b);
		if (!goes_on(&flow))
			break;
	}
	return flow == FLOW_NEXT ? FLOW_GO : flow;
}

static enum flow give_back(struct trap *t, const struct node *n)
{
	struct value v = VALUE_NONE;

	if (n->a && !eval(t, n->a, &v))
		return FLOW_LEAVE;
	value_drop(&t->result);
	t->result = v;
	return FLOW_RETURN;
}

static enum flow leave(struct trap *t, const struct node *n)
{
	u64 status = 0;

	if (n->a && !eval_u64(t, n->a, &status))
		return FLOW_LEAVE;
	if (status > 63) {
		trap_fail(t, n->a, NULL, "exit takes a status from 0 to 63");
		return FLOW_LEAVE;
	}
	if (t->quiet)
		return FLOW_GO;
	t->end.kind = END_EXIT;
	t->end.status = (int)status;
	return FLOW_LEAVE;
}

/* Why the guest stops: the words of session_stop. */
static enum flow stop(struct trap *t, const struct node *n)
{
	struct buf why = { 0 };
	struct value v;

	if (n->a && !eval(t, n->a, &v))
		return FLOW_LEAVE;
	if (n->a) {
		value_print(&v, &why);
		value_drop(&v);
	}
	if (t->now) {
		const char *name = t->in && t->in->node->name ? t->in->node->name : NULL;
		session_stop_because(t->s, "stop", "probe%s%s%s at %s:%u%s%s", name ? " `" : "", name ? name : "",
				     name ? "'" : "", n->pos.file, n->pos.line, n->a ? ": " : "", n->a ? buf_text(&why) : "");
		t->now->stop = true;
	} else if (t->in_script) { /* nobody runs: the script is what stops */
		t->end.kind = END_EXIT;
		t->end.status = -1;
	}
	buf_free(&why);
	return t->now ? FLOW_STOP : FLOW_LEAVE;
}

static enum flow enable(struct trap *t, const struct node *n, bool on)
{
	bool found = false;

	for (u32 i = 0; i < t->nprobes; i++) {
		struct probe *p = t->probe[i];
		if (!p->node->name || strcmp(p->node->name, n->name))
			continue;
		found = true;
		if (!t->quiet)
			p->enabled = on;
	}
	if (!found) {
		trap_fail(t, n, "a probe is armed when its `on` has been executed", "no probe `%s' is armed", n->name);
		return FLOW_LEAVE;
	}
	if (!t->now)
		probes_observe(t);
	return FLOW_GO;
}

static enum flow discard(struct trap *t, const struct node *n)
{
	struct value v;

	if (!eval_any(t, n->a, &v))
		return FLOW_LEAVE;
	value_drop(&v);
	return FLOW_GO;
}

/* ---- the door ---- */

static enum flow exec(struct trap *t, const struct node *n)
{
	switch ((enum trap_node)n->kind) {
	case S_BLOCK: return exec_block(t, n);
	case S_LET: return let(t, n);
	case S_SET: return set(t, n);
	case S_IF: return choose(t, n);
	case S_WHILE: return loop_while(t, n);
	case S_FOR: return loop_for(t, n);
	case S_REPEAT: return loop_repeat(t, n);
	case S_BREAK: return FLOW_BREAK;
	case S_NEXT: return FLOW_NEXT;
	case S_RETURN: return give_back(t, n);
	case S_STEP:
	case S_BACK: return exec_step(t, n);
	case S_STOP: return stop(t, n);
	case S_RUN: return exec_run(t, n);
	case S_EXPECT:
	case S_ASSERT: return exec_expect(t, n);
	case S_SNAPSHOT:
	case S_RESTORE: return exec_snapshot(t, n);
	case S_INJECT: return exec_inject(t, n);
	case S_REPLY: return exec_reply(t, n);
	case S_ENABLE:
	case S_DISABLE: return enable(t, n, n->kind == S_ENABLE);
	case S_PRINT: return exec_print(t, n);
	case S_DUMP: return exec_dump(t, n);
	case S_CLEAR:
		if (!t->quiet)
			map_clear(&t->map[n->slot], &t->heap);
		return FLOW_GO;
	case S_TEST: return exec_test(t, n);
	case S_EXIT: return leave(t, n);
	case S_EXPR: return discard(t, n);
	case S_PROBE: return probe_is_armed(t, n) || probe_arm(t, n) ? FLOW_GO : FLOW_LEAVE;
	case S_FN: return FLOW_GO;
	default:
		trap_fail(t, n, NULL, "this build cannot do this");
		return FLOW_LEAVE;
	}
}

enum flow exec_list(struct trap *t, const struct node *first)
{
	enum flow flow = FLOW_GO;

	for (const struct node *n = first; n && flow == FLOW_GO; n = n->next) {
		if (!trap_spend(t, n, 1))
			return FLOW_LEAVE;
		flow = exec(t, n);
		if (t->stopping && flow != FLOW_LEAVE)
			flow = FLOW_STOP;
	}
	return t->end.kind == END_NOT ? flow : FLOW_LEAVE;
}

enum flow exec_block(struct trap *t, const struct node *block)
{
	enum flow flow;

	if (t->depth >= EVAL_DEPTH) {
		trap_limit(t, block, NULL, "blocks are nested more than %d deep", EVAL_DEPTH);
		return FLOW_LEAVE;
	}
	t->depth++;
	t->scope++;
	flow = exec_list(t, block->kind == S_BLOCK ? block->a : block);
	if (!t->now)
		probes_remove_scope(t, t->scope);
	t->scope--;
	t->depth--;
	return flow;
}
