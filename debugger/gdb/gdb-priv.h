/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-priv.h - what the files of the gdb server share; nobody else includes this.
 * Rule: a packet is read through a struct reader and answered once, by what lies in g->reply when its handler returns.
 */
#ifndef VITRINE_DEBUGGER_GDB_PRIV_H
#define VITRINE_DEBUGGER_GDB_PRIV_H

#include "debugger/gdb/gdb.h"

/* Errors, as numbers of errno: gdb shows them. */
enum { GDB_BAD = 22 /* EINVAL: not understood */, GDB_FAULT = 14 /* EFAULT: no memory there */, GDB_FULL = 28 /* ENOSPC */ };

/* ---- gdb-packets.c ---- */
/* A hexadecimal number of 1 to 16 digits.  False, and r->bad, if there is none or it is longer. */
bool gdb_number(struct reader *r, u64 *value);
/* The next byte, if it is c. */
bool gdb_char(struct reader *r, char c);
/* A thread's id: *cpu from 0, or -1 for all or any (ids -1 and 0).  False: there is no such thread. */
bool gdb_thread(const struct gdb *g, struct reader *r, int *cpu);
/* len bytes given as pairs of hexadecimal digits. */
bool gdb_bytes(struct reader *r, u8 *out, size_t len);
void gdb_put_hex(struct buf *b, const void *data, size_t len);
void gdb_ok(struct gdb *g);
void gdb_error(struct gdb *g, int number);
/* Send one packet now. */
void gdb_packet(struct gdb *g, const void *data, size_t len);

/* ---- gdb-registers.c ---- */
void gdb_target_xml(struct buf *b);
/* All registers, as in a `g` packet; one; and back.  False: no such register, bad digits, or a refused state. */
bool gdb_registers_read(struct gdb *g, struct buf *b);
bool gdb_registers_write(struct gdb *g, struct reader *r);
bool gdb_register_read(struct gdb *g, u64 number, struct buf *b);
bool gdb_register_write(struct gdb *g, u64 number, struct reader *r);

/* ---- gdb-commands.c ---- */
/* Carry out the packet in g->in. */
void gdb_command(struct gdb *g);

/* ---- gdb-monitor.c ---- */
/* gdb's `monitor LINE`, a line of the debugger's own; what it prints. */
void gdb_monitor(struct gdb *g, const char *line, struct buf *out);

/* ---- gdb-run.c ---- */
/* 0, -ENOSPC, or -ENOTSUP: not on this engine. */
int gdb_point_set(struct gdb *g, const struct gdb_point *p);
void gdb_point_clear(struct gdb *g, const struct gdb_point *p);

#endif
