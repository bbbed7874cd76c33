/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-tlb.c - what a processor remembers of earlier walks (SDM 3A 4.10, 3C 28.3).
 * Rule: the engine tells what it holds, page by page; here that is only put in order and said.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine.h"
#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))
enum { NARROW = 60 };

static const char *const class_name[TLB_CLASSES] = {
	[TLB_SUPERVISOR] = "super",
	[TLB_USER] = "user",
	[TLB_OPEN] = "open",
};

void tlb_rights(u8 rights, char out[4])
{
	out[0] = rights & TLB_READ ? 'r' : '-';
	out[1] = rights & TLB_WRITE ? 'w' : '-';
	out[2] = rights & TLB_FETCH ? 'x' : '-';
	out[3] = 0;
}

struct taken {
	struct tlb_line *line;
	u32 n, room;
	bool failed;
};

static void take(void *arg, const struct tlb_line *line)
{
	struct taken *t = arg;

	if (t->n == t->room && !t->failed) {
		u32 room = t->room ? 2 * t->room : 64;
		struct tlb_line *more = realloc(t->line, room * sizeof(*more));

		t->failed = !more;
		if (more) {
			t->line = more;
			t->room = room;
		}
	}
	if (!t->failed)
		t->line[t->n++] = *line;
}

static int order(const void *left, const void *right)
{
	const struct tlb_line *a = left, *b = right;

	if (a->vpid != b->vpid)
		return a->vpid < b->vpid ? -1 : 1;
	if (a->pcid != b->pcid)
		return a->pcid < b->pcid ? -1 : 1;
	if (a->who != b->who)
		return a->who < b->who ? -1 : 1;
	return a->linear < b->linear ? -1 : a->linear > b->linear;
}

int tlb_lines(struct session *s, u32 cpu, struct tlb_line **out, u32 *n, struct err *err)
{
	const struct engine *engine = s->vm->engine;
	struct taken t = { 0 };

	*out = NULL;
	*n = 0;
	if (cpu >= s->vm->ncpus)
		return err_set(err, EINVAL, "there is no processor %u", cpu);
	if (!engine->tlb_each)
		return err_set(err, ENOSYS, "engine %s: its TLB is the host's, which nobody can look at",
			       engine->name);
	engine->tlb_each(&s->vm->vcpu[cpu], take, &t);
	if (t.failed) {
		free(t.line);
		return err_set(err, ENOMEM, "no memory for a list of the TLB");
	}
	if (t.n)
		qsort(t.line, t.n, sizeof(*t.line), order);
	*out = t.line;
	*n = t.n;
	return 0;
}

struct finding {
	u64 page;
	struct tlb_line line;
	bool found;
};

static void find(void *arg, const struct tlb_line *line)
{
	struct finding *f = arg;

	if (line->linear != f->page || !line->current || (f->found && f->line.rights >= line->rights))
		return;
	f->line = *line;
	f->found = true;
}

bool tlb_find(struct session *s, u32 cpu, u64 gva, struct tlb_line *out)
{
	struct finding f = { .page = gva & ~(u64)PAGE_MASK_4K };

	if (s->vm->engine->tlb_each && cpu < s->vm->ncpus)
		s->vm->engine->tlb_each(&s->vm->vcpu[cpu], find, &f);
	*out = f.line;
	return f.found;
}

/* ---- in words ---- */

/* SDM 3A 4.10: what decides how long a translation may be kept. */
static void rules(struct session *s, u32 cpu, struct lines *l)
{
	struct paging g;

	if (paging_of(s, cpu, &g))
		return;
	lines_add(l, LINE_DIM, "%s; CR4.PGE %d: %s; CR4.PCIDE %d", paging_name(&g), !!(g.env.cr4 & CR4_PGE),
		  g.env.cr4 & CR4_PGE ? "global pages stay" : "no global pages", !!(g.env.cr4 & CR4_PCIDE));
	if (g.env.cr4 & CR4_PCIDE)
		lines_more(l, ": PCID %03llx", ULL(g.env.cr3 & 0xfff));
}

static bool continues(const struct tlb_line *a, u64 size, const struct tlb_line *b)
{
	return a->vpid == b->vpid && a->pcid == b->pcid && a->who == b->who &&
	       a->linear + size == b->linear && a->gpa + size == b->gpa && a->rights == b->rights &&
	       a->global == b->global && a->size == b->size && a->current == b->current;
}

static void add(const struct tlb_line *t, u64 size, bool narrow, struct lines *l)
{
	const char *who = t->who < TLB_CLASSES ? class_name[t->who] : "?";
	struct line *line;
	char rights[4];

	tlb_rights(t->rights, rights);
	if (narrow)
		line = lines_add(l, t->current ? LINE_TEXT : LINE_DIM, "%llx %lluK >%llx %s %c",
				 ULL(t->linear), ULL(size >> 10), ULL(t->gpa), rights, *who);
	else
		line = lines_add(l, t->current ? LINE_TEXT : LINE_DIM,
				 "%016llx %4llu K -> %012llx %s %-5s %c%c %u/%03x", ULL(t->linear),
				 ULL(size >> 10), ULL(t->gpa), rights, who, t->global ? 'g' : '-',
				 t->size > PAGE_SIZE_4K ? 'L' : '-', t->vpid, t->pcid);
	line->about = ABOUT_GPA;
	line->value = t->gpa;
}

void describe_tlb(struct session *s, u32 cpu, int width, struct lines *l)
{
	bool narrow = width < NARROW;
	struct tlb_line *line;
	struct err err = { 0 };
	u32 n;

	if (tlb_lines(s, cpu, &line, &n, &err)) {
		lines_add(l, LINE_MISSING, "%s", err.text);
		rules(s, cpu, l);
		return;
	}
	lines_add(l, LINE_TITLE,
		  narrow ? "cpu %u  TLB: %u held, VPID %u" : "cpu %u  TLB: %u held  (VPID %u in force)", cpu,
		  n, s->vm->vcpu[cpu].vpid);
	if (!narrow)
		rules(s, cpu, l);
	if (n && !narrow)
		lines_add(l, LINE_DIM, "linear             size    guest-physical rwx class    vpid/pcid");
	for (u32 i = 0; i < n;) {
		u64 size = PAGE_SIZE_4K;
		u32 from = i++;

		for (; i < n && continues(&line[from], size, &line[i]); i++)
			size += PAGE_SIZE_4K;
		add(&line[from], size, narrow, l);
	}
	free(line);
}

void tlb_short_line(struct session *s, u32 cpu, u64 gva, char *out, size_t size)
{
	struct tlb_line t;
	char rights[4];

	if (!s->vm->engine->tlb_each) {
		snprintf(out, size, "tlb    the host's, which nobody can look at");
	} else if (!tlb_find(s, cpu, gva, &t)) {
		snprintf(out, size, "tlb    no entry for this page");
	} else {
		tlb_rights(t.rights, rights);
		snprintf(out, size, "tlb    gva %llx -> gpa %llx  %s  VPID %u PCID %03x%s", ULL(t.linear),
			 ULL(t.gpa), rights, t.vpid, t.pcid, t.global ? " global" : "");
	}
}
