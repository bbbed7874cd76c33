/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-ept.c - extended page tables in words: from a guest-physical address to the machine's.
 * Rule: looking sets no accessed bit and maps nothing: what the guest has not touched is shown as not there.
 */
#include <errno.h>

#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))

/* SDM 3A table 11-10 */
static const char *const type_name[] = { "UC", "WC", "type 2", "type 3", "WT", "WP", "WB", "type 7" };

bool ept_look(struct session *s, u64 gpa, struct ept_result *res)
{
	struct ept_env env = paging_env(&s->vm->paging);

	return ept_walk(&env, mem_gpa(&s->vm->mem, gpa), 0, res);
}

/* ---- as a stage ---- */

static const struct paging_shape shape_ept = { "extended page tables", 4, 9, 8, { [4] = "PML4", [3] = "PDPT", [2] = "PD", [1] = "PT" } };

int ept_stage(struct stage *st, struct err *err)
{
	st->shape = &shape_ept;
	st->root = paging_eptp(&st->s->vm->paging);
	if (st->s->vm->paging.mode == PAGING_EPT)
		return 0;
	return err_set(err, ENOENT, "there is no second stage: guest-physical is machine memory; --paging ept has one");
}

int ept_rows(const struct stage *st, u64 gpa, struct walk_row row[WALK_ROWS], struct stage_end *end)
{
	struct ept_result res;
	bool found = ept_look(st->s, gpa, &res);

	for (int i = 0; i < res.steps; i++) {
		u64 value = res.step[i].value;
		int level = shape_ept.levels - i;
		bool last = i == res.steps - 1;

		row[i] = (struct walk_row){
			.name = shape_ept.level_name[level], .kind = STAGE_EPT, .level = (u8)level, .size = 8,
			.index = (u32)(res.step[i].gpa >> 3 & 511), .gpa = res.step[i].gpa, .value = value,
			.present = value & EPT_RIGHTS, .large = last && found && level > 1,
			.reserved = last && res.misconfigured,
			.frame = last && found ? res.hpa & ~(res.page_size - 1) : value & 0x000ffffffffff000ull,
		};
	}
	*end = (struct stage_end){ .found = found, .to = res.hpa, .page_size = res.page_size,
				   .writable = res.rights & EPT_W, .executable = res.rights & EPT_X, .type = res.type };
	if (found) {
		end->accessed = res.step[res.steps - 1].value & EPT_A;
		end->dirty = res.step[res.steps - 1].value & EPT_D;
	} else {
		end->why = res.misconfigured ? "misconfigured" : "not present";
	}
	return res.steps;
}

/* ---- in words ---- */

void describe_ept(struct session *s, u64 gpa, struct lines *l)
{
	struct walk_row row[WALK_ROWS];
	struct stage_end end;
	struct err err = { 0 };
	struct stage st;
	struct line *line;
	int n;

	if (stage_of(s, STAGE_EPT, s->cpu, &st, &err)) {
		lines_add(l, LINE_MISSING, "%s", err.text);
		return;
	}
	n = stage_walk(&st, gpa, row, &end);
	lines_add(l, LINE_TITLE, "gpa %012llx  extended page tables, EPTP %llx", ULL(gpa), ULL(st.root));
	describe_row_title(false, l);
	for (int i = 0; i < n; i++)
		describe_row(&row[i], l);
	if (!end.found) {
		lines_add(l, LINE_BAD, "-> %s", row[n - 1].reserved ? "an EPT misconfiguration (SDM 3C 28.2.3.1)"
							   : "nothing yet: an access would be an EPT violation");
		return;
	}
	line = lines_add(l, LINE_GOOD, "-> machine address %012llx, frame %llx", ULL(end.to), ULL(end.to >> 12));
	line->about = ABOUT_FRAME;
	line->value = end.to;
	lines_add(l, LINE_TEXT, "   page of %s: readable%s%s, memory type %s", paging_size_name(end.page_size),
		  end.writable ? ", writable" : "", end.executable ? ", executable" : "", type_name[end.type]);
}
