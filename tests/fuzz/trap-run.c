/* SPDX-License-Identifier: GPL-3.0-or-later
 * trap-run.c - fuzz target: the input chooses a script that is well-formed, and it runs on a small machine.
 * Rule: whatever it computes, it ends with one of the documented statuses, and gives back all memory of its values.
 *
 * Each byte chooses a production of a small grammar of Trap; when they run out, the shortest are taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugger/session/session.h"
#include "debugger/trap/run-priv.h"
#include "tests/fuzz/rig.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { BUDGET = 5000, TEXT = 4000, DEPTH = 6 };

/* mov cx, 40; again: out 80h, al; in al, 71h; cpuid; inc word [500h]; push cx; pop cx; loop again; vmcall; hlt */
static const u8 code[] = {
	0xb9, 0x28, 0x00, 0xe6, 0x80, 0xe4, 0x71, 0x51, 0x66, 0x0f, 0xa2, 0x59, 0xff, 0x06, 0x00, 0x05, 0x51, 0x59, 0xe2, 0xef,
	0x66, 0x0f, 0x01, 0xc1, 0xf4,
};

struct maker {
	const u8 *at;
	size_t left;
	struct buf text;
};

static u32 choose(struct maker *m, u32 n)
{
	if (!m->left || m->text.len > TEXT)
		return 0;
	m->left--;
	return *m->at++ % n;
}

static void put(struct maker *m, const char *text)
{
	buf_printf(&m->text, "%s", text);
}

static void expr(struct maker *m, int depth)
{
	static const char *const leaves[] = {
		"1", "0", "a", "b", "7", "0xffffffffffffffff", "-1", "$rip", "$rax", "$cx", "2ms", "5insn", "\"text\"", "true", "@n",
		"@v[1]", "@s", "fault", "time", "cpu.insns", "u8[0x500]", "u64[gva(0xfffffff8)]", "gpa(0x7c00)", "gva(0x7c00)",
		"170141183460469231731687303715884105727", "$rflags.ZF", "last_line", "regs", "cpu(0)", "stopped.reason", "IO",
		"list(1, \"x\", true)", "1..5", "gpa(0)..gpa(99)", "3exits",
	};
	static const char *const ops[] = { " + ", " - ", " * ", " / ", " % ", " << ", " >> ", " & ", " | ", " ^ ", " == ", " != ",
					   " < ", " >= ", " in ", " =~ ", " && ", " || ", " ?? ", ".." };
	static const char *const calls[] = { "hex(", "str(", "len(", "int(", "abs(", "walk(", "translate(", "sym(", "cstr(", "join(",
					     "f(", "gpa(", "gva(", "min(", "fourcc(", "arg(", "code(", "symbol(" };
	u32 how = depth > DEPTH ? 0 : choose(m, 8);

	if (how < 3) {
		put(m, leaves[choose(m, ARRAY_LEN(leaves))]);
	} else if (how < 6) {
		put(m, "(");
		expr(m, depth + 1);
		put(m, ops[choose(m, ARRAY_LEN(ops))]);
		expr(m, depth + 1);
		put(m, ")");
	} else if (how == 6) {
		put(m, calls[choose(m, ARRAY_LEN(calls))]);
		expr(m, depth + 1);
		put(m, ")");
	} else {
		static const char *const unary[] = { "-", "!", "~", "u8[", "u32[", "rand(0, ", "bits(5, ", "sext(3, " };
		u32 u = choose(m, ARRAY_LEN(unary));
		put(m, unary[u]);
		expr(m, depth + 1);
		put(m, u < 3 ? "" : u < 5 ? "]" : ")");
	}
}

static void statement(struct maker *m, int depth);

static void block(struct maker *m, int depth)
{
	put(m, " { ");
	for (u32 i = choose(m, 4); i; i--)
		statement(m, depth + 1);
	put(m, "} ");
}

static void with_block(struct maker *m, const char *before, int depth)
{
	put(m, before);
	block(m, depth);
}

static void with_expr(struct maker *m, const char *before, const char *after, int depth)
{
	put(m, before);
	expr(m, depth);
	put(m, after);
}

static void statement(struct maker *m, int depth)
{
	static const char *const plain[] = {
		"run for 20insn; ", "run for 3exits; ", "run for 1us; ", "run; ", "step; ", "step 2exits; ", "back 5insn; ", "back 1exit; ",
		"run until console(\"aa\") for 2us; ", "run until exec(0x7c05) for 90insn; ", "run until $cx == 20 for 50insn; ",
		"snapshot \"s\"; ", "restore \"s\"; ", "@n = count(); ", "clear @n; ", "print @n, @v, @s, @h; ", "dump regs, code($rip, 2); ",
		"enable p; ", "disable p; ", "break; ", "next; ", "stop; ", "exit 9; ", "reply value = 3; ", "inject exception(13, 0); ",
		"inject nmi; ", "return 1; ", "$rax = 5; ", "u16[0x500] = 7; ", "print top(@v, 2); ",
	};
	static const char *const probes[] = { "on exit", "p: on handled", "on io_in(0x71)", "on exec(0x7c03..0x7c10)", "on write(0x500, 2)",
					      "on cpuid", "on timer(1us)", "on console(\"x\")", "on hypercall", "on end", "on hlt" };

	switch (depth > DEPTH ? 0 : choose(m, 14)) {
	case 0: put(m, plain[choose(m, ARRAY_LEN(plain))]); break;
	case 1: with_expr(m, "print ", "; ", depth); break;
	case 2: with_expr(m, "a = ", "; ", depth); break;
	case 3: with_expr(m, "@v[", "] = 1; ", depth); break;
	case 4: with_expr(m, "@s = sum(", "); ", depth); break;
	case 5: with_expr(m, "@h[1] = hist(", "); ", depth); break;
	case 6: with_expr(m, "if ", "", depth); block(m, depth); break;
	case 7: with_expr(m, "while ", "", depth); block(m, depth); break;
	case 8: with_expr(m, "for b in ", "", depth); block(m, depth); break;
	case 9: with_block(m, "repeat 3 ", depth); break;
	case 10: with_block(m, probes[choose(m, ARRAY_LEN(probes))], depth); break;
	case 11: with_expr(m, "expect ", ", \"why\", a; ", depth); break;
	case 12: with_block(m, "test \"t\" within 3us", depth); break;
	case 13: with_expr(m, "let b = ", "; ", depth); break;
	}
}

static struct session *machine(void)
{
	const struct trap_limits limits = { .steps = 300, .keys = 20, .memory = 1 << 18, .output = 1 << 16, .virtual_ns = 50000,
					    .host_ns = 2000000000 };

	return rig_open(rig_guest(code, sizeof(code)), BUDGET, &limits);
}

static void check(struct session *s, int status)
{
	struct trap *t = s->trap;
	bool known = (status >= 0 && status <= 5) || status == 9 || status == 77;

	if (!known || t->now || t->in_script || t->depth || t->calls || s->running || s->searching || t->end.kind != END_NOT)
		abort();
	while (t->nprobes)
		probes_remove(t, t->probe[t->nprobes - 1]);
	for (u32 i = 0; i < t->nslots; i++)
		value_drop(&t->slot[i]);
	for (u32 i = 0; i < t->nmaps; i++)
		map_clear(&t->map[i], &t->heap);
	value_drop(&t->result);
	if (t->heap.used || t->mask)
		abort();
}

static const char prefix[] = "let a = 1; let b = 2; p: on mode_change { @n = count(); } fn f(x) { if x == 0 { return a; } return f(x - 1); } ";

/* Would the compiler take this statement?  One that it refuses would only keep the others from running. */
static bool compiles(const char *statement)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors errors = { 0 };
	struct buf text = { 0 };

	buf_printf(&text, "%s%s", prefix, statement);
	if (!u || !buf_text(&text))
		abort();
	trap_compile(u, "fuzz", (const char *)text.data, text.len, &errors);
	trap_unit_free(u);
	buf_free(&text);
	return !errors.n;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const char *const reports[] = { "text", "tap", "junit", "json" };
	struct maker m = { data, size, { 0 } };
	struct session *s = machine();
	struct buf out = { 0 };
	int status;

	put(&m, prefix);
	while (m.left && m.text.len < TEXT) {
		size_t before = m.text.len;
		statement(&m, 0);
		if (!buf_text(&m.text) || !compiles((const char *)m.text.data + before))
			m.text.len = before;
	}
	status = buf_text(&m.text) ? trap_script(s->trap, "fuzz", (const char *)m.text.data, m.text.len, NULL, 0) : 0;
	for (unsigned i = 0; i < ARRAY_LEN(reports); i++)
		if (!trap_report(s->trap, reports[i], status, &out))
			abort();
	check(s, status);
	buf_free(&out);
	buf_free(&m.text);
	session_close(s);
	return 0;
}
