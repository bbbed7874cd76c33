/* SPDX-License-Identifier: GPL-3.0-or-later
 * modes.c - the same guest page tables, the same access, in every paging mode: the same fault, error code, A and D bits;
 * and in 64-bit mode the same as the host's KVM.
 * Usage: modes [--count N] [--seed N] [--kvm HOW]   HOW: 0 not asked; 2 64-bit cases only, no mode but none and KVM
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
#include "tests/paging/modes.h"

static const struct { enum paging_mode mode; u64 page_max; bool unsync; const char *name; } modes[] = {
	{ PAGING_NONE, 0, false, "none" },
	{ PAGING_EPT, 4096, false, "ept, 4 KiB pages" },
	{ PAGING_EPT, 0, false, "ept, 2 MiB pages" },
	{ PAGING_SHADOW, 4096, false, "shadow, 4 KiB pages" },
	{ PAGING_SHADOW, 0, false, "shadow, 2 MiB pages" },
	{ PAGING_SHADOW, 0, true, "shadow, unsync" },
};
enum { MODES = ARRAY_LEN(modes) };
static struct vm *vm[MODES];
static struct err err;
static struct oracle *oracle;
static u64 kvm = 1; /* --kvm */

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
					  .page_max = modes[i].page_max, .shadow_unsync = modes[i].unsync,
					  .shadow_tables = SHADOW_TABLES_MIN, .check_paging = true,
					  .cpu = cpu_model_find("x86-64") };

	vm[i] = vm_create(&config, &err);
	if (!vm[i])
		return false;
	frame_no f = frames_alloc(vm[i]->frames, 8 * MIB / PAGE_SIZE_4K);
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
	bool wide = s->format != CASE_32;
	int levels = s->format == CASE_4LEVEL ? 4 : 2, bits = wide ? 9 : 10, bytes = wide ? 8 : 4;
	u64 table = base, target = plain ? CODE_GPA : place(DATA_GPA);
	u64 allowed = PTE_P | PTE_W | PTE_A | PTE_D | (s->user ? PTE_U : 0);

	if (s->format == CASE_PAE && !plain)
		s->state.pdpte[lin >> 30 & 3] = one_in(16) ? 0 : base | PTE_P;
	if (s->format == CASE_PAE && plain)
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
	st->cr4[0] = (s->format == CASE_32 ? (one_in(4) ? 0 : CR4_PSE) : CR4_PAE) | (one_in(2) ? CR4_SMEP : 0) |
		     (one_in(2) ? CR4_SMAP : 0) | (one_in(2) ? CR4_PGE : 0);
	st->efer[0] = (one_in(4) ? 0 : EFER_NXE) | (s->format == CASE_4LEVEL ? EFER_LME | EFER_LMA : 0);
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
	st->seg_attr[SEG_CS] = (s->format == CASE_4LEVEL ? 0xa09b : 0xc09b) | dpl << 5;
}

/* Gates, a task segment and descriptors for whoever takes the fault in 64-bit mode. */
static void kernel_page(struct sample *s)
{
	struct x86_state *st = &s->state;

	put(s, TABLES + 0x3000 + 8 * ((KERNEL >> 12) & 511), KERNEL_GPA | PTE_P | PTE_W | PTE_A | PTE_D, 8);
	st->idtr_base[0] = KERNEL;
	st->idtr_limit[0] = 16 * 16 - 1;
	st->gdtr_base[0] = KERNEL + GDT_AT;
	st->gdtr_limit[0] = 0x2f;
	st->seg_sel[SEG_TR] = 0x20;
	st->seg_base[SEG_TR] = KERNEL + TSS_AT;
	st->seg_limit[SEG_TR] = 103;
	st->seg_attr[SEG_TR] = 0x8b;
	st->gpr[RSP] = KERNEL + STACK_AT;
}

static void draw(struct sample *s)
{
	static const u8 code[ACCESSES][3] = {
		{ 0x8b, 0x03, 0xf4 }, { 0x89, 0x03, 0xf4 }, { 0xff, 0xe3, 0xf4 }, { 0xff, 0x03, 0xf4 }, /* mov, mov, jmp, inc; hlt */
	};
	u64 bytes = 0;

	memset(s, 0, sizeof(*s));
	s->format = kvm == 2 ? CASE_4LEVEL : (enum format)below(CASE_FORMATS);
	s->access = (enum access)below(ACCESSES);
	s->user = one_in(2);
	x86_state_reset(&s->state, cpu_signature(vm[0]->cpu));
	control_registers(s);
	segments(s);
	s->code_lin = CODE;
	s->lin = s->format == CASE_4LEVEL ? 0x8080604000ull : s->format == CASE_PAE ? 0x80604000 : 0x80c04000;
	s->lin += one_in(8) ? 0xffe : 8 * below(500);
	if (s->format == CASE_PAE)
		memset(s->state.pdpte, 0, sizeof(s->state.pdpte));
	tables(s, CODE, TABLES, true);
	tables(s, s->lin, s->format == CASE_PAE ? TABLES + 0x8000 : TABLES, false);
	if (s->format != CASE_PAE) /* both walks begin in one root; from there on they have tables of their own */
		for (int i = 0; i < s->nwrites; i++)
			if (i >= (s->format == CASE_4LEVEL ? 4 : 2) && s->write[i].gpa >= TABLES + 0x1000 && s->write[i].gpa < TABLES + 0x8000)
				s->write[i].gpa += 0x8000;
	if (s->format == CASE_4LEVEL)
		kernel_page(s);
	s->code_len = 2;
	memcpy(&bytes, code[s->access], 3);
	put(s, CODE_GPA, bytes, 8);
	s->state.rip[0] = CODE;
	s->state.gpr[RBX] = s->lin;
	s->state.gpr[RAX] = 0x1122334455667788;
}

/* The second walk's entries were moved up by 8000h; those that lead there must say so. */
static void lead_to_own_tables(struct sample *s)
{
	int levels = s->format == CASE_4LEVEL ? 4 : 2;

	if (s->format == CASE_PAE)
		return;
	for (int i = levels; i < s->nwrites; i++) {
		u64 frame = s->write[i].value & 0xff000;
		if (s->write[i].gpa >= TABLES && !(s->write[i].value & PTE_PS) && frame >= TABLES + 0x1000 && frame < TABLES + 0x8000)
			s->write[i].value += 0x8000;
	}
}

/* ---- executing it ---- */

/* What every case finds in memory before its own entries are written. */
static u8 scenery[USED_TO - USED_FROM];

static void gate(u8 *page, int vector)
{
	u64 target = KERNEL + HANDLERS_AT + 16 * (u64)vector;
	u64 low = (target & 0xffff) | 8 << 16 | 0x8e00ull << 32 | (target >> 16 & 0xffff) << 48;

	memcpy(page + 16 * vector, &low, 8);
	page[HANDLERS_AT + 16 * vector] = 0xf4; /* HLT */
}

static void make_scenery(void)
{
	static const u64 gdt[4] = { 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0 };
	u8 *page = scenery + KERNEL_GPA - USED_FROM;
	u64 stack = KERNEL + STACK_AT;

	memset(scenery + DATA_GPA - USED_FROM, 0xf4, 4096);
	memset(scenery + LARGE_GPA - USED_FROM, 0xf4, 4096);
	for (int i = 0; i < 16; i++)
		gate(page, i);
	memcpy(page + GDT_AT, gdt, sizeof(gdt));
	memcpy(page + TSS_AT + 4, &stack, 8);
}

/* All of memory now and then: what went astray stays there until then. */
static u64 digest(struct mem *m, u64 number)
{
	static u64 words[(USED_TO - USED_FROM) / 8];
	u64 sum = 1;

	if (number % 64 == 0)
		return mem_hash_guest(m, 0);
	mem_read(m, USED_FROM, words, sizeof(words));
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		sum = (sum ^ words[i]) * 0x100000001b3ull;
	return sum;
}

/* Pages that a case has changed become what they were. */
static void restore(struct mem *m)
{
	static const u8 zeros[0x1000];
	u8 page[0x1000];

	for (u32 at = 0; at < sizeof(scenery); at += sizeof(page)) {
		mem_read(m, USED_FROM + at, page, sizeof(page));
		if (memcmp(page, scenery + at, sizeof(page)))
			mem_poke(m, USED_FROM + at, scenery + at, sizeof(page));
	}
	mem_read(m, ROM_GPA, page, sizeof(page));
	if (memcmp(page, zeros, sizeof(page)))
		mem_poke(m, ROM_GPA, zeros, sizeof(zeros));
}

static u64 execute(int i, const struct sample *s, u64 number, struct x86_state *after)
{
	struct mem *m = &vm[i]->mem;

	restore(m);
	for (int w = 0; w < s->nwrites; w++)
		mem_poke(m, s->write[w].gpa, &s->write[w].value, s->write[w].size);
	if (vcpu_set(&vm[i]->vcpu[0], &s->state, ST_ALL, &err) ||
	    vm_run(vm[i], s->access == ACCESS_FETCH ? 2 : 1, &err) == STOP_ERROR) {
		printf("%s: %s\n", modes[i].name, err.text);
		memset(after, 0, sizeof(*after));
		return 0;
	}
	vcpu_get(&vm[i]->vcpu[0], after, ST_ALL);
	return digest(m, number);
}

/* ---- KVM ---- */

static struct { const char *why; u64 count; } skips[16];
static u64 skipped, agreed;

static bool skip(const char *why)
{
	size_t i = 0;

	while (i < ARRAY_LEN(skips) - 1 && skips[i].why && strcmp(skips[i].why, why))
		i++;
	skips[i].why = why;
	skips[i].count++;
	skipped++;
	return true;
}

/* The fault was delivered: the processor is at its gate's code.  A user's HLT in the page that it jumped to is none. */
static struct came came_of(const struct sample *s, const struct x86_state *after)
{
	u64 handler = after->rip[0] - KERNEL - HANDLERS_AT, stack[2] = { 0 }; /* error code, RIP */
	bool fault = handler < 16 * 16;

	if (fault && handler / 16 >= 8)
		mem_read(&vm[0]->mem, KERNEL_GPA + (after->gpr[RSP] - KERNEL), stack, sizeof(stack));
	if (handler / 16 == VEC_GP && s->user && s->access == ACCESS_FETCH && stack[1] == s->lin)
		fault = false;
	return (struct came){ fault ? (int)(handler / 16) : -1, (u32)stack[0], after->cr2[0] };
}

/* Page tables and everything else, but for the page whose stack KVM has used. */
static bool same_memory(struct mem *m, const u8 *theirs)
{
	static u8 own[USED_TO - USED_FROM];
	u32 kernel = KERNEL_GPA - USED_FROM;

	mem_read(m, USED_FROM, own, sizeof(own)); /* entries in ROM change in neither */
	return !memcmp(own, theirs + USED_FROM, kernel) &&
	       !memcmp(own + kernel + 4096, theirs + KERNEL_GPA + 4096, USED_TO - KERNEL_GPA - 4096);
}

static bool is_memory(u64 gpa) { return gpa < 4 * MIB || (gpa >= ROM_GPA && gpa < 6 * MIB); }

/* Those of the access: behind the four of the code. */
static bool is_entry(const struct sample *s, int w)
{
	return w >= 4 && s->write[w].gpa != CODE_GPA && s->write[w].gpa != TABLES + 0x3008;
}

static const char *no_case_for_kvm(const struct sample *s)
{
	if (s->format != CASE_4LEVEL)
		return "the oracle's scene is 64-bit mode";
	for (int i = 0; i < s->nwrites; i++)
		if (is_entry(s, i) && s->write[i].value & PTE_P && (s->access == ACCESS_FETCH || !(s->write[i].value & PTE_PS)) &&
		    !is_memory(s->write[i].value & 0x000ffffffffff000ull & ((1ull << 40) - 1)))
			return "what is read where nobody answers is up to the machine";
	for (int i = 0; i < s->nwrites; i++)
		if (s->write[i].gpa >= ROM_GPA)
			return "KVM gives up walks through tables in ROM, whose A bits it cannot set";
	for (int i = 0; i < s->nwrites && !oracle_has_1g(oracle); i++)
		if ((s->write[i].gpa & PAGE_MASK_4K) == 8 * (s->lin >> 30 & 511) && s->write[i].value & PTE_PS)
			return "this KVM has no 1 GiB pages";
	return NULL;
}

/* Every entry: as it was, ours now, KVM's now. */
static void tell_entries(const struct sample *s, const u8 *mem)
{
	for (int w = 0; w < s->nwrites; w++) {
		u64 own = 0, theirs = 0;

		mem_read(&vm[0]->mem, s->write[w].gpa, &own, s->write[w].size);
		if (s->write[w].gpa + 8 <= 4 * MIB)
			memcpy(&theirs, mem + s->write[w].gpa, s->write[w].size);
		printf("    %llx: %llx, ours %llx, KVM %llx\n", (unsigned long long)s->write[w].gpa,
		       (unsigned long long)s->write[w].value, (unsigned long long)own, (unsigned long long)theirs);
	}
	printf("    %s access %d at %llx, cr0 %llx cr4 %llx efer %llx flags %llx\n", s->user ? "user" : "kernel", s->access,
	       (unsigned long long)s->lin, (unsigned long long)s->state.cr0[0], (unsigned long long)s->state.cr4[0],
	       (unsigned long long)s->state.efer[0], (unsigned long long)s->state.rflags[0]);
}

/* The jump itself was made, without a page fault of its own. */
static bool arrived(const struct sample *s, struct came c)
{
	return s->access == ACCESS_FETCH && !(c.vector == VEC_PF && c.cr2 == s->lin);
}

/* Both have jumped to bytes that are no HLT (a page that an odd entry shows: what earlier cases have stored there, of which
 * KVM has seen only some), and what these do is no matter of page tables. */
static bool went_astray(const struct sample *s, const struct x86_state *after, struct came own, struct came theirs)
{
	bool in_page = own.vector < 0 && (s->user || after->activity[0] == ACT_HALTED);

	return arrived(s, own) && arrived(s, theirs) && !in_page;
}

/* after: ours. */
static bool compare_kvm(const struct sample *s, const struct x86_state *after, u64 number)
{
	const char *why = no_case_for_kvm(s);
	struct came own = came_of(s, after), theirs = { 0 };
	u8 *mem = oracle_memory(oracle);

	if (why)
		return skip(why);
	if ((s->lin & PAGE_MASK_4K) == 0xffe)
		return skip("of two pages, which faults first is up to the processor");
	memcpy(mem + USED_FROM, scenery, sizeof(scenery));
	memset(mem + ROM_GPA, 0, 0x1000);
	for (int w = 0; w < s->nwrites; w++)
		if (s->write[w].gpa + 8 <= 4 * MIB || (s->write[w].gpa >= ROM_GPA && s->write[w].gpa + 8 <= 6 * MIB))
			memcpy(mem + s->write[w].gpa, &s->write[w].value, s->write[w].size);
	why = oracle_run(oracle, s, &theirs);
	if (why)
		return skip(why);
	if (went_astray(s, after, own, theirs))
		return skip("the guest jumped to bytes that are no HLT");
	for (int w = 0; w < s->nwrites && own.vector >= 0; w++) /* a walk that fails may set A bits or not */
		if (is_entry(s, w) && s->write[w].gpa < 4 * MIB)
			mem[s->write[w].gpa] = (u8)((mem[s->write[w].gpa] & ~PTE_A) | (s->write[w].value & PTE_A));
	if (own.vector == theirs.vector && own.error == theirs.error && (own.vector != VEC_PF || own.cr2 == theirs.cr2) &&
	    same_memory(&vm[0]->mem, mem))
		return ++agreed;
	printf("FAILED: case %llu: KVM vector %d error %x cr2 %llx, ours %d %x %llx; memory %s\n", (unsigned long long)number,
	       theirs.vector, theirs.error, (unsigned long long)theirs.cr2, own.vector, own.error, (unsigned long long)own.cr2,
	       same_memory(&vm[0]->mem, mem) ? "the same" : "differs");
	tell_entries(s, mem);
	return false;
}

/* ---- comparing ---- */

static bool same_as_first(int i, const struct sample *s, const struct x86_state *first, u64 hash, u64 number)
{
	struct x86_state other = { 0 };
	u64 its = execute(i, s, number, &other);
	struct buf text = { 0 };
	bool same = !state_diff(&x86_state_layout, first, &other, &text) && its == hash;

	if (!same && !its)
		printf("FAILED: case %llu: %s: the machine stopped\n", (unsigned long long)number, modes[i].name);
	else if (!same)
		printf("FAILED: case %llu: %s differs from none: memory %016llx and %016llx\n%s", (unsigned long long)number,
		       modes[i].name, (unsigned long long)hash, (unsigned long long)its, text.len ? buf_text(&text) : "");
	buf_free(&text);
	return same;
}

/* Every machine executes every case, so that their memories stay the same. */
static bool compare(const struct sample *s, u64 number)
{
	struct x86_state first = { 0 };
	u64 hash = execute(0, s, number, &first);
	bool same = !oracle || compare_kvm(s, &first, number);

	for (int i = 1; i < MODES && kvm != 2; i++)
		same &= same_as_first(i, s, &first, hash, number);
	return same;
}

static void report_kvm(void)
{
	printf("KVM agrees in %llu cases\n", (unsigned long long)agreed);
	for (size_t i = 0; i < ARRAY_LEN(skips) && skips[i].why; i++)
		printf("skipped: KVM: %llu cases: %s\n", (unsigned long long)skips[i].count, skips[i].why);
}

int main(int argc, char **argv)
{
	u64 count = 20000, start = 1, passed = 0, failed = 0;
	static struct sample s;

	for (int i = 1; i + 1 < argc; i += 2)
		if (!parse_number(argv[i + 1], !strcmp(argv[i], "--count") ? &count : !strcmp(argv[i], "--kvm") ? &kvm : &start))
			return 2;
	for (int i = 0; i < MODES; i++)
		if (!machine(i)) {
			printf("FAILED: %s: %s\n0 passed, 1 failed\n", modes[i].name, err.text);
			return 1;
		}
	make_scenery();
	oracle = kvm ? oracle_open(&err) : NULL;
	if (!oracle)
		skip(kvm ? err.text : "not asked");
	for (u64 n = 0; n < count && failed < 10; n++) {
		seed = start + n;
		draw(&s);
		lead_to_own_tables(&s);
		failed += !compare(&s, start + n);
		passed = kvm == 2 ? agreed : n + 1 - failed;
	}
	report_kvm();
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)passed, (unsigned long long)failed,
	       (unsigned long long)skipped);
	return failed != 0;
}
