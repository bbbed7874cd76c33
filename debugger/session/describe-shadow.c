/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-shadow.c - the hypervisor's shadow of the guest's page tables, and how it differs from them.
 * Rule: the shadow is shown as the processor walks it; what it ought to be, the guest's tables beside it say.
 */
#include <errno.h>
#include <string.h>

#include "core/shadow.h"
#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))

/* ---- as a stage ---- */

static const struct paging_shape shape_shadow = {
	"shadow page tables", 4, 9, 8, { [4] = "PML4", [3] = "PDPT", [2] = "PD", [1] = "PT" }
};

static struct shadow_regs regs_of(const struct paging *p)
{
	struct shadow_regs r = { p->env.cr0, p->env.cr3, p->env.cr4, p->env.efer, { 0 } };

	memcpy(r.pdpte, p->state.pdpte, sizeof(r.pdpte));
	return r;
}

int shadow_stage(struct stage *st, struct err *err)
{
	const struct second_stage *p = &st->s->vm->paging;
	struct shadow_regs r = regs_of(&st->p);

	st->shape = &shape_shadow;
	if (p->mode != PAGING_SHADOW)
		return err_set(err, ENOENT, "there are no shadow page tables: --paging shadow has them");
	st->root = shadow_root(p, st->cpu, &r);
	if (st->root)
		return 0;
	return err_set(err, ENOENT,
		       "there is no shadow of these tables yet: the processor's next page fault makes one");
}

int shadow_rows(const struct stage *st, u64 gva, struct walk_row row[WALK_ROWS], struct stage_end *end)
{
	struct shadow_regs r = regs_of(&st->p);
	struct shadow_result res;
	bool found = shadow_walk(&st->s->vm->paging, st->cpu, &r, gva, WALK_LOOK, &res);

	for (int i = 0; i < res.walk.steps; i++) {
		u64 value = res.walk.step[i].value;
		int level = shape_shadow.levels - i;
		bool last = i == res.walk.steps - 1;

		row[i] = (struct walk_row){
			.name = shape_shadow.level_name[level],
			.kind = STAGE_SHADOW,
			.level = (u8)level,
			.size = 8,
			.index = (u32)(res.walk.step[i].gpa >> 3 & 511),
			.gpa = res.walk.step[i].gpa,
			.value = value,
			.present = value & PTE_P,
			.large = last && found && level > 1,
			.reserved = last && !found && (res.walk.error & PF_RSVD),
			.frame = last && found ? res.walk.gpa & ~(res.walk.page_size - 1)
					       : value & 0x000ffffffffff000ull,
		};
	}
	*end = (struct stage_end){ .found = found,
				   .to = res.walk.gpa,
				   .page_size = res.walk.page_size,
				   .writable = res.walk.writable,
				   .executable = !res.walk.nx,
				   .user = res.walk.user,
				   .accessed = found,
				   .dirty = res.walk.dirty,
				   .global = res.walk.global,
				   .why = found ? NULL : "not present" };
	return res.walk.steps;
}

/* ---- how it differs ---- */

struct comparing {
	const struct stage *guest, *shadow;
	difference_fn fn;
	void *arg;
	struct difference now; /* size 0: none */
	u32 looked;
};

static void end_run(struct comparing *c)
{
	if (c->now.size)
		c->fn(c->arg, &c->now);
	c->now.size = 0;
}

static void note(struct comparing *c, const struct difference *d)
{
	struct difference *now = &c->now;

	if (now->size && now->gva + now->size == d->gva && now->excess == d->excess && now->what == d->what &&
	    !memcmp(now->guest, d->guest, sizeof(d->guest)) &&
	    !memcmp(now->shadow, d->shadow, sizeof(d->shadow))) {
		now->size += d->size;
		return;
	}
	end_run(c);
	*now = *d;
}

/* What the shadow entry allows and the guest's tables do not; NULL: nothing.  With CR0.WP clear the supervisor may write
 * what is read-only: the shadow says so by W in an entry that is not the user's. */
static const char *excess_of(const struct stage *st, const struct stage_end *guest,
			     const struct stage_end *shadow)
{
	bool wp = st->p.env.cr0 & CR0_WP;
	struct session *s = st->s;
	u64 machine;

	if (!guest->found)
		return "the guest maps nothing here";
	if (shadow->writable && !guest->writable && (wp || shadow->user))
		return "writable";
	if (shadow->executable && !guest->executable)
		return "executable";
	if (shadow->user && !guest->user)
		return "user mode";
	if (shadow->writable && !guest->dirty)
		return "writable before the D bit is set";
	if (!machine_address(s, mem_gpa(&s->vm->mem, guest->to), &machine) || machine != shadow->to)
		return "another frame";
	return NULL;
}

static void fill(struct difference *d, const struct stage_end *guest, const struct stage_end *shadow)
{
	stage_rights(guest, d->guest);
	stage_rights(shadow, d->shadow);
}

static bool compare_shadow(void *arg, u64 gva, const struct walk_row *row, const struct stage_end *shadow)
{
	struct comparing *c = arg;
	struct walk_row rows[WALK_ROWS];
	struct stage_end guest;

	if (!shadow)
		return true;
	if (c->guest)
		stage_walk(c->guest, gva, rows, &guest);
	else
		guest = (struct stage_end){ .found = true,
					    .to = gva,
					    .writable = true,
					    .executable = true,
					    .user = true,
					    .dirty = true };
	struct difference d = { .gva = gva, .size = shadow->page_size, .excess = true };
	d.what = excess_of(c->shadow, &guest, shadow);
	fill(&d, &guest, shadow);
	if (d.what)
		note(c, &d);
	return true;
}

/* Why the shadow allows less. */
static const char *lack_of(struct session *s, u64 gva, const struct stage_end *guest,
			   const struct stage_end *shadow)
{
	u64 gpa = mem_gpa(&s->vm->mem, guest->to);

	if (!shadow->found)
		return "not there yet";
	if (shadow->writable || !guest->writable)
		return shadow->executable == guest->executable && shadow->user == guest->user
			       ? NULL
			       : "other rights";
	if (!guest->dirty)
		return "read-only until the D bit is set";
	if (shadow_is_table(&s->vm->paging, gpa))
		return "read-only: a page table of the guest's";
	return mem_is_shared(&s->vm->mem, gpa) ? "read-only: shared, a write makes a copy" : "read-only";
}

/* One page of the guest's, in the pieces that the shadow may have; a table that is absent is passed over at once. */
static bool compare_guest(void *arg, u64 gva, const struct walk_row *row, const struct stage_end *end)
{
	enum { PIECES_MAX = 1 << 17 };
	struct comparing *c = arg;
	struct walk_row rows[WALK_ROWS];

	for (u64 at = 0; end && at < end->page_size && c->looked < PIECES_MAX;) {
		struct stage_end guest = *end, shadow;
		int n = stage_walk(c->shadow, gva + at, rows, &shadow);
		u64 size = n ? 1ull << (12 + 9 * (rows[n - 1].level - 1)) : PAGE_SIZE_4K;
		struct difference d = { .gva = gva + at };

		c->looked++;
		size -= (gva + at) & (size - 1);
		d.size = size < end->page_size - at ? size : end->page_size - at;
		guest.to = row->frame + at;
		d.what = lack_of(c->shadow->s, gva + at, &guest, &shadow);
		fill(&d, &guest, &shadow);
		if (d.what)
			note(c, &d);
		at += d.size;
	}
	return c->looked < PIECES_MAX;
}

int differences_each(struct session *s, u32 cpu, difference_fn fn, void *arg, bool *whole, struct err *err)
{
	struct comparing c = { .fn = fn, .arg = arg };
	struct stage guest, shadow;
	int rc = stage_of(s, STAGE_SHADOW, cpu, &shadow, err);

	*whole = true;
	if (rc)
		return rc;
	rc = stage_of(s, STAGE_GUEST, cpu, &guest, err);
	if (rc && rc != -ENOENT)
		return rc;
	c.shadow = &shadow;
	c.guest = rc ? NULL : &guest;
	*whole = stage_entries(&shadow, compare_shadow, &c);
	end_run(&c);
	if (c.guest)
		*whole = stage_entries(&guest, compare_guest, &c) && *whole;
	end_run(&c);
	return 0;
}

/* ---- in words ---- */

struct telling {
	struct lines *l;
	u32 n[2], most;
	u64 bytes[2];
};

static void tell(void *arg, const struct difference *d)
{
	struct telling *t = arg;
	struct line *line;

	t->bytes[d->excess] += d->size;
	if (t->n[d->excess]++ >= t->most)
		return;
	line = lines_add(t->l, d->excess ? LINE_BAD : LINE_TEXT, "%c %016llx %5lluK %s/%s %s",
			 d->excess ? '+' : '-', ULL(d->gva), ULL(d->size >> 10), d->guest, d->shadow,
			 d->what);
	line->about = ABOUT_GVA;
	line->value = d->gva;
}

void describe_difference(struct session *s, u32 cpu, u32 most, struct lines *l)
{
	struct telling t = { .l = l, .most = most };
	struct err err = { 0 };
	bool whole;

	lines_add(l, LINE_TITLE, "cpu %u  + shadow exceeds guest  - guest only", cpu);
	if (differences_each(s, cpu, tell, &t, &whole, &err)) {
		lines_add(l, LINE_MISSING, "%s", err.text);
		return;
	}
	if (t.n[0] > most || t.n[1] > most)
		lines_add(l, LINE_WARN, "... and more");
	if (!whole)
		lines_add(l, LINE_WARN, "... the tables have more entries than are looked at");
	lines_add(l, t.n[1] ? LINE_BAD : LINE_GOOD, "+ %u range%s, %llu KiB; - %u range%s, %llu KiB", t.n[1],
		  t.n[1] == 1 ? "" : "s", ULL(t.bytes[1] >> 10), t.n[0], t.n[0] == 1 ? "" : "s",
		  ULL(t.bytes[0] >> 10));
}

static void guest_beside(struct session *s, u32 cpu, u64 gva, const struct stage_end *shadow, struct lines *l)
{
	struct walk_row row[WALK_ROWS];
	char rights[2][5] = { "", "" };
	struct stage_end guest;
	struct err err = { 0 };
	const char *what;
	struct stage st;

	if (stage_of(s, STAGE_GUEST, cpu, &st, &err))
		return;
	stage_walk(&st, gva, row, &guest);
	stage_rights(&guest, rights[0]);
	stage_rights(shadow, rights[1]);
	what = shadow->found ? excess_of(&st, &guest, shadow) : NULL;
	if (what) {
		lines_add(l, LINE_BAD, "   the guest allows %s, the shadow %s: more than the guest (%s)",
			  rights[0], rights[1], what);
		return;
	}
	what = guest.found ? lack_of(s, gva, &guest, shadow) : "the guest maps nothing here";
	lines_add(l, LINE_TEXT, "   the guest allows %s, the shadow %s%s%s", rights[0], rights[1],
		  what ? ": " : "", what ? what : "");
}

void describe_shadow(struct session *s, u32 cpu, u64 gva, struct lines *l)
{
	struct walk_row row[WALK_ROWS];
	struct stage_end end;
	struct err err = { 0 };
	struct stage st;
	struct line *line;
	int n;

	if (stage_of(s, STAGE_SHADOW, cpu, &st, &err)) {
		lines_add(l, LINE_MISSING, "%s", err.text);
		return;
	}
	n = stage_walk(&st, gva, row, &end);
	lines_add(l, LINE_TITLE, "gva %016llx  shadow page tables, root %llx", ULL(gva), ULL(st.root));
	describe_row_title(false, l);
	for (int i = 0; i < n; i++)
		describe_row(&row[i], l);
	if (end.found) {
		line = lines_add(l, LINE_GOOD, "-> machine address %012llx, frame %llx", ULL(end.to),
				 ULL(end.to >> 12));
		line->about = ABOUT_FRAME;
		line->value = end.to;
	} else {
		lines_add(l, LINE_BAD,
			  "-> nothing: an access leaves the guest, and the hypervisor decides whose fault it "
			  "is");
	}
	guest_beside(s, cpu, gva, &end, l);
}

static bool table_line(void *arg, const struct shadow_table_info *t)
{
	static const char *const formats[] = { "none", "32-bit", "PAE", "4-level" };
	struct lines *l = arg;
	struct line *line;

	line = lines_add(l, LINE_TEXT, "%4u %012llx L%u %-7s %012llx %4u  %c%c%c %s%s%s", t->number,
			 ULL(t->address), t->role.level, formats[t->role.format], ULL(t->gpa), t->present,
			 t->role.rights & SHADOW_W ? 'w' : '-', t->role.rights & SHADOW_X ? 'x' : '-',
			 t->role.rights & SHADOW_U ? 'u' : '-', t->role.direct ? "direct" : "",
			 t->role.format == FORMAT_32 && !t->role.direct && t->role.level <= 2
				 ? t->role.quadrant & 1 ? "odd half" : "even half"
				 : "",
			 t->unsync ? " out of step" : "");
	line->about = t->from_memory ? ABOUT_GPA : ABOUT_FRAME;
	line->value = t->from_memory ? t->gpa : t->address;
	return true;
}

void describe_shadow_tables(struct session *s, struct lines *l)
{
	const struct second_stage *p = &s->vm->paging;

	if (p->mode != PAGING_SHADOW) {
		lines_add(l, LINE_MISSING, "there are no shadow page tables: --paging shadow has them");
		return;
	}
	lines_add(l, LINE_TITLE, "%llu of %llu shadow tables, the oldest first", ULL(p->used), ULL(p->pool));
	lines_add(l, LINE_DIM, "  no machine addr lv format  stands for gpa entries rights above it");
	shadow_each_table(p, table_line, l);
}
