/* SPDX-License-Identifier: GPL-3.0-or-later
 * machine.h - from options to a machine that is ready to run.
 * Rule: the same options and files always give the same machine, bit for bit; so it can be built again.
 */
#ifndef VITRINE_DEBUGGER_MACHINE_H
#define VITRINE_DEBUGGER_MACHINE_H

#include "core/vm.h"
#include "debugger/host-file.h"
#include "debugger/options.h"

struct pc;

/* The files a machine is made of.  The disks are kept as long as any machine made of them; the others may be closed
 * once the machine has taken their content over, and opened again to build another. */
struct machine_files {
	struct host_file image, bios, vgabios, module[IMAGE_MODULES];
	char *vgabios_path; /* when it was found beside the BIOS */
	struct disk_images disks;
};

struct machine {
	struct vm *vm;
	struct pc *pc;
	u64 icount_start; /* not 0 after a snapshot was restored */
	u64 time_start;   /* virtual ns */
	struct buf unsaved; /* devices that an older snapshot did not have: they are as after power-up */
};

int machine_files_open(struct machine_files *f, const struct machine_options *o, struct err *err);
/* An error: what was written to a disk may be lost. */
int machine_files_close(struct machine_files *f, struct err *err);
int machine_images_open(struct machine_files *f, const struct machine_options *o, struct err *err);
void machine_images_close(struct machine_files *f);
/* Build, reset, load.  On failure nothing is left and *m is zero. */
int machine_build(struct machine *m, const struct machine_options *o, const struct machine_files *f,
		  const struct engine *engine, struct err *err);
/* The same in a machine that other VMs live in, too (NULL: in one of its own). */
int machine_build_in(struct machine *m, const struct machine_options *o, const struct machine_files *f,
		     const struct engine *engine, struct frames *in, struct err *err);
/* A copy of `parent`, which was built with the same options, from what it is now on (core/clone.h).  Its number, from 1,
 * decides its random numbers and the address of its network card; 0: equal in everything. */
int machine_clone(struct machine *m, const struct machine *parent, const struct machine_options *o,
		  const struct machine_files *f, u64 number, struct err *err);
void machine_destroy(struct machine *m);

#endif
