/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-diff.h - single instructions in ring 0, executed by Linux KVM and by the interpreter.
 *
 * Rule: both start from the same registers and the same memory, and execute one instruction (one iteration, when it
 * is repeated, until it is done).  Whatever they differ in afterwards is a failure, unless the manual leaves it
 * undefined or a rule (rules.c) says who of the two is wrong and why.
 *
 * Memory, 1 MiB and 64 KiB, holds numbers made by chance, and in it:
 *	00000  real mode's interrupt table    00800  GDT        00c00  TSS, LDT
 *	01000  IDT                            02000  page tables (64-bit mode)
 *	100ff0 one NOP per vector, four bytes apart: what every interrupt and exception leads to
 */
#ifndef VITRINE_TESTS_KVM_KVM_DIFF_H
#define VITRINE_TESTS_KVM_KVM_DIFF_H

#include <string.h>

#include "core/base/err.h"
#include "core/state.h"
#include "cpu-interp/isa/isa.h"

enum { RAM_SIZE = 0x110000, RAM_PAGES = RAM_SIZE / 4096, GDT_AT = 0x800, TSS_AT = 0xc00, LDT_AT = 0xd00, IDT_AT = 0x1000,
       PAGING_AT = 0x2000, SCENERY_END = 0x5000, HANDLERS_AT = 0x100ff0, HANDLERS_SIZE = 4 * 256 };

/* ---- scenes: the processor's mode and what belongs to it ---- */

enum scene { SCENE_REAL, SCENE_PROT16, SCENE_PROT32, SCENE_LONG, SCENE_COUNT };
extern const char *const scene_names[SCENE_COUNT];

static inline enum isa_mode scene_mode(enum scene s)
{
	return s == SCENE_LONG ? MODE_64 : s == SCENE_PROT32 ? MODE_32 : MODE_16;
}

/* ---- a case ---- */

enum { CASE_PATCHES = 12, CODE_MAX = 16 };

struct testcase {
	enum scene scene;
	u64 number, random;
	struct x86_state init;
	u8 code[CODE_MAX];
	int len;          /* bytes of it that belong to the instruction */
	bool valid;       /* d holds it */
	struct decoded d;
	int npatches;     /* memory that is not as the scene left it, the code included */
	struct patch { u32 at; u8 len; u8 bytes[CODE_MAX]; } patch[CASE_PATCHES];
};

enum how_ended { END_DONE, END_SHUTDOWN, END_UNSUPPORTED, END_STUCK };
struct outcome {
	u8 how;            /* enum how_ended */
	bool debug;        /* s.dr is known */
	struct x86_state s;
	const u8 *mem;     /* RAM_SIZE bytes */
	u64 dirty[(RAM_PAGES + 63) / 64];
};

static inline u64 random_next(u64 *state) /* splitmix64 (Steele, Lea, Flood 2014) */
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
static inline u32 below(struct testcase *t, u32 n) { return (u32)((random_next(&t->random) >> 32) * n >> 32); }
static inline bool one_in(struct testcase *t, u32 n) { return below(t, n) == 0; }

static inline bool family_is(const struct testcase *t, const char *name)
{
	return t->valid && !strcmp(t->d.row->family, name);
}
bool family_in(const struct testcase *t, const char *const *names); /* NULL ends the list */
static inline bool is_repeated(const struct testcase *t)
{
	return t->valid && t->d.rep && (t->d.row->flags & REPS);
}
static inline bool has_memory(const struct testcase *t)
{
	for (int i = 0; t->valid && i < 4; i++)
		if (t->d.o[i].kind == OPD_MEM)
			return true;
	return false;
}

/* scene.c: memory as every case of a scene finds it; the state of a case, its instruction not yet known. */
void scene_memory(enum scene scene, u8 *mem);
void scene_state(struct testcase *t);
u16 scene_selector(struct testcase *t);           /* one that a program might load */
void scene_load(struct x86_state *s, enum x86_seg seg, u16 sel, bool real);
u64 random_value(struct testcase *t);
/* An offset in a segment such that `size` bytes are inside; or seldom, that are not. */
u64 scene_offset(struct testcase *t, enum x86_seg seg, u32 size, int addrsize);

/* generate.c: the case of a number.  features: what both sides have. */
void generate(struct testcase *t, enum scene scene, u64 seed, u64 number, u64 features);
void add_patch(struct testcase *t, u64 linear, u64 value, int size);
void print_left_out(void);
/* prepare.c: make it likely that the instruction gets somewhere. */
void prepare(struct testcase *t);
u64 effective_address(const struct testcase *t);

/* ---- the two sides ---- */

struct oracle;
/* NULL, and why in *err. */
struct oracle *oracle_open(struct err *err);
void oracle_close(struct oracle *o);
u8 *oracle_memory(struct oracle *o);
void oracle_run(struct oracle *o, const struct testcase *t, struct outcome *out);

struct subject;
struct subject *subject_open(const struct cpu_model *model, struct err *err);
void subject_close(struct subject *s);
void subject_write(struct subject *s, u64 at, const void *bytes, u64 len);
void subject_run(struct subject *s, const struct testcase *t, struct outcome *out);

/* ---- comparing ---- */

u32 undefined_flags(const struct testcase *t);
/* Empty text: the same. */
struct buf;
void compare(const struct testcase *t, const struct outcome *kvm, const struct outcome *interp, struct buf *why);
/* Put right in *kvm what KVM is known to get wrong; false: nothing was. */
bool correct(const struct testcase *t, struct outcome *kvm, const struct outcome *interp);
/* Is what still differs covered by a rule? */
bool excuse(const struct testcase *t, struct outcome *kvm, const struct outcome *interp);
/* The exception or interrupt whose handler was reached, or -1. */
int vector_of(const struct outcome *o);
bool has_error_code(int vector); /* SDM 3A table 6-1 */
void print_rules(void);

#endif
