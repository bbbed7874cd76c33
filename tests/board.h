/* SPDX-License-Identifier: GPL-3.0-or-later
 * board.h - a whole PC whose processor executes nothing, for tests that play the processor at its ports.
 * Rule: everything is reached as the run loop would: the two buses, the clock, the interrupt controller.
 */
#ifndef VITRINE_TESTS_BOARD_H
#define VITRINE_TESTS_BOARD_H

#include "devices/pc.h"
#include "tests/fake-engine.h"
#include "tests/mem-block.h"

enum { BOARD_BIOS = 128 << 10, BOARD_DISK = 64 << 10 };

struct board {
	struct vm *vm;
	struct pc *pc;
	u8 *bios, *disk;
	struct mem_block image, cd;
};

/* A ROM and a disk full of numbers, and a CD of the same numbers; mem_size bytes of RAM. */
static inline int board_build_smp(struct board *b, u32 cpus, u64 mem_size, bool bios, bool disk, struct err *err)
{
	struct vm_config vm = { .name = "board", .engine = &fake_engine, .mem_size = mem_size, .cpus = cpus };
	struct pc_config pc = { .mem_size = mem_size, .rtc_start = PC_RTC_DEFAULT, .ndisks = disk };
	int rc;

	memset(b, 0, sizeof(*b));
	b->bios = malloc(BOARD_BIOS);
	b->disk = malloc(BOARD_DISK);
	for (u32 i = 0; i < BOARD_BIOS; i++)
		b->bios[i] = (u8)(i * 5 + (i >> 8) + 1);
	for (u32 i = 0; i < BOARD_DISK; i++)
		b->disk[i] = (u8)(i * 3 + (i >> 9) + 2);
	pc.bios = bios ? b->bios : NULL;
	pc.bios_size = BOARD_BIOS;
	b->image = mem_block(b->disk, BOARD_DISK, true);
	pc.disk[0] = (struct pc_disk){ .image = &b->image.b, .snapshot = true, .room = 16 << 10 };
	b->cd = mem_block(b->disk, BOARD_DISK, true);
	pc.cdrom = disk ? &b->cd.b : NULL;
	b->vm = vm_create(&vm, err);
	if (!b->vm)
		return -ENOMEM;
	rc = pc_build(b->vm, &pc, &b->pc, err);
	if (!rc)
		vm_reset(b->vm);
	return rc;
}

static inline int board_build(struct board *b, u64 mem_size, bool bios, bool disk, struct err *err)
{
	return board_build_smp(b, 1, mem_size, bios, disk, err);
}

static inline void board_free(struct board *b)
{
	pc_destroy(b->pc);
	vm_destroy(b->vm);
	free(b->bios);
	free(b->disk);
	memset(b, 0, sizeof(*b));
}

/* Virtual time passes; every timer fires at its own moment. */
static inline void board_until(struct board *b, u64 ns)
{
	struct clock *c = &b->vm->clock;

	for (int i = 0; i < 100000 && clock_next_due(c) <= ns; i++) {
		clock_skip_to(c, clock_next_due(c));
		clock_fire_due(c);
	}
	clock_skip_to(c, ns);
}

#endif
