/* SPDX-License-Identifier: GPL-3.0-or-later
 * native.c - the differential fuzzer: random user-mode sequences on the host's processor and on the
 * interpreter.
 * Usage: native [--insns N] [--sequences N] [--seed N] [--one] [--max-failures N] [--vtx] [-v]
 * With --vtx the processor is not asked directly, but as the VT-x engine runs it.
 *
 * Rule: everything is a function of the seed, and no time is printed; so two runs on one host say the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "tests/native/native.h"
#include "tests/native/number.h"

struct options { u64 insns, sequences, seed, max_failures; bool one, vtx, verbose; };

struct totals { u64 passed, failed, insns, setup, by_vector[32]; };

struct fuzzer {
	struct guest *guest;
	struct rows rows64, rows32;
	bool compat; /* the host executes 32-bit code too */
	struct totals totals;
};

static bool parse(struct options *o, char **argv)
{
	for (argv++; *argv; argv++) {
		u64 *number = !strcmp(*argv, "--insns")          ? &o->insns
			      : !strcmp(*argv, "--sequences")    ? &o->sequences
			      : !strcmp(*argv, "--seed")         ? &o->seed
			      : !strcmp(*argv, "--max-failures") ? &o->max_failures
								 : NULL;
		if (!strcmp(*argv, "--one"))
			o->one = true;
		else if (!strcmp(*argv, "--vtx"))
			o->vtx = true;
		else if (!strcmp(*argv, "-v"))
			o->verbose = true;
		else if (!number || !parse_number(*++argv, number))
			return false;
	}
	return true;
}

/* Instructions that were certainly executed: not those that a jump may have skipped, nor a string
 * instruction's repetitions; and those that only set up addresses on their own. */
static void count(struct totals *t, const struct sequence *q, const struct outcome *o)
{
	int at = o->vector == VECTOR_NONE ? NO_ITEM : sequence_item_at(q, o->s.rip);
	bool fault = at != NO_ITEM && o->vector != VEC_DB && o->vector != VEC_BP;
	int done = at == NO_ITEM ? q->n : at; /* items that were finished; traps report the one behind them */
	u64 times = o->vector == VECTOR_NONE ? q->rounds : 1;
	for (int i = 0; i < done + fault; i++) {
		const struct item *it = &q->item[i];
		if (!it->certain)
			continue;
		if (i < done)
			*(it->setup ? &t->setup : &t->insns) += times;
		if (it->row >= 0)
			q->rows->info[it->row].covered++;
	}
	if (o->vector < ARRAY_LEN(t->by_vector))
		t->by_vector[o->vector]++;
}

/* A quarter of all seeds are for 32-bit code. */
static struct rows *rows_of_seed(struct fuzzer *f, u64 seed)
{
	return f->compat && seed % 4 == 0 ? &f->rows32 : &f->rows64;
}

static void run_one(struct fuzzer *f, u64 seed, bool print)
{
	static struct sequence q;
	struct outcome native, interp;
	struct buf why = { 0 };
	generate(&q, rows_of_seed(f, seed), seed);
	q.init.flags &= ~(u64)native_lost();
	if (print)
		report_sequence(&q);
	native_run(&q, &native);
	guest_run(f->guest, &q, &interp);
	compare(&q, &native, &interp, &why);
	count(&f->totals, &q, &native);
	if (why.len && !vtx_excuses(&q, &native, &interp)) {
		f->totals.failed++;
		report_failure(f->guest, &q);
	} else {
		f->totals.passed++;
	}
	buf_free(&why);
}

static void run(struct fuzzer *f, const struct options *o)
{
	u64 state = o->seed;
	if (o->one) {
		run_one(f, o->seed, true);
		return;
	}
	while ((o->sequences ? f->totals.passed < o->sequences : f->totals.insns < o->insns) &&
	       f->totals.failed < o->max_failures)
		run_one(f, random_next(&state), false);
}

static void print_totals(const struct fuzzer *f, const struct options *o)
{
	const struct totals *t = &f->totals;
	rows_print(&f->rows64, o->verbose);
	if (f->compat)
		rows_print(&f->rows32, o->verbose);
	else
		printf("no 32-bit code: the host does not let us execute any\n");
	vtx_print_rules();
	printf("sequences that ended in an exception:");
	for (u32 i = 0; i < ARRAY_LEN(t->by_vector); i++)
		if (t->by_vector[i])
			printf(" %u: %llu", i, (unsigned long long)t->by_vector[i]);
	printf("\n%llu instructions executed on both, besides %llu that set up addresses\n",
	       (unsigned long long)t->insns, (unsigned long long)t->setup);
	printf("%llu passed, %llu failed\n", (unsigned long long)t->passed, (unsigned long long)t->failed);
}

static int open_all(struct fuzzer *f, const struct host_traits *traits, const u16 *selectors, const u8 *data,
		    struct err *err)
{
	u64 features = guest_features();
	f->compat = traits->compat;
	f->guest = guest_open(selectors, data, err);
	if (!f->guest)
		return -ENOMEM;
	if (rows_open(&f->rows64, MODE_64, traits, features) ||
	    rows_open(&f->rows32, MODE_32, traits, features))
		return err_set(err, ENOMEM, "no memory");
	return 0;
}

int main(int argc, char **argv)
{
	static u8 data[DATA_ROOM];
	struct options o = { .insns = 2000000, .seed = 1, .max_failures = 5 };
	struct host_traits traits;
	struct fuzzer f = { .guest = NULL };
	u16 selectors[X86_SEGS] = { 0 };
	struct err err = { 0 };
	const char *why;
	if (!parse(&o, argv)) {
		fprintf(stderr, "usage: native [--insns N] [--sequences N] [--seed N] [--one] [--max-failures N] [--vtx] [-v]\n");
		return 2;
	}
	generate_data(data, sizeof data);
	if (!host_open(&traits, selectors, data, &why)) {
		printf("skipped: %s\n0 passed, 0 failed, 1 skipped\n", why);
		return 0;
	}
	if (o.vtx && !vtx_open(selectors, data, &err)) {
		printf("skipped: %s\n0 passed, 0 failed, 1 skipped\n", err.text);
		return 0;
	}
	traits.compat = runs_32_bit_code(native_run);
	if (open_all(&f, &traits, selectors, data, &err)) {
		fprintf(stderr, "native: %s\n", err.text);
		return 2;
	}
	run(&f, &o);
	print_totals(&f, &o);
	rows_close(&f.rows64);
	rows_close(&f.rows32);
	guest_close(f.guest);
	vtx_close();
	return f.totals.failed != 0;
}
