/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-model.c - the processor model for KVM: what CPUID says, and which model-specific registers exit.
 * Rule: a feature is shown exactly if the model has it and the host's KVM can give it; so a guest never uses what
 * is not there, and the difference from the interpreter is a list that can be printed.
 *
 * KVM answers CPUID itself, from what is given to it here once.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/vtx/kvm.h"

enum { CPUID_MOST = 64, SUPPORTED_MOST = 256, FILTER_BITS = 64 };

static struct kvm_cpuid2 *new_cpuid(u32 n)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + n * sizeof(c->entries[0]));

	if (c)
		c->nent = n;
	return c;
}

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *c, u32 leaf, u32 subleaf)
{
	for (u32 i = 0; i < c->nent; i++)
		if (c->entries[i].function == leaf &&
		    (!(c->entries[i].flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || c->entries[i].index == subleaf))
			return &c->entries[i];
	return NULL;
}

/* Does KVM say that it has it?  Some are no affair of the processor's here, but of our local APIC. */
static bool host_has(const struct kvm_cpuid2 *host, enum cpu_feature f)
{
	const struct kvm_cpuid_entry2 *e;
	u32 leaf;
	char reg;
	u8 bit;

	if (f == FEAT_APIC || f == FEAT_X2APIC || !cpu_feature_place(f, &leaf, &reg, &bit))
		return true;
	e = find(host, leaf, leaf == 13);
	if (!e || f == FEAT_TSCDL) /* a deadline in ticks needs a counter that is virtual time */
		return false;
	return (reg == 'a' ? e->eax : reg == 'b' ? e->ebx : reg == 'c' ? e->ecx : e->edx) >> bit & 1;
}

static u64 features_of(int kvm)
{
	struct kvm_cpuid2 *host = new_cpuid(SUPPORTED_MOST);
	u64 set = 0;

	if (host && !ioctl(kvm, KVM_GET_SUPPORTED_CPUID, host))
		for (int f = 0; f < FEAT_COUNT; f++)
			set |= (u64)host_has(host, (enum cpu_feature)f) << f;
	free(host);
	return set;
}

u64 kvm_features(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	u64 set = 0;

	if (fd >= 0) {
		set = features_of(fd);
		close(fd);
	}
	return set;
}

/* The time-stamp counter as it is on this host: a crystal of 1 MHz, times kHz / 1000. */
static void tell_tsc_rate(const struct kvm_cpu *k, struct kvm_cpuid_entry2 *e)
{
	const struct kvm_vm *m = kvm_of(k->vcpu->vm);

	if (m->tsc_scaled)
		return;
	if (e->function == 0x15 && e->eax) {
		e->eax = 1000;
		e->ebx = (u32)((u64)m->tsc_khz * 1000 / k->vcpu->vm->clock.insn_ps);
		e->ecx = 1000000;
	}
	if (e->function == 0x16 && e->eax)
		e->eax = e->ebx = m->tsc_khz / 1000;
}

static void add(struct kvm_cpu *k, struct kvm_cpuid2 *c, const struct cpu_model *model, u32 leaf, u32 subleaf,
		bool indexed)
{
	struct cpuid_result r = cpuid(model, leaf, subleaf, 0, k->vcpu->index, k->vcpu->vm->ncpus);
	struct kvm_cpuid_entry2 *e = &c->entries[c->nent];

	if (c->nent == CPUID_MOST)
		return;
	c->nent++;
	*e = (struct kvm_cpuid_entry2){ .function = leaf, .index = subleaf,
					.flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
					.eax = r.eax, .ebx = r.ebx, .ecx = r.ecx, .edx = r.edx };
	tell_tsc_rate(k, e);
}

static int subleaves(u32 leaf)
{
	return leaf == 4 ? 2 : leaf == 0xb ? 3 : leaf == 7 ? 1 : leaf == 13 ? 2 : 0;
}

/* Every leaf of the model. */
static void fill(struct kvm_cpu *k, struct kvm_cpuid2 *c, const struct cpu_model *model)
{
	static const u32 firsts[] = { 0, 0x40000000, 0x80000000 };

	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		u32 last = cpuid(model, firsts[i], 0, 0, 0, 1).eax;

		for (u32 leaf = firsts[i]; leaf <= last && leaf - firsts[i] < 0x40; leaf++) {
			for (int s = 0; s < subleaves(leaf); s++)
				add(k, c, model, leaf, (u32)s, true);
			if (!subleaves(leaf))
				add(k, c, model, leaf, 0, false);
		}
	}
}

static int set_cpuid(struct kvm_cpu *k, struct err *err)
{
	struct cpu_model model = *k->vcpu->vm->cpu;
	struct kvm_cpuid2 *c = new_cpuid(CPUID_MOST);
	int rc = 0;

	if (!c)
		return err_set(err, ENOMEM, "no memory for the processor model");
	model.features &= features_of(kvm_of(k->vcpu->vm)->kvm);
	c->nent = 0;
	fill(k, c, &model);
	if (ioctl(k->fd, KVM_SET_CPUID2, c))
		rc = err_set(err, errno, "/dev/kvm does not take the processor model %s: %s", model.name, strerror(errno));
	free(c);
	return rc;
}

/* ---- which registers exit: all but those that the processor keeps itself ---- */

/* KVM takes few ranges: so each is a window of 64 registers, of which the bits say which do not exit. */
struct filter { struct kvm_msr_filter f; u8 bits[KVM_MSR_FILTER_MAX_RANGES][FILTER_BITS / 8]; int n; };

static void allow(struct filter *l, u32 index, u32 flags)
{
	u32 base = index & ~(FILTER_BITS - 1u), bit = index - base;
	int i = 0;

	while (i < l->n && (l->f.ranges[i].base != base || l->f.ranges[i].flags != flags))
		i++;
	assert(i < KVM_MSR_FILTER_MAX_RANGES);
	if (i == l->n)
		l->f.ranges[l->n++] = (struct kvm_msr_filter_range){ flags, FILTER_BITS, base, l->bits[i] };
	l->bits[i][bit / 8] |= 1u << bit % 8;
}

static int set_filter(struct kvm_cpu *k, struct err *err)
{
	struct filter l = { .f.flags = KVM_MSR_FILTER_DEFAULT_DENY };
	u32 index, count;

	/* The time-stamp counter is read as it is; writing it moves it away from virtual time, which is ours to note. */
	allow(&l, MSR_TSC, KVM_MSR_FILTER_READ);
	for (int i = 0; kvm_msr_row(k->vcpu->vm, i, &index, &count); i++)
		for (u32 j = 0; j < count; j++)
			allow(&l, index + j, KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE);
	if (ioctl(kvm_of(k->vcpu->vm)->fd, KVM_X86_SET_MSR_FILTER, &l.f))
		return err_set(err, errno, "/dev/kvm: KVM_X86_SET_MSR_FILTER failed: %s", strerror(errno));
	return 0;
}

int kvm_model_set(struct kvm_cpu *k, struct err *err)
{
	int rc = set_cpuid(k, err);

	if (!rc && !k->vcpu->index)
		rc = set_filter(k, err);
	k->ready = !rc;
	return rc;
}
