/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-packets.c - the frame of gdb's packets: $content#checksum, acknowledged by + or -.
 * Rule: whatever comes, the state between two packets is IDLE with nothing kept; a packet that is too long or has the
 * wrong checksum is never carried out.
 */
#include <string.h>

#include "debugger/gdb/gdb-priv.h"

enum state { IDLE, CONTENT, SUM_HIGH, SUM_LOW };
enum { BREAK_IN = 3, ESCAPE = '}', ESCAPE_BIT = 0x20 };

/* ---- reading the content ---- */

static int digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool gdb_number(struct reader *r, u64 *value)
{
	int n = 0;

	for (*value = 0; read_left(r) && digit(*r->at) >= 0 && n < 17; r->at++, n++)
		*value = *value << 4 | (u64)digit(*r->at);
	r->bad |= n == 0 || n > 16;
	return !r->bad;
}

bool gdb_char(struct reader *r, char c)
{
	if (r->bad || !read_left(r) || *r->at != (u8)c)
		return false;
	r->at++;
	return true;
}

bool gdb_thread(const struct gdb *g, struct reader *r, int *cpu)
{
	u64 id;

	*cpu = -1;
	if (gdb_char(r, '-'))
		return gdb_char(r, '1');
	if (!gdb_number(r, &id) || id > g->vm->ncpus)
		return false;
	*cpu = (int)id - 1;
	return true;
}

bool gdb_bytes(struct reader *r, u8 *out, size_t len)
{
	if (r->bad || read_left(r) / 2 < len)
		return false;
	for (size_t i = 0; i < len; i++, r->at += 2) {
		int high = digit(r->at[0]), low = digit(r->at[1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (u8)(high << 4 | low);
	}
	return true;
}

/* ---- writing ---- */

void gdb_put_hex(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (const u8 *at = data; len; at++, len--) {
		const char pair[2] = { digits[*at >> 4], digits[*at & 15] };
		buf_put(b, pair, 2);
	}
}

void gdb_ok(struct gdb *g)
{
	buf_printf(&g->reply, "OK");
}

void gdb_error(struct gdb *g, int number)
{
	g->reply.len = 0;
	buf_printf(&g->reply, "E%02x", (unsigned)number);
}

static void put_escaped(struct buf *b, u8 c, u8 *sum)
{
	u8 bytes[2] = { ESCAPE, c ^ ESCAPE_BIT };
	bool escape = c == '$' || c == '#' || c == '*' || c == ESCAPE;

	if (!escape)
		bytes[0] = c;
	buf_put(b, bytes, escape ? 2 : 1);
	*sum = (u8)(*sum + bytes[0] + (escape ? bytes[1] : 0));
}

void gdb_packet(struct gdb *g, const void *data, size_t len)
{
	u8 sum = 0;

	g->out.len = 0;
	buf_put(&g->out, "$", 1);
	for (size_t i = 0; i < len; i++)
		put_escaped(&g->out, ((const u8 *)data)[i], &sum);
	buf_printf(&g->out, "#%02x", sum);
	if (!g->out.failed)
		g->send(g->arg, g->out.data, g->out.len);
}

/* ---- the frame ---- */

static void take_content(struct gdb *g, u8 c)
{
	g->sum = (u8)(g->sum + c);
	if (c == ESCAPE && !g->escaped) {
		g->escaped = true;
		return;
	}
	if (g->len < GDB_PACKET)
		g->in[g->len++] = g->escaped ? c ^ ESCAPE_BIT : c;
	else
		g->too_long = true;
	g->escaped = false;
}

static void carry_out(struct gdb *g)
{
	bool had_acks = !g->no_ack;

	g->reply.len = 0;
	if (g->told_sum != g->sum) {
		if (had_acks)
			g->send(g->arg, "-", 1);
		return;
	}
	if (had_acks)
		g->send(g->arg, "+", 1);
	g->in[g->len] = 0;
	if (g->too_long)
		gdb_error(g, GDB_BAD);
	else
		gdb_command(g);
	if (g->next == GDB_STAY || g->reply.len) /* a machine that runs answers when it stops */
		gdb_packet(g, g->reply.data, g->reply.len);
}

static void take_idle(struct gdb *g, u8 c)
{
	if (c == BREAK_IN)
		g->break_in = true;
	else if (c == '-' && g->out.len && !g->no_ack) /* it was not understood */
		g->send(g->arg, g->out.data, g->out.len);
}

static void begin(struct gdb *g)
{
	g->state = CONTENT;
	g->len = 0;
	g->sum = 0;
	g->escaped = g->too_long = false;
}

static void take(struct gdb *g, u8 c)
{
	int d = digit(c);

	if (c == '$') { /* in a packet there is no other: the end of the last one was lost */
		begin(g);
		return;
	}
	switch ((enum state)g->state) {
	case IDLE:
		take_idle(g, c);
		break;
	case CONTENT:
		if (c == '#')
			g->state = SUM_HIGH;
		else
			take_content(g, c);
		break;
	case SUM_HIGH:
		g->told_sum = (u8)((d & 15) << 4);
		g->too_long |= d < 0;
		g->state = SUM_LOW;
		break;
	case SUM_LOW:
		g->told_sum |= (u8)(d & 15);
		g->too_long |= d < 0;
		g->state = IDLE;
		carry_out(g);
		break;
	}
}

void gdb_feed(struct gdb *g, const u8 *data, size_t len)
{
	for (size_t i = 0; i < len && g->next != GDB_DETACH && g->next != GDB_KILL; i++)
		take(g, data[i]);
}
