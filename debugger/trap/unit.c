/* SPDX-License-Identifier: GPL-3.0-or-later
 * unit.c - what shares names: a script with what it includes, or all that was typed at a prompt.
 * Rule: a text that has an error leaves nothing behind but its lines, for the messages, until the next text comes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/parse.h"

struct trap_unit *trap_unit_new(void)
{
	return calloc(1, sizeof(struct trap_unit));
}

void trap_unit_free(struct trap_unit *u)
{
	if (u)
		arena_release(&u->arena, (struct arena_mark){ 0 });
	free(u);
}

void trap_unit_includes(struct trap_unit *u, char *(*read)(void *arg, const char *path, size_t *len, struct err *err),
			void *arg)
{
	u->read = read;
	u->read_arg = arg;
}

u32 trap_unit_slots(const struct trap_unit *u)
{
	return u->names.nslots;
}

u32 trap_unit_maps(const struct trap_unit *u)
{
	return u->names.nmaps;
}

u32 trap_unit_probes(const struct trap_unit *u)
{
	return u->names.nprobes;
}

static const struct map *map_at(const struct trap_unit *u, u32 index)
{
	const struct map *m = u->names.maps;

	while (m && m->index != index)
		m = m->next;
	return m;
}

const char *trap_unit_map_name(const struct trap_unit *u, u32 map)
{
	const struct map *m = map_at(u, map);
	return m ? m->name : "";
}

enum trap_agg trap_unit_map_kind(const struct trap_unit *u, u32 map)
{
	const struct map *m = map_at(u, map);
	return m ? m->kind : AGG_NONE;
}

/* ---- one text ---- */

static struct record record_now(const struct trap_unit *u)
{
	return (struct record){ arena_mark(&u->arena), u->names, u->sources, NULL, u->latest };
}

static void go_back(struct trap_unit *u, const struct record *r)
{
	u->names = r->names;
	u->sources = r->sources;
	u->latest = r->prev;
	arena_release(&u->arena, r->mark);
}

static void begin(struct trap_unit *u, struct record *before, struct trap_errors *errors)
{
	memset(errors, 0, sizeof(*errors));
	if (u->has_failed)
		go_back(u, &u->failed);
	u->has_failed = false;
	*before = record_now(u);
}

/* Keep the text, or forget it with the beginning of the next one. */
static const struct node *end(struct trap_unit *u, const struct record *before, struct node *list,
			      struct trap_errors *errors)
{
	struct trap_pos whole = { 1, 1, 1, 2, u->sources != before->sources ? u->sources->file : "?" };
	struct record *r = errors->n ? NULL : arena_take(&u->arena, sizeof(*r));

	if (u->arena.full && !errors->n)
		trap_error(errors, &whole, "make it shorter", "this text and what was read before need more than %d MiB",
			   TRAP_MEMORY >> 20);
	if (!r) {
		u->failed = *before;
		u->has_failed = true;
		return NULL;
	}
	*r = *before;
	r->list = list;
	u->latest = r;
	return list;
}

static bool source_add(struct trap_unit *u, const char *file, const char *text, size_t len, struct trap_errors *errors)
{
	struct source *s = arena_take(&u->arena, sizeof(*s));
	struct trap_pos whole = { 1, 1, 1, 2, "?" };

	if (!s)
		return false;
	s->file = arena_text(&u->arena, file, strlen(file));
	s->text = "";
	s->next = u->sources;
	u->sources = s;
	whole.file = s->file;
	if (len > TRAP_TEXT_MAX) {
		trap_error(errors, &whole, "divide it, and include the parts", "this text is longer than %d KiB",
			   TRAP_TEXT_MAX >> 10);
		return false;
	}
	s->text = arena_text(&u->arena, text, len);
	s->len = u->arena.full ? 0 : len;
	return !u->arena.full;
}

/* ---- included files ---- */

struct including {
	struct trap_unit *u;
	struct trap_errors *errors;
	int files;
	bool failed;
};

static struct node *parse_text(struct including *in, int depth);

/* The name relative to the folder of the file that includes it. */
static void path_of(const struct node *n, char *path, size_t size)
{
	const char *slash = n->text[0] == '/' ? NULL : strrchr(n->pos.file, '/');

	snprintf(path, size, "%.*s%s", slash ? (int)(slash + 1 - n->pos.file) : 0, n->pos.file, n->text);
}

static bool is_read(const struct trap_unit *u, const char *path)
{
	for (const struct source *s = u->sources; s; s = s->next)
		if (!strcmp(s->file, path))
			return true;
	return false;
}

static const char *refusal(const struct including *in, const struct node *n, int depth)
{
	if (!in->u->read)
		return "no file can be included here";
	if (!n->len || strlen(n->text) != n->len)
		return "that is no file's name";
	if (depth == TRAP_INCLUDE_DEPTH)
		return "files include each other too deeply";
	return in->files == TRAP_INCLUDES ? "too many files are included" : NULL;
}

/* The statements of the file, in n's place. */
static struct node *include(struct including *in, const struct node *n, int depth)
{
	const char *why = refusal(in, n, depth);
	struct err err = { 0 };
	char path[4096], *text;
	size_t len = 0;
	bool added;

	if (why) {
		trap_error(in->errors, &n->pos, "write include \"FILE\"; FILE is relative to this file", "%s", why);
		return NULL;
	}
	path_of(n, path, sizeof(path));
	if (is_read(in->u, path))
		return NULL;
	in->files++;
	text = in->u->read(in->u->read_arg, path, &len, &err);
	if (!text) {
		trap_error(in->errors, &n->pos, "FILE is relative to the file that includes it", "%.200s",
			   err.text[0] ? err.text : "the file cannot be read");
		return NULL;
	}
	added = source_add(in->u, path, text, len, in->errors);
	free(text);
	return added ? parse_text(in, depth + 1) : NULL;
}

/* The newest source as a list of statements, with those of what it includes. */
static struct node *parse_text(struct including *in, int depth)
{
	bool failed;
	struct node *list = trap_parse(in->u, in->u->sources, false, in->errors, &failed), **at = &list;

	in->failed |= failed;
	while (!in->u->arena.full && *at) {
		struct node *n = *at;
		if (n->kind != S_INCLUDE) {
			at = &n->next;
			continue;
		}
		*at = include(in, n, depth);
		while (!in->u->arena.full && *at)
			at = &(*at)->next;
		*at = n->next;
	}
	return list;
}

const struct node *trap_compile(struct trap_unit *u, const char *file, const char *text, size_t len,
				struct trap_errors *errors)
{
	struct including in = { u, errors };
	struct record before;
	struct node *list = NULL;

	begin(u, &before, errors);
	if (source_add(u, file, text, len, errors))
		list = parse_text(&in, 0);
	if (list && !u->arena.full)
		trap_check(u, list, in.failed || errors->n, errors);
	return end(u, &before, list, errors);
}

const struct node *trap_compile_expr(struct trap_unit *u, const char *file, const char *text, size_t len, int within,
				     struct trap_errors *errors)
{
	struct record before;
	struct node *expr = NULL;
	bool failed = false;

	begin(u, &before, errors);
	if (source_add(u, file, text, len, errors))
		expr = trap_parse(u, u->sources, true, errors, &failed);
	if (expr && !failed && !u->arena.full)
		trap_check_expr(u, expr, within, errors);
	return end(u, &before, expr, errors);
}

void trap_forget(struct trap_unit *u, const struct node *list)
{
	const struct record *r = u->latest;

	if (list && r && r->list == list && !u->has_failed && u->names.variables == r->names.variables &&
	    u->names.fns == r->names.fns && u->names.maps == r->names.maps && u->names.nprobes == r->names.nprobes)
		go_back(u, &(struct record){ r->mark, r->names, r->sources, NULL, r->prev });
}
