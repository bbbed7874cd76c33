/* SPDX-License-Identifier: GPL-3.0-or-later
 * storm.c - a screen whose size changes a thousand times while its guest runs, and how long a key takes.
 * Rule: sizes are pseudo-random from a fixed seed; what was typed at the prompt is there afterwards.
 */
#include <string.h>
#include <time.h>

#include "tests/tui/tour-session.h"

enum { RESIZES = 1000, AT_ONCE = 20, KEYS = 500, CTRL_C = 3, MOST_US = 30000 };

static const char typed[] = "print 1 + 1";

struct storm {
	struct tui *t;
	u64 random;
	int resizes, ticks, wrong;
};

static u64 next(u64 *state) /* splitmix64 (Steele, Lea, Flood 2014) */
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Does the row above the last one show the prompt with its text?  (Screens of less than 40 columns cut it.) */
static bool prompt_shown(const struct cells *c)
{
	char row[400] = "";
	u32 at = c->rows >= 12 ? c->rows - 2 : c->rows - 1;

	for (u32 i = 0; i < c->cols && i < sizeof(row) - 1; i++)
		row[i] = (char)c->cell[(size_t)at * c->cols + i].ch;
	return !strncmp(row, "trap> ", 6) && strstr(row, typed);
}

static void type(struct tui *t, const char *text)
{
	for (; *text; text++)
		tui_key(t, *text);
}

static void refresh(void *arg)
{
	struct storm *s = arg;

	if (!s->ticks++) {
		tui_key(s->t, ':');
		type(s->t, typed);
	}
	for (int i = 0; i < AT_ONCE && s->resizes < RESIZES; i++, s->resizes++) {
		u32 rows = 1 + (u32)(next(&s->random) % 200), cols = 1 + (u32)(next(&s->random) % 400);
		const struct cells *c;
		tui_resize(s->t, rows, cols);
		c = tui_draw(s->t);
		s->wrong += c->rows != rows || c->cols != cols || (cols >= 40 && !prompt_shown(c));
	}
	if (s->resizes == RESIZES) {
		tui_key(s->t, KEY_ESC_);
		tui_key(s->t, CTRL_C);
	}
}

/* A boot sector that never ends: jmp $. */
static void endless(struct tour_session *s, const struct tui_config *c)
{
	static const u8 boot[TOUR_GUEST] = { 0xeb, 0xfe, [510] = 0x55, [511] = 0xaa };

	tour_session_open_guest(s, c, boot);
}

static int test_storm(void)
{
	struct storm storm = { .random = 4 };
	struct tui_config c = { .refresh = refresh, .arg = &storm };
	struct tour_session s;
	int failed;

	endless(&s, &c);
	storm.t = s.t;
	tui_key(s.t, 'c');
	tui_resize(s.t, 24, 80);
	tui_key(s.t, ':');
	failed = storm.resizes != RESIZES || storm.wrong || tui_leaves(s.t) || !prompt_shown(tui_draw(s.t));
	printf("%s resize storm while running: %d sizes, %d wrong\n", failed ? "FAILED" : "ok    ", storm.resizes, storm.wrong);
	tour_session_close(&s);
	return failed;
}

static u64 now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b)
{
	return *(const u32 *)a < *(const u32 *)b ? -1 : *(const u32 *)a > *(const u32 *)b;
}

/* From the key to the cells, on a large screen of a guest that stands still; in time of the processor, for the host may be
 * busy with other tests. */
static int test_speed(void)
{
	static const char keys[] = "sssju\tsk1s2s5s8s";
	struct tui_config c = { .host_times = true };
	struct tour_session s;
	u32 us[KEYS];
	int failed;

	tour_session_open(&s, &c);
	tui_resize(s.t, 50, 160);
	for (int i = 0; i < KEYS; i++) {
		u64 start = now_us();
		tui_key(s.t, keys[i % (int)(sizeof(keys) - 1)]);
		tui_draw(s.t);
		us[i] = (u32)(now_us() - start);
	}
	qsort(us, KEYS, sizeof(us[0]), by_value);
	failed = us[KEYS * 99 / 100] > MOST_US;
	printf("%s key to cells, 160x50: p50 %.1f ms, p99 %.1f ms (at most %d)\n", failed ? "FAILED" : "ok    ", us[KEYS / 2] / 1e3,
	       us[KEYS * 99 / 100] / 1e3, MOST_US / 1000);
	tour_session_close(&s);
	return failed;
}

int main(void)
{
	int failed = test_storm() + test_speed();

	printf("%d passed, %d failed\n", 2 - failed, failed);
	return failed ? 1 : 0;
}
