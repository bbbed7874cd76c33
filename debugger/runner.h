/* SPDX-License-Identifier: GPL-3.0-or-later
 * runner.h - run a guest with a person at the keyboard: Ctrl-C, and progress for long runs.
 * Rule: signals only ask the machine to stop; what they mean is decided when it has.
 */
#ifndef VITRINE_DEBUGGER_RUNNER_H
#define VITRINE_DEBUGGER_RUNNER_H

#include "core/vm.h"

struct stepper;

/* From here on Ctrl-C (SIGTERM and SIGHUP too) stops the running machine; a second one ends the process. */
void runner_init(void);
/* Show progress on standard error, once a second; only sensible on a terminal that shows nothing else. */
void runner_progress(bool on);
/* Somebody sits before the guest: look at the outside by the host's time too, 25 times a second, for a guest that is
 * busy with devices takes long for a millisecond of its own time. */
void runner_often(bool on);
/* A byte is about to go to a terminal: progress gives way, and keeps away from unfinished lines. */
void runner_terminal_byte(u8 byte);
/* Does the latest line on the terminal lack its end? */
bool runner_unfinished_line(void);
/* As vm_run; through `stepper` if it is not NULL.  STOP_USER: a signal came, runner_signal says which. */
enum stop_why guest_run(struct vm *vm, u64 budget, struct stepper *stepper, struct err *err);
/* The same by another way to execute than vm_run, which obeys vm_request_stop as that does.  tick (may be NULL) is called
 * at each look at the outside (runner_often), while the machine stands still; false: stop, with STOP_USER. */
struct run_by {
	enum stop_why (*run)(void *arg, u64 budget, struct err *err);
	bool (*tick)(void *arg);
	void *arg;
};
enum stop_why guest_run_by(struct vm *vm, u64 budget, const struct run_by *by, struct err *err);
/* From here on a signal stops this machine in whatever it does, also when it goes back in time; NULL: no machine. */
void runner_pausable(struct vm *vm);
/* From here on Ctrl-C only stops the machine, with STOP_USER, as often as it is pressed. */
void runner_pauses(bool on);
/* Was it pressed since this was last asked?  As long as it was, no run begins. */
bool runner_interrupted(void);
/* From here on the run stops, with STOP_USER, when something comes from this socket, until runner_input_taken, which
 * comes before the reading.  The socket does not block any more.  A negative errno if that cannot be had. */
int runner_stop_on_input(int fd);
void runner_input_taken(void);
/* From here on SIGUSR1 has fn called soon, while the machine stands still between two instructions. */
void runner_on_user(void (*fn)(void *arg), void *arg);
/* The signal that ended the run, 0 = none. */
int runner_signal(void);
/* The person at the console wants to leave: the machine stops as by a signal. */
void runner_leave(void);
bool runner_left(void);
/* Times the machine was stopped just to look at the outside or to show progress: exits that are not the guest's. */
u64 runner_ticks(void);

#endif
