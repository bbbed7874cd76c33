/* SPDX-License-Identifier: GPL-3.0-or-later
 * cow.c - several VMs in one machine: clones, equal pages, pages that are out.  None ever sees what another writes.
 *
 * The oracle is an array of bytes per VM, which knows nothing of frames: whatever clones, scanner, balloon and swap file do,
 * each VM must read what it wrote; and the count of references to each frame must be the number of pages that show it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/clone.h"
#include "core/engine.h"
#include "core/owners.h"
#include "core/share.h"
#include "core/snapshot.h"
#include "core/swap.h"
#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096, PAGES = 48, RAM = PAGES * PAGE, HIGH = 16, TOTAL = (PAGES + HIGH) * PAGE, VMS = 6 };
#define HIGH_AT 0x100000ull

struct guest {
	struct vm *vm;
	u8 *bytes; /* what it must read: low RAM, then high */
};

static u64 at_gpa(u64 offset)
{
	return offset < RAM ? offset : HIGH_AT + offset - RAM;
}

/* Two slots of RAM, a ROM, and a hole with frames. */
static struct vm *build(struct frames *machine, const struct engine *engine, struct err *err)
{
	const struct vm_config config = { .name = "test", .engine = engine, .mem_size = TOTAL, .cpus = 1, .seed = 3,
					  .machine = machine };
	struct vm *vm = vm_create(&config, err);
	frame_no low, high, rom;

	if (!vm)
		return NULL;
	low = frames_alloc(vm->frames, PAGES);
	high = frames_alloc(vm->frames, HIGH);
	rom = frames_alloc(vm->frames, 2);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "low", 0, RAM, low, 0, err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "rom", 0xf0000, PAGE, rom, SLOT_ROM, err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "high", HIGH_AT, HIGH * PAGE, high, 0, err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "hidden", 0x200000, PAGE, rom + 1, SLOT_HOLE, err), 0);
	frames_unref(vm->frames, low, PAGES);
	frames_unref(vm->frames, high, HIGH);
	frames_unref(vm->frames, rom, 2);
	return vm;
}

static struct guest guest_new(struct frames *machine)
{
	struct err err = { 0 };
	struct guest g = { .vm = build(machine, &engine_interp, &err), .bytes = calloc(1, TOTAL) };

	ck_assert_msg(g.vm && g.bytes, "%s", err.text);
	return g;
}

static void guest_free(struct guest *g)
{
	vm_destroy(g->vm);
	free(g->bytes);
	*g = (struct guest){ 0 };
}

static void guest_write(struct guest *g, u64 offset, const void *data, u64 len)
{
	ck_assert(mem_write(&g->vm->mem, at_gpa(offset), data, len));
	memcpy(g->bytes + offset, data, len);
}

static void check_guest(const struct guest *g, const char *after)
{
	u8 page[PAGE];

	for (u64 offset = 0; offset < TOTAL; offset += PAGE) {
		ck_assert(mem_read(&g->vm->mem, at_gpa(offset), page, PAGE));
		ck_assert_msg(!memcmp(page, g->bytes + offset, PAGE), "after %s, page %llu is not what was written", after,
			      (unsigned long long)offset / PAGE);
	}
}

static struct guest guest_clone(struct guest *parent, u64 number)
{
	struct guest g = guest_new(parent->vm->frames);
	struct err err = { 0 };

	ck_assert_msg(!vm_clone(g.vm, parent->vm, number, &err), "%s", err.text);
	memcpy(g.bytes, parent->bytes, TOTAL);
	return g;
}

/* Every reference to a frame of RAM is a page that shows it. */
static void check_references(struct guest *g, int n)
{
	const struct frames *f = g[0].vm->frames;
	u32 *shown = calloc(f->n, sizeof(*shown));

	for (int i = 0; i < n; i++)
		for (int s = 0; g[i].vm && s < g[i].vm->mem.nslots; s++) {
			const struct mem_slot *slot = &g[i].vm->mem.slot[s];

			for (u64 p = 0; slot->page && p < slot->size / PAGE; p++)
				if (!slot->page[p].out)
					shown[slot->page[p].at]++;
		}
	for (u64 frame = 0; frame < f->n; frame++)
		if (shown[frame])
			ck_assert_uint_eq(f->refs[frame], shown[frame] + (frame == f->zero));
	free(shown);
}

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
	ck_assert_int_eq(share_gain(&s.set, &gain, NULL), 0);
	ck_assert_uint_eq(gain.frames, 1);
	ck_assert_uint_eq(gain.pages, 4);
	ck_assert_uint_eq(gain.own, 2);
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

static const char *swap_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/tmp/vitrine-swap-test-%d", (int)getpid());
	return name;
}

static void fill(struct guest *g)
{
	for (u64 i = 0; i < TOTAL / PAGE; i++) {
		u64 word[2] = { i + 1, ~i };

		guest_write(g, i * PAGE + 16, word, sizeof(word));
	}
}

/* Every policy keeps the limit, and every page comes back as it was, asked for in any order. */
static void go_out_and_come_back(int n)
{
	struct swap_config config = { .path = swap_name(), .resident = 10, .policy = (enum swap_policy)n, .seed = 5 };
	struct guest g = guest_new(NULL);
	struct swap s;
	u64 hash;

	fill(&g);
	hash = mem_hash(&g.vm->mem, 0);
	ck_assert_int_eq(swap_open(&s, &config, &g.vm, 1, NULL), 0);
	ck_assert_int_eq(access(config.path, F_OK), -1);
	for (int round = 0; round < 20; round++) {
		ck_assert_int_eq(swap_step(&s, NULL), 0);
		ck_assert_uint_le(swap_resident(&s), 10);
		ck_assert_uint_eq(s.out, TOTAL / PAGE - swap_resident(&s));
		ck_assert_uint_eq(mem_hash(&g.vm->mem, 0), hash);          /* looking brings nothing in, */
		ck_assert_uint_eq(s.out, TOTAL / PAGE - swap_resident(&s)); /* and changes nothing */
		for (u64 i = 0; i < TOTAL / PAGE; i += (u64)round + 1) {
			u64 word = i * 1000 + (u64)round;

			guest_write(&g, i * PAGE + 64, &word, sizeof(word));
		}
		hash = mem_hash(&g.vm->mem, 0);
		check_references(&g, 1);
	}
	check_guest(&g, swap_policies[n].name);
	ck_assert_uint_gt(s.count.in, 0);
	ck_assert_uint_eq(g.vm->mem.count[MEM_OUT], s.count.out);
	swap_step(&s, NULL);
	swap_close(&s); /* all come in */
	check_guest(&g, "closing the swap file");
	guest_free(&g);
}

START_TEST(pages_go_out_and_come_back)
{
	for (int n = 0; n < SWAP_POLICIES; n++)
		go_out_and_come_back(n);
}
END_TEST

/* What each policy is known for: fifo does not care for use, clock and second chance do. */
static void differ_by_use(int n)
{
	struct swap_config config = { .path = swap_name(), .resident = TOTAL / PAGE - 1, .policy = (enum swap_policy)n };
	struct guest g = guest_new(NULL);
	struct swap s;

	fill(&g);
	ck_assert_int_eq(swap_open(&s, &config, &g.vm, 1, NULL), 0);
	for (u64 i = 0; i < TOTAL / PAGE; i++) { /* nobody has used any */
		struct paged_ref r = paged_ref(&s.set, i);

		r.entry->used = 0;
	}
	ck_assert_ptr_nonnull(mem_host(&g.vm->mem, 0, 1, false)); /* but page 0 */
	ck_assert_int_eq(swap_step(&s, NULL), 0);
	ck_assert_uint_gt(s.out, 0);
	if (n == SWAP_fifo)
		ck_assert(mem_is_out(&g.vm->mem, 0) && mem_is_out(&g.vm->mem, PAGE));
	else if (n != SWAP_random)
		ck_assert(!mem_is_out(&g.vm->mem, 0) && mem_is_out(&g.vm->mem, PAGE));
	swap_close(&s);
	guest_free(&g);
}

START_TEST(policies_differ_by_use)
{
	for (int n = 0; n < SWAP_POLICIES; n++)
		differ_by_use(n);
}
END_TEST

/* A page that comes back different, or not at all: the guest's machine stops, and says why; now and later. */
static void spoil(int n)
{
	struct swap_config config = { .path = swap_name(), .resident = 4, .policy = SWAP_fifo };
	struct guest g = guest_new(NULL);
	struct err err = { 0 };
	struct swap s;
	u64 word = 0;

	fill(&g);
	ck_assert_int_eq(swap_open(&s, &config, &g.vm, 1, NULL), 0);
	ck_assert_int_eq(swap_open(&(struct swap){ 0 }, &(struct swap_config){ .path = "/nowhere/swap", .resident = 1 }, &g.vm, 1,
				   &err), -ENOENT);
	g.vm->mem.backing.arg = &s.link[0]; /* as it was */
	ck_assert_int_eq(swap_step(&s, NULL), 0);
	ck_assert(mem_is_out(&g.vm->mem, 0));
	if (n) {
		ck_assert_int_eq(pwrite(s.fd, "spoilt", 6, (off_t)g.vm->mem.slot[0].page[0].at * PAGE + 16), 6);
		ck_assert(!mem_read(&g.vm->mem, 16, &word, 8));
		ck_assert_ptr_nonnull(strstr(g.vm->mem.trouble.text, "is not what was written there"));
	} else {
		ck_assert_int_eq(ftruncate(s.fd, 0), 0);
		ck_assert(!mem_read(&g.vm->mem, 16, &word, 8));
		ck_assert_ptr_nonnull(strstr(g.vm->mem.trouble.text, "has become shorter"));
	}
	ck_assert_ptr_null(mem_host(&g.vm->mem, 16, 8, false));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(vm_run(g.vm, 10, &err), STOP_ERROR);
		ck_assert_ptr_nonnull(strstr(err.text, "swap file"));
	}
	swap_close(&s);
	guest_free(&g);
}

START_TEST(a_spoilt_swap_file_stops_the_machine)
{
	for (int n = 0; n < 2; n++)
		spoil(n);
}
END_TEST

/* The file takes no more: an error, and the guest loses nothing. */
START_TEST(a_full_swap_file_loses_nothing)
{
	struct swap_config config = { .path = swap_name(), .resident = 4, .policy = SWAP_clock };
	struct guest g = guest_new(NULL);
	struct rlimit limit, was;
	struct err err = { 0 };
	struct swap s;

	fill(&g);
	ck_assert_int_eq(swap_open(&s, &config, &g.vm, 1, NULL), 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = was;
	limit.rlim_cur = 5 * PAGE;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(swap_step(&s, &err), -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot write page"));
	setrlimit(RLIMIT_FSIZE, &was);
	ck_assert_uint_eq(s.out, 5);
	check_guest(&g, "an error of the swap file");
	swap_close(&s);
	guest_free(&g);
}
END_TEST

START_TEST(a_swap_file_is_a_new_file)
{
	struct swap_config config = { .path = "tests/unit/cow.c", .resident = 4 };
	struct guest g = guest_new(NULL);
	struct err err = { 0 };
	struct swap s;

	config.path = "/bin/sh";
	ck_assert_int_lt(swap_open(&s, &config, &g.vm, 1, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot be made"));
	ck_assert_int_eq(swap_policy_by_name("clock"), SWAP_clock);
	ck_assert_int_eq(swap_policy_by_name("best"), -1);
	guest_free(&g);
}
END_TEST

/* ---- everything at once ---- */

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

/* Few contents, so that pages become equal. */
static void random_write(struct guest *g, u64 *rnd)
{
	u8 data[300];
	u64 len = next_random(rnd) % sizeof(data) + 1, offset = next_random(rnd) % (TOTAL - len);

	if (offset < RAM && offset + len > RAM)
		return;
	memset(data, (int)(next_random(rnd) % 3), len);
	if (next_random(rnd) % 4 == 0) { /* a whole page of one content */
		u8 page[PAGE];

		memset(page, (int)(next_random(rnd) % 3), PAGE);
		guest_write(g, offset / PAGE * PAGE, page, PAGE);
	} else {
		guest_write(g, offset, data, len);
	}
}

static void random_discard(struct guest *g, u64 *rnd)
{
	u64 page = next_random(rnd) % (TOTAL / PAGE);

	ck_assert(mem_discard(&g->vm->mem, at_gpa(page * PAGE), PAGE));
	memset(g->bytes + page * PAGE, 0, PAGE);
}

/* A random guest ends, and becomes a clone of another. */
static void random_clone(struct guest *g, u64 *rnd)
{
	int from = (int)(next_random(rnd) % VMS), to = (int)(next_random(rnd) % VMS);

	if (from == to)
		return;
	guest_free(&g[to]);
	g[to] = guest_clone(&g[from], next_random(rnd));
}

static void round_of_writers(struct guest *g, u64 *rnd, int writes)
{
	for (int i = 0; i < writes; i++) {
		struct guest *who = &g[next_random(rnd) % VMS];

		if (next_random(rnd) % 16)
			random_write(who, rnd);
		else
			random_discard(who, rnd);
	}
}

static void write_at_random(int n)
{
	struct swap_config config = { .path = swap_name(), .resident = 60, .policy = (enum swap_policy)(n % SWAP_POLICIES), .seed = 9 };
	struct guest g[VMS] = { guest_new(NULL) };
	u64 rnd = 88172645463325252ull + (u64)n;
	struct vm *vms[VMS];
	struct share share;
	struct swap swap;

	for (int i = 1; i < VMS; i++)
		g[i] = guest_new(g[0].vm->frames);
	for (int round = 0; round < 12; round++) {
		round_of_writers(g, &rnd, 200);
		random_clone(g, &rnd);
		for (int i = 0; i < VMS; i++)
			vms[i] = g[i].vm;
		ck_assert_int_eq(share_open(&share, vms, VMS, NULL), 0);
		ck_assert_int_eq(swap_open(&swap, &config, vms, VMS, NULL), 0);
		for (int step = 0; step < 20; step++) {
			share_step(&share, next_random(&rnd) % 500);
			ck_assert_int_eq(swap_step(&swap, NULL), 0);
			round_of_writers(g, &rnd, 30);
			check_references(g, VMS);
		}
		swap_step(&swap, NULL);
		for (int i = 0; i < VMS; i++)
			check_guest(&g[i], "everything");
		swap_close(&swap);
		share_close(&share);
	}
	for (int i = 0; i < VMS; i++)
		guest_free(&g[i]);
}

START_TEST(random_writers_never_meet)
{
	for (int n = 0; n < 2 * SWAP_POLICIES; n++)
		write_at_random(n);
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
		pages_go_out_and_come_back,
		policies_differ_by_use,
		a_spoilt_swap_file_stops_the_machine,
		a_full_swap_file_loses_nothing,
		a_swap_file_is_a_new_file,
		random_writers_never_meet,
		owners_of_frames,
	};

	return unit_run("several VMs in one machine", tests, ARRAY_LEN(tests));
}
