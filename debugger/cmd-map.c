/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-map.c - `vitrine map`: a guest's memory at one moment: whose, what is mapped, what the TLB holds.
 * Rule: a row of whats[] says everything about a word; help and refusals read it.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/look.h"
#include "debugger/output.h"
#include "debugger/session/page-map.h"
#include "debugger/status.h"

enum { WIDTH = 78, RANGES_MOST = 4000 };

static const struct option map_options[] = {
	{ "restore", "FILE", "a snapshot, in the place of IMAGE", take_text,
	  offsetof(struct look_args, restore) },
	{ "processor", "N", "whose tables: 0 (default), 1 ...", take_number,
	  offsetof(struct look_args, cpu) },
};
static const int nmap_options = ARRAY_LEN(map_options);

/* ---- pictures ---- */

static json_t *picture_json(struct session *s, enum map_space space)
{
	json_t *o, *count = json_object();
	struct buf cells = { 0 };
	struct err err = { 0 };
	struct page_map m;

	if (page_map_make(&m, s, space, 1024, &err))
		return count;
	for (u32 i = 0; i < m.n; i++)
		buf_printf(&cells, "%c", map_looks[m.cell[i]].mark);
	for (int i = 0; i < MAP_CELLS; i++)
		if (m.count[i])
			json_object_set_new(count, map_looks[i].name, json_integer((json_int_t)m.count[i]));
	o = json_pack("{s:s, s:I, s:I, s:s, s:o}", "space", map_space_name(space), "pages",
		      (json_int_t)m.pages, "group", (json_int_t)m.group, "cells",
		      buf_text(&cells) ? buf_text(&cells) : "", "count", count);
	buf_free(&cells);
	page_map_free(&m);
	return o;
}

static json_t *picture(struct session *s, enum map_space space, struct lines *l)
{
	describe_page_map(s, space, WIDTH, 0, l);
	return picture_json(s, space);
}

static json_t *machine(struct session *s, struct lines *l)
{
	return picture(s, MAP_MACHINE, l);
}
static json_t *guest(struct session *s, struct lines *l)
{
	return picture(s, MAP_GUEST, l);
}
static json_t *state(struct session *s, struct lines *l)
{
	return picture(s, MAP_STATE, l);
}

/* ---- tables ---- */

static json_t *ranges(struct session *s, enum stage_kind kind, struct lines *l)
{
	describe_mappings(s, kind, s->cpu, RANGES_MOST, l);
	return mappings_json(s, kind, s->cpu);
}

static json_t *tables(struct session *s, struct lines *l)
{
	return ranges(s, STAGE_GUEST, l);
}
static json_t *shadow(struct session *s, struct lines *l)
{
	return ranges(s, STAGE_SHADOW, l);
}
static json_t *ept(struct session *s, struct lines *l)
{
	return ranges(s, STAGE_EPT, l);
}

static json_t *difference(struct session *s, struct lines *l)
{
	describe_difference(s, s->cpu, RANGES_MOST, l);
	return difference_json(s, s->cpu);
}

static json_t *tlb(struct session *s, struct lines *l)
{
	describe_tlb(s, s->cpu, WIDTH, l);
	return tlb_json(s, s->cpu);
}

static const struct what {
	const char *name;
	json_t *(*show)(struct session *s, struct lines *l);
} whats[] = {
	{ "machine", machine }, { "guest", guest }, { "state", state },     { "tables", tables },
	{ "shadow", shadow },   { "ept", ept },     { "diff", difference }, { "tlb", tlb },
};

static const struct what *find(const char *word)
{
	struct nearest near;

	nearest_start(&near, word);
	for (size_t i = 0; i < ARRAY_LEN(whats); i++) {
		if (!strcmp(whats[i].name, word))
			return &whats[i];
		nearest_offer(&near, whats[i].name);
	}
	complain("map: '%.40s' is no map%s%s%s; expected machine, guest, state, tables, shadow, ept, diff or tlb",
		 word, near.best ? "; did you mean '" : "", near.best ? near.best : "",
		 near.best ? "'?" : "");
	return NULL;
}

static int exec_map(const struct command *cmd, int argc, char **argv)
{
	struct lines l = { 0 };
	json_t *records;
	struct look look;
	int status = look_open(&look, cmd, argc, argv);

	if (status)
		return status < 0 ? STATUS_OK : status;
	records = json_object();
	if (!look.rest.n)
		look.rest.item[look.rest.n++] = whats[0].name;
	for (int i = 0; i < look.rest.n && !status; i++) {
		const struct what *w = find(look.rest.item[i]);

		if (w)
			json_object_set_new(records, w->name, w->show(look.s, &l));
		else
			status = STATUS_USAGE;
	}
	if (status) {
		lines_free(&l);
		json_decref(records);
	} else {
		status = look_print(&look, &l, records);
	}
	look_close(&look);
	return status;
}

const struct command cmd_map = {
	.name = "map",
	.args = "[options] [IMAGE] [WHAT...]",
	.brief = "show a guest's memory: whose it is, what is mapped",
	.text = "Builds the machine as 'vitrine run' does, lets it execute --budget instructions (none, unless\n"
		"said), and shows WHAT of it: machine (the machine's frames by owner, a cell for each group of\n"
		"them; what is shown if nothing is said), guest (guest-physical pages by what the guest's own\n"
		"tables make of them), state (written, shared, swapped out), tables, shadow, ept (what those map, in\n"
		"ranges), diff (what the shadow allows and the guest does not, and the other way round), tlb. IMAGE\n"
		"may be a snapshot; with --restore, --kernel or --bios all words are WHAT. With --json FILE (- is\n"
		"standard output) the same as records.",
	.example = "vitrine map --budget 3000 boot.img machine guest\n"
		   "vitrine map --paging shadow --budget 3000 boot.img shadow diff\n"
		   "vitrine map --restore a.snap --json - tlb",
	.options = machine_option_table,
	.noptions = &machine_option_count,
	.more = map_options,
	.nmore = &nmap_options,
	.exec = exec_map,
};
