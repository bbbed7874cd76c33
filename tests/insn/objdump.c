/* SPDX-License-Identifier: GPL-3.0-or-later
 * objdump.c - our decoder and disassembler beside objdump's, instruction by instruction.
 *
 * Rule: the two dialects are brought to one form by the steps in canonical_*; what then still differs is a
 * failure, unless a row of `rules` explains it.  How often each rule was needed is printed, so that none
 * can hide a fault.
 */
#include "tests/insn/compare.h"

#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"

struct pair {
	enum isa_mode mode;
	enum decode_status status;
	struct decoded d;
	u64 address;
	const u8 *bytes;
	char ours[192], theirs[192]; /* canonical */
	char name[32];               /* their mnemonic, without prefixes */
	int their_len;
	bool their_lock;
	const char *rep; /* "rep ", "repe ", "repne " if they have it */
};

/* ---- text ---- */

static void replace(char *s, const char *from, const char *to)
{
	size_t n = strlen(from), m = strlen(to);
	for (char *at = s; (at = strstr(at, from)); at += m) {
		memmove(at + m, at + n, strlen(at + n) + 1);
		memcpy(at, to, m);
	}
}

static bool is_prefix_word(const char *word)
{
	static const char *const words[] = { "data16",   "data32",   "addr16", "addr32", "es",  "cs",
					     "ss",       "ds",       "fs",     "gs",     "bnd", "notrack",
					     "xacquire", "xrelease", "repz",   "repnz",  "rep", "lock",
					     "o16",      "o32",      "o64",    "a16",    "a32" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(word, words[i]))
			return true;
	return !strncmp(word, "rex", 3);
}

/* Move s past the words of prefixes, noting those that matter. */
static const char *skip_prefixes(struct pair *p, const char *s)
{
	char word[32];
	int n;
	while (sscanf(s, "%31s%n", word, &n) == 1 && is_prefix_word(word)) {
		if (!strcmp(word, "lock"))
			p->their_lock = true;
		if (!strncmp(word, "rep", 3))
			p->rep = !strcmp(word, "repz") ? "repe " : !strcmp(word, "repnz") ? "repne " : "rep ";
		s += n + strspn(s + n, " ");
	}
	return s;
}

/* ---- one form for both dialects ---- */

/* "[riz*8-0x10]": neither base nor index, an absolute address written as something else. */
static void canonical_no_register(const struct pair *p, char *s)
{
	char *at = strstr(s, "iz*"), rest[64], sign;
	u64 value;
	if (!at || p->d.base != ISA_NO_REG || p->d.index != ISA_NO_REG ||
	    sscanf(at + 4, "%c0x%lx", &sign, &value) != 2)
		return;
	value = sign == '-' ? -value : value;
	snprintf(rest, sizeof rest, "%s", strchr(at, ']'));
	snprintf(at - 1, 96, "0x%lx%s", p->d.addrsize == 4 ? (u32)value : value, rest);
}

/* "[eax+eiz*1+0x0]" is [eax]; a scale of one says nothing when there is a base. */
static void canonical_memory(struct pair *p, char *s)
{
	static const char *const none[] = { "+eiz*1", "+eiz*2", "+eiz*4", "+eiz*8", "+riz*1", "+riz*2",
					    "+riz*4", "+riz*8", "eiz*1+", "eiz*2+", "eiz*4+", "eiz*8+",
					    "riz*1+", "riz*2+", "riz*4+", "riz*8+" };
	static const char *const segs[] = { "es", "cs", "ss", "ds", "fs", "gs" };
	bool stack = p->d.base == RSP || p->d.base == RBP;
	canonical_no_register(p, s);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		replace(s, none[i], "");
	for (int i = 0; i < 6; i++) {
		char from[8], to[8];
		bool silent = i == (stack ? SEG_SS : SEG_DS) || (p->mode == MODE_64 && i < SEG_FS);
		snprintf(from, sizeof from, "%s:[", segs[i]);
		snprintf(to, sizeof to, silent ? "[" : "[%s:", segs[i]);
		replace(s, from, to);
		snprintf(from, sizeof from, "%s:0x", segs[i]);
		char *at = strstr(s, from);
		if (at && at[-1] != '[') { /* an address without registers has no brackets there */
			replace(s, from, silent ? "[0x" : "[??:0x");
			if (!silent)
				memcpy(strstr(s, "??"), segs[i], 2);
			size_t n = strcspn(at, ",");
			memmove(at + n + 1, at + n, strlen(at + n) + 1);
			at[n] = ']';
		}
	}
	replace(s, "+0x0]", "]");
	replace(s, "-0x0]", "]");
	char *one = strstr(s, "*1"), *open = strchr(s, '[');
	if (one && open && memchr(open, '+', (size_t)(one - open)))
		replace(s, "*1", "");
}

static void canonical_sizes(const struct pair *p, char *s)
{
	static const char *const words[][2] = { { "TBYTE PTR ", "tword " }, { "BYTE PTR ", "byte " }, { "XMMWORD PTR ", "oword " },
						{ "OWORD PTR ", "oword " }, { "FWORD PTR ", "" },
						{ "QWORD PTR ", "qword " },
						{ "DWORD PTR ", "dword " }, { "WORD PTR ", "word " } };
	static const char *const ours[] = { "a32 ",   "near ", "oword ", "qword ",
					    "dword ", "word ", "byte ",  "far " };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		replace(s, words[i][0], words[i][1]);
	bool no_size = false;
	for (int i = 0; i < 4 && p->d.row; i++) {
		u8 o = p->d.row->o[i];
		no_size |= i == 0 && (o == Jz || o == Ap || o == Iz || o == Ibs);
		no_size |= o == Mp || o == Ma || o == Ms || o == M || o == Mdq || o == Ob || o == Ov;
	}
	for (size_t i = 0; no_size && i < ARRAY_LEN(ours); i++)
		replace(s, ours[i], "");
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) { /* the size of an address, NASM's way */
		char from[24], to[24];
		snprintf(from, sizeof from, "[%s", ours[i]);
		replace(s, from, "[");
		snprintf(from, sizeof from, ":%srel", ours[i]);
		replace(s, from, ":rel");
		snprintf(from, sizeof from, ":%s0x", ours[i]);
		snprintf(to, sizeof to, ":0x");
		replace(s, from, to);
	}
}

/* PUSHFQ, PUSHW, RETFW: drop the letter of the operand size, if it is the right one. */
static void canonical_mnemonic(const struct pair *p, char *s)
{
	static const char *const alias[][2] = { { "movabs", "mov" }, { "movnti", "mov" } };
	char *end = s + strcspn(s, " ");
	char suffix = p->d.opsize == 2 ? 'w' : p->d.opsize == 4 ? 'd' : 'q';
	if (!p->d.row)
		return;
	const char *name = p->d.row->mnemonic;
	size_t base = strcspn(name, "/|");
	bool sized = p->d.row->flags & SIZED || (name[base] && !strncmp(name, name + base + 1, base));
	if (sized && (size_t)(end - s) == base + 1 && !strncmp(s, name, base) && end[-1] == suffix)
		memmove(end - 1, end, strlen(end) + 1);
	for (size_t i = 0; i < ARRAY_LEN(alias); i++)
		if (!strncmp(s, alias[i][0], strlen(alias[i][0])))
			replace(s, alias[i][0], alias[i][1]);
}

static bool hides_operands(const struct pair *p)
{
	return p->d.row && (p->d.row->flags & REPS || !strcmp(p->d.row->family, "xlat"));
}

/* objdump spells out the operands of string instructions and XLAT; from them, our spelling. */
static void canonical_string(const struct pair *p, char *s)
{
	static const char *const segs[] = { "es", "cs", "ss", "ds", "fs", "gs" };
	const char *open = strchr(s, '['), *name = p->d.row->mnemonic;
	char out[96] = "", family[16];
	if (!open)
		return;
	int size = strstr(s, "byte") ? 1 : strstr(s, "qword") ? 8 : strstr(s, "dword") ? 4 : 2;
	int address = open[1] == 'r' ? 8 : open[1] == 'e' ? 4 : 2;
	if (address == 2 << p->mode)
		address = 0;
	if (p->d.row->flags & REPS)
		snprintf(out, sizeof out, "%s", p->rep ? p->rep : "");
	if (address)
		sprintf(out + strlen(out), "a%d ", 8 * address);
	for (int i = 0; i < 6; i++) {
		char segment[8];
		snprintf(segment, sizeof segment, "%s:[", segs[i]);
		for (const char *at = s; (at = strstr(at, segment)); at++)
			if (i != SEG_DS && at[4] != 'd' && at[5] != 'd') /* the source, not ES:[rDI] */
				sprintf(out + strlen(out), "%s ", segs[i]);
	}
	snprintf(family, sizeof family, "%.4s", name);
	family[strlen(p->d.row->family)] = 0;
	sprintf(out + strlen(out), "%s%c", family, size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'd' : 'q');
	snprintf(s, 192, "%s", out);
}

/* "st(3)" is st3, "st" st0; objdump adds to the names of those that do nothing now whose they were. */
static void canonical_x87(char *s)
{
	char *at = strstr(s, "(8087"), name[4];
	if (!strncmp(s, "fnsetpm(287", 11))
		at = s + 7;
	if (at)
		*at = 0;
	if (s[0] != 'f')
		return;
	for (int i = 0; i < 8; i++) {
		char from[8];
		snprintf(from, sizeof from, "st(%d)", i);
		snprintf(name, sizeof name, "st%d", i);
		replace(s, from, name);
	}
	replace(s, " st,", " st0,");
	size_t n = strlen(s);
	if (n > 3 && !strcmp(s + n - 3, ",st"))
		strcpy(s + n, "0");
}

/* 66 90 is NOP, not "xchg ax,ax"; a 16-bit branch stays within 64 KiB (SDM 2A JMP). */
static void canonical_rest(const struct pair *p, char *s)
{
	char reg[8], *target = strstr(s, " 0x");
	if (p->d.opcode == 0x90 && sscanf(s, "xchg %7[a-z],", reg) == 1 &&
	    !strcmp(s + 5 + strlen(reg) + 1, reg))
		strcpy(s, "nop");
	if (p->d.row && p->d.row->flags & BR && p->d.opsize == 2 && target)
		sprintf(target, " 0x%lx", strtoul(target, NULL, 16) & 0xffff);
}

/* "cmpltps xmm0,xmm1" is CMPPS with 1 for an immediate, "pclmulhqlqdq" PCLMULQDQ with 1. */
static void canonical_immediate(char *s)
{
	static const char *const compares[] = { "eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord" };
	static const char *const halves[] = { "lqlq", "hqlq", "lqhq", "hqhq" };
	char name[24], plain[16], width[8];
	int n = 0;
	if (sscanf(s, "%23[a-z] %n", name, &n) != 1)
		return;
	for (int i = 0; i < 8; i++) {
		sprintf(plain, "cmp%s", compares[i]);
		if (strncmp(name, plain, strlen(plain)) || sscanf(name + strlen(plain), "%7s", width) != 1 || width[2])
			continue;
		memmove(s + 6, s + n, strlen(s + n) + 1);
		sprintf(s + strlen(s), ",0x%x", i);
		memcpy(s + 3, width, 2);
		s[5] = ' ';
		return;
	}
	for (int i = 0; i < 4; i++) {
		sprintf(plain, "pclmul%sdq", halves[i]);
		if (!strcmp(name, plain)) {
			replace(s, plain, "pclmulqdq");
			sprintf(s + strlen(s), ",0x%x", (i & 1) | (i & 2) << 3);
		}
	}
}

static void canonical(struct pair *p, const char *in, char *out)
{
	char text[192];
	u64 target;
	const char *comment = strchr(in, '#');
	snprintf(text, sizeof text, "%.*s", (int)strcspn(in, "#\n"), in);
	for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = 0;
	while (strstr(text, "  "))
		replace(text, "  ", " ");
	replace(text, ", ", ",");
	char *rip = strstr(text, "ip+0x");
	rip = rip ? rip : strstr(text, "ip-0x");
	if (rip && comment && sscanf(comment, "# 0x%lx", &target) == 1) { /* name the target, as we do */
		char rest[64];
		snprintf(rest, sizeof rest, "%s", strchr(rip, ']'));
		snprintf(rip - 1, 96, "rel 0x%lx%s", p->d.addrsize == 4 ? (u32)target : target, rest);
	}
	canonical_sizes(p, text);
	if (hides_operands(p))
		canonical_string(p, text);
	else
		canonical_memory(p, text);
	canonical_mnemonic(p, text);
	canonical_immediate(text);
	canonical_x87(text);
	canonical_rest(p, text);
	snprintf(out, 192, "%s", text);
}

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
	canonical(p, hides_operands(p) ? text : skip_prefixes(p, text), p->ours);
	p->their_lock = false;
	theirs = skip_prefixes(p, theirs);
	canonical(p, theirs, p->theirs);
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
