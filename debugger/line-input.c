/* SPDX-License-Identifier: GPL-3.0-or-later
 * line-input.c - readline for a person, plain reading for the rest.
 * Rule: a signal interrupts the wait for a line, and is looked at when it has.
 */
#include "debugger/line-input.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/verbs/verb.h"

enum { HISTORY_LINES = 2000, READ_BYTES = 4096 };

static struct {
	struct session *s;
	bool person;
	char history[PATH_MAX]; /* "" = none */
	char *rest;             /* of what was read */
	size_t len, room;
	bool ended;
} in;

/* ---- history ---- */

static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc;

		*slash = 0;
		rc = mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (rc)
			return rc;
	}
	return 0;
}

/* $XDG_STATE_HOME/vitrine/history, or ~/.local/state/... (XDG base directory specification) */
static void open_history(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	bool own = state && state[0] == '/';
	int n = snprintf(in.history, sizeof(in.history), "%s%s/vitrine/history", own ? state : home ? home : "",
			 own ? "" : "/.local/state"), rc;

	if ((!own && !home) || n >= (int)sizeof(in.history))
		rc = -ENOENT;
	else
		rc = make_folders(in.history);
	if (!rc && access(in.history, W_OK) && errno != ENOENT)
		rc = -errno;
	if (rc) {
		complain("no history of lines is kept: %.200s: %s", in.history, strerror(-rc));
		in.history[0] = 0;
		return;
	}
	using_history();
	read_history(in.history);
	stifle_history(HISTORY_LINES);
}

void line_input_remember(const char *text)
{
	HIST_ENTRY *last = in.person && history_length ? history_get(history_base + history_length - 1) : NULL;

	if (in.person && *text && (!last || strcmp(last->line, text)))
		add_history(text);
}

/* ---- readline ---- */

static char *candidate(const char *text, int i)
{
	size_t start;

	return verb_complete(in.s, rl_line_buffer, (size_t)rl_point, i, &start);
}

/* readline finds the word's begin itself; where verb_complete has another opinion, its candidates are cut. */
static char **complete(const char *text, int start, int end)
{
	size_t from = (size_t)start;
	char *first = verb_complete(in.s, rl_line_buffer, (size_t)end, 0, &from);

	rl_attempted_completion_over = 1;
	if (!first || from != (size_t)start) {
		free(first);
		return NULL;
	}
	size_t len = strlen(first);
	rl_completion_append_character = len && (first[len - 1] == '/' || first[len - 1] == '(') ? 0 : ' ';
	free(first);
	return rl_completion_matches(text, candidate);
}

/* Ctrl-C cancels the line; SIGTERM and SIGHUP end the reading. */
static int on_signal(void)
{
	if (runner_interrupted()) {
		rl_replace_line("", 0);
		rl_crlf();
		rl_done = 1;
	}
	if (runner_signal())
		rl_done = 1;
	return 0;
}

void line_input_open(struct session *s, bool person)
{
	in.s = s;
	in.person = person;
	if (!person)
		return;
	open_history();
	rl_readline_name = "vitrine";
	rl_basic_word_break_characters = " \t\n\"'()[]{},;=+*/%&|<>!~";
	rl_attempted_completion_function = complete;
	rl_signal_event_hook = on_signal;
	rl_event_hook = on_signal; /* asked often, so that rl_done is looked at */
	rl_variable_bind("enable-bracketed-paste", "off");
}

void line_input_close(void)
{
	if (in.person && in.history[0] && write_history(in.history))
		complain("the history of lines could not be written: %.200s", in.history);
	free(in.rest);
	memset(&in, 0, sizeof(in));
}

/* ---- without a person ---- */

/* More bytes from standard input; false at its end. */
static bool read_more(void)
{
	struct pollfd fd = { .fd = 0, .events = POLLIN };
	ssize_t n;

	if (in.room - in.len < READ_BYTES) {
		char *more = realloc(in.rest, in.room + 2 * READ_BYTES);

		if (!more)
			return false;
		in.rest = more;
		in.room += 2 * READ_BYTES;
	}
	do {
		if (poll(&fd, 1, -1) < 0 && errno == EINTR && (runner_signal() || runner_interrupted()))
			return false;
		n = read(0, in.rest + in.len, READ_BYTES);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		return false;
	in.len += (size_t)n;
	return true;
}

static char *plain_line(void)
{
	char *end, *line;
	size_t n;

	while (!(end = in.len ? memchr(in.rest, '\n', in.len) : NULL) && !in.ended)
		in.ended = !read_more();
	if (!in.len || runner_signal())
		return NULL;
	n = end ? (size_t)(end - in.rest) : in.len;
	line = strndup(in.rest, n);
	n += end != NULL;
	in.len -= n;
	memmove(in.rest, in.rest + n, in.len);
	return line;
}

char *line_input(const char *prompt)
{
	char *line;

	fflush(stdout);
	runner_interrupted();
	if (in.person) {
		line = readline(prompt);
		return runner_signal() ? NULL : line;
	}
	line = plain_line();
	if (line)
		printf("%s%s\n", prompt, line); /* so that the output reads like a session */
	fflush(stdout);
	return line;
}
