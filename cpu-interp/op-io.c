/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-io.c - IN, OUT, INS, OUTS (SDM 1 18): who may use a port, and who answers there.
 * Rule: a repeated instruction makes one iteration, and so one exit, at a time.
 */
#include "cpu-interp/ops.h"

/* --- permission (SDM 1 18.5) ------------------------------------------------------------------------- */

/* The I/O bitmap in the 32-bit TSS: two bytes are read, so that an access may cross a byte. */
static bool allowed_by_tss(struct cpu *c, u16 port, int size)
{
	u64 map, bits, tss = c->s.seg_base[SEG_TR];
	u32 limit = c->s.seg_limit[SEG_TR], attr = c->s.seg_attr[SEG_TR];
	if ((attr & SEG_UNUSABLE) || !(attr & 8) || limit < 0x67)
		return fault_gp(c, 0);
	if (!mmu_sys_load(c, tss + 0x66, 2, &map))
		return false;
	map += port / 8;
	if (map + 1 > limit)
		return fault_gp(c, 0);
	if (!mmu_sys_load(c, tss + map, 2, &bits))
		return false;
	return !(bits >> port % 8 & ((1u << size) - 1)) || fault_gp(c, 0);
}

static bool allowed(struct cpu *c, u16 port, int size)
{
	if (real_mode(c) || (!c->v86 && c->cpl <= iopl(c)))
		return true;
	return allowed_by_tss(c, port, size);
}

/* --- the access -------------------------------------------------------------------------------------- */

/* I/O breakpoints, with CR4.DE: trapped after the instruction (SDM 3B 17.3.1.3). */
static void watch_port(struct cpu *c, u16 port, int size)
{
	u64 dr7 = c->s.dr[7];
	if (!(*c->s.cr4 & CR4_DE))
		return;
	for (int i = 0; i < 4; i++) {
		u32 len = (dr7 >> (18 + 4 * i) & 3) + 1u;
		u64 start = c->s.dr[i] & ~(u64)(len - 1);
		bool enabled = (dr7 >> 2 * i & 3) && (dr7 >> (16 + 4 * i) & 3) == 2;
		if (enabled && port < start + len && start < (u64)port + (u64)size)
			*c->s.pending_db |= 1u << i;
	}
}

static bool immediate_port(const struct insn *o) { return !(isa_rows[o->row].opcode & 8); }

static const struct vm_exit *ask_port(struct cpu *c, const struct insn *o, u16 port, int size, bool write, u64 value)
{
	bool string = isa_rows[o->row].flags & REPS;
	struct vm_exit q = exit_question(c, o, EXIT_IO);
	q.io.port = port;
	q.io.size = (u8)size;
	q.io.write = write;
	q.io.string = string;
	q.io.rep = o->rep && string;
	q.io.value = write ? value : 0;
	q.qualification = exit_io_qualification(port, size, write, string, q.io.rep,
						!string && immediate_port(o));
	return cpu_ask(c, &q);
}

/* Read or write the port; *value is answered or given. */
static bool access_port(struct cpu *c, const struct insn *o, u16 port, int size, bool write, u64 *value)
{
	const struct vm_exit *a = cpu_answer(c);
	if (!a)
		a = ask_port(c, o, port, size, write, *value);
	if (!a)
		return false;
	*value = a->io.value;
	watch_port(c, port, size);
	return true;
}

static u16 port_of(const struct cpu *c, const struct insn *o)
{
	return immediate_port(o) ? (u8)o->imm : (u16)c->r[RDX];
}

SIMPLE(in)
{
	u16 port = port_of(c, o);
	u64 v = 0;
	if (!allowed(c, port, o->size) || !access_port(c, o, port, o->size, false, &v))
		return false;
	gpr_set(c, RAX, o->size, v);
	return true;
}

SIMPLE(out)
{
	u16 port = port_of(c, o);
	u64 v = gpr(c, RAX, o->ssize);
	return allowed(c, port, o->ssize) && access_port(c, o, port, o->ssize, true, &v);
}

/* --- INS, OUTS --------------------------------------------------------------------------------------- */

/* rSI or rDI moves on by one element, within the address size. */
static void advance(struct cpu *c, const struct insn *o, int reg, int size)
{
	u64 step = flags_get(c) & FLAG_DF ? (u64)-size : (u64)size;
	u64 moved = (c->r[reg] + step) & o->amask;
	c->r[reg] = o->amask == 0xffff ? (c->r[reg] & ~o->amask) | moved : moved;
}

/* The port is asked only when the store is sure to succeed. */
static bool ins_once(struct cpu *c, const struct insn *o)
{
	u64 at = c->r[RDI] & o->amask, v = 0;
	u16 port = (u16)c->r[RDX];
	if (!allowed(c, port, o->size) || !mmu_check_store(c, SEG_ES, at, o->size) ||
	    !access_port(c, o, port, o->size, false, &v) || !mmu_store(c, SEG_ES, at, o->size, v))
		return false;
	advance(c, o, RDI, o->size);
	return true;
}

static bool outs_once(struct cpu *c, const struct insn *o)
{
	u64 v;
	u16 port = (u16)c->r[RDX];
	if (!allowed(c, port, o->ssize) || !mmu_load(c, o->seg, c->r[RSI] & o->amask, o->ssize, &v) ||
	    !access_port(c, o, port, o->ssize, true, &v))
		return false;
	advance(c, o, RSI, o->ssize);
	return true;
}

/* One iteration is done: true if more are to come. */
static bool count_down(struct cpu *c, const struct insn *o)
{
	u64 left = (c->r[RCX] - 1) & o->amask;
	c->r[RCX] = o->amask == 0xffff ? (c->r[RCX] & ~o->amask) | left : left;
	return left != 0;
}

#define PORT_STRING(family) \
	PLAIN(family) \
	{ \
		if (o->rep && !(c->r[RCX] & o->amask)) \
			NEXT; \
		TRY(family##_once(c, o)); \
		if (o->rep && count_down(c, o)) \
			REPEAT; \
		NEXT; \
	}

PORT_STRING(ins)
PORT_STRING(outs)
