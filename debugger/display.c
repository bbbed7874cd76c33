/* SPDX-License-Identifier: GPL-3.0-or-later
 * display.c - one source of the outside: it draws every now and then, and hands on the keys.
 * Rule: drawing goes by the host's time and never asks the guest for anything; so a run that is watched ends in the
 * same state as one that is not, key for key.
 */
#include "debugger/display.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/clock.h"
#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/terminal.h"
#include "devices/pc.h"

enum { COLUMNS = 80, ROWS = 24, MESSAGES_MAX = 16 << 10 };
#define DRAW_NS 40000000ull   /* 25 times a second */
#define ESCAPE_NS 50000000ull /* after so long an escape character was the Esc key */
/* The alternate screen, whole, without the cursor; and back. */
#define ENTER_SCREEN "\033[?1049h\033[0m\033[2J\033[?25l"
#define LEAVE_SCREEN "\033[0m\033[?25h\033[?1049l"

/* ---- what the terminal is ---- */

static bool is_utf8(void)
{
	locale_t l = newlocale(LC_CTYPE_MASK, "", 0);
	bool yes = l && !strcmp(nl_langinfo_l(CODESET, l), "UTF-8");

	if (l)
		freelocale(l);
	return yes;
}

static struct canvas_kind terminal_kind(void)
{
	const char *term = getenv("TERM"), *colour = getenv("COLORTERM"), *no_color = getenv("NO_COLOR");
	struct canvas_kind kind = { .utf8 = is_utf8(), .colours = COLOURS_16 };

	if (!term || !*term || !strcmp(term, "dumb"))
		return (struct canvas_kind){ .dumb = true };
	if (colour && (!strcmp(colour, "truecolor") || !strcmp(colour, "24bit")))
		kind.colours = COLOURS_RGB;
	else if (strstr(term, "256color"))
		kind.colours = COLOURS_256;
	if ((no_color && *no_color) || !strncmp(term, "vt", 2))
		kind.colours = COLOURS_NONE;
	return kind;
}

static void resize(struct display *d)
{
	struct winsize w = { 0 };
	bool known = !ioctl(1, TIOCGWINSZ, &w) && w.ws_col && w.ws_row;

	/* On -ENOMEM it keeps the old size: a part of the picture is better than none. */
	(void)canvas_resize(&d->canvas, known ? w.ws_col : COLUMNS, known && !d->canvas.kind.dumb ? w.ws_row : ROWS + 1);
}

/* ---- drawing ---- */

/* False: the terminal did not take all of it.  If it is gone, SIGHUP ends the run. */
static bool send(const struct buf *b)
{
	size_t done = 0;

	while (done < b->len && !b->failed) {
		ssize_t n = write(1, b->data + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return !b->failed;
}

static void draw(struct display *d)
{
	struct buf out = { 0 };

	if (terminal_resumed())
		canvas_refresh(&d->canvas);
	resize(d);
	canvas_draw(&d->canvas, pc_vga(d->pc), &out);
	if (!send(&out))
		canvas_refresh(&d->canvas);
	buf_free(&out);
}

/* ---- keys ---- */

static void take(struct display *d)
{
	u8 bytes[64], *leave;
	ssize_t n = read(0, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	leave = n > 0 ? memchr(bytes, TERMINAL_LEAVE, (size_t)n) : bytes;
	if (leave) {
		n = leave - bytes;
		runner_leave(); /* the key, or the terminal is gone */
	}
	keys_feed(&d->keys, bytes, (u32)n);
	d->key_ns = clock_host_ns();
}

/* The keyboard takes a few bytes at a time; the rest waits here. */
static void type(struct display *d)
{
	struct key_event ev;

	while (keys_next(&d->keys, &ev)) {
		const u8 key[] = { (u8)ev.key, (u8)(ev.key >> 8), ev.down };

		if (!vm_receive(d->vm, INPUT_KEY, key, sizeof(key)))
			break;
		keys_drop(&d->keys);
	}
}

/* ---- a source of the outside ---- */

static bool prepare(void *arg, struct outside *o)
{
	struct display *d = arg;

	d->watch = terminal_is_raw() ? outside_watch(o, 0, POLLIN) : -1;
	outside_within(o, DRAW_NS);
	return true;
}

static void deliver(void *arg, struct outside *o)
{
	struct display *d = arg;
	u64 now = clock_host_ns();

	if (outside_ready(o, d->watch))
		take(d);
	else if (d->keys.npartial && now - d->key_ns > ESCAPE_NS)
		keys_pause(&d->keys);
	type(d);
	if (now < d->next_ns || !terminal_is_raw())
		return;
	draw(d);
	d->next_ns = now + DRAW_NS;
}

int display_open(struct display *d, struct outside *outside, struct vm *vm, struct pc *pc, struct err *err)
{
	struct canvas_kind kind = terminal_kind();
	int rc;

	memset(d, 0, sizeof(*d));
	if (!isatty(0) || !isatty(1))
		return err_set(err, ENOTTY, "--display terminal: standard input or output is no terminal; without one, "
			       "--screendump FILE.png keeps the last screen");
	d->vm = vm;
	d->pc = pc;
	rc = canvas_open(&d->canvas, kind, err);
	if (!rc)
		rc = outside_add(outside, (struct outside_source){ prepare, deliver, d }, err);
	if (rc) {
		canvas_close(&d->canvas);
		return rc;
	}
	complain("the guest has this terminal now; " TERMINAL_LEAVE_NAME " leaves");
	if (!kind.dumb)
		terminal_texts(ENTER_SCREEN, LEAVE_SCREEN);
	terminal_raw();
	d->on = true;
	return 0;
}

/* What the guest showed last, as plain lines: the alternate screen is gone with it. */
static void leave_last_screen(struct display *d)
{
	struct canvas_kind lines = { .dumb = true, .utf8 = d->canvas.kind.utf8 };
	u32 columns = d->canvas.columns, rows = ROWS + 1;
	struct buf out = { 0 };

	canvas_close(&d->canvas);
	if (!canvas_open(&d->canvas, lines, NULL) && !canvas_resize(&d->canvas, columns, rows)) {
		canvas_draw(&d->canvas, pc_vga(d->pc), &out);
		send(&out);
	}
	buf_free(&out);
}

void display_close(struct display *d)
{
	if (!d->on)
		return;
	d->on = false;
	draw(d);
	terminal_restore();
	if (!d->canvas.kind.dumb)
		leave_last_screen(d);
	canvas_close(&d->canvas);
	for (char *at = d->messages.len ? (char *)buf_text(&d->messages) : NULL; at && *at;) {
		char *end = strchr(at, '\n');

		*end = 0;
		complain("%s", at);
		at = end + 1;
	}
	buf_free(&d->messages);
}

void display_message(struct display *d, const char *text)
{
	if (d->messages.len < MESSAGES_MAX)
		buf_printf(&d->messages, "%.400s\n", text);
}
