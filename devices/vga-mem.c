/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-mem.c - what happens to a byte on its way between the processor and the four planes.
 * Memory: A0000h-BFFFFh, or the part of it that the graphics controller's miscellaneous register selects: only
 * there does the adapter answer at all.
 * Rule: the planes' bytes of one address are one 32-bit number, plane 0 lowest; so is the latch.
 * Source: FreeVGA Project, "VGA memory", "Accessing the VGA display memory".
 */
#include <string.h>

#include "devices/vga-priv.h"

enum { ALL_PLANES = 0xf };

/* Where a byte of a window is. */
struct place {
	u32 at;    /* VBE: byte of the video memory; else byte of each plane */
	u8 planes; /* that this address can reach */
	u8 plane;  /* that a read gives */
	bool linear;
};

/* Four bits, one per plane, as four bytes 00h or FFh. */
static u32 spread(u32 bits)
{
	return (bits & 1) * 0xffu | (bits >> 1 & 1) * 0xff00u | (bits >> 2 & 1) * 0xff0000u |
	       (bits >> 3 & 1) * 0xff000000u;
}

static u32 load(const struct vga *v, u32 n)
{
	u32 planes;

	memcpy(&planes, v->memory + 4 * (size_t)n, sizeof(planes));
	return planes;
}

void vga_touched(struct vga *v, u32 at, u32 len)
{
	if (v->memory_slot >= 0)
		mem_touched(v->dev.world->mem, v->memory_at + at, len);
}

void vga_place_window(struct vga *v)
{
	static const struct {
		u32 base, size;
	} map[4] = { { 0xa0000, 0x20000 }, { 0xa0000, 0x10000 }, { 0xb0000, 0x8000 }, { 0xb8000, 0x8000 } };
	const struct device_world *w = v->dev.world;
	u8 which = v->s.gfx[GFX_MISC] >> 2 & 3;
	u32 size = v->s.misc[0] & MISC_RAM ? map[which].size : 0;
	struct err err = { 0 };

	if (size == v->window.size && map[which].base == v->window.base)
		return;
	if (v->window.size)
		w->unclaim(w->arg, &v->dev, &v->window);
	v->window = (struct claim){ .space = SPACE_MMIO, .base = map[which].base, .size = size, .width = 8 };
	if (!size || !w->claim(w->arg, &v->dev, &v->window, &err))
		return;
	device_log(&v->dev, LOG_INFO, "%s", err.text);
	v->window.size = 0;
}

/* VBE modes see 64 KiB of the memory, from the bank on: in packed pixels byte for byte, in planes per plane. */
static bool find_in_bank(const struct vga_state *s, const struct vbe_mode *mode, struct place *p)
{
	u64 at = (u64)s->vbe[VBE_BANK] << 16 | (p->at & 0xffff);

	p->linear = mode->bits > 4;
	if (at >= VGA_MEMORY / (p->linear ? 1 : 4))
		return false;
	p->at = (u32)at;
	return true;
}

static bool find(const struct vga_state *s, u64 offset, bool write, struct place *p)
{
	bool odd_even = write ? !(s->seq[SEQ_MEMORY] & MEMORY_SEQUENTIAL)
			      : s->gfx[GFX_MODE] & GFX_MODE_ODD_EVEN;
	struct vbe_mode mode;
	u32 a = (u32)offset & 0xffff;

	*p = (struct place){ a, ALL_PLANES, s->gfx[GFX_READ_MAP] & 3, false };
	if (s->vbe[VBE_ENABLE] & VBE_ON && vga_vbe_mode(s, &mode))
		return find_in_bank(s, &mode, p);
	if (s->seq[SEQ_MEMORY] & MEMORY_CHAIN4)
		*p = (struct place){ a & ~3u, (u8)(1 << (a & 3)), a & 3, false };
	else if (odd_even) /* even addresses are planes 0 and 2, odd ones 1 and 3 */
		*p = (struct place){ a & ~1u, a & 1 ? 0xa : 0x5, (p->plane & 2) | (a & 1), false };
	return true;
}

/* ---- reading ---- */

/* Read mode 1: a bit is set where every plane that counts has the bit of the colour that is looked for. */
static u8 compare(const struct vga_state *s, u32 planes)
{
	u32 differ = (planes ^ spread(s->gfx[GFX_COMPARE])) & spread(s->gfx[GFX_DONT_CARE]);

	differ |= differ >> 16;
	return (u8) ~(differ | differ >> 8);
}

static u8 read_byte(struct vga *v, u64 offset)
{
	struct vga_state *s = &v->s;
	struct place p;

	if (!find(s, offset, false, &p))
		return 0xff;
	if (p.linear)
		return v->memory[p.at];
	s->latch[0] = load(v, p.at);
	if (s->gfx[GFX_MODE] & GFX_MODE_COMPARE)
		return compare(s, s->latch[0]);
	return (u8)(s->latch[0] >> 8 * p.plane);
}

u64 vga_window_read(struct vga *v, u64 offset, int size)
{
	u64 value = 0;

	for (int i = 0; i < size; i++)
		value |= (u64)read_byte(v, offset + (u64)i) << 8 * i;
	return value;
}

/* ---- writing ---- */

static u32 logic(const struct vga_state *s, u32 data)
{
	switch (s->gfx[GFX_ROTATE] >> 3 & 3) {
	case 1: return data & s->latch[0];
	case 2: return data | s->latch[0];
	case 3: return data ^ s->latch[0];
	default: return data;
	}
}

static u32 copies(u32 byte)
{
	return (byte & 0xff) * 0x01010101u;
}

/* What the planes are offered, in each of the four write modes. */
static u32 planes_from(const struct vga_state *s, u8 value)
{
	u32 count = s->gfx[GFX_ROTATE] & 7, rotated = (u32)value >> count | (u32)value << (8 - count);
	u32 set_reset = spread(s->gfx[GFX_SET_RESET]), enable = spread(s->gfx[GFX_ENABLE_SET_RESET]);
	u32 mask = copies(s->gfx[GFX_BIT_MASK]), data;

	switch (s->gfx[GFX_MODE] & GFX_MODE_WRITE) {
	case 0: data = (copies(rotated) & ~enable) | (set_reset & enable); break;
	case 1: return s->latch[0];
	case 2: data = spread(value); break;
	default:
		data = set_reset;
		mask &= copies(rotated);
	}
	return (logic(s, data) & mask) | (s->latch[0] & ~mask);
}

static void write_byte(struct vga *v, u64 offset, u8 value)
{
	const struct vga_state *s = &v->s;
	struct place p;
	u32 planes, written;

	if (!find(s, offset, true, &p))
		return;
	if (p.linear) {
		v->memory[p.at] = value;
		vga_touched(v, p.at, 1);
		return;
	}
	written = spread(s->seq[SEQ_MAP_MASK] & p.planes);
	planes = (load(v, p.at) & ~written) | (planes_from(s, value) & written);
	memcpy(v->memory + 4 * (size_t)p.at, &planes, sizeof(planes));
	vga_touched(v, 4 * p.at, sizeof(planes));
}

void vga_window_write(struct vga *v, u64 offset, int size, u64 value)
{
	for (int i = 0; i < size; i++)
		write_byte(v, offset + (u64)i, (u8)(value >> 8 * i));
}
