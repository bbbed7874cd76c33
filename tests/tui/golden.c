/* SPDX-License-Identifier: GPL-3.0-or-later
 * golden.c - nine views, and that of paging with each kind of tables; four sizes, UTF-8 and ASCII, colour and none: 192
 * screens, compared byte for byte.
 *	golden FOLDER            compare with FOLDER/VIEW-COLSxROWS.txt
 *	golden FOLDER --update   write them anew; look at the difference before believing it
 * Rule: the session is the tour's guest after the same keys each time, so a difference is a change of the screen.
 *
 * A file holds the rows in UTF-8; then the rows in ASCII; then each row's looks in colour and without, as runs: `b12`
 * is twelve cells of look b.  Together that is the four screens: what is drawn does not depend on colour.
 */
#include <locale.h>
#include <string.h>

#include "debugger/tui/theme.h"
#include "tests/tui/tour-session.h"

static const struct { u32 cols, rows; } sizes[] = { { 80, 24 }, { 100, 30 }, { 160, 50 }, { 40, 12 } };

/* A letter for each look; equal looks have equal letters. */
static char letter(enum style style, bool colour)
{
	struct look l = theme_look(style, colour), other;

	for (int i = 0; i < STYLES; i++) {
		other = theme_look((enum style)i, colour);
		if (!memcmp(&l, &other, sizeof(l)))
			return (char)('a' + i);
	}
	return '?';
}

static void looks(const struct cells *c, bool colour, struct buf *out)
{
	buf_printf(out, "---- looks, %s\n", colour ? "colour" : "no colour");
	for (u32 row = 0; row < c->rows; row++) {
		const struct cell *cell = c->cell + (size_t)row * c->cols;
		for (u32 col = 0, from = 0; col < c->cols; from = col) {
			char look = letter(cell[col].style, colour);
			while (col < c->cols && letter(cell[col].style, colour) == look)
				col++;
			buf_printf(out, "%c%u", look, col - from);
		}
		buf_printf(out, "\n");
	}
}

/* The same guest, the same keys; what the host's clock measured is replaced. */
static void prepare(struct tour_session *s, bool ascii)
{
	struct tui_config c = { .ascii = ascii, .name = "tour" };

	tour_session_open(s, &c);
	tour_session_keys(s, "SSs{SSSma");
	tour_session_keys(s, "u:break 0x7c80\n:print $rsp\n:on exit(IO) { @ports[qualification >> 16] = count(); }\nSS");
	tour_session_keys(s, ":frobnicate\n");
}

static void draw(struct tour_session *s, int view, u32 cols, u32 rows, struct buf *out)
{
	const struct cells *c;

	tui_resize(s->t, rows, cols);
	tui_view(s->t, view);
	c = tui_draw(s->t);
	buf_printf(out, "---- %s\n", c->ascii ? "ASCII" : "UTF-8");
	cells_text(c, false, out);
	if (c->ascii)
		return;
	looks(c, true, out);
	looks(c, false, out);
}

static bool read_all(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char part[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_put(out, part, n);
	fclose(f);
	return true;
}

/* The first line that differs. */
static void complain(const char *path, struct buf *want, struct buf *have)
{
	const char *a = buf_text(want), *b = buf_text(have);
	int line = 1;

	while (*a && *a == *b) {
		line += *a == '\n';
		a++;
		b++;
	}
	while (a > (const char *)want->data && a[-1] != '\n') {
		a--;
		b--;
	}
	printf("FAILED %s:%d\n  want: %.*s\n  have: %.*s\n", path, line, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

static bool check(const char *path, struct buf *have, bool update)
{
	struct buf want = { 0 };
	bool same;

	if (update) {
		FILE *f = fopen(path, "w");
		bool ok = f && fwrite(have->data, 1, have->len, f) == have->len;
		return f && !fclose(f) && ok;
	}
	same = read_all(path, &want) && want.len == have->len && !memcmp(want.data, have->data, have->len);
	if (!same && want.len)
		complain(path, &want, have);
	else if (!same)
		printf("FAILED %s: cannot be read\n", path);
	buf_free(&want);
	return same;
}

struct tally { const char *folder; bool update; int passed, failed; };

/* One view in all sizes, under this name. */
static void all_sizes(struct tally *t, const char *name, int view, struct tour_session *utf8, struct tour_session *ascii)
{
	char path[400];

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct buf have = { 0 };

		draw(utf8, view, sizes[i].cols, sizes[i].rows, &have);
		draw(ascii, view, sizes[i].cols, sizes[i].rows, &have);
		snprintf(path, sizeof(path), "%s/%s-%ux%u.txt", t->folder, name, sizes[i].cols, sizes[i].rows);
		if (check(path, &have, t->update))
			t->passed += 4; /* two characters sets, two looks */
		else
			t->failed += 4;
		buf_free(&have);
	}
}

/* The paging view of a machine in this mode, after these keys. */
static void paging_view(struct tally *t, const char *name, enum paging_mode mode, const char *keys)
{
	struct tour_session utf8, ascii;

	tour_paging = mode;
	prepare(&utf8, false);
	prepare(&ascii, true);
	tour_session_keys(&utf8, keys);
	tour_session_keys(&ascii, keys);
	all_sizes(t, name, 3, &utf8, &ascii);
	tour_session_close(&utf8);
	tour_session_close(&ascii);
}

int main(int argc, char **argv)
{
	bool update = argc == 3 && !strcmp(argv[2], "--update");
	struct tally t = { .folder = argc > 1 ? argv[1] : "", .update = update };
	struct tour_session utf8, ascii;

	if (argc != 2 && !update) {
		fprintf(stderr, "usage: golden FOLDER [--update]\n");
		return 2;
	}
	setlocale(LC_ALL, "C");
	prepare(&utf8, false);
	prepare(&ascii, true);
	for (int view = 1; view <= TUI_VIEWS; view++) {
		char name[12];

		snprintf(name, sizeof(name), "%d", view);
		all_sizes(&t, name, view, &utf8, &ascii);
	}
	tour_session_close(&utf8);
	tour_session_close(&ascii);
	paging_view(&t, "3-ept", PAGING_EPT, "vvvvvo");
	paging_view(&t, "3-shadow", PAGING_SHADOW, "vvvo");
	paging_view(&t, "3-difference", PAGING_SHADOW, "D");
	printf("%d passed, %d failed\n", t.passed, t.failed);
	return t.failed ? 1 : 0;
}
