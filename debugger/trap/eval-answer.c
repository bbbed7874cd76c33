/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-answer.c - answering an exit in the hypervisor's place, and making things go wrong.
 * Rule: an answer goes into the exit itself, before the handler; then the handler is not called.
 */
#include <errno.h>
#include <string.h>

#include "debugger/session/inject.h"
#include "debugger/session/inject.h"
#include "debugger/trap/run-priv.h"

/* ---- reply ---- */

/* The fields that an exit's answer has (core/exit.h). */
static u64 *wide_field(struct vm_exit *e, const char *name)
{
	bool result = !strcmp(name, "result");

	switch (e->reason) {
	case EXIT_IO: return !strcmp(name, "value") ? &e->io.value : NULL;
	case EXIT_EPT_VIOLATION: return !strcmp(name, "value") ? &e->mmio.value : NULL;
	case EXIT_RDMSR:
	case EXIT_WRMSR: return !strcmp(name, "value") ? &e->msr.value : NULL;
	case EXIT_CR_ACCESS: return !strcmp(name, "value") ? &e->cr.value : NULL;
	case EXIT_RDRAND:
	case EXIT_RDSEED: return !strcmp(name, "value") ? &e->random.value : NULL;
	case EXIT_VMCALL: return result || !strcmp(name, "value") ? &e->call.result : NULL;
	default: return NULL;
	}
}

static u32 *cpuid_field(struct vm_exit *e, const char *name)
{
	if (e->reason != EXIT_CPUID)
		return NULL;
	if (!strcmp(name, "eax"))
		return &e->cpuid.eax;
	if (!strcmp(name, "ebx"))
		return &e->cpuid.ebx;
	if (!strcmp(name, "ecx"))
		return &e->cpuid.ecx;
	return !strcmp(name, "edx") ? &e->cpuid.edx : NULL;
}

static u8 *flag_field(struct vm_exit *e, const char *name)
{
	if ((e->reason == EXIT_RDMSR || e->reason == EXIT_WRMSR) && !strcmp(name, "fault"))
		return &e->msr.fault;
	return (e->reason == EXIT_RDRAND || e->reason == EXIT_RDSEED) && !strcmp(name, "ok") ? &e->random.ok : NULL;
}

static u32 width_of(const struct vm_exit *e)
{
	return e->reason == EXIT_IO ? e->io.size : e->reason == EXIT_EPT_VIOLATION ? e->mmio.size : 8;
}

static bool put(struct trap *t, const struct node *option, struct vm_exit *e, u64 n)
{
	u64 *wide = wide_field(e, option->name);
	u32 *word = cpuid_field(e, option->name), width = width_of(e);
	u8 *flag = flag_field(e, option->name);

	if (!wide && !word && !flag)
		return trap_fail(t, option, NULL, "an exit %s takes no answer `%s'", exit_name(e->reason), option->name);
	if ((word && n >> 32) || (flag && n > 1) || (wide && width < 8 && n >> width * 8))
		return trap_fail(t, option->a, "cut it by &, as in x & 0xff", "%s does not fit", option->name);
	if (wide)
		*wide = n;
	else if (word)
		*word = (u32)n;
	else
		*flag = (u8)n;
	return true;
}

/* What is not mentioned is 0: nothing of the handler's answer is there. */
static void begin_answer(struct vm_exit *e)
{
	if (e->reason == EXIT_CPUID)
		e->cpuid.eax = e->cpuid.ebx = e->cpuid.ecx = e->cpuid.edx = 0;
	if (e->reason == EXIT_RDMSR || e->reason == EXIT_WRMSR)
		e->msr.fault = 0;
	if (e->reason == EXIT_RDRAND || e->reason == EXIT_RDSEED)
		e->random.ok = 1;
	if (e->reason == EXIT_VMCALL)
		e->call.result = 0;
}

enum flow exec_reply(struct trap *t, const struct node *n)
{
	struct occurrence *o = t->now;
	bool ok = true;

	if (!o || !o->exit || !o->answerable || !exit_asks(o->exit->reason)) {
		trap_fail(t, n, "see the event's help", "this exit asks for no answer");
		return FLOW_LEAVE;
	}
	begin_answer(o->exit);
	for (const struct node *option = n->b; option && ok; option = option->next) {
		u64 value;
		ok = eval_u64(t, option->a, &value) && put(t, option, o->exit, value);
	}
	o->answered |= ok;
	return ok ? FLOW_GO : FLOW_LEAVE;
}

/* ---- inject ---- */

static const struct node *option_find(const struct node *n, const char *name)
{
	for (const struct node *o = n->b; o; o = o->next)
		if (!strcmp(o->name, name))
			return o->a;
	return NULL;
}

static enum flow inject_exception(struct trap *t, const struct node *n)
{
	const struct node *vector = n->a ? n->a : option_find(n, "vector");
	const struct node *error = n->a && n->a->next ? n->a->next : option_find(n, "error");
	u64 v = 0, code = 0;
	int rc;

	if ((vector && !eval_u64(t, vector, &v)) || (error && !eval_u64(t, error, &code)))
		return FLOW_LEAVE;
	if (!t->now || !t->now->answerable) {
		trap_fail(t, n, "use it in a probe of an exit", "an exception takes the place of an exit's answer, and here is none");
		return FLOW_LEAVE;
	}
	if (v > 31 || code > UINT32_MAX) {
		trap_fail(t, n, NULL, "an exception has a vector from 0 to 31 and an error code of 32 bits");
		return FLOW_LEAVE;
	}
	rc = vcpu_exception(&t->s->vm->vcpu[t->now->cpu], (u8)v, (u32)code);
	if (rc == -ENOTSUP)
		trap_fail(t, n, NULL, "engine %s cannot raise an exception instead", t->s->vm->engine->name);
	else if (rc)
		trap_fail(t, n, NULL, "an exit %s cannot end with exception %llu", exit_name(t->now->exit->reason),
			  (unsigned long long)v);
	t->now->answered |= !rc;
	return rc ? FLOW_LEAVE : FLOW_GO;
}

/* One argument; its value is kept in *v, to be dropped behind the call. */
static bool inject_argument(struct trap *t, const struct node *n, const char *name, struct inject_args *args, struct value *v)
{
	struct inject_arg *a = &args->at[args->n];

	if (args->n == INJECT_ARGS)
		return trap_fail(t, n, NULL, "inject takes at most %d arguments", INJECT_ARGS);
	if (!eval(t, n, &v[args->n]))
		return false;
	*a = (struct inject_arg){ .name = name, .type = v[args->n].type };
	if (a->type == T_STR) {
		a->text = value_text_of(&v[args->n])->at;
		a->len = value_text_of(&v[args->n])->len;
	} else if (!value_is_number(&v[args->n])) {
		value_drop(&v[args->n]);
		return trap_fail(t, n, NULL, "inject takes numbers, addresses, times and texts");
	} else {
		a->number = (u64)v[args->n].n;
	}
	args->n++;
	return true;
}

enum flow exec_inject(struct trap *t, const struct node *n)
{
	struct inject_args args = { .n = 0 };
	struct value v[INJECT_ARGS];
	struct err err = { 0 };
	bool ok = true;

	if (!strcmp(n->name, "exception"))
		return inject_exception(t, n);
	for (const struct node *a = n->a; a && ok; a = a->next)
		ok = inject_argument(t, a, NULL, &args, v);
	for (const struct node *o = n->b; o && ok; o = o->next)
		ok = inject_argument(t, o->a, o->name, &args, v);
	if (ok && session_inject(t->s, n->name, &args, &err))
		ok = trap_fail(t, n, NULL, "%s", err.text);
	for (int i = 0; i < args.n; i++)
		value_drop(&v[i]);
	return ok ? FLOW_GO : FLOW_LEAVE;
}
