/* SPDX-License-Identifier: GPL-3.0-or-later
 * engine-options.c - --engine and --switch-engine-after.
 * Rule: a guest sees one processor model all its life, so it is what every engine of the run can give.
 */
#include "debugger/engine-options.h"

#include <errno.h>
#include <string.h>

#include "debugger/engines.h"
#include "debugger/options.h"
#include "debugger/runner.h"

int engine_choose(const char *name, const struct engine **engine, struct err *err)
{
	const struct engine_row *row = engine_find(name);
	int rc;

	if (!row)
		return err_set(err, EINVAL, "--engine: unknown engine '%.40s'; expected interp or vtx", name);
	rc = row->engine->available ? row->engine->available(err) : 0;
	if (rc)
		return -ENOSYS;
	*engine = row->engine;
	return 0;
}

int take_engine_switch(void *slot, const char *value, struct err *err)
{
	struct engine_switches *s = slot;
	const char *colon = strchr(value, ':');
	const struct engine_row *row = colon ? engine_find(colon + 1) : NULL;
	char count[32];
	size_t len = colon ? (size_t)(colon - value) : 0;
	u64 at;

	if (!row || !len || len >= sizeof(count))
		return err_set(err, EINVAL, "'%.60s' says no time and engine; expected one like 1000000insn:vtx", value);
	if (s->n == ENGINE_SWITCHES)
		return err_set(err, E2BIG, "more than %d switches; expected at most that many", ENGINE_SWITCHES);
	memcpy(count, value, len);
	count[len] = 0;
	if (len > 4 && !strcmp(count + len - 4, "insn"))
		count[len - 4] = 0;
	if (take_count(&at, count, err))
		return -EINVAL;
	if (!at || (s->n && at <= s->at[s->n - 1].at))
		return err_set(err, EINVAL, "'%.60s' is not later than the switch before; expected them in order", value);
	s->at[s->n++] = (struct engine_switch){ at, row->engine };
	return 0;
}

static void restrict_model(const struct engine *engine, struct cpu_model *model)
{
	if (engine->features)
		model->features &= engine->features();
}

int engine_options_prepare(struct machine_options *o, const struct engine *engine, struct cpu_model *model,
			   struct err *err)
{
	const struct engine_switches *s = &o->switches;
	bool exact = engine->caps & CAP_EXACT_BUDGET;

	if (paging_check(o->paging, engine, err))
		return -EINVAL;
	*model = *o->cpu;
	restrict_model(engine, model);
	for (int i = 0; i < s->n; i++) {
		if (s->at[i].to->available && s->at[i].to->available(err))
			return -ENOSYS;
		if (paging_check(o->paging, s->at[i].to, err))
			return -EINVAL;
		exact &= !!(s->at[i].to->caps & CAP_EXACT_BUDGET);
		restrict_model(s->at[i].to, model);
	}
	if (model->features != o->cpu->features)
		o->cpu = model;
	if (!exact && o->cpus > 1 && !o->json && !o->trace)
		o->smp_threads = true;
	return 0;
}

enum stop_why engine_switches_run(const struct engine_switches *s, struct vm *vm, u64 budget, struct stepper *stepper,
				  struct err *err)
{
	u64 done = 0, start = vm_icount(vm);

	for (int i = 0; i < s->n && (!budget || s->at[i].at < budget); i++) {
		enum stop_why why = s->at[i].at > done ? guest_run(vm, s->at[i].at - done, stepper, err) : STOP_BUDGET;

		if (why != STOP_BUDGET)
			return why;
		done = vm_icount(vm) - start;
		if (vm_switch_engine(vm, s->at[i].to, err))
			return STOP_ERROR;
	}
	if (budget && done >= budget)
		return STOP_BUDGET;
	return guest_run(vm, budget ? budget - done : 0, stepper, err);
}
