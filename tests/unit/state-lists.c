/* SPDX-License-Identifier: GPL-3.0-or-later
 * state-lists.c - no device remembers anything that is not in its list.
 * Rule: every device of the board is in use; who has a state outside its list answers differently once that list alone
 * has been put into another machine, or put back into the same one.
 */
#include <stdlib.h>

#include "core/snapshot.h"
#include "core/timeline.h"
#include "cpu-interp/interp.h"
#include "devices/pc.h"
#include "tests/mem-block.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, BIOS = 128 << 10, DISK = 64 << 10, STEPS = 1500 };

static struct err err;
static u8 bios[BIOS], disk[DISK];

struct board {
	struct vm *vm;
	struct pc *pc;
	struct mem_block ide, virtio, cd;
};

static u32 next(u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33);
}

/* Two kinds, so that there is one of everything: with a BIOS and virtio on PCI, and without one and virtio beside it. */
static void build(struct board *b, bool mmio)
{
	struct vm_config vm = { .name = "board", .engine = &engine_interp, .mem_size = 2 * MIB, .cpus = 2, .seed = 4 };
	struct pc_config pc = { .mem_size = 2 * MIB, .rtc_start = PC_RTC_DEFAULT, .bios = bios, .bios_size = BIOS, .ndisks = 2 };

	b->ide = mem_block(disk, DISK, true);
	b->virtio = mem_block(disk, DISK, true);
	b->cd = mem_block(disk, DISK, true);
	pc.disk[0] = (struct pc_disk){ .image = &b->ide.b, .snapshot = true };
	pc.disk[1] = (struct pc_disk){ .image = &b->virtio.b, .snapshot = true, .virtio = true };
	pc.cdrom = &b->cd.b;
	pc.virtio = (struct pc_virtio){ .mmio = mmio, .net = true, .console = true, .rng = true, .balloon = true };
	if (mmio)
		pc.bios = NULL, pc.bios_size = 0;
	vm.hidden_size = pc_hidden_size(&pc);
	b->vm = vm_create(&vm, &err);
	ck_assert_msg(b->vm && !pc_build(b->vm, &pc, &b->pc, &err), "%s", err.text);
	vm_reset(b->vm);
}

static void release(struct board *b)
{
	pc_destroy(b->pc);
	vm_destroy(b->vm);
}

static void pass_time(struct board *b, u64 ns)
{
	struct clock *c = &b->vm->clock;

	for (int i = 0; i < 1000 && clock_next_due(c) <= c->now + ns; i++) {
		clock_skip_to(c, clock_next_due(c));
		clock_fire_due(c);
	}
	clock_skip_to(c, c->now + ns);
}

/* A register of somebody who answers on this bus, to be read or written. */
static u64 registers(struct bus *bus, u64 *seed, int most)
{
	const struct bus_entry *e = bus->n ? &bus->entry[next(seed) % (u32)bus->n] : NULL;
	u64 at = e ? e->base + next(seed) % (e->size > 0x1000 ? 0x1000 : e->size) : 0, value = next(seed);
	int size = most == 8 ? 8 : 1 << next(seed) % (u32)most;

	if (!e)
		return 0;
	if (value & 1)
		return bus_read(bus, at, size, NULL);
	bus_write(bus, at, size, value & 2 ? value >> 2 & 0xff : value * 0x10001ull, NULL);
	return 0;
}

static u64 configuration(struct board *b, u64 *seed)
{
	u32 function = next(seed) % 10 << 11 | next(seed) % 4 << 8, reg = next(seed) & 0xff, value = next(seed);
	int size = 1 << next(seed) % 3;

	bus_write(&b->vm->port, 0xcf8, 4, 1u << 31 | function | (reg & 0xfc), NULL);
	if (value & 1)
		bus_write(&b->vm->port, 0xcfc + (reg & 3), size, value & 2 ? value : value >> 2 & 7, NULL);
	return bus_read(&b->vm->port, 0xcfc + (reg & 3), size, NULL);
}

static void from_outside(struct board *b, u64 *seed)
{
	u8 bytes[64];
	u32 what = next(seed) % 5, len = 1 + next(seed) % sizeof(bytes);

	for (u32 i = 0; i < len; i++)
		bytes[i] = (u8)next(seed);
	switch (what) {
	case 0: vm_receive(b->vm, INPUT_KEY, bytes, 3); break;
	case 1: vm_receive(b->vm, INPUT_MOUSE, bytes, 6); break;
	case 2: vm_receive(b->vm, INPUT_NET, bytes, len); break;
	case 3: vm_receive(b->vm, INPUT_CONSOLE, bytes, 1); break;
	default: vm_receive(b->vm, INPUT_SERIAL, bytes, 1 + len % 3);
	}
}

/* Something that happens to the board; what it answers. */
static u64 disturb(struct board *b, u64 *seed)
{
	struct vcpu *v = &b->vm->vcpu[next(seed) % b->vm->ncpus];
	u32 what = next(seed) % 20, value = next(seed);

	switch (what) {
	case 0: pass_time(b, value % 3000000); break;
	case 1: from_outside(b, seed); break;
	case 2: return (u64)v->intc.ack(v->intc.arg);
	case 3:
	case 4: return registers(&v->mmio, seed, 3);
	case 5: return registers(&v->msr, seed, 8);
	case 6:
	case 7: return configuration(b, seed);
	case 8: mem_write(&b->vm->mem, value % 0x4000 * 4, &value, sizeof(value)); break;
	case 9:
	case 10:
	case 11:
	case 12: return registers(&b->vm->mmio, seed, 3);
	default: return registers(&b->vm->port, seed, 3);
	}
	return 0;
}

static void go_on_alike(struct board *a, struct board *b, u64 seed)
{
	for (int i = 0; i < STEPS; i++) {
		u64 same = seed, answer = disturb(a, &seed);

		ck_assert_uint_eq(answer, disturb(b, &same));
		if (i % 100)
			continue;
		for (int n = 0; n < a->vm->ndevices; n++) {
			struct buf diff = { 0 };

			ck_assert_msg(!state_diff(a->vm->device[n]->class->layout, a->vm->device[n]->state,
						  b->vm->device[n]->state, &diff),
				      "%s after %d steps: %s", a->vm->device[n]->name, i, buf_text(&diff));
		}
	}
	ck_assert_uint_eq(vm_state_hash(a->vm), vm_state_hash(b->vm));
}

/* The first machine is put back to where it was, the other is a fresh one, with other things behind it. */
START_TEST(lists_are_all_there_is)
{
	u64 seed = 500 + (u64)_i, other = seed * 77;
	struct buf stream = { 0 };
	struct checkpoint *c;
	struct timeline *t;
	struct board a, b;

	build(&a, _i & 1);
	build(&b, _i & 1);
	ck_assert_msg(timeline_open(&t, a.vm, NULL, &err) == 0, "%s", err.text);
	for (int i = 0; i < STEPS; i++)
		disturb(&a, &seed);
	timeline_changed(t);
	ck_assert_int_eq(timeline_keep(t, &c, &err), 0);
	ck_assert_msg(snapshot_save(a.vm, &stream, &err) == 0, "%s", err.text);
	for (int i = 0; i < STEPS / 3; i++)
		disturb(&a, &other);
	for (int i = 0; i < STEPS / 3; i++)
		disturb(&b, &other);
	ck_assert_msg(timeline_restore(t, c, &err) == 0, "%s", err.text);
	ck_assert_msg(snapshot_load(b.vm, stream.data, stream.len, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(vm_state_hash(a.vm), vm_state_hash(b.vm));
	go_on_alike(&a, &b, seed);
	timeline_close(t);
	buf_free(&stream);
	release(&a);
	release(&b);
}
END_TEST

static bool is_on(const struct board *b, const struct device_class *class)
{
	for (int i = 0; i < b->vm->ndevices; i++)
		if (b->vm->device[i]->class == class)
			return true;
	return false;
}

static bool is_listed(const struct device_class *class)
{
	for (int i = 0; i < pc_class_count; i++)
		if (pc_classes[i] == class)
			return true;
	return false;
}

/* What the test above says, it says of every class there is: a new one must be on one of its boards. */
START_TEST(every_class_is_in_use)
{
	struct board b[2];

	build(&b[0], false);
	build(&b[1], true);
	for (int i = 0; i < pc_class_count; i++)
		ck_assert_msg(is_on(&b[0], pc_classes[i]) || is_on(&b[1], pc_classes[i]), "no board here has a '%s'",
			      pc_classes[i]->name);
	for (int n = 0; n < 2; n++) {
		for (int i = 0; i < b[n].vm->ndevices; i++)
			ck_assert_msg(is_listed(b[n].vm->device[i]->class), "pc_classes[] lacks '%s'", b[n].vm->device[i]->class->name);
		release(&b[n]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state-lists");
	TCase *tc = tcase_create("facts");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (u32 i = 0; i < BIOS; i++)
		bios[i] = (u8)(i * 5 + (i >> 8) + 1);
	for (u32 i = 0; i < DISK; i++)
		disk[i] = (u8)(i * 3 + (i >> 9) + 2);
	tcase_add_loop_test(tc, lists_are_all_there_is, 0, 40);
	tcase_add_test(tc, every_class_is_in_use);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
