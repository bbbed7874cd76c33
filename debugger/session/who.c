/* SPDX-License-Identifier: GPL-3.0-or-later
 * who.c - who last wrote it: a watch, and a search backwards with that watch alone.
 * Rule: what a search finds is proved: from there on to now the content is the same, or somebody else wrote it later.
 */
#include "debugger/session/who.h"

#include <errno.h>
#include <string.h>

#include "core/timeline.h"
#include "core/x86/walk.h"
#include "core/x86/x86.h"
#include "debugger/runner.h"
#include "debugger/session/describe.h"
#include "debugger/session/session-priv.h"

enum { CONTENT_MAX = 4096 };

struct hunt {
	struct session *s;
	const char *name;      /* of the register, or NULL: memory */
	u64 gpa, len;
	u8 now[CONTENT_MAX];   /* what memory holds in the present */
	u8 aside;              /* bits of its first byte that do not count */
	u64 value;             /* a register's, at the latest look */
	struct event latest;   /* the watch's */
	u32 cpu;
};

/* ---- the search ---- */

static enum verdict on_watch(void *arg, const struct event *ev)
{
	struct hunt *h = arg;

	if (!ev->watch.write || ev->watch.gpa >= h->gpa + h->len || ev->watch.gpa + ev->watch.size <= h->gpa)
		return EV_GO;
	h->latest = *ev;
	return EV_STOP;
}

static u64 register_now(const struct hunt *h)
{
	u64 value = 0;

	session_register(h->s, h->cpu, h->name, &value);
	return value;
}

static void begin_stretch(void *arg)
{
	struct hunt *h = arg;

	if (h->name)
		h->value = register_now(h);
}

static enum verdict on_insn(void *arg, const struct event *ev)
{
	struct hunt *h = arg;
	u64 before = h->value;

	if (ev->vcpu != h->cpu)
		return EV_GO;
	h->value = register_now(h);
	return h->value == before ? EV_GO : EV_STOP;
}

static int search(struct hunt *h, struct err *err)
{
	const struct timeline_search by_watch = { EV_BIT(watch), on_watch, begin_stretch, h };
	const struct timeline_search by_insn = { EV_BIT(insn), on_insn, begin_stretch, h };
	const struct watch watch = { .at = h->gpa, .len = h->len, .kinds = WATCH_WRITE, .physical = true };
	struct timeline *t = h->s->timeline;
	int rc = h->name ? 0 : vm_watch_set(h->s->vm, &watch);

	if (rc)
		return err_set(err, -rc, "who: memory cannot be watched here; delete a watchpoint");
	rc = timeline_search_alone(t, timeline_first(t), h->name ? &by_insn : &by_watch, err);
	if (!h->name)
		vm_watch_clear(h->s->vm, &watch);
	return rc;
}

/* ---- devices and hands: what no processor wrote ---- */

static bool content_is_now(struct hunt *h)
{
	u8 then[CONTENT_MAX];

	if (h->name)
		return true;
	return session_read_physical(h->s, h->gpa, then, h->len) == h->len && !((then[0] ^ h->now[0]) & ~h->aside) &&
	       !memcmp(then + 1, h->now + 1, h->len - 1);
}

/* Between `low`, where the content is another one, and `high`, where it is that of now: the first point that has it. */
static int bisect(struct hunt *h, u64 low, u64 high, struct writer *w, struct err *err)
{
	int rc = 0;

	while (!rc && high - low > 1) {
		u64 middle = low + (high - low) / 2;

		rc = timeline_goto(h->s->timeline, middle, err);
		if (!rc && content_is_now(h))
			high = middle;
		else
			low = middle;
	}
	w->kind = WRITER_DEVICE;
	w->icount = high;
	w->gpa = h->gpa;
	w->size = h->len;
	return rc;
}

/* ---- what was found ---- */

static u64 word_at(struct session *s, u64 gpa, u64 size)
{
	u64 word = 0;

	session_read_physical(s, gpa, &word, size < 8 ? size : 8);
	return word;
}

/* The machine stands behind the writer; then before it. */
static int look_at_writer(struct hunt *h, struct writer *w, struct err *err)
{
	struct session *s = h->s;
	int rc;

	w->kind = WRITER_CODE;
	w->icount = vm_icount(s->vm);
	w->cpu = h->cpu;
	if (h->name) {
		w->value = h->value;
	} else {
		w->cpu = h->latest.vcpu;
		w->gpa = h->latest.watch.gpa;
		w->size = h->latest.watch.size;
		w->value = h->latest.watch.value;
	}
	if (w->icount <= timeline_first(s->timeline))
		return 0;
	rc = timeline_goto(s->timeline, w->icount - 1, err);
	w->old = h->name ? register_now(h) : word_at(s, w->gpa, w->size);
	session_register(s, w->cpu, "rip", &w->rip);
	return rc;
}

static int hunt(struct hunt *h, u64 now, struct writer *w, struct err *err)
{
	struct timeline *t = h->s->timeline;
	int rc = search(h, err);

	if (rc < 0)
		return rc;
	if (!rc)
		rc = timeline_goto(t, timeline_first(t), err);
	if (rc < 0)
		return rc;
	if (!content_is_now(h))
		return bisect(h, vm_icount(h->s->vm), now, w, err);
	return rc ? look_at_writer(h, w, err) : 0;
}

static int from_here(struct hunt *h, struct writer *w, struct err *err)
{
	struct session *s = h->s;
	struct checkpoint *here;
	u64 now = vm_icount(s->vm);
	int rc = session_busy(s, err), back;

	*w = (struct writer){ .kind = WRITER_NONE };
	if (rc)
		return rc;
	if (!s->timeline)
		return err_set(err, ENOTSUP, "this machine cannot go back: %s", s->no_time);
	rc = timeline_keep(s->timeline, &here, err);
	if (rc)
		return rc;
	runner_pausable(s->vm);
	rc = hunt(h, now, w, err);
	runner_pausable(NULL);
	back = timeline_put(s->timeline, here, rc < 0 ? NULL : err);
	timeline_drop(s->timeline, here);
	return rc < 0 ? rc : back;
}

static int who_memory(struct session *s, u64 gpa, u64 len, u8 aside, struct writer *w, struct err *err)
{
	struct hunt h = { .s = s, .gpa = gpa, .len = len, .aside = aside };

	if (!len || len > CONTENT_MAX || gpa + len < gpa)
		return err_set(err, EINVAL, "who: expected 1 to %d bytes", CONTENT_MAX);
	if (session_read_physical(s, gpa, h.now, len) != len)
		return err_set(err, EFAULT, "who: no memory at gpa 0x%llx, or not so much; a device's registers are its own affair",
			       (unsigned long long)gpa);
	return from_here(&h, w, err);
}

int session_who_memory(struct session *s, u64 gpa, u64 len, struct writer *w, struct err *err)
{
	return who_memory(s, gpa, len, 0, w, err);
}

/* The processor sets both flags by itself while it walks: no instruction writes them (SDM 3A 4.8). */
int session_who_entry(struct session *s, u64 gpa, u64 len, struct writer *w, struct err *err)
{
	return who_memory(s, gpa, len, PTE_A | PTE_D, w, err);
}

int session_who_register(struct session *s, const char *name, struct writer *w, struct err *err)
{
	struct hunt h = { .s = s, .name = name, .cpu = s->cpu };

	if (!session_register_known(name))
		return err_set(err, EINVAL, "who: no register is called '%.40s'; `regs` shows the names", name);
	return from_here(&h, w, err);
}

int session_who_place(struct session *s, u64 gva, u64 *gpa, u64 *entry, struct err *err)
{
	struct walk_result res;
	struct paging p;
	bool mapped;

	*entry = 0;
	if (paging_of(s, s->cpu, &p))
		return err_set(err, EIO, "the processor's state could not be read");
	mapped = walk(&p.env, gva, WALK_LOOK, &res);
	if (res.steps)
		*entry = res.step[res.steps - 1].gpa;
	*gpa = mem_gpa(&s->vm->mem, res.gpa);
	return mapped ? 0 : err_set(err, EFAULT, "gva 0x%llx is not mapped", (unsigned long long)gva);
}
