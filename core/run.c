/* SPDX-License-Identifier: GPL-3.0-or-later
 * run.c - the run loop: time, interrupts, then the guest, again and again.
 * Rule: timers fire and interrupts are delivered only between whole instructions, and the budget is looked at
 * before either; so a run cut into pieces goes through exactly the states of the run in one piece.
 */
#include <errno.h>
#include <string.h>

#include "core/paging-check.h"
#include "core/run-priv.h"
#include "core/tape.h"
#include "core/threads.h"

/* So many timers in a row without one instruction executed: whatever ticks there will not wake the guest. */
enum { IDLE_LIMIT = 1 << 21 };
enum {
	POLL_NS = 1000000,    /* virtual time between two looks at the outside while the guest executes */
	REST_NS = 1000000000, /* the longest sleep when no timer runs */
};

struct run {
	struct vm *vm;
	u64 end;  /* vm_icount at which the budget is used up */
	u32 idle; /* timers skipped to since the last instruction */
};

/* ---- when to stop ---- */

/* Looking first is much cheaper than the exchange, and almost always all. */
static bool user_stopped(struct vm *vm)
{
	return __atomic_load_n(&vm->user_stop, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&vm->user_stop, 0, __ATOMIC_SEQ_CST);
}

static bool stopped(struct run *r)
{
	struct vm *vm = r->vm;

	if (vm->stop != STOP_NONE)
		return true;
	if (vm->events.stop)
		vm->stop = STOP_EVENT;
	else if (user_stopped(vm))
		vm->stop = STOP_USER;
	else if (vm_icount(vm) >= r->end || (vm->deadline && vm->clock.now >= vm->deadline) || (vm->tape && (vm->tape->full || vm->tape->forked)))
		vm->stop = STOP_BUDGET;
	return vm->stop != STOP_NONE;
}

void vm_request_stop(struct vm *vm)
{
	__atomic_store_n(&vm->user_stop, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < vm->ncpus; i++)
		vm->engine->kick(&vm->vcpu[i]);
}

/* ---- whose turn it is ---- */

static void pass_turn(struct vm *vm)
{
	vm->turn = (vm->turn + 1) % vm->ncpus;
	vm->turn_used = 0;
}

/* Does anybody else want to execute?  Only then does a turn end, and are its instructions counted. */
static bool is_contended(const struct vm *vm)
{
	u32 active = 0;

	for (u32 i = 0; i < vm->ncpus; i++)
		active += vm->vcpu[i].activity == ACT_ACTIVE;
	return active > 1;
}

/* The active vCPU whose turn it is, or NULL when all of them wait. */
static struct vcpu *pick(struct vm *vm)
{
	for (u32 i = 0; i < vm->ncpus; i++) {
		struct vcpu *v = &vm->vcpu[vm->turn];

		if (v->activity == ACT_ACTIVE && vm->turn_used < VM_QUANTUM)
			return v;
		pass_turn(vm);
	}
	return vm->vcpu[vm->turn].activity == ACT_ACTIVE ? &vm->vcpu[vm->turn] : NULL;
}

/* ---- delivering interrupts ---- */

static int inject(struct vcpu *v, u32 type, int vector, struct err *err)
{
	struct event ev = { .kind = EV_intr, .intr = { (u8)vector, 0 } };
	struct x86_state s;
	int rc = v->vm->engine->inject(v, intr_info(type, (u32)vector, false), 0);

	if (rc < 0)
		return err_set(err, -rc, "engine %s: cannot deliver vector %d: %s", v->vm->engine->name,
			       vector, strerror(-rc));
	v->activity = ACT_ACTIVE;
	if (!event_wanted(&v->vm->events, EV_intr))
		return 0;
	if (v->vm->engine->get(v, &s, ST_GPR) == 0)
		ev.intr.rip = s.rip[0];
	vcpu_emit(v, &ev);
	return 0;
}

/* An NMI waits while another is handled, behind MOV SS (SDM 3A 6.7.1, 6.8.3), and for an event on its way. */
static int deliver_nmi(struct vcpu *v, struct err *err)
{
	struct x86_state s;
	int rc = v->vm->engine->get(v, &s, ST_PENDING);

	if (rc < 0)
		return err_set(err, -rc, "engine %s: cannot read vCPU %u: %s", v->vm->engine->name, v->index,
			       strerror(-rc));
	if (s.nmi_blocked[0] || (s.shadow[0] & SHADOW_MOV_SS) || (s.inject_info[0] & INTR_VALID))
		return 0; /* v->nmi stays, and the guest goes on in steps of one instruction */
	v->nmi = false;
	return inject(v, INTR_TYPE_NMI, VEC_NMI, err);
}

static void want_window(struct vcpu *v, bool want)
{
	if (v->window == want)
		return;
	v->window = want;
	v->vm->engine->want_window(v, want);
}

/* v is settled. */
static int deliver_intr(struct vcpu *v, struct err *err)
{
	int vector = -1;

	if (!v->intr || !v->vm->engine->can_inject(v)) {
		want_window(v, v->intr);
		return 0;
	}
	if (v->intc.ack)
		vector = v->intc.ack(v->intc.arg);
	want_window(v, false); /* a line still up gets its next chance one instruction later: see limit_of */
	return vector < 0 ? 0 : inject(v, INTR_TYPE_EXT, vector & 0xff, err);
}

/* INIT and start-up make exits of their own, as they do under VT-x. */
static int pin_exit(struct vcpu *v, enum exit_reason reason, u64 qualification, struct err *err)
{
	struct x86_state s;
	int rc = v->vm->engine->get(v, &s, ST_GPR);

	if (rc < 0)
		return err_set(err, -rc, "engine %s: cannot read vCPU %u: %s", v->vm->engine->name, v->index,
			       strerror(-rc));
	v->exit = (struct vm_exit){ .reason = (u16)reason, .qualification = qualification, .rip = s.rip[0],
				    .icount = v->clock_icount };
	return exit_handle(v, err);
}

static int take_init_and_sipi(struct vcpu *v, struct err *err)
{
	u8 vector = (u8)(v->sipi - 1);
	bool sipi = v->sipi;
	int rc = 0;

	if (v->init) {
		v->init = false;
		rc = pin_exit(v, EXIT_INIT, 0, err);
	}
	v->sipi = 0;
	if (!rc && sipi && v->activity == ACT_WAIT_SIPI)
		rc = pin_exit(v, EXIT_SIPI, vector, err);
	return rc;
}

/* What the pins of one vCPU ask for.  v is settled. */
int vcpu_attend(struct vcpu *v, struct err *err)
{
	int rc = 0;

	if (v->init || v->sipi)
		rc = take_init_and_sipi(v, err);
	if (v->activity == ACT_ACTIVE || v->activity == ACT_HALTED) {
		if (!rc && v->nmi)
			rc = deliver_nmi(v, err);
		if (!rc)
			rc = deliver_intr(v, err);
	}
	if (!v->intr && !v->nmi && !v->window && !v->init && !v->sipi)
		v->vm->attention &= ~(1u << v->index);
	return rc;
}

static int attend_all(struct vm *vm, struct err *err)
{
	int rc = 0;

	for (u32 i = 0; i < vm->ncpus && !rc; i++)
		if (vm->attention >> i & 1)
			rc = vcpu_attend(&vm->vcpu[i], err);
	return rc;
}

/* ---- doing nothing, and executing ---- */

bool vcpu_is_wakeable(struct vcpu *v)
{
	struct x86_state s;

	return v->activity == ACT_HALTED && vcpu_get(v, &s, ST_GPR) == 0 && (s.rflags[0] & FLAG_IF);
}

static void poll_later(struct vm *vm)
{
	vm->next_poll = (vm->clock.now / POLL_NS + 1) * POLL_NS;
}

/* A run to a moment may end in the midst of it. */
static void go_on_resting(struct vm *vm)
{
	bool cut = vm->deadline && vm->deadline < vm->rest_until;

	clock_skip_to(&vm->clock, cut ? vm->deadline : vm->rest_until);
}

/* Sleep until something comes from outside or the next timer is due; time moves by as much as it took. */
static void wait_outside(struct vm *vm, u64 due)
{
	u64 now = vm->clock.now, rest = due == UINT64_MAX ? REST_NS : due - now;
	u64 most = vm->deadline && vm->deadline - now < rest ? vm->deadline - now : rest;

	vm->rest_until = now + vm_rest(vm, most, rest);
	vm->next_poll = (vm->rest_until / POLL_NS + 1) * POLL_NS;
	go_on_resting(vm);
}

/* Every vCPU waits.  Only a halted one with interrupts enabled can be woken, by a timer's device or from outside. */
static int idle(struct run *r, struct err *err)
{
	struct vm *vm = r->vm;
	u64 due = clock_next_due(&vm->clock);
	bool wakeable = false;

	for (u32 i = 0; i < vm->ncpus; i++) {
		if (vm->vcpu[i].activity == ACT_SHUTDOWN) {
			vm->stop = STOP_TRIPLE_FAULT;
			return 0;
		}
		wakeable |= vcpu_is_wakeable(&vm->vcpu[i]);
	}
	if (wakeable && vm_listens(vm)) {
		wait_outside(vm, due);
		return 0;
	}
	if (vm->deadline && vm->deadline < due && due != UINT64_MAX)
		due = vm->deadline;
	if (!wakeable || due == UINT64_MAX || ++r->idle > IDLE_LIMIT)
		vm->stop = STOP_HALTED;
	else
		clock_skip_to(&vm->clock, due);
	return 0;
}

static u64 limit_of(const struct run *r, const struct vcpu *v)
{
	const struct vm *vm = r->vm;
	u64 limit = r->end - vm_icount(vm), due = clock_insns_until_due(&vm->clock);

	if (due < limit)
		limit = due;
	if (is_contended(vm) && VM_QUANTUM - vm->turn_used < limit)
		limit = VM_QUANTUM - vm->turn_used;
	if (vm_listens(vm) && clock_insns_until(&vm->clock, vm->next_poll) < limit)
		limit = clock_insns_until(&vm->clock, vm->next_poll);
	if (vm->deadline && clock_insns_until(&vm->clock, vm->deadline) < limit)
		limit = clock_insns_until(&vm->clock, vm->deadline);
	/* A line that is up without a window asked for was just served, and is served again after one
	 * instruction: a storm of interrupts still makes progress, and so ends with the budget.  So is a
	 * waiting NMI. */
	if (v->nmi || (v->intr && !v->window))
		return 1;
	return limit > INT64_MAX ? 0 : limit;
}

static int execute(struct run *r, struct vcpu *v, struct err *err)
{
	struct vm *vm = r->vm;
	const struct run_limit limit = { .insns = limit_of(r, v) };
	bool contended = is_contended(vm);
	u64 before = v->clock_icount;
	int rc;

	v->settled = false;
	v->executing = true;
	rc = vm->engine->run(v, &limit, &v->exit);
	v->executing = false;
	if (rc < 0)
		return err_set(err, -rc, "engine %s: cannot run vCPU %u: %s", vm->engine->name, v->index,
			       v->exit.what ? v->exit.what : strerror(-rc));
	vcpu_retire(v, v->exit.icount);
	if (contended)
		vm->turn_used += v->clock_icount - before;
	if (v->clock_icount != before)
		r->idle = 0;
	rc = exit_handle(v, err);
	/* The turn of one that waits from now on is over, and that of one that spins: HLT or PAUSE must be complete
	 * before another moves the time. */
	if (!rc && (v->activity != ACT_ACTIVE || v->exit.reason == EXIT_PAUSE))
		rc = vcpu_settle(v, err);
	return rc < 0 ? rc : 0;
}

/* ---- the loop ---- */

/* 1 if an instruction was finished: time may have moved, so look at everything again. */
static int settle_all(struct vm *vm, struct err *err)
{
	int moved = 0;

	for (u32 i = 0; i < vm->ncpus; i++) {
		u64 before = vm->vcpu[i].clock_icount;
		int rc = vcpu_settle(&vm->vcpu[i], err);

		if (rc < 0)
			return rc;
		if (i == vm->turn && is_contended(vm))
			vm->turn_used += vm->vcpu[i].clock_icount - before;
		moved |= rc;
	}
	return moved;
}

static bool poll_is_due(const struct vm *vm)
{
	return vm_listens(vm) && vm->clock.now >= vm->next_poll;
}

static bool needs_attention(const struct vm *vm, const struct vcpu *next)
{
	return !next || vm->reset_wanted || vm->attention || poll_is_due(vm) ||
	       clock_next_due(&vm->clock) <= vm->clock.now;
}

/* One time round.  0, or a negative errno. */
static int go_round(struct run *r, struct err *err)
{
	struct vm *vm = r->vm;
	struct vcpu *next = pick(vm);
	int rc;

	if (vm->rest_until > vm->clock.now) {
		go_on_resting(vm);
		return 0;
	}
	if (needs_attention(vm, next)) {
		rc = settle_all(vm, err);
		if (rc)
			return rc < 0 ? rc : 0;
		if (vm->reset_wanted) {
			vm_reset(vm);
			return 0;
		}
		if (poll_is_due(vm)) {
			poll_later(vm);
			vm_look(vm);
		}
		/* A device may have raised a line, or asked for the end of the machine: look again; unless its
		 * timer is due again at once, for such a device must not keep the guest from executing. */
		if (clock_fire_due(&vm->clock) && clock_next_due(&vm->clock) > vm->clock.now)
			return 0;
		rc = attend_all(vm, err);
		if (rc || vm->events.stop) /* who watches interrupts may stop before the handler runs */
			return rc;
		next = pick(vm);
	}
	return next ? execute(r, next, err) : idle(r, err);
}

/* Its memory is not what the guest left there (core/mem.h): it cannot go on, now or later. */
static int memory_trouble(const struct vm *vm, struct err *err)
{
	return LIKELY(!vm->mem.trouble.code) ? 0 : err_set(err, vm->mem.trouble.code, "%s", vm->mem.trouble.text);
}

enum stop_why vm_run_piece(struct vm *vm, u64 budget, struct err *err)
{
	struct run r = { .vm = vm, .end = vm_icount(vm) + budget };
	u64 now = vm->rest_until > vm->clock.now ? vm->rest_until : vm->clock.now;
	int rc = 0;

	if (!budget || r.end < budget)
		r.end = UINT64_MAX;
	vm->stop = STOP_NONE;
	vm->stop_status = 0;
	vm->events.stop = false;
	if (vm->next_poll > now + POLL_NS) /* a snapshot has put the clock back */
		poll_later(vm);
	if (vm->threads && threads_run(vm, budget, err) == STOP_ERROR)
		rc = -EIO;
	rc = rc ? rc : memory_trouble(vm, err);
	while (!vm->threads && !rc && !stopped(&r)) {
		rc = go_round(&r, err);
		rc = rc ? rc : memory_trouble(vm, err);
		if (UNLIKELY(vm->paging.checker != NULL) && !rc)
			rc = paging_check_touched(vm, err);
	}
	/* Finishing the last instruction may itself raise a question, whose answer may have consequences. */
	while (!rc && (rc = settle_all(vm, err)) > 0)
		rc = 0;
	if (!rc && vm->paging.checker)
		rc = paging_check_run_ended(vm, err);
	if (rc)
		vm->stop = STOP_ERROR;
	return vm->stop;
}

void vm_tell_stop(struct vm *vm)
{
	struct event ev = { .kind = EV_stop };

	ev.stop.why = (u8)vm->stop;
	ev.stop.status = (u8)vm->stop_status;
	if (event_wanted(&vm->events, EV_stop))
		vcpu_emit(&vm->vcpu[vm->turn], &ev);
}

enum stop_why vm_run(struct vm *vm, u64 budget, struct err *err)
{
	vm->stop = vm->driver.run ? vm->driver.run(vm->driver.arg, budget, err) : vm_run_piece(vm, budget, err);
	vm_tell_stop(vm);
	return vm->stop;
}
