/* SPDX-License-Identifier: GPL-3.0-or-later
 * wrong.c - compile scripts and compare what is said with a table.  Usage: wrong TABLE | wrong --show FILE...
 * Rule: every error that is said must be in the table, at its line and column, with its words and its help.
 *
 * A table is a list of cases: a line `== TITLE`, the script, then one line `-- LINE:COL: WHAT | HELP` for each error, in
 * order.  WHAT and HELP are parts of what is said; an empty HELP means that there must be none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "debugger/trap/trap.h"

struct score {
	int passed, failed, helps, errors;
};

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	struct buf b = { 0 };
	char part[4096];
	size_t n;

	if (!f) {
		fprintf(stderr, "wrong: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_put(&b, part, n);
	fclose(f);
	*len = b.len;
	buf_text(&b);
	return (char *)b.data;
}

static int show(int n, char **paths)
{
	int rc = 0;

	for (int i = 0; i < n; i++) {
		struct trap_unit *u = trap_unit_new();
		struct trap_errors e;
		struct buf out = { 0 };
		size_t len;
		char *text = read_file(paths[i], &len);

		trap_compile(u, paths[i], text, len, &e);
		for (int k = 0; k < e.n; k++)
			trap_error_text(u, &e.at[k], NULL, &out);
		if (out.len)
			fwrite(out.data, 1, out.len, stdout);
		rc |= e.n ? 2 : 0;
		buf_free(&out);
		free(text);
		trap_unit_free(u);
	}
	return rc;
}

/* ---- one case ---- */

static bool matches(const char *line, const struct trap_error *e)
{
	char what[300], help[300] = "";
	unsigned row, col;
	char *bar, *end;

	if (sscanf(line, "-- %u:%u: %299[^\n]", &row, &col, what) != 3 || row != e->pos.line || col != e->pos.col)
		return false;
	bar = strstr(what, " |");
	if (bar) {
		snprintf(help, sizeof(help), "%s", bar[2] ? bar + 3 : "");
		*bar = 0;
	}
	for (end = what + strlen(what); end > what && end[-1] == ' '; end--)
		end[-1] = 0;
	return strstr(e->what, what) && (help[0] ? strstr(e->help, help) != NULL : !e->help[0]);
}

static void run_case(const char *title, const char *script, size_t len, char **want, int nwant, struct score *score)
{
	struct trap_unit *u = trap_unit_new();
	struct trap_errors e;
	struct buf out = { 0 };
	bool good;

	trap_compile(u, "case", script, len, &e);
	good = e.n == nwant;
	for (int i = 0; good && i < e.n; i++)
		good = matches(want[i], &e.at[i]);
	for (int i = 0; i < e.n; i++) {
		score->errors++;
		score->helps += e.at[i].help[0] != 0;
		trap_error_text(u, &e.at[i], NULL, &out);
	}
	score->passed += good;
	score->failed += !good;
	if (!good) {
		printf("FAILED %s: expected\n", title);
		for (int i = 0; i < nwant; i++)
			printf("    %s\n", want[i]);
		printf("  but it says%s\n%.*s", e.n ? "" : " nothing", (int)out.len, out.data ? (char *)out.data : "");
	}
	buf_free(&out);
	trap_unit_free(u);
}

enum { WANTS = 24 };

static void run_table(char *at, struct score *score)
{
	while (at && (at = strstr(at, "== "))) {
		char *title = at + 3, *script = strchr(title, '\n') + 1, *line = script, *want[WANTS];
		size_t len;
		int n = 0;

		script[-1] = 0;
		while (line && strncmp(line, "-- ", 3) && strncmp(line, "== ", 3))
			line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
		len = line ? (size_t)(line - script) : strlen(script);
		if (len && memchr(script, '\n', len) == script + len - 1)
			len--; /* a script of one line is one without its end */
		while (line && !strncmp(line, "-- ", 3) && n < WANTS) {
			want[n++] = line;
			line = strchr(line, '\n');
			if (line)
				*line++ = 0;
		}
		run_case(title, script, len, want, n, score);
		at = line;
	}
}

int main(int argc, char **argv)
{
	struct score score = { 0 };
	size_t len;

	if (argc > 2 && !strcmp(argv[1], "--show"))
		return show(argc - 2, argv + 2);
	if (argc != 2) {
		fputs("usage: wrong TABLE | wrong --show FILE...\n", stderr);
		return 2;
	}
	char *text = read_file(argv[1], &len);
	run_table(text, &score);
	free(text);
	printf("%d errors, %d with help\n%d passed, %d failed\n", score.errors, score.helps, score.passed, score.failed);
	return score.failed || !score.passed;
}
