/* SPDX-License-Identifier: GPL-3.0-or-later
 * report.c - what was tested, for people and for graders: text, TAP 14, JUnit's XML, JSON.
 * Rule: nothing of the host is in a report: two runs give the same bytes.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/status.h"
#include "debugger/trap/run-priv.h"

#define ULL(x) ((unsigned long long)(x))

int trap_ntests(const struct trap *t)
{
	return (int)t->ntests;
}

const struct trap_test *trap_test_at(const struct trap *t, int i)
{
	return i >= 0 && (u32)i < t->ntests ? &t->test[i] : NULL;
}

static const char *status_text(int status)
{
	switch (status) {
	case STATUS_OK: return "all is well";
	case STATUS_FAILED: return "an expectation or a test failed";
	case STATUS_USAGE: return "the script is wrong: nothing was run";
	case STATUS_SCRIPT: return "run-time error or failed assert";
	case STATUS_DIED: return "the guest died";
	case STATUS_LIMIT: return "a limit was reached";
	case STATUS_INTERNAL: return "internal error";
	case STATUS_SKIPPED: return "skipped: this build or host lacks something";
	default: return status >= STATUS_SIGNAL ? "ended by a signal" : "the script's own status";
	}
}

static void totals(const struct trap *t, u64 *points, u64 *earned, u32 *failed)
{
	*points = *earned = *failed = 0;
	for (u32 i = 0; i < t->ntests; i++) {
		*points += t->test[i].points;
		*earned += t->test[i].earned;
		*failed += !t->test[i].passed;
	}
}

static void seconds(u64 ns, struct buf *out)
{
	buf_printf(out, "%llu.%09llu", ULL(ns / 1000000000), ULL(ns % 1000000000));
}

/* ---- text ---- */

static void report_text(const struct trap *t, int status, struct buf *out)
{
	u64 points, earned;
	u32 failed;

	totals(t, &points, &earned, &failed);
	for (u32 i = 0; i < t->ntests; i++) {
		const struct trap_test *test = &t->test[i];
		buf_printf(out, "%s  %llu/%llu  %s  (exit #%llu, t=", test->passed ? "pass" : "FAIL", ULL(test->earned),
			   ULL(test->points), test->title, ULL(test->exit));
		time_print((trap_int)test->time_ns, out);
		buf_printf(out, ")\n");
		if (!test->passed)
			buf_printf(out, "      %s\n", test->reason);
	}
	if (t->ntests)
		buf_printf(out, "%u test%s, %u failed; %llu of %llu points\n", t->ntests, t->ntests == 1 ? "" : "s", failed,
			   ULL(earned), ULL(points));
	else if (t->failed)
		buf_printf(out, "%llu of %llu expectations failed\n", ULL(t->failed), ULL(t->expects));
	if (status > STATUS_FAILED && status < STATUS_SIGNAL)
		buf_printf(out, "status %d: %s\n", status, status_text(status));
}

/* ---- TAP 14 (testanything.org) ---- */

/* '#' would begin a directive, a backslash an escape. */
static void tap_title(const char *s, struct buf *out)
{
	for (; *s; s++)
		buf_printf(out, *s == '#' || *s == '\\' ? "\\%c" : (u8)*s < ' ' ? " " : "%c", *s);
}

/* In YAML a string of JSON is a string. */
static void yaml_text(const char *s, struct buf *out)
{
	json_t *text = json_string(s);
	char *dump = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;

	buf_printf(out, "%s", dump ? dump : "\"\"");
	free(dump);
	json_decref(text);
}

static void tap_test(const struct trap_test *test, u32 number, struct buf *out)
{
	buf_printf(out, "%s %u - ", test->passed ? "ok" : "not ok", number);
	tap_title(test->title, out);
	buf_printf(out, "\n  ---\n");
	if (!test->passed) {
		buf_printf(out, "  message: ");
		yaml_text(test->reason, out);
		buf_printf(out, "\n");
	}
	buf_printf(out, "  points: %llu\n  earned: %llu\n  exit: %llu\n  virtual_ns: %llu\n  ...\n", ULL(test->points),
		   ULL(test->earned), ULL(test->exit), ULL(test->time_ns));
}

/* The script itself is the last test: whether it ran to its end as it should. */
static void report_tap(const struct trap *t, int status, struct buf *out)
{
	bool own = !t->ntests || status > STATUS_FAILED;

	for (u32 i = 0; i < t->ntests; i++)
		tap_test(&t->test[i], i + 1, out);
	if (own) {
		buf_printf(out, "%s %u - ", status == STATUS_OK || status == STATUS_SKIPPED ? "ok" : "not ok", t->ntests + 1);
		tap_title(t->file ? t->file : "script", out);
		if (status == STATUS_SKIPPED)
			buf_printf(out, " # SKIP %s", status_text(status));
		buf_printf(out, "\n");
		if (status != STATUS_OK && status != STATUS_SKIPPED)
			buf_printf(out, "  ---\n  message: \"status %d: %s\"\n  ...\n", status, status_text(status));
	}
	buf_printf(out, "1..%u\n", t->ntests + own);
}

/* ---- JUnit's XML ---- */

static void xml_text(const char *s, struct buf *out)
{
	for (; *s; s++) {
		if (*s == '<')
			buf_printf(out, "&lt;");
		else if (*s == '&')
			buf_printf(out, "&amp;");
		else if (*s == '"')
			buf_printf(out, "&quot;");
		else if ((u8)*s < ' ' || (u8)*s > 0x7e) /* what a guest wrote may be no UTF-8 */
			buf_printf(out, "?");
		else
			buf_printf(out, "%c", *s);
	}
}

static void xml_case(const struct trap *t, const char *title, u64 ns, const char *kind, const char *why, struct buf *out)
{
	buf_printf(out, "    <testcase classname=\"");
	xml_text(t->file ? t->file : "script", out);
	buf_printf(out, "\" name=\"");
	xml_text(title, out);
	buf_printf(out, "\" time=\"");
	seconds(ns, out);
	if (!kind) {
		buf_printf(out, "\"/>\n");
		return;
	}
	buf_printf(out, "\">\n      <%s message=\"", kind);
	xml_text(why, out);
	buf_printf(out, "\"/>\n    </testcase>\n");
}

static void report_junit(const struct trap *t, int status, struct buf *out)
{
	bool own = !t->ntests || status > STATUS_FAILED, well = status == STATUS_OK, skipped = status == STATUS_SKIPPED;
	u64 points, earned;
	u32 failed;

	totals(t, &points, &earned, &failed);
	buf_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
	xml_text(t->file ? t->file : "script", out);
	buf_printf(out, "\" tests=\"%u\" failures=\"%u\" errors=\"%d\" skipped=\"%d\" time=\"", t->ntests + own, failed,
		   own && !well && !skipped, own && skipped);
	seconds(t->s->vm->clock.now - t->started_at, out);
	buf_printf(out, "\">\n    <properties>\n      <property name=\"points\" value=\"%llu\"/>\n"
			"      <property name=\"earned\" value=\"%llu\"/>\n    </properties>\n", ULL(points), ULL(earned));
	for (u32 i = 0; i < t->ntests; i++)
		xml_case(t, t->test[i].title, t->test[i].time_ns, t->test[i].passed ? NULL : "failure", t->test[i].reason, out);
	if (own)
		xml_case(t, "the script itself", 0, well ? NULL : skipped ? "skipped" : "error", status_text(status), out);
	buf_printf(out, "  </testsuite>\n</testsuites>\n");
}

/* ---- JSON ---- */

static json_t *text_of(const char *s)
{
	json_t *o = json_string(s);

	return o ? o : json_string("(not UTF-8)");
}

static void report_json(const struct trap *t, int status, struct buf *out)
{
	json_t *tests = json_array(), *all;
	u64 points, earned;
	char *dump;
	u32 failed;

	totals(t, &points, &earned, &failed);
	for (u32 i = 0; i < t->ntests; i++) {
		const struct trap_test *test = &t->test[i];
		json_array_append_new(tests, json_pack("{s:o, s:b, s:I, s:I, s:i, s:i, s:o, s:I, s:I}", "title",
			text_of(test->title), "passed", test->passed, "points", (json_int_t)test->points, "earned",
			(json_int_t)test->earned, "expects", (int)test->expects, "failed", (int)test->failed, "reason",
			text_of(test->reason), "exit", (json_int_t)test->exit, "virtual_ns", (json_int_t)test->time_ns));
	}
	all = json_pack("{s:o, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "script", text_of(t->file ? t->file : ""),
			"status", status, "meaning", status_text(status), "points", (json_int_t)points, "earned",
			(json_int_t)earned, "expects", (json_int_t)t->expects, "failed", (json_int_t)t->failed, "exit",
			(json_int_t)t->s->vm->guest_exits, "virtual_ns", (json_int_t)t->s->vm->clock.now, "stopped",
			t->s->stopped.reason, "tests", tests);
	dump = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
	buf_printf(out, "%s\n", dump ? dump : "{}");
	free(dump);
	json_decref(all);
}

/* ---- the door ---- */

bool trap_report(struct trap *t, const char *kind, int status, struct buf *out)
{
	static const struct { const char *name; void (*write)(const struct trap *t, int status, struct buf *out); } kinds[] = {
		{ "text", report_text }, { "tap", report_tap }, { "junit", report_junit }, { "json", report_json },
	};

	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, kind)) {
			if (out)
				kinds[i].write(t, status, out);
			return true;
		}
	return false;
}
