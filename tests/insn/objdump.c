/* SPDX-License-Identifier: GPL-3.0-or-later
 * objdump.c - our decoder and disassembler beside objdump's, instruction by instruction.
 *
 * Rule: the two dialects are brought to one form by canonical.c; what then still differs is a
 * failure, unless a row of `rules` explains it.  How often each rule was needed is printed, so that none
 * can hide a fault.
 */
#include "tests/insn/canonical.h"
#include "tests/insn/compare.h"

#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"

/* ---- rules: what objdump does otherwise, and why ---- */

static bool family_is(const struct pair *p, const char *family)
{
	return p->d.row && !strcmp(p->d.row->family, family);
}
static bool valid(const struct pair *p)
{
	return p->status == DECODE_OK;
}
static bool same_length(const struct pair *p)
{
	return valid(p) && p->d.len == p->their_len;
}
static bool they_say_bad(const struct pair *p)
{
	return strstr(p->theirs, "(bad)");
}
static bool named(const struct pair *p, const char *const *names)
{
	while (*names && strcmp(*names, p->name))
		names++;
	return *names;
}

static bool in_table(const char *name)
{
	for (int i = 0; i < isa_count; i++)
		for (const char *m = isa_rows[i].mnemonic; *m; m += strcspn(m, "/|"), m += *m != 0)
			if (strcspn(m, "/|") == strlen(name) && !strncmp(m, name, strlen(name)))
				return true;
	return false;
}

static bool rule_later(const struct pair *p)
{
	return !valid(p) && !in_table(p->name);
}
static bool rule_x87(const struct pair *p)
{
	static const char *const aliases[] = { "fcom2", "fcomp3", "fcomp5", "fstp1", "fstp8", "fstp9", "fxch4", "fxch7" };
	for (size_t i = 0; valid(p) && i < ARRAY_LEN(aliases); i++)
		if (!strcmp(p->d.row->mnemonic, aliases[i]))
			return they_say_bad(p);
	return (same_length(p) || they_say_bad(p)) && family_is(p, "esc");
}
static bool rule_rex(const struct pair *p)
{
	return !p->name[0];
}
static bool rule_lock(const struct pair *p)
{
	return p->status == DECODE_UD && p->their_lock;
}
static bool rule_hint(const struct pair *p)
{
	bool hint_space = p->d.row && p->d.row->opcode >= 0x0f0d && p->d.row->opcode <= 0x0f1f;
	return valid(p) && family_is(p, "nop") && hint_space && (same_length(p) || they_say_bad(p));
}
static bool rule_pause(const struct pair *p)
{
	return same_length(p) && !strcmp(p->name, "pause") && p->d.rex;
}
static bool rule_salc(const struct pair *p)
{
	return family_is(p, "salc") && they_say_bad(p);
}
static bool rule_fence(const struct pair *p)
{
	return valid(p) && they_say_bad(p) && p->d.row->opcode == 0x0fae && p->d.row->flags & MOD3 &&
	       p->d.modrm & 7;
}
static bool rule_two_reps(const struct pair *p)
{
	return valid(p) && they_say_bad(p) && memchr(p->bytes, 0xf2, p->d.nprefix) &&
	       memchr(p->bytes, 0xf3, p->d.nprefix);
}
static bool rule_ignored(const struct pair *p)
{
	bool prefixed = p->d.nprefix && (p->d.rep || memchr(p->bytes, 0x66, p->d.nprefix));
	return prefixed && (family_is(p, "wbinvd") || family_is(p, "bsf") || family_is(p, "bsr"));
}
static bool rule_vex_prefix(const struct pair *p)
{
	return p->status == DECODE_UD && p->d.nprefix && p->bytes[p->d.nprefix] == 0xc4;
}
static bool rule_mode(const struct pair *p)
{
	static const char *const names[] = { "syscall",  "sysret",   "sysretd",  "swapgs", "rdfsbase",
					     "rdgsbase", "wrfsbase", "wrgsbase", NULL };
	return p->status == DECODE_UD && p->mode != MODE_64 && named(p, names);
}
static bool rule_np(const struct pair *p)
{
	static const char *const names[] = { "vmcall",	"clac",	    "stac",	"xgetbv",  "xsetbv",
					     "sfence",	"pmovmskb", "fxsave",	"fxrstor", "fxsave64",
					     "fxrstor64", "ldmxcsr",  "stmxcsr", "xsavec",  "xsavec64", NULL };
	return p->status == DECODE_UD && p->d.nprefix && named(p, names);
}
static bool rule_size(const struct pair *p)
{
	static const char *const names[] = { "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase",
					     "sysretd",  "sysexitd", "movsxd",   NULL };
	return same_length(p) && memchr(p->bytes, 0x66, p->d.nprefix) && named(p, names);
}
static bool rule_env_16(const struct pair *p)
{
	static const char *const names[] = { "fldenvw", "fnstenvw", "frstorw", "fnsavew", NULL };
	return same_length(p) && p->d.opsize == 8 && named(p, names);
}
static bool rule_mov_cs(const struct pair *p)
{
	return p->status == DECODE_UD && !strncmp(p->theirs, "mov cs,", 7);
}
static bool rule_mov_cr(const struct pair *p)
{
	return p->status == DECODE_UD && !strcmp(p->name, "mov") && strpbrk(p->theirs, "cdt?");
}
static bool rule_mmx_66(const struct pair *p)
{
	static const char *const names[] = { "movq2dq", "movdq2q", NULL };
	return same_length(p) && memchr(p->bytes, 0x66, p->d.nprefix) && named(p, names);
}
static bool rule_wide_mask(const struct pair *p)
{
	return same_length(p) && p->d.opsize == 8 && !strcmp(p->name, "pmovmskb");
}
static bool rule_halves(const struct pair *p)
{
	return same_length(p) && family_is(p, "pclmulqdq") && (p->d.imm == 2 || p->d.imm == 3);
}
static bool rule_notrack(const struct pair *p)
{
	return same_length(p) && p->d.seg_override && p->d.segment == SEG_DS &&
	       (family_is(p, "jmp_r") || family_is(p, "call_r"));
}

static struct rule {
	const char *reason;
	bool (*applies)(const struct pair *);
	int count;
} rules[] = {
	{ "instructions that are not in the table (AVX, VMX, SSE4a...)", rule_later, 0 },
	{ "x87: encodings that mean nothing, or the same as others; objdump does not know them", rule_x87, 0 },
	{ "objdump shows a REX that is not directly before the opcode as an instruction", rule_rex, 0 },
	{ "objdump shows an illegal LOCK; for us it is #UD", rule_lock, 0 },
	{ "hint space: NOP on a processor without MPX, CET, CLDEMOTE...", rule_hint, 0 },
	{ "F3 90 with REX.B is XCHG R8; objdump says pause", rule_pause, 0 },
	{ "objdump does not know SALC", rule_salc, 0 },
	{ "fences: objdump wants r/m = 0; the manual's map does not", rule_fence, 0 },
	{ "F2 and F3 together: the last counts; objdump gives up", rule_two_reps, 0 },
	{ "BSF, BSR, WBINVD ignore these prefixes; objdump does not", rule_ignored, 0 },
	{ "VEX after 66, F2, F3, LOCK or REX is #UD (SDM 2A 2.3); objdump shows it", rule_vex_prefix, 0 },
	{ "valid in 64-bit mode only", rule_mode, 0 },
	{ "no prefix allowed (NP in the manual); objdump does not mind", rule_np, 0 },
	{ "66 does not make these 16 bits wide", rule_size, 0 },
	{ "66 and REX.W: the latter counts, and the x87 environment has 32-bit words", rule_env_16, 0 },
	{ "MOV to CS is #UD", rule_mov_cs, 0 },
	{ "MOV of a control, debug or segment register that does not exist", rule_mov_cr, 0 },
	{ "MOVQ2DQ, MOVDQ2Q with a superfluous 66: objdump shows both registers as XMM", rule_mmx_66, 0 },
	{ "PMOVMSKB: REX.W makes no difference; objdump shows a 64-bit register", rule_wide_mask, 0 },
	{ "PCLMULQDQ with 2 and 3: objdump shows them as 10h and 11h", rule_halves, 0 },
	{ "3E before an indirect branch: DS for us, NOTRACK (CET) for objdump", rule_notrack, 0 },
	{ NULL, NULL, 0 },
};

static bool explained(struct pair *p)
{
	for (struct rule *r = rules; r->reason; r++)
		if (r->applies(p)) {
			r->count++;
			return true;
		}
	return false;
}

/* ---- the comparison ---- */

struct tally {
	int passed, failed;
};

static void judge(struct pair *p, struct tally *t)
{
	bool same = p->status == DECODE_OK ? p->d.len == p->their_len && !strcmp(p->ours, p->theirs)
					   : strstr(p->theirs, "(bad)") != NULL;
	if (same || explained(p)) {
		t->passed += same;
		return;
	}
	if (t->failed++ >= 40000)
		return;
	printf("FAIL %d-bit at %lx:", p->mode == MODE_16 ? 16 : p->mode == MODE_32 ? 32 : 64, p->address);
	for (int i = 0; i < (p->their_len > p->d.len ? p->their_len : p->d.len) && i < 15; i++)
		printf(" %02x", p->bytes[i]);
	printf("\n\tours    %2d %s\n\tobjdump %2d %s\n", p->d.len, p->ours, p->their_len, p->theirs);
}

static void start(struct pair *p, enum isa_mode mode, u64 address, const u8 *bytes, const char *theirs)
{
	char text[96] = "(bad)";
	*p = (struct pair){ .mode = mode, .address = address, .bytes = bytes };
	p->status = isa_decode(bytes, 15, mode, ~0ull, &p->d);
	if (p->status == DECODE_OK) {
		struct decoded d = p->d;
		if (family_is(p, "load_sreg") || family_is(p, "lar") || family_is(p, "lsl"))
			d.o[1].size = d.o[1].kind == OPD_REG ? d.opsize
							     : 2; /* objdump's way; only 16 bits are read */
		isa_disasm(&d, address, text, sizeof text);
	}
	canonical_form(p, canonical_hides_operands(p) ? text : canonical_skip(p, text), p->ours);
	p->their_lock = false;
	theirs = canonical_skip(p, theirs);
	canonical_form(p, theirs, p->theirs);
	snprintf(p->name, sizeof p->name, "%.*s", (int)strcspn(theirs, " \n"), theirs);
}

int compare_objdump(enum isa_mode mode, FILE *slots, FILE *listing)
{
	struct pair p;
	struct tally t = { 0, 0 };
	char line[512];
	u8 bytes[SLOT];
	unsigned long address;
	bool open = false;
	while (fgets(line, sizeof line, listing)) {
		char *tab = strchr(line, '\t');
		if (!tab || sscanf(line, " %lx:", &address) != 1)
			continue;
		if (open) {
			p.their_len = (int)(address - p.address);
			judge(&p, &t);
		}
		open = address % SLOT == 0;
		if (open && !fseek(slots, (long)address, SEEK_SET) && fread(bytes, SLOT, 1, slots) == 1)
			start(&p, mode, address, bytes, tab + 1);
	}
	for (struct rule *r = rules; r->reason; r++)
		if (r->count)
			printf("\t%7d not compared: %s\n", r->count, r->reason);
	printf("%d passed, %d failed\n", t.passed, t.failed);
	return t.failed > 0;
}
