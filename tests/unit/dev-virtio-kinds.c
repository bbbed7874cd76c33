/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-virtio-kinds.c - network card, console, source of randomness, balloon.
 * Rule: facts from virtio 1.2, 5.1, 5.3, 5.4 and 5.5.
 */
#include "devices/virtio-balloon.h"
#include "devices/virtio-console.h"
#include "devices/virtio-net.h"
#include "devices/virtio-rng.h"
#include "tests/unit/virtio-driver.h"

enum { BUF = 0x80000 };
#define F_MRG F_BIT(15)

struct rig {
	struct driver d;
	struct log log;
	union {
		struct virtio_net net;
		struct virtio_console console;
		struct virtio_rng rng;
		struct virtio_balloon balloon;
	};
	u8 sent[2000];
	u32 nsent, frames;
};

static void note_frame(void *arg, const u8 *frame, u32 len)
{
	struct rig *r = arg;

	ck_assert_uint_le(len, sizeof(r->sent));
	memcpy(r->sent, frame, len);
	r->nsent = len;
	r->frames++;
}

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	driver_open(&r->d, &r->log);
}

/* ---- network ---- */

static const u8 mac[NET_MAC] = { 2, 3, 4, 5, 6, 7 };

static void setup_net(struct rig *r, u64 features)
{
	setup(r);
	r->net.port = (struct net_port){ note_frame, r };
	ck_assert_int_eq(virtio_net_init(&r->net, mac, &r->d.b.world, NULL), 0);
	driver_attach(&r->d, &r->net.v);
	driver_start(&r->d, F_VERSION | features);
}

static void fill(u8 *data, u32 len)
{
	for (u32 i = 0; i < len; i++)
		data[i] = (u8)(i * 13 + 1);
}

START_TEST(net_configuration)
{
	struct rig r;

	setup_net(&r, 0);
	ck_assert_uint_eq(reg_get(&r.d, 8), 1);
	ck_assert_uint_eq(config_get(&r.d, 0, 4), 0x05040302);
	ck_assert_uint_eq(config_get(&r.d, 4, 2), 0x0706);
	ck_assert_uint_eq(config_get(&r.d, 6, 2), 1); /* link up */
	driver_close(&r.d);
}
END_TEST

START_TEST(net_transmit)
{
	struct rig r;
	u8 frame[1514];

	setup_net(&r, 0);
	fill(frame, sizeof(frame));
	mem_write(&r.d.mem, BUF + 12, frame, sizeof(frame));
	desc(&r.d, 1, 0, BUF, 12, D_NEXT, 1);
	desc(&r.d, 1, 1, BUF + 12, sizeof(frame), 0, 0);
	submit(&r.d, 1, 0);
	ck_assert_int_eq(next_used(&r.d, 1, NULL), 0);
	ck_assert_uint_eq(r.nsent, sizeof(frame));
	ck_assert_int_eq(memcmp(r.sent, frame, sizeof(frame)), 0);
	desc(&r.d, 1, 0, BUF, 12 + 60, 0, 0); /* header and frame in one */
	submit(&r.d, 1, 0);
	ck_assert_uint_eq(r.nsent, 60);
	desc(&r.d, 1, 0, BUF, 12 + 13, 0, 0); /* no Ethernet header: lost */
	submit(&r.d, 1, 0);
	desc(&r.d, 1, 0, BUF, 12 + NET_FRAME_MAX + 1, 0, 0); /* too large: lost */
	submit(&r.d, 1, 0);
	ck_assert_uint_eq(r.frames, 2);
	ck_assert(!is_broken(&r.d));
	desc(&r.d, 1, 0, BUF, 11, 0, 0);
	submit(&r.d, 1, 0);
	ck_assert(is_broken(&r.d));
	driver_close(&r.d);
}
END_TEST

START_TEST(net_receive)
{
	struct rig r;
	u8 frame[500], got[512];
	u64 before;
	u32 head;

	setup_net(&r, F_BIT(VIRTIO_F_EVENT_IDX));
	fill(frame, sizeof(frame));
	before = mem_hash(&r.d.mem, 0);
	ck_assert(!virtio_net_ready(&r.net.v.dev));
	ck_assert_uint_eq(mem_hash(&r.d.mem, 0), before); /* asking leaves no trace */
	ck_assert(!virtio_net_receive(&r.net.v.dev, frame, sizeof(frame))); /* no buffer */
	desc(&r.d, 0, 4, BUF, 600, D_WRITE, 0);
	submit(&r.d, 0, 4);
	ck_assert(virtio_net_ready(&r.net.v.dev));
	ck_assert(!virtio_net_receive(&r.net.v.dev, frame, 13));
	ck_assert(!virtio_net_receive(&r.net.v.dev, frame, NET_FRAME_MAX + 1));
	ck_assert(virtio_net_receive(&r.net.v.dev, frame, sizeof(frame)));
	ck_assert(!virtio_net_ready(&r.net.v.dev));
	ck_assert_int_eq(next_used(&r.d, 0, &head), 512);
	ck_assert_uint_eq(head, 4);
	mem_read(&r.d.mem, BUF, got, sizeof(got));
	ck_assert_int_eq(memcmp(got, "\0\0\0\0\0\0\0\0\0\0\1\0", 12), 0);
	ck_assert_int_eq(memcmp(got + 12, frame, sizeof(frame)), 0);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 1);
	for (u16 i = 0; i < 2; i++) { /* it does not go into two buffers unless that was negotiated */
		desc(&r.d, 0, i, BUF, 400, D_WRITE, 0);
		submit(&r.d, 0, i);
	}
	ck_assert(!virtio_net_receive(&r.net.v.dev, frame, sizeof(frame)));
	ck_assert_int_eq(next_used(&r.d, 0, &head), -1);
	driver_close(&r.d);
}
END_TEST

START_TEST(net_receive_merged)
{
	struct rig r;
	u8 frame[1000], got[1012];
	u32 head;

	setup_net(&r, F_MRG);
	fill(frame, sizeof(frame));
	for (u16 i = 0; i < 3; i++) {
		desc(&r.d, 0, i, BUF + 0x1000u * i, 400, D_WRITE, 0);
		if (i < 2)
			submit(&r.d, 0, i);
	}
	ck_assert(!virtio_net_receive(&r.net.v.dev, frame, sizeof(frame))); /* 800 bytes of room: not at all */
	ck_assert_int_eq(next_used(&r.d, 0, &head), -1);
	submit(&r.d, 0, 2);
	ck_assert(virtio_net_receive(&r.net.v.dev, frame, sizeof(frame)));
	ck_assert_int_eq(next_used(&r.d, 0, &head), 400);
	ck_assert_int_eq(next_used(&r.d, 0, &head), 400);
	ck_assert_int_eq(next_used(&r.d, 0, &head), 212);
	ck_assert_int_eq(next_used(&r.d, 0, &head), -1);
	for (u32 i = 0; i < 3; i++)
		mem_read(&r.d.mem, BUF + 0x1000 * i, got + 400 * i, i < 2 ? 400 : 212);
	ck_assert_uint_eq(got[10], 3);
	ck_assert_int_eq(memcmp(got + 12, frame, sizeof(frame)), 0);
	desc(&r.d, 0, 0, BUF, 12, D_WRITE, 0); /* no byte behind the header */
	submit(&r.d, 0, 0);
	ck_assert(!virtio_net_receive(&r.net.v.dev, frame, sizeof(frame)));
	ck_assert(is_broken(&r.d));
	driver_close(&r.d);
}
END_TEST

/* ---- console ---- */

static void setup_console(struct rig *r)
{
	setup(r);
	ck_assert_int_eq(virtio_console_init(&r->console, &r->d.b.world, NULL), 0);
	driver_attach(&r->d, &r->console.v);
	ck_assert_int_eq(virtio_console_room(&r->console.v.dev), 0); /* nobody is there */
	virtio_console_receive(&r->console.v.dev, 'x');
	driver_start(&r->d, F_VERSION);
}

START_TEST(console_output)
{
	struct rig r;

	setup_console(&r);
	mem_write(&r.d.mem, BUF, "hello, world", 12);
	desc(&r.d, 1, 0, BUF, 7, D_NEXT, 1);
	desc(&r.d, 1, 1, BUF + 7, 5, 0, 0);
	submit(&r.d, 1, 0);
	ck_assert_int_eq(next_used(&r.d, 1, NULL), 0);
	ck_assert_str_eq(r.d.b.text, "hello, world");
	ck_assert_str_eq(r.d.b.channel, "virtio-console");
	bus_write(&r.d.mmio, DRIVER_BASE + 0x108, 4, '!', NULL);
	ck_assert_str_eq(r.d.b.text, "hello, world!");
	ck_assert_uint_eq(config_get(&r.d, 0, 4), 80 | 25 << 16);
	driver_close(&r.d);
}
END_TEST

START_TEST(console_input)
{
	struct rig r;
	u8 got[4];
	struct device *dev;

	setup_console(&r);
	dev = &r.console.v.dev;
	ck_assert_int_eq(virtio_console_room(dev), 0); /* not complete */
	desc(&r.d, 1, 0, BUF, 1, 0, 0);
	submit(&r.d, 1, 0);
	ack(&r.d);
	ck_assert_int_eq(virtio_console_room(dev), VIRTIO_CONSOLE_INPUT);
	for (int i = 0; i < VIRTIO_CONSOLE_INPUT + 10; i++)
		virtio_console_receive(dev, (u8)('a' + i));
	ck_assert_int_eq(virtio_console_room(dev), 0);
	desc(&r.d, 0, 0, BUF, 3, D_WRITE, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 3);
	mem_read(&r.d.mem, BUF, got, 3);
	ck_assert_int_eq(memcmp(got, "abc", 3), 0);
	ck_assert_int_eq(virtio_console_room(dev), 3);
	desc(&r.d, 0, 0, BUF, 100, D_WRITE, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), VIRTIO_CONSOLE_INPUT - 3);
	ack(&r.d);
	submit(&r.d, 0, 0); /* waits for the next byte */
	ck_assert_int_eq(next_used(&r.d, 0, NULL), -1);
	virtio_console_receive(dev, 'Z');
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 1);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), 1);
	mem_read(&r.d.mem, BUF, got, 1);
	ck_assert_uint_eq(got[0], 'Z');
	driver_close(&r.d);
}
END_TEST

/* ---- randomness ---- */

START_TEST(rng)
{
	static const u8 want[19] = { 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3 };
	struct rig r;
	u8 got[20];

	setup(&r);
	ck_assert_int_eq(virtio_rng_init(&r.rng, &r.d.b.world, NULL), 0);
	driver_attach(&r.d, &r.rng.v);
	driver_start(&r.d, F_VERSION);
	desc(&r.d, 0, 0, BUF, 19, D_WRITE, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 19);
	mem_read(&r.d.mem, BUF, got, 20);
	ck_assert_int_eq(memcmp(got, want, 19), 0);
	ck_assert_uint_eq(got[19], 0);
	desc(&r.d, 0, 0, BUF, 0x40000, D_WRITE, 0); /* some of it is enough */
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 1024);
	driver_close(&r.d);
}
END_TEST

/* ---- balloon ---- */

static void setup_balloon(struct rig *r)
{
	setup(r);
	ck_assert_int_eq(virtio_balloon_init(&r->balloon, &r->d.b.world, NULL), 0);
	driver_attach(&r->d, &r->balloon.v);
	driver_start(&r->d, F_VERSION | F_BIT(1) | F_BIT(5));
}

static u8 byte_at(struct rig *r, u64 gpa)
{
	u8 v = 0xee;

	mem_read(&r->d.mem, gpa, &v, 1);
	return v;
}

START_TEST(balloon_inflates_and_deflates)
{
	/* page 0x91, the ROM, an address without memory, page 0x92 */
	static const u32 pfn[] = { 0x91, DRIVER_ROM / 4096, 0xfee00, 0x92 };
	struct rig r;

	setup_balloon(&r);
	virtio_balloon_set(&r.balloon.v.dev, 2);
	ck_assert_uint_eq(reg_get(&r.d, 0x60), VIRTIO_ISR_CONFIG);
	ck_assert_uint_eq(config_get(&r.d, 0, 4), 2);
	for (u64 gpa = 0x90000; gpa < 0x94000; gpa += 4096)
		mem_write(&r.d.mem, gpa + 7, "x", 1);
	mem_poke(&r.d.mem, DRIVER_ROM, "x", 1);
	mem_write(&r.d.mem, BUF, pfn, sizeof(pfn));
	desc(&r.d, 0, 0, BUF, sizeof(pfn), 0, 0);
	submit(&r.d, 0, 0);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 0);
	ck_assert_uint_eq(byte_at(&r, 0x90007), 'x');
	ck_assert_uint_eq(byte_at(&r, 0x91007), 0);
	ck_assert_uint_eq(byte_at(&r, 0x92007), 0);
	ck_assert_uint_eq(byte_at(&r, 0x93007), 'x');
	ck_assert_uint_eq(byte_at(&r, DRIVER_ROM), 'x');
	ck_assert_uint_eq(r.balloon.s.pages_taken[0], 2);
	bus_write(&r.d.mmio, DRIVER_BASE + 0x104, 4, 2, NULL);
	ck_assert_uint_eq(virtio_balloon_actual(&r.balloon.v.dev), 2);
	desc(&r.d, 1, 0, BUF, 4, 0, 0);
	submit(&r.d, 1, 0);
	ck_assert_uint_eq(r.balloon.s.pages_given[0], 1);
	device_reset(&r.balloon.v.dev); /* the user's wish stays */
	device_reset(&r.balloon.v.dev);
	ck_assert_uint_eq(config_get(&r.d, 0, 4), 2);
	ck_assert_uint_eq(r.balloon.s.pages_taken[0], 0);
	ck_assert_uint_eq(reg_get(&r.d, R_STATUS), 0);
	driver_close(&r.d);
}
END_TEST

START_TEST(balloon_statistics)
{
	struct { u16 tag; u64 value; } __attribute__((packed)) stat[] = { { 4, 1234567 }, { 99, 1 },
									  { 5, 1 << 20 } };
	struct rig r;

	setup_balloon(&r);
	mem_write(&r.d.mem, BUF, stat, sizeof(stat));
	desc(&r.d, 2, 3, BUF, sizeof(stat), 0, 0);
	submit(&r.d, 2, 3);
	ck_assert_uint_eq(r.balloon.s.stat[4], 1234567);
	ck_assert_uint_eq(r.balloon.s.stat[5], 1 << 20);
	ck_assert_int_eq(next_used(&r.d, 2, NULL), -1); /* kept until new ones are wanted */
	virtio_balloon_set(&r.balloon.v.dev, 1);
	ck_assert_int_eq(next_used(&r.d, 2, NULL), 0);
	virtio_balloon_set(&r.balloon.v.dev, 1);
	ck_assert_int_eq(next_used(&r.d, 2, NULL), -1);
	driver_close(&r.d);
}
END_TEST

START_TEST(balloon_takes_reports)
{
	struct rig r;

	setup_balloon(&r);
	mem_write(&r.d.mem, 0x91005, "x", 1);
	mem_write(&r.d.mem, 0x92fff, "x", 1);
	mem_write(&r.d.mem, 0x95000, "x", 1);
	desc(&r.d, 3, 0, 0x91000, 0x2000, D_WRITE | D_NEXT, 1);
	desc(&r.d, 3, 1, 0x95000, 0x800, D_WRITE, 0); /* no whole page */
	submit(&r.d, 3, 0);
	ck_assert_int_eq(next_used(&r.d, 3, NULL), 0);
	ck_assert_uint_eq(byte_at(&r, 0x91005) | byte_at(&r, 0x92fff), 0);
	ck_assert_uint_eq(byte_at(&r, 0x95000), 'x');
	ck_assert_uint_eq(r.balloon.s.pages_reported[0], 2);
	driver_close(&r.d);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		net_configuration, net_transmit,  net_receive, net_receive_merged,	     console_output,
		console_input,	   rng,		  balloon_inflates_and_deflates, balloon_statistics,
		balloon_takes_reports,
	};

	return unit_run("virtio kinds", tests, ARRAY_LEN(tests));
}
