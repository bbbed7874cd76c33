/* SPDX-License-Identifier: GPL-3.0-or-later
 * swap.c - pages that go out to a file and come back; and everything that happens to paged memory, at once.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/share.h"
#include "core/swap.h"
#include "tests/unit/paged-rig.h"

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

int main(void)
{
	const TTest *const tests[] = {
		pages_go_out_and_come_back,
		policies_differ_by_use,
		a_spoilt_swap_file_stops_the_machine,
		a_full_swap_file_loses_nothing,
		a_swap_file_is_a_new_file,
		random_writers_never_meet,
	};

	return unit_run("swapped and shared memory", tests, ARRAY_LEN(tests));
}
