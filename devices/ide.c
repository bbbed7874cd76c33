/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide.c - an IDE channel: the ports, and which of two drives they reach.
 * Ports: 1F0h-1F7h and 3F6h of the first channel, 170h-177h and 376h of the second.
 * Rule: a command is done at once, up to its first data; BSY is only ever seen while software reset is
 * held.
 * Elsewhere: what disks do in ide-disk.c, CD drives in ide-cd.c, DMA in bmide.c.
 * Source: ATA/ATAPI-6 (T13/1410D), 7 (registers), 9.2 (software reset).
 */
#include "devices/ide-priv.h"

enum { DATA, ERROR_FEATURES, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, STATUS_COMMAND };
enum { CTL_NIEN = 2, CTL_SRST = 4, CTL_HOB = 0x80 };
enum { CLAIM_COMMAND, CLAIM_CONTROL };

static struct ide *of(struct device *d)
{
	return (struct ide *)d;
}

static struct ide_drive *selected(struct ide *i)
{
	return &i->drive[i->s.selected[0] % IDE_DRIVES];
}

/* Only the selected drive drives the interrupt line (7.4.3). */
static void update(struct ide *i)
{
	irq_set(&i->irq, selected(i)->s.irq[0] && !(i->s.control[0] & CTL_NIEN));
}

/* ---- for the drives ---- */

void ide_finish(struct ide_drive *d, u8 error)
{
	d->s.status[0] = ST_DRDY | ST_DSC | (error ? ST_ERR : 0);
	d->s.error[0] = error;
	d->s.command[0] = 0;
	d->s.phase[0] = PHASE_NONE;
	d->s.irq[0] = 1;
}

/* 9.12: by these values one knows a disk from a CD drive. */
void ide_set_signature(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	s->count[0] = s->lba_low[0] = 1;
	s->lba_mid[0] = d->cd ? 0x14 : 0;
	s->lba_high[0] = d->cd ? 0xeb : 0;
	s->device[0] &= IDE_DEV_1;
	s->error[0] = ER_PASSED;
	s->phase[0] = PHASE_NONE;
	s->command[0] = 0;
}

static bool is_mode(u8 mode)
{
	/* PIO default, PIO 0 to 4, multiword DMA 0 to 2, ultra DMA 0 to 5 (8.46, table 44) */
	return mode <= 1 || (mode >= 8 && mode <= 0xc) || (mode >= 0x20 && mode <= 0x22) ||
	       (mode >= 0x40 && mode <= 0x45);
}

void ide_set_features(struct ide_drive *d)
{
	u8 f = d->s.features[0], mode = d->s.count[0];
	/* write cache on/off, read look-ahead on/off, keep settings or not */
	bool known = f == 0x02 || f == 0x82 || f == 0x55 || f == 0xaa || f == 0x66 || f == 0xcc;

	if (f == 0x03 && is_mode(mode)) {
		if (mode >= 0x20)
			d->s.dma_mode[0] = mode;
		known = true;
	}
	ide_finish(d, known ? 0 : ER_ABRT);
}

/* ---- DMA ---- */

static bool wants_dma(const struct ide_drive *d)
{
	return d->disk && (d->s.phase[0] == PHASE_READ_DMA || d->s.phase[0] == PHASE_WRITE_DMA);
}

bool ide_dma_move(struct ide_drive *d, u8 *data, u32 len, bool to_memory)
{
	const struct ide_dma *m = &d->channel->dma;

	return m->move && m->move(m->arg, d->channel->number, data, len, to_memory) == len;
}

void ide_dma_run(struct ide *i)
{
	struct ide_drive *d = selected(i);

	if (!wants_dma(d))
		return;
	if (d->cd)
		ide_cd_dma(d);
	else
		ide_disk_dma(d);
	update(i);
}

/* A command may have made a transfer ready. */
static void offer_dma(struct ide *i)
{
	if (wants_dma(selected(i)) && i->dma.ready)
		i->dma.ready(i->dma.arg, i->number);
}

/* ---- the data register ---- */

static void end_of_buffer(struct ide_drive *d)
{
	if (d->cd)
		ide_cd_block(d);
	else
		ide_disk_block(d);
}

static u64 read_data(struct ide_drive *d, int size)
{
	struct ide_drive_state *s = &d->s;
	u64 value = 0;

	if (s->phase[0] != PHASE_READ)
		return UINT64_MAX;
	for (int n = 0; n < size; n++)
		value |= (u64)s->buffer[s->pos[0]++ % IDE_BUFFER] << 8 * n;
	if (s->pos[0] >= s->end[0])
		end_of_buffer(d);
	return value;
}

static void write_data(struct ide_drive *d, int size, u64 value)
{
	struct ide_drive_state *s = &d->s;

	if (s->phase[0] != PHASE_WRITE && s->phase[0] != PHASE_PACKET)
		return;
	for (int n = 0; n < size; n++)
		s->buffer[s->pos[0]++ % IDE_BUFFER] = (u8)(value >> 8 * n);
	if (s->pos[0] >= s->end[0])
		end_of_buffer(d);
}

/* ---- the other registers ---- */

/* 9.2: both drives at once. */
static void write_control(struct ide *i, u8 v)
{
	for (int n = 0; n < IDE_DRIVES; n++) {
		struct ide_drive *d = &i->drive[n];
		struct ide_drive_state *s = &d->s;

		if (!d->disk)
			continue;
		if (v & CTL_SRST) {
			s->status[0] = ST_BSY;
			s->command[0] = s->irq[0] = s->phase[0] = 0;
		} else if (i->s.control[0] & CTL_SRST) {
			ide_set_signature(d);
			s->device[0] = 0;
			s->status[0] = d->cd ? 0 : ST_DRDY | ST_DSC;
			s->multiple[0] = 0;
		}
	}
	if (v & CTL_SRST)
		i->s.selected[0] = 0;
	i->s.control[0] = v;
}

static void push(u8 *reg, u8 v)
{
	reg[1] = reg[0];
	reg[0] = v;
}

static void write_parameter(struct ide_drive *d, u64 reg, u8 v)
{
	struct ide_drive_state *s = &d->s;

	if (!d->disk || (s->status[0] & (ST_BSY | ST_DRQ) && reg != DEVICE))
		return;
	switch (reg) {
	case ERROR_FEATURES: s->features[0] = v; break;
	case COUNT: push(s->count, v); break;
	case LBA_LOW: push(s->lba_low, v); break;
	case LBA_MID: push(s->lba_mid, v); break;
	case LBA_HIGH: push(s->lba_high, v); break;
	case DEVICE: s->device[0] = v; break;
	}
}

/* A new command also ends one that is in the middle of its data, except in reset. */
static void command(struct ide_drive *d, u8 v)
{
	if (!d->disk || d->s.status[0] & ST_BSY)
		return;
	d->s.command[0] = d->s.error[0] = 0;
	d->s.phase[0] = PHASE_NONE;
	if (d->cd)
		ide_cd_command(d, v);
	else
		ide_disk_command(d, v);
}

static void write_command(struct ide *i, u8 v)
{
	selected(i)->s.irq[0] = 0;
	update(i);               /* the line falls, even if the command raises it again at once */
	if (v == CMD_DIAGNOSTIC) /* for both, whichever is selected (8.11) */
		for (int n = 0; n < IDE_DRIVES; n++)
			command(&i->drive[n], v);
	else
		command(selected(i), v);
	if (v == CMD_DIAGNOSTIC) {
		i->s.selected[0] = 0;
		i->drive[1].s.irq[0] = 0;
	}
	offer_dma(i);
}

static void write_register(struct ide *i, u64 reg, u8 v)
{
	i->s.control[0] &= (u8)~CTL_HOB; /* any write to the command block shows the latest values again */
	if (reg == STATUS_COMMAND) {
		write_command(i, v);
		return;
	}
	for (int n = 0; n < IDE_DRIVES; n++)
		write_parameter(&i->drive[n], reg, v);
	if (reg == DEVICE)
		i->s.selected[0] = !!(v & IDE_DEV_1);
}

static u8 read_register(struct ide *i, u64 reg)
{
	struct ide_drive *d = selected(i);
	const struct ide_drive_state *s = &d->s;
	int hob = !!(i->s.control[0] & CTL_HOB);

	/* A drive that is alone answers for the absent one, with a status of zero (9.16.1). */
	if (!d->disk)
		s = &i->drive[!i->s.selected[0]].s;
	switch (reg) {
	case ERROR_FEATURES: return s->error[0];
	case COUNT: return s->count[hob];
	case LBA_LOW: return s->lba_low[hob];
	case LBA_MID: return s->lba_mid[hob];
	case LBA_HIGH: return s->lba_high[hob];
	case DEVICE: return s->device[0];
	}
	return d->disk ? s->status[0] : 0;
}

/* ---- the ports ---- */

static void ide_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct ide *i = of(d);

	if (claim == &d->class->claims[CLAIM_CONTROL]) {
		write_control(i, (u8)value);
	} else if (offset == DATA) {
		write_data(selected(i), size, value);
		offer_dma(i); /* a packet may have asked for it */
	} else {
		for (int n = 0; n < size; n++)
			write_register(i, offset + (u64)n, (u8)(value >> 8 * n));
	}
	update(i);
}

static u64 ide_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct ide *i = of(d);
	u64 value = 0;

	if (claim == &d->class->claims[CLAIM_CONTROL]) /* alternate status: does not end the interrupt */
		return read_register(i, STATUS_COMMAND);
	if (offset == DATA) {
		value = read_data(selected(i), size);
		update(i);
		return value;
	}
	for (int n = 0; n < size; n++) {
		value |= (u64)read_register(i, offset + (u64)n) << 8 * n;
		if (offset + (u64)n == STATUS_COMMAND)
			selected(i)->s.irq[0] = 0;
	}
	update(i);
	return value;
}

static void ide_reset(struct device *d)
{
	update(of(d));
}

static void ide_restored(struct device *d)
{
	of(d)->s.selected[0] %= IDE_DRIVES;
}

void ide_init(struct ide *i, int number)
{
	i->number = number;
	for (int n = 0; n < IDE_DRIVES; n++)
		i->drive[n].channel = i;
}

static const char *const command_regs[] = {
	"data", "error", "count", "LBA low", "LBA mid", "LBA high", "device", "status",
};
static const char *const command_written[] = {
	"data", "features", "count", "LBA low", "LBA mid", "LBA high", "device", "command",
};
static const char *const control_regs[] = { "alternate status" };
static const char *const control_written[] = { "control" };
static const struct claim claims0[] = {
	[CLAIM_COMMAND] = { SPACE_PORT, 0x1f0, 8, command_regs, 8, 4, command_written },
	[CLAIM_CONTROL] = { SPACE_PORT, 0x3f6, 1, control_regs, 1, 1, control_written },
};
static const struct claim claims1[] = {
	[CLAIM_COMMAND] = { SPACE_PORT, 0x170, 8, command_regs, 8, 4, command_written },
	[CLAIM_CONTROL] = { SPACE_PORT, 0x376, 1, control_regs, 1, 1, control_written },
};

const struct device_class ide0_class = {
	.name = "ide0",
	.brief = "primary IDE channel",
	.layout = &ide_state_layout,
	.claims = claims0,
	.nclaims = ARRAY_LEN(claims0),
	.read = ide_read,
	.write = ide_write,
	.reset = ide_reset,
	.restored = ide_restored,
};

const struct device_class ide1_class = {
	.name = "ide1",
	.brief = "secondary IDE channel",
	.layout = &ide_state_layout,
	.claims = claims1,
	.nclaims = ARRAY_LEN(claims1),
	.read = ide_read,
	.write = ide_write,
	.reset = ide_reset,
	.restored = ide_restored,
};

/* ---- the drives as devices: they have state, but no ports of their own ---- */

static void drive_reset(struct device *dev)
{
	struct ide_drive *d = (struct ide_drive *)dev;

	ide_set_signature(d);
	if (d->cd) /* not ready until a packet command: so one tells it from a disk (9.12) */
		d->s.status[0] = 0;
}

static void drive_restored(struct device *dev)
{
	struct ide_drive_state *s = &((struct ide_drive *)dev)->s;

	s->heads[0] = s->heads[0] ? s->heads[0] : IDE_HEADS;
	s->track[0] = s->track[0] ? s->track[0] : IDE_TRACK;
	s->pos[0] %= IDE_BUFFER;
	if (s->end[0] > IDE_BUFFER)
		s->end[0] = IDE_BUFFER;
	if (s->filled[0] > IDE_BUFFER)
		s->filled[0] = IDE_BUFFER;
}

const struct device_class ide_drive_class = {
	.name = "ide-drive",
	.brief = "IDE disk or CD drive",
	.layout = &ide_drive_state_layout,
	.reset = drive_reset,
	.restored = drive_restored,
};
