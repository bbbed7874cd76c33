/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe.h - the machine in words: what verbs print and panes show, made once for both.
 * Rule: looking changes nothing; every fact comes from a table of core/x86 or from a device's state list.
 *
 * A describer appends lines.  Each says what it is (for a colour, or a mark in ASCII) and, where there is
 * one, the
 * address that it is about, so that a cursor on it can follow.
 */
#ifndef VITRINE_DEBUGGER_SESSION_DESCRIBE_H
#define VITRINE_DEBUGGER_SESSION_DESCRIBE_H

#include "core/base/buf.h"
#include "core/x86/walk.h"
#include "debugger/session/session.h"

struct device;
struct virtio;

/* ---- lines ---- */

enum line_kind {
	LINE_TEXT, LINE_TITLE, LINE_DIM,
	LINE_GOOD, LINE_BAD, LINE_WARN,
	LINE_MISSING, /* what this build lacks */
};
enum line_about {
	ABOUT_NOTHING,
	ABOUT_GVA,
	ABOUT_GPA,
	ABOUT_FRAME /* a machine address */,
	ABOUT_TABLE /* guest-physical, of a page table */,
	ABOUT_DEVICE,
	ABOUT_EXIT,
	ABOUT_REASON,
	ABOUT_QUEUE,
	ABOUT_CPU,
	ABOUT_PROBE,
	ABOUT_TEST
};

struct line {
	u32 start, len;  /* bytes of lines.text */
	u8 kind, about;  /* enum line_kind, enum line_about */
	u8 level;        /* ABOUT_TABLE: which level of tables lies there, 1 = page table */
	bool changed;    /* since what it was compared with */
	u64 value;       /* address, number, index in vm->device[] */
	u64 first;       /* ABOUT_TABLE: the linear address that its first entry maps */
};

/* All zeros is an empty list.  Beyond LINES_MAX nothing is added and `cut` is set. */
enum { LINES_MAX = 20000 };
struct lines {
	struct buf text;
	struct line *line;
	u32 n, room;
	bool cut, failed;  /* failed: no memory */
	struct line scrap; /* what lines_add returns when nothing is added */
};
void lines_free(struct lines *l);
void lines_clear(struct lines *l); /* keeps the memory */
/* Returns the new line to be completed, or one that is thrown away. */
struct line *lines_add(struct lines *l, enum line_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* More text at the end of the last line. */
void lines_more(struct lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Its text, valid until the list grows; not NUL-terminated: line->len bytes. */
const char *lines_at(const struct lines *l, u32 i, u32 *len);
/* Break lines that are wider than `width` at blanks; what follows is indented to the line's last column of
 * text. */
void lines_wrap(struct lines *l, int width);
/* All of it with ends of lines, a changed line marked by '*': what a verb prints. */
void lines_text(const struct lines *l, struct buf *out);

/* ---- registers and their bits (core/x86/bits.h has the names) ---- */

/* "ZF PF IF IOPL=3": the bits that are set, by name; name is "rflags", "cr0", "cr4", "efer", "dr6"...;
 * false: no such table. */
bool describe_bits(const char *name, u64 value, struct buf *out);
/* One line per bit, set or not, with what it means. */
bool describe_bits_long(const char *name, u64 value, struct lines *l);
/* "long64 cpl0", "real16", "prot32 cpl3", "v8086": the mode the processor is in. */
void describe_mode(const struct x86_state *st, struct buf *out);

/* ---- paging (describe-paging.c) ---- */

/* How processor `cpu` translates now, for walk().  Reads no device; `write` is NULL: only WALK_LOOK walks. */
struct paging {
	struct walk_env env;
	struct x86_state state;
	struct mem *mem;
};
int paging_of(struct session *s, u32 cpu, struct paging *p); /* 0 or a negative errno */

/* Whose tables: linear to guest-physical; linear to the machine's; guest-physical to the machine's. */
enum stage_kind { STAGE_GUEST, STAGE_SHADOW, STAGE_EPT, STAGES };

enum walk_rows { WALK_ROWS = 6 };
struct walk_row {
	const char *name;   /* "PML4" "PDPT" "PD" "PT"; "PDPTE" for PAE's registers */
	u8 kind;            /* enum stage_kind */
	u8 level;           /* 4..1 */
	u8 size;            /* bytes of an entry */
	u32 index;
	u64 gpa, value;     /* of the entry; gpa = UINT64_MAX: it is a register; a machine address but for STAGE_GUEST */
	bool present, large, reserved; /* reserved: bits set that must be clear */
	u64 frame;          /* what it points to: the next table, or the page */
};
/* The rows of the walk for a linear address; the number of them.  *ok: it leads to res->gpa. */
int describe_walk_rows(const struct paging *p, u64 gva, struct walk_row row[WALK_ROWS],
		       struct walk_result *res, bool *ok);
/* "pwxuadg" in the order of the legend: p present (in an extended page table r, readable), w writable, x executable,
 * u user, a accessed, d dirty, g global; '-' where it is not.  out holds 8 bytes. */
void describe_entry_flags(const struct walk_row *row, char out[8]);
/* What is at a guest-physical address: "RAM", "ROM bios", "device lapic0, EOI", "nothing". */
void describe_place(struct session *s, u64 gpa, struct buf *out);
/* The walk as lines: title, a row per level, result, what lies there. */
void describe_walk(struct session *s, u32 cpu, u64 gva, struct lines *l);
/* The tree of tables: the root's entries, and below each that is in `open` those of the table it leads to;
 * runs of absent
 * entries in one line.  Lines are ABOUT_TABLE (value: the entry's gpa; level and first: the table behind
 * it) or ABOUT_GPA (a
 * page). */
struct table_open { u64 first; u8 level; }; /* the table of this level through which `first` is mapped */
/* The tables below the root on the way to `gva`; the number of them. */
u32 describe_way(struct session *s, enum stage_kind kind, u32 cpu, u64 address, struct table_open open[4]);
void describe_tables(struct session *s, enum stage_kind kind, u32 cpu, const struct table_open *open, u32 nopen, bool raw,
		     struct lines *l);
/* One table wherever it lies: its present entries (with `absent`, all), as tables of this level of the
 * present format have them;
 * `first` is the linear address that its first entry maps. */
void describe_table(struct session *s, u32 cpu, u64 gpa, int level, u64 first, bool absent, struct lines *l);
/* How the processor translates: "4-level paging", "no paging" ... */
const char *paging_name(const struct paging *p);
/* The table of `level` that maps `first`, a character per entry: '.' absent, '-' present, 'a' accessed,
 * 'd' dirty, 't' a table,
 * 'T' one that has been used; `width` columns, a power of two of entries per line. */
void describe_heat(struct session *s, enum stage_kind kind, u32 cpu, int level, u64 first, int width,
		   struct lines *l);
/* The ranges of addresses that are mapped, with equal rights, as `from .. to  size  rights`; at most `most` lines. */
void describe_mappings(struct session *s, enum stage_kind kind, u32 cpu, u32 most, struct lines *l);
/* The map of guest-physical memory: slots, what they are, frames behind them; then devices' ranges. */
void describe_memory(struct session *s, struct lines *l);

/* ---- the second stage (describe-ept.c) ---- */

/* Where a guest-physical address is in the machine, with --paging ept.  False: nowhere yet. */
bool ept_look(struct session *s, u64 gpa, struct ept_result *res);
void describe_ept(struct session *s, u64 gpa, struct lines *l);
/* ---- all stages (describe-owners.c, describe-shadow.c, describe-tlb.c; stage.h has the records) ---- */

/* One address through every stage, with the rights at each. */
void describe_translate(struct session *s, u32 cpu, u64 gva, struct lines *l);
void describe_shadow(struct session *s, u32 cpu, u64 gva, struct lines *l);
/* The tables that the shadow consists of: what each stands for. */
void describe_shadow_tables(struct session *s, struct lines *l);
/* What the shadow allows and the guest does not; then what the guest allows and the shadow has not yet. */
void describe_difference(struct session *s, u32 cpu, u32 most, struct lines *l);
/* width: columns there are; with few of them lines are short. */
void describe_tlb(struct session *s, u32 cpu, int width, struct lines *l);
/* Whose the page at this guest-physical address is, and every entry by which it can be reached. */
void describe_owner(struct session *s, u64 gpa, struct lines *l);
/* What the processor walks after the guest's tables, or in place of them, and what it remembers, in a short line each. */
void second_stage_line(struct session *s, u32 cpu, u64 gva, u64 gpa, char *out, size_t size);
void tlb_short_line(struct session *s, u32 cpu, u64 gva, char *out, size_t size);

/* ---- exits (describe-exit.c) ---- */

/* The exit qualification in words (SDM 3C 27.2.1): "write, no access allowed, linear address valid";
 * nothing if 0. */
void describe_qualification(u16 reason, u64 qualification, struct buf *out);
/* Interruption information (SDM 3C 24.8.3, 24.9.2): "hardware exception #PF, error code". */
void describe_intr_info(u32 info, struct buf *out);
/* All that is known of an exit; times: with what it cost the host. */
void describe_exit(struct session *s, const struct history_exit *e, bool times, struct lines *l);
/* What leaves the guest: vm->controls, by the manual's names (SDM 3C 24.6), set and clear. */
void describe_controls(struct session *s, struct lines *l);

/* ---- devices (describe-device.c) ---- */

void describe_devices(struct session *s,
		      struct lines *l); /* a line each: name, what it is, where; ABOUT_DEVICE */
/* All registers of one from its list, with what they mean.  before: a copy of its state to mark changes
 * against, or NULL. */
void describe_device(struct session *s, const struct device *d, const void *before, struct lines *l);

/* ---- interrupts (describe-irq.c) ---- */

void describe_irqs(struct session *s, struct lines *l);

/* ---- virtqueues (describe-queue.c) ---- */

/* All of them; detail: with descriptors and rings. */
void describe_queues(struct session *s, bool detail, struct lines *l);

/* ---- figures (describe-stats.c) ---- */

/* Exits per reason with share, median, 99th percentile and histogram; then counters.  width: columns there
 * are; times: with
 * what depends on the host's speed. */
void describe_stats(struct session *s, int width, bool times, struct lines *l);
/* The median and other percentiles (per mille) of a reason's cost in ns, from its histogram: the middle of
 * a bucket. */
u64 describe_percentile(const struct history_reason *r, u32 per_mille);
/* "reason,count,share,p50_ns,p99_ns,bucket0..." and Prometheus' text format. */
void describe_stats_csv(struct session *s, struct buf *out);
void describe_stats_prometheus(struct session *s, struct buf *out);
/* What a VMCS would hold, area by area, as far as the machine knows it (SDM 3C 24.3; describe-vmcs.c).
 * before: the
 * processor's state to mark changes against, or NULL. */
void describe_vmcs(struct session *s, u32 cpu, const struct x86_state *before, struct lines *l);
/* The turns of the processors, and what each is doing (describe-vm.c). */
void describe_processors(struct session *s, struct lines *l);
/* A line per processor, `width` columns of time: who left the guest when, from the history of exits. */
void describe_turns(struct session *s, int width, struct lines *l);

#endif
