/* SPDX-License-Identifier: GPL-3.0-or-later
 * options.h - what a user can say about a machine and its run, as one table.
 * Rule: one row per option; a value that could never work is refused here, before anything is built.
 */
#ifndef VITRINE_DEBUGGER_OPTIONS_H
#define VITRINE_DEBUGGER_OPTIONS_H

#include "core/loader.h"
#include "core/paging.h"
#include "core/x86/cpuid.h"
#include "debugger/args.h"
#include "debugger/disk-options.h"
#include "debugger/engine-options.h"
#include "debugger/net-options.h"
#include "debugger/snapshot-options.h"

struct machine_options {
	const char *image;     /* the word that is no option; NULL = none */
	const char *engine;
	struct engine_switches switches;
	u64 mem;               /* bytes */
	u32 cpus;
	bool smp_threads;
	enum paging_mode paging;
	u64 shadow_tables;
	bool shadow_unsync;
	bool check_paging;
	enum dirty_way dirty;
	bool dirty_given;      /* so that --stats counts the pages written */
	u64 page_max;
	const struct cpu_model *cpu;
	const char *kernel, *append, *bios;
	struct disk_options disks;
	struct net_options net;
	struct pc_virtio virtio; /* but its network card, which is net's */
	bool virtio_console;     /* the console is there instead of COM1 */
	const char *module[IMAGE_MODULES];
	int nmodules;
	enum linux_entry entry; /* of a bzImage */
	const char *serial;    /* stdio, none, file:F */
	const char *display;   /* none, terminal */
	const char *screendump; /* PNG file, or NULL */
	const char *vgabios;   /* NULL = beside the BIOS, if it is there; or none */
	const char *debugcon;  /* stdout, stderr, none, file:F */
	u64 seed, insn_ps;
	i64 rtc;               /* seconds since 1970 at power-up */
	u64 budget;            /* instructions, 0 = no limit */
	bool exits, stats, state_hash, memory_hash, quiet;
	u32 trace;             /* set of event kinds */
	const char *json, *save;
	struct snapshot_options snapshots;
	const char *record, *replay; /* file of a recording to be made, or NULL; or to be run again (`vitrine replay`) */
	const char *gdb;       /* PORT, HOST:PORT or unix:PATH, NULL = none */
	const char *control;   /* unix:PATH, NULL = none */
};

extern const struct option machine_option_table[];
extern const int machine_option_count;

/* F of a place `file:F`, else NULL. */
const char *file_place(const char *place);
/* The defaults, as the help states them. */
void machine_options_init(struct machine_options *o);
/* Contradictions between options, and the positional image. */
int machine_options_check(struct machine_options *o, const struct args_rest *rest, struct err *err);

#endif
