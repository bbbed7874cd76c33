/* SPDX-License-Identifier: GPL-3.0-or-later
 * serial.h - the other end of the guest's console (COM1 or virtio): the terminal, a pipe, a pseudo-terminal or a socket.
 * Rule: bytes wait here until the guest listens and has room, so that none is lost and none comes too early.
 */
#ifndef VITRINE_DEBUGGER_SERIAL_H
#define VITRINE_DEBUGGER_SERIAL_H

#include "devices/backends/outside.h"

struct pc;

enum { SERIAL_BUFFER = 256, SERIAL_TYPED = 1 << 20 };
struct serial {
	struct pc *pc;
	struct vm *vm;
	bool virtio;       /* connected to the virtio console instead of COM1, */
	bool settled;      /* whose driver has started and then let the processor rest */
	int in, out;       /* descriptors, -1 = none; out is only ours with a pseudo-terminal or socket */
	int listener;      /* a socket that waits for somebody to connect, or -1 */
	int slave;         /* kept open, so that a pseudo-terminal nobody uses is no end of file */
	const char *path;  /* of the socket, to be removed; NULL = none */
	bool person;       /* somebody may type (serial_type): a guest that listens waits for him in real time */
	bool attached;     /* we are one of the machine's sources */
	struct outside *outside;
	struct buf typed;  /* bytes that wait for room in the buffer, from typed_at on */
	size_t typed_at;
	bool terminal;     /* `in` is the user's terminal: TERMINAL_LEAVE leaves */
	int watch, knock;  /* numbers of this round */
	u8 buffer[SERIAL_BUFFER];
	u32 n;
	u64 taken;         /* bytes the guest has got */
};

void serial_init(struct serial *s);
/* Open what --serial names (stdio, pty, unix:PATH; others have no input); says where a pseudo-terminal is. */
int serial_open(struct serial *s, const char *place, struct err *err);
/* Join the machine's sources, if there is any input.  A terminal becomes raw now, and the user is told. */
int serial_attach(struct serial *s, struct outside *outside, struct vm *vm, struct pc *pc, struct err *err);
/* Bytes that a front end has for the guest; those beyond its room wait.  -ENOSPC: SERIAL_TYPED of them wait already. */
int serial_type(struct serial *s, const void *bytes, size_t len, struct err *err);
/* A byte from the guest, for a pseudo-terminal or socket; lost if nobody takes it. */
void serial_send(struct serial *s, u8 byte);
/* The terminal is as it was before; what was opened is closed. */
void serial_close(struct serial *s);

/* P of a place `unix:P`, else NULL. */
const char *unix_place(const char *place);

#endif
