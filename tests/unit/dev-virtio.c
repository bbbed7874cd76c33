/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-virtio.c - what all virtio devices share: negotiation, status, rings, interrupts; on the MMIO
 * transport.
 * Rule: facts from virtio 1.2, chapters 2, 3 and 4.2.
 */
#include "tests/unit/virtio-echo.h"

/* ---- registers ---- */

START_TEST(identity)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(reg_get(&r.d, 0), 0x74726976);
	ck_assert_uint_eq(reg_get(&r.d, 4), 2);
	ck_assert_uint_eq(reg_get(&r.d, 8), 42);
	ck_assert_uint_eq(offered_features(&r.d), F_BIT(F_ECHO) | F_BIT(28) | F_BIT(29) | F_BIT(32));
	reg_set(&r.d, 0x14, 2);
	ck_assert_uint_eq(reg_get(&r.d, 0x10), 0);
	reg_set(&r.d, 0x30, 1);
	ck_assert_uint_eq(reg_get(&r.d, 0x34), VIRTIO_QUEUE_MAX);
	reg_set(&r.d, 0x30, 2); /* there is none */
	ck_assert_uint_eq(reg_get(&r.d, 0x34), 0);
	ck_assert_uint_eq(reg_get(&r.d, 0xb0), UINT32_MAX); /* no shared memory */
	ck_assert_uint_eq(bus_read(&r.d.mmio, DRIVER_BASE, 2, NULL), 0); /* only whole registers */
	driver_close(&r.d);
}
END_TEST

START_TEST(features_are_negotiated)
{
	struct rig r;

	setup(&r);
	reg_set(&r.d, R_STATUS, 3);
	reg_set(&r.d, 0x24, 0);
	reg_set(&r.d, 0x20, 1 << F_ECHO);
	reg_set(&r.d, R_STATUS, 11); /* without VERSION_1 */
	ck_assert_uint_eq(reg_get(&r.d, R_STATUS), 3);
	reg_set(&r.d, R_STATUS, 15); /* DRIVER_OK neither */
	ck_assert_uint_eq(reg_get(&r.d, R_STATUS), 3);
	reg_set(&r.d, 0x24, 1);
	reg_set(&r.d, 0x20, 1 | 2); /* 33 is not offered */
	reg_set(&r.d, R_STATUS, 11);
	ck_assert_uint_eq(reg_get(&r.d, R_STATUS), 3);
	reg_set(&r.d, 0x20, 1);
	reg_set(&r.d, R_STATUS, 11);
	ck_assert_uint_eq(reg_get(&r.d, R_STATUS), 11);
	ck_assert(virtio_has(&r.e.v, F_ECHO));
	reg_set(&r.d, 0x24, 0);
	reg_set(&r.d, 0x20, 0); /* too late */
	ck_assert(virtio_has(&r.e.v, F_ECHO));
	reg_set(&r.d, R_STATUS, 0);
	ck_assert_uint_eq(reg_get(&r.d, R_STATUS), 0);
	ck_assert(!virtio_has(&r.e.v, F_ECHO));
	driver_close(&r.d);
}
END_TEST

START_TEST(configuration)
{
	struct rig r;

	started(&r, 0);
	virtio_config_put(&r.e.v, 0, 0x060504030201, 6);
	ck_assert_uint_eq(config_get(&r.d, 0, 4), 0x04030201);
	ck_assert_uint_eq(config_get(&r.d, 4, 4), 0x0605); /* zeros behind the end */
	ck_assert_uint_eq(config_get(&r.d, 0x40, 8), 0);
	bus_write(&r.d.mmio, DRIVER_BASE + 0x100, 4, 0xffffffff, NULL);
	bus_write(&r.d.mmio, DRIVER_BASE + 0x104, 4, 0xffffffff, NULL);
	ck_assert_uint_eq(config_get(&r.d, 0, 4), 0xffff0201);
	ck_assert_uint_eq(config_get(&r.d, 4, 2), 0x0605);
	ck_assert_uint_eq(reg_get(&r.d, 0xfc), 0);
	virtio_config_change(&r.e.v, 0, 7, 1);
	ck_assert_uint_eq(reg_get(&r.d, 0xfc), 1);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), VIRTIO_ISR_CONFIG);
	ck_assert_int_eq(r.d.b.level[DRIVER_IRQ], 1);
	ack(&r.d);
	ck_assert_int_eq(r.d.b.level[DRIVER_IRQ], 0);
	driver_close(&r.d);
}
END_TEST

/* ---- rings ---- */

START_TEST(one_chain)
{
	struct rig r;
	u32 head;
	u8 got[7];

	started(&r, 0);
	mem_write(&r.d.mem, BUF, "abcdefg", 7);
	desc(&r.d, 1, 3, BUF, 2, D_NEXT, 1); /* "ab" and "cdefg" become "bcd" and "efgh" */
	desc(&r.d, 1, 1, BUF + 2, 5, D_NEXT, 6);
	desc(&r.d, 1, 6, BUF2, 3, D_NEXT | D_WRITE, 7);
	desc(&r.d, 1, 7, BUF2 + 0x100, 40, D_WRITE, 0);
	submit(&r.d, 1, 3);
	ck_assert_uint_eq(r.e.readable, 7);
	ck_assert_uint_eq(r.e.writable, 43);
	ck_assert_uint_eq(r.e.nreadable, 2);
	ck_assert_uint_eq(r.e.npieces, 4);
	ck_assert_int_eq(next_used(&r.d, 1, &head), 7);
	ck_assert_uint_eq(head, 3);
	ck_assert_int_eq(next_used(&r.d, 1, &head), -1);
	mem_read(&r.d.mem, BUF2, got, 3);
	mem_read(&r.d.mem, BUF2 + 0x100, got + 3, 4);
	ck_assert_int_eq(memcmp(got, "bcdefgh", 7), 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), VIRTIO_ISR_QUEUE);
	ck_assert_int_eq(r.d.b.level[DRIVER_IRQ], 1);
	ack(&r.d);
	ck_assert_int_eq(r.d.b.level[DRIVER_IRQ], 0);
	driver_close(&r.d);
}
END_TEST

START_TEST(indirect_chain)
{
	struct rig r;

	started(&r, F_BIT(VIRTIO_F_INDIRECT_DESC));
	mem_write(&r.d.mem, BUF, "xy", 2);
	put_desc(&r.d, 0xa0000, 0, BUF, 2, D_NEXT, 2);
	put_desc(&r.d, 0xa0000, 2, BUF2, 2, D_WRITE, 0);
	desc(&r.d, 0, 5, 0xa0000, 48, D_INDIRECT, 0);
	submit(&r.d, 0, 5);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 2);
	ck_assert_uint_eq(peek16(&r.d, BUF2), 'y' | 'z' << 8);
	/* a direct piece first, then the table */
	desc(&r.d, 0, 0, BUF, 1, D_NEXT, 5);
	submit(&r.d, 0, 0);
	ck_assert_uint_eq(r.e.npieces, 3);
	ck_assert(!is_broken(&r.d));
	driver_close(&r.d);
}
END_TEST

/* The indices are 16 bits wide and run on; the ring wraps at its size. */
START_TEST(indices_wrap)
{
	struct rig r;
	u32 head;

	started(&r, 0);
	for (u32 i = 0; i < DRIVER_SIZE; i++)
		desc(&r.d, 0, i, BUF, 1, 0, 0);
	for (u32 i = 0; i < 70000; i++) {
		u32 want = (i + i / DRIVER_SIZE) % DRIVER_SIZE; /* another in every lap */

		submit(&r.d, 0, (u16)want);
		ck_assert_int_ge(next_used(&r.d, 0, &head), 0);
		ck_assert_uint_eq(head, want);
	}
	ck_assert_int_eq(r.e.chains, 70000);
	driver_close(&r.d);
}
END_TEST

START_TEST(interrupts_are_suppressed_by_flag)
{
	struct rig r;

	started(&r, 0);
	desc(&r.d, 0, 0, BUF, 1, 0, 0);
	put16(&r.d, desc_table(0) + 0x1000, 1); /* NO_INTERRUPT */
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 0);
	put16(&r.d, desc_table(0) + 0x1000, 0);
	submit(&r.d, 0, 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 1);
	driver_close(&r.d);
}
END_TEST

START_TEST(interrupts_are_suppressed_by_index)
{
	struct rig r;
	u64 used_event = desc_table(0) + 0x1000 + 4 + 2 * DRIVER_SIZE;
	u64 avail_event = desc_table(0) + 0x2000 + 4 + 8 * DRIVER_SIZE;

	started(&r, F_BIT(VIRTIO_F_EVENT_IDX));
	desc(&r.d, 0, 0, BUF, 1, 0, 0);
	put16(&r.d, desc_table(0) + 0x1000, 1); /* the flag has no meaning now */
	put16(&r.d, used_event, 2);             /* when the third is used */
	submit(&r.d, 0, 0);
	ck_assert_uint_eq(peek16(&r.d, avail_event), 1); /* tell me of the second */
	submit(&r.d, 0, 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 0);
	submit(&r.d, 0, 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 1);
	ack(&r.d);
	submit(&r.d, 0, 0); /* that was the third: not again */
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 0);
	offer(&r.d, 0, 0); /* three at once, the event in the middle */
	offer(&r.d, 0, 0);
	put16(&r.d, used_event, 5);
	submit(&r.d, 0, 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 1);
	ck_assert_uint_eq(peek16(&r.d, avail_event), 7);
	ck_assert_uint_eq(r.e.s.used_next[0], 7);
	driver_close(&r.d);
}
END_TEST

START_TEST(nothing_happens_before_driver_ok)
{
	struct rig r;

	started(&r, 0);
	reg_set(&r.d, R_STATUS, 0);
	desc(&r.d, 0, 0, BUF, 1, 0, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(r.e.served, 2); /* the two of DRIVER_OK */
	driver_start(&r.d, F_VERSION);
	kick(&r.d, 7); /* no such queue */
	kick(&r.d, UINT32_MAX);
	r.e.served = 0;
	reg_set(&r.d, 0x30, 0);
	reg_set(&r.d, 0x44, 0); /* switched off */
	submit(&r.d, 0, 0);
	ck_assert_int_eq(r.e.served, 0);
	driver_close(&r.d);
}
END_TEST

START_TEST(buffers_offered_before_driver_ok_are_served)
{
	struct rig r;

	setup(&r);
	reg_set(&r.d, R_STATUS, 3);
	reg_set(&r.d, 0x24, 1);
	reg_set(&r.d, 0x20, 1);
	reg_set(&r.d, R_STATUS, 11);
	driver_queue(&r.d, 0);
	desc(&r.d, 0, 0, BUF, 1, 0, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(r.e.chains, 0);
	reg_set(&r.d, R_STATUS, 15);
	ck_assert_int_eq(r.e.chains, 1);
	driver_close(&r.d);
}
END_TEST

START_TEST(a_queue_in_use_stays_where_it_is)
{
	struct rig r;

	started(&r, 0);
	reg_set(&r.d, 0x30, 0);
	reg_set(&r.d, 0x38, 16);
	reg_set(&r.d, 0x80, 0xb0000);
	desc(&r.d, 0, 0, BUF, 1, 0, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(r.e.chains, 1);
	ck_assert(!is_broken(&r.d));
	driver_close(&r.d);
}
END_TEST

/* All of it survives being saved and loaded, in the middle of its work. */
START_TEST(state_is_complete)
{
	struct rig r;
	struct buf saved = { 0 };
	struct reader in;

	started(&r, F_BIT(VIRTIO_F_EVENT_IDX));
	desc(&r.d, 0, 0, BUF, 1, 0, 0);
	submit(&r.d, 0, 0);
	device_save(&r.e.v.dev, &saved);
	reg_set(&r.d, R_STATUS, 0);
	memset(&r.e.s, 0x5a, sizeof(r.e.s));
	in = (struct reader){ saved.data, saved.data + saved.len, false };
	ck_assert_int_eq(device_load(&r.e.v.dev, &in, NULL), 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(r.e.chains, 2);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 0);
	buf_free(&saved);
	driver_close(&r.d);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		identity,
		features_are_negotiated,
		configuration,
		one_chain,
		indirect_chain,
		indices_wrap,
		interrupts_are_suppressed_by_flag,
		interrupts_are_suppressed_by_index,
		nothing_happens_before_driver_ok,
		buffers_offered_before_driver_ok_are_served,
		a_queue_in_use_stays_where_it_is,
		state_is_complete,
	};

	return unit_run("virtio", tests, ARRAY_LEN(tests));
}
