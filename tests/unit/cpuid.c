/* SPDX-License-Identifier: GPL-3.0-or-later
 * cpuid.c - facts about the processor models and what CPUID says of them.
 * Rule: where a feature's bit lies is told by the compiler's own <cpuid.h>, not by our table.
 */
#include <string.h>

#include "core/x86/cpuid.h"
#include "core/x86/x86.h"
#include "tests/unit/unit.h"

#if defined(__x86_64__) /* only there has the compiler this header, and with it an opinion */
#include <cpuid.h>
#endif

static struct cpuid_result ask(const char *model, u32 leaf)
{
	return cpuid(cpu_model_find(model), leaf, 0, 0, 0, 1);
}

static bool is_zero(struct cpuid_result r)
{
	return !(r.eax | r.ebx | r.ecx | r.edx);
}

#if defined(__x86_64__)
/* What the compiler calls the bits, register by register. */
struct bit {
	u32 mask;
	enum cpu_feature feature;
};

static void compare(const struct cpu_model *m, u32 reg, const struct bit *bits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(!(reg & bits[i].mask) == !cpu_has(m, bits[i].feature), "%s: %s", m->name,
			      cpu_feature_name(bits[i].feature));
}

START_TEST(leaf_1_is_where_the_compiler_looks)
{
	static const struct bit ecx[] = {
		{ bit_SSE3, FEAT_SSE3 },       { bit_PCLMUL, FEAT_PCLMUL }, { bit_SSSE3, FEAT_SSSE3 },
		{ bit_CMPXCHG16B, FEAT_CX16 }, { bit_SSE4_1, FEAT_SSE41 },  { bit_SSE4_2, FEAT_SSE42 },
		{ bit_MOVBE, FEAT_MOVBE },     { bit_POPCNT, FEAT_POPCNT }, { bit_AES, FEAT_AES },
		{ bit_XSAVE, FEAT_XSAVE },     { bit_RDRND, FEAT_RDRAND },
	};
	static const struct bit edx[] = {
		{ bit_CMPXCHG8B, FEAT_CX8 }, { bit_CMOV, FEAT_CMOV }, { bit_MMX, FEAT_MMX },
		{ bit_FXSAVE, FEAT_FXSR },   { bit_SSE, FEAT_SSE },   { bit_SSE2, FEAT_SSE2 },
	};

	for (int i = 0; i < cpu_model_count; i++) {
		struct cpuid_result r = cpuid(&cpu_models[i], 1, 0, 0, 0, 1);

		compare(&cpu_models[i], r.ecx, ecx, ARRAY_LEN(ecx));
		compare(&cpu_models[i], r.edx, edx, ARRAY_LEN(edx));
	}
}
END_TEST

START_TEST(leaf_7_and_80000001_are_where_the_compiler_looks)
{
	static const struct bit ebx7[] = {
		{ bit_FSGSBASE, FEAT_FSGSBASE }, { bit_BMI, FEAT_BMI1 }, { bit_BMI2, FEAT_BMI2 },
		{ bit_RDSEED, FEAT_RDSEED },     { bit_ADX, FEAT_ADX },  { bit_SHA, FEAT_SHA },
	};
	static const struct bit ecx7[] = { { bit_RDPID, FEAT_RDPID } };
	static const struct bit ecx[] = { { bit_LAHF_LM, FEAT_LAHF64 }, { bit_LZCNT, FEAT_LZCNT } };
	static const struct bit edx[] = { { bit_LM, FEAT_LM } };

	for (int i = 0; i < cpu_model_count; i++) {
		struct cpuid_result r7 = cpuid(&cpu_models[i], 7, 0, 0, 0, 1);
		struct cpuid_result rx = cpuid(&cpu_models[i], 0x80000001, 0, 0, 0, 1);

		compare(&cpu_models[i], r7.ebx, ebx7, ARRAY_LEN(ebx7));
		compare(&cpu_models[i], r7.ecx, ecx7, ARRAY_LEN(ecx7));
		compare(&cpu_models[i], rx.ecx, ecx, ARRAY_LEN(ecx));
		compare(&cpu_models[i], rx.edx, edx, ARRAY_LEN(edx));
	}
}
END_TEST
#endif

START_TEST(system_features_by_the_manual)
{
	struct cpuid_result one = ask("x86-64", 1), seven = ask("x86-64", 7), ext = ask("x86-64", 0x80000001);

	ck_assert(one.edx >> 3 & 1);                                                 /* PSE */
	ck_assert(one.edx >> 4 & 1);                                                 /* TSC */
	ck_assert(one.edx >> 6 & 1);                                                 /* PAE */
	ck_assert(one.edx >> 11 & 1);                                                /* SEP */
	ck_assert(one.edx >> 13 & 1);                                                /* PGE */
	ck_assert(one.ecx >> 17 & 1);                                                /* PCID */
	ck_assert(seven.ebx >> 7 & 1 && seven.ebx >> 20 & 1 && seven.ebx >> 10 & 1); /* SMEP, SMAP, INVPCID */
	ck_assert(seven.ecx >> 2 & 1);                                               /* UMIP */
	ck_assert(ext.edx >> 11 & 1 && ext.edx >> 20 & 1 && ext.edx >> 26 & 1 && ext.edx >> 27 & 1);
}
END_TEST

START_TEST(nothing_is_advertised_that_is_not_built)
{
	static const enum cpu_feature absent[] = { FEAT_VMX, FEAT_MONITOR };

	for (int m = 0; m < cpu_model_count; m++)
		for (size_t i = 0; i < ARRAY_LEN(absent); i++)
			ck_assert(!cpu_has(&cpu_models[m], absent[i]));
}
END_TEST

START_TEST(models_are_found_and_sound)
{
	ck_assert_str_eq(cpu_models[0].name, "x86-64");
	ck_assert_ptr_null(cpu_model_find("z80"));
	ck_assert_ptr_null(cpu_model_find(""));
	for (int i = 0; i < cpu_model_count; i++) {
		const struct cpu_model *m = &cpu_models[i];

		ck_assert_ptr_eq(cpu_model_find(m->name), m);
		ck_assert_uint_eq(strlen(m->vendor), 12);
		ck_assert_uint_lt(strlen(m->brand), 48);
		ck_assert_uint_gt(strlen(m->brief), 10);
		ck_assert(m->linear_bits == 48 || !cpu_has(m, FEAT_LM));
		ck_assert(m->phys_bits == 40 || m->phys_bits == 36 || m->phys_bits == 32);
		ck_assert(cpu_has(m, FEAT_PAE) || m->phys_bits == 32);
	}
	ck_assert(!cpu_has(cpu_model_find("386"), FEAT_I486) && !cpu_has(cpu_model_find("386"), FEAT_CPUID));
	ck_assert(cpu_has(cpu_model_find("486"), FEAT_CPUID) && !cpu_has(cpu_model_find("486"), FEAT_TSC));
	ck_assert(!cpu_has(cpu_model_find("pentium"), FEAT_CMOV) &&
		  cpu_has(cpu_model_find("i686"), FEAT_CMOV));
	ck_assert(!cpu_has(cpu_model_find("i686"), FEAT_LM));
}
END_TEST

START_TEST(signatures_are_packed_as_the_manual_says)
{
	struct cpu_model m = { .family = 6, .model = 0x3d, .stepping = 4 };

	ck_assert_uint_eq(cpu_signature(&m), 0x306d4);
	m = (struct cpu_model){ .family = 0x17, .model = 0x31, .stepping = 0 };
	ck_assert_uint_eq(cpu_signature(&m), 0x830f10); /* a processor that exists: EPYC 7002 */
	m = (struct cpu_model){ .family = 15, .model = 6, .stepping = 1 };
	ck_assert_uint_eq(cpu_signature(&m), 0xf61);
	ck_assert_uint_eq(cpu_signature(cpu_model_find("386")), 0x308);
	ck_assert_uint_eq(ask("x86-64", 1).eax, cpu_signature(cpu_model_find("x86-64")));
}
END_TEST

START_TEST(leaf_0_names_the_vendor)
{
	struct cpuid_result r = ask("x86-64", 0);
	char text[13] = "";

	memcpy(text, &r.ebx, 4); /* EBX, EDX, ECX, in this order (SDM 2A, CPUID) */
	memcpy(text + 4, &r.edx, 4);
	memcpy(text + 8, &r.ecx, 4);
	ck_assert_str_eq(text, "GenuineIntel");
	ck_assert_uint_eq(r.eax, 0x16);
	ck_assert_uint_eq(ask("i686", 0).eax, 2);
	ck_assert_uint_eq(ask("pentium", 0).eax, 1);
}
END_TEST

START_TEST(a_hypervisor_is_present)
{
	struct cpuid_result r = ask("x86-64", 0x40000000);
	char text[13] = "";

	ck_assert(ask("x86-64", 1).ecx >> 31 & 1);
	memcpy(text, &r.ebx, 4);
	memcpy(text + 4, &r.ecx, 4);
	memcpy(text + 8, &r.edx, 4);
	ck_assert_str_eq(text, "VitrineHV");
	ck_assert_uint_eq(r.eax, 0x40000000);
	ck_assert(is_zero(ask("x86-64", 0x40000001)));
}
END_TEST

START_TEST(the_brand_is_a_string_of_48)
{
	const struct cpu_model *m = cpu_model_find("x86-64");
	char text[48];

	for (u32 part = 0; part < 3; part++) {
		struct cpuid_result r = cpuid(m, 0x80000002 + part, 0, 0, 0, 1);

		memcpy(text + 16 * part, &r, 16);
	}
	ck_assert_uint_eq(text[47], 0);
	ck_assert_str_eq(text, m->brand);
}
END_TEST

START_TEST(addresses_time_and_cache)
{
	struct cpuid_result c = ask("x86-64", 4), t = ask("x86-64", 0x15);

	ck_assert_uint_eq(ask("x86-64", 0x80000008).eax & 0xffff, 48 << 8 | 40);
	ck_assert_uint_eq((u64)t.ecx * t.ebx / t.eax, 1000000000); /* the TSC ticks once per virtual ns */
	ck_assert_uint_eq(ask("x86-64", 0x16).eax, 1000);
	ck_assert(ask("x86-64", 0x80000007).edx >> 8 & 1);
	/* SDM 2A, leaf 4: size = ways * partitions * line * sets */
	ck_assert_uint_eq(((c.ebx >> 22) + 1) * ((c.ebx >> 12 & 0x3ff) + 1) * ((c.ebx & 0xfff) + 1) *
				  (c.ecx + 1),
			  32 * 1024);
	ck_assert_uint_eq(c.eax & 0xff, 0x21);
	ck_assert(is_zero(cpuid(cpu_model_find("x86-64"), 4, 1, 0, 0, 1)));
	ck_assert_uint_eq(ask("x86-64", 2).eax & 0xff, 1);
}
END_TEST

START_TEST(several_processors_have_ids)
{
	const struct cpu_model *m = cpu_model_find("x86-64");
	struct cpuid_result r = cpuid(m, 1, 0, 0, 2, 3);

	ck_assert_uint_eq(r.ebx >> 24, 2);
	ck_assert_uint_eq(r.ebx >> 16 & 0xff, 4);
	ck_assert_uint_eq(r.ebx >> 8 & 0xff, 8); /* CLFLUSH line: 64 bytes */
	ck_assert(r.edx >> 28 & 1);
	ck_assert(!(ask("x86-64", 1).edx >> 28 & 1));
	ck_assert_uint_eq(cpuid(m, 4, 0, 0, 0, 3).eax >> 26, 3);
}
END_TEST

START_TEST(osxsave_follows_cr4_only_with_xsave)
{
	struct cpu_model m = cpu_models[0];

	m.features &= ~FEAT_BIT(XSAVE);
	ck_assert(!(cpuid(&m, 1, 0, CR4_OSXSAVE, 0, 1).ecx >> 27 & 1));
	m.features |= FEAT_BIT(XSAVE);
	ck_assert(cpuid(&m, 1, 0, CR4_OSXSAVE, 0, 1).ecx >> 27 & 1);
	ck_assert(!(cpuid(&m, 1, 0, 0, 0, 1).ecx >> 27 & 1));
}
END_TEST

/* SDM 1 13.2: x87 and SSE, 512 bytes and the header of 64. */
START_TEST(extended_state)
{
	const struct cpu_model *m = cpu_model_find("x86-64");
	struct cpuid_result r = cpuid(m, 13, 0, CR4_OSXSAVE, 0, 1);

	ck_assert_uint_eq(r.eax, 3);
	ck_assert_uint_eq(r.ebx, 576);
	ck_assert_uint_eq(r.ecx, 576);
	ck_assert_uint_eq(r.edx, 0);
	ck_assert_uint_eq(cpuid(m, 13, 1, 0, 0, 1).eax, 3); /* XSAVEOPT, XSAVEC; not XGETBV 1, XSAVES */
	ck_assert(is_zero(cpuid(m, 13, 2, 0, 0, 1)));
	ck_assert(is_zero(ask("i686", 13)));
}
END_TEST

START_TEST(leaves_out_of_range_are_zero)
{
	static const u32 leaves[] = { 0x17, 0x3fffffff, 0x7fffffff, 0x80000009, 0x8fffffff, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(leaves); i++)
		for (int m = 0; m < cpu_model_count; m++)
			ck_assert(is_zero(cpuid(&cpu_models[m], leaves[i], 0, 0, 0, 1)));
	ck_assert(is_zero(ask("pentium", 2)));
	ck_assert(is_zero(ask("pentium", 0x80000000)));
	ck_assert(is_zero(ask("i686", 0x80000001)));
	ck_assert(is_zero(ask("i686", 7)));
	ck_assert(is_zero(cpuid(&cpu_models[0], 7, 1, 0, 0, 1)));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
#if defined(__x86_64__)
		leaf_1_is_where_the_compiler_looks,
		leaf_7_and_80000001_are_where_the_compiler_looks,
#endif
		system_features_by_the_manual,
		nothing_is_advertised_that_is_not_built,
		models_are_found_and_sound,
		signatures_are_packed_as_the_manual_says,
		leaf_0_names_the_vendor,
		a_hypervisor_is_present,
		the_brand_is_a_string_of_48,
		addresses_time_and_cache,
		several_processors_have_ids,
		osxsave_follows_cr4_only_with_xsave, extended_state,
		leaves_out_of_range_are_zero,
	};

	return unit_run("cpuid", tests, ARRAY_LEN(tests));
}
