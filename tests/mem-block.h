/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem-block.h - a disk image that is bytes in memory, for tests; it can be told to fail.
 * Rule: reading and writing stay within the bytes; what is asked beyond them is our own bug, and asserts.
 */
#ifndef VITRINE_TESTS_MEM_BLOCK_H
#define VITRINE_TESTS_MEM_BLOCK_H

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "devices/block.h"

struct mem_block {
	struct block b; /* first */
	u8 *data;
	int fail_reads, fail_writes, fail_flushes; /* 0, or the errno */
	int reads, writes, flushes;                /* calls so far */
};

static inline int mem_block_read(struct block *b, u64 offset, void *data, u64 len, struct err *err)
{
	struct mem_block *m = (struct mem_block *)b;

	assert(offset <= b->size && len <= b->size - offset);
	m->reads++;
	if (m->fail_reads)
		return err_set(err, m->fail_reads, "%s: %s", b->name, strerror(m->fail_reads));
	memcpy(data, m->data + offset, len);
	return 0;
}

static inline int mem_block_write(struct block *b, u64 offset, const void *data, u64 len, struct err *err)
{
	struct mem_block *m = (struct mem_block *)b;

	assert(!b->read_only && offset <= b->size && len <= b->size - offset);
	m->writes++;
	if (m->fail_writes)
		return err_set(err, m->fail_writes, "%s: %s", b->name, strerror(m->fail_writes));
	memcpy(m->data + offset, data, len);
	return 0;
}

static inline int mem_block_flush(struct block *b, struct err *err)
{
	struct mem_block *m = (struct mem_block *)b;

	m->flushes++;
	return m->fail_flushes ? err_set(err, m->fail_flushes, "%s: %s", b->name, strerror(m->fail_flushes)) : 0;
}

static inline void mem_block_close(struct block *b)
{
}

static const struct block_ops mem_block_ops = { mem_block_read, mem_block_write, mem_block_flush, mem_block_close };

static inline struct mem_block mem_block(u8 *data, u64 size, bool read_only)
{
	return (struct mem_block){ .b = { &mem_block_ops, "memory", size, read_only }, .data = data };
}

#endif
