/* SPDX-License-Identifier: GPL-3.0-or-later
 * native.h - random user-mode instructions, executed by the host's processor and by the interpreter.
 *
 * Rule: both see the same bytes at the same virtual addresses with the same registers; whatever they differ
 * in afterwards is a failure, unless a rule (rows.c) or the manual's "undefined" (effects.c) covers it.
 *
 * Virtual memory, the same on both sides; nothing near it is mapped:
 *	CODE_AT  two pages of code          EXIT_AT  one page: HLT for the guest, the way back for the host
 *	DATA_AT  two pages of data to read and write, then one that may only be read
 *	COUNT_AT one page with a word that counts how often the sequence is still to be repeated
 */
#ifndef VITRINE_TESTS_NATIVE_NATIVE_H
#define VITRINE_TESTS_NATIVE_NATIVE_H

#include "core/base/err.h"
#include "core/base/types.h"
#include "core/x86/x86.h"
#include "cpu-interp/isa/isa.h"

#define CODE_AT 0x10000000ull
#define CODE_SIZE 0x2000u
#define EXIT_AT 0x10010000ull
#define DATA_AT 0x20000000ull
#define DATA_SIZE 0x2000u /* what may be written */
#define DATA_ROOM 0x3000u /* what may be read */
#define COUNT_AT 0x20100000ull
#define EXIT32_AT (EXIT_AT + 0x100) /* the same for 32-bit code */
#define FLAGS_COMPARED (FLAGS_ARITH | FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID | FLAG_IF | FLAG_IOPL | FLAG_TF)

struct cpu_state { u64 gpr[X86_GPRS], rip, flags; };

/* ---- one sequence ---- */

enum { SEQUENCE_ITEMS = 96, SEQUENCE_BYTES = 1200, NO_ITEM = -1 };

struct item {
	u16 at;       /* offset in the code */
	u8 len;
	bool setup;   /* only makes a register or a memory word right for the next item */
	bool certain; /* no branch jumps over it */
	bool dropped; /* replaced by NOPs while a failure is made smaller */
	i16 row;      /* -1: no valid instruction */
	i16 join;     /* the branch that leads here, or NO_ITEM */
	u32 taint;    /* flags that are undefined before it */
};

struct rows;
struct sequence {
	struct rows *rows; /* what it was made from */
	u8 mode; /* MODE_64; MODE_32: compatibility mode, as 64-bit kernels have it for 32-bit programs */
	u64 seed;
	u64 start;    /* virtual address of the first byte */
	u32 rounds; /* how often it is executed; if more than once, the last two items go back to the first */
	int n;
	struct item item[SEQUENCE_ITEMS + 1]; /* the last one stands for the end: what is tainted there */
	u8 code[SEQUENCE_BYTES];
	int len;      /* bytes, the closing jump included */
	struct cpu_state init;
};

static inline u64 sequence_exit(const struct sequence *q) { return q->mode == MODE_64 ? EXIT_AT : EXIT32_AT; }
static inline int sequence_registers(const struct sequence *q) { return q->mode == MODE_64 ? 16 : 8; }
static inline u64 sequence_mask(const struct sequence *q)
{
	return q->mode == MODE_64 ? UINT64_MAX : UINT32_MAX;
}
/* The item that begins at an address, or NO_ITEM. */
int sequence_item_at(const struct sequence *q, u64 rip);

/* ---- how it ended ---- */

/* Linux's selectors for 32-bit user programs (arch/x86/include/asm/segment.h). */
enum { HOST_CS32 = 0x23, HOST_DS32 = 0x2b };

enum { VECTOR_NONE = 0xff, VECTOR_STUCK = 0xfe };

struct outcome {
	struct cpu_state s;
	u8 vector;    /* the exception that ended it; VECTOR_NONE: it reached its end */
	u32 error;
	u64 cr2;      /* for #PF */
	u32 lost;     /* flags that this host does not show */
	const u8 *data; /* DATA_SIZE bytes */
};

/* ---- rows and their effects ---- */

struct gen;
struct shape;
/* What an instruction needs before it: false if it cannot be had. */
typedef bool (*prepare_fn)(struct gen *g, struct shape *s, const struct decoded *d);

enum row_class { ROW_UNUSED, ROW_ORDINARY, ROW_FAULTS };

struct row_info {
	u8 class;        /* enum row_class */
	u8 why;          /* for ROW_UNUSED: which reason */
	u32 reads, sets; /* flags it takes into account; flags that are defined afterwards whatever happens */
	u32 clobbers;    /* registers written without being an operand */
	u32 writes;      /* operands (bit per number) that are written registers */
	i8 stack;        /* -1 pushes, 1 pops */
	prepare_fn prepare;
	u64 covered;     /* times it was certainly executed */
};

struct flag_effect { u32 reads, sets, undefined; };
void effects_fill(struct row_info *info, const struct isa_row *row);
struct flag_effect effects_of(const struct row_info *info, const struct decoded *d);
/* Work out item[].taint again.  False if an instruction takes an undefined flag into account. */
bool effects_taint(struct sequence *q);

/* Properties of this host that decide which rows and forms can be compared. */
struct host_traits { bool amd, compat; /* executes 32-bit code too */ u64 features; };

enum rule {
	RULE_PREFETCH_REG,
	RULE_BRANCH_66,
	RULE_DOUBLE_SHIFT_16,
	RULE_SPLIT_LOCK,
	RULE_SOFT_INT,
	RULE_LOOP_REP,
	RULE_REP_PORT,
	RULE_TWO_FAULTS,
	RULE_ENTER_FAULT,
	RULE_MOVSXD_16,
	RULE_ABSENT_AT_END,
	RULE_PUSH_SREG,
	RULE_COMPARE_FAULT,
	RULE_ARPL,
	RULE_COUNT
};
struct rows {
	u8 mode;               /* enum isa_mode */
	struct row_info *info; /* per row of isa_rows */
	u64 features;          /* of the model and of the host */
	bool amd;
	int nordinary, nfaults, nfamilies;
	u16 *ordinary, *faults;
	u16 *family;           /* first index in `ordinary` of each family; one more at the end */
	u64 rule[RULE_COUNT];  /* forms avoided */
};
int rows_open(struct rows *rows, u8 mode, const struct host_traits *traits, u64 model_features);
void rows_close(struct rows *rows);
/* Which were covered, which could have been, and why the others were not. */
void rows_print(const struct rows *rows, bool verbose);

/* ---- generating ---- */

/* The sequence of a seed: the same for the same seed, rows and rules. */
void generate(struct sequence *q, struct rows *rows, u64 seed);
/* What the data window holds when a sequence begins. */
void generate_data(u8 *data, size_t size);

static inline u64 random_next(u64 *state) /* splitmix64 (Steele, Lea, Flood 2014) */
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* ---- the two sides ---- */

struct guest;
struct vm;
struct engine;
struct x86_state;
struct guest *guest_open(const u16 *selectors, const u8 *data, struct err *err);
struct guest *guest_open_on(const struct engine *engine, const u16 *selectors, const u8 *data, struct err *err);
void guest_close(struct guest *g);
/* Memory for the sequence; the state to begin in, not yet set. */
struct x86_state *guest_prepare(struct guest *g, const struct sequence *q, struct outcome *out);
u64 guest_features(void);
struct vm *guest_vm(struct guest *g);
void guest_run(struct guest *g, const struct sequence *q, struct outcome *out);

/* False, and why in text, where the host cannot do it. */
bool host_open(struct host_traits *traits, u16 *selectors, const u8 *data, const char **why);
void host_run(const struct sequence *q, struct outcome *out);
bool runs_32_bit_code(void (*run)(const struct sequence *q, struct outcome *out));
/* The same through the VT-x engine, in a guest with a kernel of nothing but HLT.  False, and why in *err. */
bool vtx_open(const u16 *selectors, const u8 *data, struct err *err);
void vtx_close(void);
void vtx_run(const struct sequence *q, struct outcome *out);
/* A difference that is this host's KVM's own, counted by its rule; vtx_print_rules tells the counts. */
bool vtx_excuses(const struct sequence *q, const struct outcome *native, const struct outcome *interp);
void vtx_print_rules(void);
u32 native_lost(void); /* flags that the native side cannot begin or end with */
/* host_run, or after vtx_open vtx_run. */
void native_run(const struct sequence *q, struct outcome *out);

/* ---- comparing ---- */

/* Empty text: no difference. */
struct buf;
void compare(const struct sequence *q, const struct outcome *native, const struct outcome *interp,
	     struct buf *why);
bool sides_differ(struct guest *g, const struct sequence *q, struct buf *why);
/* Make a failing sequence smaller and print it with its differences. */
void report_failure(struct guest *g, const struct sequence *q);
void report_sequence(const struct sequence *q);

#endif
