/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-priv.h - the board's memory, between pc.c and pc-memory.c.
 * Rule: only pc*.c includes it.
 */
#ifndef VITRINE_DEVICES_PC_PRIV_H
#define VITRINE_DEVICES_PC_PRIV_H

#include "core/mem.h"
#include "devices/disk.h"
#include "devices/i440fx.h"
#include "devices/pc.h"

#define PC_4G (1ull << 32)
#define PC_LOW_MAX 0xe0000000ull /* RAM below 4 GiB ends here at the latest */

/* One reference to every frame of A0000h-FFFFFh and of the ROM is the board's own, beside those of the slots. */
struct pc_memory {
	u64 low_size, high_size; /* RAM from 0, counting the hole at A0000h; RAM from 4 GiB */
	frame_no low, high;      /* low + n is behind guest frame n */
	u64 rom_size;            /* 0 = no BIOS */
	frame_no rom;
	int segment[PAM_SEGMENTS]; /* slot ids */
	u64 hidden;                /* where the next hidden slot goes: see pc_memory_hide */
};

int pc_memory_build(struct pc_memory *p, struct mem *m, const struct pc_config *config, struct err *err);
void pc_memory_release(struct pc_memory *p, struct mem *m);
/* Let a PAM segment show RAM, ROM or nothing. */
int pc_memory_switch(struct pc_memory *p, struct mem *m, int segment, bool read_ram, bool write_ram,
		     struct err *err);
/* Write RAM behind a segment that does not show it; offset from C0000h. */
void pc_memory_shadow_write(struct pc_memory *p, struct mem *m, u32 offset, const void *data, u32 size);

/* Make frames that no guest address shows part of the machine: a slot that is a hole, above all RAM.  pc_hidden_size
 * must have counted them, except a few megabytes that every machine has room for. */
int pc_memory_hide(struct pc_memory *p, struct mem *m, const char *name, frame_no first, u64 size, struct err *err);

/* The display adapter's memory, ROM and PCI function; what pc_video_build made, released. */
struct vga;
int pc_video_build(struct vga *v, struct pc_memory *p, struct mem *m, const struct pc_config *config, struct err *err);
void pc_video_release(struct vga *v);

/* Disk n of the configuration, and its overlay if it is to have one. */
int pc_disk_build(struct disk *disk, struct pc_memory *p, struct mem *m, const struct pc_config *config, u32 n,
		  const struct log *log, struct err *err);

/* Inlets, see struct vm_inlet. */
bool pc_take_button(void *arg, const u8 *data, u32 len);
bool pc_take_irq(void *arg, const u8 *data, u32 len);
bool pc_take_fault(void *arg, const u8 *data, u32 len);
/* Fill the VM's inlets, and say whether its past can come back (vm->no_past). */
void pc_connect_outside(struct vm *vm, struct pc *pc, const struct pc_config *config);

#endif
