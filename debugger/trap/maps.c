/* SPDX-License-Identifier: GPL-3.0-or-later
 * maps.c - finding, making and filling the cells of a map.
 * Rule: a cell is found by the bytes of its keys, and counts in the heap with all it holds.
 */
#include "debugger/trap/maps.h"

#include <stdlib.h>
#include <string.h>

/* ---- the heap ---- */

static void *take(struct heap *h, size_t n, size_t size)
{
	void *p = h->used + n * size <= h->limit ? calloc(n ? n : 1, size) : NULL;

	if (p)
		h->used += n * size;
	else
		h->full = true;
	return p;
}

static void give_back(struct heap *h, void *p, size_t n, size_t size)
{
	if (p)
		h->used -= n * size;
	free(p);
}

/* ---- hashing ---- */

static u64 mix(u64 hash, u64 x)
{
	hash = (hash ^ x) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Equal keys have equal hashes: of an int it does not matter how it is shown. */
static u64 hash_keys(const struct value *keys, u32 n)
{
	u64 hash = n;

	for (u32 i = 0; i < n; i++) {
		hash = mix(hash, keys[i].type);
		if (keys[i].type == T_STR) {
			const struct text *t = value_text_of(&keys[i]);
			for (size_t k = 0; k < t->len; k++)
				hash = mix(hash, (u8)t->at[k]);
		} else if (!value_has_object(&keys[i])) {
			hash = mix(mix(hash, (u64)keys[i].n), (u64)(keys[i].n >> 64));
		}
	}
	return hash;
}

static bool same_key(const struct value *a, const struct value *b)
{
	if (a->type == T_INT && b->type == T_INT)
		return a->n == b->n;
	return !value_order(a, b);
}

static bool same_keys(const struct cell *c, u64 hash, const struct value *keys, u32 n)
{
	if (c->hash != hash || c->nkeys != n)
		return false;
	for (u32 i = 0; i < n; i++)
		if (!same_key(&c->key[i], &keys[i]))
			return false;
	return true;
}

static u32 place(const struct map *m, u64 hash, const struct value *keys, u32 n)
{
	u32 i = (u32)hash & (m->room - 1);

	while (m->slot[i] && !same_keys(m->slot[i], hash, keys, n))
		i = (i + 1) & (m->room - 1);
	return i;
}

/* ---- cells ---- */

void map_init(struct map *m, const char *name, enum trap_agg kind)
{
	*m = (struct map){ .name = name, .kind = kind };
}

static void cell_free(struct cell *c, struct heap *h)
{
	for (u32 i = 0; i < c->nkeys; i++)
		value_drop(&c->key[i]);
	value_drop(&c->value);
	give_back(h, c->key, c->nkeys, sizeof(c->key[0]));
	give_back(h, c->bucket, c->buckets, sizeof(c->bucket[0]));
	give_back(h, c, 1, sizeof(*c));
}

void map_clear(struct map *m, struct heap *h)
{
	for (u32 i = 0; i < m->room; i++)
		if (m->slot[i])
			cell_free(m->slot[i], h);
	give_back(h, m->slot, m->room, sizeof(m->slot[0]));
	m->slot = NULL;
	m->room = m->n = 0;
}

struct cell *map_find(const struct map *m, const struct value *keys, u32 n)
{
	return m->room ? m->slot[place(m, hash_keys(keys, n), keys, n)] : NULL;
}

static bool grow(struct map *m, struct heap *h)
{
	u32 room = m->room ? m->room * 2 : 8;
	struct cell **slot = take(h, room, sizeof(slot[0])), **old = m->slot;
	u32 old_room = m->room;

	if (!slot)
		return false;
	m->slot = slot;
	m->room = room;
	for (u32 i = 0; i < old_room; i++)
		if (old[i])
			slot[place(m, old[i]->hash, old[i]->key, old[i]->nkeys)] = old[i];
	give_back(h, old, old_room, sizeof(old[0]));
	return true;
}

static struct cell *cell_new(struct heap *h, u64 hash, const struct value *keys, u32 n)
{
	struct cell *c = take(h, 1, sizeof(*c));

	if (!c)
		return NULL;
	c->hash = hash;
	c->value = VALUE_NONE;
	c->key = n ? take(h, n, sizeof(c->key[0])) : NULL;
	if (n && !c->key) {
		give_back(h, c, 1, sizeof(*c));
		return NULL;
	}
	c->nkeys = n;
	for (u32 i = 0; i < n; i++)
		c->key[i] = value_copy(&keys[i]);
	return c;
}

struct cell *map_make(struct map *m, struct heap *h, const struct value *keys, u32 n, u64 most, bool *too_many)
{
	u64 hash = hash_keys(keys, n);
	struct cell *c = m->room ? m->slot[place(m, hash, keys, n)] : NULL;

	*too_many = !c && m->n >= most;
	if (c || *too_many)
		return c;
	if (m->n >= m->room / 2 && !grow(m, h))
		return NULL;
	c = cell_new(h, hash, keys, n);
	if (c) {
		m->slot[place(m, hash, keys, n)] = c;
		m->n++;
	}
	return c;
}

void cell_set(struct cell *c, struct value *v)
{
	value_drop(&c->value);
	c->value = *v;
	*v = VALUE_NONE;
}

/* ---- aggregations ---- */

static u32 hist_bucket(trap_int n)
{
	if (n <= 0)
		return n == 0;
	if (n >> 64)
		return HIST_BUCKETS - 1;
	return 2 + (63 - (u32)__builtin_clzll((u64)n));
}

static u32 lhist_bucket(const struct cell *c, trap_int n)
{
	trap_int i;

	if (n < c->from)
		return 0;
	i = (n - c->from) / c->step + 1;
	return i < c->buckets - 1 ? (u32)i : c->buckets - 1;
}

static bool open_buckets(struct cell *c, struct heap *h, u32 n)
{
	if (c->bucket)
		return true;
	c->bucket = take(h, n, sizeof(c->bucket[0]));
	c->buckets = c->bucket ? n : 0;
	return c->bucket;
}

bool cell_range(struct cell *c, struct heap *h, trap_int from, trap_int to, trap_int step, struct complaint *why)
{
	trap_int span;

	why->what[0] = why->help[0] = 0;
	if (step <= 0 || from >= to || __builtin_sub_overflow(to, from, &span))
		return complain_about(why, "lhist(x, from, to, step) wants from < to and a step above 0");
	if (span / step + (span % step != 0) > LHIST_BUCKETS)
		return complain_about(why, "lhist would have more than %d steps", LHIST_BUCKETS);
	if (c->bucket && (c->from != from || c->step != step || c->buckets != span / step + (span % step != 0) + 2))
		return complain_about(why, "a histogram's range is fixed by its first use");
	c->from = from;
	c->step = step;
	return open_buckets(c, h, (u32)(span / step + (span % step != 0)) + 2);
}

static bool same_type(struct cell *c, const struct value *v, struct complaint *why)
{
	if (!value_is_number(v) || v->type == T_CPU)
		return complain_about(why, "%s cannot be aggregated; expected a number or a time",
				      trap_type_name((enum trap_type)v->type));
	if (!c->count) {
		c->type = v->type;
		c->unit = v->unit;
	}
	if (c->type != v->type)
		return complain_about(why, "%s in an aggregation of %s", trap_type_name((enum trap_type)v->type),
				      trap_type_name((enum trap_type)c->type));
	return true;
}

bool cell_add(struct cell *c, struct heap *h, enum trap_agg kind, const struct value *v, struct complaint *why)
{
	why->what[0] = why->help[0] = 0;
	if (kind == AGG_COUNT) {
		c->count++;
		return true;
	}
	if (!same_type(c, v, why) || (kind == AGG_HIST && !open_buckets(c, h, HIST_BUCKETS)))
		return false;
	if (__builtin_add_overflow(c->sum, v->n, &c->sum))
		return complain_about(why, "the sum does not fit into 128 bits");
	if (!c->count || v->n < c->min)
		c->min = v->n;
	if (!c->count || v->n > c->max)
		c->max = v->n;
	c->count++;
	if (kind == AGG_HIST)
		c->bucket[hist_bucket(v->n)]++;
	else if (kind == AGG_LHIST)
		c->bucket[lhist_bucket(c, v->n)]++;
	return true;
}

bool cell_value(const struct cell *c, enum trap_agg kind, struct value *out)
{
	*out = (struct value){ .type = c->type, .unit = c->unit };
	switch (kind) {
	case AGG_NONE: *out = value_copy(&c->value); return true;
	case AGG_COUNT: *out = value_of(T_INT, (trap_int)c->count); return true;
	case AGG_SUM: out->n = c->sum; break;
	case AGG_MIN: out->n = c->min; break;
	case AGG_MAX: out->n = c->max; break;
	case AGG_AVG: out->n = c->count ? c->sum / (trap_int)c->count : 0; break;
	case AGG_HIST:
	case AGG_LHIST: return false;
	}
	return c->count > 0;
}
