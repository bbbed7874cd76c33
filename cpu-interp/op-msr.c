/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-msr.c - RDMSR and WRMSR (SDM 4): the registers the processor keeps itself are one table; all others
 * are the hypervisor's to answer.
 * Rule: a register exists exactly if the model has its feature; its row says which values it takes.
 */
#include "cpu-interp/ops.h"
#include "cpu-interp/seg.h"

struct msr {
	u32 index, count;   /* `count` registers in a row, kept in as many elements */
	u8 feature;
	u32 offset;         /* in struct x86_state */
	bool (*valid)(const struct cpu *c, u32 index, u64 value); /* NULL = any */
};

/* --- which values are valid -------------------------------------------------------------------------- */

static bool is_canonical(const struct cpu *c, u32 index, u64 value) { return canonical(value); }
static bool is_32bit(const struct cpu *c, u32 index, u64 value) { return !(value >> 32); }

/* Memory types: UC, WC, WT, WP, WB (SDM 3A table 11-8); PAT also has UC- (table 11-10). */
static bool is_memory_type(u64 type) { return type < 7 && (0x73 >> type & 1); }

static bool is_pat(const struct cpu *c, u32 index, u64 value)
{
	for (int i = 0; i < 64; i += 8) {
		u64 type = value >> i & 0xff;
		if (type != 7 && !is_memory_type(type))
			return false;
	}
	return true;
}

static bool is_fixed_mtrr(const struct cpu *c, u32 index, u64 value)
{
	for (int i = 0; i < 64; i += 8)
		if (!is_memory_type(value >> i & 0xff))
			return false;
	return true;
}

/* SDM 3A figure 11-7: base with type, then mask with valid bit */
static bool is_variable_mtrr(const struct cpu *c, u32 index, u64 value)
{
	if (value >> c->vm->cpu->phys_bits)
		return false;
	return index & 1 ? !(value & 0x7ff) : !(value & 0xf00) && is_memory_type(value & 0xff);
}

static bool is_mtrr_default(const struct cpu *c, u32 index, u64 value)
{
	return !(value & ~0xcffull) && is_memory_type(value & 0xff);
}

/* LBR and BTF may be set; branches are not recorded, and BTF does not change single-stepping. */
static bool is_debugctl(const struct cpu *c, u32 index, u64 value) { return !(value & ~3ull); }

/* --- the table --------------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct x86_state, field)
static const struct msr msrs[] = {
	{ MSR_SYSENTER_CS, 1, FEAT_SEP, AT(sysenter_cs), is_32bit },
	{ MSR_SYSENTER_ESP, 1, FEAT_SEP, AT(sysenter_esp), is_canonical },
	{ MSR_SYSENTER_EIP, 1, FEAT_SEP, AT(sysenter_eip), is_canonical },
	{ MSR_MISC_ENABLE, 1, FEAT_CMOV, AT(misc_enable), NULL },
	{ MSR_DEBUGCTL, 1, FEAT_CMOV, AT(debugctl), is_debugctl },
	{ MSR_MTRR_PHYS_BASE0, 16, FEAT_MTRR, AT(mtrr_phys), is_variable_mtrr },
	{ MSR_MTRR_FIX64K, 1, FEAT_MTRR, AT(mtrr_fix), is_fixed_mtrr },
	{ MSR_MTRR_FIX16K_0, 2, FEAT_MTRR, AT(mtrr_fix[1]), is_fixed_mtrr },
	{ MSR_MTRR_FIX4K_0, 8, FEAT_MTRR, AT(mtrr_fix[3]), is_fixed_mtrr },
	{ MSR_PAT, 1, FEAT_PAT, AT(pat), is_pat },
	{ MSR_MTRR_DEF_TYPE, 1, FEAT_MTRR, AT(mtrr_def_type), is_mtrr_default },
	{ MSR_STAR, 1, FEAT_SYSCALL, AT(star), NULL },
	{ MSR_LSTAR, 1, FEAT_LM, AT(lstar), is_canonical },
	{ MSR_CSTAR, 1, FEAT_LM, AT(cstar), is_canonical },
	{ MSR_SFMASK, 1, FEAT_LM, AT(sfmask), is_32bit },
	{ MSR_FS_BASE, 1, FEAT_LM, AT(seg_base[SEG_FS]), is_canonical },
	{ MSR_GS_BASE, 1, FEAT_LM, AT(seg_base[SEG_GS]), is_canonical },
	{ MSR_KERNEL_GS_BASE, 1, FEAT_LM, AT(kernel_gs_base), is_canonical },
	{ MSR_TSC_AUX, 1, FEAT_RDTSCP, AT(tsc_aux), is_32bit },
};

static const struct msr *msr_find(const struct cpu *c, u32 index)
{
	for (size_t i = 0; i < ARRAY_LEN(msrs); i++)
		if (index - msrs[i].index < msrs[i].count && has(c, msrs[i].feature))
			return &msrs[i];
	return NULL;
}

static u64 *msr_at(struct cpu *c, const struct msr *m, u32 index)
{
	return (u64 *)((u8 *)&c->s + m->offset) + (index - m->index);
}

/* --- two that are more than a value ------------------------------------------------------------------ */

static u64 efer_present(const struct cpu *c)
{
	return (has(c, FEAT_SYSCALL) ? EFER_SCE : 0) | (has(c, FEAT_LM) ? EFER_LME | EFER_LMA : 0) |
	       (has(c, FEAT_NX) ? EFER_NXE : 0);
}

/* SDM 3A 2.2.1: LMA is read-only, LME is fixed while paging is on. */
static bool write_efer(struct cpu *c, u64 v)
{
	u64 old = *c->s.efer;
	if (v & ~efer_present(c))
		return fault_gp(c, 0);
	if (((v ^ old) & EFER_LME) && (*c->s.cr0 & CR0_PG))
		return fault_gp(c, 0);
	*c->s.efer = (v & ~(u64)EFER_LMA) | (old & EFER_LMA);
	mmu_flush(c, CAUSE_MODE);
	cpu_update_mode(c);
	return true;
}

static bool is_tsc(const struct cpu *c, u32 index) { return index == MSR_TSC && has(c, FEAT_TSC); }
static bool is_efer(const struct cpu *c, u32 index) { return index == MSR_EFER && efer_present(c); }

/* --- RDMSR, WRMSR ------------------------------------------------------------------------------------ */

static bool ask(struct cpu *c, const struct insn *o, enum exit_reason reason, u32 index, u64 *value)
{
	struct vm_exit q = exit_question(c, o, reason);
	q.msr.index = index;
	q.msr.value = *value;
	const struct vm_exit *a = cpu_ask(c, &q);
	if (!a)
		return false;
	*value = a->msr.value;
	return !a->msr.fault || fault_gp(c, 0);
}

SIMPLE(rdmsr)
{
	u32 index = (u32)c->r[RCX];
	const struct msr *m = msr_find(c, index);
	u64 v = 0;
	if (!ring0(c))
		return false;
	if (m)
		v = *msr_at(c, m, index);
	else if (is_tsc(c, index))
		v = cpu_tsc(c, o);
	else if (is_efer(c, index))
		v = *c->s.efer;
	else if (!ask(c, o, EXIT_RDMSR, index, &v))
		return false;
	c->r[RAX] = (u32)v;
	c->r[RDX] = v >> 32;
	return true;
}

ENDING(wrmsr)
{
	u32 index = (u32)c->r[RCX];
	const struct msr *m = msr_find(c, index);
	u64 v = (u32)c->r[RAX] | c->r[RDX] << 32;
	if (!ring0(c))
		return false;
	if (is_efer(c, index)) {
		bool exits = c->vm->controls.efer_exiting && v != *c->s.efer;
		return (!exits || ask(c, o, EXIT_WRMSR, index, &v)) && write_efer(c, v);
	}
	if (is_tsc(c, index)) {
		*c->s.tsc_offset += v - cpu_tsc(c, o);
		return true;
	}
	if (!m)
		return ask(c, o, EXIT_WRMSR, index, &v);
	if (m->valid && !m->valid(c, index, v))
		return fault_gp(c, 0);
	*msr_at(c, m, index) = v;
	seg_update(c, SEG_FS);
	seg_update(c, SEG_GS);
	return true;
}
