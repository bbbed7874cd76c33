/* SPDX-License-Identifier: GPL-3.0-or-later
 * syntax-error.c - say what is wrong where the grammar could not go on, and what to do about it.
 * Rule: a missing ';' is reported behind what it should have followed, everything else at the word that does not fit.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/trap/parse.h"
#include "debugger/trap/parse.tab.h"

enum { WORD = 40, EXPECTED = 4 };

struct trouble {
	struct parse *p;
	const struct token *now, *prev;
	const char *const *expected;
	int n;
	char word[WORD + 1], before[WORD + 1]; /* as written */
};

static bool may_be(const struct trouble *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (!strcmp(t->expected[i], name))
			return true;
	return false;
}

static void copy_word(const struct parse *p, const struct span *s, char *out)
{
	u32 len = s->to - s->from < WORD ? s->to - s->from : WORD;

	memcpy(out, p->source->text + s->from, len);
	out[len] = 0;
}

/* ---- what is expected ---- */

static void name_expected(const char *name, struct buf *out)
{
	bool words = strlen(name) > 3 || name[0] != '\'';

	if (!strcmp(name, "end of file"))
		buf_printf(out, "the end");
	else if (!strcmp(name, "name") || !strcmp(name, "number") || !strcmp(name, "string") || !strcmp(name, "map"))
		buf_printf(out, "a %s", name);
	else
		buf_printf(out, words ? "'%s'" : "%s", name);
}

/* Nothing, if too much could stand here to say it. */
static void expected_text(const struct trouble *t, struct buf *out)
{
	if (may_be(t, "let")) {
		buf_printf(out, "; expected a statement%s", t->p->nopen ? " or '}'" : "");
		return;
	}
	if (may_be(t, "number")) {
		buf_printf(out, "; expected a value%s", may_be(t, "';'") ? " or ';'" : may_be(t, "')'") ? " or ')'" : "");
		return;
	}
	for (int i = 0; t->n <= EXPECTED && i < t->n; i++) {
		buf_printf(out, "%s", !i ? "; expected " : i + 1 < t->n ? ", " : " or ");
		name_expected(t->expected[i], out);
	}
}

/* ---- help ---- */

/* What people write who know other languages. */
static const struct { const char *word, *help; } foreign[] = {
	{ "and", "write && for and" }, { "or", "write || for or" }, { "not", "write ! for not" },
	{ "elif", "write } else if x { ... }" }, { "elsif", "write } else if x { ... }" },
	{ "elseif", "write } else if x { ... }" }, { "var", "write let x = ..." }, { "int", "write let x = ..." },
	{ "auto", "write let x = ..." }, { "def", "write fn f(x) { ... }" }, { "function", "write fn f(x) { ... }" },
	{ "func", "write fn f(x) { ... }" }, { "proc", "write fn f(x) { ... }" }, { "sub", "write fn f(x) { ... }" },
	{ "printf", "write print x, y;" }, { "echo", "write print x, y;" }, { "puts", "write print x, y;" },
	{ "continue", "write next to go on with a loop's next turn, run to let the guest go on" },
	{ "cont", "write run to let the guest go on" }, { "set", "write $rax = 1 or u8[0x500] = 1" },
	{ "do", "write while x { ... } or repeat n { ... }" }, { "loop", "write repeat n { ... } or while true { ... }" },
	{ "import", "write include \"FILE\";" }, { "when", "write on EVENT where CONDITION { ... }" },
	{ "probe", "write on EVENT { ... }" }, { "break_at", "write on exec(ADDRESS) { stop; }" },
	{ "BEGIN", "what stands at the top runs at the beginning: write it without a probe" },
	{ "END", "write on end { ... }" }, { "then", "a block stands in braces: if x { ... }" },
	{ "times", "write repeat n { ... }" }, { "wait", "write run until EVENT for TIME" },
};

static const char *foreign_help(const struct trouble *t)
{
	const char *word[] = { t->word, t->before };

	for (size_t w = 0; w < ARRAY_LEN(word); w++)
		for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
			if ((w ? t->prev : t->now)->kind == NAME && !strcmp(word[w], foreign[i].word))
				return foreign[i].help;
	return NULL;
}

static bool is_comparison(int kind)
{
	return kind == '<' || kind == '>' || kind == EQ || kind == NE || kind == LE || kind == GE || kind == IN || kind == MATCH;
}

static bool is_word(int kind)
{
	return kind == NAME || kind == NUMBER || kind == REGISTER || kind == MAP;
}

/* The simple word behind the token that does not fit, or "". */
static void word_behind(const struct trouble *t, char *out)
{
	const char *text = t->p->source->text;
	size_t at = t->now->at.to, end = t->p->source->len, len = 0;

	while (at < end && (text[at] == ' ' || text[at] == '\t'))
		at++;
	while (at < end && len < WORD && text[at] > ' ' && text[at] < 0x7f && !strchr(";,(){}[]<>=!&|+-*/\"#", text[at]))
		out[len++] = text[at++];
	out[len] = 0;
}

/* a < b < c : only here an operator that binds stronger could follow, but no comparison. */
static bool chained(const struct trouble *t, struct buf *what, struct buf *help)
{
	const struct token *prev = t->p->prev;
	char left[WORD + 1], op[WORD + 1], right[WORD + 1];

	if (!is_comparison(t->now->kind) || !may_be(t, "'+'"))
		return false;
	buf_printf(what, "unexpected '%s'; comparisons do not chain", t->word);
	word_behind(t, right);
	copy_word(t->p, &prev[1].at, op);
	copy_word(t->p, &prev[2].at, left);
	if (is_word(prev[0].kind) && is_comparison(prev[1].kind) && is_word(prev[2].kind) && right[0])
		buf_printf(help, "write %s %s %s && %s %s %s", left, op, t->before, t->before, t->word, right);
	else
		buf_printf(help, "write a < b && b < c");
	return true;
}

/* The statement that the first word of this one may have meant. */
static const char *near_statement(const struct trouble *t)
{
	static const char *const more[] = { "else", "until", "where", "with", "within", "points" };
	struct nearest near;

	if (t->prev->kind != NAME)
		return NULL;
	nearest_start(&near, t->before);
	for (int i = 0; i < trap_nstatements; i++)
		nearest_offer(&near, trap_statements[i].name);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		nearest_offer(&near, more[i]);
	return near.best;
}

static bool is_keyword(const struct trouble *t)
{
	return (t->now->kind >= LET && t->now->kind <= FALSE) || t->now->kind == IN;
}

static void help_block(const struct trouble *t, struct buf *help)
{
	if (t->now->kind == '=')
		buf_printf(help, "write == to compare");
	else
		buf_printf(help, "a block stands in braces, also if it is one statement: { stop; }");
}

static bool is_event(const char *name)
{
	for (int i = 0; i < trap_nevents; i++)
		if (!strcmp(trap_events[i].name, name))
			return true;
	return false;
}

/* Behind a whole statement: is it one? */
static void help_end(const struct trouble *t, struct buf *help)
{
	const char *near = near_statement(t);

	if (t->now->kind == '{' && (!near || t->prev->kind != NAME || is_event(t->before)))
		buf_printf(help, "a probe begins with on: on %s { ... }", t->prev->kind == NAME ? t->before : "EVENT");
	else if (near)
		buf_printf(help, "did you mean '%s'?", near);
	else if (is_word(t->now->kind) || t->now->kind == STRING)
		buf_printf(help, "values are separated by ',', a statement ends with ';'");
	else if (t->now->kind == '=' || t->now->kind == ')' || t->now->kind == ']')
		buf_printf(help, t->now->kind == '=' ? "write == to compare" : "there is no bracket open that it could close");
	else
		buf_printf(help, "a statement ends with ';'");
}

/* The word before says how it should have gone on. */
static const char *help_after(const struct trouble *t)
{
	static const struct { int kind; const char *help; } begun[] = {
		{ LET, "write let x = 3;" }, { CONST, "write const k = 3;" }, { FOR, "write for i in 1..10 { ... }" },
		{ TEST, "write test \"title\" { ... }" }, { INCLUDE, "write include \"FILE\";" },
		{ ON, "write on EVENT { ... }; exit is the most general event" }, { FN, "write fn f(x) { ... }" },
		{ INJECT, "write inject nmi; help inject lists what else there is" }, { REPLY, "write reply eax = 1;" },
		{ ENABLE, "write the name of a probe: NAME: on EVENT { ... }" }, { MIGRATE, "write migrate to \"unix:PATH\";" },
		{ DISABLE, "write the name of a probe: NAME: on EVENT { ... }" }, { CLEAR, "write clear @name;" },
		{ WITH, "write with NAME = VALUE, ..." }, { '.', "a field's name stands behind the '.'" },
	};
	int before = t->p->prev[1].kind;

	for (size_t i = 0; i < ARRAY_LEN(begun); i++)
		if (t->prev->kind == begun[i].kind || (t->prev->kind == NAME && before == begun[i].kind && before != '.' &&
						       (before != FOR || may_be(t, "in"))))
			return begun[i].help;
	return t->prev->kind == ':' ? "only a probe has a name: NAME: on EVENT { ... }" : NULL;
}

static void help_value(const struct trouble *t, struct buf *help)
{
	if (t->now->kind == '=')
		buf_printf(help, "write == to compare, and x = value; to set x");
	else if (t->now->kind == '[')
		buf_printf(help, "a list is written list(1, 2), memory u8[address]");
	else if (is_keyword(t))
		buf_printf(help, "'%s' is a word of the language; choose another name", t->word);
	else if (*t->word)
		buf_printf(help, "something is missing before the '%s'", t->word);
	else
		buf_printf(help, "something is missing before the end");
}

static void help_text(const struct trouble *t, struct buf *help)
{
	const struct parse *p = t->p;
	const char *word = foreign_help(t);

	if (word)
		buf_printf(help, "%s", word);
	else if (!t->now->kind && p->nopen)
		buf_printf(help, "the '%c' of line %u is not closed", p->open[p->nopen - 1].with, p->open[p->nopen - 1].line);
	else if (t->now->kind == FN)
		buf_printf(help, "a function stands at the top of a script, in no block");
	else if (t->now->kind == '}' && may_be(t, "let"))
		buf_printf(help, "there is no '{' open that it could close");
	else if (t->now->kind == ';' && may_be(t, "let"))
		buf_printf(help, "a block needs no ';', and there is no empty statement");
	else if (t->now->kind == ELSE)
		buf_printf(help, "else stands behind the block of an if, with no ';' between");
	else if (may_be(t, "'{'"))
		help_block(t, help);
	else if (!may_be(t, "';'") && help_after(t) && !(may_be(t, "name") && is_keyword(t)))
		buf_printf(help, "%s", help_after(t));
	else if (may_be(t, "';'") && t->n <= 2)
		help_end(t, help);
	else if (may_be(t, "name") && is_keyword(t))
		buf_printf(help, "'%s' is a word of the language; choose another name", t->word);
	else if (may_be(t, "')'") && !may_be(t, "number"))
		buf_printf(help, "arguments are separated by ',' and end with ')'");
	else if (may_be(t, "']'") && !may_be(t, "number"))
		buf_printf(help, "the '[' is closed by ']'");
	else if (may_be(t, "number"))
		help_value(t, help);
}

/* ---- the message ---- */

/* Nothing fits because the statement before has no end. */
static bool is_unended(const struct trouble *t)
{
	bool later = t->now->at.line > t->prev->at.end_line || t->now->kind == '}' || !t->now->kind;

	return later && may_be(t, "';'") && !may_be(t, "let") && t->prev->kind;
}

static void unended(const struct trouble *t, struct buf *what, struct buf *help)
{
	const char *word = foreign_help(t), *near = near_statement(t);

	buf_printf(what, "missing ';'");
	if (word)
		buf_printf(help, "%s", word);
	else if (near && t->p->prev[1].kind != '=')
		buf_printf(help, "did you mean '%s'?", near);
	else
		buf_printf(help, "a statement ends with ';'");
}

static void unexpected(const struct trouble *t, struct buf *what, struct buf *help)
{
	bool end = !t->now->kind || t->now->at.from == t->now->at.to;

	buf_printf(what, end ? "unexpected end of the text" : strchr(t->word, '\'') ? "unexpected %s" : "unexpected '%s'", t->word);
	expected_text(t, what);
	help_text(t, help);
}

void syntax_error(struct parse *p, const char *const *expected, int n)
{
	struct trouble t = { p, &p->now, &p->prev[0], expected, n, "", "" };
	struct buf what = { 0 }, help = { 0 };
	struct trap_pos pos = span_pos(p, &p->now.at);
	bool end;

	p->failed = p->recovering = true;
	p->skip = p->now.kind == '{';
	if (p->stopped)
		return;
	copy_word(p, &p->now.at, t.word);
	copy_word(p, &t.prev->at, t.before);
	end = is_unended(&t);
	if (end) {
		pos.line = pos.end_line = t.prev->at.end_line;
		pos.col = t.prev->at.end;
		pos.end = pos.col + 1;
		unended(&t, &what, &help);
	} else if (!chained(&t, &what, &help)) {
		unexpected(&t, &what, &help);
	}
	if (p->error_line != pos.line)
		trap_error(p->errors, &pos, buf_text(&help), "%s", buf_text(&what) ? buf_text(&what) : "syntax error");
	p->error_line = pos.line;
	buf_free(&what);
	buf_free(&help);
}
