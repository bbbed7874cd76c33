/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-commands.c - gdb's packets, a row each (GDB manual, appendix E.2 and E.4).
 * Rule: the other side may send anything: a handler checks all it reads before it changes anything, and answers E16 or
 * nothing (which says "unknown") to what it does not understand.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/gdb/gdb-priv.h"
#include "debugger/session/session.h"

static void done(struct gdb *g, bool ok, int error)
{
	if (ok)
		gdb_ok(g);
	else
		gdb_error(g, error);
}

/* ---- what is there ---- */

static void supported(struct gdb *g, struct reader *r)
{
	buf_printf(&g->reply, "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;vContSupported+;"
			      "multiprocess-%s", GDB_PACKET, g->s->timeline ? ";ReverseStep+;ReverseContinue+" : "");
}

static void no_acks(struct gdb *g, struct reader *r)
{
	g->no_ack = true;
	gdb_ok(g);
}

/* FILE, then OFFSET,LENGTH: a piece of it; m: there is more, l: it was the last. */
static void transfer(struct gdb *g, struct reader *r, const char *file, void (*make)(struct buf *b))
{
	struct buf xml = { 0 };
	u64 offset, len;

	if (read_left(r) < strlen(file) || memcmp(read_bytes(r, strlen(file)), file, strlen(file)) ||
	    !gdb_number(r, &offset) || !gdb_char(r, ',') || !gdb_number(r, &len)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	make(&xml);
	if (len > GDB_PACKET / 2) /* some may be escaped */
		len = GDB_PACKET / 2;
	if (xml.failed || offset > xml.len) {
		gdb_error(g, GDB_BAD);
	} else {
		bool last = len >= xml.len - offset;
		buf_put(&g->reply, last ? "l" : "m", 1);
		buf_put(&g->reply, xml.data + offset, last ? xml.len - offset : len);
	}
	buf_free(&xml);
}

static void features(struct gdb *g, struct reader *r) { transfer(g, r, ":target.xml:", gdb_target_xml); }

/* gdb's addresses are linear, and the page tables change under it: all that always holds is that any address may be one
 * of memory, and that code there needs no special breakpoints. */
static void whole_map(struct buf *b)
{
	buf_printf(b, "<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
		      "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>"
		      "<memory type=\"ram\" start=\"0\" length=\"0xffffffffffffffff\"/></memory-map>\n");
}

static void memory_map(struct gdb *g, struct reader *r) { transfer(g, r, "::", whole_map); }

static void attached(struct gdb *g, struct reader *r) { buf_printf(&g->reply, "1"); } /* so `quit` detaches */
static void why_stopped(struct gdb *g, struct reader *r) { buf_printf(&g->reply, "%s", g->stop); }

/* ---- processors ---- */

static void all_threads(struct gdb *g, struct reader *r)
{
	for (u32 i = 0; i < g->vm->ncpus; i++)
		buf_printf(&g->reply, "%c%x", i ? ',' : 'm', i + 1);
}

static void no_more_threads(struct gdb *g, struct reader *r) { buf_printf(&g->reply, "l"); }
static void current_thread(struct gdb *g, struct reader *r) { buf_printf(&g->reply, "QC%x", g->cpu + 1); }

static void thread_text(struct gdb *g, struct reader *r)
{
	static const char *const doing[] = { "active", "halted", "shut down", "waits for SIPI" };
	char text[40];
	int cpu;

	if (!gdb_char(r, ',') || !gdb_thread(g, r, &cpu) || cpu < 0) {
		gdb_error(g, GDB_BAD);
		return;
	}
	snprintf(text, sizeof(text), "processor %d, %s", cpu, doing[g->vm->vcpu[cpu].activity & 3]);
	gdb_put_hex(&g->reply, text, strlen(text));
}

static void is_alive(struct gdb *g, struct reader *r)
{
	int cpu;

	done(g, gdb_thread(g, r, &cpu), GDB_BAD);
}

/* Hg ID: of whom the next packets speak; Hc ID: who steps. */
static void choose_thread(struct gdb *g, struct reader *r)
{
	bool general = gdb_char(r, 'g');
	int cpu;

	if ((!general && !gdb_char(r, 'c')) || !gdb_thread(g, r, &cpu)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	if (cpu >= 0 && general)
		g->cpu = g->s->cpu = (u32)cpu;
	else if (cpu >= 0)
		g->step_cpu = (u32)cpu;
	gdb_ok(g);
}

/* ---- registers ---- */

static void read_registers(struct gdb *g, struct reader *r)
{
	if (!gdb_registers_read(g, &g->reply))
		gdb_error(g, GDB_BAD);
}

static void write_registers(struct gdb *g, struct reader *r) { done(g, gdb_registers_write(g, r), GDB_BAD); }

static void read_register(struct gdb *g, struct reader *r)
{
	u64 number;

	if (!gdb_number(r, &number) || !gdb_register_read(g, number, &g->reply))
		gdb_error(g, GDB_BAD);
}

static void write_register(struct gdb *g, struct reader *r)
{
	u64 number;

	done(g, gdb_number(r, &number) && gdb_char(r, '=') && gdb_register_write(g, number, r), GDB_BAD);
}

/* ---- memory: linear addresses; devices are neither read nor written ---- */

static void read_memory(struct gdb *g, struct reader *r)
{
	u8 bytes[GDB_PACKET / 2];
	u64 at, len;

	if (!gdb_number(r, &at) || !gdb_char(r, ',') || !gdb_number(r, &len)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	len = session_read(g->s, at, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
	gdb_put_hex(&g->reply, bytes, len);
	if (!len)
		gdb_error(g, GDB_FAULT);
}

static bool write_bytes(struct gdb *g, u64 at, const u8 *bytes, u64 len)
{
	return !len || session_write(g->s, at, bytes, len, NULL) == 0;
}

/* ADDRESS,LENGTH:BYTES; the bytes as digits (M) or as they are (X). */
static void write_memory(struct gdb *g, struct reader *r)
{
	u8 bytes[GDB_PACKET / 2];
	u64 at, len;

	if (!gdb_number(r, &at) || !gdb_char(r, ',') || !gdb_number(r, &len) || !gdb_char(r, ':') ||
	    len > sizeof(bytes) || !gdb_bytes(r, bytes, len))
		gdb_error(g, GDB_BAD);
	else
		done(g, write_bytes(g, at, bytes, len), GDB_FAULT);
}

static void write_binary(struct gdb *g, struct reader *r)
{
	u64 at, len;

	if (!gdb_number(r, &at) || !gdb_char(r, ',') || !gdb_number(r, &len) || !gdb_char(r, ':') || len != read_left(r))
		gdb_error(g, GDB_BAD);
	else
		done(g, write_bytes(g, at, r->at, len), GDB_FAULT);
}

/* ---- breakpoints and watchpoints ---- */

/* TYPE,ADDRESS,KIND: 0 and 1 break at an instruction, 2 to 4 watch KIND bytes being written, read, or either. */
static bool take_point(struct reader *r, struct gdb_point *p)
{
	u64 type;

	if (!gdb_number(r, &type) || !gdb_char(r, ',') || !gdb_number(r, &p->at) || !gdb_char(r, ',') ||
	    !gdb_number(r, &p->len) || read_left(r) || type > GDB_ACCESS)
		return false;
	p->kind = (u8)type;
	return p->kind < GDB_WRITE || (p->len && p->len <= PAGE_SIZE_4K && p->at + (p->len - 1) >= p->at);
}

static void set_point(struct gdb *g, struct reader *r)
{
	struct gdb_point p;
	int rc;

	if (!take_point(r, &p)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	rc = gdb_point_set(g, &p);
	if (rc != -ENOTSUP) /* then the answer is empty, and gdb finds another way */
		done(g, rc == 0, GDB_FULL);
}

static void clear_point(struct gdb *g, struct reader *r)
{
	struct gdb_point p;

	if (!take_point(r, &p)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	gdb_point_clear(g, &p);
	gdb_ok(g);
}

/* ---- running ---- */

static void resume(struct gdb *g)
{
	g->break_in = false; /* one that comes from now on is meant for this run */
	g->back = GDB_FORWARD;
	g->next = GDB_RESUME;
}

static void go_on(struct gdb *g, struct reader *r)
{
	memset(g->action, GDB_CONTINUE, sizeof(g->action));
	resume(g);
}

static void step(struct gdb *g, struct reader *r)
{
	go_on(g, r);
	g->action[g->step_cpu] = GDB_STEP;
}

/* Back: only where there is a past, as qSupported has said. */
static void go_back(struct gdb *g, enum gdb_back how)
{
	if (!g->s->timeline)
		return;
	resume(g);
	g->back = how;
}

static void back_continue(struct gdb *g, struct reader *r) { go_back(g, GDB_BACK); }
static void back_step(struct gdb *g, struct reader *r) { go_back(g, GDB_BACK_STEP); }

static void vcont_query(struct gdb *g, struct reader *r) { buf_printf(&g->reply, "vCont;c;C;s;S"); }

/* ;ACTION[:THREAD] and so on: for each thread the first that names it, or all, counts.  A signal's number has no
 * meaning for a processor. */
static bool vcont_action(struct gdb *g, struct reader *r, u8 action[VM_VCPUS])
{
	u8 what = read_left(r) ? *r->at++ : 0;
	u64 signal;
	int cpu = -1;

	if (!memchr("cCsS", what, 4) || ((what == 'C' || what == 'S') && !gdb_number(r, &signal)))
		return false;
	if (gdb_char(r, ':') && !gdb_thread(g, r, &cpu))
		return false;
	for (int i = 0; i < VM_VCPUS; i++)
		if ((cpu < 0 || cpu == i) && action[i] == GDB_REST)
			action[i] = what == 's' || what == 'S' ? GDB_STEP : GDB_CONTINUE;
	return true;
}

static void vcont(struct gdb *g, struct reader *r)
{
	u8 action[VM_VCPUS] = { GDB_REST };
	bool any = false;

	while (gdb_char(r, ';')) {
		if (!vcont_action(g, r, action)) {
			gdb_error(g, GDB_BAD);
			return;
		}
		any = true;
	}
	if (!any || read_left(r)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	memcpy(g->action, action, sizeof(action));
	resume(g);
}

static void detach(struct gdb *g, struct reader *r)
{
	gdb_ok(g);
	g->next = GDB_DETACH;
}

static void kill_machine(struct gdb *g, struct reader *r)
{
	gdb_ok(g);
	g->next = GDB_KILL;
}

/* ---- our own commands ---- */

enum { LINE = 4000 };

/* The line as digits; what it prints goes out as O packets. */
static void monitor(struct gdb *g, struct reader *r)
{
	struct buf text = { 0 };
	char line[LINE + 1] = { 0 };
	size_t len = read_left(r) ? (read_left(r) - 1) / 2 : 0;

	if (len > LINE || !gdb_char(r, ',') || !gdb_bytes(r, (u8 *)line, len)) {
		gdb_error(g, GDB_BAD);
		return;
	}
	gdb_monitor(g, line, &text);
	if (!text.failed)
		gdb_say(g, (const char *)text.data, text.len);
	gdb_ok(g);
	buf_free(&text);
}

/* ---- the table ---- */

struct command {
	const char *name;
	void (*exec)(struct gdb *g, struct reader *r);
};

/* A name of one letter is followed by its arguments at once, a longer one by the end or a separator. */
static const struct command commands[] = {
	{ "?", why_stopped },
	{ "bc", back_continue },
	{ "bs", back_step },
	{ "c", go_on },
	{ "C", go_on },
	{ "D", detach },
	{ "g", read_registers },
	{ "G", write_registers },
	{ "H", choose_thread },
	{ "k", kill_machine },
	{ "m", read_memory },
	{ "M", write_memory },
	{ "p", read_register },
	{ "P", write_register },
	{ "s", step },
	{ "S", step },
	{ "T", is_alive },
	{ "X", write_binary },
	{ "z", clear_point },
	{ "Z", set_point },
	{ "vCont?", vcont_query },
	{ "vCont", vcont },
	{ "vKill", kill_machine },
	{ "qAttached", attached },
	{ "qC", current_thread },
	{ "qRcmd", monitor },
	{ "qSupported", supported },
	{ "qfThreadInfo", all_threads },
	{ "qsThreadInfo", no_more_threads },
	{ "qThreadExtraInfo", thread_text },
	{ "qXfer:features:read", features },
	{ "qXfer:memory-map:read", memory_map },
	{ "QStartNoAckMode", no_acks },
};

static bool names(const char *name, const u8 *packet, size_t len)
{
	size_t n = strlen(name);

	return n <= len && !memcmp(name, packet, n) && (n == 1 || n == len || strchr(":,;", packet[n]));
}

void gdb_command(struct gdb *g)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		struct reader r = { .at = g->in, .end = g->in + g->len };

		if (!names(commands[i].name, g->in, g->len))
			continue;
		read_bytes(&r, strlen(commands[i].name));
		commands[i].exec(g, &r);
		return;
	}
}
