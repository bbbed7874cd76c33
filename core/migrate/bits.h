/* SPDX-License-Identifier: GPL-3.0-or-later
 * bits.h - a set of the machine's frames, and how it travels.
 * Rule: only core/migrate includes this.
 *
 * On the wire a set is a row of messages, each u8 last, u64 first word, u32 n, n words of 64 frames; words not named are
 * empty.
 */
#ifndef VITRINE_CORE_MIGRATE_BITS_H
#define VITRINE_CORE_MIGRATE_BITS_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/migrate/talk.h"

static inline u64 bits_words(u64 frames) { return (frames + 63) / 64; }
static inline bool bit_is_set(const u64 *bits, u64 i) { return bits[i / 64] >> i % 64 & 1; }
static inline void bit_set(u64 *bits, u64 i) { bits[i / 64] |= 1ull << i % 64; }
static inline void bit_clear(u64 *bits, u64 i) { bits[i / 64] &= ~(1ull << i % 64); }

u64 bits_count(const u64 *bits, u64 frames);
/* The first from `from` on, or UINT64_MAX. */
u64 bits_next(const u64 *bits, u64 frames, u64 from);
/* As messages of this type; at least one. */
void bits_send(struct talk *t, u8 type, const u64 *bits, u64 frames);
/* One message's part is added to bits.  *last: it was the last. -EINVAL */
int bits_receive(struct reader *in, u64 *bits, u64 frames, bool *last, struct err *err);

#endif
