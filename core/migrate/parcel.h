/* SPDX-License-Identifier: GPL-3.0-or-later
 * parcel.h - pages of the machine's memory in a PAGES message, each in the form that makes it small.
 * Rule: the receiver ends with exactly the bytes that the sender read, whichever form was chosen; a page that is not the
 * machine's is refused.
 *
 *	u16 pages, then for each: u64 machine frame, u8 form, and
 *	FORM_ZERO nothing; FORM_RAW 4096 bytes; FORM_PACKED u16 length and a zstd frame; FORM_DELTA u16 length and a delta (delta.h)
 *	to what was sent of this page last.
 */
#ifndef VITRINE_CORE_MIGRATE_PARCEL_H
#define VITRINE_CORE_MIGRATE_PARCEL_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/frame.h"

enum page_form { FORM_ZERO, FORM_RAW, FORM_PACKED, FORM_DELTA, PAGE_FORMS };
const char *page_form_name(enum page_form form);
enum { PARCEL_PAGES = 64 };

/* How pages are to be sent. */
struct packer {
	bool pack;            /* with zstd */
	u64 cache_pages;      /* 0: no deltas */
	u64 *cached;          /* page number + 1 by place, 0 = none */
	u8 *cache;
	void *zstd;
	u64 sent[PAGE_FORMS]; /* pages in each form, and their bytes */
	u64 bytes[PAGE_FORMS];
	u64 cache_hits, cache_misses;
};
int packer_open(struct packer *p, bool pack, u64 cache_bytes, struct err *err);
void packer_close(struct packer *p);
/* The other side has lost what it had: no deltas to what was sent before. */
void packer_forget(struct packer *p);
void packer_put(struct packer *p, struct buf *payload, u64 frame, const u8 *page);

/* Where they go. `have`: a bit per frame, set when it has come; `arrived` is told of each. */
struct unpacker {
	struct frames *frames;
	u8 *view;             /* of all frames */
	u64 *have;
	u64 pages;
	void (*arrived)(void *arg, u64 frame); /* may be NULL */
	void *arg;
};
int unpacker_open(struct unpacker *u, struct frames *frames, struct err *err);
void unpacker_close(struct unpacker *u);
/* All of a PAGES message's payload. -EINVAL: *err says which page, and how. */
int unpacker_take(struct unpacker *u, struct reader *payload, struct err *err);

#endif
