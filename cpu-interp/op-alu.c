/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-alu.c - the families that are templates over operand width and form: alu.inc, four times, and what to do when a
 * memory operand misses the TLB.
 * Rule: op_miss either makes the page hit and restarts the instruction, or does it through the pseudo-register TEMP:
 * load, the register form of the same instruction, store.  Handlers never learn that device registers exist.
 */
#include "core/threads.h"
#include "cpu-interp/block.h"
#include "cpu-interp/handlers.h"
#include "cpu-interp/op-stack.h"
#include "cpu-interp/ops.h"

COLD static HANDLER_DECL(op_miss);

/* PUT of 32 bits writes 64; the template of width 64 defines the type again, alike. */
typedef u64 __attribute__((aligned(1), may_alias)) guest64;

/* What MOVZX, MOVSX and MOVSXD widen: 1, 2 or 4 bytes. */
static inline u64 narrow_get(const u8 *p, int size)
{
	return size == 1 ? *p : size == 2 ? host_get(p, 2) : host_get(p, 4);
}

#define W 8
#define T u8
#define S i8
#include "cpu-interp/alu.inc"
#undef W
#undef T
#undef S
#define W 16
#define T u16
#define S i16
#include "cpu-interp/alu.inc"
#undef W
#undef T
#undef S
#define W 32
#define T u32
#define S i32
#include "cpu-interp/alu.inc"
#undef W
#undef T
#undef S
#define W 64
#define T u64
#define S i64
#include "cpu-interp/alu.inc"
#undef W
#undef T
#undef S

#define WIDTH(f, w) { f##_RR_##w, f##_RM_##w, f##_MR_##w, f##_RI_##w, f##_MI_##w }
#define ALL(f) \
	extern const struct op op_##f; \
	const struct op op_##f = { .by_form = { WIDTH(f, 8), WIDTH(f, 16), WIDTH(f, 32), WIDTH(f, 64) } };
#define ONE(f, w) { [RR] = f##_RR_##w, [MR] = f##_MR_##w }
#define UNARY(f) \
	extern const struct op op_##f; \
	const struct op op_##f = { .by_form = { ONE(f, 8), ONE(f, 16), ONE(f, 32), ONE(f, 64) } };
#define TO_DEST(f, w) { [RR] = f##_RR_##w, [MR] = f##_MR_##w, [RI] = f##_RI_##w, [MI] = f##_MI_##w }
#define SHIFTS(f) \
	extern const struct op op_##f; \
	const struct op op_##f = { .by_form = { TO_DEST(f, 8), TO_DEST(f, 16), TO_DEST(f, 32), TO_DEST(f, 64) } };
#define TO_REG(f, w) { [RR] = f##_RR_##w, [RM] = f##_RM_##w }
#define WIDE(f) \
	extern const struct op op_##f; \
	const struct op op_##f = { .by_form = { [1] = TO_REG(f, 16), TO_REG(f, 32), TO_REG(f, 64) } };

ALL(add) ALL(or) ALL(adc) ALL(sbb) ALL(and) ALL(sub) ALL(xor) ALL(cmp) ALL(test) ALL(mov)
UNARY(inc) UNARY(dec) UNARY(not) UNARY(neg)
SHIFTS(shl) SHIFTS(shr) SHIFTS(sar) SHIFTS(rol) SHIFTS(ror) SHIFTS(rcl) SHIFTS(rcr)
WIDE(movzx) WIDE(movsx) WIDE(imul) WIDE(imul3)

extern const struct op op_movsxd, op_lea, op_push, op_pop;
const struct op op_movsxd = { .by_form = { [1] = TO_REG(movsx, 16), TO_REG(movsx, 32), TO_REG(movsx, 64) } };
const struct op op_lea = { .by_form = { [1] = { [RM] = lea_RM_16 }, { [RM] = lea_RM_32 }, { [RM] = lea_RM_64 } } };
const struct op op_push = { .plain = push_slow,
	.by_form = { [1] = { [RR] = push_RR_16 }, { [RR] = push_RR_32 }, { [RR] = push_RR_64 } } };
const struct op op_pop = { .plain = pop_slow,
	.by_form = { [1] = { [RR] = pop_RR_16 }, { [RR] = pop_RR_32 }, { [RR] = pop_RR_64 } } };

/* The instruction as if its memory operand were the register TEMP. */
static struct insn register_form(const struct insn *o)
{
	struct insn copy = *o;
	enum form form = o->form == MI ? RI : RR;
	if (o->form == RM)
		copy.s = REG_TEMP * 8;
	else
		copy.d = REG_TEMP * 8;
	copy.form = (u8)form;
	copy.fn = block_handler(o, form);
	return copy;
}

/* Load, operate, store: for device registers, ROM, code pages, watched pages, operands that cross pages. */
static bool through_temp(struct cpu *c, const struct insn *o, bool reads, bool writes)
{
	int size = o->form == RM ? o->ssize : o->size;
	u64 at = ea(c, o);
	if (writes && !mmu_check_store(c, o->seg, at, size))
		return false;
	if (reads && !mmu_load(c, o->seg, at, size, &c->r[REG_TEMP]))
		return false;
	u64 fa = c->fa, fb = c->fb, fr = c->fr, rflags = *c->s.rflags;
	u32 fk = c->fk;
	struct insn copy = register_form(o);
	block_run_copy(c, o, &copy);
	if (!writes || mmu_store(c, o->seg, at, size, zero_extend(c->r[REG_TEMP], size)))
		return true;
	flags_lazy(c, fk, fa, fb, fr); /* the store waits for the hypervisor: nothing has happened yet */
	*c->s.rflags = rflags;
	return false;
}

static HANDLER_DECL(op_miss)
{
	u32 row = isa_rows[o->row].flags;
	bool to_memory = o->form == MR || o->form == MI;
	bool writes = to_memory && !(row & RO), reads = !(to_memory && (row & WO));
	TRY(through_temp(c, o, reads, writes));
	NEXT;
}

/* --- locked instructions, when vCPUs have threads --------------------------------------------------------- */

/* The slow form of the instruction, whose store is an exchange (mmu.c).  CMPXCHG16B makes two stores, alone. */
static bool run_locked(struct cpu *c, const struct insn *o)
{
	struct insn copy = *o;
	bool wide = o->fn == fn_locked_wide;
	bool began = wide && vcpu_alone(c->vcpu);
	copy.fn = row_op[o->row]->plain ? row_op[o->row]->plain : op_miss;
	c->locked = !wide;
	/* op_miss runs a copy of its own, which may have ended well although the store after it failed */
	bool done = block_run_copy(c, o, &copy) && c->why == WHY_DONE;
	c->locked = false;
	if (began)
		vcpu_together(c->vcpu);
	return done;
}

COLD static HANDLER_DECL(locked)
{
	if (!run_locked(c, o))
		LEAVE;
	NEXT;
}

/* While it waited to be alone, somebody may have dropped all blocks, this one too: the chain ends here. */
COLD static HANDLER_DECL(locked_wide)
{
	const struct insn here = *o;
	if (run_locked(c, &here)) {
		cpu_finish(c, &here, cpu_next_ip(c, &here));
		LEAVE;
	}
	struct single *kept = &c->single[0];
	kept->len = 0;
	kept->insn[0] = here;
	c->cur = kept->insn;
	LEAVE;
}
const handler fn_locked = locked, fn_locked_wide = locked_wide;
