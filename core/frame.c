/* SPDX-License-Identifier: GPL-3.0-or-later
 * frame.c - machine memory: the memfd and the count of who refers to each frame.
 * Rule: a free frame is a hole in the memfd, so it costs nothing and the next owner finds zeros.
 */
#include "core/frame.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAME_SIZE = 4096, FRAMES_2M = 512 };
/* 64 TiB: the file offset, the mappings and the reference counts of more would not fit a 47-bit host. */
#define FRAMES_MAX_BYTES (1ull << 46)
/* Of addresses for a view of all: a machine of several VMs cannot grow beyond.  Addresses cost nothing until they are used. */
#define VIEW_BYTES (1ull << 40)

/* Counts of frames that nobody ever took cost nothing, however large the machine is. */
static u32 *refs_map(u64 n)
{
	void *refs = mmap(NULL, n * sizeof(u32), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return refs == MAP_FAILED ? NULL : refs;
}

int frames_open(struct frames *f, u64 bytes, struct err *err)
{
	*f = (struct frames){ .fd = -1, .zero = FRAME_NONE };
	if (!bytes || bytes > FRAMES_MAX_BYTES)
		return err_set(err, EINVAL, "machine memory of %" PRIu64 " bytes: expected 1 byte to 64 TiB",
			       bytes);
	f->n = (bytes + FRAME_SIZE - 1) / FRAME_SIZE;
	f->refs = refs_map(f->n);
	if (!f->refs) {
		f->n = 0;
		return err_set(err, ENOMEM,
			       "machine memory of %" PRIu64 " bytes: the host has no room to account for it",
			       bytes);
	}
	f->fd = memfd_create("vitrine-machine", MFD_CLOEXEC);
	if (f->fd < 0 || ftruncate(f->fd, (off_t)(f->n * FRAME_SIZE)) < 0) {
		int code = errno;

		frames_close(f);
		return err_set(err, code, "machine memory of %" PRIu64 " MiB in a memfd: %s%s", bytes >> 20,
			       strerror(code), code == EFBIG ? "; is there a limit (ulimit -f)?" : "");
	}
	return 0;
}

void frames_close(struct frames *f)
{
	if (f->view)
		munmap(f->view, VIEW_BYTES);
	if (f->fd >= 0)
		close(f->fd);
	if (f->refs)
		munmap(f->refs, f->n * sizeof(*f->refs));
	for (int i = 0; i < FRAME_LOGS; i++)
		free(f->written[i]);
	*f = (struct frames){ .fd = -1, .zero = FRAME_NONE };
}

/* ---- a machine with several VMs ---- */

struct frames *frames_new(u64 bytes, struct err *err)
{
	struct frames *f = malloc(sizeof(*f));

	if (!f) {
		err_set(err, ENOMEM, "no memory for a machine");
		return NULL;
	}
	if (frames_open(f, bytes, err)) {
		free(f);
		return NULL;
	}
	f->users = 1;
	return f;
}

void frames_join(struct frames *f)
{
	assert(f->users);
	f->users++;
}

void frames_leave(struct frames *f)
{
	assert(f->users);
	if (--f->users)
		return;
	frames_close(f);
	free(f);
}

int frames_grow(struct frames *f, u64 bytes, struct err *err)
{
	u64 from = (f->n + FRAMES_2M - 1) / FRAMES_2M * FRAMES_2M;
	u64 n = from + (bytes + FRAME_SIZE - 1) / FRAME_SIZE;
	void *refs;

	if (frames_logged(f))
		return err_set(err, EBUSY, "the machine cannot get more memory while what is written in it is logged (a time line)");
	if (bytes > VIEW_BYTES || n * FRAME_SIZE > VIEW_BYTES)
		return err_set(err, ENOMEM, "machine memory of %" PRIu64 " MiB more: expected at most %llu MiB in all", bytes >> 20,
			       VIEW_BYTES >> 20);
	if (ftruncate(f->fd, (off_t)(n * FRAME_SIZE)) < 0)
		return err_set(err, errno, "machine memory of %" PRIu64 " MiB more: %s", bytes >> 20, strerror(errno));
	refs = mremap(f->refs, f->n * sizeof(*f->refs), n * sizeof(*f->refs), MREMAP_MAYMOVE); /* what is new is zero */
	if (refs == MAP_FAILED)
		return err_set(err, ENOMEM, "machine memory of %" PRIu64 " MiB more: the host has no room to account for it",
			       bytes >> 20);
	f->refs = refs;
	f->n = n;
	return 0;
}

/* Pages behind the end of the file are part of the mapping, and become usable when the file grows. */
u8 *frames_view(struct frames *f)
{
	void *view;

	if (f->view)
		return f->view;
	view = mmap(NULL, VIEW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, f->fd, 0);
	if (view != MAP_FAILED)
		f->view = view;
	return f->view;
}

frame_no frames_ref_zero(struct frames *f)
{
	if (f->zero == FRAME_NONE) /* its first reference is the machine's own: it is never given back */
		f->zero = frames_alloc(f, 1);
	if (f->zero != FRAME_NONE)
		frames_ref(f, f->zero, 1);
	return f->zero;
}

u64 frames_host_bytes(const struct frames *f)
{
	struct stat s;

	return fstat(f->fd, &s) ? 0 : (u64)s.st_blocks * 512;
}

/* First of `count` free frames in a row within [from, to), or FRAME_NONE. */
static frame_no find_free(const struct frames *f, u64 from, u64 to, u64 count)
{
	u64 run = 0;

	for (u64 i = from; i < to; i++) {
		run = f->refs[i] ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return FRAME_NONE;
}

static frame_no take(struct frames *f, frame_no first, u64 count)
{
	if (first == FRAME_NONE)
		return FRAME_NONE;
	for (u64 i = 0; i < count; i++)
		f->refs[first + i] = 1;
	f->used += count;
	return first;
}

frame_no frames_alloc(struct frames *f, u64 count)
{
	frame_no first;

	if (!count || count > f->n - f->used)
		return FRAME_NONE;
	first = find_free(f, f->cursor, f->n, count);
	if (first == FRAME_NONE)
		first = find_free(f, 0, f->n, count);
	if (first != FRAME_NONE)
		f->cursor = first + count;
	return take(f, first, count);
}

frame_no frames_alloc_last(struct frames *f, u64 count)
{
	if (!count || count > f->n)
		return FRAME_NONE;
	return take(f, find_free(f, f->n - count, f->n, count), count);
}

void frames_ref(struct frames *f, frame_no first, u64 count)
{
	assert(first < f->n && count <= f->n - first);
	for (u64 i = first; i < first + count; i++) {
		assert(f->refs[i] && f->refs[i] < UINT32_MAX);
		f->refs[i]++;
	}
}

int frames_log(struct frames *f, enum frame_log log, bool on, struct err *err)
{
	free(f->written[log]);
	f->written[log] = on ? calloc((f->n + 63) / 64, sizeof(u64)) : NULL;
	return on && !f->written[log] ? err_set(err, ENOMEM, "no memory for a log of the machine's memory") : 0;
}

bool frames_logged(const struct frames *f)
{
	for (int log = 0; log < FRAME_LOGS; log++)
		if (f->written[log])
			return true;
	return false;
}

void frames_mark(const struct frames *f, frame_no first, u64 count)
{
	for (int log = 0; log < FRAME_LOGS; log++)
		for (u64 i = first; f->written[log] && i < first + count; i++)
			f->written[log][i / 64] |= 1ull << i % 64;
}

/* Give the content of frames back to the host; they read as zeros. */
static void punch(struct frames *f, frame_no first, u64 count)
{
	static const u8 zeros[FRAME_SIZE];
	off_t at = (off_t)(first * FRAME_SIZE), len = (off_t)(count * FRAME_SIZE);

	frames_mark(f, first, count);
	if (!fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len))
		return;
	/* A memfd without holes (a seccomp filter, an odd kernel): the next owner must find zeros all
	 * the same. */
	for (u64 i = 0; i < count; i++) {
		ssize_t done = pwrite(f->fd, zeros, FRAME_SIZE, at + (off_t)(i * FRAME_SIZE));

		assert(done == FRAME_SIZE);
		(void)done;
	}
}

/* Frames that nobody refers to any more; pages of counts, too, that are all zero again. */
static void give_back(struct frames *f, frame_no first, u64 count)
{
	const u64 each = FRAME_SIZE / sizeof(*f->refs);
	u64 from = (first + each - 1) / each * each, to = (first + count) / each * each;

	punch(f, first, count);
	if (from < to)
		madvise(f->refs + from, (to - from) * sizeof(*f->refs), MADV_DONTNEED);
}

void frames_unref(struct frames *f, frame_no first, u64 count)
{
	u64 freed = 0; /* length of the run of freed frames that ends before i */

	assert(first < f->n && count <= f->n - first);
	for (u64 i = first; i < first + count; i++) {
		assert(f->refs[i]);
		if (--f->refs[i] == 0) {
			freed++;
			f->used--;
			if (i < f->cursor) /* what was used before is used again before what never was */
				f->cursor = i;
			continue;
		}
		if (freed)
			give_back(f, i - freed, freed);
		freed = 0;
	}
	if (freed)
		give_back(f, first + count - freed, freed);
}

void frames_discard(struct frames *f, frame_no first, u64 count)
{
	assert(first < f->n && count <= f->n - first);
	punch(f, first, count);
}

/* read or write may do part of the work; none of it means the host is out of memory, which is beyond
 * repair here. */
void frames_read(const struct frames *f, frame_no first, u64 offset, void *out, u64 len)
{
	off_t at = (off_t)(first * FRAME_SIZE + offset);
	u8 *to = out;

	assert(first <= f->n && offset + len <= (f->n - first) * FRAME_SIZE);
	while (len) {
		ssize_t done = pread(f->fd, to, len, at);

		assert(done > 0 || (done < 0 && errno == EINTR));
		if (done <= 0)
			continue;
		to += done;
		at += done;
		len -= (u64)done;
	}
}

void frames_write(struct frames *f, frame_no first, u64 offset, const void *in, u64 len)
{
	off_t at = (off_t)(first * FRAME_SIZE + offset);
	const u8 *from = in;

	assert(first <= f->n && offset + len <= (f->n - first) * FRAME_SIZE);
	if (len)
		frames_mark(f, first + offset / FRAME_SIZE,
			    (offset % FRAME_SIZE + len + FRAME_SIZE - 1) / FRAME_SIZE);
	while (len) {
		ssize_t done = pwrite(f->fd, from, len, at);

		assert(done > 0 || (done < 0 && errno == EINTR));
		if (done <= 0)
			continue;
		from += done;
		at += done;
		len -= (u64)done;
	}
}

bool page_is_zero(const u8 *page)
{
	return !page[0] && !memcmp(page, page + 1, FRAME_SIZE - 1);
}

u8 *frames_map(const struct frames *f, frame_no first, u64 count)
{
	void *view;

	assert(first < f->n && count <= f->n - first);
	view = mmap(NULL, count * FRAME_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd,
		    (off_t)(first * FRAME_SIZE));
	return view == MAP_FAILED ? NULL : view;
}

void frames_unmap(u8 *view, u64 count)
{
	if (view)
		munmap(view, count * FRAME_SIZE);
}
