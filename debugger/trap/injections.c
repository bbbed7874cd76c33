/* SPDX-License-Identifier: GPL-3.0-or-later
 * injections.c - what `inject` can do to a machine.
 * Rule: a row here, its deed in debugger/session/inject.c under the same name.
 *
 * The words of `args` are the names of what is taken, in order when given in parentheses, by name behind `with`;
 * those in [] may be left out.
 */
#include "debugger/trap/trap.h"

#define MIGRATION "live migration"

const struct trap_injection trap_injections[] = {
	{ "nmi", "", "the NMI button is pressed (bit 7 of port 70h holds it off)", "inject nmi;", NULL },
	{ "irq", "vector, [cpu]", "an external interrupt with this vector, once, as soon as the processor takes it", "inject irq with vector = 32;", NULL },
	{ "exception", "vector, [error]", "in a probe of an exit: the instruction ends with this exception",
	  "on msr_write(0x1b) { inject exception(13, 0); }", NULL },
	{ "bitflip", "at, bit", "one bit of memory changes: bit 0 to 63 from a guest-physical address on", "inject bitflip with at = gpa(0x1000), bit = 3;", NULL },
	{ "disk_error", "[device], sector, [count], [kind], [seed]",
	  "accesses to these sectors go wrong: kind \"eio\" (an I/O error), \"torn\" (half of a write is lost), \"flip\" (a wrong bit is read)",
	  "inject disk_error with device = \"hda\", sector = 63, kind = \"eio\";", NULL },
	{ "disk_ok", "[device]", "the disk is whole again", "inject disk_ok;", NULL },
	{ "link_down", "[link], [for]", "no frame gets through, for a time or for good",
	  "inject link_down(net0) with for = 200ms;", NULL },
	{ "link_up", "[link]", "they get through again, all of them", "inject link_up(net0);", NULL },
	{ "slow_link", "[link], [every], [for]", "of so many frames only one gets through",
	  "inject slow_link(net0) with every = 3, for = 1s;", NULL },
	{ "power_button", "", "the power button is pressed", "inject power_button;", NULL },
	{ "key", "text", "text is typed at the keyboard", "inject key(\"root\\n\");", NULL },
	{ "mouse", "x, y, [buttons]", "the mouse moves, its buttons are pressed (1 left, 2 right, 4 middle) or released",
	  "inject mouse(10, 0);", NULL },
	{ "balloon", "pages", "ask the guest to give back so many pages of 4 KiB", "inject balloon(1024);", NULL },
	{ "reset", "", "the reset button is pressed", "inject reset;", NULL },
	{ "kill", "peer", "the other side of a migration dies", "inject kill(destination);", MIGRATION },
	{ "stuck_clock", "[for]", "the guest's clock stands still", "inject stuck_clock with for = 1s;", "a host clock" },
};
const int trap_ninjections = ARRAY_LEN(trap_injections);
