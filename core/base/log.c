/* SPDX-License-Identifier: GPL-3.0-or-later
 * log.c - format a line and hand it to the sink.
 * Rule: nothing is kept here; two machines with two sinks never see each other's lines.
 */
#include "core/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/base/types.h"

enum { LOG_LINE = 512 };

void log_put(const struct log *log, enum log_level level, const char *who, const char *fmt, ...)
{
	char line[LOG_LINE];
	va_list args;

	if (!log || !log->sink || level > log->level)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	log->sink(log->arg, level, who, line);
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error",
		[LOG_WARN] = "warning",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	return (size_t)level < ARRAY_LEN(names) ? names[level] : "?";
}
