/* SPDX-License-Identifier: GPL-3.0-or-later
 * events.c - what a probe can wait for, and what it then knows.
 * Rule: a row says everything about an event: the checker, the evaluator, help and manual page read it.
 *
 * The words of `args` say what is taken (debugger/trap/check-args.c): the same word means the same everywhere.
 */
#include "core/event.h"
#include "debugger/trap/trap.h"

#define NESTED "nested virtualization"
#define MIGRATION "live migration"
#define HOST "script for several guests (vitrine host --trace=cow,share,swap tells these)"

/* What is known of an exit, before and after the handler. */
#define EXIT_FIELDS \
	{ "reason", T_INT, "the exit reason, by its name or number" }, \
	{ "gpa", T_GPA, "the guest-physical address, of EPT violations" }, \
	{ "gva", T_GVA, "the linear address, of EPT violations" }, \
	{ "port", T_INT, "the I/O port" }, \
	{ "write", T_BOOL, "the guest writes" }, \
	{ "size", T_INT, "bytes" }, \
	{ "value", T_INT, "what is written, or, after the handler, what was read" }, \
	{ "qualification", T_INT, "the exit qualification, in the manual's bits" }, \
	{ "rip", T_GVA, "of the instruction that exited" }, \
	{ "insns", T_INT, "instructions since this processor's previous exit" }, \
	{ "number", T_INT, "of the exit, from 1" }, \
	{ "elapsed", T_TIME, "the host's time in the handler; 0 before it" }

/* Before the handler an access can be answered by `reply`; what the handler said is known after it. */
#define BOTH (EV_BIT(leave) | EV_BIT(exit))

const struct trap_event trap_events[] = {
	{ "exit", "[reason]", "the guest has left for the hypervisor; nothing is done about it yet",
	  "on exit(EPT_VIOLATION) where gpa in 0xfee00000..0xfee00fff { @apic[gpa & 0xff0, write] = count(); }",
	  0, 1, EV_BIT(leave), NULL, { EXIT_FIELDS } },
	{ "handled", "[reason]", "the hypervisor has handled an exit",
	  "on handled { @cost[reason] = hist(elapsed); }",
	  0, 1, EV_BIT(exit), NULL, { EXIT_FIELDS, { "handler", T_STR, "the device that answered" } } },
	{ "before_entry", "", "the guest is about to be entered", "on before_entry { stop; }",
	  0, 0, 0, NESTED, { { "rip", T_GVA, "where it goes on" } } },
	{ "exec", "addresses", "an instruction at an address, or in a range, is about to execute",
	  "on exec(0x7c00) { stop; }",
	  1, 1, EV_BIT(breakpoint) | EV_BIT(insn), NULL, { { "at", T_GVA, "its address" } } },
	{ "read", "locations, [count]", "memory is read (an address, or count bytes from it, or a range)",
	  "on read(gpa(0x500), 4) { print at, value; }",
	  1, 2, EV_BIT(watch), NULL,
	  { { "at", T_ANY, "where: a gva, or a gpa if the probe was given one" }, { "size", T_INT, "bytes" },
	    { "value", T_INT, "what is there" }, { "old", T_INT, "the same" }, { "rip", T_GVA, "of the instruction" } } },
	{ "write", "locations, [count]", "memory is written (an address, or count bytes from it, or a range)",
	  "on write($rsp, 8) { stop \"somebody writes the return address\"; }",
	  1, 2, EV_BIT(watch), NULL,
	  { { "at", T_ANY, "where: a gva, or a gpa if the probe was given one" }, { "size", T_INT, "bytes" },
	    { "value", T_INT, "what is written" }, { "old", T_INT, "what was there" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "io_in", "[port]", "the guest reads a port", "on io_in(0x60) { print hex(value); }",
	  0, 1, BOTH, NULL,
	  { { "port", T_INT, "the port" }, { "size", T_INT, "bytes" }, { "value", T_INT, "what the device answered" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "io_out", "[port]", "the guest writes a port", "on io_out(0x3f8) { @sent = count(); }",
	  0, 1, BOTH, NULL,
	  { { "port", T_INT, "the port" }, { "size", T_INT, "bytes" }, { "value", T_INT, "what it writes" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "mmio_read", "[gpas]", "the guest reads a register of a device in memory",
	  "on mmio_read(0xfee00000..0xfee00fff) { @reads[gpa] = count(); }",
	  0, 1, BOTH, NULL,
	  { { "gpa", T_GPA, "the register" }, { "size", T_INT, "bytes" }, { "value", T_INT, "what the device answered" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "mmio_write", "[gpas]", "the guest writes a register of a device in memory",
	  "on mmio_write(0xfee000b0) { @eoi = count(); }",
	  0, 1, BOTH, NULL,
	  { { "gpa", T_GPA, "the register" }, { "size", T_INT, "bytes" }, { "value", T_INT, "what it writes" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "msr_read", "[msr]", "RDMSR of a register that the processor does not keep itself",
	  "on msr_read { @msrs[hex(msr)] = count(); }",
	  0, 1, BOTH, NULL,
	  { { "msr", T_INT, "its number" }, { "value", T_INT, "what it was answered" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "msr_write", "[msr]", "WRMSR of a register that the processor does not keep itself",
	  "on msr_write(0x1b) { inject exception(13, 0); }",
	  0, 1, BOTH, NULL,
	  { { "msr", T_INT, "its number" }, { "value", T_INT, "what it writes" }, { "rip", T_GVA, "of the instruction" } } },
	{ "cr_write", "[number]", "a control register was written",
	  "on cr_write(3) { @spaces[value] = count(); }",
	  0, 1, EV_BIT(cr), NULL,
	  { { "number", T_INT, "which one" }, { "value", T_INT, "what is in it now" }, { "old", T_INT, "what was in it" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "cpuid", "[leaf]", "the guest executes CPUID",
	  "on cpuid where leaf == 0x40000000 { reply eax = 0, ebx = 0, ecx = 0, edx = 0; }",
	  0, 1, BOTH, NULL,
	  { { "leaf", T_INT, "EAX" }, { "subleaf", T_INT, "ECX" }, { "rip", T_GVA, "of the instruction" } } },
	{ "exception", "[vector]", "the guest takes an exception",
	  "on exception(14) where $cr2 == 0 { stop \"null pointer\"; }",
	  0, 1, EV_BIT(fault), NULL,
	  { { "vector", T_INT, "0 to 31" }, { "error", T_INT, "its error code" },
	    { "rip", T_GVA, "of the instruction" }, { "gva", T_GVA, "of a page fault: CR2" } } },
	{ "interrupt", "[vector]", "the processor accepts an external interrupt",
	  "on interrupt { @vectors[vector] = count(); }",
	  0, 1, EV_BIT(intr), NULL, { { "vector", T_INT, "32 to 255" }, { "rip", T_GVA, "what was interrupted" } } },
	{ "inject", "[vector]", "the hypervisor delivers an interrupt to the guest",
	  "on inject where vector == 32 { @ticks = count(); }",
	  0, 1, EV_BIT(intr), NULL, { { "vector", T_INT, "32 to 255" }, { "rip", T_GVA, "what was interrupted" } } },
	{ "hlt", "", "the guest executes HLT", "on hlt { @idle = count(); }",
	  0, 0, EV_BIT(leave), NULL, { { "rip", T_GVA, "of the instruction" } } },
	{ "hypercall", "[number]", "the guest executes VMCALL; arg(0) and so on are what it passed",
	  "on hypercall(7) { exit arg(0); }",
	  0, 1, BOTH, NULL, { { "number", T_INT, "EAX" }, { "rip", T_GVA, "of the instruction" } } },
	{ "shadow_sync", "", "a shadow page-table entry was derived from the guest's, or dropped because that changed",
	  "on shadow_sync { @sync[kind] = count(); }",
	  0, 0, EV_BIT(shadow_sync), NULL,
	  { { "kind", T_STR, "why: fill (made at a page fault); write, dma, invlpg, cr3, mode (dropped)" },
	    { "at", T_GVA, "the address it maps; none, if its table is not in use now" }, { "pte", T_ENTRY, "the shadow entry as it is now" },
	    { "gpa", T_GPA, "where the guest's entry is" }, { "value", T_INT, "what the guest's entry says" } } },
	{ "tlb_flush", "", "the guest drops translations", "on tlb_flush { @flushes[kind] = count(); }",
	  0, 0, EV_BIT(tlb), NULL,
	  { { "kind", T_STR, "how: page (INVLPG), cr3, mode (CR0, CR4, EFER), pcid (INVPCID)" },
	    { "at", T_GVA, "of one page" }, { "rip", T_GVA, "of the instruction" } } },
	{ "mode_change", "", "a processor changes its mode", "on mode_change { print hex($cr0), rip; }",
	  0, 0, EV_BIT(state), NULL,
	  { { "cr0", T_INT, "CR0" }, { "cr3", T_INT, "CR3" }, { "cr4", T_INT, "CR4" }, { "efer", T_INT, "IA32_EFER" },
	    { "rip", T_GVA, "of the instruction" } } },
	{ "console", "text", "the console has shown the text", "run until console(\"login:\") for 30s;",
	  1, 1, EV_BIT(out), NULL, { { "text", T_STR, "the text" } } },
	{ "dirty", "", "a page is written for the first time since the dirty log was read; arming it switches the log on. "
	  "With --dirty-log wp it comes at the store; with ad and pml when the log is read", "on dirty { @pages[gpa] = count(); }",
	  0, 0, EV_BIT(dirty), NULL, { { "gpa", T_GPA, "the page" } } },
	{ "cow", "", "a write makes a page of its own from a shared one", "on cow { @copies = count(); }",
	  0, 0, 0, HOST, { { "gpa", T_GPA, "the page" } } },
	{ "share", "", "a page was found to be like another", "on share { @shared = count(); }",
	  0, 0, 0, HOST, { { "gpa", T_GPA, "the page" } } },
	{ "swap", "", "a page goes out to the swap file, or comes in", "on swap { @moved = count(); }",
	  0, 0, 0, HOST, { { "gpa", T_GPA, "the page" } } },
	{ "balloon", "", "the guest gives a page back (--virtio balloon)", "on balloon { @pages = count(); }",
	  0, 0, EV_BIT(balloon), NULL,
	  { { "pages", T_INT, "in the balloon, as the guest last said" }, { "gpa", T_GPA, "the page" } } },
	{ "sched", "", "another virtual processor gets the host's", "on sched { @steal = sum(steal); }",
	  0, 0, 0, "scheduler",
	  { { "from", T_INT, "who had it" }, { "to", T_INT, "who gets it" }, { "used", T_TIME, "of its turn" },
	    { "steal", T_TIME, "it waited for so long" } } },
	{ "snapshot", "", "a snapshot was taken", "on snapshot { print name; }",
	  0, 0, 0, NULL, { { "name", T_STR, "its name" } } },
	{ "migrate_phase", "", "a migration enters its next phase", "on migrate_phase { print phase; }",
	  0, 0, 0, MIGRATION, { { "phase", T_STR, "its name" } } },
	{ "migrate_round", "", "a round of copying is over", "on migrate_round { @dirty[round] = sum(pages); }",
	  0, 0, 0, MIGRATION,
	  { { "round", T_INT, "from 1" }, { "pages", T_INT, "copied" }, { "remaining", T_INT, "bytes" },
	    { "rate", T_INT, "bytes per second" } } },
	{ "timer", "period", "so much virtual time has passed, again and again",
	  "on timer(10ms) { @where[sym($rip)] = count(); }",
	  1, 1, 0, NULL, { { "rip", T_GVA, "where the guest is" } } },
	{ "triple_fault", "", "the guest has died", "run until triple_fault for 2s;",
	  0, 0, BOTH | EV_BIT(stop), NULL, { { "rip", T_GVA, "of the instruction" } } },
	{ "guest_exit", "[code]", "the guest switched the machine off", "on guest_exit(0) { print \"well\"; }",
	  0, 1, EV_BIT(stop), NULL, { { "code", T_INT, "what it said" } } },
	{ "end", "", "the script ends", "on end { print @n; }", 0, 0, 0, NULL, { { NULL } } },
};
const int trap_nevents = ARRAY_LEN(trap_events);
