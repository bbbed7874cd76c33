/* SPDX-License-Identifier: GPL-3.0-or-later
 * arena.c - memory for trees: taken in chunks, given back from a mark on.
 * Rule: a unit never takes more than TRAP_MEMORY, whatever its texts say.
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/unit.h"

enum { CHUNK = 64 << 10, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *prev;
	size_t size, at; /* of data, and how much of it is given out */
	_Alignas(ALIGN) u8 data[];
};

static bool add_chunk(struct arena *a, size_t size)
{
	size_t room = size > CHUNK ? size : CHUNK;
	struct arena_chunk *c = a->used + room <= TRAP_MEMORY ? malloc(sizeof(*c) + room) : NULL;

	if (!c) {
		a->full = true;
		return false;
	}
	*c = (struct arena_chunk){ .prev = a->chunk, .size = room };
	a->chunk = c;
	a->used += room;
	return true;
}

void *arena_take(struct arena *a, size_t size)
{
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (size > TRAP_MEMORY) {
		a->full = true;
		return NULL;
	}
	if ((!a->chunk || a->chunk->size - a->chunk->at < size) && !add_chunk(a, size))
		return NULL;
	void *p = a->chunk->data + a->chunk->at;
	a->chunk->at += size;
	return memset(p, 0, size);
}

const char *arena_text(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_take(a, len + 1);

	if (!copy)
		return "";
	memcpy(copy, text, len);
	return copy;
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->chunk, a->chunk ? a->chunk->at : 0, a->used };
}

void arena_release(struct arena *a, struct arena_mark m)
{
	while (a->chunk != m.chunk) {
		struct arena_chunk *c = a->chunk;
		a->chunk = c->prev;
		free(c);
	}
	if (a->chunk)
		a->chunk->at = m.at;
	a->used = m.used;
	a->full = false;
}
