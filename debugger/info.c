/* SPDX-License-Identifier: GPL-3.0-or-later
 * info.c - one small function per topic, each a loop over a table.
 * Rule: nothing is listed here by hand.
 */
#include "debugger/info.h"

#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "core/event.h"
#include "core/exit.h"
#include "core/state.h"
#include "core/x86/cpuid.h"
#include "cpu-interp/isa/isa.h"
#include "debugger/engines.h"
#include "debugger/options.h"
#include "debugger/status.h"
#include "devices/pc.h"

/* ---- exits ---- */

static json_t *exits(const char *word)
{
	const struct engine_row *row = word ? engine_find(word) : NULL;
	json_t *rows;

	if (word && !row)
		return NULL;
	rows = json_array();
	for (int i = 0; i < EXIT_COUNT; i++) {
		const char *unseen = row && row->engine->unseen ? row->engine->unseen[i] : NULL;
		json_t *o;

		if (!exit_title((u16)i))
			continue;
		o = json_pack("{s:i, s:s}", "number", i, "name", exit_name((u16)i));
		if (row)
			json_object_set_new(o, row->name, json_string(unseen ? unseen : "as described"));
		json_object_set_new(o, "title", json_string(exit_title((u16)i)));
		json_object_set_new(o, "cause", json_string(exit_cause((u16)i)));
		json_array_append_new(rows, o);
	}
	return rows;
}

/* ---- instructions ---- */

static json_t *insn_row(const struct isa_row *row)
{
	struct buf b = { 0 };

	isa_row_text(row, &b);
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "encoding", buf_text(&b) ? buf_text(&b) : "", "mnemonic",
			      row->mnemonic, "since", cpu_feature_name(row->feature), "brief", row->brief);
	buf_free(&b);
	return o;
}

/* The word is a mnemonic, or else part of one or of a description. */
static bool insn_matches(const struct isa_row *row, const char *word, bool exact)
{
	if (exact)
		return !strcasecmp(row->mnemonic, word);
	return strcasestr(row->mnemonic, word) || strcasestr(row->brief, word);
}

static json_t *insns(const char *word)
{
	json_t *rows = json_array();

	for (int exact = 1; exact >= 0 && !json_array_size(rows); exact--)
		for (int i = 0; i < isa_count; i++)
			if (!word || insn_matches(&isa_rows[i], word, exact))
				json_array_append_new(rows, insn_row(&isa_rows[i]));
	if (json_array_size(rows))
		return rows;
	json_decref(rows);
	return NULL;
}

/* ---- events ---- */

static json_t *events(const char *word)
{
	json_t *rows = json_array();

	for (int i = 0; i < EV_COUNT; i++) {
		const struct event_info *e = &event_infos[i];
		json_t *fields = json_array();
		for (int j = 0; j < e->nfields; j++)
			json_array_append_new(fields, json_string(e->fields[j].name));
		json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "event", e->name, "brief", e->brief, "fields",
						      fields));
	}
	return rows;
}

/* ---- devices ---- */

static json_t *claim_json(const struct claim *c)
{
	return json_sprintf(c->size > 1 ? "%s %llxh-%llxh" : "%s %llxh", c->space == SPACE_PORT ? "port" : "memory",
			    (unsigned long long)c->base, (unsigned long long)(c->base + c->size - 1));
}

static json_t *device_list(void)
{
	json_t *rows = json_array();

	for (int i = 0; i < pc_class_count; i++) {
		const struct device_class *class = pc_classes[i];
		json_t *claims = json_array();
		for (int j = 0; j < class->nclaims; j++)
			json_array_append_new(claims, claim_json(&class->claims[j]));
		json_array_append_new(rows, json_pack("{s:s, s:s, s:o}", "device", class->name, "brief", class->brief,
						      "claims", claims));
	}
	return rows;
}

static json_t *register_row(const struct claim *c, int i)
{
	bool same = !c->written || !strcmp(c->regs[i], c->written[i]);
	json_t *meaning = same ? json_string(c->regs[i]) : json_sprintf("%s; written: %s", c->regs[i], c->written[i]);
	return json_pack("{s:s, s:o, s:o}", "kind", c->space == SPACE_PORT ? "port" : "memory", "name",
			 json_sprintf("%llxh", (unsigned long long)(c->base + (u64)i)), "meaning", meaning);
}

static json_t *field_row(const struct field *f)
{
	json_t *name = f->count > 1 ? json_sprintf("%s[%u]", f->name, f->count) : json_string(f->name);
	return json_pack("{s:s, s:o, s:s}", "kind", "state", "name", name, "meaning", f->help);
}

/* One device: its registers, then what it remembers. */
static json_t *devices(const char *word)
{
	const struct device_class *class = NULL;
	json_t *rows;

	if (!word)
		return device_list();
	for (int i = 0; i < pc_class_count; i++)
		if (!strcasecmp(pc_classes[i]->name, word))
			class = pc_classes[i];
	if (!class)
		return NULL;
	rows = json_array();
	for (int i = 0; i < class->nclaims; i++)
		for (int j = 0; j < class->claims[i].nregs; j++)
			if (class->claims[i].regs[j])
				json_array_append_new(rows, register_row(&class->claims[i], j));
	for (u32 i = 0; class->layout && i < class->layout->nfields; i++)
		json_array_append_new(rows, field_row(&class->layout->fields[i]));
	return rows;
}

/* ---- processors ---- */

/* What an engine can give of the default model on this host. */
static json_t *cpu_of_engine(const struct engine *engine)
{
	u64 can = engine->features ? engine->features() : UINT64_MAX;
	json_t *rows = json_array();

	for (int i = 0; i < FEAT_COUNT; i++)
		if (cpu_has(&cpu_models[0], i))
			json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "feature", cpu_feature_name(i), engine->name,
							      can >> i & 1 ? "yes" : "no", "brief", cpu_feature_brief(i)));
	return rows;
}

static json_t *cpu(const char *word)
{
	const struct cpu_model *m = word ? cpu_model_find(word) : NULL;
	json_t *rows;

	if (word && engine_find(word))
		return cpu_of_engine(engine_find(word)->engine);
	if (word && !m)
		return NULL;
	rows = json_array();
	for (int i = 0; !word && i < cpu_model_count; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "model", cpu_models[i].name, "brief",
						      cpu_models[i].brief));
	for (int i = 0; word && i < FEAT_COUNT; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "feature", cpu_feature_name(i), "has",
						      cpu_has(m, i) ? "yes" : "no", "brief", cpu_feature_brief(i)));
	return rows;
}

static json_t *state(const char *word)
{
	json_t *rows = json_array();

	for (u32 i = 0; i < x86_state_layout.nfields; i++)
		json_array_append_new(rows, field_row(&x86_state_layout.fields[i]));
	return rows;
}

/* ---- the program itself ---- */

static json_t *engines(const char *word)
{
	json_t *rows = json_array();

	for (int i = 0; i < engine_count; i++) {
		const struct engine_row *e = &engine_rows[i];
		json_t *caps = json_array();
		for (int n = 0; engine_cap_name(n); n++)
			if (e->engine->caps >> n & 1)
				json_array_append_new(caps, json_string(engine_cap_name(n)));
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:o}", "engine", e->name, "here",
						      !e->engine->available || !e->engine->available(NULL) ? "yes" : "no",
						      "brief", e->brief, "capabilities", caps));
	}
	return rows;
}

static json_t *options(const char *word)
{
	json_t *rows = json_array();

	for (int i = 0; i < machine_option_count; i++) {
		const struct option *o = &machine_option_table[i];
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "option", o->name, "value", o->arg ? o->arg : "",
						      "brief", o->brief));
	}
	return rows;
}

static json_t *status(const char *word)
{
	json_t *rows = json_array();

#define R(n, text) json_array_append_new(rows, json_pack("{s:s, s:s}", "status", n, "meaning", text));
	STATUS_ROWS(R)
#undef R
	return rows;
}

const struct info_topic info_topics[] = {
	{ "exits", "ENGINE", "VM exits: numbers and titles of the manual, causes, what an engine cannot show", exits },
	{ "insns", "TEXT", "instructions: encodings, or those of a mnemonic", insns },
	{ "events", NULL, "what --trace and --json can show", events },
	{ "devices", "NAME", "devices of the machine, or one device's registers and state", devices },
	{ "cpu", "MODEL", "processor models, the features of one, or what an engine can give", cpu },
	{ "state", NULL, "the architectural state of a processor", state },
	{ "engines", NULL, "who can execute a guest", engines },
	{ "options", NULL, "machine options", options },
	{ "status", NULL, "exit statuses of every command", status },
};
const int info_topic_count = sizeof(info_topics) / sizeof(info_topics[0]);
