/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-cd.c - an ATAPI CD drive: commands in packets of twelve bytes, answers in blocks the guest has room
 * for.
 * Rule: an answer is `filled` bytes in the buffer, then `left` more sectors of the CD; both ways out of it,
 * data register and DMA, go on until both are gone.
 * NOT MODELLED: audio, writing, changing the disc, the tray (opening it is refused: something lies in it).
 * Source: ATA/ATAPI-6 (T13/1410D), 9.8 (packets); INF-8020 / SFF-8020i and MMC-3 for the commands.
 */
#include <string.h>

#include "devices/ide-priv.h"

enum { SECTOR = 2048, SECTORS_PER = SECTOR / DISK_SECTOR, PACKET = 12 };
/* Interrupt reason, in the sector count register: it is about a command (else data), and towards the host. */
enum { REASON_COMMAND = 1, REASON_TO_HOST = 2 };
enum { FEATURE_DMA = 1 };
/* clang-format off */
enum { CDB_TEST_READY = 0x00, CDB_REQUEST_SENSE = 0x03, CDB_INQUIRY = 0x12, CDB_START_STOP = 0x1b,
       CDB_PREVENT_REMOVAL = 0x1e, CDB_READ_CAPACITY = 0x25, CDB_READ_10 = 0x28, CDB_SEEK = 0x2b,
       CDB_READ_TOC = 0x43, CDB_GET_CONFIGURATION = 0x46, CDB_GET_EVENT = 0x4a, CDB_MODE_SENSE = 0x5a,
       CDB_READ_12 = 0xa8, CDB_MECHANISM_STATUS = 0xbd };
/* Sense keys and additional codes (MMC-3, annex A) */
enum { KEY_NONE = 0, KEY_MEDIUM = 3, KEY_ILLEGAL = 5 };
enum { ASC_READ_ERROR = 0x11, ASC_BAD_COMMAND = 0x20, ASC_OUT_OF_RANGE = 0x21, ASC_BAD_FIELD = 0x24,
       ASC_NO_REMOVAL = 0x53 };
/* clang-format on */
enum { TRACK_DATA = 0x14, LEAD_OUT = 0xaa, PROFILE_CD_ROM = 8, PAGE_ERRORS = 1, PAGE_CAPABILITIES = 0x2a };

/* ---- ends of a command ---- */

static void done(struct ide_drive *d)
{
	ide_finish(d, 0);
	d->s.count[0] = REASON_COMMAND | REASON_TO_HOST;
}

/* The sense key also stands in the error register. */
static void fail(struct ide_drive *d, u8 key, u8 code)
{
	d->s.sense[0] = key;
	d->s.sense[1] = code;
	d->s.sense[2] = 0;
	d->s.left[0] = d->s.filled[0] = 0;
	ide_finish(d, (u8)(key << 4 | ER_ABRT));
	d->s.count[0] = REASON_COMMAND | REASON_TO_HOST;
}

/* ---- the answer ---- */

/* The next sector of the CD into the buffer. False: the command has failed. */
static bool load_sector(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;
	u64 lba = s->lba[0], there = d->disk->sectors;
	u64 n;

	if (lba >= there / SECTORS_PER + (there % SECTORS_PER != 0)) {
		fail(d, KEY_ILLEGAL, ASC_OUT_OF_RANGE);
		return false;
	}
	n = there - lba * SECTORS_PER < SECTORS_PER ? there - lba * SECTORS_PER : SECTORS_PER;
	memset(s->buffer, 0, SECTOR);
	if (!disk_read(d->disk, lba * SECTORS_PER, n, s->buffer)) {
		fail(d, KEY_MEDIUM, ASC_READ_ERROR);
		return false;
	}
	s->filled[0] = SECTOR;
	s->lba[0]++;
	s->left[0]--;
	return true;
}

/* Offer the data register: as much as the guest takes at once, and as the buffer holds. */
static void offer_block(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;
	u16 n = (u16)(s->filled[0] - s->pos[0]);

	if (n > s->limit[0])
		n = s->limit[0];
	s->end[0] = s->pos[0] + n;
	s->lba_mid[0] = (u8)n;
	s->lba_high[0] = (u8)(n >> 8);
	s->count[0] = REASON_TO_HOST;
	s->status[0] = ST_DRDY | ST_DSC | ST_DRQ;
	s->phase[0] = PHASE_READ;
	s->irq[0] = 1;
}

/* The answer, or its next part, goes out; or it is over. */
static void go_on(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	if (s->pos[0] >= s->filled[0] && s->left[0]) {
		s->pos[0] = 0;
		if (!load_sector(d))
			return;
	}
	if (s->pos[0] < s->filled[0])
		offer_block(d);
	else
		done(d);
}

static void begin_answer(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	s->pos[0] = 0;
	if (s->features[0] & FEATURE_DMA && (s->filled[0] || s->left[0])) {
		s->phase[0] = PHASE_READ_DMA;
		s->status[0] = ST_DRDY | ST_DSC | ST_DRQ;
		s->count[0] = REASON_TO_HOST;
		return;
	}
	go_on(d);
}

void ide_cd_dma(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;

	for (;;) {
		if (s->filled[0] && !ide_dma_move(d, s->buffer, s->filled[0], true)) {
			s->phase[0] = PHASE_NONE; /* it waits for ever, as a disk does */
			return;
		}
		s->filled[0] = 0;
		if (!s->left[0])
			break;
		if (!load_sector(d))
			return;
	}
	done(d);
}

/* `len` bytes of the buffer, which the packet cuts to `room`. */
static void answer(struct ide_drive *d, u32 len, u32 room)
{
	d->s.filled[0] = (u16)(len < room ? len : room);
	d->s.left[0] = 0;
	begin_answer(d);
}

/* ---- commands in packets ---- */

static u32 get16(const u8 *p)
{
	return (u32)(p[0] << 8 | p[1]);
}

static u32 get32(const u8 *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

static void put32(u8 *p, u32 v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static u32 cd_sectors(const struct ide_drive *d)
{
	u64 n = (d->disk->sectors + SECTORS_PER - 1) / SECTORS_PER;

	return n > UINT32_MAX ? UINT32_MAX : (u32)n;
}

static void read_sectors(struct ide_drive *d, u32 lba, u32 n)
{
	if (lba > cd_sectors(d) || n > cd_sectors(d) - lba) {
		fail(d, KEY_ILLEGAL, ASC_OUT_OF_RANGE);
		return;
	}
	d->s.lba[0] = lba;
	d->s.left[0] = n;
	d->s.filled[0] = 0;
	begin_answer(d);
}

static void inquiry(struct ide_drive *d, u32 room)
{
	u8 *b = d->s.buffer;

	b[0] = 0x05; /* a CD drive */
	b[1] = 0x80; /* with a medium that can be removed */
	b[3] = 0x21; /* as in ATAPI, response format 1 */
	b[4] = 31;   /* bytes after this one */
	memcpy(b + 8, "VITRINE CD-ROM          1.0 ", 28);
	answer(d, 36, room);
}

static void request_sense(struct ide_drive *d, u32 room)
{
	u8 *b = d->s.buffer;

	b[0] = 0x70;
	b[2] = d->s.sense[0];
	b[7] = 10;
	b[12] = d->s.sense[1];
	b[13] = d->s.sense[2];
	memset(d->s.sense, 0, sizeof(d->s.sense));
	answer(d, 18, room);
}

static void put_address(u8 *p, u32 lba, bool as_time)
{
	u32 frames = lba + 150; /* two seconds before sector 0 */

	put32(p, as_time ? frames / (60 * 75) << 16 | frames / 75 % 60 << 8 | frames % 75 : lba);
}

/* One track of data, and the lead-out.  Format 0, from a track on; format 1: sessions; format 2: raw. */
static void read_toc(struct ide_drive *d, const u8 *cdb)
{
	u8 *b = d->s.buffer, format = cdb[2] & 15 ? cdb[2] & 15 : cdb[9] >> 6;
	u32 room = get16(cdb + 7), at = 4;
	bool as_time = cdb[1] & 2;

	if (format > 1 || (!format && cdb[6] > 1 && cdb[6] != LEAD_OUT)) {
		fail(d, KEY_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	b[2] = b[3] = 1; /* first and last track, or session */
	if (cdb[6] <= 1 || format) {
		b[at + 1] = TRACK_DATA;
		b[at + 2] = 1;
		put_address(b + at + 4, 0, as_time);
		at += 8;
	}
	if (!format) {
		b[at + 1] = TRACK_DATA;
		b[at + 2] = LEAD_OUT;
		put_address(b + at + 4, cd_sectors(d), as_time);
		at += 8;
	}
	put16(b, at - 2);
	answer(d, at, room);
}

static void mode_sense(struct ide_drive *d, const u8 *cdb)
{
	u8 *b = d->s.buffer, page = cdb[2] & 0x3f;
	u32 at = 8;

	if (cdb[2] >> 6 == 3 || (page != PAGE_ERRORS && page != PAGE_CAPABILITIES && page != 0x3f)) {
		fail(d, KEY_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	b[2] = 1; /* a data disc of 120 mm */
	if (page == PAGE_ERRORS || page == 0x3f) {
		b[at] = PAGE_ERRORS;
		b[at + 1] = 6;
		b[at + 3] = 5; /* tries */
		at += 8;
	}
	if (page == PAGE_CAPABILITIES || page == 0x3f) {
		b[at] = PAGE_CAPABILITIES;
		b[at + 1] = 18;
		b[at + 6] = 0x29;             /* tray, can eject, can lock */
		put16(b + at + 8, 50 * 176);  /* kB/s at most */
		put16(b + at + 14, 50 * 176); /* and now */
		at += 20;
	}
	put16(b, at - 2);
	answer(d, at, get16(cdb + 7));
}

/* The one profile and the one feature that say "CD-ROM". */
static void get_configuration(struct ide_drive *d, const u8 *cdb)
{
	u8 *b = d->s.buffer;

	put32(b, 16 - 4);
	put16(b + 6, PROFILE_CD_ROM);
	b[10] = 3; /* profile list: persistent, current */
	b[11] = 4;
	put16(b + 12, PROFILE_CD_ROM);
	b[14] = 1;
	answer(d, 16, get16(cdb + 7));
}

/* Polled, class media: nothing new, something lies in it. */
static void get_event(struct ide_drive *d, const u8 *cdb)
{
	u8 *b = d->s.buffer;

	if (!(cdb[1] & 1)) {
		fail(d, KEY_ILLEGAL, ASC_BAD_FIELD);
		return;
	}
	b[1] = cdb[4] & 0x10 ? 6 : 2;
	b[2] = cdb[4] & 0x10 ? 4 : 0x80;
	b[3] = 0x10;
	b[5] = 2;
	answer(d, cdb[4] & 0x10 ? 8 : 4, get16(cdb + 7));
}

static void read_capacity(struct ide_drive *d)
{
	put32(d->s.buffer, cd_sectors(d) - 1);
	put32(d->s.buffer + 4, SECTOR);
	answer(d, 8, 8);
}

/* clang-format off */
static void packet(struct ide_drive *d)
{
	u8 cdb[PACKET];

	memcpy(cdb, d->s.buffer, PACKET);
	memset(d->s.buffer, 0, IDE_BUFFER);
	if (cdb[0] != CDB_REQUEST_SENSE)
		memset(d->s.sense, 0, sizeof(d->s.sense));
	switch (cdb[0]) {
	case CDB_TEST_READY: case CDB_PREVENT_REMOVAL: case CDB_SEEK: done(d); break;
	case CDB_REQUEST_SENSE: request_sense(d, cdb[4]); break;
	case CDB_INQUIRY: inquiry(d, cdb[4]); break;
	case CDB_START_STOP:
		if ((cdb[4] & 3) == 2) /* eject */
			fail(d, KEY_ILLEGAL, ASC_NO_REMOVAL);
		else
			done(d);
		break;
	case CDB_READ_CAPACITY: read_capacity(d); break;
	case CDB_READ_10: read_sectors(d, get32(cdb + 2), get16(cdb + 7)); break;
	case CDB_READ_12: read_sectors(d, get32(cdb + 2), get32(cdb + 6)); break;
	case CDB_READ_TOC: read_toc(d, cdb); break;
	case CDB_GET_CONFIGURATION: get_configuration(d, cdb); break;
	case CDB_GET_EVENT: get_event(d, cdb); break;
	case CDB_MODE_SENSE: mode_sense(d, cdb); break;
	case CDB_MECHANISM_STATUS: answer(d, 8, get16(cdb + 8)); break;
	default: fail(d, KEY_ILLEGAL, ASC_BAD_COMMAND);
	}
}
/* clang-format on */

void ide_cd_block(struct ide_drive *d)
{
	if (d->s.phase[0] == PHASE_PACKET) {
		packet(d);
	} else if (d->s.command[0] == CMD_IDENTIFY_PACKET) {
		ide_finish(d, 0);
		d->s.irq[0] = 0; /* the guest knows: it has read the last word */
	} else {
		go_on(d);
	}
}

/* ---- ATA commands ---- */

static void start_packet(struct ide_drive *d)
{
	struct ide_drive_state *s = &d->s;
	u16 limit = (u16)(s->lba_mid[0] | s->lba_high[0] << 8);

	s->command[0] = CMD_PACKET;
	s->limit[0] = limit < 2 ? 0xfffe : limit & 0xfffe; /* blocks of whole words */
	s->phase[0] = PHASE_PACKET;
	s->pos[0] = s->filled[0] = 0;
	s->end[0] = PACKET;
	s->left[0] = 0;
	s->count[0] = REASON_COMMAND;
	s->status[0] = ST_DRDY | ST_DSC | ST_DRQ; /* without an interrupt, as word 0 of IDENTIFY says */
}

static void identify(struct ide_drive *d)
{
	ide_identify_cd(&d->s);
	d->s.command[0] = CMD_IDENTIFY_PACKET;
	d->s.phase[0] = PHASE_READ;
	d->s.pos[0] = 0;
	d->s.end[0] = DISK_SECTOR;
	d->s.status[0] = ST_DRDY | ST_DSC | ST_DRQ;
	d->s.irq[0] = 1;
}

/* clang-format off */
void ide_cd_command(struct ide_drive *d, u8 command)
{
	switch (command) {
	case CMD_PACKET: start_packet(d); break;
	case CMD_IDENTIFY_PACKET: identify(d); break;
	case CMD_DEVICE_RESET:
		ide_set_signature(d);
		d->s.status[0] = 0;
		break;
	case CMD_DIAGNOSTIC:
		ide_set_signature(d);
		d->s.status[0] = 0;
		d->s.irq[0] = 1;
		break;
	case CMD_IDENTIFY: case CMD_READ: /* a disk would answer: here is how it is told that there is none */
		ide_set_signature(d);
		ide_finish(d, ER_ABRT);
		break;
	case CMD_SET_FEATURES: ide_set_features(d); break;
	case CMD_CHECK_POWER:
		d->s.count[0] = 0xff;
		ide_finish(d, 0);
		break;
	case CMD_STANDBY_NOW: case CMD_IDLE_NOW: case CMD_SLEEP: case CMD_FLUSH: ide_finish(d, 0); break;
	default: ide_finish(d, ER_ABRT);
	}
}
/* clang-format on */
