/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-read.c - facts about looking into a snapshot without a machine: what was saved is what is shown, two are
 * told apart by field and page, and whatever is damaged is refused by the name of its section.
 */
#include <stdlib.h>

#include "core/base/version.h"
#include "tests/forge.h"
#include "debugger/snapshot-text.h"
#include "tests/unit/unit.h"
#include "tests/watch.h"

static const struct device_class *const classes[] = { &ticker_class };
static const struct fake_insn idle[] = { { 3000, FAKE_JMP, { .qualification = 20 } } };
static struct snapshot_file file, file2;

static struct buf save(struct vm *vm)
{
	struct buf b = { 0 };

	ck_assert_msg(snapshot_save(vm, &b, &err) == 0, "%s", err.text);
	return b;
}

static struct buf copy(const struct buf *b)
{
	struct buf c = { 0 };

	buf_put(&c, b->data, b->len);
	return c;
}

static void is_good(struct snapshot_file *f, const struct buf *b)
{
	ck_assert_msg(snapshot_open(f, b->data, b->len, classes, ARRAY_LEN(classes), &err) == 0, "%s", err.text);
	ck_assert(f->whole);
}

static void is_refused(const struct buf *b, const char *words)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_lt(snapshot_open(&file, b->data, b->len, classes, ARRAY_LEN(classes), &err), 0);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' lacks '%s'", err.text, words);
	ck_assert(!file.whole);
}

/* Where section `title` begins, in an undamaged stream; and its length in all. */
static size_t find(const struct buf *b, const char *title, size_t *len)
{
	struct reader in;
	struct section s;

	ck_assert_int_eq(snapshot_begin(&in, b->data, b->len, &err), 0);
	do
		ck_assert_msg(section_read(&in, b->data, &s, &err) == 0, "%s", err.text);
	while (strcmp(s.title, title));
	*len = (size_t)(in.at - b->data) - s.at;
	return s.at;
}

/* The same with another payload in one section, or, with no payload, without it. */
static struct buf replace(const struct buf *b, const char *title, struct buf *payload, const char *name)
{
	struct buf out = { 0 };
	size_t len, at = find(b, title, &len);

	buf_put(&out, b->data, at);
	if (payload)
		section_put(&out, name, "", payload);
	buf_put(&out, b->data + at + len, b->len - at - len);
	forge(&out);
	return out;
}

/* ---- what is shown ---- */

START_TEST(what_was_saved_is_there)
{
	struct vm *vm = MACHINE(idle);
	const struct snapshot_part *p;
	struct snapshot_fields walk;
	struct snapshot_field f;
	struct buf b;
	u32 n = 0;

	ticker.s.period[0] = 1234;
	ticker.s.memory[15] = 0xa5;
	b = save(vm);
	is_good(&file, &b);
	ck_assert_str_eq(file.writer.program, "vitrine " VITRINE_VERSION);
	ck_assert_str_eq(file.writer.cpu, vm->cpu->name);
	p = snapshot_part_find(&file, "device", "ticker");
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_eq(p->class, &ticker_class);
	snapshot_fields_start(&walk, p);
	while (snapshot_fields_next(&walk, &f)) {
		const struct field *want = &ticker_state_fields[n++];

		ck_assert_str_eq(f.name, want->name);
		ck_assert_str_eq(f.field.help, want->help);
		ck_assert_uint_eq(f.field.count, want->count);
		for (u32 i = 0; i < want->count; i++)
			ck_assert_uint_eq(field_get(&f.field, f.values, i), field_get(want, &ticker.s, i));
	}
	ck_assert_uint_eq(n, ticker_state_layout.nfields);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

START_TEST(pages_are_memory)
{
	struct vm *vm = MACHINE(idle);
	struct snapshot_pages walk;
	struct buf b;
	u8 page[PAGE_SIZE_4K];
	u64 n = 0;

	for (u64 i = 0; i < 150; i += 1 + i % 3) {
		memset(page, (int)i + 1, sizeof(page));
		mem_poke(&vm->mem, i * PAGE_SIZE_4K, page, sizeof(page));
	}
	b = save(vm);
	is_good(&file, &b);
	ck_assert_uint_eq(file.frames, TICKER_MEM / PAGE_SIZE_4K);
	ck_assert_uint_gt(file.page_sections, 1);
	ck_assert_int_eq(snapshot_pages_start(&walk, &file, &err), 0);
	while (snapshot_pages_next(&walk)) {
		frames_read(vm->frames, walk.frame, 0, page, sizeof(page));
		ck_assert_mem_eq(walk.page, page, sizeof(page));
		ck_assert_uint_ne(page[0], 0);
		n++;
	}
	ck_assert_uint_eq(n, file.pages);
	for (u64 i = 0; i < TICKER_MEM / PAGE_SIZE_4K; i++) {
		frames_read(vm->frames, i, 0, page, sizeof(page));
		n -= page[0] != 0;
	}
	ck_assert_uint_eq(n, 0);
	snapshot_pages_end(&walk);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

START_TEST(a_device_nobody_knows_is_shown_in_numbers)
{
	struct vm *vm = MACHINE(idle);
	struct buf b, text = { 0 };

	ticker.dev.name = "ticker7"; /* known by what it remembers */
	b = save(vm);
	is_good(&file, &b);
	ck_assert_ptr_eq(snapshot_part_find(&file, "device", "ticker7")->class, &ticker_class);
	ck_assert_int_eq(snapshot_open(&file, b.data, b.len, NULL, 0, &err), 0);
	ck_assert_ptr_null(snapshot_part_find(&file, "device", "ticker7")->class);
	ck_assert_int_eq(snapshot_show(&file, "device", "ticker7", &text), 1);
	ck_assert_ptr_nonnull(strstr(buf_text(&text), "period           = 0x0000000000000000\n"));
	buf_free(&text);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

START_TEST(older_and_newer_files)
{
	struct vm *vm = MACHINE(idle);
	struct buf b = save(vm), older = replace(&b, "writer", NULL, NULL), newer, text = { 0 };

	is_good(&file, &older);
	ck_assert_str_eq(file.writer.program, "");
	ck_assert_int_eq(snapshot_load(vm, older.data, older.len, &err), 0);
	buf_put(&text, "future", 6);
	newer = replace(&b, "writer", &text, "sparkle");
	is_good(&file, &newer);
	ck_assert_int_eq(snapshot_part_find(&file, "sparkle", "")->kind, SNAPSHOT_UNKNOWN);
	ck_assert_int_lt(snapshot_load(vm, newer.data, newer.len, &err), 0);
	b.data[7] = 3;
	is_refused(&b, "is of format 3, this version reads formats 1 to 2");
	buf_free(&text);
	buf_free(&newer);
	buf_free(&older);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

/* ---- differences ---- */

static char *difference(const struct buf *a, const struct buf *b)
{
	struct buf text = { 0 };
	json_t *diff;

	is_good(&file, a);
	is_good(&file2, b);
	diff = snapshot_diff(&(const struct snapshot_file *){ &file }, 1, &(const struct snapshot_file *){ &file2 }, 1, &err);
	ck_assert_msg(diff != NULL, "%s", err.text);
	snapshot_diff_text(diff, &text);
	json_decref(diff);
	return (char *)(text.len ? (u8 *)buf_text(&text) : (u8 *)calloc(1, 1));
}

START_TEST(differences_have_names)
{
	struct vm *vm = MACHINE(idle);
	struct buf a, b;
	char *text;

	mem_poke(&vm->mem, 0x5000, "one", 3);
	mem_poke(&vm->mem, 0x9000, "gone", 4);
	a = save(vm);
	text = difference(&a, &a);
	ck_assert_str_eq(text, "");
	free(text);
	ticker.s.memory[3] = 0x11;
	ticker.s.ticks[0] = 7;
	mem_poke(&vm->mem, 0x5fff, "two", 3);
	mem_poke(&vm->mem, 0x9000, "\0\0\0\0", 4);
	b = save(vm);
	text = difference(&a, &b);
	ck_assert_str_eq(text, "device ticker ticks: 0 -> 7   (ticks so far)\n"
			       "device ticker memory[3]: 0x5a -> 0x11   (bytes that are kept)\n"
			       "machine memory: 3 pages differ\n"
			       "  0x000005000-0x000006fff   (2)\n"
			       "  0x000009000-0x000009fff   (1)\n");
	free(text);
	buf_free(&b);
	b = replace(&a, "device ticker", NULL, NULL);
	text = difference(&a, &b);
	ck_assert_ptr_eq(strstr(text, "device ticker: "), text);
	ck_assert_ptr_nonnull(strstr(text, " bytes -> none\n"));
	free(text);
	buf_free(&a);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

START_TEST(many_elements_are_counted)
{
	struct vm *a = MACHINE(idle);
	struct x86_state s = { 0 };
	struct buf before = save(a), after;
	char *text, *at;
	int lines = 0;

	ck_assert_int_eq(vcpu_get(&a->vcpu[0], &s, ST_ALL), 0);
	for (size_t i = 0; i < ARRAY_LEN(s.xmm); i++)
		s.xmm[i] = i + 1;
	ck_assert_int_eq(vcpu_set(&a->vcpu[0], &s, ST_ALL, &err), 0);
	after = save(a);
	text = difference(&before, &after);
	for (at = text; (at = strstr(at, "vcpu 0 xmm[")); at++)
		lines++;
	ck_assert_int_eq(lines, 16);
	ck_assert_msg(strstr(text, "and 16 more of its elements") != NULL, "%s", text);
	free(text);
	buf_free(&before);
	buf_free(&after);
	vm_destroy(a);
}
END_TEST

/* ---- refusals ---- */

static struct buf busy_stream(struct vm **vm)
{
	*vm = MACHINE(idle);
	for (u64 i = 0; i < 100; i++)
		mem_poke(&(*vm)->mem, i * PAGE_SIZE_4K + i, "page", 4);
	return save(*vm);
}

START_TEST(every_truncation_and_every_bit_names_its_section)
{
	struct vm *vm;
	struct buf b = busy_stream(&vm), cut;
	struct reader in;
	struct section s = { .name = "" };
	char where[40], wrong[60];
	size_t end;

	ck_assert_int_eq(snapshot_begin(&in, b.data, b.len, &err), 0);
	while (strcmp(s.name, "end")) {
		ck_assert_int_eq(section_read(&in, b.data, &s, &err), 0);
		end = (size_t)(in.at - b.data);
		snprintf(where, sizeof(where), "at byte %lu", (unsigned long)s.at);
		for (size_t at = s.at; at < end; at++) {
			cut = copy(&b);
			cut.len = at;
			is_refused(&cut, where);
			ck_assert_msg(at < s.at + 8 + strlen(s.name) + strlen(s.instance) || at > end - 4 || strstr(err.text, "it is cut off in "), "%s", err.text);
			cut.len = b.len;
			for (int bit = 0; bit < 8; bit++) {
				cut.data[at] ^= (u8)(1 << bit);
				is_refused(&cut, where);
				snprintf(wrong, sizeof(wrong), "bit %d of its byte %lu is wrong, which is in ", bit,
					 (unsigned long)(at - s.at));
				ck_assert_msg(strstr(err.text, wrong), "'%s' lacks '%s'", err.text, wrong);
				cut.data[at] ^= (u8)(1 << bit);
			}
			buf_free(&cut);
		}
	}
	for (size_t at = 0; at < SNAPSHOT_MAGIC_LEN; at++) {
		cut = copy(&b);
		cut.len = at;
		is_refused(&cut, "not a snapshot");
		cut.len = b.len;
		cut.data[at] ^= 4;
		is_refused(&cut, at == 7 ? "is of format 6" : "not a snapshot");
		buf_free(&cut);
	}
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

/* The words are about the right field. */
START_TEST(damage_is_in_a_field)
{
	static const struct { const char *section; size_t at; const char *words; } rows[] = {
		{ "clock", 0, "in its name ('clock')" },   { "clock", 3, "in its name ('clock')" },
		{ "clock", 9, "in its length ('clock')" }, { "clock", 15, "in the number of its fields" },
		{ "clock", 30, "in its field 'now'" },     { "clock", 49, "in its field 'frac_ps'" },
		{ "about", 49, "in its field 'icount'" },
	};
	struct vm *vm;
	struct buf b = busy_stream(&vm);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len, at = find(&b, rows[i].section[0] == 'a' ? "about" : rows[i].section, &len);

		b.data[at + rows[i].at] ^= 2;
		is_refused(&b, rows[i].words);
		b.data[at + rows[i].at] ^= 2;
	}
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

/* Behind a right CRC, by the hand of somebody: the field is named too. */
START_TEST(forged_fields_are_named)
{
	struct vm *vm;
	struct buf b = busy_stream(&vm), p = { 0 }, forged;
	static const struct { const char *name; int width; u32 count, bytes; const char *words; } rows[] = {
		{ "now", 8, 1, 7, "clock: the saved state ends or is damaged near field 'now'" },
		{ "now", 4, 1, 4, "section 'clock': clock_state.now: saved as 1 values of 4 bytes" },
		{ "now", 3, 1, 3, "clock.now: saved as values of 3 bytes" },
		{ "now", 8, 0xffffffff, 8, "near field 'now'" },
		{ "now", 8, 1, 9, "clock: 1 bytes too many" },
		{ "n\033w", 8, 1, 8, "near field ''" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_put_uint(&p, 1, 2);
		buf_put_uint(&p, 1, 4);
		buf_put_str(&p, rows[i].name);
		buf_put_uint(&p, (u64)rows[i].width, 1);
		buf_put_uint(&p, rows[i].count, 4);
		buf_put(&p, "\1\1\1\1\1\1\1\1\1", rows[i].bytes);
		forged = replace(&b, "clock", &p, "clock");
		is_refused(&forged, rows[i].words);
		buf_free(&forged);
	}
	buf_put(&p, "short", 5);
	forged = replace(&b, "clock", &p, "clock");
	is_refused(&forged, "clock: the saved state ends within its first 6 bytes");
	buf_free(&forged);
	buf_free(&p);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

START_TEST(forged_memory_is_refused)
{
	struct vm *vm;
	struct buf b = busy_stream(&vm), p = { 0 }, forged;

	buf_put_uint(&p, 1, 4);
	buf_put_uint(&p, 0, 8);
	buf_put_uint(&p, 3, 8); /* only frames 0 to 2 exist now */
	forged = replace(&b, "frames", &p, "frames");
	is_refused(&forged, "machine frame 3 is not among those of section 'frames'");
	buf_free(&forged);
	buf_put_uint(&p, 1, 4);
	buf_put_uint(&p, 1, 8);
	buf_put_uint(&p, UINT64_MAX, 8);
	forged = replace(&b, "frames", &p, "frames");
	is_refused(&forged, "section 'frames' at byte");
	buf_free(&forged);
	forged = replace(&b, "frames", NULL, NULL);
	is_refused(&forged, "machine frame 0 is not among");
	buf_free(&forged);
	buf_put_uint(&p, 0xffffffff, 4);
	forged = replace(&b, "slots", &p, "slots");
	is_refused(&forged, "slot 0 of 4294967295 is cut off");
	buf_free(&forged);
	buf_put_uint(&p, 0, 4);
	forged = replace(&b, "pages", &p, "pages");
	is_refused(&forged, "of 0 pages; expected 1 to 64");
	buf_free(&forged);
	forged = replace(&b, "end", NULL, NULL);
	is_refused(&forged, "no section has a name at byte");
	buf_free(&forged);
	buf_free(&p);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

START_TEST(sections_are_single_and_few)
{
	struct vm *vm = MACHINE(idle);
	struct buf b = save(vm), many = { 0 }, none = { 0 };
	size_t len, at = find(&b, "clock", &len);

	buf_put(&many, b.data, at + len);
	buf_put(&many, b.data + at, b.len - at);
	is_refused(&many, "section 'clock' comes twice, again at byte");
	ck_assert_uint_gt(file.nparts, 2); /* what was good before it can be shown */
	many.len = SNAPSHOT_MAGIC_LEN;
	for (int i = 0; i <= SNAPSHOT_PARTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x%d", i);
		section_put(&many, "x", name, &none);
	}
	is_refused(&many, "is one too many; expected at most");
	buf_free(&many);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_was_saved_is_there,
		pages_are_memory,
		a_device_nobody_knows_is_shown_in_numbers,
		older_and_newer_files,
		differences_have_names,
		many_elements_are_counted,
		every_truncation_and_every_bit_names_its_section,
		damage_is_in_a_field,
		forged_fields_are_named,
		forged_memory_is_refused,
		sections_are_single_and_few,
	};

	return unit_run("snapshot-read", tests, ARRAY_LEN(tests));
}
