/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-memory.c - the board's memory map (see pc.h), and the switching between BIOS ROM and the RAM behind it.
 * Rule: the frames of RAM and ROM stay the same for ever; a segment of C0000h-FFFFFh only changes which it
 * shows.
 */
#include <errno.h>
#include <inttypes.h>

#include "devices/pc-priv.h"

enum { PAGE = 4096, ROM_UNIT = 0x10000, ROM_LOW_MAX = 0x20000, ROM_MAX = 16 << 20 };
enum { HOLE_START = 0xa0000, ONE_MIB = 0x100000 };
#define DISK_ROOM (4ull << 30) /* its table of references alone takes 4 MiB */

static int check(const struct pc_config *c, struct err *err)
{
	if (c->mem_size < ONE_MIB || c->mem_size % PAGE)
		return err_set(err, EINVAL,
			       "memory of %" PRIu64
			       " bytes; this board takes 1 MiB or more, in whole pages of 4 KiB",
			       c->mem_size);
	if (c->bios && (!c->bios_size || c->bios_size % ROM_UNIT || c->bios_size > ROM_MAX))
		return err_set(err, EINVAL,
			       "BIOS %.160s: %" PRIu64
			       " bytes; expected 64 KiB to 16 MiB, a multiple of 64 KiB",
			       c->bios_name ? c->bios_name : "image", c->bios_size);
	return 0;
}

static int no_frames(u64 bytes, const char *what, struct err *err)
{
	return err_set(err, ENOMEM, "the machine has no %" PRIu64 " KiB left for %s", bytes >> 10, what);
}

static int take_frames(struct pc_memory *p, struct mem *m, const struct pc_config *c, struct err *err)
{
	p->low_size = c->mem_size < PC_LOW_MAX ? c->mem_size : PC_LOW_MAX;
	p->high_size = c->mem_size - p->low_size;
	p->rom_size = c->bios ? c->bios_size : 0;
	p->low = frames_alloc(m->frames, p->low_size / PAGE);
	if (p->low == FRAME_NONE)
		return no_frames(p->low_size, "RAM", err);
	if (p->high_size)
		p->high = frames_alloc(m->frames, p->high_size / PAGE);
	if (p->high_size && p->high == FRAME_NONE)
		return no_frames(p->high_size, "RAM", err);
	if (p->rom_size)
		p->rom = frames_alloc(m->frames, p->rom_size / PAGE);
	if (p->rom_size && p->rom == FRAME_NONE)
		return no_frames(p->rom_size, "the BIOS", err);
	return 0;
}

void pc_memory_release(struct pc_memory *p, struct mem *m)
{
	if (p->low != FRAME_NONE)
		frames_unref(m->frames, p->low + HOLE_START / PAGE, (ONE_MIB - HOLE_START) / PAGE);
	if (p->rom != FRAME_NONE)
		frames_unref(m->frames, p->rom, p->rom_size / PAGE);
	p->low = p->rom = FRAME_NONE;
}

/* What was asked for.  From here on the slots alone refer to plain RAM, so that its pages may be shared, or go out (core/mem.h);
 * the rest stays ours, too. */
static void leave_ram_to_slots(struct pc_memory *p, struct mem *m)
{
	if (p->low == FRAME_NONE)
		return;
	frames_unref(m->frames, p->low, HOLE_START / PAGE);
	frames_unref(m->frames, p->low + ONE_MIB / PAGE, (p->low_size - ONE_MIB) / PAGE);
	if (p->high != FRAME_NONE)
		frames_unref(m->frames, p->high, p->high_size / PAGE);
}

static const char *const segment_name[PAM_SEGMENTS] = {
	"segment C0000", "segment C4000", "segment C8000", "segment CC000", "segment D0000",
	"segment D4000", "segment D8000", "segment DC000", "segment E0000", "segment E4000",
	"segment E8000", "segment EC000", "segment F0000",
};

/* The last 128 KiB of the ROM appear below 1 MiB as well.  FRAME_NONE where it does not reach. */
static frame_no rom_behind(const struct pc_memory *p, int segment)
{
	u64 low = p->rom_size < ROM_LOW_MAX ? p->rom_size : ROM_LOW_MAX;
	u64 gpa = PAM_BASE + pam_offset(segment);

	return gpa < ONE_MIB - low ? FRAME_NONE : p->rom + (p->rom_size - (ONE_MIB - gpa)) / PAGE;
}

static frame_no ram_behind(const struct pc_memory *p, int segment)
{
	return p->low + (PAM_BASE + pam_offset(segment)) / PAGE;
}

int pc_memory_switch(struct pc_memory *p, struct mem *m, int segment, bool read_ram, bool write_ram,
		     struct err *err)
{
	frame_no frame = read_ram ? ram_behind(p, segment) : rom_behind(p, segment);
	u32 flags = frame == FRAME_NONE ? SLOT_HOLE : read_ram && write_ram ? 0 : SLOT_ROM;

	return mem_slot_change(m, (u32)p->segment[segment], frame, flags, err);
}

void pc_memory_shadow_write(struct pc_memory *p, struct mem *m, u32 offset, const void *data, u32 size)
{
	frames_write(m->frames, p->low + PAM_BASE / PAGE, offset, data, size);
}

int pc_memory_hide(struct pc_memory *p, struct mem *m, const char *name, frame_no first, u64 size, struct err *err)
{
	int rc = mem_slot_add(m, name, p->hidden, size, first, SLOT_HOLE, err);

	p->hidden += size;
	return rc < 0 ? rc : 0;
}

/* ROM at the top of 4 GiB, its end below 1 MiB, and the RAM behind that. */
static int add_rom(struct pc_memory *p, struct mem *m, const struct pc_config *c, struct err *err)
{
	int rc = mem_slot_add(m, "BIOS", PC_4G - p->rom_size, p->rom_size, p->rom, SLOT_ROM, err);

	frames_write(m->frames, p->rom, 0, c->bios, p->rom_size);
	for (int i = 0; i < PAM_SEGMENTS && rc >= 0; i++) {
		frame_no frame = rom_behind(p, i);

		rc = p->segment[i] = mem_slot_add(m, segment_name[i], PAM_BASE + pam_offset(i), pam_size(i),
						  frame, frame == FRAME_NONE ? SLOT_HOLE : SLOT_ROM, err);
	}
	if (rc >= 0)
		rc = pc_memory_hide(p, m, "RAM behind C0000", ram_behind(p, 0), PAM_SPAN, err);
	return rc < 0 ? rc : 0;
}

int pc_memory_build(struct pc_memory *p, struct mem *m, const struct pc_config *c, struct err *err)
{
	int rc;

	*p = (struct pc_memory){ .low = FRAME_NONE, .high = FRAME_NONE, .rom = FRAME_NONE };
	rc = check(c, err);
	if (!rc)
		rc = take_frames(p, m, c, err);
	if (rc) {
		leave_ram_to_slots(p, m);
		return rc;
	}
	p->hidden = PC_4G + p->high_size;
	rc = mem_slot_add(m, "RAM", 0, HOLE_START, p->low, 0, err);
	if (rc >= 0)
		rc = p->rom_size ? add_rom(p, m, c, err)
				 : mem_slot_add(m, "RAM C0000", PAM_BASE, PAM_SPAN, ram_behind(p, 0), 0, err);
	if (rc >= 0 && p->low_size > ONE_MIB)
		rc = mem_slot_add(m, "RAM 1M", ONE_MIB, p->low_size - ONE_MIB, p->low + ONE_MIB / PAGE, 0,
				  err);
	if (rc >= 0 && p->high_size)
		rc = mem_slot_add(m, "RAM 4G", PC_4G, p->high_size, p->high, 0, err);
	leave_ram_to_slots(p, m);
	return rc < 0 ? rc : 0;
}

/* ---- disks ---- */

static u64 room_of(const struct pc_disk *c)
{
	return c->room ? c->room : DISK_ROOM;
}

u64 pc_hidden_size(const struct pc_config *c)
{
	u64 frames = 0;

	for (u32 i = 0; i < c->ndisks; i++)
		if (c->disk[i].snapshot)
			frames += disk_snapshot_frames(c->disk[i].image->size, room_of(&c->disk[i]));
	return frames * PAGE;
}

int pc_disk_build(struct disk *disk, struct pc_memory *p, struct mem *m, const struct pc_config *config, u32 n,
		  const struct log *log, struct err *err)
{
	static const char *const slot[PC_DISKS] = { "disk 0 overlay", "disk 1 overlay", "disk 2 overlay",
						    "disk 3 overlay" };
	const struct pc_disk *c = &config->disk[n];
	int rc = disk_open(disk, c->image, log, err);

	if (!rc && c->snapshot)
		rc = disk_snapshot(disk, m->frames, room_of(c), err);
	disk->read_only |= c->read_only;
	if (!rc && c->snapshot)
		rc = pc_memory_hide(p, m, slot[n], disk->first, disk_frames(disk) * PAGE, err);
	return rc;
}
