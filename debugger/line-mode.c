/* SPDX-License-Identifier: GPL-3.0-or-later
 * line-mode.c - the prompt: statements are gathered, run, and their answers shown, piped or paged.
 * Rule: what a line has to say goes to standard output, what is wrong with it to standard error.
 */
#include "debugger/line-mode.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "debugger/args.h"
#include "debugger/line-input.h"
#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/session/session.h"
#include "debugger/status.h"
#include "debugger/trap/trap.h"
#include "debugger/verbs/verb.h"

#define PROMPT "trap> "
#define PROMPT_MORE "....> "
enum { CONSOLE_LINE_ = 200, STATEMENT_MAX = 1 << 20, WORD_MAX_ = 64 };

struct line_mode {
	struct session *s;
	bool person;
	struct buf *capture;              /* what is said goes there, or NULL */
	char console[CONSOLE_LINE_];      /* a line of the guest's that has no end yet */
	size_t nconsole;
};

/* ---- what is said ---- */

static void console_line(struct line_mode *m)
{
	if (m->nconsole && m->console[m->nconsole - 1] == '\r')
		m->nconsole--;
	if (m->nconsole)
		printf("console| %.*s\n", (int)m->nconsole, m->console);
	m->nconsole = 0;
}

/* Whole lines; a guest can send anything, so only what can be printed is. */
static void console(struct line_mode *m, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			console_line(m);
			continue;
		}
		if (m->nconsole == CONSOLE_LINE_)
			console_line(m);
		if (text[i] == '\r' || text[i] == '\t' || (unsigned char)text[i] >= ' ')
			m->console[m->nconsole++] = text[i] == 0x7f ? '.' : text[i];
	}
	fflush(stdout);
}

static void say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	struct line_mode *m = arg;

	if (kind == SAY_CONSOLE) {
		console(m, text, len);
	} else if (kind == SAY_TEXT && m->capture) {
		buf_put(m->capture, text, len);
	} else {
		console_line(m);
		fflush(stdout);
		fwrite(text, 1, len, kind == SAY_ERROR ? stderr : stdout);
		fflush(stdout);
	}
}

/* ---- where the answer goes ---- */

static u32 rows_of(const struct buf *text, u32 columns)
{
	u32 rows = 0, column = 0;

	for (size_t i = 0; i < text->len; i++) {
		column = text->data[i] == '\n' ? 0 : column + 1;
		rows += text->data[i] == '\n' || column == columns;
	}
	return rows;
}

static void pour(const char *command, const struct buf *text)
{
	FILE *to;

	fflush(stdout);
	to = popen(command, "w");
	if (!to) {
		complain("| %.100s: %s", command, strerror(errno));
		return;
	}
	fwrite(text->data, 1, text->len, to);
	pclose(to); /* its status is the command's own affair */
}

/* Longer than the screen, before a person: the pager's. */
static void show(struct line_mode *m, const struct buf *text, const char *command)
{
	const char *pager = getenv("PAGER"), *term = getenv("TERM");
	struct winsize w = { 0 };

	console_line(m);
	if (command)
		pour(command, text);
	else if (m->person && term && strcmp(term, "dumb") && !ioctl(1, TIOCGWINSZ, &w) && w.ws_row &&
		 rows_of(text, w.ws_col) >= w.ws_row && (!pager || *pager))
		pour(pager ? pager : "less -FRX || more", text);
	else
		fwrite(text->data, 1, text->len, stdout);
}

static bool is_program(const char *word, size_t len)
{
	const char *path = getenv("PATH");
	char file[1024];

	if (memchr(word, '/', len))
		return snprintf(file, sizeof(file), "%.*s", (int)len, word) < (int)sizeof(file) && !access(file, X_OK);
	for (const char *at = path; at && *at; at += strcspn(at, ":"), at += *at == ':') {
		int n = snprintf(file, sizeof(file), "%.*s/%.*s", (int)strcspn(at, ":"), at, (int)len, word);

		if (n < (int)sizeof(file) && !access(file, X_OK))
			return true;
	}
	return false;
}

/* `exits | grep IO`: cuts the line and returns the command.  In `$rax | 3` no program is named: that is Trap's. */
static char *cut_pipe(char *line)
{
	bool quoted = false;

	for (char *at = line; *at; at++) {
		quoted ^= *at == '"';
		if (quoted || *at != '|')
			continue;
		if (at[1] == '|' || at[1] == '=') {
			at++;
			continue;
		}
		char *word = at + 1 + strspn(at + 1, " \t");
		size_t len = strcspn(word, " \t|;<>&");
		if (isalpha((unsigned char)*word) || *word == '/' || *word == '.') {
			if (len && len < WORD_MAX_ && is_program(word, len)) {
				*at = 0;
				return word;
			}
		}
	}
	return NULL;
}

/* ---- a statement ---- */

/* True: the user wants to leave. */
static bool execute(struct line_mode *m, char *line)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	char *command = cut_pipe(line);
	int rc;

	m->capture = command ? &out : NULL;
	rc = verb_line(m->s, line, &out, &err);
	m->capture = NULL;
	if (out.failed)
		complain("no memory for the answer");
	else if (out.len || command)
		show(m, &out, command);
	console_line(m);
	fflush(stdout);
	if (rc < 0 && err.text[0])
		fprintf(stderr, "error: %s\n", err.text);
	buf_free(&out);
	return rc == VERB_QUIT;
}

/* A statement may need more lines: a brace that is open.  NULL: the end. */
static char *statement(void)
{
	char *all = line_input(PROMPT), *line, *more;
	size_t len = all ? strlen(all) : 0;

	while (all && len < STATEMENT_MAX && trap_is_incomplete(all, len)) {
		line = line_input(PROMPT_MORE);
		if (!line)
			break;
		if (asprintf(&more, "%s\n%s", all, line) < 0)
			more = NULL;
		free(line);
		free(all);
		all = more;
		len = all ? strlen(all) : 0;
	}
	return all;
}

static void prompt(struct line_mode *m)
{
	char *line;
	bool leaves = false;

	while (!leaves && !runner_signal() && output_ok() && (line = statement())) {
		line_input_remember(line);
		leaves = execute(m, line);
		free(line);
	}
	if (!leaves && m->person)
		printf("\n");
}

/* ---- the whole ---- */

char *first_line_text(const struct first_line *f)
{
	const char *at = f->kind == 's' ? strrchr(f->text, '@') : NULL;
	char *line = NULL;
	int n;

	if (f->kind == 'x')
		n = asprintf(&line, "source \"%s\"", f->text);
	else if (at)
		n = asprintf(&line, "symbols \"%.*s\" %s", (int)(at - f->text), f->text, at + 1);
	else
		n = asprintf(&line, f->kind == 's' ? "symbols \"%s\"" : "%s", f->text);
	return n < 0 ? NULL : line;
}

static bool run_first(struct line_mode *m, const struct first_lines *first)
{
	bool leaves = false;

	for (int i = 0; i < first->n && !leaves; i++) {
		char *line = first_line_text(&first->line[i]);

		if (line)
			leaves = execute(m, line);
		free(line);
	}
	return leaves;
}

int line_mode(const struct machine_options *o, const struct first_lines *first)
{
	struct line_mode m = { .person = isatty(0) && isatty(1) };
	const struct session_ui ui = { .say = say, .arg = &m };
	struct err err = { 0 };
	int status;

	runner_init();
	runner_pauses(true);
	if (session_open(&m.s, o, &ui, &err)) {
		complain("%s", err.text);
		return err.code == ENOSYS ? STATUS_SKIPPED : STATUS_USAGE;
	}
	line_input_open(m.s, m.person);
	if (m.person)
		printf("help lists what can be typed; Ctrl-C pauses the guest, quit or Ctrl-D leaves\n");
	if (!run_first(&m, first))
		prompt(&m);
	line_input_close();
	status = runner_signal() ? STATUS_SIGNAL + runner_signal() : m.s->status;
	session_close(m.s);
	return status;
}
