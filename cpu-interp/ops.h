/* SPDX-License-Identifier: GPL-3.0-or-later
 * ops.h - the words in which handlers are written.
 *
 * Rule of every handler: check, compute, write.  Nothing architectural changes before the last thing that can fail,
 * because an instruction that faults or asks the hypervisor is restarted from its beginning.
 *
 * Two dispatchers, one source: in release builds NEXT is a tail call to the next handler; in debug and ASan builds
 * (CALL_THREADED) it returns the next instruction to the loop in DISPATCH.
 */
#ifndef VITRINE_CPU_INTERP_OPS_H
#define VITRINE_CPU_INTERP_OPS_H

#include "cpu-interp/cpu.h"
#include "cpu-interp/fault.h"
#include "cpu-interp/flags.h"
#include "cpu-interp/mmu.h"

/* DISPATCH runs handlers from `first` on until one leaves. */
#ifdef CALL_THREADED
#define HANDLER(name) static const struct insn *name(struct cpu *c, const struct insn *o)
#define HANDLER_DECL(name) const struct insn *name(struct cpu *c, const struct insn *o)
#define GOTO(to)    return (to)
#define TAIL(fn)    return fn(c, o)
#define LEAVE       return NULL
#define DISPATCH(c, first) do { const struct insn *o_ = (first); while (o_) o_ = o_->fn(c, o_); } while (0)
#else
#ifdef __clang__
#define MUSTTAIL __attribute__((musttail))
#else
#define MUSTTAIL
#endif
#define DISPATCH(c, first) (first)->fn(c, first)
#define HANDLER(name) static void name(struct cpu *c, const struct insn *o)
#define HANDLER_DECL(name) void name(struct cpu *c, const struct insn *o)
#define GOTO(to)    do { const struct insn *t_ = (to); MUSTTAIL return t_->fn(c, t_); } while (0)
#define TAIL(fn)    MUSTTAIL return fn(c, o)
#define LEAVE       return
#endif

/* Rarely taken: kept out of line, so that the handler that may go there needs no stack frame for it. */
#define COLD __attribute__((noinline, cold))

/* On to the next instruction of the block. */
#define NEXT GOTO(o + 1)
/* Leave the chain at this instruction: a fault was raised or the hypervisor is asked; c->why says which. */
#define FAULT do { c->cur = o; LEAVE; } while (0)
/* `TRY(mmu_load(...))`: go on only if it succeeded. */
#define TRY(x) do { if (UNLIKELY(!(x))) FAULT; } while (0)
/* Done, at the end of a block; modes, segments or interrupts may have changed, so let the loop have a look. */
#define END do { cpu_finish(c, o, cpu_next_ip(c, o)); LEAVE; } while (0)
/* Done; the handler (or what it called) has put the new instruction pointer into c->r[REG_IP] itself. */
#define END_AT_IP do { cpu_count(c, o); LEAVE; } while (0)

/* One iteration of a repeated instruction is done (and counted), more are to come: control stays here. */
#define REPEAT do { cpu_finish(c, o, cpu_this_ip(c, o)); LEAVE; } while (0)

/* The semantics of a family as one function for all widths and forms: PLAIN(xadd) { ... }  defines op_xadd. */
#define PLAIN(family) \
	HANDLER(do_##family); \
	extern const struct op op_##family; \
	const struct op op_##family = { .plain = do_##family }; \
	HANDLER(do_##family)

/* Most plain handlers compute and go on: SIMPLE(xadd) { ... return true; }, or false after a fault or a question.
 * The body is a function of its own for another reason too: gcc makes no tail call while a local variable whose
 * address was handed out (mmu_load(..., &v)) is in scope, and a chain of true calls would overflow the host's stack. */
#define SIMPLE(family) \
	static bool exec_##family(struct cpu *c, const struct insn *o); \
	PLAIN(family) { TRY(exec_##family(c, o)); NEXT; } \
	static bool exec_##family(struct cpu *c, const struct insn *o)

/* The same for instructions after which the loop must have a look (row flag ENDS). */
#define ENDING(family) \
	static bool exec_##family(struct cpu *c, const struct insn *o); \
	PLAIN(family) { TRY(exec_##family(c, o)); END; } \
	static bool exec_##family(struct cpu *c, const struct insn *o)

/* Privileged instructions: #GP(0) outside ring 0 (virtual-8086 mode is ring 3). */
static inline bool ring0(struct cpu *c) { return c->cpl == 0 || fault_gp(c, 0); }

static inline u64 cpu_ip_mask(u64 ip, int opsize) { return opsize == 2 ? ip & 0xffff : opsize == 4 ? (u32)ip : ip; }
/* Address of the instruction being executed, and of the one after it.  16-bit code does not wrap at 64 KiB: past its
 * end EIP is 10000h, and the next fetch is beyond the limit (SDM 3A 5.3). */
static inline u64 cpu_this_ip(const struct cpu *c, const struct insn *o) { return c->r[REG_IP] + o->off; }
static inline u64 cpu_ip_wrap(const struct cpu *c, u64 ip)
{
	return c->mode == MODE_64 ? ip : (u32)ip;
}
static inline u64 cpu_next_ip(const struct cpu *c, const struct insn *o)
{
	return cpu_ip_wrap(c, c->r[REG_IP] + o->off + o->len);
}
/* The beginning of every question to the hypervisor. */
static inline struct vm_exit exit_question(const struct cpu *c, const struct insn *o, enum exit_reason reason)
{
	return (struct vm_exit){ .reason = (u16)reason, .insn_len = o->len, .rip = cpu_this_ip(c, o) };
}
/* Retire this instruction (and those before it in its block); control continues at ip, or where r[REG_IP] says. */
static inline void cpu_count(struct cpu *c, const struct insn *o)
{
	c->left -= o->nth + 1;
	c->why = WHY_DONE;
}
static inline void cpu_finish(struct cpu *c, const struct insn *o, u64 ip)
{
	c->r[REG_IP] = ip;
	cpu_count(c, o);
}
/* A near branch to ip: checked against the code segment, retired, and on through the jump cache if possible. */
HANDLER_DECL(branch_to); /* target in c->r[REG_TEMP] */
#define JUMP_TO(ip) do { c->r[REG_TEMP] = (ip); TAIL(branch_to); } while (0)

/* Registers by byte offset, size 1, 2, 4 or 8; a 4-byte write clears the upper half (SDM 1 3.4.1.1). */
static inline u64 reg_get(const struct cpu *c, u8 at, int size)
{
	return host_get((const u8 *)c->r + at, size);
}
static inline void reg_set(struct cpu *c, u8 at, int size, u64 v)
{
	if (size == 4)
		c->r[at / 8] = (u32)v;
	else
		host_put((u8 *)c->r + at, size, v);
}
/* General register by number, whole operand size (no AH..BH). */
static inline u64 gpr(const struct cpu *c, int n, int size) { return zero_extend(c->r[n], size); }
static inline void gpr_set(struct cpu *c, int n, int size, u64 v) { reg_set(c, (u8)(n * 8), size, v); }

/* Effective address: offset within o->seg. */
static inline u64 ea(const struct cpu *c, const struct insn *o)
{
	return (c->r[o->base] + (c->r[o->index] << o->scale) + (u64)(i64)o->disp) & o->amask;
}
/* offset + delta, wrapped to the address size (second half of a far pointer, BOUND...). */
static inline u64 ea_plus(const struct cpu *c, const struct insn *o, u64 delta) { return (ea(c, o) + delta) & o->amask; }

/* The r/m operand, register or memory, `size` bytes; `reg` is o->d or o->s, whichever operand it is. */
static inline bool rm_load(struct cpu *c, const struct insn *o, u8 reg, int size, u64 *v)
{
	if (o->mem)
		return mmu_load(c, o->seg, ea(c, o), size, v);
	*v = reg_get(c, reg, size);
	return true;
}
/* For read-modify-write: loads, and makes sure that the store will not fault. */
static inline bool rm_load_rw(struct cpu *c, const struct insn *o, u8 reg, int size, u64 *v)
{
	if (o->mem && !mmu_check_store(c, o->seg, ea(c, o), size))
		return false;
	return rm_load(c, o, reg, size, v);
}
static inline bool rm_store(struct cpu *c, const struct insn *o, u8 reg, int size, u64 v)
{
	if (o->mem)
		return mmu_store(c, o->seg, ea(c, o), size, v);
	reg_set(c, reg, size, v);
	return true;
}

/* The stack (SS, wrapped to its size).  stack_push moves RSP; stack_peek reads the item `depth` bytes above the top;
 * stack_drop moves RSP up.  size 2, 4 or 8. */
bool stack_push(struct cpu *c, int size, u64 v);
bool stack_peek(struct cpu *c, u64 depth, int size, u64 *v);
static inline void stack_set(struct cpu *c, u64 rsp)
{
	c->r[RSP] = (c->r[RSP] & ~c->sp_mask) | (rsp & c->sp_mask);
}
static inline void stack_drop(struct cpu *c, u64 bytes) { stack_set(c, c->r[RSP] + bytes); }

#endif
