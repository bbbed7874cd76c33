/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-pages.c - machine memory in a snapshot: which frames exist, and what is in those that are not
 * zero.
 * Rule: no section unpacks to more than CHUNK pages, and a page is written only where this machine has a
 * frame.
 *
 * "frames": u32 runs, then u64 first, u64 count of each run of frames in use.
 * "zeros":  the same of frames that were written since the parent was saved, and are zero; only where memory is not whole.
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

/* Level -2 packs pages by a twentieth less than level 1, in two thirds of its time, and unpacks in half. */
enum { CHUNK = PAGES_CHUNK, ZSTD_LEVEL = -2, READY_MOST = 32 << 20 };
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

/* A list of runs whose number is only known when all are in. */
struct runs_out {
	struct buf list;
	u32 n;
	u64 first, count;
};

static void run_end(struct runs_out *r)
{
	if (!r->count)
		return;
	buf_put_uint(&r->list, r->first, 8);
	buf_put_uint(&r->list, r->count, 8);
	r->n++;
	r->count = 0;
}

static void run_add(struct runs_out *r, u64 first, u64 count)
{
	if (first != r->first + r->count)
		run_end(r);
	if (!r->count)
		r->first = first;
	r->count += count;
}

static void runs_put(struct runs_out *r, const char *title, struct buf *out)
{
	struct buf payload = { 0 };

	run_end(r);
	buf_put_uint(&payload, r->n, 4);
	buf_put(&payload, r->list.data, r->list.len);
	payload.failed |= r->list.failed;
	section_put(out, title, "", &payload);
	buf_free(&payload);
	buf_free(&r->list);
}

static void frames_put(const struct frames *f, struct buf *out)
{
	struct runs_out runs = { .n = 0 };
	u64 len;

	for (u64 at = 0; (len = next_run(f, &at)); at += len)
		run_add(&runs, at, len);
	runs_put(&runs, "frames", out);
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
	const struct frames *f;
	struct buf *out, payload;
	struct runs_out zeros;
	ZSTD_CCtx *packer;
	u64 frame[CHUNK];
	u32 n;
	u8 *raw, *packed;
};

static void flush(struct pages_out *p)
{
	size_t size;

	if (!p->n)
		return;
	size = ZSTD_compressCCtx(p->packer, p->packed, ZSTD_compressBound(CHUNK_BYTES), p->raw,
				 (size_t)p->n * PAGE_SIZE_4K, ZSTD_LEVEL);
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

static int save_page(struct pages_out *p, u64 frame, struct err *err)
{
	u8 *raw = p->raw + (size_t)p->n * PAGE_SIZE_4K;

	if (pread(p->f->fd, raw, PAGE_SIZE_4K, (off_t)(frame * PAGE_SIZE_4K)) != PAGE_SIZE_4K)
		return err_set(err, EIO, "snapshot: cannot read machine frame %" PRIu64 ": %s", frame, strerror(errno));
	if (page_is_zero(raw)) {
		run_add(&p->zeros, frame, 1);
		return 0;
	}
	p->frame[p->n++] = frame;
	if (p->n == CHUNK)
		flush(p);
	return 0;
}

/* What was never touched is a hole in the memfd, and holes are zero. */
static int save_run(struct pages_out *p, u64 first, u64 count, struct err *err)
{
	u64 end = first + count;
	int rc = 0;

	while (first < end && !rc) {
		off_t data = lseek(p->f->fd, (off_t)(first * PAGE_SIZE_4K), SEEK_DATA), hole;
		u64 until;

		if (data < 0 && errno == ENXIO)
			return 0;
		if (data >= 0 && (u64)data / PAGE_SIZE_4K > first)
			first = (u64)data / PAGE_SIZE_4K;
		hole = lseek(p->f->fd, (off_t)(first * PAGE_SIZE_4K), SEEK_HOLE);
		until = hole < 0 ? end : ((u64)hole + PAGE_SIZE_4K - 1) / PAGE_SIZE_4K;
		for (; first < until && first < end && !rc; first++)
			rc = save_page(p, first, err);
	}
	return rc;
}

static int save_all(struct pages_out *p, struct err *err)
{
	int rc = 0;
	u64 len;

	for (u64 at = 0; !rc && (len = next_run(p->f, &at)); at += len)
		rc = save_run(p, at, len, err);
	return rc;
}

static int save_only(struct pages_out *p, const u64 *only, struct err *err)
{
	int rc = 0;

	for (u64 word = 0; word < (p->f->n + 63) / 64; word++)
		for (u64 bits = only[word]; bits && !rc; bits &= bits - 1) {
			u64 frame = word * 64 + (u64)__builtin_ctzll(bits);

			if (frame < p->f->n && p->f->refs[frame])
				rc = save_page(p, frame, err);
		}
	return rc;
}

int pages_save(struct vm *vm, const u64 *only, struct buf *out, struct err *err)
{
	struct pages_out p = { .f = vm->frames, .out = out, .packer = ZSTD_createCCtx() };
	int rc = 0;

	frames_put(p.f, out);
	p.raw = malloc(CHUNK_BYTES);
	p.packed = malloc(ZSTD_compressBound(CHUNK_BYTES));
	if (!p.raw || !p.packed || !p.packer)
		rc = err_set(err, ENOMEM, "snapshot: no memory to compress pages");
	if (!rc)
		rc = only ? save_only(&p, only, err) : save_all(&p, err);
	if (!rc)
		flush(&p);
	if (only)
		runs_put(&p.zeros, "zeros", out);
	buf_free(&p.zeros.list);
	ZSTD_freeCCtx(p.packer);
	free(p.raw);
	free(p.packed);
	buf_free(&p.payload);
	return rc;
}

/* ---- load ---- */

static bool bit(const u64 *map, u64 frame)
{
	return map[frame / 64] >> frame % 64 & 1;
}

int pages_in_open(struct pages_in *p, struct vm *vm, const u64 *stale, struct err *err)
{
	*p = (struct pages_in){ .vm = vm, .stale = stale, .all_ready = stale != NULL, .raw = malloc(CHUNK_BYTES),
				.said = calloc(vm->frames->n / 64 + 1, sizeof(u64)) };
	return p->raw && p->said ? 0 : err_set(err, ENOMEM, "snapshot: no memory to unpack pages");
}

void pages_in_close(struct pages_in *p)
{
	free(p->raw);
	free(p->said);
	buf_free(&p->ready);
	*p = (struct pages_in){ 0 };
}

int pages_in_start(struct pages_in *p, bool write, struct err *err)
{
	const struct frames *f = p->vm->frames;

	p->write = write;
	memset(p->said, 0, (f->n / 64 + 1) * sizeof(*p->said));
	if (!write || p->stale)
		return 0;
	frames_mark(f, 0, f->n);
	if (fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)(f->n * PAGE_SIZE_4K)))
		return err_set(err, errno, "snapshot: cannot clear the machine memory: %s", strerror(errno));
	return 0;
}

void pages_in_file(struct pages_in *p, bool own)
{
	p->next = 0;
	p->own = own;
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

/* Is the page of this frame wanted of this file?  The first file that speaks of a frame is the one that counts. */
static bool wanted(const struct pages_in *p, u64 frame)
{
	const struct frames *f = p->vm->frames;

	return frame < f->n && f->refs[frame] && !bit(p->said, frame) && (!p->stale || bit(p->stale, frame));
}

/* What is wanted of this section is kept for the second time, if it is little. */
static void keep_ready(struct pages_in *p, const struct pages_batch *b)
{
	for (u32 i = 0; i < b->n && p->all_ready; i++)
		if (wanted(p, pages_batch_frame(b, i))) {
			buf_put_uint(&p->ready, pages_batch_frame(b, i), 8);
			buf_put(&p->ready, p->raw + (size_t)i * PAGE_SIZE_4K, PAGE_SIZE_4K);
			p->all_ready = !p->ready.failed && p->ready.len < READY_MOST;
		}
}

static int write_ready(struct pages_in *p, struct err *err)
{
	struct reader in = { .at = p->ready.data, .end = p->ready.data + p->ready.len };

	while (read_left(&in)) {
		u64 frame = read_uint(&in, 8);
		const u8 *page = read_bytes(&in, PAGE_SIZE_4K);

		if (pwrite(p->vm->frames->fd, page, PAGE_SIZE_4K, (off_t)(frame * PAGE_SIZE_4K)) != PAGE_SIZE_4K)
			return err_set(err, EIO, "snapshot: cannot write the machine memory (%s); it is incomplete now",
				       strerror(errno));
		frames_mark(p->vm->frames, frame, 1);
	}
	return 0;
}

/* So many pages from number i on are wanted, and lie one behind the other. */
static u32 row(const struct pages_in *p, const struct pages_batch *b, u32 i)
{
	u64 first = pages_batch_frame(b, i);
	u32 n = 0;

	while (i + n < b->n && pages_batch_frame(b, i + n) == first + n && wanted(p, first + n))
		n++;
	return n;
}

static int write_pages(struct pages_in *p, const struct pages_batch *b, struct err *err)
{
	for (u32 i = 0, n; i < b->n; i += n + !n) {
		u64 frame = pages_batch_frame(b, i), len;

		n = row(p, b, i);
		len = (u64)n * PAGE_SIZE_4K;
		if (n && pwrite(p->vm->frames->fd, p->raw + (size_t)i * PAGE_SIZE_4K, len, (off_t)(frame * PAGE_SIZE_4K)) !=
		    (ssize_t)len)
			return err_set(err, EIO, "snapshot: cannot write the machine memory (%s); it is incomplete now",
				       strerror(errno));
		frames_mark(p->vm->frames, frame, n);
	}
	return 0;
}

static void say(struct pages_in *p, u64 frame)
{
	if (frame < p->vm->frames->n)
		p->said[frame / 64] |= 1ull << frame % 64;
}

static int pages_section(struct pages_in *p, struct section *s, struct err *err)
{
	const struct frames *f = p->vm->frames;
	struct pages_batch b = { 0 };
	int rc = pages_batch_read(s, &b, &p->next, err);
	bool any = false;

	for (u32 i = 0; i < b.n && !rc; i++) {
		u64 frame = pages_batch_frame(&b, i);

		any |= wanted(p, frame);
		if (p->own && (frame >= f->n || !f->refs[frame]))
			rc = err_set(err, EINVAL, "snapshot: section 'pages' at byte %" PRIu64 ": page of machine frame %" PRIu64
				     ", which this machine has not", s->at, frame);
	}
	any &= !p->write || !p->all_ready; /* else pages_in_rest writes them */
	if (!rc && any)
		rc = pages_batch_unpack(s, &b, p->raw, err);
	if (!rc && any && p->write)
		rc = write_pages(p, &b, err);
	else if (!rc && any)
		keep_ready(p, &b);
	for (u32 i = 0; i < b.n && !rc; i++)
		say(p, pages_batch_frame(&b, i));
	return rc;
}

static int zeros_section(struct pages_in *p, struct section *s, struct err *err)
{
	struct reader *in = &s->payload;
	u64 n = read_uint(in, 4), end = 0;
	struct snapshot_run run;

	if (in->bad || read_left(in) != n * 16)
		return err_set(err, EINVAL, "snapshot: section 'zeros' at byte %" PRIu64 " has not the length of its runs", s->at);
	while (snapshot_run_next(in, &run)) {
		if (run.first < end || run.first >= p->vm->frames->n || run.count > p->vm->frames->n - run.first)
			return err_set(err, EINVAL, "snapshot: section 'zeros' at byte %" PRIu64 ": a run of %" PRIu64 " frames "
				       "from %" PRIu64 " is out of order or too long", s->at, run.count, run.first);
		end = run.first + run.count;
		for (u64 frame = run.first; frame < end; frame++) {
			if (p->write && p->stale && wanted(p, frame))
				frames_discard(p->vm->frames, frame, 1);
			say(p, frame);
		}
	}
	return 0;
}

int pages_in_section(struct pages_in *p, struct section *s, struct err *err)
{
	if (!strcmp(s->name, "frames"))
		return p->own ? frames_compare(p->vm->frames, &s->payload, err) : 0;
	return strcmp(s->name, "zeros") ? pages_section(p, s, err) : zeros_section(p, s, err);
}

int pages_in_rest(struct pages_in *p, struct err *err)
{
	struct frames *f = p->vm->frames;

	for (u64 frame = 0; p->stale && frame < f->n; frame++)
		if (bit(p->stale, frame) && !bit(p->said, frame))
			frames_discard(f, frame, 1);
	return p->all_ready ? write_ready(p, err) : 0;
}
