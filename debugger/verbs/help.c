/* SPDX-License-Identifier: GPL-3.0-or-later
 * help.c - help from the tables: verbs, and Trap's statements, functions, events, names and injections.
 * Rule: nothing is said here that a table could say.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/trap/trap.h"
#include "debugger/verbs/verbs-priv.h"

const char *verb_group_title(enum verb_group group)
{
	static const char *const titles[VERB_GROUPS] = {
		[VERB_RUN] = "Run", [VERB_STOPS] = "Stop there", [VERB_LOOK] = "Look", [VERB_CHANGE] = "Change",
		[VERB_TIME] = "Time", [VERB_SESSION] = "Session",
	};

	return (unsigned)group < VERB_GROUPS ? titles[group] : "";
}

static void row(const char *name, const char *alias, const char *brief, struct buf *out)
{
	char left[40];

	snprintf(left, sizeof(left), "%s%s%s", name, alias ? ", " : "", alias ? alias : "");
	buf_printf(out, "  %-14s %s\n", left, brief);
}

static void everything(struct buf *out)
{
	for (int g = 0; g < VERB_GROUPS; g++) {
		buf_printf(out, "%s:\n", verb_group_title((enum verb_group)g));
		for (int i = 0; i < verb_count; i++)
			if (verbs[i]->group == (enum verb_group)g)
				row(verbs[i]->name, verbs[i]->alias, verbs[i]->brief, out);
	}
	buf_printf(out, "Statements of Trap (any other line is Trap):\n");
	for (int i = 0; i < trap_nstatements; i++)
		row(trap_statements[i].name, NULL, trap_statements[i].brief, out);
	buf_printf(out, "`help WORD` tells more, also of functions; `events` lists events.\n");
}

static void lines(const char *text, const char *before, struct buf *out)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		buf_printf(out, "%s%.*s\n", before, (int)strcspn(text, "\n"), text);
}

static void help_verb(const struct verb *v, struct buf *out)
{
	buf_printf(out, "%s%s%s: %s\n", v->name, *v->args ? " " : "", v->args, v->brief);
	if (v->alias)
		buf_printf(out, "short: %s\n", v->alias);
	lines(v->text, "", out);
	buf_printf(out, "Example:\n");
	lines(v->example, "  ", out);
}

static void help_row(const char *kind, const char *name, const char *args, const char *brief, const char *example,
		     const char *missing, struct buf *out)
{
	buf_printf(out, "%s %s%s%s%s: %s\n", kind, name, args && *args ? "(" : "", args && *args ? args : "", args && *args ? ")" : "", brief);
	if (missing)
		buf_printf(out, "This build has no %s.\n", missing);
	if (example && *example) {
		buf_printf(out, "Example:\n");
		lines(example, "  ", out);
	}
}

static bool help_statement(const char *word, struct buf *out)
{
	for (int i = 0; i < trap_nstatements; i++) {
		const struct trap_statement *t = &trap_statements[i];

		if (strcmp(t->name, word))
			continue;
		help_row("statement", t->syntax, NULL, t->brief, t->example, t->missing, out);
		return true;
	}
	return false;
}

static void event_fields(const struct trap_event *e, struct buf *out)
{
	for (int i = 0; i < TRAP_FIELDS && e->field[i].name; i++)
		buf_printf(out, "  %-14s %s\n", e->field[i].name, e->field[i].brief);
}

static bool help_event(const char *word, struct buf *out)
{
	for (int i = 0; i < trap_nevents; i++) {
		const struct trap_event *e = &trap_events[i];

		if (strcmp(e->name, word))
			continue;
		help_row("event", e->name, e->args, e->brief, e->example, e->missing, out);
		event_fields(e, out);
		return true;
	}
	return false;
}

static bool help_others(const char *word, struct buf *out)
{
	bool found = false;

	for (int i = 0; i < trap_nfunctions; i++)
		if (!strcmp(trap_functions[i].name, word)) {
			const struct trap_function *f = &trap_functions[i];
			help_row("function", f->name, *f->args ? f->args : " ", f->brief, f->example, f->missing, out);
			found = true;
		}
	for (int i = 0; i < trap_nnames; i++)
		if (!strcmp(trap_names[i].name, word)) {
			help_row("name", word, NULL, trap_names[i].brief, NULL, trap_names[i].missing, out);
			found = true;
		}
	for (int i = 0; i < trap_ninjections; i++)
		if (!strcmp(trap_injections[i].name, word)) {
			const struct trap_injection *t = &trap_injections[i];
			help_row("inject", t->name, t->args, t->brief, t->example, t->missing, out);
			found = true;
		}
	return found;
}

static bool is_traps(const char *word)
{
	struct buf b = { 0 };
	bool yes = help_statement(word, &b) || help_event(word, &b) || help_others(word, &b);

	buf_free(&b);
	return yes;
}

bool verb_help(const char *word, struct buf *out)
{
	const struct verb *v = word ? verb_find(word, strlen(word)) : NULL;
	bool found = v;

	if (!word) {
		everything(out);
		return true;
	}
	if (v)
		help_verb(v, out);
	if (v && is_traps(word))
		buf_printf(out, "Trap has a word %s, too: vitrine-trap(5)\n", word);
	if (v)
		return true;
	found |= help_statement(word, out);
	found |= help_event(word, out);
	found |= help_others(word, out);
	return found;
}
