/* SPDX-License-Identifier: GPL-3.0-or-later
 * code.c - instructions, with symbols, source lines and marks; and who called.
 * Rule: code is read as the processor's mode has it now; breakpoints and the next instruction are marked.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/guest-code.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

enum { LINES_DEFAULT = 8, LINES_MOST = 10000, FRAMES = 64 };

static void say_label(struct session *s, u64 gva, struct buf *out)
{
	u64 offset;
	const char *name = symbols_at(s->symbols, gva, &offset);

	if (name && !offset)
		buf_printf(out, "%s:\n", name);
}

static void say_line(struct session *s, const struct x86_state *st, const struct code_line *line, bool source, struct buf *out)
{
	u64 gva = code_linear(st, line->rip);
	const char *file, *text;
	u32 number;

	say_label(s, gva, out);
	buf_printf(out, "%c%c ", trap_breaks_at(s->trap, gva) ? 'B' : ' ', line->rip == st->rip[0] ? '>' : ' ');
	code_line_text(line, out);
	if (source && (text = symbols_line(s->symbols, gva, &file, &number)))
		buf_printf(out, "    ; %s:%u %s", file, number, text);
	buf_printf(out, "\n");
}

static int list(struct verb_call *c, const struct verb *v, bool source, struct err *err)
{
	struct vcpu *cpu = &c->s->vm->vcpu[c->s->cpu];
	char first[256];
	struct x86_state st;
	struct code_line line;
	u64 gva = here(c->s), count = LINES_DEFAULT;
	const char *comma = strrchr(c->rest, ',');
	int rc = 0;

	snprintf(first, sizeof(first), "%.*s", comma ? (int)(comma - c->rest) : (int)strlen(c->rest), c->rest);
	if (comma)
		rc = verb_number(c->s, comma + 1, &count, err);
	if (!rc && first[strspn(first, " \t")])
		rc = verb_number(c->s, first, &gva, err);
	if (rc)
		return rc;
	if (!count || count > LINES_MOST)
		return err_set(err, EINVAL, "%s: %llu lines are not possible; expected 1 to %d", v->name, ULL(count), LINES_MOST);
	if (vcpu_get(cpu, &st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	u64 rip = gva - code_linear(&st, 0);
	for (u64 i = 0; i < count; i++, rip += (u64)line.len) {
		code_line_read(cpu, &st, rip, &line);
		say_line(c->s, &st, &line, source, c->out);
		if (!line.len)
			break;
	}
	return 0;
}

static int exec_disasm(struct verb_call *c, struct err *err)
{
	return list(c, &the_disasm, false, err);
}

static int exec_code(struct verb_call *c, struct err *err)
{
	return list(c, &the_code, true, err);
}

/* ---- who called ---- */

static u32 word_size(const struct x86_state *st)
{
	if (st->efer[0] & EFER_LMA && st->seg_attr[SEG_CS] & SEG_L)
		return 8;
	return st->seg_attr[SEG_CS] & SEG_DB ? 4 : 2;
}

static void say_frame(struct session *s, int n, u64 gva, u64 frame, struct buf *out)
{
	buf_printf(out, "#%-2d ", n);
	say_address(s, gva, out);
	if (frame)
		buf_printf(out, "   frame 0x%llx", ULL(frame));
	buf_printf(out, "\n");
}

/* The chain of frames that a function's `push ebp; mov ebp, esp` makes. */
static int exec_bt(struct verb_call *c, struct err *err)
{
	struct session *s = c->s;
	struct x86_state st;
	int rc = call_words(c, &the_bt, 0, 0, err);

	if (rc)
		return rc;
	if (vcpu_get(&s->vm->vcpu[s->cpu], &st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	u32 size = word_size(&st);
	u64 mask = size == 8 ? ~0ull : (1ull << size * 8) - 1, base = size == 8 ? 0 : st.seg_base[SEG_SS];
	u64 frame = st.gpr[RBP] & mask;
	say_frame(s, 0, code_linear(&st, st.rip[0]), 0, c->out);
	for (int i = 1; i < FRAMES && frame; i++) {
		u64 pair[2] = { 0 }, word[2];
		u8 bytes[16];

		if (session_read(s, base + frame, bytes, 2 * size) < 2 * size)
			break;
		for (int j = 0; j < 2; j++) {
			memcpy(&pair[j], bytes + (u32)j * size, size);
			word[j] = pair[j];
		}
		if (!word[1])
			break;
		say_frame(s, i, code_linear(&st, word[1]), frame, c->out);
		if (word[0] <= frame) /* frames lie above each other: anything else is no chain, or its end */
			break;
		frame = word[0];
	}
	return 0;
}

const struct verb the_disasm = {
	.name = "disasm", .alias = "dis", .args = "[ADDRESS][, LINES]", .brief = "disassemble (8 lines, from the next instruction)",
	.text = "Linear addresses. `>` marks the next instruction, B a breakpoint; symbols stand on lines of\n"
		"their own.",
	.example = "disasm\ndisasm 0x7c00, 4", .group = VERB_LOOK, .complete = COMPLETE_EXPR, .exec = exec_disasm,
};
const struct verb the_code = {
	.name = "code", .args = "[ADDRESS][, LINES]", .brief = "the same with source lines",
	.text = "They come from a listing (nasm -l) that was loaded with `symbols`.", .example = "code\ncode main, 20",
	.group = VERB_LOOK, .complete = COMPLETE_EXPR, .exec = exec_code,
};
const struct verb the_bt = {
	.name = "bt", .args = "", .brief = "backtrace: who called",
	.text = "Follows the chain of frame pointers ([e]bp, rbp), at most 64 frames. Code that keeps none\n"
		"shows only where it is.",
	.example = "bt", .group = VERB_LOOK, .exec = exec_bt,
};
