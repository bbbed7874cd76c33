/* SPDX-License-Identifier: GPL-3.0-or-later
 * report.c - compare the two outcomes; make a failing sequence smaller and print it.
 * Rule: a try with fewer instructions runs in a child process, because a sequence whose address setup is
 * missing may write anywhere.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/state.h"
#include "tests/native/native.h"

static void differ(struct buf *why, const char *what, u64 native, u64 interp)
{
	buf_printf(why, "    %-8s native %016llx  interp %016llx\n", what, (unsigned long long)native,
		   (unsigned long long)interp);
}

/* The row whose exception ended the sequence, or NULL. */
static const struct isa_row *row_at_end(const struct sequence *q, const struct outcome *o)
{
	int i = o->vector == VECTOR_NONE || o->vector == VEC_DB ? NO_ITEM : sequence_item_at(q, o->s.rip);
	return i != NO_ITEM && q->item[i].row >= 0 ? &isa_rows[q->item[i].row] : NULL;
}

/* Flags that nobody promises at the end: those undefined before the instruction that ended the sequence;
 * all, if it was a division or a repeated comparison (SDM 2B SCAS). */
static u32 undefined_at_end(const struct sequence *q, const struct outcome *o)
{
	const struct isa_row *row = row_at_end(q, o);
	int i = o->vector == VECTOR_NONE ? q->n : sequence_item_at(q, o->s.rip);
	bool comparison = row && (row->flags & (REPS | RO)) == (REPS | RO);
	q->rows->rule[RULE_COMPARE_FAULT] += comparison;
	return q->item[i == NO_ITEM ? q->n : i].taint | (comparison || o->vector == VEC_DE ? FLAGS_ARITH : 0);
}

static void compare_end(const struct outcome *native, const struct outcome *interp, struct buf *why)
{
	if (native->vector != interp->vector)
		differ(why, "vector", native->vector, interp->vector);
	if (native->s.rip != interp->s.rip)
		differ(why, "rip", native->s.rip, interp->s.rip);
	if (native->vector == VECTOR_NONE || native->vector != interp->vector)
		return;
	/* The kernel says "present" of all its own addresses, lest a program find out which are. */
	u32 hidden = native->vector == VEC_PF && native->cr2 >> 63 ? PF_P : 0;
	if ((native->error ^ interp->error) & ~hidden)
		differ(why, "error", native->error, interp->error);
	if (native->cr2 != interp->cr2)
		differ(why, "cr2", native->cr2, interp->cr2);
}

static void compare_memory(const struct outcome *native, const struct outcome *interp, struct buf *why)
{
	int shown = 0;
	if (!memcmp(native->data, interp->data, DATA_SIZE))
		return;
	for (u32 at = 0; at < DATA_SIZE && shown < 6; at += 8) {
		u64 a, b;
		char name[16];
		memcpy(&a, native->data + at, 8);
		memcpy(&b, interp->data + at, 8);
		snprintf(name, sizeof name, "%08llx", DATA_AT + at);
		if (a != b && ++shown)
			differ(why, name, a, b);
	}
}

/* Instructions that store before they can know that they will fault. */
static bool half_done(const struct sequence *q, const struct outcome *o)
{
	const struct isa_row *row = row_at_end(q, o);
	bool stored = row && (!strcmp(row->family, "enter") || !strcmp(row->family, "pusha"));
	q->rows->rule[RULE_ENTER_FAULT] += stored;
	return stored;
}

void compare(const struct sequence *q, const struct outcome *native, const struct outcome *interp,
	     struct buf *why)
{
	u64 mask = FLAGS_COMPARED & ~(u64)undefined_at_end(q, native) & ~(u64)native->lost;
	compare_end(native, interp, why);
	for (int i = 0; i < sequence_registers(q); i++)
		if ((native->s.gpr[i] ^ interp->s.gpr[i]) & sequence_mask(q))
			differ(why, x86_gpr_names[i], native->s.gpr[i], interp->s.gpr[i]);
	if ((native->s.flags ^ interp->s.flags) & mask)
		differ(why, "flags", native->s.flags & mask, interp->s.flags & mask);
	if (!half_done(q, native))
		compare_memory(native, interp, why);
}

bool sides_differ(struct guest *g, const struct sequence *q, struct buf *why)
{
	struct outcome native, interp;
	why->len = 0;
	native_run(q, &native);
	guest_run(g, q, &interp);
	compare(q, &native, &interp, why);
	return why->len > 0;
}

/* ---- making it smaller ---- */

static void drop(struct sequence *q, int i)
{
	q->item[i].dropped = true;
	memset(q->code + q->item[i].at, 0x90, q->item[i].len);
}

static bool still_fails(struct guest *g, const struct sequence *q)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct buf why = { 0 };
		signal(SIGALRM, SIG_DFL);
		alarm(10);
		_exit(sides_differ(g, q, &why) ? 77 : 0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 77;
}

static void make_smaller(struct guest *g, struct sequence *q)
{
	for (bool again = true; again;) {
		again = false;
		/* The end of a repeated sequence stays: it would be repeated for ever. */
		for (int i = q->n - 1 - (q->rounds > 1 ? 2 : 0); i >= 0; i--) {
			struct sequence smaller = *q;
			if (q->item[i].dropped)
				continue;
			drop(&smaller, i);
			if (effects_taint(&smaller) && still_fails(g, &smaller)) {
				*q = smaller;
				again = true;
			}
		}
	}
}

/* ---- printing ---- */

static void print_item(const struct sequence *q, const struct item *it)
{
	struct decoded d;
	char text[96] = "(no valid instruction)";
	u64 rip = q->start + it->at;
	if (isa_decode(q->code + it->at, it->len, q->mode, q->rows->features, &d) == DECODE_OK)
		isa_disasm(&d, rip, text, sizeof text);
	printf("    %08llx  %-48s", (unsigned long long)rip, text);
	for (int i = 0; i < it->len; i++)
		printf(" %02x", q->code[it->at + i]);
	putchar('\n');
}

void report_sequence(const struct sequence *q)
{
	for (int i = 0; i < sequence_registers(q); i++)
		printf("%s%-3s %016llx%s", i % 4 ? "  " : "    ", x86_gpr_names[i],
		       (unsigned long long)q->init.gpr[i], i % 4 == 3 ? "\n" : "");
	printf("    flags %llx\n", (unsigned long long)q->init.flags);
	for (int i = 0; i < q->n; i++)
		if (!q->item[i].dropped)
			print_item(q, &q->item[i]);
}

void report_failure(struct guest *g, const struct sequence *q)
{
	struct sequence smaller = *q;
	struct buf why = { 0 };
	sides_differ(g, q, &why);
	printf("FAIL sequence %llu (to repeat it: --one --seed %llu), in full:\n%s",
	       (unsigned long long)q->seed, (unsigned long long)q->seed, buf_text(&why));
	make_smaller(g, &smaller);
	printf("  made smaller:\n");
	report_sequence(&smaller);
	if (still_fails(g, &smaller)) { /* it does no harm: once more here, for its differences */
		sides_differ(g, &smaller, &why);
		printf("%s", buf_text(&why));
	}
	buf_free(&why);
}
