/* SPDX-License-Identifier: GPL-3.0-or-later
 * effects.c - which flags and registers an instruction reads, defines, and leaves undefined.
 *
 * Rule: a flag is "tainted" from the instruction that leaves it undefined (the table's row says so; for
 * shifts the count does, SDM 2B SAL/RCL/SHLD) to the next that defines it.  No instruction that looks at a
 * tainted flag is generated, and a tainted flag is not compared.
 */
#include <string.h>

#include "tests/native/native.h"

enum {
	CF = FLAG_CF,
	PF = FLAG_PF,
	AF = FLAG_AF,
	ZF = FLAG_ZF,
	SF = FLAG_SF,
	OF = FLAG_OF,
	ALL = FLAGS_ARITH
};
#define R(reg) (1u << (reg))

/* Families not listed read and define no flag, write operand 0 (unless the row says RO), and no other
 * register. */
static const struct family {
	const char *name;
	u32 reads, sets, clobbers;
	i8 stack;
	u8 also_writes; /* operands besides the first */
} families[] = {
	{ "add", 0, ALL, 0, 0, 0 },
	{ "or", 0, ALL & ~AF, 0, 0, 0 },
	{ "adc", CF, ALL, 0, 0, 0 },
	{ "sbb", CF, ALL, 0, 0, 0 },
	{ "and", 0, ALL & ~AF, 0, 0, 0 },
	{ "sub", 0, ALL, 0, 0, 0 },
	{ "xor", 0, ALL & ~AF, 0, 0, 0 },
	{ "cmp", 0, ALL, 0, 0, 0 },
	{ "test", 0, ALL & ~AF, 0, 0, 0 },
	{ "inc", 0, ALL & ~CF, 0, 0, 0 },
	{ "dec", 0, ALL & ~CF, 0, 0, 0 },
	{ "neg", 0, ALL, 0, 0, 0 },
	{ "mul", 0, CF | OF, R(RAX) | R(RDX), 0, 0 },
	{ "imul1", 0, CF | OF, R(RAX) | R(RDX), 0, 0 },
	{ "imul", 0, CF | OF, 0, 0, 0 },
	{ "imul3", 0, CF | OF, 0, 0, 0 },
	{ "div", 0, 0, R(RAX) | R(RDX), 0, 0 },
	{ "idiv", 0, 0, R(RAX) | R(RDX), 0, 0 },
	{ "rcl", CF, 0, 0, 0, 0 },
	{ "rcr", CF, 0, 0, 0, 0 },
	{ "bt", 0, CF, 0, 0, 0 },
	{ "bts", 0, CF, 0, 0, 0 },
	{ "btr", 0, CF, 0, 0, 0 },
	{ "btc", 0, CF, 0, 0, 0 },
	{ "bsf", 0, ZF, 0, 0, 0 },
	{ "bsr", 0, ZF, 0, 0, 0 },
	{ "popcnt", 0, ALL, 0, 0, 0 },
	{ "lzcnt", 0, CF | ZF, 0, 0, 0 },
	{ "tzcnt", 0, CF | ZF, 0, 0, 0 },
	{ "andn", 0, ALL & ~(AF | PF), 0, 0, 0 },
	{ "blsr", 0, ALL & ~(AF | PF), 0, 0, 0 },
	{ "blsmsk", 0, ALL & ~(AF | PF), 0, 0, 0 },
	{ "blsi", 0, ALL & ~(AF | PF), 0, 0, 0 },
	{ "bzhi", 0, ALL & ~(AF | PF), 0, 0, 0 },
	{ "bextr", 0, CF | ZF | OF, 0, 0, 0 },
	{ "mulx", 0, 0, 0, 0, 1 << 1 },
	{ "adcx", CF, CF, 0, 0, 0 },
	{ "adox", OF, OF, 0, 0, 0 },
	{ "xadd", 0, ALL, 0, 0, 1 << 1 },
	{ "xchg", 0, 0, 0, 0, 1 << 1 },
	{ "cmpxchg", 0, ALL, R(RAX), 0, 0 },
	{ "cmpxchg8b", 0, ZF, R(RAX) | R(RDX), 0, 0 },
	{ "cmc", CF, CF, 0, 0, 0 },
	{ "clc", 0, CF, 0, 0, 0 },
	{ "stc", 0, CF, 0, 0, 0 },
	{ "lahf", ALL & ~OF, 0, R(RAX), 0, 0 },
	{ "sahf", 0, ALL & ~OF, 0, 0, 0 },
	{ "pushf", ALL, 0, 0, -1, 0 },
	{ "popf", 0, ALL, 0, 1, 0 },
	{ "push", 0, 0, 0, -1, 0 },
	{ "push_sreg", 0, 0, 0, -1, 0 },
	{ "pop", 0, 0, 0, 1, 0 },
	{ "call", 0, 0, 0, -1, 0 },
	{ "call_r", 0, 0, 0, -1, 0 },
	{ "ret", 0, 0, 0, 1, 0 },
	{ "ret_imm", 0, 0, R(RSP), 0, 0 },
	{ "enter", 0, 0, R(RSP) | R(RBP), 0, 0 },
	{ "leave", 0, 0, R(RSP) | R(RBP), 0, 0 },
	{ "cbw", 0, 0, R(RAX), 0, 0 },
	{ "cwd", 0, 0, R(RDX), 0, 0 },
	{ "xlat", 0, 0, R(RAX), 0, 0 },
	{ "daa", CF | AF, ALL & ~OF, R(RAX), 0, 0 },
	{ "das", CF | AF, ALL & ~OF, R(RAX), 0, 0 },
	{ "aaa", AF, CF | AF, R(RAX), 0, 0 },
	{ "aas", AF, CF | AF, R(RAX), 0, 0 },
	{ "aam", 0, SF | ZF | PF, R(RAX), 0, 0 },
	{ "aad", 0, SF | ZF | PF, R(RAX), 0, 0 },
	{ "salc", CF, 0, R(RAX), 0, 0 },
	{ "into", OF, 0, 0, 0, 0 },
	{ "arpl", 0, ZF, 0, 0, 0 },
	{ "pusha", 0, 0, R(RSP), 0, 0 },
	{ "popa", 0, 0, 0xff, 0, 0 },
	{ "loop", 0, 0, R(RCX), 0, 0 },
	{ "loope", ZF, 0, R(RCX), 0, 0 },
	{ "loopne", ZF, 0, R(RCX), 0, 0 },
	{ "movs", 0, 0, R(RCX) | R(RSI) | R(RDI), 0, 0 },
	{ "stos", 0, 0, R(RCX) | R(RSI) | R(RDI), 0, 0 },
	{ "lods", 0, 0, R(RCX) | R(RSI) | R(RDI) | R(RAX), 0, 0 },
	{ "cmps", 0, ALL, R(RCX) | R(RSI) | R(RDI), 0, 0 },
	{ "scas", 0, ALL, R(RCX) | R(RSI) | R(RDI), 0, 0 },
};

void effects_fill(struct row_info *info, const struct isa_row *row)
{
	info->writes = row->flags & RO ? 0 : 1;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		const struct family *f = &families[i];
		if (strcmp(f->name, row->family))
			continue;
		info->reads = f->reads;
		info->sets = f->sets;
		info->clobbers = f->clobbers;
		info->stack = f->stack;
		info->writes |= f->also_writes;
	}
}

/* SDM 1 appendix B */
static u32 condition_reads(u8 opcode)
{
	static const u32 reads[8] = { OF, CF, ZF, CF | ZF, SF, PF, SF | OF, ZF | SF | OF };
	return reads[opcode >> 1 & 7];
}

enum shift_kind { NO_SHIFT, SHIFT, SAR, ROTATE, ROTATE_CARRY, DOUBLE_SHIFT };

static enum shift_kind shift_kind(const char *family)
{
	if (!strcmp(family, "shl") || !strcmp(family, "shr"))
		return SHIFT;
	if (!strcmp(family, "sar"))
		return SAR;
	if (!strcmp(family, "rol") || !strcmp(family, "ror"))
		return ROTATE;
	if (!strcmp(family, "rcl") || !strcmp(family, "rcr"))
		return ROTATE_CARRY;
	return !strcmp(family, "shld") || !strcmp(family, "shrd") ? DOUBLE_SHIFT : NO_SHIFT;
}

/* A count of 0 changes no flag; 1 defines OF; more leave it undefined.  CF of SHL and SHR is undefined
 * beyond the operand's width (SDM 2B SAL/SAR/SHL/SHR).  In CL the count may be anything. */
static void shift_effect(struct flag_effect *e, enum shift_kind kind, const struct decoded *d)
{
	const struct operand *by = &d->o[kind == DOUBLE_SHIFT ? 2 : 1];
	int width = 8 * d->o[0].size;
	u32 af = kind == ROTATE || kind == ROTATE_CARRY ? 0 : AF;
	e->sets = e->undefined = 0;
	if (by->kind != OPD_IMM) {
		e->undefined = OF | af | (kind == SHIFT && width < 32 ? CF : 0);
		return;
	}
	int n = (int)(d->imm & (width == 64 ? 63 : 31));
	if (n == 0)
		return;
	e->undefined = af | (n == 1 ? 0 : OF) | (kind == SHIFT && n >= width ? CF : 0);
	e->sets = af ? CF | SF | ZF | PF : kind == ROTATE || width >= 32 ? CF : 0;
	e->sets = (e->sets | (n == 1 ? OF : 0)) & ~e->undefined;
}

struct flag_effect effects_of(const struct row_info *info, const struct decoded *d)
{
	const struct isa_row *row = d->row;
	struct flag_effect e = { info->reads, info->sets, row->undef };
	enum shift_kind kind = shift_kind(row->family);
	if (kind != NO_SHIFT)
		shift_effect(&e, kind, d);
	else if (!strcmp(row->family, "jcc") || !strcmp(row->family, "cmovcc") ||
		 !strcmp(row->family, "setcc"))
		e.reads = condition_reads(d->opcode);
	else if (d->rep && (row->flags & REPS))
		e.sets = 0; /* rCX may be 0 */
	return e;
}

bool effects_taint(struct sequence *q)
{
	u32 taint = 0, after[SEQUENCE_ITEMS + 1];
	bool fine = true;
	for (int i = 0; i <= q->n; i++) {
		struct item *it = &q->item[i];
		struct decoded d;
		if (it->join != NO_ITEM)
			taint |= after[it->join];
		it->taint = taint;
		if (i < q->n && !it->dropped && it->row >= 0 &&
		    isa_decode(q->code + it->at, it->len, q->mode, q->rows->features, &d) == DECODE_OK) {
			struct flag_effect e = effects_of(&q->rows->info[it->row], &d);
			fine &= !(e.reads & taint);
			taint = (taint & ~e.sets) | e.undefined;
		}
		after[i] = taint;
	}
	return fine;
}
