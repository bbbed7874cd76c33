/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-reasons.c - how often each reason, its share and its cost.
 * Rule: the most frequent is first; counts are the guest's, times are the host's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/session/describe.h"
#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

enum { WIDE = 64, HIST_FROM = 8, HIST = 12 }; /* columns of the histogram: 2^8 ns and less, up to 2^19 ns and more */
#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "Enter", "only the exits of this reason in the history; again: all" },
	{ 0 },
};

struct row { u16 reason; u64 count; };

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : (int)x->reason - (int)y->reason;
}

static int collect(const struct pane *p, struct row row[EXIT_COUNT], u64 *total)
{
	int n = 0;

	*total = 0;
	for (u16 i = 0; i < EXIT_COUNT; i++) {
		u64 count = p->s->history.reason[i].count;
		*total += count;
		if (count)
			row[n++] = (struct row){ i, count };
	}
	qsort(row, (size_t)n, sizeof(*row), by_count);
	return n;
}

/* One character per power of two, the fullest is #. */
static void histogram(const struct history_reason *r, char out[HIST + 1])
{
	u64 sum[HIST] = { 0 }, most = 1;

	for (int b = 0; b < HISTORY_BUCKETS; b++) {
		int i = b - HIST_FROM;
		sum[i < 0 ? 0 : i >= HIST ? HIST - 1 : i] += r->bucket[b];
	}
	for (int i = 0; i < HIST; i++)
		most = sum[i] > most ? sum[i] : most;
	for (int i = 0; i < HIST; i++)
		out[i] = " .:+#"[sum[i] ? 1 + sum[i] * 3 / most : 0];
	out[HIST] = 0;
}

static void draw_row(struct pane *p, struct area a, i32 at, const struct row *r, u64 total)
{
	const struct history_reason *h = &p->s->history.reason[r->reason];
	const char *name = exit_name(r->reason);
	char hist[HIST + 1];
	i32 col = 1;

	col += area_printf(a, at, col, STYLE_EXIT, "%-14s", name ? name : "?");
	col += area_printf(a, at, col, STYLE_TEXT, "%9llu %5.1f%%", ULL(r->count), 100.0 * (double)r->count / (double)total);
	if (!tui_shows_host_times(p->tui))
		return;
	col += area_printf(a, at, col, STYLE_TEXT, " %7.1f", (double)describe_percentile(h, 500) / 1e3);
	if (a.cols < WIDE)
		return;
	histogram(h, hist);
	area_printf(a, at, col, STYLE_TEXT, " %7.1f  |%s|", (double)describe_percentile(h, 990) / 1e3, hist);
}

static void draw(struct pane *p, struct area a)
{
	struct row row[EXIT_COUNT];
	struct area in = area_part(a, 1, 0, a.rows - 1, a.cols);
	u64 total;
	int n = collect(p, row, &total);

	area_put(a, 0, 1, STYLE_DIM, !tui_shows_host_times(p->tui) ? "reason             count  share" : a.cols < WIDE ?
		 "reason             count  share  p50 us"
		 : "reason             count  share  p50 us  p99 us  |1/4 us .. 1/2 ms|");
	pane_scroll(p, n, in.rows);
	for (i32 i = 0; i < in.rows && p->top + i < n; i++) {
		draw_row(p, in, i, &row[p->top + i], total);
		if (p->focus && p->top + i == p->at)
			area_style(in, i, 0, in.cols, STYLE_CURSOR);
	}
	if (!n)
		area_put(a, 1, 1, STYLE_DIM, "no exits yet");
}

static bool key(struct pane *p, int key)
{
	struct pane *list = p->tui ? tui_pane(p->tui, &pane_history) : NULL;
	struct row row[EXIT_COUNT];
	u64 total;
	int n = collect(p, row, &total);
	const char *name = p->at < n ? exit_name(row[p->at].reason) : NULL;

	if (key != KEY_ENTER_ || !list || !name)
		return false;
	snprintf(list->filter, sizeof(list->filter), "%s", strcmp(list->filter, name) ? name : "");
	list->follows = true;
	list->top = 0;
	return true;
}

static bool expression(struct pane *p, char *text, size_t size)
{
	struct row row[EXIT_COUNT];
	u64 total;
	int n = collect(p, row, &total);
	const char *name = p->at < n ? exit_name(row[p->at].reason) : NULL;

	if (name)
		snprintf(text, size, "exit(%s)", name);
	return name;
}

const struct pane_class pane_reasons = {
	.name = "reasons", .title = "exits by reason", .book = "3.1", .help = help, .min_rows = 4, .min_cols = 38,
	.draw = draw, .key = key, .expression = expression,
};
