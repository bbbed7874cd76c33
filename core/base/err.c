/* SPDX-License-Identifier: GPL-3.0-or-later
 * err.c - build the one sentence of an error.
 * Rule: the text stays one printable line, whatever bytes a path or an image put into it.
 */
#include "core/base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return -code;
	e->code = code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	for (char *c = e->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return -code;
}
