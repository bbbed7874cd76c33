/* SPDX-License-Identifier: GPL-3.0-or-later
 * stats.c - the measuring engine, and its tables.
 * Rule: everything is passed on unchanged; a guest cannot know that it is being measured.
 */
#include "debugger/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/vm.h"
#include "core/x86/x86.h"
#include "debugger/session/figures.h"

#define ULL(x) ((unsigned long long)(x))
enum { STRIP = 16, NS_FIRST = 5 }; /* columns of a strip; its first column is below 2^(NS_FIRST + 1) ns */

static int bucket(u64 value)
{
	int b = value ? 63 - __builtin_clzll(value) : 0;
	return b < STATS_BUCKETS ? b : STATS_BUCKETS - 1;
}

static void note_exit(struct stats *s, const struct vm_exit *exit)
{
	struct reason_stats *r;

	s->left_reason = exit->reason < EXIT_COUNT ? exit->reason : 0;
	r = &s->reason[s->left_reason];
	r->count++;
	r->insns[bucket(exit->icount - s->last_icount)]++;
	s->last_icount = exit->icount;
	s->total++;
}

static int timed_run(struct vcpu *vcpu, const struct run_limit *limit, struct vm_exit *exit)
{
	struct stats *s = (struct stats *)((char *)vcpu->vm->engine - offsetof(struct stats, timed));

	if (s->left_ns)
		s->reason[s->left_reason].ns[bucket(clock_host_ns() - s->left_ns)]++;
	int rc = s->real->run(vcpu, limit, exit);
	note_exit(s, exit);
	s->left_ns = clock_host_ns();
	return rc;
}

/* An instruction that had to be finished has left again.  How long that is handled is not measured. */
static int timed_settle(struct vcpu *vcpu, struct vm_exit *exit)
{
	struct stats *s = (struct stats *)((char *)vcpu->vm->engine - offsetof(struct stats, timed));
	int rc = s->real->settle(vcpu, exit);

	if (rc == 1) {
		note_exit(s, exit);
		s->left_ns = 0;
	}
	return rc;
}

void stats_init(struct stats *s, const struct engine *real)
{
	memset(s, 0, sizeof(*s));
	s->real = real;
	s->timed = *real;
	s->timed.run = timed_run;
	s->timed.settle = timed_settle;
}

int stats_start(struct stats *s, u64 icount, struct mem *log, struct err *err)
{
	int rc = 0;

	s->last_icount = icount;
	s->logging = log;
	for (int i = 0; log && i < log->nslots && !rc; i++)
		if (!(log->slot[i].flags & (SLOT_HOLE | SLOT_MACHINE)))
			rc = mem_log(log, log->slot[i].id, true, err);
	return rc;
}

int stats_stop(struct stats *s)
{
	struct mem *m = s->logging;

	for (int i = 0; m && i < m->nslots; i++) {
		u64 *bitmap = NULL;

		if (!(m->slot[i].flags & SLOT_LOG))
			continue;
		bitmap = malloc(m->slot[i].size / PAGE_SIZE_4K / 8 + sizeof(u64));
		if (!bitmap)
			return -ENOMEM;
		s->written += mem_fetch_dirty(m, m->slot[i].id, bitmap);
		free(bitmap);
	}
	return 0;
}

static u64 sum(const u64 *n)
{
	u64 total = 0;

	for (int i = 0; i < STATS_BUCKETS; i++)
		total += n[i];
	return total;
}

/* One character per power of two: how much of the total falls there. */
static void strip_text(const u64 *n, int first, char out[STRIP + 1])
{
	static const char shade[] = ".:-=+*#%@";
	u64 column[STRIP] = { 0 }, total = sum(n);

	for (int b = 0; b < STATS_BUCKETS; b++) {
		int at = b < first ? 0 : b - first < STRIP ? b - first : STRIP - 1;
		column[at] += n[b];
	}
	for (int i = 0; i < STRIP; i++)
		out[i] = column[i] ? shade[column[i] * 8 / total] : ' ';
	out[STRIP] = 0;
}

static void print_reason(const struct stats *s, int reason, FILE *out)
{
	const struct reason_stats *r = &s->reason[reason];
	const char *title = exit_title((u16)reason);
	char ns[STRIP + 1], insns[STRIP + 1], name[24];

	snprintf(name, sizeof(name), "%d %s", reason, title ? title : "?");
	strip_text(r->ns, NS_FIRST, ns);
	strip_text(r->insns, 0, insns);
	fprintf(out, "%-23s %10llu %5.1f%% |%s| |%s|\n", name, ULL(r->count),
		100.0 * (double)r->count / (double)s->total, ns, insns);
}

/* All reasons together, one line per bucket that is used and those between. */
static void print_histogram(const struct stats *s, bool time, const char *title, FILE *out)
{
	u64 n[STATS_BUCKETS] = { 0 }, most = 0;
	int first = STATS_BUCKETS, last = -1;
	char bar[41];

	memset(bar, '@', 40);
	bar[40] = 0;
	for (int b = 0; b < STATS_BUCKETS; b++) {
		for (int reason = 0; reason < EXIT_COUNT; reason++)
			n[b] += time ? s->reason[reason].ns[b] : s->reason[reason].insns[b];
		most = n[b] > most ? n[b] : most;
		first = n[b] && b < first ? b : first;
		last = n[b] ? b : last;
	}
	if (last < 0)
		return;
	fprintf(out, "\n%s\n", title);
	for (int b = first; b <= last; b++)
		fprintf(out, "%13llu.. %12llu |%-40.*s|\n", b ? 1ull << b : 0ull, ULL(n[b]),
			(int)(n[b] * 40 / most), bar);
}

/* The rows that are not 0. */
static void print_figures(const struct stats *s, const struct vm *vm, FILE *out)
{
	fprintf(out, "\ntranslation of addresses, --paging %s%s%s\n", paging_mode_name(vm->paging.mode),
		vm->paging.dirty.way ? " --dirty-log " : "", vm->paging.dirty.way ? dirty_way_name(vm->paging.dirty.way) : "");
	for (u32 i = 0; i < figure_count; i++)
		if (figure_get(&figures[i], vm))
			fprintf(out, "%-58s %14llu\n", figures[i].brief, ULL(figure_get(&figures[i], vm)));
	if (vm->paging.mode != PAGING_NONE)
		fprintf(out, "%-58s %14llu\n", "frames of the hypervisor's tables in use", ULL(vm->paging.used));
	if (s->logging)
		fprintf(out, "%-58s %14llu\n", "pages of the guest written", ULL(s->written));
}

void stats_print(const struct stats *s, const struct vm *vm, FILE *out)
{
	bool shown[EXIT_COUNT] = { false };

	fprintf(out, "\n%-23s %10s %6s  %-18s %s\n", "exit reason", "count", "share", "host time", "instructions");
	fprintf(out, "%-23s %10s %6s |<64ns      >=1ms| |1          >=32k|\n", "", "", "");
	for (;;) { /* the most frequent first */
		int best = -1;
		for (int i = 0; i < EXIT_COUNT; i++)
			if (!shown[i] && s->reason[i].count &&
			    (best < 0 || s->reason[i].count > s->reason[best].count))
				best = i;
		if (best < 0)
			break;
		shown[best] = true;
		print_reason(s, best, out);
	}
	fprintf(out, "%-23s %10llu 100.0%%  (a column is a power of two; . little, @ all)\n", "total", ULL(s->total));
	print_histogram(s, true, "host time to handle an exit, nanoseconds", out);
	print_histogram(s, false, "guest instructions between exits", out);
	fprintf(out, "\naccesses nobody answered: %llu to ports, %llu to memory\n", ULL(vm->port.unclaimed),
		ULL(vm->mmio.unclaimed));
	print_figures(s, vm, out);
}

static json_t *bucket_json(const u64 *n)
{
	json_t *a = json_array();

	for (int i = 0; a && i < STATS_BUCKETS; i++)
		json_array_append_new(a, json_integer((json_int_t)n[i]));
	return a;
}

json_t *stats_json(const struct stats *s)
{
	json_t *all = json_object();

	for (int i = 0; all && i < EXIT_COUNT; i++) {
		const struct reason_stats *r = &s->reason[i];
		const char *name = exit_name((u16)i);
		if (r->count)
			json_object_set_new(all, name ? name : "?",
					    json_pack("{s:I, s:o, s:o}", "count", (json_int_t)r->count, "host_ns",
						      bucket_json(r->ns), "insns", bucket_json(r->insns)));
	}
	return all;
}

json_t *stats_figures_json(const struct stats *s, const struct vm *vm)
{
	json_t *all = json_pack("{s:s, s:s}", "paging", paging_mode_name(vm->paging.mode), "dirty_log",
				dirty_way_name(vm->paging.dirty.way));

	for (u32 i = 0; all && i < figure_count; i++)
		json_object_set_new(all, figures[i].name, json_integer((json_int_t)figure_get(&figures[i], vm)));
	if (all && s->logging)
		json_object_set_new(all, "pages_written", json_integer((json_int_t)s->written));
	return all;
}
