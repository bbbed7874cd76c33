/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline-priv.h - what the parts of the time line share; only core/timeline*.c includes it, and core/clone.c for images.
 * Rule: points lie in the order of icount, no two at the same one; a page's content at a point is its latest version at
 * or before it, and zeros if there is none.
 */
#ifndef VITRINE_CORE_TIMELINE_PRIV_H
#define VITRINE_CORE_TIMELINE_PRIV_H

#include "core/run-priv.h"
#include "core/snapshot-priv.h"
#include "core/tape.h"
#include "core/timeline.h"

/* ---- all of a machine but its memory (timeline-image.c) ---- */

struct image {
	u64 icount, time, openings, next_poll, rest_until, exits, inputs;
	struct tape_place tape;
	u32 attention, windows; /* a bit per vCPU */
	bool open;              /* somebody was outside */
	struct clock_state clock;
	struct vm_state vm;
	size_t size;            /* bytes of all this */
	struct x86_state vcpu[VM_VCPUS];
	u8 devices[];           /* their states, one after the other */
};

/* NULL if there is no memory, or a vCPU cannot be read. */
struct image *image_take(struct vm *vm, struct err *err);
/* Two halves: devices may move memory about, which comes between. */
void image_put_devices(struct vm *vm, const struct image *i);
int image_put_processors(struct vm *vm, const struct image *i, struct err *err);

/* ---- memory (timeline-pages.c) ---- */

/* Content of a page that is not all zeros; shared by all that have it. */
struct page {
	u32 refs;
	u32 size; /* PAGE_SIZE_4K, or less: zstd */
	u8 data[];
};

struct version {
	struct version *older, *newer; /* of the same frame */
	struct version *next;          /* of the same point */
	struct point *at;
	u64 frame;
	struct page *page;             /* NULL = zeros */
};

struct point {
	struct point *older, *newer;
	struct image *image;
	struct version *pages;         /* that differ from the point before */
	bool hard;                     /* the machine was changed by hand: running on from the point before does not lead here */
	bool packed;                   /* its pages have been compressed, as far as that helps */
};

struct pages {
	struct vm *vm;
	u8 *view;                      /* of all machine memory */
	struct version **newest;       /* per frame */
	u64 bytes;                     /* that versions and pages take */
	u64 looked;                    /* pages that the latest point had to look at */
	struct ZSTD_CCtx_s *packer;
	u8 *scratch;
};

struct kept_page { u64 frame; struct page *page; };

int pages_open(struct pages *p, struct vm *vm, struct err *err);
void pages_close(struct pages *p);
/* Memory as it is now belongs to this point, which is in the list already: note what differs from the point before.
 * `all`: everything that is not zero.  -ENOMEM: nothing is lost, the point has too little and must go. */
int pages_take(struct pages *p, struct point *at, bool all);
/* The same for memory that is a kept one, and a point that is the only one. */
int pages_take_kept(struct pages *p, struct point *at, const struct kept_page *kept, u64 n);
/* Memory becomes that of *to; so far it was that of *from, but for what the log says. */
void pages_put(struct pages *p, const struct point *from, const struct point *to);
/* The point goes: what it knows is the next one's, or nobody's. */
void pages_merge(struct pages *p, struct point *gone);
void pages_forget(struct pages *p, struct point *gone);
/* Compress what is not yet; true if there was something. */
bool pages_pack(struct pages *p, struct point *at);

/* All pages of memory now that are not zero, in the order of frames; memory is *base's but for the log.  NULL: no memory. */
struct kept_page *pages_keep(struct pages *p, const struct point *base, u64 *n);
void pages_drop(struct pages *p, struct kept_page *kept, u64 n);
/* Memory, which is that of *from but for what the log says, becomes the kept one; what has changed is in the log. */
void pages_put_kept(struct pages *p, const struct point *from, const struct kept_page *kept, u64 n);

/* ---- the line (timeline.c) ---- */

struct checkpoint {
	struct checkpoint *next;
	struct image *image;
	struct kept_page *pages;
	u64 n;
	bool on_line; /* it lies in what can be run through now */
};

struct timeline {
	struct vm *vm;
	struct tape tape;
	struct pages pages;
	struct point *first, *newest;
	struct point *base;       /* memory is this point's, but for what the log says; icount is not below its */
	u64 last;                 /* the latest icount */
	u64 limit, bytes;         /* of memory that all may take; that images take */
	u64 gap;                  /* instructions from one point to the next */
	struct checkpoint *kept;
	/* While nobody is told: who else would be. */
	struct event_stream told;
	bool asked;               /* the machine was asked to stop while it was elsewhere */
	const struct timeline_search *alone; /* who alone is asked, or NULL */
	void (*put_byte)(void *arg, const char *channel, u8 byte);
};

static inline u64 point_icount(const struct point *p) { return p->image->icount; }
/* The latest point at or before icount; there is one. */
struct point *point_before(const struct timeline *t, u64 icount);
/* A point here and now (or the one that is here, taken once more).  -ENOMEM: there is none then. */
int point_make(struct timeline *t, bool hard, struct err *err);
/* The only point: the machine as it is now, with memory as it was kept. */
int point_make_first(struct timeline *t, const struct checkpoint *c, struct err *err);
/* All points after icount go, or (UINT64_MAX) none is left. */
void points_cut(struct timeline *t, u64 icount);
void points_forget(struct timeline *t);
/* The machine becomes that of the point. */
int point_restore(struct timeline *t, struct point *p, struct err *err);
/* Within the memory that there is: compress, thin out. */
void points_shrink(struct timeline *t);

/* Run until icount is `end` (UINT64_MAX: for ever) or something stops the machine, over what was done by hand; points are
 * made on the way. */
enum stop_why timeline_advance(struct timeline *t, u64 end, struct err *err);

#endif
