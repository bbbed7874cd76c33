/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga.c - the display adapter's registers, and its place on the PCI bus.
 * Ports: 3C0h-3CFh; 3B4h, 3B5h, 3BAh or 3D4h, 3D5h, 3DAh, as bit 0 of the miscellaneous output register says;
 * 1CEh-1D1h (VBE).  Memory: A0000h-BFFFFh, and the linear frame buffer in BAR 0.  ROM: the video BIOS.
 * Rule: registers are stored as written; what they mean is worked out where it is used.
 * NOT MODELLED: interrupts on vertical retrace, the light pen, underlines, pel panning, blinking.
 * Source: FreeVGA Project documentation; IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem".
 */
#include "devices/vga-priv.h"

#include <string.h>

enum { CLAIM_MONO, CLAIM_MONO_STATUS, CLAIM_VGA, CLAIM_COLOUR, CLAIM_COLOUR_STATUS, CLAIM_VBE };
/* Offsets from 3C0h */
/* clang-format off */
enum { P_ATTR, P_ATTR_DATA, P_MISC, P_ENABLE, P_SEQ, P_SEQ_DATA, P_DAC_MASK, P_DAC_READ, P_DAC_WRITE, P_DAC_DATA,
       P_FEATURE, P_MISC_READ = 0xc, P_GFX = 0xe, P_GFX_DATA };
/* clang-format on */
enum { SENSE = 0x10, STATUS_BLANK = 1, STATUS_RETRACE = 8 };
enum { PCI_ROM = 0x30, ROM_ENABLE = 1 };

static struct vga *of(struct device *d)
{
	return (struct vga *)d;
}

/* ---- time: where the electron beam is ---- */

static u32 crtc_number(const struct vga_state *s, u32 reg, u32 bit8, u32 bit9)
{
	u8 overflow = s->crtc[CRTC_OVERFLOW];

	return s->crtc[reg] | (overflow >> bit8 & 1u) << 8 | (overflow >> bit9 & 1u) << 9;
}

u32 vga_shown_lines(const struct vga_state *s)
{
	return crtc_number(s, CRTC_V_END, 1, 6) + 1;
}

/* Bit 0: no picture is drawn at this moment; bit 3: the beam goes back to the top. */
static u8 input_status(const struct vga *v)
{
	const struct vga_state *s = &v->s;
	u64 dot_ps = s->misc[0] & MISC_CLOCK_28 ? 35308 : 39722; /* 28.322 and 25.175 MHz */
	u64 dots = s->seq[SEQ_CLOCKING] & CLOCKING_8_DOTS ? 8 : 9;
	u64 line_ps = (s->crtc[CRTC_H_TOTAL] + 5) * dots * dot_ps << !!(s->seq[SEQ_CLOCKING] & CLOCKING_HALF);
	u64 lines = crtc_number(s, CRTC_V_TOTAL, 0, 5) + 2;
	u64 at = (u64)((unsigned __int128)device_now(&v->dev) * 1000 % (line_ps * lines));
	u64 line = at / line_ps, column = at % line_ps * (s->crtc[CRTC_H_TOTAL] + 5) / line_ps;
	u64 sync = crtc_number(s, CRTC_V_SYNC, 2, 7);
	u64 sync_lines = (s->crtc[CRTC_V_SYNC_END] - sync) & 0xf; /* its end is given by four bits only */
	u8 status = 0;

	if (line >= vga_shown_lines(s) || column > s->crtc[CRTC_H_END])
		status |= STATUS_BLANK;
	if (line >= sync && line < sync + sync_lines)
		status |= STATUS_RETRACE;
	return status;
}

/* ---- the registers with an index ---- */

static void attr_write(struct vga_state *s, u8 v)
{
	static const u8 mask[VGA_ATTR_REGS] = {
		[0 ... 15] = 0x3f, [ATTR_MODE] = 0xef, 0xff, 0x3f, 0x0f, 0x0f,
	};
	u8 index = s->attr_index[0] & 0x1f;

	if (!s->attr_data[0])
		s->attr_index[0] = v & 0x3f;
	else if (index < VGA_ATTR_REGS && (index > 15 || !(s->attr_index[0] & ATTR_INDEX_ON)))
		s->attr[index] = v & mask[index]; /* the palette is in use while the picture is on */
	s->attr_data[0] = !s->attr_data[0];
}

static u8 attr_read(const struct vga_state *s)
{
	u8 index = s->attr_index[0] & 0x1f;

	return index < VGA_ATTR_REGS ? s->attr[index] : 0;
}

static void seq_write(struct vga_state *s, u8 v)
{
	static const u8 mask[VGA_SEQ_REGS] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e };
	u8 index = s->seq_index[0] % VGA_SEQ_REGS;

	s->seq[index] = v & mask[index];
}

static void gfx_write(struct vga_state *s, u8 v)
{
	static const u8 mask[VGA_GFX_REGS] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff };
	u8 index = s->gfx_index[0] & 0xf;

	if (index < VGA_GFX_REGS)
		s->gfx[index] = v & mask[index];
}

static u8 gfx_read(const struct vga_state *s)
{
	u8 index = s->gfx_index[0] & 0xf;

	return index < VGA_GFX_REGS ? s->gfx[index] : 0;
}

static void crtc_write(struct vga_state *s, u8 v)
{
	u8 index = s->crtc_index[0] & 0x3f;
	bool protected = s->crtc[CRTC_V_SYNC_END] & V_SYNC_END_PROTECT;

	if (index >= VGA_CRTC_REGS)
		return;
	if (protected && index == CRTC_OVERFLOW)
		s->crtc[index] = (u8)((s->crtc[index] & ~0x10) | (v & 0x10)); /* the line compare stays free */
	else if (!protected || index > CRTC_OVERFLOW)
		s->crtc[index] = v;
}

static u8 crtc_read(const struct vga_state *s)
{
	u8 index = s->crtc_index[0] & 0x3f;

	return index < VGA_CRTC_REGS ? s->crtc[index] : 0;
}

/* ---- the DAC: three bytes per colour, then the next colour ---- */

static void dac_step(struct vga_state *s, u8 *colour)
{
	s->dac_part[0] = (u8)((s->dac_part[0] + 1) % 3);
	if (!s->dac_part[0])
		++*colour;
}

static void dac_write(struct vga_state *s, u8 v)
{
	u8 mask = s->vbe[VBE_ENABLE] & VBE_DAC_8 ? 0xff : 0x3f;

	s->dac[s->dac_write[0] * 3 + s->dac_part[0] % 3] = v & mask;
	dac_step(s, s->dac_write);
}

static u8 dac_read(struct vga_state *s)
{
	u8 v = s->dac[s->dac_read[0] * 3 + s->dac_part[0] % 3];

	dac_step(s, s->dac_read);
	return v;
}

/* ---- ports ---- */

/* clang-format off */
static void vga_port_write(struct vga *v, u64 port, u8 value)
{
	struct vga_state *s = &v->s;

	switch (port) {
	case P_ATTR: attr_write(s, value); break;
	case P_MISC:
		s->misc[0] = value;
		vga_place_window(v);
		break;
	case P_SEQ: s->seq_index[0] = value & 7; break;
	case P_SEQ_DATA: seq_write(s, value); break;
	case P_DAC_MASK: s->dac_mask[0] = value; break;
	case P_DAC_READ: case P_DAC_WRITE:
		s->dac_reading[0] = port == P_DAC_READ;
		*(port == P_DAC_READ ? s->dac_read : s->dac_write) = value;
		s->dac_part[0] = 0;
		break;
	case P_DAC_DATA: dac_write(s, value); break;
	case P_GFX: s->gfx_index[0] = value & 0xf; break;
	case P_GFX_DATA:
		gfx_write(s, value);
		vga_place_window(v);
		break;
	}
}

static u8 vga_port_read(struct vga *v, u64 port)
{
	struct vga_state *s = &v->s;

	switch (port) {
	case P_ATTR: return s->attr_index[0];
	case P_ATTR_DATA: return attr_read(s);
	case P_MISC: return SENSE; /* input status register 0 */
	case P_ENABLE: return 1;
	case P_SEQ: return s->seq_index[0];
	case P_SEQ_DATA: return s->seq[s->seq_index[0] % VGA_SEQ_REGS];
	case P_DAC_MASK: return s->dac_mask[0];
	case P_DAC_READ: return s->dac_reading[0] ? 3 : 0;
	case P_DAC_WRITE: return s->dac_write[0];
	case P_DAC_DATA: return dac_read(s);
	case P_FEATURE: return s->feature[0];
	case P_MISC_READ: return s->misc[0];
	case P_GFX: return s->gfx_index[0];
	case P_GFX_DATA: return gfx_read(s);
	default: return 0xff;
	}
}
/* clang-format on */

/* Do the CRT controller's ports at this claim answer? */
static bool is_selected(const struct vga *v, int which)
{
	return (which >= CLAIM_COLOUR) == !!(v->s.misc[0] & MISC_COLOUR);
}

static void ports_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct vga *v = of(d);
	int which;

	if (claim == &v->window) {
		vga_window_write(v, offset, size, value);
		return;
	}
	which = (int)(claim - d->class->claims);
	if (which == CLAIM_VBE)
		vga_vbe_write(v, offset, size, value);
	else if (which == CLAIM_VGA)
		vga_port_write(v, offset, (u8)value);
	else if (!is_selected(v, which))
		return;
	else if (which == CLAIM_MONO_STATUS || which == CLAIM_COLOUR_STATUS)
		v->s.feature[0] = value & 3;
	else if (offset)
		crtc_write(&v->s, (u8)value);
	else
		v->s.crtc_index[0] = value & 0x3f;
}

static u64 ports_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct vga *v = of(d);
	int which;

	if (claim == &v->window)
		return vga_window_read(v, offset, size);
	which = (int)(claim - d->class->claims);
	if (which == CLAIM_VBE)
		return vga_vbe_read(v, offset, size);
	if (which == CLAIM_VGA)
		return vga_port_read(v, offset);
	if (!is_selected(v, which))
		return UINT64_MAX;
	if (which == CLAIM_MONO_STATUS || which == CLAIM_COLOUR_STATUS) {
		v->s.attr_data[0] = 0; /* the next write to 3C0h is an index */
		return input_status(v);
	}
	return offset ? crtc_read(&v->s) : v->s.crtc_index[0];
}

/* ---- the PCI function, and memory whose place the guest chooses ---- */

/* A slot goes to `base`, or home, where no guest sees it. */
static u64 place(struct vga *v, int slot, u64 home, bool on, u64 base, u32 flags)
{
	struct mem *m = v->dev.world->mem;
	frame_no frame = mem_slot_get(m, (u32)slot)->frame;
	struct err err = { 0 };

	mem_slot_change(m, (u32)slot, frame, flags | SLOT_HOLE, NULL);
	if (on && !mem_slot_move(m, (u32)slot, base, &err) && !mem_slot_change(m, (u32)slot, frame, flags, &err))
		return base;
	if (on)
		device_log(&v->dev, LOG_INFO, "%s", err.text);
	mem_slot_move(m, (u32)slot, home, NULL);
	return home;
}

static void frame_buffer_moved(struct device *d, int bar, u64 base, bool on)
{
	struct vga *v = of(d);

	if (v->memory_slot >= 0)
		v->memory_at = place(v, v->memory_slot, v->memory_home, on, base, SLOT_DEVICE);
}

static void place_rom(struct vga *v)
{
	u32 rom = pci_get32(v->s.config, PCI_ROM);
	bool on = rom & ROM_ENABLE && pci_get16(v->s.config, PCI_COMMAND) & PCI_COMMAND_MEMORY;

	if (v->rom_slot >= 0)
		place(v, v->rom_slot, v->rom_home, on, rom & ~(u32)(VGA_ROM - 1), SLOT_DEVICE | SLOT_ROM);
}

static void config_written(struct device *d, u32 reg, int size)
{
	if (reg < PCI_ROM + 4 && reg + (u32)size > PCI_COMMAND)
		place_rom(of(d));
}

void vga_pci_init(struct vga *v, u8 devfn)
{
	/* A VGA-compatible controller, with the identity of the Bochs and QEMU standard adapter. */
	const struct pci_identity id = {
		.vendor = 0x1234, .device = 0x1111, .class = 0x030000, .revision = 2,
		.subsystem_vendor = 0x1af4, .subsystem = 0x1100,
	};

	pci_function_init(&v->pci, &v->dev, devfn, v->s.config, &id);
	pci_bar_memory(&v->pci, 0, VGA_MEMORY, NULL, 0, 0);
	pci_bar_prefetchable(&v->pci, 0);
	v->pci.bar[0].moved = frame_buffer_moved;
	v->pci.written = config_written;
	if (v->rom_slot >= 0)
		pci_put32(v->pci.writable, PCI_ROM, ~(u32)(VGA_ROM - 1) | ROM_ENABLE);
}

/* ---- reset and restore ---- */

static void vga_reset(struct device *d)
{
	struct vga *v = of(d);

	pci_function_reset(&v->pci);
	place_rom(v);
	v->s.vbe[VBE_ID] = 0xb0c5;
	v->s.vbe[VBE_MEMORY_64K] = VGA_MEMORY >> 16;
	if (!v->has_bios)
		vga_set_mode3(v);
	vga_place_window(v);
}

static void vga_restored(struct device *d)
{
	struct vga *v = of(d);
	bool rom = v->rom_slot >= 0;

	v->s.dac_part[0] %= 3;
	if (rom) /* out of the frame buffer's way */
		place(v, v->rom_slot, v->rom_home, false, 0, SLOT_DEVICE | SLOT_ROM);
	pci_function_restored(&v->pci);
	place_rom(v);
	vga_place_window(v);
}

static const char *const crtc_regs[] = { "CRTC index", "CRTC data" };
static const char *const status_regs[] = { "input status 1" };
static const char *const feature_regs[] = { "feature control" };
static const char *const read_regs[16] = {
	"attribute index", "attribute data", "input status 0", "video enable", "sequencer index", "sequencer data",
	"DAC mask", "DAC state", "DAC write index", "DAC data", "feature control", NULL, "misc output", NULL,
	"graphics index", "graphics data",
};
static const char *const written_regs[16] = {
	"attribute index/data", NULL, "misc output", "video enable", "sequencer index", "sequencer data",
	"DAC mask", "DAC read index", "DAC write index", "DAC data", NULL, NULL, NULL, NULL,
	"graphics index", "graphics data",
};
static const char *const vbe_regs[] = { "VBE index", "VBE data", "VBE data" };
static const struct claim claims[] = {
	[CLAIM_MONO] = { SPACE_PORT, 0x3b4, 2, crtc_regs, 2, 1 },
	[CLAIM_MONO_STATUS] = { SPACE_PORT, 0x3ba, 1, status_regs, 1, 1, feature_regs },
	[CLAIM_VGA] = { SPACE_PORT, 0x3c0, 16, read_regs, 16, 1, written_regs },
	[CLAIM_COLOUR] = { SPACE_PORT, 0x3d4, 2, crtc_regs, 2, 1 },
	[CLAIM_COLOUR_STATUS] = { SPACE_PORT, 0x3da, 1, status_regs, 1, 1, feature_regs },
	[CLAIM_VBE] = { SPACE_PORT, 0x1ce, 4, vbe_regs, 3, 2 },
};

const struct device_class vga_class = {
	.name = "vga",
	.brief = "VGA with Bochs VBE extensions",
	.layout = &vga_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = ports_read,
	.write = ports_write,
	.reset = vga_reset,
	.restored = vga_restored,
};
