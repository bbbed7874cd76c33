/* SPDX-License-Identifier: GPL-3.0-or-later
 * verb.c - from a typed line to a verb, or to Trap.
 * Rule: whatever is typed, the answer is text or an error that says what was expected.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

enum { DEPTH_MAX = 8, LINE_MAX_ = 1 << 20 };

#define POINTER(name) &the_##name,
const struct verb *const verbs[] = { VERBS(POINTER) };
const int verb_count = ARRAY_LEN(verbs);

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

const struct verb *verb_find(const char *name, size_t len)
{
	for (int i = 0; i < verb_count; i++) {
		const struct verb *v = verbs[i];

		if ((strlen(v->name) == len && !memcmp(v->name, name, len)) ||
		    (v->alias && strlen(v->alias) == len && !memcmp(v->alias, name, len)))
			return v;
	}
	return NULL;
}

static bool is_statement(const struct verb *v)
{
	for (int i = 0; i < trap_nstatements; i++)
		if (!strcmp(trap_statements[i].name, v->name))
			return true;
	return false;
}

/* `n = 3;`, `walk($rip)`, `s: on exit ...`: the verb's name is a name of Trap's here.  `restore "a";` and `exit 3;` are
 * Trap's too: verbs have no semicolon. */
static bool is_traps(const struct verb *v, const char *behind)
{
	const char *at = behind + strspn(behind, " \t");
	size_t len = strlen(at);

	while (len && isspace((unsigned char)at[len - 1]))
		len--;
	if (*behind == '(' || *behind == '[' || *behind == '.' || *at == ':')
		return true;
	if ((*at == '=' && at[1] != '=') || (*at && strchr("+-|&", *at) && at[1] == '='))
		return true;
	return len && at[len - 1] == ';' && is_statement(v);
}

/* ---- words ---- */

/* One word into *to; its end.  "..." is one, without its quotes. */
static const char *take_word(const char *at, char **to)
{
	bool quoted = false;

	for (; *at && (quoted || !isspace((unsigned char)*at)); at++) {
		if (*at == '"')
			quoted = !quoted;
		else
			*(*to)++ = *at;
	}
	*(*to)++ = 0;
	return at;
}

/* room: as long as the line, and one more. */
static void split(struct verb_call *c, char *room)
{
	const char *at = c->rest;

	for (; *at && c->nwords < VERB_WORDS; at += strspn(at, " \t\r\n")) {
		c->word[c->nwords++] = room;
		at = take_word(at, &room);
	}
}

/* The n-th word's place in the line again: an expression keeps its blanks and quotes. */
const char *call_text(const struct verb_call *c, int i)
{
	const char *at = c->rest;

	for (; i && *at; i--) {
		bool quoted = false;

		for (; *at && (quoted || !isspace((unsigned char)*at)); at++)
			quoted ^= *at == '"';
		at += strspn(at, " \t");
	}
	return at;
}

int call_words(const struct verb_call *c, const struct verb *v, int min, int max, struct err *err)
{
	if (c->nwords >= min && c->nwords <= max)
		return 0;
	if (c->nwords > max)
		return err_set(err, EINVAL, "%s: '%.40s' is a word too many; expected: %s %s", v->name, c->word[max], v->name, v->args);
	return err_set(err, EINVAL, "%s needs more: %s %s", v->name, v->name, v->args);
}

/* ---- numbers ---- */

/* "kfree+0x10", "start": names of Trap's are not meant. */
static bool symbol_number(struct session *s, const char *text, u64 *value)
{
	size_t len = strcspn(text, "+ \t");
	const char *plus = text + len + strspn(text + len, " \t");
	char name[256];
	u64 more = 0;

	if (!len || len >= sizeof(name))
		return false;
	memcpy(name, text, len);
	name[len] = 0;
	if (!symbols_find(s->symbols, name, value))
		return false;
	if (!*plus)
		return true;
	if (*plus != '+' || !number_parse(plus + 1 + strspn(plus + 1, " \t"), &more, NULL))
		return false;
	*value += more;
	return true;
}

int verb_number(struct session *s, const char *text, u64 *value, struct err *err)
{
	text += strspn(text, " \t");
	if (number_parse(text, value, NULL) || symbol_number(s, text, value))
		return 0;
	if (*text && !strpbrk(text, " \t+-*/(") && session_register(s, s->cpu, text, value))
		return 0;
	if (!*text)
		return err_set(err, EINVAL, "expected a number, an address or an expression like $rsp + 8");
	return trap_number(s->trap, text, value, err);
}

int call_address(const struct verb_call *c, int i, u64 other, u64 *address, struct err *err)
{
	if (i >= c->nwords) {
		*address = other;
		return 0;
	}
	return verb_number(c->s, call_text(c, i), address, err);
}

static const struct { const char *name; enum amount_unit unit; u64 times; } units[] = {
	{ "insn", BY_INSN, 1 }, { "insns", BY_INSN, 1 }, { "exit", BY_EXIT, 1 }, { "exits", BY_EXIT, 1 }, { "ns", BY_TIME, 1 },
	{ "us", BY_TIME, 1000 }, { "ms", BY_TIME, 1000000 }, { "s", BY_TIME, 1000000000 },
};

int amount_parse(struct session *s, const char *text, enum amount_unit unit, struct amount *amount, struct err *err)
{
	const char *end = text;
	u64 n, times = 1;
	int rc = 0;

	*amount = (struct amount){ 0, unit };
	if (number_parse(text, &n, &end) && *end) {
		const char *name = end + strspn(end, " \t");
		size_t i = 0;

		while (i < ARRAY_LEN(units) && strcmp(units[i].name, name))
			i++;
		if (i < ARRAY_LEN(units)) {
			amount->unit = units[i].unit;
			times = units[i].times;
			rc = 0;
		} else {
			rc = verb_number(s, text, &n, err);
		}
	} else {
		rc = verb_number(s, text, &n, err);
	}
	if (rc)
		return err_set(err, EINVAL, "'%.40s' is no amount; expected something like 10, 500insn, 3exits, 20ms or 2s", text);
	if (!n || n > INT64_MAX / times)
		return err_set(err, EINVAL, "%.40s is not possible; expected 1 to %llu", text, ULL(INT64_MAX / times));
	amount->n = n * times;
	return 0;
}

/* ---- a line ---- */

static int call(struct session *s, const struct verb *v, const char *rest, struct buf *out, struct err *err)
{
	struct verb_call c = { .s = s, .out = out };

	rest += strspn(rest, " \t\r\n");
	size_t len = strlen(rest);
	char *text = malloc(len + 1), *room = malloc(len + 2 + VERB_WORDS);
	int rc = -ENOMEM;

	if (text && room) {
		while (len && (isspace((unsigned char)rest[len - 1]) || rest[len - 1] == ';'))
			len--;
		memcpy(text, rest, len);
		text[len] = 0;
		c.rest = text;
		split(&c, room);
		rc = v->exec(&c, err);
	} else {
		err_set(err, ENOMEM, "no memory for this line");
	}
	free(text);
	free(room);
	return rc;
}

/* Trap moves the machine too; whoever typed wants to see where it is then. */
static int trap_text_line(struct session *s, const char *line, struct buf *out, struct err *err)
{
	u64 icount = vm_icount(s->vm), exits = s->vm->exits, time = s->vm->clock.now;
	int status = 0, rc = trap_line(s->trap, line, &status);

	if (rc < 0)
		return err_set(err, -rc, "%s", ""); /* it has been said */
	if (!s->running && s->depth == 1 &&
	    (icount != vm_icount(s->vm) || exits != s->vm->exits || time != s->vm->clock.now))
		say_where(s, out);
	if (rc == 1)
		s->status = status;
	return rc == 1 ? VERB_QUIT : 0;
}

/* A word alone that is nothing: perhaps a verb was meant. */
static int check_word(const struct session *s, const char *word, size_t len, const char *behind, struct err *err)
{
	char name[40];
	struct nearest near;
	u64 value;

	behind += strspn(behind, " \t\r\n;");
	if (*behind || len >= sizeof(name) || !len)
		return 0;
	memcpy(name, word, len);
	name[len] = 0;
	for (int i = 0; i < trap_nstatements; i++)
		if (!strcmp(trap_statements[i].name, name))
			return 0;
	if (name[0] == '-' || isdigit((unsigned char)name[0]) || symbols_find(s->symbols, name, &value))
		return 0;
	nearest_start(&near, name);
	for (int i = 0; i < verb_count; i++)
		nearest_offer(&near, verbs[i]->name);
	for (int i = 0; i < trap_nstatements; i++)
		nearest_offer(&near, trap_statements[i].name);
	if (near.best)
		return err_set(err, EINVAL, "unknown word '%s'; did you mean '%s'?", name, near.best);
	return err_set(err, EINVAL, "unknown word '%s'; `help` lists what can be typed", name);
}

static int line_exec(struct session *s, const char *line, struct buf *out, struct err *err)
{
	const char *at = line + strspn(line, " \t\r\n"), *end = at;
	const struct verb *v;

	if (!*at || *at == '#')
		return 0;
	if (*at == '?')
		return call(s, &the_help, at + 1, out, err);
	while (is_word(*end))
		end++;
	v = verb_find(at, (size_t)(end - at));
	if (v && !is_traps(v, end))
		return call(s, v, end, out, err);
	if (!v && check_word(s, at, (size_t)(end - at), end, err))
		return -EINVAL;
	return trap_text_line(s, at, out, err);
}

int verb_line(struct session *s, const char *line, struct buf *out, struct err *err)
{
	int rc;

	if (strlen(line) > LINE_MAX_)
		return err_set(err, E2BIG, "a line of more than %d bytes; put it into a file and `source` that", LINE_MAX_);
	if (s->depth >= DEPTH_MAX)
		return err_set(err, ELOOP, "lines that run lines, %d deep; expected a file that does not run itself", DEPTH_MAX);
	s->depth++;
	rc = line_exec(s, line, out, err);
	s->depth--;
	return rc;
}
