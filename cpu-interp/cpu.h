/* SPDX-License-Identifier: GPL-3.0-or-later
 * cpu.h - the interpreter's processor: architectural state, and the caches derived from it.
 *
 * Rule: everything outside `s`, `r`, the lazy flags and the answers is a cache.  It can be dropped at any instruction
 * boundary (cpu_drop_caches) and the guest never notices; only one that changes its page tables without the flush the
 * manual asks for (SDM 3A 4.10.4) can tell, as it can on a real processor; or one that clears accessed flags, does not
 * flush, and counts those set again.  So snapshots hold no translation, and restoring one drops them all.
 */
#ifndef VITRINE_CPU_INTERP_CPU_H
#define VITRINE_CPU_INTERP_CPU_H

#include "core/event.h"
#include "core/exit.h"
#include "core/state.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "core/x86/x86.h"
#include "cpu-interp/isa/isa.h"
#include "cpu-interp/tlb.h"

struct cpu;
struct insn;

/* A handler executes one decoded instruction.  Release builds chain handlers by tail calls; debug and ASan builds,
 * where the compiler may not turn calls into jumps, return the next instruction to a loop (ops.h). */
#ifdef CALL_THREADED
typedef const struct insn *(*handler)(struct cpu *c, const struct insn *o);
#else
typedef void (*handler)(struct cpu *c, const struct insn *o);
#endif

/* Beyond the 16 general registers the register file holds pseudo-registers, so that an operand or an address never
 * needs a special case: ZERO stands for "no base" or "no index"; TEMP holds a memory operand on the slow path; IP is
 * the instruction pointer (offset in CS) of the block being executed; WIDE holds a displacement that needs 64 bits. */
enum { REG_ZERO = X86_GPRS, REG_TEMP, REG_IP, REG_WIDE, REG_COUNT };

/* How a templated handler finds its operands: destination first. */
enum form { RR, RM, MR, RI, MI, FORMS };

/* The semantics of one family of instructions.  Either one function for all cases, or one per width (8, 16, 32, 64,
 * 128 bits) and form. */
struct op {
	handler plain;
	handler by_form[5][FORMS];
	const handler *by_cond; /* sixteen, for Jcc */
};

/* One decoded instruction: 64 bytes, a cache line. */
struct insn {
	handler fn;
	u64 imm;                         /* immediate; branches: block start + imm = target; x87: its opcode, 11 bits */
	const struct insn *taken, *next; /* branches: first instruction of the target block, once known */
	u64 amask;                       /* mask of the address size; branches: of the operand size */
	i32 disp;                        /* displacement; without ModRM: second immediate or selector; jcc: length */
	u16 off;                         /* bytes from the block's start */
	u16 row;                         /* index into isa_rows */
	u8 d, s;                         /* byte offsets into cpu.r of the first and second operand (VEX.vvvv not counted);
					  * of MMX, XMM and x87 registers the numbers */
	u8 base, index, scale, seg;      /* memory operand: register numbers (REG_ZERO = none), shift, enum x86_seg */
	u8 size, ssize;                  /* bytes of the first and second operand */
	u8 opsize;                       /* effective operand size: 2, 4, 8 */
	u8 len;
	u8 nth;                          /* instructions before this one in its block */
	u8 form;                         /* enum form */
	u8 mem;                          /* the r/m operand is in memory */
	u8 rep;                          /* 0, 0xf2, 0xf3 */
	u8 digit;                        /* ModRM.reg with REX.R: number of the reg operand, whatever its kind */
	u8 x;                            /* VEX.vvvv register number, or the condition (opcode & 15) */
};
_Static_assert(sizeof(struct insn) == 64, "a decoded instruction is one cache line");

/* What an access needs of a segment.  Offsets lo ... lo + rlen - 1 may be read, lo ... lo + wlen - 1 written; none if
 * the segment cannot be used that way.  In 64-bit mode lo = 0, rlen = ~0.  The fast path knows only rfast and wfast:
 * an access of at most 8 bytes at an offset below them is inside. */
struct segment { u64 base, rfast, wfast, lo, rlen, wlen, unused[2]; };
/* By which rules c->seg[] was made from the registers (seg_update). */
enum seg_rules { RULES_NONE, RULES_REAL, RULES_PROTECTED, RULES_64 };

/* Why a chain of handlers was left. */
enum why { WHY_DONE, WHY_FAULT, WHY_EXIT, WHY_AGAIN /* another processor was faster: once more */ };

/* An exception raised but not yet delivered. */
struct fault {
	u8 vector;
	bool has_error;
	u32 error;
	u64 cr2;   /* #PF */
	u64 dr6;   /* #DB: bits to set */
	bool trap; /* taken after the instruction (RIP already advanced): INT3, INTO, single step */
};

/* Lazy flags: what made the arithmetic flags (flags.h). */
enum flag_kind { K_FLAGS, K_ADD, K_ADC, K_SUB, K_SBB, K_LOGIC, K_INC, K_DEC, K_CARRY };

enum { ANSWERS = 96, BLOCK_MAX = 64 };
/* A way of looking at code: base, limit and size of the code segment.  Each gets a mark of its own; 64-bit mode has
 * mark 0.  Marked addresses are not canonical, so those of different views never meet in the jump cache. */
struct view { u64 base, mark; u32 limit; u8 mode; };
enum { VIEWS = 64 };
#define VIEW_MARK (1ull << 62)
#define VIEW_STEP (1ull << 32)

/* An instruction that runs by itself, and the end behind it; what it was decoded from. */
struct single { struct insn insn[2]; u8 bytes[16], len, mode; };
enum { SINGLES = 16 };

struct cpu {
	/* hot: registers, flags, budget, segments */
	u64 r[REG_COUNT];
	u64 fa, fb, fr;     /* operands and result, sign-extended to 64 bits */
	u32 fk;             /* enum flag_kind */
	u8 cpl;             /* current privilege level */
	u8 mode;            /* enum isa_mode of the code segment */
	u8 why;             /* enum why */
	bool v86;
	i64 left;           /* instructions until the chain must be left; a chain overshoots by less than BLOCK_MAX */
	i64 granted;        /* what left was at the start of the chain */
	const struct insn *cur; /* where the chain was left, for WHY_FAULT and WHY_EXIT */
	struct tlb *rd, *wr; /* the TLBs in use: by tag and class, or `none` when every access must take the slow road */
	struct jump *jump;  /* likewise */
	u64 sp_mask;        /* of the stack segment's size */
	struct segment seg[X86_SEGS];
	u8 seg_rules;       /* enum seg_rules */

	struct x86_state s; /* gpr, rip and rflags' arithmetic bits are stale here: see cpu_sync */
	struct fault fault;
	bool stopped;       /* a copied instruction ran to its end (block_run_copy) */
	bool fault_pending; /* raised, to be delivered before the next instruction */
	struct vcpu *vcpu;
	struct vm *vm;

	/* questions to the hypervisor already answered for the instruction being restarted, in order */
	struct vm_exit exit;
	struct vm_exit answer[ANSWERS];
	u8 nanswers, cursor;
	bool asked;         /* the latest exit waits for its answer */
	bool window;        /* leave when an interrupt can be taken */
	int kicked;         /* atomic: another thread wants us out */
	bool exact;         /* blocks of one instruction: something watches every step */
	u32 breaks_seen;    /* changes of the list of breakpoints that decoded code knows */
	u32 watches_seen;   /* and of the list of watches that the TLBs know */
	bool in_block;      /* a block executes: an access that is watched has its instruction restarted by itself */
	bool alone;         /* the next instruction executes by itself, because it was */
	u32 told_moves;        /* vm->breaks.moves when */
	u64 told_at, told_lin; /* the latest EV_breakpoint: instructions before it, plus 1, and its address */
	bool watch_mem;     /* EV_mem is wanted: no access may hit a TLB */
	bool locked;        /* a locked instruction executes: its store must find what its load found */
	u64 lock_found;
	bool in_new_task;   /* a task switch is past the point of no return */
	bool walk_left;     /* a page walk needs the hypervisor: leave; */
	u64 walk_lin;       /* what it is for */
	u8 delivering;      /* vector + 1 while an event is being delivered; for the chain of faults */
	bool entered;       /* the latest instruction went through the interrupt table: no single-step trap after it */

	/* caches */
	struct blocks *blocks; /* of the VM, shared by its processors */
	struct single single[SINGLES]; /* block_one: by place in the page */
	struct tlb_space *space[TLB_SPACES], *now; /* made as tags come into use; now: the one in use */
	u64 selections;     /* so far; for the least recently used */
	struct tlb none;    /* always empty */
	struct view view;   /* the current one */
	struct view views[VIEWS]; /* the latest ones, by base */
	u64 views_made;
	bool smap_open;     /* RFLAGS.AC lets the supervisor at user pages: TLB_OPEN */
};

/* Copy r, rip and the lazy flags into s; and back (also recomputes every derived cache). */
void cpu_sync(struct cpu *c);
void cpu_load(struct cpu *c);
void cpu_drop_caches(struct cpu *c);
/* Recompute cpl, mode, sp_mask, effective segments, TLB choice, exact after CR0, EFER, CS, SS, RFLAGS or DR7 changed. */
void cpu_update_mode(struct cpu *c);

/* Instructions retired before o (o == NULL: RIP is exact, between instructions). */
u64 cpu_icount(const struct cpu *c, const struct insn *o);
/* Virtual time, and the time-stamp counter as instruction o reads it (op-system.c). */
u64 cpu_time(const struct cpu *c, const struct insn *o);
u64 cpu_tsc(const struct cpu *c, const struct insn *o);
/* An event of now, to be filled in. */
struct event cpu_event(const struct cpu *c, const struct insn *o, enum event_kind kind);

/* IP in the current view, as the jump cache knows it; the cache's slot for it. */
static inline u64 cpu_jump_key(const struct cpu *c)
{
	u64 lin = c->view.base + c->r[REG_IP];
	return c->view.mark ? (u32)lin | c->view.mark : lin;
}
static inline struct jump *cpu_jump_slot(struct cpu *c, u64 key)
{
	return &c->jump[(key ^ key >> 10) & (JUMP_CACHE - 1)];
}

static inline bool user_mode(const struct cpu *c) { return c->cpl == 3; }
static inline bool real_mode(const struct cpu *c) { return !(*c->s.cr0 & CR0_PE); }
static inline bool real_or_v86(const struct cpu *c) { return real_mode(c) || c->v86; }
static inline bool long_active(const struct cpu *c) { return *c->s.efer & EFER_LMA; }
static inline bool has(const struct cpu *c, enum cpu_feature f) { return cpu_has(c->vm->cpu, f); }
static inline u32 iopl(const struct cpu *c) { return *c->s.rflags >> FLAG_IOPL_SHIFT & 3; }

#endif
