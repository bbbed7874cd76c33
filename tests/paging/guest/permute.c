/* SPDX-License-Identifier: GPL-3.0-or-later
 * permute.c - all combinations of what page tables, control registers and accesses may be; what came of each goes into
 * a sum, and the sums are printed.
 * Rule: the sums of two machines are equal if every fault, error code, CR2, value read and page written was, and the
 * accessed and dirty bits of every access that was made.  Whether a walk that ends in a fault sets accessed bits on its
 * way is up to the processor (SDM 3A 4.8): that is a sum of its own, the last of a line.
 *
 * Two groups of cases: "rights", where every level has every combination of W, U and NX; "bits", where every level has
 * every combination of P, PS, A, D and reserved bits, as far as the walk gets.  STRIDE: only every so many-th case.
 * SHOW_FIRST, SHOW_LAST: the numbers of cases to be printed one by one, when two sums differ.  LENIENT: what the machine
 * compared with is known to do otherwise than the manual:
 */
#include "machine.h"

enum lenient {
	LENIENT_RESERVED = 1, /* the error code of a reserved bit lacks P (SDM 3A 4.7): QEMU */
	LENIENT_IMPLICIT = 2, /* with EFLAGS.AC, implicit accesses pass SMAP, too (SDM 3A 4.6.1: never): QEMU, Bochs */
};
enum { RESERVED_KINDS = 3 };
struct sums { u32 cases, faults, way; };
struct control { bool wp, smep, smap, ac, nxe, pse; };
struct run {
	enum format format;
	struct place place;
	struct control control;
	struct sums sums;
	u64 entry[5];
};
static u32 case_number, strided;

static void mix(u32 *sum, u64 value)
{
	*sum = (*sum ^ (u32)value) * 16777619u; /* FNV-1a, by words */
	*sum = (*sum ^ (u32)(value >> 32)) * 16777619u;
}

/* ---- one case ---- */

static void show(const struct run *r, enum how how, bool user)
{
	put_text("case ");
	put_number(case_number);
	put_text(" how ");
	put_number((u32)how);
	put_text(user ? " user:" : " kernel:");
	for (int level = r->place.levels; level; level--) {
		put_text(" ");
		put_hex((u32)(r->entry[level] >> 32));
		put_hex((u32)r->entry[level]);
		put_text(">");
		put_hex((u32)entry_get(&r->place, level));
	}
	put_text(" vector ");
	put_number((u32)outcome.vector);
	put_text(" error ");
	put_hex((u32)outcome.error);
	put_text(" address ");
	put_hex((u32)outcome.address);
	put_text(" value ");
	put_hex((u32)outcome.value);
	put_text("\n");
}

/* How much of a descriptor is written to set its accessed bit is up to the processor: so is the end of CR2. */
static void sum_up(struct run *r, enum how how)
{
	u32 *bits = outcome.vector ? &r->sums.way : &r->sums.faults;

	r->sums.cases++;
	if ((LENIENT & LENIENT_IMPLICIT) && r->control.smap && r->control.ac && how >= HOW_SYSTEM_READ)
		return;
	mix(&r->sums.faults, outcome.vector);
	mix(&r->sums.faults, outcome.error | ((LENIENT & LENIENT_RESERVED) && (outcome.error & 8) ? 1 : 0));
	mix(&r->sums.faults, !outcome.vector ? outcome.value : how >= HOW_SYSTEM_READ ? outcome.address & ~7ul : outcome.address);
	for (u32 i = 0; i < FRAMES; i++) {
		mix(&r->sums.faults, *(volatile u32 *)(frame[i] + AT_WRITE));
		mix(&r->sums.faults, *(volatile u32 *)(frame[i] + AT_DESCRIPTOR + 4));
	}
	for (int level = 1; level <= r->place.levels; level++)
		mix(bits, entry_get(&r->place, level));
}

static void try_one(struct run *r, enum how how, bool user)
{
	case_number++;
	if (++strided < STRIDE)
		return;
	strided = 0;
	for (int level = 1; level <= r->place.levels; level++)
		entry_put(&r->place, level, r->entry[level]);
	frames_prepare(how, user, case_number);
	machine_invlpg(r->place.lin);
	machine_access(how, user, r->place.lin, r->control.ac);
	sum_up(r, how);
	if (case_number >= SHOW_FIRST && case_number <= SHOW_LAST)
		show(r, how, user);
}

static void try_all_accesses(struct run *r)
{
	for (int how = 0; how < HOWS; how++) {
		try_one(r, (enum how)how, false);
		try_one(r, (enum how)how, true);
	}
}

/* ---- the groups ---- */

/* Every level has every combination of W, U, NX. */
static void rights(struct run *r, int level)
{
	u32 n = r->format == FORMAT_32 ? 4 : 8;

	if (!level) {
		try_all_accesses(r);
		return;
	}
	for (u32 i = 0; i < n; i++) {
		r->entry[level] = r->place.next[level] | P | (i & 1 ? W : 0) | (i & 2 ? U : 0) | (i & 4 ? NX : 0);
		rights(r, level - 1);
	}
}

/* Reserved in this entry, or ignored: SDM 3A tables 4-4 to 4-20. */
static u64 reserved_bit(const struct run *r, int level, u32 kind, bool large)
{
	if (!kind)
		return 0;
	if (r->format == FORMAT_32)
		return large && level == 2 && kind == 1 ? 1u << 21 : kind == 2 ? 1u << 9 : 0; /* bit 9 is ignored */
	if (kind == 1)
		return 1ull << 51;
	return large && level > 1 ? 1u << 13 : 1ull << 52;
}

/* Every level has every combination of P, PS, A, D and reserved bits.  Where the walk ends, what lies below is open. */
static void bits(struct run *r, int level)
{
	for (u32 i = 0; i < 16 * RESERVED_KINDS; i++) {
		bool present = i & 1, large = i & 2;
		u64 to = large && level > 1 ? r->place.large[level] : r->place.next[level];

		r->entry[level] = to | W | U | (present ? P : 0) | (large ? PS : 0) | (i & 4 ? A : 0) | (i & 8 ? D : 0) |
				  reserved_bit(r, level, i / 16, large);
		if (level > 1 && present && !large && i < 16) {
			bits(r, level - 1);
			continue;
		}
		for (int below = level - 1; below; below--)
			r->entry[below] = r->place.next[below] | P | W | U;
		try_all_accesses(r);
	}
}

/* ---- all of it ---- */

static void put_flag(const char *name, bool on)
{
	put_text(" ");
	put_text(name);
	put_text(on ? "=1" : "=0");
}

static void report(const struct run *r, const char *group)
{
	static const char *const names[] = { "32-bit", "PAE", "4-level" };

	put_text(names[r->format]);
	put_text(" ");
	put_text(group);
	put_flag("wp", r->control.wp);
	put_flag("smep", r->control.smep);
	put_flag("smap", r->control.smap);
	put_flag("ac", r->control.ac);
	put_flag(r->format == FORMAT_32 ? "pse" : "nxe", r->format == FORMAT_32 ? r->control.pse : r->control.nxe);
	put_text(": ");
	put_number(r->sums.cases);
	put_text(" cases, faults ");
	put_hex(r->sums.faults);
	put_text(", bits on the way to a fault ");
	put_hex(r->sums.way);
	put_text("\n");
}

static void begin(struct run *r)
{
	r->sums = (struct sums){ 0 };
	strided = 0; /* a machine with fewer features has the same cases */
}

static void groups(struct run *r)
{
	machine_control(r->control.wp ? CR0_WP : 0, (r->control.smep ? CR4_SMEP : 0) | (r->control.smap ? CR4_SMAP : 0) |
			(r->control.pse ? CR4_PSE : 0), r->control.nxe);
	begin(r);
	rights(r, r->place.levels);
	report(r, "rights");
	begin(r);
	bits(r, r->place.levels);
	report(r, "bits");
}

/* Each control bit that the processor has, on and off. */
static void controls(enum format f)
{
	struct run r = { .format = f };

	machine_format(f, &r.place);
	for (u32 i = 0; i < 32; i++) {
		bool last = i & 16;

		r.control = (struct control){ .wp = i & 1, .smep = i & 2, .smap = i & 4, .ac = i & 8 };
		if (f == FORMAT_32)
			r.control.pse = last;
		else
			r.control.nxe = last;
		if ((r.control.smep && !features.smep) || (r.control.smap && !features.smap) || (r.control.nxe && !features.nx))
			continue;
		groups(&r);
	}
}

/* PAE's four pointers are registers: absent, or with reserved bits, which MOV CR3 refuses (SDM 3A 4.4.1). */
static void absent_pointer(void)
{
	struct run r = { .format = FORMAT_PAE };

	machine_format(FORMAT_PAE, &r.place);
	*r.place.pointer &= ~P;
	r.place.levels = 0; /* no entry is reached */
	machine_control(0, 0, features.nx);
	try_all_accesses(&r);
	report(&r, "pointer");
}

void main(void)
{
	machine_start();
	put_flag("smep", features.smep);
	put_flag("smap", features.smap);
	put_flag("nx", features.nx);
	put_flag("page1g", features.page1g);
	put_text("\n");
	if (WIDE) {
		controls(FORMAT_4LEVEL);
	} else {
		controls(FORMAT_32);
		controls(FORMAT_PAE);
		absent_pointer();
	}
	put_text("done\n");
	machine_off();
}
