/* SPDX-License-Identifier: GPL-3.0-or-later
 * generate.c - from a number to an instruction and the state it begins in.
 *
 * Rule: a row of the instruction table says opcode, /digit and mandatory prefix; all else is chance.  What the bytes
 * are in the end the decoder says.  A row is left out only for a reason written here.
 */
#include <stdio.h>
#include <string.h>

#include "tests/kvm/kvm-diff.h"

/* ---- rows ---- */

/* clang-format off */
static const struct left_out { const char *reason, *families[12]; } left_out[] = {
	{ "differs by its nature: time, chance, the processor's name",
	  { "cpuid", "rdtsc", "rdtscp", "rdpmc", "rdrand", "rdseed", "rdpid" } },
	{ "model-specific registers are the hypervisor's choice", { "rdmsr", "wrmsr", "xgetbv", "xsetbv" } },
	{ "a hypervisor's own: KVM answers or rewrites it", { "vmcall", "monitor", "mwait" } },
	{ "leaves ring 0, where KVM does not step any more", { "sysret" } },
	{ "a stepped HLT is reported by KVM with a later case", { "hlt" } },
	{ "raises only what x87 instructions left behind", { "esc", "fwait" } },
	{ "VEX: the KVM emulator knows none in ring 0",
	  { "andn", "bextr", "blsi", "blsmsk", "blsr", "bzhi", "mulx", "pdep", "pext", "sarx", "shlx", "shrx" } },
	{ "VEX: the KVM emulator knows none in ring 0", { "rorx" } },
};
/* clang-format on */

/* x87, MMX and SSE: the KVM emulator knows a handful of them; tests/native/fx.c has them all.  After a fence KVM
 * executes one more instruction, as also after some of FXSAVE's neighbours. */
static bool has_other_registers(const struct isa_row *row)
{
	u64 feature = 1ull << row->feature;
	bool found = feature & (FEAT_BIT(FPU) | FEAT_BIT(MMX) | FEAT_BIT(FXSR) | FEAT_BIT(XSAVE)) ||
		     (row->opcode == 0x0fae && feature & (FEAT_BIT(SSE) | FEAT_BIT(SSE2)));
	for (int i = 0; i < 4; i++)
		found |= row->o[i] >= Pd && row->o[i] <= STi;
	return found;
}

static bool is_left_out(const struct isa_row *row)
{
	if (has_other_registers(row))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		for (size_t k = 0; k < ARRAY_LEN(left_out[i].families) && left_out[i].families[k]; k++)
			if (!strcmp(row->family, left_out[i].families[k]))
				return true;
	return false;
}

void print_left_out(void)
{
	printf("left out: x87, MMX, SSE, saving their state, fences  (the KVM emulator knows few; tests/native/fx.c)\n");
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
		printf("left out:");
		for (size_t k = 0; k < ARRAY_LEN(left_out[i].families) && left_out[i].families[k]; k++)
			printf(" %s", left_out[i].families[k]);
		printf("  (%s)\n", left_out[i].reason);
	}
}

/* Rows are drawn alike, so a family counts by its encodings. */
static const struct isa_row *pick_row(struct testcase *t, u64 features)
{
	u32 not_here = scene_mode(t->scene) == MODE_64 ? I64 : O64;
	for (;;) {
		const struct isa_row *row = &isa_rows[below(t, (u32)isa_count)];
		if (!(row->flags & not_here) && (features >> row->feature & 1) && !is_left_out(row))
			return row;
	}
}

/* ---- bytes ---- */

static int put_prefixes(struct testcase *t, const struct isa_row *row, u8 *out)
{
	static const u8 segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	int n = 0;
	for (u32 i = one_in(t, 60) ? below(t, 12) : below(t, 6) / 4; i > 0; i--)
		out[n++] = segments[below(t, ARRAY_LEN(segments))];
	if (one_in(t, 3) && !(row->flags & (NP | P66)))
		out[n++] = 0x66;
	if (one_in(t, 3))
		out[n++] = 0x67;
	if (one_in(t, row->flags & LOCK ? 5 : 40))
		out[n++] = 0xf0;
	if (row->flags & REPS ? !one_in(t, 3) : one_in(t, 40) && !(row->flags & (NP | NFX)))
		out[n++] = one_in(t, 2) ? 0xf2 : 0xf3;
	if (n > 1 && one_in(t, 3)) { /* in another order */
		u8 first = out[0];
		out[0] = out[n - 1];
		out[n - 1] = first;
	}
	if (row->flags & P66)
		out[n++] = 0x66;
	if (row->flags & (PF3 | PF2))
		out[n++] = row->flags & PF3 ? 0xf3 : 0xf2;
	if (t->scene == SCENE_LONG && (row->flags & (REXB | REXW) || one_in(t, 2)))
		out[n++] =
			(u8)(0x40 | below(t, 16) | (row->flags & REXW ? 8 : 0) | (row->flags & REXB ? 1 : 0));
	return n;
}

static int put_opcode(const struct isa_row *row, u8 *out)
{
	int n = 0;
	for (int shift = 16; shift >= 0; shift -= 8)
		if (row->opcode >> shift || !shift)
			out[n++] = (u8)(row->opcode >> shift);
	return n;
}

/* ModRM as the row wants it, then whatever follows: numbers that are often small, or small in 32 bits. */
static void put_rest(struct testcase *t, const struct isa_row *row, u8 *out, int room)
{
	u8 modrm = (u8)random_next(&t->random);
	if (one_in(t, 3))
		modrm |= 0xc0;
	if (row->digit >= 0)
		modrm = (u8)((modrm & 0xc7) | row->digit << 3);
	if (row->rm >= 0)
		modrm = (u8)(0xc0 | (modrm & 0x38) | row->rm);
	int skip = below(t, 4) ? 0 : (int)below(t, 3);
	u64 v[3] = { random_value(t), random_value(t), random_value(t) };
	if (one_in(t, 2))
		v[0] &= 0xffff0000ffffull, v[1] &= 0xffff0000ffffull;
	u8 tail[24];
	memcpy(tail, v, sizeof v);
	out[0] = modrm;
	for (int i = 1; i <= (int)sizeof tail && i < room; i++)
		out[i] = i <= skip ? (u8)random_next(&t->random) : tail[i - 1 - skip];
}

static void make_bytes(struct testcase *t, u64 features)
{
	u8 bytes[48] = { 0 };
	const struct isa_row *row = pick_row(t, features);
	int n = put_prefixes(t, row, bytes);
	n += put_opcode(row, bytes + n);
	if (one_in(t, 50)) /* any opcode of the same map; what is none is #UD */
		bytes[n - 1] = (u8)random_next(&t->random);
	put_rest(t, row, bytes + n, (int)sizeof bytes - n);
	memcpy(t->code, bytes, CODE_MAX);
}

static void decode(struct testcase *t, u64 features)
{
	enum decode_status status = isa_decode(t->code, CODE_MAX, scene_mode(t->scene), features, &t->d);
	t->valid = status == DECODE_OK;
	t->len = t->valid ? t->d.len : CODE_MAX;
}

void add_patch(struct testcase *t, u64 linear, u64 value, int size)
{
	if (t->npatches == CASE_PATCHES || linear < SCENERY_END || linear > HANDLERS_AT - 16)
		return;
	struct patch *p = &t->patch[t->npatches++];
	p->at = (u32)linear;
	p->len = (u8)size;
	memcpy(p->bytes, &value, (size_t)size);
}

/* The code goes into memory last: what prepared the data may have hit it. */
static void place_code(struct testcase *t)
{
	u64 base = t->scene == SCENE_LONG ? 0 : t->init.seg_base[SEG_CS];
	struct patch *p = &t->patch[t->npatches++];
	p->at = (u32)(base + t->init.rip[0]);
	p->len = CODE_MAX;
	memcpy(p->bytes, t->code, CODE_MAX);
}

void generate(struct testcase *t, enum scene scene, u64 seed, u64 number, u64 features)
{
	*t = (struct testcase){ .scene = scene,
				.number = number,
				.random = seed * 0x100000001b3ull + number * 8 + scene };
	random_next(&t->random);
	scene_state(t);
	do {
		make_bytes(t, features);
		decode(t, features);
	} while (t->valid && is_left_out(t->d.row));
	if (t->valid)
		prepare(t);
	decode(t, features); /* a selector in the instruction may have been changed */
	place_code(t);
}
