/* SPDX-License-Identifier: GPL-3.0-or-later
 * names.c - what an expression can name besides the script's own variables, an event's fields, registers and exit
 * reasons.
 * Rule: a dotted name is one row; a row that ends in a dot stands for all names that begin so.
 */
#include "debugger/trap/trap.h"

#define NESTED "nested virtualization"
#define MIGRATION "live migration"

const struct trap_name trap_names[] = {
	{ "time", "virtual time since power-up", T_TIME, NULL },
	{ "host_time", "the host's clock, for display only: never the same twice", T_TIME, NULL },
	{ "fault", "what a failed read gives; x == fault asks for it", T_FAULT, NULL },
	{ "last_line", "the console's latest whole line", T_STR, NULL },
	{ "regs", "the current processor: print shows its registers, regs.rax is one", T_CPU, NULL },
	{ "stopped.reason", "why the guest stopped: \"timeout\", \"stop\", \"exit\" ...", T_STR, NULL },
	{ "stopped.text", "the same for people", T_STR, NULL },
	{ "cpu.number", "the current processor", T_INT, NULL },
	{ "cpu.exits", "exits so far, of all processors", T_INT, NULL },
	{ "cpu.insns", "instructions retired so far by the current processor", T_INT, NULL },
	{ "cpu.mode", "\"real\", \"protected\", \"long\" ...", T_STR, NULL },
	{ "cpu.depth", "how many hypervisors are below: 0 = ours alone", T_INT, NESTED },
	{ "vm.state", "\"running\", \"power-off\", \"triple-fault\" ...", T_STR, NULL },
	{ "vm.cpus", "processors of the machine", T_INT, NULL },
	{ "vm.memory", "bytes of RAM", T_INT, NULL },
	{ "vm.insns", "instructions retired so far by all processors", T_INT, NULL },
	{ "vmcs.", "fields and controls of the current VMCS, by the manual's names", T_ANY, NESTED },
	{ "migration.", "the state of a migration: .status .reason .peer.state", T_ANY, MIGRATION },
};
const int trap_nnames = ARRAY_LEN(trap_names);
