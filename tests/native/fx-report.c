/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-report.c - compare the two states after a case, and print a case that differs.
 * Rule: print what a reader needs to work the case out by hand: the instruction, the control words, all
 * operands, and both results of everything that differs.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/state.h"
#include "tests/native/fx.h"

bool fx_differs(const struct fx_insn *insn, const struct fx_case *k, const u8 *native, const u8 *interp)
{
	const struct fx_state *a = &k->native, *b = &k->interp;
	if (a->vector != b->vector || a->rip != b->rip || a->flags != b->flags ||
	    memcmp(a->gpr, b->gpr, sizeof a->gpr))
		return true;
	return memcmp(&a->image, &b->image, sizeof a->image) || memcmp(native, interp, insn->stride - 16);
}

static void line(const char *name, int i, u64 before, u64 native, u64 interp, bool always)
{
	char label[16];
	snprintf(label, sizeof label, i < 0 ? "%s" : "%s%d", name, i);
	if (native != interp)
		printf("    %-8s %016llx   native %016llx   interp %016llx\n", label,
		       (unsigned long long)before, (unsigned long long)native, (unsigned long long)interp);
	else if (always || before != native)
		printf("    %-8s %016llx   both   %016llx\n", label, (unsigned long long)before,
		       (unsigned long long)native);
}

static void wide(const char *name, int i, const u64 *before, const u64 *native, const u64 *interp,
		 bool always)
{
	char label[16];
	snprintf(label, sizeof label, i < 0 ? "%s" : "%s%d", name, i);
	bool differ = native[0] != interp[0] || native[1] != interp[1];
	bool changed = before[0] != native[0] || before[1] != native[1];
	if (!differ && !changed && !always)
		return;
	printf("    %-8s %016llx.%016llx  before\n", label, (unsigned long long)before[1],
	       (unsigned long long)before[0]);
	printf("    %-8s %016llx.%016llx  %s\n", "", (unsigned long long)native[1],
	       (unsigned long long)native[0], differ ? "native" : "both");
	if (differ)
		printf("    %-8s %016llx.%016llx  interp\n", "", (unsigned long long)interp[1],
		       (unsigned long long)interp[0]);
}

static bool is_operand(const struct fx_insn *insn, u8 kind, int reg)
{
	for (int i = 0; i < 4; i++)
		if (insn->d.o[i].kind == kind && insn->d.o[i].reg == reg)
			return true;
	return false;
}

static void report_image(const struct fx_insn *insn, const struct fx_case *k)
{
	const struct fx_image *in = &k->in.image, *a = &k->native.image, *b = &k->interp.image;
	bool stack = insn->flavour == LANES_F80;
	line("mxcsr", -1, in->mxcsr, a->mxcsr, b->mxcsr, !stack);
	line("fcw", -1, in->fcw, a->fcw, b->fcw, stack);
	line("fsw", -1, in->fsw, a->fsw, b->fsw, stack);
	line("ftw", -1, in->ftw, a->ftw, b->ftw, stack);
	line("fop", -1, in->fop, a->fop, b->fop, false);
	line("fip", -1, in->fip, a->fip, b->fip, false);
	line("fdp", -1, in->fdp, a->fdp, b->fdp, false);
	for (int i = 0; i < 8; i++) {
		const u64 before[2] = { in->st[i].mantissa, in->st[i].exp };
		const u64 native[2] = { a->st[i].mantissa, a->st[i].exp };
		const u64 interp[2] = { b->st[i].mantissa, b->st[i].exp };
		wide("st", i, before, native, interp, is_operand(insn, OPD_ST, i) || (stack && i == 0));
	}
	for (int i = 0; i < 16; i++)
		wide("xmm", i, in->xmm[i], a->xmm[i], b->xmm[i], is_operand(insn, OPD_XMM, i));
}

void fx_report(const struct fx_insn *insn, const struct fx_case *k, const u8 *before, const u8 *native,
	       const u8 *interp)
{
	char text[96];
	isa_disasm(&insn->d, CODE_AT, text, sizeof text);
	printf("FAIL %s   ", text);
	for (int i = 0; i < insn->len; i++)
		printf(" %02x", insn->bytes[i]);
	printf("\n");
	line("vector", -1, 0xff, k->native.vector, k->interp.vector, false);
	line("rip", -1, CODE_AT, k->native.rip, k->interp.rip, false);
	line("flags", -1, k->in.flags & FLAGS_ARITH, k->native.flags, k->interp.flags, false);
	for (int i = 0; i < X86_GPRS; i++)
		line(x86_gpr_names[i], -1, k->in.gpr[i], k->native.gpr[i], k->interp.gpr[i],
		     is_operand(insn, OPD_REG, i));
	report_image(insn, k);
	for (u32 at = 0; at + 16 <= insn->memory + 15; at += 16) {
		u64 lanes[3][2];
		memcpy(lanes[0], before + at, 16);
		memcpy(lanes[1], native + at, 16);
		memcpy(lanes[2], interp + at, 16);
		wide("mem+", (int)at, lanes[0], lanes[1], lanes[2], insn->mem && at == 0);
	}
}
