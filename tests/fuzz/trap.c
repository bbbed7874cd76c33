/* SPDX-License-Identifier: GPL-3.0-or-later
 * trap.c - fuzz target: the input is a script, as bytes or as words of the language in random order.
 * Rule: it compiles, or there are errors, each with a place in the text and a sentence; a failed text leaves nothing.
 *
 * The first byte says: bytes (bit 0 clear) or words; a second text in the same unit (bit 1), an expression (bit 2).
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/trap.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const char *const words[] = {
	"on ", "exit", "(", ")", "{", "}", ";", "\n", "let ", "x", "y", "=", "==", "<", "1", "0x10", "2s", "3exits", "\"a\"",
	"$rax", "$rip", "@n", "[", "]", ",", ".", "+", "-", "&", "&&", "||", "!", "..", "in ", "if ", "else ", "while ",
	"for ", "repeat ", "break", "next", "return ", "step ", "back ", "stop ", "run ", "until ", "where ", "expect ",
	"print ", "inject ", "reply ", "with ", "count()", "hist(", "walk(", "u64[", "gpa(", "gva", "hlt", "cpuid", "handled",
	"io_in", "test ", "points ", "within ", "fn f(x)", "f(", "const ", "snapshot ", "restore ", "migrate to ", "cpu.",
	"exits", "true", "fault", "??", "=~", "a:", "enable a", "clear @n", "dump regs", "shadow_sync", "vmcs.x", "# c\n",
	"include \"a\";", "*", "/", "%", "<<", "~", "|=", "top(@n)", "disk(\"d\").digest()", "regs.rax", "$rflags.ZF", "time",
};

static void compile(struct trap_unit *u, const char *text, size_t len, bool expr)
{
	u32 slots = trap_unit_slots(u), maps = trap_unit_maps(u), probes = trap_unit_probes(u);
	struct trap_errors e;
	struct buf out = { 0 };
	const struct node *n = expr ? trap_compile_expr(u, "fuzz", text, len, len % 3 ? -1 : 0, &e)
				    : trap_compile(u, "fuzz", text, len, &e);

	if (n && e.n)
		abort();
	for (int i = 0; i < e.n; i++) {
		if (!e.at[i].what[0] || !e.at[i].pos.line || !e.at[i].pos.col || !e.at[i].pos.file)
			abort();
		trap_error_text(u, &e.at[i], i % 2 ? "in probe 1" : NULL, &out);
	}
	trap_is_incomplete(text, len);
	buf_free(&out);
	if (!e.n) {
		for (u32 i = 0; i < trap_unit_maps(u); i++)
			if (!trap_unit_map_name(u, i)[0])
				abort();
		trap_forget(u, n);
		return;
	}
	trap_compile(u, "empty", "", 0, &e); /* now the failed one is forgotten */
	if (e.n || trap_unit_slots(u) != slots || trap_unit_maps(u) != maps || trap_unit_probes(u) != probes)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct trap_unit *u = trap_unit_new();
	u8 how = size ? data[0] : 0;
	struct buf text = { 0 };

	if (!u)
		abort();
	for (size_t i = 1; i < size; i++)
		if (how & 1)
			buf_put(&text, words[data[i] % ARRAY_LEN(words)], strlen(words[data[i] % ARRAY_LEN(words)]));
		else
			buf_put(&text, &data[i], 1);
	if (!buf_text(&text))
		abort();
	compile(u, (const char *)text.data, text.len, how & 4);
	if (how & 2)
		compile(u, (const char *)text.data, text.len / 2, false);
	buf_free(&text);
	trap_unit_free(u);
	return 0;
}
