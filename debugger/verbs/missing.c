/* SPDX-License-Identifier: GPL-3.0-or-later
 * missing.c - verbs of subsystems that are not in this build.
 * Rule: they are there, and say in one line what is lacking; who builds the subsystem takes its verb out of here.
 */
#include <errno.h>

#include "debugger/verbs/verbs-priv.h"

#define MISSING(word, what, subsystem) \
	static int exec_##word(struct verb_call *c, struct err *err) \
	{ \
		return err_set(err, ENOSYS, #word ": this build has no " subsystem); \
	} \
	const struct verb the_##word = { \
		.name = #word, .args = "", .brief = what " (not in this build)", .text = "This build has no " subsystem ".", \
		.example = #word, .group = VERB_LOOK, .exec = exec_##word, \
	};

MISSING(vmcs, "the virtual-machine control structure", "virtual VMCS; `controls` shows what makes the guest exit")
MISSING(sched, "the scheduler of virtual processors", "scheduler; `processors` shows their turns")
MISSING(migrate, "moving the machine to another host", "migration; `save` and `load` keep a machine in a file")
