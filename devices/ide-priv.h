/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-priv.h - what the two files of the IDE disk share.
 * Rule: only ide*.c includes it.
 */
#ifndef VITRINE_DEVICES_IDE_PRIV_H
#define VITRINE_DEVICES_IDE_PRIV_H

#include "devices/ide.h"

/* The geometry the disk was "made" with, and the longest block of READ and WRITE MULTIPLE. */
enum { IDE_HEADS = 16, IDE_TRACK = 63, IDE_MULTIPLE_MAX = 16 };

/* Fill the buffer with the answer to IDENTIFY DEVICE, for a disk of n sectors. */
void ide_identify(struct ide_state *s, u64 n);

#endif
