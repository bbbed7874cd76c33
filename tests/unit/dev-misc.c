/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-misc.c - the small devices: port 92h, debug console, test ports, power-off ports, firmware
 * configuration.
 * Rule: facts from the documents that their files name.
 */
#include <stdio.h>

#include "devices/debugcon.h"
#include "devices/fwcfg.h"
#include "devices/port92.h"
#include "devices/power.h"
#include "devices/testdev.h"
#include "tests/unit/dev.h"

static enum verdict note(void *arg, const struct event *ev)
{
	char *text = arg;

	snprintf(text + strlen(text), 32, ev->kind == EV_mark ? "mark %llx " : "debug %llx ",
		 (unsigned long long)(ev->kind == EV_mark ? ev->mark.value : ev->debug.byte));
	return EV_GO;
}

START_TEST(port_92h)
{
	struct bench b;
	struct port92 p = { 0 };

	bench_init(&b);
	p.a20 = bench_line(&b, 0);
	bench_add(&b, &p.dev, &port92_class, &p.s);
	out8(&b, 0x92, 2);
	ck_assert_int_eq(b.level[0], 1);
	ck_assert_uint_eq(in8(&b, 0x92), 2);
	out8(&b, 0x92, 0);
	ck_assert_int_eq(b.level[0], 0);
	out8(&b, 0x92, 1);
	out8(&b, 0x92, 1);
	ck_assert_int_eq(b.resets, 1);
	out8(&b, 0x92, 0);
	out8(&b, 0x92, 3);
	ck_assert_int_eq(b.resets, 2);
}
END_TEST

START_TEST(debug_console)
{
	struct bench b;
	struct debugcon d = { 0 };
	char text[64] = "";

	bench_init(&b);
	bench_add(&b, &d.dev, &debugcon_class, &d.s);
	event_subscribe(&b.events, EV_BIT(debug), note, text);
	ck_assert_uint_eq(in8(&b, 0x402), 0xe9);
	ck_assert_uint_eq(in8(&b, 0xe9), 0xe9);
	out8(&b, 0x402, 'a');
	out8(&b, 0xe9, 'b');
	ck_assert_str_eq(b.text, "ab");
	ck_assert_str_eq(b.channel, "debugcon");
	ck_assert_str_eq(text, "debug 61 debug 62 ");
}
END_TEST

START_TEST(test_ports)
{
	struct bench b;
	struct testdev d = { 0 };
	char text[64] = "";

	bench_init(&b);
	bench_add(&b, &d.dev, &testdev_class, &d.s);
	event_subscribe(&b.events, EV_BIT(mark), note, text);
	out8(&b, 0xe0, 7);
	out16(&b, 0xe0, 0x1234);
	out32(&b, 0xe0, 0xdeadbeef);
	ck_assert_str_eq(text, "mark 7 mark 1234 mark deadbeef ");
	ck_assert_int_eq(b.status, -1);
	out8(&b, 0xf4, 0);
	ck_assert_int_eq(b.status, 1);
	out32(&b, 0xf4, 16);
	ck_assert_int_eq(b.status, 33);
	out8(&b, 0xf4, 0xff);
	ck_assert_int_eq(b.status, 255);
	out32(&b, 0xf4, 0x80000000);
	ck_assert_int_eq(b.status, 1);
	ck_assert_uint_eq(in32(&b, 0xf4), 0xffffffff);
}
END_TEST

START_TEST(power_off_ports)
{
	static const struct {
		u16 port, value;
		int status;
	} row[] = {
		{ 0xb004, 0x2000, 0 },  { 0xb004, 0x2000, 0 }, { 0xb004, 0x2001, 0 },
		{ 0xb004, 0x0001, -1 }, { 0xb004, 0x3400, -1 }, { 0xb004, 0x1c01, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct bench b;
		struct power p = { 0 };

		bench_init(&b);
		bench_add(&b, &p.dev, &power_class, &p.s);
		out16(&b, row[i].port, row[i].value);
		ck_assert_int_eq(b.status, row[i].status);
		ck_assert_uint_eq(in16(&b, row[i].port), row[i].value & ~0x2000);
	}
}
END_TEST

START_TEST(bochs_shutdown)
{
	struct bench b;
	struct power p = { 0 };

	bench_init(&b);
	bench_add(&b, &p.dev, &power_class, &p.s);
	for (const char *c = "ShutShutdowShutdown"; *c; c++) {
		ck_assert_int_eq(b.status, -1);
		out8(&b, 0x8900, (u8)*c);
	}
	ck_assert_int_eq(b.status, 0);
	out8(&b, 0xb004, 0); /* by bytes */
	b.status = -1;
	out8(&b, 0xb005, 0x20);
	ck_assert_int_eq(b.status, 0);
}
END_TEST

START_TEST(firmware_configuration)
{
	struct bench b;
	struct fwcfg f = { 0 };

	bench_init(&b);
	fwcfg_add(&f, FWCFG_SIGNATURE, "QEMU", 4);
	fwcfg_add_file(&f, "etc/one", "1", 1);
	fwcfg_add_file(&f, "etc/two", "22", 2);
	bench_add(&b, &f.dev, &fwcfg_class, &f.s);
	out16(&b, 0x510, 0);
	for (const char *c = "QEMU"; *c; c++)
		ck_assert_uint_eq(in8(&b, 0x511), (u8)*c);
	ck_assert_uint_eq(in8(&b, 0x511), 0); /* past the end */
	out16(&b, 0x510, FWCFG_FILE_DIR);
	static const u8 directory[] = "\0\0\0\2"
				      "\0\0\0\1"
				      "\0\x20\0\0"
				      "etc/one";
	for (size_t i = 0; i < sizeof(directory); i++)
		ck_assert_uint_eq(in8(&b, 0x511), directory[i]);
	for (size_t i = sizeof(directory); i < 4 + 64; i++)
		ck_assert_uint_eq(in8(&b, 0x511), 0);
	static const u8 second[] = "\0\0\0\2"
				   "\0\x21\0\0"
				   "etc/two";
	for (size_t i = 0; i < sizeof(second); i++)
		ck_assert_uint_eq(in8(&b, 0x511), second[i]);
	out16(&b, 0x510, 0x21);
	out8(&b, 0x511, 'x'); /* items cannot be written */
	ck_assert_uint_eq(in8(&b, 0x511), '2');
	out16(&b, 0x510, 0xffff);
	ck_assert_uint_eq(in8(&b, 0x511), 0);
	fwcfg_release(&f);
}
END_TEST

enum { RAM = 1 << 20, REQUEST = 0x1000, PLACE = 0x2000 };

static u32 dma(struct bench *b, struct mem *m, u32 control, u32 len, u64 address)
{
	u32 r[4] = { __builtin_bswap32(control), __builtin_bswap32(len), __builtin_bswap32((u32)(address >> 32)),
		     __builtin_bswap32((u32)address) };

	ck_assert(mem_write(m, REQUEST, r, sizeof(r)));
	out32(b, 0x518, __builtin_bswap32(REQUEST));
	ck_assert(mem_read(m, REQUEST, r, 4));
	return __builtin_bswap32(r[0]);
}

START_TEST(firmware_configuration_by_dma)
{
	struct bench b;
	struct fwcfg f = { 0 };
	struct frames frames;
	struct mem m;
	frame_no first;
	char big[10000], got[10010];

	bench_init(&b);
	ck_assert_int_eq(frames_open(&frames, RAM, NULL), 0);
	ck_assert_int_eq(mem_open(&m, &frames, RAM * 2, NULL), 0);
	first = frames_alloc(&frames, RAM / 4096);
	ck_assert_int_ge(mem_slot_add(&m, "RAM", 0, RAM, first, 0, NULL), 0);
	frames_unref(&frames, first, RAM / 4096);
	b.world.mem = &m;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 3 + (i >> 8) + 1);
	fwcfg_add_file(&f, "etc/big", big, sizeof(big));
	bench_add(&b, &f.dev, &fwcfg_class, &f.s);
	ck_assert_uint_eq(in32(&b, 0x514), 0x554d4551); /* "QEMU CFG" */
	ck_assert_uint_eq(in32(&b, 0x518), 0x47464320);
	/* select and read, past the end: zeros */
	memset(got, 1, sizeof(got));
	mem_write(&m, PLACE, got, sizeof(got));
	ck_assert_uint_eq(dma(&b, &m, 0x20 << 16 | 8 | 2, 10005, PLACE), 0);
	mem_read(&m, PLACE, got, sizeof(got));
	ck_assert_mem_eq(got, big, sizeof(big));
	ck_assert_mem_eq(got + 10000, "\0\0\0\0\0\1", 6);
	/* skip, then read on */
	ck_assert_uint_eq(dma(&b, &m, 0x20 << 16 | 8, 0, 0), 0);
	ck_assert_uint_eq(dma(&b, &m, 4, 9000, 0), 0);
	ck_assert_uint_eq(dma(&b, &m, 2, 4, PLACE), 0);
	mem_read(&m, PLACE, got, 4);
	ck_assert_mem_eq(got, big + 9000, 4);
	/* what cannot be */
	ck_assert_uint_eq(dma(&b, &m, 16, 4, PLACE), 1);
	ck_assert_uint_eq(dma(&b, &m, 2, UINT32_MAX, PLACE), 1);
	ck_assert_uint_eq(dma(&b, &m, 2, 4, UINT64_MAX - 1), 1);
	out32(&b, 0x514, 0xffffffff); /* a request where there is no memory */
	out32(&b, 0x518, 0xffffffff);
	fwcfg_release(&f);
	mem_close(&m);
	frames_close(&frames);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		port_92h,       debug_console,          test_ports,                    power_off_ports,
		bochs_shutdown, firmware_configuration, firmware_configuration_by_dma,
	};

	return unit_run("small devices", tests, ARRAY_LEN(tests));
}
