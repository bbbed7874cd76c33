/* SPDX-License-Identifier: GPL-3.0-or-later
 * say.c - what several verbs say in the same words: where the machine stands, an address, a list.
 * Rule: looking changes nothing.
 */
#include <errno.h>
#include <string.h>

#include "debugger/guest-code.h"
#include "debugger/session/symbols.h"
#include "debugger/verbs/verbs-priv.h"

u64 here(struct session *s)
{
	struct x86_state st;

	if (vcpu_get(&s->vm->vcpu[s->cpu], &st, ST_ALL))
		return 0;
	return code_linear(&st, st.rip[0]);
}

void say_address(struct session *s, u64 gva, struct buf *out)
{
	buf_printf(out, "0x%llx ", ULL(gva));
	if (!symbols_text(s->symbols, gva, out))
		out->len--;
}

static void say_symbol(struct session *s, u64 gva, struct buf *out)
{
	const char *file;
	u32 line;

	if (symbols_text(s->symbols, gva, out))
		buf_printf(out, "  ");
	if (symbols_line(s->symbols, gva, &file, &line))
		buf_printf(out, "%s:%u  ", file, line);
}

void say_code(struct session *s, struct buf *out)
{
	struct vcpu *v = &s->vm->vcpu[s->cpu];
	struct x86_state st;
	struct code_line line;

	if (vcpu_get(v, &st, ST_ALL))
		return;
	code_line_read(v, &st, st.rip[0], &line);
	if (s->vm->ncpus > 1)
		buf_printf(out, "cpu%u ", s->cpu);
	code_line_text(&line, out);
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	buf_printf(out, "    ");
	say_symbol(s, code_linear(&st, st.rip[0]), out);
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	buf_printf(out, "\n");
}

static void say_exit(struct session *s, struct buf *out)
{
	const struct history_exit *e = history_exit_get(&s->history, s->vm->guest_exits);

	if (!e)
		return;
	buf_printf(out, "#%llu ", ULL(e->number));
	history_text(e, 100, out);
	buf_printf(out, "\n");
}

void say_where(struct session *s, struct buf *out)
{
	const struct session_stop *stop = &s->stopped;

	if (!strcmp(stop->reason, "exit"))
		say_exit(s, out);
	else if (!strcmp(stop->reason, "goto"))
		buf_printf(out, "instruction %llu, exit #%llu\n", ULL(vm_icount(s->vm)), ULL(s->vm->guest_exits));
	else if (strcmp(stop->reason, "step"))
		buf_printf(out, "%s%s%s\n", stop->reason, stop->text[0] ? ": " : "", stop->text);
	say_code(s, out);
}

int say_lines(struct verb_call *c, struct lines *l, struct err *err)
{
	bool failed = l->failed;

	lines_text(l, c->out);
	if (l->cut)
		buf_printf(c->out, "(cut here: more than %d lines)\n", LINES_MAX);
	lines_free(l);
	return failed ? err_set(err, ENOMEM, "no memory for this list") : 0;
}
