/* SPDX-License-Identifier: GPL-3.0-or-later
 * event.c - facts about the event stream, its names, fields and printers; and about exit reasons.
 * Rule: jansson is the judge of the JSON; the manual's tables are the judge of the exits.
 */
#include "core/event.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/exit.h"
#include "tests/unit/unit.h"

struct seen {
	struct event_stream *stream;
	int n, leave_id;
	struct event last;
	enum verdict answer;
};

static enum verdict watch(void *arg, const struct event *ev)
{
	struct seen *s = arg;

	s->n++;
	s->last = *ev;
	if (s->leave_id >= 0)
		event_unsubscribe(s->stream, s->leave_id);
	return s->answer;
}

START_TEST(names_and_fields_come_from_the_list)
{
	const struct event_info *io = &event_infos[EV_io];

	for (int k = 0; k < EV_COUNT; k++) {
		ck_assert_int_eq(event_by_name(event_infos[k].name), k);
		ck_assert_uint_gt(strlen(event_infos[k].brief), 5);
	}
	ck_assert_int_eq(event_by_name("nothing"), -1);
	ck_assert_str_eq(io->name, "io");
	ck_assert_int_eq(io->nfields, 6);
	ck_assert_str_eq(io->fields[3].name, "value");
	ck_assert_uint_eq(io->fields[3].width, 8);
	ck_assert_uint_eq(io->fields[3].offset, offsetof(struct event, io.value));
	ck_assert_uint_eq(io->fields[4].width, 0);
	ck_assert_uint_eq(io->fields[4].offset, offsetof(struct event, io.who));
}
END_TEST

START_TEST(every_field_lies_in_the_event)
{
	/* One member of each event's struct, found by the compiler and by the table. */
	static const struct {
		const char *event, *field;
		size_t offset;
	} facts[] = {
		{ "insn", "len", offsetof(struct event, insn.len) },
		{ "mem", "value", offsetof(struct event, mem.value) },
		{ "exit", "what", offsetof(struct event, exit.what) },
		{ "mmio", "size", offsetof(struct event, mmio.size) },
		{ "irq", "level", offsetof(struct event, irq.level) },
		{ "intr", "rip", offsetof(struct event, intr.rip) },
		{ "fault", "while_vector", offsetof(struct event, fault.while_vector) },
		{ "timer", "who", offsetof(struct event, timer.who) },
		{ "input", "value", offsetof(struct event, input.value) },
		{ "mark", "value", offsetof(struct event, mark.value) },
		{ "debug", "byte", offsetof(struct event, debug.byte) },
		{ "state", "efer", offsetof(struct event, state.efer) },
		{ "log", "text", offsetof(struct event, log.text) },
		{ "stop", "status", offsetof(struct event, stop.status) },
	};

	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		const struct event_info *info = &event_infos[event_by_name(facts[i].event)];
		int f = 0;

		while (f < info->nfields && strcmp(info->fields[f].name, facts[i].field))
			f++;
		ck_assert_int_lt(f, info->nfields);
		ck_assert_msg(info->fields[f].offset == facts[i].offset, "%s.%s: %u", facts[i].event,
			      facts[i].field, info->fields[f].offset);
	}
}
END_TEST

START_TEST(subscribers_get_what_they_asked_for)
{
	struct event_stream s = { 0 };
	struct seen a = { &s, 0, -1, { 0 }, EV_GO }, b = a;
	struct event ev = { .kind = EV_irq, .icount = 17 };
	int id_a, id_b;

	ck_assert(!event_wanted(&s, EV_irq));
	id_a = event_subscribe(&s, EV_BIT(irq) | EV_BIT(io), watch, &a);
	id_b = event_subscribe(&s, EV_BIT(mark), watch, &b);
	ck_assert(event_wanted(&s, EV_irq) && event_wanted(&s, EV_mark) && !event_wanted(&s, EV_exit));
	event_emit(&s, &ev);
	event_emit(&s, &ev);
	ck_assert_int_eq(a.n, 2);
	ck_assert_int_eq(b.n, 0);
	ck_assert_uint_eq(a.last.seq, 2);
	ck_assert_uint_eq(a.last.icount, 17);
	event_unsubscribe(&s, id_a);
	event_unsubscribe(&s, id_a);
	event_unsubscribe(&s, -1);
	event_unsubscribe(&s, 1000);
	ck_assert(!event_wanted(&s, EV_irq) && event_wanted(&s, EV_mark));
	event_unsubscribe(&s, id_b);
	ck_assert_uint_eq(s.mask, 0);
}
END_TEST

START_TEST(who_does_not_know_the_count_gets_the_streams)
{
	struct event_stream s = { .icount = 99 };
	struct seen a = { &s, 0, -1, { 0 }, EV_GO };
	struct event ev = { .kind = EV_mark };

	event_subscribe(&s, EV_ALL, watch, &a);
	event_emit(&s, &ev);
	ck_assert_uint_eq(a.last.icount, 99);
}
END_TEST

START_TEST(one_stop_is_enough_and_all_are_told)
{
	struct event_stream s = { 0 };
	struct seen a = { &s, 0, -1, { 0 }, EV_STOP }, b = { &s, 0, -1, { 0 }, EV_GO };
	struct event ev = { .kind = EV_mark };

	event_subscribe(&s, EV_ALL, watch, &a);
	event_subscribe(&s, EV_ALL, watch, &b);
	event_emit(&s, &ev);
	ck_assert(s.stop);
	ck_assert_int_eq(b.n, 1);
}
END_TEST

START_TEST(a_subscriber_may_leave_while_told)
{
	struct event_stream s = { 0 };
	struct seen a = { &s, 0, 0, { 0 }, EV_GO }, b = { &s, 0, -1, { 0 }, EV_GO };
	struct event ev = { .kind = EV_mark };

	a.leave_id = event_subscribe(&s, EV_ALL, watch, &a);
	event_subscribe(&s, EV_ALL, watch, &b);
	event_emit(&s, &ev);
	event_emit(&s, &ev);
	ck_assert_int_eq(a.n, 1);
	ck_assert_int_eq(b.n, 2);
}
END_TEST

START_TEST(places_run_out)
{
	struct event_stream s = { 0 };
	struct seen a = { &s, 0, -1, { 0 }, EV_GO };

	for (int i = 0; i < EVENT_SUBSCRIBERS; i++)
		ck_assert_int_ge(event_subscribe(&s, EV_ALL, watch, &a), 0);
	ck_assert_int_eq(event_subscribe(&s, EV_ALL, watch, &a), -ENOSPC);
}
END_TEST

START_TEST(text_of_an_event)
{
	struct event ev = { .kind = EV_io, .io = { 0x3f8, 1, 1, 0x41, "uart", NULL } };
	struct buf b = { 0 };

	event_text(&ev, &b);
	ck_assert_str_eq(buf_text(&b), "io port=0x3f8 size=0x1 write=0x1 value=0x41 who=\"uart\" what=-");
	buf_free(&b);
}
END_TEST

START_TEST(json_of_an_event)
{
	struct event ev = { .kind = EV_io,
			    .seq = 3,
			    .time = 1234567890123,
			    .icount = 5,
			    .vcpu = 1,
			    .io = { 0x3f8, 1, 1, UINT64_MAX, "\"a\"\n\xff", NULL } };
	struct buf b = { 0 };
	json_error_t why;
	json_t *j;

	event_json(&ev, &b);
	j = json_loads(buf_text(&b), JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(j != NULL, "%s: %s", buf_text(&b), why.text);
	ck_assert_str_eq(json_string_value(json_object_get(j, "event")), "io");
	ck_assert_int_eq(json_integer_value(json_object_get(j, "seq")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "time")), 1234567890123);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "icount")), 5);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "vcpu")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(j, "port")), 0x3f8);
	ck_assert_str_eq(json_string_value(json_object_get(j, "value")), "0xffffffffffffffff");
	ck_assert_str_eq(json_string_value(json_object_get(j, "who")), "\"a\"\n\xef\xbf\xbd");
	ck_assert(json_is_null(json_object_get(j, "what")));
	json_decref(j);
	buf_free(&b);
}
END_TEST

START_TEST(every_event_prints)
{
	for (int k = 0; k < EV_COUNT; k++) {
		struct event ev = { .kind = (u8)k, .seq = 1 };
		struct buf b = { 0 };
		json_t *j;

		event_text(&ev, &b);
		ck_assert_uint_eq(strncmp(buf_text(&b), event_infos[k].name, strlen(event_infos[k].name)), 0);
		b.len = 0;
		event_json(&ev, &b);
		j = json_loads(buf_text(&b), JSON_REJECT_DUPLICATES,
			       NULL); /* no field may be called like a header's */
		ck_assert_msg(j != NULL, "%s", buf_text(&b));
		ck_assert_uint_eq(json_object_size(j), 5 + (size_t)event_infos[k].nfields);
		json_decref(j);
		buf_free(&b);
	}
}
END_TEST

START_TEST(exits_have_the_manuals_numbers_and_titles)
{
	ck_assert_str_eq(exit_title(30), "I/O instruction");
	ck_assert_str_eq(exit_name(30), "IO");
	ck_assert_str_eq(exit_title(48), "EPT violation");
	ck_assert_str_eq(exit_title(2), "Triple fault");
	ck_assert_ptr_nonnull(exit_cause(12));
	ck_assert_ptr_null(exit_title(8));
	ck_assert_ptr_null(exit_name(EXIT_COUNT));
	ck_assert_ptr_null(exit_cause(0xffff));
	for (u16 r = 0; r < EXIT_COUNT; r++)
		ck_assert(!exit_title(r) == !exit_name(r) && !exit_title(r) == !exit_cause(r));
}
END_TEST

START_TEST(qualifications_are_packed_as_the_manual_says)
{
	/* OUT DX, AL to 3F8h; IN AL, 60h; REP INSD from 1F0h */
	ck_assert_uint_eq(exit_io_qualification(0x3f8, 1, true, false, false, false), 0x03f80000);
	ck_assert_uint_eq(exit_io_qualification(0x60, 1, false, false, false, true), 0x00600048);
	ck_assert_uint_eq(exit_io_qualification(0x1f0, 4, false, true, true, false), 0x01f0003b);
	ck_assert_uint_eq(exit_io_qualification(0xffff, 2, true, false, false, false), 0xffff0001);
	ck_assert_uint_eq(exit_ept_qualification(1, 0, true, true), 0x181);
	ck_assert_uint_eq(exit_ept_qualification(3, 5, true, false), 0xab);
	ck_assert_uint_eq(exit_ept_qualification(4, 0, false, false), 0x4);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		names_and_fields_come_from_the_list,
		every_field_lies_in_the_event,
		subscribers_get_what_they_asked_for,
		who_does_not_know_the_count_gets_the_streams,
		one_stop_is_enough_and_all_are_told,
		a_subscriber_may_leave_while_told,
		places_run_out,
		text_of_an_event,
		json_of_an_event,
		every_event_prints,
		exits_have_the_manuals_numbers_and_titles,
		qualifications_are_packed_as_the_manual_says,
	};

	return unit_run("event", tests, ARRAY_LEN(tests));
}
