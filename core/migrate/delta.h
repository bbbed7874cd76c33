/* SPDX-License-Identifier: GPL-3.0-or-later
 * delta.h - what has changed in a page since it was last sent.
 * Rule: applied to the old page it gives the new one, and nothing that comes over the wire makes it write elsewhere.
 *
 * Runs in turn, each a length in LEB128 (seven bits a byte, lowest first): bytes that are the same, then bytes that
 * differ, followed by what they are now.  The end of the page may be left out if it is the same.
 */
#ifndef VITRINE_CORE_MIGRATE_DELTA_H
#define VITRINE_CORE_MIGRATE_DELTA_H

#include "core/base/types.h"

/* False: it would take more than `room` bytes.  An unchanged page takes none. */
bool delta_encode(const u8 *old, const u8 *new, u8 *out, size_t room, size_t *len);
/* False: no delta of a page; what of it was applied is there. */
bool delta_apply(u8 *page, const u8 *in, size_t len);

#endif
