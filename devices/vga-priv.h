/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-priv.h - between the files of the display adapter.
 * Rule: only vga*.c includes it.
 */
#ifndef VITRINE_DEVICES_VGA_PRIV_H
#define VITRINE_DEVICES_VGA_PRIV_H

#include "devices/vga.h"

/* vga-mem.c: the window in A0000h-BFFFFh; `offset` counts from its start, size is 1, 2, 4 or 8. */
u64 vga_window_read(struct vga *v, u64 offset, int size);
void vga_window_write(struct vga *v, u64 offset, int size, u64 value);
/* Answer where the registers say, after a change of them. */
void vga_place_window(struct vga *v);
/* Bytes [at, at + len) of the video memory have changed: tell who else sees them. */
void vga_touched(struct vga *v, u32 at, u32 len);

/* vga-vbe.c: the Bochs extensions.  offset 0 is port 1CEh. */
u64 vga_vbe_read(struct vga *v, u64 offset, int size);
void vga_vbe_write(struct vga *v, u64 offset, int size, u64 value);

/* vga-mode3.c: registers, font and an empty screen as a video BIOS leaves them in mode 3. */
void vga_set_mode3(struct vga *v);

/* A number that is spread over several registers of the CRT controller. */
u32 vga_shown_lines(const struct vga_state *s);

#endif
