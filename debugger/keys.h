/* SPDX-License-Identifier: GPL-3.0-or-later
 * keys.h - from what a terminal sends for a key to what a PC keyboard sends.
 * Rule: a keystroke enters the queue whole (modifiers, key, and all of them up again) or not at all.
 */
#ifndef VITRINE_DEBUGGER_KEYS_H
#define VITRINE_DEBUGGER_KEYS_H

#include "core/base/types.h"

enum { KEYS_QUEUE = 256, KEYS_PARTIAL = 16 };

struct key_event {
	u16 key; /* as kbd_key has it: make code of set 1, E000h for the extended keys */
	bool down;
};

struct keys {
	struct key_event queue[KEYS_QUEUE]; /* a ring */
	u32 head, count;
	u8 partial[KEYS_PARTIAL]; /* the start of an escape sequence */
	u32 npartial;
};

/* Bytes from a terminal.  An escape sequence may be cut anywhere. */
void keys_feed(struct keys *k, const u8 *bytes, u32 n);
/* Nothing has come for a while: an escape character that waits for more was the Esc key. */
void keys_pause(struct keys *k);
/* The next event, which stays until keys_drop; false if there is none. */
bool keys_next(const struct keys *k, struct key_event *ev);
void keys_drop(struct keys *k);

#endif
