/* SPDX-License-Identifier: GPL-3.0-or-later
 * frame.h - the machine's ("host-physical") memory: one memfd, in frames of 4 KiB, reference-counted.
 * Rule: a machine frame number is an offset in the memfd divided by 4096; a frame is free when nobody refers to it.
 */
#ifndef VITRINE_CORE_FRAME_H
#define VITRINE_CORE_FRAME_H

#include "core/base/err.h"
#include "core/base/types.h"

typedef u64 frame_no;
#define FRAME_NONE UINT64_MAX

struct frames {
	int fd;         /* the memfd */
	u64 n;          /* frames in it */
	u64 used;       /* frames with a reference */
	u64 cursor;     /* where the search for free frames starts */
	u32 *refs;
	u64 *written;   /* NULL, or a bit per frame: it was written, or given back, since who asked for the log cleared it.
			 * What a guest writes comes in with mem_gather only */
};

/* Reserve a machine of `bytes` (rounded up to a frame); host memory is only taken when touched. */
int frames_open(struct frames *f, u64 bytes, struct err *err);
void frames_close(struct frames *f);
/* `count` contiguous zeroed frames with one reference each; FRAME_NONE if there are none. */
frame_no frames_alloc(struct frames *f, u64 count);
/* The same at the end of the machine, where they do not disturb how other memory is aligned. */
frame_no frames_alloc_last(struct frames *f, u64 count);
void frames_ref(struct frames *f, frame_no first, u64 count);
void frames_unref(struct frames *f, frame_no first, u64 count);
/* Their content becomes zeros and takes no host memory until it is written again; the references stay. */
void frames_discard(struct frames *f, frame_no first, u64 count);
/* Log writes in f->written, from no frame on.  One user at a time. */
int frames_log(struct frames *f, bool on, struct err *err);
void frames_mark(const struct frames *f, frame_no first, u64 count);
/* Copy from or to frames that no slot maps (shadowed RAM, a disk's written sectors); `offset` in bytes from `first`. */
void frames_read(const struct frames *f, frame_no first, u64 offset, void *out, u64 len);
void frames_write(struct frames *f, frame_no first, u64 offset, const void *in, u64 len);
/* Are all 4096 bytes zero?  Nearly always the first few decide. */
bool page_is_zero(const u8 *page);
/* A lasting view of frames for the device whose memory they are; NULL if the host has no room. */
u8 *frames_map(const struct frames *f, frame_no first, u64 count);
void frames_unmap(u8 *view, u64 count);

#endif
