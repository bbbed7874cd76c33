/* SPDX-License-Identifier: GPL-3.0-or-later
 * maps.h - Trap's maps: @name[keys] = a value, or an aggregation.
 * Rule: what a map shows depends on what was put in, not on the order or the place in memory: rows are sorted.
 */
#ifndef VITRINE_DEBUGGER_TRAP_MAPS_H
#define VITRINE_DEBUGGER_TRAP_MAPS_H

#include "debugger/trap/value.h"

enum { HIST_BUCKETS = 66, LHIST_BUCKETS = 1000 };

/* hist: bucket 0 holds what is below 0, 1 holds 0, 2 + k what is in 2^k .. 2^(k+1)-1 (the last: and all above). */
struct cell {
	u64 hash;
	u32 nkeys;
	struct value *key;   /* nkeys of them */
	struct value value;  /* of a plain map */
	u64 count;
	trap_int sum, min, max;
	u8 type, unit;       /* of what was aggregated */
	u64 *bucket;
	u32 buckets;
	trap_int weight;     /* among the others, when they are sorted */
	trap_int from, step; /* lhist: bucket 0 is below `from`, the last one at or above the end */
};

struct map {
	const char *name;
	enum trap_agg kind;
	struct cell **slot;  /* open addressing, a power of two */
	u32 room, n;
	bool printed;
};

void map_init(struct map *m, const char *name, enum trap_agg kind);
void map_clear(struct map *m, struct heap *h);
struct cell *map_find(const struct map *m, const struct value *keys, u32 n);
/* The cell, made if it is not there.  NULL: heap->full, or, with *too_many, the map has `most` keys already. */
struct cell *map_make(struct map *m, struct heap *h, const struct value *keys, u32 n, u64 most, bool *too_many);
/* A plain map: the value is taken over. */
void cell_set(struct cell *c, struct value *v);
/* One more.  v: what is aggregated, NULL for count.  False: complaint (an overflow, a type that changes), or heap->full. */
bool cell_add(struct cell *c, struct heap *h, enum trap_agg kind, const struct value *v, struct complaint *why);
/* lhist's range must stay the same. */
bool cell_range(struct cell *c, struct heap *h, trap_int from, trap_int to, trap_int step, struct complaint *why);
/* Its number: of a histogram there is none (false). */
bool cell_value(const struct cell *c, enum trap_agg kind, struct value *out);

/* ---- map-text.c ---- */

/* All cells, sorted: counts and sums by size, the others by key.  malloc'd, NULL without cells or memory. */
struct cell **map_sorted(const struct map *m, bool by_value);
/* "@n: 12345 in all" and a line per key, at most `most` of them (0 = all); histograms. */
void map_text(const struct map *m, u32 most, struct buf *out);
void cell_text(const struct map *m, const struct cell *c, struct buf *out);
void map_csv(const struct map *m, struct buf *out);
void map_json(const struct map *m, struct buf *out); /* one JSON object on a line */

#endif
