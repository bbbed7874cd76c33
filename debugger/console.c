/* SPDX-License-Identifier: GPL-3.0-or-later
 * console.c - from the guest's ports to files, terminals and JSON lines.
 * Rule: a guest can send anything; only the raw form passes control characters on.
 */
#include "debugger/console.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/utf8.h"

static void print_line(const struct channel *ch)
{
	if (ch->to == stderr)
		fflush(stdout); /* in the order of events, wherever the two go */
	fprintf(ch->to, "%s| ", ch->label);
	for (u32 i = 0; i < ch->n; i++) {
		u8 c = ch->line[i];
		if (c == '\r' && i + 1 == ch->n)
			break;
		if (c == '\t' || (c >= ' ' && c != 0x7f))
			putc(c, ch->to);
		else
			fprintf(ch->to, "\\x%02x", c);
	}
	putc('\n', ch->to);
}

/* JSON wants UTF-8, a guest sends bytes: those beyond ASCII are taken as Latin-1. */
static void json_line(FILE *json, const struct channel *ch)
{
	char text[CONSOLE_LINE * 2 + UTF8_MOST + 1];
	size_t n = 0;

	for (u32 i = 0; i < ch->n; i++)
		n += utf8_bytes((u8)ch->line[i], text + n);
	json_t *o = json_pack("{s:s, s:s, s:o}", "event", "console", "channel", ch->label, "text",
			      json_stringn(text, n));
	char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
	if (line)
		fprintf(json, "%s\n", line);
	free(line);
	json_decref(o);
}

static void end_line(struct console *c, struct channel *ch)
{
	if (ch->n && ch->gather && c->say)
		c->say(c->say_arg, ch->label, (const char *)ch->line, ch->n);
	if (ch->n && ch->gather && ch->to)
		print_line(ch);
	if (ch->n && c->json)
		json_line(c->json, ch);
	ch->n = 0;
}

void console_put(struct console *c, const char *who, u8 byte)
{
	/* A console that nobody looks at (COM1 beside a virtio console) is not mixed into the other's lines. */
	struct channel *ch = !strcmp(who, "debugcon") ? &c->debugcon : !strcmp(who, c->serial.label) ? &c->serial : &c->other;

	if (ch->to && !ch->gather) {
		if (ch->screen)
			runner_terminal_byte(byte);
		putc(byte, ch->to);
	}
	if (ch == &c->serial)
		serial_send(&c->line, byte);
	if (ch->gather || c->json) {
		if (byte != '\n')
			ch->line[ch->n++] = byte;
		if (byte == '\n' || ch->n == CONSOLE_LINE)
			end_line(c, ch);
	}
	if (!output_ok())
		vm_request_stop(c->vm);
}

static void put(void *arg, const char *who, u8 byte)
{
	console_put(arg, who, byte);
}

static int open_file(struct channel *ch, const char *what, const char *path, struct err *err)
{
	ch->to = fopen(path, "we");
	if (!ch->to)
		return err_set(err, errno, "%s %.160s: %s", what, path, strerror(errno));
	setvbuf(ch->to, NULL, _IONBF, 0); /* who follows the file sees a prompt, too */
	ch->own = true;
	return 0;
}

static int open_files(struct console *c, const struct machine_options *o, struct err *err)
{
	int rc = 0;

	memset(c, 0, sizeof(*c));
	serial_init(&c->line);
	c->serial.label = o->virtio_console ? "virtio-console" : "uart";
	c->other.label = o->virtio_console ? "uart" : "virtio-console";
	c->debugcon.label = "debugcon";
	if (file_place(o->serial))
		rc = open_file(&c->serial, "--serial", file_place(o->serial), err);
	if (file_place(o->debugcon) && !rc)
		rc = open_file(&c->debugcon, "--debugcon", file_place(o->debugcon), err);
	return rc;
}

static int open_line(struct console *c, const struct machine_options *o, bool here, int rc, struct err *err)
{
	if (!rc && !here)
		rc = serial_open(&c->line, o->serial, err);
	c->line.virtio = o->virtio_console;
	if (rc)
		console_close(c, NULL);
	return rc;
}

int console_open_for(struct console *c, const struct machine_options *o,
		     void (*say)(void *arg, const char *label, const char *text, size_t len), void *arg, struct err *err)
{
	bool here = !strcmp(o->serial, "stdio");
	int rc = open_line(c, o, here, open_files(c, o, err), err);

	if (rc)
		return rc;
	c->say = say;
	c->say_arg = arg;
	c->serial.screen = here;
	c->debugcon.gather = !file_place(o->debugcon) && strcmp(o->debugcon, "none");
	return 0;
}

int console_open(struct console *c, const struct machine_options *o, FILE *json, struct err *err)
{
	bool printing = o->exits || (o->trace && !o->json);
	int rc = open_line(c, o, false, open_files(c, o, err), err);

	if (rc)
		return rc;
	c->json = json;
	if (!strcmp(o->serial, "stdio"))
		c->serial.to = stdout;
	if (!strcmp(o->debugcon, "stdout"))
		c->debugcon.to = stdout;
	else if (!strcmp(o->debugcon, "stderr"))
		c->debugcon.to = stderr;
	if (json == stdout && c->serial.to == stdout)
		c->serial.to = NULL; /* there as JSON lines already */
	if (json == stdout && c->debugcon.to == stdout)
		c->debugcon.to = NULL;
	c->serial.screen = c->serial.to && !c->serial.own;
	c->debugcon.screen = c->debugcon.to && !c->debugcon.own;
	c->serial.gather = printing && c->serial.screen;
	c->debugcon.gather = printing && c->debugcon.screen;
	if (isatty(1) || !printing) /* a person waits for it; long listings are better written in large pieces */
		setvbuf(stdout, NULL, isatty(1) && !printing ? _IONBF : _IOLBF, BUFSIZ);
	return 0;
}

int console_attach(struct console *c, struct outside *outside, struct vm *vm, struct pc *pc, struct err *err)
{
	c->vm = vm;
	vm->put_byte = put;
	vm->put_arg = c;
	return serial_attach(&c->line, outside, vm, pc, err);
}

static int close_channel(struct console *c, struct channel *ch, struct err *err)
{
	bool bad;

	end_line(c, ch);
	if (!ch->own)
		return 0;
	bad = ferror(ch->to);
	if (fclose(ch->to) || bad)
		return err_set(err, EIO, "the file for the %s could not be written completely", ch->label);
	return 0;
}

int console_close(struct console *c, struct err *err)
{
	int a = close_channel(c, &c->serial, err), b = close_channel(c, &c->debugcon, err);

	end_line(c, &c->other);

	serial_close(&c->line);
	memset(c, 0, sizeof(*c));
	serial_init(&c->line);
	return a ? a : b;
}
