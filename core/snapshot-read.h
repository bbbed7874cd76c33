/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-read.h - what is in a snapshot, for who has no machine that it would fit.
 * Rule: snapshot_open checks everything; after it nothing in the file can be wrong, and the walks below cannot fail.
 *
 * The stream must stay in memory, unchanged, as long as the reader is used.
 */
#ifndef VITRINE_CORE_SNAPSHOT_READ_H
#define VITRINE_CORE_SNAPSHOT_READ_H

#include "core/device.h"
#include "core/frame.h"
#include "core/vm.h"

enum { SECTION_NAME = 64 };

struct section {
	char name[SECTION_NAME], instance[SECTION_NAME];
	char title[2 * SECTION_NAME]; /* both: "device pit", "clock" */
	u64 at;                       /* byte of the stream where it begins */
	u32 crc;                      /* which agrees with the rest */
	struct reader payload;
};

enum snapshot_kind {
	SNAPSHOT_LIST,    /* a state list: snapshot_fields */
	SNAPSHOT_WRITER,  /* who wrote it: snapshot_file.writer */
	SNAPSHOT_SLOTS,   /* snapshot_slots */
	SNAPSHOT_FRAMES,  /* frames of machine memory: those that exist, or that have become zero: snapshot_runs */
	SNAPSHOT_UNKNOWN, /* a newer program's */
};

struct snapshot_part {
	struct section section;
	enum snapshot_kind kind;
	const struct layout *layout;      /* of a list: what its fields mean; NULL = nobody here knows */
	const struct device_class *class; /* of a device that is known here; else NULL */
	u16 version;                      /* of a list, and how many fields it has */
	u32 nfields;
	u64 frames;                       /* of a list of runs: how many they are together */
};

struct snapshot_writer {
	char program[SECTION_NAME]; /* "vitrine 0.1"; "" = an early one, which did not say */
	char cpu[SECTION_NAME];     /* the processor model, as for --cpu; "" = not said */
};

enum { SNAPSHOT_PARTS = VM_DEVICES + VM_VCPUS + 16 };
struct snapshot_file {
	const u8 *data;
	size_t len;
	u8 format;
	bool whole;                                /* up to its end: there is no damage */
	struct snapshot_part part[SNAPSHOT_PARTS]; /* in their order; without "pages" and "end" */
	u32 nparts;
	struct snapshot_writer writer;
	char name[SECTION_NAME], parent[SECTION_NAME]; /* in its tree; "" = none */
	u64 id, parent_id;                         /* checks of the whole files */
	bool builds;                               /* of memory it holds only what has changed since the parent */
	u64 frames;                /* of machine memory that exist */
	u64 page_sections, pages;  /* pages of 4 KiB that are in the file; all others are zero */
	u64 packed;                /* bytes that those take in the file */
};

/* Classes tell what the fields of devices mean.  On failure (-EINVAL, -ENOMEM) f->part holds what was good before the
 * damage; *err says in which section it is, and at which byte or field. */
int snapshot_open(struct snapshot_file *f, const u8 *data, size_t len, const struct device_class *const *classes,
		  int nclasses, struct err *err);
const struct snapshot_part *snapshot_part_find(const struct snapshot_file *f, const char *name, const char *instance);

/* Walks: each returns false at the end. */

struct snapshot_fields {
	struct reader in;
	u32 left;
	const struct layout *layout;
};
struct snapshot_field {
	char name[FIELD_NAME];
	struct field field; /* offset 0: field_get(&f.field, f.values, i); help NULL when it is not known */
	const u8 *values;
};
void snapshot_fields_start(struct snapshot_fields *w, const struct snapshot_part *list);
bool snapshot_fields_next(struct snapshot_fields *w, struct snapshot_field *f);

struct snapshot_slot {
	char name[SECTION_NAME];
	u64 gpa, size; /* gpa 0: a device says where it is */
};
struct reader snapshot_slots(const struct snapshot_part *slots);
bool snapshot_slot_next(struct reader *in, struct snapshot_slot *slot);

struct snapshot_run { /* of machine frames that exist */
	frame_no first;
	u64 count;
};
struct reader snapshot_runs(const struct snapshot_part *frames);
bool snapshot_run_next(struct reader *in, struct snapshot_run *run);

/* Pages by ascending machine frame. */
struct snapshot_pages {
	const u8 *begin;
	struct reader in, numbers;
	u8 *raw; /* what the present section unpacks to */
	u32 at, n;
	frame_no frame;
	const u8 *page; /* 4 KiB */
};
int snapshot_pages_start(struct snapshot_pages *w, const struct snapshot_file *f, struct err *err);
bool snapshot_pages_next(struct snapshot_pages *w);
void snapshot_pages_end(struct snapshot_pages *w);

/* The same of a file and of those that it builds upon, own file first, as one memory: pages that are not zero. */
struct snapshot_memory {
	struct snapshot_layer *layer;
	u32 n;
	bool begun;
	frame_no frame;
	const u8 *page; /* 4 KiB */
};
int snapshot_memory_start(struct snapshot_memory *m, const struct snapshot_file *const *files, u32 n, struct err *err);
bool snapshot_memory_next(struct snapshot_memory *m);
void snapshot_memory_end(struct snapshot_memory *m);

#endif
