/* SPDX-License-Identifier: GPL-3.0-or-later
 * kbd.c - 8042 keyboard controller, with an AT keyboard at its first port and room for a mouse at its
 * second.
 * Ports: 60h (data), 64h (status and command).
 * Rule: one byte at a time: fill() moves the next answer or key into the output buffer only when that is
 * empty.
 * NOT MODELLED: scan code set 3, key repeat, the time bytes take on the wire, the password and the input
 * port's switches.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
#include "devices/kbd.h"

/* clang-format off */
enum { STATUS_FULL = 1, STATUS_SYSTEM = 4, STATUS_COMMAND = 8, STATUS_UNLOCKED = 0x10, STATUS_AUX = 0x20,
       STATUS_TIMEOUT = 0x40 };
enum { MODE_IRQ1 = 1, MODE_IRQ12 = 2, MODE_SYSTEM = 4, MODE_KBD_OFF = 0x10, MODE_AUX_OFF = 0x20,
       MODE_TRANSLATE = 0x40 };
enum { OUT_NOT_RESET = 1, OUT_A20 = 2 };
enum { REPLY_NONE, REPLY_KBD, REPLY_AUX, REPLY_AUX_TIMEOUT };
enum { ACK = 0xfa, RESEND = 0xfe, SELF_TEST_PASSED = 0xaa, BREAK = 0xf0 };
enum { CLAIM_DATA, CLAIM_STATUS };

/* Controller commands */
enum { CTL_READ_MODE = 0x20, CTL_WRITE_MODE = 0x60, CTL_AUX_OFF = 0xa7, CTL_AUX_ON = 0xa8,
       CTL_AUX_TEST = 0xa9, CTL_SELF_TEST = 0xaa, CTL_KBD_TEST = 0xab, CTL_KBD_OFF = 0xad, CTL_KBD_ON = 0xae,
       CTL_READ_IN = 0xc0, CTL_READ_OUT = 0xd0, CTL_WRITE_OUT = 0xd1, CTL_FAKE_KBD = 0xd2,
       CTL_FAKE_AUX = 0xd3, CTL_WRITE_AUX = 0xd4, CTL_A20_OFF = 0xdd, CTL_A20_ON = 0xdf, CTL_PULSE = 0xf0 };
/* Keyboard commands */
enum { KBD_LEDS = 0xed, KBD_ECHO = 0xee, KBD_SCAN_SET = 0xf0, KBD_IDENTIFY = 0xf2, KBD_TYPEMATIC = 0xf3,
       KBD_ENABLE = 0xf4, KBD_DISABLE = 0xf5, KBD_DEFAULTS = 0xf6, KBD_RESEND = 0xfe, KBD_RESET = 0xff };

/* Make codes of set 2, by those of set 1. */
static const u8 set2[128] = {
	0x00, 0x76, 0x16, 0x1e, 0x26, 0x25, 0x2e, 0x36, 0x3d, 0x3e, 0x46, 0x45, 0x4e, 0x55, 0x66, 0x0d,
	0x15, 0x1d, 0x24, 0x2d, 0x2c, 0x35, 0x3c, 0x43, 0x44, 0x4d, 0x54, 0x5b, 0x5a, 0x14, 0x1c, 0x1b,
	0x23, 0x2b, 0x34, 0x33, 0x3b, 0x42, 0x4b, 0x4c, 0x52, 0x0e, 0x12, 0x5d, 0x1a, 0x22, 0x21, 0x2a,
	0x32, 0x31, 0x3a, 0x41, 0x49, 0x4a, 0x59, 0x7c, 0x11, 0x29, 0x58, 0x05, 0x06, 0x04, 0x0c, 0x03,
	0x0b, 0x83, 0x0a, 0x01, 0x09, 0x77, 0x7e, 0x6c, 0x75, 0x7d, 0x7b, 0x6b, 0x73, 0x74, 0x79, 0x69,
	0x72, 0x7a, 0x70, 0x71, 0x7f, 0x60, 0x61, 0x78, 0x07, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x3f,
	0x47, 0x4f, 0x56, 0x5e, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48, 0x50, 0x57, 0x6f,
	0x13, 0x19, 0x39, 0x51, 0x53, 0x5c, 0x5f, 0x62, 0x63, 0x64, 0x65, 0x67, 0x68, 0x6a, 0x6d, 0x6e,
};
/* clang-format on */

static struct kbd *of(struct device *d)
{
	return (struct kbd *)d;
}

static void update_irqs(struct kbd *k)
{
	bool aux = k->s.status[0] & STATUS_AUX;

	irq_set(&k->irq1, k->s.full[0] && !aux && k->s.mode[0] & MODE_IRQ1);
	irq_set(&k->irq12, k->s.full[0] && aux && k->s.mode[0] & MODE_IRQ12);
}

/* The output buffer takes the next byte: the controller's own answer first, then what keyboard and mouse
 * send. */
static void fill(struct kbd *k)
{
	struct kbd_state *s = &k->s;

	if (s->full[0])
		return;
	if (s->reply_kind[0]) {
		s->data[0] = s->reply[0];
		s->status[0] &= (u8) ~(STATUS_AUX | STATUS_TIMEOUT);
		s->status[0] |= s->reply_kind[0] >= REPLY_AUX ? STATUS_AUX : 0;
		s->status[0] |= s->reply_kind[0] == REPLY_AUX_TIMEOUT ? STATUS_TIMEOUT : 0;
		s->reply_kind[0] = REPLY_NONE;
	} else if (s->queue_count[0] && !(s->mode[0] & MODE_KBD_OFF)) {
		s->data[0] = s->queue[s->queue_head[0] % KBD_QUEUE];
		s->queue_head[0] = (s->queue_head[0] + 1) % KBD_QUEUE;
		s->queue_count[0]--;
		s->status[0] &= (u8) ~(STATUS_AUX | STATUS_TIMEOUT);
	} else if (!(s->mode[0] & MODE_AUX_OFF) && k->aux.take && k->aux.take(k->aux.arg, &s->data[0])) {
		s->status[0] &= (u8)~STATUS_TIMEOUT;
		s->status[0] |= STATUS_AUX;
	} else {
		return;
	}
	s->full[0] = 1;
}

static void reply(struct kbd *k, u8 byte, u8 kind)
{
	k->s.reply[0] = byte;
	k->s.reply_kind[0] = kind;
}

static void queue(struct kbd *k, u8 byte)
{
	struct kbd_state *s = &k->s;

	if (s->queue_count[0] < KBD_QUEUE)
		s->queue[(s->queue_head[0] + s->queue_count[0]++) % KBD_QUEUE] = byte;
}

/* ---- the keyboard ---- */

bool kbd_key(struct device *d, u16 key, bool down)
{
	struct kbd *k = of(d);
	struct kbd_state *s = &k->s;
	u8 code = key & 0x7f;
	/* The controller translates set 2 to set 1; what the guest reads is the same as if the keyboard
	 * sent set 1. */
	bool set1 = s->scan_set[0] == 1 || s->mode[0] & MODE_TRANSLATE;

	if (!s->scanning[0] || !code ||
	    s->queue_count[0] > KBD_QUEUE - 3) /* the longest key has three bytes */
		return false;
	if (key >> 8 == 0xe0)
		queue(k, 0xe0);
	if (!set1 && !down)
		queue(k, BREAK);
	queue(k, set1 ? (u8)(code | (down ? 0 : 0x80)) : set2[code]);
	fill(k);
	update_irqs(k);
	return true;
}

static void kbd_defaults(struct kbd_state *s)
{
	s->scan_set[0] = 2;
	s->leds[0] = 0;
	s->typematic[0] = 0x2b;
}

static void clear_queue(struct kbd_state *s)
{
	s->queue_head[0] = s->queue_count[0] = 0;
}

/* The byte after a command that wants one. */
static void kbd_parameter(struct kbd *k, u8 command, u8 v)
{
	struct kbd_state *s = &k->s;

	if (command == KBD_SCAN_SET && v > 2) {
		queue(k, RESEND);
		return;
	}
	queue(k, ACK);
	if (command == KBD_LEDS)
		s->leds[0] = v & 7;
	else if (command == KBD_TYPEMATIC)
		s->typematic[0] = v & 0x7f;
	else if (v == 0) /* which scan code set is it? */
		queue(k, s->scan_set[0]);
	else
		s->scan_set[0] = v;
}

static void kbd_identify(struct kbd *k)
{
	queue(k, ACK);
	queue(k, 0xab);
	queue(k, k->s.mode[0] & MODE_TRANSLATE ? 0x41 : 0x83); /* the answer is translated like any code */
}

/* clang-format off */
static void kbd_write(struct kbd *k, u8 v)
{
	struct kbd_state *s = &k->s;
	u8 command = s->kbd_command[0];

	s->mode[0] &= (u8)~MODE_KBD_OFF; /* sending switches the clock line on */
	s->kbd_command[0] = 0;
	if (command && v < KBD_LEDS) {
		kbd_parameter(k, command, v);
		return;
	}
	switch (v) {
	case KBD_LEDS: case KBD_SCAN_SET: case KBD_TYPEMATIC:
		s->kbd_command[0] = v;
		queue(k, ACK);
		break;
	case KBD_ECHO: queue(k, KBD_ECHO); break;
	case KBD_IDENTIFY: kbd_identify(k); break;
	case KBD_ENABLE: case KBD_DISABLE: case KBD_DEFAULTS:
		clear_queue(s);
		if (v != KBD_ENABLE)
			kbd_defaults(s);
		s->scanning[0] = v != KBD_DISABLE;
		queue(k, ACK);
		break;
	case KBD_RESET:
		clear_queue(s);
		kbd_defaults(s);
		s->scanning[0] = 1;
		queue(k, ACK);
		queue(k, SELF_TEST_PASSED);
		break;
	case KBD_RESEND: queue(k, s->data[0]); break;
	default: queue(k, RESEND);
	}
}
/* clang-format on */

/* ---- the controller ---- */

static void write_out_port(struct kbd *k, u8 v)
{
	const struct device_world *w = k->dev.world;

	k->s.out_port[0] = v;
	irq_set(&k->a20, !!(v & OUT_A20));
	if (!(v & OUT_NOT_RESET) && w->reset_request)
		w->reset_request(w->arg);
}

/* F0h to FFh: the low bits that are 0 pull output port lines low for a moment; bit 0 is the processor's
 * reset. */
static void pulse(struct kbd *k, u8 v)
{
	const struct device_world *w = k->dev.world;

	if (!(v & OUT_NOT_RESET) && w->reset_request)
		w->reset_request(w->arg);
}

void kbd_aux_ready(void *arg, int n, int level)
{
	struct kbd *k = arg;

	fill(k);
	update_irqs(k);
}

/* Sending switches the clock line on; if nobody listens, that is told like an answer. */
static void aux_write(struct kbd *k, u8 v)
{
	k->s.mode[0] &= (u8)~MODE_AUX_OFF;
	if (k->aux.send)
		k->aux.send(k->aux.arg, v);
	else
		reply(k, RESEND, REPLY_AUX_TIMEOUT);
}

static void set_mode_bit(struct kbd_state *s, u8 bit, bool on)
{
	s->mode[0] = on ? s->mode[0] | bit : s->mode[0] & (u8)~bit;
}

static void self_test(struct kbd *k)
{
	k->s.mode[0] |= MODE_SYSTEM | MODE_KBD_OFF | MODE_AUX_OFF;
	k->s.status[0] |= STATUS_SYSTEM;
	k->s.full[0] = 0;
	reply(k, 0x55, REPLY_KBD);
}

/* clang-format off */
static void write_command(struct kbd *k, u8 v)
{
	struct kbd_state *s = &k->s;

	s->status[0] |= STATUS_COMMAND;
	s->command[0] = 0;
	if (v >= CTL_PULSE) {
		pulse(k, v);
		return;
	}
	switch (v) {
	case CTL_READ_MODE: reply(k, s->mode[0], REPLY_KBD); break;
	case CTL_WRITE_MODE: case CTL_WRITE_OUT: case CTL_FAKE_KBD: case CTL_FAKE_AUX: case CTL_WRITE_AUX:
		s->command[0] = v;
		break;
	case CTL_AUX_OFF: case CTL_AUX_ON: set_mode_bit(s, MODE_AUX_OFF, v == CTL_AUX_OFF); break;
	case CTL_AUX_TEST: case CTL_KBD_TEST: reply(k, 0, REPLY_KBD); break;
	case CTL_SELF_TEST: self_test(k); break;
	case CTL_KBD_OFF: case CTL_KBD_ON: set_mode_bit(s, MODE_KBD_OFF, v == CTL_KBD_OFF); break;
	case CTL_READ_IN: reply(k, 0x80, REPLY_KBD); break; /* the keyboard is not locked */
	case CTL_READ_OUT: reply(k, s->out_port[0], REPLY_KBD); break;
	case CTL_A20_OFF: case CTL_A20_ON:
		write_out_port(k, (u8)((s->out_port[0] & ~OUT_A20) | (v == CTL_A20_ON ? OUT_A20 : 0)));
		break;
	default:
		device_log(&k->dev, LOG_DEBUG, "controller command %02Xh is not modelled", v);
	}
}

static void write_data(struct kbd *k, u8 v)
{
	struct kbd_state *s = &k->s;
	u8 command = s->command[0];

	s->status[0] &= (u8)~STATUS_COMMAND;
	s->command[0] = 0;
	switch (command) {
	case CTL_WRITE_MODE:
		s->mode[0] = v & 0x7f;
		s->status[0] = (u8)((s->status[0] & ~STATUS_SYSTEM) | (v & MODE_SYSTEM));
		break;
	case CTL_WRITE_OUT: write_out_port(k, v); break;
	case CTL_FAKE_KBD: reply(k, v, REPLY_KBD); break;
	case CTL_FAKE_AUX: reply(k, v, REPLY_AUX); break;
	case CTL_WRITE_AUX: aux_write(k, v); break;
	default: kbd_write(k, v);
	}
}
/* clang-format on */

static void ports_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct kbd *k = of(d);

	if (claim == &d->class->claims[CLAIM_DATA])
		write_data(k, (u8)value);
	else
		write_command(k, (u8)value);
	fill(k);
	update_irqs(k);
}

static u64 ports_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct kbd *k = of(d);
	u8 value = k->s.data[0];

	if (claim == &d->class->claims[CLAIM_STATUS])
		return k->s.status[0] | (k->s.full[0] ? STATUS_FULL : 0);
	k->s.full[0] = 0;
	update_irqs(k); /* the line falls before the next byte raises it again */
	fill(k);
	update_irqs(k);
	return value;
}

static void kbd_reset(struct device *d)
{
	update_irqs(of(d));
	irq_set(&of(d)->a20, !!(of(d)->s.out_port[0] & OUT_A20));
}

static void kbd_restored(struct device *d)
{
	struct kbd_state *s = &of(d)->s;

	s->queue_head[0] %= KBD_QUEUE;
	if (s->queue_count[0] > KBD_QUEUE)
		s->queue_count[0] = KBD_QUEUE;
	if (s->reply_kind[0] > REPLY_AUX_TIMEOUT)
		s->reply_kind[0] = REPLY_NONE;
	kbd_reset(d);
}

static const char *const data_regs[] = { "data" };
static const char *const status_regs[] = { "status/command" };
static const struct claim claims[] = {
	[CLAIM_DATA] = { SPACE_PORT, 0x60, 1, data_regs, 1, 1 },
	[CLAIM_STATUS] = { SPACE_PORT, 0x64, 1, status_regs, 1, 1 },
};

const struct device_class kbd_class = {
	.name = "kbd",
	.brief = "8042 keyboard controller and keyboard",
	.layout = &kbd_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = ports_read,
	.write = ports_write,
	.reset = kbd_reset,
	.restored = kbd_restored,
};
