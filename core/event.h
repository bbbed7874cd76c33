/* SPDX-License-Identifier: GPL-3.0-or-later
 * event.h - the one stream that everything which watches a guest watches.
 * Rule: if a user can see it, an event said it.  Emission costs one mask test when nobody listens.
 */
#ifndef VITRINE_CORE_EVENT_H
#define VITRINE_CORE_EVENT_H

#include "core/base/buf.h"
#include "core/base/types.h"

struct vm_exit;

enum event_kind {
#define EVENT(name, text, fields) EV_##name,
#include "core/events.def"
#undef EVENT
	EV_COUNT
};
#define EV_BIT(name) (1u << EV_##name)
#define EV_ALL ((1u << EV_COUNT) - 1)
_Static_assert(EV_COUNT < 32, "a set of events is a u32: widen it, and all who hold one");

struct event {
	u64 icount;  /* instructions retired by the vCPU; an emitter that cannot know (a device) leaves 0 */
	u64 time;    /* virtual time, ns */
	u64 seq;     /* filled by event_emit: 1, 2, 3 ... */
	u8 vcpu, kind;
	union {
#define A(type, name) type name;
#define S(name) const char *name; /* valid during the callback only; may be NULL */
#define EVENT(name, text, fields) struct { fields } name;
#include "core/events.def"
#undef EVENT
#undef S
#undef A
	};
};

/* EV_STOP: halt at the next instruction boundary.
 * EV_ANSWERED, to EV_leave only and together with EV_STOP if need be: the subscriber has put the answer into
 * vm->vcpu[ev->vcpu].exit, or called vcpu_exception, and the hypervisor does nothing about this exit. Heeded for exits
 * that ask a question (exit_asks); all others have consequences that nobody else can provide. */
enum verdict { EV_GO, EV_STOP, EV_ANSWERED };
/* EV_tlb's what. */
enum tlb_drop { TLB_DROP_PAGE /* INVLPG, with its address */, TLB_DROP_CR3, TLB_DROP_MODE /* CR0, CR4, EFER */, TLB_DROP_PCID };
typedef enum verdict (*event_fn)(void *arg, const struct event *ev);

enum { EVENT_SUBSCRIBERS = 16 };
struct event_stream {
	u32 mask; /* union of the subscribers' masks */
	u64 seq;
	u64 icount; /* where the running vCPU is; kept by the run loop, goes into events that say 0 */
	bool stop; /* a subscriber asked to stop; the run loop clears it */
	bool answered; /* a subscriber answered EV_leave; whoever emits that clears it */
	struct { event_fn fn; void *arg; u32 mask; } sub[EVENT_SUBSCRIBERS];
};

/* Returns an id for event_unsubscribe, or -ENOSPC.  Call engine->observe for insn and mem (vm_subscribe does). */
int event_subscribe(struct event_stream *s, u32 mask, event_fn fn, void *arg);
void event_unsubscribe(struct event_stream *s, int id);
void event_emit(struct event_stream *s, struct event *ev);
static inline bool event_wanted(const struct event_stream *s, enum event_kind kind) { return s->mask >> kind & 1; }

/* Names and printers, generated from events.def */
struct event_field { const char *name; u8 width; /* bytes; 0 = string */ u16 offset; };
struct event_info { const char *name, *brief; int nfields; const struct event_field *fields; };
extern const struct event_info event_infos[EV_COUNT];
int event_by_name(const char *name);                         /* enum event_kind or -1 */
void event_text(const struct event *ev, struct buf *out);    /* one line, no newline: "name field=value ..." */
/* One JSON object, no newline: event, seq, time (ns), icount, vcpu, then the fields.  Numbers up to 32 bits are JSON
 * numbers, 64-bit fields strings "0x...", absent strings null. */
void event_json(const struct event *ev, struct buf *out);

#endif
