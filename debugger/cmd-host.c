/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-host.c - `vitrine host`: several guests in one machine, clones of one, shared and swapped memory.
 * Rule: between two turns no guest executes; clones are made, pages shared and put out then, and only then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/snapshot.h"
#include "debugger/commands.h"
#include "debugger/engine-options.h"
#include "debugger/host.h"
#include "debugger/output.h"
#include "debugger/results.h"
#include "debugger/runner.h"
#include "debugger/status.h"
#include "devices/pc.h"

#define ULL(x) ((unsigned long long)(x))
enum { SLICE = 1000000, SCAN = 4096 };

#define ROW(name, arg, take, member, brief) { name, arg, brief, take, offsetof(struct host, member) }
/* clang-format off */
static const struct option options[] = {
	ROW("vms",         "N",     take_number, vms,         "so many guests, equal but for their seeds (default 1)"),
	ROW("clones",      "N",     take_number, clones,      "make so many copies of the guest, which share its memory"),
	ROW("clone-after", "INSNS", take_count,  clone_after, "let it run so far before it is copied (default 0)"),
	ROW("for",         "INSNS", take_count,  insns,       "then let every guest run so far (default 0)"),
	ROW("slice",       "INSNS", take_count,  slice,       "a turn of a guest (default 1M)"),
	ROW("restore",     "FILE",  take_text,   restore,     "the guest begins as this snapshot says"),
	ROW("share",       NULL,    take_flag,   share,       "look for equal pages, and let them share a frame"),
	ROW("scan",        "PAGES", take_count,  scan,        "look at so many after each round of turns (default 4096)"),
	ROW("swap",        "FILE",  take_text,   swap_path,   "let pages go out to this new file when there are too many"),
	ROW("resident",    "SIZE",  take_size,   resident,    "with --swap: memory that pages of all guests may take"),
	ROW("swap-policy", "NAME",  take_text,   policy,      "which page goes out: fifo, second, clock (default), lru, random"),
	ROW("balloon",     "SIZE",  take_size,   balloon,     "ask each guest for all memory but this (--virtio balloon)"),
};
/* clang-format on */
static const int noptions = ARRAY_LEN(options);

/* ---- what was asked for ---- */

/* Options of a machine that are for one guest, or for somebody who watches it. */
static int check_machine_options(const struct host *h, struct err *err)
{
	const struct machine_options *o = &h->opt;
	const struct { bool given; const char *name; } alone[] = {
		{ o->gdb, "gdb" },	 { o->control, "control" },   { o->record, "record" },
		{ o->save, "save" },	 { o->screendump, "screendump" }, { o->smp_threads, "smp-threads" },
		{ strcmp(o->display, "none"), "display" },	      { o->switches.n, "switch-engine-after" },
		{ o->budget, "budget" }, { net_options_wanted(&o->net), "net" },
	};

	for (size_t i = 0; i < ARRAY_LEN(alone); i++)
		if (alone[i].given)
			return err_set(err, EINVAL, "host: --%s is for one guest by itself ('vitrine run')%s", alone[i].name,
				       alone[i].name[0] == 'b' ? "; here it is --for" : "");
	if (o->serial && strcmp(o->serial, "stdio") && strcmp(o->serial, "none"))
		return err_set(err, EINVAL, "host: --serial %.40s: guests' lines can go to stdio, or nowhere (none, the default)", o->serial);
	if (disk_options_change(&o->disks))
		return err_set(err, EINVAL, "host: several guests cannot write one image; expected snapshot=on (the default), or "
			       "readonly=on");
	return 0;
}

static int check(struct host *h, struct err *err)
{
	if (h->vms < 1 || h->vms + h->clones > HOST_GUESTS || h->clones > HOST_GUESTS)
		return err_set(err, EINVAL, "host: %llu guests and %llu clones; expected 1 to %d in all", ULL(h->vms), ULL(h->clones),
			       HOST_GUESTS);
	if (h->clones && h->vms > 1)
		return err_set(err, EINVAL, "host: --vms and --clones; clones are made of one guest");
	if (h->clone_after && !h->clones)
		return err_set(err, EINVAL, "host: --clone-after without --clones N");
	if (h->restore && h->vms > 1)
		return err_set(err, EINVAL, "host: a snapshot is of one guest; expected --clones instead of --vms");
	if (!h->swap_path != !h->resident)
		return err_set(err, EINVAL, "host: expected --swap FILE and --resident SIZE together");
	if (swap_policy_by_name(h->policy) < 0)
		return err_set(err, EINVAL, "host: --swap-policy %.40s is unknown; expected fifo, second, clock, lru or random", h->policy);
	if (!h->slice || !h->scan)
		return err_set(err, EINVAL, "host: --slice and --scan: expected at least 1");
	if (h->balloon && !h->opt.virtio.balloon)
		return err_set(err, EINVAL, "host: --balloon without a balloon; --virtio balloon gives the guests one");
	return check_machine_options(h, err);
}

/* ---- guests ---- */

/* A line of a guest's console at a time, with its number. */
static void put_byte(void *arg, const char *channel, u8 byte)
{
	struct host_guest *g = arg;

	if (!strcmp(channel, "debugcon"))
		return;
	if (byte != '\n') {
		if (byte != '\r')
			buf_put(&g->line, &byte, 1);
		return;
	}
	printf("%d| %s\n", g->number, g->line.len ? buf_text(&g->line) : "");
	g->line.len = 0;
}

static int watch(struct host *h, struct host_guest *g, struct err *err)
{
	const struct machine_options *o = &h->opt;
	int rc = 0;

	if (o->serial && !strcmp(o->serial, "stdio")) {
		g->m.vm->put_byte = put_byte;
		g->m.vm->put_arg = g;
	}
	if (o->trace)
		rc = trace_printer_start(&g->trace, g->m.vm, o->trace, NULL, stdout);
	if (!rc && o->exits)
		rc = exit_printer_start(&g->exits, g->m.vm, stdout, false);
	return rc < 0 ? err_set(err, -rc, "the events cannot be watched: %s", strerror(-rc)) : 0;
}

/* It was built as h->guest[h->n]. */
static int add(struct host *h, struct err *err)
{
	struct host_guest *g = &h->guest[h->n];

	g->number = h->n;
	h->vm[h->n++] = g->m.vm;
	return watch(h, g, err);
}

static int build(struct host *h, const struct engine *engine, struct err *err)
{
	struct machine_options o = h->opt;
	int rc = results_check(&o, err);

	if (!rc)
		rc = machine_files_open(&h->files, &o, err);
	for (u64 i = 0; i < h->vms && !rc; i++) {
		o.seed = h->opt.seed + i;
		rc = machine_build_in(&h->guest[h->n].m, &o, &h->files, engine, h->n ? h->vm[0]->frames : NULL, err);
		if (!rc)
			rc = add(h, err);
	}
	return rc;
}

static u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static int make_clones(struct host *h, struct err *err)
{
	int rc = 0;

	h->before = host_memory(h);
	for (u64 i = 1; i <= h->clones && !rc && !runner_signal(); i++) {
		u64 start = clock_host_ns(), start_cpu = cpu_ns();

		rc = machine_clone(&h->guest[h->n].m, &h->guest[0].m, &h->opt, &h->files, i, err);
		h->guest[h->n].clone_ns = clock_host_ns() - start;
		h->guest[h->n].clone_cpu_ns = cpu_ns() - start_cpu;
		if (!rc)
			rc = add(h, err);
	}
	h->cloned = host_memory(h);
	return rc;
}

static int open_memory(struct host *h, struct err *err)
{
	const struct swap_config config = {
		.path = h->swap_path, .resident = h->resident / PAGE_SIZE_4K, .seed = h->opt.seed,
		.policy = (enum swap_policy)swap_policy_by_name(h->policy),
	};
	int rc = 0;

	if (h->share)
		rc = share_open(&h->sharing, h->vm, h->n, err);
	if (!rc && h->swap_path)
		rc = swap_open(&h->swapping, &config, h->vm, h->n, err);
	return rc;
}

static void ask_balloons(struct host *h)
{
	u64 pages = h->balloon < h->opt.mem ? (h->opt.mem - h->balloon) / PAGE_SIZE_4K : 0;
	const u8 data[] = { (u8)pages, (u8)(pages >> 8), (u8)(pages >> 16), (u8)(pages >> 24) };

	for (int i = 0; i < h->n && h->balloon; i++)
		vm_receive(h->vm[i], INPUT_BALLOON, data, sizeof(data));
}

/* ---- turns ---- */

/* Up to `end` instructions in all. */
static int turn(struct host *h, struct host_guest *g, u64 end, struct err *err)
{
	u64 left = end - vm_icount(g->m.vm);
	enum stop_why why;

	if (h->n > 1 && (h->opt.exits || h->opt.trace))
		printf("-- guest %d\n", g->number);
	why = guest_run(g->m.vm, left < h->slice ? left : h->slice, NULL, err);
	g->why = why == STOP_BUDGET || why == STOP_USER ? STOP_NONE : why;
	return why == STOP_ERROR ? -EIO : 0;
}

/* One turn for each guest that has not reached its end yet.  1: somebody ran, 0: nobody. */
static int go_round(struct host *h, const u64 *end, struct err *err)
{
	int rc = 0;
	bool ran = false;

	for (int i = 0; i < h->n && !rc && !runner_signal(); i++) {
		if (h->guest[i].why != STOP_NONE || vm_icount(h->vm[i]) >= end[i])
			continue;
		ran = true;
		rc = turn(h, &h->guest[i], end[i], err);
	}
	if (!rc && h->share && h->sharing.sum)
		share_step(&h->sharing, h->scan);
	if (!rc && h->swapping.places)
		rc = swap_step(&h->swapping, err);
	h->rounds++;
	return rc ? rc : ran && !runner_signal();
}

static int run_for(struct host *h, u64 insns, struct err *err)
{
	u64 *end = calloc(HOST_GUESTS, sizeof(*end));
	int rc = end ? 1 : err_set(err, ENOMEM, "no memory");

	for (int i = 0; i < h->n && end; i++)
		end[i] = vm_icount(h->vm[i]) + insns;
	while (rc > 0)
		rc = go_round(h, end, err);
	free(end);
	return rc;
}

/* In the end the scanner looks at everything twice, so that a short run, too, shows what there is to save. */
static int run_all(struct host *h, struct err *err)
{
	int rc = h->clone_after ? run_for(h, h->clone_after, err) : 0;

	if (!rc && h->clones && !runner_signal())
		rc = make_clones(h, err);
	if (!rc)
		rc = open_memory(h, err);
	if (!rc)
		ask_balloons(h);
	if (!rc && h->insns)
		rc = run_for(h, h->insns, err);
	h->unshared = host_memory(h);
	if (!rc && h->share)
		share_step(&h->sharing, 2 * h->sharing.set.pages);
	if (!rc && h->swapping.places)
		rc = swap_step(&h->swapping, err);
	h->after = host_memory(h);
	return rc;
}

/* ---- the end ---- */

static int tell(struct host *h, struct err *err)
{
	const char *name = h->opt.json;
	FILE *to = !name ? NULL : !strcmp(name, "-") ? stdout : fopen(name, "w");
	json_t *all;
	int rc;

	if (name && !to)
		return err_set(err, errno, "%.200s: %s", name, strerror(errno));
	if (!to || to != stdout)
		host_print(h, stdout);
	for (int i = 0; i < h->n && h->opt.state_hash && to != stdout; i++)
		printf("state-hash of guest %d: %016llx at %llu instructions, its memory %016llx\n", i, ULL(vm_state_hash(h->vm[i])),
		       ULL(vm_icount(h->vm[i])), ULL(mem_hash_guest(&h->vm[i]->mem, 0)));
	if (!to)
		return 0;
	all = host_json(h);
	rc = all ? json_dumpf(all, to, JSON_COMPACT) : -1;
	fputc('\n', to);
	json_decref(all);
	if (to != stdout && fclose(to))
		rc = -1;
	return rc ? err_set(err, EIO, "%.200s: cannot be written", name) : 0;
}

static int status_of(const struct host *h)
{
	if (runner_signal())
		return STATUS_SIGNAL + runner_signal();
	for (int i = 0; i < h->n; i++)
		if (h->guest[i].why == STOP_TRIPLE_FAULT)
			return STATUS_DIED;
	return STATUS_OK;
}

static void clean_up(struct host *h)
{
	swap_close(&h->swapping);
	share_close(&h->sharing);
	for (int i = 0; i < HOST_GUESTS; i++) {
		struct host_guest *g = &h->guest[i];

		if (!g->m.vm)
			continue;
		exit_printer_end(&g->exits);
		trace_printer_end(&g->trace);
		buf_free(&g->line);
		machine_destroy(&g->m);
	}
	machine_files_close(&h->files, NULL);
}

static int host(struct host *h)
{
	const struct engine *engine;
	struct cpu_model model;
	struct err err = { 0 };
	int rc = engine_choose(h->opt.engine, &engine, &err), told;

	if (!rc)
		rc = engine_options_prepare(&h->opt, engine, &model, &err);
	if (rc) {
		complain("%s", err.text);
		return rc == -EINVAL ? STATUS_USAGE : STATUS_SKIPPED;
	}
	if (build(h, engine, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	runner_init();
	rc = run_all(h, &err);
	if (rc)
		complain("%s", err.text);
	told = tell(h, &err);
	if (told)
		complain("%s", err.text);
	return rc == -ENOTSUP ? STATUS_SKIPPED : rc ? STATUS_INTERNAL : told || !output_ok() ? STATUS_USAGE : status_of(h);
}

static int exec(const struct command *cmd, int argc, char **argv)
{
	struct host *h = calloc(1, sizeof(*h));
	struct args_rest rest;
	struct err err = { 0 };
	int status;

	if (!h) {
		complain("no memory");
		return STATUS_INTERNAL;
	}
	machine_options_init(&h->opt);
	h->vms = 1;
	h->slice = SLICE;
	h->scan = SCAN;
	h->policy = "clock";
	h->swapping.fd = -1;
	if (!command_args(cmd, h, argc, argv, &rest, &status)) {
		if (h->restore && rest.n < ARGS_REST)
			rest.item[rest.n++] = h->restore;
		if (check(h, &err) || (!h->opt.serial && !(h->opt.serial = "none")) || machine_options_check(&h->opt, &rest, &err)) {
			complain("%s", err.text);
			status = STATUS_USAGE;
		} else {
			status = host(h);
		}
		clean_up(h);
	}
	free(h);
	return status;
}

const struct command cmd_host = {
	.name = "host",
	.args = "[options] [IMAGE]",
	.brief = "run several guests in one machine: clones, shared pages, swapping",
	.text = "All guests live in the frames of one machine, and run in turns. --clones copies a running\n"
		"guest: its pages are shared until somebody writes to one, which makes a copy of that page.\n"
		"--share looks for equal pages wherever they come from; --swap lets pages go out to a file.\n"
		"At the end a table says for each guest how many of its pages lie in a frame of their own,\n"
		"share one, are zeros, or are out; and what the host's memory for all of it is. --json FILE\n"
		"writes the same for programs. --exits and --trace=cow,share,swap,balloon show it happen.\n"
		"The other options are those of 'run', as far as they make sense for several guests.",
	.example = "vitrine host --clones 3 --for 100k boot.img\n"
		   "vitrine host --mem 256M --kernel vmlinuz --initrd initrd.gz --clone-after 2G --clones 50\n"
		   "vitrine host --vms 4 --share --for 3G --mem 128M --kernel vmlinuz --initrd initrd.gz\n"
		   "vitrine host --swap /tmp/swap --resident 32M --swap-policy lru --for 2G --kernel vmlinuz",
	.options = options,
	.noptions = &noptions,
	.more = machine_option_table,
	.nmore = &machine_option_count,
	.exec = exec,
};
