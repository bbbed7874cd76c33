/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-ept.c - extended page tables in words: from a guest-physical address to the machine's.
 * Rule: looking sets no accessed bit and maps nothing: what the guest has not touched is shown as not there.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/session/describe.h"

#define ULL(x) ((unsigned long long)(x))

static const char *const level_name[] = { "", "PT", "PD", "PDPT", "PML4" };
static const char *const type_name[] = { "UC", "WC", "type 2", "type 3", "WT", "WP", "WB", "type 7" }; /* SDM 3A table 11-10 */

bool ept_look(struct session *s, u64 gpa, struct ept_result *res)
{
	struct ept_env env = paging_env(&s->vm->paging);

	return ept_walk(&env, mem_gpa(&s->vm->mem, gpa), 0, res);
}

/* "rwxad": r readable, w writable, x executable, a accessed, d dirty */
static void rights_text(u64 entry, char out[6])
{
	static const struct { u64 bit; char letter; } bits[] = { { EPT_R, 'r' }, { EPT_W, 'w' }, { EPT_X, 'x' }, { EPT_A, 'a' }, { EPT_D, 'd' } };

	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		out[i] = entry & bits[i].bit ? bits[i].letter : '-';
	out[ARRAY_LEN(bits)] = 0;
}

static void add_row(const struct walk_step *step, int level, struct lines *l)
{
	char rights[6];

	rights_text(step->value, rights);
	lines_add(l, step->value & EPT_RIGHTS ? LINE_TEXT : LINE_BAD, "%-5s %012llx %4llu  %016llx  %s%s", level_name[level], ULL(step->gpa),
		  ULL(step->gpa >> 3 & 511), ULL(step->value), rights, level > 1 && (step->value & EPT_LARGE) ? "  large page" : "");
}

void describe_ept(struct session *s, u64 gpa, struct lines *l)
{
	struct ept_result res;

	if (s->vm->paging.mode != PAGING_EPT) {
		lines_add(l, LINE_MISSING, "there is no second stage: guest-physical is machine memory; --paging ept has one");
		return;
	}
	bool found = ept_look(s, gpa, &res);
	lines_add(l, LINE_TITLE, "gpa %012llx  extended page tables, EPTP %llx", ULL(gpa), ULL(paging_eptp(&s->vm->paging)));
	lines_add(l, LINE_DIM, "table machine addr index  what it says      rwxad");
	for (int i = 0; i < res.steps; i++)
		add_row(&res.step[i], 4 - i, l);
	if (!found) {
		lines_add(l, LINE_BAD, "-> %s", res.misconfigured ? "an EPT misconfiguration (SDM 3C 28.2.3.1)"
							   : "nothing yet: an access would be an EPT violation");
		return;
	}
	lines_add(l, LINE_GOOD, "-> machine address %012llx, frame %llx", ULL(res.hpa), ULL(res.hpa >> 12));
	lines_add(l, LINE_TEXT, "   page of %llu KiB: %s%s%s, memory type %s", ULL(res.page_size >> 10), res.rights & EPT_R ? "r" : "-",
		  res.rights & EPT_W ? "w" : "-", res.rights & EPT_X ? "x" : "-", type_name[res.type]);
}

void ept_line(struct session *s, u64 gpa, char *out, size_t size)
{
	struct ept_result res;

	if (s->vm->paging.mode != PAGING_EPT)
		snprintf(out, size, "ept    none: gpa is machine memory");
	else if (ept_look(s, gpa, &res))
		snprintf(out, size, "ept    gpa %llx -> machine %llx", ULL(gpa), ULL(res.hpa));
	else
		snprintf(out, size, "ept    gpa %llx -> NOT PRESENT", ULL(gpa));
}
