/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx.c - x87, MMX and SSE against the host's processor: random operands for every row of the instruction table.
 * Usage: fx [--class NAME] [--count N] [--seed N] [--max-failures N] [-v]
 *	NAME: a mnemonic (addps), a family of the table, or a feature (SSE2); N: operands per class
 *
 * Rule: everything is a function of the seed, and no time is printed; so two runs on one host say the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/native/fx.h"

struct options { u64 count, seed, max_failures; const char *class; bool verbose; };

/* All rows with one mnemonic. */
enum { CLASS_ROWS = 48 };
struct class { const char *name; int nrows; const struct isa_row *row[CLASS_ROWS]; };

struct fuzzer {
	struct fx_guest *guest;
	struct host_traits traits;
	u64 passed, failed, compared;
};

static bool parse_number(const char *text, u64 *value)
{
	char *end;
	errno = 0;
	*value = text ? strtoull(text, &end, 0) : 0;
	return text && text[0] >= '0' && text[0] <= '9' && !*end && !errno;
}

static bool parse(struct options *o, char **argv)
{
	for (argv++; *argv; argv++) {
		u64 *number = !strcmp(*argv, "--count")          ? &o->count
			      : !strcmp(*argv, "--seed")         ? &o->seed
			      : !strcmp(*argv, "--max-failures") ? &o->max_failures
								 : NULL;
		if (!strcmp(*argv, "-v"))
			o->verbose = true;
		else if (!strcmp(*argv, "--class") && argv[1])
			o->class = *++argv;
		else if (!number || !parse_number(*++argv, number))
			return false;
	}
	return true;
}

/* ---- classes ---- */

static struct class *find_class(struct class *classes, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(classes[i].name, name))
			return &classes[i];
	return NULL;
}

static bool wanted(const struct options *o, const struct isa_row *row)
{
	return !o->class || !strcmp(o->class, row->mnemonic) || !strcmp(o->class, row->family) ||
	       !strcasecmp(o->class, cpu_feature_name(row->feature));
}

/* Rows left out are counted by reason; reasons are few, and each is one string. */
struct reasons { const char *why[32]; int rows[32], n; };

static void count_reason(struct reasons *r, const char *why)
{
	int i = 0;
	while (i < r->n && strcmp(r->why[i], why))
		i++;
	if (i == r->n && r->n < (int)ARRAY_LEN(r->why) - 1)
		r->why[r->n++] = why;
	r->rows[i]++;
}

static int make_classes(struct class *classes, const struct fuzzer *f, const struct options *o)
{
	struct reasons reasons = { .n = 0 };
	int n = 0;
	for (int i = 0; i < isa_count; i++) {
		const struct isa_row *row = &isa_rows[i];
		if (!fx_row(row) || !wanted(o, row))
			continue;
		const char *why = fx_left_out(row, f->traits.features, fx_guest_features(f->guest));
		if (why) {
			count_reason(&reasons, why);
			continue;
		}
		struct class *c = find_class(classes, n, row->mnemonic);
		if (!c)
			classes[n++] = *(c = &(struct class){ .name = row->mnemonic }), c = &classes[n - 1];
		if (c->nrows < CLASS_ROWS)
			c->row[c->nrows++] = row;
	}
	for (int i = 0; i < reasons.n; i++)
		printf("rows left out: %4d  %s\n", reasons.rows[i], reasons.why[i]);
	return n;
}

/* ---- one class ---- */

static u64 hash_name(const char *name)
{
	u64 h = 14695981039346656037ull;
	for (; *name; name++)
		h = (h ^ (u8)*name) * 1099511628211ull;
	return h;
}

/* One batch; returns how many cases differ. */
static u64 run_batch(struct fuzzer *f, const struct fx_insn *insn, u64 *random, u64 print, u64 *raised)
{
	static struct fx_case cases[BATCH];
	static u8 before[DATA_SIZE + 16], native[DATA_SIZE + 16], interp[DATA_SIZE + 16];
	u64 failures = 0;
	fx_fill(insn, cases, before, random);
	memcpy(native, before, DATA_SIZE);
	memcpy(interp, before, DATA_SIZE);
	fx_host_run(insn, cases, native);
	fx_guest_run(f->guest, insn, cases, interp);
	for (int i = 0; i < insn->cases; i++) {
		u64 at = cases[i].at - DATA_AT;
		fx_soften(insn, &cases[i], native + at, interp + at);
		*raised += cases[i].native.vector != VECTOR_NONE;
		if (!fx_differs(insn, &cases[i], native + at, interp + at))
			continue;
		if (failures++ < print)
			fx_report(insn, &cases[i], before + at, native + at, interp + at);
	}
	memcpy(before, native, DATA_SIZE);
	return failures;
}

static bool encode_next(struct fuzzer *f, const struct class *c, u64 batch, struct fx_insn *insn, u64 *random)
{
	for (int tries = 0; tries < c->nrows; tries++)
		if (fx_encode(insn, c->row[(batch + (u64)tries) % (u64)c->nrows],
			      f->traits.features & fx_guest_features(f->guest), random))
			return true;
	return false;
}

static void run_class(struct fuzzer *f, const struct class *c, const struct options *o)
{
	u64 random = o->seed ^ hash_name(c->name), done = 0, failures = 0, raised = 0;
	struct fx_insn insn = { .cases = 0 };
	for (u64 batch = 0; done < o->count; batch++) {
		if (!encode_next(f, c, batch, &insn, &random))
			break;
		u64 print = failures < o->max_failures ? o->max_failures - failures : 0;
		failures += run_batch(f, &insn, &random, print, &raised);
		done += (u64)insn.cases;
		if (failures && failures >= o->max_failures && !o->verbose)
			break;
	}
	bool ok = done && !failures;
	f->passed += ok;
	f->failed += !ok;
	f->compared += done;
	printf("%-11s %9llu compared, %llu raised an exception", c->name, (unsigned long long)done,
	       (unsigned long long)raised);
	if (!done)
		printf(", NO BYTES DECODE AS ITS ROWS");
	if (failures)
		printf(", %llu DIFFER", (unsigned long long)failures);
	if (insn.rule)
		printf("; %s", fx_rule_text(insn.rule));
	printf("\n");
}

int main(int argc, char **argv)
{
	static u8 data[DATA_ROOM];
	static struct class classes[1024];
	struct options o = { .count = 20000, .seed = 1, .max_failures = 3 };
	struct fuzzer f = { .guest = NULL };
	u16 selectors[X86_SEGS] = { 0 };
	struct err err = { 0 };
	const char *why;
	if (!parse(&o, argv)) {
		fprintf(stderr, "usage: fx [--class NAME] [--count N] [--seed N] [--max-failures N] [-v]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	generate_data(data, sizeof data);
	if (!fx_host_open(&f.traits, selectors, data, &why)) {
		printf("skipped: %s\n0 passed, 0 failed, 1 skipped\n", why);
		return 0;
	}
	f.guest = fx_guest_open(selectors, data, &err);
	if (!f.guest) {
		fprintf(stderr, "fx: %s\n", err.text);
		return 2;
	}
	int n = make_classes(classes, &f, &o);
	for (int i = 0; i < n; i++)
		run_class(&f, &classes[i], &o);
	printf("%llu operands in %d classes compared\n", (unsigned long long)f.compared, n);
	printf("%llu passed, %llu failed\n", (unsigned long long)f.passed, (unsigned long long)f.failed);
	fx_guest_close(f.guest);
	return f.failed != 0;
}
