/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-tour.c - `vitrine tour`: two minutes with the debugger, on a guest of its own.
 * Rule: it needs no file: the guest is in the program.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debugger/commands.h"
#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/screen-options.h"
#include "debugger/status.h"
#include "debugger/tui/tour.h"

struct tour_args { struct screen_options screen; };

static const struct option tour_options[] = { SCREEN_OPTION_ROWS(struct tour_args, screen) };
static const int ntour_options = ARRAY_LEN(tour_options);

/* The guest as a file without a name, for the machine is built from files.  Its path; -1 if there is no room. */
static int guest_file(char *path, size_t size)
{
	int fd = memfd_create("tour", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, tour_guest, sizeof(tour_guest)) != (ssize_t)sizeof(tour_guest)) {
		close(fd);
		fd = -1;
	}
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

static int tour(const struct command *cmd, int argc, char **argv)
{
	struct tour_args args = { .screen = { .tour = true, .name = "tour" } };
	struct machine_options machine;
	struct args_rest rest;
	struct err err = { 0 };
	const char *refusal;
	char path[40];
	int status, fd;

	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	if (rest.n)
		return command_word_too_many("tour", rest.item[0]);
	refusal = screen_refusal();
	if (refusal) {
		complain("tour: the tour needs a screen, and %s; `vitrine debug --line IMAGE' works everywhere", refusal);
		return STATUS_SKIPPED;
	}
	screen_options_ask(&args.screen);
	fd = guest_file(path, sizeof(path));
	machine_options_init(&machine);
	machine.image = path;
	machine.serial = "stdio"; /* the console pane */
	machine.debugcon = "none";
	runner_init();
	status = fd < 0 ? STATUS_USAGE : screen_run(&machine, &args.screen, &err);
	if (fd < 0 || err.code)
		complain("tour: %s", err.code ? err.text : "no memory for its guest");
	if (fd >= 0)
		close(fd);
	return status;
}

const struct command cmd_tour = {
	.name = "tour",
	.args = "[--color WHEN] [--mouse]",
	.brief = "two guided minutes with the debugger",
	.text = "A small guest on the debugger's screen, and what to press: stepping by instructions\n"
		"and by VM exits, who handled an exit, going back, page walks, help.",
	.example = "vitrine tour",
	.options = tour_options,
	.noptions = &ntour_options,
	.exec = tour,
};
