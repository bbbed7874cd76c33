/* SPDX-License-Identifier: GPL-3.0-or-later
 * runner.c - signals, progress, and the call of vm_run between them.
 * Rule: the handlers touch only sig_atomic_t, and vm_request_stop and terminal_restore, which are made for them.
 */
#include "debugger/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/clock.h"
#include "debugger/stepper.h"
#include "debugger/terminal.h"

enum { OFTEN_US = 40000 };

static struct vm *volatile running;
static volatile sig_atomic_t got_signal, interrupted, ticked, asked, input;
static void (*on_user)(void *arg);
static void *on_user_arg;
static bool progress, often, unfinished, leaving, pausing;
static int drawn; /* columns of the progress line on the screen */
static u64 ticks;

/* The second one does what it does without us. */
static void on_signal(int sig)
{
	if (pausing && sig == SIGINT) {
		interrupted = 1;
		if (running)
			vm_request_stop(running);
		return;
	}
	if (got_signal) {
		terminal_restore();
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	got_signal = sig;
	if (running)
		vm_request_stop(running);
}

/* A tick that nobody has looked at yet has asked already: asking again, after the machine has stopped for it, would stop
 * the next run for no reason. */
static void on_tick(int sig)
{
	bool first = !ticked;

	ticked = 1;
	if (running && first)
		vm_request_stop(running);
}

static void on_user_signal(int sig)
{
	asked = 1;
	on_tick(sig);
}

static void on_input(int sig)
{
	input = 1;
	if (running)
		vm_request_stop(running);
}

int runner_stop_on_input(int fd)
{
	struct sigaction io = { .sa_handler = on_input, .sa_flags = SA_RESTART };

	sigaction(SIGIO, &io, NULL);
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK))
		return -errno;
	return 0;
}

void runner_input_taken(void)
{
	input = 0;
}

void runner_on_user(void (*fn)(void *arg), void *arg)
{
	struct sigaction user = { .sa_handler = on_user_signal, .sa_flags = SA_RESTART };

	on_user = fn;
	on_user_arg = arg;
	sigaction(SIGUSR1, &user, NULL);
}

void runner_init(void)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction tick = { .sa_handler = on_tick, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGALRM, &tick, NULL);
}

void runner_progress(bool on)
{
	progress = on;
}

void runner_often(bool on)
{
	often = on;
}

void runner_pauses(bool on)
{
	pausing = on;
}

void runner_pausable(struct vm *vm)
{
	if (vm) {
		interrupted = 0;
		__atomic_store_n(&vm->user_stop, 0, __ATOMIC_SEQ_CST); /* a pause that came when it had already stopped */
	}
	running = vm;
}

bool runner_interrupted(void)
{
	bool was = interrupted;

	interrupted = 0;
	return was;
}

void runner_leave(void)
{
	leaving = true;
	if (running)
		vm_request_stop(running);
}

bool runner_left(void)
{
	return leaving;
}

int runner_signal(void)
{
	return got_signal;
}

u64 runner_ticks(void)
{
	return ticks;
}

static void set_timer(bool on)
{
	struct timeval period = { on && !often, on && often ? OFTEN_US : 0 };
	struct itimerval timer = { period, period };

	if (progress || often)
		setitimer(ITIMER_REAL, &timer, NULL);
}

static void erase(void)
{
	if (drawn)
		fprintf(stderr, "\r%*s\r", drawn, ""); /* any terminal can do this, even a dumb one */
	drawn = 0;
}

/* A line that wraps could not be erased. */
static int columns(void)
{
	struct winsize w = { 0 };

	return !ioctl(2, TIOCGWINSZ, &w) && w.ws_col ? w.ws_col : 80;
}

void runner_terminal_byte(u8 byte)
{
	erase();
	unfinished = byte != '\n';
}

bool runner_unfinished_line(void)
{
	return unfinished;
}

static void draw(const struct vm *vm, u64 insns, u64 host_ns)
{
	char line[128];
	int room = columns() - 3; /* the terminal may add ^C */

	if (unfinished)
		return;
	fflush(stdout);
	erase();
	snprintf(line, sizeof(line), "%.1f M instructions, %.0f MIPS, virtual time %.3f s ", (double)insns / 1e6,
		 host_ns ? (double)insns * 1e3 / (double)host_ns : 0.0, (double)vm->clock.now / 1e9);
	drawn = fprintf(stderr, "%.*s", room, line);
	drawn = drawn < 0 ? 0 : drawn;
}

static bool wants_out(void)
{
	return got_signal || interrupted || leaving || input;
}

enum stop_why guest_run_by(struct vm *vm, u64 budget, const struct run_by *by, struct err *err)
{
	u64 start = vm_icount(vm), host = clock_host_ns(), done = 0;
	enum stop_why why;

	running = vm;
	set_timer(true);
	for (;;) {
		u64 left = budget ? budget - done : 0;
		why = wants_out() ? STOP_USER : by->run(by->arg, left, err);
		done = vm_icount(vm) - start;
		if (why != STOP_USER || wants_out() || !ticked)
			break;
		ticked = 0;
		if (by->tick && !by->tick(by->arg))
			break;
		ticks++;
		if (asked && on_user) {
			asked = 0;
			on_user(on_user_arg);
		}
		if (often && vm->outside.poll && !vm->tape) /* what is recorded comes at moments of the machine's */
			vm->outside.poll(vm->outside.arg, 0);
		if (progress)
			draw(vm, done, clock_host_ns() - host);
		if (budget && done >= budget) {
			why = STOP_BUDGET;
			break;
		}
	}
	set_timer(false);
	running = NULL;
	ticked = 0;
	erase();
	return why;
}

struct plain {
	struct vm *vm;
	struct stepper *stepper;
};

static enum stop_why run_plain(void *arg, u64 budget, struct err *err)
{
	struct plain *p = arg;

	return p->stepper ? stepper_run(p->stepper, budget, err) : vm_run(p->vm, budget, err);
}

enum stop_why guest_run(struct vm *vm, u64 budget, struct stepper *stepper, struct err *err)
{
	struct plain p = { vm, stepper };
	const struct run_by by = { .run = run_plain, .arg = &p };

	return guest_run_by(vm, budget, &by, err);
}
