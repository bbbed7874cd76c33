/* SPDX-License-Identifier: GPL-3.0-or-later
 * bmide.c - the IDE function of the PIIX3: it moves data between the drives and memory by itself.
 * Place: PCI 00:01.1; BAR 4: 16 ports, eight per channel.
 * Rule: the guest's table of regions is read entry by entry, as needed, and never believed further than the
 * drive has data: no table makes a transfer longer, and one of more than 64 KiB ends in an error.
 * NOT MODELLED: the timing registers (stored only); the decode enables (the channels always answer).
 * Source: Programming Interface for Bus Master IDE Controller, revision 1.0; Intel 82371SB (290550), 2.3.
 */
#include "devices/bmide.h"

/* clang-format off */
enum { REG_COMMAND = 0, REG_STATUS = 2, REG_TABLE = 4, REGS = 8 };
enum { COMMAND_START = 1, COMMAND_TO_MEMORY = 8 };
enum { STATUS_ACTIVE = 1, STATUS_ERROR = 2, STATUS_INTERRUPT = 4, STATUS_CAPABLE = 0x60 };
enum { BAR = 4, PRD_BYTES = 8, PRD_ENTRIES = 0x10000 / PRD_BYTES, CONFIG_TIMING = 0x40 };
/* clang-format on */
#define PRD_LAST (1u << 31)

static struct bmide *of(struct device *d)
{
	return (struct bmide *)d;
}

/* ---- memory ---- */

static u32 get32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

/* Take the next region from the table; false if there is none. Sizes are even, 0 means 64 KiB. */
static bool next_region(struct bmide *b, int c)
{
	struct bmide_state *s = &b->s;
	u8 prd[PRD_BYTES];

	if (s->last[c] || s->entry[c] >= PRD_ENTRIES ||
	    !mem_read(b->dev.world->mem, s->table[c] + (u64)s->entry[c] * PRD_BYTES, prd, PRD_BYTES))
		return false;
	s->entry[c]++;
	s->place[c] = get32(prd) & ~1u;
	s->left[c] = get32(prd + 4) & 0xfffe ? get32(prd + 4) & 0xfffe : 0x10000;
	s->last[c] = get32(prd + 4) & PRD_LAST ? 1 : 0;
	return true;
}

/* One piece within the present region; false where there is no memory. */
static bool move_piece(struct bmide *b, int c, u8 *data, u32 n, bool to_memory)
{
	struct mem *m = b->dev.world->mem;
	u64 place = b->s.place[c];

	b->s.place[c] += n;
	b->s.left[c] -= n;
	return to_memory ? mem_write(m, place, data, n) : mem_read(m, place, data, n);
}

static u32 move(void *arg, int c, u8 *data, u32 len, bool to_memory)
{
	struct bmide *b = arg;
	struct bmide_state *s = &b->s;
	u32 moved = 0;

	if (to_memory != !!(s->command[c] & COMMAND_TO_MEMORY)) {
		s->status[c] |= STATUS_ERROR;
		return 0;
	}
	while (moved < len) {
		u32 n = len - moved;

		if (!s->left[c] && !next_region(b, c))
			break;
		if (n > s->left[c])
			n = s->left[c];
		if (!move_piece(b, c, data + moved, n, to_memory)) {
			s->status[c] |= STATUS_ERROR;
			break;
		}
		moved += n;
	}
	return moved;
}

/* The drive and the guest may both be ready now. */
static void run(struct bmide *b, int c)
{
	struct bmide_state *s = &b->s;

	if (!(s->command[c] & COMMAND_START) || !(s->status[c] & STATUS_ACTIVE) || !b->channel[c])
		return;
	if (!pci_is_master(&b->pci) || !b->dev.world->mem) {
		s->status[c] |= STATUS_ERROR;
		s->status[c] &= (u8)~STATUS_ACTIVE;
		return;
	}
	ide_dma_run(b->channel[c]);
	if (s->status[c] & STATUS_ERROR || (s->last[c] && !s->left[c]))
		s->status[c] &= (u8)~STATUS_ACTIVE; /* at the end of its table, or stuck */
}

static void ready(void *arg, int c)
{
	run(arg, c);
}

/* The interrupt of a channel passes through, and its rise is noted: data that came before it are in memory.
 */
static void set_line(void *arg, int c, int level)
{
	struct bmide *b = arg;

	if (level && !b->s.line[c])
		b->s.status[c] |= STATUS_INTERRUPT;
	b->s.line[c] = level != 0;
	irq_set(&b->irq[c], level);
}

/* ---- the ports ---- */

static void write_command(struct bmide *b, int c, u8 v)
{
	struct bmide_state *s = &b->s;
	bool starts = v & ~s->command[c] & COMMAND_START;

	s->command[c] = v & (COMMAND_START | COMMAND_TO_MEMORY);
	if (!(v & COMMAND_START))
		s->status[c] &= (u8)~STATUS_ACTIVE;
	if (!starts)
		return;
	s->entry[c] = s->left[c] = s->last[c] = 0;
	s->status[c] |= STATUS_ACTIVE;
	run(b, c);
}

static void write_byte(struct bmide *b, int c, u64 reg, u8 v)
{
	struct bmide_state *s = &b->s;
	u32 shift = (u32)(reg - REG_TABLE) * 8;

	if (reg == REG_COMMAND) {
		write_command(b, c, v);
	} else if (reg == REG_STATUS) {
		s->status[c] &= (u8) ~(v & (STATUS_ERROR | STATUS_INTERRUPT));
		s->status[c] = (s->status[c] & (u8)~STATUS_CAPABLE) | (v & STATUS_CAPABLE);
	} else if (reg >= REG_TABLE) {
		s->table[c] = ((s->table[c] & ~(0xffu << shift)) | (u32)v << shift) & ~3u;
	}
}

static u8 read_byte(const struct bmide *b, int c, u64 reg)
{
	if (reg >= REG_TABLE)
		return (u8)(b->s.table[c] >> (reg - REG_TABLE) * 8);
	return reg == REG_COMMAND ? b->s.command[c] : reg == REG_STATUS ? b->s.status[c] : 0;
}

static void bmide_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	for (u64 at = offset; at < offset + (u64)size; at++, value >>= 8)
		write_byte(of(d), (int)(at / REGS) % IDE_CHANNELS, at % REGS, (u8)value);
}

static u64 bmide_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	u64 value = 0;

	for (int i = 0; i < size; i++) {
		u64 at = offset + (u64)i;

		value |= (u64)read_byte(of(d), (int)(at / REGS) % IDE_CHANNELS, at % REGS) << 8 * i;
	}
	return value;
}

/* ---- building ---- */

static const char *const regs[] = {
	"primary command",   NULL, "primary status",   NULL, "primary table",   NULL, NULL, NULL,
	"secondary command", NULL, "secondary status", NULL, "secondary table",
};

void bmide_init(struct bmide *b)
{
	static const struct pci_identity id = {
		.vendor = 0x8086,
		.device = 0x7010,
		.class = 0x010180,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
	};
	u8 *w = b->pci.writable;

	pci_function_init(&b->pci, &b->dev, 1 << 3 | 1, b->s.config, &id);
	pci_bar_io(&b->pci, BAR, 2 * REGS, regs, ARRAY_LEN(regs), 4);
	pci_put16(b->pci.initial, PCI_STATUS, 0x0280);
	pci_put16(w, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	w[PCI_CACHE_LINE] = w[PCI_INTERRUPT_LINE] = 0;
	w[PCI_LATENCY] = 0xf0;
	pci_put32(w, CONFIG_TIMING, 0xf3fff3ff);
	w[CONFIG_TIMING + 4] = 0xff;
}

void bmide_connect(struct bmide *b, struct ide *channel)
{
	b->channel[channel->number] = channel;
	channel->irq = (struct irq_line){ set_line, b, channel->number };
	channel->dma = (struct ide_dma){ move, ready, b };
}

static void bmide_reset(struct device *d)
{
	pci_function_reset(&of(d)->pci);
}

static void bmide_restored(struct device *d)
{
	struct bmide_state *s = &of(d)->s;

	for (int c = 0; c < IDE_CHANNELS; c++)
		s->table[c] &= ~3u;
	pci_function_restored(&of(d)->pci);
}

const struct device_class bmide_class = {
	.name = "bmide",
	.brief = "PIIX3 IDE bus master, PCI 00:01.1",
	.layout = &bmide_state_layout,
	.read = bmide_read,
	.write = bmide_write,
	.reset = bmide_reset,
	.restored = bmide_restored,
};
