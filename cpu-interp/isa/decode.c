/* SPDX-License-Identifier: GPL-3.0-or-later
 * decode.c - from bytes to a decoded instruction (SDM 2A chapter 2).
 *
 * Rule: a byte is looked at only once everything before it says that the instruction has it.  So the caller
 * can fetch byte by byte, and a page fault on the fetch comes exactly where the processor's would.
 *
 * The parts come in the order of the bytes: prefixes, opcode, ModRM and the choice of the row, SIB and
 * displacement, immediates.  A step returns false when it cannot go on; `status` says why.
 */
#include "cpu-interp/isa/isa.h"

#include <string.h>

#include "core/x86/x86.h"
#include "cpu-interp/isa/isa-priv.h"

enum { LONGEST = 15 }; /* SDM 2A 2.3.11 */
enum { REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };

struct decoding {
	const u8 *bytes;
	int avail, pos;
	enum decode_status status;
	u64 features;
	struct decoded *d;
	bool opsize_prefix, addrsize_prefix; /* 66, 67 */
	u8 rex;                              /* W R X B, from REX or VEX */
	u8 map, prefixes;                    /* opcode map; the number of mandatory prefixes (isa-priv.h) */
	u8 vvvv, vex_length;
};

static bool stop(struct decoding *in, enum decode_status why)
{
	in->status = why;
	return false;
}

/* Are there n more bytes?  Those within the limit must be there before the limit is complained about. */
static bool need(struct decoding *in, int n)
{
	if (LIKELY(in->pos + n <= in->avail && in->pos + n <= LONGEST))
		return true;
	return stop(in, in->avail < LONGEST ? DECODE_MORE : DECODE_TOO_LONG);
}

/* Take n bytes (1, 2, 4, 8), little-endian, sign-extended. */
static bool take(struct decoding *in, int n, u64 *value)
{
	const u8 *at = in->bytes + in->pos;
	if (!need(in, n))
		return false;
	in->pos += n;
	switch (n) {
	case 1: *value = (u64)(i64)(i8)at[0]; break;
	case 2: *value = (u64)(i64)(i16)(at[0] | at[1] << 8); break;
	default:
		*value = 0;
		memcpy(value, at, (size_t)n);
		if (n == 4)
			*value = (u64)(i64)(i32)*value;
	}
	return true;
}

/* ---- prefixes (SDM 2A 2.1.1, 2.2.1) ---- */

/* In 64-bit mode only FS and GS matter; the others are ignored as if they were not there (SDM 1 3.3.7.1). */
static void segment_prefix(struct decoded *d, enum x86_seg seg)
{
	if (d->mode == MODE_64 && seg < SEG_FS)
		return;
	d->segment = seg;
	d->seg_override = true;
}

/* 26 2E 36 3E, 64 to 67, F0 F2 F3: asked first, since most instructions have none. */
static bool may_be_prefix(u8 byte)
{
	static const u64 set[] = { 0x4040404000000000, 0x000000f000000000, 0, 0x000d000000000000 };
	return set[byte >> 6] >> (byte & 63) & 1;
}

static bool legacy_prefix(struct decoding *in, u8 byte)
{
	struct decoded *d = in->d;
	bool from_386 = in->features & FEAT_BIT(I386);
	switch (byte) {
	case 0x26: segment_prefix(d, SEG_ES); return true;
	case 0x2e: segment_prefix(d, SEG_CS); return true;
	case 0x36: segment_prefix(d, SEG_SS); return true;
	case 0x3e: segment_prefix(d, SEG_DS); return true;
	case 0x64: segment_prefix(d, SEG_FS); return from_386;
	case 0x65: segment_prefix(d, SEG_GS); return from_386;
	case 0x66: in->opsize_prefix = from_386; return from_386;
	case 0x67: in->addrsize_prefix = from_386; return from_386;
	case 0xf0: d->lock = true; return true;
	case 0xf2:
	case 0xf3: d->rep = byte; return true;
	default: return false;
	}
}

/* Any number in any order; REX counts only as the last one, directly before the opcode (SDM 2A 2.2.1). */
static bool prefixes(struct decoding *in)
{
	struct decoded *d = in->d;
	for (;; in->pos++) {
		if (!need(in, 1))
			return false;
		u8 byte = in->bytes[in->pos];
		if (d->mode == MODE_64 && (byte & 0xf0) == 0x40) {
			in->rex = byte & 0xf;
			d->rex = true;
		} else if (may_be_prefix(byte) && legacy_prefix(in, byte)) {
			in->rex = 0;
			d->rex = false;
		} else {
			break;
		}
	}
	d->nprefix = (u8)in->pos;
	in->prefixes = d->rep == 0xf3 ? PREFIX_F3 : d->rep == 0xf2 ? PREFIX_F2 : 0;
	in->prefixes += in->opsize_prefix ? PREFIX_66 : 0;
	return true;
}

/* ---- opcode ---- */

/* The payload of C4 and C5 (SDM 2A 2.3.5).  Bits R, X, B and vvvv are stored inverted. */
static bool vex(struct decoding *in, u8 first)
{
	static const u8 pp[] = { 0, PREFIX_66, PREFIX_F3, PREFIX_F2 };
	struct decoded *d = in->d;
	u8 map = MAP_0F, last;
	if (d->rex || d->rep || d->lock || in->opsize_prefix) /* SDM 2A 2.3.2 to 2.3.4 */
		return stop(in, DECODE_UD);
	if (!need(in, first == 0xc4 ? 2 : 1))
		return false;
	if (first == 0xc4) {
		u8 rxb = in->bytes[in->pos++];
		map = rxb & 0x1f;
		last = in->bytes[in->pos++];
		in->rex = (~rxb >> 5 & 7) | (last & 0x80 ? REX_W : 0);
	} else {
		last = in->bytes[in->pos++];
		in->rex = last & 0x80 ? 0 : REX_R;
	}
	in->vvvv = ~last >> 3 & 0xf;
	if (d->mode != MODE_64) { /* eight registers only; mod = 3 has made R and X zero */
		in->rex = 0;
		in->vvvv &= 7;
	}
	in->vex_length = last >> 2 & 1;
	in->prefixes = pp[last & 3];
	if (map < MAP_0F || map > MAP_0F3A)
		return stop(in, DECODE_UD);
	in->map = MAP_VEX + map;
	d->vex = true;
	if (!need(in, 1))
		return false;
	d->opcode = in->bytes[in->pos++];
	return true;
}

/* C4 and C5 are VEX in 64-bit mode; elsewhere only where LES and LDS would have a register (SDM 2A 2.3.5). */
static bool vex_or_not(struct decoding *in, u8 byte)
{
	if (!(in->features & (FEAT_BIT(BMI1) | FEAT_BIT(BMI2))))
		return true;
	if (in->d->mode != MODE_64) {
		if (!need(in, 1))
			return false;
		if (in->bytes[in->pos] < 0xc0)
			return true;
	}
	return vex(in, byte);
}

static bool opcode(struct decoding *in)
{
	u8 byte = in->bytes[in->pos++]; /* prefixes() has made sure that it is there */
	if (byte == 0x0f) {
		if (!need(in, 1))
			return false;
		byte = in->bytes[in->pos++];
		in->map = MAP_0F;
		if (byte == 0x38 || byte == 0x3a) {
			if (!need(in, 1))
				return false;
			in->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
			byte = in->bytes[in->pos++];
		}
	}
	in->d->opcode = byte;
	return in->map != MAP_1 || (byte != 0xc4 && byte != 0xc5) || vex_or_not(in, byte);
}

/* ---- the row ---- */

static bool modrm_fits(const struct isa_candidate *c, u8 modrm)
{
	return c->mods & (modrm >= 0xc0 ? 2 : 1) && (c->digit < 0 || c->digit == (modrm >> 3 & 7)) &&
	       (c->rm < 0 || c->rm == (modrm & 7));
}

static bool choose_row(struct decoding *in)
{
	struct decoded *d = in->d;
	int count;
	const struct isa_candidate *c = isa_candidates(in->map, d->opcode, &count), *end = c + count;
	for (; c < end; c++) {
		if (!(c->modes >> d->mode & 1 && in->features & c->feature &&
		      c->prefixes >> in->prefixes & 1) ||
		    c->rex & ~in->rex)
			continue;
		if (c->has_modrm && !d->has_modrm) {
			if (!need(in, 1))
				return false;
			d->modrm = in->bytes[in->pos++];
			d->has_modrm = true;
		}
		if (!c->has_modrm || modrm_fits(c, d->modrm))
			break;
	}
	if (c == end || in->vex_length || (d->vex && !c->has_vvvv && in->vvvv))
		return stop(in, DECODE_UD);
	if (c->forced_reg)
		d->modrm |= 0xc0;
	d->row = c->row;
	return true;
}

/* Operand and address size (SDM 2A 2.1.1, 2.2.1.2; SDM 1 table 3-4). */
static void sizes(struct decoding *in)
{
	struct decoded *d = in->d;
	u32 flags = d->row->flags;
	bool prefix = in->opsize_prefix && !(flags & P66);
	if (d->mode == MODE_64) {
		d->addrsize = in->addrsize_prefix ? 4 : 8;
		if (in->rex & REX_W || flags & F64)
			d->opsize = flags & NOREXW ? 4 : 8;
		else
			d->opsize = prefix ? 2 : flags & D64 ? 8 : 4;
	} else {
		d->addrsize = in->addrsize_prefix == (d->mode == MODE_16) ? 4 : 2;
		d->opsize = prefix == (d->mode == MODE_16) ? 4 : 2;
	}
}

/* ---- the address of a memory operand ---- */

/* SDM 2A table 2-1 */
static bool address_16(struct decoding *in)
{
	static const u8 base[] = { RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX };
	static const u8 index[] = { RSI, RDI, RSI, RDI, ISA_NO_REG, ISA_NO_REG, ISA_NO_REG, ISA_NO_REG };
	struct decoded *d = in->d;
	int mod = d->modrm >> 6, rm = d->modrm & 7;
	d->base = base[rm];
	d->index = index[rm];
	if (mod == 0 && rm == 6) { /* no register, a 16-bit displacement */
		d->base = ISA_NO_REG;
		mod = 2;
	}
	return !mod || take(in, mod, (u64 *)&d->disp);
}

/* SDM 2A table 2-3 */
static bool sib(struct decoding *in)
{
	struct decoded *d = in->d;
	if (!need(in, 1))
		return false;
	u8 byte = in->bytes[in->pos++];
	d->scale = byte >> 6;
	d->base = (byte & 7) | (in->rex & REX_B ? 8 : 0);
	d->index = (byte >> 3 & 7) | (in->rex & REX_X ? 8 : 0);
	if (d->index == RSP) /* no index; R12 is one */
		d->index = ISA_NO_REG;
	return true;
}

/* SDM 2A table 2-2, 2.2.1.6 */
static bool address_32(struct decoding *in)
{
	struct decoded *d = in->d;
	int mod = d->modrm >> 6, rm = d->modrm & 7;
	bool has_sib = rm == RSP;
	d->base = rm | (in->rex & REX_B ? 8 : 0);
	d->index = ISA_NO_REG;
	if (has_sib && !sib(in))
		return false;
	if (mod == 0 && (d->base & 7) == RBP) { /* no base, a 32-bit displacement */
		d->base = d->mode == MODE_64 && !has_sib ? ISA_RIP : ISA_NO_REG;
		mod = 2;
	}
	return !mod || take(in, mod == 1 ? 1 : 4, (u64 *)&d->disp);
}

static bool address(struct decoding *in)
{
	struct decoded *d = in->d;
	d->base = d->index = ISA_NO_REG;
	if (d->has_modrm && d->modrm < 0xc0 && !(d->addrsize == 2 ? address_16(in) : address_32(in)))
		return false;
	if (!d->seg_override) /* SDM 1 table 3-5 */
		d->segment = d->base == RSP || d->base == RBP ? SEG_SS : SEG_DS;
	return true;
}

/* ---- operands ---- */

static void gpr_operand(struct operand *o, int reg, bool rex)
{
	o->kind = OPD_REG;
	o->high = o->size == 1 && !rex && reg >= 4 && reg < 8; /* AH CH DH BH (SDM 2A 2.2.1.2) */
	o->reg = (u8)(o->high ? reg - 4 : reg);
}

static bool numbered_operand(struct operand *o, u8 kind, int reg, u32 valid)
{
	o->kind = kind;
	o->reg = (u8)reg;
	return valid >> reg & 1;
}

/* ENTER has two: imm, then imm2. */
static bool immediate(struct decoding *in, int i, const struct opnd_form *form)
{
	struct decoded *d = in->d;
	bool second = i > 0 && d->o[i - 1].kind == OPD_IMM;
	d->o[i].kind = form->place == AT_REL ? OPD_REL : OPD_IMM;
	if (!take(in, opnd_bytes(form->coded, d->opsize), second ? &d->imm2 : &d->imm))
		return false;
	d->imm2 = (u8)d->imm2;
	return true;
}

static bool far_pointer(struct decoding *in, struct operand *o)
{
	struct decoded *d = in->d;
	o->kind = OPD_FAR;
	if (!take(in, o->size, &d->imm) || !take(in, 2, &d->imm2))
		return false;
	d->imm2 = (u16)d->imm2;
	return true;
}

/* DS:rSI, which a prefix may override, and ES:rDI, which none can (SDM 1 7.3.9.1).  Of both: DS:rSI. */
static void string_operand(struct decoded *d, int i, enum opnd_place place)
{
	d->o[i].kind = OPD_MEM;
	if (place == AT_SOURCE) {
		d->base = RSI;
	} else if (isa_forms[d->row->o[!i]].place != AT_SOURCE) {
		d->base = RDI;
		d->segment = SEG_ES;
		d->seg_override = false;
	}
}

/* MMX, XMM and x87 registers.  REX reaches XMM8 to XMM15; there are eight of the others (SDM 2A 2.2.1.2). */
static bool vector_operand(struct decoding *in, struct operand *o, enum opnd_place place, int reg, int rm)
{
	bool in_rm = place == AT_MMX_RM || place == AT_XMM_RM;
	if (in_rm && in->d->modrm < 0xc0) {
		o->kind = OPD_MEM;
		return true;
	}
	switch (place) {
	case AT_MMX: return numbered_operand(o, OPD_MMX, reg & 7, 0xff);
	case AT_MMX_RM:
	case AT_MMX_RM_REG: return numbered_operand(o, OPD_MMX, rm & 7, 0xff);
	case AT_XMM: return numbered_operand(o, OPD_XMM, reg, 0xffff);
	case AT_XMM_RM:
	case AT_XMM_RM_REG: return numbered_operand(o, OPD_XMM, rm, 0xffff);
	case AT_FIXED_XMM: return numbered_operand(o, OPD_XMM, 0, 0xffff);
	case AT_FIXED_ST: return numbered_operand(o, OPD_ST, 0, 0xff);
	default: return numbered_operand(o, OPD_ST, rm & 7, 0xff); /* AT_ST_RM */
	}
}

static bool operand(struct decoding *in, int i)
{
	static const u32 control_registers = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4; /* and CR8 in 64-bit mode */
	struct decoded *d = in->d;
	struct operand *o = &d->o[i];
	const struct opnd_form *form = &isa_forms[d->row->o[i]];
	int reg = (d->modrm >> 3 & 7) | (in->rex & REX_R ? 8 : 0);
	int rm = (d->modrm & 7) | (in->rex & REX_B ? 8 : 0);
	o->size = (u8)opnd_bytes(form->width, d->opsize);
	switch (form->place) {
	case AT_RM:
	case AT_MEM:
	case AT_RM_REG:
		if (d->modrm >= 0xc0)
			gpr_operand(o, rm, d->rex);
		else
			o->kind = OPD_MEM;
		break;
	case AT_REG: gpr_operand(o, reg, d->rex); break;
	case AT_VVVV: gpr_operand(o, in->vvvv, true); break;
	case AT_OPCODE: gpr_operand(o, (d->opcode & 7) | (in->rex & REX_B ? 8 : 0), d->rex); break;
	case AT_FIXED: gpr_operand(o, form->number, true); break;
	case AT_FIXED_SEG: return numbered_operand(o, OPD_SEG, form->number, 0x3f);
	case AT_SREG: return numbered_operand(o, OPD_SEG, reg & 7, 0x3f) || stop(in, DECODE_UD);
	case AT_CR:
		return numbered_operand(o, OPD_CR, reg, control_registers | 1 << 8) || stop(in, DECODE_UD);
	case AT_DR: return numbered_operand(o, OPD_DR, reg, 0xff) || stop(in, DECODE_UD);
	case AT_IMM:
	case AT_REL: return immediate(in, i, form);
	case AT_FAR: return far_pointer(in, o);
	case AT_ONE:
		o->kind = OPD_IMM;
		d->imm = 1;
		break;
	case AT_OFFSET: o->kind = OPD_MEM; return take(in, d->addrsize, (u64 *)&d->disp);
	case AT_SOURCE:
	case AT_DEST: string_operand(d, i, form->place); break;
	default: return vector_operand(in, o, form->place, reg, rm);
	}
	return true;
}

static bool operands(struct decoding *in)
{
	for (int i = 0; i < 4 && in->d->row->o[i] != O_; i++)
		if (!operand(in, i))
			return false;
	return true;
}

/* LOCK is for the listed instructions, and only if they write memory (SDM 3A 8.1.2.2).  The 386 took it for BT too
 * (80386 Programmer's Reference Manual, LOCK). */
static bool lock_is_legal(struct decoding *in)
{
	const struct decoded *d = in->d;
	if (!d->lock)
		return true;
	bool listed = (d->row->flags & LOCK) ||
		      (!(in->features & FEAT_BIT(I486)) && !strcmp(d->row->family, "bt"));
	return (listed && d->o[0].kind == OPD_MEM) || stop(in, DECODE_UD);
}

enum decode_status isa_decode(const u8 *bytes, int avail, enum isa_mode mode, u64 features,
			      struct decoded *out)
{
	struct decoding in = { .bytes = bytes, .avail = avail, .features = features, .d = out };
	*out = (struct decoded){ .mode = (u8)mode };
	if (prefixes(&in) && opcode(&in) && choose_row(&in)) {
		sizes(&in);
		if (address(&in) && operands(&in))
			lock_is_legal(&in);
	}
	out->len = (u8)in.pos;
	return in.status;
}
