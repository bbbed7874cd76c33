/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio.c - feature negotiation, the device status, the registers of queues, and the device configuration.
 * Rule: nothing of a queue is looked at before DRIVER_OK, and nothing after DEVICE_NEEDS_RESET (2.1.2).
 * Virtio 1.2 only: no legacy interface, no packed rings.
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2; numbers in brackets are its sections.
 */
#include "devices/virtio.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define F_COMMON (1ull << VIRTIO_F_INDIRECT_DESC | 1ull << VIRTIO_F_EVENT_IDX | 1ull << VIRTIO_F_VERSION_1)
enum { STATUS_DRIVERS = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK |
			VIRTIO_FAILED };

static struct virtio *of(struct device *d)
{
	return (struct virtio *)d;
}

int virtio_init(struct virtio *v, const struct virtio_kind *kind, const struct device_class *class,
		const char *name, void *state, const struct device_world *world, struct err *err)
{
	assert(kind->nqueues <= VIRTIO_QUEUES && kind->config_size <= VIRTIO_CONFIG_BYTES);
	assert(class->layout->size >= sizeof(*v->s));
	v->kind = kind;
	v->s = state;
	return device_init(&v->dev, class, name, state, world, err);
}

static u64 offered(const struct virtio *v)
{
	return F_COMMON | v->kind->features | v->features;
}

/* ---- interrupts and errors ---- */

static void config_interrupt(struct virtio *v)
{
	if (!(v->s->status[0] & VIRTIO_DRIVER_OK))
		return;
	v->s->isr[0] |= VIRTIO_ISR_CONFIG;
	if (v->interrupt)
		v->interrupt(v->transport, VIRTIO_CONFIG_CHANGE);
}

void virtio_needs_reset(struct virtio *v, const char *fmt, ...)
{
	char text[200];
	va_list args;

	if (v->s->status[0] & VIRTIO_NEEDS_RESET)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	device_log(&v->dev, LOG_WARN, "the driver broke the rules: %s; the device waits for a reset", text);
	v->s->status[0] |= VIRTIO_NEEDS_RESET;
	config_interrupt(v);
}

/* ---- queues ---- */

/* A power of two, and not more than was offered (2.7). */
static bool good_size(u32 size)
{
	return size && size <= VIRTIO_QUEUE_MAX && !(size & (size - 1));
}

bool virtio_ready(const struct virtio *v, u32 queue)
{
	return (v->s->status[0] & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK &&
	       queue < v->kind->nqueues && v->s->queue_enable[queue] &&
	       (!v->may_access || v->may_access(v->transport));
}

void virtio_notify(struct virtio *v, u32 queue)
{
	if (!virtio_ready(v, queue))
		return;
	v->kind->serve(v, queue);
	virtio_publish(v, queue);
	v->taken = 0;
}

/* The three parts must be aligned (2.7); the guest's memory need not be there until they are used. */
static void queue_enable(struct virtio *v, u32 q, bool on)
{
	struct virtio_state *s = v->s;

	if (on && !s->queue_enable[q]) {
		s->avail_next[q] = s->used_next[q] = 0;
		if (s->queue_desc[q] % 16 || s->queue_driver[q] % 2 || s->queue_device[q] % 4) {
			virtio_needs_reset(v, "queue %u is not aligned", q);
			return;
		}
	}
	s->queue_enable[q] = on;
}

static void set_half(u64 *address, bool high, u32 value)
{
	if (high)
		*address = (*address & 0xffffffff) | (u64)value << 32;
	else
		*address = (*address & ~0xffffffffull) | value;
}

/* Registers of the selected queue.  Where and how large it is stays fixed while it is in use. */
static void queue_write(struct virtio *v, u32 q, enum virtio_reg reg, u32 value)
{
	struct virtio_state *s = v->s;

	if (reg == VREG_QUEUE_ENABLE)
		queue_enable(v, q, value & 1);
	if (s->queue_enable[q])
		return;
	switch (reg) {
	case VREG_QUEUE_SIZE:
		if (good_size(value))
			s->queue_size[q] = (u16)value;
		else
			virtio_needs_reset(v, "queue %u of %u entries", q, value);
		break;
	case VREG_QUEUE_DESC_LOW: case VREG_QUEUE_DESC_HIGH:
		set_half(&s->queue_desc[q], reg == VREG_QUEUE_DESC_HIGH, value);
		break;
	case VREG_QUEUE_DRIVER_LOW: case VREG_QUEUE_DRIVER_HIGH:
		set_half(&s->queue_driver[q], reg == VREG_QUEUE_DRIVER_HIGH, value);
		break;
	case VREG_QUEUE_DEVICE_LOW: case VREG_QUEUE_DEVICE_HIGH:
		set_half(&s->queue_device[q], reg == VREG_QUEUE_DEVICE_HIGH, value);
		break;
	default: break;
	}
}

static u32 queue_read(const struct virtio *v, u32 q, enum virtio_reg reg)
{
	const struct virtio_state *s = v->s;

	switch (reg) {
	case VREG_QUEUE_SIZE: return s->queue_size[q];
	case VREG_QUEUE_SIZE_MAX: return VIRTIO_QUEUE_MAX;
	case VREG_QUEUE_ENABLE: return s->queue_enable[q];
	case VREG_QUEUE_DESC_LOW: return (u32)s->queue_desc[q];
	case VREG_QUEUE_DESC_HIGH: return (u32)(s->queue_desc[q] >> 32);
	case VREG_QUEUE_DRIVER_LOW: return (u32)s->queue_driver[q];
	case VREG_QUEUE_DRIVER_HIGH: return (u32)(s->queue_driver[q] >> 32);
	case VREG_QUEUE_DEVICE_LOW: return (u32)s->queue_device[q];
	case VREG_QUEUE_DEVICE_HIGH: return (u32)(s->queue_device[q] >> 32);
	default: return 0;
	}
}

/* ---- status and features ---- */

/* The driver goes forward by setting bits (3.1.1); it is the device that may refuse FEATURES_OK. */
static void write_status(struct virtio *v, u8 value)
{
	struct virtio_state *s = v->s;
	u8 old = s->status[0], status = (value & STATUS_DRIVERS) | (old & VIRTIO_NEEDS_RESET);
	u64 features = s->driver_features[0];

	if (!value) {
		device_reset(&v->dev);
		return;
	}
	if (features & ~offered(v) || !(features >> VIRTIO_F_VERSION_1 & 1))
		status &= (u8)~VIRTIO_FEATURES_OK;
	if (!(status & VIRTIO_FEATURES_OK))
		status &= (u8)~VIRTIO_DRIVER_OK;
	s->status[0] = status;
	if (status & ~old & VIRTIO_DRIVER_OK) /* buffers may be waiting already */
		for (u32 q = 0; q < v->kind->nqueues; q++)
			virtio_notify(v, q);
}

static void write_features(struct virtio *v, u32 value)
{
	struct virtio_state *s = v->s;

	if (s->driver_feature_select[0] <= 1 && !(s->status[0] & VIRTIO_FEATURES_OK))
		set_half(&s->driver_features[0], s->driver_feature_select[0], value);
}

static u32 half(u64 features, u32 select)
{
	return select <= 1 ? (u32)(features >> 32 * select) : 0;
}

void virtio_reg_write(struct virtio *v, enum virtio_reg reg, u32 value)
{
	struct virtio_state *s = v->s;

	switch (reg) {
	case VREG_DEVICE_FEATURE_SELECT: s->device_feature_select[0] = value; break;
	case VREG_DRIVER_FEATURE_SELECT: s->driver_feature_select[0] = value; break;
	case VREG_DRIVER_FEATURE: write_features(v, value); break;
	case VREG_STATUS: write_status(v, (u8)value); break;
	case VREG_QUEUE_SELECT: s->queue_select[0] = (u16)value; break;
	default:
		if (reg >= VREG_QUEUE_SIZE && s->queue_select[0] < v->kind->nqueues)
			queue_write(v, s->queue_select[0], reg, value);
	}
}

/* A queue that does not exist has size 0 (4.1.4.3, 4.2.2). */
u32 virtio_reg_read(const struct virtio *v, enum virtio_reg reg)
{
	const struct virtio_state *s = v->s;

	switch (reg) {
	case VREG_DEVICE_FEATURE_SELECT: return s->device_feature_select[0];
	case VREG_DEVICE_FEATURE: return half(offered(v), s->device_feature_select[0]);
	case VREG_DRIVER_FEATURE_SELECT: return s->driver_feature_select[0];
	case VREG_DRIVER_FEATURE: return half(s->driver_features[0], s->driver_feature_select[0]);
	case VREG_NUM_QUEUES: return v->kind->nqueues;
	case VREG_STATUS: return s->status[0];
	case VREG_GENERATION: return s->generation[0];
	case VREG_QUEUE_SELECT: return s->queue_select[0];
	default: return s->queue_select[0] < v->kind->nqueues ? queue_read(v, s->queue_select[0], reg) : 0;
	}
}

/* ---- device configuration ---- */

void virtio_config_put(struct virtio *v, u32 offset, u64 value, int size)
{
	assert(offset + (u32)size <= v->kind->config_size);
	for (int i = 0; i < size; i++)
		v->s->config[offset + (u32)i] = (u8)(value >> 8 * i);
}

u32 virtio_config_get(const struct virtio *v, u32 offset, int size)
{
	return (u32)virtio_config_read(v, offset, size);
}

void virtio_config_change(struct virtio *v, u32 offset, u64 value, int size)
{
	virtio_config_put(v, offset, value, size);
	v->s->generation[0]++;
	config_interrupt(v);
}

u64 virtio_config_read(const struct virtio *v, u64 offset, int size)
{
	u64 value = 0;

	for (int i = 0; i < size && offset + (u64)i < v->kind->config_size; i++)
		value |= (u64)v->s->config[offset + (u64)i] << 8 * i;
	return value;
}

void virtio_config_write(struct virtio *v, u64 offset, int size, u64 value)
{
	const struct virtio_kind *k = v->kind;

	for (int i = 0; i < size; i++)
		if (offset + (u64)i - k->config_writable < k->config_writable_size)
			v->s->config[offset + (u64)i] = (u8)(value >> 8 * i);
	if (k->config_written && offset - k->config_writable < k->config_writable_size)
		k->config_written(v, (u32)offset);
}

/* ---- state from outside ---- */

void virtio_restored(struct device *d)
{
	struct virtio_state *s = of(d)->s;

	for (u32 q = 0; q < VIRTIO_QUEUES; q++) {
		if (!good_size(s->queue_size[q]))
			s->queue_size[q] = VIRTIO_QUEUE_MAX;
		if (s->queue_desc[q] % 16 || s->queue_driver[q] % 2 || s->queue_device[q] % 4)
			s->queue_enable[q] = 0;
	}
}
