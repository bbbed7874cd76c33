/* SPDX-License-Identifier: GPL-3.0-or-later
 * uart.c - 16550A universal asynchronous receiver/transmitter: COM1.
 * Ports: 3F8h-3FFh.
 * Rule: the interrupt line is a function of the state (see interrupt_id); update() drives it after every
 * change.
 * NOT MODELLED: the time a byte takes on the wire when sending (the transmitter is always empty again at
 * once), parity and framing errors, DMA modes.  Break is sent nowhere.
 * Source: National PC16550D data sheet.
 */
#include "devices/uart.h"

enum { RBR_THR, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };
enum { IER_RX = 1, IER_THRE = 2, IER_LINE = 4, IER_MODEM = 8 };
enum {
	IIR_NONE = 1,
	IIR_MODEM = 0,
	IIR_THRE = 2,
	IIR_RX = 4,
	IIR_LINE = 6,
	IIR_TIMEOUT = 12,
	IIR_FIFOS = 0xc0
};
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16 };
enum { LSR_DR = 1, LSR_OE = 2, LSR_ERRORS = 0x1e, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };

static struct uart *of(struct device *d)
{
	return (struct uart *)d;
}

static bool fifo_on(const struct uart_state *s)
{
	return s->fcr[0] & FCR_ENABLE;
}

static int capacity(const struct uart_state *s)
{
	return fifo_on(s) ? UART_FIFO : 1;
}

/* Bytes that must have come before the receiver interrupts. */
static int trigger(const struct uart_state *s)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	return fifo_on(s) ? level[s->fcr[0] >> 6] : 1;
}

/* Modem status lines: from outside, or in loopback from our own modem control outputs. */
static u8 modem_lines(const struct uart_state *s)
{
	u8 m = s->mcr[0];

	if (!(m & MCR_LOOP))
		return s->modem_lines[0] & 0xf0;
	return (u8)((m & MCR_RTS ? MSR_CTS : 0) | (m & MCR_DTR ? MSR_DSR : 0) | (m & MCR_OUT1 ? MSR_RI : 0) |
		    (m & MCR_OUT2 ? MSR_DCD : 0));
}

/* The most urgent interrupt that is enabled and waits (data sheet, table IV). */
static u8 interrupt_id(const struct uart_state *s)
{
	if (s->ier[0] & IER_LINE && s->errors[0])
		return IIR_LINE;
	if (s->ier[0] & IER_RX && s->rx_count[0] >= trigger(s))
		return IIR_RX;
	if (s->ier[0] & IER_RX && s->rx_timeout[0] && s->rx_count[0])
		return IIR_TIMEOUT;
	if (s->ier[0] & IER_THRE && s->thre_waits[0])
		return IIR_THRE;
	if (s->ier[0] & IER_MODEM && s->modem_delta[0])
		return IIR_MODEM;
	return IIR_NONE;
}

/* On a PC the OUT2 output opens the way to the interrupt controller; in loopback the outputs rest. */
static void update(struct uart *u)
{
	bool gate = (u->s.mcr[0] & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	irq_set(&u->irq, gate && interrupt_id(&u->s) != IIR_NONE);
}

/* Four characters of ten bits, sixteen clocks of 1.8432 MHz each per divisor step. */
static u64 timeout_ns(const struct uart_state *s)
{
	u64 divisor = s->divisor[0] ? s->divisor[0] : 1;

	return 4 * 10 * 16 * divisor * 1000000000ull / 1843200;
}

/* A byte came or went: the time that bytes have been waiting starts anew. */
static void restart_timeout(struct uart *u)
{
	u->s.rx_timeout[0] = 0;
	u->s.rx_due[0] = 0;
	if (!fifo_on(&u->s) || !u->s.rx_count[0]) {
		device_timer_cancel(&u->dev, 0);
		return;
	}
	u->s.rx_due[0] = device_now(&u->dev) + timeout_ns(&u->s);
	device_timer_set(&u->dev, 0, u->s.rx_due[0]);
}

static void uart_timer(struct device *d, u32 which)
{
	of(d)->s.rx_timeout[0] = 1;
	of(d)->s.rx_due[0] = 0;
	update(of(d));
}

static void push(struct uart *u, u8 byte)
{
	struct uart_state *s = &u->s;

	if (s->rx_count[0] < capacity(s)) {
		s->rx[(s->rx_head[0] + s->rx_count[0]++) % UART_FIFO] = byte;
	} else {
		s->errors[0] |= LSR_OE;
		if (!fifo_on(s)) /* a FIFO keeps what it has; the single register is overwritten */
			s->rx[s->rx_head[0] % UART_FIFO] = byte;
	}
	restart_timeout(u);
	update(u);
}

static u8 pop(struct uart *u)
{
	struct uart_state *s = &u->s;
	u8 byte = s->rx[s->rx_head[0] % UART_FIFO];

	if (!s->rx_count[0])
		return 0;
	s->rx_head[0] = (s->rx_head[0] + 1) % UART_FIFO;
	s->rx_count[0]--;
	restart_timeout(u);
	return byte;
}

void uart_receive(struct device *d, u8 byte)
{
	if (!(of(d)->s.mcr[0] & MCR_LOOP))
		push(of(d), byte);
}

int uart_room(const struct device *d)
{
	const struct uart_state *s = d->state;
	int room = capacity(s) - s->rx_count[0];

	return room > 0 && !(s->mcr[0] & MCR_LOOP) ? room : 0;
}

/* Who sends looks two or three times between two writes; who waits for input does nothing else. */
enum { POLLS_OF_A_LISTENER = 16 };

bool uart_listens(const struct device *d)
{
	const struct uart_state *s = d->state;

	return s->ier[0] & IER_RX || s->polls[0] >= POLLS_OF_A_LISTENER;
}

static void transmit(struct uart *u, u8 byte)
{
	const struct device_world *w = u->dev.world;

	u->s.thre_waits[0] = 0;
	update(u); /* the line falls before it rises again: the interrupt controller wants an edge */
	if (u->s.mcr[0] & MCR_LOOP)
		push(u, byte);
	else if (w->put_byte)
		w->put_byte(w->arg, "uart", byte);
	u->s.thre_waits[0] = 1;
}

static void clear_receiver(struct uart *u)
{
	u->s.rx_head[0] = u->s.rx_count[0] = 0;
	restart_timeout(u);
}

static void write_fcr(struct uart *u, u8 value)
{
	bool toggled = (u->s.fcr[0] ^ value) & FCR_ENABLE;

	u->s.fcr[0] = value & FCR_ENABLE ? value & (u8) ~(FCR_CLEAR_RX | FCR_CLEAR_TX) : 0;
	if (toggled || (fifo_on(&u->s) && value & FCR_CLEAR_RX))
		clear_receiver(u);
}

static void write_ier(struct uart *u, u8 value)
{
	bool newly = value & ~u->s.ier[0] & IER_THRE;

	u->s.ier[0] = value & 0xf;
	if (newly) /* enabling it while the transmitter is empty interrupts at once */
		u->s.thre_waits[0] = 1;
}

static void write_mcr(struct uart *u, u8 value)
{
	u8 before = modem_lines(&u->s), changed, fell;

	u->s.mcr[0] = value & 0x1f;
	changed = before ^ modem_lines(&u->s);
	fell = changed & before;
	/* CTS, DSR and DCD report any change, RI only its end. */
	u->s.modem_delta[0] |= (u8)((changed & (MSR_CTS | MSR_DSR | MSR_DCD)) | (fell & MSR_RI)) >> 4;
}

static void uart_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct uart *u = of(d);
	struct uart_state *s = &u->s;
	bool dlab = s->lcr[0] & LCR_DLAB;
	u8 v = (u8)value;

	s->polls[0] = 0;
	switch (offset) {
	case RBR_THR:
		if (dlab)
			s->divisor[0] = (u16)((s->divisor[0] & 0xff00) | v);
		else
			transmit(u, v);
		break;
	case IER:
		if (dlab)
			s->divisor[0] = (u16)((s->divisor[0] & 0xff) | v << 8);
		else
			write_ier(u, v);
		break;
	case IIR_FCR: write_fcr(u, v); break;
	case LCR: s->lcr[0] = v; break;
	case MCR: write_mcr(u, v); break;
	case SCR: s->scratch[0] = v; break;
	default: break; /* LSR is for the factory's tests; MSR cannot be written */
	}
	update(u);
}

static u8 read_iir(struct uart_state *s)
{
	u8 id = interrupt_id(s);

	if (id == IIR_THRE) /* having been told is enough */
		s->thre_waits[0] = 0;
	return id | (fifo_on(s) ? IIR_FIFOS : 0);
}

static u8 read_lsr(struct uart_state *s)
{
	u8 value = (u8)(LSR_THRE | LSR_TEMT | (s->errors[0] & LSR_ERRORS) | (s->rx_count[0] ? LSR_DR : 0));

	s->errors[0] = 0;
	if (!s->rx_count[0] && s->polls[0] < UINT8_MAX)
		s->polls[0]++;
	return value;
}

static u8 read_msr(struct uart_state *s)
{
	u8 value = modem_lines(s) | (s->modem_delta[0] & 0xf);

	s->modem_delta[0] = 0;
	return value;
}

static u64 uart_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct uart *u = of(d);
	struct uart_state *s = &u->s;
	bool dlab = s->lcr[0] & LCR_DLAB, takes = offset == RBR_THR && !dlab && s->rx_count[0];
	u8 value = 0;

	switch (offset) {
	case RBR_THR: value = dlab ? s->divisor[0] & 0xff : pop(u); break;
	case IER: value = dlab ? s->divisor[0] >> 8 : s->ier[0]; break;
	case IIR_FCR: value = read_iir(s); break;
	case LCR: value = s->lcr[0]; break;
	case MCR: value = s->mcr[0]; break;
	case LSR: value = read_lsr(s); break;
	case MSR: value = read_msr(s); break;
	default: value = s->scratch[0]; break;
	}
	update(u); /* the line falls before a next byte raises it again */
	if (takes && u->taken)
		u->taken(u->taken_arg);
	return value;
}

static void uart_reset(struct device *d)
{
	device_timer_cancel(d, 0);
	update(of(d));
}

static void uart_restored(struct device *d)
{
	struct uart_state *s = &of(d)->s;

	s->rx_head[0] %= UART_FIFO;
	if (s->rx_count[0] > UART_FIFO)
		s->rx_count[0] = UART_FIFO;
	if (s->rx_due[0])
		device_timer_set(d, 0, s->rx_due[0]);
	else
		device_timer_cancel(d, 0);
	update(of(d));
}

static const char *const regs[] = { "RBR/DLL", "IER/DLM", "IIR", "LCR", "MCR", "LSR", "MSR", "SCR" };
static const char *const written[] = { "THR/DLL", "IER/DLM", "FCR", "LCR", "MCR", "LSR", "MSR", "SCR" };
static const struct claim claims[] = { { SPACE_PORT, 0x3f8, 8, regs, 8, 1, written } };

const struct device_class uart_class = {
	.name = "uart",
	.brief = "16550A serial port, COM1",
	.layout = &uart_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.ntimers = 1,
	.read = uart_read,
	.write = uart_write,
	.timer = uart_timer,
	.reset = uart_reset,
	.restored = uart_restored,
};
