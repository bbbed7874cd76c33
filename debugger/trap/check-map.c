/* SPDX-License-Identifier: GPL-3.0-or-later
 * check-map.c - maps: how many keys each has, and whether it holds values or counts something.
 * Rule: both are fixed by the text, wherever in it they are seen first.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/trap/check.h"

static const char *agg_word(u8 agg)
{
	static const char *const words[] = {
		[AGG_NONE] = "holds values", [AGG_COUNT] = "counts", [AGG_SUM] = "sums", [AGG_MIN] = "keeps the smallest",
		[AGG_MAX] = "keeps the largest", [AGG_AVG] = "averages", [AGG_HIST] = "is a histogram",
		[AGG_LHIST] = "is a linear histogram",
	};

	return agg < ARRAY_LEN(words) ? words[agg] : "?";
}

static struct map *find(const struct check *c, const char *name)
{
	struct map *m = c->u->names.maps;

	while (m && strcmp(m->name, name))
		m = m->next;
	return m;
}

/* The map as this text may change it: an older text's row stays as it was. */
static struct map *ours(struct check *c, const struct node *n)
{
	struct names *names = &c->u->names;
	struct map *old = find(c, n->name), *m;

	if (old && old->pos.file == n->pos.file)
		return old;
	m = arena_take(&c->u->arena, sizeof(*m));
	if (!m)
		return NULL;
	if (old) {
		*m = *old;
	} else if (names->nmaps == TRAP_MAPS) {
		trap_error(c->e, &n->pos, "give one map more keys: @x[\"a\", 1]", "there are more than %d maps", TRAP_MAPS);
		return NULL;
	} else {
		*m = (struct map){ .name = n->name, .index = names->nmaps++, .nkeys = -1 };
	}
	m->pos = n->pos;
	m->next = names->maps;
	names->maps = m;
	return m;
}

static void check_keys(struct check *c, struct node *n, struct map *m)
{
	i32 keys = 0;

	for (const struct node *k = n->a; k; k = k->next)
		keys++;
	if (m->nkeys < 0) {
		m->nkeys = keys;
		return;
	}
	if (m->nkeys == keys)
		return;
	trap_error(c->e, &n->pos, keys ? "a map has the same number of keys everywhere" :
		   "print, top, len and clear take a whole map, all else wants @name[key]",
		   "@%.60s has %d key%s in line %u, and %d here", n->name, m->nkeys, m->nkeys == 1 ? "" : "s", m->pos.line, keys);
}

static struct map *use(struct check *c, struct node *n, bool whole)
{
	struct map *m = ours(c, n);

	for (struct node *k = n->a; k; k = k->next)
		check_expr(c, k);
	n->type = T_ANY;
	if (!m)
		return NULL;
	n->slot = (i32)m->index;
	if (!whole)
		check_keys(c, n, m);
	return m;
}

void check_map(struct check *c, struct node *n, bool whole)
{
	const struct map *m = use(c, n, whole);

	if (m && !m->set)
		check_later(c, n);
}

void check_map_set(struct check *c, struct node *n, u8 agg)
{
	struct map *m = use(c, n, false);

	if (!m)
		return;
	if (m->set && m->kind != agg)
		trap_error(c->e, &n->pos, "use another map for it", "@%.60s %s (line %u); here it %s", n->name, agg_word(m->kind),
			   m->pos.line, agg_word(agg));
	if (!m->set)
		m->pos = n->pos;
	m->set = true;
	m->kind = agg;
}

void check_map_later(struct check *c, const struct node *n)
{
	const struct map *m = find(c, n->name);
	struct nearest near;
	char help[160], what[100];

	if (!m || m->set)
		return;
	nearest_start(&near, n->name);
	for (const struct map *o = c->u->names.maps; o; o = o->next)
		if (o->set)
			nearest_offer(&near, o->name);
	help_near(&near, "@", "write @name = count(); or @name[key] = value; in a probe", help, sizeof(help));
	snprintf(what, sizeof(what), "nothing ever sets @%.60s", n->name);
	for (int i = 0; i < c->e->n; i++) /* once is enough */
		if (!strcmp(c->e->at[i].what, what))
			return;
	trap_error(c->e, &n->pos, help, "%s", what);
}
