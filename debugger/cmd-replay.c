/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-replay.c - `vitrine replay`: run a recording again.
 * Rule: it is `vitrine run` with the recording in the place of the outside; so whatever run can show, it shows.
 */
#include "debugger/commands.h"
#include "debugger/options.h"

const struct command cmd_replay = {
	.name = "replay",
	.args = "RECORDING [options] [IMAGE]",
	.brief = "run again what 'run --record' wrote down",
	.text = "The machine's options, images and disks must be those of the recorded run; what came\n"
		"from outside then (keys, the serial port, the network) comes again at the same\n"
		"instructions, so the run ends in the same state. Options that only look may be other\n"
		"ones: --exits, --trace, --json, --stats. Should the machine do something else than then,\n"
		"the replay stops at the first event (exit, interrupt) that is another one, or within a\n"
		"million instructions, and names the register or device field that differs. The run may\n"
		"have begun from a snapshot: give it as IMAGE both times. A recording that was cut off,\n"
		"as by a crash, is good up to there.",
	.example = "vitrine run --kernel vmlinuz --initrd initrd.gz --record monday\n"
		   "vitrine replay monday --kernel vmlinuz --initrd initrd.gz --trace=fault --json events",
	.options = machine_option_table,
	.noptions = &machine_option_count,
	.exec = run_machine,
};
