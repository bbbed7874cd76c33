/* SPDX-License-Identifier: GPL-3.0-or-later
 * nasm.c - our disassembly, assembled again by NASM: does it mean the same?
 *
 * Rule: what NASM made of a text must give the same text again.  The bytes may differ; of several encodings
 * with one meaning NASM takes the shortest.
 */
#include "tests/insn/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"

/* What NASM has no words for, and the branches that a shorter encoding would put out of reach. */
static bool not_for_nasm(const struct decoded *d)
{
	const char *family = d->row->family;
	static const char *const unknown[] = { "esc",   "fcom2", "fcomp3", "fcomp5", "fstp1",
					       "fstp8", "fstp9", "fxch4",  "fxch7",  "fnsetpm" };
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		if (!strcmp(d->row->mnemonic, unknown[i]))
			return true;
	if (!strcmp(family, "bswap") || !strcmp(family, "movsxd"))
		return d->opsize == 2 || (d->row->o[1] == Ez && d->opsize == 4);
	if (!strcmp(family, "movsx") || !strcmp(family, "movzx"))
		return d->opsize == 2 && d->row->o[1] == Ew;
	if (!strcmp(family, "xchg") && d->o[0].kind == OPD_REG && d->o[0].reg == d->o[1].reg)
		return true;
	return d->row->o[0] == Jb && ((i64)d->imm > 100 || (i64)d->imm < -100);
}

/* NASM 2.16 knows a wrong size for the memory operand of these, or none; it takes them without a word. */
static void drop_size_word(const struct decoded *d, char *text)
{
	static const char *const mnemonics[] = { "pshufd", "pshufhw", "pshuflw", "pshufw", "palignr", "pblendvb",
						 "psubq", "pmuludq", "punpcklbw", "punpcklwd", "punpckldq", "cmpsd" };
	static const char *const words[] = { "oword [", "qword [", "dword [" };
	for (size_t i = 0; i < ARRAY_LEN(mnemonics); i++)
		for (size_t k = 0; k < ARRAY_LEN(words) && !strcmp(d->row->mnemonic, mnemonics[i]); k++) {
			char *at = strstr(text, words[k]);
			if (at)
				memmove(at, at + strlen(words[k]) - 1, strlen(at + strlen(words[k]) - 1) + 1);
		}
}

/* Our text of an instruction, or of one that means the same and that NASM prefers. */
static void text_of(const struct decoded *d, u64 rip, char *text)
{
	struct decoded same = *d;
	if (!strcmp(d->row->family, "xchg") && d->o[1].kind == OPD_REG && d->o[0].kind == OPD_REG &&
	    d->o[0].reg + 16 * d->o[0].high > d->o[1].reg + 16 * d->o[1].high) {
		same.o[0] = d->o[1];
		same.o[1] = d->o[0];
	}
	if (d->base == ISA_NO_REG && d->scale == 0 && d->index != RBP) { /* [eax*1] and [eax] */
		same.base = d->index;
		same.index = ISA_NO_REG;
	}
	bool short_move = !strcmp(d->row->family, "mov") && d->o[1].kind == OPD_IMM && d->imm == (u32)d->imm;
	if (d->o[0].kind == OPD_REG && d->o[0].size == 8 && (short_move || d->row->o[0] == Rv))
		same.o[0].size = same.o[1].size = 4; /* writing EAX clears the upper half as well */
	isa_disasm(&same, rip, text, 96);
	drop_size_word(d, text);
	size_t len = strlen(text);
	if (len > 5 && !strcmp(text + len - 5, ", 0x1")) /* D1, which has no immediate, and C1 */
		strcpy(text + len - 3, "1");
}

/* Targets are written relative to the instruction; the addresses themselves may be out of reach. */
static void source_of(const struct decoded *d, char *text)
{
	char *target = strrchr(text, ' ');
	i64 delta = d->row->flags & BR ? (i64)d->imm : d->disp;
	char rest[64] = "";
	if (d->row->flags & BR) {
		sprintf(target, " $+(%" PRId64 ")", delta + d->len);
	} else if ((target = strstr(text, "rel 0x"))) {
		snprintf(rest, sizeof rest, "%s", strchr(target, ']'));
		sprintf(target, "rel $+(%" PRId64 ")%s", delta + d->len, rest);
	} else if (d->base == ISA_NO_REG && d->index < ISA_NO_REG && (target = strchr(text, '['))) {
		snprintf(rest, sizeof rest, "%s", target + 1); /* or NASM makes [eax+eax] of [eax*2] */
		sprintf(target + 1, "nosplit %s", rest);
	}
}

/* NASM takes its time: every fifth slot will do. */
static bool next_slot(FILE *slots, u8 *bytes)
{
	return fread(bytes, SLOT, 1, slots) == 1 && !fseek(slots, 4 * SLOT, SEEK_CUR);
}

int compare_write_source(enum isa_mode mode, FILE *slots)
{
	u8 bytes[SLOT];
	struct decoded d;
	printf("bits %d\ndefault abs\n", mode == MODE_16 ? 16 : mode == MODE_32 ? 32 : 64);
	for (u64 at = 0; next_slot(slots, bytes); at += SLOT) {
		char text[160] = "nop";
		if (isa_decode(bytes, 15, mode, ~0ull, &d) == DECODE_OK && !not_for_nasm(&d)) {
			text_of(&d, at, text);
			source_of(&d, text);
		}
		printf("times %" PRIu64 "-($-$$) nop\n%s\n", at, text);
	}
	return 0;
}

int compare_nasm(enum isa_mode mode, FILE *slots, FILE *assembled)
{
	u8 bytes[SLOT], again[SLOT];
	int passed = 0, failed = 0;
	for (u64 at = 0; next_slot(slots, bytes); at += SLOT) {
		struct decoded d, e;
		char text[96], back[96] = "(bad)";
		size_t got = fread(again, 1, SLOT, assembled);
		if (isa_decode(bytes, 15, mode, ~0ull, &d) != DECODE_OK || not_for_nasm(&d))
			continue;
		text_of(&d, at, text);
		if (isa_decode(again, (int)(got < 15 ? got : 15), mode, ~0ull, &e) == DECODE_OK)
			text_of(&e, at, back);
		if (!strcmp(text, back))
			passed++;
		else if (failed++ < 20)
			printf("FAIL %d-bit at %" PRIx64 ": \"%s\" came back as \"%s\"\n", 16 << mode, at,
			       text, back);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0;
}
