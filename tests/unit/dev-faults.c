/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-faults.c - broken sectors through a disk, with and without an overlay, and a cable that loses frames.
 * Rule: what is not broken is never touched.
 */
#include "devices/disk.h"
#include "devices/faults.h"
#include "tests/mem-block.h"
#include "tests/unit/dev.h"

enum { SECTORS = 64 };

static struct bench b;
static struct faults f;
static u8 bytes[SECTORS * 512];
static struct mem_block block;
static struct disk disk;

static void setup(void)
{
	bench_init(&b);
	memset(&f, 0, sizeof(f));
	bench_add(&b, &f.dev, &faults_class, &f.s);
	memset(bytes, 0, sizeof(bytes));
	block = mem_block(bytes, sizeof(bytes), false);
	ck_assert_int_eq(disk_open(&disk, &block.b, NULL, NULL), 0);
	disk.faults = &f;
	disk.number = 1;
}

static bool order(struct fault_order o)
{
	return faults_take(&f, (const u8 *)&o, sizeof(o));
}

START_TEST(an_io_error_is_one_for_its_sectors_alone)
{
	u8 data[8 * 512];

	setup();
	ck_assert(order((struct fault_order){ .what = FAULT_DISK, .disk = 1, .kind = FAULT_EIO, .first = 10, .count = 2 }));
	for (u64 lba = 0; lba < 20; lba++) {
		bool touches = lba == 10 || lba == 11;
		ck_assert_int_eq(disk_read(&disk, lba, 1, data), !touches);
		ck_assert_int_eq(disk_write(&disk, lba, 1, data), !touches);
	}
	ck_assert(!disk_read(&disk, 3, 8, data));
	ck_assert(disk_read(&disk, 2, 8, data));
	ck_assert(!disk_read(&disk, 11, 1, data));
	ck_assert(disk_read(&disk, 12, 8, data));
	disk.number = 0; /* another disk */
	ck_assert(disk_read(&disk, 10, 2, data));
	disk.number = 1;
	device_reset(&f.dev);
	ck_assert(!disk_read(&disk, 10, 2, data)); /* a reset mends nothing */
	ck_assert(order((struct fault_order){ .what = FAULT_DISK_OK, .disk = 1 }));
	ck_assert(disk_read(&disk, 10, 2, data));
}
END_TEST

START_TEST(a_fault_to_the_end_of_the_disk_does_not_overflow)
{
	u8 data[512];

	setup();
	ck_assert(order((struct fault_order){ .what = FAULT_DISK, .disk = 1, .kind = FAULT_EIO, .first = 63, .count = UINT64_MAX }));
	ck_assert(disk_read(&disk, 62, 1, data));
	ck_assert(!disk_read(&disk, 63, 1, data));
}
END_TEST

START_TEST(half_of_a_torn_write_arrives)
{
	u8 data[4 * 512];

	setup();
	memset(data, 0x5a, sizeof(data));
	ck_assert(order((struct fault_order){ .what = FAULT_DISK, .disk = 1, .kind = FAULT_TORN, .first = 5, .count = 1 }));
	ck_assert(disk_write(&disk, 4, 4, data));
	for (int i = 0; i < SECTORS * 512; i++)
		ck_assert_int_eq(bytes[i], i >= 4 * 512 && i < 6 * 512 ? 0x5a : 0);
	ck_assert(disk_write(&disk, 20, 4, data));
	ck_assert_int_eq(bytes[23 * 512 + 511], 0x5a);
	ck_assert(disk_write(&disk, 5, 1, data)); /* one sector: half of it */
	ck_assert_int_eq(bytes[5 * 512 + 256], 0x5a);
}
END_TEST

START_TEST(one_bit_of_each_sector_is_wrong_and_always_the_same)
{
	u8 first[4 * 512], again[4 * 512];
	int ones = 0;

	setup();
	ck_assert(order((struct fault_order){ .what = FAULT_DISK, .disk = 1, .kind = FAULT_FLIP, .first = 8, .count = 2, .seed = 3 }));
	ck_assert(disk_read(&disk, 7, 4, first));
	ck_assert(disk_read(&disk, 7, 4, again));
	ck_assert_int_eq(memcmp(first, again, sizeof(first)), 0);
	for (int i = 0; i < 4 * 512; i++) {
		ones += __builtin_popcount(first[i]);
		ck_assert(!first[i] || (i >= 512 && i < 3 * 512));
	}
	ck_assert_int_eq(ones, 2);
	ck_assert(!memchr(bytes, 1, sizeof(bytes))); /* what lies behind is whole */
}
END_TEST

START_TEST(eight_faults_and_no_more)
{
	struct fault_order o = { .what = FAULT_DISK, .kind = FAULT_EIO, .count = 1 };

	setup();
	for (int i = 0; i < FAULTS; i++)
		ck_assert(order(o));
	ck_assert(!order(o));
	ck_assert(!order((struct fault_order){ .what = FAULT_DISK, .kind = FAULT_KINDS }));
	ck_assert(!order((struct fault_order){ .what = 77 }));
	ck_assert(!faults_take(&f, (const u8 *)&o, 7));
}
END_TEST

START_TEST(the_cable_is_down_for_a_time_then_slow)
{
	int passed = 0;

	setup();
	ck_assert(faults_passes(&f));
	ck_assert(order((struct fault_order){ .what = FAULT_LINK_DOWN, .duration = 1000 }));
	b.clock.now += 999;
	ck_assert(!faults_passes(&f));
	b.clock.now += 1;
	ck_assert(faults_passes(&f));
	ck_assert(order((struct fault_order){ .what = FAULT_LINK_SLOW, .every = 3 }));
	for (int i = 0; i < 30; i++)
		passed += faults_passes(&f);
	ck_assert_int_eq(passed, 10);
	ck_assert(order((struct fault_order){ .what = FAULT_LINK_DOWN }));
	b.clock.now += 1000000000;
	for (int i = 0; i < 30; i++)
		ck_assert(!faults_passes(&f));
	ck_assert(order((struct fault_order){ .what = FAULT_LINK_UP }));
	ck_assert(faults_passes(&f));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_io_error_is_one_for_its_sectors_alone,
		a_fault_to_the_end_of_the_disk_does_not_overflow,
		half_of_a_torn_write_arrives,
		one_bit_of_each_sector_is_wrong_and_always_the_same,
		eight_faults_and_no_more,
		the_cable_is_down_for_a_time_then_slow,
	};

	return unit_run("dev-faults", tests, ARRAY_LEN(tests));
}
