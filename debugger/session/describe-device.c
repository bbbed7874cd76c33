/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-device.c - devices and what they remember, from their state lists.
 * Rule: the list has everything; nothing about a particular device is known here.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/session/describe.h"

#define ULL(x) ((unsigned long long)(x))
enum { PER_LINE = 16, ARRAY_COLUMNS = 44 };

/* ---- the list of devices ---- */

static void claims_text(const struct bus *b, const struct device *d, const char *kind, char *out, size_t size)
{
	for (int i = 0; i < b->n; i++) {
		size_t n = strlen(out);

		if (b->entry[i].dev != d)
			continue;
		if (n + 24 > size) {
			snprintf(out + n, size - n, "...");
			return;
		}
		snprintf(out + n, size - n, "%s%s%llx", n ? " " : "", kind, ULL(b->entry[i].base));
	}
}

/* "80 cf8", "m:fec00000", "msr 1b": where it answers. */
static void where(const struct vm *vm, int index, char *out, size_t size)
{
	const struct device *d = vm->device[index];
	u32 cpu = vm->device_cpu[index];

	*out = 0;
	claims_text(&vm->port, d, "", out, size);
	claims_text(&vm->mmio, d, "m:", out, size);
	if (cpu)
		claims_text(&vm->vcpu[cpu - 1].mmio, d, "m:", out, size);
}

void describe_devices(struct session *s, struct lines *l)
{
	const struct vm *vm = s->vm;

	lines_add(l, LINE_TITLE, "%-14s %-38s %s", "device", "what it is", "ports, m: addresses");
	for (int i = 0; i < vm->ndevices; i++) {
		const struct device *d = vm->device[i];
		char places[26];
		struct line *line;

		where(vm, i, places, sizeof(places));
		line = lines_add(l, LINE_TEXT, "%-14s %-38s %s", d->name, d->class->brief, places);
		line->about = ABOUT_DEVICE;
		line->value = (u64)i;
	}
}

/* ---- one device ---- */

static int element_text(const struct field *f, u64 v, char *out, size_t size)
{
	switch (f->format) {
	case DEC: return snprintf(out, size, "%llu", ULL(v));
	case BOOL: return snprintf(out, size, "%s", v ? "yes" : "no");
	default: return snprintf(out, size, "%0*llx", f->width * 2, ULL(v));
	}
}

static bool differs(const struct field *f, const void *state, const void *before, u32 from, u32 to)
{
	for (u32 i = from; before && i < to; i++)
		if (field_get(f, state, i) != field_get(f, before, i))
			return true;
	return false;
}

static bool all_zero(const struct field *f, const void *state, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++)
		if (field_get(f, state, i))
			return false;
	return true;
}

/* Columns that the names take. */
static int name_columns(const struct layout *layout)
{
	size_t most = 4;

	for (u32 i = 0; i < layout->nfields; i++)
		most = strlen(layout->fields[i].name) > most ? strlen(layout->fields[i].name) : most;
	return (int)most;
}

static void scalar(const struct field *f, int columns, const void *state, const void *before, struct lines *l)
{
	char value[24];

	element_text(f, field_get(f, state, 0), value, sizeof(value));
	lines_add(l, LINE_TEXT, "%-*s %-8s  %s", columns, f->name, value, f->help)->changed =
		differs(f, state, before, 0, 1);
	if (before && differs(f, state, before, 0, 1)) {
		element_text(f, field_get(f, before, 0), value, sizeof(value));
		lines_more(l, "  (was %s)", value);
	}
}

/* Elements of one line: as many as fit, a power of two. */
static u32 per_line(const struct field *f)
{
	u32 columns = f->format == DEC ? 21 : f->format == BOOL ? 4 : f->width * 2u + 1, n = PER_LINE;

	if (f->format == DEC && f->width < 8)
		columns = f->width == 1 ? 4 : f->width == 2 ? 6 : 11;
	while (n > 1 && n * columns > ARRAY_COLUMNS)
		n /= 2;
	return n;
}

/* Lines of zeros are left out; the first says that there are some. */
static void array(const struct field *f, int columns, const void *state, const void *before, struct lines *l)
{
	u32 step = per_line(f);
	bool skipped = false;

	lines_add(l, LINE_TEXT, "%-*s [%u]  %s", columns, f->name, f->count, f->help);
	for (u32 from = 0; from < f->count; from += step) {
		u32 to = from + step < f->count ? from + step : f->count;
		bool changed = differs(f, state, before, from, to);

		if (!changed && f->count > step && all_zero(f, state, from, to)) {
			if (!skipped)
				lines_add(l, LINE_DIM, "  [%u] ... zero", from);
			skipped = true;
			continue;
		}
		skipped = false;
		lines_add(l, LINE_TEXT, "  [%u]", from)->changed = changed;
		for (u32 i = from; i < to; i++) {
			char value[24];

			element_text(f, field_get(f, state, i), value, sizeof(value));
			lines_more(l, " %s", value);
		}
	}
}

void describe_device(struct session *s, const struct device *d, const void *before, struct lines *l)
{
	const struct layout *layout = d->class->layout;
	int columns = name_columns(layout);

	lines_add(l, LINE_TITLE, "%s  %s", d->name, d->class->brief);
	for (u32 i = 0; i < layout->nfields; i++) {
		const struct field *f = &layout->fields[i];

		if (f->count == 1)
			scalar(f, columns, d->state, before, l);
		else
			array(f, columns, d->state, before, l);
	}
	for (u32 i = 0; i < d->class->ntimers; i++) {
		const struct timer *t = &s->vm->clock.timer[d->timer_id[i]];

		if (t->armed)
			lines_add(l, LINE_TEXT, "%-*s %-8llu  virtual ns at which it fires, in %.6f s",
				  columns, "(timer)", ULL(t->due),
				  t->due > s->vm->clock.now ? (double)(t->due - s->vm->clock.now) / 1e9
							    : 0.0);
	}
}
