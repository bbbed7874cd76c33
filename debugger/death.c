/* SPDX-License-Identifier: GPL-3.0-or-later
 * death.c - run again to just before the end; keep the chain of faults and the last instructions.
 * Rule: if the second run does not die at the same instruction, say so and explain nothing.
 */
#include "debugger/death.h"

#include <string.h>

#include "core/x86/x86.h"
#include "debugger/manual.h"
#include "debugger/runner.h"
#include "debugger/stepper.h"

#define ULL(x) ((unsigned long long)(x))
enum { LAST_INSNS = 16, LAST_FAULTS = 8 };

struct death {
	struct stepper stepper;
	struct code_line insn[LAST_INSNS]; /* a ring: the n-th is at n % LAST_INSNS */
	u64 ninsns;
	struct event fault[LAST_FAULTS];
	u64 nfaults;
};

static enum verdict on_code(void *arg, const struct event *ev, const struct code_line *code)
{
	struct death *d = arg;
	d->insn[d->ninsns++ % LAST_INSNS] = *code;
	return EV_GO;
}

static enum verdict on_fault(void *arg, const struct event *ev)
{
	struct death *d = arg;
	d->fault[d->nfaults++ % LAST_FAULTS] = *ev;
	return EV_GO;
}

static void print_fault(const struct event *ev, const struct x86_state *s, int n, FILE *out)
{
	struct buf b = { 0 };
	u8 vector = ev->fault.vector;

	vector_text(vector, &b);
	buf_printf(&b, " %s", vector_title(vector));
	if (ev->fault.while_vector < 32) {
		buf_printf(&b, ", while delivering ");
		vector_text(ev->fault.while_vector, &b);
	}
	buf_printf(&b, ", at ");
	code_address_text(s->seg_sel[SEG_CS], ev->fault.rip, &b);
	if (vector_has_error(vector)) {
		buf_printf(&b, "\n       error code 0x%x%s", ev->fault.error, vector == VEC_DF ? "" : ": ");
		error_code_text(vector, ev->fault.error, &b);
	}
	if (vector == VEC_PF)
		buf_printf(&b, ", address 0x%llx", ULL(ev->fault.addr));
	fprintf(out, "    %d. %s\n", n, buf_text(&b) ? buf_text(&b) : "(no memory)");
	buf_free(&b);
}

/* The chain that killed begins at the last fault that came up afresh. */
static u64 first_of_chain(const struct death *d)
{
	u64 kept = d->nfaults < LAST_FAULTS ? d->nfaults : LAST_FAULTS, first = d->nfaults;

	while (first > d->nfaults - kept)
		if (d->fault[--first % LAST_FAULTS].fault.while_vector >= 32)
			break;
	return first;
}

static void print_chain(const struct death *d, const struct x86_state *s, FILE *out)
{
	u64 first = first_of_chain(d);

	fprintf(out, "  The chain of faults (SDM 3A 6.15):\n");
	for (u64 i = first; i < d->nfaults; i++)
		print_fault(&d->fault[i % LAST_FAULTS], s, (int)(i - first) + 1, out);
	fprintf(out, "    %d. that is a triple fault: the processor shuts down\n", (int)(d->nfaults - first) + 1);
}

/* The usual reason is an interrupt table without the gate that was needed. */
static void print_idt(const struct death *d, const struct x86_state *s, FILE *out)
{
	u32 gate = s->efer[0] & EFER_LMA ? 16 : s->cr0[0] & CR0_PE ? 8 : 4;
	u32 room = ((u32)s->idtr_limit[0] + 1) / gate;
	u8 vector = d->nfaults ? d->fault[first_of_chain(d) % LAST_FAULTS].fault.vector : VEC_DF;

	fprintf(out, "  IDTR: base 0x%llx, limit 0x%x: room for %u gates of %u bytes", ULL(s->idtr_base[0]),
		s->idtr_limit[0], room, gate);
	if (vector >= room)
		fprintf(out, "; vector %u has none", vector);
	fprintf(out, "\n");
}

static void print_state(const struct x86_state *s, FILE *out)
{
	for (int i = 0; i < X86_GPRS; i++)
		fprintf(out, "%s%-3s %016llx%s", i % 4 ? " " : "  ", x86_gpr_names[i], ULL(s->gpr[i]),
			i % 4 == 3 ? "\n" : "");
	fprintf(out, "  cs:rip %04x:%llx  ss:rsp %04x:%llx  rflags %llx  GDTR %llx/%x\n", s->seg_sel[SEG_CS],
		ULL(s->rip[0]), s->seg_sel[SEG_SS], ULL(s->gpr[RSP]), ULL(s->rflags[0]), ULL(s->gdtr_base[0]),
		s->gdtr_limit[0]);
	fprintf(out, "  cr0 %llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n", ULL(s->cr0[0]), ULL(s->cr2[0]),
		ULL(s->cr3[0]), ULL(s->cr4[0]), ULL(s->efer[0]));
}

static void print_insns(const struct death *d, FILE *out)
{
	u64 first = d->ninsns < LAST_INSNS ? 0 : d->ninsns - LAST_INSNS;
	struct buf b = { 0 };

	fprintf(out, "  The last %d instruction%s, and the one that could not be finished:\n",
		(int)(d->ninsns - first), d->ninsns - first == 1 ? "" : "s");
	for (u64 i = first; i < d->ninsns; i++) {
		const struct code_line *c = &d->insn[i % LAST_INSNS];
		b.len = 0;
		code_line_text(c, &b);
		fprintf(out, "    %s\n", buf_text(&b) ? buf_text(&b) : "(no memory)");
	}
	buf_free(&b);
}

/* The machine stands before its last instructions: watch them, and tell. */
static void explain(struct death *d, struct machine *m, FILE *out)
{
	struct x86_state *s = &d->stepper.before;
	struct code_line last;
	struct buf b = { 0 };
	struct err err = { 0 };

	if (vm_subscribe(m->vm, EV_BIT(fault), on_fault, d) < 0 ||
	    stepper_start(&d->stepper, m->vm, on_code, d) < 0) {
		fprintf(out, "  (this engine cannot show single instructions)\n");
		return;
	}
	enum stop_why why = stepper_run(&d->stepper, LAST_INSNS + 1, &err);
	if (why != STOP_TRIPLE_FAULT) {
		fprintf(out, "  (run again, the guest does not die there: %s)\n", stop_why_name(why));
		return;
	}
	print_chain(d, s, out);
	print_idt(d, s, out);
	print_insns(d, out);
	code_line_read(&m->vm->vcpu[0], s, s->rip[0], &last);
	code_line_text(&last, &b);
	fprintf(out, "  > %s\n  The processor at that moment:\n", buf_text(&b) ? buf_text(&b) : "(no memory)");
	buf_free(&b);
	print_state(s, out);
}

void death_explain(const struct machine *dead, const struct machine_options *o, struct machine_files *f,
		   const struct engine *engine, FILE *out)
{
	u64 lived = vm_icount(dead->vm) - dead->icount_start, skip = lived > LAST_INSNS ? lived - LAST_INSNS : 0;
	struct death d = { .ninsns = 0 };
	struct machine m;
	struct err err = { 0 };

	fprintf(out, "vitrine: the guest died of a triple fault after %llu instruction%s\n", ULL(lived),
		lived == 1 ? "" : "s");
	if (dead->vm->inputs || disk_options_change(&o->disks)) {
		fprintf(out, "  (how is not told: it would have to run again, and %s)\n",
			dead->vm->inputs ? "what it got from outside is gone" : "its disk has changed meanwhile");
		return;
	}
	machine_images_close(f);
	if (machine_images_open(f, o, &err) || machine_build(&m, o, f, engine, &err)) {
		fprintf(out, "  (it could not be run again: %s)\n", err.text);
		return;
	}
	enum stop_why why = skip ? guest_run(m.vm, skip, NULL, &err) : STOP_BUDGET;
	if (why == STOP_BUDGET)
		explain(&d, &m, out);
	else
		fprintf(out, "  (run again, it stops earlier: %s)\n", stop_why_name(why));
	machine_destroy(&m);
}
