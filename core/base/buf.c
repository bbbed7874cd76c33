/* SPDX-License-Identifier: GPL-3.0-or-later
 * buf.c - growable bytes and the checked reader.
 * Rule: a buffer that could not grow stays as it was, marked `failed`; later puts do nothing.
 */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 256 };

/* Room for `more` bytes and a NUL after them. */
static bool reserve(struct buf *b, size_t more)
{
	size_t want, cap = b->cap ? b->cap : BUF_FIRST;
	u8 *data;

	if (b->failed)
		return false;
	if (more >= SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return false;
	}
	want = b->len + more + 1;
	if (want <= b->cap)
		return true;
	while (cap < want)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_put(struct buf *b, const void *data, size_t len)
{
	if (!len || !reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_put_uint(struct buf *b, u64 value, int bytes)
{
	u8 le[8];

	for (int i = 0; i < bytes; i++)
		le[i] = (u8)(value >> 8 * i);
	buf_put(b, le, (size_t)bytes);
}

/* A text that its u16 length cannot hold fails the buffer: cutting it silently would change a name. */
void buf_put_str(struct buf *b, const char *text)
{
	size_t len = strlen(text);

	if (len > UINT16_MAX) {
		b->failed = true;
		return;
	}
	buf_put_uint(b, len, 2);
	buf_put(b, text, len);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)len))
		return;
	va_start(args, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
}

const char *buf_text(struct buf *b)
{
	if (!reserve(b, 0))
		return NULL;
	b->data[b->len] = 0;
	return (const char *)b->data;
}

const u8 *read_bytes(struct reader *r, size_t len)
{
	const u8 *at = r->at;

	if (r->bad || len > read_left(r)) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	return at;
}

u64 read_uint(struct reader *r, int bytes)
{
	const u8 *in = read_bytes(r, (size_t)bytes);
	u64 value = 0;

	for (int i = 0; in && i < bytes; i++)
		value |= (u64)in[i] << 8 * i;
	return value;
}

bool read_str(struct reader *r, char *out, size_t out_size)
{
	size_t len = (size_t)read_uint(r, 2);
	const u8 *text = read_bytes(r, len);

	/* A NUL inside would let two different names on the wire look the same in memory. */
	if (!text || len >= out_size || memchr(text, 0, len)) {
		r->bad = true;
		if (out_size)
			out[0] = 0;
		return false;
	}
	memcpy(out, text, len);
	out[len] = 0;
	return true;
}

bool read_name(struct reader *r, char *out, size_t out_size)
{
	if (!read_str(r, out, out_size))
		return false;
	for (const char *c = out; *c; c++)
		if (*c < ' ' || *c > '~') {
			r->bad = true;
			out[0] = 0;
			return false;
		}
	return true;
}
