/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-diff.c - where two snapshots differ: fields of the machine's lists by name, pages of its memory by address.
 * Rule: what both have is compared by value, never by its place in the file; who wrote them makes no difference.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "debugger/snapshot-text.h"

enum { ELEMENTS = 16 }; /* of one field: more are only counted */

/* ---- fields ---- */

static void change(json_t *changes, const struct snapshot_part *p, const char *field, json_t *old, json_t *new)
{
	json_array_append_new(changes, json_pack("{s:s, s:s*, s:o, s:o}", "section", p->section.title, "field", field, "old", old,
						 "new", new));
}

static json_t *last(const json_t *changes)
{
	return json_array_get(changes, json_array_size(changes) - 1);
}

static bool same_shape(const struct field *a, const struct field *b)
{
	return a->width == b->width && a->count == b->count;
}

static void diff_values(json_t *changes, const struct snapshot_part *p, const struct snapshot_field *a,
			const struct snapshot_field *b)
{
	const struct field *f = a->field.help ? &a->field : &b->field;
	u32 n = 0;

	for (u32 i = 0; i < f->count; i++) {
		u64 old = field_get(&a->field, a->values, i), new = field_get(&b->field, b->values, i);

		if (old == new || ++n > ELEMENTS)
			continue;
		change(changes, p, a->name, snapshot_value_json(f, old), snapshot_value_json(f, new));
		if (f->count > 1)
			json_object_set_new(last(changes), "index", json_integer(i));
		if (f->help)
			json_object_set_new(last(changes), "help", json_string(f->help));
	}
	if (n > ELEMENTS)
		json_object_set_new(last(changes), "more", json_integer(n - ELEMENTS));
}

static bool field_of(const struct snapshot_part *p, const char *name, struct snapshot_field *f)
{
	struct snapshot_fields walk;

	snapshot_fields_start(&walk, p);
	while (snapshot_fields_next(&walk, f))
		if (!strcmp(f->name, name))
			return true;
	return false;
}

static json_t *shape_json(const struct field *f)
{
	return json_sprintf("%u values of %u bytes", (unsigned)f->count, (unsigned)f->width);
}

static void diff_lists(json_t *changes, const struct snapshot_part *a, const struct snapshot_part *b)
{
	struct snapshot_fields walk;
	struct snapshot_field x, y;

	snapshot_fields_start(&walk, a);
	while (snapshot_fields_next(&walk, &x))
		if (!field_of(b, x.name, &y))
			change(changes, a, x.name, shape_json(&x.field), json_null());
		else if (!same_shape(&x.field, &y.field))
			change(changes, a, x.name, shape_json(&x.field), shape_json(&y.field));
		else
			diff_values(changes, a, &x, &y);
	snapshot_fields_start(&walk, b);
	while (snapshot_fields_next(&walk, &y))
		if (!field_of(a, y.name, &x))
			change(changes, b, y.name, json_null(), shape_json(&y.field));
}

/* ---- sections ---- */

static json_t *size_json(const struct snapshot_part *p)
{
	return json_sprintf("%zu bytes", read_left(&p->section.payload));
}

/* Who wrote it, when, upon which other, and what of memory is in it: not what the machine is. */
static bool is_about_the_file(const struct snapshot_part *p)
{
	return p->kind == SNAPSHOT_WRITER || !strcmp(p->section.name, "about") || !strcmp(p->section.name, "parent") ||
	       !strcmp(p->section.name, "zeros");
}

static void diff_parts(json_t *changes, const struct snapshot_part *a, const struct snapshot_part *b)
{
	const struct reader *x = &a->section.payload, *y = &b->section.payload;

	if (is_about_the_file(a))
		return;
	if (read_left(x) == read_left(y) && !memcmp(x->at, y->at, read_left(x)))
		return;
	if (a->kind == SNAPSHOT_LIST)
		diff_lists(changes, a, b);
	else
		change(changes, a, NULL, size_json(a), size_json(b));
}

static json_t *diff_sections(const struct snapshot_file *a, const struct snapshot_file *b)
{
	json_t *changes = json_array();

	for (u32 i = 0; i < a->nparts; i++) {
		const struct snapshot_part *p = &a->part[i];
		const struct snapshot_part *q = snapshot_part_find(b, p->section.name, p->section.instance);

		if (q)
			diff_parts(changes, p, q);
		else if (!is_about_the_file(p))
			change(changes, p, NULL, size_json(p), json_null());
	}
	for (u32 i = 0; i < b->nparts; i++) {
		const struct snapshot_part *q = &b->part[i];

		if (!is_about_the_file(q) && !snapshot_part_find(a, q->section.name, q->section.instance))
			change(changes, q, NULL, json_null(), size_json(q));
	}
	return changes;
}

/* ---- pages ---- */

struct ranges {
	json_t *rows;
	frame_no first;
	u64 count, pages;
};

static void range_put(struct ranges *r)
{
	if (r->count)
		json_array_append_new(r->rows, json_pack("{s:I, s:I, s:I}", "first", (json_int_t)(r->first * PAGE_SIZE_4K), "last",
							 (json_int_t)((r->first + r->count) * PAGE_SIZE_4K - 1), "pages",
							 (json_int_t)r->count));
	r->count = 0;
}

static void range_add(struct ranges *r, frame_no frame)
{
	if (r->count && frame != r->first + r->count)
		range_put(r);
	if (!r->count++)
		r->first = frame;
	r->pages++;
}

/* What is in one file only is zero in the other. */
static void diff_pages(struct snapshot_memory *a, struct snapshot_memory *b, struct ranges *r)
{
	static const u8 zeros[PAGE_SIZE_4K];
	bool more_a = snapshot_memory_next(a), more_b = snapshot_memory_next(b);

	while (more_a || more_b) {
		frame_no frame = !more_b || (more_a && a->frame < b->frame) ? a->frame : b->frame;
		bool in_a = more_a && a->frame == frame, in_b = more_b && b->frame == frame;

		if (memcmp(in_a ? a->page : zeros, in_b ? b->page : zeros, PAGE_SIZE_4K))
			range_add(r, frame);
		more_a = in_a ? snapshot_memory_next(a) : more_a;
		more_b = in_b ? snapshot_memory_next(b) : more_b;
	}
	range_put(r);
}

json_t *snapshot_diff(const struct snapshot_file *const *a, u32 na, const struct snapshot_file *const *b, u32 nb, struct err *err)
{
	struct snapshot_memory x = { 0 }, y = { 0 };
	struct ranges r = { .rows = json_array() };
	int rc = snapshot_memory_start(&x, a, na, err);

	if (!rc)
		rc = snapshot_memory_start(&y, b, nb, err);
	if (!rc)
		diff_pages(&x, &y, &r);
	snapshot_memory_end(&x);
	snapshot_memory_end(&y);
	if (rc) {
		json_decref(r.rows);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:I}", "changes", diff_sections(a[0], b[0]), "memory", r.rows, "pages", (json_int_t)r.pages);
}

/* ---- lines ---- */

static void put_value(const json_t *value, struct buf *out)
{
	if (json_is_integer(value))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		buf_printf(out, "%s", json_is_true(value) ? "yes" : "no");
	else
		buf_printf(out, "%s", json_is_string(value) ? json_string_value(value) : "none");
}

static void put_change(const json_t *o, struct buf *out)
{
	const json_t *field = json_object_get(o, "field"), *index = json_object_get(o, "index");
	const json_t *help = json_object_get(o, "help"), *more = json_object_get(o, "more");

	buf_printf(out, "%s", json_string_value(json_object_get(o, "section")));
	if (field)
		buf_printf(out, " %s", json_string_value(field));
	if (index)
		buf_printf(out, "[%" JSON_INTEGER_FORMAT "]", json_integer_value(index));
	buf_printf(out, ": ");
	put_value(json_object_get(o, "old"), out);
	buf_printf(out, " -> ");
	put_value(json_object_get(o, "new"), out);
	if (help)
		buf_printf(out, "   (%s)", json_string_value(help));
	buf_printf(out, "\n");
	if (more)
		buf_printf(out, "  and %" JSON_INTEGER_FORMAT " more of its elements\n", json_integer_value(more));
}

void snapshot_diff_text(const json_t *diff, struct buf *out)
{
	json_int_t pages = json_integer_value(json_object_get(diff, "pages"));
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(diff, "changes"), i, row)
		put_change(row, out);
	if (pages)
		buf_printf(out, "machine memory: %" JSON_INTEGER_FORMAT " %s\n", pages, pages == 1 ? "page differs" : "pages differ");
	json_array_foreach(json_object_get(diff, "memory"), i, row)
		buf_printf(out, "  0x%09llx-0x%09llx   (%lld)\n",
			   (unsigned long long)json_integer_value(json_object_get(row, "first")),
			   (unsigned long long)json_integer_value(json_object_get(row, "last")),
			   (long long)json_integer_value(json_object_get(row, "pages")));
}
