/* SPDX-License-Identifier: GPL-3.0-or-later
 * decode-dump.c - instructions for two disassemblers to agree on.
 *
 *   decode-dump write 16|32|64 FILE     write instructions, made from the rows and at random, one per slot
 *   decode-dump check 16|32|64 FILE     read objdump's listing of FILE on standard input and compare
 *   decode-dump source 16|32|64 FILE    our disassembly of FILE as NASM source
 *   decode-dump nasm 16|32|64 FILE OUT  compare FILE with OUT, which NASM made of the source
 *
 * Rule: what is written depends on nothing but the table, so two runs compare the same instructions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/isa/isa.h"
#include "tests/insn/compare.h"

/* ---- a slot: one instruction, 1 to 4 NOPs, then zeros, which objdump passes over in fours ---- */

struct writer {
	FILE *file;
	enum isa_mode mode;
	u32 random;
};

static u32 next_random(struct writer *w)
{
	return w->random = w->random * 1664525u + 1013904223u;
}
static u8 random_byte(struct writer *w)
{
	return (u8)(next_random(w) >> 24);
}

static void write_slot(struct writer *w, const u8 *bytes, bool also_undefined)
{
	struct decoded d;
	u8 slot[SLOT] = { 0 };
	enum decode_status status = isa_decode(bytes, 15, w->mode, ~0ull, &d);
	int len = status == DECODE_OK ? d.len : 15;
	if (status != DECODE_OK && !(also_undefined && status == DECODE_UD))
		return;
	memcpy(slot, bytes, (size_t)len);
	if (status == DECODE_OK)
		memset(slot + len, 0x90, (size_t)(4 - len % 4));
	else
		memset(slot + len, 0x90,
		       SLOT - (size_t)len); /* whatever objdump takes it for, it finds back */
	fwrite(slot, 1, SLOT, w->file);
}

/* ---- from the rows ---- */

static const char *const legacy_prefixes[] = {
	"",     "\x66",     "\x67", "\x66\x67", "\x26", "\x2e",     "\x36",     "\x3e",
	"\x64", "\x65\x67", "\xf0", "\xf2",     "\xf3", "\x66\xf2", "\x66\xf3", NULL,
};
static const char *const rex_prefixes[] = {
	"\x40",     "\x41",     "\x42",     "\x44",     "\x48",     "\x4f",
	"\x66\x48", "\x66\x41", "\x67\x47", "\x67\x48", "\x64\x4a", "\xf0\x48",
	"\xf3\x48", "\xf2\x49", "\xf3\x41", "\x48\x66", NULL,
};

/* VEX in its three-byte form with registers and W at random (SDM 2A 2.3.5). */
static int put_vex(struct writer *w, const struct isa_row *row, u8 *at)
{
	u8 map = row->opcode >> 8 == 0x0f3a ? 3 : row->opcode >> 8 == 0x0f38 ? 2 : 1;
	u8 pp = row->flags & P66 ? 1 : row->flags & PF3 ? 2 : row->flags & PF2 ? 3 : 0;
	bool vvvv = false;
	for (int i = 0; i < 4; i++)
		vvvv |= row->o[i] == By;
	at[0] = 0xc4;
	at[1] = (w->mode == MODE_64 ? random_byte(w) & 0xe0 : 0xe0) | map;
	at[2] = (random_byte(w) & (w->mode == MODE_64 ? 0xf8 : 0x38)) | (w->mode == MODE_64 ? 0 : 0x40) | pp;
	at[2] = (u8)((vvvv ? at[2] & ~4 : (at[2] & ~4) | 0x78));
	at[3] = (u8)row->opcode;
	return 4;
}

static int put_opcode(struct writer *w, const struct isa_row *row, const char *prefix, u8 *at)
{
	u8 mandatory = row->flags & VEX   ? 0
		       : row->flags & P66 ? 0x66
		       : row->flags & PF3 ? 0xf3
		       : row->flags & PF2 ? 0xf2
					  : 0;
	int n = 0;
	if (mandatory)
		at[n++] = mandatory;
	for (; *prefix; prefix++)
		at[n++] = (u8)*prefix;
	if (row->flags & VEX)
		return n + put_vex(w, row, at + n);
	for (int shift = row->opcode > 0xffff ? 16 : row->opcode > 0xff ? 8 : 0; shift >= 0; shift -= 8)
		at[n++] = (u8)(row->opcode >> shift);
	return n;
}

/* Displacements and immediates: sometimes zero, small or negative, otherwise anything. */
static void put_tail(struct writer *w, u8 *at, int n)
{
	int kind = random_byte(w) & 7;
	for (int i = 0; i < n; i++)
		at[i] = kind == 0 ? 0 : kind == 1 ? 0xff : random_byte(w);
}

/* Every form of address for the common prefixes, a few for the others. */
static void write_row(struct writer *w, const struct isa_row *row, const char *prefix, bool all)
{
	u8 bytes[32];
	int n = put_opcode(w, row, prefix, bytes);
	for (int i = 0; i < (all ? 40 : 6); i++) {
		u8 modrm = all && i < 32 ? (u8)((i & 0x18) << 3 | (i & 7)) : random_byte(w) & 0xc7;
		u8 digit = row->digit >= 0 ? (u8)row->digit : random_byte(w) & 7;
		put_tail(w, bytes + n, 15);
		bytes[n] = row->rm >= 0 ? (u8)(0xc0 | digit << 3 | row->rm) : modrm | (u8)(digit << 3);
		bytes[n + 1] = random_byte(w); /* perhaps a SIB byte */
		write_slot(w, bytes, i == 0);
	}
}

static void write_rows(struct writer *w)
{
	for (const struct isa_row *row = isa_rows; row < isa_rows + isa_count; row++) {
		for (int i = 0; legacy_prefixes[i]; i++)
			write_row(w, row, legacy_prefixes[i], i < 4);
		for (int i = 0; w->mode == MODE_64 && rex_prefixes[i]; i++)
			write_row(w, row, rex_prefixes[i], false);
	}
}

/* ---- at random: also finds what the rows do not have ---- */

static void write_random(struct writer *w, int count)
{
	static const u8 escapes[][3] = { { 1, 0x0f }, { 2, 0x0f, 0x38 }, { 2, 0x0f, 0x3a },
					 { 1, 0x66 }, { 1, 0xf3 },       { 1, 0xf2 } };
	for (int i = 0; i < count; i++) {
		u8 bytes[32];
		for (int k = 0; k < 16; k++)
			bytes[k] = random_byte(w);
		if (i & 1) {
			const u8 *e = escapes[random_byte(w) % ARRAY_LEN(escapes)];
			memcpy(bytes + (i >> 1 & 1), e + 1, e[0]);
		}
		write_slot(w, bytes, true);
	}
}

int main(int argc, char **argv)
{
	enum isa_mode mode = argc < 4              ? MODE_16
			     : atoi(argv[2]) == 16 ? MODE_16
			     : atoi(argv[2]) == 32 ? MODE_32
						   : MODE_64;
	FILE *file = argc < 4 ? NULL : fopen(argv[3], !strcmp(argv[1], "write") ? "wb" : "rb");
	FILE *other = argc < 5 ? NULL : fopen(argv[4], "rb");
	if (!file || (argc > 4 && !other)) {
		fprintf(stderr,
			"decode-dump: usage: decode-dump write|check|source|nasm 16|32|64 FILE [OUT]\n");
		return 2;
	}
	if (!strcmp(argv[1], "write")) {
		struct writer w = { file, mode, 1 };
		write_rows(&w);
		write_random(&w, 20000);
		return fclose(file) ? 2 : 0;
	}
	if (!strcmp(argv[1], "check"))
		return compare_objdump(mode, file, stdin);
	if (!strcmp(argv[1], "source"))
		return compare_write_source(mode, file);
	return !strcmp(argv[1], "nasm") && other ? compare_nasm(mode, file, other) : 2;
}
