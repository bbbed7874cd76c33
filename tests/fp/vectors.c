/* SPDX-License-Identifier: GPL-3.0-or-later
 * vectors.c - the interpreter's floating point against stored vectors: what a processor made of the same operands.
 * Usage: vectors FILE             compare
 *        vectors --record N       print N new vectors for each form of each instruction (x86-64 hosts)
 *
 * Rule: the comparison needs no floating point and no x86 of the host; the file is the oracle.
 */
#include <stdlib.h>
#include <string.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/fp/vectors.h"

enum { RAM = 0x10000, CODE = 0x1000, MEM = 0x2000, SHOWN = 10 };

static struct vm *machine(struct err *err)
{
	const struct vm_config config = { .engine = &engine_interp, .mem_size = RAM, .cpus = 1 };
	struct vm *vm = vm_create(&config, err);
	if (!vm)
		return NULL;
	frame_no f = frames_alloc(vm->frames, RAM / PAGE_SIZE_4K);
	if (mem_slot_add(&vm->mem, "ram", 0, RAM, f, 0, err) < 0)
		return NULL;
	mem_set_a20(&vm->mem, true);
	return vm;
}

/* Flat 32-bit code without paging; TOP is in v->fsw. */
static void set_state(const struct vector_state *v, const struct vm *vm, struct x86_state *s)
{
	static const u32 flat = SEG_P | SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | SEG_G;
	int top = v->fsw >> 11 & 7;
	x86_state_reset(s, cpu_signature(vm->cpu));
	for (int i = SEG_ES; i <= SEG_GS; i++) {
		s->seg_base[i] = 0;
		s->seg_limit[i] = 0xffffffff;
		s->seg_attr[i] = flat | (i == SEG_CS ? SEG_CODE : 0);
	}
	*s->cr0 = CR0_PE | CR0_ET | CR0_NE;
	*s->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT;
	*s->rip = CODE;
	*s->rflags = FLAG_1 | v->flags;
	s->gpr[RAX] = MEM;
	s->gpr[RCX] = v->ecx;
	s->gpr[RDX] = v->edx;
	*s->fcw = v->fcw;
	*s->fsw = v->fsw;
	*s->ftw = v->ftw;
	*s->mxcsr = v->mxcsr;
	for (int i = 0; i < 3; i++) {
		memcpy(&s->fpr[(top + i) & 7], v->st[i], 8);
		memcpy(&s->fpr_exp[(top + i) & 7], v->st[i] + 8, 2);
	}
	memcpy(&s->xmm[2], v->xmm, sizeof v->xmm);
}

static void get_state(const struct x86_state *s, struct vector_state *v)
{
	int top = *s->fsw >> 11 & 7;
	v->fcw = *s->fcw;
	v->fsw = *s->fsw;
	v->ftw = *s->ftw;
	v->mxcsr = *s->mxcsr;
	v->flags = *s->rflags & FLAGS_ARITH;
	v->ecx = (u32)s->gpr[RCX];
	v->edx = (u32)s->gpr[RDX];
	for (int i = 0; i < 3; i++) {
		memcpy(v->st[i], &s->fpr[(top + i) & 7], 8);
		memcpy(v->st[i] + 8, &s->fpr_exp[(top + i) & 7], 2);
	}
	memcpy(v->xmm, &s->xmm[2], sizeof v->xmm);
}

/* Processors differ in the last bit of these (SDM 1 8.3.10). */
static bool transcendental(const char *name)
{
	static const char *const names[] = { "f2xm1", "fyl2x", "fyl2xp1", "fptan", "fpatan", "fsin", "fcos", "fsincos" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool passes(struct vm *vm, const struct vector *v)
{
	struct x86_state s;
	struct vector_state got = v->before;
	struct err err;
	set_state(&v->before, vm, &s);
	mem_write(&vm->mem, CODE, v->code, (u64)v->len);
	mem_write(&vm->mem, MEM, v->before.mem, sizeof v->before.mem);
	if (vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err))
		return false;
	vm_run(vm, 1, &err);
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	get_state(&s, &got);
	mem_read(&vm->mem, MEM, got.mem, sizeof got.mem);
	const char *field = vector_differs(&v->after, &got, transcendental(v->name));
	if (!*field && *s.rip == CODE + (u64)v->len)
		return true;
	struct vector ours = *v;
	ours.after = got;
	printf("FAIL: %s differs, rip %llx; expected, and ours:\n", *field ? field : "nothing else",
	       (unsigned long long)*s.rip);
	vector_print(v, stdout);
	vector_print(&ours, stdout);
	return false;
}

static int compare(const char *path)
{
	struct err err = { 0 };
	struct vm *vm = machine(&err);
	FILE *in = fopen(path, "r");
	char line[1024];
	int passed = 0, failed = 0;
	if (!in || !vm) {
		fprintf(stderr, "vectors: %s: %s\n", path, in ? err.text : "cannot be opened");
		return 2;
	}
	while (fgets(line, sizeof line, in)) {
		struct vector v;
		if (line[0] == '#')
			continue;
		bool ok = vector_parse(&v, line);
		if (!ok)
			printf("FAIL: not a vector: %s", line);
		ok = ok && (failed >= SHOWN ? false : passes(vm, &v));
		passed += ok;
		failed += !ok;
	}
	fclose(in);
	vm_destroy(vm);
	printf("%d passed, %d failed\n", passed, failed);
	return failed || !passed;
}

int main(int argc, char **argv)
{
	const char *why = "";
	if (argc == 2)
		return compare(argv[1]);
	if (argc != 3 || strcmp(argv[1], "--record") || atoi(argv[2]) <= 0) {
		fprintf(stderr, "usage: vectors FILE | vectors --record N\n");
		return 2;
	}
	if (!record(stdout, atoi(argv[2]), 1, &why)) {
		fprintf(stderr, "vectors: %s\n", why);
		return 1;
	}
	return 0;
}
