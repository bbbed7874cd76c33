/* SPDX-License-Identifier: GPL-3.0-or-later
 * parse.y - the grammar of Trap.
 * Rule: no conflicts, and no meaning: what a name or a type allows is the checker's affair.
 */
%code requires {
#include "debugger/trap/parse.h"
}
%code {
#define N(kind, at, ...) tree_node(p, kind, &(at), __VA_ARGS__)
/* From the first byte of the first to the last of the last; of nothing, behind what was before. */
#define YYLLOC_DEFAULT(all, part, n) \
	((all) = (n) ? (struct span){ YYRHSLOC(part, 1).line, YYRHSLOC(part, 1).col, YYRHSLOC(part, n).end_line, \
				      YYRHSLOC(part, n).end, YYRHSLOC(part, 1).from, YYRHSLOC(part, n).to } \
		     : (struct span){ YYRHSLOC(part, 0).end_line, YYRHSLOC(part, 0).end, YYRHSLOC(part, 0).end_line, \
				      YYRHSLOC(part, 0).end, YYRHSLOC(part, 0).to, YYRHSLOC(part, 0).to })
#define RECOVERED do { yyerrok; p->recovering = false; } while (0)
}
%code provides {
/* The next token: the lexer's, or what recovery wants to see (tokens.c). */
int trap_yylex(TRAP_YYSTYPE *value, struct span *at, struct parse *p);
void trap_yyerror(const struct span *at, struct parse *p, const char *text);
}
%define api.pure full
%define api.prefix {trap_yy}
%define api.location.type {struct span}
%define parse.error custom
%locations
%param {struct parse *p}
%expect 0

%union {
	struct node *node;
	struct list list;
	const char *name;
	int op;
}

%token T_SCRIPT T_EXPRESSION
%token <name> NAME "name" REGISTER "register" MAP "map"
%token <node> NUMBER "number" STRING "string"
%token LET "let" CONST "const" IF "if" ELSE "else" WHILE "while" FOR "for" REPEAT "repeat" BREAK "break" NEXT "next"
	RETURN "return" STEP "step" BACK "back" STOP "stop" RUN "run" UNTIL "until" WHERE "where" EXPECT "expect"
	ASSERT "assert" SNAPSHOT "snapshot" RESTORE "restore" MIGRATE "migrate" WITH "with" INJECT "inject"
	REPLY "reply" ENABLE "enable" DISABLE "disable" PRINT "print" DUMP "dump" CLEAR "clear" TEST "test"
	POINTS "points" WITHIN "within" EXIT "exit" ON "on" FN "fn" INCLUDE "include" TRUE "true" FALSE "false"
%token ELSE_VALUE "??" EITHER "||" ALSO "&&" EQ "==" NE "!=" LE "<=" GE ">=" IN "in" MATCH "=~" TO ".." SHL "<<" SHR ">>"
	ADD_SET "+=" SUB_SET "-=" OR_SET "|=" AND_SET "&="

%left "??"
%left "||"
%left "&&"
%nonassoc "==" "!=" '<' '>' "<=" ">=" "in" "=~"
%nonassoc ".."
%left '|'
%left '^'
%left '&'
%left "<<" ">>"
%left '+' '-'
%left '*' '/' '%'
%precedence UNARY

%type <list> items statements values arguments names events options test_options
%type <node> item statement simple block if probe event expr postfix index option
%type <node> until where for with condition
%type <name> event_name option_name
%type <op> assign

%%
start:		T_SCRIPT items			{ p->result = $2.first; }
	|	T_EXPRESSION expr		{ p->result = $2; }

items:		%empty				{ $$ = (struct list){ 0 }; }
	|	items item			{ $$ = tree_append($1, $2); }
	|	items error ';'			{ $$ = $1; RECOVERED; }
	|	items error '}'			{ $$ = $1; RECOVERED; }
item:		statement
	|	FN NAME '(' ')' block		{ $$ = tree_named(p, S_FN, &@2, $2, NULL); $$->b = $5; }
	|	FN NAME '(' names ')' block	{ $$ = tree_named(p, S_FN, &@2, $2, $4.first); $$->b = $6; }
names:		NAME				{ $$ = tree_append((struct list){ 0 }, tree_named(p, N_VAR, &@1, $1, NULL)); }
	|	names ',' NAME			{ $$ = tree_append($1, tree_named(p, N_VAR, &@3, $3, NULL)); }

block:		'{' statements '}'		{ $$ = N(S_BLOCK, @1, $2.first, NULL, NULL); }
	|	'{' statements error '}'	{ $$ = N(S_BLOCK, @1, $2.first, NULL, NULL); RECOVERED; }
statements:	%empty				{ $$ = (struct list){ 0 }; }
	|	statements statement		{ $$ = tree_append($1, $2); }
	|	statements error ';'		{ $$ = $1; RECOVERED; }

statement:	simple ';'
	|	simple error			{ $$ = $1; RECOVERED; }
	|	probe				{ $$ = tree_text(p, $1, &@1); }
	|	NAME ':' probe			{ $$ = tree_text(p, $3, &@$); $$->name = $1; }
	|	if
	|	WHILE expr block		{ $$ = N(S_WHILE, @1, $2, $3, NULL); }
	|	FOR NAME IN expr block		{ $$ = N(S_FOR, @2, $4, $5, NULL); $$->name = $2; }
	|	REPEAT expr block		{ $$ = N(S_REPEAT, @1, $2, $3, NULL); }
	|	TEST STRING test_options block	{ $$ = N(S_TEST, @1, NULL, NULL, $4); tree_test(p, $$, $2, $3.first); }
if:		IF expr block			{ $$ = N(S_IF, @1, $2, $3, NULL); }
	|	IF expr block ELSE block	{ $$ = N(S_IF, @1, $2, $3, $5); }
	|	IF expr block ELSE if		{ $$ = N(S_IF, @1, $2, $3, $5); }
test_options:	%empty				{ $$ = (struct list){ 0 }; }
	|	test_options POINTS expr	{ $$ = tree_append($1, tree_named(p, N_OPTION, &@2, "points", $3)); }
	|	test_options WITHIN expr	{ $$ = tree_append($1, tree_named(p, N_OPTION, &@2, "within", $3)); }

probe:		ON events where block		{ $$ = N(S_PROBE, @$, $2.first, $3, $4); }
events:		event				{ $$ = tree_append((struct list){ 0 }, $1); }
	|	events ',' event		{ $$ = tree_append($1, $3); }
event:		event_name			{ $$ = tree_named(p, N_EVENT, &@1, $1, NULL); }
	|	event_name '(' arguments ')'	{ $$ = tree_named(p, N_EVENT, &@1, $1, $3.first); }
event_name:	NAME
	|	EXIT				{ $$ = "exit"; }
	|	SNAPSHOT			{ $$ = "snapshot"; }
	|	INJECT				{ $$ = "inject"; }

simple:		LET NAME '=' expr		{ $$ = tree_named(p, S_LET, &@2, $2, $4); }
	|	CONST NAME '=' expr		{ $$ = tree_named(p, S_LET, &@2, $2, $4); $$->op = 1; }
	|	expr assign expr		{ $$ = N(S_SET, @2, $1, $3, NULL); $$->op = (u8)$2; }
	|	expr				{ $$ = N(S_EXPR, @1, $1, NULL, NULL); }
	|	BREAK				{ $$ = N(S_BREAK, @1, NULL, NULL, NULL); }
	|	NEXT				{ $$ = N(S_NEXT, @1, NULL, NULL, NULL); }
	|	RETURN				{ $$ = N(S_RETURN, @1, NULL, NULL, NULL); }
	|	RETURN expr			{ $$ = N(S_RETURN, @1, $2, NULL, NULL); }
	|	STEP				{ $$ = N(S_STEP, @1, NULL, NULL, NULL); }
	|	STEP expr			{ $$ = N(S_STEP, @1, $2, NULL, NULL); }
	|	BACK				{ $$ = N(S_BACK, @1, NULL, NULL, NULL); }
	|	BACK expr			{ $$ = N(S_BACK, @1, $2, NULL, NULL); }
	|	STOP				{ $$ = N(S_STOP, @1, NULL, NULL, NULL); }
	|	STOP expr			{ $$ = N(S_STOP, @1, $2, NULL, NULL); }
	|	RUN until where for		{ $$ = tree_run(p, &@1, $2, $3, $4); }
	|	EXPECT condition		{ $$ = N(S_EXPECT, @1, $2, NULL, NULL); tree_condition($$); }
	|	ASSERT condition		{ $$ = N(S_ASSERT, @1, $2, NULL, NULL); tree_condition($$); }
	|	SNAPSHOT expr			{ $$ = N(S_SNAPSHOT, @1, $2, NULL, NULL); }
	|	RESTORE expr			{ $$ = N(S_RESTORE, @1, $2, NULL, NULL); }
	|	MIGRATE NAME expr with		{ $$ = N(S_MIGRATE, @1, $3, $4, NULL); tree_migrate(p, &@2, $2); }
	|	INJECT NAME with		{ $$ = tree_named(p, S_INJECT, &@2, $2, NULL); $$->b = $3; }
	|	INJECT NAME '(' arguments ')' with	{ $$ = tree_named(p, S_INJECT, &@2, $2, $4.first); $$->b = $6; }
	|	REPLY options			{ $$ = N(S_REPLY, @1, NULL, $2.first, NULL); }
	|	ENABLE NAME			{ $$ = tree_named(p, S_ENABLE, &@2, $2, NULL); }
	|	DISABLE NAME			{ $$ = tree_named(p, S_DISABLE, &@2, $2, NULL); }
	|	PRINT values			{ $$ = N(S_PRINT, @1, $2.first, NULL, NULL); }
	|	DUMP values			{ $$ = N(S_DUMP, @1, $2.first, NULL, NULL); }
	|	CLEAR MAP			{ $$ = tree_named(p, S_CLEAR, &@2, $2, NULL); }
	|	EXIT				{ $$ = N(S_EXIT, @1, NULL, NULL, NULL); }
	|	EXIT expr			{ $$ = N(S_EXIT, @1, $2, NULL, NULL); }
	|	INCLUDE STRING			{ $$ = N(S_INCLUDE, @2, NULL, NULL, NULL); $$->text = $2->text; $$->len = $2->len; }

assign:		'='				{ $$ = OP_NONE; }
	|	"+="				{ $$ = OP_ADD; }
	|	"-="				{ $$ = OP_SUB; }
	|	"|="				{ $$ = OP_OR; }
	|	"&="				{ $$ = OP_AND; }
until:		%empty				{ $$ = NULL; }
	|	UNTIL expr			{ $$ = $2; }
	|	UNTIL EXIT			{ $$ = tree_named(p, N_EVENT, &@2, "exit", NULL); }
	|	UNTIL EXIT '(' arguments ')'	{ $$ = tree_named(p, N_EVENT, &@2, "exit", $4.first); }
	|	UNTIL SNAPSHOT			{ $$ = tree_named(p, N_EVENT, &@2, "snapshot", NULL); }
	|	UNTIL INJECT			{ $$ = tree_named(p, N_EVENT, &@2, "inject", NULL); }
	|	UNTIL INJECT '(' arguments ')'	{ $$ = tree_named(p, N_EVENT, &@2, "inject", $4.first); }
where:		%empty				{ $$ = NULL; }
	|	WHERE expr			{ $$ = $2; }
for:		%empty				{ $$ = NULL; }
	|	FOR expr			{ $$ = $2; }
condition:	expr				{ $$ = tree_text(p, $1, &@1); }
	|	expr ',' values			{ $$ = tree_text(p, $1, &@1); $$->next = $3.first; }
with:		%empty				{ $$ = NULL; }
	|	WITH options			{ $$ = $2.first; }
options:	option				{ $$ = tree_append((struct list){ 0 }, $1); }
	|	options ',' option		{ $$ = tree_append($1, $3); }
option:		option_name '=' expr		{ $$ = tree_named(p, N_OPTION, &@1, $1, $3); }
option_name:	NAME
	|	FOR				{ $$ = "for"; }

values:		expr				{ $$ = tree_append((struct list){ 0 }, $1); }
	|	values ',' expr			{ $$ = tree_append($1, $3); }
arguments:	%empty				{ $$ = (struct list){ 0 }; }
	|	values

expr:		postfix
	|	expr "??" expr			{ $$ = tree_binary(p, OP_ELSE, &@2, $1, $3); }
	|	expr "||" expr			{ $$ = tree_binary(p, OP_EITHER, &@2, $1, $3); }
	|	expr "&&" expr			{ $$ = tree_binary(p, OP_ALSO, &@2, $1, $3); }
	|	expr "==" expr			{ $$ = tree_binary(p, OP_EQ, &@2, $1, $3); }
	|	expr "!=" expr			{ $$ = tree_binary(p, OP_NE, &@2, $1, $3); }
	|	expr '<' expr			{ $$ = tree_binary(p, OP_LT, &@2, $1, $3); }
	|	expr '>' expr			{ $$ = tree_binary(p, OP_GT, &@2, $1, $3); }
	|	expr "<=" expr			{ $$ = tree_binary(p, OP_LE, &@2, $1, $3); }
	|	expr ">=" expr			{ $$ = tree_binary(p, OP_GE, &@2, $1, $3); }
	|	expr "in" expr			{ $$ = tree_binary(p, OP_IN, &@2, $1, $3); }
	|	expr "=~" expr			{ $$ = tree_binary(p, OP_MATCH, &@2, $1, $3); }
	|	expr ".." expr			{ $$ = N(N_RANGE, @2, $1, $3, NULL); }
	|	expr '|' expr			{ $$ = tree_binary(p, OP_OR, &@2, $1, $3); }
	|	expr '^' expr			{ $$ = tree_binary(p, OP_XOR, &@2, $1, $3); }
	|	expr '&' expr			{ $$ = tree_binary(p, OP_AND, &@2, $1, $3); }
	|	expr "<<" expr			{ $$ = tree_binary(p, OP_SHL, &@2, $1, $3); }
	|	expr ">>" expr			{ $$ = tree_binary(p, OP_SHR, &@2, $1, $3); }
	|	expr '+' expr			{ $$ = tree_binary(p, OP_ADD, &@2, $1, $3); }
	|	expr '-' expr			{ $$ = tree_binary(p, OP_SUB, &@2, $1, $3); }
	|	expr '*' expr			{ $$ = tree_binary(p, OP_MUL, &@2, $1, $3); }
	|	expr '/' expr			{ $$ = tree_binary(p, OP_DIV, &@2, $1, $3); }
	|	expr '%' expr			{ $$ = tree_binary(p, OP_MOD, &@2, $1, $3); }
	|	'-' expr %prec UNARY		{ $$ = tree_unary(p, OP_NEG, &@1, $2); }
	|	'!' expr %prec UNARY		{ $$ = tree_unary(p, OP_NOT, &@1, $2); }
	|	'~' expr %prec UNARY		{ $$ = tree_unary(p, OP_INVERT, &@1, $2); }

/* A map's brackets hold its keys, so only what is no bare map can be indexed. */
postfix:	index
	|	MAP				{ $$ = tree_named(p, N_MAP, &@1, $1, NULL); }
index:		NUMBER
	|	STRING
	|	TRUE				{ $$ = N(N_BOOL, @1, NULL, NULL, NULL); $$->number = 1; }
	|	FALSE				{ $$ = N(N_BOOL, @1, NULL, NULL, NULL); }
	|	NAME				{ $$ = tree_named(p, N_VAR, &@1, $1, NULL); }
	|	REGISTER			{ $$ = tree_named(p, N_REG, &@1, $1, NULL); }
	|	MAP '[' values ']'		{ $$ = tree_named(p, N_MAP, &@1, $1, $3.first); }
	|	'(' expr ')'			{ $$ = $2; }
	|	NAME '(' arguments ')'		{ $$ = tree_named(p, N_CALL, &@1, $1, $3.first); }
	|	index '[' expr ']'		{ $$ = tree_index(p, &@2, $1, $3); }
	|	postfix '.' NAME		{ $$ = tree_named(p, N_FIELD, &@3, $3, $1); }
	|	postfix '.' NAME '(' arguments ')'	{ $$ = tree_method(p, &@3, $1, $3, $5.first); }
%%
static int yyreport_syntax_error(const yypcontext_t *ctx, struct parse *p)
{
	yysymbol_kind_t kind[YYNTOKENS];
	const char *name[YYNTOKENS];
	int n = yypcontext_expected_tokens(ctx, kind, YYNTOKENS);

	for (int i = 0; i < n; i++)
		name[i] = yysymbol_name(kind[i]);
	syntax_error(p, name, n);
	return 0;
}
