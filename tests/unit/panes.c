/* SPDX-License-Identifier: GPL-3.0-or-later
 * panes.c - the panes of views 3 to 9, and the console's, drawn into cells from the tour's guest.
 * Rule: a pane is asked as the screen asks it: draw, key, draw; what is expected is what its describer is
 * known to say.
 */
#include <string.h>

#include "debugger/trap/run.h"
#include "debugger/tui/panes.h"
#include "debugger/verbs/verb.h"
#include "tests/tui/tour-session.h"
#include "tests/unit/unit.h"

static struct tour_session tour;
static struct cells screen;
static char text[1 << 17];

static void open_tour(void)
{
	struct tui_config c = { .ascii = true, .name = "tour" };

	tour_session_open(&tour, &c);
	screen = (struct cells){ .ascii = true };
}

static void close_tour(void)
{
	tour_session_close(&tour);
	cells_free(&screen);
}

static struct session *session(void)
{
	return tui_session(tour.t);
}

/* The pane drawn into so many rows and columns, as text; then, row by row, letters of styles if asked. */
static const char *drawn(struct pane *p, u32 rows, u32 cols, bool styles)
{
	struct buf out = { 0 };

	ck_assert_int_eq(cells_resize(&screen, rows, cols), 0);
	p->class->draw(p, area_whole(&screen));
	cells_text(&screen, styles, &out);
	ck_assert_uint_lt(out.len, sizeof(text));
	memcpy(text, out.data ? (const char *)out.data : "", out.len);
	text[out.len] = 0;
	buf_free(&out);
	return text;
}

static struct pane *pane(const struct pane_class *class)
{
	struct pane *p = tui_pane(tour.t, class);

	ck_assert_ptr_nonnull(p);
	p->focus = true;
	return p;
}

static void want(const char *where, const char *what)
{
	ck_assert_msg(strstr(where, what) != NULL, "expected \"%s\" in:\n%s", what, where);
}

static void line(const char *what)
{
	struct buf out = { 0 };
	struct err err = { 0 };

	ck_assert_msg(verb_line(session(), what, &out, &err) >= 0, "%s: %s", what, err.text);
	buf_free(&out);
}

static const struct pane_class *const classes[] = {
	&pane_tables, &pane_tlb,        &pane_owners, &pane_vmcs,  &pane_devices,
	&pane_device, &pane_interrupts, &pane_queues, &pane_sched, &pane_migrate,
	&pane_stats,  &pane_maps,       &pane_probes, &pane_tests, &pane_console,
};

START_TEST(every_size_and_key)
{
	static const u32 sizes[] = { 1, 2, 3, 7, 21, 39, 80, 131 };
	static const int keys[] = { KEY_DOWN_, KEY_RIGHT_, 'j', 'v',       KEY_END_, 'G', KEY_PGDN_, '+',
				    'D',       'n',        'p', KEY_LEFT_, KEY_UP_,  'e', 'k' };

	open_tour();
	for (u32 i = 0; i < ARRAY_LEN(classes); i++) {
		struct pane *p = pane(classes[i]);

		for (u32 r = 0; r < ARRAY_LEN(sizes); r++)
			for (u32 c = 0; c < ARRAY_LEN(sizes); c++) {
				drawn(p, sizes[r], sizes[c], false);
				if (p->class->key)
					p->class->key(p, keys[(r * 8 + c) % ARRAY_LEN(keys)]);
			}
		ck_assert_ptr_nonnull(p->class->title);
		ck_assert_ptr_nonnull(p->class->book);
		ck_assert_ptr_nonnull(p->class->help);
	}
	close_tour();
}
END_TEST

START_TEST(tables_and_what_is_missing)
{
	struct pane *p;
	const char *const said[] = { "--paging shadow has them", "--paging shadow has them", "--paging ept has one", "TLB: " };

	open_tour();
	p = pane(&pane_tables);
	want(drawn(p, 10, 60, false), "no paging");
	for (u32 i = 0; i < 3; i++)
		p->class->key(p, 'v');
	for (u32 i = 0; i < ARRAY_LEN(said); i++) {
		want(drawn(p, 10, 100, false), said[i]);
		p->class->key(p, 'v');
	}
	want(drawn(p, 10, 60, false), "linear addresses are guest-physical");
	p->class->key(p, 'D');
	want(drawn(p, 10, 100, false), "--paging shadow has them");
	p->class->key(p, 'D');
	want(drawn(p, 10, 60, false), "linear addresses are guest-physical");
	want(drawn(pane(&pane_tlb), 8, 31, false), "TLB: ");
	want(drawn(pane(&pane_sched), 8, 100, false), "This build has no scheduler");
	want(drawn(pane(&pane_migrate), 9, 80, false), "This build has no migration");
	want(drawn(pane(&pane_vmcs), 9, 80, false), "This build has no VMCS");
	close_tour();
}
END_TEST

/* Every machine frame is in one cell, and none of the RAM looks free. */
START_TEST(owners_of_frames)
{
	struct pane *p;
	int ram = 0, cells = 0;
	const char *t;

	open_tour();
	p = pane(&pane_owners);
	t = drawn(p, 10, 40, false);
	for (const char *c = t; *c && c < t + 8 * 41; c++) {
		ram += *c == 'R';
		cells += *c == 'R' || *c == 'O' || *c == 'D' || *c == 'h' || *c == '.' || *c == 'v';
	}
	ck_assert_int_eq(cells, (int)p->count);
	ck_assert_uint_ge((u64)ram * p->address * 4096, 15 << 20);
	want(t, "R RAM");
	p->class->key(p, KEY_RIGHT_);
	ck_assert_int_eq((int)p->at, 1);
	close_tour();
}
END_TEST

START_TEST(devices_and_their_registers)
{
	struct pane *list, *one;
	const char *t;

	open_tour();
	list = pane(&pane_devices);
	one = pane(&pane_device);
	t = drawn(list, 40, 80, false);
	want(t, "pit ");
	for (list->at = 1; strncmp(session()->vm->device[list->at - 1]->name, "pit", 4); list->at++)
		ck_assert_int_lt((int)list->at, session()->vm->ndevices);
	drawn(list, 40, 80, false);
	want(drawn(one, 12, 60, false), "8254");
	one->class->moving(one);
	bus_write(&session()->vm->port, 0x43, 1, 0x34, NULL);
	t = drawn(one, 60, 60, false);
	want(t, "*  [0] 2 0 0");
	want(t, "8254");
	want(t, "control word"); /* what was too wide went on below */
	list->class->expression(list, text, sizeof(text));
	ck_assert_str_eq(text, "device pit");
	close_tour();
}
END_TEST

/* A line wider than the pane is shown whole below, and can be moved. */
START_TEST(nothing_is_cut)
{
	struct pane *list;
	char beginning[12];

	open_tour();
	list = pane(&pane_devices);
	want(drawn(list, 12, 26, false), "\n> ");
	snprintf(beginning, sizeof(beginning), "%.10s", strchr(text, '\n') + 1);
	list->class->key(list, KEY_RIGHT_);
	ck_assert_int_ne(strncmp(strchr(drawn(list, 12, 26, false), '\n') + 1, beginning, 10), 0);
	list->class->key(list, KEY_LEFT_);
	ck_assert_int_eq(strncmp(strchr(drawn(list, 12, 26, false), '\n') + 1, beginning, 10), 0);
	close_tour();
}
END_TEST

START_TEST(interrupts_and_queues)
{
	const char *t;

	open_tour();
	t = drawn(pane(&pane_interrupts), 40, 60, false);
	want(t, "lapic0");
	want(t, "ioapic");
	want(t, "pic1  irr");
	want(drawn(pane(&pane_queues), 5, 80, false), "no virtio device");
	close_tour();
}
END_TEST

START_TEST(figures_follow_the_guest)
{
	const char *t;

	open_tour();
	want(drawn(pane(&pane_stats), 20, 80, false), "no exit yet");
	line("step 3exits");
	t = drawn(pane(&pane_stats), 20, 80, false);
	want(t, "IO ");
	want(t, "vitrine_guest_exits_total");
	want(t, "3  exits that the guest caused");
	ck_assert_ptr_null(strstr(t, "p50")); /* the host's times are not for golden screens */
	want(drawn(pane(&pane_sched), 10, 100, false), "cpu 0  |");
	close_tour();
}
END_TEST

START_TEST(probes_by_key)
{
	struct pane *p;
	const char *t;

	open_tour();
	p = pane(&pane_probes);
	want(drawn(p, 6, 80, false), "none;");
	line("break 0x7c80");
	line("apic: on exit(IO) { @n = count(); }");
	t = drawn(p, 6, 80, false);
	want(t, "1  yes  0 ");
	want(t, "0x7c80");
	want(t, "apic: ");
	ck_assert(p->class->key(p, 'e'));
	want(drawn(p, 6, 80, false), "1  no   0 ");
	ck_assert(p->class->key(p, 'e'));
	want(drawn(p, 6, 80, false), "1  yes  0 ");
	ck_assert(p->class->key(p, KEY_DELETE_));
	t = drawn(p, 6, 80, false);
	ck_assert_ptr_null(strstr(t, "0x7c80"));
	line("step 2exits");
	want(drawn(pane(&pane_maps), 6, 60, false), "@n");
	close_tour();
}
END_TEST

START_TEST(tests_and_where_they_failed)
{
	static const char script[] = "test \"good\" points 2 { run for 10insn; expect true; }\n"
				     "test \"bad\" points 3 { step 2exits; expect 1 == 2, \"never\"; }\n";
	struct pane *p;
	const char *t;

	open_tour();
	p = pane(&pane_tests);
	want(drawn(p, 6, 80, false), "no script with tests has run");
	trap_script(session()->trap, "two.trap", script, sizeof(script) - 1, NULL, 0);
	t = drawn(p, 8, 100, false);
	want(t, "ok       2/2    good");
	want(t, "FAILED   0/3    bad");
	want(t, "total    2/5");
	want(t, "two.trap:2");
	close_tour();
}
END_TEST

START_TEST(console_shows_and_types)
{
	struct pane *p;
	const char *t;

	open_tour();
	p = pane(&pane_console);
	p->mode = 1;
	want(drawn(p, 25, 80, false), "the guest has sent nothing yet");
	line("step 5insn");
	tui_say(tour.t, SAY_CONSOLE, "login: \033[1mroot\033[0m\r\n$ ", 23);
	line("step 1insn");
	t = drawn(p, 25, 80, true);
	want(t, "login: root");
	t = drawn(p, 3, 20, false);
	want(t, "login: root");
	ck_assert(!p->grabs);
	p->class->key(p, KEY_ENTER_);
	ck_assert(p->grabs);
	drawn(p, 25, 80, false);
	ck_assert_int_eq(screen.cursor_row, 1);
	ck_assert_int_eq(screen.cursor_col, 2);
	ck_assert(p->class->key(p, 'q')); /* goes to the guest, like every other key */
	ck_assert(p->class->key(p, KEY_TAB_));
	p->grabs = false;
	p->mode = 2;
	want(drawn(p, 25, 80, false), "\n");
	close_tour();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_size_and_key,
		tables_and_what_is_missing,
		owners_of_frames,
		devices_and_their_registers,
		nothing_is_cut,
		interrupts_and_queues,
		figures_follow_the_guest,
		probes_by_key,
		tests_and_where_they_failed,
		console_shows_and_types,
	};

	return unit_run("panes", tests, ARRAY_LEN(tests));
}
