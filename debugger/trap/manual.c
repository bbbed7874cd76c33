/* SPDX-License-Identifier: GPL-3.0-or-later
 * manual.c - the manual page vitrine-trap(5), in roff.
 * Rule: what can be named comes from the tables; only what no table holds, the values and the stages, is written here.
 */
#include "debugger/trap/manual.h"

#include <string.h>

#include "debugger/trap/trap.h"

/* Text as roff takes it: no line begins with a command. */
static void put(struct buf *out, const char *text)
{
	bool first = true;

	for (; *text; text++) {
		if (first && (*text == '.' || *text == '\''))
			buf_printf(out, "\\&");
		first = *text == '\n';
		if (*text == '\\' || *text == '-')
			buf_printf(out, *text == '-' ? "\\-" : "\\e");
		else if (*text == '"')
			buf_printf(out, "\\(dq");
		else
			buf_put(out, text, 1);
	}
}

static void row(struct buf *out, const char *name, const char *args, const char *brief, const char *missing)
{
	buf_printf(out, ".TP\n.B ");
	put(out, name);
	if (args && *args) {
		buf_printf(out, "\n.I ");
		put(out, args);
	}
	buf_printf(out, "\n");
	put(out, brief);
	buf_printf(out, ".\n");
	if (missing) {
		buf_printf(out, "(This build has no ");
		put(out, missing);
		buf_printf(out, ".)\n");
	}
}

static void example(struct buf *out, const char *text)
{
	buf_printf(out, ".RS\n.PP\n.nf\n");
	put(out, text);
	buf_printf(out, "\n.fi\n.RE\n");
}

static void section(struct buf *out, const char *title, const char *text)
{
	buf_printf(out, ".SH %s\n", title);
	put(out, text);
	buf_printf(out, "\n");
}

static void statements(struct buf *out)
{
	section(out, "STATEMENTS", "A statement ends with ;, or with the } of its block. A comment begins with # and goes to the end "
		"of its line. PLACE = VALUE sets a variable, @map, $register or u8[memory]; += -= |= &= change it.");
	for (int i = 0; i < trap_nstatements; i++) {
		row(out, trap_statements[i].syntax, NULL, trap_statements[i].brief, trap_statements[i].missing);
		example(out, trap_statements[i].example);
	}
}

static void event(struct buf *out, const struct trap_event *ev)
{
	row(out, ev->name, ev->args, ev->brief, ev->missing);
	if (ev->field[0].name)
		buf_printf(out, "Known in the probe:\n.RS\n");
	for (int i = 0; i < TRAP_FIELDS && ev->field[i].name; i++) {
		buf_printf(out, ".IP %s 14\n", ev->field[i].name);
		put(out, ev->field[i].brief);
		buf_printf(out, "\n");
	}
	if (ev->field[0].name)
		buf_printf(out, ".RE\n");
	example(out, ev->example);
}

static void tables(struct buf *out)
{
	section(out, "EVENTS", "exit, io_in and the like come before the hypervisor has done anything, so that a probe may answer "
		"(reply, inject exception); handled comes after it.");
	for (int i = 0; i < trap_nevents; i++)
		event(out, &trap_events[i]);
	section(out, "NAMES", "Besides variables, fields of the event, registers ($rax, $eip, $rflags.ZF, $cs.base) and exit "
		"reasons (EPT_VIOLATION; also VMEXIT_NPF, KVM_EXIT_MMIO):");
	for (int i = 0; i < trap_nnames; i++)
		row(out, trap_names[i].name, NULL, trap_names[i].brief, trap_names[i].missing);
	section(out, "FUNCTIONS", "count, sum, min, max, avg, hist and lhist count in a map: they stand on the right of @map = alone.");
	for (int i = 0; i < trap_nfunctions; i++)
		row(out, trap_functions[i].name, trap_functions[i].args, trap_functions[i].brief, trap_functions[i].missing);
	section(out, "WHAT CAN BE INJECTED", "Arguments in parentheses in this order, or by name behind `with'. Where the guest stands still it "
		"happens at once; in a probe at the machine's next look outside, within a millisecond of virtual time.");
	for (int i = 0; i < trap_ninjections; i++) {
		const struct trap_injection *in = &trap_injections[i];
		row(out, in->name, in->args, in->brief, in->missing);
		example(out, in->example);
	}
}

static const struct { const char *name, *text; } values[] = {
	{ "int", "42 0x2a 0b1010 1_000 4K 2M 1G: whole numbers, exact; what does not fit is an error, never wrapped" },
	{ "gva, gpa", "gva(0x400000), gpa(0xfee00000): linear and guest-physical addresses, which never mix; a plain number takes "
		      "the kind of the other side. $rip, $rsp, $rbp and $cr2 are gva" },
	{ "bool", "true false: conditions want one; flags and bits of entries are bools" },
	{ "time", "20ms 2s: virtual time; time / time is an int" },
	{ "amount", "500insn 3exits: for step, back and run for" },
	{ "text", "\"...\" with \\n \\t \\e \\xHH; =~ matches an extended regular expression" },
	{ "range", "a..b, both ends included" },
	{ "entry", "what walk, shadow, ept and tlb give: .p .w .x .u .a .d .g .nx .ps .pa .pfn .level .raw .at .gpa .size" },
	{ "fault", "what a failed read gives; using it is an error, x ?? other handles it, x == fault asks for it" },
	{ "list", "list(1, 2), bytes(a, n): elements by [0]" },
	{ "map", "@name[key, ...]: of the script; holds values, or counts" },
};

static const struct { const char *op, *text; } binding[] = {
	{ "??", "the right side if the left is a fault" }, { "||", "or" }, { "&&", "and" },
	{ "== != < > <= >= in =~", "comparisons, which do not chain" }, { "..", "range" }, { "|", "" }, { "^", "" }, { "&", "bits" },
	{ "<< >>", "shifts" }, { "+ -", "" }, { "* / %", "" }, { "- ! ~", "in front of a value" }, { "call [ ] .", "" },
};

void trap_manual(const char *version, struct buf *out)
{
	buf_printf(out, ".TH VITRINE-TRAP 5 \"\" \"vitrine %s\" \"File Formats\"\n.SH NAME\nvitrine\\-trap \\- Trap, the language of probes "
		   "and tests\n.SH SYNOPSIS\n.nf\n.B vitrine trap SCRIPT.trap IMAGE\n.B vitrine trap \\-e TEXT IMAGE\n.fi\n", version);
	section(out, "DESCRIPTION", "A script is a list of statements, run from top to bottom while the guest stands still; run, step and "
		"back let it go. A probe (on ...) does something whenever an event happens; probes at the top are armed before "
		"the first statement, others when they are reached, until the end of their block. Time stands still while a "
		"probe runs. The same text works in a file, behind -e, and at the debugger's prompt. Two runs give the same.");
	buf_printf(out, ".SH VALUES\n");
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		row(out, values[i].name, NULL, values[i].text, NULL);
	section(out, "OPERATORS", "From weak to strong:");
	for (size_t i = 0; i < ARRAY_LEN(binding); i++) {
		buf_printf(out, ".TP\n.B ");
		put(out, binding[i].op);
		buf_printf(out, "\n");
		put(out, binding[i].text);
		buf_printf(out, "\n");
	}
	section(out, "MEMORY", "u8[a] u16[a] u32[a] u64[a]: at a linear address, or a guest-physical one if a is a gpa. What is not "
		"mapped is a fault.");
	statements(out);
	tables(out);
	buf_printf(out, ".SH SEE ALSO\n.BR vitrine (1)\n");
}
