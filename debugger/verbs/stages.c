/* SPDX-License-Identifier: GPL-3.0-or-later
 * stages.c - the verbs that look at what the hypervisor and the processor make of the guest's tables.
 * Rule: looking maps nothing, sets no accessed bit and brings no page in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/session/page-map.h"
#include "debugger/verbs/verbs-priv.h"

enum { RANGES_MOST = 4000, DIFFERENCES_MOST = 1000, MAP_WIDTH = 78 };

/* The word alone, and nothing behind it. */
static bool only(const struct verb_call *c, const char *word)
{
	return c->nwords == 1 && !strcmp(c->word[0], word);
}

static int exec_ept(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	u64 gpa;
	int rc;

	if (only(c, "list")) {
		describe_mappings(c->s, STAGE_EPT, c->s->cpu, RANGES_MOST, &l);
		return say_lines(c, &l, err);
	}
	rc = verb_number(c->s, c->nwords ? c->rest : "translate($rip)", &gpa, err);
	if (rc)
		return rc;
	describe_ept(c->s, gpa, &l);
	return say_lines(c, &l, err);
}

const struct verb the_ept = {
	.name = "ept",
	.args = "[GPA | list]",
	.brief = "the walk through extended page tables, decoded; all that they map",
	.text = "From a guest-physical address (the next instruction's, if none is given) to the machine's,\n"
		"entry by entry. With --paging ept only: otherwise guest-physical is machine memory, or the\n"
		"shadow leads there. A page is there from its first access on. `list` shows what is mapped, in\n"
		"ranges.",
	.example = "ept 0x7c00\nept translate($rsp)\nept list",
	.group = VERB_LOOK,
	.complete = COMPLETE_EXPR,
	.exec = exec_ept,
};

static int exec_shadow(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	u64 gva;
	int rc;

	if (only(c, "list")) {
		describe_mappings(c->s, STAGE_SHADOW, c->s->cpu, RANGES_MOST, &l);
	} else if (only(c, "tables")) {
		describe_shadow_tables(c->s, &l);
	} else if (only(c, "diff")) {
		describe_difference(c->s, c->s->cpu, DIFFERENCES_MOST, &l);
	} else {
		rc = call_address(c, 0, here(c->s), &gva, err);
		if (rc)
			return rc;
		describe_shadow(c->s, c->s->cpu, gva, &l);
	}
	return say_lines(c, &l, err);
}

const struct verb the_shadow = {
	.name = "shadow",
	.args = "[ADDRESS | list | tables | diff]",
	.brief = "the walk through shadow page tables; how they differ",
	.text = "From a linear address (the next instruction's, if none is given) to the machine's, entry by\n"
		"entry, and what the guest's tables allow beside it. `list`: what is mapped, in ranges. `tables`:\n"
		"each shadow table and the guest's that it stands for. `diff`: what the shadow allows and the\n"
		"guest does not (+: there should be none while nothing is out of step), and what the guest allows\n"
		"and the shadow has not yet (-). With --paging shadow only.",
	.example = "shadow 0x7c00\nshadow tables\nshadow diff",
	.group = VERB_LOOK,
	.complete = COMPLETE_EXPR,
	.exec = exec_shadow,
};

static int exec_tlb(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_tlb, 0, 0, err);

	if (rc)
		return rc;
	describe_tlb(c->s, c->s->cpu, MAP_WIDTH, &l);
	return say_lines(c, &l, err);
}

const struct verb the_tlb = {
	.name = "tlb",
	.args = "",
	.brief = "the translations that the processor keeps",
	.text = "Linear addresses, what they lead to, the accesses that need no walk any more (rwx), for whom\n"
		"(supervisor, user, or supervisor with SMAP suspended), g global, L a piece of a large page, and\n"
		"the tags they are kept under. Dim lines have other tags than those in force.",
	.example = "tlb",
	.group = VERB_LOOK,
	.exec = exec_tlb,
};

static int exec_translate(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	u64 gva;
	int rc = call_address(c, 0, here(c->s), &gva, err);

	if (rc)
		return rc;
	describe_translate(c->s, c->s->cpu, gva, &l);
	return say_lines(c, &l, err);
}

const struct verb the_translate = {
	.name = "translate",
	.args = "[ADDRESS]",
	.brief = "one address through every stage, with the rights at each",
	.text = "A line per stage: the guest's tables, the shadow or the extended page tables, the TLB, and the\n"
		"machine's frame at the end. `walk`, `shadow` and `ept` show the entries of each.",
	.example = "translate $rsp\ntranslate 0x7c00",
	.group = VERB_LOOK,
	.complete = COMPLETE_EXPR,
	.exec = exec_translate,
};

static int exec_owner(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	u64 gpa;
	int rc = verb_number(c->s, c->nwords ? c->rest : "translate($rip)", &gpa, err);

	if (rc)
		return rc;
	describe_owner(c->s, gpa, &l);
	return say_lines(c, &l, err);
}

const struct verb the_owner = {
	.name = "owner",
	.args = "[GPA]",
	.brief = "whose a page is, and every entry that leads to it",
	.text = "The guest-physical page (the next instruction's, if none is given): its slot, its frame and how\n"
		"many refer to it; then the entries of the guest's tables of all processors, of shadow and extended\n"
		"page tables, and of TLBs, by which it can be reached; and whether it is a page table itself.",
	.example = "owner 0x1000\nowner translate($rsp)",
	.group = VERB_LOOK,
	.complete = COMPLETE_EXPR,
	.exec = exec_owner,
};

static int exec_map(struct verb_call *c, struct err *err)
{
	enum map_space space = MAP_MACHINE;
	struct lines l = { 0 };
	int rc = call_words(c, &the_map, 0, 1, err);

	if (rc)
		return rc;
	if (c->nwords && !map_space_find(c->word[0], &space))
		return err_set(err, EINVAL, "map: expected machine, guest or state, got '%.40s'", c->word[0]);
	describe_page_map(c->s, space, MAP_WIDTH, 0, &l);
	return say_lines(c, &l, err);
}

const struct verb the_map = {
	.name = "map",
	.args = "[machine | guest | state]",
	.brief = "memory as a picture: whose, for what, in which state",
	.text = "A cell per group of pages, shown as the page in it that says most. machine: the machine's frames\n"
		"by owner. guest: guest-physical pages by what the guest's own tables make of them. state: whether\n"
		"they were written, are shared, are swapped out. A legend counts the pages.",
	.example = "map\nmap guest",
	.group = VERB_LOOK,
	.exec = exec_map,
};
