/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-disk.c - what an ATA disk does: sectors by programmed I/O or DMA, and the commands around them.
 * Rule: every way that reads or writes a sector first asks whether there is one of that number.
 * A write that the host refuses (see disk.h) fails with DF, as a broken disk would.
 * NOT MODELLED: power states (accepted, without effect), security, SMART.
 * Source: ATA/ATAPI-6 (T13/1410D), 8.
 */
#include "devices/ide-priv.h"

enum { DMA_SECTORS = 16 }; /* moved at once */

/* ---- sectors ---- */

static bool is_multiple(u8 command)
{
	return command == CMD_READ_MULTIPLE || command == CMD_WRITE_MULTIPLE ||
	       command == CMD_READ_MULTIPLE_EXT || command == CMD_WRITE_MULTIPLE_EXT;
}

static void new_block(struct ide_drive_state *s)
{
	u32 n = is_multiple(s->command[0]) ? s->multiple[0] : 1;

	s->block_left[0] = n < s->left[0] ? n : s->left[0];
}

/* One sector less in this block; true if that was its last, and a new one begins. */
static bool next_block(struct ide_drive_state *s)
{
	if (s->block_left[0] > 1) {
		s->block_left[0]--;
		return false;
	}
	new_block(s);
	return true;
}

static void fail_at(struct ide_drive *d, u8 error, u8 status)
{
	ide_put_lba(&d->s, d->s.lba[0], ide_is_ext(d->s.command[0]));
	ide_finish(d, error);
	d->s.status[0] |= status;
}

/* The guest may read or write one sector of the buffer. */
static void offer_buffer(struct ide_drive_state *s, enum ide_phase phase)
{
	s->pos[0] = 0;
	s->end[0] = DISK_SECTOR;
	s->phase[0] = (u8)phase;
	s->status[0] = ST_DRDY | ST_DSC | ST_DRQ;
}

/* Whether n sectors from the present one on can be read or written; if not, the command ends there. */
static bool is_within(struct ide_drive *d, u32 n)
{
	u64 sectors = d->disk->sectors, lba = d->s.lba[0];

	if (lba < sectors && n <= sectors - lba)
		return true;
	d->s.lba[0] = lba < sectors ? sectors : lba;
	fail_at(d, ER_IDNF, 0);
	return false;
}

static bool read_sectors(struct ide_drive *d, u32 n, u8 *to)
{
	if (!is_within(d, n))
		return false;
	if (disk_read(d->disk, d->s.lba[0], n, to))
		return true;
	fail_at(d, ER_UNC, 0);
	return false;
}

static bool write_sectors(struct ide_drive *d, u32 n, const u8 *from)
{
	if (!is_within(d, n))
		return false;
	if (disk_write(d->disk, d->s.lba[0], n, from))
		return true;
	fail_at(d, ER_ABRT, ST_DF);
	return false;
}

/* ---- programmed I/O ---- */

static void load_sector(struct ide_drive *d)
{
	if (read_sectors(d, 1, d->s.buffer))
		offer_buffer(&d->s, PHASE_READ);
}

static bool start_transfer(struct ide_drive *d, u8 command)
{
	struct ide_drive_state *s = &d->s;

	if (is_multiple(command) && !s->multiple[0]) {
		ide_finish(d, ER_ABRT);
		return false;
	}
	s->command[0] = command;
	s->lba[0] = ide_lba(s, ide_is_ext(command));
	s->left[0] = ide_count(s, ide_is_ext(command));
	new_block(s);
	return true;
}

static void start_read(struct ide_drive *d, u8 command)
{
	if (!start_transfer(d, command))
		return;
	load_sector(d);
	d->s.irq[0] = 1;
}

static void start_write(struct ide_drive *d, u8 command)
{
	if (start_transfer(d, command))
		offer_buffer(&d->s, PHASE_WRITE); /* without an interrupt: the guest waits for DRQ */
}

static void sector_read(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	if (s->command[0] == CMD_IDENTIFY || s->left[0] <= 1) {
		s->status[0] = ST_DRDY | ST_DSC;
		s->command[0] = 0;
		s->phase[0] = PHASE_NONE;
		return;
	}
	s->left[0]--;
	s->lba[0]++;
	load_sector(d);
	if (s->command[0] && next_block(s))
		s->irq[0] = 1;
}

static void sector_written(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	if (!write_sectors(d, 1, s->buffer))
		return;
	if (s->left[0] <= 1) {
		ide_finish(d, 0);
		return;
	}
	s->left[0]--;
	s->lba[0]++;
	offer_buffer(s, PHASE_WRITE);
	if (next_block(s))
		s->irq[0] = 1;
}

void ide_disk_block(struct ide_drive *d)
{
	if (d->s.phase[0] == PHASE_READ)
		sector_read(d);
	else
		sector_written(d);
}

/* ---- DMA ---- */

static void start_dma(struct ide_drive *d, u8 command, enum ide_phase phase)
{
	start_transfer(d, command);
	d->s.phase[0] = (u8)phase;
	d->s.status[0] = ST_DRDY | ST_DSC | ST_DRQ;
}

/* A table of the bus master that ends too early leaves the drive waiting, as on a real cable; a reset helps.
 */
void ide_disk_dma(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;
	bool reading = s->phase[0] == PHASE_READ_DMA;
	u8 sectors[DMA_SECTORS * DISK_SECTOR];

	while (s->left[0]) {
		u32 n = s->left[0] < DMA_SECTORS ? s->left[0] : DMA_SECTORS;

		if (reading && !read_sectors(d, n, sectors))
			return;
		if (!ide_dma_move(d, sectors, n * DISK_SECTOR, reading)) {
			s->phase[0] = PHASE_NONE;
			return;
		}
		if (!reading && !write_sectors(d, n, sectors))
			return;
		s->left[0] -= n;
		s->lba[0] += n;
	}
	ide_finish(d, 0);
}

/* ---- commands ---- */

static void verify(struct ide_drive *d, u8 command)
{
	start_transfer(d, command);
	if (is_within(d, d->s.left[0]))
		ide_finish(d, 0);
}

static void identify(struct ide_drive *d)
{
	ide_identify(&d->s, d->disk->sectors);
	d->s.command[0] = CMD_IDENTIFY;
	offer_buffer(&d->s, PHASE_READ);
	d->s.irq[0] = 1;
}

static void init_parameters(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	if (!s->count[0]) {
		ide_finish(d, ER_ABRT);
		return;
	}
	s->track[0] = s->count[0];
	s->heads[0] = (s->device[0] & 15) + 1;
	ide_finish(d, 0);
}

static void set_multiple(struct ide_drive *d)
{
	u8 n = d->s.count[0];

	if (n > IDE_MULTIPLE_MAX || n & (n - 1)) {
		ide_finish(d, ER_ABRT);
		return;
	}
	d->s.multiple[0] = n;
	ide_finish(d, 0);
}

static void native_max(struct ide_drive *d, bool ext)
{
	u64 last = d->disk->sectors - 1;

	d->s.device[0] |= IDE_DEV_LBA;
	ide_put_lba(&d->s, !ext && last > 0x0fffffff ? 0x0fffffff : last, ext);
	ide_finish(d, 0);
}

static void flush(struct ide_drive *d)
{
	bool good = disk_flush(d->disk);

	ide_finish(d, good ? 0 : ER_ABRT);
	d->s.status[0] |= good ? 0 : ST_DF;
}

static void diagnostic(struct ide_drive *d)
{
	ide_set_signature(d);
	ide_finish(d, 0);
	d->s.error[0] = ER_PASSED;
}

/* clang-format off */
void ide_disk_command(struct ide_drive *d, u8 command)
{
	u8 c = command;

	if ((c & 0xf0) == CMD_RECALIBRATE || (c & 0xf0) == CMD_SEEK) /* once the low bits chose a step rate */
		c &= 0xf0;
	switch (c) {
	case CMD_READ: case CMD_READ + 1: case CMD_READ_EXT: case CMD_READ_MULTIPLE:
	case CMD_READ_MULTIPLE_EXT:
		start_read(d, c);
		break;
	case CMD_WRITE: case CMD_WRITE + 1: case CMD_WRITE_EXT: case CMD_WRITE_MULTIPLE:
	case CMD_WRITE_MULTIPLE_EXT:
		start_write(d, c);
		break;
	case CMD_READ_DMA: case CMD_READ_DMA + 1: case CMD_READ_DMA_EXT:
		start_dma(d, c, PHASE_READ_DMA);
		break;
	case CMD_WRITE_DMA: case CMD_WRITE_DMA + 1: case CMD_WRITE_DMA_EXT:
		start_dma(d, c, PHASE_WRITE_DMA);
		break;
	case CMD_VERIFY: case CMD_VERIFY + 1: case CMD_VERIFY_EXT: verify(d, c); break;
	case CMD_IDENTIFY: identify(d); break;
	case CMD_INIT_PARAMETERS: init_parameters(d); break;
	case CMD_SET_MULTIPLE: set_multiple(d); break;
	case CMD_SET_FEATURES: ide_set_features(d); break;
	case CMD_NATIVE_MAX: case CMD_NATIVE_MAX_EXT: native_max(d, c == CMD_NATIVE_MAX_EXT); break;
	case CMD_DIAGNOSTIC: diagnostic(d); break;
	case CMD_CHECK_POWER:
		d->s.count[0] = 0xff; /* active */
		ide_finish(d, 0);
		break;
	case CMD_FLUSH: case CMD_FLUSH_EXT: flush(d); break;
	case CMD_RECALIBRATE: case CMD_SEEK: case CMD_STANDBY_NOW: case CMD_IDLE_NOW: case CMD_STANDBY:
	case CMD_IDLE: case CMD_SLEEP:
		ide_finish(d, 0);
		break;
	default: ide_finish(d, ER_ABRT);
	}
}
/* clang-format on */
