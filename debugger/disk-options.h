/* SPDX-License-Identifier: GPL-3.0-or-later
 * disk-options.h - --disk and --cdrom: what the user says, and the images that come of it.
 * Rule: an image is only written if the user said so, by snapshot=off or overlay=FILE.
 */
#ifndef VITRINE_DEBUGGER_DISK_OPTIONS_H
#define VITRINE_DEBUGGER_DISK_OPTIONS_H

#include "devices/pc.h"

enum { DISK_TEXT = 4096 };
struct disk_option {
	char text[DISK_TEXT]; /* the others point into it */
	const char *path, *overlay, *format;
	bool virtio, read_only;
	bool snapshot; /* writes end with the machine; so it is unless the next is set */
	bool snapshot_said;
};

struct disk_options {
	struct disk_option disk[PC_DISKS];
	u32 n;
	const char *cdrom; /* NULL = an empty machine, without a drive */
};

/* The images, open as long as any machine that has them. */
struct disk_images {
	struct block *disk[PC_DISKS], *cdrom;
};

/* For the table of options; slot is the struct disk_options. */
int take_disk(void *slot, const char *value, struct err *err);
/* Contradictions, once all options are known. */
int disk_options_check(const struct disk_options *o, struct err *err);

int disk_images_open(struct disk_images *images, const struct disk_options *o, struct err *err);
/* The parts of the board's configuration that are about disks. */
void disk_images_config(const struct disk_images *images, const struct disk_options *o, struct pc_config *config);
/* Flush and close.  A flush that fails is an error: what the guest wrote may be lost. */
int disk_images_close(struct disk_images *images, struct err *err);
/* Does a run change them, so that a second one would be another run? */
bool disk_options_change(const struct disk_options *o);
/* At the end, one line per disk: what was written, and ends here; or, with a snapshot, is not in it. */
void disk_options_tell(const struct disk_options *o, const struct pc *pc, bool saved);

#endif
