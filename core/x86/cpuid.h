/* SPDX-License-Identifier: GPL-3.0-or-later
 * cpuid.h - the processor models we present: features and CPUID leaves (SDM 2A CPUID).
 * Rule: an instruction is valid exactly if its feature is in the model; what CPUID says is made from the same set.
 */
#ifndef VITRINE_CORE_X86_CPUID_H
#define VITRINE_CORE_X86_CPUID_H

#include "core/base/types.h"

/* One bit per feature an instruction row may need.  FEATURE(NAME, leaf, register, bit): where CPUID shows it. */
enum cpu_feature {
#define FEATURE(name, leaf, reg, bit, brief) FEAT_##name,
#include "core/x86/features.def"
#undef FEATURE
	FEAT_COUNT
};
_Static_assert(FEAT_COUNT <= 64, "features are a 64-bit set");
#define FEAT_BIT(name) (1ull << FEAT_##name)

struct cpu_model {
	const char *name, *brief;
	const char *vendor;   /* 12 characters */
	const char *brand;    /* up to 47 characters, "" = none */
	u32 family, model, stepping;
	u64 features;
	u8 phys_bits, linear_bits;
};

struct cpuid_result { u32 eax, ebx, ecx, edx; };

extern const struct cpu_model cpu_models[];
extern const int cpu_model_count;
const struct cpu_model *cpu_model_find(const char *name); /* NULL = unknown; the first one is the default */
u32 cpu_signature(const struct cpu_model *m);             /* CPUID.1:EAX, and EDX after reset */
static inline bool cpu_has(const struct cpu_model *m, enum cpu_feature f) { return m->features >> f & 1; }
/* What CPUID answers. cr4 for OSXSAVE; apic_id = vCPU index; ncpus. */
struct cpuid_result cpuid(const struct cpu_model *m, u32 leaf, u32 subleaf, u64 cr4, u32 apic_id, u32 ncpus);
const char *cpu_feature_name(enum cpu_feature f);
const char *cpu_feature_brief(enum cpu_feature f);
/* Where CPUID shows it: leaf, and the bit of register 'a' to 'd'.  False: nowhere. */
bool cpu_feature_place(enum cpu_feature f, u32 *leaf, char *reg, u8 *bit);

#endif
