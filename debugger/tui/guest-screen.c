/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest-screen.c - a terminal by libvterm, its scrolled-off lines, and its past.
 * Rule: the log is the truth; the terminal can be made again from it, from the first byte that is still kept.
 */
#include "debugger/tui/guest-screen.h"

#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "core/base/buf.h"

enum { LOG_MOST = 1 << 20 };

/* Bytes that came together. */
struct chunk { u64 icount; u32 start, len; };

struct guest_screen {
	VTerm *vt;
	VTermScreen *screen;
	bool cursor_hidden;
	struct guest_cell (*back)[GUEST_COLS]; /* GUEST_SCROLLBACK rows, a ring */
	u32 back_next, back_count;
	struct buf bytes;
	struct chunk *chunk;
	u32 nchunks, room;
	u32 shown; /* bytes of the log that are on the screen; those behind them are of a time to come */
};

/* ---- the terminal ---- */

static struct guest_cell cell_of(const VTermScreenCell *c)
{
	return (struct guest_cell){ c->chars[0] ? c->chars[0] : ' ', c->attrs.bold, c->attrs.reverse,
				    c->width > 1 };
}

static int on_pushline(int cols, const VTermScreenCell *cells, void *arg)
{
	struct guest_screen *g = arg;
	struct guest_cell *row = g->back[g->back_next];

	for (int i = 0; i < GUEST_COLS; i++)
		row[i] = i < cols ? cell_of(&cells[i]) : (struct guest_cell){ .ch = ' ' };
	g->back_next = (g->back_next + 1) % GUEST_SCROLLBACK;
	g->back_count += g->back_count < GUEST_SCROLLBACK;
	return 1;
}

static int on_property(VTermProp prop, VTermValue *value, void *arg)
{
	struct guest_screen *g = arg;

	if (prop == VTERM_PROP_CURSORVISIBLE)
		g->cursor_hidden = !value->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = { .sb_pushline = on_pushline, .settermprop = on_property };

/* Answers of the terminal (to `where is the cursor') would be input that nobody typed. */
static void on_answer(const char *bytes, size_t len, void *arg)
{
}

static bool terminal_new(struct guest_screen *g)
{
	static const char newline[] =
		"\033[20h"; /* a line feed alone also returns, as on a host's terminal (ECMA-48 LNM) */

	if (g->vt)
		vterm_free(g->vt);
	g->back_next = g->back_count = 0;
	g->cursor_hidden = false;
	g->vt = vterm_new(GUEST_ROWS, GUEST_COLS);
	if (!g->vt)
		return false;
	vterm_set_utf8(g->vt, 1);
	vterm_output_set_callback(g->vt, on_answer, NULL);
	g->screen = vterm_obtain_screen(g->vt);
	vterm_screen_set_callbacks(g->screen, &callbacks, g);
	vterm_screen_enable_altscreen(g->screen, 1);
	vterm_screen_reset(g->screen, 1);
	vterm_input_write(g->vt, newline, sizeof(newline) - 1);
	return true;
}

struct guest_screen *guest_screen_new(void)
{
	struct guest_screen *g = calloc(1, sizeof(*g));

	if (g)
		g->back = calloc(GUEST_SCROLLBACK, sizeof(*g->back));
	if (!g || !g->back || !terminal_new(g)) {
		guest_screen_free(g);
		return NULL;
	}
	return g;
}

void guest_screen_free(struct guest_screen *g)
{
	if (!g)
		return;
	if (g->vt)
		vterm_free(g->vt);
	free(g->back);
	free(g->chunk);
	buf_free(&g->bytes);
	free(g);
}

/* ---- its past ---- */

/* The first chunk that came at this point in time or later. */
static u32 chunk_from(const struct guest_screen *g, u64 icount)
{
	u32 low = 0, high = g->nchunks;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (g->chunk[mid].icount < icount)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The chunk that the byte after those shown belongs to; there is one. */
static const struct chunk *next_chunk(const struct guest_screen *g)
{
	u32 i = g->nchunks - 1;

	while (g->chunk[i].start > g->shown)
		i--;
	return &g->chunk[i];
}

/* What was to come after the bytes shown has turned out differently. */
static void forget_future(struct guest_screen *g)
{
	while (g->nchunks && g->chunk[g->nchunks - 1].start >= g->shown)
		g->nchunks--;
	if (g->nchunks)
		g->chunk[g->nchunks - 1].len = g->shown - g->chunk[g->nchunks - 1].start;
	g->bytes.len = g->shown;
}

/* Forget the older half; the screen keeps what it shows. */
static void shorten(struct guest_screen *g)
{
	u32 drop = (g->nchunks + 1) / 2, start = drop < g->nchunks ? g->chunk[drop].start : (u32)g->bytes.len;

	memmove(g->bytes.data, g->bytes.data + start, g->bytes.len - start);
	g->bytes.len -= start;
	memmove(g->chunk, g->chunk + drop, (g->nchunks - drop) * sizeof(*g->chunk));
	g->nchunks -= drop;
	for (u32 i = 0; i < g->nchunks; i++)
		g->chunk[i].start -= start;
}

/* A place for bytes of this point in time; NULL: no memory. */
static struct chunk *chunk_for(struct guest_screen *g, u64 icount)
{
	u32 room = g->room ? g->room * 2 : 256;

	if (g->nchunks && g->chunk[g->nchunks - 1].icount == icount)
		return &g->chunk[g->nchunks - 1];
	if (g->nchunks == g->room) {
		struct chunk *more = realloc(g->chunk, room * sizeof(*more));

		if (!more)
			return NULL;
		g->chunk = more;
		g->room = room;
	}
	g->chunk[g->nchunks] = (struct chunk){ icount, (u32)g->bytes.len, 0 };
	return &g->chunk[g->nchunks++];
}

/* Bytes that cannot be kept are shown all the same. */
static void keep(struct guest_screen *g, u64 icount, const char *bytes, size_t len)
{
	struct chunk *c;

	while (g->nchunks && g->bytes.len + len > LOG_MOST)
		shorten(g);
	if (len > LOG_MOST || !(c = chunk_for(g, icount)))
		return;
	buf_put(&g->bytes, bytes, len);
	c->len += (u32)len;
	if (g->bytes.failed) {
		g->nchunks = 0;
		buf_free(&g->bytes);
	}
}

/* Running through its past the guest sends the same again: then what comes later is still known. */
static bool is_the_same(const struct guest_screen *g, u64 icount, const char *bytes, size_t len)
{
	const struct chunk *c = g->shown < g->bytes.len ? next_chunk(g) : NULL;

	return c && c->icount == icount && len <= c->start + c->len - g->shown &&
	       !memcmp(g->bytes.data + g->shown, bytes, len);
}

void guest_screen_feed(struct guest_screen *g, u64 icount, const char *bytes, size_t len)
{
	if (!g->vt || !len)
		return;
	if (is_the_same(g, icount, bytes, len)) {
		g->shown += (u32)len;
	} else {
		forget_future(g);
		keep(g, icount, bytes, len);
		g->shown = (u32)g->bytes.len;
	}
	vterm_input_write(g->vt, bytes, len);
}

/* A byte leaves before its instruction retires: those of `icount` itself are still to come. */
void guest_screen_seek(struct guest_screen *g, u64 icount)
{
	u32 n = chunk_from(g, icount), wanted = n < g->nchunks ? g->chunk[n].start : (u32)g->bytes.len;

	if (!g->vt || wanted == g->shown)
		return;
	if (wanted < g->shown) {
		g->shown = 0;
		if (!terminal_new(g))
			return;
	}
	vterm_input_write(g->vt, (const char *)g->bytes.data + g->shown, wanted - g->shown);
	g->shown = wanted;
}

/* ---- what it shows ---- */

u32 guest_screen_scrolled(const struct guest_screen *g)
{
	return g->back_count;
}

struct guest_cell guest_screen_cell(const struct guest_screen *g, i32 row, i32 col)
{
	struct guest_cell blank = { .ch = ' ' };
	VTermScreenCell cell;

	if (col < 0 || col >= GUEST_COLS || row >= GUEST_ROWS || row < -(i32)g->back_count)
		return blank;
	if (row < 0)
		return g->back[(g->back_next + GUEST_SCROLLBACK + row) % GUEST_SCROLLBACK][col];
	if (!g->vt || !vterm_screen_get_cell(g->screen, (VTermPos){ row, col }, &cell))
		return blank;
	return cell_of(&cell);
}

bool guest_screen_cursor(const struct guest_screen *g, i32 *row, i32 *col)
{
	VTermPos at;

	if (!g->vt)
		return false;
	vterm_state_get_cursorpos(vterm_obtain_state(g->vt), &at);
	*row = at.row;
	*col = at.col;
	return !g->cursor_hidden;
}

bool guest_screen_is_empty(const struct guest_screen *g)
{
	return !g->shown;
}
