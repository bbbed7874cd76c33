/* SPDX-License-Identifier: GPL-3.0-or-later
 * device.h - what a device is: a class (const), its state (a field list) and its wires.
 * Rule: a device sees its state, its lines, the clock and guest memory.  It never sees the vCPU, the engine, another
 * device or the host clock; so it runs unchanged under both engines, replays, and is tested with no VM.
 */
#ifndef VITRINE_CORE_DEVICE_H
#define VITRINE_CORE_DEVICE_H

#include "core/base/log.h"
#include "core/bus.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/field.h"
#include "core/irq.h"
#include "core/mem.h"

struct device;

struct device_class {
	const char *name, *brief;      /* "pit", "8254 programmable interval timer" */
	const struct layout *layout;   /* reset, snapshot, migration, display, hash */
	const struct claim *claims;
	int nclaims;
	u32 ntimers;                   /* timers it needs, numbered from 0 */
	bool battery;                  /* its state outlives device_reset (CMOS, written sectors): only reset() is called */
	u64 (*read)(struct device *d, const struct claim *claim, u64 offset, int size);
	void (*write)(struct device *d, const struct claim *claim, u64 offset, int size, u64 value);
	void (*timer)(struct device *d, u32 which);
	void (*reset)(struct device *d);    /* after the list's reset values are in place: drive lines, arm timers */
	void (*restored)(struct device *d); /* state was loaded: rearm timers, redrive lines */
};

/* What the board (or a test) lends every device.  A test fills in what it needs and leaves the rest NULL. */
struct device_world {
	struct clock *clock;
	struct mem *mem;
	struct event_stream *events;
	const struct log *log;
	/* Stop the machine (power-off, exit port): status is the process's exit status. Reset the machine. */
	void (*power_off)(void *arg, int status);
	void (*reset_request)(void *arg);
	/* Answer from now on at *claim too (on the device's own processor, if it was added to one), which must stay valid, or at no claim any more that was added so (a PCI
	 * BAR that moves).  -EEXIST if somebody else answers there: the device goes without. */
	int (*claim)(void *arg, struct device *d, const struct claim *claim, struct err *err);
	void (*unclaim)(void *arg, struct device *d, const struct claim *claim);
	/* A message-signalled interrupt: the memory write that a function with MSI or MSI-X makes (SDM 3A 10.11). */
	void (*msi)(void *arg, u64 address, u32 data);
	/* From within read or write of a model-specific register: the access is not allowed, and raises #GP(0). */
	void (*refuse)(void *arg);
	/* 64 random bits: from the VM's seed, and recorded as an input event. */
	u64 (*random)(void *arg);
	/* A byte for the outside: `channel` is the device's name ("uart", "debugcon"). */
	void (*put_byte)(void *arg, const char *channel, u8 byte);
	void *arg;
};

enum { DEVICE_TIMERS = 4 };
struct device {
	const struct device_class *class;
	const char *name;              /* instance name: "pic1"; defaults to the class's */
	void *state;                   /* struct of class->layout */
	const struct device_world *world;
	int timer_id[DEVICE_TIMERS];
};

/* Prepare *d over zeroed memory: state reset by its list, timers registered; class->reset is NOT called yet. */
int device_init(struct device *d, const struct device_class *class, const char *name, void *state,
		const struct device_world *world, struct err *err);
/* List values (unless class->battery), then class->reset. */
void device_reset(struct device *d);
void device_save(const struct device *d, struct buf *out);
int device_load(struct device *d, struct reader *in, struct err *err); /* calls device_restored on success */
/* The state is another one now: what follows from it is made anew. */
void device_restored(struct device *d);

static inline u64 device_now(const struct device *d) { return d->world->clock->now; }
void device_timer_set(struct device *d, u32 which, u64 due_ns);
void device_timer_cancel(struct device *d, u32 which);
void device_log(const struct device *d, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
