/* SPDX-License-Identifier: GPL-3.0-or-later
 * pcap.h - a file of captured frames that Wireshark opens.
 * Rule: time stamps are virtual; the file ends in a whole frame at every moment, also when the host's disk is full.
 */
#ifndef VITRINE_BACKENDS_PCAP_H
#define VITRINE_BACKENDS_PCAP_H

#include "core/base/err.h"
#include "core/base/types.h"

struct pcap {
	int fd;      /* -1 = not open */
	u64 size;    /* bytes of whole frames so far */
	u64 base_ns; /* virtual time 0, in ns since 1970 */
	bool failed; /* it could not be written any more: the rest is missing */
	const char *path;
};

/* Make the file.  start: the guest's date at virtual time 0, in seconds since 1970 (0 if it is before that). */
int pcap_open(struct pcap *p, const char *path, i64 start, struct err *err);
/* Append a frame.  The first failure is an error, told once; from then on frames are left out. */
int pcap_frame(struct pcap *p, u64 now_ns, const u8 *frame, u32 len, struct err *err);
int pcap_close(struct pcap *p, struct err *err);

#endif
