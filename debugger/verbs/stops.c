/* SPDX-License-Identifier: GPL-3.0-or-later
 * stops.c - breakpoints, watchpoints and catchpoints: each is a probe of Trap's that stops.
 * Rule: nothing stops but a probe; so what can be typed here can also be written in a script.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

enum { EVENT_TEXT = 400 };

/* Cuts `text` at " if ": what comes behind is the condition. */
static char *cut_condition(char *text)
{
	char *at = text;

	for (; (at = strstr(at, "if ")); at++)
		if ((at == text || at[-1] == ' ' || at[-1] == '\t')) {
			char *end = at;

			while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
				end--;
			*end = 0;
			return at + 3;
		}
	return NULL;
}

static int arm(struct verb_call *c, const char *event, const char *where, const char *reason, bool once, struct err *err)
{
	int n = trap_breakpoint(c->s->trap, event, where, reason, once, err);

	if (n < 0)
		return n;
	buf_printf(c->out, "%d: %s%s%s%s\n", n, event, where ? " if " : "", where ? where : "", once ? ", once" : "");
	return 0;
}

static int copy_rest(const struct verb_call *c, char *text, size_t size, struct err *err)
{
	if (strlen(c->rest) >= size)
		return err_set(err, E2BIG, "more than %zu bytes; a condition as long as that is better a probe: on exec(...) where ...",
			       size - 1);
	strcpy(text, c->rest);
	return 0;
}

/* ---- exec ---- */

static int arm_exec(struct verb_call *c, bool once, struct err *err)
{
	char text[EVENT_TEXT], event[64];
	u64 gva = here(c->s);
	int rc = copy_rest(c, text, sizeof(text), err);
	const char *where;

	if (rc)
		return rc;
	where = cut_condition(text);
	if (text[strspn(text, " \t")])
		rc = verb_number(c->s, text, &gva, err);
	if (rc)
		return rc;
	snprintf(event, sizeof(event), "exec(0x%llx)", ULL(gva));
	return arm(c, event, where, "break", once, err);
}

static int exec_break(struct verb_call *c, struct err *err)
{
	return arm_exec(c, false, err);
}

static int exec_tbreak(struct verb_call *c, struct err *err)
{
	return arm_exec(c, true, err);
}

const struct verb the_break = {
	.name = "break", .alias = "b", .args = "[ADDRESS] [if CONDITION]", .brief = "stop before the instruction at an address",
	.text = "Linear addresses: a number, a symbol or an expression; without one, the next instruction's.\n"
		"The condition is an expression of Trap.",
	.example = "break 0x7c05\nb main if $rax == 3", .group = VERB_STOPS, .complete = COMPLETE_EXPR, .exec = exec_break,
};
const struct verb the_tbreak = {
	.name = "tbreak", .alias = "tb", .args = "[ADDRESS] [if CONDITION]", .brief = "the same, once",
	.text = "It goes with its first hit.", .example = "tbreak 0x7c10", .group = VERB_STOPS, .complete = COMPLETE_EXPR,
	.exec = exec_tbreak,
};

/* ---- read and write ---- */

/* "ADDRESS[, BYTES]"; u16[ADDRESS] says its size itself. */
static int watch_place(struct verb_call *c, char *text, u64 *at, u64 *len, struct err *err)
{
	static const struct { const char *name; u64 len; } sizes[] = { { "u8[", 1 }, { "u16[", 2 }, { "u32[", 4 }, { "u64[", 8 } };
	char *comma, *end;
	int rc;

	text += strspn(text, " \t");
	*len = 4;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (!strncmp(text, sizes[i].name, strlen(sizes[i].name)) && (end = strrchr(text, ']'))) {
			*len = sizes[i].len;
			*end = 0;
			return verb_number(c->s, text + strlen(sizes[i].name), at, err);
		}
	comma = strrchr(text, ',');
	if (comma)
		*comma = 0;
	rc = verb_number(c->s, text, at, err);
	if (!rc && comma)
		rc = verb_number(c->s, comma + 1, len, err);
	if (!rc && (!*len || *len > 4096))
		rc = err_set(err, EINVAL, "%llu bytes cannot be watched; expected 1 to 4096", ULL(*len));
	return rc;
}

static int arm_watch(struct verb_call *c, const char *format, struct err *err)
{
	char text[EVENT_TEXT], event[128];
	u64 at, len;
	int rc = copy_rest(c, text, sizeof(text), err);
	const char *where;

	if (rc)
		return rc;
	if (!c->nwords)
		return err_set(err, EINVAL, "expected an address, as in `watch 0x5000, 4` or `watch u16[counter]`");
	where = cut_condition(text);
	rc = watch_place(c, text, &at, &len, err);
	if (rc)
		return rc;
	snprintf(event, sizeof(event), format, ULL(at), ULL(len), ULL(at), ULL(len));
	return arm(c, event, where, "watch", false, err);
}

static int exec_watch(struct verb_call *c, struct err *err)
{
	return arm_watch(c, "write(0x%llx, %llu)", err);
}

static int exec_rwatch(struct verb_call *c, struct err *err)
{
	return arm_watch(c, "read(0x%llx, %llu)", err);
}

static int exec_awatch(struct verb_call *c, struct err *err)
{
	return arm_watch(c, "read(0x%llx, %llu), write(0x%llx, %llu)", err);
}

const struct verb the_watch = {
	.name = "watch", .alias = "w", .args = "ADDRESS[, BYTES] [if CONDITION]", .brief = "stop when memory is written",
	.text = "After the instruction that wrote. Linear addresses; 4 bytes unless said. In the condition\n"
		"`value` is what was written, `old` what was there.",
	.example = "watch 0x5000, 2\nw u16[0x5000] if value == 7", .group = VERB_STOPS, .complete = COMPLETE_EXPR,
	.exec = exec_watch,
};
const struct verb the_rwatch = {
	.name = "rwatch", .args = "ADDRESS[, BYTES] [if CONDITION]", .brief = "stop when memory is read",
	.text = "As watch.", .example = "rwatch u8[0x46c]", .group = VERB_STOPS, .complete = COMPLETE_EXPR, .exec = exec_rwatch,
};
const struct verb the_awatch = {
	.name = "awatch", .args = "ADDRESS[, BYTES] [if CONDITION]", .brief = "stop when memory is read or written",
	.text = "As watch.", .example = "awatch 0x5000, 8", .group = VERB_STOPS, .complete = COMPLETE_EXPR, .exec = exec_awatch,
};

/* ---- everything else ---- */

/* Short words for pairs of events. */
static const struct { const char *word, *events; } catches[] = {
	{ "io", "io_in(%s), io_out(%s)" }, { "in", "io_in(%s)" }, { "out", "io_out(%s)" },
	{ "msr", "msr_read(%s), msr_write(%s)" }, { "mmio", "mmio_read(%s), mmio_write(%s)" }, { "cr", "cr_write(%s)" },
	{ "intr", "interrupt(%s)" },
};

/* "io 0x3f8" and "exit IO" become an event with its argument in brackets; "io_out(0x3f8)" stays. */
static int catch_event(char *text, char *event, size_t size, struct err *err)
{
	size_t len = strcspn(text, " \t(");
	const char *arg = text + len + strspn(text + len, " \t"), *format = NULL;
	int n;

	for (size_t i = 0; i < ARRAY_LEN(catches); i++)
		if (strlen(catches[i].word) == len && !strncmp(catches[i].word, text, len))
			format = catches[i].events;
	if (text[len] == '(' && !format)
		n = snprintf(event, size, "%s", text);
	else if (format && *arg)
		n = snprintf(event, size, format, arg, arg);
	else if (format)
		return err_set(err, EINVAL, "catch %.*s: which one?  Expected a number or a range, as in `catch io 0x3f8`", (int)len, text);
	else
		n = *arg ? snprintf(event, size, "%.*s(%s)", (int)len, text, arg) : snprintf(event, size, "%.*s", (int)len, text);
	return n < 0 || (size_t)n >= size ? err_set(err, E2BIG, "catch: too long") : 0;
}

static int exec_catch(struct verb_call *c, struct err *err)
{
	char text[EVENT_TEXT], event[2 * EVENT_TEXT];
	const char *where;
	int rc = call_words(c, &the_catch, 1, VERB_WORDS, err);

	if (!rc)
		rc = copy_rest(c, text, sizeof(text), err);
	if (rc)
		return rc;
	where = cut_condition(text);
	rc = catch_event(text, event, sizeof(event), err);
	return rc ? rc : arm(c, event, where, "catch", false, err);
}

const struct verb the_catch = {
	.name = "catch", .args = "EVENT [ARGUMENT] [if CONDITION]", .brief = "stop when something happens",
	.text = "Any event of Trap (`events` lists them): exit IO, exception 14, interrupt 32, triple_fault,\n"
		"console(\"login:\") ...; and short: io PORT, in PORT, out PORT, msr N, mmio RANGE, cr N.",
	.example = "catch exit CPUID\ncatch io 0x3f8 if write\ncatch exception 14", .group = VERB_STOPS,
	.complete = COMPLETE_EVENT, .exec = exec_catch,
};

/* ---- the list ---- */

int probe_number(struct session *s, const char *word, u32 *number, struct err *err)
{
	struct trap_probe_info info;
	u64 n = 0;

	number_parse(word, &n, NULL);
	for (int i = 0; trap_probe_at(s->trap, i, &info); i++)
		if (info.number == n || (info.name && !strcmp(info.name, word))) {
			*number = info.number;
			return 0;
		}
	return err_set(err, ENOENT, "no breakpoint or probe is number '%.40s', or called so; `breaks` lists them", word);
}

static int exec_breaks(struct verb_call *c, struct err *err)
{
	struct trap_probe_info info;
	int rc = call_words(c, &the_breaks, 0, 0, err), i = 0;

	for (; !rc && trap_probe_at(c->s->trap, i, &info); i++) {
		if (!i)
			buf_printf(c->out, "%-4s %-3s %8s  %s\n", "no", "on", "hits", "what");
		buf_printf(c->out, "%-4u %-3s %8llu  %s%s%s\n", info.number, info.enabled ? "yes" : "no", ULL(info.hits),
			   info.name ? info.name : "", info.name ? ": " : "", info.text ? info.text : "");
	}
	if (!rc && !i)
		buf_printf(c->out, "nothing is armed; `break`, `watch`, `catch` and `on EVENT { ... }` arm something\n");
	return rc;
}

static int each(struct verb_call *c, const struct verb *v, int (*one)(struct trap *t, u32 number, struct err *err),
		struct err *err)
{
	struct trap_probe_info info;
	u32 number;
	int rc = call_words(c, v, 1, VERB_WORDS, err);

	if (!rc && !strcmp(c->word[0], "all")) {
		for (int i = trap_nprobes(c->s->trap); !rc && --i >= 0;)
			if (trap_probe_at(c->s->trap, i, &info))
				rc = one(c->s->trap, info.number, err);
		return rc;
	}
	for (int i = 0; !rc && i < c->nwords; i++) {
		rc = probe_number(c->s, c->word[i], &number, err);
		if (!rc)
			rc = one(c->s->trap, number, err);
	}
	return rc;
}

static int turn_on(struct trap *t, u32 number, struct err *err)
{
	return trap_enable(t, number, true, err);
}

static int turn_off(struct trap *t, u32 number, struct err *err)
{
	return trap_enable(t, number, false, err);
}

static int exec_delete(struct verb_call *c, struct err *err)
{
	return each(c, &the_delete, trap_delete, err);
}

static int exec_enable(struct verb_call *c, struct err *err)
{
	return each(c, &the_enable, turn_on, err);
}

static int exec_disable(struct verb_call *c, struct err *err)
{
	return each(c, &the_disable, turn_off, err);
}

const struct verb the_breaks = {
	.name = "breaks", .alias = "B", .args = "", .brief = "what is armed: breakpoints, watchpoints, probes",
	.text = "Number, whether it is on, how often it was hit, and what it is.", .example = "breaks",
	.group = VERB_STOPS, .exec = exec_breaks,
};
const struct verb the_delete = {
	.name = "delete", .alias = "d", .args = "N ... | all", .brief = "take breakpoints or probes out",
	.text = "By number or name.", .example = "delete 1\nd all", .group = VERB_STOPS, .complete = COMPLETE_PROBE,
	.exec = exec_delete,
};
const struct verb the_enable = {
	.name = "enable", .args = "N ... | all", .brief = "switch breakpoints or probes on",
	.text = "By number or name.", .example = "enable 1", .group = VERB_STOPS, .complete = COMPLETE_PROBE, .exec = exec_enable,
};
const struct verb the_disable = {
	.name = "disable", .args = "N ... | all", .brief = "switch breakpoints or probes off; they stay in the list",
	.text = "By number or name.", .example = "disable all", .group = VERB_STOPS, .complete = COMPLETE_PROBE,
	.exec = exec_disable,
};
