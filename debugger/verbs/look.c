/* SPDX-License-Identifier: GPL-3.0-or-later
 * look.c - verbs that look: where it stands, registers, processors, symbols, events, figures, reference.
 * Rule: looking changes nothing; the facts come from describe.h and from tables.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/timeline.h"
#include "debugger/args.h"
#include "debugger/host-file.h"
#include "debugger/info.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

/* ---- where ---- */

static void say_time(const struct session *s, struct buf *out)
{
	const struct vm *vm = s->vm;

	buf_printf(out, "instruction %llu, exit #%llu, t=%llu.%09llu s", ULL(vm_icount(vm)), ULL(vm->guest_exits),
		   ULL(vm->clock.now / 1000000000), ULL(vm->clock.now % 1000000000));
	if (s->timeline)
		buf_printf(out, "; recorded: %llu to %llu", ULL(timeline_first(s->timeline)), ULL(timeline_last(s->timeline)));
	buf_printf(out, "\n");
}

static int exec_where(struct verb_call *c, struct err *err)
{
	struct session *s = c->s;
	struct x86_state st;
	int rc = call_words(c, &the_where, 0, 0, err);

	if (rc)
		return rc;
	buf_printf(c->out, "%s%s%s\n", s->stopped.reason, s->stopped.text[0] ? ": " : "", s->stopped.text);
	say_time(s, c->out);
	if (vcpu_get(&s->vm->vcpu[s->cpu], &st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	buf_printf(c->out, "processor %u of %u, ", s->cpu, s->vm->ncpus);
	describe_mode(&st, c->out);
	buf_printf(c->out, "\n");
	say_code(s, c->out);
	return 0;
}

const struct verb the_where = {
	.name = "where", .args = "", .brief = "why and where the guest stands, and when",
	.text = "The reason of the stop; instructions, exits and virtual time so far, and how much of that is\n"
		"recorded (can be gone back to); the processor's mode; the next instruction.",
	.example = "where", .group = VERB_LOOK, .exec = exec_where,
};

/* ---- registers ---- */

static void trim(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
}

static void bits_line(const char *name, u64 value, struct buf *out)
{
	buf_printf(out, "%-6s %016llx  ", name, ULL(value));
	describe_bits(name, value, out);
	trim(out);
	buf_printf(out, "\n");
}

static void general(const struct x86_state *st, struct buf *out)
{
	for (int i = 0; i < X86_GPRS; i++)
		buf_printf(out, "%-4s%016llx%s", x86_gpr_names[i], ULL(st->gpr[i]), i % 4 == 3 ? "\n" : "  ");
	buf_printf(out, "rip %016llx  ", ULL(st->rip[0]));
	describe_mode(st, out);
	buf_printf(out, "\n");
	bits_line("rflags", st->rflags[0], out);
}

static void segments(const struct x86_state *st, struct buf *out)
{
	for (int i = 0; i < X86_SEGS; i++)
		buf_printf(out, "%-4s %04x  base %016llx  limit %08x  attr %05x\n", x86_seg_names[i], st->seg_sel[i],
			   ULL(st->seg_base[i]), st->seg_limit[i], st->seg_attr[i]);
	buf_printf(out, "gdtr       base %016llx  limit %08x\n", ULL(st->gdtr_base[0]), st->gdtr_limit[0]);
	buf_printf(out, "idtr       base %016llx  limit %08x\n", ULL(st->idtr_base[0]), st->idtr_limit[0]);
}

static void control(const struct x86_state *st, struct buf *out)
{
	bits_line("cr0", st->cr0[0], out);
	buf_printf(out, "cr2    %016llx\n", ULL(st->cr2[0]));
	bits_line("cr3", st->cr3[0], out);
	bits_line("cr4", st->cr4[0], out);
	buf_printf(out, "cr8    %016llx\n", ULL(st->cr8[0]));
	bits_line("efer", st->efer[0], out);
	bits_line("dr6", st->dr[6], out);
	bits_line("dr7", st->dr[7], out);
	for (int i = 0; i < 4; i++)
		buf_printf(out, "dr%d    %016llx\n", i, ULL(st->dr[i]));
}

static void vectors(const struct x86_state *st, struct buf *out)
{
	for (int i = 0; i < 16; i++)
		buf_printf(out, "xmm%-2d  %016llx%016llx%s", i, ULL(st->xmm[2 * i + 1]), ULL(st->xmm[2 * i]), i % 2 ? "\n" : "   ");
	for (int i = 0; i < 8; i++)
		buf_printf(out, "r%d     %04x %016llx%s", i, st->fpr_exp[i], ULL(st->fpr[i]), i % 2 ? "\n" : "   ");
	buf_printf(out, "fcw %04x  fsw %04x  ftw %02x  mxcsr %08x\n", st->fcw[0], st->fsw[0], st->ftw[0], st->mxcsr[0]);
}

/* The state's fields of a group, as its list has them. */
static void fields(const struct x86_state *st, u32 group, struct buf *out)
{
	for (u32 i = 0; i < x86_state_layout.nfields; i++) {
		const struct field *f = &x86_state_layout.fields[i];

		if (x86_state_group(i) != group)
			continue;
		for (u32 j = 0; j < f->count; j++) {
			char name[40];

			snprintf(name, sizeof(name), f->count > 1 ? "%s[%u]" : "%s", f->name, j);
			buf_printf(out, "%-16s %016llx  %s", name, ULL(field_get(f, st, j)), j ? "" : f->help);
			trim(out);
			buf_printf(out, "\n");
		}
	}
}

static int one_register(struct verb_call *c, const char *name, struct err *err)
{
	struct nearest near;
	struct lines l = { 0 };
	u64 value;

	if (session_register(c->s, c->s->cpu, name, &value)) {
		name += *name == '$';
		buf_printf(c->out, "%s %llx", name, ULL(value));
		if (symbols_text(c->s->symbols, value, &(struct buf){ 0 }))
			buf_printf(c->out, "  ");
		symbols_text(c->s->symbols, value, c->out);
		buf_printf(c->out, "\n");
		describe_bits_long(!strcmp(name, "eflags") ? "rflags" : name, value, &l);
		return say_lines(c, &l, err);
	}
	nearest_start(&near, name);
	for (int i = 0; session_register_name(i); i++)
		nearest_offer(&near, session_register_name(i));
	return err_set(err, EINVAL, "no register is called '%.40s'%s%s%s; groups: general segments control vectors msrs all", name,
		       near.best ? "; did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "");
}

static int exec_regs(struct verb_call *c, struct err *err)
{
	const char *what = c->nwords ? c->word[0] : "general";
	struct x86_state st;
	bool all = !strcmp(what, "all");
	int rc = call_words(c, &the_regs, 0, 1, err);

	if (rc)
		return rc;
	if (vcpu_get(&c->s->vm->vcpu[c->s->cpu], &st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	if (all || !strcmp(what, "general"))
		general(&st, c->out);
	if (all || !strcmp(what, "segments"))
		segments(&st, c->out);
	if (all || !strcmp(what, "control"))
		control(&st, c->out);
	if (all || !strcmp(what, "vectors"))
		vectors(&st, c->out);
	if (all || !strcmp(what, "msrs"))
		fields(&st, ST_MSR, c->out);
	if (all)
		fields(&st, ST_PENDING, c->out);
	return c->out->len ? 0 : one_register(c, what, err);
}

const struct verb the_regs = {
	.name = "regs", .args = "[GROUP | REGISTER]", .brief = "registers of the chosen processor, flags decoded",
	.text = "Groups: general (unless said), segments, control, vectors, msrs, all. A single one is shown\n"
		"with its bits and what they mean.",
	.example = "regs\nregs control\nregs rflags", .group = VERB_LOOK, .complete = COMPLETE_EXPR, .exec = exec_regs,
};

/* ---- processors ---- */

static int exec_cpu(struct verb_call *c, struct err *err)
{
	u64 n;
	int rc = call_words(c, &the_cpu, 0, 1, err);

	if (!rc && c->nwords) {
		rc = verb_number(c->s, c->word[0], &n, err);
		if (!rc && n >= c->s->vm->ncpus)
			rc = err_set(err, EINVAL, "there is no processor %llu; expected 0 to %u", ULL(n), c->s->vm->ncpus - 1);
		if (!rc)
			c->s->cpu = (u32)n;
	}
	if (!rc)
		say_code(c->s, c->out);
	return rc;
}

static int exec_processors(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_processors, 0, 0, err);

	if (rc)
		return rc;
	describe_processors(c->s, &l);
	return say_lines(c, &l, err);
}

static int exec_pending(struct verb_call *c, struct err *err)
{
	struct vcpu *v = &c->s->vm->vcpu[c->s->cpu];
	struct x86_state st;
	int rc = call_words(c, &the_pending, 0, 0, err);

	if (rc)
		return rc;
	if (vcpu_get(v, &st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	buf_printf(c->out, "pins: INTR %d, NMI %d, INIT %d, SIPI %s; interrupts are %s (RFLAGS.IF)\n", v->intr, v->nmi, v->init,
		   v->sipi ? "waits" : "none", st.rflags[0] & FLAG_IF ? "on" : "off");
	buf_printf(c->out, "event to deliver: ");
	if (st.inject_info[0] & INTR_VALID)
		describe_intr_info(st.inject_info[0], c->out);
	else
		buf_printf(c->out, "none");
	buf_printf(c->out, "\nheld off: by STI %s, by MOV SS %s, NMI handler running %s\n", st.shadow[0] & SHADOW_STI ? "yes" : "no",
		   st.shadow[0] & SHADOW_MOV_SS ? "yes" : "no", st.nmi_blocked[0] ? "yes" : "no");
	return 0;
}

const struct verb the_cpu = {
	.name = "cpu", .args = "[N]", .brief = "choose the processor that is looked at",
	.text = "Registers, memory, code and steps are then its own. Without a number: which one it is.",
	.example = "cpu 1", .group = VERB_LOOK, .exec = exec_cpu,
};
const struct verb the_processors = {
	.name = "processors", .alias = "cpus", .args = "", .brief = "what each processor is doing",
	.text = "Activity, instructions, where it is, and whose turn it is.", .example = "processors", .group = VERB_LOOK,
	.exec = exec_processors,
};
const struct verb the_pending = {
	.name = "pending", .args = "", .brief = "what waits to be delivered to the chosen processor",
	.text = "Its pins, the event that is on its way, and what holds interrupts off.", .example = "pending",
	.group = VERB_LOOK, .exec = exec_pending,
};

/* ---- names ---- */

static int exec_sym(struct verb_call *c, struct err *err)
{
	u64 at = here(c->s);
	int rc = call_words(c, &the_sym, 0, VERB_WORDS, err);

	if (!rc)
		rc = call_address(c, 0, at, &at, err);
	if (rc)
		return rc;
	say_address(c->s, at, c->out);
	const char *file, *text;
	u32 line;
	if ((text = symbols_line(c->s->symbols, at, &file, &line)))
		buf_printf(c->out, "  %s:%u  %s", file, line, text);
	if (!symbols_count(c->s->symbols))
		buf_printf(c->out, "  (no symbols are loaded: symbols FILE)");
	buf_printf(c->out, "\n");
	return 0;
}

static void event_row(const struct trap_event *e, struct buf *out)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s%s", e->name, *e->args ? "(" : "", e->args, *e->args ? ")" : "");
	buf_printf(out, "%-32s %s", name, e->brief);
	for (int i = 0; i < TRAP_FIELDS && e->field[i].name; i++)
		buf_printf(out, "%s%s", i ? " " : " [", e->field[i].name);
	buf_printf(out, "%s%s%s\n", e->field[0].name ? "]" : "", e->missing ? "; this build has no " : "", e->missing ? e->missing : "");
}

static int exec_events(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_events, 0, 1, err);

	for (int i = 0; !rc && i < trap_nevents; i++)
		if (!c->nwords || strcasestr(trap_events[i].name, c->word[0]) || strcasestr(trap_events[i].brief, c->word[0]))
			event_row(&trap_events[i], c->out);
	if (!rc && !c->out->len)
		rc = err_set(err, ENOENT, "no event has '%.40s' in its name; `events` lists all", c->nwords ? c->word[0] : "");
	return rc;
}

static int exec_info(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_info, 0, 2, err);

	if (!rc)
		rc = info_text(c->nwords ? c->word[0] : NULL, c->nwords > 1 ? c->word[1] : NULL, c->out, err);
	return rc;
}

const struct verb the_sym = {
	.name = "sym", .args = "[ADDRESS]", .brief = "the symbol at an address, or the address of a symbol",
	.text = "With a listing also the source line.", .example = "sym 0x7c05\nsym main", .group = VERB_LOOK,
	.complete = COMPLETE_EXPR, .exec = exec_sym,
};
const struct verb the_events = {
	.name = "events", .args = "[TEXT]", .brief = "the events that `catch` and Trap's `on` know",
	.text = "With their arguments and, in brackets, their fields.", .example = "events\nevents msr", .group = VERB_LOOK,
	.exec = exec_events,
};
const struct verb the_info = {
	.name = "info", .args = "[TOPIC [WORD]]", .brief = "the reference: exits, instructions, devices ...",
	.text = "The same as `vitrine info`. Without a topic: what there is.", .example = "info exits\ninfo insns xchg",
	.group = VERB_LOOK, .complete = COMPLETE_TOPIC, .exec = exec_info,
};

/* ---- figures ---- */

static int exec_stats(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	struct buf b = { 0 };
	int rc = call_words(c, &the_stats, 0, 2, err);

	if (rc)
		return rc;
	if (!c->nwords) {
		describe_stats(c->s, 80, true, &l);
		return say_lines(c, &l, err);
	}
	if (!strcmp(c->word[0], "csv"))
		describe_stats_csv(c->s, &b);
	else if (!strcmp(c->word[0], "prometheus"))
		describe_stats_prometheus(c->s, &b);
	else
		return err_set(err, EINVAL, "stats: '%.40s' is no form; expected csv or prometheus", c->word[0]);
	if (c->nwords > 1)
		rc = host_file_write(c->word[1], b.data, b.len, err);
	else
		buf_put(c->out, b.data, b.len);
	buf_free(&b);
	return rc;
}

const struct verb the_stats = {
	.name = "stats", .args = "[csv [FILE] | prometheus [FILE]]", .brief = "figures: exits by reason, and what they cost",
	.text = "Counts, shares, median and 99th percentile of the host's time, and a histogram by powers of\n"
		"two; as a table, comma-separated, or as Prometheus has it.",
	.example = "stats\nstats csv exits.csv", .group = VERB_LOOK, .complete = COMPLETE_FILE, .exec = exec_stats,
};
