/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-branch.c - near control transfer, and how one block leads to the next.
 *
 * A branch whose target lies in its own page is linked to the target block the first time it is taken; the link holds
 * as long as the block does, because whoever executes in a page has the right to.  All other branches go through the
 * jump cache.  Rule: the target is checked before anything is pushed, popped or counted.
 */
#include "cpu-interp/block.h"
#include "cpu-interp/handlers.h"
#include "cpu-interp/ops.h"

static inline bool target_ok(const struct cpu *c, u64 ip)
{
	return c->mode == MODE_64 ? canonical(ip) : ip <= c->s.seg_limit[SEG_CS];
}

/* The block at IP if the jump cache has it. */
static inline const struct insn *jump_cached(struct cpu *c)
{
	u64 key = cpu_jump_key(c);
	const struct jump *j = cpu_jump_slot(c, key);
	return j->at == key ? j->first : NULL;
}

COLD static HANDLER_DECL(bad_target)
{
	fault_gp(c, 0);
	FAULT;
}

HANDLER_DECL(branch_to)
{
	u64 ip = c->r[REG_TEMP];
	if (UNLIKELY(!target_ok(c, ip)))
		TAIL(bad_target);
	cpu_finish(c, o, ip);
	const struct insn *first = c->left > 0 ? jump_cached(c) : NULL;
	if (UNLIKELY(!first))
		LEAVE;
	GOTO(first);
}

static bool same_page(const struct cpu *c, u64 ip)
{
	return !((c->s.seg_base[SEG_CS] + ip) >> 12 ^ (c->s.seg_base[SEG_CS] + c->r[REG_IP]) >> 12);
}

/* First time through a direct branch (target in TEMP): make the link if it may be made. */
static void link_branch(struct cpu *c, const struct insn *o, const struct insn **link)
{
	u64 here = c->r[REG_IP], ip = c->r[REG_TEMP];
	if (!target_ok(c, ip) || c->exact || !same_page(c, ip))
		return;
	c->r[REG_IP] = ip;
	const struct insn *first = jump_cached(c);
	c->r[REG_IP] = here;
	if (first && first->nth == 0)
		__atomic_store_n(link, first, __ATOMIC_RELEASE); /* what it leads to is complete */
}

COLD static HANDLER_DECL(link_taken)
{
	link_branch(c, o, &((struct insn *)o)->taken);
	TAIL(branch_to);
}

/* Past the segment's end it is the next fetch that faults, not the branch that was not taken. */
COLD static HANDLER_DECL(link_next)
{
	c->r[REG_TEMP] = cpu_ip_wrap(c, c->r[REG_TEMP]);
	if (!target_ok(c, c->r[REG_TEMP])) {
		cpu_finish(c, o, c->r[REG_TEMP]);
		LEAVE;
	}
	link_branch(c, o, &((struct insn *)o)->next);
	TAIL(branch_to);
}

/* Retire and go on at ip, whose block is `link` if that is known. */
#define BRANCH(link, slow, ip) do { \
	u64 ip_ = (ip); \
	const struct insn *to_ = (link); \
	if (UNLIKELY(!to_)) { c->r[REG_TEMP] = ip_; TAIL(slow); } \
	cpu_finish(c, o, ip_); \
	if (UNLIKELY(c->left <= 0)) LEAVE; \
	GOTO(to_); \
} while (0)
#define TAKEN     BRANCH(o->taken, link_taken, (c->r[REG_IP] + o->imm) & o->amask)
#define NOT_TAKEN BRANCH(o->next, link_next, c->r[REG_IP] + (u64)o->disp)

#define JCC(cc, condition) HANDLER(j##cc) { if (condition) TAKEN; NOT_TAKEN; }
#define SUBTRACTED (c->fk == K_SUB) /* after CMP, the conditions compare its operands directly */
JCC(o, flag_of(c))
JCC(no, !flag_of(c))
JCC(b, SUBTRACTED ? c->fa < c->fb : flag_cf(c))
JCC(ae, SUBTRACTED ? c->fa >= c->fb : !flag_cf(c))
JCC(e, flag_zf(c))
JCC(ne, !flag_zf(c))
JCC(be, SUBTRACTED ? c->fa <= c->fb : flag_cf(c) || flag_zf(c))
JCC(a, SUBTRACTED ? c->fa > c->fb : !flag_cf(c) && !flag_zf(c))
JCC(s, flag_sf(c))
JCC(ns, !flag_sf(c))
JCC(p, flag_pf(c))
JCC(np, !flag_pf(c))
JCC(l, SUBTRACTED ? (i64)c->fa < (i64)c->fb : flag_sf(c) != flag_of(c))
JCC(ge, SUBTRACTED ? (i64)c->fa >= (i64)c->fb : flag_sf(c) == flag_of(c))
JCC(le, SUBTRACTED ? (i64)c->fa <= (i64)c->fb : flag_zf(c) || flag_sf(c) != flag_of(c))
JCC(g, SUBTRACTED ? (i64)c->fa > (i64)c->fb : !flag_zf(c) && flag_sf(c) == flag_of(c))
static const handler jcc[16] = { jo, jno, jb, jae, je, jne, jbe, ja, js, jns, jp, jnp, jl, jge, jle, jg };
extern const struct op op_jcc;
const struct op op_jcc = { .by_cond = jcc };

PLAIN(jmp)
{
	TAKEN;
}

/* LOOPcc and JCXZ count in the register of the address size (o->scale). */
static inline bool count_down(struct cpu *c, const struct insn *o)
{
	u64 n = zero_extend(c->r[RCX] - 1, o->scale);
	gpr_set(c, RCX, o->scale, n);
	return n != 0;
}

/* Where a LOOP goes; the target is checked first, because a fault must find CX as it was. */
#define LOOP(condition) do { \
	u64 target = (c->r[REG_IP] + o->imm) & o->amask; \
	u64 n = zero_extend(c->r[RCX] - 1, o->scale); \
	if (n && (condition) && UNLIKELY(!target_ok(c, target))) TAIL(bad_target); \
	if (count_down(c, o) && (condition)) TAKEN; \
	NOT_TAKEN; \
} while (0)
PLAIN(loop)
{
	LOOP(true);
}

PLAIN(loope)
{
	LOOP(flag_zf(c));
}

PLAIN(loopne)
{
	LOOP(!flag_zf(c));
}

PLAIN(jcxz)
{
	if (gpr(c, RCX, o->scale) == 0)
		TAKEN;
	NOT_TAKEN;
}

/* SDM 2A JMP */
HANDLER(jmp_r_slow)
{
	TRY(rm_load(c, o, o->d, o->size, &c->r[REG_TEMP]));
	TAIL(branch_to);
}

/* SDM 2A CALL: the return address goes onto the stack of the operand size. */
HANDLER(call_slow)
{
	u64 target = (c->r[REG_IP] + o->imm) & o->amask;
	if (UNLIKELY(!target_ok(c, target)))
		TAIL(bad_target);
	TRY(stack_push(c, o->opsize, cpu_next_ip(c, o)));
	TAKEN;
}

PLAIN(call_r)
{
	TRY(rm_load(c, o, o->d, o->size, &c->r[REG_TEMP]));
	if (UNLIKELY(!target_ok(c, c->r[REG_TEMP])))
		TAIL(bad_target);
	TRY(stack_push(c, o->size, cpu_next_ip(c, o)));
	TAIL(branch_to);
}

/* SDM 2B RET */
HANDLER(ret_slow)
{
	TRY(stack_peek(c, 0, o->opsize, &c->r[REG_TEMP]));
	if (UNLIKELY(!target_ok(c, c->r[REG_TEMP])))
		TAIL(bad_target);
	stack_drop(c, o->opsize);
	TAIL(branch_to);
}

/* The same, when the TLB has the page of the stack or of the jump table: nothing is left that can fail. */
#define NEAR(W) \
	HANDLER(call_RR_##W) \
	{ \
		u64 target = (c->r[REG_IP] + o->imm) & o->amask, sp = (c->r[RSP] - W / 8) & c->sp_mask; \
		u8 *m = mmu_hit_write(c, SEG_SS, sp, W / 8); \
		if (UNLIKELY(!m || !target_ok(c, target))) \
			TAIL(call_slow); \
		host_put(m, W / 8, cpu_next_ip(c, o)); \
		stack_set(c, sp); \
		TAKEN; \
	} \
	HANDLER(ret_RR_##W) \
	{ \
		const u8 *m = mmu_hit_read(c, SEG_SS, c->r[RSP] & c->sp_mask, W / 8); \
		if (UNLIKELY(!m || !target_ok(c, host_get(m, W / 8)))) \
			TAIL(ret_slow); \
		stack_drop(c, W / 8); \
		JUMP_TO(host_get(m, W / 8)); \
	} \
	HANDLER(jmp_r_MR_##W) \
	{ \
		const u8 *m = mmu_hit_read(c, o->seg, ea(c, o), W / 8); \
		if (UNLIKELY(!m)) \
			TAIL(jmp_r_slow); \
		JUMP_TO(host_get(m, W / 8)); \
	}
NEAR(16)
NEAR(32)
NEAR(64)
#define WIDTHS(f, form) \
	{ [1] = { [form] = f##_##form##_16 }, { [form] = f##_##form##_32 }, { [form] = f##_##form##_64 } }
extern const struct op op_call, op_ret, op_jmp_r;
const struct op op_call = { .plain = call_slow, .by_form = WIDTHS(call, RR) };
const struct op op_ret = { .plain = ret_slow, .by_form = WIDTHS(ret, RR) };
const struct op op_jmp_r = { .plain = jmp_r_slow, .by_form = WIDTHS(jmp_r, MR) };

PLAIN(ret_imm)
{
	TRY(stack_peek(c, 0, o->opsize, &c->r[REG_TEMP]));
	if (UNLIKELY(!target_ok(c, c->r[REG_TEMP])))
		TAIL(bad_target);
	stack_drop(c, o->opsize + (o->imm & 0xffff));
	TAIL(branch_to);
}

/* ---- pseudo-instructions of the block cache ---- */

/* The block was cut short: the next address begins another one. */
HANDLER(block_end)
{
	c->r[REG_IP] = cpu_ip_wrap(c, c->r[REG_IP] + o->off);
	c->left -= o->nth;
	c->why = WHY_DONE;
	const struct insn *first = c->left > 0 ? jump_cached(c) : NULL;
	if (UNLIKELY(!first))
		LEAVE;
	GOTO(first);
}

HANDLER(stale)
{
	c->r[REG_IP] += o->off;
	c->left -= o->nth;
	c->why = WHY_DONE;
	LEAVE;
}

HANDLER(stop)
{
	c->stopped = true;
	LEAVE;
}

HANDLER(invalid)
{
	fault_ud(c);
	FAULT;
}

HANDLER(too_long)
{
	fault_gp(c, 0);
	FAULT;
}

/* A displacement of more than 32 bits (in `taken`): put into a register of its own, with what it is relative to.
 * The copy may branch; the chain's allowance is cut so that it comes back here at once and cannot nest. */
HANDLER(wide)
{
	struct insn copy = *o;
	i64 rest = c->left - (o->nth + 1);
	c->granted -= rest;
	c->left -= rest;
	c->r[REG_WIDE] = c->r[o->base] + (u64)(uintptr_t)o->taken;
	copy.base = REG_WIDE;
	copy.disp = 0;
	copy.taken = NULL;
	copy.fn = block_handler(o, o->form);
	if (block_run_copy(c, o, &copy))
		NEXT;
	LEAVE;
}

const handler fn_block_end = block_end, fn_stale = stale, fn_break = stale, fn_stop = stop, fn_invalid = invalid,
	      fn_too_long = too_long, fn_wide = wide;
