/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx.c - x87, MMX and SSE against the host's processor: random operands for every row of the instruction
 * table.
 * Usage: fx [--class NAME] [--count N] [--seed N] [--max-failures N] [--recorded FILE] [--record FILE] [-v]
 *	--class: a mnemonic (addps), a family of the table, or a feature (SSE2); --count: operands per class
 *	--recorded: the hashes that results must have (fx-record.c), on other hosts instead of the comparison
 *	--record: make such a file, after instructions or operands have changed:
 *		fx --count 5000 --record tests/native/fx.hashes
 *
 * Rule: everything is a function of the seed, and no time is printed; so two runs on one host say the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/native/fx.h"
#include "tests/native/number.h"

struct options { u64 count, seed, max_failures; const char *class, *recorded, *record; bool verbose; };

/* All rows with one mnemonic. */
enum { CLASS_ROWS = 48 };
struct class { const char *name; int nrows; const struct isa_row *row[CLASS_ROWS]; };

struct fuzzer {
	struct fx_guest *guest;
	struct fx_record *record; /* or NULL */
	FILE *new_record;         /* or NULL */
	struct host_traits traits;
	bool native; /* this host can compare */
	u64 passed, failed, skipped, compared;
};

static bool parse(struct options *o, char **argv)
{
	for (argv++; *argv; argv++) {
		u64 *number = !strcmp(*argv, "--count")          ? &o->count
			      : !strcmp(*argv, "--seed")         ? &o->seed
			      : !strcmp(*argv, "--max-failures") ? &o->max_failures
								 : NULL;
		if (!strcmp(*argv, "-v"))
			o->verbose = true;
		else if (!strcmp(*argv, "--record") && argv[1])
			o->record = *++argv;
		else if (!strcmp(*argv, "--recorded") && argv[1])
			o->recorded = *++argv;
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

/* With all its rows, if one is meant. */
static bool wanted(const struct options *o, const struct class *c)
{
	for (int i = 0; o->class && i < c->nrows; i++)
		if (!strcmp(o->class, c->name) || !strcmp(o->class, c->row[i]->family) ||
		    !strcasecmp(o->class, cpu_feature_name(c->row[i]->feature)))
			return true;
	return !o->class;
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

static int make_classes(struct class *classes, const struct fuzzer *f)
{
	struct reasons reasons = { .n = 0 };
	int n = 0;
	for (int i = 0; i < isa_count; i++) {
		const struct isa_row *row = &isa_rows[i];
		if (!fx_row(row))
			continue;
		const char *why = fx_left_out(row, f->traits.features, fx_guest_features(f->guest));
		if (why) {
			count_reason(&reasons, why);
			continue;
		}
		struct class *c = find_class(classes, n, row->mnemonic);
		if (!c)
			*(c = &classes[n++]) = (struct class){ .name = row->mnemonic };
		if (c->nrows < CLASS_ROWS)
			c->row[c->nrows++] = row;
	}
	for (int i = 0; i < reasons.n; i++)
		printf("rows left out : %4d  %s\n", reasons.rows[i], reasons.why[i]);
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

/* What has come of a class so far. */
struct tally { u64 done, failures, raised, hash; bool checked, other; };

/* The host's side, and the comparison. */
static void compare_batch(const struct fx_insn *insn, struct fx_case *cases, const u8 *before,
			  const u8 *native, const u8 *interp, u64 print, struct tally *t)
{
	for (int i = 0; i < insn->cases; i++) {
		u64 at = cases[i].at - DATA_AT;
		fx_forgive(insn, &cases[i], native + at);
		if (!fx_differs(insn, &cases[i], native + at, interp + at))
			continue;
		if (t->failures++ < print)
			fx_report(insn, &cases[i], before + at, native + at, interp + at);
	}
}

/* Memory goes on from batch to batch as the interpreter left it. */
static void run_batch(struct fuzzer *f, const struct fx_insn *insn, u64 *random, u64 print, struct tally *t)
{
	static struct fx_case cases[BATCH];
	static u8 before[DATA_SIZE + 16], native[DATA_SIZE + 16], interp[DATA_SIZE + 16];
	if (!t->done)
		memset(before, 0, sizeof before);
	fx_fill(insn, cases, before, random);
	memcpy(native, before, DATA_SIZE);
	memcpy(interp, before, DATA_SIZE);
	fx_guest_run(f->guest, insn, cases, interp);
	if (f->native)
		fx_host_run(insn, cases, native);
	for (int i = 0; i < insn->cases; i++) {
		u64 at = cases[i].at - DATA_AT;
		fx_soften(insn, &cases[i], native + at, interp + at);
		t->raised += cases[i].interp.vector != VECTOR_NONE;
		t->hash = fx_hash(t->hash, insn, &cases[i], interp + at);
	}
	if (f->native)
		compare_batch(insn, cases, before, native, interp, print, t);
	memcpy(before, interp, DATA_SIZE);
	t->done += (u64)insn->cases;
}

static bool encode_next(struct fuzzer *f, const struct class *c, u64 batch, struct fx_insn *insn, u64 *random)
{
	for (int tries = 0; tries < c->nrows; tries++)
		if (fx_encode(insn, c->row[(batch + (u64)tries) % (u64)c->nrows], fx_guest_features(f->guest),
			      random))
			return true;
	return false;
}

/* After as many operands as were recorded, the hash is the one recorded. */
static void check_record(const struct fuzzer *f, const struct class *c, struct tally *t)
{
	u64 hash, count = fx_recorded(f->record, c->name, &hash);
	if (!count || t->checked || t->done < count)
		return;
	t->checked = true;
	t->other = t->hash != hash || t->done != count;
}

static void print_class(const struct class *c, const struct fx_insn *insn, const struct tally *t)
{
	printf("%-11s : %9llu operands, %llu raised an exception", c->name, (unsigned long long)t->done,
	       (unsigned long long)t->raised);
	if (!t->done)
		printf(", NO BYTES DECODE AS ITS ROWS");
	if (t->failures)
		printf(", %llu DIFFER", (unsigned long long)t->failures);
	if (t->other)
		printf(", DIFFER from what was recorded (if on purpose: fx --record)");
	if (insn->rule)
		printf("; %s", fx_rule_text(insn->rule));
	printf("\n");
}

static void run_class(struct fuzzer *f, const struct class *c, const struct options *o)
{
	u64 random = o->seed ^ hash_name(c->name);
	struct fx_insn insn = { .cases = 0 };
	struct tally t = { 0 };
	for (u64 batch = 0; t.done < o->count; batch++) {
		if (!encode_next(f, c, batch, &insn, &random))
			break;
		run_batch(f, &insn, &random, o->max_failures, &t);
		check_record(f, c, &t);
		if (t.failures && t.failures >= o->max_failures && !o->verbose)
			break;
	}
	bool ok = t.done && !t.failures && !t.other, looked_at = f->native || t.checked;
	f->passed += ok && looked_at;
	f->failed += !ok;
	f->skipped += ok && !looked_at;
	f->compared += looked_at ? t.done : 0;
	print_class(c, &insn, &t);
	if (f->new_record && f->native && ok)
		fx_record_line(f->new_record, c->name, t.done, t.hash);
}

/* Where there is nothing to compare with, the record must do; it has all rows that the interpreter knows. */
static int open_sides(struct fuzzer *f, const struct options *o, const char **why, struct err *err)
{
	static u8 data[DATA_ROOM];
	u16 selectors[X86_SEGS] = { 0 };
	generate_data(data, sizeof data);
	f->native = fx_host_open(&f->traits, selectors, data, why);
	if (!f->native)
		f->traits.features = UINT64_MAX;
	if (o->recorded && !(f->record = fx_record_open(o->recorded, err)))
		return -ENOENT;
	if (o->record && !(f->new_record = fx_record_create(o->record, err)))
		return -EIO;
	f->guest = fx_guest_open(selectors, data, err);
	return f->guest ? 0 : -ENOMEM;
}

static void print_totals(const struct fuzzer *f, const char *why)
{
	if (!f->native)
		printf("compared with the record only: %s\n", why);
	if (f->skipped)
		printf("skipped: %llu classes, of which nothing is recorded\n",
		       (unsigned long long)f->skipped);
	printf("%llu operands compared\n", (unsigned long long)f->compared);
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)f->passed,
	       (unsigned long long)f->failed, (unsigned long long)f->skipped);
}

int main(int argc, char **argv)
{
	static struct class classes[1024];
	struct options o = { .count = 20000, .seed = 1, .max_failures = 3 };
	struct fuzzer f = { .guest = NULL };
	struct err err = { 0 };
	const char *why;
	if (!parse(&o, argv)) {
		fprintf(stderr, "usage: fx [--class NAME] [--count N] [--seed N] [--max-failures N] "
				"[--recorded FILE] [--record FILE] [-v]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (open_sides(&f, &o, &why, &err)) {
		fprintf(stderr, "fx: %s\n", err.text);
		return 2;
	}
	if (!f.native && !f.record) {
		printf("skipped: %s\n0 passed, 0 failed, 1 skipped\n", why);
		return 0;
	}
	int n = make_classes(classes, &f);
	for (int i = 0; i < n; i++)
		if (wanted(&o, &classes[i]))
			run_class(&f, &classes[i], &o);
	print_totals(&f, why);
	fx_guest_close(f.guest);
	fx_record_close(f.record);
	if (f.new_record)
		fclose(f.new_record);
	return f.failed != 0;
}
