/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging.c - how the chosen processor translates addresses: one walk, one table, all that is mapped.
 * Rule: a walk that looks sets no accessed bits and checks no rights.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/host-file.h"
#include "debugger/verbs/verbs-priv.h"

enum { MAPPINGS_MOST = 4000, FILE_MOST = 16 << 20 };

static int exec_walk(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	u64 gva;
	int rc = call_address(c, 0, here(c->s), &gva, err);

	if (rc)
		return rc;
	describe_walk(c->s, c->s->cpu, gva, &l);
	return say_lines(c, &l, err);
}

static int one_table(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	u64 gpa, level = 0;
	int rc = verb_number(c->s, c->word[0], &gpa, err);

	if (!rc && c->nwords > 1)
		rc = verb_number(c->s, c->word[1], &level, err);
	if (!rc && level > 4)
		rc = err_set(err, EINVAL, "tables: level %llu; expected 1 (page table) to 4 (PML4)", ULL(level));
	if (rc)
		return rc;
	describe_table(c->s, c->s->cpu, gpa, level ? (int)level : 1, 0, false, &l);
	return say_lines(c, &l, err);
}

static void mappings_text(struct session *s, struct buf *out)
{
	struct lines l = { 0 };

	describe_mappings(s, STAGE_GUEST, s->cpu, MAPPINGS_MOST, &l);
	lines_text(&l, out);
	lines_free(&l);
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == len && !memcmp(text, line, len))
			return true;
	return false;
}

/* The lines of `a` that `b` has not. */
static int only_in(const char *a, const char *b, char mark, struct buf *out)
{
	int n = 0;

	for (; *a; a += strcspn(a, "\n"), a += *a == '\n') {
		size_t len = strcspn(a, "\n");

		if (has_line(b, a, len))
			continue;
		buf_printf(out, "%c %.*s\n", mark, (int)len, a);
		n++;
	}
	return n;
}

static int difference(struct verb_call *c, struct err *err)
{
	struct host_file f = { 0 };
	struct buf now = { 0 };
	int rc = host_file_read(&f, "list of tables", c->word[1], FILE_MOST, err);
	char *then = rc ? NULL : strndup((const char *)f.data, f.len);

	mappings_text(c->s, &now);
	if (!rc && (!then || !buf_text(&now)))
		rc = err_set(err, ENOMEM, "no memory to compare");
	if (!rc && !(only_in(then, buf_text(&now), '-', c->out) + only_in(buf_text(&now), then, '+', c->out)))
		buf_printf(c->out, "no difference\n");
	free(then);
	buf_free(&now);
	host_file_close(&f);
	return rc;
}

static int exec_tables(struct verb_call *c, struct err *err)
{
	struct buf text = { 0 };
	int rc = call_words(c, &the_tables, 0, 2, err);

	if (rc)
		return rc;
	if (c->nwords && !strcmp(c->word[0], "diff") && c->nwords == 2)
		return difference(c, err);
	if (c->nwords && strcmp(c->word[0], "save"))
		return one_table(c, err);
	mappings_text(c->s, &text);
	if (c->nwords == 2)
		rc = host_file_write(c->word[1], text.data, text.len, err);
	else if (c->nwords)
		rc = err_set(err, EINVAL, "tables save: expected a file");
	else
		buf_put(c->out, text.data, text.len);
	buf_free(&text);
	return rc;
}

const struct verb the_walk = {
	.name = "walk", .args = "[ADDRESS]", .brief = "the page walk of a linear address, decoded",
	.text = "Each level's entry with its flags, where it leads to, and what lies there.", .example = "walk 0x7c00\nwalk $rsp",
	.group = VERB_LOOK, .complete = COMPLETE_EXPR, .exec = exec_walk,
};
const struct verb the_tables = {
	.name = "tables", .args = "[GPA [LEVEL] | save FILE | diff FILE]", .brief = "what is mapped; one page table; differences",
	.text = "Without arguments the ranges of linear addresses that the guest's tables map, with their\n"
		"rights. With a physical address one table's entries (LEVEL 1 is a page table, 4 a PML4).\n"
		"`save` writes the ranges to a file, `diff` compares them with such a file: - gone, + new.",
	.example = "tables\ntables $cr3 4\ntables diff before.txt", .group = VERB_LOOK, .complete = COMPLETE_FILE,
	.exec = exec_tables,
};
