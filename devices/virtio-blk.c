/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-blk.c - requests to read, write, flush, discard and zero sectors of a disk.
 * Rule: every request is checked against the disk before the first sector moves, and one request moves 8 MiB
 * at most, as its configuration says.
 * Discarded sectors keep their contents, which the specification allows: discarding is a hint.
 * Source: virtio 1.2, 5.2; numbers in brackets are its sections.
 */
#include "devices/virtio-blk.h"

#include <stdio.h>
#include <string.h>

/* Features (5.2.3) */
enum { F_SIZE_MAX = 1, F_SEG_MAX = 2, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_TOPOLOGY = 10,
       F_CONFIG_WCE = 11, F_DISCARD = 13, F_WRITE_ZEROES = 14 };
/* Configuration (5.2.4) */
enum { CONFIG_CAPACITY = 0, CONFIG_SIZE_MAX = 8, CONFIG_SEG_MAX = 12, CONFIG_BLK_SIZE = 20,
       CONFIG_WRITEBACK = 32, CONFIG_MAX_DISCARD_SECTORS = 36, CONFIG_MAX_DISCARD_SEG = 40,
       CONFIG_DISCARD_ALIGNMENT = 44, CONFIG_MAX_ZERO_SECTORS = 48, CONFIG_MAX_ZERO_SEG = 52,
       CONFIG_BYTES = 60 };
/* Requests (5.2.6) */
enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_GET_ID = 8, TYPE_DISCARD = 11,
       TYPE_WRITE_ZEROES = 13 };
enum { STATUS_OK, STATUS_IOERR, STATUS_UNSUPP };
enum { HEADER_BYTES = 16, ID_BYTES = 20, RANGE_BYTES = 16, RANGE_UNMAP = 1 };

enum { SEG_MAX = 126, SIZE_MAX_BYTES = 64 << 10, REQUEST_MAX = SEG_MAX * SIZE_MAX_BYTES };
enum { RANGE_SECTORS = REQUEST_MAX / DISK_SECTOR, DISCARD_RANGES = 16, ZERO_RANGES = 1 };
enum { CHUNK = 16 << 10 };

struct header {
	u32 type, reserved;
	u64 sector;
};
struct range {
	u64 sector;
	u32 sectors, flags;
};
_Static_assert(sizeof(struct header) == HEADER_BYTES && sizeof(struct range) == RANGE_BYTES, "as in memory");

static struct virtio_blk *of(struct virtio *v)
{
	return (struct virtio_blk *)v;
}

static bool on_disk(const struct virtio_blk *b, u64 sector, u64 n)
{
	return sector <= b->disk->sectors && n <= b->disk->sectors - sector;
}

/* Is what the driver writes allowed to stay in a cache until it says FLUSH? (5.2.6.2) */
static bool is_writeback(const struct virtio *v)
{
	return virtio_has(v, F_FLUSH) && (!virtio_has(v, F_CONFIG_WCE) || v->s->config[CONFIG_WRITEBACK]);
}

static u8 written(struct virtio_blk *b, bool ok)
{
	return ok && (is_writeback(&b->v) || disk_flush(b->disk)) ? STATUS_OK : STATUS_IOERR;
}

/* ---- the requests ---- */

static u8 read_sectors(struct virtio_blk *b, const struct virtio_chain *c, u64 sector)
{
	u64 len = c->writable - 1, n;
	u8 data[CHUNK];

	if (len % DISK_SECTOR || len > REQUEST_MAX || !on_disk(b, sector, len / DISK_SECTOR))
		return STATUS_IOERR;
	for (u64 at = 0; at < len; at += n) {
		n = len - at < CHUNK ? len - at : CHUNK;
		if (!disk_read(b->disk, sector + at / DISK_SECTOR, n / DISK_SECTOR, data))
			return STATUS_IOERR;
		virtio_chain_write(&b->v, c, at, data, n);
	}
	return STATUS_OK;
}

static u8 write_sectors(struct virtio_blk *b, const struct virtio_chain *c, u64 sector)
{
	u64 len = c->readable - HEADER_BYTES, n;
	u8 data[CHUNK];
	bool ok = true;

	if (len % DISK_SECTOR || len > REQUEST_MAX || !on_disk(b, sector, len / DISK_SECTOR))
		return STATUS_IOERR;
	for (u64 at = 0; at < len && ok; at += n) {
		n = len - at < CHUNK ? len - at : CHUNK;
		virtio_chain_read(&b->v, c, HEADER_BYTES + at, data, n);
		ok = disk_write(b->disk, sector + at / DISK_SECTOR, n / DISK_SECTOR, data);
	}
	return written(b, ok);
}

static u8 get_id(struct virtio_blk *b, const struct virtio_chain *c)
{
	char id[ID_BYTES] = { 0 };

	memcpy(id, b->name, strlen(b->name));
	virtio_chain_write(&b->v, c, 0, id, c->writable - 1 < ID_BYTES ? c->writable - 1 : ID_BYTES);
	return STATUS_OK;
}

static bool write_zeros(struct virtio_blk *b, const struct range *r)
{
	static const u8 zeros[CHUNK];
	enum { STEP = CHUNK / DISK_SECTOR };
	bool ok = true;

	for (u32 at = 0, n; at < r->sectors && ok; at += n) {
		n = r->sectors - at < STEP ? r->sectors - at : STEP;
		ok = disk_write(b->disk, r->sector + at, n, zeros);
	}
	return ok;
}

/* A list of ranges to discard, or to fill with zeros (5.2.6.2). */
static u8 do_ranges(struct virtio_blk *b, const struct virtio_chain *c, bool zero)
{
	u64 n = (c->readable - HEADER_BYTES) / RANGE_BYTES, most = zero ? ZERO_RANGES : DISCARD_RANGES;
	struct range range[DISCARD_RANGES];
	bool ok = true;

	if ((c->readable - HEADER_BYTES) % RANGE_BYTES || n > most || b->disk->read_only)
		return STATUS_IOERR;
	virtio_chain_read(&b->v, c, HEADER_BYTES, range, n * RANGE_BYTES);
	for (u64 i = 0; i < n; i++) {
		if (range[i].flags & ~(u32)(zero ? RANGE_UNMAP : 0))
			return STATUS_UNSUPP;
		if (range[i].sectors > RANGE_SECTORS || !on_disk(b, range[i].sector, range[i].sectors))
			return STATUS_IOERR;
	}
	for (u64 i = 0; i < n && zero && ok; i++)
		ok = write_zeros(b, &range[i]);
	return written(b, ok);
}

static u8 request(struct virtio_blk *b, const struct virtio_chain *c)
{
	struct header h;

	virtio_chain_read(&b->v, c, 0, &h, sizeof(h));
	switch (h.type) {
	case TYPE_IN: return read_sectors(b, c, h.sector);
	case TYPE_OUT: return write_sectors(b, c, h.sector);
	case TYPE_FLUSH: return disk_flush(b->disk) ? STATUS_OK : STATUS_IOERR;
	case TYPE_GET_ID: return get_id(b, c);
	case TYPE_DISCARD: return do_ranges(b, c, false);
	case TYPE_WRITE_ZEROES: return do_ranges(b, c, true);
	default: return STATUS_UNSUPP;
	}
}

/* The status is the last byte that the device writes.  What "used" counts is written without gaps, so after a
 * failed read, whose data is not all there, it is nothing (2.7.8). */
static void serve(struct virtio *v, u32 queue)
{
	struct virtio_chain c;

	while (virtio_chain_next(v, queue, &c)) {
		u8 status;

		if (c.readable < HEADER_BYTES || !c.writable) {
			virtio_needs_reset(v, "a disk request without header or status");
			return;
		}
		status = request(of(v), &c);
		virtio_chain_write(v, &c, c.writable - 1, &status, 1);
		virtio_done(v, queue, c.head, status == STATUS_OK || c.writable == 1 ? (u32)c.writable : 0);
	}
}

/* ---- the device ---- */

static const struct virtio_kind kind = {
	.id = VIRTIO_ID_BLK,
	.nqueues = 1,
	.config_size = CONFIG_BYTES,
	.config_writable = CONFIG_WRITEBACK,
	.config_writable_size = 1,
	.pci_class = 0x010000, /* mass storage, SCSI */
	.features = 1ull << F_SIZE_MAX | 1ull << F_SEG_MAX | 1ull << F_BLK_SIZE | 1ull << F_FLUSH |
		    1ull << F_TOPOLOGY | 1ull << F_CONFIG_WCE,
	.serve = serve,
};

int virtio_blk_init(struct virtio_blk *b, u32 index, struct disk *disk, const struct device_world *world,
		    struct err *err)
{
	snprintf(b->name, sizeof(b->name), "virtio-blk%u", index);
	b->disk = disk;
	b->v.features = disk->read_only ? 1ull << F_RO : 1ull << F_DISCARD | 1ull << F_WRITE_ZEROES;
	return virtio_init(&b->v, &kind, &virtio_blk_class, b->name, &b->s, world, err);
}

static void virtio_blk_reset(struct device *d)
{
	struct virtio *v = (struct virtio *)d;

	virtio_config_put(v, CONFIG_CAPACITY, of(v)->disk->sectors, 8);
	virtio_config_put(v, CONFIG_SIZE_MAX, SIZE_MAX_BYTES, 4);
	virtio_config_put(v, CONFIG_SEG_MAX, SEG_MAX, 4);
	virtio_config_put(v, CONFIG_BLK_SIZE, DISK_SECTOR, 4);
	virtio_config_put(v, CONFIG_WRITEBACK, 1, 1);
	virtio_config_put(v, CONFIG_MAX_DISCARD_SECTORS, RANGE_SECTORS, 4);
	virtio_config_put(v, CONFIG_MAX_DISCARD_SEG, DISCARD_RANGES, 4);
	virtio_config_put(v, CONFIG_DISCARD_ALIGNMENT, 1, 4);
	virtio_config_put(v, CONFIG_MAX_ZERO_SECTORS, RANGE_SECTORS, 4);
	virtio_config_put(v, CONFIG_MAX_ZERO_SEG, ZERO_RANGES, 4);
}

const struct device_class virtio_blk_class = {
	.name = "virtio-blk",
	.brief = "virtio disk",
	.layout = &virtio_state_layout,
	.reset = virtio_blk_reset,
	.restored = virtio_restored,
};
