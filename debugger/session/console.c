/* SPDX-License-Identifier: GPL-3.0-or-later
 * console.c - the guest's console in a session: to the front end, and from there.
 * Rule: what the guest sends goes on unchanged; a byte enters the machine only when its console listens and has room.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/session/session-priv.h"

static void remember(struct session_priv *p, u8 byte)
{
	if (byte == '\n') {
		while (p->line_len && p->line[p->line_len - 1] == '\r')
			p->line_len--;
		memcpy(p->last_line, p->line, p->line_len);
		p->last_line[p->line_len] = 0;
		p->line_len = 0;
	} else if (p->line_len < SESSION_LINE - 1) {
		p->line[p->line_len++] = byte ? (char)byte : ' ';
	}
}

/* Raw bytes of the console; the debug console's lines are something that the machine has to say. */
static void put(void *arg, const char *who, u8 byte)
{
	struct session *s = arg;
	struct session_priv *p = s->priv;

	if (s->searching) /* it was said before */
		return;
	if (!strcmp(who, p->console.serial.label)) {
		remember(p, byte);
		if (p->console.serial.screen && s->ui.say)
			s->ui.say(s->ui.arg, SAY_CONSOLE, (const char *)&byte, 1);
	}
	console_put(&p->console, who, byte);
}

static void put_line(void *arg, const char *label, const char *text, size_t len)
{
	session_say(arg, SAY_LOG, "%s| %.*s\n", label, (int)len, text);
}

int session_console_open(struct session *s, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc = console_open_for(&p->console, &p->opt, put_line, s, err);

	p->console.line.person = s->ui.person;
	if (!rc)
		rc = console_attach(&p->console, &p->outside, s->vm, s->pc, err);
	s->vm->put_byte = put;
	s->vm->put_arg = s;
	return rc;
}

void session_console_close(struct session *s)
{
	struct err err = { 0 };

	if (s->vm)
		s->vm->put_byte = NULL;
	if (console_close(&s->priv->console, &err))
		session_say(s, SAY_ERROR, "%s\n", err.text);
}

int session_console_input(struct session *s, const void *bytes, size_t len, struct err *err)
{
	if (s->priv->foreign)
		return err_set(err, ENOTSUP, "the guest's console is where `vitrine run` has put it; type there");
	return serial_type(&s->priv->console.line, bytes, len, err);
}

const char *session_last_line(const struct session *s)
{
	return s->priv->last_line;
}
