/* SPDX-License-Identifier: GPL-3.0-or-later
 * tour-session.h - the tour's guest on a screen without a terminal, for tests.
 * Rule: nothing in it depends on the host: no times, no files, no locale.
 */
#ifndef VITRINE_TESTS_TUI_TOUR_SESSION_H
#define VITRINE_TESTS_TUI_TOUR_SESSION_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debugger/runner.h"
#include "debugger/tui/tour.h"
#include "debugger/tui/tui.h"

struct tour_session {
	int fd;
	char path[40];
	struct machine_options machine;
	struct tui *t;
};

static enum paging_mode tour_paging; /* of the sessions to come */

static inline void tour_session_open_guest(struct tour_session *s, const struct tui_config *c, const u8 guest[TOUR_GUEST])
{
	struct err err = { 0 };

	runner_init(); /* the clock that ticks while the guest runs */
	s->fd = memfd_create("tour", 0);
	if (s->fd < 0 || write(s->fd, guest, TOUR_GUEST) != TOUR_GUEST) {
		perror("tour-session");
		exit(1);
	}
	snprintf(s->path, sizeof(s->path), "/proc/self/fd/%d", s->fd);
	machine_options_init(&s->machine);
	s->machine.image = s->path;
	s->machine.serial = "stdio";
	s->machine.debugcon = "none";
	s->machine.mem = 16 << 20;
	s->machine.paging = tour_paging;
	if (tui_open(&s->t, &s->machine, c, &err)) {
		fprintf(stderr, "tour-session: %s\n", err.text);
		exit(1);
	}
}

static inline void tour_session_open(struct tour_session *s, const struct tui_config *c)
{
	tour_session_open_guest(s, c, tour_guest);
}

static inline void tour_session_close(struct tour_session *s)
{
	tui_close(s->t);
	close(s->fd);
}

static inline void tour_session_keys(struct tour_session *s, const char *keys)
{
	for (; *keys; keys++)
		tui_key(s->t, *keys);
}

#endif
