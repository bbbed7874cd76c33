/* SPDX-License-Identifier: GPL-3.0-or-later
 * mouse.c - a PS/2 mouse behind the keyboard controller's second port.
 * Rule: a report is put together when the last byte of the one before has left, from all that happened
 * until then.
 * NOT MODELLED: sample rates as time (reports come as fast as they are read), resolution and scaling, the
 * two more buttons of the IntelliMouse Explorer.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Mouse"; Microsoft "IntelliMouse wheel" (rates
 * 200, 100, 80 make it id 3).
 */
#include "devices/mouse.h"

/* clang-format off */
enum { CMD_SCALE_1 = 0xe6, CMD_SCALE_2 = 0xe7, CMD_RESOLUTION = 0xe8, CMD_STATUS = 0xe9, CMD_STREAM = 0xea,
       CMD_READ = 0xeb, CMD_NO_WRAP = 0xec, CMD_WRAP = 0xee, CMD_REMOTE = 0xf0, CMD_IDENTIFY = 0xf2,
       CMD_RATE = 0xf3, CMD_ENABLE = 0xf4, CMD_DISABLE = 0xf5, CMD_DEFAULTS = 0xf6, CMD_RESEND = 0xfe,
       CMD_RESET = 0xff };
/* clang-format on */
enum { ACK = 0xfa, RESEND = 0xfe, SELF_TEST_PASSED = 0xaa, ID_PLAIN = 0, ID_WHEEL = 3 };
enum { PACKET_ALWAYS = 8, PACKET_X_SIGN = 0x10, PACKET_Y_SIGN = 0x20 };

static struct mouse *of(void *d)
{
	return d;
}

static void queue(struct mouse_state *s, u8 byte)
{
	if (s->queue_count[0] < MOUSE_QUEUE)
		s->queue[(s->queue_head[0] + s->queue_count[0]++) % MOUSE_QUEUE] = byte;
}

static void tell(struct mouse *m)
{
	if (m->s.queue_count[0])
		irq_set(&m->ready, 1);
}

/* ---- reports ---- */

/* Take what fits into a report from what has added up. */
static int part_of(u32 *sum, int low, int high)
{
	i32 all = (i32)*sum;
	int part = all < low ? low : all > high ? high : all;

	*sum = (u32)(all - part);
	return part;
}

static void report(struct mouse_state *s)
{
	int dx = part_of(&s->dx[0], -256, 255), dy = part_of(&s->dy[0], -256, 255);

	s->sent_buttons[0] = s->buttons[0];
	queue(s, (u8)(PACKET_ALWAYS | s->buttons[0] | (dx < 0 ? PACKET_X_SIGN : 0) |
		      (dy < 0 ? PACKET_Y_SIGN : 0)));
	queue(s, (u8)dx);
	queue(s, (u8)dy);
	if (s->wheel[0])
		queue(s, (u8)part_of(&s->dz[0], -8, 7));
	else
		s->dz[0] = 0;
}

static void report_if_due(struct mouse_state *s)
{
	bool news = s->dx[0] || s->dy[0] || (s->dz[0] && s->wheel[0]) || s->buttons[0] != s->sent_buttons[0];

	if (news && s->reporting[0] && !s->remote[0] && !s->wrap[0] && !s->queue_count[0])
		report(s);
}

/* Sums stay within what a hand can do, whoever calls. */
static u32 add(u32 sum, int more)
{
	i64 all = (i64)(i32)sum + more;

	return (u32)(i32)(all < -100000 ? -100000 : all > 100000 ? 100000 : all);
}

void mouse_move(struct device *d, int dx, int dy, int dz, u8 buttons)
{
	struct mouse_state *s = &of(d)->s;

	if (!s->reporting[0] && !s->remote[0])
		return; /* nobody looks */
	s->dx[0] = add(s->dx[0], dx);
	s->dy[0] = add(s->dy[0], dy);
	s->dz[0] = add(s->dz[0], dz);
	s->buttons[0] = buttons & (MOUSE_LEFT | MOUSE_RIGHT | MOUSE_MIDDLE);
	report_if_due(s);
	tell(of(d));
}

bool mouse_take(void *mouse, u8 *byte)
{
	struct mouse_state *s = &of(mouse)->s;

	report_if_due(s);
	if (!s->queue_count[0])
		return false;
	*byte = s->queue[s->queue_head[0] % MOUSE_QUEUE];
	s->queue_head[0] = (s->queue_head[0] + 1) % MOUSE_QUEUE;
	s->queue_count[0]--;
	return true;
}

/* ---- commands ---- */

static void forget(struct mouse_state *s)
{
	s->queue_head[0] = s->queue_count[0] = 0;
	s->dx[0] = s->dy[0] = s->dz[0] = 0;
	s->sent_buttons[0] = s->buttons[0];
}

static void defaults(struct mouse_state *s)
{
	s->reporting[0] = s->remote[0] = s->scaling[0] = 0;
	s->resolution[0] = 2;
	s->rates[0] = 100;
}

static void set_rate(struct mouse_state *s, u8 rate)
{
	s->rates[2] = s->rates[1];
	s->rates[1] = s->rates[0];
	s->rates[0] = rate;
	if (s->rates[2] == 200 && s->rates[1] == 100 && s->rates[0] == 80)
		s->wheel[0] = 1;
}

static void send_status(struct mouse_state *s)
{
	u8 b = s->buttons[0];
	u8 pressed = (u8)((b & MOUSE_LEFT ? 4 : 0) | (b & MOUSE_MIDDLE ? 2 : 0) | (b & MOUSE_RIGHT ? 1 : 0));

	queue(s, (u8)(pressed | s->scaling[0] << 4 | s->reporting[0] << 5 | s->remote[0] << 6));
	queue(s, s->resolution[0]);
	queue(s, s->rates[0]);
}

static void parameter(struct mouse_state *s, u8 command, u8 v)
{
	queue(s, ACK);
	if (command == CMD_RATE)
		set_rate(s, v);
	else
		s->resolution[0] = v & 3;
}

/* clang-format off */
static void do_command(struct mouse_state *s, u8 v)
{
	forget(s);
	if (v != CMD_RESEND)
		queue(s, ACK);
	switch (v) {
	case CMD_SCALE_1: case CMD_SCALE_2: s->scaling[0] = v == CMD_SCALE_2; break;
	case CMD_RESOLUTION: case CMD_RATE: s->command[0] = v; break;
	case CMD_STATUS: send_status(s); break;
	case CMD_STREAM: s->remote[0] = 0; break;
	case CMD_REMOTE: s->remote[0] = 1; break;
	case CMD_READ: report(s); break;
	case CMD_WRAP: s->wrap[0] = 1; break;
	case CMD_NO_WRAP: break;
	case CMD_IDENTIFY: queue(s, s->wheel[0] ? ID_WHEEL : ID_PLAIN); break;
	case CMD_ENABLE: case CMD_DISABLE: s->reporting[0] = v == CMD_ENABLE; break;
	case CMD_DEFAULTS: defaults(s); break;
	case CMD_RESEND: queue(s, s->queue[(s->queue_head[0] + MOUSE_QUEUE - 1) % MOUSE_QUEUE]); break;
	case CMD_RESET:
		defaults(s);
		s->wheel[0] = 0;
		queue(s, SELF_TEST_PASSED);
		queue(s, ID_PLAIN);
		break;
	default:
		forget(s);
		queue(s, RESEND);
	}
}
/* clang-format on */

void mouse_write(void *mouse, u8 v)
{
	struct mouse_state *s = &of(mouse)->s;
	u8 waiting = s->command[0];

	s->command[0] = 0;
	if (s->wrap[0] && v != CMD_NO_WRAP && v != CMD_RESET) {
		queue(s, v);
	} else if (waiting) {
		parameter(s, waiting, v);
	} else {
		s->wrap[0] = 0;
		do_command(s, v);
	}
	tell(of(mouse));
}

static void mouse_restored(struct device *d)
{
	struct mouse_state *s = &of(d)->s;

	s->queue_head[0] %= MOUSE_QUEUE;
	if (s->queue_count[0] > MOUSE_QUEUE)
		s->queue_count[0] = MOUSE_QUEUE;
	s->scaling[0] = !!s->scaling[0];
	s->dx[0] = add(s->dx[0], 0);
	s->dy[0] = add(s->dy[0], 0);
	s->dz[0] = add(s->dz[0], 0);
}

const struct device_class mouse_class = {
	.name = "mouse",
	.brief = "PS/2 mouse",
	.layout = &mouse_state_layout,
	.restored = mouse_restored,
};
