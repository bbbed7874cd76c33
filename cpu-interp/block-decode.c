/* SPDX-License-Identifier: GPL-3.0-or-later
 * block-decode.c - from code bytes to a run of ready-made instructions.
 * Rule: a block ends where control may go elsewhere, where the page or the code segment ends, before a breakpoint, or at
 * an instruction that cannot be decoded; whatever follows is decided when execution gets there.
 */
#include <string.h>

#include "cpu-interp/block-priv.h"
#include "cpu-interp/block.h"
#include "cpu-interp/fault.h"
#include "cpu-interp/handlers.h"
#include "cpu-interp/mmu.h"

extern const struct op op_xchg, op_cmpxchg8b;

static const u8 nothing[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

u64 block_linear_ip(const struct cpu *c)
{
	if (c->mode == MODE_64)
		return c->r[REG_IP];
	return (u32)(c->s.seg_base[SEG_CS] + c->r[REG_IP]);
}

/* Bytes left in the code segment from ip on, at most 4096. */
static int limit_avail(const struct cpu *c, u64 ip)
{
	if (c->mode == MODE_64)
		return PAGE_SIZE_4K;
	u64 limit = c->s.seg_limit[SEG_CS];
	if (ip > limit)
		return 0;
	return limit - ip >= PAGE_SIZE_4K ? (int)PAGE_SIZE_4K : (int)(limit - ip + 1);
}

/* Where there is no memory the bus answers all-ones; FF FF is no instruction, so #UD follows. */
static const u8 *code_bytes(struct cpu *c, u64 gpa, int len)
{
	const u8 *host = mem_host(&c->vm->mem, gpa, (u64)len, false);
	return host ? host : nothing;
}

/* Would the first instruction need more than the bytes of this page? */
static bool needs_more(struct cpu *c, const struct block_source *src)
{
	struct decoded d;
	return src->avail < 15 && isa_decode(src->bytes, src->avail, c->mode, c->vm->cpu->features, &d) == DECODE_MORE;
}

bool block_source(struct cpu *c, struct block_source *src)
{
	u64 lin = block_linear_ip(c);
	int in_segment = limit_avail(c, c->r[REG_IP]);
	if (in_segment == 0)
		return fault_gp(c, 0);
	if (!mmu_fetch(c, lin, &src->gpa))
		return false;
	int in_page = (int)(PAGE_SIZE_4K - (lin & PAGE_MASK_4K));
	src->avail = in_page < in_segment ? in_page : in_segment;
	src->bytes = code_bytes(c, src->gpa, src->avail);
	if (src->bytes == nothing && src->avail > (int)sizeof nothing)
		src->avail = sizeof nothing;
	src->limit_ends = in_segment <= in_page;
	src->straddles = !src->limit_ends && needs_more(c, src);
	return true;
}

bool block_straddling(struct cpu *c, struct block_source *src)
{
	int first = src->avail, whole = limit_avail(c, c->r[REG_IP]);
	u64 gpa, next = block_linear_ip(c) + (u64)first;
	if (!mmu_fetch(c, c->mode == MODE_64 ? next : (u32)next, &gpa))
		return false;
	if (whole > 15)
		whole = 15;
	memcpy(src->copy, src->bytes, (size_t)first);
	memcpy(src->copy + first, code_bytes(c, gpa, whole - first), (size_t)(whole - first));
	src->bytes = src->copy;
	src->avail = whole;
	src->limit_ends = whole < 15;
	return true;
}

handler block_handler(const struct insn *o, enum form form)
{
	const struct op *op = row_op[o->row];
	if (op->by_cond)
		return op->by_cond[o->x];
	handler fn = op->by_form[__builtin_ctz(o->size)][form];
	return fn ? fn : op->plain;
}

/* How a handler names an operand's register (struct insn): a general one by its place, a vector's by its number. */
static u8 register_of(const struct operand *o)
{
	if (o->kind == OPD_REG)
		return (u8)(o->reg * 8 + o->high);
	return o->kind == OPD_MMX || o->kind == OPD_XMM || o->kind == OPD_ST ? o->reg : 0;
}

/* Which operand is where; destination first (enum form). */
static enum form form_of(const struct decoded *d)
{
	if (d->o[0].kind == OPD_MEM)
		return d->o[1].kind == OPD_IMM ? MI : MR;
	if (d->o[0].kind == OPD_IMM)
		return RI;
	return d->o[1].kind == OPD_MEM ? RM : d->o[1].kind == OPD_IMM ? RI : RR;
}

static u64 size_mask(int size) { return size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1; }

static void set_memory_operand(struct insn *o, const struct decoded *d)
{
	i64 disp = d->disp;
	o->base = d->base == ISA_RIP ? REG_IP : d->base;
	o->index = d->index;
	o->scale = d->scale;
	o->seg = d->segment;
	o->amask = size_mask(d->addrsize);
	if (d->base == ISA_RIP)
		disp += o->off + o->len; /* REG_IP stands at the block's start */
	o->disp = (i32)disp;
	if (o->disp != disp) {
		o->taken = (const void *)(uintptr_t)disp;
		o->fn = fn_wide;
	}
}

/* The register named by ModRM.reg (of whatever kind) and by VEX.vvvv. */
static void set_numbers(struct insn *o, const struct decoded *d)
{
	o->digit = d->modrm >> 3 & 7;
	o->x = d->opcode & 15;
	if ((d->row->opcode & ~7u) == 0xd8) /* what the x87 records of its instructions (SDM 1 8.1.9) */
		o->imm = (u64)(d->opcode & 7) << 8 | d->modrm;
	for (int i = 0; i < 4; i++) {
		u8 letter = d->row->o[i];
		if ((letter >= Gb && letter <= Gy) || (letter >= Cy && letter <= Sw) || (letter >= ES && letter <= GS))
			o->digit = d->o[i].reg;
		if (letter == By)
			o->x = d->o[i].reg;
	}
}

/* Relative branches: both ways to go on, counted from the block's start. */
static void set_branch(struct insn *o, const struct decoded *d)
{
	o->disp = o->off + o->len;
	o->imm = d->imm + (u64)o->disp;
	o->amask = size_mask(d->opsize);
	o->scale = d->addrsize; /* LOOP and JCXZ count in CX, ECX or RCX */
}

/* Width of the operation; an immediate (PUSH) or a target (CALL) on its own is as wide as the operand size says. */
static u8 size_of_first(const struct decoded *d)
{
	u8 kind = d->o[0].kind;
	return kind == OPD_IMM || kind == OPD_REL || !d->o[0].size ? d->opsize : d->o[0].size;
}

static void translate(struct insn *o, const struct decoded *d, u16 off, u8 nth)
{
	const struct operand *second = &d->o[d->row->o[1] == By ? 2 : 1]; /* VEX.vvvv has its own place */
	*o = (struct insn){
		.row = (u16)isa_row_index(d->row), .off = off, .nth = nth, .len = d->len, .imm = d->imm,
		.size = size_of_first(d), .ssize = d->o[1].size, .opsize = d->opsize,
		.rep = d->rep, .base = REG_ZERO, .index = REG_ZERO, .seg = d->segment, .form = form_of(d),
		.amask = size_mask(d->addrsize), .disp = (i32)d->imm2,
		.d = register_of(&d->o[0]), .s = register_of(second),
	};
	set_numbers(o, d);
	o->fn = block_handler(o, o->form);
	for (int i = 0; i < 4; i++)
		o->mem |= d->o[i].kind == OPD_MEM;
	if (o->mem || d->has_modrm)
		set_memory_operand(o, d);
	else if (d->row->flags & BR)
		set_branch(o, d);
}

/* Needs to be atomic, if other processors execute at the same time; XCHG with memory always does (SDM 2D XCHG). */
static bool is_locked(const struct insn *o, const struct decoded *d)
{
	return o->mem && o->fn != fn_wide && (d->lock || row_op[o->row] == &op_xchg);
}

static handler locked_handler(const struct insn *o)
{
	return row_op[o->row] == &op_cmpxchg8b && o->opsize == 8 ? fn_locked_wide : fn_locked;
}

static void end_with(struct insn *o, handler fn, u16 off, u8 nth)
{
	*o = (struct insn){ .fn = fn, .off = off, .nth = nth };
}

/* An instruction of which bytes lie beyond the segment's limit faults; beyond the page it begins a new block. */
static handler fn_after(const struct block_source *src, enum decode_status status, bool first)
{
	if (status == DECODE_UD)
		return fn_invalid;
	if (status == DECODE_TOO_LONG || (src->limit_ends && first))
		return fn_too_long; /* both are #GP(0) */
	return fn_block_end;
}

void block_decode(struct cpu *c, const struct block_source *src, int max, struct block *blk)
{
	int off = 0, n = 0, looked_at = 0;
	bool ended = false;
	handler tail = fn_block_end;
	while (n < max && off < src->avail && !ended) {
		struct decoded d;
		if (max > 1 && breaks_near(&c->vm->breaks, src->gpa + (u64)off)) {
			tail = fn_break;
			looked_at = 1;
			break;
		}
		enum decode_status status = isa_decode(src->bytes + off, src->avail - off, c->mode,
						       c->vm->cpu->features, &d);
		if (status != DECODE_OK) {
			tail = fn_after(src, status, n == 0);
			looked_at = d.len; /* if these change it may become an instruction */
			break;
		}
		translate(&blk->first[n], &d, (u16)off, (u8)n);
		if (c->vm->threads && is_locked(&blk->first[n], &d))
			blk->first[n].fn = locked_handler(&blk->first[n]);
		ended = d.row->flags & ENDS;
		off += d.len;
		n++;
	}
	end_with(&blk->first[n], tail, (u16)off, (u8)n);
	blk->count = (u16)(n + 1);
	blk->bytes = (u16)(off + looked_at);
}
