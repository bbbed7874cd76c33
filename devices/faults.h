/* SPDX-License-Identifier: GPL-3.0-or-later
 * faults.h - what the debugger has broken: sectors of disks, the network's cable.
 * Rule: it is state of the machine, so snapshots, hashes and going back in time know of it; broken things come in by
 * INPUT_FAULT alone.
 */
#ifndef VITRINE_DEVICES_FAULTS_H
#define VITRINE_DEVICES_FAULTS_H

#include "core/device.h"

enum { FAULTS = 8 };
enum fault_kind {
	FAULT_NONE,
	FAULT_EIO,  /* the access fails, and nothing is done */
	FAULT_TORN, /* of a write the second half is lost, and nobody is told */
	FAULT_FLIP, /* of what is read one bit is wrong, the same one each time */
	FAULT_KINDS
};

#define FAULTS_STATE(F, S) \
	F(S, u8, kind, FAULTS, 0, DEC, "broken sectors: 0 none, 1 I/O error, 2 torn writes, 3 a wrong bit") \
	F(S, u8, disk, FAULTS, 0, DEC, "of which disk of the machine") \
	F(S, u64, first, FAULTS, 0, DEC, "first sector") \
	F(S, u64, count, FAULTS, 0, DEC, "how many") \
	F(S, u64, seed, FAULTS, 0, HEX, "chooses the wrong bit") \
	F(S, u64, hits, 1, 0, DEC, "accesses that were spoilt") \
	F(S, u8, link_down, 1, 0, BOOL, "no frame passes the network's cable") \
	F(S, u64, link_until, 1, 0, DEC, "until this time in ns; 0 = for good") \
	F(S, u32, link_every, 1, 0, DEC, "of so many frames one passes; 0 = all") \
	F(S, u64, slow_until, 1, 0, DEC, "until this time in ns; 0 = for good") \
	F(S, u32, frames, 1, 0, DEC, "frames since then")
STATE(faults_state, 1, FAULTS_STATE);

struct faults {
	struct device dev; /* first: a struct device * of this class is a struct faults * */
	struct faults_state s;
};

extern const struct device_class faults_class;

/* What arrives by INPUT_FAULT. */
enum fault_what { FAULT_DISK, FAULT_DISK_OK, FAULT_LINK_DOWN, FAULT_LINK_UP, FAULT_LINK_SLOW, FAULT_BIT /* `first`: gpa, `count`: bit */ };
struct fault_order {
	u8 what, disk, kind, reserved;
	u32 every;
	u64 first, count, seed;
	u64 duration; /* ns; 0 = for good */
};
_Static_assert(sizeof(struct fault_order) == 40, "it is recorded as it is");
/* False: no such order, no memory there, or FAULTS are there already. */
bool faults_take(struct faults *f, const u8 *data, u32 len);

/* For disk.c.  Is an access to these sectors to fail? */
bool faults_fails(struct faults *f, u8 disk, u64 lba, u64 n);
/* How many bytes of a write really arrive. */
u64 faults_torn(struct faults *f, u8 disk, u64 lba, u64 n, u64 bytes);
/* What was read, of these sectors, gets its wrong bits. */
void faults_spoil(struct faults *f, u8 disk, u64 lba, u64 n, u8 *data);
/* Does the next frame pass? */
bool faults_passes(struct faults *f);

#endif
