/* SPDX-License-Identifier: GPL-3.0-or-later
 * generate.c - make the sequence of a seed, instruction by instruction, from the rows of the table.
 *
 * Rule: an instruction is appended only if the decoder takes its bytes for the row meant, no rule forbids
 * the form, and it looks at no undefined flag.  Jumps go forward only, over a few instructions, one jump at
 * a time.
 */
#include <string.h>

#include "tests/native/shape.h"

enum { JUMP_BYTES = 5, /* of the closing JMP */
       JUMP_ROOM = 60 /* after so many bytes a jump's target is set, so that a short one reaches it */ };

int sequence_item_at(const struct sequence *q, u64 rip)
{
	for (int i = 0; i < q->n; i++)
		if (q->start + q->item[i].at == rip)
			return i;
	return NO_ITEM;
}

/* ---- appending ---- */

/* What is known of the registers after an instruction. */
static void learn(struct gen *g, const struct row_info *info, const struct decoded *d)
{
	g->now.value[RSP] += (u64)(info->stack * d->opsize);
	g->now.known &= ~info->clobbers;
	for (int i = 0; i < 4; i++)
		if (info->writes >> i & 1 && d->o[i].kind == OPD_REG)
			g->now.known &= ~(1u << d->o[i].reg);
	if (d->row->opcode == 0xfc || d->row->opcode == 0xfd)
		g->now.df = d->row->opcode & 1;
}

struct item *append(struct gen *g, const u8 *bytes, int len, const struct decoded *d)
{
	struct sequence *q = g->q;
	struct item *it = &q->item[q->n];
	if (q->n == SEQUENCE_ITEMS || q->len + len > SEQUENCE_BYTES - JUMP_BYTES)
		return NULL;
	it->at = (u16)q->len;
	it->len = (u8)len;
	it->setup = it->dropped = false;
	it->certain = g->branch == NO_ITEM;
	it->row = d ? (i16)isa_row_index(d->row) : -1;
	it->taint = g->taint;
	memcpy(q->code + q->len, bytes, (size_t)len);
	q->len += len;
	q->item[++q->n].join = NO_ITEM;
	if (d) {
		struct flag_effect e = effects_of(&g->rows->info[it->row], d);
		g->taint = (g->taint & ~e.sets) | e.undefined;
		learn(g, &g->rows->info[it->row], d);
	}
	return it;
}

bool emit(struct gen *g, const u8 *bytes, int len)
{
	struct decoded d;
	if (isa_decode(bytes, len, g->q->mode, g->rows->features, &d) != DECODE_OK)
		return false;
	struct item *it = append(g, bytes, len, &d);
	if (it)
		it->setup = true;
	return it;
}

/* The shortest of MOV r32, imm32; MOV r64, imm32 sign-extended; MOV r64, imm64. */
bool emit_mov(struct gen *g, u8 reg, u64 value)
{
	value &= sequence_mask(g->q);
	u8 bytes[10] = { 0 };
	int n = 0, size = value >> 32 == 0 || (i64)value == (i32)value ? 4 : 8;
	bool sign = value >> 32 && size == 4;
	if (reg >= R8 || size == 8 || sign)
		bytes[n++] = (u8)(0x40 | (size == 8 || sign ? 8 : 0) | reg >> 3);
	if (sign)
		bytes[n++] = 0xc7;
	bytes[n++] = (u8)((sign ? 0xc0 : 0xb8) | (reg & 7));
	memcpy(bytes + n, &value, (size_t)size);
	if (!emit(g, bytes, n + size))
		return false;
	g->now.known |= 1u << reg;
	g->now.value[reg] = value;
	return true;
}

bool need_range(struct gen *g, u8 reg, u64 low, u64 high, u32 keep)
{
	if (g->now.known >> reg & 1 && g->now.value[reg] >= low && g->now.value[reg] < high)
		return true;
	return !(keep >> reg & 1) && emit_mov(g, reg, low + below(g, (u32)(high - low)));
}

bool need_stack(struct gen *g)
{
	u64 low = DATA_AT + 512, high = DATA_AT + DATA_SIZE - 512;
	if (bad_address(g, 300)) /* nowhere: #PF; or not canonical: #SS */
		return emit_mov(g, RSP, one_in(g, 2) ? DATA_AT + 4 : 0x0001000000000000ull << below(g, 15));
	if (g->now.known >> RSP & 1 && g->now.value[RSP] >= low && g->now.value[RSP] < high)
		return true;
	return emit_mov(g, RSP, (low + below(g, DATA_SIZE - 1024)) & (one_in(g, 8) ? ~0ull : ~7ull));
}

/* ---- jumps ---- */

void add_patch(struct gen *g, int at, int size, bool relative)
{
	g->patch[g->npatches++] = (struct patch){ (u16)at, (u8)size, relative };
}

void open_branch(struct gen *g, int n)
{
	g->branch = g->q->n - 1;
	g->left = n;
	g->at_branch = g->now;
	g->taint_at_branch = g->taint;
}

/* Here is the target: only what is known on both ways is known. */
static void close_branch(struct gen *g)
{
	struct sequence *q = g->q;
	for (int i = 0; i < g->npatches; i++) {
		const struct patch *p = &g->patch[i];
		u64 target = p->relative ? (u64)(q->len - p->at - p->size) : q->start + (u64)q->len;
		memcpy(q->code + p->at, &target, p->size);
	}
	for (int i = 0; i < X86_GPRS; i++)
		if (g->now.value[i] != g->at_branch.value[i])
			g->now.known &= ~(1u << i);
	g->now.known &= g->at_branch.known;
	if (g->now.df != g->at_branch.df)
		g->now.df = DF_UNKNOWN;
	g->taint |= g->taint_at_branch;
	q->item[q->n].join = (i16)g->branch;
	g->branch = NO_ITEM;
	g->npatches = 0;
}

/* An instruction was appended; was it a jump, or one that a jump skips? */
static void after_instruction(struct gen *g, const struct decoded *d, bool jump)
{
	const struct sequence *q = g->q;
	if (jump) {
		bool always = d->row->opcode != 0xe3 && strcmp(d->row->family, "jcc") &&
			      strncmp(d->row->family, "loop", 4);
		if (d->row->flags & BR)
			add_patch(g, q->len - (d->row->o[0] == Jb ? 1 : 4), d->row->o[0] == Jb ? 1 : 4, true);
		open_branch(g, always ? 1 : 1 + (int)below(g, 3));
	} else if (g->branch != NO_ITEM) {
		const struct item *b = &q->item[g->branch];
		if (--g->left == 0 || q->len - b->at > JUMP_ROOM)
			close_branch(g);
	}
}

/* ---- one instruction ---- */

/* The rules of rows.c that are about forms. */
static bool allowed(struct gen *g, struct shape *s, const struct decoded *d)
{
	const struct row_info *info = &g->rows->info[isa_row_index(d->row)];
	if (d->row->opcode == 0x0f0d && !s->mem && g->rows->amd) {
		g->rows->rule[RULE_PREFETCH_REG]++;
		return false;
	}
	if (d->opsize == 4 && !strcmp(d->row->family, "push_sreg")) { /* SDM 2B PUSH */
		g->rows->rule[RULE_PUSH_SREG]++;
		return false;
	}
	if (!strcmp(d->row->family, "arpl") && s->mem) {
		g->rows->rule[RULE_ARPL]++;
		g->bad = true; /* and so no other */
		if (d->seg_override)
			return false;
	}
	if (s->mem && (s->lock || !strcmp(d->row->family, "xchg"))) {
		g->rows->rule[RULE_SPLIT_LOCK]++;
		s->aligned = true;
	}
	for (int i = 0; i < 4; i++) /* the stack pointer is seldom a destination */
		if (info->writes >> i & 1 && d->o[i].kind == OPD_REG && d->o[i].reg == RSP && !one_in(g, 8))
			return false;
	return !(effects_of(info, d).reads & g->taint);
}

static void describe_access(struct gen *g, struct shape *s, const struct decoded *d)
{
	s->size = 1;
	for (int i = 0; i < 4; i++)
		if (d->o[i].kind == OPD_MEM && d->o[i].size > s->size)
			s->size = d->o[i].size;
	s->any_address = !strcmp(d->row->family, "lea") || !strcmp(d->row->family, "nop");
	if (!strcmp(d->row->family, "cmpxchg8b") && s->size == 16)
		s->aligned = true;
	if (!strcmp(d->row->family, "movsxd") && d->opsize == 2 && s->mem) {
		g->rows->rule[RULE_MOVSXD_16]++;
		s->aligned = true;
		s->size = 4;
	}
}

static enum decode_status decode_shape(const struct gen *g, const struct isa_candidate *c,
				       const struct shape *s, u8 *bytes, int *len, struct decoded *d)
{
	*len = encode(c, s, bytes);
	return isa_decode(bytes, *len, g->q->mode, g->rows->features, d);
}

static void set_rip_relative(const struct gen *g, struct shape *s, int len)
{
	if (s->mem && s->base == ISA_RIP && !s->any_address && long_mode(g))
		s->disp = (u32)(s->target - (g->q->start + (u64)(g->q->len + len)));
}

/* May one of its accesses be unaligned, and fault, while another has a bad address? */
static bool accesses_twice(const struct row_info *info, const struct isa_row *row)
{
	return info->stack || row->flags & REPS || !strcmp(row->family, "enter");
}

static bool generate_row(struct gen *g, int row)
{
	const struct isa_candidate *c = encode_candidate(&isa_rows[row]);
	const struct row_info *info = &g->rows->info[row];
	struct shape s;
	struct decoded d;
	u8 bytes[ENCODE_MAX];
	int len;
	g->npatches = g->branch == NO_ITEM ? 0 : g->npatches;
	g->bad = g->ac && accesses_twice(info, c->row);
	choose_shape(g, c, &s);
	if (decode_shape(g, c, &s, bytes, &len, &d) != DECODE_OK || d.row != c->row || !allowed(g, &s, &d))
		return false;
	describe_access(g, &s, &d);
	if (info->prepare && !info->prepare(g, &s, &d))
		return false;
	if (!s.target)
		s.target = choose_target(g, &s);
	if (s.mem && !choose_address(g, &s))
		return false;
	if (decode_shape(g, c, &s, bytes, &len, &d) != DECODE_OK || d.row != c->row)
		return false;
	set_rip_relative(g, &s, d.len);
	decode_shape(g, c, &s, bytes, &len, &d);
	if (!append(g, bytes, d.len, &d))
		return false;
	after_instruction(g, &d, is_jump(c->row));
	return true;
}

/* An instruction that ends the sequence with an exception: one of the faulting rows, or a form that is
 * refused. */
static void generate_fault(struct gen *g)
{
	bool spoil = one_in(g, 3);
	int row = spoil ? g->rows->ordinary[below(g, (u32)g->rows->nordinary)]
			: g->rows->faults[below(g, (u32)g->rows->nfaults)];
	const struct isa_candidate *c = encode_candidate(&isa_rows[row]);
	bool absent = long_mode(g) && isa_rows[row].flags & I64;
	struct shape s;
	struct decoded d;
	u8 bytes[ENCODE_MAX];
	int len;
	if (!spoil && !absent) {
		g->ended = generate_row(g, row);
		return;
	}
	if (g->q->start >= CODE_AT + CODE_SIZE - SEQUENCE_BYTES) {
		g->rows->rule[RULE_ABSENT_AT_END]++;
		return;
	}
	choose_shape(g, c, &s);
	if (spoil)
		spoil_shape(g, c, &s);
	s.base = s.mem ? RBX : NO_REG;
	enum decode_status status = decode_shape(g, c, &s, bytes, &len, &d);
	if (status != DECODE_UD && status != DECODE_TOO_LONG)
		return;
	struct item *it = append(g, bytes, len < 20 ? len : 20, NULL);
	if (it && absent && !spoil)
		it->row = (i16)row;
	g->ended = it;
}

/* ---- one sequence ---- */

static void choose_start(struct gen *g)
{
	struct sequence *q = g->q;
	u32 at = below(g, 2048);
	if (one_in(g, 4))
		at = PAGE_SIZE_4K - below(g, 200); /* across the boundary of the two pages */
	if (one_in(g, 300))
		at = CODE_SIZE - 1 - below(g, 100); /* runs off the end */
	q->start = CODE_AT + at;
}

static void choose_registers(struct gen *g)
{
	struct cpu_state *s = &g->q->init;
	u32 odd = FLAG_NT | FLAG_ID;
	memset(s->gpr, 0, sizeof s->gpr);
	for (int i = 0; i < sequence_registers(g->q); i++)
		s->gpr[i] = sequence_mask(g->q) &
			    (one_in(g, 3) ? DATA_AT + below(g, DATA_SIZE) : random_value(g));
	s->gpr[RSP] = DATA_AT + 1024 + 8 * below(g, (DATA_SIZE - 2048) / 8);
	s->flags = FLAG_1 | FLAG_IF | (random_next(&g->random) & FLAGS_ARITH) | (one_in(g, 3) ? FLAG_DF : 0);
	if (one_in(g, 8))
		s->flags |= random_next(&g->random) & odd;
	if (one_in(g, 30)) /* unaligned accesses fault */
		s->flags |= FLAG_AC;
	g->ac = s->flags & FLAG_AC;
	s->rip = g->q->start;
	g->now.known = 0xffff;
	memcpy(g->now.value, s->gpr, sizeof s->gpr);
	g->now.df = s->flags & FLAG_DF ? 1 : 0;
}

static int choose_row(struct gen *g)
{
	const struct rows *r = g->rows;
	if (one_in(g, 2))
		return r->ordinary[below(g, (u32)r->nordinary)];
	u32 f = below(g, (u32)r->nfamilies);
	return r->ordinary[r->family[f] + below(g, (u32)(r->family[f + 1] - r->family[f]))];
}

/* ---- the sequence repeated ---- */

/* Every round begins with the same registers and flags, or nothing would be known of them. */
static void begin_round(struct gen *g)
{
	const struct cpu_state *s = &g->q->init;
	u8 push[5] = { 0x68 }, popf = 0x9d;
	for (int i = sequence_registers(g->q) - 1; i >= 0; i--)
		emit_mov(g, (u8)i, s->gpr[i]);
	memcpy(push + 1, &s->flags, 4);
	emit(g, push, sizeof push);
	emit(g, &popf, 1);
	g->now.df = s->flags & FLAG_DF ? 1 : 0;
}

/* ModRM, SIB and displacement of an absolute address. */
static int put_absolute(const struct gen *g, u8 *out, u8 digit, u64 address)
{
	int n = 0;
	out[n++] = (u8)(digit << 3 | (long_mode(g) ? 4 : 5));
	if (long_mode(g))
		out[n++] = 0x25;
	memcpy(out + n, &address, 4);
	return n + 4;
}

/* SUB dword [COUNT_AT], 1; JNZ to the first item. */
static void end_round(struct gen *g)
{
	u8 sub[8] = { 0x83 }, jnz[6] = { 0x0f, 0x85 };
	u32 back;
	int n = 1 + put_absolute(g, sub + 1, 5, COUNT_AT);
	sub[n++] = 1;
	emit(g, sub, n);
	back = (u32)-(g->q->len + (int)sizeof jnz);
	memcpy(jnz + 2, &back, 4);
	emit(g, jnz, sizeof jnz);
}

/* ---- code that changes itself ---- */

/* XOR byte [somewhere in the next instruction], imm8; and the next instruction: either a byte of MOV r32,
 * imm32's immediate changes, or ADD turns into SUB and back. */
static void modify_code(struct gen *g)
{
	u8 xor[8] = { 0x80 }, mov[5] = { 0xb8 }, add[2] = { 0x01, 0xc0 };
	bool change_add = one_in(g, 2);
	int len = long_mode(g) ? 8 : 7;
	u64 at = g->q->start + (u64)(g->q->len + len) + (change_add ? 0 : 1 + below(g, 4));
	u8 reg = (u8)below(g, 4); /* RAX to RBX */
	u32 value = (u32)random_value(g);
	put_absolute(g, xor + 1, 6, at);
	xor[len - 1] = change_add ? 0x28 : (u8)below(g, 256);
	mov[0] |= reg;
	memcpy(mov + 1, &value, 4);
	add[1] |= (u8)(below(g, 8) << 3 | reg);
	if (emit(g, xor, len))
		emit(g, change_add ? add : mov, change_add ? sizeof add : sizeof mov);
}

/* ---- the whole ---- */

/* JMP to the exit page. */
static void finish(struct gen *g)
{
	struct sequence *q = g->q;
	if (g->branch != NO_ITEM)
		close_branch(g);
	if (q->rounds > 1)
		end_round(g);
	u32 disp = (u32)(sequence_exit(q) - (q->start + (u64)q->len + 5));
	q->item[q->n].at = (u16)q->len;
	q->item[q->n].taint = g->taint;
	q->item[q->n].row = -1;
	q->item[q->n].certain = true;
	q->code[q->len] = 0xe9;
	memcpy(q->code + q->len + 1, &disp, 4);
	q->len += 5;
}

/* For one more instruction with its setup, and the end of a round. */
static bool has_room(const struct sequence *q)
{
	return q->n < SEQUENCE_ITEMS - 10 && q->len < SEQUENCE_BYTES - 160;
}

void generate(struct sequence *q, struct rows *rows, u64 seed)
{
	struct gen g = { .q = q, .rows = rows, .random = seed, .branch = NO_ITEM };
	q->rows = rows;
	q->mode = rows->mode;
	q->seed = seed;
	q->n = q->len = 0;
	q->item[0].join = NO_ITEM;
	choose_start(&g);
	choose_registers(&g);
	q->rounds = one_in(&g, 16) ? 2 + below(&g, 5) : 1;
	if (q->rounds > 1)
		begin_round(&g);
	int wanted = 1 + (int)below(&g, 32);
	for (int done = 0, tries = 0; done < wanted && tries < 8 * wanted && !g.ended && has_room(q);
	     tries++) {
		if (g.branch == NO_ITEM && one_in(&g, 300))
			generate_fault(&g);
		else if (one_in(&g, 100))
			modify_code(&g);
		else
			done += generate_row(&g, choose_row(&g));
	}
	finish(&g);
}
