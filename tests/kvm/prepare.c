/* SPDX-License-Identifier: GPL-3.0-or-later
 * prepare.c - registers and memory that let an instruction get further than its first check.
 * Rule: only likelihoods are changed here; every value remains possible, and none is needed.
 */
#include <string.h>

#include "tests/kvm/kvm-diff.h"

bool family_in(const struct testcase *t, const char *const *names)
{
	for (; *names; names++)
		if (family_is(t, *names))
			return true;
	return false;
}

static u64 address_mask(int bytes)
{
	return bytes == 8 ? ~0ull : (1ull << 8 * bytes) - 1;
}

u64 effective_address(const struct testcase *t)
{
	const struct decoded *d = &t->d;
	u64 v = (u64)d->disp;
	if (d->base == ISA_RIP)
		v += t->init.rip[0] + d->len;
	else if (d->base < X86_GPRS)
		v += t->init.gpr[d->base];
	if (d->index < X86_GPRS)
		v += t->init.gpr[d->index] << d->scale;
	return v & address_mask(d->addrsize);
}

static u64 linear(const struct testcase *t, enum x86_seg seg, u64 off)
{
	bool based = t->scene != SCENE_LONG || seg == SEG_FS || seg == SEG_GS;
	return off + (based ? t->init.seg_base[seg] : 0);
}

/* The low `bytes` bytes of a register; 32 bits clear the upper half. */
static void set_low(struct testcase *t, int reg, u64 v, int bytes)
{
	u64 mask = address_mask(bytes);
	t->init.gpr[reg] = (t->init.gpr[reg] & ~mask) | (v & mask);
}

/* ---- memory operands ---- */

static u32 operand_size(const struct decoded *d)
{
	for (int i = 0; i < 4; i++)
		if (d->o[i].kind == OPD_MEM)
			return d->o[i].size ? d->o[i].size : 6;
	return 1;
}

/* Move the base (or the index) so that the effective address is a chosen one. */
static void aim(struct testcase *t)
{
	const struct decoded *d = &t->d;
	int reg = d->base < X86_GPRS ? d->base : d->index < X86_GPRS && d->scale == 0 ? d->index : -1;
	if (!has_memory(t) || reg < 0 || one_in(t, 8))
		return;
	u64 wanted = scene_offset(t, d->segment, operand_size(d), d->addrsize);
	u64 rest = effective_address(t) - t->init.gpr[reg];
	if (reg == RSP && t->scene == SCENE_REAL)
		return;
	if (reg == d->index && reg == d->base)
		return;
	set_low(t, reg, wanted - rest, d->addrsize);
}

static void patch_operand(struct testcase *t, u64 delta, u64 value, int size)
{
	u64 at = (effective_address(t) + delta) & address_mask(t->d.addrsize);
	add_patch(t, linear(t, t->d.segment, at), value, size);
}

/* ---- the stack ---- */

static u64 stack_mask(const struct testcase *t)
{
	return t->scene == SCENE_LONG ? ~0ull : t->init.seg_attr[SEG_SS] & SEG_DB ? 0xffffffff : 0xffff;
}

static void patch_stack(struct testcase *t, u64 depth, u64 value)
{
	u64 off = (t->init.gpr[RSP] + depth) & stack_mask(t);
	add_patch(t, linear(t, SEG_SS, off), value, t->d.opsize);
}

/* A place to go to. */
static u64 target(struct testcase *t)
{
	u64 v = one_in(t, 6)   ? random_value(t)
		: one_in(t, 8) ? 0xfff0 + below(t, 0x20)
			       : below(t, 0x8000) + 0x6000;
	return t->scene == SCENE_LONG && one_in(t, 30) ? 1ull << 47 | v : v;
}

static u64 random_flags(struct testcase *t)
{
	return random_next(&t->random) & ~(u64)(FLAG_TF | FLAG_VIF | FLAG_VIP | FLAG_VM);
}

static void prepare_return(struct testcase *t)
{
	u64 size = t->d.opsize, upper = random_next(&t->random) << 16;
	bool real = t->scene == SCENE_REAL, iret = family_is(t, "iret");
	if (one_in(t, 8))
		return;
	patch_stack(t, 0, target(t));
	if (family_is(t, "ret") || family_is(t, "ret_imm"))
		return;
	u64 code = one_in(t, 2) ? t->init.seg_sel[SEG_CS] : scene_selector(t);
	patch_stack(t, size, real ? random_next(&t->random) : code | upper);
	if (iret)
		patch_stack(t, 2 * size, random_flags(t));
	if (real)
		return;
	patch_stack(t, (iret ? 3 : 2) * size + (family_is(t, "retf_imm") ? t->d.imm : 0), target(t));
	patch_stack(t, (iret ? 4 : 3) * size + (family_is(t, "retf_imm") ? t->d.imm : 0),
		    scene_selector(t) | upper);
}

static void prepare_pop_sreg(struct testcase *t)
{
	if (t->scene != SCENE_REAL)
		patch_stack(t, 0, scene_selector(t) | random_next(&t->random) << 16);
}

static void prepare_popf(struct testcase *t)
{
	patch_stack(t, 0, random_flags(t));
}

static void prepare_frame(struct testcase *t)
{
	if (!one_in(t, 6))
		set_low(t, RBP, scene_offset(t, SEG_SS, 16, 4), t->scene == SCENE_LONG ? 8 : 4);
}

/* ---- strings ---- */

static void prepare_string(struct testcase *t)
{
	const struct decoded *d = &t->d;
	u32 size = d->row->opcode & 1 ? d->opsize : 1;
	set_low(t, RSI, scene_offset(t, d->segment, size, d->addrsize), d->addrsize);
	set_low(t, RDI, scene_offset(t, SEG_ES, size, d->addrsize), d->addrsize);
	if (d->rep)
		set_low(t, RCX, below(t, one_in(t, 10) ? 100 : 6), d->addrsize);
}

static void prepare_xlat(struct testcase *t)
{
	set_low(t, RBX, scene_offset(t, t->d.segment, 256, t->d.addrsize), t->d.addrsize);
}

/* ---- arithmetic ---- */

/* Most dividends made by chance are too large. */
static void prepare_divide(struct testcase *t)
{
	if (one_in(t, 3))
		return;
	if (t->d.o[0].size == 1) {
		set_low(t, RAX, below(t, 0x200), 2);
		return;
	}
	bool negative = family_is(t, "idiv") && t->init.gpr[RAX] >> (8 * t->d.opsize - 1) & 1;
	set_low(t, RDX, negative ? ~0ull : below(t, 3), t->d.opsize);
}

static void prepare_bits(struct testcase *t)
{
	if (t->d.o[1].kind == OPD_REG && has_memory(t) && t->d.o[1].reg != t->d.base && !one_in(t, 3))
		set_low(t, t->d.o[1].reg, (u64)below(t, 4000) - 2000, t->d.opsize);
}

static void prepare_cmpxchg(struct testcase *t)
{
	if (has_memory(t) && one_in(t, 2))
		patch_operand(t, 0, t->init.gpr[RAX], t->d.o[0].size < 8 ? t->d.o[0].size : 8);
}

/* ---- selectors ---- */

static void prepare_selector(struct testcase *t)
{
	const struct operand *o =
		&t->d.o[family_is(t, "lldt") || family_is(t, "ltr") || family_is(t, "verr") ||
					family_is(t, "verw") || family_is(t, "arpl")
				? 0
				: 1];
	if (t->scene == SCENE_REAL)
		return;
	if (o->kind == OPD_MEM)
		patch_operand(t, 0, scene_selector(t), 2);
	else if (o->reg != RSP)
		set_low(t, o->reg, scene_selector(t), 2);
}

static void prepare_pointer(struct testcase *t)
{
	if (!has_memory(t) || one_in(t, 8))
		return;
	patch_operand(t, 0, target(t), t->d.opsize);
	if (t->scene != SCENE_REAL)
		patch_operand(t, t->d.opsize, scene_selector(t), 2);
}

/* CALL and JMP ptr16:16, ptr16:32: the selector is in the last two bytes. */
static void prepare_far(struct testcase *t)
{
	u16 sel = scene_selector(t);
	if (t->scene != SCENE_REAL)
		memcpy(t->code + t->len - 2, &sel, 2);
	if (t->d.opsize == 4 && !one_in(t, 4))
		memset(t->code + t->len - 4, 0, 2);
}

static void prepare_indirect(struct testcase *t)
{
	if (one_in(t, 6))
		return;
	if (has_memory(t))
		patch_operand(t, 0, target(t), t->d.opsize);
	else
		set_low(t, t->d.o[0].reg, target(t), t->scene == SCENE_LONG ? 8 : 4);
}

/* A target that is inside CS more often than one made by chance. */
static void prepare_relative(struct testcase *t)
{
	i32 by = (i32)below(t, 0x8000) - 0x4000;
	if (t->d.row->o[0] == Jz && t->d.opsize == 4 && !one_in(t, 4))
		memcpy(t->code + t->len - 4, &by, 4);
}

/* ---- control and debug registers ---- */

static void prepare_control(struct testcase *t)
{
	static const u32 cr0[] = { CR0_PE, CR0_MP, CR0_EM, CR0_TS, CR0_NE, CR0_WP, CR0_AM, CR0_CD, CR0_NW };
	static const u32 cr4[] = { CR4_VME, CR4_PVI, CR4_TSD, CR4_DE, CR4_PSE, CR4_PGE };
	int reg = t->d.o[1].reg, cr = t->d.o[0].reg;
	u64 v = cr == 0 ? t->init.cr0[0] : cr == 4 ? t->init.cr4[0] : cr == 8 ? below(t, 20) : t->init.cr3[0];
	if (cr == 0)
		v ^= cr0[below(t, ARRAY_LEN(cr0))];
	if (cr == 4)
		v ^= cr4[below(t, ARRAY_LEN(cr4))];
	t->init.gpr[reg] = v;
}

static void prepare_debug(struct testcase *t)
{
	for (int i = 0; i < 4; i++)
		t->init.dr[i] = random_next(&t->random) & 0xfffff;
	t->init.dr[6] = DR6_FIXED | (random_next(&t->random) & (DR6_BS | 0xf));
	t->init.dr[7] = DR7_FIXED;
	if (family_is(t, "mov_to_dr") && (t->d.o[0].reg & 7) >= 4 && t->scene == SCENE_LONG)
		t->init.gpr[t->d.o[1].reg] &= 0xffffffff;
}

/* clang-format off */
static const struct { const char *family; void (*prepare)(struct testcase *t); } preparations[] = {
	{ "movs", prepare_string }, { "cmps", prepare_string }, { "stos", prepare_string }, { "lods", prepare_string },
	{ "scas", prepare_string }, { "ins", prepare_string }, { "outs", prepare_string }, { "xlat", prepare_xlat },
	{ "div", prepare_divide }, { "idiv", prepare_divide }, { "cmpxchg", prepare_cmpxchg },
	{ "bt", prepare_bits }, { "bts", prepare_bits }, { "btr", prepare_bits }, { "btc", prepare_bits },
	{ "ret", prepare_return }, { "ret_imm", prepare_return }, { "retf", prepare_return },
	{ "retf_imm", prepare_return }, { "iret", prepare_return }, { "pop_sreg", prepare_pop_sreg },
	{ "popf", prepare_popf }, { "leave", prepare_frame }, { "enter", prepare_frame },
	{ "load_sreg", prepare_selector }, { "lar", prepare_selector }, { "lsl", prepare_selector },
	{ "verr", prepare_selector }, { "verw", prepare_selector }, { "lldt", prepare_selector },
	{ "ltr", prepare_selector }, { "arpl", prepare_selector }, { "les", prepare_pointer },
	{ "lds", prepare_pointer }, { "lss", prepare_pointer }, { "lfs", prepare_pointer }, { "lgs", prepare_pointer },
	{ "jmp_far_m", prepare_pointer }, { "call_far_m", prepare_pointer }, { "jmp_far", prepare_far },
	{ "call_far", prepare_far }, { "jmp_r", prepare_indirect }, { "call_r", prepare_indirect },
	{ "jcc", prepare_relative }, { "jmp", prepare_relative }, { "call", prepare_relative },
	{ "mov_to_cr", prepare_control }, { "mov_to_dr", prepare_debug }, { "mov_from_dr", prepare_debug },
};
/* clang-format on */

void prepare(struct testcase *t)
{
	aim(t);
	for (size_t i = 0; i < ARRAY_LEN(preparations); i++)
		if (family_is(t, preparations[i].family))
			preparations[i].prepare(t);
}
