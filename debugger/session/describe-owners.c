/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-owners.c - whose a page is, and by which entries it can be reached: the question asked from the other end.
 * Rule: all tables are gone through for it, as they are now; nothing is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/owners.h"
#include "core/shadow.h"
#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))

bool machine_address(struct session *s, u64 gpa, u64 *out)
{
	frame_no frame = mem_frame(&s->vm->mem, mem_gpa(&s->vm->mem, gpa));

	*out = frame * PAGE_SIZE_4K + (gpa & PAGE_MASK_4K);
	return frame != FRAME_NONE;
}

/* ---- who maps it ---- */

struct search {
	mapper_fn fn;
	void *arg;
	u32 cpu;
	enum stage_kind kind;
	u64 page; /* in the space to which the tables lead */
};

static bool visit(void *arg, u64 address, const struct walk_row *row, const struct stage_end *end)
{
	struct search *q = arg;
	u64 size = end ? end->page_size : PAGE_SIZE_4K, offset = q->page - row->frame;
	struct mapper m = { .cpu = q->cpu, .row = *row, .address = address };

	if (offset >= size || (!end && q->kind != STAGE_GUEST))
		return true;
	m.kind = !end ? MAPPER_TABLE : q->kind == STAGE_GUEST ? MAPPER_GUEST : MAPPER_SHADOW;
	if (end) {
		m.end = *end;
		m.end.to = q->page;
		m.address += offset;
	}
	q->fn(q->arg, &m);
	return true;
}

static bool search_tables(struct session *s, struct search *q)
{
	u64 seen[VM_VCPUS];
	bool whole = true;
	u32 n = 0;

	for (q->cpu = 0; q->cpu < s->vm->ncpus; q->cpu++) {
		struct err err = { 0 };
		struct stage st;
		bool again = false;

		if (stage_of(s, q->kind, q->cpu, &st, &err))
			continue;
		for (u32 i = 0; i < n; i++)
			again = again || seen[i] == st.root;
		seen[n++] = st.root;
		if (again)
			continue;
		if (q->kind == STAGE_GUEST && st.root - q->page < PAGE_SIZE_4K) {
			struct mapper m = { .kind = MAPPER_TABLE,
					    .cpu = q->cpu,
					    .row = { .name = "CR3",
						     .level = (u8)(paging_root(st.shape) + 1),
						     .gpa = UINT64_MAX,
						     .present = true,
						     .frame = st.root } };
			q->fn(q->arg, &m);
		}
		whole = stage_entries(&st, visit, q) && whole;
	}
	return whole;
}

/* Entries of shadow tables that no processor uses now, which the search above has not found. */
struct rest {
	mapper_fn fn;
	void *arg;
	u64 seen[64];
	u32 n;
};

static bool rest_entry(void *arg, const struct shadow_entry_info *e)
{
	struct rest *r = arg;
	u64 at = e->table.address + 8ull * e->index;
	struct mapper m = { .kind = MAPPER_SHADOW,
			    .address = UINT64_MAX,
			    .row = { .name = "shadow",
				     .kind = STAGE_SHADOW,
				     .level = (u8)e->table.role.level,
				     .size = 8,
				     .index = e->index,
				     .gpa = at,
				     .value = e->value,
				     .present = true } };

	for (u32 i = 0; i < r->n; i++)
		if (r->seen[i] == at)
			return true;
	m.end = (struct stage_end){ .found = true,
				    .writable = e->value & PTE_W,
				    .user = e->value & PTE_U,
				    .executable = !(e->value & PTE_NX) };
	r->fn(r->arg, &m);
	return true;
}

static void note_seen(void *arg, const struct mapper *m)
{
	struct rest *r = arg;

	if (r->n < ARRAY_LEN(r->seen))
		r->seen[r->n++] = m->row.gpa;
	r->fn(r->arg, m);
}

static bool search_shadow(struct session *s, u64 gpa, mapper_fn fn, void *arg)
{
	struct rest r = { .fn = fn, .arg = arg };
	struct search q = { .fn = note_seen, .arg = &r, .kind = STAGE_SHADOW };
	bool whole;

	if (s->vm->paging.mode != PAGING_SHADOW || !machine_address(s, gpa, &q.page))
		return true;
	whole = search_tables(s, &q);
	shadow_who_maps(&s->vm->paging, gpa, rest_entry, &r);
	return whole;
}

static void search_ept(struct session *s, u64 gpa, mapper_fn fn, void *arg)
{
	struct mapper m = { .kind = MAPPER_EPT, .address = gpa };
	struct walk_row row[WALK_ROWS];
	struct err err = { 0 };
	struct stage st;
	int n;

	if (stage_of(s, STAGE_EPT, 0, &st, &err))
		return;
	n = stage_walk(&st, gpa, row, &m.end);
	if (!m.end.found)
		return;
	m.row = row[n - 1];
	fn(arg, &m);
}

static void search_tlb(struct session *s, u64 page, mapper_fn fn, void *arg)
{
	for (u32 cpu = 0; cpu < s->vm->ncpus; cpu++) {
		struct tlb_line *line;
		struct err err = { 0 };
		u32 n;

		if (tlb_lines(s, cpu, &line, &n, &err))
			continue;
		for (u32 i = 0; i < n; i++) {
			struct mapper m = {
				.kind = MAPPER_TLB, .cpu = cpu, .address = line[i].linear, .tlb = line[i]
			};

			if (line[i].gpa == page)
				fn(arg, &m);
		}
		free(line);
	}
}

bool mappers_each(struct session *s, u64 gpa, mapper_fn fn, void *arg)
{
	struct search q = { .fn = fn, .arg = arg, .kind = STAGE_GUEST };
	bool whole;

	gpa = mem_gpa(&s->vm->mem, gpa) & ~(u64)PAGE_MASK_4K;
	q.page = gpa;
	whole = search_tables(s, &q);
	whole = search_shadow(s, gpa, fn, arg) && whole;
	search_ept(s, gpa, fn, arg);
	search_tlb(s, gpa, fn, arg);
	return whole;
}

/* ---- in words ---- */

struct telling {
	struct lines *l;
	u32 n, most;
};

static void tell(void *arg, const struct mapper *m)
{
	struct telling *t = arg;
	struct line *line;
	char rights[5];

	if (t->n++ >= t->most)
		return;
	stage_rights(&m->end, rights);
	switch (m->kind) {
	case MAPPER_TABLE:
		if (m->row.gpa == UINT64_MAX)
			line = lines_add(t->l, LINE_TEXT,
					 "guest   cpu %u  CR3: it is the root of its page tables", m->cpu);
		else
			line = lines_add(t->l, LINE_TEXT,
					 "guest   cpu %u  %s entry at %llx: the table for %llx on", m->cpu,
					 m->row.name, ULL(m->row.gpa), ULL(m->address));
		break;
	case MAPPER_GUEST:
	case MAPPER_SHADOW:
		if (m->address == UINT64_MAX) {
			line = lines_add(t->l, LINE_DIM,
					 "shadow         L%u entry at %llx  %016llx  %s  in a table that is "
					 "not in use now",
					 m->row.level, ULL(m->row.gpa), ULL(m->row.value), rights);
			line->about = ABOUT_FRAME;
			line->value = m->row.gpa;
			return;
		}
		line = lines_add(t->l, LINE_TEXT, "%-7s cpu %u  %s entry at %llx  %016llx  %s  as gva %llx",
				 m->kind == MAPPER_GUEST ? "guest" : "shadow", m->cpu, m->row.name,
				 ULL(m->row.gpa), ULL(m->row.value), rights, ULL(m->address));
		break;
	case MAPPER_EPT:
		line = lines_add(t->l, LINE_TEXT, "ept            %s entry at %llx  %016llx  %s  as gpa %llx",
				 m->row.name, ULL(m->row.gpa), ULL(m->row.value), rights, ULL(m->address));
		break;
	default:
		tlb_rights(m->tlb.rights, rights);
		line = lines_add(t->l, LINE_TEXT, "tlb     cpu %u  VPID %u PCID %03x  %s%s  as gva %llx",
				 m->cpu, m->tlb.vpid, m->tlb.pcid, rights,
				 m->tlb.current ? "" : " (not in force)", ULL(m->address));
	}
	line->about = m->kind == MAPPER_EPT ? ABOUT_GPA : m->kind == MAPPER_TABLE ? ABOUT_GPA : ABOUT_GVA;
	line->value = m->kind == MAPPER_TABLE && m->row.gpa != UINT64_MAX ? m->row.gpa : m->address;
}

static void say_frame(struct session *s, u64 gpa, struct lines *l)
{
	const struct mem *mem = &s->vm->mem;
	frame_no frame = mem_frame(mem, gpa);

	if (mem_is_out(mem, gpa)) {
		lines_add(l, LINE_TEXT, "swapped out: its content is in the swap file");
		return;
	}
	if (frame == FRAME_NONE)
		return;
	struct owner o = machine_owner(&s->vm, 1, frame);
	struct line *line = lines_add(l, LINE_TEXT, "machine frame %llx: %s, %u reference%s%s%s", ULL(frame),
				      owner_kind_name(o.kind), o.refs, o.refs == 1 ? "" : "s",
				      o.shown && o.refs > 1 ? ", shared: a write makes a copy" : "",
				      o.dirty ? ", dirty" : "");
	line->about = ABOUT_FRAME;
	line->value = frame * PAGE_SIZE_4K;
}

void describe_owner(struct session *s, u64 gpa, struct lines *l)
{
	struct telling t = { .l = l, .most = 1000 };
	struct buf place = { 0 };
	const char *text;
	struct line *line;

	gpa = mem_gpa(&s->vm->mem, gpa) & ~(u64)PAGE_MASK_4K;
	describe_place(s, gpa, &place);
	text = buf_text(&place);
	line = lines_add(l, LINE_TITLE, "gpa %012llx  %s", ULL(gpa), text ? text : "");
	line->about = ABOUT_GPA;
	line->value = gpa;
	buf_free(&place);
	say_frame(s, gpa, l);
	if (!mappers_each(s, gpa, tell, &t))
		lines_add(l, LINE_WARN, "... the tables have more entries than are looked at");
	if (t.n > t.most)
		lines_add(l, LINE_WARN, "... and %u entries more", t.n - t.most);
	if (!t.n)
		lines_add(l, LINE_DIM, "no entry of any table leads here");
}

/* ---- one address through all stages ---- */

static void stage_line(struct session *s, enum stage_kind kind, u32 cpu, u64 from, struct stage_end *end,
		       struct lines *l)
{
	struct walk_row row[WALK_ROWS];
	struct err err = { 0 };
	struct line *line;
	struct stage st;
	char rights[5];

	*end = (struct stage_end){ 0 };
	if (stage_of(s, kind, cpu, &st, &err))
		return;
	stage_walk(&st, from, row, end);
	if (!end->found) {
		lines_add(l, LINE_BAD, "%-7s %s %016llx -> %s", stage_name(kind),
			  kind == STAGE_EPT ? "gpa" : "gva", ULL(from), end->why);
		return;
	}
	stage_rights(end, rights);
	if (kind == STAGE_EPT)
		rights[3] = 0; /* it knows no user pages */
	line = lines_add(l, LINE_TEXT, "%-7s %s %016llx -> %s %012llx  %-4s  page of %s%s", stage_name(kind),
			 kind == STAGE_EPT ? "gpa" : "gva", ULL(from),
			 kind == STAGE_GUEST ? "gpa" : "machine", ULL(end->to), rights,
			 paging_size_name(end->page_size),
			 end->dirty      ? ", dirty"
			 : end->accessed ? ", accessed"
					 : "");
	line->about = kind == STAGE_GUEST ? ABOUT_GPA : ABOUT_FRAME;
	line->value = end->to;
}

static void tlb_text(struct session *s, u32 cpu, u64 gva, struct lines *l)
{
	struct tlb_line t;
	char rights[4];

	if (!s->vm->engine->tlb_each)
		return;
	if (!tlb_find(s, cpu, gva, &t)) {
		lines_add(l, LINE_DIM, "tlb     gva %016llx is not in it", ULL(gva));
		return;
	}
	tlb_rights(t.rights, rights);
	lines_add(l, LINE_TEXT, "tlb     gva %016llx -> gpa %012llx  %-4s  VPID %u, PCID %03x%s", ULL(gva),
		  ULL(t.gpa | (gva & PAGE_MASK_4K)), rights, t.vpid, t.pcid, t.global ? ", global" : "");
}

void describe_translate(struct session *s, u32 cpu, u64 gva, struct lines *l)
{
	struct stage_end guest, shadow, ept;
	struct paging p;
	u64 gpa, machine;

	if (paging_of(s, cpu, &p)) {
		lines_add(l, LINE_BAD, "processor %u cannot be asked now", cpu);
		return;
	}
	lines_add(l, LINE_TITLE, "cpu %u  %s  --paging %s", cpu, paging_name(&p),
		  paging_mode_name(s->vm->paging.mode));
	stage_line(s, STAGE_GUEST, cpu, gva, &guest, l);
	if (!(p.env.cr0 & CR0_PG)) {
		guest = (struct stage_end){ .found = true, .to = (u32)gva };
		lines_add(l, LINE_TEXT, "guest   no paging: the linear address is the guest-physical one");
	}
	stage_line(s, STAGE_SHADOW, cpu, gva, &shadow, l);
	if (!guest.found) {
		tlb_text(s, cpu, gva, l);
		lines_add(l, LINE_BAD, "an access would be a page fault (#PF)");
		return;
	}
	gpa = mem_gpa(p.mem, guest.to);
	stage_line(s, STAGE_EPT, cpu, gpa, &ept, l);
	tlb_text(s, cpu, gva, l);
	if (machine_address(s, gpa, &machine)) {
		struct line *line =
			lines_add(l, LINE_GOOD, "memory  gpa %016llx is at machine %012llx, frame %llx",
				  ULL(gpa), ULL(machine), ULL(machine / PAGE_SIZE_4K));
		line->about = ABOUT_FRAME;
		line->value = machine;
	} else if (mem_is_out(p.mem, gpa)) {
		lines_add(l, LINE_WARN, "memory  gpa %016llx is swapped out", ULL(gpa));
	} else {
		struct buf place = { 0 };

		describe_place(s, gpa, &place);
		lines_add(l, LINE_TEXT, "memory  none: %s", buf_text(&place) ? buf_text(&place) : "");
		buf_free(&place);
	}
}

void second_stage_line(struct session *s, u32 cpu, u64 gva, u64 gpa, char *out, size_t size)
{
	enum stage_kind kind = s->vm->paging.mode == PAGING_EPT ? STAGE_EPT : STAGE_SHADOW;
	struct walk_row row[WALK_ROWS];
	struct stage_end end;
	struct err err = { 0 };
	struct stage st;
	char rights[5];

	if (s->vm->paging.mode == PAGING_NONE) {
		snprintf(out, size, "ept    none: gpa is machine memory");
		return;
	}
	if (stage_of(s, kind, cpu, &st, &err)) {
		snprintf(out, size, "shadow none yet for these tables");
		return;
	}
	stage_walk(&st, kind == STAGE_EPT ? gpa : gva, row, &end);
	stage_rights(&end, rights);
	rights[3] = kind == STAGE_EPT ? 0 : rights[3];
	if (end.found)
		snprintf(out, size, "%-6s %s -> machine %llx %s", stage_name(kind),
			 kind == STAGE_EPT ? "gpa" : "gva", ULL(end.to), rights);
	else
		snprintf(out, size, "%-6s %s %llx -> %s", stage_name(kind), kind == STAGE_EPT ? "gpa" : "gva",
			 ULL(kind == STAGE_EPT ? gpa : gva), row[0].present ? "NOT PRESENT" : "NO TABLE YET");
}
