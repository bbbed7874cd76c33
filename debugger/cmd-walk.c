/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-walk.c - `vitrine walk`: how addresses of a guest are translated, at one moment.
 * Rule: an address is an expression of Trap, so $rsp and symbols are addresses, too.
 */
#include "debugger/look.h"
#include "debugger/output.h"
#include "debugger/status.h"
#include "debugger/verbs/verb.h"

static const struct option walk_options[] = {
	{ "restore", "FILE", "a snapshot, in the place of IMAGE", take_text,
	  offsetof(struct look_args, restore) },
	{ "processor", "N", "whose tables: 0 (default), 1 ...", take_number,
	  offsetof(struct look_args, cpu) },
	{ "gpa", NULL, "the addresses are guest-physical: who maps them?", take_flag,
	  offsetof(struct look_args, gpa) },
};
static const int nwalk_options = ARRAY_LEN(walk_options);

static void one(struct look *look, u64 address, struct lines *l, json_t *records)
{
	struct session *s = look->s;
	struct paging p;
	struct walk_result w;

	if (look->args.gpa) {
		if (s->vm->paging.mode == PAGING_EPT)
			describe_ept(s, address, l);
		describe_owner(s, address, l);
		json_array_append_new(records, gpa_json(s, address));
		return;
	}
	describe_walk(s, s->cpu, address, l);
	if (s->vm->paging.mode == PAGING_SHADOW)
		describe_shadow(s, s->cpu, address, l);
	if (s->vm->paging.mode == PAGING_EPT && !paging_of(s, s->cpu, &p)) {
		p.env.pdpte = p.state.pdpte;
		if (walk(&p.env, address, WALK_LOOK, &w))
			describe_ept(s, mem_gpa(p.mem, w.gpa), l);
	}
	json_array_append_new(records, walk_json(s, s->cpu, address));
}

static int exec_walk(const struct command *cmd, int argc, char **argv)
{
	json_t *records;
	struct lines l = { 0 };
	struct err err = { 0 };
	struct look look;
	int status = look_open(&look, cmd, argc, argv);

	if (status)
		return status < 0 ? STATUS_OK : status;
	records = json_array();
	if (!look.rest.n) {
		complain("walk: expected an address behind the image");
		status = STATUS_USAGE;
	}
	for (int i = 0; i < look.rest.n && !status; i++) {
		u64 address;

		if (verb_number(look.s, look.rest.item[i], &address, &err)) {
			complain("walk: %s", err.text);
			status = STATUS_USAGE;
			break;
		}
		if (i)
			lines_add(&l, LINE_TEXT, "%s", "");
		one(&look, address, &l, records);
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

const struct command cmd_walk = {
	.name = "walk",
	.args = "[options] [IMAGE] ADDRESS...",
	.brief = "show how addresses of a guest are translated",
	.text = "Builds the machine as 'vitrine run' does, lets it execute --budget instructions (none, unless\n"
		"said), and shows for each address the entries of the guest's page tables that translate it, and\n"
		"those of the shadow or extended page tables, each decoded. IMAGE may be a snapshot; with\n"
		"--restore, --kernel or --bios all words are addresses. An address is a number or an expression of\n"
		"Trap ('$rsp + 8'). With --gpa the addresses are guest-physical, and every entry that leads to them\n"
		"is shown. With --json FILE (- is standard output) the same as records.",
	.example = "vitrine walk --budget 3000 boot.img 0x7c00 '$rsp'\n"
		   "vitrine run --paging ept --budget 1M --save a.snap boot.img\n"
		   "vitrine walk --restore a.snap --gpa 0x7000\n"
		   "vitrine walk --json - a.snap 0x7c00",
	.options = machine_option_table,
	.noptions = &machine_option_count,
	.more = walk_options,
	.nmore = &nwalk_options,
	.exec = exec_walk,
};
