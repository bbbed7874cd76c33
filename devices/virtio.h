/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio.h - what every virtio device has, whatever it is and however it is attached (virtio 1.2, chapter 2).
 * Rule: a kind of device (virtio-blk.c ...) knows chains of buffers, a transport (virtio-pci.c,
 * virtio-mmio.c) knows registers and interrupts; they meet here and nowhere else.
 *
 *	driver in the guest --registers--> transport --virtio_reg_write, virtio_notify--> virtio
 *	virtio --kind->serve--> kind --virtio_chain_next, _read, _write, virtio_done--> virtio-queue.c
 *	virtio --interrupt--> transport --INTx, MSI-X or a line--> guest
 */
#ifndef VITRINE_DEVICES_VIRTIO_H
#define VITRINE_DEVICES_VIRTIO_H

#include "core/device.h"

enum { VIRTIO_QUEUES = 5, VIRTIO_QUEUE_MAX = 256, VIRTIO_CONFIG_BYTES = 64 };

/* Device IDs (5), also the last two digits of the PCI device ID 1040h + n. */
enum { VIRTIO_ID_NET = 1, VIRTIO_ID_BLK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4,
       VIRTIO_ID_BALLOON = 5 };

/* Device status (2.1) */
enum {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

/* Features of every virtio device, as bit numbers (6) */
enum { VIRTIO_F_INDIRECT_DESC = 28, VIRTIO_F_EVENT_IDX = 29, VIRTIO_F_VERSION_1 = 32 };

/* Interrupt status (4.1.4.5, 4.2.2) */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* The state of any virtio device.  A kind that remembers more puts this first in its own list. */
#define VIRTIO_STATE(F, S) \
	F(S, u8, status, 1, 0, BITS, "device status") \
	F(S, u8, isr, 1, 0, BITS, "interrupt status: bit 0 a queue, bit 1 the configuration") \
	F(S, u64, driver_features, 1, 0, BITS, "features that the driver takes") \
	F(S, u32, device_feature_select, 1, 0, DEC, "which 32 of the offered features are shown") \
	F(S, u32, driver_feature_select, 1, 0, DEC, "which 32 of the driver's features are shown") \
	F(S, u32, generation, 1, 0, DEC, "changes of the configuration so far") \
	F(S, u8, config, VIRTIO_CONFIG_BYTES, 0, HEX, "device configuration") \
	F(S, u16, queue_select, 1, 0, DEC, "queue that the queue registers show") \
	F(S, u16, queue_size, VIRTIO_QUEUES, VIRTIO_QUEUE_MAX, DEC, "entries of each queue") \
	F(S, u8, queue_enable, VIRTIO_QUEUES, 0, BOOL, "the driver has set it up") \
	F(S, u64, queue_desc, VIRTIO_QUEUES, 0, HEX, "address of the descriptor table") \
	F(S, u64, queue_driver, VIRTIO_QUEUES, 0, HEX, "address of the available ring") \
	F(S, u64, queue_device, VIRTIO_QUEUES, 0, HEX, "address of the used ring") \
	F(S, u16, avail_next, VIRTIO_QUEUES, 0, DEC, "entry of the available ring to take next") \
	F(S, u16, used_next, VIRTIO_QUEUES, 0, DEC, "entry of the used ring to fill next")
STATE(virtio_state, 1, VIRTIO_STATE);

struct virtio;

/* What makes a block device a block device. */
struct virtio_kind {
	u16 id;
	u8 nqueues;
	u8 config_size;
	u8 config_writable, config_writable_size; /* the part of it that the driver may write */
	u32 pci_class; /* as in struct pci_identity */
	u64 features;  /* offered by all of the kind */
	/* The driver says that it put buffers into the queue. */
	void (*serve)(struct virtio *v, u32 queue);
	/* The driver wrote its configuration; may be NULL. */
	void (*config_written)(struct virtio *v, u32 offset);
};

enum { VIRTIO_CONFIG_CHANGE = -1 }; /* as a queue number: not a queue, but the configuration */
struct virtio {
	struct device dev; /* first; of the class of its kind */
	const struct virtio_kind *kind;
	struct virtio_state *s; /* the beginning of dev.state */
	u64 features;           /* offered by this one beside its kind's */
	/* Set by the transport: the driver wants to know of used buffers, or of a changed configuration.  s->isr
	 * says so already. */
	void (*interrupt)(void *transport, int queue);
	bool (*may_access)(const void *transport); /* the guest's memory; NULL = always */
	void *transport;
	/* Of the call that is running; zero between calls. */
	u16 finished[VIRTIO_QUEUES]; /* entries in the used ring that its index does not count yet */
	u32 taken;                   /* buffers */
};

/* In zeroed memory; the transport's fields are set after this. */
int virtio_init(struct virtio *v, const struct virtio_kind *kind, const struct device_class *class,
		const char *name, void *state, const struct device_world *world, struct err *err);
/* For class->restored: a state from outside becomes one that is safe to go on with. */
void virtio_restored(struct device *d);

/* ---- for kinds ---- */

static inline bool virtio_has(const struct virtio *v, int feature)
{
	return v->s->driver_features[0] >> feature & 1;
}
/* The driver is there, and the queue can be used. */
bool virtio_ready(const struct virtio *v, u32 queue);
/* Put a little-endian number into the configuration, as class->reset does. */
void virtio_config_put(struct virtio *v, u32 offset, u64 value, int size);
u32 virtio_config_get(const struct virtio *v, u32 offset, int size);
/* The same later, telling the driver. */
void virtio_config_change(struct virtio *v, u32 offset, u64 value, int size);
/* The driver broke the rules: it must reset the device before anything goes on (2.1.2). */
void virtio_needs_reset(struct virtio *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- virtio-queue.c: chains of buffers ---- */

/* One chain of descriptors: pieces that the device reads, then pieces that it writes. */
struct virtio_chain {
	u16 head;               /* its name in the used ring */
	u32 nreadable, npieces; /* the pieces from nreadable on are writable */
	u64 readable, writable; /* bytes */
	struct { u64 gpa; u32 len; } piece[VIRTIO_QUEUE_MAX];
};

/* Take the next chain from the queue.  All of its pieces lie in RAM.  False if there is none, or if what is
 * there breaks the rules: the device then needs a reset. */
bool virtio_chain_next(struct virtio *v, u32 queue, struct virtio_chain *c);
/* Whether there seems to be one.  It changes nothing, so the host may ask at any moment. */
bool virtio_chain_waiting(const struct virtio *v, u32 queue);
/* Put the last n chains back: they have not been used. */
void virtio_chain_untake(struct virtio *v, u32 queue, u16 n);
/* Copy bytes out of the readable pieces, or into the writable ones.  Returns how many: less than `len` where
 * the chain ends. */
u64 virtio_chain_read(const struct virtio *v, const struct virtio_chain *c, u64 offset, void *out, u64 len);
u64 virtio_chain_write(struct virtio *v, const struct virtio_chain *c, u64 offset, const void *in, u64 len);
/* The device is done with a chain, and has written so many bytes into it.  The driver sees it after
 * virtio_publish, which also interrupts if the driver wants that; virtio_notify calls it behind
 * kind->serve. */
void virtio_done(struct virtio *v, u32 queue, u16 head, u32 written);
void virtio_publish(struct virtio *v, u32 queue);

/* ---- for transports ---- */

/* Registers that both transports have, at places of their own (4.1.4.3, 4.2.2). */
enum virtio_reg {
	VREG_NONE,
	VREG_DEVICE_FEATURE_SELECT,
	VREG_DEVICE_FEATURE,
	VREG_DRIVER_FEATURE_SELECT,
	VREG_DRIVER_FEATURE,
	VREG_NUM_QUEUES,
	VREG_STATUS,
	VREG_GENERATION,
	VREG_QUEUE_SELECT,
	VREG_QUEUE_SIZE,
	VREG_QUEUE_SIZE_MAX,
	VREG_QUEUE_ENABLE,
	VREG_QUEUE_DESC_LOW,
	VREG_QUEUE_DESC_HIGH,
	VREG_QUEUE_DRIVER_LOW,
	VREG_QUEUE_DRIVER_HIGH,
	VREG_QUEUE_DEVICE_LOW,
	VREG_QUEUE_DEVICE_HIGH,
};
u32 virtio_reg_read(const struct virtio *v, enum virtio_reg reg);
void virtio_reg_write(struct virtio *v, enum virtio_reg reg, u32 value);
/* The device configuration, by the byte.  Behind its end: zeros, and writes are lost. */
u64 virtio_config_read(const struct virtio *v, u64 offset, int size);
void virtio_config_write(struct virtio *v, u64 offset, int size, u64 value);
/* The driver rings the bell of a queue. */
void virtio_notify(struct virtio *v, u32 queue);

#endif
