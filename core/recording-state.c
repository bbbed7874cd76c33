/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording-state.c - a machine's state as a row of numbers, so that two moments can be compared and a difference named.
 * Rule: it goes by the state lists, as a snapshot does; the same machine has the same elements at all times.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/recording-priv.h"

enum { PARTS = VM_VCPUS + 2 + VM_DEVICES, WIDE = 64 /* more elements than this count as one */ };

struct part {
	const char *name; /* of a device; NULL: a processor, or the machine's */
	const struct layout *layout;
	const void *state;
};

struct view {
	struct x86_state cpu[VM_VCPUS];
	struct clock_state clock;
	struct vm_state vm;
	struct part part[PARTS];
	int n, cpus;
};

struct view *view_new(void)
{
	return calloc(1, sizeof(struct view));
}

void view_free(struct view *v)
{
	free(v);
}

static void add(struct view *v, const char *name, const struct layout *layout, const void *state)
{
	v->part[v->n++] = (struct part){ name, layout, state };
}

void view_take(struct view *v, struct vm *vm)
{
	v->n = 0;
	v->cpus = (int)vm->ncpus;
	for (u32 i = 0; i < vm->ncpus; i++) {
		memset(&v->cpu[i], 0, sizeof(v->cpu[i]));
		vcpu_get(&vm->vcpu[i], &v->cpu[i], ST_ALL);
		add(v, NULL, &x86_state_layout, &v->cpu[i]);
	}
	clock_state_get(vm, &v->clock);
	add(v, NULL, &clock_state_layout, &v->clock);
	vm_state_get(vm, &v->vm);
	add(v, NULL, &vm_state_layout, &v->vm);
	for (int i = 0; i < vm->ndevices; i++)
		add(v, vm->device[i]->name, vm->device[i]->class->layout, vm->device[i]->state);
}

static u32 elements_of(const struct field *f)
{
	return f->count > WIDE ? 1 : f->count;
}

u32 view_count(const struct view *v)
{
	u32 n = 0;

	for (int i = 0; i < v->n; i++)
		for (u32 k = 0; k < v->part[i].layout->nfields; k++)
			n += elements_of(&v->part[i].layout->fields[k]);
	return n;
}

/* FNV-1a over the bytes of all its elements. */
static u64 hash_field(const struct field *f, const void *state)
{
	const u8 *at = (const u8 *)state + f->offset, *end = at + (size_t)f->count * f->width;
	u64 hash = STATE_HASH_SEED;

	for (; at < end; at++)
		hash = (hash ^ *at) * 0x100000001b3ull;
	return hash;
}

void view_elements(const struct view *v, u64 *out)
{
	for (const struct part *p = v->part; p < v->part + v->n; p++)
		for (const struct field *f = p->layout->fields; f < p->layout->fields + p->layout->nfields; f++) {
			if (f->count > WIDE)
				*out++ = hash_field(f, p->state);
			for (u32 i = 0; f->count <= WIDE && i < f->count; i++)
				*out++ = field_get(f, p->state, i);
		}
}

/* ---- names ---- */

static void name_part(const struct view *v, int part, char *out, size_t size)
{
	if (v->part[part].name)
		snprintf(out, size, "device %s", v->part[part].name);
	else if (part < v->cpus)
		snprintf(out, size, "processor %d", part);
	else
		snprintf(out, size, "%s", part == v->cpus ? "virtual time and timers" : "the machine's pins, turns and counts");
}

static void name_field(const struct part *p, const struct field *f, u32 index, char *out, size_t size)
{
	if (f->count > WIDE)
		snprintf(out, size, "%s (the hash of its %u values)", f->name, f->count);
	else if (p->layout == &x86_state_layout && !strcmp(f->name, "gpr"))
		snprintf(out, size, "%s", x86_gpr_names[index]);
	else if (f->count > 1)
		snprintf(out, size, "%s[%u]", f->name, index);
	else
		snprintf(out, size, "%s", f->name);
}

void view_name(const struct view *v, u32 element, char *out, size_t size)
{
	char part[100], field[100];

	snprintf(out, size, "?");
	for (int i = 0; i < v->n; i++)
		for (u32 k = 0; k < v->part[i].layout->nfields; k++) {
			const struct field *f = &v->part[i].layout->fields[k];

			if (element < elements_of(f)) {
				name_part(v, i, part, sizeof(part));
				name_field(&v->part[i], f, element, field, sizeof(field));
				snprintf(out, size, "%s: %s", part, field);
				return;
			}
			element -= elements_of(f);
		}
}

/* ---- what has changed ---- */

void elements_put(struct buf *b, const u64 *before, const u64 *now, u32 n)
{
	u32 from = 0;

	for (u32 i = 0; i < n; i++) {
		if (before[i] == now[i])
			continue;
		tape_put_number(b, i - from);
		tape_put_number(b, before[i] ^ now[i]);
		from = i + 1;
	}
}

bool elements_apply(struct reader *in, u64 *elements, u32 n)
{
	for (u64 at = 0; read_left(in); at++) {
		u64 skipped = tape_get_number(in), change = tape_get_number(in);

		if (in->bad || skipped >= n || at + skipped >= n)
			return false;
		at += skipped;
		elements[at] ^= change;
	}
	return true;
}
