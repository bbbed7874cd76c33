/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem.h - guest-physical memory: a short list of slots over machine frames, and the dirty log.
 *
 * The guest-physical space is one contiguous host-virtual reservation: host address = base + gpa
 * wherever a slot maps memory, so both engines see plain memory.  Holes are MMIO.
 * Rule: whoever writes guest memory from outside the vCPU uses mem_write, which marks dirty and tells
 * the engine.
 * The A20 gate sits on the processor's pins: who acts for the processor passes mem_gpa(gpa) to every
 * function here; devices, loaders and debuggers pass addresses as they are.
 */
#ifndef VITRINE_CORE_MEM_H
#define VITRINE_CORE_MEM_H

#include "core/base/err.h"
#include "core/base/types.h"
#include "core/frame.h"

enum slot_flag {
	SLOT_ROM = 1,  /* writes go to the bus as MMIO */
	SLOT_LOG = 2,  /* writes are noted in the dirty log */
	SLOT_HOLE = 4, /* present in the list, but maps nothing now: reads and writes go to the bus */
	SLOT_DEVICE = 8, /* memory of a device (a frame buffer): plain to read and write, but no RAM to a memory map.
			  * It can move; where it is, its device's state says */
	SLOT_MACHINE = 16, /* the machine's own memory (page tables of the hypervisor), which no guest ever sees */
};
enum { MEM_SLOTS = 48 };

struct mem_slot {
	const char *name;
	u64 gpa, size; /* multiples of 4096 */
	frame_no frame;
	u32 flags, id;
	u64 *dirty;    /* one bit per page, when SLOT_LOG */
};

struct mem {
	struct frames *frames;
	u8 *base;      /* host address of gpa 0 */
	u64 span;      /* bytes reserved */
	u64 gpa_mask;  /* the A20 gate: bit 20 is cleared when it is shut */
	int nslots;
	struct mem_slot slot[MEM_SLOTS]; /* sorted by gpa, non-overlapping */
	/* Set by the VM: pass on to the engine. */
	void (*changing)(void *arg); /* before: nobody may use the old map any more */
	void (*changed)(void *arg, const struct mem_slot *slot);
	void (*remapped)(void *arg); /* before `changed`, if some address shows other memory, or may be used otherwise */
	void (*written)(void *arg, u64 gpa, u64 len);
	void (*fetching)(void *arg, const struct mem_slot *slot); /* its dirty log is about to be read */
	void (*cleared)(void *arg, const struct mem_slot *slot);
	void *arg;
};

/* Reserve `span` bytes of guest-physical space over the machine's frames. */
int mem_open(struct mem *m, struct frames *frames, u64 span, struct err *err);
void mem_close(struct mem *m);
/* Add a slot backed by [frame, frame + size/4096); takes a reference. Returns its id or a negative errno.
 * A SLOT_HOLE may have frame FRAME_NONE. */
int mem_slot_add(struct mem *m, const char *name, u64 gpa, u64 size, frame_no frame, u32 flags,
		 struct err *err);
/* Back a slot by other frames, or change ROM/HOLE (for PAM and the like).  SLOT_LOG stays as mem_log
 * set it; other frames in a logged slot mark all of it dirty.  Unchanged frames and flags: nothing
 * happens. */
int mem_slot_change(struct mem *m, u32 id, frame_no frame, u32 flags, struct err *err);
/* Let a SLOT_DEVICE slot appear at another address (a PCI base address register was written).  -EEXIST if another
 * slot is there, -EINVAL outside the guest's space: then it stays where it is. */
int mem_slot_move(struct mem *m, u32 id, u64 gpa, struct err *err);
/* A device has changed its own frames, which a slot shows at [gpa, gpa + len), or would show if it were no hole. */
void mem_touched(struct mem *m, u64 gpa, u64 len);
/* A slot by the id that mem_slot_add gave it, or NULL. */
const struct mem_slot *mem_slot_get(const struct mem *m, u32 id);
/* The slot that holds gpa (A20 applied by the caller through mem_gpa), or NULL. */
const struct mem_slot *mem_slot_at(const struct mem *m, u64 gpa);
/* gpa as the memory sees it, after the A20 gate. */
static inline u64 mem_gpa(const struct mem *m, u64 gpa) { return gpa & m->gpa_mask; }
void mem_set_a20(struct mem *m, bool open);
/* Host address of [gpa, gpa+len) if all of it is plain memory of one slot (ROM counts when !write),
 * else NULL. */
u8 *mem_host(const struct mem *m, u64 gpa, u64 len, bool write);
/* Copy; parts that are holes read as all-ones and swallow writes; ROM swallows writes. False if any
 * part was. */
bool mem_read(const struct mem *m, u64 gpa, void *out, u64 len);
bool mem_write(struct mem *m, u64 gpa, const void *in, u64 len);
/* Like mem_write, but writes ROM too (loaders, debuggers). */
bool mem_poke(struct mem *m, u64 gpa, const void *in, u64 len);
/* Whole pages [gpa, gpa + len) of RAM become zeros, and their host memory is given back (a balloon takes them).
 * False, with nothing done, if part of it is not RAM. */
bool mem_discard(struct mem *m, u64 gpa, u64 len);
/* Dirty log: switching it on starts with no page dirty. */
int mem_log(struct mem *m, u32 id, bool on, struct err *err);
static inline bool mem_is_dirty(const struct mem_slot *s, u64 page) { return s->dirty[page / 64] >> page % 64 & 1; }
void mem_mark_dirty(struct mem_slot *s, u64 gpa, u64 len);
/* Copy the log of a slot out (size/4096 bits, rounded up to u64s) and clear it; returns the pages found.
 * The slot must be logged. */
u64 mem_fetch_dirty(struct mem *m, u32 id, u64 *bitmap);
/* Note in frames->written what the logs of all slots have found, and clear them.  So there is one user of these logs at
 * a time: a machine with a time line has no other. */
void mem_gather(struct mem *m);
/* FNV-1a (by 64-bit words) over every slot's content, as the guest sees it; zero pages are skipped by
 * their number, so it is cheap for sparse guests. */
u64 mem_hash(const struct mem *m, u64 seed);
/* The same without what is the machine's own: equal in every paging mode. */
u64 mem_hash_guest(const struct mem *m, u64 seed);

#endif
