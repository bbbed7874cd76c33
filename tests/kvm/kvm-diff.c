/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-diff.c - random single instructions of ring 0 on Linux KVM and on the interpreter.
 * Usage: kvm-diff [--count=N] [--seed=N] [--mode=real|prot16|prot32|long|all] [--case=N] [--verbose]
 *
 * Rule: the same options give the same cases.  What KVM cannot do (exit "internal error") is counted as skipped;
 * without a usable /dev/kvm everything is, with the reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/kvm/kvm-diff.h"

enum { EXPLAINED = 2 /* failures of one family that are printed */, FAMILIES = 400 };

struct options {
	u64 count, seed, only;
	int scene;
	bool one, verbose;
};

struct tally {
	const char *family;
	u64 ran, failed, ruled, unsupported;
};

struct runner {
	struct options opt;
	struct oracle *oracle;
	struct subject *subject;
	u64 features;
	u8 *scenery; /* memory as the scene left it */
	struct tally tally[FAMILIES];
	u64 passed, failed, skipped, scene_passed;
};

/* ---- comparing ---- */

static void differ(struct buf *why, const char *what, int n, u64 kvm, u64 interp)
{
	buf_printf(why, "    %s", what);
	if (n >= 0)
		buf_printf(why, "[%d]", n);
	buf_printf(why, ": KVM %llx, interpreter %llx\n", (unsigned long long)kvm,
		   (unsigned long long)interp);
}

static void compare_segments(const struct testcase *t, const struct x86_state *k, const struct x86_state *i,
			     struct buf *why)
{
	for (enum x86_seg seg = 0; seg < X86_SEGS; seg++) {
		bool unusable = k->seg_attr[seg] & i->seg_attr[seg] & SEG_UNUSABLE;
		char name[16];
		snprintf(name, sizeof name, "%s", x86_seg_names[seg]);
		if (k->seg_sel[seg] != i->seg_sel[seg])
			differ(why, name, -1, k->seg_sel[seg], i->seg_sel[seg]);
		if (unusable)
			continue;
		if (k->seg_base[seg] != i->seg_base[seg])
			differ(why, "  its base", seg, k->seg_base[seg], i->seg_base[seg]);
		if (k->seg_limit[seg] != i->seg_limit[seg])
			differ(why, "  its limit", seg, k->seg_limit[seg], i->seg_limit[seg]);
		if (t->scene != SCENE_REAL && k->seg_attr[seg] != i->seg_attr[seg])
			differ(why, "  its attributes", seg, k->seg_attr[seg], i->seg_attr[seg]);
	}
}

static void compare_registers(const struct testcase *t, const struct outcome *kvm,
			      const struct outcome *interp, struct buf *why)
{
	const struct x86_state *k = &kvm->s, *i = &interp->s;
	u64 mask = ~(u64)(undefined_flags(t) | FLAG_TF);
	const struct {
		const char *name;
		u64 k, i;
	} rest[] = {
		{ "rip", k->rip[0], i->rip[0] },
		{ "rflags", k->rflags[0] & mask, i->rflags[0] & mask },
		{ "cr0", k->cr0[0], i->cr0[0] },
		{ "cr2", k->cr2[0], i->cr2[0] },
		{ "cr3", k->cr3[0], i->cr3[0] },
		{ "cr4", k->cr4[0], i->cr4[0] },
		{ "cr8", k->cr8[0], i->cr8[0] },
		{ "efer", k->efer[0], i->efer[0] },
		{ "gdtr base", k->gdtr_base[0], i->gdtr_base[0] },
		{ "gdtr limit", k->gdtr_limit[0], i->gdtr_limit[0] },
		{ "idtr base", k->idtr_base[0], i->idtr_base[0] },
		{ "idtr limit", k->idtr_limit[0], i->idtr_limit[0] },
	};
	for (int n = 0; n < X86_GPRS; n++)
		if (k->gpr[n] != i->gpr[n])
			differ(why, x86_gpr_names[n], -1, k->gpr[n], i->gpr[n]);
	for (size_t n = 0; n < ARRAY_LEN(rest); n++)
		if (rest[n].k != rest[n].i)
			differ(why, rest[n].name, -1, rest[n].k, rest[n].i);
	compare_segments(t, k, i, why);
	for (int n = 0; n < 8; n++)
		if (kvm->debug && n != 4 && n != 5 && k->dr[n] != i->dr[n])
			differ(why, "dr", n, k->dr[n], i->dr[n]);
}

/* Is this byte one of the flags that an exception pushed?  Undefined ones are undefined there too. */
static bool is_pushed_flags(const struct testcase *t, const struct outcome *interp, u32 at)
{
	const struct x86_state *x = &interp->s;
	bool real = t->scene == SCENE_REAL, wide = t->scene == SCENE_LONG;
	int vector = vector_of(interp);
	u64 sp = wide || (x->seg_attr[SEG_SS] & SEG_DB) ? x->gpr[RSP] : x->gpr[RSP] & 0xffff;
	u64 size = wide ? 8 : real ? 2 : 4, error = !real && has_error_code(vector) ? size : 0;
	return vector >= 0 && at - ((wide ? 0 : x->seg_base[SEG_SS]) + sp + error + 2 * size) < 2;
}

static void compare_memory(const struct testcase *t, const struct outcome *kvm, const struct outcome *interp,
			   struct buf *why)
{
	int shown = 0;
	for (u32 page = 0; page < RAM_PAGES; page++) {
		if (!((kvm->dirty[page / 64] | interp->dirty[page / 64]) >> page % 64 & 1) ||
		    !memcmp(kvm->mem + page * 4096, interp->mem + page * 4096, 4096))
			continue;
		for (u32 at = page * 4096; at < (page + 1) * 4096; at++) {
			u8 k = kvm->mem[at], i = interp->mem[at], mask = 0xff;
			if (k != i && undefined_flags(t) && is_pushed_flags(t, interp, at))
				mask = is_pushed_flags(t, interp, at - 1) ? (u8) ~(undefined_flags(t) >> 8)
									  : (u8)~undefined_flags(t);
			if (((k ^ i) & mask) && shown++ < 24)
				buf_printf(why, "    [%05x]: KVM %02x, interpreter %02x\n", at, k, i);
		}
	}
}

void compare(const struct testcase *t, const struct outcome *kvm, const struct outcome *interp,
	     struct buf *why)
{
	static const char *const ends[] = { "done", "shutdown", "not supported", "stuck" };
	if (kvm->how != interp->how) {
		buf_printf(why, "    it ended: KVM %s, interpreter %s\n", ends[kvm->how], ends[interp->how]);
		return;
	}
	if (kvm->how == END_SHUTDOWN)
		return;
	compare_registers(t, kvm, interp, why);
	compare_memory(t, kvm, interp, why);
}

/* ---- one case ---- */

static struct tally *tally_of(struct runner *r, const struct testcase *t)
{
	const char *family = t->valid ? t->d.row->family : "(none)";
	struct tally *y = r->tally;
	while (y->family && strcmp(y->family, family) && y < r->tally + FAMILIES - 1)
		y++;
	y->family = family;
	return y;
}

static void explain(const struct runner *r, const struct testcase *t, const struct buf *why, const char *what)
{
	char text[128] = "(no instruction)";
	const struct x86_state *s = &t->init;
	if (t->valid)
		isa_disasm(&t->d, s->rip[0], text, sizeof text);
	printf("%s --mode=%s --seed=%llu --case=%llu: %s\n   ", what, scene_names[t->scene],
	       (unsigned long long)r->opt.seed, (unsigned long long)t->number, text);
	for (int i = 0; i < t->len; i++)
		printf(" %02x", t->code[i]);
	if (t->valid && has_memory(t))
		printf("   at %s:%llx", x86_seg_names[t->d.segment],
		       (unsigned long long)effective_address(t));
	printf("\n   ");
	for (int i = 0; i < (t->scene == SCENE_LONG ? 16 : 8); i++)
		printf(" %s=%llx", x86_gpr_names[i], (unsigned long long)s->gpr[i]);
	printf("\n    rip=%llx rflags=%llx", (unsigned long long)s->rip[0], (unsigned long long)s->rflags[0]);
	for (enum x86_seg seg = 0; seg <= SEG_GS; seg++)
		printf(" %s=%x", x86_seg_names[seg], s->seg_sel[seg]);
	printf("\n%.*s", (int)why->len, (const char *)why->data);
}

/* Both memories as the scene left them. */
static void restore(struct runner *r, const struct testcase *t, struct outcome *kvm, struct outcome *interp)
{
	for (int i = 0; i < t->npatches; i++) {
		u32 first = t->patch[i].at / 4096, last = (t->patch[i].at + CODE_MAX - 1) / 4096;
		for (u32 page = first; page <= last; page++)
			kvm->dirty[page / 64] |= 1ull << page % 64;
	}
	for (u32 page = 0; page < RAM_PAGES; page++) {
		if (!((kvm->dirty[page / 64] | interp->dirty[page / 64]) >> page % 64 & 1))
			continue;
		memcpy(oracle_memory(r->oracle) + page * 4096, r->scenery + page * 4096, 4096);
		subject_write(r->subject, page * 4096, r->scenery + page * 4096, 4096);
	}
}

enum verdict { SAME, DIFFERENT, RULED, UNSUPPORTED };

static enum verdict judge(const struct testcase *t, struct outcome *kvm, const struct outcome *interp,
			  struct buf *why)
{
	if (kvm->how == END_UNSUPPORTED)
		return UNSUPPORTED;
	compare(t, kvm, interp, why);
	if (!why->len)
		return SAME;
	if (correct(t, kvm, interp)) {
		why->len = 0;
		compare(t, kvm, interp, why);
	}
	if (!why->len)
		return SAME;
	return excuse(t, kvm, interp) ? RULED : DIFFERENT;
}

static void run_case(struct runner *r, enum scene scene, u64 number)
{
	static const char *const names[] = { "same", "FAIL", "under a rule", "not supported by KVM" };
	struct testcase t;
	struct outcome kvm = { 0 }, interp = { 0 };
	struct buf why = { 0 };
	generate(&t, scene, r->opt.seed, number, r->features);
	struct tally *y = tally_of(r, &t);
	oracle_run(r->oracle, &t, &kvm);
	subject_run(r->subject, &t, &interp);
	enum verdict v = judge(&t, &kvm, &interp, &why);
	y->ran++;
	y->failed += v == DIFFERENT;
	y->ruled += v == RULED;
	y->unsupported += v == UNSUPPORTED;
	r->passed += v == SAME;
	r->failed += v == DIFFERENT;
	r->skipped += v == RULED || v == UNSUPPORTED;
	if (r->opt.one || (v == DIFFERENT && y->failed <= EXPLAINED))
		explain(r, &t, &why, names[v]);
	restore(r, &t, &kvm, &interp);
	buf_free(&why);
}

/* ---- all of it ---- */

static void run_scene(struct runner *r, enum scene scene)
{
	u64 passed = r->passed, failed = r->failed, skipped = r->skipped;
	scene_memory(scene, r->scenery);
	memcpy(oracle_memory(r->oracle), r->scenery, RAM_SIZE);
	subject_write(r->subject, 0, r->scenery, RAM_SIZE);
	if (r->opt.one)
		run_case(r, scene, r->opt.only);
	for (u64 i = 0; i < r->opt.count && !r->opt.one; i++)
		run_case(r, scene, i);
	printf("%-7s %llu passed, %llu failed, %llu skipped\n", scene_names[scene],
	       (unsigned long long)(r->passed - passed), (unsigned long long)(r->failed - failed),
	       (unsigned long long)(r->skipped - skipped));
}

static void print_tallies(const struct runner *r)
{
	for (const struct tally *y = r->tally; y->family; y++)
		if (y->failed || y->unsupported || r->opt.verbose)
			printf("%-14s %6llu ran, %6llu failed, %6llu not supported by KVM, %6llu under a "
			       "rule\n",
			       y->family, (unsigned long long)y->ran, (unsigned long long)y->failed,
			       (unsigned long long)y->unsupported, (unsigned long long)y->ruled);
}

static bool parse_option(struct options *o, const char *arg)
{
	char *end = NULL;
	if (!strcmp(arg, "--verbose"))
		return o->verbose = true;
	if (!strncmp(arg, "--count=", 8))
		o->count = strtoull(arg + 8, &end, 0);
	else if (!strncmp(arg, "--seed=", 7))
		o->seed = strtoull(arg + 7, &end, 0);
	else if (!strncmp(arg, "--case=", 7)) {
		o->only = strtoull(arg + 7, &end, 0);
		o->one = true;
	} else if (!strncmp(arg, "--mode=", 7)) {
		for (o->scene = 0; o->scene < SCENE_COUNT; o->scene++)
			if (!strcmp(arg + 7, scene_names[o->scene]))
				break;
		return o->scene < SCENE_COUNT || !strcmp(arg + 7, "all");
	}
	return end && !*end;
}

int main(int argc, char **argv)
{
	static struct runner r = { .opt = { .count = 10000, .seed = 1, .scene = SCENE_COUNT } };
	struct err err = { 0 };
	const struct cpu_model *model = cpu_model_find("x86-64");
	for (int i = 1; i < argc; i++)
		if (!parse_option(&r.opt, argv[i])) {
			fprintf(stderr,
				"kvm-diff: %s: expected --count=N, --seed=N, --case=N, --verbose or "
				"--mode=real|prot16|prot32|long|all\n",
				argv[i]);
			return 2;
		}
	r.oracle = oracle_open(&err);
	if (!r.oracle) {
		printf("skipped: %s\n0 passed, 0 failed, 1 skipped\n", err.text);
		return 0;
	}
	r.subject = subject_open(model, &err);
	r.features = model->features;
	r.scenery = malloc(RAM_SIZE);
	if (!r.subject || !r.scenery) {
		fprintf(stderr, "kvm-diff: %s\n", r.subject ? "no memory" : err.text);
		return 2;
	}
	for (enum scene s = 0; s < SCENE_COUNT; s++)
		if (r.opt.scene == SCENE_COUNT || r.opt.scene == (int)s)
			run_scene(&r, s);
	print_tallies(&r);
	print_left_out();
	print_rules();
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)r.passed,
	       (unsigned long long)r.failed, (unsigned long long)r.skipped);
	free(r.scenery);
	subject_close(r.subject);
	oracle_close(r.oracle);
	return r.failed != 0;
}
