/* SPDX-License-Identifier: GPL-3.0-or-later
 * net.c - fuzz target: the input is what a hostile guest sends to the user-mode network.
 * Rule: nothing crashes or hangs, no frame that comes back is longer than a frame, and with restrict=on no socket is
 * ever opened.
 *
 * Frames: u8 kind, u8 length * 4, bytes laid over a good frame of that kind (nothing, ARP, DHCP, TCP SYN, UDP, ICMP);
 * some checksums are put right.  Between them virtual time passes.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/backends/slirp.h"
#include "tests/fake-engine.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { FRAMES_MAX = 60, HEADER = 14, IP = 20, ROOM = 1500 };

static const u8 templates[][60] = {
	{ 0 },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12,
	  0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2 },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45, 0, 1, 0x48, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0,
	  0, 0, 255, 255, 255, 255, 0, 68, 0, 67, 1, 0x34, 0, 0, 1, 1, 6 },
	{ 0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 2, 15, 10, 0,
	  2, 2, 0x30, 0x39, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0x20, 0 },
	{ 0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45, 0, 0, 60, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 2, 15, 10, 0,
	  2, 2, 0x30, 0x39, 0, 69, 0, 40 },
	{ 0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45, 0, 0, 60, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 2, 15, 10, 0,
	  2, 2, 8 },
};

static u32 received;

static bool ready(void *arg)
{
	return true;
}

static bool receive(void *arg, const u8 *frame, u32 len)
{
	if (len > NET_FRAME_MAX || len < HEADER)
		abort();
	received++;
	return true;
}

/* RFC 1071 */
static void put_ip_check(u8 *ip)
{
	u32 sum = 0;

	ip[10] = ip[11] = 0;
	for (int i = 0; i < IP; i += 2)
		sum += (u32)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	ip[10] = (u8)(~sum >> 8);
	ip[11] = (u8)~sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct vm_config config = { .name = "net", .engine = &fake_engine, .mem_size = 1 << 20, .cpus = 1 };
	const struct slirp_options options = { .restricted = true };
	struct err err = { 0 };
	struct vm *vm = vm_create(&config, &err);
	struct outside outside;
	struct cable cable;
	struct slirp_net *s;
	u8 frame[ROOM];

	if (!vm || cable_open(&cable, vm, &err))
		abort();
	outside_open(&outside, vm);
	s = slirp_net_open(&options, &cable, &outside, &err);
	if (!s) /* built without libslirp */
		goto out;
	cable.card = (struct cable_card){ ready, NULL };
	vm->inlet[INPUT_NET] = (struct vm_inlet){ .take = receive };
	const struct net_port port = cable_port(&cable);
	for (size_t at = 0, n = 0; at + 2 < size && n < FRAMES_MAX; n++) {
		u8 kind = data[at], len4 = data[at + 1];
		u32 len = len4 * 4u + 2, extra = 0;

		at += 2;
		memset(frame, 0, sizeof(frame));
		memcpy(frame, templates[kind % ARRAY_LEN(templates)], sizeof(templates[0]));
		for (; extra < len && at < size; extra++, at++)
			frame[(extra + (kind & 0x80 ? 34 : 0)) % ROOM] ^= data[at];
		if (kind & 0x40)
			put_ip_check(frame + HEADER);
		port.send(port.arg, frame, len);
		clock_skip_to(&vm->clock, vm->clock.now + (u64)kind * 1000000);
		if (vm->outside.poll)
			vm->outside.poll(vm->outside.arg, 0);
		if (outside.nfds)
			abort();
	}
out:
	slirp_net_close(s);
	cable_close(&cable, NULL);
	outside_close(&outside);
	vm_destroy(vm);
	return 0;
}
