/* SPDX-License-Identifier: GPL-3.0-or-later
 * overlay.c - fuzz target: the input is an overlay file, with its checks put right or not.
 * Rule: it is refused with a sentence, or it is a disk: what is written can be read back, also after it was opened
 * again; and the base is never written.
 *
 * The first byte says: put right the header (bit 0), its base (bit 1), the table's checks (bit 2); then the file's
 * bytes, in pieces of u16 offset / 4, u8 length, bytes; so that small inputs reach the table and the pages.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <stdio.h>

#include "devices/backends/overlay.h"
#include "tests/mem-block.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { BASE = 40 * 4096 + 300, FILE_SIZE = 64 << 10 };

static u8 base_bytes[BASE];

/* A good file to start from, made once. */
static const u8 *good_file(struct mem_block *base, size_t *len)
{
	static u8 file[FILE_SIZE];
	static size_t known;
	char path[40];
	int fd;

	if (!known) {
		fd = memfd_create("good", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		struct block *b = overlay_open(&base->b, path, true, NULL);
		u8 sector[512] = { 1 };

		if (!b || b->ops->write(b, 5 * 4096, sector, 512, NULL) || b->ops->flush(b, NULL))
			abort();
		b->ops->close(b);
		known = (size_t)pread(fd, file, sizeof(file), 0);
		close(fd);
	}
	*len = known;
	return file;
}

static void put_right(u8 *file, u8 what)
{
	struct overlay_header *h = (struct overlay_header *)file;
	struct overlay_sector *s = (struct overlay_sector *)(file + OVERLAY_PAGE);

	if (what & 1)
		h->check = overlay_check(h);
	if (what & 4) {
		s->number = 1;
		s->check = overlay_check(s);
	}
}

static void use(struct block *b)
{
	static u8 all[BASE + 512], again[BASE + 512];
	u8 mark[700];

	memset(mark, 0x77, sizeof(mark));
	if (b->size > sizeof(all) || b->ops->read(b, 0, all, b->size, NULL))
		abort();
	if (b->ops->write(b, 4096 * 3 - 200, mark, sizeof(mark), NULL) || b->ops->flush(b, NULL))
		abort();
	memcpy(all + 4096 * 3 - 200, mark, sizeof(mark));
	if (b->ops->read(b, 0, again, b->size, NULL) || memcmp(all, again, b->size))
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 file[FILE_SIZE];
	struct mem_block base = mem_block(base_bytes, BASE, true);
	struct err err = { 0 };
	char path[40];
	size_t len = 0;
	int fd = memfd_create("overlay", 0);

	memset(file, 0, sizeof(file));
	memcpy(file, good_file(&base, &len), len);
	for (size_t at = 1; at + 3 < size;) {
		size_t to = (size_t)(data[at] | data[at + 1] << 8) * 4 % FILE_SIZE, n = data[at + 2];

		at += 3;
		for (size_t i = 0; i < n && at < size; i++, at++)
			file[(to + i) % FILE_SIZE] ^= data[at];
		if (to + n > len && to + n <= FILE_SIZE)
			len = to + n;
	}
	put_right(file, size ? data[0] : 0);
	if (size && data[0] & 8)
		len = len * data[0] / 256;
	if (fd < 0 || write(fd, file, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int i = 0; i < 2; i++) {
		struct block *b = overlay_open(&base.b, path, true, &err);

		if (!b && (i || !err.text[0]))
			abort();
		if (!b)
			break;
		use(b);
		b->ops->close(b);
	}
	if (base.writes)
		abort();
	close(fd);
	return 0;
}
