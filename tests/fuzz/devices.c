/* SPDX-License-Identifier: GPL-3.0-or-later
 * devices.c - fuzz target: the input plays the processor at the ports of a whole PC.
 * Rule: whatever it does, nothing crashes, hangs or runs out of bounds, and a saved machine can be loaded
 * again.
 *
 * The first byte says whether there are a BIOS (bit 0), a disk (bit 1) and a second processor (bit 2).  Then steps of 8 bytes: what,
 * size, u16 port (an odd `what` takes it as a choice among the claimed ones), u32 value.
 */
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "debugger/canvas.h"
#include "devices/faults.h"
#include "devices/vga-screen.h"
#include "tests/board.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { STEP = 8, STEPS_MAX = 2000 };
enum {
	PC_FUZZ_BASE = 0x9fff0,
	PC_FUZZ_SPAN = 0x60020
}; /* video memory, the segments of the host bridge, and a little around */
enum { WAIT = 12, DUE, KEY, RECEIVE, ACK, RESET, SCRAMBLE, SAVE, MMIO, LOOK, APIC, MSR, CONFIG,
       MEMORY, MOUSE, BUTTON, BREAK, KINDS };

static void draw(const struct vga *v)
{
	struct canvas canvas;
	struct buf out = { 0 };

	if (canvas_open(&canvas, (struct canvas_kind){ .utf8 = true, .colours = COLOURS_RGB }, NULL) ||
	    canvas_resize(&canvas, 40, 12))
		abort();
	canvas_draw(&canvas, v, &out);
	buf_free(&out);
	canvas_close(&canvas);
}

/* The monitor shows something for all registers and memory, and looking at it changes nothing. */
static void look(const struct vga *v)
{
	static u32 line[VBE_XRES_MAX];
	struct vga_state before = v->s;
	struct vga_screen screen;

	vga_screen(v, &screen);
	if (screen.width > VBE_XRES_MAX || screen.height > VBE_YRES_MAX)
		abort();
	if (screen.height) {
		vga_screen_line(v, &screen, 0, line);
		vga_screen_line(v, &screen, screen.height - 1, line);
	}
	draw(v);
	if (memcmp(&before, &v->s, sizeof(before)))
		abort();
}

/* A port that somebody answers at, so that random inputs find the devices. */
static u16 claimed_port(const struct vm *vm, u16 choice)
{
	const struct bus_entry *e = &vm->port.entry[choice % vm->port.n];

	return (u16)(e->base + choice / vm->port.n % e->size);
}

/* A processor at its own APIC, or at whoever answers in memory (the I/O APIC, HPET). */
static void apic_access(struct vm *vm, struct vcpu *v, u16 choice, int size, u32 value)
{
	struct bus *bus = choice & 1 && v->mmio.n ? &v->mmio : &vm->mmio;
	const struct bus_entry *e;
	u64 at;

	if (!bus->n)
		return;
	e = &bus->entry[(choice >> 1 & 7) % bus->n];
	at = e->base + (choice >> 4 & (choice & 2 ? 0xfff : 0x3f0)) % e->size;
	bus_write(bus, at, size, value, NULL);
	bus_read(bus, at, size, NULL);
}

static void msr_access(struct vm *vm, struct vcpu *v, u16 choice, u32 value)
{
	const struct bus_entry *e = &v->msr.entry[choice % v->msr.n];
	u64 at = e->base + (choice >> 2) % e->size;

	/* a plausible number, or anything */
	bus_write(&v->msr, at, 8, value & 1 ? value >> 1 : 0xfee00000u | (value >> 1 & 0xfff), NULL);
	bus_read(&v->msr, at, 8, NULL);
	if (v->intc.write_cr8 && value & 2)
		v->intc.write_cr8(v->intc.arg, value >> 2 & 15);
}

/* A device gets a state from nowhere, as a forged snapshot could give it. */
static void scramble(struct vm *vm, u16 choice, u32 value)
{
	struct device *d = vm->device[choice % vm->ndevices];
	const struct field *f = &d->class->layout->fields[value % d->class->layout->nfields];

	field_set(f, d->state, (value >> 8) % f->count,
		  value >> 4 & 1 ? ~(u64)value : (u64)value << (value & 63));
	if (d->class->restored)
		d->class->restored(d);
}

static void save_and_load(struct vm *vm)
{
	struct buf stream = { 0 };
	struct err err = { 0 };
	u64 hash = vm_state_hash(vm);

	if (snapshot_save(vm, &stream, &err) || snapshot_load(vm, stream.data, stream.len, &err))
		abort();
	if (vm_state_hash(vm) != hash)
		abort();
	buf_free(&stream);
}

/* A configuration register of one of the first functions; 32 random bits rarely are the address of one. */
static void config_access(struct vm *vm, u16 choice, int size, u32 value)
{
	u32 devfn = choice & 0x1f, reg = choice >> 5 & 0xff;

	bus_write(&vm->port, 0xcf8, 4, 1u << 31 | devfn << 8 | (reg & 0xfc), NULL);
	bus_read(&vm->port, 0xcfc + (reg & 3), size, NULL);
	bus_write(&vm->port, 0xcfc + (reg & 3), size, value, NULL);
}

/* Tables and requests that devices fetch by DMA lie in the first pages. */
static void memory_access(struct vm *vm, u16 choice, u32 value)
{
	mem_write(&vm->mem, (choice & 0xfff) * 4, &value, sizeof(value));
}

/* What the debugger injects: broken sectors, interrupts, the balloon's size; whole or cut off. */
static void break_something(struct vm *vm, const u8 *s, u16 choice, u32 value)
{
	const struct fault_order o = { .what = s[1] % 8, .disk = s[2] % 5, .kind = s[3] % 5, .every = value,
				       .first = value % 64, .count = s[2], .seed = choice, .duration = value & 1 ? value : 0 };
	static const struct { u8 source, len; } in[] = { { INPUT_FAULT, sizeof(o) }, { INPUT_FAULT, 9 }, { INPUT_IRQ, 2 },
							 { INPUT_BALLOON, 4 } };

	vm_receive(vm, in[choice % ARRAY_LEN(in)].source, &o, in[choice % ARRAY_LEN(in)].len);
}

/* Returns true once states are no longer ones a device could come to by itself. */
static bool step(struct board *b, const u8 *s, bool scrambled)
{
	struct vm *vm = b->vm;
	u8 what = s[0] % KINDS;
	int size = 1 << s[1] % 3;
	u16 port = (u16)(s[2] | s[3] << 8);
	u32 value = s[4] | (u32)s[5] << 8 | (u32)s[6] << 16 | (u32)s[7] << 24;

	if (what < WAIT) {
		port = what & 1 ? claimed_port(vm, port) : port;
		if (what < WAIT / 2)
			bus_read(&vm->port, port, size, NULL);
		else
			bus_write(&vm->port, port, size, value, NULL);
	} else if (what == WAIT) {
		board_until(b, vm->clock.now + value % 10000000);
	} else if (what == DUE && clock_next_due(&vm->clock) != UINT64_MAX) {
		clock_skip_to(&vm->clock, clock_next_due(&vm->clock));
	} else if (what == KEY) {
		pc_key(b->pc, port, value & 1);
	} else if (what == RECEIVE) {
		pc_serial_receive(b->pc, (u8)value);
	} else if (what == ACK) {
		const struct vcpu_intc *intc = &vm->vcpu[port % vm->ncpus].intc;

		intc->ack(intc->arg);
	} else if (what == RESET && value % 8 == 0) {
		vm_reset(vm);
	} else if (what == SCRAMBLE && value % 8 == 0) {
		scramble(vm, port, value >> 3);
		return true;
	} else if (what == SAVE && value % 16 == 0 && !scrambled) {
		save_and_load(vm);
	} else if (what == MMIO) {
		bus_write(&vm->mmio, PC_FUZZ_BASE + value % PC_FUZZ_SPAN, 1 << s[1] % 4,
			  value * 0x100000001ull, NULL);
		bus_read(&vm->mmio, PC_FUZZ_BASE + value % PC_FUZZ_SPAN, 1 << s[1] % 4, NULL);
	} else if (what == LOOK) {
		look(pc_vga(b->pc));
	} else if (what == APIC) {
		apic_access(vm, &vm->vcpu[s[1] >> 4 & (vm->ncpus - 1)], port, size, value);
	} else if (what == MSR) {
		msr_access(vm, &vm->vcpu[s[1] >> 4 & (vm->ncpus - 1)], port, value);
	} else if (what == CONFIG) {
		config_access(vm, port, size, value);
	} else if (what == MEMORY) {
		memory_access(vm, port, value);
	} else if (what == MOUSE) {
		pc_mouse(b->pc, (int)(value & 0xffff) - 0x8000, (int)(value >> 16) - 0x8000, (i8)port, s[1]);
	} else if (what == BUTTON) {
		pc_power_button(b->pc);
	} else if (what == BREAK) {
		break_something(vm, s, port, value);
	}
	return scrambled;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct err err = { 0 };
	struct board b;
	bool scrambled = false;

	if (board_build_smp(&b, size && data[0] & 4 ? 2 : 1, 1 << 20, size && data[0] & 1, size && data[0] & 2, &err))
		abort();
	for (size_t at = 1, n = 0; at + STEP <= size && n < STEPS_MAX; at += STEP, n++)
		scrambled = step(&b, data + at, scrambled);
	board_free(&b);
	return 0;
}
