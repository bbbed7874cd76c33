/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording.c - fuzz target: the input is the blocks of a recording, behind a true head and with right sums.
 * Rule: whatever they say, the machine runs, or the replay ends with a difference; nothing crashes, hangs or runs out of
 * bounds.
 *
 * A block is u8 kind (modulo 8; 0 means a wrong CRC), u8 length, and so many bytes of payload.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/recording-priv.h"
#include "cpu-interp/interp.h"
#include "tests/ticker.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static bool take(void *arg, const u8 *data, u32 len)
{
	struct ticker *t = arg;

	t->s.memory[7] = len ? data[len - 1] : 0;
	return len != 3;
}

static struct vm *machine(struct ticker *t)
{
	struct err err = { 0 };
	struct vm *vm = ticker_machine(t, &engine_interp, 1, &err);

	if (!vm)
		abort();
	for (int i = 0; i < INPUT_SOURCES; i++)
		vm->inlet[i] = (struct vm_inlet){ .take = take, .refuses = i & 1, .arg = t };
	/* jmp $ at the reset vector, which lies in the ROM */
	mem_poke(&vm->mem, 0xffff0, "\xeb\xfe", 2);
	return vm;
}

static void path_of(char *path, size_t size)
{
	snprintf(path, size, "/tmp/vitrine-fuzz-%ld", (long)getpid());
}

/* As long as the head of a true recording is. */
static struct buf head(const char *path)
{
	static u8 bytes[4096];
	struct buf b = { 0 };
	struct recording *r;
	struct err err = { 0 };
	struct ticker t;
	struct vm *vm = machine(&t);
	u32 len;
	int fd;

	unlink(path);
	if (recording_open(&r, vm, path, &err) || recording_close(r, &err))
		abort();
	vm_destroy(vm);
	fd = open(path, O_RDONLY);
	if (read(fd, bytes, sizeof(bytes)) < RECORDING_MAGIC_LEN + BLOCK_OVERHEAD)
		abort();
	close(fd);
	memcpy(&len, bytes + RECORDING_MAGIC_LEN + 1, 4);
	buf_put(&b, bytes, RECORDING_MAGIC_LEN + BLOCK_OVERHEAD + len);
	return b;
}

static void add_blocks(struct buf *b, const u8 *data, size_t size)
{
	while (size >= 2) {
		u8 kind = data[0] % 8;
		size_t start = b->len, len = data[1] < size - 2 ? data[1] : size - 2;

		buf_put_uint(b, kind, 1);
		buf_put_uint(b, len, 4);
		buf_put(b, data + 2, len);
		buf_put_uint(b, snapshot_crc(0, b->data + start, b->len - start) ^ !kind, 4);
		data += 2 + len;
		size -= 2 + len;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct err err = { 0 };
	struct replay *replay;
	struct ticker t;
	struct vm *vm;
	struct buf b;
	char path[64], notice[200];
	int fd;

	path_of(path, sizeof(path));
	b = head(path);
	add_blocks(&b, data, size);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, b.data, b.len) != (ssize_t)b.len)
		abort();
	close(fd);
	vm = machine(&t);
	if (!replay_open(&replay, vm, path, notice, &err)) {
		for (int i = 0; i < 3; i++)
			vm_run(vm, 20000, &err);
		replay_close(replay);
	}
	vm_destroy(vm);
	buf_free(&b);
	unlink(path);
	return 0;
}
