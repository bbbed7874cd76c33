/* SPDX-License-Identifier: GPL-3.0-or-later
 * keyboard.c - typing at the guest's keyboard.
 * Rule: a keystroke enters the machine only from its outside, when its keyboard has room; so it is
 * recorded like all input.
 */
#include <errno.h>

#include "debugger/session/session-priv.h"

static bool prepare(void *arg, struct outside *o)
{
	struct session *s = arg;

	return s->priv->keyboard.count || s->ui.person;
}

static void deliver(void *arg, struct outside *o)
{
	struct session *s = arg;
	struct keys *k = &s->priv->keyboard;
	struct key_event ev;

	while (keys_next(k, &ev)) {
		const u8 key[] = { (u8)ev.key, (u8)(ev.key >> 8), ev.down };

		if (!vm_receive(s->vm, INPUT_KEY, key, sizeof(key)))
			return;
		keys_drop(k);
	}
}

int session_keyboard_input(struct session *s, const void *bytes, size_t len, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc = 0;

	if (p->foreign)
		return err_set(err, ENOTSUP,
			       "the guest's keyboard is where `vitrine run` has put it; type there");
	if (p->keyboard.count > KEYS_QUEUE / 2 || len > KEYS_QUEUE / 4)
		return err_set(
			err, ENOSPC,
			"the guest's keyboard: %u key events wait already; let the guest run and take them",
			p->keyboard.count);
	if (!p->typing)
		rc = outside_add(&p->outside, (struct outside_source){ prepare, deliver, s }, err);
	if (rc)
		return rc;
	p->typing = true;
	keys_feed(&p->keyboard, bytes, (u32)len);
	keys_pause(&p->keyboard); /* a sequence comes whole: a lone escape character is the key */
	return 0;
}
