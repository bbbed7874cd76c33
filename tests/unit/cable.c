/* SPDX-License-Identifier: GPL-3.0-or-later
 * cable.c - the network cable and the user-mode network behind it, with the test as the guest's card.
 * Rule: facts from RFC 826 (ARP), RFC 2131 (DHCP), RFC 793 (TCP) and the capture format; the host's own sockets are
 * the other end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/backends/slirp.h"
#include "tests/fake-engine.h"
#include "tests/unit/unit.h"

enum { FRAMES = 64, GUEST_PORT = 7 };

struct rig {
	struct vm *vm;
	struct outside outside;
	struct cable cable;
	struct slirp_net *slirp; /* NULL: built without */
	bool ready;
	int n, inputs;
	u32 len[FRAMES];
	u8 frame[FRAMES][2000];
};

static const u8 guest_mac[] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };

static bool ready(void *arg)
{
	return ((struct rig *)arg)->ready;
}

static bool receive(void *arg, const u8 *frame, u32 len)
{
	struct rig *r = arg;

	ck_assert_int_lt(r->n, FRAMES);
	r->len[r->n] = len;
	memcpy(r->frame[r->n++], frame, len < 2000 ? len : 2000);
	return true;
}

static enum verdict on_input(void *arg, const struct event *ev)
{
	((struct rig *)arg)->inputs += ev->input.source == INPUT_NET;
	return EV_GO;
}

static struct rig *setup(const struct slirp_options *o)
{
	const struct vm_config config = { .name = "cable", .engine = &fake_engine, .mem_size = 1 << 20, .cpus = 1 };
	struct rig *r = calloc(1, sizeof(*r));
	struct err err = { 0 };

	r->vm = vm_create(&config, &err);
	ck_assert_ptr_nonnull(r->vm);
	ck_assert_int_eq(cable_open(&r->cable, r->vm, &err), 0);
	outside_open(&r->outside, r->vm);
	r->cable.card = (struct cable_card){ ready, r };
	r->vm->inlet[INPUT_NET] = (struct vm_inlet){ .take = receive, .arg = r };
	r->ready = true;
	if (o) {
		r->slirp = slirp_net_open(o, &r->cable, &r->outside, &err);
		ck_assert_msg(r->slirp || strstr(err.text, "without libslirp"), "%s", err.text);
	}
	return r;
}

static void done(struct rig *r)
{
	slirp_net_close(r->slirp);
	cable_close(&r->cable, NULL);
	outside_close(&r->outside);
	vm_destroy(r->vm);
	free(r);
}

static void guest_sends(struct rig *r, const void *frame, u32 len)
{
	struct net_port port = cable_port(&r->cable);

	port.send(port.arg, frame, len);
}

static void look(struct rig *r, u64 ns)
{
	if (r->vm->outside.poll)
		r->vm->outside.poll(r->vm->outside.arg, ns);
}

static void sum16(u32 *sum, const u8 *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*sum += (u32)data[i] << (i % 2 ? 0 : 8);
}

static u16 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((u16)~sum);
}

/* An IPv4 packet from the guest around len bytes of a protocol with its checksum at `check`. */
static u32 ip_frame(u8 *f, const char *to, u8 protocol, const u8 *data, u32 len, u32 check)
{
	u8 head[34] = { 0x52, 0x55, 10, 0, 2, 2, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 0, 0x45 };
	u32 sum = 0, all = protocol + len;
	u16 word = htons((u16)(20 + len));

	head[22] = 64;
	head[23] = protocol;
	memcpy(head + 16, &word, 2);
	inet_pton(AF_INET, "10.0.2.15", head + 26);
	inet_pton(AF_INET, to, head + 30);
	sum16(&sum, head + 14, 20);
	word = fold(sum);
	memcpy(head + 24, &word, 2);
	memcpy(f, head, sizeof(head));
	memcpy(f + 34, data, len);
	memset(f + 34 + check, 0, 2);
	sum16(&all, head + 26, 8);
	sum16(&all, f + 34, len);
	word = fold(all);
	memcpy(f + 34 + check, &word, 2);
	return 34 + len;
}

static void arp(struct rig *r)
{
	const u8 request[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
				 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2 };

	guest_sends(r, request, sizeof(request));
}

START_TEST(arp_finds_the_router)
{
	struct rig *r = setup(&(struct slirp_options){ 0 });

	if (r->slirp) {
		ck_assert_int_ge(vm_subscribe(r->vm, EV_BIT(input), on_input, r), 0);
		r->ready = false;
		arp(r);
		look(r, 0);
		ck_assert_int_eq(r->n, 0); /* it waits for the card */
		r->ready = true;
		look(r, 0);
		ck_assert_int_eq(r->n, 1);
		ck_assert_mem_eq(r->frame[0], guest_mac, 6);
		ck_assert_int_eq(r->frame[0][21], 2); /* a reply */
		ck_assert_mem_eq(r->frame[0] + 28, "\x0a\0\2\2", 4);
		ck_assert_int_eq(r->inputs, 1 + (int)(r->len[0] + 7) / 8);
		ck_assert_uint_eq(r->vm->inputs, (u64)r->inputs);
	}
	done(r);
}
END_TEST

/* The host dials in: the guest sees a SYN from 10.0.2.2, answers, and gets the host's bytes. */
START_TEST(a_forwarded_port)
{
	struct slirp_options o = { .restricted = true, .nforwards = 1 };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int probe = socket(AF_INET, SOCK_STREAM, 0), host = socket(AF_INET, SOCK_STREAM, 0);
	struct rig *r;

	ck_assert_int_eq(bind(probe, (struct sockaddr *)&a, sizeof(a)), 0);
	getsockname(probe, (struct sockaddr *)&a, &len);
	close(probe);
	o.forward[0] = (struct slirp_forward){ false, a.sin_addr.s_addr, 0, ntohs(a.sin_port), GUEST_PORT };
	r = setup(&o);
	if (r->slirp) {
		arp(r);
		look(r, 0);
		fcntl(host, F_SETFL, O_NONBLOCK);
		ck_assert_int_eq(connect(host, (struct sockaddr *)&a, sizeof(a)), -1);
		ck_assert_int_eq(errno, EINPROGRESS);
		for (int i = 0; i < 50 && r->n < 2; i++)
			look(r, 100000000);
		const u8 *syn = r->frame[r->n - 1];
		ck_assert_int_ge(r->n, 2);
		ck_assert_int_eq(syn[23], 6);
		ck_assert_mem_eq(syn + 26, "\x0a\0\2\2\x0a\0\2\x0f", 8);
		ck_assert_int_eq(syn[36] << 8 | syn[37], GUEST_PORT);
		ck_assert_int_eq(syn[47], 2); /* SYN */
		u8 answer[20] = { 0, GUEST_PORT, syn[34], syn[35], 0, 0, 0, 9 }, frame[100];
		u32 ack;
		memcpy(&ack, syn + 38, 4);
		ack = htonl(ntohl(ack) + 1);
		memcpy(answer + 8, &ack, 4);
		answer[12] = 0x50;
		answer[13] = 0x12; /* SYN, ACK */
		answer[14] = 0x20;
		guest_sends(r, frame, ip_frame(frame, "10.0.2.2", 6, answer, sizeof(answer), 16));
		ck_assert_int_eq(send(host, "hello", 5, MSG_NOSIGNAL), 5);
		r->n = 0;
		for (int i = 0; i < 50 && (!r->n || r->len[r->n - 1] < 59); i++)
			look(r, 100000000);
		ck_assert_int_ge(r->n, 1);
		ck_assert_mem_eq(r->frame[r->n - 1] + 54, "hello", 5);
	}
	close(host);
	done(r);
}
END_TEST

/* A guest behind restrict=on dials a port of the host that is open: nobody comes. */
static int dial(bool restricted)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), came;
	struct rig *r = setup(&(struct slirp_options){ .restricted = restricted });
	u8 syn[20] = { 0x30, 0x39, 0, 0, 0, 0, 0, 1 }, frame[100];

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&a, &len);
	memcpy(syn + 2, &a.sin_port, 2);
	syn[12] = 0x50;
	syn[13] = 2;
	syn[14] = 0x20;
	arp(r);
	guest_sends(r, frame, ip_frame(frame, "10.0.2.2", 6, syn, sizeof(syn), 16));
	for (int i = 0; i < 5; i++)
		look(r, 10000000);
	came = accept(listener, NULL, NULL);
	if (came >= 0)
		close(came);
	close(listener);
	came = r->slirp ? came >= 0 : !restricted;
	done(r);
	return came;
}

START_TEST(restricted_guests_reach_nobody)
{
	ck_assert_int_eq(dial(false), 1);
	ck_assert_int_eq(dial(true), 0);
}
END_TEST

START_TEST(a_card_that_takes_nothing)
{
	struct rig *r = setup(NULL);
	static u8 frame[1500];
	u32 many = CABLE_QUEUE / sizeof(frame) + 10;

	r->ready = false;
	for (u32 i = 0; i < many; i++) {
		memset(frame, (int)i, sizeof(frame));
		cable_put(&r->cable, frame, sizeof(frame));
	}
	ck_assert_uint_gt(r->cable.lost, 9);
	ck_assert_uint_le(r->cable.used, CABLE_QUEUE);
	ck_assert(!cable_waits(&r->cable));
	u64 lost = r->cable.lost;
	cable_put(&r->cable, frame, NET_FRAME_MAX + 1);
	ck_assert_uint_eq(r->cable.lost, lost + 1);
	done(r);
}
END_TEST

START_TEST(frames_keep_their_order_around_the_ring)
{
	struct rig *r = setup(NULL);
	u8 frame[1900];
	u32 sent = 0, got = 0;

	for (int round = 0; round < 300; round++) {
		r->ready = false;
		for (int i = 0; i < 1 + round % 7; i++, sent++) {
			memset(frame, (int)sent, sizeof(frame));
			cable_put(&r->cable, frame, 60 + sent * 37 % 1800);
		}
		r->ready = true;
		r->n = 0;
		cable_deliver(&r->cable);
		for (int i = 0; i < r->n; i++, got++) {
			ck_assert_uint_eq(r->len[i], 60 + got * 37 % 1800);
			ck_assert_uint_eq(r->frame[i][0], got & 0xff);
			ck_assert_uint_eq(r->frame[i][r->len[i] - 1], got & 0xff);
		}
	}
	ck_assert_uint_eq(got, sent);
	ck_assert_uint_eq(r->cable.lost, 0);
	done(r);
}
END_TEST

START_TEST(a_capture)
{
	struct rig *r = setup(NULL);
	struct err err = { 0 };
	char path[64];
	u8 file[200];
	u32 word[4];

	snprintf(path, sizeof(path), "/tmp/vitrine-pcap-%d", (int)getpid());
	ck_assert_int_eq(pcap_open(&r->cable.pcap, path, 1000, &err), 0);
	clock_skip_to(&r->vm->clock, 5000000007ull);
	guest_sends(r, "fourteen bytes", 14);
	cable_put(&r->cable, (const u8 *)"to the machine, more", 20);
	cable_deliver(&r->cable);
	int fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, file, sizeof(file)), 24 + 16 + 14 + 16 + 20);
	close(fd);
	memcpy(word, file, 4);
	ck_assert_uint_eq(word[0], 0xa1b23c4d);
	memcpy(word, file + 24, 16);
	ck_assert_uint_eq(word[0], 1005);
	ck_assert_uint_eq(word[1], 7);
	ck_assert_uint_eq(word[2], 14);
	ck_assert_uint_eq(word[3], 14);
	ck_assert_mem_eq(file + 40, "fourteen bytes", 14);
	ck_assert_mem_eq(file + 70, "to the machine, more", 20);
	unlink(path);
	done(r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		arp_finds_the_router,
		a_forwarded_port,
		restricted_guests_reach_nobody,
		a_card_that_takes_nothing,
		frames_keep_their_order_around_the_ring,
		a_capture,
	};

	return unit_run("cable", tests, ARRAY_LEN(tests));
}
