/* SPDX-License-Identifier: GPL-3.0-or-later
 * history.c - the exits of a session: noted as they happen, forgotten when time goes back.
 * Rule: only what the guest caused is noted, under the number that the machine gives it.
 */
#include "debugger/session/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "debugger/manual.h"
#include "debugger/session/session-priv.h"

#define ULL(x) ((unsigned long long)(x))

static int bucket_of(u64 ns)
{
	int b = ns ? 63 - __builtin_clzll(ns) : 0;

	return b < HISTORY_BUCKETS ? b : HISTORY_BUCKETS - 1;
}

static void count(struct history *h, const struct history_exit *e, i64 by)
{
	struct history_reason *r = &h->reason[e->reason < EXIT_COUNT ? e->reason : 0];

	r->count += (u64)by;
	r->cost_ns += (u64)by * e->cost_ns;
	r->bucket[bucket_of(e->cost_ns)] += (u64)by;
}

static void note(struct session *s, const struct event *ev)
{
	struct session_priv *p = s->priv;
	struct history *h = &s->history;
	u64 cost = p->left_ns[ev->vcpu] ? clock_host_ns() - p->left_ns[ev->vcpu] : 0;
	struct history_exit e = {
		.number = ev->exit.number, .icount = ev->icount, .time = ev->time, .at = vm_icount(s->vm), .rip = ev->exit.rip,
		.qualification = ev->exit.qualification, .gpa = ev->exit.gpa, .value = ev->exit.value, .cost_ns = cost,
		.gap = (u32)(ev->icount - p->last_icount[ev->vcpu]), .reason = ev->exit.reason, .vcpu = ev->vcpu,
		.who = ev->exit.who, .what = ev->exit.what,
	};

	if (e.number != h->next) /* others happened while nobody looked */
		h->first = e.number;
	h->ring[e.number % HISTORY_EXITS] = e;
	h->next = e.number + 1;
	if (h->next - h->first > HISTORY_EXITS)
		h->first = h->next - HISTORY_EXITS;
	p->last_icount[ev->vcpu] = ev->icount;
	count(h, &e, 1);
}

/* Is this the exit that the run is to stop after? */
static bool is_goal(struct session *s, const struct event *ev)
{
	struct session_priv *p = s->priv;

	if (p->exit_goal)
		return s->vm->guest_exits >= p->exit_goal;
	if (s->searching || !p->goal_count || (p->goal_cpu < VM_VCPUS && ev->vcpu != p->goal_cpu))
		return false;
	return !--p->goal_count;
}

static enum verdict on_event(void *arg, const struct event *ev)
{
	struct session *s = arg;

	if (ev->kind == EV_leave) {
		s->priv->left_ns[ev->vcpu] = clock_host_ns();
		return EV_GO;
	}
	if (!exit_is_guests(ev->exit.reason) || !ev->exit.number) /* or the hypervisor's own affair (core/on-exit.c) */
		return EV_GO;
	if (!s->searching)
		note(s, ev);
	if (!is_goal(s, ev))
		return EV_GO;
	if (!s->searching)
		session_stop_because(s, "exit", "exit #%llu %s", ULL(ev->exit.number), exit_name(ev->exit.reason));
	return EV_STOP;
}

int history_open(struct session *s, struct err *err)
{
	struct history *h = &s->history;

	h->vm = s->vm;
	h->ring = calloc(HISTORY_EXITS, sizeof(*h->ring));
	if (!h->ring)
		return err_set(err, ENOMEM, "no memory for the list of exits");
	h->first = h->next = s->vm->guest_exits + 1;
	s->priv->at_exit = vm_subscribe(s->vm, EV_BIT(exit) | EV_BIT(leave), on_event, s);
	if (s->priv->at_exit < 0)
		return err_set(err, ENOSPC, "the machine's exits cannot be watched: too many watch already");
	return 0;
}

void history_close(struct session *s)
{
	if (s->vm && s->priv->at_exit >= 0)
		vm_unsubscribe(s->vm, s->priv->at_exit);
	free(s->history.ring);
	s->history.ring = NULL;
}

void history_rewind(struct session *s)
{
	struct history *h = &s->history;
	struct session_priv *p = s->priv;
	u64 next = s->vm->guest_exits + 1;

	p->ended = false;
	while (h->next > next && h->next > h->first)
		count(h, &h->ring[--h->next % HISTORY_EXITS], -1);
	if (h->next != next) /* beyond what is listed, either way */
		h->first = h->next = next;
	if (next == 1)
		memset(h->reason, 0, sizeof(h->reason));
	for (u32 i = 0; i < s->vm->ncpus; i++) {
		p->last_icount[i] = s->vm->vcpu[i].clock_icount;
		p->left_ns[i] = 0;
	}
	for (u64 n = h->first; n < h->next; n++)
		p->last_icount[h->ring[n % HISTORY_EXITS].vcpu] = h->ring[n % HISTORY_EXITS].icount;
}

const struct history_exit *history_exit_get(const struct history *h, u64 number)
{
	return h->ring && number >= h->first && number < h->next ? &h->ring[number % HISTORY_EXITS] : NULL;
}

/* ---- as text ---- */

/* SDM 3C table 27-5 */
static void io_text(const struct history_exit *e, struct buf *out)
{
	static const char *const sizes[] = { "byte", "word", "?", "dword" };
	bool in = e->qualification & 8;
	u32 size = e->qualification & 7;

	buf_printf(out, "%s%s %llx %s ", e->qualification & 16 ? (e->qualification & 32 ? "rep " : "") : "",
		   e->qualification & 16 ? (in ? "ins" : "outs") : in ? "in" : "out", ULL(e->qualification >> 16 & 0xffff),
		   sizes[size & 3]);
	buf_printf(out, "%0*llx", (int)(size + 1) * 2, ULL(e->value));
}

static void text_of(const struct history_exit *e, struct buf *out)
{
	u64 q = e->qualification;

	switch (e->reason) {
	case EXIT_IO: io_text(e, out); break;
	case EXIT_EPT_VIOLATION:
		buf_printf(out, "%s gpa %llx value %llx", q & 4 ? "x" : q & 2 ? "w" : "r", ULL(e->gpa), ULL(e->value));
		break;
	case EXIT_RDMSR:
	case EXIT_WRMSR: buf_printf(out, "value %llx", ULL(e->value)); break;
	case EXIT_CR_ACCESS: /* SDM 3C table 27-3 */
		buf_printf(out, "cr%llu %s", ULL(q & 15), q & 0x30 ? "read" : "written");
		break;
	default:
		if (q)
			buf_printf(out, "qualification %llx", ULL(q));
	}
}

void history_text(const struct history_exit *e, int width, struct buf *out)
{
	const char *name = exit_name(e->reason);
	size_t start = out->len, most = width > 0 ? (size_t)width : 0;

	buf_printf(out, "%-13s ", name ? name : "?");
	text_of(e, out);
	if (e->who || e->what)
		buf_printf(out, "  %s%s%s", e->who ? e->who : "", e->who && e->what ? " " : "", e->what ? e->what : "");
	while (out->len > start && out->data[out->len - 1] == ' ')
		out->len--;
	if (out->len - start > most)
		out->len = start + most;
}
