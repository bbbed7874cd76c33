/* SPDX-License-Identifier: GPL-3.0-or-later
 * migrate.c - facts about moving a machine: wherever it ends it is the machine it would have been, and only there.
 */
#include "core/migrate/delta.h"
#include "tests/unit/world.h"

enum { BEFORE = 300000 };
#define SECOND 1000000000ull

static const struct link_options lan = { .bandwidth = 100 << 20, .latency_ns = 200000 };

static struct migrate_options options(enum migrate_mode mode)
{
	return (struct migrate_options){ .mode = mode, .timeout_ns = SECOND / 2, .digest = true };
}

static void is_whole(struct world *w, int side)
{
	u64 insns = w->insns[SIDE_SOURCE] + (side == SIDE_TARGET ? w->insns[SIDE_TARGET] : 0);

	ck_assert_int_eq(world_owner(w), side);
	ck_assert_uint_eq(vm_state_hash(w->rig[side]->vm), twin_hash(insns));
}

static void moves(const struct migrate_options *o, const struct link_options *l)
{
	struct world *w = world_make(BEFORE);

	world_migrate(w, o, l);
	ck_assert(world_run(w, 20 * SECOND));
	ck_assert_int_eq(source_status(w->source)->phase, PHASE_DONE);
	ck_assert_int_eq(target_phase(w->target), TARGET_DONE);
	ck_assert(target_was_running(w->target));
	for (int i = 0; i < 20; i++)
		world_step(w);
	is_whole(w, SIDE_TARGET);
	world_free(w);
}

START_TEST(precopy)
{
	struct migrate_options o = options(MIGRATE_PRECOPY);

	moves(&o, &lan);
	o.pack = true;
	moves(&o, &lan);
	o.delta_bytes = 1 << 20;
	moves(&o, &lan);
}
END_TEST

START_TEST(postcopy)
{
	struct migrate_options o = options(MIGRATE_POSTCOPY);

	moves(&o, &lan);
	o.mode = MIGRATE_HYBRID;
	o.downtime_ns = 1;
	o.rounds = 3;
	moves(&o, &lan);
}
END_TEST

START_TEST(bad_weather)
{
	const struct link_options bad = { .bandwidth = 4 << 20, .latency_ns = 20000000, .jitter_ns = 5000000, .loss_ppm = 10000,
					  .seed = 3 };
	struct migrate_options o = options(MIGRATE_PRECOPY);

	o.delta_bytes = 1 << 20;
	moves(&o, &bad);
	o = options(MIGRATE_POSTCOPY);
	moves(&o, &bad);
}
END_TEST

/* The guest writes faster than the link takes: plain pre-copy goes on for ever and says so; it can be called off. */
START_TEST(never_converges)
{
	const struct link_options slow = { .bandwidth = 1 << 20, .latency_ns = 200000 };
	struct migrate_options o = options(MIGRATE_PRECOPY);
	struct world *w = world_make(BEFORE);

	o.downtime_ns = SECOND / 100;
	world_migrate(w, &o, &slow);
	ck_assert(!world_run(w, 3 * SECOND));
	ck_assert_int_eq(source_status(w->source)->phase, PHASE_COPYING);
	ck_assert_uint_gt(source_status(w->source)->predicted_ns, o.downtime_ns);
	ck_assert_int_eq(source_cancel(w->source, w->now, &err), 0);
	ck_assert(world_run(w, SECOND));
	ck_assert_int_eq(source_status(w->source)->phase, PHASE_CANCELLED);
	ck_assert_int_eq(target_phase(w->target), TARGET_DISCARDED);
	for (int i = 0; i < 20; i++)
		world_step(w);
	is_whole(w, SIDE_SOURCE);
	world_free(w);
}
END_TEST

/* Another machine waits there: it says what does not fit before a page is sent, and the guest never stood still. */
START_TEST(what_does_not_fit_is_refused)
{
	struct migrate_options o = options(MIGRATE_PRECOPY);
	struct world *w = world_make(BEFORE);

	world_migrate(w, &o, &lan);
	w->rig[SIDE_TARGET]->vm->clock.insn_ps = 500;
	ck_assert(world_run(w, SECOND));
	ck_assert_int_eq(source_status(w->source)->phase, PHASE_FAILED);
	ck_assert_ptr_nonnull(strstr(source_status(w->source)->reason, "insn_ps"));
	ck_assert_uint_eq(source_status(w->source)->pages, 0);
	ck_assert_uint_eq(source_status(w->source)->downtime_ns, 0);
	for (int i = 0; i < 20; i++)
		world_step(w);
	is_whole(w, SIDE_SOURCE);
	world_free(w);
}
END_TEST

START_TEST(deltas)
{
	u8 old[PAGE_SIZE_4K], new[PAGE_SIZE_4K], out[PAGE_SIZE_4K], got[PAGE_SIZE_4K];
	size_t len;

	seed = 9;
	for (int i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof(old); k++)
			old[k] = new[k] = (u8)chance(256);
		for (u64 n = chance(300); n; n--)
			new[chance(sizeof(new))] ^= (u8)chance(256);
		memcpy(got, old, sizeof(old));
		if (delta_encode(old, new, out, sizeof(out), &len)) {
			ck_assert(delta_apply(got, out, len));
			ck_assert_mem_eq(got, new, sizeof(new));
		}
		for (size_t k = 0; k < 64; k++) /* whatever comes, nothing is written elsewhere (a sanitizer looks) */
			out[k] = (u8)chance(256);
		delta_apply(got, out, 64);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { deltas, precopy, postcopy, bad_weather, never_converges, what_does_not_fit_is_refused };

	return unit_run("migrate", tests, ARRAY_LEN(tests));
}
