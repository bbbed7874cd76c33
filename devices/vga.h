/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga.h - the display adapter: a VGA with the Bochs extensions (VBE), as a PCI function.
 * Rule: the registers are this list, the picture is the video memory; what a screen shows (vga-screen.h)
 * follows from the two and changes neither.
 *
 * The video memory holds the four planes interleaved: byte n of plane p is byte 4n + p.  So the windows at
 * A0000h-BFFFFh and the linear frame buffer show the same bytes.
 */
#ifndef VITRINE_DEVICES_VGA_H
#define VITRINE_DEVICES_VGA_H

#include "devices/pci.h"

/* clang-format off */
enum { VGA_SEQ_REGS = 8, VGA_GFX_REGS = 9, VGA_ATTR_REGS = 21, VGA_CRTC_REGS = 25, VGA_COLOURS = 256 };
/* VGA_MEMORY is what the planes and the linear frame buffer share; VGA_ROM the room for the video BIOS. */
enum { VGA_PLANE = 64 << 10, VGA_MEMORY = 16 << 20, VGA_ROM = 64 << 10 };

/* Miscellaneous output register (FreeVGA, "External Registers") */
enum { MISC_COLOUR = 1, MISC_RAM = 2, MISC_CLOCK_28 = 4 };
/* Sequencer */
enum { SEQ_RESET, SEQ_CLOCKING, SEQ_MAP_MASK, SEQ_FONT, SEQ_MEMORY };
enum { CLOCKING_8_DOTS = 1, CLOCKING_HALF = 8, CLOCKING_OFF = 0x20 };
enum { MEMORY_SEQUENTIAL = 4, MEMORY_CHAIN4 = 8 };
/* Graphics controller */
enum { GFX_SET_RESET, GFX_ENABLE_SET_RESET, GFX_COMPARE, GFX_ROTATE, GFX_READ_MAP, GFX_MODE, GFX_MISC,
       GFX_DONT_CARE, GFX_BIT_MASK };
enum { GFX_MODE_WRITE = 3, GFX_MODE_COMPARE = 8, GFX_MODE_ODD_EVEN = 0x10, GFX_MODE_INTERLEAVE = 0x20,
       GFX_MODE_256 = 0x40 };
enum { GFX_MISC_GRAPHICS = 1 };
/* CRT controller */
enum { CRTC_H_TOTAL, CRTC_H_END, CRTC_V_TOTAL = 6, CRTC_OVERFLOW, CRTC_ROW_SCAN, CRTC_MAX_SCAN,
       CRTC_CURSOR_START, CRTC_CURSOR_END, CRTC_START_HIGH, CRTC_START_LOW, CRTC_CURSOR_HIGH,
       CRTC_CURSOR_LOW, CRTC_V_SYNC, CRTC_V_SYNC_END, CRTC_V_END, CRTC_OFFSET, CRTC_UNDERLINE,
       CRTC_MODE = 0x17, CRTC_LINE_COMPARE };
enum { V_SYNC_END_PROTECT = 0x80, MAX_SCAN_DOUBLE = 0x80, CURSOR_OFF = 0x20, UNDERLINE_DWORD = 0x40,
       CRTC_MODE_NOT_CGA = 1, CRTC_MODE_NOT_HERCULES = 2, CRTC_MODE_BYTE = 0x40 };
/* Attribute controller; its index register's bit 5 lets the picture through */
enum { ATTR_MODE = 0x10, ATTR_OVERSCAN, ATTR_PLANES, ATTR_PANNING, ATTR_COLOUR_SELECT };
enum { ATTR_MODE_GRAPHICS = 1, ATTR_MODE_LINE = 4, ATTR_MODE_BLINK = 8, ATTR_MODE_SELECT = 0x80,
       ATTR_INDEX_ON = 0x20 };

/* Registers of the Bochs extensions (Bochs, docs: "VBE dispi"), through ports 1CEh and 1CFh */
enum { VBE_ID, VBE_XRES, VBE_YRES, VBE_BPP, VBE_ENABLE, VBE_BANK, VBE_VIRT_WIDTH, VBE_VIRT_HEIGHT,
       VBE_X_OFFSET, VBE_Y_OFFSET, VBE_MEMORY_64K, VBE_REGS };
enum { VBE_ON = 1, VBE_ASK_LIMITS = 2, VBE_DAC_8 = 0x20, VBE_LINEAR = 0x40, VBE_KEEP = 0x80 };
enum { VBE_XRES_MAX = 2560, VBE_YRES_MAX = 1600 };
/* clang-format on */

#define VGA_STATE(F, S) \
	F(S, u8, misc, 1, 0, BITS, "miscellaneous output register") \
	F(S, u8, feature, 1, 0, BITS, "feature control register") \
	F(S, u8, seq_index, 1, 0, DEC, "sequencer register selected") \
	F(S, u8, seq, VGA_SEQ_REGS, 0, HEX, "sequencer") \
	F(S, u8, gfx_index, 1, 0, DEC, "graphics controller register selected") \
	F(S, u8, gfx, VGA_GFX_REGS, 0, HEX, "graphics controller") \
	F(S, u8, crtc_index, 1, 0, HEX, "CRT controller register selected") \
	F(S, u8, crtc, VGA_CRTC_REGS, 0, HEX, "CRT controller") \
	F(S, u8, attr_index, 1, 0, HEX, "attribute register selected; bit 5: the picture is on") \
	F(S, u8, attr_data, 1, 0, BOOL, "the next write to 3C0h is data") \
	F(S, u8, attr, VGA_ATTR_REGS, 0, HEX, "attribute controller: 16 palette registers, then the others") \
	F(S, u8, dac_mask, 1, 0xff, HEX, "pixel mask of the DAC") \
	F(S, u8, dac_reading, 1, 0, BOOL, "the DAC's address was set for reading") \
	F(S, u8, dac_read, 1, 0, HEX, "colour to be read next") \
	F(S, u8, dac_write, 1, 0, HEX, "colour to be written next") \
	F(S, u8, dac_part, 1, 0, DEC, "which part of it: 0 red, 1 green, 2 blue") \
	F(S, u8, dac, VGA_COLOURS * 3, 0, HEX, "colours: red, green, blue, of 6 bits each (8 if vbe[4] bit 5)") \
	F(S, u32, latch, 1, 0, HEX, "the four planes' bytes as last read") \
	F(S, u16, vbe_index, 1, 0, DEC, "VBE register selected") \
	F(S, u16, vbe, VBE_REGS, 0, HEX, "VBE registers") \
	F(S, u8, config, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space")
STATE(vga_state, 1, VGA_STATE);

struct vga {
	struct device dev; /* first: a struct device * of this class is a struct vga * */
	struct vga_state s;
	struct pci_function pci;
	u8 *memory; /* VGA_MEMORY bytes, lent by the board */
	/* Slots of the frame buffer and of the video BIOS in the world's memory (-1: there is none), where each is
	 * while no guest address shows it, and where the frame buffer is now. */
	int memory_slot, rom_slot;
	u64 memory_home, rom_home, memory_at;
	struct claim window; /* the part of A0000h-BFFFFh that answers now; size 0: none */
	bool has_bios; /* firmware will set a mode; else the adapter starts in text mode 3 */
};

extern const struct device_class vga_class;

/* Before pci_add: the PCI function of *v, as devfn.  With rom_slot < 0 it has no expansion ROM. */
void vga_pci_init(struct vga *v, u8 devfn);

/* One VBE mode in numbers, or false while VBE is off (or has not been given a possible mode). */
struct vbe_mode {
	u32 width, height, bits;
	u32 pitch; /* bytes from line to line */
	u32 first; /* byte of the first pixel shown */
};
bool vga_vbe_mode(const struct vga_state *s, struct vbe_mode *mode);

#endif
