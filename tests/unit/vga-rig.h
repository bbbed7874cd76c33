/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-rig.h - a display adapter on a bench: its ports, its window, its PCI function, and memory for it to lie in.
 * Rule: as in dev.h, a test sees it as a guest does.
 */
#ifndef VITRINE_TESTS_UNIT_VGA_RIG_H
#define VITRINE_TESTS_UNIT_VGA_RIG_H

#include "devices/vga-screen.h"
#include "devices/vga.h"
#include "tests/unit/dev.h"

enum { PAGE = 4096, WINDOW = 0xa0000 };

struct rig {
	struct bench b;
	struct frames frames;
	struct mem mem;
	struct pci pci;
	struct vga v;
	u64 written_at; /* the last write that memory was told of */
};

static inline void on_written(void *arg, u64 gpa, u64 len)
{
	((struct rig *)arg)->written_at = gpa;
}

#define SPAN (1ull << 30)
#define HOME (SPAN - VGA_MEMORY)
#define ROM_HOME (HOME - VGA_ROM)

static inline void setup(struct rig *r, bool bios)
{
	frame_no first, rom;

	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	ck_assert_int_eq(frames_open(&r->frames, VGA_MEMORY + VGA_ROM + PAGE, NULL), 0);
	ck_assert_int_eq(mem_open(&r->mem, &r->frames, SPAN, NULL), 0);
	r->mem.written = on_written;
	r->mem.arg = r;
	r->b.world.mem = &r->mem;
	first = frames_alloc(&r->frames, VGA_MEMORY / PAGE);
	rom = frames_alloc(&r->frames, VGA_ROM / PAGE);
	frames_write(&r->frames, rom, 0, "\x55\xaa", 2);
	r->v.memory = frames_map(&r->frames, first, VGA_MEMORY / PAGE);
	r->v.memory_home = r->v.memory_at = HOME;
	r->v.rom_home = ROM_HOME;
	r->v.memory_slot = mem_slot_add(&r->mem, "video memory", HOME, VGA_MEMORY, first, SLOT_DEVICE | SLOT_HOLE, NULL);
	r->v.rom_slot = mem_slot_add(&r->mem, "video BIOS", ROM_HOME, VGA_ROM, rom, SLOT_DEVICE | SLOT_HOLE, NULL);
	ck_assert(r->v.memory && r->v.memory_slot >= 0 && r->v.rom_slot >= 0);
	r->v.has_bios = bios;
	vga_pci_init(&r->v, 2 << 3);
	bench_add(&r->b, &r->pci.dev, &pci_class, &r->pci.s);
	bench_add(&r->b, &r->v.dev, &vga_class, &r->v.s);
	ck_assert_int_eq(pci_add(&r->pci, &r->v.pci, NULL), 0);
}

static inline void teardown(struct rig *r)
{
	frames_unmap(r->v.memory, VGA_MEMORY / PAGE);
	mem_close(&r->mem);
	frames_close(&r->frames);
}

static inline void indexed(struct rig *r, u16 port, u8 index, u8 value)
{
	out16(&r->b, port, (u16)(value << 8 | index)); /* as guests do: both bytes at once */
}

static inline void seq(struct rig *r, u8 index, u8 value)
{
	indexed(r, 0x3c4, index, value);
}

static inline void gfx(struct rig *r, u8 index, u8 value)
{
	indexed(r, 0x3ce, index, value);
}

static inline u8 peek(struct rig *r, u32 at)
{
	return (u8)bus_read(&r->b.mmio, at, 1, NULL);
}

static inline void poke(struct rig *r, u32 at, u8 value)
{
	bus_write(&r->b.mmio, at, 1, value, NULL);
}

static inline u32 config_read(struct rig *r, u32 reg)
{
	out32(&r->b, 0xcf8, 1u << 31 | 2 << 11 | reg);
	return in32(&r->b, 0xcfc);
}

static inline void config_write(struct rig *r, u32 reg, u32 value)
{
	out32(&r->b, 0xcf8, 1u << 31 | 2 << 11 | reg);
	out32(&r->b, 0xcfc, value);
}

static inline u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static inline void vbe(struct rig *r, u16 index, u16 value)
{
	out16(&r->b, 0x1ce, index);
	out16(&r->b, 0x1cf, value);
}

static inline u16 vbe_get(struct rig *r, u16 index)
{
	out16(&r->b, 0x1ce, index);
	return in16(&r->b, 0x1d0);
}

static inline void vbe_mode(struct rig *r, u16 width, u16 height, u16 bits, u16 flags)
{
	vbe(r, VBE_ENABLE, 0);
	vbe(r, VBE_XRES, width);
	vbe(r, VBE_YRES, height);
	vbe(r, VBE_BPP, bits);
	vbe(r, VBE_ENABLE, VBE_ON | flags);
}

#endif
