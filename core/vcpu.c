/* SPDX-License-Identifier: GPL-3.0-or-later
 * vcpu.c - a virtual processor seen from the hypervisor: settled first, then read or written by groups.
 * Rule: whatever lets instructions retire tells the clock, so time at a settled state follows from the
 * counts.
 */
#include "core/vcpu.h"

#include <string.h>

#include "core/run-priv.h"

void vcpu_retire(struct vcpu *v, u64 icount)
{
	if (icount <= v->clock_icount)
		return;
	clock_retire(&v->vm->clock, icount - v->clock_icount);
	v->clock_icount = icount;
	v->vm->events.icount = icount;
}

void vcpu_emit(struct vcpu *v, struct event *ev)
{
	ev->vcpu = (u8)v->index;
	ev->icount = v->clock_icount;
	ev->time = v->vm->clock.now;
	event_emit(&v->vm->events, ev);
}

static int engine_failed(const struct vcpu *v, int rc, const char *verb, struct err *err)
{
	return err_set(err, -rc, "engine %s: cannot %s vCPU %u: %s", v->vm->engine->name, verb, v->index,
		       strerror(-rc));
}

int vcpu_settle(struct vcpu *v, struct err *err)
{
	const struct engine *engine = v->vm->engine;
	struct x86_state s;
	bool moved = false;
	u64 before = v->clock_icount;
	int rc;

	if (v->settled)
		return 0;
	while ((rc = engine->settle(v, &v->exit)) == 1) {
		/* One more fragment, such as the second half of an access that spans two device registers. */
		vcpu_retire(v, v->exit.icount);
		rc = exit_handle(v, err);
		if (rc)
			return rc;
		moved = true;
	}
	if (rc < 0)
		return engine_failed(v, rc, "finish an instruction of", err);
	v->settled = true;
	rc = engine->get(v, &s, ST_PENDING);
	if (rc < 0)
		return engine_failed(v, rc, "read", err);
	vcpu_retire(v, s.icount[0]);
	return moved || v->clock_icount != before;
}

int vcpu_get(struct vcpu *v, struct x86_state *s, u32 groups)
{
	int rc = vcpu_settle(v, NULL);

	return rc < 0 ? rc : v->vm->engine->get(v, s, groups);
}

int vcpu_set(struct vcpu *v, const struct x86_state *s, u32 groups, struct err *err)
{
	int rc = vcpu_settle(v, err);

	if (rc < 0)
		return rc;
	rc = v->vm->engine->set(v, s, groups, err);
	if (rc < 0)
		return rc;
	if (groups & ST_PENDING) {
		v->activity = s->activity[0];
		v->clock_icount = s->icount[0]; /* set, not executed: no time passes */
	}
	return 0;
}
