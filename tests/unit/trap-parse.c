/* SPDX-License-Identifier: GPL-3.0-or-later
 * trap-parse.c - trees, slots, names that live on, limits, hostile texts, and the tables' own examples.
 * Rule: a tree is compared as text, in Lisp's way: (op left right).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/trap.h"
#include "tests/unit/unit.h"

/* ---- a tree as text ---- */

static const char *const ops[] = {
	[OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/", [OP_MOD] = "%", [OP_SHL] = "<<", [OP_SHR] = ">>",
	[OP_AND] = "&", [OP_OR] = "|", [OP_XOR] = "^", [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=",
	[OP_GT] = ">", [OP_GE] = ">=", [OP_IN] = "in", [OP_MATCH] = "=~", [OP_ALSO] = "&&", [OP_EITHER] = "||", [OP_ELSE] = "??",
	[OP_NEG] = "neg", [OP_NOT] = "not", [OP_INVERT] = "inv",
};

static void show(const struct node *n, struct buf *out)
{
	switch (n->kind) {
	case N_INT: case N_TIME: buf_printf(out, "%lld", (long long)n->number); break;
	case N_AMOUNT: buf_printf(out, "%lld:%d", (long long)n->number, n->op); break;
	case N_STR: buf_printf(out, "\"%s\"", n->text); break;
	case N_REG: buf_printf(out, "$%s", n->name); break;
	case N_VAR: buf_printf(out, "%s@%d", n->name, n->slot); break;
	case N_ITEM: buf_printf(out, ".%s", n->name); break;
	case N_NAME: buf_printf(out, "%s", n->name); break;
	case N_BINARY: buf_printf(out, "(%s ", ops[n->op]); break;
	case N_UNARY: buf_printf(out, "(%s ", ops[n->op]); break;
	case N_RANGE: buf_printf(out, "(.. "); break;
	case N_FIELD: buf_printf(out, "(.%s ", n->name); break;
	default: buf_printf(out, "(%s%s", n->name ? n->name : "", n->a ? " " : "");
	}
	for (const struct node *a = n->a; a && n->kind != N_VAR; a = a->next) {
		show(a, out);
		buf_printf(out, a->next ? " " : "");
	}
	if (n->b) {
		buf_printf(out, " ");
		show(n->b, out);
	}
	if (n->kind == N_BINARY || n->kind == N_UNARY || n->kind == N_RANGE || n->kind == N_FIELD || n->kind == N_CALL ||
	    n->kind == N_MEM || n->kind == N_INDEX || n->kind == N_MAP)
		buf_printf(out, ")");
}

static int row_of(const char *event)
{
	for (int i = 0; i < trap_nevents; i++)
		if (!strcmp(trap_events[i].name, event))
			return i;
	return -1;
}

static void is(const char *text, const char *tree)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	struct buf out = { 0 };
	const struct node *n;

	trap_compile(u, "let", "let a = 1; let b = 2; on exit { @m[reason] = count(); }", 55, &e);
	ck_assert_int_eq(e.n, 0);
	n = trap_compile_expr(u, "test", text, strlen(text), row_of("exit"), &e);
	ck_assert_msg(n && !e.n, "%s: %s", text, e.n ? e.at[0].what : "nothing");
	show(n, &out);
	ck_assert_str_eq(buf_text(&out), tree);
	buf_free(&out);
	trap_unit_free(u);
}

START_TEST(operators_bind_as_the_manual_says)
{
	is("1 + 2 * 3", "(+ 1 (* 2 3))");
	is("1 - 2 - 3", "(- (- 1 2) 3)");
	is("1 << 2 + 3", "(<< 1 (+ 2 3))");
	is("$rax & 1 == 0", "(== (& $rax 1) 0)"); /* not as in C */
	is("1 | 2 ^ 3 & 4", "(| 1 (^ 2 (& 3 4)))");
	is("a in 1..b + 1", "(in a@0 (.. 1 (+ b@1 1)))");
	is("a == 1 && b == 2 || a < b", "(|| (&& (== a@0 1) (== b@1 2)) (< a@0 b@1))");
	is("u64[$rsp] ?? a == 1", "(?? (u64 $rsp) (== a@0 1))");
}
END_TEST

START_TEST(what_names_mean)
{
	is("gpa & 0xff0", "(& .gpa 4080)");
	is("reason == EPT_VIOLATION", "(== .reason EPT_VIOLATION)");
	is("reason == VMEXIT_NPF", "(== .reason VMEXIT_NPF)");
	is("$rflags.ZF", "$rflags.ZF");
	is("cpu.exits + 1", "(+ cpu.exits 1)");
	is("cpu(1).rax", "(.rax (cpu 1))");
	is("walk($cr3, $rip).w", "(.w (walk $cr3 $rip))");
	is("memory.digest()", "(memory.digest)");
	is("@m[3]", "(m 3)");
	is("-4K", "(neg 4096)");
	is("20ms", "20000000");
	is("3exits", "3:1");
	is("0x_ff + 0b101 + 1_000", "(+ (+ 255 5) 1000)");
	is("\"a\\x41\\n\"", "\"aA\n\"");
}
END_TEST

/* ---- units ---- */

static int compile(struct trap_unit *u, const char *text, struct trap_errors *e)
{
	trap_compile(u, "t", text, strlen(text), e);
	return e->n;
}

START_TEST(names_live_on_and_failures_leave_nothing)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	u32 slots;

	ck_assert_int_eq(compile(u, "let x = 1; fn f(a, b) { let c = a; return c + b; }", &e), 0);
	slots = trap_unit_slots(u);
	ck_assert_uint_eq(slots, 4);
	ck_assert_int_eq(compile(u, "print f(x, 2);", &e), 0);
	ck_assert_int_eq(compile(u, "let y = 1; @m = count(); p: on hlt { stop; } print z;", &e), 1);
	ck_assert_int_eq(compile(u, "print y;", &e), 1);
	ck_assert_int_eq(compile(u, "print @m;", &e), 1);
	ck_assert_int_eq(compile(u, "enable p;", &e), 1);
	ck_assert_int_eq(compile(u, "", &e), 0);
	ck_assert_uint_eq(trap_unit_slots(u), slots);
	ck_assert_uint_eq(trap_unit_maps(u), 0);
	ck_assert_uint_eq(trap_unit_probes(u), 0);
	ck_assert_int_eq(compile(u, "let x = \"another\"; print x + \"text\"", &e), 0); /* a prompt may say it again */
	trap_unit_free(u);
}
END_TEST

START_TEST(probes_see_the_scopes_around_them)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	const struct node *test, *let, *probe, *set;
	static const char text[] = "test \"t\" { let t0 = time; on inject { t0 = time; } run for 1s; }";

	test = trap_compile(u, "t", text, strlen(text), &e);
	ck_assert_int_eq(e.n, 0);
	ck_assert_int_eq(test->kind, S_TEST);
	let = test->c->a;
	probe = let->next;
	set = probe->c->a;
	ck_assert_int_eq(let->kind, S_LET);
	ck_assert_int_eq(probe->kind, S_PROBE);
	ck_assert_int_eq(set->kind, S_SET);
	ck_assert_int_eq(set->a->slot, let->slot);
	ck_assert_str_eq(probe->text, "on inject { t0 = time; }");
	trap_unit_free(u);
}
END_TEST

START_TEST(a_probe_that_replies_says_so)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	const struct node *n;
	static const char text[] = "on cpuid { if leaf == 1 { reply eax = 1; } } on cpuid { stop; }";

	n = trap_compile(u, "t", text, strlen(text), &e);
	ck_assert_int_eq(e.n, 0);
	ck_assert_int_eq(n->op, 1);
	ck_assert_int_eq(n->next->op, 0);
	trap_unit_free(u);
}
END_TEST

START_TEST(a_text_that_declares_nothing_can_be_forgotten)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;

	static const char line[] = "for i in 1..3 { print i + 1, \"x\"; }";

	for (int i = 0; i < 200000; i++) { /* some 300 MiB, if it were kept */
		const struct node *n = trap_compile(u, "prompt", line, strlen(line), &e);
		ck_assert_msg(n && !e.n, "%d: %s", i, e.at[0].what);
		trap_forget(u, n);
	}
	ck_assert_uint_eq(trap_unit_slots(u), 0);
	trap_unit_free(u);
}
END_TEST

/* ---- hostile texts ---- */

/* `part` n times between `before` and `after`: an error with these words, or none (""). */
static void hostile(const char *before, const char *part, size_t n, const char *after, const char *says)
{
	struct trap_unit *u = trap_unit_new();
	struct buf text = { 0 };
	struct trap_errors e;

	buf_printf(&text, "%s", before);
	for (size_t i = 0; i < n; i++)
		buf_put(&text, part, strlen(part));
	buf_printf(&text, "%s", after);
	trap_compile(u, "t", buf_text(&text), text.len, &e);
	ck_assert_msg(*says ? e.n && e.n <= 3 : !e.n, "%.10s...: %d errors, %s", part, e.n, e.n ? e.at[0].what : "");
	if (*says)
		ck_assert_msg(strstr(e.at[0].what, says) != NULL, "%.10s...: %s", part, e.at[0].what);
	buf_free(&text);
	trap_unit_free(u);
}

START_TEST(nothing_is_too_deep_or_too_long_to_be_refused)
{
	hostile("print ", "(", 1000000, "", "brackets are open");
	hostile("print ", "- ", 400000, "1;", "nested too deeply");
	hostile("print 1", " + 1", 200000, ";", "nested too deeply");
	hostile("print 1", " + 1", 150, ";", "");
	hostile("print a", ".b", 200000, ";", "nested too deeply");
	hostile("", "if true { ", 100000, "", "brackets are open");
	hostile("if true { stop; }", " else if true { print 1; }", 30000, "", "nested too deeply");
	hostile("", "{", 1000000, "", "expected a statement");
	hostile("print 1;\n", "x", 1 << 20, "", "longer than 1024 KiB");
	hostile("#", "x", 1000000, "", "");
	hostile("print \"", "\\x41", 200000, "\";", "");
	hostile("print 1", ", 1", 300000, ";", "");
	hostile("", "1;", 500000, "", "need more than 64 MiB");
	hostile("print \"", "x", 900000, "\"", "");
}
END_TEST

START_TEST(nul_bytes_are_bytes)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	const struct node *n;

	trap_compile(u, "t", "print 1;\0print 2;", 17, &e);
	ck_assert_int_eq(e.n, 1);
	ck_assert_uint_eq(e.at[0].pos.col, 9);
	n = trap_compile(u, "t", "print \"a\0b\"; # \0", 16, &e);
	ck_assert_int_eq(e.n, 0);
	ck_assert_uint_eq(n->a->len, 3);
	trap_unit_free(u);
}
END_TEST

START_TEST(a_caret_stands_below_its_byte)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	struct buf out = { 0 };
	char line[200];

	ck_assert_int_eq(compile(u, "\tprint \"\xc3\xa4\",\tfoo;\n", &e), 1);
	trap_error_text(u, &e.at[0], "in probe 3", &out);
	snprintf(line, sizeof(line), "    1 | %8sprint \"\xc3\xa4\",%6sfoo;\n      | %24s^ in probe 3\n", "", "", "");
	ck_assert_ptr_nonnull(strstr(buf_text(&out), line));
	out.len = 0;
	hostile("print 1; ", " ", 5000, "$; #", "'$' without");
	compile(u, "print 1;\x1b[31m\xff", &e);
	trap_error_text(u, &e.at[0], NULL, &out);
	ck_assert_ptr_null(strchr(buf_text(&out), '\x1b'));
	buf_free(&out);
	trap_unit_free(u);
}
END_TEST

START_TEST(incomplete_lines)
{
	static const struct { const char *text; bool more; } lines[] = {
		{ "on hlt {", true }, { "on hlt { }", false }, { "print f(", true }, { "print \"{\"", false }, { "# {", false },
		{ "print \"", false }, { "}", false }, { "a[", true }, { "if x { # }", true }, { "", false }, { "{ \"}\\\"}", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_msg(trap_is_incomplete(lines[i].text, strlen(lines[i].text)) == lines[i].more, "%s", lines[i].text);
}
END_TEST

/* ---- include ---- */

static int reads;

static char *read_file(void *arg, const char *path, size_t *len, struct err *err)
{
	static const struct { const char *path, *text; } files[] = {
		{ "lib/a.trap", "include \"b.trap\";\nfn a() { return b(); }\n" },
		{ "lib/b.trap", "include \"a.trap\";\nfn b() { return 1; }\n" },
		{ "lib/bad.trap", "let x = 1;\nprint y;\n" },
	};

	reads++;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (!strcmp(files[i].path, path)) {
			*len = strlen(files[i].text);
			return strdup(files[i].text);
		}
	err_set(err, 2, "%s: no such file", path);
	return NULL;
}

START_TEST(included_files_are_read_once_and_name_their_errors)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;

	trap_unit_includes(u, read_file, NULL);
	ck_assert_int_eq(compile(u, "include \"lib/a.trap\";\ninclude \"lib/b.trap\";\nprint a();\n", &e), 0);
	ck_assert_int_eq(reads, 2);
	ck_assert_int_eq(compile(u, "include \"lib/bad.trap\";\n", &e), 1);
	ck_assert_str_eq(e.at[0].pos.file, "lib/bad.trap");
	ck_assert_uint_eq(e.at[0].pos.line, 2);
	ck_assert_int_eq(compile(u, "print 1;\ninclude \"lib/none.trap\";\n", &e), 1);
	ck_assert_uint_eq(e.at[0].pos.line, 2);
	ck_assert_ptr_nonnull(strstr(e.at[0].what, "no such file"));
	trap_unit_free(u);
}
END_TEST

/* ---- the tables ---- */

static void example_compiles(const char *name, const char *example)
{
	static const char names[] = "let a = 1; let b = 2; let x = 3;\n"
				    "on exit { @n[reason] = count(); } on handled where elapsed > 0ns { @ticks = count(); }\n";
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	bool statement = strchr(example, ';') || strchr(example, '{');

	ck_assert_int_eq(compile(u, names, &e), 0);
	if (statement)
		compile(u, example, &e);
	else
		trap_compile_expr(u, "t", example, strlen(example), row_of("exception"), &e);
	for (int i = 0; i < e.n; i++)
		ck_assert_msg(e.at[i].missing || strstr(e.at[i].what, "included"), "%s: %s: %s", name, example, e.at[i].what);
	trap_unit_free(u);
}

START_TEST(every_example_of_the_tables_compiles)
{
	for (int i = 0; i < trap_nevents; i++)
		example_compiles(trap_events[i].name, trap_events[i].example);
	for (int i = 0; i < trap_nfunctions; i++)
		example_compiles(trap_functions[i].name, trap_functions[i].example);
	for (int i = 0; i < trap_nstatements; i++)
		example_compiles(trap_statements[i].name, trap_statements[i].example);
	for (int i = 0; i < trap_ninjections; i++)
		example_compiles(trap_injections[i].name, trap_injections[i].example);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		operators_bind_as_the_manual_says,
		what_names_mean,
		names_live_on_and_failures_leave_nothing,
		probes_see_the_scopes_around_them,
		a_probe_that_replies_says_so,
		a_text_that_declares_nothing_can_be_forgotten,
		nothing_is_too_deep_or_too_long_to_be_refused,
		nul_bytes_are_bytes,
		a_caret_stands_below_its_byte,
		incomplete_lines,
		included_files_are_read_once_and_name_their_errors,
		every_example_of_the_tables_compiles,
	};

	return unit_run("trap-parse", tests, ARRAY_LEN(tests));
}
