/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-move.c - moves that are not templates: exchange, conditional moves, conversions, byte swap, and doing nothing.
 * Rule: check, compute, write (ops.h).
 */
#include "cpu-interp/ops.h"

/* SDM 2D XCHG: with memory it is locked by itself. */
SIMPLE(xchg)
{
	u64 a, b = reg_get(c, o->s, o->size);
	if (!rm_load_rw(c, o, o->d, o->size, &a) || !rm_store(c, o, o->d, o->size, b))
		return false;
	reg_set(c, o->s, o->size, a);
	return true;
}

/* SDM 2B SETcc */
PLAIN(setcc)
{
	TRY(rm_store(c, o, o->d, 1, flags_cond(c, o->x)));
	NEXT;
}

/* SDM 2A CMOVcc: the source is read, and a 32-bit destination's upper half cleared, whatever the condition says. */
SIMPLE(cmovcc)
{
	u64 v;
	if (!rm_load(c, o, o->s, o->size, &v))
		return false;
	reg_set(c, o->d, o->size, flags_cond(c, o->x) ? v : reg_get(c, o->d, o->size));
	return true;
}

/* SDM 2A CBW, CWDE, CDQE: the lower half of rAX sign-extended into all of it. */
PLAIN(cbw)
{
	gpr_set(c, RAX, o->opsize, sign_extend(c->r[RAX], o->opsize / 2));
	NEXT;
}

/* SDM 2A CWD, CDQ, CQO: rDX becomes the sign of rAX. */
PLAIN(cwd)
{
	gpr_set(c, RDX, o->opsize, (u64)((i64)sign_extend(c->r[RAX], o->opsize) >> 63));
	NEXT;
}

/* SDM 2A BSWAP; of 16 bits it is undefined, and processors give 0. */
PLAIN(bswap)
{
	u64 v = reg_get(c, o->d, o->size);
	reg_set(c, o->d, o->size, o->size == 8 ? __builtin_bswap64(v) : o->size == 4 ? __builtin_bswap32((u32)v) : 0);
	NEXT;
}

/* NOP and everything that may be ignored: hints, prefetches, fences (there is one processor and no cache), ENDBR. */
PLAIN(nop)
{
	NEXT;
}
