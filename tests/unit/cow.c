/* SPDX-License-Identifier: GPL-3.0-or-later
 * cow.c - several VMs in one machine: paged memory, clones, equal pages, whose is which frame.
 */
#include "core/owners.h"
#include "core/share.h"
#include "core/snapshot.h"
#include "tests/unit/paged-rig.h"

/* A paged slot shows what it showed before, costs nothing for untouched pages, and has the same hash. */
START_TEST(paged_memory_is_the_same_memory)
{
	struct guest g = guest_new(NULL);
	struct mem *m = &g.vm->mem;
	u64 before, bytes;

	guest_write(&g, 5 * PAGE - 3, "across", 6);
	guest_write(&g, RAM + 7, "high", 4);
	before = mem_hash(m, 1);
	bytes = frames_host_bytes(m->frames);
	ck_assert_int_eq(vm_make_paged(g.vm, NULL), 0);
	ck_assert_uint_eq(mem_hash(m, 1), before);
	ck_assert_uint_eq(frames_host_bytes(m->frames), bytes);
	ck_assert_uint_eq(mem_frame(m, 0), m->frames->zero);
	ck_assert(mem_is_shared(m, 0) && !mem_is_shared(m, 5 * PAGE));
	check_guest(&g, "making it paged");
	ck_assert_uint_eq(mem_hash(m, 1), before);
	ck_assert_int_eq(vm_make_paged(g.vm, NULL), 0); /* once more is nothing */
	ck_assert_uint_eq(mem_hash(m, 1), before);
	guest_free(&g);
}
END_TEST

/* Host addresses: page by page; over a border only where frames lie in a row; writing makes a copy. */
START_TEST(host_addresses_of_paged_memory)
{
	struct guest g = guest_new(NULL);
	struct mem *m = &g.vm->mem;
	u8 *read, *write;

	guest_write(&g, 4 * PAGE, "xy", 2);
	ck_assert_int_eq(vm_make_paged(g.vm, NULL), 0);
	read = mem_host(m, 8, 8, false);
	ck_assert_ptr_eq(read, m->frames->view + m->frames->zero * PAGE + 8);
	write = mem_host(m, 8, 8, true);
	ck_assert(write && write != read);
	ck_assert_ptr_eq(mem_host(m, 8, 8, false), write);
	ck_assert_uint_eq(m->count[MEM_ZERO_FILLED], 1);
	ck_assert_ptr_null(mem_host(m, PAGE - 1, 2, false));
	ck_assert_ptr_null(mem_host(m, RAM - 1, 2, false)); /* a hole behind it */
	ck_assert_ptr_null(mem_host(m, 0xf0000, 1, true));
	ck_assert_ptr_nonnull(mem_host(m, 0xf0000, 1, false));
	guest_free(&g);
}
END_TEST

START_TEST(a_clone_is_equal_and_apart)
{
	struct guest a = guest_new(NULL), b, c;
	u64 hash;

	guest_write(&a, 100, "from the parent", 15);
	ck_assert(mem_poke(&a.vm->mem, 0xf0000, "rom", 3));
	hash = vm_state_hash(a.vm);
	b = guest_clone(&a, 0);
	ck_assert_uint_eq(vm_state_hash(a.vm), hash);
	ck_assert_uint_eq(vm_state_hash(b.vm), hash);
	ck_assert_uint_eq(mem_frame(&a.vm->mem, 0), mem_frame(&b.vm->mem, 0));
	c = guest_clone(&b, 1); /* of a clone, and with its own random numbers */
	ck_assert_uint_ne(vm_state_hash(c.vm), hash);
	ck_assert_uint_eq(mem_hash(&c.vm->mem, 0), mem_hash(&a.vm->mem, 0));
	guest_write(&a, 104, "A", 1);
	guest_write(&b, 2 * PAGE, "B", 1);
	check_guest(&a, "writing");
	check_guest(&b, "writing");
	check_guest(&c, "writing");
	ck_assert_uint_eq(a.vm->mem.count[MEM_COPIED], 1);
	ck_assert_uint_eq(b.vm->mem.count[MEM_ZERO_FILLED], 1);
	guest_free(&a); /* the machine outlives the parent */
	check_guest(&b, "the end of the parent");
	guest_free(&b);
	guest_write(&c, 100, "alone", 5); /* the last one writes in place */
	ck_assert_uint_eq(c.vm->mem.count[MEM_COPIED], 0);
	check_guest(&c, "the end of the others");
	guest_free(&c);
}
END_TEST

START_TEST(who_cannot_be_cloned)
{
	struct guest a = guest_new(NULL), b = guest_new(NULL), c;
	struct engine other = engine_interp;
	struct err err = { 0 };

	ck_assert_int_eq(vm_clone(b.vm, a.vm, 0, &err), -EINVAL); /* another machine */
	ck_assert_int_eq(vm_clone(a.vm, a.vm, 0, &err), -EINVAL);
	other.unmapping = NULL;
	a.vm->engine = &other;
	ck_assert_int_eq(vm_make_paged(a.vm, &err), -ENOTSUP);
	ck_assert_ptr_nonnull(strstr(err.text, "engine interp cannot share"));
	a.vm->engine = &engine_interp;
	ck_assert_int_eq(mem_log_frames(&a.vm->mem, LOG_PAST, true, &err), 0);
	ck_assert_int_eq(vm_make_paged(a.vm, &err), -EBUSY);
	ck_assert_ptr_null(build(a.vm->frames, &engine_interp, &err)); /* it cannot grow either */
	ck_assert_int_eq(err.code, EBUSY);
	ck_assert_int_eq(mem_log_frames(&a.vm->mem, LOG_PAST, false, &err), 0);
	c = guest_new(a.vm->frames);
	c.vm->mem_size++;
	ck_assert_int_eq(vm_clone(c.vm, a.vm, 0, &err), -EINVAL);
	ck_assert_int_eq(mem_make_paged(&a.vm->mem, 1, &err), -EINVAL); /* ROM */
	ck_assert_int_eq(mem_make_paged(&a.vm->mem, 99, &err), -EINVAL);
	guest_free(&a);
	guest_free(&b);
	guest_free(&c);
}
END_TEST

/* Pages that do not change come to share one frame at the second look; zeros at the first. */
START_TEST(equal_pages_share)
{
	struct guest g[2] = { guest_new(NULL) };
	struct vm *vms[2];
	struct share s;
	struct share_gain gain;
	u8 page[PAGE];

	g[1] = guest_new(g[0].vm->frames);
	memset(page, 7, PAGE);
	for (int i = 0; i < 2; i++) {
		vms[i] = g[i].vm;
		guest_write(&g[i], 3 * PAGE, page, PAGE);
		guest_write(&g[i], RAM + (u64)i * PAGE, page, PAGE);
		guest_write(&g[i], 9 * PAGE, "different", 9);
		guest_write(&g[i], 10 * PAGE, "x", 1);
		guest_write(&g[i], 10 * PAGE, "\0", 1); /* zeros again */
	}
	guest_write(&g[1], 9 * PAGE, "D", 1);
	ck_assert_int_eq(share_open(&s, vms, 2, NULL), 0);
	share_step(&s, s.set.pages);
	ck_assert_uint_eq(s.count.merged, 0);
	ck_assert_uint_eq(s.count.zeros, 2);
	share_step(&s, s.set.pages);
	ck_assert_uint_eq(s.count.merged, 3);
	ck_assert_uint_eq(s.count.passes, 2);
	ck_assert_int_eq(share_gain(&s, &gain, NULL), 0);
	ck_assert_uint_eq(gain.frames, 1);
	ck_assert_uint_eq(gain.pages, 4);
	ck_assert_uint_eq(gain.own, 2);
	ck_assert_uint_eq(gain.found, 2);
	ck_assert_uint_eq(g[0].vm->frames->refs[mem_frame(&g[0].vm->mem, 3 * PAGE)], 4);
	check_references(g, 2);
	guest_write(&g[1], 3 * PAGE + 5, "!", 1);
	check_guest(&g[0], "sharing");
	check_guest(&g[1], "sharing");
	share_close(&s);
	guest_free(&g[0]);
	guest_free(&g[1]);
}
END_TEST

/* ---- the map of owners ---- */

START_TEST(owners_of_frames)
{
	struct guest a = guest_new(NULL), b;
	struct owner o;
	struct owner_pages n;

	guest_write(&a, 0, "a", 1);
	o = machine_owner(&a.vm, 1, mem_frame(&a.vm->mem, 0));
	ck_assert(o.kind == OWNER_RAM && o.vm == 0 && o.gpa == 0 && o.refs == 1 && o.shown == 0);
	o = machine_owner(&a.vm, 1, mem_frame(&a.vm->mem, 0xf0000));
	ck_assert(o.kind == OWNER_ROM && o.gpa == 0xf0000);
	o = machine_owner(&a.vm, 1, a.vm->frames->n - 1);
	ck_assert(o.kind == OWNER_FREE && o.vm == -1 && !o.slot);
	o = machine_owner(&a.vm, 1, mem_slot_get(&a.vm->mem, 3)->frame);
	ck_assert(o.kind == OWNER_HIDDEN);
	b = guest_clone(&a, 0);
	struct vm *vms[] = { a.vm, b.vm };
	o = machine_owner(vms, 2, mem_frame(&b.vm->mem, 0));
	ck_assert(o.kind == OWNER_RAM && o.vm == 0 && o.refs == 2 && o.shown == 2);
	o = machine_owner(&vms[1], 1, mem_frame(&b.vm->mem, 0));
	ck_assert(o.kind == OWNER_RAM && o.vm == 0 && o.shown == 1);
	o = machine_owner(vms, 2, a.vm->frames->zero);
	ck_assert(o.kind == OWNER_ZERO && o.shown == 2 * (TOTAL / PAGE - 1));
	guest_write(&b, 5, "b", 1);
	o = machine_owner(vms, 2, mem_frame(&b.vm->mem, 0));
	ck_assert(o.kind == OWNER_RAM && o.vm == 1 && o.shown == 1);
	n = vm_pages(b.vm);
	ck_assert(n.own == 1 && n.shared == 0 && n.zero == TOTAL / PAGE - 1 && n.out == 0);
	guest_free(&a);
	guest_free(&b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		paged_memory_is_the_same_memory,
		host_addresses_of_paged_memory,
		a_clone_is_equal_and_apart,
		who_cannot_be_cloned,
		equal_pages_share,
		owners_of_frames,
	};

	return unit_run("several VMs in one machine", tests, ARRAY_LEN(tests));
}
