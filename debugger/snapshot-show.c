/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-show.c - what is in a snapshot: as lines, and as JSON.
 * Rule: a field is shown as its list says; without a list, as hexadecimal numbers.
 */
#include <inttypes.h>
#include <string.h>

#include "debugger/snapshot-text.h"

enum { ELEMENTS_MOST = 4096, BYTES_FROM = 16 };

static bool wanted(const struct snapshot_part *p, const char *name, const char *instance)
{
	return (!name || !strcmp(name, p->section.name)) && (!instance || !strcmp(instance, p->section.instance));
}

/* ---- lines ---- */

static void show_list(const struct snapshot_part *p, struct buf *out)
{
	struct snapshot_fields walk;
	struct snapshot_field f;

	snapshot_fields_start(&walk, p);
	while (snapshot_fields_next(&walk, &f)) {
		buf_printf(out, "  ");
		field_print(&f.field, f.values, out);
	}
}

static void show_slots(const struct snapshot_part *p, struct buf *out)
{
	struct reader in = snapshot_slots(p);
	struct snapshot_slot slot;

	while (snapshot_slot_next(&in, &slot))
		buf_printf(out, "  %-16s = 0x%09" PRIx64 "   (%" PRIu64 " KiB)\n", slot.name, slot.gpa, slot.size >> 10);
}

static void show_runs(const struct snapshot_part *p, struct buf *out)
{
	struct reader in = snapshot_runs(p);
	struct snapshot_run run;

	while (snapshot_run_next(&in, &run))
		buf_printf(out, "  0x%09" PRIx64 "-0x%09" PRIx64 "   (%" PRIu64 " frames of 4 KiB)\n",
			   run.first * PAGE_SIZE_4K, (run.first + run.count) * PAGE_SIZE_4K - 1, run.count);
}

static void show_part(const struct snapshot_file *f, const struct snapshot_part *p, struct buf *out)
{
	const struct section *s = &p->section;

	buf_printf(out, "\n%s: byte %" PRIu64 ", %zu bytes, CRC %08x is right", s->title, s->at, read_left(&s->payload), s->crc);
	if (p->kind == SNAPSHOT_LIST)
		buf_printf(out, ", version %u", p->version);
	if (p->class)
		buf_printf(out, "; %s", p->class->brief);
	buf_printf(out, "%s\n", p->kind == SNAPSHOT_UNKNOWN ? "; this version does not know what it is" : "");
	switch (p->kind) {
	case SNAPSHOT_LIST:
		show_list(p, out);
		break;
	case SNAPSHOT_WRITER:
		buf_printf(out, "  program          = %s\n  cpu              = %s\n", f->writer.program, f->writer.cpu);
		break;
	case SNAPSHOT_SLOTS:
		show_slots(p, out);
		break;
	case SNAPSHOT_FRAMES:
		show_runs(p, out);
		break;
	case SNAPSHOT_UNKNOWN:
		break;
	}
}

int snapshot_show(const struct snapshot_file *f, const char *name, const char *instance, struct buf *out)
{
	int shown = 0;

	buf_printf(out, "written by %s, format %u, %zu bytes\n", f->writer.program[0] ? f->writer.program : "an early vitrine",
		   f->format, f->len);
	if (f->whole)
		buf_printf(out, "%s%scheck %016" PRIx64 "\n", f->name, *f->name ? ", " : "", f->id);
	if (*f->parent)
		buf_printf(out, "%s %s, whose check was %016" PRIx64 "\n", f->builds ? "holds the memory that has changed since" :
			   "holds all memory; the machine went on from", f->parent, f->parent_id);
	for (u32 i = 0; i < f->nparts; i++)
		if (wanted(&f->part[i], name, instance)) {
			show_part(f, &f->part[i], out);
			shown++;
		}
	if (!f->whole || (name && strcmp(name, "pages")))
		return shown;
	buf_printf(out, "\npages: %" PRIu64 " of %" PRIu64 " frames %s; %" PRIu64 " KiB in %" PRIu64
		   " bytes, %" PRIu64 " sections whose CRCs are right\n", f->pages, f->frames,
		   f->builds ? "have changed and are not zero" : "are not zero", f->pages * 4, f->packed, f->page_sections);
	return shown + 1;
}

/* ---- JSON ---- */

json_t *snapshot_value_json(const struct field *f, u64 value)
{
	struct buf text = { 0 };
	json_t *v;

	if (f->format == BOOL && value <= 1)
		return json_boolean(value);
	if (f->format == DEC && value <= INT64_MAX)
		return json_integer((json_int_t)value);
	field_put_value(f, value, &text);
	v = json_stringn((const char *)text.data, text.len);
	buf_free(&text);
	return v;
}

/* What is rather a memory than a list of numbers, as two hexadecimal digits a byte. */
static json_t *bytes_json(const u8 *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	struct buf text = { 0 };
	json_t *v;

	for (size_t i = 0; i < len; i++) {
		buf_put(&text, &digits[bytes[i] >> 4], 1);
		buf_put(&text, &digits[bytes[i] & 15], 1);
	}
	v = json_stringn((const char *)text.data, text.len);
	buf_free(&text);
	return v;
}

static json_t *field_json(const struct snapshot_field *f)
{
	json_t *o = json_pack("{s:s}", "name", f->name), *values;

	if (f->field.count > ELEMENTS_MOST || (f->field.width == 1 && f->field.count > BYTES_FROM)) {
		json_object_set_new(o, "bytes", bytes_json(f->values, (size_t)f->field.width * f->field.count));
	} else {
		json_object_set_new(o, "values", values = json_array());
		for (u32 i = 0; i < f->field.count; i++)
			json_array_append_new(values, snapshot_value_json(&f->field, field_get(&f->field, f->values, i)));
	}
	if (f->field.help)
		json_object_set_new(o, "help", json_string(f->field.help));
	return o;
}

static json_t *list_json(const struct snapshot_part *p)
{
	json_t *fields = json_array();
	struct snapshot_fields walk;
	struct snapshot_field f;

	snapshot_fields_start(&walk, p);
	while (snapshot_fields_next(&walk, &f))
		json_array_append_new(fields, field_json(&f));
	return fields;
}

static json_t *slots_json(const struct snapshot_part *p)
{
	struct reader in = snapshot_slots(p);
	struct snapshot_slot slot;
	json_t *slots = json_array();

	while (snapshot_slot_next(&in, &slot))
		json_array_append_new(slots, json_pack("{s:s, s:I, s:I}", "name", slot.name, "address", (json_int_t)slot.gpa,
						       "size", (json_int_t)slot.size));
	return slots;
}

static json_t *runs_json(const struct snapshot_part *p)
{
	struct reader in = snapshot_runs(p);
	struct snapshot_run run;
	json_t *runs = json_array();

	while (snapshot_run_next(&in, &run))
		json_array_append_new(runs, json_pack("{s:I, s:I}", "first", (json_int_t)run.first, "count", (json_int_t)run.count));
	return runs;
}

static json_t *part_json(const struct snapshot_part *p)
{
	const struct section *s = &p->section;
	json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:I}", "section", s->name, "instance", s->instance, "at", (json_int_t)s->at,
			      "length", (json_int_t)read_left(&s->payload), "crc", (json_int_t)s->crc);

	if (p->kind == SNAPSHOT_LIST) {
		json_object_set_new(o, "version", json_integer(p->version));
		json_object_set_new(o, "fields", list_json(p));
	}
	if (p->class)
		json_object_set_new(o, "class", json_string(p->class->name));
	if (p->kind == SNAPSHOT_SLOTS)
		json_object_set_new(o, "slots", slots_json(p));
	if (p->kind == SNAPSHOT_FRAMES)
		json_object_set_new(o, "runs", runs_json(p));
	return o;
}

json_t *snapshot_show_json(const struct snapshot_file *f, const char *name, const char *instance)
{
	json_t *sections = json_array();

	for (u32 i = 0; i < f->nparts; i++)
		if (wanted(&f->part[i], name, instance))
			json_array_append_new(sections, part_json(&f->part[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:i, s:I, s:o, s:{s:I, s:I, s:I, s:I}}", "program", f->writer.program, "cpu",
			 f->writer.cpu, "name", f->name, "parent", f->parent, "builds", f->builds,
			 "format", f->format, "length", (json_int_t)f->len, "sections", sections, "pages",
			 "frames", (json_int_t)f->frames, "pages", (json_int_t)f->pages, "sections", (json_int_t)f->page_sections,
			 "packed", (json_int_t)f->packed);
}
