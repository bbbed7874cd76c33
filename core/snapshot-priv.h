/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-priv.h - sections of a snapshot stream, and its memory pages; only core/snapshot*.c includes it.
 * Rule: a section is whole (length and CRC agree) before anybody looks into it.
 *
 * A stream is the magic, then sections; all numbers are little-endian, texts are u16 length and bytes:
 *	text name, text instance, u32 length, `length` bytes of payload, u32 CRC of the section so far.
 */
#ifndef VITRINE_CORE_SNAPSHOT_PRIV_H
#define VITRINE_CORE_SNAPSHOT_PRIV_H

#include "core/snapshot-read.h"
#include "core/snapshot.h"
#include "core/vm.h"

#define SNAPSHOT_MAGIC "VITRINE\1"
enum { SNAPSHOT_MAGIC_LEN = 8, SNAPSHOT_FORMAT = 1 /* its last byte */ };

/* What must be the same in the machine that saves and the one that loads. */
#define MACHINE_STATE(F, S) \
	F(S, u64, mem_size, 1, 0, DEC, "bytes of RAM (--mem)") \
	F(S, u32, cpus, 1, 0, DEC, "processors (--cpus)") \
	F(S, u64, insn_ps, 1, 0, DEC, "picoseconds per instruction") \
	F(S, u8, paging, 1, 0, DEC, "the second stage of translation (--paging): 0 none, 1 ept")
STATE(machine_state, 1, MACHINE_STATE);

#define CLOCK_STATE(F, S) \
	F(S, u64, now, 1, 0, DEC, "virtual time, ns") \
	F(S, u64, frac_ps, 1, 0, DEC, "and picoseconds") \
	F(S, u64, order, 1, 0, DEC, "timers armed so far") \
	F(S, u8, timer_armed, CLOCK_TIMERS, 0, BOOL, "armed") \
	F(S, u64, timer_due, CLOCK_TIMERS, 0, DEC, "deadline of an armed timer, ns") \
	F(S, u64, timer_order, CLOCK_TIMERS, 0, DEC, "which of two with one deadline comes first")
STATE(clock_state, 1, CLOCK_STATE);

/* What the VM itself remembers, outside its devices and vCPUs. */
#define VM_STATE(F, S) \
	F(S, u8, intr, VM_VCPUS, 0, BOOL, "levels at the INTR pins of the vCPUs") \
	F(S, u8, nmi, VM_VCPUS, 0, BOOL, "an NMI waits there") \
	F(S, u8, init, VM_VCPUS, 0, BOOL, "an INIT waits there") \
	F(S, u16, sipi, VM_VCPUS, 0, HEX, "a start-up IPI waits there: its vector + 1") \
	F(S, u8, a20, 1, 1, BOOL, "the A20 gate is open") \
	F(S, u8, reset_wanted, 1, 0, BOOL, "a device asked for a reset") \
	F(S, u64, random, 1, 0, HEX, "the random generator") \
	F(S, u32, turn, 1, 0, DEC, "vCPU whose turn it is") \
	F(S, u64, turn_used, 1, 0, DEC, "instructions of its turn that are gone") \
	F(S, u64, guest_exits, 1, 0, DEC, "exits that the guest has caused so far") \
	F(S, u64, tables, 1, 0, DEC, "page tables of the hypervisor that are in use")
STATE(vm_state, 1, VM_STATE);

/* The lists, from and to the machine. */
void machine_state_get(const struct vm *vm, struct machine_state *s);
void clock_state_get(const struct vm *vm, struct clock_state *s);
void vm_state_get(const struct vm *vm, struct vm_state *s);
void vm_state_set(struct vm *vm, const struct vm_state *s);
/* The devices have armed their timers again, in their own order: put back which comes first among equals. */
void clock_state_set_order(struct vm *vm, const struct clock_state *s);

/* Where a slot is, as far as that is not the state of a device. */
u64 slot_place(const struct mem_slot *slot);

/* CRC-32 of IEEE 802.3; chain by passing the previous result, 0 to start. */
u32 snapshot_crc(u32 crc, const u8 *data, size_t len);
/* Append a section; the payload is emptied for the next one. */
void section_put(struct buf *out, const char *name, const char *instance, struct buf *payload);
/* A stream of a format that is known here: past its magic. */
int snapshot_begin(struct reader *in, const u8 *data, size_t len, struct err *err);
/* The next section of the stream that begins at `begin`, checked as a whole. */
int section_read(struct reader *in, const u8 *begin, struct section *s, struct err *err);
/* A section that is one state list and nothing after it. */
int section_state(struct section *s, const struct layout *l, void *state, struct err *err);
/* A "writer" section.  Files from before there was one have none. */
int section_writer(struct section *s, struct snapshot_writer *w, struct err *err);

/* Memory travels by machine frame, not by guest address: so what no slot shows at the moment (RAM under a
 * ROM) travels too.  Frames that are all zero do not travel. */
int pages_save(struct vm *vm, struct buf *out, struct err *err);

/* What one "pages" section holds.  `raw` has room for PAGES_CHUNK of them. */
enum { PAGES_CHUNK = 64 };
struct pages_batch {
	u32 n;
	const u8 *numbers; /* n times u64 */
};
/* The numbers of a section's pages, which ascend from *next; then the pages themselves. */
int pages_batch_read(struct section *s, struct pages_batch *b, u64 *next, struct err *err);
int pages_batch_unpack(struct section *s, const struct pages_batch *b, u8 *raw, struct err *err);
/* Number i of n. */
u64 pages_batch_frame(const struct pages_batch *b, u32 i);

struct pages_in {
	struct vm *vm;
	u8 *raw;       /* room for one section's pages */
	u64 next;      /* the lowest frame number that may come now: they ascend */
	bool write;    /* false: only check that it could be done */
};
int pages_in_open(struct pages_in *p, struct vm *vm, struct err *err);
void pages_in_close(struct pages_in *p);
/* Start again from the first section: check only, or write.  Writing begins with all memory zero. */
int pages_in_start(struct pages_in *p, bool write, struct err *err);
int pages_in_section(struct pages_in *p, struct section *s, struct err *err);

#endif
