/* SPDX-License-Identifier: GPL-3.0-or-later
 * screendump.h - the guest's screen as a PNG file.
 * Rule: looking changes nothing in the guest; a file is complete, or it is not there.
 */
#ifndef VITRINE_DEBUGGER_SCREENDUMP_H
#define VITRINE_DEBUGGER_SCREENDUMP_H

#include "core/base/err.h"
#include "devices/vga.h"

/* Write what a monitor would show.  A screen that is off is 640 by 400 black pixels. */
int screendump(const struct vga *v, const char *path, struct err *err);

#endif
