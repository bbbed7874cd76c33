/* SPDX-License-Identifier: GPL-3.0-or-later
 * exits.c - the history of exits: lists, one of them decoded, and what makes the guest exit.
 * Rule: an exit's number is the same however the guest was run.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "debugger/args.h"
#include "debugger/verbs/verbs-priv.h"

enum { EXITS_DEFAULT = 20, TEXT_COLUMNS = 120 };

static void say_row(struct session *s, const struct history_exit *e, struct buf *out)
{
	buf_printf(out, "#%-6llu %llu.%09llu ", ULL(e->number), ULL(e->time / 1000000000), ULL(e->time % 1000000000));
	if (s->vm->ncpus > 1)
		buf_printf(out, "cpu%u ", e->vcpu);
	history_text(e, TEXT_COLUMNS, out);
}

static bool matches(const struct history_exit *e, const char *filter)
{
	struct buf b = { 0 };
	bool yes;

	history_text(e, TEXT_COLUMNS, &b);
	yes = !*filter || (buf_text(&b) && strcasestr(buf_text(&b), filter));
	buf_free(&b);
	return yes;
}

static int exec_exits(struct verb_call *c, struct err *err)
{
	const struct history *h = &c->s->history;
	const char *filter = "";
	u64 most = EXITS_DEFAULT, found = 0, n, from = h->next;
	int rc = call_words(c, &the_exits, 0, 2, err);

	for (int i = 0; !rc && i < c->nwords; i++) {
		if (number_parse(c->word[i], &n, NULL))
			most = n;
		else if (!strcmp(c->word[i], "all"))
			most = HISTORY_EXITS;
		else
			filter = c->word[i];
	}
	for (; !rc && from > h->first && found < most; from--)
		found += matches(history_exit_get(h, from - 1), filter);
	for (n = from; !rc && n < h->next; n++)
		if (matches(history_exit_get(h, n), filter)) {
			say_row(c->s, history_exit_get(h, n), c->out);
			buf_printf(c->out, "\n");
		}
	if (!rc && !found)
		buf_printf(c->out, "no exit%s%s yet\n", *filter ? " with " : "", filter);
	return rc;
}

static int exec_exit(struct verb_call *c, struct err *err)
{
	const struct history *h = &c->s->history;
	struct lines l = { 0 };
	u64 n = c->s->vm->guest_exits;
	int rc = call_words(c, &the_exit, 0, 1, err);

	if (!rc && c->nwords)
		rc = verb_number(c->s, c->word[0] + (c->word[0][0] == '#'), &n, err);
	if (rc)
		return rc;
	if (!history_exit_get(h, n) && h->next == h->first)
		return err_set(err, ENOENT, "no exit has been seen yet; `S` runs to the next one");
	if (!history_exit_get(h, n))
		return err_set(err, ENOENT, "exit #%llu is not in the history; expected #%llu to #%llu", ULL(n), ULL(h->first),
			       ULL(h->next - 1));
	describe_exit(c->s, history_exit_get(h, n), true, &l);
	return say_lines(c, &l, err);
}

static int exec_controls(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_controls, 0, 0, err);

	if (rc)
		return rc;
	describe_controls(c->s, &l);
	return say_lines(c, &l, err);
}

const struct verb the_exits = {
	.name = "exits", .args = "[TEXT] [N | all]", .brief = "the latest exits (20), or those with TEXT in their line",
	.text = "Number, virtual time, reason, what it was about, and who handled it. The latest 16384 are\n"
		"kept.",
	.example = "exits\nexits IO 5\nexits uart all", .group = VERB_LOOK, .complete = COMPLETE_EXIT, .exec = exec_exits,
};
const struct verb the_exit = {
	.name = "exit", .args = "[N]", .brief = "one exit, decoded (the latest, or number N)",
	.text = "Its qualification bit by bit, addresses, what the hypervisor did, what it cost. (`exit 3;`\n"
		"with a semicolon is Trap's, and ends.)",
	.example = "exit\nexit 12", .group = VERB_LOOK, .exec = exec_exit,
};
const struct verb the_controls = {
	.name = "controls", .args = "", .brief = "what makes the guest exit: the execution controls",
	.text = "By the manual's names (SDM 3C 24.6).", .example = "controls", .group = VERB_LOOK, .exec = exec_controls,
};
