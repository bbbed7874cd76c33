/* SPDX-License-Identifier: GPL-3.0-or-later
 * vcpu.c - a virtual processor seen from the hypervisor: settled first, then read or written by groups; and
 * how it begins: reset, INIT, start-up.
 * Rule: whatever lets instructions retire tells the clock, so time at a settled state follows from the
 * counts.
 */
#include "core/vcpu.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/run-priv.h"

void vcpu_retire(struct vcpu *v, u64 icount)
{
	if (icount <= v->clock_icount)
		return;
	if (!v->vm->threads) /* time is the host's then */
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

static int settle_once(struct vcpu *v)
{
	int rc;

	v->executing = true;
	rc = v->vm->engine->settle(v, &v->exit);
	v->executing = false;
	return rc;
}

int vcpu_settle(struct vcpu *v, struct err *err)
{
	const struct engine *engine = v->vm->engine;
	struct x86_state s;
	bool moved = false;
	u64 before = v->clock_icount;
	int rc;

	if (v->settled || v->executing)
		return 0;
	while ((rc = settle_once(v)) == 1) {
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
	int rc = v->leaving ? 0 : vcpu_settle(v, NULL);

	return rc < 0 ? rc : v->vm->engine->get(v, s, groups);
}

int vcpu_set(struct vcpu *v, const struct x86_state *s, u32 groups, struct err *err)
{
	int rc;

	if (v->leaving)
		return err_set(err, EBUSY, "vCPU %u is in the midst of an instruction that waits for its answer; its registers "
			       "can be set when the exit has been handled", v->index);
	rc = vcpu_settle(v, err);
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

/* Those that push an error code (SDM 3A table 6-1). */
static bool has_error_code(u8 vector)
{
	const u32 vectors = 1u << VEC_DF | 1u << VEC_TS | 1u << VEC_NP | 1u << VEC_SS | 1u << VEC_GP | 1u << VEC_PF |
			    1u << VEC_AC;

	return vectors >> vector & 1;
}

int vcpu_exception(struct vcpu *v, u8 vector, u32 error)
{
	bool within = v->exit.insn_len && v->exit.reason != EXIT_HLT && v->exit.reason != EXIT_PAUSE &&
		      v->exit.reason != EXIT_EXCEPTION && exit_is_guests(v->exit.reason);

	if (!(v->vm->engine->caps & CAP_RAISE))
		return -ENOTSUP;
	if (!v->leaving || !within || vector > 31 || vector == VEC_NMI)
		return -EINVAL;
	v->exit.raise = intr_info(INTR_TYPE_HARD_EXC, vector, has_error_code(vector));
	v->exit.raise_error = has_error_code(vector) ? error : 0;
	return 0;
}

/* ---- reset, INIT, start-up ---- */

static bool is_bootstrap(const struct vcpu *v)
{
	return v->index == 0;
}

void vcpu_reset(struct vcpu *v)
{
	struct vm *vm = v->vm;
	struct x86_state s;
	int rc;

	x86_state_reset(&s, cpu_signature(vm->cpu));
	if (!is_bootstrap(v)) /* the others wait to be started (SDM 3A 8.4.1) */
		s.activity[0] = ACT_WAIT_SIPI;
	rc = vcpu_settle(v, NULL);
	assert(rc >= 0);
	s.icount[0] = v->clock_icount;
	s.tsc_offset[0] = -vm->clock.now; /* the time-stamp counter starts from 0 (SDM 3A table 9-1) */
	rc = vcpu_set(v, &s, ST_ALL, NULL);
	assert(rc == 0);
	vm->engine->want_window(v, false);
	v->window = false;
}

/* Table 9-1, column INIT: as after a reset, but for the groups of x87, SSE and model-specific registers, XCR0, and
 * the cache bits of CR0. */
static void state_after_init(struct x86_state *s, const struct x86_state *fresh)
{
	const u64 xcr0 = s->xcr0[0], cache = s->cr0[0] & (CR0_CD | CR0_NW), icount = s->icount[0];

	x86_state_copy(s, fresh, ST_GPR | ST_SEG | ST_CTRL | ST_PENDING);
	s->xcr0[0] = xcr0;
	s->cr0[0] = (fresh->cr0[0] & ~(u64)(CR0_CD | CR0_NW)) | cache;
	s->icount[0] = icount;
}

int vcpu_init(struct vcpu *v, struct err *err)
{
	struct x86_state s, fresh;
	int rc = vcpu_get(v, &s, ST_ALL);

	if (rc < 0)
		return engine_failed(v, rc, "read", err);
	x86_state_reset(&fresh, cpu_signature(v->vm->cpu));
	state_after_init(&s, &fresh);
	s.activity[0] = is_bootstrap(v) ? ACT_ACTIVE : ACT_WAIT_SIPI;
	v->nmi = false;
	v->sipi = 0;
	return vcpu_set(v, &s, ST_ALL, err);
}

int vcpu_start(struct vcpu *v, u8 vector, struct err *err)
{
	struct x86_state s;
	int rc = vcpu_get(v, &s, ST_ALL);

	if (rc < 0)
		return engine_failed(v, rc, "read", err);
	s.seg_sel[SEG_CS] = (u16)(vector << 8);
	s.seg_base[SEG_CS] = (u64)vector << 12;
	s.rip[0] = 0;
	s.activity[0] = ACT_ACTIVE;
	return vcpu_set(v, &s, ST_ALL, err);
}

u64 vcpu_tsc_offset(void *arg)
{
	struct vcpu *v = arg;
	struct x86_state s;

	return v->vm->engine->get(v, &s, ST_MSR) < 0 ? 0 : s.tsc_offset[0];
}
