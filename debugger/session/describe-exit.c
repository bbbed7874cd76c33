/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-exit.c - an exit's qualification and what else is known of it, in words.
 * Rule: one row of words per bit of the manual's table; a reason without a table has no qualification 
 * (SDM 3C 27.2.1).
 */
#include "debugger/manual.h"
#include "debugger/session/describe.h"
#include "debugger/session/symbols.h"

#define ULL(x) ((unsigned long long)(x))

/* ---- qualifications ---- */

/* SDM 3C table 27-5 */
static void on_io(u64 q, struct buf *out)
{
	bool in = q & 8, string = q & 16;

	buf_printf(out, "%s%s, %u byte%s, port 0x%llx %s", q & 32 ? "rep " : "",
		   string ? (in ? "ins" : "outs")
		   : in   ? "in"
			  : "out",
		   (u32)(q & 7) + 1, q & 7 ? "s" : "", ULL(q >> 16 & 0xffff),
		   q & 64 ? "as an immediate" : "in DX");
}

/* SDM 3C table 27-7 */
static void on_ept(u64 q, struct buf *out)
{
	buf_printf(out, "%s%s%s", q & 1 ? "read " : "", q & 2 ? "write " : "", q & 4 ? "fetch " : "");
	if (q & 0x38)
		buf_printf(out, "where %s%s%sis allowed", q & 8 ? "reading " : "", q & 16 ? "writing " : "",
			   q & 32 ? "fetching " : "");
	else
		buf_printf(out, "where nothing is allowed");
	if (q & 128)
		buf_printf(out, ", linear address valid, %s",
			   q & 256 ? "of its translation" : "of a paging structure on the way");
	if (q & 4096)
		buf_printf(out, ", NMIs unblocked by IRET");
}

/* SDM 3C table 27-3 */
static void on_cr(u64 q, struct buf *out)
{
	unsigned cr = q & 15, gpr = q >> 8 & 15;

	switch (q >> 4 & 3) {
	case 0: buf_printf(out, "mov cr%u <- %s", cr, x86_gpr_names[gpr]); break;
	case 1: buf_printf(out, "mov %s <- cr%u", x86_gpr_names[gpr], cr); break;
	case 2: buf_printf(out, "clts"); break;
	default:
		buf_printf(out, "lmsw 0x%x from %s", (u32)(q >> 16 & 0xffff),
			   q & 64 ? "memory" : "a register");
	}
}

/* SDM 3C table 27-4 */
static void on_dr(u64 q, struct buf *out)
{
	unsigned dr = q & 7, gpr = q >> 8 & 15;

	if (q & 16)
		buf_printf(out, "mov %s <- dr%u", x86_gpr_names[gpr], dr);
	else
		buf_printf(out, "mov dr%u <- %s", dr, x86_gpr_names[gpr]);
}

/* SDM 3C table 27-2 */
static void on_task(u64 q, struct buf *out)
{
	static const char *const source[] = { "CALL", "IRET", "JMP", "task gate in the IDT" };

	buf_printf(out, "%s to TSS selector 0x%llx", source[q >> 30 & 3], ULL(q & 0xffff));
}

/* SDM 3C 27.2.1: of a page fault the address, of a debug exception the bits of table 27-1, of others
 * nothing. */
static void on_exception(u64 q, struct buf *out)
{
	if (q)
		buf_printf(out, "0x%llx: of a page fault the address, of a debug exception bits as in DR6",
			   ULL(q));
}

static void on_invlpg(u64 q, struct buf *out)
{
	buf_printf(out, "linear address 0x%llx", ULL(q));
}

static void on_sipi(u64 q, struct buf *out)
{
	buf_printf(out, "vector 0x%llx: begins at 0x%llx", ULL(q & 0xff), ULL((q & 0xff) << 12));
}

/* SDM 3C 26.7 */
static void on_bad_state(u64 q, struct buf *out)
{
	static const char *const why[] = {
		[2] = "loading the PDPTEs", [3] = "injecting an NMI", [4] = "the VMCS link pointer"
	};

	buf_printf(out, "%s", q < ARRAY_LEN(why) && why[q] ? why[q] : "a check of the guest's state");
}

static void (*const qualifications[EXIT_COUNT])(u64 q, struct buf *out) = {
	[EXIT_EXCEPTION] = on_exception,
	[EXIT_SIPI] = on_sipi,
	[EXIT_TASK_SWITCH] = on_task,
	[EXIT_INVLPG] = on_invlpg,
	[EXIT_CR_ACCESS] = on_cr,
	[EXIT_DR_ACCESS] = on_dr,
	[EXIT_IO] = on_io,
	[EXIT_BAD_STATE] = on_bad_state,
	[EXIT_EPT_VIOLATION] = on_ept,
};

void describe_qualification(u16 reason, u64 qualification, struct buf *out)
{
	if (reason < EXIT_COUNT && qualifications[reason])
		qualifications[reason](qualification, out);
	else if (qualification)
		buf_printf(out, "0x%llx", ULL(qualification));
}

/* SDM 3C table 24-13 */
void describe_intr_info(u32 info, struct buf *out)
{
	static const char *const type[8] = { "external interrupt",
					     "type 1",
					     "NMI",
					     "hardware exception",
					     "software interrupt",
					     "privileged software exception",
					     "software exception",
					     "other event" };

	if (!(info & INTR_VALID)) {
		buf_printf(out, "none");
		return;
	}
	buf_printf(out, "%s ", type[intr_type(info)]);
	if (intr_type(info) == INTR_TYPE_EXT || intr_type(info) == INTR_TYPE_SOFT_INT)
		buf_printf(out, "0x%x", intr_vector(info));
	else
		vector_text((u8)intr_vector(info), out);
	if (info & INTR_HAS_ERROR)
		buf_printf(out, ", with an error code");
}

/* ---- one exit ---- */

/* "3.1 us" */
static void cost_text(u64 ns, struct buf *out)
{
	if (ns < 1000)
		buf_printf(out, "%llu ns", ULL(ns));
	else if (ns < 1000000)
		buf_printf(out, "%.1f us", (double)ns / 1e3);
	else
		buf_printf(out, "%.1f ms", (double)ns / 1e6);
}

static void cost_line(struct session *s, const struct history_exit *e, struct lines *l)
{
	const struct history_reason *r = &s->history.reason[e->reason < EXIT_COUNT ? e->reason : 0];
	struct buf b = { 0 };

	buf_printf(&b, "cost     ");
	cost_text(e->cost_ns, &b);
	buf_printf(&b, "   this reason: p50 ");
	cost_text(describe_percentile(r, 500), &b);
	buf_printf(&b, "  p99 ");
	cost_text(describe_percentile(r, 990), &b);
	buf_printf(&b, "  total ");
	cost_text(r->cost_ns, &b);
	lines_add(l, LINE_TEXT, "%s", buf_text(&b) ? buf_text(&b) : "");
	buf_free(&b);
}

/* What only the latest exit of a processor still knows. */
static const struct vm_exit *still_known(struct session *s, const struct history_exit *e)
{
	const struct vm_exit *x = e->vcpu < s->vm->ncpus ? &s->vm->vcpu[e->vcpu].exit : NULL;

	return x && e->number + 1 == s->history.next && x->reason == e->reason && x->rip == e->rip ? x : NULL;
}

static void where_lines(struct session *s, const struct history_exit *e, const struct vm_exit *x,
			struct lines *l)
{
	struct buf b = { 0 };
	struct line *line;

	line = lines_add(l, LINE_TEXT, "rip      %llx", ULL(e->rip));
	line->about = ABOUT_GVA;
	line->value = e->rip;
	if (s->symbols && symbols_text(s->symbols, e->rip, &b))
		lines_more(l, "  %s", buf_text(&b) ? buf_text(&b) : "");
	if (x && x->insn_len)
		lines_more(l, "  %u byte%s", x->insn_len, x->insn_len == 1 ? "" : "s");
	buf_free(&b);
	if (e->reason != EXIT_EPT_VIOLATION && e->reason != EXIT_EPT_MISCONFIG)
		return;
	if (x && x->qualification & 128) {
		line = lines_add(l, LINE_TEXT, "gva      %llx", ULL(x->gla));
		line->about = ABOUT_GVA;
		line->value = x->gla;
	}
	describe_place(s, e->gpa, &b);
	line = lines_add(l, LINE_TEXT, "gpa      %llx  %s", ULL(e->gpa), buf_text(&b) ? buf_text(&b) : "");
	line->about = ABOUT_GPA;
	line->value = e->gpa;
	buf_free(&b);
}

void describe_exit(struct session *s, const struct history_exit *e, bool times, struct lines *l)
{
	const struct vm_exit *x = still_known(s, e);
	const char *name = exit_name(e->reason), *title = exit_title(e->reason);
	struct buf b = { 0 };

	lines_add(l, LINE_TITLE, "#%llu %s  cpu %u", ULL(e->number), name ? name : "?", e->vcpu);
	lines_add(l, LINE_TEXT, "reason   %u %s", e->reason, title ? title : "unknown");
	describe_qualification(e->reason, e->qualification, &b);
	lines_add(l, LINE_TEXT, "qualif.  %016llx", ULL(e->qualification));
	if (b.len)
		lines_add(l, LINE_TEXT, "         %s", buf_text(&b) ? buf_text(&b) : "");
	buf_free(&b);
	if (x && x->intr_info & INTR_VALID) {
		describe_intr_info(x->intr_info, &b);
		lines_add(l, LINE_TEXT, "event    %s", buf_text(&b) ? buf_text(&b) : "");
		buf_free(&b);
	}
	where_lines(s, e, x, l);
	if (e->reason == EXIT_IO || e->reason == EXIT_EPT_VIOLATION || e->reason == EXIT_RDMSR ||
	    e->reason == EXIT_WRMSR || e->reason == EXIT_RDRAND || e->reason == EXIT_RDSEED)
		lines_add(l, LINE_TEXT, "value    %llx", ULL(e->value));
	if (e->who || e->what)
		lines_add(l, LINE_GOOD, "handler  %s%s%s%s", e->who ? "device " : "",
			  e->who ? e->who : "hypervisor", e->what ? ": " : "", e->what ? e->what : "");
	if (times)
		cost_line(s, e, l);
	lines_add(l, LINE_DIM, "at       instruction %llu, %u after the one before; %.6f s", ULL(e->icount),
		  e->gap, (double)e->time / 1e9);
}
