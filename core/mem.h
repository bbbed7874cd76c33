/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem.h - guest-physical memory: a short list of slots over machine frames, and the dirty log.
 *
 * The guest-physical space is one contiguous host-virtual reservation: host address = base + gpa
 * wherever a slot maps memory, so both engines see plain memory.  Holes are MMIO.
 * A slot can be made *paged*: then each of its pages lies in a frame of its own choice, which it may share with others
 * (a write makes a copy first) or which may be out, in a swap file; its part of the reservation is closed, and its host
 * addresses are those of a view of the whole machine.  Ordinary slots know nothing of this.
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
	SLOT_PAGED = 32, /* mem_make_paged: every page has an entry of its own, and `frame` means nothing */
};
enum { MEM_SLOTS = 48 };

/* A page of a paged slot.  Its frame is shared if more than one refer to it. */
struct mem_page {
	u32 at : 28;   /* its frame; of a page that is out, its place in the swap file */
	u32 out : 1;
	u32 used : 1;  /* somebody asked where it is since this was cleared (core/swap.h) */
};
#define MEM_PAGED_FRAMES (1ull << 28) /* of a machine with paged slots: 1 TiB */

/* What happened to a page of a paged slot. */
enum mem_news { MEM_COPIED, MEM_ZERO_FILLED, MEM_SHARED, MEM_DISCARDED, MEM_IN, MEM_OUT, MEM_NEWS };

/* Where pages go that are out; core/swap.c.  Errors are told by mem_trouble. */
struct mem_backing {
	bool (*read)(void *arg, u32 place, u8 *page);  /* the page that is out at `place` */
	void (*taken)(void *arg, u32 place);           /* it is in memory now, or thrown away */
	void *arg;
};

struct mem_slot {
	const char *name;
	u64 gpa, size; /* multiples of 4096 */
	frame_no frame;
	u32 flags, id;
	u64 *dirty;    /* one bit per page, when SLOT_LOG */
	struct mem_page *page; /* one per page, when SLOT_PAGED */
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
	void (*fetching)(void *arg, const struct mem_slot *slot); /* its dirty log is about to be read, or switched on */
	void (*cleared)(void *arg, const struct mem_slot *slot);
	/* Before pages show other frames, are shared or go out: nobody may hold on to where they are. */
	void (*unmapping)(void *arg, u64 gpa, u64 len);
	/* After.  from, to: frames, or places in the swap file of MEM_OUT's `to` and MEM_IN's `from`. */
	void (*news)(void *arg, enum mem_news what, u64 gpa, u64 from, u64 to);
	void *arg;
	struct mem_backing backing; /* of pages that are out */
	struct err trouble;         /* code 0, or why the machine cannot go on: the host failed it in the midst of an access */
	u64 count[MEM_NEWS];        /* of paged slots */
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
/* Host address of [gpa, gpa+len) if all of it is plain memory of one slot (ROM counts when !write), and its pages lie in a
 * row, else NULL.  In a paged slot it holds until the page's next `unmapping`; one that is out is brought in, and
 * with `write` one that is shared is copied first. */
u8 *mem_host(const struct mem *m, u64 gpa, u64 len, bool write);
/* Would mem_host find memory at gpa, the host willing?  Changes nothing. */
static inline bool mem_is_memory(const struct mem *m, u64 gpa, bool write)
{
	const struct mem_slot *s = mem_slot_at(m, gpa);

	return s && !(s->flags & (SLOT_HOLE | (write ? SLOT_ROM : 0)));
}

/* ---- paged slots (mem-paged.c) ---- */

/* Every page of a slot of RAM gets an entry of its own; pages nobody ever touched show the frame of zeros.  Nothing
 * happens if it is paged already.  -EINVAL: no RAM, or the slot is not the only one that refers to its frames. */
int mem_make_paged(struct mem *m, u32 id, struct err *err);
/* A slot of one VM, which nobody has used yet, becomes a paged one that shows all that the same slot of another does, which
 * is paged.  Every page is shared from then on.  Both in the same machine. */
int mem_clone_slot(struct mem *m, struct mem *parent, u32 id, struct err *err);
bool mem_is_paged(const struct mem *m); /* any slot? */
/* Who reads or logs memory by the frames of the machine takes all of them for this VM's: -EBUSY if it is not so. */
int mem_check_alone(const struct mem *m, struct err *err);
/* Can it? */
bool mem_can_be_paged(const struct mem *m, const struct mem_slot *s);
/* The frame that gpa shows, and whether others show it, too, so that a write makes a copy first.  FRAME_NONE: a hole, or out. */
frame_no mem_frame(const struct mem *m, u64 gpa);
bool mem_is_shared(const struct mem *m, u64 gpa);
bool mem_is_out(const struct mem *m, u64 gpa);
/* Host address of the page of a paged slot, which is not out; changes nothing. */
u8 *mem_page_view(const struct mem *m, const struct mem_page *p);
/* The page of a paged slot shall be as it is to be read (write = false), or written: in memory, alone.  False: mem_trouble. */
bool mem_page_ready(struct mem *m, const struct mem_slot *s, u64 page, bool write);
/* The page shows this frame from now on, which has the same content; takes a reference, and gives up that of the old one. */
void mem_page_share(struct mem *m, const struct mem_slot *s, u64 page, frame_no frame);
/* Its content is in the swap file at `place` now, and its frame is given back. */
void mem_page_out(struct mem *m, const struct mem_slot *s, u64 page, u32 place);
/* Nobody holds on to where the page is, and whoever asks will be seen by `used` (core/swap.h), or makes a copy (clones). */
void mem_page_unmap(struct mem *m, const struct mem_slot *s, u64 page);
/* The page becomes one of zeros. */
void mem_page_discard(struct mem *m, const struct mem_slot *s, u64 page);
/* mem_host in a paged slot: [gpa, gpa + len) lies in it. */
u8 *mem_paged_host(const struct mem *m, const struct mem_slot *s, u64 gpa, u64 len, bool write);
/* mem_close: all that the slot's pages refer to. */
void mem_paged_release(struct mem *m, struct mem_slot *s);
/* Its bytes as they are, wherever they are; false: mem_trouble. */
bool mem_page_read(const struct mem *m, const struct mem_slot *s, u64 page, u8 *out);
/* The host has failed us: where to say so, or NULL if the first such error is told already.  The machine stops with it as
 * soon as it can. */
static inline struct err *mem_trouble(struct mem *m) { return m->trouble.code ? NULL : &m->trouble; }

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
/* Log all that is written, in the machine's log of that name; the logs of all slots are on as long as one such is. */
int mem_log_frames(struct mem *m, enum frame_log log, bool on, struct err *err);
/* Note in frames->written what the logs of all slots have found, and clear them.  So whoever fetches them by
 * mem_fetch_dirty must be alone. */
void mem_gather(struct mem *m);
/* FNV-1a (by 64-bit words) over every slot's content, as the guest sees it; zero pages are skipped by
 * their number, so it is cheap for sparse guests. */
u64 mem_hash(const struct mem *m, u64 seed);
/* The same without what is the machine's own: equal in every paging mode. */
u64 mem_hash_guest(const struct mem *m, u64 seed);

#endif
