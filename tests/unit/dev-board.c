/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-board.c - the PC as a whole: memory map and PAM, A20, interrupts, CMOS, and that saving and loading
 * forgets nothing.
 * Rule: the processor is played by the test; the devices are the real ones with their real wires.
 */
#include "core/snapshot.h"
#include "tests/board.h"
#include "tests/unit/unit.h"

static void build(struct board *b, u64 mem, bool bios, bool disk)
{
	struct err err = { 0 };

	ck_assert_msg(board_build(b, mem, bios, disk, &err) == 0, "%s", err.text);
}

static u32 in(struct board *b, u16 port, int size)
{
	return (u32)bus_read(&b->vm->port, port, size, NULL);
}

static void out(struct board *b, u16 port, int size, u32 v)
{
	bus_write(&b->vm->port, port, size, v, NULL);
}

static void set_pam(struct board *b, u8 reg, u8 v)
{
	out(b, 0xcf8, 4, 0x80000000u | (reg & 0xfc));
	out(b, (u16)(0xcfc + (reg & 3)), 1, v);
}

static int peek(struct board *b, u64 gpa)
{
	u8 v;

	return mem_read(&b->vm->mem, gpa, &v, 1) ? v : -1;
}

static u8 cmos(struct board *b, u8 index)
{
	out(b, 0x70, 1, index);
	return (u8)in(b, 0x71, 1);
}

START_TEST(memory_map_with_bios)
{
	struct board b;

	build(&b, 16 << 20, true, false);
	ck_assert_int_eq(peek(&b, 0x9ffff), 0);
	ck_assert_int_eq(peek(&b, 0xa0000), -1);
	ck_assert_int_eq(peek(&b, 0xbffff), -1);
	ck_assert_int_eq(peek(&b, 0xc0000), -1);
	ck_assert_int_eq(peek(&b, 0xdffff), -1);
	ck_assert_int_eq(peek(&b, 0xe0000), b.bios[0]);
	ck_assert_int_eq(peek(&b, 0xfffff), b.bios[BOARD_BIOS - 1]);
	ck_assert_int_eq(peek(&b, 0x100000), 0);
	ck_assert_int_eq(peek(&b, 0xffffff), 0);
	ck_assert_int_eq(peek(&b, 0x1000000), -1);
	ck_assert_int_eq(peek(&b, 0xfffe0000), b.bios[0]);
	ck_assert_int_eq(peek(&b, 0xffffffff), b.bios[BOARD_BIOS - 1]);
	ck_assert_int_eq(peek(&b, 0xe0000000), -1); /* the board's own memory is not for the guest */
	ck_assert(!mem_write(&b.vm->mem, 0xf0000, "x", 1));
	board_free(&b);
}
END_TEST

START_TEST(memory_map_without_bios)
{
	struct board b;

	build(&b, 1 << 20, false, false);
	ck_assert_int_eq(peek(&b, 0xa0000), -1);
	ck_assert(mem_write(&b.vm->mem, 0xc0000, "x", 1));
	ck_assert(mem_write(&b.vm->mem, 0xfffff, "x", 1));
	ck_assert_int_eq(peek(&b, 0x100000), -1);
	set_pam(&b, 0x59, 0x00); /* nothing to switch */
	ck_assert_int_eq(peek(&b, 0xfffff), 'x');
	board_free(&b);
}
END_TEST

START_TEST(memory_above_4_gib)
{
	struct board b;

	build(&b, 5ull << 30, true, false);
	ck_assert_int_eq(peek(&b, 0xdfffffff), 0);
	ck_assert_int_eq(peek(&b, 0xe0000000), -1);
	ck_assert_int_eq(peek(&b, 1ull << 32), 0);
	ck_assert_int_eq(peek(&b, (1ull << 32) + (3ull << 29) - 1), 0);
	ck_assert_int_eq(peek(&b, (1ull << 32) + (3ull << 29)), -1);
	ck_assert_uint_eq(cmos(&b, 0x5b) | cmos(&b, 0x5c) << 8 | cmos(&b, 0x5d) << 16, (3u << 29) >> 16);
	ck_assert_uint_eq(cmos(&b, 0x34) | cmos(&b, 0x35) << 8, (0xe0000000 - (16 << 20)) >> 16);
	board_free(&b);
}
END_TEST

START_TEST(cmos_memory_sizes)
{
	struct board b;

	build(&b, 64 << 20, true, true);
	ck_assert_uint_eq(cmos(&b, 0x15) | cmos(&b, 0x16) << 8, 640);
	ck_assert_uint_eq(cmos(&b, 0x17) | cmos(&b, 0x18) << 8, 63 << 10);
	ck_assert_uint_eq(cmos(&b, 0x30) | cmos(&b, 0x31) << 8, 63 << 10);
	ck_assert_uint_eq(cmos(&b, 0x34) | cmos(&b, 0x35) << 8, 48 << 4);
	ck_assert_uint_eq(cmos(&b, 0x5b) | cmos(&b, 0x5c) | cmos(&b, 0x5d), 0);
	ck_assert_uint_eq(cmos(&b, 0x3d), 0x32);
	ck_assert_uint_eq(cmos(&b, 0x12), 0xf0);
	vm_reset(b.vm); /* the battery keeps it */
	ck_assert_uint_eq(cmos(&b, 0x15) | cmos(&b, 0x16) << 8, 640);
	ck_assert_uint_eq(cmos(&b, 0x32), 0x20);
	ck_assert_uint_eq(cmos(&b, 0x09), 0x00);
	board_free(&b);
}
END_TEST

/* What a BIOS does: open the RAM, copy itself into it, close it for writing; and what a reset undoes. */
START_TEST(shadow_ram)
{
	struct board b;
	u64 hash;

	build(&b, 4 << 20, true, false);
	set_pam(&b, 0x59, 0x30);
	ck_assert_int_eq(peek(&b, 0xf0000), 0);
	ck_assert(mem_write(&b.vm->mem, 0xf0000, "RAM", 3));
	set_pam(&b, 0x59, 0x10); /* read-only */
	ck_assert_int_eq(peek(&b, 0xf0000), 'R');
	ck_assert(!mem_write(&b.vm->mem, 0xf0000, "x", 1));
	set_pam(&b, 0x59, 0x00);
	ck_assert_int_eq(peek(&b, 0xf0000), b.bios[0x10000]);
	set_pam(&b, 0x59, 0x20); /* reads from the ROM, writes to the RAM */
	ck_assert_int_eq(peek(&b, 0xf0000), b.bios[0x10000]);
	hash = vm_state_hash(b.vm);
	bus_write(&b.vm->mmio, 0xf0001, 1, 'O', NULL);
	ck_assert_uint_ne(vm_state_hash(b.vm), hash); /* memory that nothing shows counts too */
	set_pam(&b, 0x59, 0x30);
	ck_assert_int_eq(peek(&b, 0xf0001), 'O');
	set_pam(&b, 0x5a, 0x03); /* C0000: RAM; C4000: still nothing */
	ck_assert_int_eq(peek(&b, 0xc0000), 0);
	ck_assert_int_eq(peek(&b, 0xc4000), -1);
	vm_reset(b.vm);
	ck_assert_int_eq(peek(&b, 0xf0000), b.bios[0x10000]);
	ck_assert_int_eq(peek(&b, 0xc0000), -1);
	set_pam(&b, 0x59, 0x30);
	ck_assert_int_eq(peek(&b, 0xf0002), 'M'); /* a reset does not clear memory */
	board_free(&b);
}
END_TEST

START_TEST(one_a20_line)
{
	struct board b;

	build(&b, 4 << 20, false, false);
	ck_assert_uint_eq(mem_gpa(&b.vm->mem, 0x100000),
			  0x100000); /* open after a reset, as the 8042's port is */
	out(&b, 0x64, 1, 0xdd);
	ck_assert_uint_eq(mem_gpa(&b.vm->mem, 0x100000), 0);
	out(&b, 0x92, 1, 2);
	ck_assert_uint_eq(mem_gpa(&b.vm->mem, 0x100000), 0x100000);
	out(&b, 0x64, 1, 0xdf);
	out(&b, 0x92, 1, 0);
	ck_assert_uint_eq(mem_gpa(&b.vm->mem, 0x100000), 0x100000);
	out(&b, 0x64, 1, 0xdd);
	ck_assert_uint_eq(mem_gpa(&b.vm->mem, 0x100000), 0);
	vm_reset(b.vm);
	ck_assert_uint_eq(mem_gpa(&b.vm->mem, 0x100000), 0x100000);
	board_free(&b);
}
END_TEST

static void program_pics(struct board *b)
{
	static const u8 icw[2][4] = { { 0x11, 0x20, 0x04, 0x01 }, { 0x11, 0x28, 0x02, 0x01 } };

	for (int chip = 0; chip < 2; chip++)
		for (int i = 0; i < 4; i++)
			out(b, (u16)((chip ? 0xa0 : 0x20) + (i > 0)), 1, icw[chip][i]);
}

static int ack(struct board *b)
{
	return b->vm->vcpu[0].intr ? b->vm->vcpu[0].intc.ack(b->vm->vcpu[0].intc.arg) : -1;
}

START_TEST(interrupts_reach_the_processor)
{
	struct board b;

	build(&b, 4 << 20, false, true);
	program_pics(&b);
	ck_assert_int_eq(ack(&b), -1);
	out(&b, 0x43, 1, 0x34);
	out(&b, 0x40, 1, 0x9c);
	out(&b, 0x40, 1, 0x2e);
	ck_assert_int_eq(ack(&b), 0x20); /* OUT goes up with the control word of mode 2 */
	out(&b, 0x20, 1, 0x20);
	board_until(&b, 5 * 1000000);
	ck_assert_int_eq(ack(&b), -1);
	board_until(&b, 11 * 1000000);
	ck_assert_int_eq(ack(&b), 0x20);
	out(&b, 0x20, 1, 0x20);
	ck_assert(pc_key(b.pc, 0x1e, true));
	ck_assert_int_eq(ack(&b), 0x21);
	out(&b, 0x20, 1, 0x20);
	out(&b, 0x3fc, 1, 8);
	out(&b, 0x3f9, 1, 1);
	pc_serial_receive(b.pc, 'x');
	ck_assert_int_eq(ack(&b), 0x24);
	out(&b, 0x20, 1, 0x20);
	cmos(&b, 0x0c);
	out(&b, 0x70, 1, 0x0b);
	out(&b, 0x71, 1, 0x12);
	out(&b, 0x1f6, 1, 0xe0);
	out(&b, 0x1f7, 1, 0xec);
	ck_assert_int_eq(ack(&b), 0x2e);
	out(&b, 0xa0, 1, 0x20);
	out(&b, 0x20, 1, 0x20);
	out(&b, 0x43, 1, 0x30); /* no more ticks */
	board_until(&b, 1000000000);
	ck_assert_int_eq(ack(&b), 0x28);
	board_free(&b);
}
END_TEST

START_TEST(nmi_button)
{
	struct board b;

	build(&b, 4 << 20, false, false);
	out(&b, 0x70, 1, 0x80);
	pc_nmi(b.pc);
	ck_assert(!b.vm->vcpu[0].nmi);
	out(&b, 0x70, 1, 0x00);
	pc_nmi(b.pc);
	ck_assert(b.vm->vcpu[0].nmi);
	board_free(&b);
}
END_TEST

START_TEST(absent_disk_is_a_floating_bus)
{
	struct board b;

	build(&b, 4 << 20, true, false);
	ck_assert_uint_eq(in(&b, 0x1f7, 1), 0xff);
	out(&b, 0xcf8, 4, 0x80000900);
	ck_assert_uint_eq(in(&b, 0xcfc, 4), 0xffffffff);
	board_free(&b);
	build(&b, 4 << 20, true, true);
	ck_assert_uint_eq(in(&b, 0x1f7, 1), 0x50);
	ck_assert_uint_eq(in(&b, 0xcfc, 4), 0xffffffff);
	out(&b, 0xcf8, 4, 0x80000900);
	ck_assert_uint_eq(in(&b, 0xcfc, 4), 0x70108086);
	board_free(&b);
}
END_TEST

static void refused(u64 mem, u64 bios_size, u64 disk_size, u64 disk_room)
{
	struct vm_config vc = { .name = "refused", .engine = &fake_engine, .mem_size = 8 << 20, .cpus = 1 };
	struct pc_config pc = {
		.mem_size = mem, .bios_size = bios_size, .ndisks = disk_size != 1
	};
	struct err err = { 0 };
	struct vm *vm = vm_create(&vc, &err);
	struct pc *board;
	u8 image[512] = { 0 };
	struct mem_block disk = mem_block(image, disk_size, true);

	pc.bios = bios_size != 1 ? image : NULL;
	pc.disk[0] = (struct pc_disk){ .image = &disk.b, .snapshot = true, .room = disk_room };
	ck_assert_int_lt(pc_build(vm, &pc, &board, &err), 0);
	ck_assert_ptr_null(board);
	ck_assert_int_ne(err.text[0], 0);
	vm_destroy(vm);
}

START_TEST(what_cannot_be_built)
{
	refused(0, 1, 1, 0);
	refused(4096, 1, 1, 0);
	refused((1 << 20) + 1, 1, 1, 0);
	refused(1 << 30, 1, 1, 0); /* more than the VM has */
	refused(8 << 20, 0, 1, 0);
	refused(8 << 20, 1000, 1, 0);
	refused(8 << 20, 32 << 20, 1, 0);
	refused(8 << 20, 1, 0, 0);
	refused(8 << 20, 1, 1ull << 43, 1 << 30); /* its table is more than the VM has */
	refused(8 << 20, 1, 1ull << 46, 1 << 30);
}
END_TEST

/* ---- saving and loading ---- */

static u32 next(u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33);
}

/* A random access to a port that some device claims, or a while of nothing.  Returns what was read. */
static u32 disturb(struct board *b, u64 *seed)
{
	const struct bus *bus = &b->vm->port;
	const struct bus_entry *e = &bus->entry[next(seed) % (u32)bus->n];
	u16 port = (u16)(e->base + next(seed) % e->size);
	int size = 1 << next(seed) % 3;
	u32 what = next(seed) % 16, value = next(seed);

	if (what == 0)
		board_until(b, b->vm->clock.now + next(seed) % 3000000);
	else if (what == 1 && clock_next_due(&b->vm->clock) != UINT64_MAX)
		clock_skip_to(&b->vm->clock, clock_next_due(&b->vm->clock)); /* due, but not fired yet */
	else if (what == 2)
		pc_key(b->pc, value & 0x7f, value & 0x80);
	else if (what == 3)
		pc_serial_receive(b->pc, (u8)value);
	else if (what == 4)
		return (u32)ack(b);
	else if (what < 10)
		return in(b, port, size);
	else
		out(b, port, size, value);
	return 0;
}

START_TEST(save_load_forgets_nothing)
{
	u64 seed = 1000 + (u64)_i;
	struct board a, b;
	struct buf stream = { 0 };
	struct err err = { 0 };

	build(&a, 2 << 20, true, true);
	build(&b, 2 << 20, true, true);
	clock_skip_to(&a.vm->clock, 12345);
	for (int i = 0; i < 1500; i++)
		disturb(&a, &seed);
	for (int i = 0; i < 200; i++)
		disturb(&b, &(u64){ seed + (u64)i });
	ck_assert_msg(snapshot_save(a.vm, &stream, &err) == 0, "%s", err.text);
	ck_assert_msg(snapshot_load(b.vm, stream.data, stream.len, &err) == 0, "%s", err.text);
	for (int i = 0; i < a.vm->ndevices; i++) {
		struct buf diff = { 0 };

		ck_assert_msg(!state_diff(a.vm->device[i]->class->layout, a.vm->device[i]->state,
					  b.vm->device[i]->state, &diff),
			      "%s: %s", a.vm->device[i]->name, buf_text(&diff));
		buf_free(&diff);
	}
	ck_assert_uint_eq(vm_state_hash(a.vm), vm_state_hash(b.vm));
	ck_assert_int_eq(a.vm->port.n, b.vm->port.n); /* base address registers are claimed anew */
	for (int i = 0; i < a.vm->port.n; i++) {
		ck_assert_uint_eq(a.vm->port.entry[i].base, b.vm->port.entry[i].base);
		ck_assert_str_eq(a.vm->port.entry[i].dev->name, b.vm->port.entry[i].dev->name);
	}
	for (int i = 0; i < 1500; i++) {
		u64 same = seed;

		ck_assert_uint_eq(disturb(&a, &seed), disturb(&b, &same));
	}
	ck_assert_uint_eq(vm_state_hash(a.vm), vm_state_hash(b.vm));
	buf_free(&stream);
	board_free(&a);
	board_free(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("board");
	TCase *tc = tcase_create("facts");
	SRunner *runner = srunner_create(suite);
	const TTest *const tests[] = {
		memory_map_with_bios,
		memory_map_without_bios,
		memory_above_4_gib,
		cmos_memory_sizes,
		shadow_ram,
		one_a20_line,
		interrupts_reach_the_processor,
		nmi_button,
		absent_disk_is_a_floating_bus,
		what_cannot_be_built,
	};
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_test(tc, tests[i]);
	tcase_add_loop_test(tc, save_load_forgets_nothing, 0, 40);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
