/* SPDX-License-Identifier: GPL-3.0-or-later
 * print.c - print and dump: values on a line, maps as tables, registers and page walks at length.
 * Rule: all output of a script goes through trap_say, which counts it.
 */
#include <string.h>

#include "debugger/session/describe.h"
#include "debugger/trap/run-priv.h"
#include "debugger/verbs/verb.h"

#define ULL(x) ((unsigned long long)(x))

void trap_say(struct trap *t, const struct node *at, struct buf *text)
{
	enum say_kind kind = t->now && !t->in_script ? SAY_LOG : SAY_TEXT; /* at a prompt it comes in between */

	t->said += text->len;
	if (text->len && t->said <= t->limit.output)
		t->s->ui.say(t->s->ui.arg, kind, (const char *)text->data, text->len);
	else if (text->len)
		trap_limit(t, at, "--max-output", "the script has printed %llu bytes", ULL(t->limit.output));
	buf_free(text);
}

/* ---- maps ---- */

void trap_map_print(struct trap *t, struct map *m, u32 most, struct buf *out)
{
	m->printed = true;
	switch (t->limit.format) {
	case TRAP_CSV: map_csv(m, out); break;
	case TRAP_JSON: map_json(m, out); break;
	case TRAP_TEXT: map_text(m, most, out); break;
	}
}

static bool is_table(const struct trap *t, const struct node *n)
{
	const struct map *m = n->kind == N_MAP ? &t->map[n->slot] : NULL;

	return m && ((!n->a && (m->n > 1 || (m->n == 1 && !map_find(m, NULL, 0)))) || m->kind == AGG_HIST ||
		     m->kind == AGG_LHIST);
}

static bool is_top(const struct node *n)
{
	return n->kind == N_CALL && n->slot >= 0 && !strcmp(trap_functions[n->slot].name, "top");
}

/* A line of its own for a single value in a map too, when nothing but maps is printed. */
static bool all_maps(const struct node *n)
{
	for (; n; n = n->next)
		if (n->kind != N_MAP && !is_top(n))
			return false;
	return true;
}

static bool print_cell(struct trap *t, const struct node *n, struct buf *out)
{
	struct value room[VALUE_KEYS], *keys = room;
	struct map *m = &t->map[n->slot];
	const struct cell *c;
	u32 nkeys;
	bool ok = eval_keys(t, n, &keys, &nkeys);

	c = ok ? map_find(m, keys, nkeys) : NULL;
	if (c)
		cell_text(m, c, out);
	else if (ok)
		buf_printf(out, "@%s[...]: %s\n", m->name, m->kind == AGG_COUNT || m->kind == AGG_SUM ? "0" : "nothing yet");
	for (u32 i = 0; i < nkeys; i++)
		value_drop(&keys[i]);
	return ok && trap_spend(t, n, m->n / 8);
}

static bool print_table(struct trap *t, const struct node *n, struct buf *out)
{
	struct map *m = &t->map[is_top(n) ? n->a->slot : n->slot];
	u64 most = 10;

	if (n->kind == N_MAP && n->a)
		return print_cell(t, n, out);
	if (is_top(n) && n->a->next && !eval_u64(t, n->a->next, &most))
		return false;
	trap_map_print(t, m, is_top(n) ? (u32)(most > m->n ? m->n : most) : 0, out);
	return trap_spend(t, n, m->n);
}

/* ---- print ---- */

static bool print_value(struct trap *t, const struct node *n, struct buf *line)
{
	struct value v;

	if (!eval(t, n, &v))
		return false;
	if (line->len && line->data[line->len - 1] != '\n')
		buf_put(line, " ", 1);
	if (v.type == T_CPU)
		trap_regs_text(t, (u32)v.n, line);
	else
		value_print(&v, line);
	value_drop(&v);
	if (n->kind == N_MAP && !n->a)
		t->map[n->slot].printed = true;
	return trap_spend(t, n, line->len / 64);
}

static void end_line(struct buf *line)
{
	if (line->len && line->data[line->len - 1] != '\n')
		buf_put(line, "\n", 1);
}

bool trap_words(struct trap *t, const struct node *first, struct buf *line)
{
	bool tables = first && all_maps(first), ok = true;

	for (const struct node *n = first; n && ok; n = n->next) {
		if (is_top(n) || is_table(t, n) || tables) {
			end_line(line);
			ok = print_table(t, n, line);
		} else {
			ok = print_value(t, n, line);
		}
	}
	return ok;
}

enum flow exec_print(struct trap *t, const struct node *n)
{
	struct buf line = { 0 };
	bool ok = trap_words(t, n->a, &line);

	if (!n->a)
		buf_put(&line, "\n", 1);
	end_line(&line);
	if (ok && line.failed)
		ok = trap_no_memory(t, n);
	if (ok && !t->quiet)
		trap_say(t, n, &line);
	buf_free(&line);
	return ok && t->end.kind == END_NOT ? FLOW_GO : FLOW_LEAVE;
}

/* ---- dump ---- */

/* What the verb `regs` shows. */
void trap_regs_text(struct trap *t, u32 cpu, struct buf *out)
{
	struct err err = { 0 };
	u32 was = t->s->cpu;

	t->s->cpu = cpu;
	if (verb_line(t->s, "regs", out, &err) < 0)
		buf_printf(out, "%s\n", err.text);
	t->s->cpu = was;
}

static void dump_entry(const struct entry *e, struct buf *out)
{
	const struct walk_result *w = &e->walk;

	if (e->present)
		buf_printf(out, "%s 0x%llx -> %s 0x%llx, page of %llu KiB, %s %s %s\n", entry_from(e), ULL(e->gva), entry_to(e),
			   ULL(w->gpa), ULL(w->page_size >> 10), w->user ? "user" : "supervisor", w->writable ? "writable" : "read-only",
			   w->nx ? "no-execute" : "executable");
	else
		buf_printf(out, "%s 0x%llx is not mapped\n", entry_from(e), ULL(e->gva));
	for (u32 i = 0; i < w->steps; i++)
		buf_printf(out, "  L%u entry at %s 0x%llx: 0x%llx%s\n", e->levels - i, e->stage == STAGE_GUEST ? "gpa" : "machine",
			   ULL(w->step[i].gpa), ULL(w->step[i].value), w->step[i].value & 1 ? "" : " (not present)");
}

static bool dump_value(struct trap *t, const struct node *n, struct buf *out)
{
	struct value v;

	if (!eval_any(t, n, &v))
		return false;
	if (v.type == T_CPU)
		trap_regs_text(t, (u32)v.n, out);
	else if (v.type == T_ENTRY)
		dump_entry(value_entry_of(&v), out);
	else
		value_print(&v, out);
	value_drop(&v);
	end_line(out);
	return trap_spend(t, n, out->len / 64);
}

enum flow exec_dump(struct trap *t, const struct node *n)
{
	struct buf out = { 0 };
	bool ok = true;

	for (const struct node *a = n->a; a && ok; a = a->next)
		ok = is_table(t, a) || is_top(a) ? print_table(t, a, &out) : dump_value(t, a, &out);
	if (ok && !t->quiet)
		trap_say(t, n, &out);
	buf_free(&out);
	return ok && t->end.kind == END_NOT ? FLOW_GO : FLOW_LEAVE;
}
