/* SPDX-License-Identifier: GPL-3.0-or-later
 * format.h - which formats of disk images there are, by name and by their first bytes.
 * Rule: an image nobody recognises is raw: the disk's bytes and nothing else.
 */
#ifndef VITRINE_BACKENDS_FORMAT_H
#define VITRINE_BACKENDS_FORMAT_H

#include "core/base/types.h"

enum { FORMAT_PROBE = 512 }; /* bytes from the start that are looked at */

/* The name that qemu-nbd knows it by ("qcow2"), or NULL for raw.  start[n], zero-filled if the file is shorter. */
const char *format_probe(const u8 start[FORMAT_PROBE]);
/* Is it the name of a format that is not raw? */
bool format_known(const char *name);
/* All names but raw, for messages. */
#define FORMAT_NAMES "qcow2, qcow, vmdk, vdi, vhdx, vpc"

#endif
