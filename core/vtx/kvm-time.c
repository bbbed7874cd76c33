/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-time.c - the budget as host time, and the signals that bring a thread out of KVM_RUN.
 * Rule: nothing is lost between a look and the entry: whoever wants the thread out first says why (kicked, fired),
 * then sets immediate_exit, which ends the next KVM_RUN at once, then sends the signal, which ends the present one.
 *
 * The signal is the first real-time one; its handler is safe wherever it interrupts.  Kicks are sent by tgkill to the
 * thread that is in run; timers to the same by SIGEV_THREAD_ID.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/threads.h"
#include "core/vtx/kvm.h"

enum {
	GAP_MOST = 10000000, /* ns between two runs that still are the guest's time: devices at work, not a person */
	ARM_LEAST = 50000,   /* ns that a guest gets at least, else a timer that is always due would be all that runs */
};

static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct kvm_cpu *k = info->si_value.sival_ptr;

	if (info->si_code != SI_TIMER || !k)
		return; /* a kick: all has been said, and KVM_RUN ends because a signal came */
	__atomic_store_n(&k->fired, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&k->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

int kvm_signals_open(struct err *err)
{
	struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

	if (sigaction(SIGRTMIN, &act, NULL))
		return err_set(err, errno, "the VT-x engine cannot set up its signal: %s", strerror(errno));
	return 0;
}

void kvm_kick(struct vcpu *v)
{
	struct kvm_cpu *k = kvm_cpu_of(v);
	pid_t tid;

	__atomic_store_n(&k->kicked, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&k->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	tid = __atomic_load_n(&k->inside, __ATOMIC_SEQ_CST);
	if (tid)
		syscall(SYS_tgkill, getpid(), tid, SIGRTMIN);
}

void kvm_timer_close(struct kvm_cpu *k)
{
	if (k->has_timer)
		timer_delete(k->timer);
	k->has_timer = false;
	k->armed = 0;
}

/* Threads of the machine come with all signals blocked, and a new one may have an old one's name: so with threads the
 * kernel is asked each time. */
void kvm_thread(struct kvm_cpu *k)
{
	bool same = !k->vcpu->vm->threads && k->tid && pthread_equal(k->self, pthread_self());
	pid_t tid = same ? k->tid : (pid_t)syscall(SYS_gettid);
	sigset_t ours;

	if (tid != k->tid || k->vcpu->vm->threads) {
		sigemptyset(&ours);
		sigaddset(&ours, SIGRTMIN);
		pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
		if (tid != k->tid)
			kvm_timer_close(k);
		k->tid = tid;
		k->self = pthread_self();
	}
	__atomic_store_n(&k->inside, tid, __ATOMIC_SEQ_CST);
}

void kvm_count_gap(struct kvm_cpu *k)
{
	u64 now = clock_host_ns();

	if (k->left && now - k->left < GAP_MOST)
		k->last.icount[0] += now - k->left;
	k->left = now;
}

void kvm_count_run(struct kvm_cpu *k)
{
	u64 now = clock_host_ns();

	k->last.icount[0] += now - k->left;
	k->left = now;
}

u64 kvm_now(const struct kvm_cpu *k)
{
	const struct vm *vm = k->vcpu->vm;

	return vm->threads ? threads_now(vm) : vm->clock.now;
}

static bool make_timer(struct kvm_cpu *k)
{
	struct sigevent how = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN, .sigev_value.sival_ptr = k };

	how._sigev_un._tid = k->tid;
	if (!k->has_timer)
		k->has_timer = timer_create(CLOCK_MONOTONIC, &how, &k->timer) == 0;
	return k->has_timer;
}

/* One that fires too early does no harm, and setting it costs a system call: so it is set only if it would be late. */
void kvm_arm(struct kvm_cpu *k, u64 icount)
{
	u64 rest = icount - k->last.icount[0], at;
	struct itimerspec when = { 0 };

	if (icount == UINT64_MAX)
		return;
	at = k->left + (rest > ARM_LEAST ? rest : ARM_LEAST);
	if (k->armed && k->armed <= at && k->armed > k->left)
		return;
	if (!make_timer(k))
		return;
	when.it_value.tv_sec = (time_t)(at / 1000000000);
	when.it_value.tv_nsec = (long)(at % 1000000000);
	timer_settime(k->timer, TIMER_ABSTIME, &when, NULL);
	k->armed = at;
}
