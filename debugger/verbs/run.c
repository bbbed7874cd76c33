/* SPDX-License-Identifier: GPL-3.0-or-later
 * run.c - the verbs that let the guest go: forward, back, over calls, to a place.
 * Rule: a small letter counts instructions, a capital counts exits; u and U undo what s and S do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/guest-code.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

enum { FINISH_STEPS = 100000 };

static int ran(struct verb_call *c, int rc)
{
	if (!rc)
		say_where(c->s, c->out);
	return rc;
}

/* ---- amounts ---- */

typedef int (*move_fn)(struct session *s, struct amount amount, struct err *err);

static int move(struct verb_call *c, const struct verb *v, enum amount_unit unit, move_fn fn, u64 other, struct err *err)
{
	struct amount amount = { other, unit };
	int rc = call_words(c, v, 0, 2, err);

	if (!rc && c->nwords)
		rc = amount_parse(c->s, call_text(c, 0), unit, &amount, err);
	return rc ? rc : ran(c, fn(c->s, amount, err));
}

static int exec_continue(struct verb_call *c, struct err *err)
{
	return move(c, &the_continue, BY_INSN, session_run, 0, err);
}

static int exec_s(struct verb_call *c, struct err *err)
{
	return move(c, &the_s, BY_INSN, session_step, 1, err);
}

static int exec_S(struct verb_call *c, struct err *err)
{
	return move(c, &the_S, BY_EXIT, session_step, 1, err);
}

static int exec_u(struct verb_call *c, struct err *err)
{
	return move(c, &the_u, BY_INSN, session_back, 1, err);
}

static int exec_U(struct verb_call *c, struct err *err)
{
	return move(c, &the_U, BY_EXIT, session_back, 1, err);
}

static int exec_r(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_r, 0, 0, err);

	return rc ? rc : ran(c, session_back(c->s, (struct amount){ 0, BY_INSN }, err));
}

const struct verb the_continue = {
	.name = "continue", .alias = "c", .args = "[AMOUNT]", .brief = "run until something stops the guest",
	.text = "A breakpoint, a watchpoint, a probe's `stop`, Ctrl-C or the guest's end stop it; with an\n"
		"amount, also when that has passed: instructions (500 or 500insn), exits (3exits), virtual\n"
		"time (20ms, 2s), counted over all processors.",
	.example = "c\ncontinue 20ms",
	.group = VERB_RUN, .exec = exec_continue,
};
const struct verb the_s = {
	.name = "s", .args = "[N]", .brief = "step: N instructions of the chosen processor (1)",
	.text = "Into calls and interrupt handlers. `n` steps over them, `S` goes to the next exit, `u` goes\n"
		"back. (`step 3exits` is Trap's word for the same.)",
	.example = "s\ns 10", .group = VERB_RUN, .exec = exec_s,
};
const struct verb the_S = {
	.name = "S", .args = "[N]", .brief = "run until the chosen processor's N-th next exit has been handled (1)",
	.text = "Exits that only the host caused (a limit, a look at the keyboard) do not count.",
	.example = "S\nS 3", .group = VERB_RUN, .exec = exec_S,
};
const struct verb the_u = {
	.name = "u", .args = "[AMOUNT]", .brief = "undo: go back N instructions (1)",
	.text = "As far as time is recorded; on the way, the latest earlier place where a probe or breakpoint\n"
		"stops wins. Instructions of all processors count; exits and virtual time work, too.",
	.example = "u\nu 5ms", .group = VERB_RUN, .exec = exec_u,
};
const struct verb the_U = {
	.name = "U", .args = "[N]", .brief = "go back to the N-th earlier exit (1)",
	.text = "Where it had just been handled, as `S` would have stopped there.",
	.example = "U", .group = VERB_RUN, .exec = exec_U,
};
const struct verb the_r = {
	.name = "r", .args = "", .brief = "run backwards to the previous stop",
	.text = "To the latest earlier place where a probe, breakpoint or watchpoint stops; without one, to the\n"
		"earliest point that is recorded.",
	.example = "r", .group = VERB_RUN, .exec = exec_r,
};

/* ---- over calls, out of functions ---- */

/* Stop once at this address, if the stack is not deeper than now: not in a call of the same function by itself. */
static int run_to(struct session *s, u64 gva, const char *where, const char *reason, struct err *err)
{
	char event[40];
	int n, rc;

	snprintf(event, sizeof(event), "exec(0x%llx)", ULL(gva));
	n = trap_breakpoint(s->trap, event, where, reason, true, err);
	if (n < 0)
		return n;
	rc = session_run(s, (struct amount){ 0, BY_INSN }, err);
	trap_delete(s->trap, (u32)n, NULL); /* gone already if it was hit */
	return rc;
}

/* What comes back to the next instruction: calls, software interrupts, repeated string instructions. */
static bool comes_back(const struct code_line *line)
{
	static const char *const words[] = { "call", "int", "rep" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strncmp(line->text, words[i], strlen(words[i])))
			return true;
	return false;
}

static int look(struct session *s, struct x86_state *st, struct code_line *line, struct err *err)
{
	struct vcpu *v = &s->vm->vcpu[s->cpu];

	if (vcpu_get(v, st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	code_line_read(v, st, st->rip[0], line);
	return 0;
}

static int step_over(struct session *s, struct err *err)
{
	struct x86_state st;
	struct code_line line;
	char where[48];
	int rc = look(s, &st, &line, err);

	if (rc)
		return rc;
	if (!comes_back(&line))
		return session_step(s, (struct amount){ 1, BY_INSN }, err);
	snprintf(where, sizeof(where), "$rsp >= 0x%llx", ULL(st.gpr[RSP]));
	return run_to(s, code_linear(&st, st.rip[0] + (u64)line.len), where, "step", err);
}

static int exec_n(struct verb_call *c, struct err *err)
{
	struct amount amount = { 1, BY_INSN };
	int rc = call_words(c, &the_n, 0, 1, err);

	if (!rc && c->nwords)
		rc = amount_parse(c->s, call_text(c, 0), BY_INSN, &amount, err);
	if (!rc && amount.unit != BY_INSN)
		rc = err_set(err, EINVAL, "n counts instructions; expected a number");
	for (u64 i = 0; !rc && i < amount.n; i++) {
		rc = step_over(c->s, err);
		if (strcmp(c->s->stopped.reason, "step"))
			break;
	}
	return ran(c, rc);
}

/* Over calls until a RET or IRET, and that one too. */
static int exec_f(struct verb_call *c, struct err *err)
{
	struct x86_state st;
	struct code_line line;
	int rc = call_words(c, &the_f, 0, 0, err);
	bool out = false;

	for (int i = 0; !rc && !out && i < FINISH_STEPS; i++) {
		rc = look(c->s, &st, &line, err);
		if (rc)
			break;
		out = !strncmp(line.text, "ret", 3) || !strncmp(line.text, "iret", 4) || !strncmp(line.text, "sysret", 6);
		rc = step_over(c->s, err);
		if (strcmp(c->s->stopped.reason, "step"))
			break;
	}
	return ran(c, rc);
}

const struct verb the_n = {
	.name = "n", .args = "[N]", .brief = "next: step over calls, software interrupts and repeated instructions",
	.text = "Runs to the instruction behind it; a breakpoint or probe inside stops there.",
	.example = "n\nn 4", .group = VERB_RUN, .exec = exec_n,
};
const struct verb the_f = {
	.name = "f", .args = "", .brief = "finish: run until the function (or handler) has returned",
	.text = "Steps over calls until a RET, IRET or SYSRET has been executed, at most 100000 steps.",
	.example = "f", .group = VERB_RUN, .exec = exec_f,
};

/* ---- to a place ---- */

static int exec_until(struct verb_call *c, struct err *err)
{
	u64 gva;
	int rc = call_words(c, &the_until, 1, VERB_WORDS, err);

	if (!rc)
		rc = call_address(c, 0, 0, &gva, err);
	return rc ? rc : ran(c, run_to(c->s, gva, NULL, "break", err));
}

static int exec_goto(struct verb_call *c, struct err *err)
{
	struct session *s = c->s;
	u64 now = vm_icount(s->vm), n, icount;
	int rc = call_words(c, &the_goto, 1, 2, err);

	if (rc)
		return rc;
	for (int i = 0; session_mark_at(s, i, &icount); i++)
		if (!strcmp(session_mark_at(s, i, &icount), c->word[0]))
			return ran(c, session_goto_mark(s, c->word[0], err));
	rc = verb_number(s, call_text(c, 0) + strspn(call_text(c, 0), "+-"), &n, err);
	if (rc)
		return err_set(err, EINVAL, "goto: '%.40s' is no mark and no number; expected instructions since power-up, +N, -N, or a mark",
			       c->rest);
	if (c->rest[0] == '+')
		n = now + n < now ? UINT64_MAX : now + n;
	else if (c->rest[0] == '-')
		n = n < now ? now - n : 0;
	return ran(c, session_goto(s, n, err));
}

static int exec_restart(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_restart, 0, 0, err);

	return rc ? rc : ran(c, session_restart(c->s, err));
}

const struct verb the_until = {
	.name = "until", .args = "ADDRESS", .brief = "run until the instruction at this address is next",
	.text = "A breakpoint that is there for this run only. Addresses are linear: numbers, symbols or\n"
		"expressions.",
	.example = "until 0x7c10\nuntil main+4", .group = VERB_RUN, .complete = COMPLETE_EXPR, .exec = exec_until,
};
const struct verb the_goto = {
	.name = "goto", .args = "N | +N | -N | MARK", .brief = "go to a point of recorded time",
	.text = "N counts instructions of all processors since power-up (`where` shows it). A point ahead of\n"
		"what was recorded is reached by running.",
	.example = "goto 10\ngoto -5\ngoto a", .group = VERB_RUN, .complete = COMPLETE_MARK, .exec = exec_goto,
};
const struct verb the_restart = {
	.name = "restart", .args = "", .brief = "the machine as it was in the beginning",
	.text = "Memory, devices and time. Breakpoints, probes, symbols and marks stay.",
	.example = "restart", .group = VERB_RUN, .exec = exec_restart,
};
