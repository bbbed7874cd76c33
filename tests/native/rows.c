/* SPDX-License-Identifier: GPL-3.0-or-later
 * rows.c - which rows of the instruction table take part, and why the others do not.
 * Rule: a row or a form is left out only for a reason that is written here, counted and printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/native/fx.h"
#include "tests/native/generate.h"
#include "tests/native/native.h"

enum why_not { WHY_NATURE, WHY_KERNEL, WHY_TABLES, WHY_UMIP, WHY_BASES, WHY_FX, WHY_ICEBP, WHY_OTHER_MEANING,
	       WHY_64, WHY_HOST, WHY_MODEL, WHY_COUNT };
static const char *const reasons[WHY_COUNT] = {
	[WHY_NATURE] = "differs by its nature: time, chance, the processor's name",
	[WHY_KERNEL] = "would call the host's kernel or its hypervisor, or is #UD on AMD's processors only",
	[WHY_TABLES] = "depends on the host's descriptor tables",
	[WHY_UMIP] = "refused (UMIP) or imitated by the host's kernel",
	[WHY_BASES] = "FS and GS belong to the host's C library",
	[WHY_FX] = "x87, MMX and SSE state: compared by fx.c",
	[WHY_ICEBP] = "hosts that are virtual machines report its trap in different ways",
	[WHY_OTHER_MEANING] = "not in 64-bit mode, and its opcode means something else there",
	[WHY_64] = "only in 64-bit mode",
	[WHY_HOST] = "the host's processor has not got it",
	[WHY_MODEL] = "the interpreter's model has not got it",
};

static const struct left_out { const char *family; u8 why; } left_out[] = {
	{ "cpuid", WHY_NATURE },    { "rdtsc", WHY_NATURE },      { "rdtscp", WHY_NATURE },
	{ "rdpmc", WHY_NATURE },    { "rdrand", WHY_NATURE },     { "rdseed", WHY_NATURE },
	{ "rdpid", WHY_NATURE },    { "syscall", WHY_KERNEL },    { "sysenter", WHY_KERNEL },
	{ "sysexit", WHY_KERNEL },  { "vmcall", WHY_KERNEL },     { "load_sreg", WHY_TABLES },
	{ "pop_sreg", WHY_TABLES }, { "lss", WHY_TABLES },        { "lfs", WHY_TABLES },
	{ "lgs", WHY_TABLES },      { "call_far_m", WHY_TABLES }, { "jmp_far_m", WHY_TABLES },
	{ "retf", WHY_TABLES },     { "retf_imm", WHY_TABLES },   { "les", WHY_TABLES },
	{ "lds", WHY_TABLES },      { "call_far", WHY_TABLES },   { "jmp_far", WHY_TABLES },
	{ "iret", WHY_TABLES },     { "lar", WHY_TABLES },        { "lsl", WHY_TABLES },
	{ "verr", WHY_TABLES },     { "verw", WHY_TABLES },       { "sldt", WHY_UMIP },
	{ "str", WHY_UMIP },        { "sgdt", WHY_UMIP },         { "sidt", WHY_UMIP },
	{ "smsw", WHY_UMIP },       { "rdfsbase", WHY_BASES },    { "rdgsbase", WHY_BASES },
	{ "wrfsbase", WHY_BASES },  { "wrgsbase", WHY_BASES },
	{ "int1", WHY_ICEBP },
};

/* Always or mostly an exception in user mode, besides those marked PRIV: they end a sequence, so they come
 * seldom. */
static const char *const faulting[] = { "bound", "ud", "int3", "int_n", "cli",
					"sti",   "in", "out",  "ins",   "outs" };

static const char *const rules[RULE_COUNT] = {
	[RULE_PREFETCH_REG] = "0F 0D with a register: NOP on Intel's processors, #UD on AMD's",
	[RULE_BRANCH_66] =
		"66 in front of a near branch: ignored by Intel's processors, 16 bits wide on AMD's",
	[RULE_DOUBLE_SHIFT_16] = "SHLD, SHRD of 16 bits by more than 16: the result is undefined",
	[RULE_SPLIT_LOCK] = "locked access across an alignment boundary: hosts may refuse or slow it down",
	[RULE_LOOP_REP] =
		"F2, F3 in front of LOOPE, LOOPNE: reserved; AMD's processors take it for the condition",
	[RULE_REP_PORT] = "REP INS, REP OUTS of no iterations: AMD's processors check the port all the same",
	[RULE_TWO_FAULTS] =
		"two accesses of one instruction that both fault: which comes first is not promised",
	[RULE_ENTER_FAULT] =
		"ENTER, PUSHA that fault: memory not compared, what is stored by then is not promised",
	[RULE_MOVSXD_16] = "MOVSXD of 16 bits: Intel's processors read two bytes, AMD's four",
	[RULE_ABSENT_AT_END] =
		"no instruction, at the end of the code: how far the processor reads is not promised",
	[RULE_PUSH_SREG] = "PUSH segment register, 32 bits wide: the upper half may or may not be written",
	[RULE_COMPARE_FAULT] =
		"REP CMPS, REP SCAS that fault: flags not compared; Intel's restore them, AMD's do not",
	[RULE_ARPL] =
		"ARPL of what cannot be written: whether that matters if nothing changes is not promised",
	[RULE_SOFT_INT] = "INT 3, 4, 80h: gates that the host's kernel has opened",
};

/* Opcodes that 64-bit mode has given to others: REX, VEX, EVEX, MOVSXD. */
static bool has_other_meaning(const struct isa_row *row)
{
	return (row->opcode & ~0xfu) == 0x40 || (row->opcode >= 0x62 && row->opcode <= 0x63) ||
	       row->opcode == 0xc4 || row->opcode == 0xc5 || !strcmp(row->family, "sahf") ||
	       !strcmp(row->family, "lahf");
}

static void classify(struct row_info *info, const struct isa_row *row, u8 mode, u64 host, u64 model)
{
	bool absent = mode == MODE_64 && row->flags & I64;
	info->class = row->flags & PRIV || absent ? ROW_FAULTS : ROW_ORDINARY;
	for (size_t i = 0; i < ARRAY_LEN(faulting); i++)
		if (!strcmp(row->family, faulting[i]))
			info->class = ROW_FAULTS;
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		if (!strcmp(row->family, left_out[i].family) && !absent) {
			info->class = ROW_UNUSED;
			info->why = left_out[i].why;
		}
	if (fx_row(row)) {
		info->class = ROW_UNUSED;
		info->why = WHY_FX;
	}
	if (mode != MODE_64 && row->flags & (O64 | REXB | REXW)) {
		info->class = ROW_UNUSED;
		info->why = WHY_64;
	}
	if (absent && has_other_meaning(row)) {
		info->class = ROW_UNUSED;
		info->why = WHY_OTHER_MEANING;
	}
	if (!(model >> row->feature & 1) || !(host >> row->feature & 1)) {
		info->class = ROW_UNUSED;
		info->why = model >> row->feature & 1 ? WHY_HOST : WHY_MODEL;
	}
}

static int by_family(const void *a, const void *b)
{
	u16 x = *(const u16 *)a, y = *(const u16 *)b;
	int order = strcmp(isa_rows[x].family, isa_rows[y].family);
	return order ? order : x - y;
}

int rows_open(struct rows *rows, u8 mode, const struct host_traits *traits, u64 model_features)
{
	*rows = (struct rows){ .mode = mode,
			       .features = traits->features & model_features, .amd = traits->amd };
	rows->info = calloc((size_t)isa_count, sizeof *rows->info);
	rows->ordinary = calloc((size_t)isa_count, sizeof *rows->ordinary);
	rows->faults = calloc((size_t)isa_count, sizeof *rows->faults);
	rows->family = calloc((size_t)isa_count + 1, sizeof *rows->family);
	if (!rows->info || !rows->ordinary || !rows->faults || !rows->family) {
		rows_close(rows);
		return -ENOMEM;
	}
	for (int i = 0; i < isa_count; i++) {
		struct row_info *info = &rows->info[i];
		effects_fill(info, &isa_rows[i]);
		classify(info, &isa_rows[i], mode, traits->features, model_features);
		info->prepare = prepare_of(isa_rows[i].family);
		if (info->class == ROW_ORDINARY)
			rows->ordinary[rows->nordinary++] = (u16)i;
		if (info->class == ROW_FAULTS)
			rows->faults[rows->nfaults++] = (u16)i;
	}
	qsort(rows->ordinary, (size_t)rows->nordinary, sizeof *rows->ordinary, by_family);
	for (int i = 0; i < rows->nordinary; i++)
		if (!i || strcmp(isa_rows[rows->ordinary[i]].family, isa_rows[rows->ordinary[i - 1]].family))
			rows->family[rows->nfamilies++] = (u16)i;
	rows->family[rows->nfamilies] = (u16)rows->nordinary;
	return 0;
}

void rows_close(struct rows *rows)
{
	free(rows->info);
	free(rows->ordinary);
	free(rows->faults);
	free(rows->family);
	*rows = (struct rows){ 0 };
}

static void print_uncovered(const struct rows *rows)
{
	for (int i = 0; i < isa_count; i++) {
		struct buf text = { 0 };
		const struct row_info *info = &rows->info[i];
		if (info->class == ROW_UNUSED || info->covered)
			continue;
		isa_row_text(&isa_rows[i], &text);
		printf("not covered: %s\n", buf_text(&text));
		buf_free(&text);
	}
}

void rows_print(const struct rows *rows, bool verbose)
{
	int covered = 0, out[WHY_COUNT] = { 0 };
	for (int i = 0; i < isa_count; i++) {
		covered += rows->info[i].class != ROW_UNUSED && rows->info[i].covered;
		if (rows->info[i].class == ROW_UNUSED)
			out[rows->info[i].why]++;
	}
	for (int i = 0; i < RULE_COUNT; i++)
		printf("forms avoided: %8llu  %s\n", (unsigned long long)rows->rule[i], rules[i]);
	for (int i = 0; i < WHY_COUNT; i++)
		if (out[i])
			printf("rows left out: %4d  %s\n", out[i], reasons[i]);
	if (verbose)
		print_uncovered(rows);
	printf("%s: %d of %d rows covered; the table has %d\n", rows->mode == MODE_64 ? "64-bit" : "32-bit",
	       covered, rows->nordinary + rows->nfaults, isa_count);
}
