/* SPDX-License-Identifier: GPL-3.0-or-later
 * look-json.c - walks, ranges, differences, the TLB and the entries that lead to a page, as JSON.
 * Rule: the same records as in the lines (session/stage.h), under the names that Trap has for them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "debugger/look.h"
#include "debugger/session/stage.h"

json_t *json_hex(u64 value)
{
	return json_sprintf("0x%llx", (unsigned long long)value);
}

static void put_hex(json_t *o, const char *name, u64 value)
{
	json_object_set_new(o, name, json_hex(value));
}

static json_t *row_json(const struct walk_row *row)
{
	char flags[8];
	json_t *o = json_pack("{s:s, s:i, s:i}", "table", row->name, "level", row->level, "index",
			      (int)row->index);

	describe_entry_flags(row, flags);
	if (!o)
		return NULL;
	if (row->gpa != UINT64_MAX)
		put_hex(o, "at", row->gpa);
	put_hex(o, "raw", row->value);
	json_object_set_new(o, "flags", json_string(flags));
	json_object_set_new(o, "p", json_boolean(row->present));
	if (row->reserved)
		json_object_set_new(o, "reserved", json_true());
	if (row->present)
		put_hex(o, "pa", row->frame);
	return o;
}

static void put_end(json_t *o, const struct stage_end *end)
{
	char rights[5];

	json_object_set_new(o, "found", json_boolean(end->found));
	if (!end->found) {
		json_object_set_new(o, "why", json_string(end->why));
		return;
	}
	stage_rights(end, rights);
	put_hex(o, "to", end->to);
	put_hex(o, "size", end->page_size);
	json_object_set_new(o, "rights", json_string(rights));
	json_object_set_new(o, "a", json_boolean(end->accessed));
	json_object_set_new(o, "d", json_boolean(end->dirty));
	json_object_set_new(o, "g", json_boolean(end->global));
}

static json_t *stage_json(struct session *s, enum stage_kind kind, u32 cpu, u64 address,
			  struct stage_end *end)
{
	struct walk_row row[WALK_ROWS];
	json_t *o, *rows = json_array();
	struct err err = { 0 };
	struct stage st;

	*end = (struct stage_end){ .why = err.text };
	o = json_pack("{s:s, s:o}", "stage", stage_name(kind), "entries", rows);
	if (stage_of(s, kind, cpu, &st, &err)) {
		json_object_set_new(o, "found", json_false());
		json_object_set_new(o, "why", json_string(err.text));
		return o;
	}
	int n = stage_walk(&st, address, row, end);
	for (int i = 0; i < n; i++)
		json_array_append_new(rows, row_json(&row[i]));
	put_hex(o, "from", address);
	put_end(o, end);
	return o;
}

static json_t *line_json(const struct tlb_line *t)
{
	static const char *const who[TLB_CLASSES] = {
		[TLB_SUPERVISOR] = "supervisor", [TLB_USER] = "user", [TLB_OPEN] = "open"
	};
	char rights[4];

	tlb_rights(t->rights, rights);
	json_t *o = json_pack("{s:i, s:i, s:s, s:s, s:b, s:b}", "vpid", t->vpid, "pcid", t->pcid, "rights",
			      rights, "who", t->who < TLB_CLASSES ? who[t->who] : "?", "g", t->global,
			      "current", t->current);
	put_hex(o, "gva", t->linear);
	put_hex(o, "gpa", t->gpa);
	put_hex(o, "size", t->size);
	return o;
}

json_t *tlb_json(struct session *s, u32 cpu)
{
	json_t *list = json_array();
	struct tlb_line *line;
	struct err err = { 0 };
	u32 n;

	if (tlb_lines(s, cpu, &line, &n, &err))
		return list;
	for (u32 i = 0; i < n; i++)
		json_array_append_new(list, line_json(&line[i]));
	free(line);
	return list;
}

static void note_mapper(void *arg, const struct mapper *m)
{
	static const char *const kinds[] = { [MAPPER_GUEST] = "guest",
					     [MAPPER_TABLE] = "table",
					     [MAPPER_SHADOW] = "shadow",
					     [MAPPER_EPT] = "ept",
					     [MAPPER_TLB] = "tlb" };
	json_t *o = m->kind == MAPPER_TLB ? line_json(&m->tlb) : row_json(&m->row);

	json_object_set_new(o, "kind", json_string(kinds[m->kind]));
	json_object_set_new(o, "cpu", json_integer(m->cpu));
	if (m->address != UINT64_MAX)
		put_hex(o, "from", m->address);
	json_array_append_new(arg, o);
}

json_t *gpa_json(struct session *s, u64 gpa)
{
	json_t *mappers = json_array(), *o = json_pack("{s:o}", "mapped_by", mappers);
	u64 machine;

	put_hex(o, "gpa", gpa);
	if (machine_address(s, gpa, &machine))
		put_hex(o, "machine", machine);
	mappers_each(s, gpa, note_mapper, mappers);
	return o;
}

json_t *walk_json(struct session *s, u32 cpu, u64 gva)
{
	json_t *stages = json_array(), *o = json_pack("{s:o}", "stages", stages);
	struct stage_end guest, end;
	struct tlb_line t;
	u64 gpa = gva, machine;
	struct paging p;
	bool paged = !paging_of(s, cpu, &p) && p.env.cr0 & CR0_PG;

	put_hex(o, "gva", gva);
	json_array_append_new(stages, stage_json(s, STAGE_GUEST, cpu, gva, &guest));
	if (s->vm->paging.mode == PAGING_SHADOW)
		json_array_append_new(stages, stage_json(s, STAGE_SHADOW, cpu, gva, &end));
	if (tlb_find(s, cpu, gva, &t))
		json_object_set_new(o, "tlb", line_json(&t));
	if (paged && !guest.found)
		return o;
	gpa = mem_gpa(&s->vm->mem, paged ? guest.to : (u32)gva);
	put_hex(o, "gpa", gpa);
	if (s->vm->paging.mode == PAGING_EPT)
		json_array_append_new(stages, stage_json(s, STAGE_EPT, cpu, gpa, &end));
	if (machine_address(s, gpa, &machine))
		put_hex(o, "machine", machine);
	return o;
}

static bool note_mapping(void *arg, const struct mapping *m)
{
	json_t *o = json_pack("{s:b, s:b, s:b}", "w", m->writable, "x", m->executable, "u", m->user);

	put_hex(o, "from", m->from);
	put_hex(o, "to", m->to);
	put_hex(o, "size", m->size);
	json_array_append_new(arg, o);
	return true;
}

json_t *mappings_json(struct session *s, enum stage_kind kind, u32 cpu)
{
	json_t *list = json_array();
	struct err err = { 0 };
	struct stage st;

	if (!stage_of(s, kind, cpu, &st, &err))
		stage_mappings(&st, note_mapping, list);
	return list;
}

static void note_difference(void *arg, const struct difference *d)
{
	json_t *o = json_pack("{s:b, s:s, s:s, s:s}", "excess", d->excess, "guest", d->guest, "shadow",
			      d->shadow, "what", d->what);

	put_hex(o, "gva", d->gva);
	put_hex(o, "size", d->size);
	json_array_append_new(arg, o);
}

json_t *difference_json(struct session *s, u32 cpu)
{
	json_t *list = json_array();
	struct err err = { 0 };
	bool whole;

	differences_each(s, cpu, note_difference, list, &whole, &err);
	return list;
}
