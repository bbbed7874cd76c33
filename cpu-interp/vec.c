/* SPDX-License-Identifier: GPL-3.0-or-later
 * vec.c - what MMX and SSE instructions begin with, and their memory operands, the complete way.
 * Rule: a 16-byte access is two of 8, and wraps around nothing: past the end of the address size is past the limit.
 * A store finds out that both can be made before it makes the first.
 */
#include "cpu-interp/vec-op.h"

static bool no_coprocessor_state(struct cpu *c)
{
	if (*c->s.cr0 & CR0_EM)
		return fault_ud(c);
	return !(*c->s.cr0 & CR0_TS) || fault_raise(c, VEC_NM);
}

bool sse_refuse(struct cpu *c)
{
	if (!(*c->s.cr4 & CR4_OSFXSR))
		return fault_ud(c);
	return no_coprocessor_state(c);
}

/* With CR0.NE clear the x87's exceptions would come as an interrupt of the board (SDM 1 8.7.2). */
bool mmx_check(struct cpu *c)
{
	bool pending = (*c->s.fsw & FSW_ES) && (*c->s.cr0 & CR0_NE);
	return no_coprocessor_state(c) && (!pending || fault_raise(c, VEC_MF));
}

bool sse_mmx_check(struct cpu *c) { return sse_check(c) && mmx_check(c); }

bool vec_aligned(struct cpu *c, const struct insn *o, bool write)
{
	u64 lin;
	if (!mmu_linear(c, o->seg, ea(c, o), 16, write, &lin))
		return false;
	return !(lin & 15) || fault_gp(c, 0);
}

bool vec_load(struct cpu *c, const struct insn *o, int n, union vec *v)
{
	*v = (union vec){ .q = { 0, 0 } };
	if (!mmu_load(c, o->seg, ea(c, o), n < 8 ? n : 8, &v->q[0]))
		return false;
	return n <= 8 || mmu_load(c, o->seg, ea(c, o) + 8, 8, &v->q[1]);
}

bool vec_store(struct cpu *c, const struct insn *o, int n, const union vec *v)
{
	u64 at = ea(c, o);
	if (n <= 8)
		return mmu_store(c, o->seg, at, n, v->q[0]);
	return mmu_check_store(c, o->seg, at, 8) && mmu_check_store(c, o->seg, at + 8, 8) &&
	       mmu_store(c, o->seg, at, 8, v->q[0]) && mmu_store(c, o->seg, at + 8, 8, v->q[1]);
}

/* ---- a function of two vectors (vec-op.h), the complete way ---- */

static bool mmx_combine(struct cpu *c, const struct insn *o, vec_function of)
{
	union vec a = { .q = { mmx(c, o->d) } }, b = { .q = { (u8)o->imm } };
	if (!mmx_check(c) || (o->form != RI && !mmx_rm_load(c, o, o->s, o->ssize, &b.q[0])))
		return false;
	mmx_set(c, o->d, of(a, b, 8, (u8)o->imm).q[0]);
	return true;
}

static bool xmm_combine(struct cpu *c, const struct insn *o, vec_function of)
{
	union vec a = *xmm(c, o->d), b = { .q = { (u8)o->imm } };
	if (!sse_check(c) || (o->form != RI && !xmm_rm_load(c, o, o->s, o->ssize, &b)))
		return false;
	*xmm(c, o->d) = of(a, b, 16, (u8)o->imm);
	return true;
}

bool vec_combine(struct cpu *c, const struct insn *o, vec_function of)
{
	return o->size == 8 ? mmx_combine(c, o, of) : xmm_combine(c, o, of);
}
