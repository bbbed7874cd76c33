/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-priv.h - sections of a snapshot stream, and its memory pages; only core/snapshot*.c includes it.
 * Rule: a section is whole (length and CRC agree) before anybody looks into it.
 *
 * A stream is the magic, then sections; all numbers are little-endian, texts are u16 length and bytes:
 *	text name, text instance, u32 length, `length` bytes of payload, u32 CRC of the section so far.
 */
#ifndef VITRINE_CORE_SNAPSHOT_PRIV_H
#define VITRINE_CORE_SNAPSHOT_PRIV_H

#include <sys/types.h>

#include "core/snapshot-read.h"
#include "core/snapshot.h"
#include "core/vm.h"

#define SNAPSHOT_MAGIC "VITRINE\2"
/* The format is the magic's last byte.  Format 1 had no sections "about", "parent" and "zeros", and nothing in "end". */
enum { SNAPSHOT_MAGIC_LEN = 8, SNAPSHOT_FORMAT = 2, SNAPSHOT_FORMAT_OLDEST = 1 };

/* Section "about", whose instance is the snapshot's own name in its tree ("" in a file of its own). */
#define ABOUT_STATE(F, S) \
	F(S, u64, created, 1, 0, DEC, "when it was saved: seconds since 1970; 0 = not said") \
	F(S, u64, icount, 1, 0, DEC, "instructions retired, all processors together") \
	F(S, u64, time, 1, 0, DEC, "virtual time, ns")
STATE(about_state, 1, ABOUT_STATE);

/* Section "parent", whose instance is the name of the snapshot from which the machine went on. */
#define PARENT_STATE(F, S) \
	F(S, u64, id, 1, 0, HEX, "the check of the parent's whole file, in its section 'end'") \
	F(S, u8, whole, 1, 0, BOOL, "all memory is here; else only what has changed since the parent")
STATE(parent_state, 1, PARENT_STATE);

/* Section "end": the check of the whole file, which is the snapshot's identity, too. */
#define END_STATE(F, S) F(S, u64, id, 1, 0, HEX, "check of all CRCs before it, in their order (FNV-1a)")
STATE(end_state, 1, END_STATE);

/* What must be the same in the machine that saves and the one that loads. */
#define MACHINE_STATE(F, S) \
	F(S, u64, mem_size, 1, 0, DEC, "bytes of RAM (--mem)") \
	F(S, u32, cpus, 1, 0, DEC, "processors (--cpus)") \
	F(S, u64, insn_ps, 1, 0, DEC, "picoseconds per instruction") \
	F(S, u8, paging, 1, 0, DEC, "the second stage of translation (--paging): 0 none, 1 ept, 2 shadow")
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
/* Two runs of len bytes have CRCs that differ (by XOR) in `difference`: if they differ in one bit only, which is it? */
bool snapshot_crc_bit(u32 difference, size_t len, size_t *at, u8 *bit);
/* Into *out (of `size` bytes): what is wrong with the section at `start`, as far as it can be told: "bit 3 of byte 17, in
 * its field 'now', is wrong".  It is known that the section does not agree with its CRC, or that the stream ends in it. */
void section_damage(const u8 *start, const u8 *end, char *out, size_t size);
/* Append a section; the payload is emptied for the next one. */
void section_put(struct buf *out, const char *name, const char *instance, struct buf *payload);
/* The identity of the stream from its magic on, by all sections before "end". */
u64 stream_id(const u8 *begin, const u8 *end);
u64 stream_id_add(u64 id, u32 crc);
/* A stream of a format that is known here: past its magic. */
int snapshot_begin(struct reader *in, const u8 *data, size_t len, struct err *err);
/* The next section of a stream that was checked before, or whose check matters to nobody; without its title.  False at the end
 * or where there is no section. */
bool section_next(struct reader *in, struct section *s);
/* The next section of the stream that begins at `begin`, checked as a whole. */
int section_read(struct reader *in, const u8 *begin, struct section *s, struct err *err);
/* The same of a stream that has agreed with its CRCs before; always 0. */
int section_again(struct reader *in, const u8 *begin, struct section *s);
/* A section that is one state list and nothing after it. */
int section_state(struct section *s, const struct layout *l, void *state, struct err *err);
/* What comes first in a stream: enough to find those that it builds upon. */
struct snapshot_head {
	char name[SECTION_NAME], parent[SECTION_NAME]; /* "" = none */
	u64 created, icount, time, parent_id;
	bool whole;
};
int snapshot_head(const u8 *data, size_t len, struct snapshot_head *h, struct err *err);
int section_about(struct section *s, struct snapshot_head *h, struct err *err);
int section_parent(struct section *s, struct snapshot_head *h, struct err *err);
/* `id`: of all sections before it. */
int section_end(struct section *s, u64 id, struct err *err);

/* A "writer" section.  Files from before there was one have none. */
int section_writer(struct section *s, struct snapshot_writer *w, struct err *err);

/* Memory travels by machine frame, not by guest address: so what no slot shows at the moment (RAM under a
 * ROM) travels too.  Frames that are all zero do not travel.  `only`: NULL, or a bit per frame: no others travel, and which of them are
 * zero now is said. */
int pages_save(struct vm *vm, const u64 *only, struct buf *out, struct err *err);

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

/* Memory comes from a chain of files, the snapshot's own first, then its parent's...: of each frame the first that says
 * something counts. */
struct pages_in {
	struct vm *vm;
	u8 *raw;          /* room for one section's pages */
	u64 *said;        /* a bit per frame */
	const u64 *stale; /* a bit per frame that may differ from what it shall be; NULL: all */
	u64 next;         /* the lowest frame number that may come now: they ascend within a file */
	bool own;         /* the file is the snapshot's own: it knows of no frames that are not there */
	bool write;       /* false: only check that it could be done */
	struct buf ready; /* what the check has unpacked: u64 frame numbers, each with its page, ... */
	bool all_ready;   /* ... and that is all there is to write */
};
int pages_in_open(struct pages_in *p, struct vm *vm, const u64 *stale, struct err *err);
void pages_in_close(struct pages_in *p);
/* Start again from the first file: check only, or write.  Writing begins with all memory zero, if all of it is stale. */
int pages_in_start(struct pages_in *p, bool write, struct err *err);
void pages_in_file(struct pages_in *p, bool own);
/* A section "frames", "zeros" or "pages". */
int pages_in_section(struct pages_in *p, struct section *s, struct err *err);
/* Last: what nobody has said anything about is zero. */
int pages_in_rest(struct pages_in *p, struct err *err);

/* ---- files (snapshot-store.c) ---- */

/* How a file gets to the disk; tests put one that fails in its place. */
struct store_ops {
	ssize_t (*write)(int fd, const void *data, size_t len);
	int (*sync)(int fd);
	int (*rename)(const char *from, const char *to, bool fresh); /* fresh: EEXIST if there is something at `to` */
};
extern const struct store_ops store_host;
/* Into PATH.tmp-PID, synced, renamed, the folder synced.  On failure PATH is as before and nothing is left.  `fresh`: there
 * must be none yet. */
int store_file(const struct store_ops *ops, const char *path, const struct buf *content, bool fresh, struct err *err);
/* Remove what was left by processes that died while they wrote PATH, or (path NULL) any snapshot of the folder. */
void store_clean(const char *folder, const char *path);
/* A regular file of at most `most` bytes, whole. */
int store_read(const char *path, u64 most, struct buf *content, struct err *err);

/* ---- a snapshot and those that it builds upon ---- */

#define SNAPSHOT_SUFFIX ".vsnap"
/* FOLDER (so many bytes of it, with the slash) NAME .vsnap; to be freed. */
char *snapshot_path(const char *folder, size_t len, const char *name);
/* Own file first.  A longer chain is not made: a snapshot is whole then. */
enum { SNAPSHOT_CHAIN = 32 };
/* Which file it was, and when it was changed last; all zero = nobody knows. */
struct store_mark { u64 device, inode, size, changed_s, changed_ns; };
struct snapshot_chain {
	struct buf file[SNAPSHOT_CHAIN];
	struct store_mark mark[SNAPSHOT_CHAIN];
	bool known[SNAPSHOT_CHAIN]; /* these very bytes were gone over before, and are good */
	u32 n;
	bool borrowed; /* file[0] is somebody else's */
};
/* The file at path and, from its folder, its ancestors; `most` bytes each.  `own`: its content, if that is in memory already;
 * it must stay there. */
int snapshot_chain_open(struct snapshot_chain *c, const char *path, const struct buf *own, u64 most, struct err *err);
void snapshot_chain_close(struct snapshot_chain *c);
/* The same; a file that `seen` has, and that has not been touched since, is taken from there instead of the disk. */
int snapshot_chain_again(struct snapshot_chain *c, const char *path, struct snapshot_chain *seen, u64 most, struct err *err);
/* The chain was loaded: `seen` becomes what it had of files that can be told from later ones, and the chain is closed. */
void snapshot_chain_keep(struct snapshot_chain *c, struct snapshot_chain *seen);
int snapshot_load_chain(struct vm *vm, const struct snapshot_chain *c, const u64 *stale, struct buf *remarks, struct err *err);
/* Would that succeed?  But for what the engine says of the processors' states. */
int snapshot_check_chain(struct vm *vm, const struct snapshot_chain *c, struct err *err);
/* As snapshot_save; `only` as pages_save has it. */
struct snapshot_origin {
	const char *name, *parent; /* parent NULL = none */
	u64 created, parent_id;
	const u64 *only;
};
int snapshot_save_as(struct vm *vm, const struct snapshot_origin *origin, struct buf *out, u64 *id, struct err *err);
/* No honest snapshot of this machine is larger. */
u64 snapshot_largest(const struct vm *vm);

#endif
