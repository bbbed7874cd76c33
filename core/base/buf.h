/* SPDX-License-Identifier: GPL-3.0-or-later
 * buf.h - a growable run of bytes, little-endian put, and a checked reader.
 * Rule: a reader never goes past its end; it sets `bad` and yields zeros from then on.
 */
#ifndef VITRINE_CORE_BASE_BUF_H
#define VITRINE_CORE_BASE_BUF_H

#include "core/base/types.h"

struct buf {
	u8 *data;
	size_t len, cap;
	bool failed; /* an allocation failed: the content is not to be used */
};

void buf_free(struct buf *b);
void buf_put(struct buf *b, const void *data, size_t len);
void buf_put_uint(struct buf *b, u64 value, int bytes); /* little-endian, 1..8 bytes */
void buf_put_str(struct buf *b, const char *text);      /* u16 length, then the bytes */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A NUL after the content, not counted in len; NULL only if an allocation failed. */
const char *buf_text(struct buf *b);

struct reader {
	const u8 *at, *end;
	bool bad; /* something was read past the end */
};

u64 read_uint(struct reader *r, int bytes);
const u8 *read_bytes(struct reader *r, size_t len);             /* NULL and bad when too short */
bool read_str(struct reader *r, char *out, size_t out_size);    /* false and bad when it does not fit */
/* The same for a name: printable ASCII and nothing else, so that it can be shown as it is. */
bool read_name(struct reader *r, char *out, size_t out_size);
static inline size_t read_left(const struct reader *r) { return (size_t)(r->end - r->at); }

#endif
