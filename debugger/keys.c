/* SPDX-License-Identifier: GPL-3.0-or-later
 * keys.c - terminal bytes to keystrokes of a US keyboard.
 * Rule: a byte or sequence that no key makes is swallowed, never passed on as something else.
 * Source: xterm control sequences ("PC-Style Function Keys"), console_codes(4); IBM PS/2 technical reference,
 * scan code set 1.
 */
#include "debugger/keys.h"

#include <stdlib.h>
#include <string.h>

enum { ESC = 0x1b, DELETE = 0x7f };
enum { SHIFT = 1, ALT = 2, CTRL = 4 }; /* as xterm counts modifiers, from 1 */
enum { K_ESC = 0x01, K_BACKSPACE = 0x0e, K_TAB = 0x0f, K_ENTER = 0x1c, K_CTRL = 0x1d, K_SHIFT = 0x2a, K_ALT = 0x38 };

/* The keys by make code, plain and with Shift; a space is the space bar or nothing. */
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\0!@#$%^&*()_+\0\0QWERTYUIOP{}\0\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0\0\0\0";

/* What follows ESC [ or ESC O: a final letter, or a number and ~. */
static const struct {
	char letter;
	u8 number;
	u16 key;
} functions[] = {
	{ 'A', 0, 0xe048 }, { 'B', 0, 0xe050 }, { 'C', 0, 0xe04d }, { 'D', 0, 0xe04b }, { 'H', 0, 0xe047 },
	{ 'F', 0, 0xe04f }, { 'P', 0, 0x3b },   { 'Q', 0, 0x3c },   { 'R', 0, 0x3d },   { 'S', 0, 0x3e },
	{ 'M', 0, 0xe01c }, { 'E', 0, 0x4c },   { '~', 1, 0xe047 }, { '~', 2, 0xe052 }, { '~', 3, 0xe053 },
	{ '~', 4, 0xe04f }, { '~', 5, 0xe049 }, { '~', 6, 0xe051 }, { '~', 7, 0xe047 }, { '~', 8, 0xe04f },
	{ '~', 11, 0x3b },  { '~', 12, 0x3c },  { '~', 13, 0x3d },  { '~', 14, 0x3e },  { '~', 15, 0x3f },
	{ '~', 17, 0x40 },  { '~', 18, 0x41 },  { '~', 19, 0x42 },  { '~', 20, 0x43 },  { '~', 21, 0x44 },
	{ '~', 23, 0x57 },  { '~', 24, 0x58 },
};

/* ---- the queue ---- */

static void put(struct keys *k, u16 key, bool down)
{
	k->queue[(k->head + k->count++) % KEYS_QUEUE] = (struct key_event){ key, down };
}

static void stroke(struct keys *k, u16 key, u32 modifiers)
{
	static const struct {
		u32 bit;
		u16 key;
	} order[] = { { CTRL, K_CTRL }, { ALT, K_ALT }, { SHIFT, K_SHIFT } };

	if (k->count + 2 + 2 * ARRAY_LEN(order) > KEYS_QUEUE)
		return;
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (modifiers & order[i].bit)
			put(k, order[i].key, true);
	put(k, key, true);
	put(k, key, false);
	for (size_t i = ARRAY_LEN(order); i-- > 0;)
		if (modifiers & order[i].bit)
			put(k, order[i].key, false);
}

bool keys_next(const struct keys *k, struct key_event *ev)
{
	if (k->count)
		*ev = k->queue[k->head];
	return k->count;
}

void keys_drop(struct keys *k)
{
	k->head = (k->head + 1) % KEYS_QUEUE;
	k->count--;
}

/* ---- characters ---- */

static bool find(const char *row, size_t len, char c, u16 *key)
{
	const char *at = c ? memchr(row, c, len) : NULL;

	if (at)
		*key = (u16)(at - row);
	return at;
}

static void character(struct keys *k, u8 c, u32 modifiers)
{
	u16 key;

	if (c == DELETE || c == '\b')
		stroke(k, K_BACKSPACE, modifiers);
	else if (c == '\n')
		stroke(k, K_ENTER, modifiers);
	else if (find(plain, sizeof(plain) - 1, (char)c, &key))
		stroke(k, key, modifiers);
	else if (find(shifted, sizeof(shifted) - 1, (char)c, &key))
		stroke(k, key, modifiers | SHIFT);
	else if (c == 0)
		character(k, ' ', modifiers | CTRL);
	else if (c < ' ') /* Ctrl-A to Ctrl-Z, and Ctrl with backslash, ^ and _ */
		character(k, c <= 26 ? c + 'a' - 1 : c + '@', modifiers | CTRL);
}

/* ---- escape sequences ---- */

static void function(struct keys *k, char letter, u32 number, u32 modifiers)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (functions[i].letter == letter && (letter != '~' || functions[i].number == number))
			stroke(k, functions[i].key, modifiers);
	if (letter == 'Z') /* Shift-Tab has a sequence of its own */
		stroke(k, K_TAB, SHIFT);
}

enum verdict { MORE, DONE, NOT_ONE };

/* ESC [ number ; modifiers letter, ESC O letter, ESC [ [ letter (the Linux console's F1 to F5). */
static enum verdict sequence(struct keys *k, const u8 *s, u32 n)
{
	u32 number[2] = { 0, 1 }, which = 0;

	if (n < 2)
		return MORE;
	if (s[1] != '[' && s[1] != 'O')
		return NOT_ONE;
	if (n > 2 && s[1] == '[' && s[2] == '[') {
		if (n > 3 && s[3] >= 'A' && s[3] <= 'E')
			stroke(k, (u16)(0x3b + s[3] - 'A'), 0);
		return n > 3 ? DONE : MORE;
	}
	for (u32 i = 2; i < n; i++) {
		if (s[i] >= '0' && s[i] <= '9') {
			if (i == 2 || s[i - 1] == ';')
				number[which] = 0;
			number[which] = (number[which] * 10 + s[i] - '0') % 1000;
		} else if (s[i] == ';') {
			which = 1;
		} else if (s[i] >= '@' && s[i] <= '~') {
			function(k, (char)s[i], number[0], (number[1] - 1) & (SHIFT | ALT | CTRL));
			return DONE;
		} else {
			return DONE; /* no key's: swallow it up to here */
		}
	}
	return n < KEYS_PARTIAL ? MORE : DONE;
}

static void one(struct keys *k, u8 c)
{
	enum verdict v;

	if (!k->npartial && c != ESC) {
		character(k, c, 0);
		return;
	}
	k->partial[k->npartial++] = c;
	v = sequence(k, k->partial, k->npartial);
	if (v == MORE)
		return;
	k->npartial = 0;
	if (v == DONE)
		return;
	if (c == ESC) { /* the first of two was the key; the second may begin something */
		stroke(k, K_ESC, 0);
		k->partial[k->npartial++] = c;
	} else {
		character(k, c, ALT); /* Alt and a key is ESC and that key */
	}
}

void keys_feed(struct keys *k, const u8 *bytes, u32 n)
{
	for (u32 i = 0; i < n; i++)
		one(k, bytes[i]);
}

void keys_pause(struct keys *k)
{
	if (k->npartial == 2) /* ESC [ and ESC O alone are Alt and that character */
		character(k, k->partial[1], ALT);
	else if (k->npartial)
		stroke(k, K_ESC, 0);
	k->npartial = 0;
}
