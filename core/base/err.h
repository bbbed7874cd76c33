/* SPDX-License-Identifier: GPL-3.0-or-later
 * err.h - an error of the host or the user: a negative errno and one sentence.
 * Rule: the sentence is built once, where the trouble is understood: what, where, what was expected.
 * Mistakes of a guest are never errors (they are faults or exits); our own bugs are asserts.
 */
#ifndef VITRINE_CORE_BASE_ERR_H
#define VITRINE_CORE_BASE_ERR_H

struct err {
	int code;       /* positive errno, 0 = no error yet */
	char text[320]; /* one line, no newline */
};

/* Fill *e (may be NULL) and return -code, so that `return err_set(e, EINVAL, "...")` works. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
