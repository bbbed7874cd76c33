/* SPDX-License-Identifier: GPL-3.0-or-later
 * complete.c - what a word that is begun can become.
 * Rule: candidates come from the tables and from the session, in their order; nothing is evaluated.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/exit.h"
#include "debugger/info.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

enum { CANDIDATES = 2000 };

/* Counting down to the i-th candidate that fits. */
struct search {
	struct session *s;
	const char *prefix;
	size_t len;
	int left;
	char *found;
};

static bool offer(struct search *q, const char *before, const char *name, const char *after)
{
	size_t skip = strlen(before);

	if (q->len >= skip ? strncmp(q->prefix, before, skip) || strncmp(q->prefix + skip, name, q->len - skip)
			   : strncmp(q->prefix, before, q->len))
		return false;
	if (q->left--)
		return false;
	if (asprintf(&q->found, "%s%s%s", before, name, after) < 0)
		q->found = NULL;
	return true;
}

static bool offer_verbs(struct search *q)
{
	for (int i = 0; i < verb_count; i++)
		if (offer(q, "", verbs[i]->name, ""))
			return true;
	return false;
}

static bool offer_statements(struct search *q)
{
	for (int i = 0; i < trap_nstatements; i++)
		if (!verb_find(trap_statements[i].name, strlen(trap_statements[i].name)) && offer(q, "", trap_statements[i].name, ""))
			return true;
	return false;
}

static bool offer_registers(struct search *q)
{
	for (int i = 0; session_register_name(i); i++)
		if (offer(q, "$", session_register_name(i), ""))
			return true;
	return false;
}

static bool offer_symbols(struct search *q)
{
	for (int i = 0; i < CANDIDATES && symbols_complete(q->s->symbols, q->prefix, i); i++)
		if (offer(q, "", symbols_complete(q->s->symbols, q->prefix, i), ""))
			return true;
	return false;
}

static bool offer_names(struct search *q)
{
	for (int i = 0; i < trap_nfunctions; i++)
		if (offer(q, "", trap_functions[i].name, "("))
			return true;
	for (int i = 0; i < trap_nnames; i++)
		if (offer(q, "", trap_names[i].name, ""))
			return true;
	return false;
}

static bool offer_events(struct search *q)
{
	for (int i = 0; i < trap_nevents; i++)
		if (offer(q, "", trap_events[i].name, ""))
			return true;
	return false;
}

static bool offer_exits(struct search *q)
{
	for (u16 i = 0; i < EXIT_COUNT; i++)
		if (exit_name(i) && offer(q, "", exit_name(i), ""))
			return true;
	return false;
}

static bool offer_topics(struct search *q)
{
	for (int i = 0; i < info_topic_count; i++)
		if (offer(q, "", info_topics[i].name, ""))
			return true;
	return false;
}

static bool offer_devices(struct search *q)
{
	for (int i = 0; i < q->s->vm->ndevices; i++)
		if (offer(q, "", q->s->vm->device[i]->name, ""))
			return true;
	return false;
}

static bool offer_snapshots(struct search *q)
{
	u64 icount, time;

	for (int i = 0; session_snapshot_at(q->s, i, &icount, &time); i++)
		if (offer(q, "", session_snapshot_at(q->s, i, &icount, &time), ""))
			return true;
	return false;
}

static bool offer_marks(struct search *q)
{
	u64 icount;

	for (int i = 0; session_mark_at(q->s, i, &icount); i++)
		if (offer(q, "", session_mark_at(q->s, i, &icount), ""))
			return true;
	return false;
}

static bool offer_probes(struct search *q)
{
	struct trap_probe_info info;
	char number[16];

	for (int i = 0; trap_probe_at(q->s->trap, i, &info); i++) {
		snprintf(number, sizeof(number), "%u", info.number);
		if (offer(q, "", number, "") || (info.name && offer(q, "", info.name, "")))
			return true;
	}
	return offer(q, "", "all", "");
}

static bool offer_files(struct search *q)
{
	const char *slash = strrchr(q->prefix, '/');
	char folder[1024] = ".", before[1024] = "";
	bool done = false;

	if (slash && (size_t)(slash - q->prefix) < sizeof(folder) - 2) {
		snprintf(before, sizeof(before), "%.*s", (int)(slash + 1 - q->prefix), q->prefix);
		snprintf(folder, sizeof(folder), "%s", before);
	}
	DIR *d = opendir(folder);
	for (struct dirent *e; !done && d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			done = offer(q, before, e->d_name, e->d_type == DT_DIR ? "/" : "");
	if (d)
		closedir(d);
	return done;
}

static bool offer_expression(struct search *q)
{
	return offer_registers(q) || offer_symbols(q) || offer_names(q);
}

static bool offer_help(struct search *q)
{
	return offer_verbs(q) || offer_statements(q) || offer_names(q) || offer_events(q);
}

static bool (*const offers[])(struct search *q) = {
	[COMPLETE_EXPR] = offer_expression, [COMPLETE_FILE] = offer_files, [COMPLETE_VERB] = offer_help,
	[COMPLETE_TOPIC] = offer_topics, [COMPLETE_DEVICE] = offer_devices, [COMPLETE_EXIT] = offer_exits,
	[COMPLETE_SNAPSHOT] = offer_snapshots, [COMPLETE_MARK] = offer_marks, [COMPLETE_PROBE] = offer_probes,
	[COMPLETE_EVENT] = offer_events,
};

static bool in_word(char c, bool file)
{
	return file ? !isspace((unsigned char)c) && c != '"' : isalnum((unsigned char)c) || strchr("_$.#-", c);
}

/* Anything after a verb's name is its affair; anything else is Trap: registers, functions, names, events. */
static void choose(struct search *q, const struct verb *v, bool first)
{
	if (first) {
		if (!offer_verbs(q))
			offer_statements(q);
	} else if (v && v->complete != COMPLETE_NONE && q->prefix[0] != '$') {
		offers[v->complete](q);
	} else if (!offer_expression(q) && !v) {
		if (!offer_events(q))
			offer_exits(q);
	}
}

char *verb_complete(struct session *s, const char *line, size_t at, int i, size_t *start)
{
	size_t skip = strspn(line, " \t"), word = skip, from = at, len = strlen(line);
	const struct verb *v;
	struct search q = { .s = s, .left = i };
	char *prefix;

	at = from = at < len ? at : len;
	while (isalnum((unsigned char)line[word]) || line[word] == '_')
		word++;
	v = at > word ? verb_find(line + skip, word - skip) : NULL;
	while (from > skip && in_word(line[from - 1], v && v->complete == COMPLETE_FILE))
		from--;
	*start = from;
	if (i < 0 || i >= CANDIDATES)
		return NULL;
	prefix = strndup(line + from, at - from);
	if (!prefix)
		return NULL;
	q.prefix = prefix;
	q.len = at - from;
	choose(&q, v, from == skip);
	free(prefix);
	return q.found;
}
