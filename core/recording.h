/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording.h - a run in a file: what came from outside and when, so that the same machine can run it again.
 * Rule: the file holds inputs; what else it has (a mark for each event, every million instructions what has changed in
 * processors and devices) is there only so that a difference is noticed at once and named.
 *
 * While one is open, vm_run goes through it.  Both end with the machine; a machine with a time line, or with a thread
 * per vCPU, has neither.
 */
#ifndef VITRINE_CORE_RECORDING_H
#define VITRINE_CORE_RECORDING_H

#include "core/vm.h"

struct recording;
struct replay;

/* From the machine's state now.  -EEXIST: there is such a file, -ENOTSUP: what this guest does cannot be repeated. */
int recording_open(struct recording **r, struct vm *vm, const char *path, struct err *err);
/* The error is that of the first write that failed, if any did. */
int recording_close(struct recording *r, struct err *err);

/* The machine must be in the state in which the recording began: made with the same options.  -EINVAL: it is not, or the
 * file is none of ours.  A file whose end is missing or damaged is good up to there; *notice (of 200 bytes) says so,
 * else it is "". */
int replay_open(struct replay **r, struct vm *vm, const char *path, char *notice, struct err *err);
/* vm_run returns STOP_BUDGET where the recording ends, and STOP_ERROR where the machine does something else than then. */
void replay_close(struct replay *r);
bool replay_ended(const struct replay *r);

#endif
