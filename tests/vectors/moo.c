/* SPDX-License-Identifier: GPL-3.0-or-later
 * moo.c - single instructions in real mode, compared with what a real processor did.
 * Usage: moo [DIRECTORY or FILE...]   default ../shared/testdata; takes every *.MOO and *.MOO.gz found there.
 *
 * Rule: nobody of this project made an expected value.  A case may be left out only by one of the rules in
 * `rules`, each with its reason, all counted and printed; a flag may be ignored only where the data, or
 * else the manual, says so.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "cpu-interp/isa/isa.h"
#include "tests/vectors/moo-file.h"

enum { MACHINE_MEMORY = 16 << 20, /* what the rig of the recordings had */
       BUDGET = 2000,             /* instructions; the longest case repeats a string instruction 127 times */
       EXPLAINED = 3 };           /* failures shown per file */

enum { RULES = 6 };

struct runner {
	struct vm *vm;      /* the machine of the file being tested */
	struct vm *of_386, *of_286;
	u64 passed, failed, skipped, left_out[RULES];
	u64 files, bad_files;
	u64 failed_here; /* in this file */
};

/* --- cases that are left out ------------------------------------------------------------------ */

struct subject { /* a test and what is known about its instruction */
	const struct moo_test *t;
	bool is_286;
	const struct decoded *d; /* NULL if it is none */
};

static bool family_is(const struct decoded *d, const char *name)
{
	return d && !strcmp(d->row->family, name);
}

/* The families of a NULL-terminated list. */
static bool family_in(const struct decoded *d, const char *const *names)
{
	for (; *names; names++)
		if (family_is(d, *names))
			return true;
	return false;
}

static const char *const shifts[] = { "shl", "shr", "sar", NULL };
static const char *const rotates[] = { "rol", "ror", "rcl", "rcr", NULL };
static const char *const double_shifts[] = { "shld", "shrd", NULL };

static u32 shift_count(const struct subject *s)
{
	const struct operand *by = &s->d->o[family_in(s->d, double_shifts) ? 2 : 1];
	return (by->kind == OPD_IMM ? (u32)s->d->imm : s->t->init.regs.v[R_ECX]) & 31;
}

/* A register afterwards: listed only if it changed. */
static u32 final_value(const struct moo_test *t, int reg)
{
	return t->fina.regs.present >> reg & 1 ? t->fina.regs.v[reg] : t->init.regs.v[reg];
}

static bool has_lock(const struct subject *s)
{
	static const u8 prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0xf2, 0xf3 };
	for (u32 i = 0; i < s->t->nbytes; i++) {
		if (s->t->bytes[i] == 0xf0)
			return s->is_286;
		if (!memchr(prefixes, s->t->bytes[i], sizeof prefixes))
			return false;
	}
	return false;
}

static bool over_ten_bytes(const struct subject *s) { return s->is_286 && s->t->excp && s->t->nbytes > 11; }

static bool moved_before_fault(const struct subject *s)
{
	u32 moved = s->t->fina.regs.present & (1u << R_ESI | 1u << R_EDI);
	return s->is_286 && s->t->excp && s->d && (s->d->row->flags & REPS) && moved;
}

static bool gp_for_stack(const struct subject *s)
{
	if (!s->is_286 || !s->t->excp || s->t->vector != VEC_GP || !s->d)
		return false;
	static const char *const on_stack[] = { "push", "pop", "call", "ret", "iret", "enter", "leave" };
	for (int i = 0; i < 4; i++)
		if (s->d->o[i].kind == OPD_MEM)
			return s->d->segment == SEG_SS;
	for (u32 i = 0; i < ARRAY_LEN(on_stack); i++)
		if (!strncmp(s->d->row->family, on_stack[i], strlen(on_stack[i])))
			return true;
	return false;
}

static bool is_coprocessor(const struct subject *s) { return family_is(s->d, "esc"); }

/* In real mode these exist, but what they store or shift out is nobody's promise. */
static bool undefined_result(const struct subject *s)
{
	if (family_is(s->d, "bsf") || family_is(s->d, "bsr"))
		return final_value(s->t, R_EFLAGS) & FLAG_ZF;
	return family_in(s->d, double_shifts) && s->d->opsize == 2 && shift_count(s) > 16;
}

static const struct rule {
	const char *reason;
	bool (*applies)(const struct subject *s);
} rules[RULES] = {
	{ "286 with LOCK: allowed anywhere there, #UD where it makes no sense from the 386 on", has_lock },
	{ "286 refused more than ten bytes: from the 386 on the limit is fifteen", over_ten_bytes },
	{ "286 string instruction that moved SI or DI and then faulted: later ones do not", moved_before_fault },
	{ "286 raised #GP for a stack access: later ones raise #SS", gp_for_stack },
	{ "coprocessor instruction: the rig had none", is_coprocessor },
	{ "undefined result: BSF or BSR of 0, a 16-bit double shift by more than 16", undefined_result },
};

/* --- undefined flags, where the file does not say --------------------------------------------- */

static u32 undefined_flags(const struct subject *s)
{
	if (!s->d)
		return 0;
	bool shift = family_in(s->d, shifts), rotate = family_in(s->d, rotates);
	if (!shift && !rotate && !family_in(s->d, double_shifts))
		return s->d->row->undef;
	u32 n = shift_count(s);
	if (n == 0)
		return 0;
	u32 undef = (n == 1 ? 0 : FLAG_OF) | (rotate ? 0 : FLAG_AF);
	if (shift && !family_is(s->d, "sar") && n >= 8u * s->d->o[0].size)
		undef |= FLAG_CF;
	return undef;
}

/* Bits of FLAGS that count.  Real mode on a 286 keeps its top four bits 0; a 386 has 18 flags. */
static u32 flags_mask(const struct subject *s)
{
	const struct moo_test *t = s->t;
	u32 mask = s->is_286 ? 0x0fff : 0x3ffff;
	if (t->mask.present >> R_EFLAGS & 1)
		mask &= t->mask.v[R_EFLAGS];
	return t->masked ? mask : mask & ~undefined_flags(s);
}

/* --- one case --------------------------------------------------------------------------------- */

static const u8 gpr_reg[8] = { R_EAX, R_ECX, R_EDX, R_EBX, R_ESP, R_EBP, R_ESI, R_EDI };
static const u8 seg_reg[6] = { R_ES, R_CS, R_SS, R_DS, R_FS, R_GS };

static u32 initial_flags(const struct subject *s)
{
	return (s->t->init.regs.v[R_EFLAGS] & (s->is_286 ? 0x0fff : 0x1ffff)) | FLAG_1;
}

static void load_registers(const struct runner *r, const struct subject *s, struct x86_state *x)
{
	const u32 *v = s->t->init.regs.v;
	x86_state_reset(x, cpu_signature(r->vm->cpu));
	for (int i = 0; i < 8; i++)
		x->gpr[i] = v[gpr_reg[i]];
	for (int i = 0; i < 6; i++) {
		x->seg_sel[i] = (u16)v[seg_reg[i]];
		x->seg_base[i] = (u64)x->seg_sel[i] * 16;
	}
	x->rip[0] = v[R_EIP];
	x->rflags[0] = initial_flags(s);
	x->cr0[0] |= v[R_CR0] & (CR0_MP | CR0_EM | CR0_TS);
}

static void read_registers(struct runner *r, u32 *v)
{
	struct x86_state x;
	vcpu_get(&r->vm->vcpu[0], &x, ST_ALL);
	memset(v, 0, R_COUNT * sizeof *v);
	for (int i = 0; i < 8; i++)
		v[gpr_reg[i]] = (u32)x.gpr[i];
	for (int i = 0; i < 6; i++)
		v[seg_reg[i]] = x.seg_sel[i];
	v[R_EIP] = (u32)x.rip[0];
	v[R_EFLAGS] = (u32)x.rflags[0];
	v[R_CR0] = (u32)x.cr0[0];
}

static void poke(struct runner *r, const struct ram *m, bool clear)
{
	for (u32 i = 0; i < m->n; i++) {
		u8 byte = clear ? 0 : ram_byte(m, i);
		mem_poke(&r->vm->mem, ram_address(m, i), &byte, 1);
	}
}

static u8 peek(struct runner *r, u32 address)
{
	u8 byte;
	mem_read(&r->vm->mem, address, &byte, 1);
	return byte;
}

static void differ(struct buf *why, const char *what, u32 got, u32 wanted)
{
	buf_printf(why, "    %-8s is %x, expected %x\n", what, got, wanted);
}

static void compare_registers(struct runner *r, const struct subject *s, struct buf *why)
{
	const struct moo_test *t = s->t;
	u32 got[R_COUNT];
	read_registers(r, got);
	for (int i = 0; i < R_COUNT; i++) {
		u32 mask = i >= R_CS && i <= R_SS ? 0xffff : UINT32_MAX, before = t->init.regs.v[i];
		if (i == R_CR3 || i == R_DR6 || i == R_DR7) /* no instruction of these suites is about them */
			continue;
		if (i == R_CR0) /* reserved bits read as ones on a 386 */
			mask = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
		if (i == R_EIP && s->is_286) /* its IP has 16 bits; EIP after an instruction that ends at FFFF is 10000 */
			mask = 0xffff;
		if (i == R_EFLAGS) {
			mask = flags_mask(s);
			before = initial_flags(s);
		} else if (t->mask.present >> i & 1) {
			mask &= t->mask.v[i];
		}
		u32 wanted = t->fina.regs.present >> i & 1 ? t->fina.regs.v[i] : before;
		if ((t->init.regs.present >> i & 1) && ((got[i] ^ wanted) & mask))
			differ(why, reg_names[i], got[i] & mask, wanted & mask);
	}
}

static bool in_ram(const struct ram *m, u32 from, u32 address)
{
	for (u32 i = from; i < m->n; i++)
		if (ram_address(m, i) == address)
			return true;
	return false;
}

/* Where an exception pushed FLAGS.  With an odd SP some upstream files name the byte below: that of the bus cycle. */
static u32 pushed_flags_at(const struct moo_test *t)
{
	const u32 *v = t->init.regs.v;
	u32 pushed = (v[R_SS] << 4) + ((v[R_ESP] - 2) & 0xffff);
	return t->flags_at + 1 == pushed ? pushed : t->flags_at;
}

/* Every byte of `m` is as it says, except those `later` has something newer about. */
static void compare_ram(struct runner *r, const struct subject *s, const struct ram *m,
			const struct ram *later, struct buf *why)
{
	u32 flags = pushed_flags_at(s->t), defined = flags_mask(s);
	for (u32 i = 0; i < m->n; i++) {
		u32 at = ram_address(m, i);
		if (later ? in_ram(later, 0, at) : in_ram(m, i + 1, at))
			continue;
		u32 mask = !s->t->excp || at - flags > 1 ? 0xff : defined >> 8 * (at - flags) & 0xff;
		u8 got = peek(r, at);
		char what[16];
		snprintf(what, sizeof what, "[%05x]", at);
		if ((got ^ ram_byte(m, i)) & mask)
			differ(why, what, got & mask, ram_byte(m, i) & mask);
	}
}

static void run_case(struct runner *r, const struct subject *s, struct buf *why)
{
	const struct moo_test *t = s->t;
	struct x86_state x;
	struct err err = { 0 };
	load_registers(r, s, &x);
	poke(r, &t->init.ram, false);
	if (vcpu_set(&r->vm->vcpu[0], &x, ST_ALL, &err)) {
		buf_printf(why, "    the engine refuses the initial state: %s\n", err.text);
		return;
	}
	enum stop_why stop = vm_run(r->vm, BUDGET, &err);
	if (stop != STOP_HALTED)
		buf_printf(why, "    it did not reach its HLT: %s %s\n", stop_why_name(stop), err.text);
	compare_registers(r, s, why);
	compare_ram(r, s, &t->fina.ram, NULL, why);
	compare_ram(r, s, &t->init.ram, &t->fina.ram, why);
	poke(r, &t->init.ram, true);
	poke(r, &t->fina.ram, true);
}

static void explain(const struct moo_test *t, const char *path, const struct buf *why)
{
	printf("FAIL %s test %u: %s\n    bytes", path, t->index, t->name);
	for (u32 i = 0; i < t->nbytes; i++)
		printf(" %02x", t->bytes[i]);
	if (t->excp)
		printf(", exception %u", t->vector);
	printf("\n%.*s", (int)why->len, (const char *)why->data);
}

static bool leave_out(struct runner *r, const struct subject *s)
{
	for (int i = 0; i < RULES; i++)
		if (rules[i].applies(s)) {
			r->left_out[i]++;
			r->skipped++;
			return true;
		}
	return false;
}

static void test_case(struct runner *r, const char *path, const struct moo_file *f, const struct moo_test *t)
{
	struct decoded d;
	struct subject s = { .t = t, .is_286 = !strcmp(f->cpu, "C286") };
	if (isa_decode(t->bytes, (int)t->nbytes, MODE_16, r->vm->cpu->features, &d) == DECODE_OK)
		s.d = &d;
	if (leave_out(r, &s))
		return;
	struct buf why = { 0 };
	run_case(r, &s, &why);
	if (why.len == 0 && !why.failed) {
		r->passed++;
	} else {
		r->failed++;
		if (r->failed_here++ < EXPLAINED)
			explain(t, path, &why);
	}
	buf_free(&why);
}

/* --- files and directories -------------------------------------------------------------------- */

static void test_file(struct runner *r, const char *path)
{
	struct moo_file f;
	struct moo_test t;
	u64 cases = 0;
	r->files++;
	r->failed_here = 0;
	bool good = moo_open(&f, path);
	while (good && moo_next(&f, &t)) {
		r->vm = strcmp(f.cpu, "386E") ? r->of_286 : r->of_386;
		test_case(r, path, &f, &t);
		cases++;
	}
	if (!good || f.at.bad || !cases) {
		printf("FAIL %s: not a MOO file, cut short, or empty\n", path);
		r->failed++;
	}
	if (r->failed_here > EXPLAINED)
		printf("    and %llu more in %s\n", (unsigned long long)r->failed_here - EXPLAINED, path);
	moo_close(&f);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);
	return n > m && !strcmp(name + n - m, end);
}

static void test_path(struct runner *r, const char *path, int depth)
{
	struct stat st;
	struct dirent **list;
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		if (ends_with(path, ".MOO") || ends_with(path, ".MOO.gz"))
			test_file(r, path);
		return;
	}
	int n = depth < 8 ? scandir(path, &list, NULL, alphasort) : -1;
	for (int i = 0; i < n; i++) {
		char below[4096];
		if (list[i]->d_name[0] != '.' &&
		    snprintf(below, sizeof below, "%s/%s", path, list[i]->d_name) < (int)sizeof below)
			test_path(r, below, depth + 1);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* A machine of nothing but memory, A20 open. */
static struct vm *open_machine(const char *cpu, struct err *err)
{
	const struct vm_config config = { .name = "vectors", .engine = &engine_interp, .cpu = cpu_model_find(cpu),
					  .mem_size = MACHINE_MEMORY, .cpus = 1 };
	struct vm *vm = vm_create(&config, err);
	if (!vm)
		return NULL;
	frame_no frame = frames_alloc(vm->frames, MACHINE_MEMORY / PAGE_SIZE_4K);
	if (frame == FRAME_NONE || mem_slot_add(&vm->mem, "ram", 0, MACHINE_MEMORY, frame, 0, err) < 0) {
		vm_destroy(vm);
		return NULL;
	}
	mem_set_a20(&vm->mem, true);
	return vm;
}

int main(int argc, char **argv)
{
	static const char standard[] = "../shared/testdata";
	struct runner r = { 0 };
	struct err err = { 0 };
	struct stat st;
	if (argc < 2 && stat(standard, &st)) {
		printf("skipped: no %s\n0 passed, 0 failed, 1 skipped\n", standard);
		return 0;
	}
	r.of_286 = open_machine("x86-64", &err); /* what a 286 does, every later processor does */
	r.of_386 = r.of_286 ? open_machine("386", &err) : NULL;
	if (!r.of_386) {
		fprintf(stderr, "moo: %s\n", err.text);
		return 2;
	}
	if (argc < 2)
		test_path(&r, standard, 0);
	for (int i = 1; i < argc; i++)
		test_path(&r, argv[i], 0);
	for (int i = 0; i < RULES; i++)
		printf("left out: %6llu  %s\n", (unsigned long long)r.left_out[i], rules[i].reason);
	printf("%llu files\n", (unsigned long long)r.files);
	if (!r.files)
		printf("FAIL no *.MOO or *.MOO.gz found\n");
	r.failed += !r.files;
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)r.passed,
	       (unsigned long long)r.failed, (unsigned long long)r.skipped);
	vm_destroy(r.of_286);
	vm_destroy(r.of_386);
	return r.failed != 0;
}
