/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-monitor.c - what gdb has no command for: `monitor help` and the rest of this table.
 * Rule: a line is a word and at most two numbers; what is wrong with it is said in the text, never as an error.
 */
#include <stdio.h>
#include <string.h>

#include "core/exit.h"
#include "debugger/args.h"
#include "debugger/gdb/gdb-priv.h"
#include "debugger/guest-code.h"

#define ULL(x) ((unsigned long long)(x))
enum { DUMP_MAX = 4096, DUMP_LINE = 16, DUMP_DEFAULT = 64, CODE_LINES = 8 };

struct command {
	const char *name, *args, *brief;
	void (*exec)(struct gdb *g, const u64 *number, int n, struct buf *out);
};

static void help(struct gdb *g, const u64 *number, int n, struct buf *out);

static void registers(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	struct x86_state s;

	if (!vcpu_get(&g->vm->vcpu[g->cpu], &s, ST_ALL))
		state_print(&x86_state_layout, &s, out);
}

static void processors(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	for (u32 i = 0; i < g->vm->ncpus; i++) {
		struct vcpu *v = &g->vm->vcpu[i];
		struct x86_state s;
		struct code_line line;

		if (vcpu_get(v, &s, ST_ALL))
			continue;
		code_line_read(v, &s, s.rip[0], &line);
		buf_printf(out, "processor %u (thread %u), %llu instructions: ", i, i + 1, ULL(s.icount[0]));
		code_line_text(&line, out);
		buf_printf(out, "\n");
	}
}

/* gdb itself disassembles everything as 64-bit code. */
static void code(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	struct vcpu *v = &g->vm->vcpu[g->cpu];
	struct x86_state s;
	struct code_line line;

	if (vcpu_get(v, &s, ST_ALL))
		return;
	u64 rip = n ? number[0] : s.rip[0];
	for (int i = 0; i < CODE_LINES; i++, rip += (u64)line.len) {
		code_line_read(v, &s, rip, &line);
		code_line_text(&line, out);
		buf_printf(out, "\n");
		if (!line.len)
			break;
	}
}

static void exits(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	buf_printf(out, "%llu exits so far; the latest of each processor:\n", ULL(g->vm->exits));
	for (u32 i = 0; i < g->vm->ncpus; i++) {
		const struct vm_exit *e = &g->vm->vcpu[i].exit;
		const char *title = exit_title(e->reason);

		buf_printf(out, "processor %u: %s, rip 0x%llx, qualification 0x%llx\n", i, title ? title : "?", ULL(e->rip),
			   ULL(e->qualification));
	}
}

static void where(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	struct x86_state s;
	u64 gpa;

	if (n != 1)
		buf_printf(out, "expected an address\n");
	else if (vcpu_get(&g->vm->vcpu[g->cpu], &s, ST_ALL) || !guest_translate(&g->vm->vcpu[g->cpu], &s, number[0], &gpa))
		buf_printf(out, "0x%llx: no page there\n", ULL(number[0]));
	else
		buf_printf(out, "0x%llx: physical 0x%llx\n", ULL(number[0]), ULL(gpa));
}

static void physical(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	u64 len = n > 1 ? number[1] : DUMP_DEFAULT;

	if (n < 1 || len > DUMP_MAX) {
		buf_printf(out, "expected an address and at most %d bytes\n", DUMP_MAX);
		return;
	}
	for (u64 at = number[0]; len; at += DUMP_LINE) {
		u64 here = len < DUMP_LINE ? len : DUMP_LINE;

		buf_printf(out, "%016llx ", ULL(at));
		for (u64 i = 0; i < here; i++) {
			const u8 *byte = mem_host(&g->vm->mem, at + i, 1, false);
			if (byte)
				buf_printf(out, " %02x", *byte);
			else
				buf_printf(out, " --");
		}
		buf_printf(out, "\n");
		len -= here;
	}
}

static void reset(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	vm_reset(g->vm);
	g->died = false;
	buf_printf(out, "the machine starts anew; gdb still shows the old registers: `maintenance flush register-cache`\n");
}

static const struct command commands[] = {
	{ "help", "", "this list", help },
	{ "registers", "", "all state of the chosen processor", registers },
	{ "processors", "", "where each processor is", processors },
	{ "code", "[OFFSET]", "the instructions there in CS, or at RIP, as the processor's mode has them", code },
	{ "exits", "", "VM exits so far, and the latest ones", exits },
	{ "where", "ADDRESS", "the physical address of a linear one", where },
	{ "physical", "ADDRESS [BYTES]", "memory by physical addresses", physical },
	{ "reset", "", "power up again; memory stays", reset },
};

static void help(struct gdb *g, const u64 *number, int n, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char words[40];

		snprintf(words, sizeof(words), "%s %s", commands[i].name, commands[i].args);
		buf_printf(out, "%-26s %s\n", words, commands[i].brief);
	}
}

void gdb_monitor(struct gdb *g, const char *line, struct buf *out)
{
	const char *at = line + strspn(line, " ");
	size_t len = strcspn(at, " ");
	u64 number[2];
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strlen(commands[i].name) != len || memcmp(commands[i].name, at, len))
			continue;
		for (at += len; *(at += strspn(at, " ")); n++) {
			if (n == 2 || !number_parse(at, &number[n], &at) || (*at && *at != ' ')) {
				buf_printf(out, "expected %s%s\n", commands[i].name, *commands[i].args ? " and numbers" : " alone");
				return;
			}
		}
		commands[i].exec(g, number, n, out);
		return;
	}
	buf_printf(out, "unknown command '%.*s'; `monitor help` lists them\n", (int)(len < 40 ? len : 40), at);
}
