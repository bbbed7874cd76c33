/* SPDX-License-Identifier: GPL-3.0-or-later
 * hostile.c - page tables that no sane kernel makes, one kind after the other; every access ends as a walk by the manual
 * ends, and the machine goes on.
 * Rule: what comes out is printed, and is the same in every machine, but for tables that lie where no memory is: what is
 * read there is up to the machine, and STRANGE leaves such kinds out.
 */
#include "machine.h"

static struct place place;
static bool narrow;
static u32 sum = 1, number;

static void mix(u32 value) { sum = (sum ^ value) * 16777619u; }

/* Reads, writes and executes as kernel and user, after everything that was cached is dropped. */
static void use(word lin)
{
	for (int how = 0; how < HOWS; how++)
		for (int user = 0; user < 2; user++) {
			frames_prepare((enum how)how, user, 0x1000);
			machine_reload();
			machine_access((enum how)how, user, lin, false);
			mix((u32)outcome.vector);
			mix(outcome.vector ? (u32)outcome.error | (outcome.error & 8 ? 1 : 0) : 0);
			if (outcome.vector == 14 && how < HOW_SYSTEM_READ)
				mix((u32)outcome.address);
		}
}

static void open_all(void)
{
	for (int level = 1; level <= place.levels; level++)
		entry_put(&place, level, place.next[level] | P | W | U);
}

static void report(const char *kind)
{
	put_text(narrow ? "32-bit " : place.levels == 4 ? "4-level " : "PAE ");
	put_number(++number);
	put_text(", ");
	put_text(kind);
	put_text(": 10 cases, sum ");
	put_hex(sum);
	put_text("\n");
	sum = 1;
	open_all();
}

/* Where the linear address comes to through the entry at that level alone, again and again. */
static void self_maps(void)
{
	static const char *const names[] = { "", "a page table that maps itself", "a directory in itself", "a third level in itself",
					     "a root in itself" };

	for (int level = 1; level <= place.levels; level++) {
		u64 table = (word)place.entry[level] & ~0xfffull;
		entry_put(&place, level, table | P | W | U);
		if (level == 1) { /* and is changed through itself: reading and writing are harmless there */
			machine_reload();
			machine_access(HOW_READ, true, place.lin, false);
			mix((u32)outcome.vector);
			machine_access(HOW_WRITE, true, place.lin, false);
			mix((u32)outcome.vector);
			machine_access(HOW_READ, true, place.lin, false);
			mix((u32)outcome.vector);
		} else {
			machine_reload();
			machine_access(HOW_READ, false, place.lin, false);
			mix((u32)outcome.vector);
			mix((u32)outcome.error);
		}
		report(names[level]);
	}
}

/* The entries of two levels lead to each other's tables. */
static void loops(void)
{
	if (place.levels < 4)
		return;
	entry_put(&place, 2, ((word)place.entry[3] & ~0xfffull) | P | W | U);
	machine_reload();
	machine_access(HOW_READ, false, place.lin, false);
	mix((u32)outcome.vector);
	mix((u32)outcome.error);
	report("levels 2 and 3 in a loop");
}

static void all_ones(void)
{
	for (int level = place.levels; level; level--) {
		if (narrow && level == 1 && !STRANGE)
			continue; /* it maps the last page below 4 GiB */
		entry_put(&place, level, ~0ull);
		use(place.lin);
		report("an entry of all ones");
	}
}

/* Tables and pages at these addresses: the local APIC, the video memory's hole, the BIOS, beyond all memory, the end of what
 * an entry can name. */
static void strange_places(void)
{
	static const u64 at[] = { 0xfee00000, 0xfec00000, 0xa0000, 0xf0000, 0xfffff000, 0x8000000, 0xfffffff000 };

	for (u32 i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		for (int level = place.levels; level; level--) {
			entry_put(&place, level, at[i] | P | U | (i & 1 ? W : 0));
			machine_reload();
			for (int how = HOW_READ; how <= (level == 1 ? HOW_READ : HOW_FETCH); how++)
				for (int user = 0; user < 2; user++)
					machine_access((enum how)how, user, place.lin, false);
			report("a table or page at a strange place");
		}
}

/* A user writes the entry that makes the page the user's: all through one mapping of the page table. */
static void writable_by_users(void)
{
	u32 vectors = 0;

	entry_put(&place, 1, ((word)place.entry[1] & ~0xfffull) | P | W | U | A | D);
	machine_reload();
	for (u32 i = 0; i < 64; i++) {
		frame_value = (u32)(place.next[1] | P | (i & 1 ? U : 0) | (i & 2 ? W : 0));
		machine_access(HOW_WRITE, true, place.lin, false); /* entry 3 or 6 of the table, AT_WRITE bytes in */
		vectors = vectors * 3 + (u32)outcome.vector;
		machine_invlpg((place.lin & ~0xffful) - 2 * 0x1000);
		machine_invlpg((place.lin & ~0xffful) + 0x1000);
		machine_access(HOW_READ, i & 4, (place.lin & ~0xffful) - 2 * 0x1000, false);
		vectors = vectors * 3 + (u32)outcome.vector + (u32)outcome.error;
		machine_access(HOW_WRITE, i & 4, (place.lin & ~0xffful) + 0x1000, false);
		vectors = vectors * 3 + (u32)outcome.vector + (u32)outcome.error;
	}
	mix(vectors);
	report("a table that users can write");
}

static void format(enum format f)
{
	narrow = f == FORMAT_32;
	machine_format(f, &place);
	machine_control(CR0_WP, f == FORMAT_32 ? CR4_PSE : 0, features.nx);
	self_maps();
	loops();
	all_ones();
	writable_by_users();
	if (STRANGE)
		strange_places();
}

void main(void)
{
	machine_start();
	if (WIDE) {
		format(FORMAT_4LEVEL);
	} else {
		format(FORMAT_32);
		format(FORMAT_PAE);
	}
	put_text("done\n");
	machine_off();
}
