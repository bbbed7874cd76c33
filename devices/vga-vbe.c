/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-vbe.c - the Bochs extensions: modes of any size and depth, and the linear frame buffer.
 * Ports: 1CEh (index), 1CFh or 1D0h (data), words.
 * Rule: registers may hold anything; vga_vbe_mode alone decides whether that is a mode, and every user of one
 * has it from there.
 * Source: Bochs, "VBE DISPI" (vbe_display_api.txt); QEMU documentation, docs/specs/standard-vga.
 */
#include <string.h>

#include "devices/vga-priv.h"

enum { INDEX };

static u32 bytes_per_pixel(u32 bits)
{
	switch (bits) {
	case 8: return 1;
	case 15:
	case 16: return 2;
	case 24: return 3;
	case 32: return 4;
	default: return 0;
	}
}

bool vga_vbe_mode(const struct vga_state *s, struct vbe_mode *mode)
{
	u32 bits = s->vbe[VBE_BPP], bytes = bytes_per_pixel(bits);
	u32 width = s->vbe[VBE_XRES], height = s->vbe[VBE_YRES];
	u32 virtual = s->vbe[VBE_VIRT_WIDTH] > width ? s->vbe[VBE_VIRT_WIDTH] : width;
	/* Planes: eight pixels per byte, and each plane has a quarter of the memory. */
	u64 pitch = bits == 4 ? (virtual + 7) / 8 : (u64)virtual * bytes;
	u64 room = bits == 4 ? VGA_MEMORY / 4 : VGA_MEMORY;
	u64 first = s->vbe[VBE_Y_OFFSET] * pitch +
		    (bits == 4 ? s->vbe[VBE_X_OFFSET] / 8u : (u64)s->vbe[VBE_X_OFFSET] * bytes);

	if (!(s->vbe[VBE_ENABLE] & VBE_ON) || !width || !height || width > VBE_XRES_MAX ||
	    height > VBE_YRES_MAX || (!bytes && bits != 4) || first + height * pitch > room)
		return false;
	*mode = (struct vbe_mode){ width, height, bits, (u32)pitch, (u32)first };
	return true;
}

static void clear(struct vga *v, const struct vbe_mode *mode)
{
	u32 len = mode->height * mode->pitch * (mode->bits == 4 ? 4 : 1);

	memset(v->memory, 0, len);
	vga_touched(v, 0, len);
}

static void enable(struct vga *v, u16 value)
{
	struct vga_state *s = &v->s;
	bool was_on = s->vbe[VBE_ENABLE] & VBE_ON;
	struct vbe_mode mode;

	s->vbe[VBE_ENABLE] = value;
	if (was_on || !(value & VBE_ON))
		return;
	s->vbe[VBE_BANK] = s->vbe[VBE_X_OFFSET] = s->vbe[VBE_Y_OFFSET] = 0;
	s->vbe[VBE_VIRT_WIDTH] = s->vbe[VBE_XRES];
	if (!vga_vbe_mode(s, &mode)) {
		device_log(&v->dev, LOG_INFO, "there is no VBE mode of %u x %u pixels with %u bits",
			   s->vbe[VBE_XRES], s->vbe[VBE_YRES], s->vbe[VBE_BPP]);
		s->vbe[VBE_ENABLE] &= (u16)~VBE_ON;
	} else if (!(value & VBE_KEEP)) {
		clear(v, &mode);
	}
}

void vga_vbe_write(struct vga *v, u64 offset, int size, u64 value)
{
	struct vga_state *s = &v->s;
	u16 word = (u16)value;

	if (size != 2)
		return;
	if (offset == INDEX) {
		s->vbe_index[0] = word;
		return;
	}
	switch (s->vbe_index[0]) {
	case VBE_ID:
		if (word >= 0xb0c0 && word <= 0xb0c5)
			s->vbe[VBE_ID] = word;
		break;
	case VBE_ENABLE: enable(v, word); break;
	case VBE_VIRT_HEIGHT:
	case VBE_MEMORY_64K: break; /* these follow from the others */
	default:
		if (s->vbe_index[0] < VBE_REGS)
			s->vbe[s->vbe_index[0]] = word;
	}
}

/* As many lines as the memory holds. */
static u16 virtual_height(const struct vga_state *s)
{
	struct vbe_mode mode;
	u32 lines;

	if (!vga_vbe_mode(s, &mode))
		return 0;
	lines = (mode.bits == 4 ? VGA_MEMORY / 4 : VGA_MEMORY) / mode.pitch;
	return lines > UINT16_MAX ? UINT16_MAX : (u16)lines;
}

u64 vga_vbe_read(struct vga *v, u64 offset, int size)
{
	const struct vga_state *s = &v->s;
	bool limits = s->vbe[VBE_ENABLE] & VBE_ASK_LIMITS;

	if (size != 2)
		return UINT64_MAX;
	if (offset == INDEX)
		return s->vbe_index[0];
	if (limits && s->vbe_index[0] == VBE_XRES)
		return VBE_XRES_MAX;
	if (limits && s->vbe_index[0] == VBE_YRES)
		return VBE_YRES_MAX;
	if (limits && s->vbe_index[0] == VBE_BPP)
		return 32;
	if (s->vbe_index[0] == VBE_VIRT_HEIGHT)
		return virtual_height(s);
	return s->vbe_index[0] < VBE_REGS ? s->vbe[s->vbe_index[0]] : 0;
}
