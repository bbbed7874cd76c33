/* SPDX-License-Identifier: GPL-3.0-or-later
 * host-report.c - what `vitrine host` tells at its end: a row per guest, and where the memory is.
 * Rule: bytes of the host are asked of the host (memfd, /proc/self/smaps_rollup), never computed from our own counts.
 */
#include <string.h>

#include "core/owners.h"
#include "core/vm.h"
#include "debugger/host.h"

#define ULL(x) ((unsigned long long)(x))
#define MIB(bytes) ((double)(bytes) / (1 << 20))

/* A line "Name:   123 kB" of smaps_rollup, in bytes. */
static u64 rollup(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long long kib = 0;

	return at && sscanf(at + strlen(name), " %llu kB", &kib) == 1 ? kib << 10 : 0;
}

/* Pss_Shmem is the part of the memfd that is mapped just now, which the memfd's own count contains. */
struct host_memory host_memory(const struct host *h)
{
	struct host_memory m = { .frames = h->n ? frames_host_bytes(h->vm[0]->frames) : 0 };
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char text[4096];
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = 0;
	m.process = m.frames + rollup(text, "\nPss_Anon:") + rollup(text, "\nPss_File:");
	if (f)
		fclose(f);
	return m;
}

static void print_guest(const struct host_guest *g, FILE *out)
{
	const struct vm *vm = g->m.vm;
	struct owner_pages p = vm_pages(vm);

	fprintf(out, "%5d ", g->number);
	if (g->clone_ns)
		fprintf(out, "%8.1f", (double)g->clone_ns / 1e6);
	else
		fprintf(out, "%8s", "-");
	fprintf(out, " %13llu %7llu %7llu %7llu %7llu %8llu  %s\n", ULL(vm_icount(vm)), ULL(p.own), ULL(p.shared), ULL(p.zero),
		ULL(p.out), ULL(vm->mem.count[MEM_COPIED]), g->why == STOP_NONE ? "runs" : stop_why_name(g->why));
}

static u64 counted(const struct host *h, enum mem_news what)
{
	u64 sum = 0;

	for (int i = 0; i < h->n; i++)
		sum += h->vm[i]->mem.count[what];
	return sum;
}

/* Pages that would need a frame of their own if nobody shared: all but one of each group, and those of zeros that the
 * scanner found (nobody ever touched the others). */
static u64 saved(const struct share_gain *g)
{
	return g->pages - g->frames + g->found;
}

static void print_sharing(const struct host *h, FILE *out)
{
	const struct share_counts *c = &h->sharing.count;
	struct share_gain g;
	u64 all;

	if (!h->sharing.sum || share_gain(&h->sharing, &g, NULL))
		return;
	all = g.own + g.frames + saved(&g) + g.out;
	fprintf(out,
		"sharing: %llu pages scanned in %llu rounds, %llu merged, %llu zeros, %llu of them changing; %llu copied again by "
		"writes\n",
		ULL(c->scanned), ULL(c->passes), ULL(c->merged), ULL(c->zeros), ULL(c->changing), ULL(counted(h, MEM_COPIED)));
	fprintf(out, "         %llu pages lie in %llu frames; saved %.1f MiB of %.1f, %.0f %%\n", ULL(g.pages), ULL(g.frames),
		MIB(saved(&g) * 4096), MIB(all * 4096), all ? 100.0 * (double)saved(&g) / (double)all : 0.0);
	fprintf(out, "         the last look at everything: %.1f MiB of the host's memory before it, %.1f behind\n",
		MIB(h->unshared.process), MIB(h->after.process));
}

static void print_swap(const struct host *h, FILE *out)
{
	const struct swap_counts *c = &h->swapping.count;

	if (!h->swapping.places)
		return;
	fprintf(out, "swap:    %s, %.1f MiB may stay, %.1f stay; %llu pages went out, %llu came in, %llu are out (at most %llu)",
		swap_policies[h->swapping.config.policy].name, MIB(h->resident), MIB(swap_resident(&h->swapping) * 4096), ULL(c->out),
		ULL(c->in), ULL(h->swapping.out), ULL(c->most));
	if (c->spared)
		fprintf(out, ", %llu spared because they were used", ULL(c->spared));
	if (c->stuck)
		fprintf(out, "; %llu times all that was left is shared", ULL(c->stuck));
	fputc('\n', out);
}

void host_print(const struct host *h, FILE *out)
{
	u64 slowest = 0;

	fprintf(out, "guest clone ms  instructions     own  shared   zeros     out   copied  state\n");
	for (int i = 0; i < h->n; i++) {
		print_guest(&h->guest[i], out);
		slowest = h->guest[i].clone_ns > slowest ? h->guest[i].clone_ns : slowest;
	}
	fprintf(out, "machine: %.1f MiB of the host's memory in frames of guests, %.1f in all for this process\n",
		MIB(h->after.frames), MIB(h->after.process));
	if (h->clones)
		fprintf(out, "clones:  %llu, the slowest in %.1f ms; %.1f MiB before them, %.1f behind (%.2f times), %.1f now\n", ULL(h->clones),
			(double)slowest / 1e6, MIB(h->before.process), MIB(h->cloned.process),
			h->before.process ? (double)h->cloned.process / (double)h->before.process : 0.0, MIB(h->after.process));
	print_sharing(h, out);
	print_swap(h, out);
}

/* ---- JSON ---- */

static json_t *guest_json(const struct host_guest *g)
{
	struct owner_pages p = vm_pages(g->m.vm);
	const u64 *count = g->m.vm->mem.count;

	return json_pack("{s:i, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:s}", "guest", g->number,
			 "clone_ns", (json_int_t)g->clone_ns, "clone_cpu_ns", (json_int_t)g->clone_cpu_ns, "instructions", (json_int_t)vm_icount(g->m.vm), "pages", "own",
			 (json_int_t)p.own, "shared", (json_int_t)p.shared, "zero", (json_int_t)p.zero, "out", (json_int_t)p.out,
			 "counts", "copied", (json_int_t)count[MEM_COPIED], "zero_filled", (json_int_t)count[MEM_ZERO_FILLED],
			 "shared", (json_int_t)count[MEM_SHARED], "discarded", (json_int_t)count[MEM_DISCARDED], "in",
			 (json_int_t)count[MEM_IN], "out", (json_int_t)count[MEM_OUT], "state",
			 g->why == STOP_NONE ? "running" : stop_why_name(g->why));
}

static json_t *memory_json(const struct host_memory *m)
{
	return json_pack("{s:I, s:I}", "frames", (json_int_t)m->frames, "process", (json_int_t)m->process);
}

static json_t *sharing_json(const struct host *h)
{
	const struct share_counts *c = &h->sharing.count;
	struct share_gain g;

	if (!h->sharing.sum || share_gain(&h->sharing, &g, NULL))
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "scanned", (json_int_t)c->scanned, "rounds",
			 (json_int_t)c->passes, "merged", (json_int_t)c->merged, "zeros", (json_int_t)c->zeros, "changing",
			 (json_int_t)c->changing, "pages", (json_int_t)g.pages, "frames", (json_int_t)g.frames, "own", (json_int_t)g.own,
			 "saved", (json_int_t)saved(&g));
}

static json_t *swap_json(const struct host *h)
{
	const struct swap_counts *c = &h->swapping.count;

	if (!h->swapping.places)
		return json_null();
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "policy", swap_policies[h->swapping.config.policy].name, "resident",
			 (json_int_t)swap_resident(&h->swapping), "limit", (json_int_t)h->swapping.config.resident, "went_out",
			 (json_int_t)c->out, "came_in", (json_int_t)c->in, "out", (json_int_t)h->swapping.out, "spared",
			 (json_int_t)c->spared);
}

json_t *host_json(const struct host *h)
{
	json_t *guests = json_array();

	for (int i = 0; i < h->n; i++)
		json_array_append_new(guests, guest_json(&h->guest[i]));
	return json_pack("{s:o, s:{s:o, s:o, s:o, s:o}, s:o, s:o}", "guests", guests, "memory", "before_clones",
			 memory_json(&h->before), "behind_clones", memory_json(&h->cloned), "before_last_scan",
			 memory_json(&h->unshared), "end", memory_json(&h->after), "sharing", sharing_json(h), "swap",
			 swap_json(h));
}
