/* SPDX-License-Identifier: GPL-3.0-or-later
 * map-text.c - maps on paper: tables with percentages, histograms, CSV and JSON.
 * Rule: the same content gives the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "debugger/trap/maps.h"

enum { BAR = 24, KEY_WIDTH = 60 };

/* ---- the order of rows ---- */

static int by_keys(const void *x, const void *y)
{
	const struct cell *a = *(struct cell *const *)x, *b = *(struct cell *const *)y;

	for (u32 i = 0; i < a->nkeys && i < b->nkeys; i++) {
		int d = value_order(&a->key[i], &b->key[i]);
		if (d)
			return d;
	}
	return a->nkeys < b->nkeys ? -1 : a->nkeys > b->nkeys;
}

static trap_int weigh(const struct map *m, const struct cell *c)
{
	struct value v;
	trap_int n = cell_value(c, m->kind, &v) && value_is_number(&v) ? v.n : (trap_int)c->count;

	value_drop(&v);
	return n;
}

/* The largest first. */
static int by_size(const void *x, const void *y)
{
	const struct cell *a = *(struct cell *const *)x, *b = *(struct cell *const *)y;
	return a->weight == b->weight ? by_keys(x, y) : a->weight < b->weight ? 1 : -1;
}

struct cell **map_sorted(const struct map *m, bool by_value)
{
	struct cell **list = m->n ? malloc(m->n * sizeof(list[0])) : NULL;
	u32 n = 0;

	if (!list)
		return NULL;
	for (u32 i = 0; i < m->room; i++)
		if (m->slot[i]) {
			m->slot[i]->weight = weigh(m, m->slot[i]);
			list[n++] = m->slot[i];
		}
	qsort(list, n, sizeof(list[0]), by_value ? by_size : by_keys);
	return list;
}

/* ---- numbers and bars ---- */

static void put_bar(trap_int n, trap_int most, struct buf *out)
{
	int len = most > 0 && n > 0 ? (int)(n * BAR / most) : 0;

	buf_printf(out, "  |%.*s", len, "########################");
}

/* Parts of 1000, rounded; the product cannot overflow for what any run can count. */
static void put_percent(trap_int n, trap_int total, struct buf *out)
{
	trap_int per_mille = total > 0 ? (n * 1000 + total / 2) / total : 0;

	buf_printf(out, "  %3d.%d %%", (int)(per_mille / 10), (int)(per_mille % 10));
}

static bool has_share(const struct map *m, trap_int total)
{
	return (m->kind == AGG_COUNT || m->kind == AGG_SUM) && total > 0 && total < (trap_int)1 << 100;
}

static void put_number(const struct cell *c, trap_int n, struct buf *out)
{
	struct value v = { .type = c->type ? c->type : T_INT, .unit = c->unit, .n = n };

	value_print(&v, out);
}

static void put_keys(const struct cell *c, bool quoted, const char *between, struct buf *out)
{
	for (u32 i = 0; i < c->nkeys; i++) {
		if (i)
			buf_printf(out, "%s", between);
		value_print_as(&c->key[i], quoted, out);
	}
}

/* ---- histograms ---- */

static trap_int lower_end(const struct cell *c, enum trap_agg kind, u32 i)
{
	if (kind == AGG_LHIST)
		return c->from + (trap_int)(i - 1) * c->step;
	return i <= 1 ? 0 : (trap_int)1 << (i - 2);
}

static void bucket_name(const struct cell *c, enum trap_agg kind, u32 i, struct buf *out)
{
	if (i == 0) {
		buf_printf(out, "below ");
		put_number(c, kind == AGG_LHIST ? c->from : 0, out);
		return;
	}
	put_number(c, lower_end(c, kind, i), out);
	if (kind == AGG_HIST && i <= 2) /* 0; 1 */
		return;
	if (i == c->buckets - 1) {
		buf_printf(out, " and more");
		return;
	}
	buf_printf(out, " .. ");
	put_number(c, lower_end(c, kind, i + 1) - (kind == AGG_LHIST && c->type == T_TIME ? 0 : 1), out);
}

static void histogram(const struct map *m, const struct cell *c, struct buf *out)
{
	u32 first = 0, last = c->buckets;
	u64 most = 0;

	while (first < last && !c->bucket[first])
		first++;
	while (last > first && !c->bucket[last - 1])
		last--;
	for (u32 i = first; i < last; i++)
		most = c->bucket[i] > most ? c->bucket[i] : most;
	for (u32 i = first; i < last; i++) {
		struct buf name = { 0 };
		bucket_name(c, m->kind, i, &name);
		buf_printf(out, "  %32s %10llu", buf_text(&name), (unsigned long long)c->bucket[i]);
		put_percent((trap_int)c->bucket[i], (trap_int)c->count, out);
		put_bar((trap_int)c->bucket[i], (trap_int)most, out);
		buf_printf(out, "\n");
		buf_free(&name);
	}
}

static void put_name(const struct map *m, const struct cell *c, struct buf *out)
{
	buf_printf(out, "@%s", m->name);
	if (c && c->nkeys) {
		buf_printf(out, "[");
		put_keys(c, true, ", ", out);
		buf_printf(out, "]");
	}
}

void cell_text(const struct map *m, const struct cell *c, struct buf *out)
{
	struct value v;

	put_name(m, c, out);
	if (cell_value(c, m->kind, &v)) {
		buf_printf(out, ": ");
		value_print(&v, out);
		buf_printf(out, "\n");
		value_drop(&v);
		return;
	}
	buf_printf(out, ": %llu in all", (unsigned long long)c->count);
	if (c->count) {
		buf_printf(out, ", from ");
		put_number(c, c->min, out);
		buf_printf(out, " to ");
		put_number(c, c->max, out);
		buf_printf(out, ", mean ");
		put_number(c, c->sum / (trap_int)c->count, out);
	}
	buf_printf(out, "\n");
	histogram(m, c, out);
}

/* ---- tables ---- */

struct row {
	struct buf key, value;
};

static void put_rows(const struct map *m, struct cell **list, u32 n, trap_int total, struct buf *out)
{
	struct row *rows = calloc(n, sizeof(*rows));
	int key = 0, value = 0;
	trap_int most = 0;

	for (u32 i = 0; rows && i < n; i++) {
		struct value v;
		put_keys(list[i], false, ", ", &rows[i].key);
		if (cell_value(list[i], m->kind, &v))
			value_print_as(&v, true, &rows[i].value);
		value_drop(&v);
		key = (int)rows[i].key.len > key ? (int)rows[i].key.len : key;
		value = (int)rows[i].value.len > value ? (int)rows[i].value.len : value;
		most = list[i]->weight > most ? list[i]->weight : most;
	}
	key = key > KEY_WIDTH ? KEY_WIDTH : key;
	for (u32 i = 0; rows && i < n; i++) {
		buf_printf(out, "  %-*s  %*s", key, buf_text(&rows[i].key), value, buf_text(&rows[i].value));
		if (has_share(m, total)) {
			put_percent(list[i]->weight, total, out);
			put_bar(list[i]->weight, most, out);
		}
		buf_printf(out, "\n");
		buf_free(&rows[i].key);
		buf_free(&rows[i].value);
	}
	free(rows);
}

void map_text(const struct map *m, u32 most, struct buf *out)
{
	bool sized = m->kind == AGG_COUNT || m->kind == AGG_SUM, hist = m->kind == AGG_HIST || m->kind == AGG_LHIST;
	struct cell **list = map_sorted(m, sized || most);
	u32 n = most && most < m->n ? most : m->n;
	trap_int total = 0;

	if (!list) {
		buf_printf(out, "@%s: %s\n", m->name, sized ? "0" : "empty");
		return;
	}
	if (m->n == 1 && !list[0]->nkeys) {
		cell_text(m, list[0], out);
		free(list);
		return;
	}
	for (u32 i = 0; hist && i < n; i++)
		cell_text(m, list[i], out);
	for (u32 i = 0; sized && i < m->n; i++)
		if (__builtin_add_overflow(total, list[i]->weight, &total))
			sized = false;
	if (!hist) {
		buf_printf(out, "@%s: ", m->name);
		if (sized)
			put_number(list[0], total, out);
		buf_printf(out, sized ? " in all\n" : "%u keys\n", m->n);
		put_rows(m, list, n, sized ? total : 0, out);
	}
	if (n < m->n)
		buf_printf(out, "  (%u more)\n", m->n - n);
	free(list);
}

/* ---- for other programs ---- */

static void csv_field(struct buf *text, struct buf *out)
{
	const char *s = buf_text(text);

	if (s && strpbrk(s, ",\"\n")) {
		buf_put(out, "\"", 1);
		for (; *s; s++)
			buf_printf(out, *s == '"' ? "\"\"" : "%c", *s);
		buf_put(out, "\"", 1);
	} else if (s) {
		buf_put(out, s, text->len);
	}
	buf_free(text);
}

/* The number itself: times in ns. */
static void raw(const struct value *v, struct buf *out)
{
	if (value_is_number(v) && v->type != T_BOOL)
		number_print(v->n, out);
	else
		value_print(v, out);
}

static void csv_row(const struct map *m, const struct cell *c, struct buf *out)
{
	struct buf text = { 0 };
	struct value v;

	buf_printf(out, "@%s", m->name);
	for (u32 i = 0; i < c->nkeys; i++) {
		buf_put(out, ",", 1);
		value_print(&c->key[i], &text);
		csv_field(&text, out);
	}
	buf_put(out, ",", 1);
	if (cell_value(c, m->kind, &v))
		raw(&v, &text);
	value_drop(&v);
	csv_field(&text, out);
	if (c->bucket)
		buf_printf(out, "%llu", (unsigned long long)c->count);
	for (u32 i = 0; i < c->buckets; i++)
		if (c->bucket[i]) {
			buf_put(out, ",", 1);
			if (i == 0)
				buf_put(out, "below", 5);
			else
				number_print(lower_end(c, m->kind, i), out);
			buf_printf(out, "=%llu", (unsigned long long)c->bucket[i]);
		}
	buf_put(out, "\n", 1);
}

void map_csv(const struct map *m, struct buf *out)
{
	struct cell **list = map_sorted(m, false);

	for (u32 i = 0; list && i < m->n; i++)
		csv_row(m, list[i], out);
	free(list);
}

static void json_value(const struct value *v, struct buf *out)
{
	struct buf text = { 0 };

	if (value_is_number(v) && v->type != T_BOOL && v->n >= -((trap_int)1 << 53) && v->n <= (trap_int)1 << 53) {
		value_print(v, &text); /* a reason's name is better than its number */
		if (v->type == T_INT && v->unit)
			json_put_string(out, buf_text(&text));
		else
			number_print(v->n, out);
	} else {
		raw(v, &text);
		json_put_string(out, buf_text(&text) ? buf_text(&text) : "");
	}
	buf_free(&text);
}

static void json_buckets(const struct map *m, const struct cell *c, struct buf *out)
{
	bool first = true;

	buf_printf(out, ",\"count\":%llu,\"buckets\":[", (unsigned long long)c->count);
	for (u32 i = 0; i < c->buckets; i++) {
		struct value v = { .type = T_INT, .n = lower_end(c, m->kind, i) };
		if (!c->bucket[i])
			continue;
		buf_printf(out, first ? "[" : ",[");
		first = false;
		if (i)
			json_value(&v, out);
		else
			buf_printf(out, "null");
		buf_printf(out, ",%llu]", (unsigned long long)c->bucket[i]);
	}
	buf_printf(out, "]");
}

void map_json(const struct map *m, struct buf *out)
{
	struct cell **list = map_sorted(m, false);

	buf_printf(out, "{\"map\":\"%s\",\"rows\":[", m->name);
	for (u32 i = 0; list && i < m->n; i++) {
		struct value v;
		buf_printf(out, i ? ",{\"key\":[" : "{\"key\":[");
		for (u32 k = 0; k < list[i]->nkeys; k++) {
			if (k)
				buf_put(out, ",", 1);
			json_value(&list[i]->key[k], out);
		}
		buf_printf(out, "]");
		if (cell_value(list[i], m->kind, &v)) {
			buf_printf(out, ",\"value\":");
			json_value(&v, out);
		}
		value_drop(&v);
		if (list[i]->bucket)
			json_buckets(m, list[i], out);
		buf_printf(out, "}");
	}
	buf_printf(out, "]}\n");
	free(list);
}
