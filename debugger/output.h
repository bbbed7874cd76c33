/* SPDX-License-Identifier: GPL-3.0-or-later
 * output.h - is standard output still there?
 * Rule: whoever prints much asks output_ok and stops when it says no; main says so, once, at the end.
 */
#ifndef VITRINE_DEBUGGER_OUTPUT_H
#define VITRINE_DEBUGGER_OUTPUT_H

#include <stdbool.h>

/* Before anything is opened: a closed standard descriptor must not be given to a file, and a broken pipe
 * or a file beyond a limit becomes an error like any other.  False: standard output is closed. */
bool output_init(void);
/* False once a write to standard output has failed. */
bool output_ok(void);
/* Write out what is buffered; the text of the first error, or NULL. */
const char *output_finish(void);
/* "vitrine: ..." and a newline on standard error; text on standard output comes first. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
