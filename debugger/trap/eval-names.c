/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-names.c - what a script can name: time, stopped.reason, registers, the fields of an entry or a processor.
 * Rule: a row of names.c here under the same name; what is not known is an error at its place.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "debugger/session/describe.h"
#include "debugger/trap/run-priv.h"

/* ---- names ---- */

/* VALUE_NONE: no memory. */
typedef struct value (*name_fn)(struct trap *t);

static struct value text(struct trap *t, const char *s)
{
	return value_str(&t->heap, s, strlen(s));
}

static struct value number(u64 n)
{
	return value_of(T_INT, (trap_int)n);
}

static struct value name_time(struct trap *t)
{
	return value_of(T_TIME, (trap_int)t->s->vm->clock.now);
}

static struct value name_host_time(struct trap *t)
{
	return value_of(T_TIME, (trap_int)clock_host_ns());
}

static struct value name_fault(struct trap *t)
{
	return value_fault(&t->heap, "fault has no value: it is what a failed read gives");
}

static struct value name_last_line(struct trap *t)
{
	return text(t, session_last_line(t->s));
}

static struct value name_regs(struct trap *t)
{
	return value_of(T_CPU, trap_cpu(t));
}

static struct value name_stopped_reason(struct trap *t)
{
	return text(t, t->s->stopped.reason);
}

static struct value name_stopped_text(struct trap *t)
{
	return text(t, t->s->stopped.text);
}

static struct value name_cpu_number(struct trap *t)
{
	return number(trap_cpu(t));
}

static struct value name_cpu_exits(struct trap *t)
{
	return number(t->s->vm->guest_exits);
}

static struct value name_cpu_insns(struct trap *t)
{
	return number(t->now && t->now->ev ? t->now->ev->icount : t->s->vm->vcpu[trap_cpu(t)].clock_icount);
}

/* SDM 3A 2.2: the modes, by CR0, EFER and the code segment. */
static struct value name_cpu_mode(struct trap *t)
{
	u64 cr0 = 0, efer = 0, flags = 0, cs = 0;
	u32 cpu = trap_cpu(t);
	bool known = session_register(t->s, cpu, "cr0", &cr0) && session_register(t->s, cpu, "efer", &efer) &&
		     session_register(t->s, cpu, "rflags", &flags) && session_register(t->s, cpu, "cs.attr", &cs);

	if (!known)
		return text(t, "unknown");
	if (!(cr0 & CR0_PE))
		return text(t, "real");
	if (efer & EFER_LMA)
		return text(t, cs & SEG_L ? "long" : "compatibility");
	return text(t, flags & FLAG_VM ? "virtual-8086" : "protected");
}

static struct value name_vm_state(struct trap *t)
{
	switch (t->s->stopped.why) {
	case STOP_POWER_OFF: return text(t, "power-off");
	case STOP_HALTED: return text(t, "halted");
	case STOP_TRIPLE_FAULT: return text(t, "triple-fault");
	default: return text(t, "running");
	}
}

static struct value name_vm_cpus(struct trap *t)
{
	return number(t->s->vm->ncpus);
}

static struct value name_vm_memory(struct trap *t)
{
	return number(t->s->vm->mem_size);
}

static struct value name_vm_insns(struct trap *t)
{
	return number(vm_icount(t->s->vm));
}

static const struct name { const char *name; name_fn get; } names[] = {
	{ "time", name_time }, { "host_time", name_host_time }, { "fault", name_fault }, { "last_line", name_last_line },
	{ "regs", name_regs }, { "stopped.reason", name_stopped_reason }, { "stopped.text", name_stopped_text },
	{ "cpu.number", name_cpu_number }, { "cpu.exits", name_cpu_exits }, { "cpu.insns", name_cpu_insns },
	{ "cpu.mode", name_cpu_mode }, { "vm.state", name_vm_state }, { "vm.cpus", name_vm_cpus },
	{ "vm.memory", name_vm_memory }, { "vm.insns", name_vm_insns },
};

bool trap_name_is_built(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].name, name))
			return true;
	return false;
}

bool eval_name(struct trap *t, const struct node *n, struct value *out)
{
	if (n->slot < 0) { /* a constant: an exit reason */
		*out = value_of(T_INT, n->number);
		out->unit = SHOW_EXIT;
		out->plain = true;
		return true;
	}
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i].name, trap_names[n->slot].name)) {
			*out = names[i].get(t);
			return out->type != T_NONE || trap_no_memory(t, n);
		}
	return trap_fail(t, n, NULL, "this build does not know %s", n->name);
}

/* ---- registers ---- */

/* Those that hold linear addresses. */
static bool is_pointer(const char *name)
{
	static const char *const pointers[] = { "rip", "eip", "ip", "rsp", "esp", "sp", "rbp", "ebp", "bp", "cr2" };

	for (unsigned i = 0; i < ARRAY_LEN(pointers); i++)
		if (!strcasecmp(name, pointers[i]))
			return true;
	return false;
}

/* rflags.ZF and cr0.PE are bools; rflags.IOPL, es.base and xmm0.high are numbers. */
static bool is_flag(const char *name)
{
	const char *dot = strchr(name, '.');

	if (!dot || (strncasecmp(name, "rflags", 6) && strncasecmp(name, "eflags", 6) && strncasecmp(name, "cr", 2) &&
		     strncasecmp(name, "efer", 4)))
		return false;
	return strcasecmp(dot + 1, "IOPL");
}

/* An exception is told when its handler is about to run; whoever asks means the instruction that caused it. */
static bool is_faulting_rip(const struct trap *t, const char *name, u32 cpu)
{
	return t->now && t->now->ev && t->now->ev->kind == EV_fault && cpu == t->now->cpu &&
	       (!strcasecmp(name, "rip") || !strcasecmp(name, "eip") || !strcasecmp(name, "ip"));
}

/* $name: the checker knows its row and its type. */
static bool eval_known(struct trap *t, const struct node *n, u32 cpu, struct value *out)
{
	u64 value;

	if (is_faulting_rip(t, n->name, cpu))
		value = t->now->ev->fault.rip;
	else if (!session_register_at(t->s, cpu, n->row, &value))
		return trap_fail(t, n, NULL, "the registers of processor %u cannot be read", cpu);
	*out = value_of((enum trap_type)n->type, (trap_int)value);
	return true;
}

bool eval_register(struct trap *t, const struct node *n, const char *name, u32 cpu, struct value *out)
{
	u64 value;

	if (n->kind == N_REG && n->row >= 0)
		return eval_known(t, n, cpu, out);
	if (is_faulting_rip(t, name, cpu))
		value = t->now->ev->fault.rip;
	else if (!session_register(t->s, cpu, name, &value))
		return trap_fail(t, n, "`help registers` lists them", "there is no register %s", name);
	*out = value_of(is_pointer(name) ? T_GVA : is_flag(name) ? T_BOOL : T_INT, (trap_int)value);
	return true;
}

/* ---- fields ---- */

static bool entry_number(const struct entry *e, const char *name, struct value *out)
{
	const struct walk_result *w = &e->walk;
	const struct walk_step *last = w->steps ? &w->step[w->steps - 1] : NULL;

	if (!strcmp(name, "pfn"))
		*out = number(w->gpa >> 12);
	else if (!strcmp(name, "level"))
		*out = number(e->levels ? e->levels - w->steps + 1u : 0);
	else if (!strcmp(name, "raw"))
		*out = number(last ? last->value : 0);
	else if (!strcmp(name, "at"))
		*out = value_of(T_GPA, (trap_int)(last ? last->gpa : 0));
	else if (!strcmp(name, "pa"))
		*out = number(w->gpa);
	else if (!strcmp(name, "gpa"))
		*out = value_of(T_GPA, (trap_int)w->gpa);
	else if (!strcmp(name, "size"))
		*out = number(w->page_size);
	else
		return false;
	return true;
}

static bool entry_flag(const struct entry *e, const char *name, struct value *out)
{
	const struct walk_result *w = &e->walk;
	u64 accessed = e->stage == STAGE_EPT ? EPT_A : PTE_A;
	bool raw_a = w->steps && w->step[w->steps - 1].value & accessed, yes;

	if (!strcmp(name, "nx") || !strcmp(name, "ps")) {
		*out = value_of(T_BOOL, e->present && (name[0] == 'n' ? w->nx : w->page_size > PAGE_SIZE_4K));
		return true;
	}
	if (name[0] && name[1])
		return false;
	switch (name[0]) {
	case 'p': yes = e->present; break;
	case 'w': yes = e->present && w->writable; break;
	case 'x': yes = e->present && !w->nx; break;
	case 'u': yes = e->present && w->user; break;
	case 'a': yes = e->present && raw_a; break;
	case 'd': yes = e->present && w->dirty; break;
	case 'g': yes = e->present && w->global; break;
	default: return false;
	}
	*out = value_of(T_BOOL, yes);
	return true;
}

static bool entry_field(struct trap *t, const struct node *n, const struct value *of, struct value *out)
{
	const struct entry *e = value_entry_of(of);

	if (entry_flag(e, n->name, out))
		return true;
	if (!entry_number(e, n->name, out))
		return trap_fail(t, n, "an entry has .p .w .x .u .a .d .g .nx .ps .pa .pfn .level .raw .at .gpa .size", "an entry has no .%s",
				 n->name);
	if (!e->present && (!strcmp(n->name, "pfn") || !strcmp(n->name, "pa") || !strcmp(n->name, "gpa") || !strcmp(n->name, "size"))) {
		*out = value_fault(&t->heap, "the address is not mapped: its entry has no .%s", n->name);
		return out->type != T_NONE || trap_no_memory(t, n);
	}
	return true;
}

static bool cpu_field(struct trap *t, const struct node *n, const struct value *of, struct value *out)
{
	const struct vcpu *v = &t->s->vm->vcpu[(u32)of->n];

	if (!strcmp(n->name, "number"))
		*out = number((u64)of->n);
	else if (!strcmp(n->name, "insns"))
		*out = number(v->clock_icount);
	else
		return eval_register(t, n, n->name, (u32)of->n, out);
	return true;
}

bool eval_field(struct trap *t, const struct node *n, const struct value *of, struct value *out)
{
	if (of->type == T_ENTRY)
		return entry_field(t, n, of, out);
	if (of->type == T_CPU)
		return cpu_field(t, n, of, out);
	return trap_fail(t, n, NULL, "a %s has no field .%s", trap_type_name((enum trap_type)of->type), n->name);
}
