/* SPDX-License-Identifier: GPL-3.0-or-later
 * same-run.c - the real interpreter in the run loop: however a run is cut, stopped or saved, it is the same run.
 */
#include "core/loader.h"
#include "core/snapshot.h"
#include "cpu-interp/interp.h"
#include "tests/ticker.h"
#include "tests/unit/unit.h"

/* At 7C00: ticks every 3 us, a loop over memory that reads a port, HLT, RDRAND and REP INSB, and a handler that
 * counts. */
static const u8 guest[] = {
	0x31, 0xc0,                         /* xor ax,ax */
	0x8e, 0xd8,                         /* mov ds,ax */
	0x8e, 0xc0,                         /* mov es,ax */
	0xc7, 0x06, 0x80, 0x00, 0x3e, 0x7c, /* mov word [80h],handler */
	0xa3, 0x82, 0x00,                   /* mov [82h],ax */
	0xb0, 0x03,                         /* mov al,3 */
	0xe6, 0x40,                         /* out 40h,al */
	0xfb,                               /* sti */
	0x43,                               /* again: inc bx */
	0xe4, 0x41,                         /* in al,41h */
	0x00, 0xc1,                         /* add cl,al */
	0x88, 0x9c, 0x00, 0x10,             /* mov [si+1000h],bl */
	0x46,                               /* inc si */
	0x81, 0xe6, 0xff, 0x00,             /* and si,0ffh */
	0xf6, 0xc3, 0x07,                   /* test bl,7 */
	0x75, 0xed,                         /* jnz again */
	0xf4,                               /* hlt */
	0x66, 0x0f, 0xc7, 0xf0,             /* rdrand eax */
	0x66, 0x01, 0x06, 0x04, 0x05,       /* add [504h],eax */
	0xba, 0x45, 0x00,                   /* mov dx,45h */
	0xbf, 0x00, 0x20,                   /* mov di,2000h */
	0xb9, 0x05, 0x00,                   /* mov cx,5 */
	0xf3, 0x6c,                         /* rep insb */
	0xeb, 0xd6,                         /* jmp again */
	0xff, 0x06, 0x00, 0x05,             /* handler: inc word [500h] */
	0x50,                               /* push ax */
	0xe6, 0x46,                         /* out 46h,al */
	0x58,                               /* pop ax */
	0xcf,                               /* iret */
};

static struct err err;
static u64 seed = 1;

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static struct vm *machine(struct ticker *t, bool load)
{
	const struct image img = { .path = "guest", .data = guest, .len = sizeof(guest) };
	struct vm *vm = ticker_machine(t, &engine_interp, 1, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	if (load)
		ck_assert_msg(load_boot_sector(vm, &img, 0, &err) == 0, "%s", err.text);
	return vm;
}

enum { TOTAL = 50000 };

static u64 hash_of_whole(void)
{
	struct ticker t;
	struct vm *vm = machine(&t, true);
	u16 ticks = 0;
	u64 hash;

	ck_assert_int_eq(vm_run(vm, TOTAL, &err), STOP_BUDGET);
	ck_assert_uint_eq(vm_icount(vm), TOTAL);
	mem_read(&vm->mem, 0x500, &ticks, 2);
	ck_assert_uint_gt(ticks, 100); /* it does do what it is there for */
	hash = vm_state_hash(vm);
	vm_destroy(vm);
	return hash;
}

START_TEST(cut_anywhere)
{
	u64 hash = hash_of_whole();

	for (int round = 0; round < 8; round++) {
		struct ticker t;
		struct vm *vm = machine(&t, true);

		while (vm_icount(vm) < TOTAL) {
			u64 left = TOTAL - vm_icount(vm), n = 1 + (round ? chance(round < 4 ? 20 : 3000) : 0);

			n = n < left ? n : left;
			ck_assert_int_eq(vm_run(vm, n, &err), STOP_BUDGET);
			ck_assert_uint_eq(vm_icount(vm), TOTAL - left + n);
		}
		ck_assert_uint_eq(vm_state_hash(vm), hash);
		vm_destroy(vm);
	}
}
END_TEST

static enum verdict stop(void *arg, const struct event *ev)
{
	return EV_STOP;
}

START_TEST(stopped_at_every_event)
{
	static const u32 masks[] = { EV_BIT(exit), EV_BIT(leave), EV_BIT(intr), EV_BIT(timer), EV_BIT(insn),
				     EV_BIT(io) | EV_BIT(mem) };
	u64 hash = hash_of_whole();

	for (unsigned i = 0; i < ARRAY_LEN(masks); i++) {
		struct ticker t;
		struct vm *vm = machine(&t, true);
		enum stop_why why;

		vm_subscribe(vm, masks[i], stop, NULL);
		do {
			why = vm_run(vm, TOTAL - vm_icount(vm), &err);
			ck_assert(why == STOP_EVENT || why == STOP_BUDGET);
		} while (vm_icount(vm) < TOTAL);
		ck_assert_uint_eq(vm_state_hash(vm), hash);
		vm_destroy(vm);
	}
}
END_TEST

/* The hash knows the number of the guest's exits; is that what the events say? */
static enum verdict count_exits(void *arg, const struct event *ev)
{
	u64 *next = arg;
	u64 number = ev->kind == EV_exit ? ev->exit.number : ev->leave.number;

	ck_assert(!number || number == *next);
	*next += number && ev->kind == EV_exit;
	return EV_GO;
}

START_TEST(exits_are_numbered)
{
	struct ticker t;
	struct vm *vm = machine(&t, true);
	u64 next = 1;

	vm_subscribe(vm, EV_BIT(exit) | EV_BIT(leave), count_exits, &next);
	while (vm_icount(vm) < TOTAL)
		vm_run(vm, 1 + chance(50), &err);
	ck_assert_uint_eq(vm->guest_exits, next - 1);
	ck_assert_uint_gt(next, 5000);
	ck_assert_uint_gt(vm->exits, next + 500); /* the budgets' */
	vm_destroy(vm);
}
END_TEST

/* Watched: the guest's counter, its stack, its interrupt vector, and the table it fills. */
START_TEST(watched)
{
	static const struct watch w[] = {
		{ .at = 0x500, .len = 2, .kinds = WATCH_READ | WATCH_WRITE }, { .at = 0x80, .len = 4, .kinds = WATCH_READ },
		{ .at = 0x1010, .len = 3, .kinds = WATCH_WRITE, .physical = true }, { .at = 0x7bfa, .len = 2, .kinds = WATCH_WRITE },
	};
	u64 hash = hash_of_whole();

	for (int stops = 0; stops < 2; stops++) {
		struct ticker t;
		struct vm *vm = machine(&t, true);
		u64 runs = 0;

		for (size_t i = 0; i < ARRAY_LEN(w); i++)
			ck_assert_int_eq(vm_watch_set(vm, &w[i]), 0);
		if (stops)
			vm_subscribe(vm, EV_BIT(watch), stop, NULL);
		for (; vm_icount(vm) < TOTAL; runs++)
			vm_run(vm, TOTAL - vm_icount(vm), &err);
		ck_assert_uint_gt(runs, stops ? 500 : 0);
		ck_assert_uint_eq(vm_state_hash(vm), hash);
		vm_destroy(vm);
	}
}
END_TEST

START_TEST(saved_and_restored_anywhere)
{
	u64 hash = hash_of_whole();

	for (int round = 0; round < 25; round++) {
		struct ticker from_t, to_t;
		struct vm *from = machine(&from_t, true), *to = machine(&to_t, false);
		struct buf saved = { 0 };
		u64 n = 1 + chance(TOTAL - 2);

		ck_assert_int_eq(vm_run(from, n, &err), STOP_BUDGET);
		ck_assert_int_eq(snapshot_save(from, &saved, &err), 0);
		vm_run(to, 1 + chance(100), &err); /* whatever it was doing */
		ck_assert_msg(snapshot_load(to, saved.data, saved.len, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(vm_state_hash(to), vm_state_hash(from));
		ck_assert_int_eq(vm_run(to, TOTAL - n, &err), STOP_BUDGET);
		ck_assert_uint_eq(vm_state_hash(to), hash);
		/* And back into the past of one machine: its decoded code and caches must follow. */
		vm_run(from, 777, &err);
		ck_assert_int_eq(snapshot_load(from, saved.data, saved.len, &err), 0);
		ck_assert_int_eq(vm_run(from, TOTAL - n, &err), STOP_BUDGET);
		ck_assert_uint_eq(vm_state_hash(from), hash);
		buf_free(&saved);
		vm_destroy(from);
		vm_destroy(to);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { cut_anywhere, stopped_at_every_event, exits_are_numbered, watched,
				       saved_and_restored_anywhere };

	return unit_run("same-run", tests, ARRAY_LEN(tests));
}
