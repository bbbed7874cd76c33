/* SPDX-License-Identifier: GPL-3.0-or-later
 * tokens.c - what the grammar gets to see: the lexer's tokens, and what helps it back into step after an error.
 * Rule: after an error whatever stands in braces is skipped as a whole, so that one mistake is one message.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "debugger/trap/parse.h"
#include "debugger/trap/parse.tab.h"
#include "debugger/trap/lex.yy.h"

int trap_lex_token(TRAP_YYSTYPE *value, struct parse *p, yyscan_t scanner);
int trap_lex_keyword(const char *text, size_t len);

int trap_lex_keyword(const char *text, size_t len)
{
	static const struct { const char *name; int token; } words[] = {
		{ "let", LET }, { "const", CONST }, { "if", IF }, { "else", ELSE }, { "while", WHILE }, { "for", FOR },
		{ "repeat", REPEAT }, { "break", BREAK }, { "next", NEXT }, { "return", RETURN }, { "step", STEP },
		{ "back", BACK }, { "stop", STOP }, { "run", RUN }, { "until", UNTIL }, { "where", WHERE },
		{ "expect", EXPECT }, { "assert", ASSERT }, { "snapshot", SNAPSHOT }, { "restore", RESTORE },
		{ "migrate", MIGRATE }, { "with", WITH }, { "inject", INJECT }, { "reply", REPLY }, { "enable", ENABLE },
		{ "disable", DISABLE }, { "print", PRINT }, { "dump", DUMP }, { "clear", CLEAR }, { "test", TEST },
		{ "points", POINTS }, { "within", WITHIN }, { "exit", EXIT }, { "on", ON }, { "fn", FN },
		{ "include", INCLUDE }, { "true", TRUE }, { "false", FALSE }, { "in", IN },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].name) == len && !memcmp(words[i].name, text, len))
			return words[i].token;
	return 0;
}

struct trap_pos span_pos(const struct parse *p, const struct span *s)
{
	return (struct trap_pos){ s->line, s->col, s->end_line, s->end, p->source->file };
}

void lex_error(struct parse *p, const char *help, const char *fmt, ...)
{
	struct trap_pos pos = span_pos(p, &p->at);
	char what[sizeof(p->errors->at[0].what)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	p->failed = p->recovering = true;
	if (p->error_line != p->at.line)
		trap_error(p->errors, &pos, help, "%s", what);
	p->error_line = p->at.line;
}

/* Bison's own troubles: its stack has a limit. */
void trap_yyerror(const struct span *at, struct parse *p, const char *text)
{
	p->at = *at;
	lex_error(p, "give parts of it names: let a = ...;", "this is nested too deeply");
}

static void opened(struct parse *p, char with)
{
	if (p->nopen < OPEN_MAX) {
		p->open[p->nopen].with = with;
		p->open[p->nopen++].line = p->at.line;
		return;
	}
	lex_error(p, "give parts of it names: let a = ...; or make a function: fn f(x) { ... }",
		  "more than %d brackets are open here", OPEN_MAX);
	p->stopped = true;
}

/* A '}' closes what was left open within its braces, too. */
static void closed(struct parse *p, char with)
{
	int n = p->nopen;

	while (with == '{' && n && p->open[n - 1].with != '{')
		n--;
	if (n && p->open[n - 1].with == with)
		p->nopen = n - 1;
}

static int lexed(struct parse *p, TRAP_YYSTYPE *value)
{
	int kind = p->stopped ? 0 : trap_lex_token(value, p, p->scanner);

	if (p->u->arena.full || p->errors->n == TRAP_ERRORS)
		p->stopped = true;
	if (kind == '(' || kind == '[' || kind == '{')
		opened(p, (char)kind);
	else if (kind == ')' || kind == ']' || kind == '}')
		closed(p, kind == ')' ? '(' : kind == ']' ? '[' : '{');
	return p->stopped ? 0 : kind;
}

/* On to the end of the braces just opened; what follows looks like a new statement. */
static int skip_block(struct parse *p, TRAP_YYSTYPE *value)
{
	int depth = 1, kind;

	p->skip = false;
	while (depth && (kind = lexed(p, value)))
		depth += kind == '{' ? 1 : kind == '}' ? -1 : 0;
	return depth ? 0 : ';';
}

static int next(struct parse *p, TRAP_YYSTYPE *value)
{
	int before = p->prev[0].kind, kind;

	if (p->skip)
		return skip_block(p, value);
	kind = lexed(p, value);
	if (kind == '{' && p->recovering)
		return skip_block(p, value);
	if (kind || p->stopped)
		return kind;
	p->at = (struct span){ p->prev[0].at.end_line, p->prev[0].at.end, p->prev[0].at.end_line, p->prev[0].at.end,
			       p->prev[0].at.to, p->prev[0].at.to };
	return p->one_line && !p->nopen && before && before != ';' && before != '}' ? ';' : 0;
}

int trap_yylex(TRAP_YYSTYPE *value, struct span *at, struct parse *p)
{
	int kind = p->start;

	*at = (struct span){ 1, 1, 1, 1, 0, 0 };
	p->start = 0;
	if (kind)
		return kind;
	if (p->now.kind) {
		memmove(p->prev + 1, p->prev, sizeof(p->prev) - sizeof(p->prev[0]));
		p->prev[0] = p->now;
	}
	kind = next(p, value);
	*at = p->at;
	p->now = (struct token){ kind, p->at };
	return kind;
}

struct node *trap_parse(struct trap_unit *u, const struct source *s, bool expression, struct trap_errors *errors,
			bool *failed)
{
	struct parse p = {
		.u = u, .errors = errors, .source = s, .at = { 1, 1, 1, 1, 0, 0 },
		.start = expression ? T_EXPRESSION : T_SCRIPT,
		.one_line = !expression && !memchr(s->text, '\n', s->len),
	};
	int rc;

	p.prev[0].at = p.at;
	*failed = true;
	if (trap_lex_lex_init(&p.scanner)) {
		u->arena.full = true;
		return NULL;
	}
	trap_lex__scan_bytes(s->text, (int)s->len, p.scanner);
	rc = trap_yyparse(&p);
	trap_lex_lex_destroy(p.scanner);
	*failed = rc || p.failed;
	return rc || p.stopped ? NULL : p.result; /* what was cut off has nodes without their parts */
}
