/* SPDX-License-Identifier: GPL-3.0-or-later
 * field.h - say once what a component remembers.
 *
 * A component lists its guest-visible state as an X-list.  The list becomes the C struct and, row for row,
 * a table; from the table come reset, save, load by name, print, diff, hash and script access.
 * Rule: what is not in the list is not in the struct, so nothing can be forgotten.
 * Only scalars u8..u64 and fixed arrays of them; no pointers, no nesting, nothing derived.
 *
 *	#define PIT_STATE(F, S) \
 *		F(S, u16, reload,  3, 0xffff, DEC,  "count the channel starts again from") \
 *		F(S, u8,  mode,    3, 0,      DEC,  "operating mode, 0 to 5")
 *	STATE(pit_state, 1, PIT_STATE);          -> struct pit_state, pit_state_layout
 */
#ifndef VITRINE_CORE_FIELD_H
#define VITRINE_CORE_FIELD_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/types.h"

enum field_format { HEX, DEC, BOOL, BITS };
enum { FIELD_NAME = 64 }; /* bytes of a name on the wire, with its NUL */

struct field {
	const char *name;
	u32 offset;
	u8 width;  /* bytes of one element: 1, 2, 4, 8 */
	u8 format; /* enum field_format */
	u32 count; /* elements */
	u64 reset; /* value of every element after reset */
	const char *help;
};

struct layout {
	const char *name;
	u16 version;
	u32 size, nfields;
	const struct field *fields;
};

#define FIELD_MEMBER_(S, type, name, n, reset, fmt, help) type name[n];
#define FIELD_ROW_(S, type, name, n, reset, fmt, help) \
	{ #name, offsetof(struct S, name), sizeof(type), fmt, n, reset, help },
#define FIELD_COUNT_(S, type, name, n, reset, fmt, help) +1

/* Every member is an array, of length 1 for a scalar: s->mode[0]. */
#define STATE(S, ver, LIST) \
	struct S { LIST(FIELD_MEMBER_, S) }; \
	static const struct field S##_fields[] = { LIST(FIELD_ROW_, S) }; \
	static const struct layout S##_layout = { #S, ver, sizeof(struct S), ARRAY_LEN(S##_fields), S##_fields }

u64 field_get(const struct field *f, const void *state, u32 index);
void field_set(const struct field *f, void *state, u32 index, u64 value);
/* "mode[2]" or "mode"; NULL when there is no such field or index. */
const struct field *field_find(const struct layout *l, const char *name, u32 *index);

void state_reset(const struct layout *l, void *state);
/* Save as a self-describing run: version, fields by name with width and count, values. */
void state_save(const struct layout *l, const void *state, struct buf *out);
/* Load what state_save wrote.  Matches by name: a missing field takes its reset value; an unknown field whose
 * value is not zero, a wrong width or count, or a truncated run is refused (-EINVAL) and *state is untouched. */
int state_load(const struct layout *l, void *state, struct reader *in, struct err *err);
/* One field of such a run, for who has not its list: its name, and count values of width bytes (1, 2, 4 or 8). */
struct saved_field {
	char name[FIELD_NAME];
	u8 width;
	u32 count;
	const u8 *values; /* little-endian, in the reader's memory */
};
/* The head of a run, then one field after the other; `who` begins the error's sentence. */
int saved_head_read(struct reader *in, const char *who, u16 *version, u32 *nfields, struct err *err);
int saved_field_read(struct reader *in, const char *who, struct saved_field *f, struct err *err);

/* An element as its format wants it: "0x00ff", "12", "yes". */
void field_put_value(const struct field *f, u64 value, struct buf *out);
/* A line: name, the first elements, how many there are, and what it is. */
void field_print(const struct field *f, const void *state, struct buf *out);
void state_print(const struct layout *l, const void *state, struct buf *out); /* one line per field */
/* One line per differing element into out ("name[2]: 0x1 != 0x2"); returns their number. */
int state_diff(const struct layout *l, const void *a, const void *b, struct buf *out);
/* FNV-1a over every element's value in list order; chain by passing the previous result. */
u64 state_hash(const struct layout *l, const void *state, u64 seed);
#define STATE_HASH_SEED 0xcbf29ce484222325ull

#endif
