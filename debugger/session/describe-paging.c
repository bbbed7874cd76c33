/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-paging.c - how a processor translates addresses: one walk, one table.
 * Rule: what an entry means is decided by walk() alone, so what is shown is what the processor would do.
 */
#include <errno.h>
#include <string.h>

#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))

static const struct paging_shape no_paging = { .name = "no paging" };
static const struct paging_shape shape_32 = { "32-bit paging", 2, 10, 4, { [2] = "PD", [1] = "PT" } };
static const struct paging_shape shape_pae = {
	"PAE paging", 2, 9, 8, { [3] = "PDPTE", [2] = "PD", [1] = "PT" }
};
static const struct paging_shape shape_4level = {
	"4-level paging", 4, 9, 8, { [4] = "PML4", [3] = "PDPT", [2] = "PD", [1] = "PT" }
};

const struct paging_shape *paging_shape(const struct paging *p)
{
	if (!(p->env.cr0 & CR0_PG))
		return &no_paging;
	if (p->env.efer & EFER_LMA)
		return &shape_4level;
	return p->env.cr4 & CR4_PAE ? &shape_pae : &shape_32;
}

const char *paging_name(const struct paging *p)
{
	return paging_shape(p)->name;
}

static u64 read_entry(void *arg, u64 gpa, int size)
{
	struct mem *mem = arg;
	u64 value = 0;

	mem_read(mem, mem_gpa(mem, gpa), &value, (u64)size);
	return value;
}

int paging_of(struct session *s, u32 cpu, struct paging *p)
{
	const struct cpu_model *model = s->vm->cpu;
	int rc;

	memset(p, 0, sizeof(*p));
	if (cpu >= s->vm->ncpus)
		return -EINVAL;
	rc = vcpu_get(&s->vm->vcpu[cpu], &p->state, ST_ALL);
	if (rc < 0)
		return rc;
	p->mem = &s->vm->mem;
	p->env = (struct walk_env){
		.cr0 = p->state.cr0[0],
		.cr3 = p->state.cr3[0],
		.cr4 = p->state.cr4[0],
		.efer = p->state.efer[0],
		.pdpte = p->state.pdpte,
		.phys_bits = model->phys_bits,
		.pse = cpu_has(model, FEAT_PSE),
		.page1g = cpu_has(model, FEAT_PAGE1G),
		.read = read_entry,
		.arg = p->mem,
	};
	return 0;
}

/* ---- one walk ---- */

static u64 address_in(const struct paging *p, u64 entry)
{
	return entry & ((1ull << p->env.phys_bits) - 1) & ~(u64)PAGE_MASK_4K;
}

static u32 index_at(const struct paging_shape *shape, u64 gva, int level)
{
	int shift = 12 + shape->bits * (level - 1);

	return (u32)(gva >> shift & ((1u << shape->bits) - 1));
}

static struct walk_row pdpte_row(const struct paging *p, u64 gva)
{
	u32 index = gva >> 30 & 3;
	u64 value = p->state.pdpte[index];

	return (struct walk_row){ .name = "PDPTE",
				  .level = 3,
				  .size = 8,
				  .index = index,
				  .gpa = UINT64_MAX,
				  .value = value,
				  .present = value & PTE_P,
				  .frame = address_in(p, value) };
}

int describe_walk_rows(const struct paging *p, u64 gva, struct walk_row row[WALK_ROWS],
		       struct walk_result *res, bool *ok)
{
	struct paging q = *p; /* env.pdpte must point into the copy that is walked with */
	const struct paging_shape *shape = paging_shape(p);
	int n = 0;

	q.env.pdpte = q.state.pdpte;
	*ok = walk(&q.env, gva, WALK_LOOK, res);
	if (shape == &shape_pae)
		row[n++] = pdpte_row(&q, gva);
	for (int i = 0; i < res->steps; i++) {
		bool last = i == res->steps - 1;
		u64 value = res->step[i].value;
		int level = shape->levels - i;

		row[n++] = (struct walk_row){
			.name = shape->level_name[level],
			.level = (u8)level,
			.size = shape->entry,
			.index = index_at(shape, gva, level),
			.gpa = res->step[i].gpa,
			.value = value,
			.present = value & PTE_P,
			.large = last && *ok && level > 1,
			.reserved = last && !*ok && (res->error & PF_RSVD),
			.frame = last && *ok     ? res->gpa & ~(res->page_size - 1)
				 : value & PTE_P ? address_in(&q, value)
						 : 0,
		};
	}
	return n;
}

static void ept_flags(const struct walk_row *row, bool leaf, char out[8])
{
	u64 v = row->value;

	out[0] = v & EPT_R ? 'r' : '-';
	out[1] = v & EPT_W ? 'w' : '-';
	out[2] = v & EPT_X ? 'x' : '-';
	out[4] = v & EPT_A ? 'a' : '-';
	out[5] = leaf && v & EPT_D ? 'd' : '-';
}

void describe_entry_flags(const struct walk_row *row, char out[8])
{
	u64 v = row->value;
	bool leaf = row->level == 1 || row->large;

	memcpy(out, "-------", 8);
	if (!row->present)
		return;
	if (row->kind == STAGE_EPT) {
		ept_flags(row, leaf, out);
		return;
	}
	out[0] = 'p';
	if (row->name && row->gpa == UINT64_MAX) /* a PDPTE register has no rights (SDM 3A table 4-8) */
		return;
	out[1] = v & PTE_W ? 'w' : '-';
	out[2] = row->size == 8 && v & PTE_NX ? '-' : 'x';
	out[3] = v & PTE_U ? 'u' : '-';
	out[4] = v & PTE_A ? 'a' : '-';
	out[5] = leaf && v & PTE_D ? 'd' : '-';
	out[6] = leaf && v & PTE_G ? 'g' : '-';
}

void describe_row_title(bool narrow, struct lines *l)
{
	lines_add(l, LINE_DIM, "table entry at    index %swhat it says      flags    leads to", narrow ? "" : " ");
}

void describe_row(const struct walk_row *row, struct lines *l)
{
	enum line_kind kind = !row->present || row->reserved ? LINE_BAD : LINE_TEXT;
	struct line *line;
	char flags[8];

	describe_entry_flags(row, flags);
	if (row->gpa == UINT64_MAX)
		line = lines_add(l, kind, "%-5s register %u           ", row->name, row->index);
	else
		line = lines_add(l, kind, "%-5s %012llx %4u  %s", row->name, ULL(row->gpa), row->index,
				 row->size == 4 ? "        " : "");
	line->about = row->kind == STAGE_GUEST ? ABOUT_GPA : ABOUT_FRAME;
	line->value = row->frame;
	lines_more(l, "%0*llx  %s  ", row->size == 4 ? 8 : 16, ULL(row->value), flags);
	if (row->reserved)
		lines_more(l, row->kind == STAGE_EPT ? "misconfigured" : "reserved bits set");
	else if (!row->present)
		lines_more(l, "not present");
	else
		lines_more(l, "%012llx%s", ULL(row->frame), row->large ? " large" : "");
}

const char *paging_size_name(u64 size)
{
	return size == 1ull << 30   ? "1 GiB"
	       : size == 1ull << 22 ? "4 MiB"
	       : size == 1ull << 21 ? "2 MiB"
				    : "4 KiB";
}

void describe_walk(struct session *s, u32 cpu, u64 gva, struct lines *l)
{
	struct walk_row row[WALK_ROWS];
	struct walk_result res;
	struct buf place = { 0 };
	struct paging p;
	const char *text;
	bool ok;
	int n;

	if (paging_of(s, cpu, &p)) {
		lines_add(l, LINE_BAD, "processor %u cannot be asked now", cpu);
		return;
	}
	lines_add(l, LINE_TITLE, "gva %016llx  %s  cr3 %llx", ULL(gva), paging_name(&p), ULL(p.env.cr3));
	n = describe_walk_rows(&p, gva, row, &res, &ok);
	if (n)
		describe_row_title(row[n - 1].size == 4, l);
	for (int i = 0; i < n; i++)
		describe_row(&row[i], l);
	if (!ok) {
		lines_add(l, LINE_BAD, "-> nothing: an access would be a page fault (#PF)");
		return;
	}
	describe_place(s, mem_gpa(p.mem, res.gpa), &place);
	text = buf_text(&place);
	struct line *line =
		lines_add(l, LINE_GOOD, "-> gpa %012llx  %s", ULL(mem_gpa(p.mem, res.gpa)), text ? text : "");
	line->about = ABOUT_GPA;
	line->value = mem_gpa(p.mem, res.gpa);
	if (n)
		lines_add(l, LINE_TEXT, "   page of %s: %s, %s, %s%s%s", paging_size_name(res.page_size),
			  res.user ? "user" : "supervisor", res.writable ? "writable" : "read-only",
			  res.nx ? "not executable" : "executable", res.dirty ? ", dirty" : "",
			  res.global ? ", global" : "");
	buf_free(&place);
}

/* ---- one table, wherever it lies ---- */

/* An entry that no walk leads to: its bits alone, without the check of reserved ones. */
static struct walk_row lone_row(const struct paging *p, const struct paging_shape *shape, u64 table,
				int level, u32 i)
{
	u64 gpa = table + (u64)i * shape->entry, value = read_entry(p->mem, gpa, shape->entry);
	bool sizes = shape->entry == 4 ? p->env.pse && (p->env.cr4 & CR4_PSE) : level == 2 || p->env.page1g;
	bool large = level > 1 && level < 4 && (value & PTE_PS) && sizes;

	return (struct walk_row){ .name = shape->level_name[level],
				  .level = (u8)level,
				  .size = shape->entry,
				  .index = i,
				  .gpa = gpa,
				  .value = value,
				  .present = value & PTE_P,
				  .large = large,
				  .frame = address_in(p, value) &
					   ~(large ? (1ull << (12 + shape->bits * (level - 1))) - 1 : 0) };
}

void describe_table(struct session *s, u32 cpu, u64 gpa, int level, u64 first, bool absent, struct lines *l)
{
	const struct paging_shape *shape;
	struct paging p;
	u32 shown = 0;

	if (paging_of(s, cpu, &p) || !(shape = paging_shape(&p))->levels || level < 1 ||
	    level > shape->levels) {
		lines_add(l, LINE_BAD, "no table of level %d: the processor has %s now", level,
			  paging_of(s, cpu, &p) ? "no state" : paging_name(&p));
		return;
	}
	gpa &= ~(u64)PAGE_MASK_4K;
	lines_add(l, LINE_TITLE, "%s at %llx  maps from %llx on", shape->level_name[level], ULL(gpa),
		  ULL(first));
	describe_row_title(shape->entry == 4, l);
	for (u32 i = 0; i < 1u << shape->bits; i++) {
		struct walk_row row = lone_row(&p, shape, gpa, level, i);

		if (!row.present && !absent)
			continue;
		shown++;
		describe_row(&row, l);
	}
	if (!shown)
		lines_add(l, LINE_DIM, "all of its entries are absent");
}
