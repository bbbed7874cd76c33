/* SPDX-License-Identifier: GPL-3.0-or-later
 * modes.c - the same guest page tables, the same access, in every paging mode: the same fault, error code, A and D bits.
 * Usage: modes [--count N] [--seed N]
 * Rule: the guest of each mode sees exactly the same bytes; what may differ is the machine's own memory alone.
 *
 * One case: a paging format, entries with random rights, sizes, accessed, dirty and reserved bits at each level, CR0.WP,
 * NXE, SMEP, SMAP, EFLAGS.AC, the privilege level and the kind of access are drawn; one instruction is executed; the
 * whole processor state and a digest of all guest memory must then be equal.
 */
#include <stdio.h>
#include <string.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/native/number.h"

enum { MIB = 1 << 20, TABLES = 0x10000, CODE = 0x400000, CODE_GPA = 0x8000, DATA_GPA = 0x9000 };
enum format { FORMAT_32, FORMAT_PAE, FORMAT_4LEVEL, FORMATS };
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH, ACCESS_RMW, ACCESSES };

static const struct { enum paging_mode mode; u64 page_max; const char *name; } modes[] = {
	{ PAGING_NONE, 0, "none" }, { PAGING_EPT, 4096, "ept, 4 KiB pages" }, { PAGING_EPT, 0, "ept, 2 MiB pages" },
};
enum { MODES = ARRAY_LEN(modes) };
static struct vm *vm[MODES];
static struct err err;

struct sample {
	enum format format;
	enum access access;
	bool user;
	u64 lin, code_lin;
	struct x86_state state;
	struct { u64 gpa, value; u8 size; } write[24]; /* what the tables hold */
	int nwrites;
};

/* ---- chance: splitmix64 ---- */

static u64 seed;

static u64 random_bits(void)
{
	u64 z = seed += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u64 below(u64 n) { return random_bits() % n; }
static bool one_in(u64 n) { return !below(n); }

/* ---- one machine per mode ---- */

static bool machine(int i)
{
	const struct vm_config config = { .engine = &engine_interp, .mem_size = 8 * MIB, .cpus = 1, .paging = modes[i].mode,
					  .page_max = modes[i].page_max, .cpu = cpu_model_find("x86-64-int-all") };

	vm[i] = vm_create(&config, &err);
	if (!vm[i])
		return false;
	frame_no f = frames_alloc(&vm[i]->frames, 8 * MIB / PAGE_SIZE_4K);
	/* A hole of the bus between the two, so that tables and pages may lie where nobody answers. */
	if (mem_slot_add(&vm[i]->mem, "ram", 0, 4 * MIB, f, 0, &err) < 0 ||
	    mem_slot_add(&vm[i]->mem, "rom", 5 * MIB, MIB, f + 5 * MIB / PAGE_SIZE_4K, SLOT_ROM, &err) < 0)
		return false;
	mem_set_a20(&vm[i]->mem, true);
	vm[i]->controls.exception_bitmap = 1u << VEC_PF | 1u << VEC_GP | 1u << VEC_UD | 1u << VEC_SS;
	return true;
}

/* ---- drawing a case ---- */

static void put(struct sample *s, u64 gpa, u64 value, u8 size)
{
	s->write[s->nwrites].gpa = gpa;
	s->write[s->nwrites].value = value;
	s->write[s->nwrites++].size = size;
}

/* An entry that allows nearly everything, with some of it taken away. */
static u64 random_entry(u64 address, bool leaf, bool wide)
{
	u64 e = address | PTE_P | PTE_W | PTE_U;

	if (one_in(12))
		e &= ~PTE_P;
	if (one_in(4))
		e &= ~PTE_W;
	if (one_in(3))
		e &= ~PTE_U;
	e |= one_in(2) ? PTE_A : 0;
	e |= one_in(2) ? PTE_D : 0;
	e |= leaf && one_in(2) ? PTE_G : 0;
	if (wide && one_in(6))
		e |= PTE_NX;
	if (one_in(24))
		e ^= 1ull << below(wide ? 64 : 32); /* reserved bits, another frame, anything */
	return e;
}

/* Where a table or page lies: nearly always in RAM. */
static u64 place(u64 usual)
{
	static const u64 odd[] = { 5 * MIB, 0x480000, 0xfee00000, 0x3ff000, TABLES };

	return one_in(40) ? odd[below(ARRAY_LEN(odd))] : usual;
}

static void tables(struct sample *s, u64 lin, u64 base, bool plain)
{
	bool wide = s->format != FORMAT_32;
	int levels = s->format == FORMAT_4LEVEL ? 4 : 2, bits = wide ? 9 : 10, bytes = wide ? 8 : 4;
	u64 table = base, target = plain ? CODE_GPA : place(DATA_GPA);
	u64 allowed = PTE_P | PTE_W | PTE_A | PTE_D | (s->user ? PTE_U : 0);

	if (s->format == FORMAT_PAE && !plain)
		s->state.pdpte[lin >> 30 & 3] = one_in(16) ? 0 : base | PTE_P;
	if (s->format == FORMAT_PAE && plain)
		s->state.pdpte[lin >> 30 & 3] = base | PTE_P;
	for (int level = levels; level >= 1; level--) {
		u64 gpa = table + (lin >> (12 + bits * (level - 1)) & ((1u << bits) - 1)) * (u64)bytes;
		u64 next = level == 1 ? target : plain ? table + 0x1000 : place(table + 0x1000);
		u64 e = plain ? next | allowed : random_entry(next, level == 1, wide);
		bool large = !plain && level > 1 && level < 4 && one_in(6);

		if (large)
			e = (e & (PTE_NX | 0xfff)) | PTE_PS | (one_in(8) ? next : 0);
		put(s, gpa, e, (u8)bytes);
		if (large)
			break;
		table = next;
	}
}

static void control_registers(struct sample *s)
{
	struct x86_state *st = &s->state;

	st->cr0[0] = CR0_PE | CR0_PG | CR0_ET | (one_in(2) ? CR0_WP : 0);
	st->cr3[0] = TABLES;
	st->cr4[0] = (s->format == FORMAT_32 ? (one_in(4) ? 0 : CR4_PSE) : CR4_PAE) | (one_in(2) ? CR4_SMEP : 0) |
		     (one_in(2) ? CR4_SMAP : 0) | (one_in(2) ? CR4_PGE : 0);
	st->efer[0] = (one_in(4) ? 0 : EFER_NXE) | (s->format == FORMAT_4LEVEL ? EFER_LME | EFER_LMA : 0);
	st->rflags[0] = 2 | (one_in(2) ? FLAG_AC : 0);
}

static void segments(struct sample *s)
{
	struct x86_state *st = &s->state;
	u32 dpl = s->user ? 3 : 0;

	for (int i = 0; i < 6; i++) {
		st->seg_base[i] = 0;
		st->seg_limit[i] = 0xffffffff;
		st->seg_sel[i] = (u16)(0x10 | dpl);
		st->seg_attr[i] = 0xc093 | dpl << 5;
	}
	st->seg_attr[SEG_CS] = (s->format == FORMAT_4LEVEL ? 0xa09b : 0xc09b) | dpl << 5;
}

static void draw(struct sample *s)
{
	static const u8 code[ACCESSES][3] = {
		{ 0x8b, 0x03, 0x90 }, { 0x89, 0x03, 0x90 }, { 0xff, 0xe3, 0x90 }, { 0xff, 0x03, 0x90 }, /* mov, mov, jmp, inc */
	};
	u64 bytes = 0;

	memset(s, 0, sizeof(*s));
	s->format = (enum format)below(FORMATS);
	s->access = (enum access)below(ACCESSES);
	s->user = one_in(2);
	x86_state_reset(&s->state, cpu_signature(vm[0]->cpu));
	control_registers(s);
	segments(s);
	s->code_lin = CODE;
	s->lin = s->format == FORMAT_4LEVEL ? 0x8080604000ull : s->format == FORMAT_PAE ? 0x80604000 : 0x80c04000;
	s->lin += one_in(8) ? 0xffe : 8 * below(500);
	if (s->format == FORMAT_PAE)
		memset(s->state.pdpte, 0, sizeof(s->state.pdpte));
	tables(s, CODE, TABLES, true);
	tables(s, s->lin, s->format == FORMAT_PAE ? TABLES + 0x8000 : TABLES, false);
	if (s->format != FORMAT_PAE) /* both walks begin in one root; from there on they have tables of their own */
		for (int i = 0; i < s->nwrites; i++)
			if (i >= (s->format == FORMAT_4LEVEL ? 4 : 2) && s->write[i].gpa >= TABLES + 0x1000 && s->write[i].gpa < TABLES + 0x8000)
				s->write[i].gpa += 0x8000;
	memcpy(&bytes, code[s->access], 3);
	put(s, CODE_GPA, bytes, 8);
	s->state.rip[0] = CODE;
	s->state.gpr[RBX] = s->lin;
	s->state.gpr[RAX] = 0x1122334455667788;
}

/* The second walk's entries were moved up by 8000h; those that lead there must say so. */
static void lead_to_own_tables(struct sample *s)
{
	int levels = s->format == FORMAT_4LEVEL ? 4 : 2;

	if (s->format == FORMAT_PAE)
		return;
	for (int i = levels; i < s->nwrites - 1; i++) {
		u64 frame = s->write[i].value & 0xff000;
		if (!(s->write[i].value & PTE_PS) && frame >= TABLES + 0x1000 && frame < TABLES + 0x8000)
			s->write[i].value += 0x8000;
	}
}

/* ---- executing it ---- */

static u64 execute(int i, const struct sample *s, struct x86_state *after)
{
	struct mem *m = &vm[i]->mem;
	static const u8 zeros[0x20000];

	mem_poke(m, 0x8000, zeros, sizeof(zeros));
	mem_poke(m, 5 * MIB, zeros, 0x1000);
	for (int w = 0; w < s->nwrites; w++)
		mem_poke(m, s->write[w].gpa, &s->write[w].value, s->write[w].size);
	if (vcpu_set(&vm[i]->vcpu[0], &s->state, ST_ALL, &err)) {
		memset(after, 0, sizeof(*after));
		return 0;
	}
	vm_run(vm[i], s->access == ACCESS_FETCH ? 2 : 1, &err);
	vcpu_get(&vm[i]->vcpu[0], after, ST_ALL);
	return mem_hash_guest(m, 0);
}

static bool compare(const struct sample *s, u64 number)
{
	struct x86_state first = { 0 }, other = { 0 };
	u64 hash = execute(0, s, &first);
	struct buf text = { 0 };
	bool same = true;

	for (int i = 1; i < MODES && same; i++) {
		u64 its = execute(i, s, &other);
		int differences = state_diff(&x86_state_layout, &first, &other, &text);

		same = !differences && its == hash;
		if (!same)
			printf("FAILED: case %llu: %s differs from none: memory %016llx and %016llx\n%s", (unsigned long long)number,
			       modes[i].name, (unsigned long long)hash, (unsigned long long)its, text.len ? buf_text(&text) : "");
	}
	buf_free(&text);
	return same;
}

int main(int argc, char **argv)
{
	u64 count = 20000, start = 1, passed = 0, failed = 0;
	static struct sample s;

	for (int i = 1; i + 1 < argc; i += 2)
		if (!parse_number(argv[i + 1], !strcmp(argv[i], "--count") ? &count : &start))
			return 2;
	for (int i = 0; i < MODES; i++)
		if (!machine(i)) {
			printf("FAILED: %s: %s\n0 passed, 1 failed\n", modes[i].name, err.text);
			return 1;
		}
	for (u64 n = 0; n < count && failed < 10; n++) {
		seed = start + n;
		draw(&s);
		lead_to_own_tables(&s);
		if (compare(&s, start + n))
			passed++;
		else
			failed++;
	}
	printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
	return failed != 0;
}
