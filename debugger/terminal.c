/* SPDX-License-Identifier: GPL-3.0-or-later
 * terminal.c - raw mode (POSIX.1-2017, 11 General Terminal Interface), and the ways back.
 * Rule: what handlers call is async-signal-safe: tcsetattr, tcgetpgrp, write, sigaction and raise are.
 */
#include "debugger/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios cooked, raw;
static volatile sig_atomic_t wanted, active, resumed;
static const char *enter_text = "", *leave_text = "";

/* Signals that end the process without asking us.  SIGABRT and SIGBUS have their last words in main.c. */
static const int deadly[] = { SIGSEGV, SIGILL, SIGFPE, SIGQUIT };
static struct sigaction before[ARRAY_LEN(deadly)];

static void say(const char *text)
{
	if (*text && write(1, text, strlen(text)) < 0)
		return; /* a terminal that is gone needs nothing */
}

/* The modes to go back to are those found the first time: later ones may be our own, put back by the shell. */
static bool remember(void)
{
	static volatile sig_atomic_t known;

	if (!known && tcgetattr(0, &cooked))
		return false;
	known = 1;
	raw = cooked;
	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | IGNCR | INLCR | INPCK | ISTRIP | IXON | PARMRK);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return true;
}

static void enter(void)
{
	/* In the background tcsetattr would stop us. */
	if (active || tcgetpgrp(0) != getpgrp() || !remember() || tcsetattr(0, TCSANOW, &raw))
		return;
	active = 1;
	say(enter_text);
}

static void leave(void)
{
	if (!active)
		return;
	active = 0;
	say(leave_text);
	if (tcgetpgrp(0) == getpgrp())
		tcsetattr(0, TCSANOW, &cooked);
}

/* ---- signals ---- */

static void on_deadly(int sig)
{
	int saved = errno;

	leave();
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		if (deadly[i] == sig)
			sigaction(sig, &before[i], NULL);
	raise(sig); /* comes when this handler returns, and finds what was there before us */
	errno = saved;
}

static void on_stop(int sig)
{
	struct sigaction usual = { .sa_handler = SIG_DFL }, mine;
	int saved = errno;
	sigset_t set;

	leave();
	sigaction(sig, &usual, &mine);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* here we stand still, until SIGCONT */
	sigaction(sig, &mine, NULL);
	errno = saved;
}

static void on_continue(int sig)
{
	int saved = errno;

	if (wanted) {
		active = 0; /* after SIGSTOP nobody had left: the shell has changed the mode all the same */
		resumed = 1;
		enter();
	}
	errno = saved;
}

static void install_handlers(void)
{
	struct sigaction die = { .sa_handler = on_deadly }, stop = { .sa_handler = on_stop, .sa_flags = SA_RESTART },
			 go = { .sa_handler = on_continue, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		sigaction(deadly[i], &die, &before[i]);
	sigaction(SIGTSTP, &stop, NULL);
	sigaction(SIGCONT, &go, NULL);
	atexit(terminal_restore);
}

/* ---- what others call ---- */

void terminal_texts(const char *enter_with, const char *leave_with)
{
	enter_text = enter_with;
	leave_text = leave_with;
}

bool terminal_raw(void)
{
	static bool installed;

	if (!isatty(0))
		return false;
	if (!installed)
		install_handlers();
	installed = true;
	wanted = 1;
	enter();
	return true;
}

void terminal_restore(void)
{
	wanted = 0;
	leave();
}

bool terminal_is_raw(void)
{
	return active;
}

bool terminal_resumed(void)
{
	bool was = resumed;

	resumed = 0;
	return was;
}
