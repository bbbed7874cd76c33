/* SPDX-License-Identifier: GPL-3.0-or-later
 * session-rig.h - a session over a small guest, and a front end that keeps what it is told.
 * Rule: included by a test program once.
 */
#ifndef VITRINE_TESTS_UNIT_SESSION_RIG_H
#define VITRINE_TESTS_UNIT_SESSION_RIG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/snapshot.h"
#include "core/timeline.h"
#include "debugger/runner.h"
#include "debugger/session/session.h"
#include "debugger/verbs/verb.h"
#include "tests/unit/unit.h"

/* At 7C00: sets up the PIT (1 ms), the PIC (vector 8) and interrupts; then for ever a letter to COM1, a loop over
 * memory, REP INSB of the clock's data port, RDRAND, HLT.  The handler counts at 502h. */
static const u8 guest[] = {
	0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xc7, 0x06, 0x20, 0x00,
	0x69, 0x7c, 0xa3, 0x22, 0x00, 0xb0, 0x34, 0xe6, 0x43, 0xb0, 0xa9, 0xe6, 0x40, 0xb0, 0x04, 0xe6,
	0x40, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6,
	0x21, 0xb0, 0xfe, 0xe6, 0x21, 0xfb, 0xba, 0xf8, 0x03, 0xa0, 0x74, 0x7c, 0xee, 0xfe, 0x06, 0x74,
	0x7c, 0x80, 0x26, 0x74, 0x7c, 0x4f, 0x80, 0x0e, 0x74, 0x7c, 0x40, 0xb9, 0x32, 0x00, 0x01, 0x0e,
	0x00, 0x05, 0xe2, 0xfa, 0xbf, 0x00, 0x06, 0xb9, 0x03, 0x00, 0xba, 0x71, 0x00, 0xf3, 0x6c, 0x66,
	0x0f, 0xc7, 0xf0, 0xa3, 0x04, 0x05, 0xf4, 0xeb, 0xcd, 0xff, 0x06, 0x02, 0x05, 0x50, 0xb0, 0x20,
	0xe6, 0x20, 0x58, 0xcf, 0x41,
};
static struct err err;
/* ---- a front end ---- */

struct front {
	struct buf text, console;
	u32 ticks, pause_at;
	struct session *s;
	int nested;
};

static void on_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	struct front *f = arg;

	buf_put(kind == SAY_CONSOLE ? &f->console : &f->text, text, len);
}

static inline void on_tick(void *arg)
{
	struct front *f = arg;

	if (++f->ticks == 1)
		f->nested = session_run(f->s, (struct amount){ 1, BY_INSN }, NULL);
	if (f->ticks == f->pause_at)
		session_pause(f->s);
}

static void image_file(const u8 *code, size_t len, char *path, size_t size)
{
	u8 sector[512] = { 0 };
	int fd = memfd_create("guest", 0);

	memcpy(sector, code, len);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ck_assert(fd >= 0 && write(fd, sector, sizeof(sector)) == sizeof(sector));
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

static struct session *open_with(const u8 *code, size_t len, struct front *f, const struct machine_options *o)
{
	static char path[40];
	struct session_ui ui = { .say = on_say, .arg = f };
	struct machine_options opt = *o;
	struct session *s;

	memset(f, 0, sizeof(*f));
	image_file(code, len, path, sizeof(path));
	ck_assert(!machine_options_check(&opt, &(struct args_rest){ .item = { path }, .n = 1 }, &err));
	ck_assert_msg(session_open(&s, &opt, &ui, &err) == 0, "%s", err.text);
	f->s = s;
	return s;
}

static struct machine_options options(void)
{
	struct machine_options o;

	machine_options_init(&o);
	o.mem = 4 << 20;
	return o;
}

static inline struct session *session(struct front *f)
{
	struct machine_options o = options();

	return open_with(guest, sizeof(guest), f, &o);
}

static inline void closed(struct session *s, struct front *f)
{
	session_close(s);
	buf_free(&f->text);
	buf_free(&f->console);
}

#define RUN(s, n, unit) ck_assert_msg(session_run(s, (struct amount){ n, unit }, &err) == 0, "%s", err.text)
#define STEP(s, n, unit) ck_assert_msg(session_step(s, (struct amount){ n, unit }, &err) == 0, "%s", err.text)
#define BACK(s, n, unit) ck_assert_msg(session_back(s, (struct amount){ n, unit }, &err) == 0, "%s", err.text)

#endif
