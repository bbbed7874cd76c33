/* SPDX-License-Identifier: GPL-3.0-or-later
 * tui.c - fuzz target: the input is keys, clicks and sizes for the debugger's screen.
 * Rule: whatever is typed, the screen leaves only after q and y, is drawn at any size, and keeps its prompt's text.
 *
 * Bytes are keys; from 128 on they choose: function keys, clicks, sizes, or a whole line that makes sense.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/tui/tour-session.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { KEYS_MOST = 400, FIRST_FUNCTION = 128, FIRST_LINE = 160, FIRST_SIZE = 192, FIRST_CLICK = 224 };

static const char *const lines[] = {
	":step 20insn\n", ":step 2exits\n", ":back 1exit\n", ":break 0x7c80\n", ":print $rax\n", ":on exit(IO) { stop; }\n", ":exits\n",
	":delete 1\n", ":help\n", ":regs\n", ":snapshot \"a\"\n", ":restore \"a\"\n", ":inject nmi\n", ":on exit {\n", ":}\n", ":mark x\n",
	":quit\n", ":tables\n", ":irqs\n", ":queues\n", ":bt\n", ":disasm\n", ":walk $rip\n", ":devices\n", ":stats\n", ":watch 0x7c00\n",
	":run for 1us\n", ":goto 50\n", ":let a = 1\n", ":print a +\n", ":x 0x7c00\n", ":cpu 0\n",
};

static u32 number(const u8 *data, size_t size, size_t *at)
{
	return *at < size ? data[(*at)++] : 7;
}

static void resize(struct tui *t, u32 kind, u32 a, u32 b)
{
	static const u16 sizes[][2] = { { 24, 80 }, { 50, 160 }, { 12, 40 }, { 1, 1 }, { 200, 400 }, { 11, 200 }, { 100, 39 }, { 3, 20 } };

	if (kind & 8)
		tui_resize(t, 1 + a % 200, 1 + (b * 2) % 400);
	else
		tui_resize(t, sizes[kind & 7][0], sizes[kind & 7][1]);
}

/* Something is on every screen, and the cursor is on it. */
static void look(struct tui *t)
{
	const struct cells *c = tui_draw(t);

	if (c->cursor_row >= (i32)c->rows || c->cursor_col >= (i32)c->cols)
		abort();
}

/* After y behind a question, and only then, the user has left. */
static void press(struct tui *t, int key)
{
	bool left = tui_leaves(t);

	tui_key(t, key);
	if (!left && tui_leaves(t) && key != 'y' && key != 'Y')
		abort();
}

static void play(struct tui *t, const u8 *data, size_t size)
{
	size_t at = 0;

	for (int n = 0; at < size && n < KEYS_MOST && !tui_leaves(t); n++) {
		u32 b = number(data, size, &at);
		if (b < FIRST_FUNCTION)
			press(t, b == '\r' ? '\n' : (int)b);
		else if (b < FIRST_LINE)
			press(t, b & 16 ? KEY_UNICODE_ + (int)(number(data, size, &at) * 61) : KEY_UP_ + (int)(b & 15) % 11);
		else if (b < FIRST_SIZE)
			for (const char *c = lines[b - FIRST_LINE]; *c && !tui_leaves(t); c++)
				press(t, *c);
		else if (b < FIRST_CLICK)
			resize(t, b, number(data, size, &at), number(data, size, &at));
		else
			tui_mouse(t, (i32)number(data, size, &at), (i32)number(data, size, &at), (int)(b & 7));
		if (n % 4 == 0)
			look(t);
	}
	look(t);
}

/* While the guest runs the keys go on, a few at a time. */
struct running { struct tui *t; const u8 *data; size_t size, at; };

static void refresh(void *arg)
{
	struct running *r = arg;

	if (!r->t)
		return;
	for (int i = 0; i < 4 && r->at < r->size; i++)
		press(r->t, r->data[r->at++] & 0x7f);
	look(r->t);
	press(r->t, 3);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct running r = { .data = data, .size = size };
	struct tui_config c = { .ascii = size & 1, .host_times = true, .tour = size & 2, .refresh = refresh, .arg = &r };
	struct tour_session s;

	tour_session_open(&s, &c);
	r.t = s.t;
	play(s.t, data, size);
	tour_session_close(&s);
	return 0;
}
