/* SPDX-License-Identifier: GPL-3.0-or-later
 * rig.h - sessions for the fuzz targets that drive a debugger.
 * Rule: what cannot be built here is a fault of the target, not of its input: it aborts.
 */
#ifndef VITRINE_TESTS_FUZZ_RIG_H
#define VITRINE_TESTS_FUZZ_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debugger/machine.h"
#include "debugger/session/session.h"
#include "debugger/trap/run.h"

/* What the front end is told is text, but for the console's bytes. */
static inline void rig_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	if (kind != SAY_CONSOLE && memchr(text, 0, len))
		abort();
}

/* Around a machine that has `budget` instructions to live, and may stop after each few of them. */
static inline struct session *rig_around(struct vm *vm, struct pc *pc, u64 budget, bool past)
{
	static struct machine_options options;
	const struct machine machine = { .vm = vm, .pc = pc };
	const struct session_ui ui = { .say = rig_say };
	struct session *s;
	struct err err = { 0 };

	machine_options_init(&options);
	options.budget = budget;
	if (session_around(&s, &machine, &options, past, &ui, &err))
		abort();
	return s;
}

static inline void rig_silent(void *arg, enum say_kind kind, const char *text, size_t len)
{
}

/* The name of a boot sector with this code, made when it is first asked for. */
static inline const char *rig_guest(const u8 *code, size_t len)
{
	static char path[40];
	u8 sector[512] = { 0 };
	int fd;

	if (path[0])
		return path;
	memcpy(sector, code, len);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	fd = memfd_create("guest", 0);
	if (fd < 0 || write(fd, sector, sizeof(sector)) != sizeof(sector))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* A session with that guest, in 1 MiB, whose scripts keep to the limits. */
static inline struct session *rig_open(const char *guest, u64 budget, const struct trap_limits *limits)
{
	const struct session_ui ui = { .say = rig_silent };
	struct machine_options o;
	struct session *s;
	struct err err = { 0 };

	machine_options_init(&o);
	if (machine_options_check(&o, &(struct args_rest){ .item = { guest }, .n = 1 }, &err))
		abort();
	o.mem = 1 << 20;
	o.budget = budget;
	if (session_open(&s, &o, &ui, &err))
		abort();
	trap_close(s->trap);
	s->trap = trap_open(s, limits);
	if (!s->trap)
		abort();
	return s;
}

#endif
