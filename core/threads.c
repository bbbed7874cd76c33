/* SPDX-License-Identifier: GPL-3.0-or-later
 * threads.c - run every vCPU on a thread of its own, and timers and the outside on the caller's.
 * Rule: a thread is either inside guest code, which is counted, or it holds the lock, or it waits; whoever comes out
 * while somebody is alone waits until that has ended.
 */
#include "core/threads.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/run-priv.h"

enum {
	POLL_NS = 1000000,   /* between two looks at the outside */
	CATCH_UP = 1000,     /* timers fired in a row */
	LOOK_NS = 10000000,  /* the caller's thread looks after the user's wishes at least so often */
};

struct threads {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a pin, the end of being alone, the end of it all */
	pthread_cond_t out;     /* a thread has left guest code */
	pthread_cond_t timer;   /* the caller's thread has something to look at */
	u32 inside;             /* threads in guest code */
	bool alone;             /* somebody wants, or has, the machine for itself */
	bool leaving;
	u64 resets;
	u64 wake;               /* virtual ns when the caller's thread looks next */
	u64 host_start, start;  /* host and virtual ns when the run began */
	struct err err;
	int rc;
	pthread_t thread[VM_VCPUS];
};

int threads_open(struct vm *vm, struct err *err)
{
	struct threads *t = calloc(1, sizeof(*t));
	pthread_condattr_t monotonic;

	if (!t)
		return err_set(err, ENOMEM, "no memory for threads");
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	pthread_cond_init(&t->out, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* that of clock_host_ns */
	pthread_cond_init(&t->timer, &monotonic);
	pthread_condattr_destroy(&monotonic);
	vm->threads = t;
	return 0;
}

void threads_close(struct vm *vm)
{
	struct threads *t = vm->threads;

	if (!t)
		return;
	pthread_cond_destroy(&t->timer);
	pthread_cond_destroy(&t->out);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
	vm->threads = NULL;
}

/* ---- time ---- */

u64 threads_now(const struct vm *vm)
{
	const struct threads *t = vm->threads;

	return t->start + (clock_host_ns() - t->host_start);
}

/* Up to now, stopping at each timer on the way: a device must see its own moment, not a later one.  One that is due
 * again at once must not keep us. */
static void move_clock(struct vm *vm)
{
	u64 now = threads_now(vm), due;

	for (int i = 0; i < CATCH_UP && (due = clock_next_due(&vm->clock)) <= now; i++) {
		clock_skip_to(&vm->clock, due);
		clock_fire_due(&vm->clock);
	}
	clock_skip_to(&vm->clock, now);
}

/* ---- inside and outside of guest code ---- */

static void go_in(struct vcpu *v)
{
	struct threads *t = v->vm->threads;

	v->inside = true;
	t->inside++;
	pthread_mutex_unlock(&t->lock);
}

static void come_out(struct vcpu *v)
{
	struct threads *t = v->vm->threads;

	pthread_mutex_lock(&t->lock);
	v->inside = false;
	t->inside--;
	pthread_cond_signal(&t->out);
	while (t->alone)
		pthread_cond_wait(&t->changed, &t->lock);
}

void threads_alone(struct vm *vm)
{
	struct threads *t = vm->threads;

	if (!t || t->alone) /* whoever holds the lock then is the one who is alone */
		return;
	t->alone = true;
	while (t->inside) {
		for (u32 i = 0; i < vm->ncpus; i++)
			if (vm->vcpu[i].inside)
				vm->engine->kick(&vm->vcpu[i]);
		pthread_cond_wait(&t->out, &t->lock);
	}
}

static void end_alone(struct threads *t)
{
	if (!t->alone)
		return;
	t->alone = false;
	pthread_cond_broadcast(&t->changed);
}

bool vcpu_alone(struct vcpu *v)
{
	struct threads *t = v->vm->threads;

	if (!t || (!v->inside && t->alone))
		return false;
	v->came_out = v->inside;
	if (v->inside)
		come_out(v);
	threads_alone(v->vm);
	return true;
}

void vcpu_together(struct vcpu *v)
{
	end_alone(v->vm->threads);
	if (v->came_out)
		go_in(v);
}

void threads_wake(struct vm *vm, u32 cpu)
{
	struct threads *t = vm->threads;

	if (!t)
		return;
	if (vm->vcpu[cpu].inside)
		vm->engine->kick(&vm->vcpu[cpu]);
	else
		pthread_cond_broadcast(&t->changed);
}

/* ---- a vCPU's thread ---- */

static int execute(struct vcpu *v, struct err *err)
{
	struct vm *vm = v->vm;
	struct threads *t = vm->threads;
	/* a line that was just served, or an NMI that is held off, is looked at again after one instruction */
	const struct run_limit limit = { .insns = v->nmi || (v->intr && !v->window) };
	u64 resets = t->resets;
	int rc;

	v->settled = false;
	go_in(v);
	rc = vm->engine->run(v, &limit, &v->exit);
	come_out(v);
	move_clock(vm);
	if (rc < 0)
		return err_set(err, -rc, "engine %s: cannot run vCPU %u: %s", vm->engine->name, v->index,
			       v->exit.what ? v->exit.what : strerror(-rc));
	if (t->resets != resets) /* it happened in another life */
		return 0;
	vcpu_retire(v, v->exit.icount);
	rc = exit_handle(v, err);
	if (!rc && v->activity != ACT_ACTIVE)
		rc = vcpu_settle(v, err);
	return rc < 0 ? rc : 0;
}

/* One time round, with the lock. */
static int go_round(struct vcpu *v, struct err *err)
{
	struct vm *vm = v->vm;
	struct threads *t = vm->threads;
	int rc = 0;

	move_clock(vm);
	if (vm->attention >> v->index & 1) {
		rc = vcpu_settle(v, err);
		if (rc >= 0)
			rc = vcpu_attend(v, err);
	}
	if (!rc && v->activity == ACT_ACTIVE)
		rc = execute(v, err);
	if (!rc && vm->reset_wanted) {
		threads_alone(vm);
		t->resets++;
		vm_reset(vm);
	}
	end_alone(t);
	if (vm->stop != STOP_NONE || vm->events.stop || v->activity != ACT_ACTIVE ||
	    clock_next_due(&vm->clock) < t->wake)
		pthread_cond_signal(&t->timer);
	if (!rc && v->activity != ACT_ACTIVE && !(vm->attention >> v->index & 1) && vm->stop == STOP_NONE)
		pthread_cond_wait(&t->changed, &t->lock); /* last: somebody else may be alone when this returns */
	return rc;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	struct vm *vm = v->vm;
	struct threads *t = vm->threads;
	int rc = 0;

	pthread_mutex_lock(&t->lock);
	while (!rc && !t->leaving && vm->stop == STOP_NONE && !vm->events.stop) {
		struct err err = { 0 };

		if (t->alone) {
			pthread_cond_wait(&t->changed, &t->lock);
			continue;
		}
		rc = go_round(v, &err);
		if (rc && !t->rc) {
			t->rc = rc;
			t->err = err;
			pthread_cond_signal(&t->timer);
		}
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- the caller's thread ---- */

static bool is_halted_for_ever(struct vm *vm)
{
	if (vm->threads->inside || vm->attention)
		return false;
	for (u32 i = 0; i < vm->ncpus; i++)
		if (vm->vcpu[i].activity == ACT_ACTIVE || !vm->vcpu[i].settled)
			return false;
	for (u32 i = 0; i < vm->ncpus; i++)
		if (vcpu_is_wakeable(&vm->vcpu[i]))
			return !vm->outside.poll && clock_next_due(&vm->clock) == UINT64_MAX;
	return true;
}

static bool is_over(struct vm *vm, u64 end)
{
	if (vm->stop != STOP_NONE)
		return true;
	if (vm->threads->rc)
		vm->stop = STOP_ERROR;
	else if (vm->events.stop)
		vm->stop = STOP_EVENT;
	else if (__atomic_exchange_n(&vm->user_stop, 0, __ATOMIC_SEQ_CST))
		vm->stop = STOP_USER;
	else if (vm_icount(vm) >= end)
		vm->stop = STOP_BUDGET;
	else if (is_halted_for_ever(vm))
		vm->stop = STOP_HALTED;
	return vm->stop != STOP_NONE;
}

/* Timers and the outside, then sleep until there is more. */
static void look_around(struct vm *vm)
{
	struct threads *t = vm->threads;
	struct timespec until;
	u64 ns, due;

	if (t->alone) {
		pthread_cond_wait(&t->changed, &t->lock);
		return;
	}
	move_clock(vm);
	if (vm->outside.poll && vm->clock.now >= vm->next_poll) {
		vm->next_poll = vm->clock.now + POLL_NS;
		vm->outside.poll(vm->outside.arg, 0);
	}
	end_alone(t);
	due = clock_next_due(&vm->clock);
	t->wake = vm->clock.now + (vm->outside.poll ? POLL_NS : LOOK_NS);
	if (due < t->wake)
		t->wake = due;
	ns = t->host_start + (t->wake - t->start);
	until = (struct timespec){ .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
	pthread_cond_timedwait(&t->timer, &t->lock, &until);
}

/* Signals are for the caller's thread. */
static u32 start_threads(struct vm *vm)
{
	sigset_t all, before;
	u32 n = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (n < vm->ncpus && !pthread_create(&vm->threads->thread[n], NULL, vcpu_thread, &vm->vcpu[n]))
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

enum stop_why threads_run(struct vm *vm, u64 budget, struct err *err)
{
	struct threads *t = vm->threads;
	u64 end = vm_icount(vm) + budget;
	u32 started;
	int rc;

	if (!budget || end < budget)
		end = UINT64_MAX;
	t->leaving = false;
	t->rc = 0;
	t->host_start = clock_host_ns();
	t->start = vm->clock.now;
	vm->attention = (1u << vm->ncpus) - 1;
	pthread_mutex_lock(&t->lock);
	t->alone = false; /* who built or loaded the machine was alone anyway */
	started = start_threads(vm);
	if (started < vm->ncpus)
		t->rc = err_set(&t->err, EAGAIN, "cannot start %u threads", vm->ncpus);
	while (!is_over(vm, end))
		look_around(vm);
	t->leaving = true;
	for (u32 i = 0; i < vm->ncpus; i++)
		vm->engine->kick(&vm->vcpu[i]);
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	for (u32 i = 0; i < started; i++)
		pthread_join(t->thread[i], NULL);
	move_clock(vm); /* the time-stamp counter was seen to be so late */
	rc = t->rc;
	if (rc && err)
		*err = t->err;
	for (u32 i = 0; i < vm->ncpus && !rc; i++)
		rc = vcpu_settle(&vm->vcpu[i], err) < 0 ? -EIO : 0;
	if (rc)
		vm->stop = STOP_ERROR;
	return vm->stop;
}
