/* SPDX-License-Identifier: GPL-3.0-or-later
 * event.c - subscribers, and the names, fields and printers made from events.def.
 * Rule: nothing here knows a particular event; a new line in events.def prints itself.
 */
#include "core/event.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/json.h"

/* events.def has one event per line, so the line number names its fields' struct while the rows are made. */
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define FIELDS_HERE PASTE(event_fields_, __LINE__)

#define A(type, name) type name;
#define S(name) const char *name;
#define EVENT(name, text, fields) \
	struct FIELDS_HERE { \
		fields \
	};
#include "core/events.def"
#undef EVENT
#undef S
#undef A

/* All members of the union start where its first one does. */
#define OFFSET_(name) (offsetof(struct event, insn) + offsetof(struct FIELDS_HERE, name))
#define A(type, name) { #name, sizeof(type), OFFSET_(name) },
#define S(name) { #name, 0, OFFSET_(name) },
#define EVENT(name, text, fields) static const struct event_field name##_fields[] = { fields };
#include "core/events.def"
#undef EVENT
#undef S
#undef A

const struct event_info event_infos[EV_COUNT] = {
#define EVENT(name, text, fields) [EV_##name] = { #name, text, ARRAY_LEN(name##_fields), name##_fields },
#include "core/events.def"
#undef EVENT
};

static void update_mask(struct event_stream *s)
{
	s->mask = 0;
	for (int i = 0; i < EVENT_SUBSCRIBERS; i++)
		if (s->sub[i].fn)
			s->mask |= s->sub[i].mask;
}

int event_subscribe(struct event_stream *s, u32 mask, event_fn fn, void *arg)
{
	for (int id = 0; id < EVENT_SUBSCRIBERS; id++) {
		if (s->sub[id].fn)
			continue;
		s->sub[id].fn = fn;
		s->sub[id].arg = arg;
		s->sub[id].mask = mask & EV_ALL;
		update_mask(s);
		return id;
	}
	return -ENOSPC;
}

void event_unsubscribe(struct event_stream *s, int id)
{
	if (id < 0 || id >= EVENT_SUBSCRIBERS)
		return;
	s->sub[id].fn = NULL;
	s->sub[id].mask = 0;
	update_mask(s);
}

void event_emit(struct event_stream *s, struct event *ev)
{
	ev->seq = ++s->seq;
	if (!ev->icount)
		ev->icount = s->icount;
	/* A subscriber may leave, or others join, while it is being told: look at each place afresh. */
	for (int i = 0; i < EVENT_SUBSCRIBERS; i++) {
		if (!s->sub[i].fn || !(s->sub[i].mask >> ev->kind & 1))
			continue;
		u32 verdict = s->sub[i].fn(s->sub[i].arg, ev);
		s->stop |= verdict & EV_STOP;
		s->answered |= verdict & EV_ANSWERED;
	}
}

int event_by_name(const char *name)
{
	for (int kind = 0; kind < EV_COUNT; kind++)
		if (!strcmp(event_infos[kind].name, name))
			return kind;
	return -1;
}

static u64 number_of(const struct event *ev, const struct event_field *f)
{
	u64 value = 0;

	memcpy(&value, (const u8 *)ev + f->offset, f->width);
	return value;
}

static const char *string_of(const struct event *ev, const struct event_field *f)
{
	const char *text;

	memcpy(&text, (const u8 *)ev + f->offset, sizeof(text));
	return text;
}

void event_text(const struct event *ev, struct buf *out)
{
	const struct event_info *info = &event_infos[ev->kind];

	buf_printf(out, "%s", info->name);
	for (const struct event_field *f = info->fields; f < info->fields + info->nfields; f++) {
		buf_printf(out, " %s=", f->name);
		if (f->width)
			buf_printf(out, "%#" PRIx64, number_of(ev, f));
		else if (string_of(ev, f))
			json_put_string(out, string_of(ev, f));
		else
			buf_printf(out, "-");
	}
}

/* A 64-bit field is a string of hexadecimal digits: JSON readers commonly lose integers above 2^53. */
static void json_field(const struct event *ev, const struct event_field *f, struct buf *out)
{
	buf_printf(out, ",\"%s\":", f->name);
	if (!f->width)
		json_put_string(out, string_of(ev, f));
	else if (f->width == 8)
		buf_printf(out, "\"0x%" PRIx64 "\"", number_of(ev, f));
	else
		buf_printf(out, "%" PRIu64, number_of(ev, f));
}

void event_json(const struct event *ev, struct buf *out)
{
	const struct event_info *info = &event_infos[ev->kind];

	buf_printf(out,
		   "{\"event\":\"%s\",\"seq\":%" PRIu64 ",\"time\":%" PRIu64 ",\"icount\":%" PRIu64
		   ",\"vcpu\":%u",
		   info->name, ev->seq, ev->time, ev->icount, (unsigned)ev->vcpu);
	for (const struct event_field *f = info->fields; f < info->fields + info->nfields; f++)
		json_field(ev, f, out);
	buf_printf(out, "}");
}
