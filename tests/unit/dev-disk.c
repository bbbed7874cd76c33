/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-disk.c - a disk over an image: the overlay in machine memory, writing through, and failures.
 * Rule: a model in plain memory says what the disk must hold; the image must be untouched under an overlay.
 */
#include <stdio.h>
#include <stdlib.h>

#include "devices/disk.h"
#include "tests/mem-block.h"
#include "tests/unit/unit.h"

enum { SECTORS = 1000, BYTES = SECTORS * 512 - 100, MANY = 64 };

struct rig {
	struct mem_block image;
	struct disk disk;
	struct frames frames;
	struct log log;
	u8 data[BYTES], before[BYTES], model[SECTORS * 512];
	int lines;
	char line[320];
};

static void sink(void *arg, enum log_level level, const char *who, const char *text)
{
	struct rig *r = arg;

	r->lines++;
	snprintf(r->line, sizeof(r->line), "%s: %s", who, text);
}

static struct rig *setup(bool overlay, u64 room)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	for (u32 i = 0; i < BYTES; i++)
		r->data[i] = r->before[i] = r->model[i] = (u8)(i * 7 + (i >> 9) * 3 + 1);
	r->image = mem_block(r->data, BYTES, overlay);
	r->log = (struct log){ sink, r, LOG_INFO };
	ck_assert_int_eq(frames_open(&r->frames, 4 << 20, &err), 0);
	ck_assert_int_eq(disk_open(&r->disk, &r->image.b, &r->log, &err), 0);
	if (overlay)
		ck_assert_int_eq(disk_snapshot(&r->disk, &r->frames, room, &err), 0);
	return r;
}

static void done(struct rig *r)
{
	disk_close(&r->disk);
	ck_assert_uint_eq(r->frames.used, 0);
	frames_close(&r->frames);
	free(r);
}

static u32 next(u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33);
}

/* Random pieces written and read, against the model. */
static void random_pieces(struct rig *r)
{
	u8 buffer[MANY * 512];
	u64 seed = 5;

	for (int i = 0; i < 2000; i++) {
		u64 lba = next(&seed) % SECTORS, n = next(&seed) % MANY;

		n = n > SECTORS - lba ? SECTORS - lba : n;
		if (next(&seed) % 2) {
			memset(buffer, (int)next(&seed), sizeof(buffer));
			ck_assert(disk_write(&r->disk, lba, n, buffer));
			memcpy(r->model + lba * 512, buffer, n * 512);
			if (!r->disk.frames && lba + n == SECTORS) /* behind the image's end nothing is kept */
				memset(r->model + BYTES, 0, sizeof(r->model) - BYTES);
		}
		ck_assert(disk_read(&r->disk, lba, n, buffer));
		ck_assert_mem_eq(buffer, r->model + lba * 512, n * 512);
	}
}

START_TEST(overlay_is_the_model)
{
	struct rig *r = setup(true, 1 << 20);

	ck_assert_uint_eq(disk_written(&r->disk), 0);
	random_pieces(r);
	ck_assert_mem_eq(r->data, r->before, BYTES);
	ck_assert_uint_gt(disk_written(&r->disk), 0);
	ck_assert_uint_le(disk_written(&r->disk), SECTORS * 512 + 4096);
	ck_assert(disk_flush(&r->disk));
	ck_assert_int_eq(r->image.flushes, 0);
	done(r);
}
END_TEST

START_TEST(writing_through_is_the_model)
{
	struct rig *r = setup(false, 0);

	random_pieces(r);
	ck_assert_mem_eq(r->data, r->model, BYTES);
	ck_assert(disk_flush(&r->disk));
	ck_assert_int_eq(r->image.flushes, 1);
	ck_assert_uint_eq(disk_frames(&r->disk), 0);
	ck_assert_uint_eq(disk_written(&r->disk), 0);
	done(r);
}
END_TEST

/* One call for neighbours that the image still holds; a page written whole is not read before. */
START_TEST(no_needless_calls)
{
	struct rig *r = setup(true, 1 << 20);
	u8 buffer[MANY * 512] = { 0 };

	ck_assert(disk_read(&r->disk, 3, MANY, buffer));
	ck_assert_int_eq(r->image.reads, 1);
	ck_assert(disk_write(&r->disk, 8, 16, buffer));
	ck_assert_int_eq(r->image.reads, 1);
	ck_assert(disk_write(&r->disk, 33, 1, buffer));
	ck_assert_int_eq(r->image.reads, 2);
	ck_assert_uint_eq(disk_written(&r->disk), 3 * 4096);
	done(r);
}
END_TEST

START_TEST(each_trouble_is_said_once)
{
	struct rig *r = setup(false, 0);
	u8 buffer[1024] = { 0 };

	r->image.fail_reads = r->image.fail_flushes = EIO;
	r->image.fail_writes = ENOSPC;
	for (int i = 0; i < 3; i++)
		ck_assert(!disk_write(&r->disk, 0, 2, buffer));
	ck_assert_int_eq(r->lines, 1);
	ck_assert_ptr_nonnull(strstr(r->line, "No space left"));
	ck_assert_ptr_nonnull(strstr(r->line, "I/O error"));
	for (int i = 0; i < 3; i++)
		ck_assert(!disk_read(&r->disk, 0, 2, buffer));
	ck_assert_int_eq(r->lines, 2);
	for (int i = 0; i < 3; i++)
		ck_assert(!disk_flush(&r->disk));
	ck_assert_int_eq(r->lines, 3);
	r->image.fail_reads = r->image.fail_writes = r->image.fail_flushes = 0;
	ck_assert(disk_read(&r->disk, 0, 2, buffer) && disk_write(&r->disk, 0, 2, buffer) && disk_flush(&r->disk));
	done(r);
}
END_TEST

START_TEST(no_room_in_memory)
{
	struct rig *r = setup(true, 2 * 4096);
	u8 buffer[4096] = { 0 };

	ck_assert(disk_write(&r->disk, 0, 8, buffer));
	ck_assert(disk_write(&r->disk, 80, 1, buffer));
	ck_assert(!disk_write(&r->disk, 160, 1, buffer));
	ck_assert(disk_write(&r->disk, 81, 1, buffer)); /* its page is there */
	ck_assert_int_eq(r->lines, 1);
	ck_assert_ptr_nonnull(strstr(r->line, "overlay=FILE"));
	done(r);
}
END_TEST

/* A page whose rest cannot be read is not taken: the image must go on showing through. */
START_TEST(a_failed_copy_leaves_no_page)
{
	struct rig *r = setup(true, 1 << 20);
	u8 buffer[512] = { 0 };

	r->image.fail_reads = EIO;
	ck_assert(!disk_write(&r->disk, 9, 1, buffer));
	ck_assert_uint_eq(disk_written(&r->disk), 0);
	r->image.fail_reads = 0;
	ck_assert(disk_read(&r->disk, 9, 1, buffer));
	ck_assert_mem_eq(buffer, r->model + 9 * 512, 512);
	done(r);
}
END_TEST

START_TEST(read_only)
{
	struct rig *r = setup(false, 0);
	u8 buffer[512] = { 0 };

	r->disk.read_only = true;
	ck_assert(!disk_write(&r->disk, 0, 1, buffer));
	ck_assert_int_eq(r->image.writes, 0);
	ck_assert(disk_flush(&r->disk));
	done(r);
}
END_TEST

START_TEST(images_that_are_no_disks)
{
	struct frames f;
	struct disk d;
	struct err err = { 0 };
	u8 byte = 0x5a, sector[512];
	struct mem_block image = mem_block(&byte, 0, true);

	ck_assert_int_eq(frames_open(&f, 1 << 20, &err), 0);
	ck_assert_int_eq(disk_open(&d, &image.b, NULL, &err), -EINVAL);
	image.b.size = 1ull << 40;
	ck_assert_int_eq(disk_open(&d, &image.b, NULL, &err), 0);
	ck_assert_int_eq(disk_snapshot(&d, &f, 4096, &err), -ENOSPC);
	disk_close(&d);
	image.b.size = UINT64_MAX;
	ck_assert_int_eq(disk_open(&d, &image.b, NULL, &err), -EINVAL);
	image.b.size = 1;
	ck_assert_int_eq(disk_open(&d, &image.b, NULL, &err), 0);
	ck_assert_int_eq(disk_snapshot(&d, &f, 1 << 30, &err), 0);
	ck_assert_uint_eq(d.sectors, 1);
	ck_assert(disk_read(&d, 0, 1, sector));
	ck_assert_uint_eq(sector[0], 0x5a);
	ck_assert_uint_eq(sector[1] | sector[511], 0);
	/* Numbers in the frames may come from a foreign snapshot. */
	frames_write(&f, d.first, 0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	ck_assert(disk_read(&d, 0, 1, sector));
	ck_assert_uint_eq(sector[0], 0x5a);
	ck_assert(disk_write(&d, 0, 1, sector));
	disk_close(&d);
	frames_close(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		overlay_is_the_model,
		writing_through_is_the_model,
		no_needless_calls,
		each_trouble_is_said_once,
		no_room_in_memory,
		a_failed_copy_leaves_no_page,
		read_only,
		images_that_are_no_disks,
	};

	return unit_run("disk", tests, ARRAY_LEN(tests));
}
