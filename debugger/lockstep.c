/* SPDX-License-Identifier: GPL-3.0-or-later
 * lockstep.c - step both machines, bring them side by side again, compare.
 * Rule: only the first machine is ever moved to meet the second, and only by whole instructions.
 */
#include "debugger/lockstep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "cpu-interp/isa/isa.h"

#define ULL(x) ((unsigned long long)(x))
enum { CATCH_UP = 1 << 17 }; /* iterations of a string instruction that one step of KVM may make */

/* Fields of the state that are not compared. */
static const struct { const char *name, *reason; } not_compared[] = {
	{ "icount", "who counts what is the engines' own" },
	{ "tsc_offset", "the counters' rates differ" },
	{ "fcs", "processors in 64-bit mode do not save it" },
	{ "fds", "the same" },
	{ "fip", "AMD's save it only while an exception waits" },
	{ "fdp", "the same" },
	{ "fop", "the same" },
	{ "debugctl", "KVM keeps what the host's processor has" },
	{ "shadow", "a step of KVM's may end where the interpreter's shadow has just begun" },
	{ "pending_db", "KVM has it among the events on their way" },
	{ "pdpte", "KVM shows them only while they are used" },
	{ "seg_attr", "compared where the segment can be used" },
	{ "seg_limit", "the same" },
	{ "seg_base", "the same" },
	{ "rflags", "compared by themselves, without what is undefined" },
};

static bool is_compared(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(not_compared); i++)
		if (!strcmp(not_compared[i].name, name))
			return false;
	return true;
}

/* ---- watching ---- */

/* An exit that both engines have. */
static bool is_shared(const struct lockstep_side *side, u16 reason)
{
	const struct engine *engines[] = { side->m.vm->engine, side->other->m.vm->engine };

	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		const char *unseen = engines[i]->unseen ? engines[i]->unseen[reason] : NULL;
		if (unseen && !strncmp(unseen, "never", 5))
			return false;
	}
	return reason != EXIT_MTF && reason != EXIT_PREEMPT_TIMER && reason != EXIT_EXT_INTR && reason != EXIT_INTR_WINDOW &&
	       reason != EXIT_CR_ACCESS;
}

static enum verdict on_exit_event(void *arg, const struct event *ev)
{
	struct lockstep_side *side = arg;

	if (*side->looking || !is_shared(side, ev->exit.reason))
		return EV_GO;
	side->exit[side->nexits++ % LOCKSTEP_EXITS] =
		(struct lockstep_exit){ ev->icount, ev->exit.reason, ev->exit.qualification, ev->exit.rip, ev->exit.gpa,
					ev->exit.value };
	return side->by_exit ? EV_STOP : EV_GO;
}

static int start_side(struct lockstep *l, struct lockstep_side *side, const struct lockstep_side *other, struct err *err)
{
	struct mem *m = &side->m.vm->mem;
	int rc = 0;

	side->looking = &l->looking;
	side->by_exit = l->by_exit;
	side->other = other;
	for (int i = 0; i < m->nslots && !rc; i++)
		if (!(m->slot[i].flags & (SLOT_ROM | SLOT_DEVICE)))
			rc = mem_log(m, m->slot[i].id, true, err);
	if (!rc && vm_subscribe(side->m.vm, EV_BIT(exit), on_exit_event, side) < 0)
		rc = err_set(err, ENOSPC, "the exits cannot be watched");
	return rc;
}

/* ---- comparing ---- */

static int differ(struct lockstep *l, const char *what, u64 a, u64 b)
{
	snprintf(l->why, sizeof(l->why), "%s: %llx and %llx", what, ULL(a), ULL(b));
	return 1;
}

static int compare_fields(struct lockstep *l)
{
	char name[48];

	for (u32 i = 0; i < x86_state_layout.nfields; i++) {
		const struct field *f = &x86_state_layout.fields[i];
		if (!is_compared(f->name))
			continue;
		for (u32 n = 0; n < f->count; n++) {
			u64 a = field_get(f, &l->a.s, n), b = field_get(f, &l->b.s, n);
			if (a == b)
				continue;
			if (!strcmp(f->name, "gpr"))
				snprintf(name, sizeof(name), "%s", x86_gpr_names[n]);
			else
				snprintf(name, sizeof(name), f->count > 1 ? "%s[%u]" : "%s", f->name, n);
			return differ(l, name, a, b);
		}
	}
	return 0;
}

/* Base, limit and attributes count where the register can be used; the accessed bit of a register's copy does not. */
static int compare_segments(struct lockstep *l)
{
	const struct x86_state *a = &l->a.s, *b = &l->b.s;
	char name[48];

	for (enum x86_seg s = 0; s < X86_SEGS; s++) {
		bool unusable = a->seg_attr[s] & b->seg_attr[s] & SEG_UNUSABLE;
		u32 ignore = SEG_ACCESSED | (unusable ? ~(u32)SEG_UNUSABLE : 0);

		snprintf(name, sizeof(name), "%s: base, limit or attributes", x86_seg_names[s]);
		if ((a->seg_attr[s] & ~ignore) != (b->seg_attr[s] & ~ignore))
			return differ(l, name, a->seg_attr[s], b->seg_attr[s]);
		if (!unusable && (a->seg_base[s] != b->seg_base[s]))
			return differ(l, name, a->seg_base[s], b->seg_base[s]);
		if (!unusable && (a->seg_limit[s] != b->seg_limit[s]))
			return differ(l, name, a->seg_limit[s], b->seg_limit[s]);
	}
	return 0;
}

/* The instruction at l->code, or NULL. */
static const struct isa_row *row_before(const struct lockstep *l, struct decoded *d)
{
	const struct x86_state *s = &l->a.s;
	bool wide = (s->efer[0] & EFER_LMA) && (s->seg_attr[SEG_CS] & SEG_L);
	enum isa_mode mode = wide ? MODE_64 : s->seg_attr[SEG_CS] & SEG_DB ? MODE_32 : MODE_16;

	if (l->code.len && isa_decode(l->code.bytes, l->code.len, mode, UINT64_MAX, d) == DECODE_OK)
		return d->row;
	return NULL;
}

/* Flags that an instruction leaves undefined are what the processor behind KVM makes of them, from here on for both. */
static int compare_flags(struct lockstep *l, u16 undefined, struct err *err)
{
	u64 ignore = FLAG_RF, a = l->a.s.rflags[0], b = l->b.s.rflags[0];

	if (!((a ^ b) & ~ignore))
		return 0;
	if ((a ^ b) & ~(ignore | undefined))
		return differ(l, "rflags", a, b);
	l->a.s.rflags[0] = b;
	l->adopted++;
	return vcpu_set(&l->a.m.vm->vcpu[0], &l->a.s, ST_GPR, err);
}

static int compare_page(struct lockstep *l, u64 gpa)
{
	u8 a[PAGE_SIZE_4K], b[PAGE_SIZE_4K];
	char name[48];

	l->pages++;
	mem_read(&l->a.m.vm->mem, gpa, a, sizeof(a));
	mem_read(&l->b.m.vm->mem, gpa, b, sizeof(b));
	for (u32 i = 0; i < sizeof(a); i++)
		if (a[i] != b[i]) {
			snprintf(name, sizeof(name), "memory at %llx", ULL(gpa + i));
			return differ(l, name, a[i], b[i]);
		}
	return 0;
}

/* Pages that either has written since the last time. */
static int compare_memory(struct lockstep *l, struct err *err)
{
	struct mem *ma = &l->a.m.vm->mem, *mb = &l->b.m.vm->mem;

	for (int i = 0; i < ma->nslots; i++) {
		const struct mem_slot *s = &ma->slot[i];
		u64 words = (s->size / PAGE_SIZE_4K + 63) / 64, *bits;
		int rc = 0;

		if (!(s->flags & SLOT_LOG) || s->flags & SLOT_HOLE)
			continue;
		bits = malloc(2 * words * sizeof(*bits));
		if (!bits)
			return err_set(err, ENOMEM, "no memory to compare the machines' memory");
		mem_fetch_dirty(ma, s->id, bits);
		mem_fetch_dirty(mb, s->id, bits + words);
		for (u64 p = 0; p < s->size / PAGE_SIZE_4K && !rc; p++)
			if ((bits[p / 64] | bits[words + p / 64]) >> p % 64 & 1)
				rc = compare_page(l, s->gpa + p * PAGE_SIZE_4K);
		free(bits);
		if (rc)
			return rc;
	}
	return 0;
}

static int compare_exits(struct lockstep *l)
{
	const struct lockstep_exit *a, *b;

	if (l->a.nexits != l->b.nexits)
		return differ(l, "number of exits so far", l->a.nexits, l->b.nexits);
	if (!l->a.nexits)
		return 0;
	a = &l->a.exit[(l->a.nexits - 1) % LOCKSTEP_EXITS];
	b = &l->b.exit[(l->b.nexits - 1) % LOCKSTEP_EXITS];
	if (a->reason != b->reason)
		return differ(l, "reason of the latest exit", a->reason, b->reason);
	if (a->reason == EXIT_IO && a->qualification != b->qualification)
		return differ(l, "qualification of the latest exit", a->qualification, b->qualification);
	if (a->gpa != b->gpa)
		return differ(l, "address of the latest exit", a->gpa, b->gpa);
	return a->value != b->value ? differ(l, "value of the latest exit", a->value, b->value) : 0;
}

static int read_states(struct lockstep *l, struct err *err)
{
	l->looking = true;
	int rc = vcpu_get(&l->a.m.vm->vcpu[0], &l->a.s, ST_ALL);
	if (!rc)
		rc = vcpu_get(&l->b.m.vm->vcpu[0], &l->b.s, ST_ALL);
	l->looking = false;
	return rc < 0 ? err_set(err, -rc, "a processor's state cannot be read: %s", strerror(-rc)) : 0;
}

static int compare(struct lockstep *l, u16 undefined, struct err *err)
{
	int rc = l->by_exit ? compare_exits(l) : 0; /* says more than what follows from it */

	if (!rc)
		rc = compare_fields(l);
	if (!rc)
		rc = compare_segments(l);
	if (!rc)
		rc = compare_flags(l, undefined, err);
	if (!rc)
		rc = compare_exits(l);
	return rc ? rc : compare_memory(l, err);
}

/* ---- stepping ---- */

static int step_side(struct lockstep_side *side, bool by_exit, struct err *err)
{
	side->why = vm_run(side->m.vm, by_exit ? 0 : 1, err);
	return side->why == STOP_ERROR ? -EIO : 0;
}

static bool goes_on(const struct lockstep_side *side)
{
	return side->why == STOP_BUDGET || side->why == STOP_EVENT;
}

/* Each counts deliveries and iterations in its own way: the virtual time of one moves to where the other's is. */
static int align_time(struct lockstep *l, struct err *err)
{
	struct vm *a = l->a.m.vm, *b = l->b.m.vm;

	u64 na = vm_icount(a), nb = vm_icount(b);
	struct lockstep_side *late = na > nb ? &l->b : &l->a;

	clock_retire(&late->m.vm->clock, na > nb ? na - nb : nb - na);
	late->s.icount[0] = na > nb ? na : nb;
	return vcpu_set(&late->m.vm->vcpu[0], &late->s, ST_PENDING, err);
}

static bool are_apart(const struct lockstep *l)
{
	return l->a.s.rip[0] != l->b.s.rip[0] || memcmp(l->a.s.gpr, l->b.s.gpr, sizeof(l->a.s.gpr));
}

static int one_more(struct lockstep *l, struct lockstep_side *side, struct err *err)
{
	int rc = step_side(side, false, err);

	return rc ? rc : read_states(l, err);
}

/* A step of KVM's that delivers an event executes the handler's first instruction too: the interpreter follows.  One of
 * a string instruction may make many iterations, or none but a look at the end: whoever is still there follows. */
static int catch_up(struct lockstep *l, bool repeated, struct err *err)
{
	struct x86_state a = l->a.s, b = l->b.s;
	u64 start = l->code.rip;
	int rc = 0;

	for (int i = 0; i < (repeated ? CATCH_UP : 2) && !rc && are_apart(l) && goes_on(&l->a) && goes_on(&l->b); i++) {
		bool waits = l->b.s.inject_info[0] & INTR_VALID; /* an exception is ready, the step ended before it */
		bool behind = waits || (repeated && l->b.s.rip[0] == start && l->a.s.rip[0] != start);

		if (repeated && l->a.s.rip[0] != start && !behind)
			break;
		rc = one_more(l, behind ? &l->b : &l->a, err);
	}
	if (!rc && are_apart(l)) { /* a true difference: it is shown as it was */
		l->a.s = a;
		l->b.s = b;
		return 0;
	}
	l->realigned++;
	return rc ? rc : align_time(l, err);
}

static bool is_repeated(const struct lockstep *l)
{
	struct decoded d;
	const struct isa_row *row = row_before(l, &d);

	return row && d.rep && row->flags & REPS;
}

/* At an exit KVM may stand before the end of what the interpreter has finished: an exception that is ready but not
 * delivered, or the last look of a string instruction at its counter.  The states can be compared at the next. */
static bool is_late(struct lockstep *l)
{
	if (l->b.s.inject_info[0] & INTR_VALID)
		return true;
	code_line_read(&l->b.m.vm->vcpu[0], &l->b.s, l->b.s.rip[0], &l->code);
	return is_repeated(l) && l->a.s.rip[0] != l->code.rip;
}

static int once(struct lockstep *l, struct err *err)
{
	struct decoded d;
	const struct isa_row *row;
	int rc;

	code_line_read(&l->a.m.vm->vcpu[0], &l->a.s, l->a.s.rip[0], &l->code);
	row = row_before(l, &d);
	rc = step_side(&l->a, l->by_exit, err);
	if (!rc)
		rc = step_side(&l->b, l->by_exit, err);
	if (!rc)
		rc = read_states(l, err);
	if (!rc && !l->by_exit && are_apart(l))
		rc = catch_up(l, is_repeated(l), err);
	l->steps++;
	if (rc)
		return rc;
	if (goes_on(&l->a) != goes_on(&l->b) || (!goes_on(&l->a) && l->a.why != l->b.why)) {
		snprintf(l->why, sizeof(l->why), "one machine is at '%s', the other at '%s'", stop_why_name(l->a.why),
			 stop_why_name(l->b.why));
		return 1;
	}
	if (l->by_exit && goes_on(&l->a) && are_apart(l) && is_late(l)) {
		l->realigned++;
		return compare_exits(l);
	}
	return compare(l, l->by_exit ? FLAGS_ARITH : row ? row->undef : 0, err);
}

int lockstep_start(struct lockstep *l, struct err *err)
{
	int rc = start_side(l, &l->a, &l->b, err);

	if (!rc)
		rc = start_side(l, &l->b, &l->a, err);
	l->a.why = l->b.why = STOP_BUDGET;
	return rc ? rc : read_states(l, err);
}

int lockstep_run(struct lockstep *l, struct err *err)
{
	int rc = compare(l, 0, err);

	while (!rc && goes_on(&l->a) && (!l->limit || l->steps < l->limit))
		rc = once(l, err);
	return rc;
}

/* ---- telling ---- */

static void print_pair(FILE *out, const char *name, u64 a, u64 b)
{
	fprintf(out, "  %-8s %16llx  %16llx%s\n", name, ULL(a), ULL(b), a != b ? "  <" : "");
}

static void print_states(const struct lockstep *l, FILE *out)
{
	const struct x86_state *a = &l->a.s, *b = &l->b.s;

	fprintf(out, "  %-8s %16s  %16s\n", "", l->a.m.vm->engine->name, l->b.m.vm->engine->name);
	print_pair(out, "rip", a->rip[0], b->rip[0]);
	print_pair(out, "rflags", a->rflags[0], b->rflags[0]);
	for (int i = 0; i < X86_GPRS; i++)
		if (i < 8 || (a->efer[0] & EFER_LMA))
			print_pair(out, x86_gpr_names[i], a->gpr[i], b->gpr[i]);
	for (int i = 0; i < X86_SEGS; i++)
		print_pair(out, x86_seg_names[i], a->seg_sel[i], b->seg_sel[i]);
	print_pair(out, "cr0", a->cr0[0], b->cr0[0]);
	print_pair(out, "cr2", a->cr2[0], b->cr2[0]);
	print_pair(out, "cr3", a->cr3[0], b->cr3[0]);
	print_pair(out, "cr4", a->cr4[0], b->cr4[0]);
	print_pair(out, "efer", a->efer[0], b->efer[0]);
	print_pair(out, "event", a->inject_info[0], b->inject_info[0]);
}

static void print_exits(const struct lockstep_side *side, FILE *out)
{
	u64 first = side->nexits > LOCKSTEP_EXITS ? side->nexits - LOCKSTEP_EXITS : 0;

	fprintf(out, "the last exits of %s:\n", side->m.vm->engine->name);
	for (u64 n = first; n < side->nexits; n++) {
		const struct lockstep_exit *e = &side->exit[n % LOCKSTEP_EXITS];
		fprintf(out, "  #%-8llu %-16s qualification %llx  rip %llx  gpa %llx  value %llx\n", ULL(n + 1),
			exit_name(e->reason), ULL(e->qualification), ULL(e->rip), ULL(e->gpa), ULL(e->value));
	}
}

void lockstep_print(const struct lockstep *l, FILE *out)
{
	struct buf b = { 0 };

	code_line_text(&l->code, &b);
	fprintf(out, "diverged in step %llu: %s\n", ULL(l->steps), l->why);
	fprintf(out, "the step began at %s\n", buf_text(&b) ? buf_text(&b) : "(no memory)");
	buf_free(&b);
	print_states(l, out);
	print_exits(&l->a, out);
	print_exits(&l->b, out);
}
