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

/* Who keeps a log of what is written: each clears its own. */
enum frame_log { LOG_PAST, LOG_SNAPSHOT, LOG_MIGRATION, LOG_PROBE, FRAME_LOGS };

struct frames {
	int fd;         /* the memfd */
	u64 n;          /* frames in it */
	u64 used;       /* frames with a reference */
	u64 cursor;     /* where the search for free frames starts */
	u32 *refs;
	u32 users;      /* of a machine made by frames_new: the VMs in it */
	frame_no zero;  /* the frame that stands for every page of zeros; FRAME_NONE until somebody asks for it */
	u8 *view;       /* frames_view, or NULL */
	/* NULL, or a bit per frame: it was written, or given back, since who asked for this log cleared it.  What a guest
	 * writes comes in with mem_gather only */
	u64 *written[FRAME_LOGS];
};

/* Reserve a machine of `bytes` (rounded up to a frame); host memory is only taken when touched. */
int frames_open(struct frames *f, u64 bytes, struct err *err);
void frames_close(struct frames *f);
/* A machine that several VMs may live in.  Who made it is its first user; the last one to leave closes it.  NULL: *err. */
struct frames *frames_new(u64 bytes, struct err *err);
void frames_join(struct frames *f);
void frames_leave(struct frames *f);
/* More free frames at its end, the first at a multiple of 2 MiB; between runs only.  -EBUSY while writes are logged. */
int frames_grow(struct frames *f, u64 bytes, struct err *err);
/* A view of all frames, those to come, too: frame n is at view + n * 4096 until the machine is closed.  NULL: the host has
 * not so many addresses. */
u8 *frames_view(struct frames *f);
/* The frame for pages of zeros, with one more reference for the caller: nobody may ever write to it.  FRAME_NONE: no room. */
frame_no frames_ref_zero(struct frames *f);
/* Bytes of the host's memory that the frames take now. */
u64 frames_host_bytes(const struct frames *f);
/* `count` contiguous zeroed frames with one reference each; FRAME_NONE if there are none. */
frame_no frames_alloc(struct frames *f, u64 count);
/* The same at the end of the machine, where they do not disturb how other memory is aligned. */
frame_no frames_alloc_last(struct frames *f, u64 count);
void frames_ref(struct frames *f, frame_no first, u64 count);
void frames_unref(struct frames *f, frame_no first, u64 count);
/* Their content becomes zeros and takes no host memory until it is written again; the references stay. */
void frames_discard(struct frames *f, frame_no first, u64 count);
/* Log writes in f->written[log], from no frame on. */
int frames_log(struct frames *f, enum frame_log log, bool on, struct err *err);
bool frames_logged(const struct frames *f); /* is any of the logs on? */
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
