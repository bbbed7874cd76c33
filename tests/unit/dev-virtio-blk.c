/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-virtio-blk.c - requests to a virtio disk: that they do what they say, and nothing beyond the disk.
 * Rule: facts from virtio 1.2, 5.2.
 */
#include <errno.h>

#include "devices/virtio-blk.h"
#include "tests/mem-block.h"
#include "tests/unit/virtio-driver.h"

enum { IN, OUT, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13 };
enum { OK, IOERR, UNSUPP, NOT_WRITTEN = 0xee };
enum { SECTORS = 100, HEADER = 0x80000, DATA = 0x84000, STATUS = 0x83000 };
#define F_FLUSH F_BIT(9)
#define F_WCE F_BIT(11)

struct rig {
	struct driver d;
	struct virtio_blk blk;
	struct disk disk;
	struct mem_block image;
	u8 bytes[SECTORS * DISK_SECTOR];
	struct log log;
};

static void setup(struct rig *r, u64 features, bool read_only)
{
	memset(r, 0, sizeof(*r));
	for (u32 i = 0; i < sizeof(r->bytes); i++)
		r->bytes[i] = (u8)(i * 7 + (i >> 9));
	driver_open(&r->d, &r->log);
	r->image = mem_block(r->bytes, sizeof(r->bytes), read_only);
	ck_assert_int_eq(disk_open(&r->disk, &r->image.b, NULL, NULL), 0);
	ck_assert_int_eq(virtio_blk_init(&r->blk, 0, &r->disk, &r->d.b.world, NULL), 0);
	driver_attach(&r->d, &r->blk.v);
	driver_start(&r->d, F_VERSION | features);
}

static void tear_down(struct rig *r)
{
	disk_close(&r->disk);
	driver_close(&r->d);
}

/* Header, data at DATA (write: the device writes it), status.  Returns the status; *used gets the length. */
static u8 request_used(struct rig *r, u32 type, u64 sector, u32 len, bool write, i64 *used)
{
	struct { u32 type, zero; u64 sector; } h = { type, 0, sector };
	u8 status = NOT_WRITTEN;
	u16 last = len ? 2 : 1;
	i64 n;

	mem_write(&r->d.mem, HEADER, &h, sizeof(h));
	mem_write(&r->d.mem, STATUS, &status, 1);
	desc(&r->d, 0, 0, HEADER, sizeof(h), D_NEXT, 1);
	if (len)
		desc(&r->d, 0, 1, DATA, len, write ? D_NEXT | D_WRITE : D_NEXT, 2);
	desc(&r->d, 0, last, STATUS, 1, D_WRITE, 0);
	submit(&r->d, 0, 0);
	n = next_used(&r->d, 0, NULL);
	ck_assert_int_ge(n, 0);
	if (used)
		*used = n;
	mem_read(&r->d.mem, STATUS, &status, 1);
	return status;
}

static u8 request(struct rig *r, u32 type, u64 sector, u32 len, bool write)
{
	return request_used(r, type, sector, len, write, NULL);
}

START_TEST(configuration)
{
	struct rig r;

	setup(&r, 0, false);
	ck_assert_uint_eq(reg_get(&r.d, 8), 2);
	ck_assert_uint_eq(config_get(&r.d, 0, 8), SECTORS);
	ck_assert_uint_eq(config_get(&r.d, 20, 4), 512);
	ck_assert_uint_eq(config_get(&r.d, 32, 1), 1);
	ck_assert_uint_eq(offered_features(&r.d) >> 5 & 1, 0);
	ck_assert_uint_eq(offered_features(&r.d) >> 9 & 1, 1);
	tear_down(&r);
	setup(&r, 0, true);
	ck_assert_uint_eq(offered_features(&r.d) >> 5 & 1, 1);
	ck_assert_uint_eq(offered_features(&r.d) >> 13 & 1, 0);
	tear_down(&r);
}
END_TEST

START_TEST(reads_and_writes)
{
	static u8 data[40 * DISK_SECTOR];
	struct rig r;
	i64 used;

	setup(&r, F_FLUSH, false);
	ck_assert_uint_eq(request_used(&r, IN, 3, sizeof(data), true, &used), OK);
	ck_assert_int_eq(used, sizeof(data) + 1);
	mem_read(&r.d.mem, DATA, data, sizeof(data));
	ck_assert_int_eq(memcmp(data, r.bytes + 3 * DISK_SECTOR, sizeof(data)), 0);
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 3 + (i >> 10));
	mem_write(&r.d.mem, DATA, data, sizeof(data));
	ck_assert_uint_eq(request_used(&r, OUT, 60, sizeof(data), false, &used), OK); /* to the very end */
	ck_assert_int_eq(used, 1);
	ck_assert_int_eq(memcmp(data, r.bytes + 60 * DISK_SECTOR, sizeof(data)), 0);
	ck_assert_int_eq(r.image.flushes, 0);
	ck_assert_uint_eq(request(&r, FLUSH, 0, 0, false), OK);
	ck_assert_int_eq(r.image.flushes, 1);
	tear_down(&r);
}
END_TEST

START_TEST(write_through)
{
	struct rig r;

	setup(&r, 0, false); /* without FLUSH every write is final */
	ck_assert_uint_eq(request(&r, OUT, 0, DISK_SECTOR, false), OK);
	ck_assert_int_eq(r.image.flushes, 1);
	tear_down(&r);
	setup(&r, F_FLUSH | F_WCE, false); /* and so without the cache */
	ck_assert_uint_eq(request(&r, OUT, 0, DISK_SECTOR, false), OK);
	ck_assert_int_eq(r.image.flushes, 0);
	bus_write(&r.d.mmio, DRIVER_BASE + 0x120, 1, 0, NULL);
	ck_assert_uint_eq(request(&r, OUT, 0, DISK_SECTOR, false), OK);
	ck_assert_int_eq(r.image.flushes, 1);
	tear_down(&r);
}
END_TEST

START_TEST(beyond_the_disk)
{
	struct rig r;
	i64 used;

	setup(&r, F_FLUSH, false);
	ck_assert_uint_eq(request_used(&r, IN, SECTORS, DISK_SECTOR, true, &used), IOERR);
	ck_assert_int_eq(used, 0);
	ck_assert_uint_eq(request(&r, IN, SECTORS - 1, 2 * DISK_SECTOR, true), IOERR);
	ck_assert_uint_eq(request(&r, IN, UINT64_MAX, DISK_SECTOR, true), IOERR);
	ck_assert_uint_eq(request(&r, IN, UINT64_MAX / 512, DISK_SECTOR, true), IOERR);
	ck_assert_uint_eq(request(&r, IN, 0, 100, true), IOERR); /* not whole sectors */
	ck_assert_uint_eq(request(&r, OUT, SECTORS, DISK_SECTOR, false), IOERR);
	ck_assert_uint_eq(request(&r, OUT, UINT64_MAX, DISK_SECTOR, false), IOERR);
	ck_assert_int_eq(r.image.writes, 0);
	ck_assert_uint_eq(request(&r, 99, 0, 0, false), UNSUPP);
	ck_assert_uint_eq(request(&r, IN, SECTORS, 0, true), OK); /* nothing, at the end */
	tear_down(&r);
}
END_TEST

START_TEST(host_errors)
{
	struct rig r;

	setup(&r, F_FLUSH, false);
	r.image.fail_reads = EIO;
	ck_assert_uint_eq(request(&r, IN, 0, DISK_SECTOR, true), IOERR);
	r.image.fail_writes = ENOSPC;
	ck_assert_uint_eq(request(&r, OUT, 0, DISK_SECTOR, false), IOERR);
	r.image.fail_flushes = EIO;
	ck_assert_uint_eq(request(&r, FLUSH, 0, 0, false), IOERR);
	r.image.fail_reads = 0;
	ck_assert_uint_eq(request(&r, IN, 0, DISK_SECTOR, true), OK);
	tear_down(&r);
	setup(&r, 0, true);
	ck_assert_uint_eq(request(&r, OUT, 0, DISK_SECTOR, false), IOERR);
	ck_assert_uint_eq(request(&r, IN, 0, DISK_SECTOR, true), OK);
	tear_down(&r);
}
END_TEST

START_TEST(identity)
{
	struct rig r;
	char id[20];

	setup(&r, 0, false);
	ck_assert_uint_eq(request(&r, GET_ID, 0, 20, true), OK);
	mem_read(&r.d.mem, DATA, id, 20);
	ck_assert_str_eq(id, "virtio-blk0");
	ck_assert_uint_eq(request(&r, GET_ID, 0, 5, true), OK);
	tear_down(&r);
}
END_TEST

struct range { u64 sector; u32 n, flags; };

static u8 ranges(struct rig *r, u32 type, const struct range *range, u32 n)
{
	mem_write(&r->d.mem, DATA, range, n * sizeof(*range));
	return request(r, type, 0, n * (u32)sizeof(*range), false);
}

START_TEST(discard_and_zeroes)
{
	static const u8 zeros[DISK_SECTOR];
	struct rig r;
	u8 before[sizeof(r.bytes)];

	setup(&r, F_FLUSH, false);
	memcpy(before, r.bytes, sizeof(before));
	ck_assert_uint_eq(ranges(&r, DISCARD, (struct range[]){ { 0, 10, 0 }, { 90, 10, 0 } }, 2), OK);
	ck_assert_uint_eq(ranges(&r, DISCARD, (struct range[]){ { 0, 10, 0 }, { 91, 10, 0 } }, 2), IOERR);
	ck_assert_uint_eq(ranges(&r, DISCARD, (struct range[]){ { UINT64_MAX, 10, 0 } }, 1), IOERR);
	ck_assert_uint_eq(ranges(&r, DISCARD, (struct range[]){ { 0, 10, 1 } }, 1), UNSUPP);
	ck_assert_int_eq(memcmp(before, r.bytes, sizeof(before)), 0);
	ck_assert_uint_eq(ranges(&r, ZEROES, (struct range[]){ { 5, 50, 1 } }, 1), OK);
	for (u32 i = 0; i < SECTORS; i++)
		ck_assert_int_eq(memcmp(r.bytes + i * DISK_SECTOR,
					i >= 5 && i < 55 ? zeros : before + i * DISK_SECTOR, DISK_SECTOR), 0);
	ck_assert_uint_eq(ranges(&r, ZEROES, (struct range[]){ { 0, 1, 2 } }, 1), UNSUPP);
	ck_assert_uint_eq(ranges(&r, ZEROES, (struct range[]){ { 0, UINT32_MAX, 0 } }, 1), IOERR);
	ck_assert_uint_eq(ranges(&r, ZEROES, (struct range[]){ { 0, 1, 0 }, { 2, 1, 0 } }, 2), IOERR);
	tear_down(&r);
}
END_TEST

START_TEST(requests_without_parts)
{
	struct rig r;

	setup(&r, 0, false);
	desc(&r.d, 0, 0, HEADER, 16, 0, 0); /* no place for the status */
	submit(&r.d, 0, 0);
	ck_assert(is_broken(&r.d));
	tear_down(&r);
	setup(&r, 0, false);
	desc(&r.d, 0, 0, HEADER, 15, D_NEXT, 1); /* a short header */
	desc(&r.d, 0, 1, STATUS, 1, D_WRITE, 0);
	submit(&r.d, 0, 0);
	ck_assert(is_broken(&r.d));
	ck_assert_int_eq(next_used(&r.d, 0, NULL), -1);
	tear_down(&r);
}
END_TEST

/* Header and status may be cut anywhere (2.7.4.1: no assumption on framing). */
START_TEST(any_framing)
{
	struct { u32 type, zero; u64 sector; } h = { IN, 0, 1 };
	struct rig r;
	u8 data[DISK_SECTOR], status;

	setup(&r, 0, false);
	mem_write(&r.d.mem, HEADER, &h, sizeof(h));
	desc(&r.d, 0, 0, HEADER, 3, D_NEXT, 1);
	desc(&r.d, 0, 1, HEADER + 3, 13, D_NEXT, 2);
	desc(&r.d, 0, 2, DATA, 100, D_WRITE | D_NEXT, 3);
	desc(&r.d, 0, 3, DATA + 100, DISK_SECTOR - 100 + 1, D_WRITE, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), DISK_SECTOR + 1);
	mem_read(&r.d.mem, DATA, data, sizeof(data));
	mem_read(&r.d.mem, DATA + DISK_SECTOR, &status, 1);
	ck_assert_int_eq(memcmp(data, r.bytes + DISK_SECTOR, sizeof(data)), 0);
	ck_assert_uint_eq(status, OK);
	tear_down(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		configuration, reads_and_writes, write_through,	     beyond_the_disk,	     host_errors,
		identity,      discard_and_zeroes, requests_without_parts, any_framing,
	};

	return unit_run("virtio-blk", tests, ARRAY_LEN(tests));
}
