/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-stats.c - figures: exits per reason with their costs, and counters by their Prometheus names.
 * Rule: a counter is a row of the table; screen, CSV and Prometheus' text are loops over the same rows.
 * Source: Prometheus' exposition format (text, version 0.0.4).
 */
#include <stdio.h>

#include "core/exit.h"
#include "debugger/session/describe.h"
#include "debugger/session/figures.h"
#include "debugger/session/history.h"

#define ULL(x) ((unsigned long long)(x))
enum { STRIP = 16, NS_FIRST = 5 }; /* columns of a histogram; its first column is below 2^(NS_FIRST + 1) ns */

/* ---- costs ---- */

u64 describe_percentile(const struct history_reason *r, u32 per_mille)
{
	u64 total = 0, seen = 0, want;

	for (int b = 0; b < HISTORY_BUCKETS; b++)
		total += r->bucket[b];
	want = total / 1000 * per_mille + total % 1000 * per_mille / 1000;
	for (int b = 0; b < HISTORY_BUCKETS; b++) {
		seen += r->bucket[b];
		if (r->bucket[b] && seen > want)
			return (1ull << b) + (b ? 1ull << (b - 1) : 0);
		if (seen == total && total)
			return (1ull << b) + (b ? 1ull << (b - 1) : 0);
	}
	return 0;
}

/* Four digits and a unit, 7 columns. */
static void time_text(u64 ns, char out[16])
{
	if (ns < 1000)
		snprintf(out, 16, "%4llu ns", ULL(ns));
	else if (ns < 1000000)
		snprintf(out, 16, "%4.1f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		snprintf(out, 16, "%4.1f ms", (double)ns / 1e6);
	else
		snprintf(out, 16, "%4.1f s ", (double)ns / 1e9);
}

/* One character per power of two: how much of the total falls there. */
static void strip_text(const struct history_reason *r, char out[STRIP + 1])
{
	static const char shade[] = ".:-=+*#%@";
	u64 column[STRIP] = { 0 }, total = 0;

	for (int b = 0; b < HISTORY_BUCKETS; b++) {
		int at = b < NS_FIRST ? 0 : b - NS_FIRST < STRIP ? b - NS_FIRST : STRIP - 1;

		column[at] += r->bucket[b];
		total += r->bucket[b];
	}
	for (int i = 0; i < STRIP; i++)
		out[i] = column[i] ? shade[column[i] * 8 / total] : ' ';
	out[STRIP] = 0;
}

static u64 exits_of(const struct session *s)
{
	u64 total = 0;

	for (int i = 0; i < EXIT_COUNT; i++)
		total += s->history.reason[i].count;
	return total;
}

static void reason_line(const struct session *s, int reason, u64 total, int width, bool times,
			struct lines *l)
{
	const struct history_reason *r = &s->history.reason[reason];
	const char *name = exit_name((u16)reason);
	char p50[16], p99[16], all[16], strip[STRIP + 1];
	struct line *line;

	time_text(describe_percentile(r, 500), p50);
	time_text(describe_percentile(r, 990), p99);
	time_text(r->cost_ns, all);
	strip_text(r, strip);
	line = lines_add(l, LINE_TEXT, "%-13s %10llu %5.1f%%", name ? name : "?", ULL(r->count),
			 100.0 * (double)r->count / (double)total);
	if (times)
		lines_more(l, " %s", p50);
	if (times && width >= 64)
		lines_more(l, " %s |%s|", p99, strip);
	if (times && width >= 74)
		lines_more(l, " %s", all);
	line->about = ABOUT_REASON;
	line->value = (u64)reason;
}

static void reasons(const struct session *s, int width, bool times, struct lines *l)
{
	bool shown[EXIT_COUNT] = { false };
	u64 total = exits_of(s);

	lines_add(l, LINE_TITLE, "%-13s %10s %6s", "reason", "count", "share");
	if (times)
		lines_more(l, " %7s", "p50");
	if (times && width >= 64)
		lines_more(l, " %7s |<64ns      >=1ms|", "p99");
	if (times && width >= 74)
		lines_more(l, " %7s", "all");
	for (;;) { /* the most frequent first */
		int best = -1;

		for (int i = 0; i < EXIT_COUNT; i++)
			if (!shown[i] && s->history.reason[i].count &&
			    (best < 0 || s->history.reason[i].count > s->history.reason[best].count))
				best = i;
		if (best < 0)
			break;
		shown[best] = true;
		reason_line(s, best, total, width, times, l);
	}
	if (!total)
		lines_add(l, LINE_DIM, "no exit yet");
}

/* ---- counters ---- */

static u64 instructions(const struct session *s) { return vm_icount(s->vm); }
static u64 exits(const struct session *s) { return s->vm->exits; }
static u64 guest_exits(const struct session *s) { return s->vm->guest_exits; }
static u64 inputs(const struct session *s) { return s->vm->inputs; }
static u64 lost_ports(const struct session *s) { return s->vm->port.unclaimed; }
static u64 lost_memory(const struct session *s) { return s->vm->mmio.unclaimed; }
static u64 virtual_ns(const struct session *s) { return s->vm->clock.now; }
static u64 frames_used(const struct session *s) { return s->vm->frames->used; }
static u64 processors(const struct session *s) { return s->vm->ncpus; }

static const struct counter {
	const char *name, *brief;
	bool gauge, seconds; /* seconds: get() counts ns */
	u64 (*get)(const struct session *s);
} counters[] = {
	{ "vitrine_instructions_total", "instructions retired", false, false, instructions },
	{ "vitrine_virtual_seconds_total", "virtual time", false, true, virtual_ns },
	{ "vitrine_exits_total", "exits, the hypervisor's own too", false, false, exits },
	{ "vitrine_guest_exits_total", "exits that the guest caused", false, false, guest_exits },
	{ "vitrine_inputs_total", "what came from outside", false, false, inputs },
	{ "vitrine_unclaimed_ports_total", "to ports nobody answers at", false, false, lost_ports },
	{ "vitrine_unclaimed_memory_total", "to addresses nobody answers at", false, false, lost_memory },
	{ "vitrine_frames_used", "frames of 4 KiB in use", true, false, frames_used },
	{ "vitrine_processors", "virtual processors", true, false, processors },
};

static void counter_lines(const struct session *s, struct lines *l)
{
	lines_add(l, LINE_TITLE, "counters, by their Prometheus names");
	for (u32 i = 0; i < ARRAY_LEN(counters); i++) {
		u64 v = counters[i].get(s);

		if (counters[i].seconds)
			lines_add(l, LINE_TEXT, "%-31s %13.6f  %s", counters[i].name, (double)v / 1e9,
				  counters[i].brief);
		else
			lines_add(l, LINE_TEXT, "%-31s %13llu  %s", counters[i].name, ULL(v),
				  counters[i].brief);
	}
	lines_add(l, LINE_TITLE, "translation of addresses");
	for (u32 i = 0; i < figure_count; i++)
		if (figure_get(&figures[i], s->vm))
			lines_add(l, LINE_TEXT, "%-20s %13llu  %s", figures[i].name, ULL(figure_get(&figures[i], s->vm)),
				  figures[i].brief);
}

void describe_stats(struct session *s, int width, bool times, struct lines *l)
{
	reasons(s, width, times, l);
	counter_lines(s, l);
}

/* ---- for other programs ---- */

void describe_stats_csv(struct session *s, struct buf *out)
{
	buf_printf(out, "reason,count,cost_ns,p50_ns,p99_ns");
	for (int b = 0; b < HISTORY_BUCKETS; b++)
		buf_printf(out, ",below_%llu_ns", 2ull << b);
	buf_printf(out, "\n");
	for (int i = 0; i < EXIT_COUNT; i++) {
		const struct history_reason *r = &s->history.reason[i];
		const char *name = exit_name((u16)i);

		if (!r->count)
			continue;
		buf_printf(out, "%s,%llu,%llu,%llu,%llu", name ? name : "?", ULL(r->count), ULL(r->cost_ns),
			   ULL(describe_percentile(r, 500)), ULL(describe_percentile(r, 990)));
		for (int b = 0; b < HISTORY_BUCKETS; b++)
			buf_printf(out, ",%llu", ULL(r->bucket[b]));
		buf_printf(out, "\n");
	}
}

static void prometheus_reason(const struct history_reason *r, const char *name, struct buf *out)
{
	u64 below = 0;

	for (int b = 0; b < HISTORY_BUCKETS; b++) {
		below += r->bucket[b];
		if (r->bucket[b])
			buf_printf(out, "vitrine_exit_seconds_bucket{reason=\"%s\",le=\"%.9f\"} %llu\n", name,
				   (double)(2ull << b) / 1e9, ULL(below));
	}
	buf_printf(out, "vitrine_exit_seconds_bucket{reason=\"%s\",le=\"+Inf\"} %llu\n", name, ULL(below));
	buf_printf(out, "vitrine_exit_seconds_sum{reason=\"%s\"} %.9f\n", name, (double)r->cost_ns / 1e9);
	buf_printf(out, "vitrine_exit_seconds_count{reason=\"%s\"} %llu\n", name, ULL(below));
}

void describe_stats_prometheus(struct session *s, struct buf *out)
{
	for (u32 i = 0; i < ARRAY_LEN(counters); i++) {
		const struct counter *c = &counters[i];

		buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", c->name, c->brief, c->name,
			   c->gauge ? "gauge" : "counter");
		if (c->seconds)
			buf_printf(out, "%s %.9f\n", c->name, (double)c->get(s) / 1e9);
		else
			buf_printf(out, "%s %llu\n", c->name, ULL(c->get(s)));
	}
	for (u32 i = 0; i < figure_count; i++)
		buf_printf(out, "# HELP vitrine_%s_total %s\n# TYPE vitrine_%s_total counter\nvitrine_%s_total %llu\n",
			   figures[i].name, figures[i].brief, figures[i].name, figures[i].name,
			   ULL(figure_get(&figures[i], s->vm)));
	buf_printf(out, "# HELP vitrine_exit_seconds host time to handle an exit\n"
			"# TYPE vitrine_exit_seconds histogram\n");
	for (int i = 0; i < EXIT_COUNT; i++) {
		const char *name = exit_name((u16)i);

		if (s->history.reason[i].count)
			prometheus_reason(&s->history.reason[i], name ? name : "?", out);
	}
}
