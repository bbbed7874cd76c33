/* SPDX-License-Identifier: GPL-3.0-or-later
 * log.h - what a component has to say to the person at the screen.
 * Rule: the text says what the guest did, not what our code did; a component never prints itself.
 */
#ifndef VITRINE_CORE_BASE_LOG_H
#define VITRINE_CORE_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One sink per VM; nobody below the debugger has a global one.  `level` is the most talkative passed on. */
struct log {
	void (*sink)(void *arg, enum log_level level, const char *who, const char *text);
	void *arg;
	enum log_level level;
};

/* Format and pass to the sink; a NULL log or sink swallows the line.  `who` is a short component name. */
void log_put(const struct log *log, enum log_level level, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
const char *log_level_name(enum log_level level);

#endif
