/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb.c - fuzz target: the input is what a hostile gdb sends to a PC with two processors.
 * Rule: nothing crashes or hangs; what goes out is an acknowledgement or a whole packet of bounded length.
 *
 * Packets: u8 kind, u8 length, bytes.  A kind below the number of heads begins a packet with that head and a right
 * checksum, and turns the bytes into digits and separators (or leaves them as they are: bit 7); any other kind sends
 * the bytes without a frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/interp.h"
#include "debugger/gdb/gdb.h"
#include "debugger/machine.h"
#include "debugger/session/session.h"
#include "devices/pc.h"
#include "tests/fuzz/rig.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { MEMORY = 2 << 20, CODE = 0x7c00, PACKETS = 200, BUDGET = 3000, AS_IS = 0x80, LONGEST = 4 * GDB_PACKET };

static const char *const heads[] = {
	"", "m", "M", "X", "m7c", "M7c00,4:", "X7c00,2:", "g", "G", "p", "P", "P10=", "P2", "P3a=", "Z0,7c0", "z0,7c0", "Z2,", "Z3,",
	"Z4,7", "z2,", "c", "s", "vCont;s:1", "vCont;c:", "vCont;s:2;c", "vCont", "vCont?", "Hg", "Hc", "T", "D", "k", "?", "qC",
	"qRcmd,", "qRcmd,78702f347867203078" /* xp/4xg 0x */, "qRcmd,77616c6b203078" /* walk 0x */, "qRcmd,72657374617274" /* restart */,
	"qRcmd,72656773" /* regs */, "qRcmd,6578697473" /* exits */, "qRcmd,732035" /* s 5 */, "qRcmd,752035" /* u 5 */, "bc", "bs",
	"qSupported", "qfThreadInfo", "qThreadExtraInfo,", "qXfer:features:read:target.xml:", "qXfer:memory-map:read::", "QStartNoAckMode", "vKill;",
};

/* A loop with a store, a load and a push in it. */
static const u8 code[] = { 0x40, 0xa3, 0x00, 0x05, 0x8b, 0x1e, 0x00, 0x05, 0x50, 0x5b, 0xe6, 0x80, 0xf4, 0xeb, 0xf1 };

static void check(void *arg, const void *data, size_t len)
{
	const char *c = data;

	if (len == 1 && (*c == '+' || *c == '-'))
		return;
	if (len < 4 || len > LONGEST || c[0] != '$' || c[len - 3] != '#')
		abort();
}

static void feed_packet(struct gdb *g, const char *head, const u8 *bytes, size_t len, bool as_is)
{
	static const char letters[] = "0123456789abcdef01234567,:;=,;-0";
	u8 packet[600];
	size_t n = strlen(head);
	u8 sum = 0;

	memcpy(packet, head, n);
	for (size_t i = 0; i < len; i++)
		packet[n++] = as_is ? bytes[i] : (u8)letters[bytes[i] & 31];
	for (size_t i = 0; i < n; i++)
		sum = (u8)(sum + packet[i]);
	gdb_feed(g, (const u8 *)"$", 1);
	gdb_feed(g, packet, n);
	snprintf((char *)packet, sizeof(packet), "#%02x", sum);
	gdb_feed(g, packet, 3);
}

/* As the server would; a machine that has ended is left as it is. */
static void obey(struct gdb *g, struct session *s)
{
	struct err err = { 0 };

	if (g->next == GDB_RESUME) {
		gdb_resume(g, &err);
		if (s->stopped.why == STOP_ERROR)
			abort();
		gdb_stopped(g, 0);
		g->next = GDB_STAY;
	} else if (g->next != GDB_STAY) {
		gdb_close(g);
		if (s->vm->watches.n)
			abort();
		if (gdb_open(g, s, check, NULL))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct vm_config config = { .name = "fuzz", .engine = &engine_interp, .mem_size = MEMORY, .cpus = 2,
					  .cpu = cpu_model_find("x86-64"), .seed = 1 };
	const struct pc_config board = { .mem_size = MEMORY, .rtc_start = PC_RTC_DEFAULT };
	static struct gdb gdb;
	struct session *session;
	struct x86_state s;
	struct pc *pc;
	struct vm *vm = vm_create(&config, NULL);

	if (!vm || pc_build(vm, &board, &pc, NULL))
		abort();
	vm_reset(vm);
	mem_poke(&vm->mem, CODE, code, sizeof(code));
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	s.seg_sel[SEG_CS] = 0;
	s.seg_base[SEG_CS] = 0;
	s.rip[0] = CODE;
	if (vcpu_set(&vm->vcpu[0], &s, ST_ALL, NULL))
		abort();
	session = rig_around(vm, pc, BUDGET, true);
	if (gdb_open(&gdb, session, check, NULL))
		abort();
	for (size_t at = 0, n = 0; at + 2 < size && n < PACKETS; n++) {
		u8 kind = data[at] & ~AS_IS;
		size_t len = data[at + 1] % (kind < ARRAY_LEN(heads) ? 40 : 256), left = size - at - 2;

		if (len > left)
			len = left;
		if (kind < ARRAY_LEN(heads))
			feed_packet(&gdb, heads[kind], data + at + 2, len, data[at] & AS_IS);
		else
			gdb_feed(&gdb, data + at + 2, len);
		at += 2 + len;
		obey(&gdb, session);
	}
	gdb_close(&gdb);
	session_close(session);
	pc_destroy(pc);
	vm_destroy(vm);
	return 0;
}
