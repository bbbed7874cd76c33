/* SPDX-License-Identifier: GPL-3.0-or-later
 * layout.c - from a tree of rows and columns to boxes.
 * Rule: children fill their parent exactly; when it is too small for them, the last ones lose.
 */
#include "debugger/tui/layout.h"

enum { CHILDREN = 8 };

enum screen_size screen_size(i32 rows, i32 cols)
{
	if (rows < 12 || cols < 40)
		return SCREEN_TINY;
	if (rows < 24 || cols < 80)
		return SCREEN_SMALL;
	return rows >= 50 && cols >= 160 ? SCREEN_LARGE : SCREEN_NORMAL;
}

/* The node behind this one and its children. */
static const struct split *skip(const struct split *node)
{
	int n = node->kind == LAYOUT_PANE ? 0 : node->n;

	for (node++; n > 0; n--)
		node = skip(node);
	return node;
}

/* Cells for each child: its size, and what is left over by weight; the last weighted one takes the rest. */
static void share(const struct split *first, int n, i32 all, i32 cells[CHILDREN])
{
	const struct split *child = first;
	i32 left = all + n - 1, weights = 0, spare;

	for (int i = 0; i < n; i++, child = skip(child)) {
		cells[i] = child->size < left ? child->size : left;
		left -= cells[i];
		weights += child->weight;
	}
	spare = left;
	child = first;
	for (int i = 0; i < n && weights; i++, child = skip(child)) {
		i32 part = weights == child->weight ? left : spare * child->weight / weights;
		cells[i] += part;
		left -= part;
		spare -= part;
		weights -= child->weight;
	}
}

static const struct split *place(const struct split *node, struct area a, struct placed *out, int *n)
{
	bool rows = node->kind == LAYOUT_ROWS;
	int children = node->n;
	i32 cells[CHILDREN] = { 0 }, at = 0;

	if (node->kind == LAYOUT_PANE) {
		if (*n < PLACED_MOST && a.rows > 1 && a.cols > 1)
			out[(*n)++] = (struct placed){ node->pane, a };
		return node + 1;
	}
	share(node + 1, children, rows ? a.rows : a.cols, cells);
	node++;
	for (int i = 0; i < children; i++) {
		node = place(node, rows ? area_part(a, at, 0, cells[i], a.cols) : area_part(a, 0, at, a.rows, cells[i]), out, n);
		at += cells[i] > 0 ? cells[i] - 1 : 0;
	}
	return node;
}

int layout_place(const struct split *tree, struct area area, struct placed out[PLACED_MOST])
{
	int n = 0;

	place(tree, area, out, &n);
	return n;
}
