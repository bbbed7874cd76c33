/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-vmcs.c - what a VMCS would hold now, area by area, in the manual's words and encodings.
 * Rule: only what the machine really has is shown; an area that this program has nothing for says so.
 * Source: SDM 3C 24.3 to 24.9, appendix B.
 */
#include <stdio.h>

#include "debugger/session/describe.h"

#define ULL(x) ((unsigned long long)(x))

/* A field of the guest-state area, and where x86_state has it. */
struct vmcs_field { u16 encoding; const char *name, *field; u8 index; };
/* clang-format off: a table */
static const struct vmcs_field guest_fields[] = {
	{ 0x6800, "CR0", "cr0", 0 }, { 0x6802, "CR3", "cr3", 0 }, { 0x6804, "CR4", "cr4", 0 },
	{ 0x681a, "DR7", "dr", 7 }, { 0x681c, "RSP", "gpr", RSP }, { 0x681e, "RIP", "rip", 0 },
	{ 0x6820, "RFLAGS", "rflags", 0 }, { 0x0800, "ES selector", "seg_sel", SEG_ES },
	{ 0x0802, "CS selector", "seg_sel", SEG_CS }, { 0x0804, "SS selector", "seg_sel", SEG_SS },
	{ 0x0806, "DS selector", "seg_sel", SEG_DS }, { 0x0808, "FS selector", "seg_sel", SEG_FS },
	{ 0x080a, "GS selector", "seg_sel", SEG_GS }, { 0x080c, "LDTR selector", "seg_sel", SEG_LDTR },
	{ 0x080e, "TR selector", "seg_sel", SEG_TR }, { 0x6806, "ES base", "seg_base", SEG_ES },
	{ 0x6808, "CS base", "seg_base", SEG_CS }, { 0x680a, "SS base", "seg_base", SEG_SS },
	{ 0x680c, "DS base", "seg_base", SEG_DS }, { 0x680e, "FS base", "seg_base", SEG_FS },
	{ 0x6810, "GS base", "seg_base", SEG_GS }, { 0x6812, "LDTR base", "seg_base", SEG_LDTR },
	{ 0x6814, "TR base", "seg_base", SEG_TR }, { 0x6816, "GDTR base", "gdtr_base", 0 },
	{ 0x6818, "IDTR base", "idtr_base", 0 }, { 0x4800, "ES limit", "seg_limit", SEG_ES },
	{ 0x4802, "CS limit", "seg_limit", SEG_CS }, { 0x4804, "SS limit", "seg_limit", SEG_SS },
	{ 0x4806, "DS limit", "seg_limit", SEG_DS }, { 0x4808, "FS limit", "seg_limit", SEG_FS },
	{ 0x480a, "GS limit", "seg_limit", SEG_GS }, { 0x480c, "LDTR limit", "seg_limit", SEG_LDTR },
	{ 0x480e, "TR limit", "seg_limit", SEG_TR }, { 0x4810, "GDTR limit", "gdtr_limit", 0 },
	{ 0x4812, "IDTR limit", "idtr_limit", 0 }, { 0x4814, "ES access rights", "seg_attr", SEG_ES },
	{ 0x4816, "CS access rights", "seg_attr", SEG_CS },
	{ 0x4818, "SS access rights", "seg_attr", SEG_SS },
	{ 0x481a, "DS access rights", "seg_attr", SEG_DS },
	{ 0x481c, "FS access rights", "seg_attr", SEG_FS },
	{ 0x481e, "GS access rights", "seg_attr", SEG_GS },
	{ 0x4820, "LDTR access rights", "seg_attr", SEG_LDTR },
	{ 0x4822, "TR access rights", "seg_attr", SEG_TR },
	{ 0x4824, "interruptibility state", "shadow", 0 }, { 0x4826, "activity state", "activity", 0 },
	{ 0x6822, "pending debug exceptions", "pending_db", 0 },
	{ 0x482a, "IA32_SYSENTER_CS", "sysenter_cs", 0 },
	{ 0x6824, "IA32_SYSENTER_ESP", "sysenter_esp", 0 },
	{ 0x6826, "IA32_SYSENTER_EIP", "sysenter_eip", 0 }, { 0x2802, "IA32_DEBUGCTL", "debugctl", 0 },
	{ 0x2804, "IA32_PAT", "pat", 0 }, { 0x2806, "IA32_EFER", "efer", 0 },
	{ 0x280a, "PDPTE0", "pdpte", 0 }, { 0x280c, "PDPTE1", "pdpte", 1 },
	{ 0x280e, "PDPTE2", "pdpte", 2 }, { 0x2810, "PDPTE3", "pdpte", 3 },
};
/* clang-format on */

static void guest_area(const struct x86_state *st, const struct x86_state *before, struct lines *l)
{
	lines_add(l, LINE_TITLE, "1 guest-state area (SDM 3C 24.4)");
	for (u32 i = 0; i < ARRAY_LEN(guest_fields); i++) {
		const struct vmcs_field *v = &guest_fields[i];
		const struct field *f = field_find(&x86_state_layout, v->field, &(u32){ 0 });
		struct buf bits = { 0 };
		u64 value = f ? field_get(f, st, v->index) : 0;

		lines_add(l, LINE_TEXT, "%04x %-24s %016llx", v->encoding, v->name, ULL(value))->changed =
			before && f && field_get(f, before, v->index) != value;
		if (describe_bits(v->field, value, &bits) && bits.len)
			lines_more(l, "  %s", buf_text(&bits) ? buf_text(&bits) : "");
		buf_free(&bits);
	}
}

static void exit_area(const struct vm_exit *x, struct lines *l)
{
	const char *title = exit_title(x->reason);
	struct buf text = { 0 };

	lines_add(l, LINE_TITLE, "6 VM-exit information fields (SDM 3C 24.9)");
	lines_add(l, LINE_TEXT, "4402 %-24s %16u  %s", "exit reason", x->reason, title ? title : "");
	describe_qualification(x->reason, x->qualification, &text);
	lines_add(l, LINE_TEXT, "6400 %-24s %016llx  %s", "exit qualification", ULL(x->qualification),
		  text.len && buf_text(&text) ? buf_text(&text) : "");
	buf_free(&text);
	describe_intr_info(x->intr_info, &text);
	lines_add(l, LINE_TEXT, "4404 %-24s %16x  %s", "interruption information", x->intr_info,
		  buf_text(&text) ? buf_text(&text) : "");
	buf_free(&text);
	lines_add(l, LINE_TEXT, "4406 %-24s %16x", "interruption error code", x->intr_error);
	lines_add(l, LINE_TEXT, "440c %-24s %16u", "instruction length", x->insn_len);
	lines_add(l, LINE_TEXT, "2400 %-24s %016llx", "guest-physical address", ULL(x->gpa));
	lines_add(l, LINE_TEXT, "640a %-24s %016llx", "guest-linear address", ULL(x->gla));
}

static void entry_area(const struct x86_state *st, struct lines *l)
{
	struct buf text = { 0 };

	lines_add(l, LINE_TITLE, "5 VM-entry control fields (SDM 3C 24.8)");
	describe_intr_info(st->inject_info[0], &text);
	lines_add(l, LINE_TEXT, "4016 %-24s %16x  %s", "interruption information", st->inject_info[0],
		  buf_text(&text) ? buf_text(&text) : "");
	buf_free(&text);
	lines_add(l, LINE_TEXT, "4018 %-24s %16x", "exception error code", st->inject_error[0]);
	lines_add(l, LINE_TEXT, "401a %-24s %16u", "instruction length", st->inject_len[0]);
}

void describe_vmcs(struct session *s, u32 cpu, const struct x86_state *before, struct lines *l)
{
	struct x86_state st;

	lines_add(l, LINE_MISSING, "This build has no VMCS; these are the machine's own facts in its words.");
	if (cpu >= s->vm->ncpus || vcpu_get(&s->vm->vcpu[cpu], &st, ST_ALL) < 0) {
		lines_add(l, LINE_BAD, "processor %u cannot be asked now", cpu);
		return;
	}
	exit_area(&s->vm->vcpu[cpu].exit, l);
	lines_add(l, LINE_TITLE, "3 VM-execution control fields (SDM 3C 24.6)");
	describe_controls(s, l);
	entry_area(&st, l);
	lines_add(l, LINE_TITLE, "4 VM-exit control fields (SDM 3C 24.7)");
	lines_add(l, LINE_DIM, "     this build lacks them");
	guest_area(&st, before, l);
	lines_add(l, LINE_TITLE, "2 host-state area (SDM 3C 24.5)");
	lines_add(l, LINE_DIM, "     this build lacks it: the hypervisor is a program of the host's");
}
