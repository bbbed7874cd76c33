/* SPDX-License-Identifier: GPL-3.0-or-later
 * status.h - exit statuses, the same for every sub-command.
 * Rule: a status is part of the interface; STATUS_ROWS is what `vitrine info status` and the manual print.
 */
#ifndef VITRINE_DEBUGGER_STATUS_H
#define VITRINE_DEBUGGER_STATUS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_SCRIPT = 3,
	STATUS_DIED = 4,
	STATUS_LIMIT = 5,
	STATUS_INTERNAL = 6,
	STATUS_SKIPPED = 77,
	STATUS_SIGNAL = 128, /* plus the signal's number */
};

/* clang-format off */
#define STATUS_ROWS(R) \
	R("0",     "success: the guest powered off or halted for good") \
	R("1",     "a test or an expectation failed") \
	R("2",     "usage, syntax or file error; nothing was run, or the output could not be written") \
	R("3",     "run-time error in a script") \
	R("4",     "the guest died: a triple fault") \
	R("5",     "a budget or limit was reached") \
	R("6",     "internal error of vitrine") \
	R("77",    "skipped: the host or this build lacks what was asked") \
	R("128+n", "ended by signal n; 130 is Ctrl-C") \
	R("any",   "a guest sets the status itself through port F4h: value * 2 + 1")
/* clang-format on */

#endif
