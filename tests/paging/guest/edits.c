/* SPDX-License-Identifier: GPL-3.0-or-later
 * edits.c - page tables that are edited at random, and accesses through them, STEPS times; in FORMAT (enum format).
 * Rule: every entry leads into the arena, 8 to 16 MiB, in which nothing matters to the kernel; so whatever is written
 * through whatever mapping, the kernel goes on.
 *
 * Tables lead to tables of any level, to themselves, to pages that are tables, too; stores through the mappings
 * change entries; there are four roots (outside of the arena) between which CR3 changes.  STRICT: the guest flushes as
 * the manual wants it before it uses what it has changed, so every machine must come to the same sum.  Otherwise it
 * flushes when it likes, and only a checker can say whether the machine still does well.
 */
#include "machine.h"

enum { ARENA_PAGES = 2048, TABLES = 48, ROOTS = 4, REPORTS = 16 };
#define ARENA 0x800000u
static u8 roots[ROOTS][4096] __attribute__((aligned(4096)));
static struct place place;
static struct features on;
static u32 root, sum, cases; /* cases: edits and accesses, not flushes and the like */
static bool stale, wp, smep, smap, nxe;

/* ---- chance: xorshift (Marsaglia 2003) ---- */

static u32 random_state = SEED;

static u32 random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static u32 below(u32 n) { return random_bits() % n; }
static bool one_in(u32 n) { return below(n) == 0; }
static void mix(u32 value) { sum = (sum ^ value) * 16777619u; }

/* ---- tables ---- */

static u8 *page(u32 n) { return (u8 *)(word)(ARENA + n * 4096); }
static bool is_narrow(void) { return FORMAT == FORMAT_32; }

/* What a user, and the kernel, execute in any page: at the end, where no entry is used. */
static void make_arena(void)
{
	for (u32 n = 0; n < ARENA_PAGES; n++) {
		for (u32 i = 0; i < 1024; i++)
			((volatile u32 *)page(n))[i] = 0;
		*(volatile u32 *)(page(n) + 0xff0) = WIDE ? 0x050f : 0x80cd;
		*(volatile u32 *)(page(n) + 0xff8) = 0xf4c3;
	}
}

/* Tables 0 to 7 are mostly of the third level, 8 to 15 directories, the others page tables; so there are some of one level
 * only, and some of several. */
static u32 target(u32 table)
{
	if (one_in(16))
		return one_in(3) ? below(TABLES) : below(ARENA_PAGES);
	if (table < 8)
		return 8 + below(8);
	return table < 16 ? 16 + below(TABLES - 16) : below(ARENA_PAGES);
}

static u64 random_entry(u32 table)
{
	u64 e = ARENA + 4096 * target(table);

	if (one_in(16))
		e = (ARENA + (below(4) << (is_narrow() ? 22 : 21) & 0x7fffff)) | PS;
	e |= (one_in(10) ? 0 : P) | (one_in(4) ? 0 : W) | (one_in(3) ? 0 : U) | (one_in(2) ? A : 0) | (one_in(2) ? D : 0);
	if (!is_narrow() && one_in(8))
		e |= NX;
	if (!is_narrow() && one_in(64))
		e |= 1ull << 51;
	return e;
}

static void put(u8 *table, u32 index, u64 value)
{
	if (is_narrow())
		((volatile u32 *)table)[index] = (u32)value;
	else
		((volatile u64 *)table)[index] = value;
}

/* Entries of a root that the kernel does not need. */
static u32 root_index(void) { return FORMAT == FORMAT_32 ? 514 + below(4) : FORMAT == FORMAT_PAE ? 2 + below(2) : 1 + below(3); }

static u64 root_entry(void)
{
	u64 present = one_in(8) ? 0 : P;

	if (FORMAT == FORMAT_4LEVEL)
		return (ARENA + 4096 * below(8)) | W | U | present;
	if (FORMAT == FORMAT_PAE)
		return (ARENA + 4096 * (8 + below(8))) | present;
	return random_entry(8);
}

static void edit_root(void)
{
	put(roots[below(ROOTS)], root_index(), root_entry());
}

/* Another entry, or one bit of it only: the same page with other rights is what kernels do most. */
static void edit_table(u32 table)
{
	static const u64 bits[] = { P, W, U, A, D, NX };
	u32 index = below(16);
	u64 flip = bits[below(is_narrow() ? 5 : 6)];
	u64 old = is_narrow() ? ((volatile u32 *)page(table))[index] : ((volatile u64 *)page(table))[index];

	if (one_in(2) || !(old & 0xfffff000)) /* the frame of an empty entry is no page of the arena */
		put(page(table), index, random_entry(table));
	else if (is_narrow())
		((volatile u32 *)page(table))[index] ^= (u32)flip;
	else
		((volatile u64 *)page(table))[index] ^= flip;
}

static void edit(void)
{
	stale = true;
	if (one_in(6))
		edit_root();
	else
		edit_table(below(TABLES));
}

static void make_roots(void)
{
	const u64 *kernel = machine_root();

	for (u32 n = 0; n < ROOTS; n++)
		for (u32 i = 0; i < 512; i++)
			if (kernel[i] && !(FORMAT == FORMAT_32 && i >= 256))
				((volatile u64 *)roots[n])[i] = kernel[i];
	for (u32 n = 0; FORMAT == FORMAT_PAE && n < ROOTS; n++)
		put(roots[n], 2, ARENA | P);
	for (u32 i = 0; i < 4096; i++)
		edit();
}

/* ---- accesses ---- */

/* The same places of every level are used again and again; entries below 16 only, so that edits meet them. */
static word random_lin(void)
{
	if (FORMAT == FORMAT_32)
		return (514ul + below(4)) << 22 | below(16) << 12;
	if (FORMAT == FORMAT_PAE)
		return (2ul + below(2)) << 30 | below(8) << 21 | below(16) << 12;
	return (word)((u64)(1 + below(3)) << 39 | (u64)below(4) << 30 | below(8) << 21 | below(16) << 12);
}

static void access_one(void)
{
	enum how how = (enum how)below(3);
	bool user = one_in(2), ac = one_in(4);
	word lin = random_lin();

	if (STRICT && stale) {
		machine_reload();
		stale = false;
	}
	frame_value = (u32)random_entry(below(TABLES));
	machine_access(how, user, lin + (how != HOW_FETCH ? 0 : user ? 0xff0 : 0xff8), ac);
	stale |= how == HOW_WRITE && !outcome.vector; /* it may have been a table */
	if (!STRICT)
		return;
	mix((u32)outcome.vector);
	mix((u32)outcome.error | (outcome.error & 8 ? 1 : 0)); /* QEMU's lacks P */
	mix(outcome.vector ? (u32)outcome.address : how == HOW_READ ? (u32)outcome.value & ~(u32)(A | D) : 0);
}

static void change_control(void)
{
	wp = one_in(2);
	smep = on.smep && one_in(2);
	smap = on.smap && one_in(2);
	nxe = on.nx && !one_in(4);
	machine_control(wp ? CR0_WP : 0, (smep ? CR4_SMEP : 0) | (smap ? CR4_SMAP : 0) | (is_narrow() ? CR4_PSE : 0), nxe);
	stale = false;
}

static void step(void)
{
	u32 what = below(64);

	cases += what < 58;
	if (what < 20) {
		edit();
	} else if (what < 58) {
		access_one();
	} else if (what < 60) {
		machine_invlpg(random_lin());
	} else if (what == 60) {
		machine_reload();
		stale = false;
	} else if (what < 63 || !one_in(8)) {
		root = below(ROOTS);
		machine_set_root(roots[root]);
		stale = false;
	} else {
		change_control();
	}
}

void main(void)
{
	machine_start();
	machine_format((enum format)FORMAT, &place);
	on = features;
	make_arena();
	make_roots();
	machine_set_root(roots[0]);
	change_control();
	for (u32 report = 0; report < REPORTS; report++) {
		cases = 0;
		for (u32 i = 0; i < STEPS / REPORTS; i++)
			step();
		put_text("edits after ");
		put_number((report + 1) * (STEPS / REPORTS));
		put_text(": ");
		put_number(cases);
		put_text(" cases, sum ");
		put_hex(sum);
		put_text("\n");
	}
	put_text("done\n");
	machine_off();
}
