/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-balloon.h - memory that the guest gives back (virtio 1.2, 5.5).
 * Rule: a page in the balloon takes no host memory; the guest that takes it out again finds zeros.
 */
#ifndef VITRINE_DEVICES_VIRTIO_BALLOON_H
#define VITRINE_DEVICES_VIRTIO_BALLOON_H

#include "devices/virtio.h"

/* Numbered by their tags (5.5.6.3): swapped in, out, major faults, minor faults, free, total, available, disk
 * caches, huge pages allocated, huge pages failed; counts, or bytes. */
enum { VIRTIO_BALLOON_STATS = 10 };

#define VIRTIO_BALLOON_STATE(F, S) \
	VIRTIO_STATE(F, S) \
	F(S, u32, target, 1, 0, DEC, "pages of 4 KiB that the guest shall give up") \
	F(S, u64, pages_taken, 1, 0, DEC, "pages put into the balloon so far") \
	F(S, u64, pages_given, 1, 0, DEC, "pages taken out of it so far") \
	F(S, u64, pages_reported, 1, 0, DEC, "free pages reported so far") \
	F(S, u64, stat, VIRTIO_BALLOON_STATS, 0, DEC, "what the guest last said of its memory") \
	F(S, u16, stats_buffer, 1, 0, DEC, "the statistics' buffer, kept until new ones are wanted") \
	F(S, u8, has_stats_buffer, 1, 0, BOOL, "it has it")
STATE(virtio_balloon_state, 1, VIRTIO_BALLOON_STATE);

struct virtio_balloon {
	struct virtio v; /* first */
	struct virtio_balloon_state s;
};

extern const struct device_class virtio_balloon_class;

/* In zeroed memory. */
int virtio_balloon_init(struct virtio_balloon *b, const struct device_world *world, struct err *err);
/* Ask the guest for so many pages of 4 KiB in all, and for new statistics.  It survives a reset. */
void virtio_balloon_set(struct device *d, u32 pages);
/* How many the guest says it has given. */
u32 virtio_balloon_actual(const struct device *d);

#endif
