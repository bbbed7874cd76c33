/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-read.c - a snapshot without a machine: its sections, the fields of its lists, its pages.
 * Rule: a check here names the section and the byte or field; after snapshot_open the walks only read what was checked.
 */
#include "core/snapshot-read.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot-priv.h"

/* No machine has more frames: 52 bits of address (SDM 3A 4.1.4). */
#define FRAMES_MOST (1ull << 40)

struct opening {
	struct snapshot_file *f;
	const struct device_class *const *classes;
	int nclasses;
	u8 *raw;
	u64 next;           /* the lowest frame number that may come now */
	struct reader runs; /* of frames that exist: what is left of them behind `run` */
	struct snapshot_run run;
};

/* ---- state lists ---- */

static const struct field *known_field(const struct layout *l, const struct saved_field *saved)
{
	u32 index;
	const struct field *f = l && !strchr(saved->name, '[') ? field_find(l, saved->name, &index) : NULL;

	return f && f->width == saved->width && f->count == saved->count ? f : NULL;
}

/* Is every field of the section one of this list? */
static bool fields_are_of(const struct snapshot_part *p, const struct layout *l)
{
	struct reader in = p->section.payload;
	struct saved_field saved;
	u16 version;
	u32 left;

	if (saved_head_read(&in, "", &version, &left, NULL))
		return false;
	for (; left; left--)
		if (saved_field_read(&in, "", &saved, NULL) || !known_field(l, &saved))
			return false;
	return p->nfields != 0;
}

/* By its name; else, for a class of which there are several, by what it remembers. */
static const struct device_class *class_of(const struct opening *o, const struct snapshot_part *p)
{
	for (int i = 0; i < o->nclasses; i++)
		if (!strcmp(o->classes[i]->name, p->section.instance))
			return o->classes[i];
	for (int i = 0; i < o->nclasses; i++)
		if (fields_are_of(p, o->classes[i]->layout))
			return o->classes[i];
	return NULL;
}

/* Well formed, whatever list it is. */
static int check_list(struct snapshot_part *p, struct err *err)
{
	struct reader in = p->section.payload;
	struct saved_field saved;
	struct err why = { 0 };
	int rc = saved_head_read(&in, p->section.title, &p->version, &p->nfields, &why);

	for (u32 i = 0; i < p->nfields && !rc; i++)
		rc = saved_field_read(&in, p->section.title, &saved, &why);
	if (!rc && read_left(&in))
		rc = err_set(&why, EINVAL, "%s: %zu bytes too many", p->section.title, read_left(&in));
	return rc ? err_set(err, EINVAL, "snapshot: the section at byte %" PRIu64 ": %s", p->section.at, why.text) : 0;
}

/* As a machine of this program would load it. */
static int check_known(const struct snapshot_part *p, struct err *err)
{
	struct section again = p->section;
	void *scratch = malloc(p->layout->size);
	int rc = scratch ? section_state(&again, p->layout, scratch, err)
			 : err_set(err, ENOMEM, "snapshot: no memory to check section '%s'", p->section.title);

	free(scratch);
	return rc;
}

static int open_list(struct opening *o, struct snapshot_part *p, struct err *err)
{
	int rc = check_list(p, err);

	if (rc)
		return rc;
	if (!strcmp(p->section.name, "device")) {
		p->class = class_of(o, p);
		p->layout = p->class ? p->class->layout : NULL;
	}
	return p->layout ? check_known(p, err) : 0;
}

/* ---- memory ---- */

static int open_slots(struct opening *o, struct snapshot_part *p, struct err *err)
{
	struct reader in = p->section.payload;
	struct snapshot_slot slot;
	u64 n = read_uint(&in, 4);

	(void)o;
	for (u64 i = 0; i < n; i++)
		if (!snapshot_slot_next(&in, &slot))
			return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 ": slot %" PRIu64
				       " of %" PRIu64 " is cut off or has no name", p->section.title, p->section.at, i, n);
	if (in.bad || read_left(&in))
		return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 " is longer than its %" PRIu64
			       " slots", p->section.title, p->section.at, n);
	return 0;
}

/* Runs of frames, in their order. */
static int open_runs(struct opening *o, struct snapshot_part *p, struct err *err)
{
	struct reader in = p->section.payload;
	u64 n = read_uint(&in, 4), end = 0;
	struct snapshot_run run;

	(void)o;
	if (in.bad || read_left(&in) != n * 16)
		return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 " has not the length of its runs",
			       p->section.title, p->section.at);
	while (snapshot_run_next(&in, &run)) {
		if (run.first < end || run.first >= FRAMES_MOST || !run.count || run.count > FRAMES_MOST)
			return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 ": a run of %" PRIu64
				       " frames from %" PRIu64 " is out of order or too long", p->section.title,
				       p->section.at, run.count, run.first);
		end = run.first + run.count;
		p->frames += run.count;
	}
	return 0;
}

static int open_frames(struct opening *o, struct snapshot_part *p, struct err *err)
{
	int rc = open_runs(o, p, err);

	o->runs = snapshot_runs(p);
	o->f->frames = p->frames;
	return rc;
}

static int open_pages(struct opening *o, struct section *s, struct err *err)
{
	struct pages_batch b;
	size_t size = read_left(&s->payload);
	int rc = pages_batch_read(s, &b, &o->next, err);

	if (rc)
		return rc;
	for (u32 i = 0; i < b.n; i++) {
		u64 frame = pages_batch_frame(&b, i);

		while (frame >= o->run.first + o->run.count && snapshot_run_next(&o->runs, &o->run))
			;
		if (frame - o->run.first >= o->run.count)
			return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 ": machine frame %" PRIu64
				       " is not among those of section 'frames'", s->title, s->at, frame);
	}
	o->f->page_sections++;
	o->f->pages += b.n;
	o->f->packed += size;
	return pages_batch_unpack(s, &b, o->raw, err);
}

/* ---- all of it ---- */

static int open_writer(struct opening *o, struct snapshot_part *p, struct err *err)
{
	struct section again = p->section;

	return section_writer(&again, &o->f->writer, err);
}

static int open_about(struct opening *o, struct snapshot_part *p, struct err *err)
{
	struct section again = p->section;
	struct snapshot_head head = { .whole = true };
	int rc = open_list(o, p, err);

	if (!rc)
		rc = section_about(&again, &head, err);
	strcpy(o->f->name, head.name);
	return rc;
}

static int open_parent(struct opening *o, struct snapshot_part *p, struct err *err)
{
	struct section again = p->section;
	struct snapshot_head head = { .whole = true };
	int rc = open_list(o, p, err);

	if (!rc)
		rc = section_parent(&again, &head, err);
	strcpy(o->f->parent, head.parent);
	o->f->parent_id = head.parent_id;
	o->f->builds = head.parent[0] && !head.whole;
	return rc;
}

static int open_unknown(struct opening *o, struct snapshot_part *p, struct err *err)
{
	(void)o, (void)p, (void)err;
	return 0;
}

static const struct opener {
	const char *name;
	enum snapshot_kind kind;
	const struct layout *layout;
	int (*open)(struct opening *o, struct snapshot_part *p, struct err *err);
} openers[] = {
	{ "writer", SNAPSHOT_WRITER, NULL, open_writer },
	{ "about", SNAPSHOT_LIST, &about_state_layout, open_about },
	{ "parent", SNAPSHOT_LIST, &parent_state_layout, open_parent },
	{ "machine", SNAPSHOT_LIST, &machine_state_layout, open_list },
	{ "slots", SNAPSHOT_SLOTS, NULL, open_slots },
	{ "clock", SNAPSHOT_LIST, &clock_state_layout, open_list },
	{ "vm", SNAPSHOT_LIST, &vm_state_layout, open_list },
	{ "device", SNAPSHOT_LIST, NULL, open_list },
	{ "vcpu", SNAPSHOT_LIST, &x86_state_layout, open_list },
	{ "frames", SNAPSHOT_FRAMES, NULL, open_frames },
	{ "zeros", SNAPSHOT_FRAMES, NULL, open_runs },
};

static const struct opener *opener_of(const struct section *s)
{
	static const struct opener unknown = { "", SNAPSHOT_UNKNOWN, NULL, open_unknown };

	for (size_t i = 0; i < ARRAY_LEN(openers); i++)
		if (!strcmp(openers[i].name, s->name))
			return &openers[i];
	return &unknown;
}

const struct snapshot_part *snapshot_part_find(const struct snapshot_file *f, const char *name, const char *instance)
{
	for (u32 i = 0; i < f->nparts; i++)
		if (!strcmp(f->part[i].section.name, name) && !strcmp(f->part[i].section.instance, instance))
			return &f->part[i];
	return NULL;
}

static int open_part(struct opening *o, const struct section *s, struct err *err)
{
	const struct opener *opener = opener_of(s);
	struct snapshot_file *f = o->f;
	struct snapshot_part p = { .section = *s, .kind = opener->kind, .layout = opener->layout };
	int rc;

	if (snapshot_part_find(f, s->name, s->instance) || (!strcmp(s->name, "frames") && o->runs.at))
		return err_set(err, EINVAL, "snapshot: section '%s' comes twice, again at byte %" PRIu64, s->title, s->at);
	if (f->nparts == SNAPSHOT_PARTS)
		return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 " is one too many; expected at most %d",
			       s->title, s->at, SNAPSHOT_PARTS);
	rc = opener->open(o, &p, err);
	if (!rc)
		f->part[f->nparts++] = p;
	return rc;
}

static int open_sections(struct opening *o, struct reader *in, struct err *err)
{
	struct section s = { .name = "" };
	int rc = 0;

	o->f->id = STATE_HASH_SEED;
	while (!rc) {
		rc = section_read(in, o->f->data, &s, err);
		if (!rc && !strcmp(s.name, "end"))
			break;
		if (!rc)
			rc = strcmp(s.name, "pages") ? open_part(o, &s, err) : open_pages(o, &s, err);
		o->f->id = stream_id_add(o->f->id, s.crc);
	}
	if (!rc)
		rc = section_end(&s, o->f->id, err);
	if (!rc && read_left(in))
		rc = err_set(err, EINVAL, "snapshot: %zu bytes follow its end", read_left(in));
	return rc;
}

int snapshot_open(struct snapshot_file *f, const u8 *data, size_t len, const struct device_class *const *classes,
		  int nclasses, struct err *err)
{
	struct opening o = { .f = f, .classes = classes, .nclasses = nclasses };
	struct reader in;
	int rc;

	*f = (struct snapshot_file){ .data = data, .len = len };
	rc = snapshot_begin(&in, data, len, err);
	if (rc)
		return rc;
	f->format = data[SNAPSHOT_MAGIC_LEN - 1];
	o.raw = malloc((size_t)PAGES_CHUNK * PAGE_SIZE_4K);
	rc = o.raw ? open_sections(&o, &in, err) : err_set(err, ENOMEM, "snapshot: no memory to unpack pages");
	free(o.raw);
	f->whole = !rc;
	return rc;
}

/* ---- walks ---- */

void snapshot_fields_start(struct snapshot_fields *w, const struct snapshot_part *list)
{
	u16 version;
	int rc;

	*w = (struct snapshot_fields){ .in = list->section.payload, .layout = list->layout };
	rc = saved_head_read(&w->in, "", &version, &w->left, NULL);
	assert(!rc);
	(void)rc;
}

bool snapshot_fields_next(struct snapshot_fields *w, struct snapshot_field *f)
{
	struct saved_field saved;
	const struct field *known;

	if (!w->left || saved_field_read(&w->in, "", &saved, NULL))
		return false;
	w->left--;
	known = known_field(w->layout, &saved);
	memcpy(f->name, saved.name, sizeof(f->name));
	f->values = saved.values;
	f->field = known ? *known : (struct field){ .width = saved.width, .format = HEX, .count = saved.count };
	f->field.name = f->name;
	f->field.offset = 0;
	return true;
}

struct reader snapshot_slots(const struct snapshot_part *slots)
{
	struct reader in = slots->section.payload;

	read_uint(&in, 4);
	return in;
}

bool snapshot_slot_next(struct reader *in, struct snapshot_slot *slot)
{
	if (in->bad || !read_left(in))
		return false;
	read_name(in, slot->name, sizeof(slot->name));
	slot->gpa = read_uint(in, 8);
	slot->size = read_uint(in, 8);
	return !in->bad;
}

struct reader snapshot_runs(const struct snapshot_part *frames)
{
	struct reader in = frames->section.payload;

	read_uint(&in, 4);
	return in;
}

bool snapshot_run_next(struct reader *in, struct snapshot_run *run)
{
	if (read_left(in) < 16)
		return false;
	run->first = read_uint(in, 8);
	run->count = read_uint(in, 8);
	return true;
}

int snapshot_pages_start(struct snapshot_pages *w, const struct snapshot_file *f, struct err *err)
{
	*w = (struct snapshot_pages){ .begin = f->data, .raw = malloc((size_t)PAGES_CHUNK * PAGE_SIZE_4K) };
	if (!w->raw)
		return err_set(err, ENOMEM, "snapshot: no memory to unpack pages");
	return snapshot_begin(&w->in, f->data, f->len, err);
}

/* The next section of pages. */
static bool next_batch(struct snapshot_pages *w)
{
	struct section s;
	struct pages_batch b;
	u64 next = 0;

	do {
		if (section_read(&w->in, w->begin, &s, NULL) || !strcmp(s.name, "end"))
			return false;
	} while (strcmp(s.name, "pages"));
	if (pages_batch_read(&s, &b, &next, NULL) || pages_batch_unpack(&s, &b, w->raw, NULL))
		return false;
	w->numbers = (struct reader){ .at = b.numbers, .end = b.numbers + (size_t)b.n * 8 };
	w->at = 0;
	w->n = b.n;
	return true;
}

bool snapshot_pages_next(struct snapshot_pages *w)
{
	if (w->at == w->n && !next_batch(w))
		return false;
	w->frame = read_uint(&w->numbers, 8);
	w->page = w->raw + (size_t)w->at++ * PAGE_SIZE_4K;
	return true;
}

void snapshot_pages_end(struct snapshot_pages *w)
{
	free(w->raw);
	w->raw = NULL;
}
