/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-list.c - a tree of snapshots, as lines and as JSON.
 * Rule: a child stands under its parent, one step further in; the depth drawn is bounded, so that a line stays a line.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/snapshot-tree.h"
#include "debugger/snapshot-text.h"

enum { STEPS_MOST = 12, NAME_WIDTH = 28 };

static void put_date(u64 seconds, char *out, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	*out = 0;
	if (seconds && seconds <= 253402300799ull && gmtime_r(&t, &tm)) /* the end of the year 9999 */
		strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm);
}

static void put_size(u64 size, struct buf *out)
{
	if (size < 10240)
		buf_printf(out, "%8" PRIu64 " B  ", size);
	else if (size < 10240 << 10)
		buf_printf(out, "%8" PRIu64 " KiB", size >> 10);
	else
		buf_printf(out, "%8" PRIu64 " MiB", size >> 20);
}

static void put_node(const struct snapshot_node *node, const char *here, struct buf *out)
{
	u32 steps = node->depth < STEPS_MOST ? node->depth : STEPS_MOST;
	int room = NAME_WIDTH - (int)steps * 2;
	char date[32];

	put_date(node->created, date, sizeof(date));
	buf_printf(out, "%c %*s%-*s %-7s ", here && !strcmp(here, node->name) ? '*' : ' ', (int)steps * 2, "", room, node->name,
		   node->trouble[0] ? "bad" : node->whole ? "whole" : "changes");
	put_size(node->size, out);
	buf_printf(out, " %14" PRIu64 " %6" PRIu64 ".%09" PRIu64 " s%s%s\n", node->icount, node->time / 1000000000,
		   node->time % 1000000000, *date ? "  " : "", date);
	if (node->trouble[0])
		buf_printf(out, "  %*s  %s\n", (int)steps * 2, "", node->trouble);
}

void snapshot_list_text(const struct snapshot_node *nodes, u32 n, const char *here, struct buf *out)
{
	if (n)
		buf_printf(out, "  %-*s %-7s %12s %14s %18s  %s\n", NAME_WIDTH, "NAME", "HOLDS", "SIZE", "INSTRUCTIONS", "VIRTUAL TIME",
			   "SAVED (UTC)");
	for (u32 i = 0; i < n; i++)
		put_node(&nodes[i], here, out);
}

json_t *snapshot_list_json(const struct snapshot_node *nodes, u32 n)
{
	json_t *list = json_array();

	for (u32 i = 0; i < n; i++) {
		const struct snapshot_node *x = &nodes[i];
		json_t *o = json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:i}", "name", x->name, "whole", x->whole, "size",
				      (json_int_t)x->size, "instructions", (json_int_t)x->icount, "virtual_ns", (json_int_t)x->time,
				      "created", (json_int_t)x->created, "depth", (int)x->depth);

		json_object_set_new(o, "check", json_sprintf("%016" PRIx64, x->id));
		if (x->parent[0])
			json_object_set_new(o, "parent", json_string(x->parent));
		if (x->trouble[0])
			json_object_set_new(o, "trouble", json_string(x->trouble));
		json_array_append_new(list, o);
	}
	return list;
}
