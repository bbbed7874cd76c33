/* SPDX-License-Identifier: GPL-3.0-or-later
 * canonical.c - our text and objdump's in one form (canonical.h).
 * Rule: both go through the same steps, so that none can hide a difference in what is meant.
 */
#include "tests/insn/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"

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
const char *canonical_skip(struct pair *p, const char *s)
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

bool canonical_hides_operands(const struct pair *p)
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
		const char from[] = { 's', 't', '(', (char)('0' + i), ')', 0 };
		memcpy(name, (const char[]){ 's', 't', (char)('0' + i), 0 }, sizeof name);
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

void canonical_form(struct pair *p, const char *in, char *out)
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
	if (canonical_hides_operands(p))
		canonical_string(p, text);
	else
		canonical_memory(p, text);
	canonical_mnemonic(p, text);
	canonical_immediate(text);
	canonical_x87(text);
	canonical_rest(p, text);
	snprintf(out, 192, "%s", text);
}
