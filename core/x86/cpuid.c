/* SPDX-License-Identifier: GPL-3.0-or-later
 * cpuid.c - the processor models and their CPUID leaves (SDM 2A CPUID, tables 3-8 to 3-12).
 * Rule: a model lists what is built, and CPUID is computed from that list; nothing is advertised by hand.
 */
#include "core/x86/cpuid.h"

#include <string.h>

#include "core/x86/x86.h"

static const struct feature_info {
	const char *name, *brief;
	u32 leaf;
	char reg;
	u8 bit;
} features[FEAT_COUNT] = {
#define FEATURE(name, leaf, reg, bit, brief) [FEAT_##name] = { #name, brief, leaf, reg, bit },
#include "core/x86/features.def"
#undef FEATURE
};

/* clang-format off */
/* The features that leaf 7 shows. */
#define FEATURE(name, leaf, reg, bit, brief) | ((leaf) == 7 ? FEAT_BIT(name) : 0)
static const u64 IN_LEAF_7 = 0
#include "core/x86/features.def"
	;
#undef FEATURE

/* Sets of features, each generation on top of the one before. */
#define SET_386 (FEAT_BIT(I86) | FEAT_BIT(I186) | FEAT_BIT(I286) | FEAT_BIT(I386))
#define SET_486 (SET_386 | FEAT_BIT(I486) | FEAT_BIT(CPUID) | FEAT_BIT(FPU))
#define SET_PENTIUM \
	(SET_486 | FEAT_BIT(VME) | FEAT_BIT(DE) | FEAT_BIT(PSE) | FEAT_BIT(TSC) | FEAT_BIT(MSR) | \
	 FEAT_BIT(CX8) | FEAT_BIT(APIC))
#define SET_I686 \
	(SET_PENTIUM | FEAT_BIT(NOPL) | FEAT_BIT(PAE) | FEAT_BIT(SEP) | FEAT_BIT(MTRR) | FEAT_BIT(PGE) | \
	 FEAT_BIT(CMOV) | FEAT_BIT(PAT) | FEAT_BIT(PSE36) | FEAT_BIT(MMX) | FEAT_BIT(FXSR) | FEAT_BIT(SSE))
/* Leaf 7 and the newer bits of leaf 1 that need no vector registers. */
#define SET_MODERN \
	(FEAT_BIT(CLFSH) | FEAT_BIT(CX16) | FEAT_BIT(PCID) | FEAT_BIT(MOVBE) | FEAT_BIT(POPCNT) | \
	 FEAT_BIT(RDRAND) | FEAT_BIT(FSGSBASE) | FEAT_BIT(BMI1) | FEAT_BIT(SMEP) | FEAT_BIT(BMI2) | \
	 FEAT_BIT(ERMS) | FEAT_BIT(INVPCID) | FEAT_BIT(RDSEED) | FEAT_BIT(ADX) | FEAT_BIT(SMAP) | \
	 FEAT_BIT(UMIP) | FEAT_BIT(RDPID) | FEAT_BIT(X2APIC) | FEAT_BIT(TSCDL))
#define SET_LONG \
	(FEAT_BIT(LAHF64) | FEAT_BIT(LZCNT) | FEAT_BIT(SYSCALL) | FEAT_BIT(NX) | FEAT_BIT(PAGE1G) | \
	 FEAT_BIT(RDTSCP) | FEAT_BIT(LM))
/* Saving the state of x87 and SSE. */
#define SET_XSAVE (FEAT_BIT(FXSR) | FEAT_BIT(XSAVE) | FEAT_BIT(XSAVEOPT) | FEAT_BIT(XSAVEC))
/* Integer and floating-point vectors; ciphers and digests. */
#define SET_VECTOR \
	(FEAT_BIT(MMX) | FEAT_BIT(SSE) | FEAT_BIT(SSE2) | FEAT_BIT(SSE3) | FEAT_BIT(SSSE3) | FEAT_BIT(SSE41) | \
	 FEAT_BIT(SSE42) | FEAT_BIT(AES) | FEAT_BIT(PCLMUL) | FEAT_BIT(SHA))
#define SET_X86_64 (SET_I686 | SET_MODERN | SET_LONG | SET_XSAVE | SET_VECTOR)

/* name, brief; vendor, brand; family, model, stepping; features; physical and linear address bits */
const struct cpu_model cpu_models[] = {
	{ "x86-64", "64-bit, with SSE to SSE4.2 and the modern integer and system extensions",
	  "GenuineIntel", "Vitrine x86-64 processor @ 1.00GHz", 6, 0x3d, 4, SET_X86_64, 40, 48 },
	{ "i686", "like a Pentium III: MMX, SSE, PAE, CMOV, SYSENTER, MTRRs",
	  "GenuineIntel", "", 6, 8, 3, SET_I686, 36, 32 },
	{ "pentium", "like a Pentium: 4 MiB pages, TSC, MSRs, CMPXCHG8B",
	  "GenuineIntel", "", 5, 2, 12, SET_PENTIUM, 32, 32 },
	{ "486", "like a late 80486DX: x87 and CPUID",
	  "GenuineIntel", "", 4, 2, 10, SET_486, 32, 32 },
	{ "386", "like an 80386 without an 80387: no CPUID, no CMPXCHG, no WP bit",
	  "GenuineIntel", "", 3, 0, 8, SET_386, 32, 32 },
};
/* clang-format on */

const int cpu_model_count = ARRAY_LEN(cpu_models);

const struct cpu_model *cpu_model_find(const char *name)
{
	for (int i = 0; i < cpu_model_count; i++)
		if (!strcmp(cpu_models[i].name, name))
			return &cpu_models[i];
	return NULL;
}

const char *cpu_feature_name(enum cpu_feature f)
{
	return (u32)f < FEAT_COUNT ? features[f].name : NULL;
}
const char *cpu_feature_brief(enum cpu_feature f)
{
	return (u32)f < FEAT_COUNT ? features[f].brief : NULL;
}

bool cpu_feature_place(enum cpu_feature f, u32 *leaf, char *reg, u8 *bit)
{
	*leaf = features[f].leaf;
	*reg = features[f].reg;
	*bit = features[f].bit;
	return features[f].reg != 0;
}

/* SDM 2A figure 3-6: families above 15 and models above 15 go into the extended fields. */
u32 cpu_signature(const struct cpu_model *m)
{
	u32 family = m->family < 15 ? m->family : 15;

	return (m->family - family) << 20 | m->model >> 4 << 16 | family << 8 | (m->model & 15) << 4 |
	       m->stepping;
}

/* The register of `leaf` that holds the model's feature bits. */
static u32 feature_bits(const struct cpu_model *m, u32 leaf, char reg)
{
	u32 bits = 0;

	for (int f = 0; f < FEAT_COUNT; f++)
		if (features[f].leaf == leaf && features[f].reg == reg && cpu_has(m, (enum cpu_feature)f))
			bits |= 1u << features[f].bit;
	return bits;
}

/* Four characters of a text as a register holds them. */
static u32 chars(const char *text)
{
	u32 value = 0;

	for (int i = 0; i < 4; i++)
		value |= (u32)(u8)text[i] << 8 * i;
	return value;
}

/* Highest basic leaf: 1 up to the Pentium, 2 from the P6 on, 16h for models with leaf 7. */
static u32 max_basic(const struct cpu_model *m)
{
	if (m->features & IN_LEAF_7)
		return 0x16;
	return m->family >= 6 ? 2 : 1;
}

static u32 max_extended(const struct cpu_model *m)
{
	if (cpu_has(m, FEAT_LM))
		return 0x80000008;
	return m->brand[0] ? 0x80000004 : 0; /* 0: there are none */
}

/* APIC ids are given out in powers of two (SDM 3A 8.9): this many for ncpus. */
static u32 id_count(u32 ncpus)
{
	u32 n = 1;

	while (n < ncpus)
		n *= 2;
	return n;
}

static struct cpuid_result version(const struct cpu_model *m, u64 cr4, u32 apic_id, u32 ncpus)
{
	struct cpuid_result r = { .eax = cpu_signature(m) };

	r.ebx = apic_id << 24;
	r.ecx = feature_bits(m, 1, 'c') | 1u << 31; /* a hypervisor is present: leaf 40000000h tells which */
	r.edx = feature_bits(m, 1, 'd');
	if (cpu_has(m, FEAT_PAT))
		r.edx |= 1u << 7 | 1u << 14; /* MCE, MCA: machine checks there are none of, from no bank (SDM 3B 15) */
	if (cpu_has(m, FEAT_CLFSH))
		r.ebx |= 64 / 8 << 8;
	if (cpu_has(m, FEAT_XSAVE) && cr4 & CR4_OSXSAVE)
		r.ecx |= 1u << 27;
	if (ncpus > 1) {
		r.ebx |= id_count(ncpus) << 16;
		r.edx |= 1u << 28; /* HTT: EBX[23:16] is valid */
	}
	return r;
}

/* Leaf 2: on newer models "see leaf 4" (descriptor FFh), else a Pentium III's caches: 16 KiB for code
 * (08h) and for data (0Ch), 256 KiB second level (82h). */
static struct cpuid_result cache_descriptors(const struct cpu_model *m)
{
	if (max_basic(m) >= 4)
		return (struct cpuid_result){ .eax = 0x0000ff01 };
	return (struct cpuid_result){ .eax = 0x00000001, .edx = 0x000c0882 };
}

/* Leaf 4: one cache, 32 KiB for data, 8 ways, 64 sets of 64-byte lines. */
static struct cpuid_result cache_parameters(u32 subleaf, u32 ncpus)
{
	struct cpuid_result r = { 0 };

	if (subleaf != 0)
		return r;
	r.eax = 1 | 1 << 5 | 1 << 8 | (id_count(ncpus) - 1) << 26;
	r.ebx = (8 - 1) << 22 | (64 - 1);
	r.ecx = 64 - 1;
	return r;
}

static struct cpuid_result feature_leaf(const struct cpu_model *m, u32 leaf)
{
	return (struct cpuid_result){ .ebx = feature_bits(m, leaf, 'b'),
				      .ecx = feature_bits(m, leaf, 'c'),
				      .edx = feature_bits(m, leaf, 'd') };
}

/* Leaf Dh: the components XCR0 may have, x87 and SSE, and the size of their area; which XSAVEs there are (subleaf 1,
 * whose bits features.def gives as those of leaf 13). */
static struct cpuid_result extended_state(const struct cpu_model *m, u32 subleaf)
{
	static const u32 area = 512 + 64; /* that of FXSAVE, and a header (SDM 1 13.4) */

	if (!cpu_has(m, FEAT_XSAVE) || subleaf > 1)
		return (struct cpuid_result){ 0 };
	if (subleaf == 1)
		return (struct cpuid_result){ .eax = feature_bits(m, 13, 'a'), .ebx = area };
	return (struct cpuid_result){ .eax = cpu_has(m, FEAT_SSE) ? 3 : 1, .ebx = area, .ecx = area };
}

/* Leaf Bh: one thread per core, all cores in one package (SDM 3A 8.9.2). */
static struct cpuid_result topology(u32 subleaf, u32 apic_id, u32 ncpus)
{
	enum { SMT = 1 << 8, CORE = 2 << 8 };
	u32 bits = (u32)__builtin_ctz(id_count(ncpus));

	if (subleaf == 0)
		return (struct cpuid_result){ 0, 1, 0 | SMT, apic_id };
	if (subleaf == 1)
		return (struct cpuid_result){ bits, ncpus, 1 | CORE, apic_id };
	return (struct cpuid_result){ 0, 0, subleaf & 0xff, apic_id };
}

static struct cpuid_result basic_leaf(const struct cpu_model *m, u32 leaf, u32 subleaf, u64 cr4, u32 apic_id,
				      u32 ncpus)
{
	switch (leaf) {
	case 0:
		return (struct cpuid_result){ max_basic(m), chars(m->vendor), chars(m->vendor + 8),
					      chars(m->vendor + 4) };
	case 1: return version(m, cr4, apic_id, ncpus);
	case 2: return cache_descriptors(m);
	case 4: return cache_parameters(subleaf, ncpus);
	case 7: return subleaf == 0 ? feature_leaf(m, 7) : (struct cpuid_result){ 0 };
	case 6: /* the local APIC's timer never stops */
		return (struct cpuid_result){ .eax = cpu_has(m, FEAT_APIC) ? 1u << 2 : 0 };
	case 0xb: return topology(subleaf, apic_id, ncpus);
	case 13: return extended_state(m, subleaf);
	case 0x15: /* TSC = crystal of 25 MHz * 40 / 1: one tick per ns of virtual time */
		return (struct cpuid_result){ 1, 40, 25000000, 0 };
	case 0x16: /* base, maximum and bus frequency in MHz */
		return (struct cpuid_result){ 1000, 1000, 25, 0 };
	default: return (struct cpuid_result){ 0 };
	}
}

/* Leaves 80000002h to 80000004h: 48 characters, filled up with NULs */
static struct cpuid_result brand(const struct cpu_model *m, u32 part)
{
	char text[48] = "";
	const char *at = text + part * 16;

	memcpy(text, m->brand, strnlen(m->brand, sizeof(text) - 1));
	return (struct cpuid_result){ chars(at), chars(at + 4), chars(at + 8), chars(at + 12) };
}

static struct cpuid_result extended_leaf(const struct cpu_model *m, u32 leaf)
{
	switch (leaf) {
	case 0x80000000: return (struct cpuid_result){ .eax = max_extended(m) };
	case 0x80000001: /* SYSCALL is shown in every mode, though Intel shows it in 64-bit mode only */
		return feature_leaf(m, leaf);
	case 0x80000002:
	case 0x80000003:
	case 0x80000004: return brand(m, leaf - 0x80000002);
	case 0x80000007: /* the TSC never stops or changes its rate */
		return (struct cpuid_result){ .edx = 1u << 8 };
	case 0x80000008: return (struct cpuid_result){ .eax = (u32)m->phys_bits | (u32)m->linear_bits << 8 };
	default: return (struct cpuid_result){ 0 };
	}
}

/* A leaf out of range answers zeros.  (Intel's own processors repeat the highest basic leaf there: data
 * that means something else, which no guest can use.) */
struct cpuid_result cpuid(const struct cpu_model *m, u32 leaf, u32 subleaf, u64 cr4, u32 apic_id, u32 ncpus)
{
	static const char signature[12] = "VitrineHV\0\0";

	if (leaf == 0x40000000)
		return (struct cpuid_result){ leaf, chars(signature), chars(signature + 4),
					      chars(signature + 8) };
	if (leaf <= max_basic(m))
		return basic_leaf(m, leaf, subleaf, cr4, apic_id, ncpus);
	if (leaf >= 0x80000000 && leaf <= max_extended(m))
		return extended_leaf(m, leaf);
	return (struct cpuid_result){ 0 };
}
