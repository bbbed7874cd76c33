/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-pages.c - machine memory in a snapshot: which frames exist, and what is in those that are not
 * zero.
 * Rule: no section unpacks to more than CHUNK pages, and a page is written only where this machine has a
 * frame.
 *
 * "frames": u32 runs, then u64 first, u64 count of each run of frames in use.
 * "pages":  u32 n (1 to CHUNK), n ascending u64 frame numbers, then one zstd frame of n * 4096 bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "core/snapshot-priv.h"

enum { CHUNK = PAGES_CHUNK, ZSTD_LEVEL = 1 };
#define CHUNK_BYTES ((size_t)CHUNK * PAGE_SIZE_4K)

/* ---- which frames exist ---- */

/* The run of used frames at or after *from; 0 if there is none. */
static u64 next_run(const struct frames *f, u64 *from)
{
	u64 end;

	while (*from < f->n && !f->refs[*from])
		++*from;
	for (end = *from; end < f->n && f->refs[end];)
		end++;
	return end - *from;
}

static void frames_put(const struct frames *f, struct buf *payload)
{
	u32 runs = 0;
	u64 len;

	for (u64 at = 0; (len = next_run(f, &at)); at += len)
		runs++;
	buf_put_uint(payload, runs, 4);
	for (u64 at = 0; (len = next_run(f, &at)); at += len) {
		buf_put_uint(payload, at, 8);
		buf_put_uint(payload, len, 8);
	}
}

static int frames_compare(const struct frames *f, struct reader *in, struct err *err)
{
	u64 runs = read_uint(in, 4), at = 0, len = 0;
	bool same = true;

	for (u64 i = 0; i < runs && !in->bad && same; i++, at += len) {
		len = next_run(f, &at);
		same = read_uint(in, 8) == at && read_uint(in, 8) == len && len;
	}
	if (in->bad || !same || next_run(f, &at) || read_left(in))
		return err_set(err, EINVAL,
			       "snapshot: its machine memory is divided differently; expected one made with "
			       "the same machine options (--mem, --bios, --disk)");
	return 0;
}

/* ---- save ---- */

struct pages_out {
	struct buf *out, payload;
	u64 frame[CHUNK];
	u32 n;
	u8 *raw, *packed;
};

static void flush(struct pages_out *p)
{
	size_t size;

	if (!p->n)
		return;
	size = ZSTD_compress(p->packed, ZSTD_compressBound(CHUNK_BYTES), p->raw, (size_t)p->n * PAGE_SIZE_4K,
			     ZSTD_LEVEL);
	buf_put_uint(&p->payload, p->n, 4);
	for (u32 i = 0; i < p->n; i++)
		buf_put_uint(&p->payload, p->frame[i], 8);
	if (ZSTD_isError(size))
		p->out->failed = true; /* only an allocation can fail here: the room suffices by definition */
	else
		buf_put(&p->payload, p->packed, size);
	section_put(p->out, "pages", "", &p->payload);
	p->n = 0;
}

static int save_run(struct pages_out *p, const struct frames *f, u64 first, u64 count, struct err *err)
{
	u64 end = first + count;

	while (first < end) {
		/* What was never touched is a hole in the file, and holes are zero. */
		off_t data = lseek(f->fd, (off_t)(first * PAGE_SIZE_4K), SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			return 0;
		if (data >= 0 && (u64)data / PAGE_SIZE_4K > first)
			first = (u64)data / PAGE_SIZE_4K;
		if (first >= end)
			return 0;
		if (pread(f->fd, p->raw + (size_t)p->n * PAGE_SIZE_4K, PAGE_SIZE_4K,
			  (off_t)(first * PAGE_SIZE_4K)) != PAGE_SIZE_4K)
			return err_set(err, EIO, "snapshot: cannot read machine frame %" PRIu64 ": %s", first,
				       strerror(errno));
		if (!page_is_zero(p->raw + (size_t)p->n * PAGE_SIZE_4K)) {
			p->frame[p->n++] = first;
			if (p->n == CHUNK)
				flush(p);
		}
		first++;
	}
	return 0;
}

int pages_save(struct vm *vm, struct buf *out, struct err *err)
{
	struct pages_out p = { .out = out };
	const struct frames *f = &vm->frames;
	int rc = 0;
	u64 len;

	frames_put(f, &p.payload);
	section_put(out, "frames", "", &p.payload);
	p.raw = malloc(CHUNK_BYTES);
	p.packed = malloc(ZSTD_compressBound(CHUNK_BYTES));
	if (!p.raw || !p.packed)
		rc = err_set(err, ENOMEM, "snapshot: no memory to compress pages");
	for (u64 at = 0; !rc && (len = next_run(f, &at)); at += len)
		rc = save_run(&p, f, at, len, err);
	if (!rc)
		flush(&p);
	free(p.raw);
	free(p.packed);
	buf_free(&p.payload);
	return rc;
}

/* ---- load ---- */

int pages_in_open(struct pages_in *p, struct vm *vm, struct err *err)
{
	*p = (struct pages_in){ .vm = vm, .raw = malloc(CHUNK_BYTES) };
	return p->raw ? 0 : err_set(err, ENOMEM, "snapshot: no memory to unpack pages");
}

void pages_in_close(struct pages_in *p)
{
	free(p->raw);
	p->raw = NULL;
}

int pages_in_start(struct pages_in *p, bool write, struct err *err)
{
	const struct frames *f = &p->vm->frames;

	p->next = 0;
	p->write = write;
	if (write)
		frames_mark(&p->vm->frames, 0, f->n);
	if (write &&
	    fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)(f->n * PAGE_SIZE_4K)))
		return err_set(err, errno, "snapshot: cannot clear the machine memory: %s", strerror(errno));
	return 0;
}

int pages_batch_read(struct section *s, struct pages_batch *b, u64 *next, struct err *err)
{
	struct reader *in = &s->payload;
	u64 n = read_uint(in, 4);

	if (in->bad || n < 1 || n > CHUNK || read_left(in) < n * 8)
		return err_set(err, EINVAL,
			       "snapshot: section 'pages' at byte %" PRIu64 " of %" PRIu64 " pages; expected 1 to %d",
			       s->at, n, CHUNK);
	*b = (struct pages_batch){ .n = (u32)n, .numbers = read_bytes(in, n * 8) };
	for (u32 i = 0; i < b->n; i++) {
		u64 frame = pages_batch_frame(b, i);

		if (frame < *next || frame == FRAME_NONE)
			return err_set(err, EINVAL,
				       "snapshot: section 'pages' at byte %" PRIu64 ": machine frame %" PRIu64
				       " is out of order",
				       s->at, frame);
		*next = frame + 1;
	}
	return 0;
}

u64 pages_batch_frame(const struct pages_batch *b, u32 i)
{
	struct reader r = { .at = b->numbers + (size_t)i * 8, .end = b->numbers + (size_t)b->n * 8 };

	return read_uint(&r, 8);
}

int pages_batch_unpack(struct section *s, const struct pages_batch *b, u8 *raw, struct err *err)
{
	size_t size = ZSTD_decompress(raw, CHUNK_BYTES, s->payload.at, read_left(&s->payload));

	if (ZSTD_isError(size) || size != (size_t)b->n * PAGE_SIZE_4K)
		return err_set(err, EINVAL,
			       "snapshot: section 'pages' at byte %" PRIu64 ": %u pages do not unpack to %u bytes",
			       s->at, b->n, b->n * PAGE_SIZE_4K);
	return 0;
}

static int write_pages(const struct frames *f, const struct pages_batch *b, const u8 *raw, struct err *err)
{
	for (u32 i = 0; i < b->n; i++) {
		off_t at = (off_t)(pages_batch_frame(b, i) * PAGE_SIZE_4K);

		if (pwrite(f->fd, raw + (size_t)i * PAGE_SIZE_4K, PAGE_SIZE_4K, at) != PAGE_SIZE_4K)
			return err_set(err, EIO,
				       "snapshot: cannot write the machine memory (%s); it is incomplete now",
				       strerror(errno));
	}
	return 0;
}

static int pages_section(struct pages_in *p, struct section *s, struct err *err)
{
	const struct frames *f = &p->vm->frames;
	struct pages_batch b = { 0 };
	int rc = pages_batch_read(s, &b, &p->next, err);

	for (u32 i = 0; i < b.n && !rc; i++) {
		u64 frame = pages_batch_frame(&b, i);

		if (frame >= f->n || !f->refs[frame])
			rc = err_set(err, EINVAL,
				     "snapshot: page of machine frame %" PRIu64 ", which this machine has not",
				     frame);
	}
	if (!rc)
		rc = pages_batch_unpack(s, &b, p->raw, err);
	return !rc && p->write ? write_pages(f, &b, p->raw, err) : rc;
}

int pages_in_section(struct pages_in *p, struct section *s, struct err *err)
{
	if (!strcmp(s->name, "frames"))
		return frames_compare(&p->vm->frames, &s->payload, err);
	return pages_section(p, s, err);
}
