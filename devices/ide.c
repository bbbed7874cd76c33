/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide.c - the primary IDE channel (ATA-6) with one disk, programmed I/O only.
 * Ports: 1F0h-1F7h (command block), 3F6h (control block).  Device 1 is absent.
 * Rule: a command is done at once, up to its first sector; BSY is only ever seen while software reset is
 * held.
 * NOT MODELLED: DMA, packet commands, power states (accepted, without effect), security, SMART.
 * A write that the host refuses (see disk.h) fails with DF, as a broken disk would.
 * Source: ATA/ATAPI-6 (T13/1410D).
 */
#include "devices/ide-priv.h"

enum { DATA, ERROR_FEATURES, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, STATUS_COMMAND };
enum { ST_ERR = 1, ST_DRQ = 8, ST_DSC = 0x10, ST_DF = 0x20, ST_DRDY = 0x40, ST_BSY = 0x80 };
enum { ER_ABRT = 4, ER_IDNF = 0x10, ER_UNC = 0x40, ER_PASSED = 1 };
enum { DEV_1 = 0x10, CTL_NIEN = 2, CTL_SRST = 4, CTL_HOB = 0x80 };
enum { CLAIM_COMMAND, CLAIM_CONTROL };

static struct ide *of(struct device *d)
{
	return (struct ide *)d;
}

static void update(struct ide *i)
{
	irq_set(&i->irq, i->s.irq[0] && !(i->s.control[0] & CTL_NIEN));
}

/* The command is over; ask for attention. */
static void finish(struct ide *i, u8 error)
{
	i->s.status[0] = ST_DRDY | ST_DSC | (error ? ST_ERR : 0);
	i->s.error[0] = error;
	i->s.command[0] = 0;
	i->s.irq[0] = 1;
}

static void set_signature(struct ide_state *s)
{
	s->count[0] = s->lba_low[0] = 1;
	s->lba_mid[0] = s->lba_high[0] = 0;
	s->device[0] &= DEV_1;
	s->error[0] = ER_PASSED;
}

/* ---- sectors ---- */

static bool is_multiple(u8 command)
{
	return command == CMD_READ_MULTIPLE || command == CMD_WRITE_MULTIPLE ||
	       command == CMD_READ_MULTIPLE_EXT || command == CMD_WRITE_MULTIPLE_EXT;
}

static void new_block(struct ide_state *s)
{
	u32 n = is_multiple(s->command[0]) ? s->multiple[0] : 1;

	s->block_left[0] = n < s->left[0] ? n : s->left[0];
}

/* One sector less in this block; true if that was its last, and a new one begins. */
static bool next_block(struct ide_state *s)
{
	if (s->block_left[0] > 1) {
		s->block_left[0]--;
		return false;
	}
	new_block(s);
	return true;
}

static void fail_at(struct ide *i, u8 error, u8 status)
{
	ide_put_lba(&i->s, i->s.lba[0], ide_is_ext(i->s.command[0]));
	finish(i, error);
	i->s.status[0] |= status;
}

/* The guest may read or write the buffer. */
static void offer_buffer(struct ide_state *s)
{
	s->pos[0] = 0;
	s->status[0] = ST_DRDY | ST_DSC | ST_DRQ;
}

static void load_sector(struct ide *i)
{
	struct ide_state *s = &i->s;

	if (s->lba[0] >= i->disk->sectors) {
		fail_at(i, ER_IDNF, 0);
		return;
	}
	if (!disk_read(i->disk, s->lba[0], 1, s->buffer)) {
		fail_at(i, ER_UNC, 0);
		return;
	}
	offer_buffer(s);
}

static void start_transfer(struct ide *i, u8 command)
{
	struct ide_state *s = &i->s;

	if (is_multiple(command) && !s->multiple[0]) {
		finish(i, ER_ABRT);
		return;
	}
	s->command[0] = command;
	s->lba[0] = ide_lba(s, ide_is_ext(command));
	s->left[0] = ide_count(s, ide_is_ext(command));
	new_block(s);
}

static void start_read(struct ide *i, u8 command)
{
	start_transfer(i, command);
	if (!i->s.command[0])
		return;
	load_sector(i);
	i->s.irq[0] = 1;
}

static void start_write(struct ide *i, u8 command)
{
	start_transfer(i, command);
	if (i->s.command[0])
		offer_buffer(&i->s); /* without an interrupt: the guest waits for DRQ */
}

static void verify(struct ide *i, u8 command)
{
	struct ide_state *s = &i->s;
	u64 lba = ide_lba(s, ide_is_ext(command)), n = ide_count(s, ide_is_ext(command));

	s->command[0] = command;
	if (lba < i->disk->sectors && n <= i->disk->sectors - lba) {
		finish(i, 0);
		return;
	}
	s->lba[0] = lba < i->disk->sectors ? i->disk->sectors : lba;
	fail_at(i, ER_IDNF, 0);
}

/* The guest has read all of the buffer. */
static void sector_read(struct ide *i)
{
	struct ide_state *s = &i->s;

	if (s->command[0] == CMD_IDENTIFY || s->left[0] <= 1) {
		s->status[0] = ST_DRDY | ST_DSC;
		s->command[0] = 0;
		return;
	}
	s->left[0]--;
	s->lba[0]++;
	load_sector(i);
	if (s->command[0] && next_block(s))
		s->irq[0] = 1;
}

/* The guest has filled the buffer. */
static void sector_written(struct ide *i)
{
	struct ide_state *s = &i->s;

	if (s->lba[0] >= i->disk->sectors) {
		fail_at(i, ER_IDNF, 0);
		return;
	}
	if (!disk_write(i->disk, s->lba[0], 1, s->buffer)) {
		fail_at(i, ER_ABRT, ST_DF);
		return;
	}
	if (s->left[0] <= 1) {
		finish(i, 0);
		return;
	}
	s->left[0]--;
	s->lba[0]++;
	offer_buffer(s);
	if (next_block(s))
		s->irq[0] = 1;
}

static bool is_writing(u8 command)
{
	return command == CMD_WRITE || command == CMD_WRITE + 1 || command == CMD_WRITE_EXT ||
	       command == CMD_WRITE_MULTIPLE || command == CMD_WRITE_MULTIPLE_EXT;
}

static u64 read_data(struct ide *i, int size)
{
	struct ide_state *s = &i->s;
	u64 value = 0;

	if (!(s->status[0] & ST_DRQ) || is_writing(s->command[0]))
		return UINT64_MAX;
	for (int n = 0; n < size; n++)
		value |= (u64)s->buffer[s->pos[0]++ % DISK_SECTOR] << 8 * n;
	if (s->pos[0] >= DISK_SECTOR)
		sector_read(i);
	return value;
}

static void write_data(struct ide *i, int size, u64 value)
{
	struct ide_state *s = &i->s;

	if (!(s->status[0] & ST_DRQ) || !is_writing(s->command[0]))
		return;
	for (int n = 0; n < size; n++)
		s->buffer[s->pos[0]++ % DISK_SECTOR] = (u8)(value >> 8 * n);
	if (s->pos[0] >= DISK_SECTOR)
		sector_written(i);
}

/* ---- commands ---- */

static void identify(struct ide *i)
{
	ide_identify(&i->s, i->disk->sectors);
	i->s.command[0] = CMD_IDENTIFY;
	offer_buffer(&i->s);
	i->s.irq[0] = 1;
}

static void init_parameters(struct ide *i)
{
	struct ide_state *s = &i->s;

	if (!s->count[0]) {
		finish(i, ER_ABRT);
		return;
	}
	s->track[0] = s->count[0];
	s->heads[0] = (s->device[0] & 15) + 1;
	finish(i, 0);
}

static void set_multiple(struct ide *i)
{
	u8 n = i->s.count[0];

	if (n > IDE_MULTIPLE_MAX || n & (n - 1)) {
		finish(i, ER_ABRT);
		return;
	}
	i->s.multiple[0] = n;
	finish(i, 0);
}

static void native_max(struct ide *i, bool ext)
{
	u64 last = i->disk->sectors - 1;

	i->s.device[0] |= IDE_DEV_LBA;
	ide_put_lba(&i->s, !ext && last > 0x0fffffff ? 0x0fffffff : last, ext);
	finish(i, 0);
}

static void set_features(struct ide *i)
{
	u8 f = i->s.features[0];
	bool pio = f != 0x03 || i->s.count[0] < 0x10; /* transfer modes: PIO ones only */
	/* write cache on/off, read look-ahead on/off, keep settings or not */
	bool known = f == 0x02 || f == 0x82 || f == 0x55 || f == 0xaa || f == 0x66 || f == 0xcc || f == 0x03;

	finish(i, known && pio ? 0 : ER_ABRT);
}

/* clang-format off */
static void start_command(struct ide *i, u8 command)
{
	struct ide_state *s = &i->s;
	u8 c = command;

	if ((c & 0xf0) == CMD_RECALIBRATE || (c & 0xf0) == CMD_SEEK) /* once the low bits chose a step rate */
		c &= 0xf0;
	s->command[0] = s->error[0] = 0;
	switch (c) {
	case CMD_READ: case CMD_READ + 1: case CMD_READ_EXT: case CMD_READ_MULTIPLE:
	case CMD_READ_MULTIPLE_EXT:
		start_read(i, c);
		break;
	case CMD_WRITE: case CMD_WRITE + 1: case CMD_WRITE_EXT: case CMD_WRITE_MULTIPLE:
	case CMD_WRITE_MULTIPLE_EXT:
		start_write(i, c);
		break;
	case CMD_VERIFY: case CMD_VERIFY + 1: case CMD_VERIFY_EXT: verify(i, c); break;
	case CMD_IDENTIFY: identify(i); break;
	case CMD_INIT_PARAMETERS: init_parameters(i); break;
	case CMD_SET_MULTIPLE: set_multiple(i); break;
	case CMD_SET_FEATURES: set_features(i); break;
	case CMD_NATIVE_MAX: case CMD_NATIVE_MAX_EXT: native_max(i, c == CMD_NATIVE_MAX_EXT); break;
	case CMD_DIAGNOSTIC:
		set_signature(s);
		finish(i, 0);
		s->error[0] = ER_PASSED;
		break;
	case CMD_CHECK_POWER:
		s->count[0] = 0xff; /* active */
		finish(i, 0);
		break;
	case CMD_RECALIBRATE: case CMD_SEEK: case CMD_STANDBY_NOW: case CMD_IDLE_NOW: case CMD_STANDBY:
	case CMD_IDLE: case CMD_SLEEP:
		finish(i, 0);
		break;
	case CMD_FLUSH: case CMD_FLUSH_EXT:
		if (disk_flush(i->disk))
			finish(i, 0);
		else
			fail_at(i, ER_ABRT, ST_DF);
		break;
	default: finish(i, ER_ABRT);
	}
}
/* clang-format on */

/* ---- the ports ---- */

static void write_control(struct ide *i, u8 v)
{
	struct ide_state *s = &i->s;

	if (v & CTL_SRST) {
		s->status[0] = ST_BSY;
		s->command[0] = s->irq[0] = 0;
	} else if (s->control[0] & CTL_SRST) {
		set_signature(s);
		s->device[0] = 0;
		s->status[0] = ST_DRDY | ST_DSC;
		s->multiple[0] = 0;
	}
	s->control[0] = v;
}

static void push(u8 *reg, u8 v)
{
	reg[1] = reg[0];
	reg[0] = v;
}

static void write_register(struct ide *i, u64 reg, u8 v)
{
	struct ide_state *s = &i->s;

	s->control[0] &= (u8)~CTL_HOB; /* any write to the command block shows the latest values again */
	if (s->status[0] & (ST_BSY | ST_DRQ) && reg != STATUS_COMMAND && reg != DEVICE)
		return;
	switch (reg) {
	case ERROR_FEATURES: s->features[0] = v; break;
	case COUNT: push(s->count, v); break;
	case LBA_LOW: push(s->lba_low, v); break;
	case LBA_MID: push(s->lba_mid, v); break;
	case LBA_HIGH: push(s->lba_high, v); break;
	case DEVICE: s->device[0] = v; break;
	default:
		s->irq[0] = 0;
		update(i); /* the line falls, even if the command raises it again at once */
		if (!(s->status[0] & ST_BSY) && (!(s->device[0] & DEV_1) || v == CMD_DIAGNOSTIC))
			start_command(i, v);
	}
}

static u8 read_register(struct ide *i, u64 reg)
{
	struct ide_state *s = &i->s;
	int hob = !!(s->control[0] & CTL_HOB);

	switch (reg) {
	case ERROR_FEATURES: return s->error[0];
	case COUNT: return s->count[hob];
	case LBA_LOW: return s->lba_low[hob];
	case LBA_MID: return s->lba_mid[hob];
	case LBA_HIGH: return s->lba_high[hob];
	case DEVICE: return s->device[0];
	}
	/* Device 0 answers for the absent device 1 with a status of zero. */
	return s->device[0] & DEV_1 ? 0 : s->status[0];
}

static void ide_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct ide *i = of(d);

	if (claim == &d->class->claims[CLAIM_CONTROL])
		write_control(i, (u8)value);
	else if (offset == DATA)
		write_data(i, size, value);
	else
		for (int n = 0; n < size; n++)
			write_register(i, offset + (u64)n, (u8)(value >> 8 * n));
	update(i);
}

static u64 ide_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct ide *i = of(d);
	u64 value = 0;

	if (claim == &d->class->claims[CLAIM_CONTROL]) /* alternate status: does not end the interrupt */
		return read_register(i, STATUS_COMMAND);
	if (offset == DATA) {
		value = read_data(i, size);
		update(i);
		return value;
	}
	for (int n = 0; n < size; n++) {
		value |= (u64)read_register(i, offset + (u64)n) << 8 * n;
		if (offset + (u64)n == STATUS_COMMAND)
			i->s.irq[0] = 0;
	}
	update(i);
	return value;
}

static void ide_reset(struct device *d)
{
	set_signature(&of(d)->s);
	update(of(d));
}

static void ide_restored(struct device *d)
{
	struct ide_state *s = &of(d)->s;

	s->heads[0] = s->heads[0] ? s->heads[0] : IDE_HEADS;
	s->track[0] = s->track[0] ? s->track[0] : IDE_TRACK;
	s->pos[0] %= DISK_SECTOR;
	update(of(d));
}

static const char *const command_regs[] = {
	"data", "error", "count", "LBA low", "LBA mid", "LBA high", "device", "status",
};
static const char *const command_written[] = {
	"data", "features", "count", "LBA low", "LBA mid", "LBA high", "device", "command",
};
static const char *const control_regs[] = { "alternate status" };
static const char *const control_written[] = { "control" };
static const struct claim claims[] = {
	[CLAIM_COMMAND] = { SPACE_PORT, 0x1f0, 8, command_regs, 8, 4, command_written },
	[CLAIM_CONTROL] = { SPACE_PORT, 0x3f6, 1, control_regs, 1, 1, control_written },
};

const struct device_class ide_class = {
	.name = "ide",
	.brief = "primary IDE channel with one disk",
	.layout = &ide_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = ide_read,
	.write = ide_write,
	.reset = ide_reset,
	.restored = ide_restored,
};
