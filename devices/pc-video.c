/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-video.c - the display adapter's memory and BIOS, as memory of the board.
 * Rule: both are slots above all RAM until the guest gives them a place (BAR 0, expansion ROM), and go back there
 * when it takes the place away; so snapshots and hashes see them wherever they are.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "devices/pc-priv.h"
#include "devices/vga.h"

enum { PAGE = 4096 };

/* Frames in a hidden slot that can move.  The slot's reference is the only one. */
static int add_slot(struct pc_memory *p, struct mem *m, const char *name, u64 size, int *slot, u64 *home,
		    struct err *err)
{
	frame_no first = frames_alloc(m->frames, size / PAGE);
	int rc;

	if (first == FRAME_NONE)
		return err_set(err, ENOMEM, "the machine has no %" PRIu64 " KiB left for the %s", size >> 10, name);
	*home = p->hidden;
	rc = pc_memory_hide(p, m, name, first, size, err);
	frames_unref(m->frames, first, size / PAGE);
	if (rc)
		return rc;
	*slot = (int)mem_slot_at(m, *home)->id;
	return mem_slot_change(m, (u32)*slot, first, SLOT_DEVICE | SLOT_HOLE, err);
}

static int add_bios(struct vga *v, struct pc_memory *p, struct mem *m, const struct pc_config *c, struct err *err)
{
	const char *name = c->video_bios_name ? c->video_bios_name : "image";
	int rc;

	if (c->video_bios_size < 3 || c->video_bios_size > VGA_ROM || memcmp(c->video_bios, "\x55\xaa", 2))
		return err_set(err, EINVAL,
			       "video BIOS %.160s: not an expansion ROM; expected one of at most %d KiB, as "
			       "vgabios-stdvga.bin of SeaBIOS",
			       name, VGA_ROM >> 10);
	rc = add_slot(p, m, "video BIOS", VGA_ROM, &v->rom_slot, &v->rom_home, err);
	if (!rc)
		frames_write(m->frames, mem_slot_get(m, (u32)v->rom_slot)->frame, 0, c->video_bios,
			     c->video_bios_size);
	v->has_bios = !rc;
	return rc;
}

int pc_video_build(struct vga *v, struct pc_memory *p, struct mem *m, const struct pc_config *c, struct err *err)
{
	int rc;

	v->memory_slot = v->rom_slot = -1;
	rc = add_slot(p, m, "video memory", VGA_MEMORY, &v->memory_slot, &v->memory_home, err);
	if (rc)
		return rc;
	v->memory_at = v->memory_home;
	v->memory = frames_map(m->frames, mem_slot_get(m, (u32)v->memory_slot)->frame, VGA_MEMORY / PAGE);
	if (!v->memory)
		return err_set(err, ENOMEM, "the host has no room to map the video memory");
	if (c->video_bios)
		rc = add_bios(v, p, m, c, err);
	if (!rc)
		vga_pci_init(v, 2 << 3); /* 00:02.0 */
	return rc;
}

void pc_video_release(struct vga *v)
{
	frames_unmap(v->memory, VGA_MEMORY / PAGE);
	v->memory = NULL;
}
