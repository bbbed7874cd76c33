/* SPDX-License-Identifier: GPL-3.0-or-later
 * statements.c - the statements, for help, manual page and completion.
 * Rule: the grammar is parse.y; a statement that is there is here, and each example is compiled by the tests.
 */
#include "debugger/trap/trap.h"

#define MIGRATION "live migration"

const struct trap_statement trap_statements[] = {
	{ "on", "[NAME:] on EVENT, ... [where CONDITION] { ... }", "a probe: do this whenever that happens",
	  "on exit(HLT) where $rflags.IF { @idle = count(); }", NULL },
	{ "run", "run [until EVENT [where CONDITION] | until CONDITION] [for TIME]", "let the guest run",
	  "run until console(\"ok\") for 2s;", NULL },
	{ "step", "step [AMOUNT]", "let the guest go a little: 1insn, 3exits, 20ms", "step 3exits;", NULL },
	{ "back", "back [AMOUNT]", "go back; the latest earlier place where a probe stops wins", "back 1exit;", NULL },
	{ "stop", "stop [REASON]", "in a probe: the guest stops here", "on hlt { stop \"idle\"; }", NULL },
	{ "let", "let NAME = VALUE", "a variable of this block", "let t0 = time;", NULL },
	{ "const", "const NAME = VALUE", "the same, never to be changed", "const runs = 100;", NULL },
	{ "if", "if CONDITION { ... } [else { ... }]", "choose", "if $rax == 0 { print \"zero\"; } else { print $rax; }", NULL },
	{ "while", "while CONDITION { ... }", "repeat as long as", "while cpu.exits < 10 { step 1exit; }", NULL },
	{ "for", "for NAME in RANGE { ... }", "once for each number of a range, or element of a list",
	  "for i in 1..3 { print i; }", NULL },
	{ "repeat", "repeat TIMES { ... }", "so many times", "repeat 3 { step 1exit; }", NULL },
	{ "break", "break", "leave the innermost loop", "while true { break; }", NULL },
	{ "next", "next", "go on with the loop's next turn", "for i in 1..3 { if i == 2 { next; } print i; }", NULL },
	{ "fn", "fn NAME(PARAMETERS) { ... }", "a function of the script's own", "fn page(a) { return a & ~0xfff; }", NULL },
	{ "return", "return [VALUE]", "leave a function", "fn twice(x) { return 2 * x; }", NULL },
	{ "print", "print VALUE, ...", "a line of values", "print \"at\", sym($rip), @n;", NULL },
	{ "dump", "dump VALUE, ...", "values at length: registers, code, page walks", "dump regs, code($rip, 5);", NULL },
	{ "clear", "clear @MAP", "forget a map's content", "@idle = count(); clear @idle;", NULL },
	{ "test", "test \"TITLE\" [points N] [within TIME] { ... }", "what is graded: starts from the script's first state",
	  "test \"boots\" points 2 within 5s { run until console(\"ok\"); expect last_line == \"ok\"; }", NULL },
	{ "expect", "expect CONDITION [, WHAT TO SAY ...]", "a failure is noted and the script goes on",
	  "expect $rax == 0, \"rax is\", $rax;", NULL },
	{ "assert", "assert CONDITION [, WHAT TO SAY ...]", "a failure ends the test or the script",
	  "assert $rsp != 0, \"no stack\";", NULL },
	{ "snapshot", "snapshot NAME", "remember the whole machine", "snapshot \"clean\";", NULL },
	{ "restore", "restore NAME", "back to a snapshot", "snapshot \"a\"; restore \"a\";", NULL },
	{ "inject", "inject KIND[(ARGUMENTS)] [with NAME = VALUE, ...]", "make something go wrong, or happen",
	  "inject irq with vector = 32;", NULL },
	{ "reply", "reply NAME = VALUE, ...", "in a probe of an exit: answer the guest instead of the handler",
	  "on io_in(0x60) { reply value = 0x1c; }", NULL },
	{ "enable", "enable NAME", "arm a probe that has a name", "p: on hlt { stop; } enable p;", NULL },
	{ "disable", "disable NAME", "disarm a probe that has a name", "p: on hlt { stop; } disable p;", NULL },
	{ "migrate", "migrate to WHERE [with NAME = VALUE, ...]", "move the machine to another host while it runs",
	  "migrate to \"unix:dst.sock\" with bandwidth = 20M;", MIGRATION },
	{ "include", "include \"FILE\"", "the statements of another file, once", "include \"common.trap\";", NULL },
	{ "exit", "exit [STATUS]", "end the script, 0 to 63", "exit 10;", NULL },
};
const int trap_nstatements = ARRAY_LEN(trap_statements);
