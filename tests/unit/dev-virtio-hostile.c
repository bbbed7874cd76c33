/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-virtio-hostile.c - what a hostile driver may try with the rings.
 * Rule: each attempt ends in DEVICE_NEEDS_RESET, one line in the log and silence; after a reset the device is
 * as new (virtio 1.2, 2.1.2).
 */
#include "tests/unit/virtio-echo.h"

/* After the rules were broken: told so, quiet, and as new after a reset. */
static void expect_broken(struct rig *r, const char *why)
{
	int chains = r->e.chains;

	ck_assert_msg(is_broken(&r->d), "%s", why);
	ck_assert_msg(strstr(r->d.log, why), "'%s' does not say '%s'", r->d.log, why);
	ck_assert_int_eq(r->d.nlog, 1);
	ck_assert_uint_eq(reg_get(&r->d, 0x60) & VIRTIO_ISR_CONFIG, VIRTIO_ISR_CONFIG);
	kick(&r->d, 0);
	kick(&r->d, 0);
	ck_assert_int_eq(r->e.chains, chains);
	ck_assert_int_eq(r->d.nlog, 1); /* said once */
	reg_set(&r->d, R_STATUS, 15); /* the driver cannot clear it but by a reset */
	ck_assert(is_broken(&r->d));
	driver_start(&r->d, F_VERSION);
	desc(&r->d, 0, 0, BUF, 1, 0, 0);
	submit(&r->d, 0, 0);
	ck_assert_int_eq(r->e.chains, chains + 1);
	ck_assert(!is_broken(&r->d));
	driver_close(&r->d);
}

struct hostile {
	const char *why;
	u64 gpa;
	u32 len;
	u16 flags, next, head;
};

static const struct hostile hostile[] = {
	{ "a loop", BUF, 1, D_NEXT, 0, 0 },
	{ "descriptor 8 in a table of 8", BUF, 1, D_NEXT, 8, 0 },
	{ "descriptor 65535 in a table of 8", BUF, 1, D_NEXT, 65535, 0 },
	{ "descriptor 9 in a table of 8", BUF, 1, 0, 0, 9 },
	{ "not in RAM", BUF, 0, 0, 0, 0 },
	{ "not in RAM", 0xfee00000, 4, D_WRITE, 0, 0 },
	{ "not in RAM", DRIVER_RAM - 1, 2, D_WRITE, 0, 0 }, /* across the end of RAM into ROM */
	{ "not in RAM", DRIVER_ROM, 4, D_WRITE, 0, 0 },
	{ "not in RAM", DRIVER_ROM + 4095, 2, 0, 0, 0 },
	{ "not in RAM", UINT64_MAX, 2, 0, 0, 0 },
	{ "not in RAM", 0, UINT32_MAX, 0, 0, 0 },
	{ "indirect", BUF, 16, D_INDIRECT, 0, 0 }, /* not negotiated */
};

START_TEST(hostile_descriptors)
{
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		const struct hostile *h = &hostile[i];
		struct rig r;

		started(&r, 0);
		desc(&r.d, 0, 0, h->gpa, h->len, h->flags, h->next);
		submit(&r.d, 0, h->head);
		expect_broken(&r, h->why);
	}
}
END_TEST

static const struct hostile hostile_indirect[] = {
	{ "indirect", 0xa0000, 0, D_INDIRECT, 0, 0 },
	{ "indirect", 0xa0000, 17, D_INDIRECT, 0, 0 },
	{ "indirect", 0xa0000, 16, D_INDIRECT | D_NEXT, 1, 0 },
	{ "no RAM", 0xfee00000, 16, D_INDIRECT, 0, 0 },
	{ "indirect", 0xa0010, 16, D_INDIRECT, 0, 0 },         /* a table in a table */
	{ "descriptor 9 in a table of 1", 0xa0020, 16, D_INDIRECT, 0, 0 },
	{ "a loop", 0xa0030, 0xfffffff0, D_INDIRECT, 0, 0 },
};

START_TEST(hostile_indirect_descriptors)
{
	for (size_t i = 0; i < ARRAY_LEN(hostile_indirect); i++) {
		const struct hostile *h = &hostile_indirect[i];
		struct rig r;

		started(&r, F_BIT(VIRTIO_F_INDIRECT_DESC));
		put_desc(&r.d, 0xa0000, 0, BUF, 1, 0, 0);
		put_desc(&r.d, 0xa0000, 1, 0xa0000, 16, D_INDIRECT, 0);
		put_desc(&r.d, 0xa0000, 2, BUF, 1, D_NEXT, 9);
		put_desc(&r.d, 0xa0000, 3, BUF, 1, D_NEXT, 0);
		desc(&r.d, 0, 0, h->gpa, h->len, h->flags, h->next);
		submit(&r.d, 0, h->head);
		expect_broken(&r, h->why);
	}
}
END_TEST

START_TEST(hostile_order_and_length)
{
	struct rig r;

	started(&r, 0);
	desc(&r.d, 0, 0, BUF, 1, D_NEXT | D_WRITE, 1);
	desc(&r.d, 0, 1, BUF, 1, 0, 0);
	submit(&r.d, 0, 0);
	expect_broken(&r, "to read behind one to write");

	started(&r, F_BIT(VIRTIO_F_INDIRECT_DESC)); /* more pieces than the queue has entries */
	for (u32 i = 0; i <= DRIVER_SIZE; i++)
		put_desc(&r.d, 0xa0000, i, BUF, 1, i < DRIVER_SIZE ? D_NEXT : 0, (u16)(i + 1));
	desc(&r.d, 0, 0, 0xa0000, 16 * (DRIVER_SIZE + 1), D_INDIRECT, 0);
	submit(&r.d, 0, 0);
	expect_broken(&r, "longer than queue 0");
}
END_TEST

START_TEST(hostile_indices)
{
	static const u16 jump[] = { DRIVER_SIZE + 1, 1000, 0x8000, 0xffff };

	for (size_t i = 0; i < ARRAY_LEN(jump); i++) {
		struct rig r;

		started(&r, 0);
		desc(&r.d, 0, 0, BUF, 1, 0, 0);
		put16(&r.d, desc_table(0) + 0x1002, jump[i]);
		kick(&r.d, 0);
		expect_broken(&r, "chains in queue 0 of 8");
	}
}
END_TEST

START_TEST(hostile_queues)
{
	static const u32 size[] = { 0, 3, 257, 512, 0x10000, UINT32_MAX };
	struct rig r;

	for (size_t i = 0; i < ARRAY_LEN(size); i++) {
		setup(&r);
		reg_set(&r.d, 0x30, 0);
		reg_set(&r.d, 0x38, size[i]);
		ck_assert(is_broken(&r.d));
		ck_assert_uint_eq(r.e.s.queue_size[0], VIRTIO_QUEUE_MAX);
		driver_close(&r.d);
	}
	for (u32 reg = 0x80; reg <= 0xa0; reg += 0x10) { /* not aligned */
		setup(&r);
		reg_set(&r.d, reg, 0x10001);
		reg_set(&r.d, 0x44, 1);
		ck_assert(is_broken(&r.d));
		ck_assert_uint_eq(reg_get(&r.d, 0x44), 0);
		driver_close(&r.d);
	}
	for (u32 reg = 0x84; reg <= 0xa4; reg += 0x10) { /* where there is no RAM */
		started(&r, 0);
		reg_set(&r.d, 0x30, 0);
		reg_set(&r.d, 0x44, 0);
		reg_set(&r.d, reg, 0x80);
		reg_set(&r.d, 0x44, 1);
		desc(&r.d, 0, 0, BUF, 1, 0, 0);
		submit(&r.d, 0, 0);
		expect_broken(&r, "no RAM");
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		hostile_descriptors, hostile_indirect_descriptors, hostile_order_and_length, hostile_indices,
		hostile_queues,
	};

	return unit_run("virtio, hostile", tests, ARRAY_LEN(tests));
}
