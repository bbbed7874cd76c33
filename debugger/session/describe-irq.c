/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-irq.c - interrupts on their way: lines, both 8259As, I/O APIC, local APICs, the processors' pins.
 * Rule: bits are read from the chips' state lists with their data sheets' layouts; nothing is acknowledged.
 */
#include <stdio.h>

#include "debugger/manual.h"
#include "debugger/session/describe.h"
#include "devices/ioapic.h"
#include "devices/lapic.h"
#include "devices/pic.h"

#define ULL(x) ((unsigned long long)(x))

/* What is usually behind the ISA interrupts of a PC. */
static const char *const isa_names[16] = { "timer",  "keyboard", "cascade", "COM2", "COM1", "",
					   "floppy", "LPT1",     "clock",   "",     "",     "",
					   "mouse",  "x87",      "IDE 0",   "IDE 1" };

/* ---- 8259A ---- */

static void pic_line(const struct pic_state *p, u32 n, u32 irq, struct lines *l)
{
	bool asks = p->irr[0] >> n & 1, serves = p->isr[0] >> n & 1, masked = p->imr[0] >> n & 1;

	lines_add(l,
		  serves            ? LINE_GOOD
		  : asks && !masked ? LINE_WARN
		  : masked          ? LINE_DIM
				    : LINE_TEXT,
		  " %2u %-8s vector %02x%s%s%s%s%s", irq, isa_names[irq & 15], (p->icw[1] & 0xf8) + n,
		  masked ? " masked" : "", asks ? " pending" : "", serves ? " in service" : "",
		  p->elcr[0] >> n & 1 ? " level" : "", p->line[0] >> n & 1 ? " high" : "");
}

static void pic(const struct device *d, u32 first_irq, struct lines *l)
{
	const struct pic_state *p = &((const struct pic *)d)->s;

	lines_add(l, LINE_TITLE, "%s  irr %02x  isr %02x  imr %02x%s%s%s", d->name, p->irr[0], p->isr[0],
		  p->imr[0], p->icw_next[0] ? "  being set up" : "", p->icw[3] & 2 ? "  automatic EOI" : "",
		  p->special_mask[0] ? "  special mask" : "");
	for (u32 n = 0; n < 8; n++)
		if (!(p->imr[0] >> n & 1) || (p->irr[0] | p->isr[0] | p->line[0]) >> n & 1)
			pic_line(p, n, first_irq + n, l);
}

/* ---- I/O APIC (82093AA, 3.2.4) and the local vector table (SDM 3A 10.5.1) have the same low bits ---- */

static const char *const modes[8] = { "fixed", "lowest", "SMI", "?3", "NMI", "INIT", "?6", "ExtINT" };
enum {
	REDIRECT_LOGICAL = 1 << 11,
	REDIRECT_LOW = 1 << 13,
	REDIRECT_REMOTE = 1 << 14,
	REDIRECT_LEVEL = 1 << 15,
	REDIRECT_MASKED = 1 << 16
};

static void ioapic(const struct device *d, struct lines *l)
{
	const struct ioapic_state *s = &((const struct ioapic *)d)->s;
	int open = 0;

	lines_add(l, LINE_TITLE, "%s  id %u  asserted pins %06x", d->name, s->id[0], s->line[0]);
	for (u32 n = 0; n < APIC_PINS; n++) {
		u64 r = s->redirect[n];
		bool masked = r & REDIRECT_MASKED, asserted = s->line[0] >> n & 1;

		if (masked && !asserted)
			continue;
		open++;
		lines_add(l,
			  masked                            ? LINE_DIM
			  : asserted || r & REDIRECT_REMOTE ? LINE_WARN
							    : LINE_TEXT,
			  " %2u %-8s vector %02llx%s%s%s to %s %02llx%s%s%s", n,
			  n == APIC_GSI_TIMER    ? "timer"
			  : n < 16               ? isa_names[n]
			  : n < APIC_GSI_PCI + 4 ? "PCI"
						 : "",
			  ULL(r & 0xff), masked ? " masked" : "", r >> 8 & 7 ? " " : "",
			  r >> 8 & 7 ? modes[r >> 8 & 7] : "", r & REDIRECT_LOGICAL ? "logical" : "cpu",
			  ULL(r >> 56), r & REDIRECT_LEVEL ? r & REDIRECT_LOW ? " low" : " level" : "",
			  asserted ? " asserted" : "", r & REDIRECT_REMOTE ? " waits for EOI" : "");
	}
	if (!open)
		lines_add(l, LINE_DIM, "  all pins masked");
}

/* ---- local APIC ---- */

static void vectors(const char *what, enum line_kind kind, const u32 *bits, struct lines *l)
{
	u32 n = 0;

	for (u32 v = 0; v < 256; v++) {
		if (!(bits[v / 32] >> v % 32 & 1))
			continue;
		if (n++ % 16 == 0)
			lines_add(l, kind, "  %-10s", n == 1 ? what : "");
		lines_more(l, " %02x", v);
	}
}

static void local_vector(const char *name, u32 row, struct lines *l)
{
	if (row & REDIRECT_MASKED)
		return;
	lines_add(l, LINE_TEXT, "  %-10s vector %02x%s%s%s%s", name, row & 0xff, row >> 8 & 7 ? " " : "",
		  row >> 8 & 7 ? modes[row >> 8 & 7] : "", row & REDIRECT_LEVEL ? " level" : "",
		  row & REDIRECT_REMOTE ? " waits for EOI" : "");
}

static void lapic(const struct device *d, struct lines *l)
{
	static const char *const rows[LVTS] = { "LVT timer", "LVT therm.", "LVT perf.",
						"LVT LINT0", "LVT LINT1",  "LVT error" };
	static const char *const timer_modes[4] = { "one-shot", "periodic", "TSC deadline", "?" };
	const struct lapic *a = (const struct lapic *)d;
	const struct lapic_state *s = &a->s;
	bool enabled = s->base[0] & 1 << 11, software = s->svr[0] & 1 << 8;

	lines_add(l, LINE_TITLE, "%s  id %u  %s%s  tpr %02x ppr %02x svr %02x", d->name, s->id[0],
		  !enabled               ? "off"
		  : s->base[0] & 1 << 10 ? "x2APIC"
					 : "xAPIC",
		  enabled && !software ? ", off by software" : "", s->tpr[0] & 0xff, lapic_priority(a),
		  s->svr[0] & 0xff);
	if (!enabled)
		return;
	vectors("pending", LINE_WARN, s->irr, l);
	vectors("in service", LINE_GOOD, s->isr, l);
	for (int i = 0; i < LVTS; i++)
		local_vector(rows[i], s->lvt[i], l);
	if (!(s->lvt[LVT_TIMER] & REDIRECT_MASKED)) {
		const struct timer *t = &a->dev.world->clock->timer[a->dev.timer_id[0]];

		lines_add(l, LINE_TEXT, "  timer      %s", timer_modes[s->lvt[LVT_TIMER] >> 17 & 3]);
		if (t->armed && t->due > a->dev.world->clock->now)
			lines_more(l, ", fires in %.6f s", (double)(t->due - a->dev.world->clock->now) / 1e9);
		else
			lines_more(l, ", not running");
	}
	if (s->esr[0] | s->errors[0])
		lines_add(l, LINE_BAD, "  errors     %02x, since the register was written %02x", s->esr[0],
			  s->errors[0]);
}

/* ---- the processor ---- */

static void processor(struct session *s, u32 cpu, struct lines *l)
{
	const struct vcpu *v = &s->vm->vcpu[cpu];
	struct buf event = { 0 };
	struct x86_state st;

	if (vcpu_get(&s->vm->vcpu[cpu], &st, ST_GPR | ST_PENDING) < 0)
		return;
	bool held = st.shadow[0] || !(st.rflags[0] & FLAG_IF);
	lines_add(l, LINE_TITLE, "cpu %u", cpu);
	lines_add(l, v->intr && held ? LINE_WARN : LINE_TEXT, "  pins       INTR %s%s%s%s",
		  v->intr ? "asks" : "quiet", v->nmi ? ", NMI" : "", v->init ? ", INIT" : "",
		  v->sipi ? ", SIPI" : "");
	lines_add(l, LINE_TEXT, "  takes      %s%s%s%s%s",
		  st.rflags[0] & FLAG_IF ? "interrupts (IF=1)" : "no interrupts (IF=0)",
		  st.shadow[0] & SHADOW_STI ? ", not right after STI" : "",
		  st.shadow[0] & SHADOW_MOV_SS ? ", not right after MOV SS" : "",
		  st.nmi_blocked[0] ? ", no NMI (its handler runs)" : "",
		  v->window ? "; an interrupt window is asked for" : "");
	if (st.inject_info[0] & INTR_VALID) {
		describe_intr_info(st.inject_info[0], &event);
		lines_add(l, LINE_GOOD, "  next       %s", buf_text(&event) ? buf_text(&event) : "");
		buf_free(&event);
	}
}

void describe_irqs(struct session *s, struct lines *l)
{
	const struct vm *vm = s->vm;

	for (u32 cpu = 0; cpu < vm->ncpus; cpu++) {
		processor(s, cpu, l);
		for (int i = 0; i < vm->ndevices; i++)
			if (vm->device[i]->class == &lapic_class && vm->device_cpu[i] == cpu + 1)
				lapic(vm->device[i], l);
	}
	for (int i = 0; i < vm->ndevices; i++) {
		const struct device *d = vm->device[i];

		if (d->class == &ioapic_class)
			ioapic(d, l);
		else if (d->class == &pic1_class || d->class == &pic2_class)
			pic(d, d->class == &pic2_class ? 8 : 0, l);
	}
}
