/* SPDX-License-Identifier: GPL-3.0-or-later
 * results.h - is there a place for everything a run is to write?
 * Rule: asked before anything is opened, so that a wrong command line leaves nothing behind.
 */
#ifndef VITRINE_DEBUGGER_RESULTS_H
#define VITRINE_DEBUGGER_RESULTS_H

#include "debugger/options.h"

/* --save, --json, --serial and --debugcon: can each be written, and is none the file of another or of an input? */
int results_check(const struct machine_options *o, struct err *err);

#endif
