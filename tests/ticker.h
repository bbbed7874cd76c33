/* SPDX-License-Identifier: GPL-3.0-or-later
 * ticker.h - a small device for tests of the machine around it: a periodic interrupt, a counter, some memory.
 * Rule: it does one of everything a device may do, and nothing else.
 *
 * Ports: 40h write = period in microseconds (0 = off); 41h read = ticks so far; 42h write = power off with
 * that status; 43h write = reset the machine; 44h read = the line's level, write = set it; 45h..4Fh bytes
 * that are kept.  Device memory: the same registers at D000_0000h.
 */
#ifndef VITRINE_TESTS_TICKER_H
#define VITRINE_TESTS_TICKER_H

#include <string.h>

#include "core/vm.h"

#define TICKER_STATE(F, S) \
	F(S, u64, period, 1, 0, DEC, "ns between two ticks, 0 = off") \
	F(S, u64, due, 1, 0, DEC, "time of the next tick") \
	F(S, u64, ticks, 1, 0, DEC, "ticks so far") \
	F(S, u8, level, 1, 0, BOOL, "the interrupt line") \
	F(S, u8, stuck, 1, 0, BOOL, "the line stays up when acknowledged") \
	F(S, u8, memory, 16, 0x5a, HEX, "bytes that are kept")
STATE(ticker_state, 1, TICKER_STATE);

struct ticker {
	struct device dev;
	struct ticker_state s;
	struct irq_line out;
	int vector;
};

static void ticker_level(struct ticker *t, int level)
{
	t->s.level[0] = (u8)level;
	irq_set(&t->out, level);
}

static void ticker_arm(struct ticker *t)
{
	if (t->s.period[0])
		device_timer_set(&t->dev, 0, t->s.due[0]);
	else
		device_timer_cancel(&t->dev, 0);
}

static void ticker_timer(struct device *d, u32 which)
{
	struct ticker *t = (struct ticker *)d;

	t->s.ticks[0]++;
	t->s.due[0] += t->s.period[0];
	ticker_arm(t);
	ticker_level(t, 1);
}

static u64 ticker_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct ticker *t = (struct ticker *)d;

	if (offset == 1)
		return t->s.ticks[0] & 0xff;
	return offset == 4 ? t->s.level[0] : t->s.memory[offset];
}

static void ticker_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct ticker *t = (struct ticker *)d;

	if (offset == 0) {
		t->s.period[0] = value * 1000;
		t->s.due[0] = device_now(d) + t->s.period[0];
		ticker_arm(t);
	} else if (offset == 2) {
		d->world->power_off(d->world->arg, (int)value);
	} else if (offset == 3) {
		d->world->reset_request(d->world->arg);
	} else if (offset == 4) {
		ticker_level(t, value & 1);
	} else {
		t->s.memory[offset] = (u8)value;
	}
}

static void ticker_restored(struct device *d)
{
	struct ticker *t = (struct ticker *)d;

	ticker_arm(t);
	irq_set(&t->out, t->s.level[0]);
}

static int ticker_ack(void *arg)
{
	struct ticker *t = arg;

	if (!t->s.stuck[0])
		ticker_level(t, 0);
	return t->vector;
}

static const char *const ticker_regs[] = { "period", "ticks", "power", "reset", "line" };
static const struct claim ticker_claims[] = {
	{ SPACE_PORT, 0x40, 16, ticker_regs, 5, 1 },
	{ SPACE_MMIO, 0xd0000000, 16, ticker_regs, 5, 1 },
};
static const struct device_class ticker_class = {
	.name = "ticker", .brief = "periodic interrupt for tests", .layout = &ticker_state_layout,
	.claims = ticker_claims, .nclaims = 2, .ntimers = 1, .read = ticker_read, .write = ticker_write,
	.timer = ticker_timer, .restored = ticker_restored,
};

/* A machine of 1 MiB of RAM, 64 KiB of ROM at F_0000h (its frames are RAM's neighbours), and a ticker on
 * INTR. */
enum { TICKER_RAM = 0xf0000, TICKER_ROM = 0x10000, TICKER_MEM = TICKER_RAM + TICKER_ROM };

static struct vm *ticker_machine(struct ticker *t, const struct engine *engine, u32 cpus, struct err *err)
{
	const struct vm_config config = {
		.name = "test", .engine = engine, .mem_size = TICKER_MEM, .cpus = cpus, .seed = 7,
	};
	struct vm *vm = vm_create(&config, err);
	frame_no frame, rom;

	memset(t, 0, sizeof(*t));
	if (!vm)
		return NULL;
	frame = frames_alloc(vm->frames, TICKER_MEM / PAGE_SIZE_4K);
	rom = frame + TICKER_RAM / PAGE_SIZE_4K;
	t->out = (struct irq_line){ vm_intr_line, vm, 0 };
	t->vector = 0x20;
	vm->vcpu[0].intc = (struct vcpu_intc){ ticker_ack, t };
	if (frame == FRAME_NONE || mem_slot_add(&vm->mem, "ram", 0, TICKER_RAM, frame, 0, err) < 0 ||
	    mem_slot_add(&vm->mem, "rom", TICKER_RAM, TICKER_ROM, rom, SLOT_ROM, err) < 0 ||
	    device_init(&t->dev, &ticker_class, NULL, &t->s, &vm->world, err) ||
	    vm_add_device(vm, &t->dev, err)) {
		vm_destroy(vm);
		return NULL;
	}
	vm_reset(vm);
	return vm;
}

#endif
