/* SPDX-License-Identifier: GPL-3.0-or-later
 * bus.h - who answers at which port or address.  Ports and MMIO are the same kind of thing.
 * Rule: unclaimed reads give all-ones and are counted, never silence, never death.
 */
#ifndef VITRINE_CORE_BUS_H
#define VITRINE_CORE_BUS_H

#include "core/base/err.h"
#include "core/base/types.h"

struct device;
enum bus_space { SPACE_PORT, SPACE_MMIO, SPACE_MSR /* 8-byte registers numbered one by one */ };
enum { BUS_CLAIMS = 96 };

struct claim {
	u8 space;                 /* enum bus_space */
	u64 base, size;
	const char *const *regs;  /* names of the registers by offset, or NULL; shorter than size is fine with nregs */
	int nregs;
	u8 width;                 /* widest access the device takes, in bytes; 0 = any that fits the claim */
	const char *const *written; /* names where writing means another register than reading, as many; or NULL */
};

struct bus {
	int n;
	struct bus_entry { u64 base, size; struct device *dev; const struct claim *claim; } entry[BUS_CLAIMS];
	u64 unclaimed; /* accesses nobody answered */
};

/* Answer of a lookup, for events. */
struct bus_hit { struct device *dev; const char *who, *what; };

int bus_add(struct bus *b, struct device *dev, const struct claim *claim, struct err *err);
/* Does anybody answer at addr? */
bool bus_answers(const struct bus *b, u64 addr);
/* Remove every claim of dev. */
void bus_remove(struct bus *b, const struct device *dev);
/* Remove one; nothing happens if it is not there. */
void bus_remove_claim(struct bus *b, const struct claim *claim);
/* size 1, 2, 4 or 8.  An access wider than what a device claims, or than claim->width, is split
 * into bytes, lowest address first. */
u64 bus_read(struct bus *b, u64 addr, int size, struct bus_hit *hit);
void bus_write(struct bus *b, u64 addr, int size, u64 value, struct bus_hit *hit);

#endif
