/* SPDX-License-Identifier: GPL-3.0-or-later
 * uart.h - the state and wires of a 16550A serial port.
 * Rule: bytes come in through uart_receive and go out through world->put_byte; nothing else touches the
 * outside.
 */
#ifndef VITRINE_DEVICES_UART_H
#define VITRINE_DEVICES_UART_H

#include "core/device.h"

enum { UART_FIFO = 16 };

#define UART_STATE(F, S) \
	F(S, u8, rx, UART_FIFO, 0, HEX, "receive FIFO, a ring") \
	F(S, u8, rx_head, 1, 0, DEC, "oldest byte in the ring") \
	F(S, u8, rx_count, 1, 0, DEC, "bytes in the ring") \
	F(S, u8, ier, 1, 0, BITS, "interrupt enable register") \
	F(S, u8, fcr, 1, 0, BITS, "FIFO control register") \
	F(S, u8, lcr, 1, 0, BITS, "line control register") \
	F(S, u8, mcr, 1, 0, BITS, "modem control register") \
	F(S, u8, errors, 1, 0, BITS, "error bits of the line status register") \
	F(S, u8, modem_delta, 1, 0, BITS, "change bits of the modem status register") \
	F(S, u8, modem_lines, 1, 0xb0, BITS, "CTS DSR RI DCD as the terminal drives them") \
	F(S, u8, scratch, 1, 0, HEX, "scratch register") \
	F(S, u16, divisor, 1, 12, DEC, "baud-rate divisor: 115200 / divisor baud") \
	F(S, u8, thre_waits, 1, 0, BOOL, "the transmitter-empty interrupt has not been seen yet") \
	F(S, u8, rx_timeout, 1, 0, BOOL, "bytes have waited in the FIFO for four character times") \
	F(S, u64, rx_due, 1, 0, DEC, "virtual time of that timeout in ns, 0 = none") \
	F(S, u8, polls, 1, 0, DEC, "looks at an empty receiver in a row")
STATE(uart_state, 1, UART_STATE);

struct uart {
	struct device dev; /* first: a struct device * of this class is a struct uart * */
	struct uart_state s;
	struct irq_line irq;
	/* Called when the guest has taken a byte: who has more may give it at once.  NULL = nobody wants to know. */
	void (*taken)(void *arg);
	void *taken_arg;
};

extern const struct device_class uart_class; /* COM1, 3F8h */

/* A byte arrives on the line.  A full receiver loses it and reports an overrun, as the chip does. */
void uart_receive(struct device *d, u8 byte);
/* How many bytes uart_receive can take without loss. */
int uart_room(const struct device *d);
/* Is the guest waiting for input: by interrupt, or by looking at the line status again and again?  A byte that comes
 * before is likely to be lost, because drivers clear the receiver when they start. */
bool uart_listens(const struct device *d);

#endif
