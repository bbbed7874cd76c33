/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-trap.c - `vitrine trap`: run a script on a machine, and report what was tested.
 * Rule: standard output holds what the script prints and the report, and is the same every time; the rest is on standard
 * error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "debugger/commands.h"
#include "debugger/host-file.h"
#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/session/session.h"
#include "debugger/session/symbols.h"
#include "debugger/status.h"
#include "debugger/trap/run.h"

enum { SCRIPT_MAX = 1 << 20, SYMBOL_FILES = 8 };

struct symbol_files {
	const char *path[SYMBOL_FILES];
	u32 n;
};

struct trap_command {
	struct machine_options machine; /* first: its rows are used for this struct */
	const char *text, *report;      /* -e; kind of report */
	struct trap_limits limit;
	struct symbol_files symbols;
	bool check, console;
	struct session *s;
	u64 started_host;
	struct host_file file;
	bool line_begun;                /* TAP: where a '#' has to come */
};

/* ---- options ---- */

static int take_report(void *slot, const char *value, struct err *err)
{
	*(const char **)slot = value;
	return trap_report(NULL, value, 0, NULL) ? 0 : err_set(err, EINVAL, "'%.40s' is no report; expected text, tap, junit or json",
							       value);
}

static int take_format(void *slot, const char *value, struct err *err)
{
	static const char *const names[] = { [TRAP_TEXT] = "text", [TRAP_CSV] = "csv", [TRAP_JSON] = "json" };

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], value)) {
			*(enum trap_format *)slot = (enum trap_format)i;
			return 0;
		}
	return err_set(err, EINVAL, "'%.40s' is no format of maps; expected text, csv or json", value);
}

static int take_time(void *slot, const char *value, struct err *err)
{
	static const struct { const char *name; u64 ns; } units[] = {
		{ "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 }, { "min", 60000000000 },
	};
	const char *end;
	u64 n;

	if (number_parse(value, &n, &end))
		for (unsigned i = 0; i < ARRAY_LEN(units); i++)
			if (!strcmp(units[i].name, end) && n && !__builtin_mul_overflow(n, units[i].ns, (u64 *)slot))
				return 0;
	return err_set(err, EINVAL, "'%.40s' is no time; expected a number with s, ms, us, ns or min, as 20ms", value);
}

static int take_positive(void *slot, const char *value, struct err *err)
{
	int rc = take_count(slot, value, err);

	return rc || *(u64 *)slot ? rc : err_set(err, EINVAL, "a limit of 0 allows nothing; expected a number above it");
}

static int take_bytes(void *slot, const char *value, struct err *err)
{
	int rc = take_size(slot, value, err);

	return rc || *(u64 *)slot ? rc : err_set(err, EINVAL, "a limit of 0 allows nothing; expected a size above it");
}

static int take_symbols(void *slot, const char *value, struct err *err)
{
	struct symbol_files *files = slot;

	if (files->n == SYMBOL_FILES)
		return err_set(err, EINVAL, "more than %d files of symbols", SYMBOL_FILES);
	files->path[files->n++] = value;
	return 0;
}

#define ROW(name, arg, take, member, brief) { name, arg, brief, take, offsetof(struct trap_command, member) }
static const struct option trap_options[] = {
	ROW("e", "TEXT", take_text, text, "the script itself, instead of a file"),
	ROW("report", "KIND", take_report, report, "how tests are reported: text (default), tap, junit or json"),
	ROW("format", "KIND", take_format, limit.format, "how maps are printed: text (default), csv or json"),
	ROW("check", NULL, take_flag, check, "look for errors in the script, and run nothing"),
	ROW("console", NULL, take_flag, console, "show the guest's console on standard error"),
	ROW("symbols", "FILE", take_symbols, symbols, "names of addresses: ELF, map or NASM listing; may be repeated"),
	ROW("max-steps", "N", take_positive, limit.steps, "steps of a probe, or of statements between two runs (1M)"),
	ROW("max-keys", "N", take_positive, limit.keys, "keys of one map (100k)"),
	ROW("max-memory", "SIZE", take_bytes, limit.memory, "memory of all values (64M)"),
	ROW("max-output", "SIZE", take_bytes, limit.output, "bytes that are printed (64M)"),
	ROW("max-time", "TIME", take_time, limit.virtual_ns, "the guest's virtual time, as 30s (no limit)"),
	ROW("max-host-time", "TIME", take_time, limit.host_ns, "the host's time, as 10min (no limit)"),
};
static const int ntrap_options = ARRAY_LEN(trap_options);

/* ---- what is said ---- */

/* In TAP's output everything but the report is a comment. */
static void say_comment(struct trap_command *c, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!c->line_begun)
			fputs("# ", stdout);
		c->line_begun = text[i] != '\n';
		putchar(text[i]);
	}
}

static void on_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	struct trap_command *c = arg;

	if (kind == SAY_CONSOLE && !c->console)
		return;
	if (kind != SAY_TEXT) {
		fflush(stdout);
		fwrite(text, 1, len, stderr);
	} else if (!strcmp(c->report, "tap")) {
		say_comment(c, text, len);
	} else {
		fwrite(text, 1, len, strcmp(c->report, "text") ? stderr : stdout); /* XML and JSON stand alone */
	}
	if (!output_ok() && c->s)
		session_pause(c->s);
}

static void on_tick(void *arg)
{
	struct trap_command *c = arg;

	if (c->s && c->limit.host_ns && clock_host_ns() - c->started_host >= c->limit.host_ns)
		session_pause(c->s);
}

/* ---- running ---- */

static int load_symbols(struct trap_command *c, struct err *err)
{
	for (u32 i = 0; i < c->symbols.n; i++) {
		int rc = symbols_load(c->s->symbols, c->symbols.path[i], 0, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int open_session(struct trap_command *c, struct err *err)
{
	const struct session_ui ui = { on_say, c->limit.host_ns ? on_tick : NULL, c };
	int rc = session_open(&c->s, &c->machine, &ui, err);

	if (rc)
		return rc;
	c->limit.quiet = c->machine.quiet;
	trap_close(c->s->trap);
	c->s->trap = trap_open(c->s, &c->limit);
	return c->s->trap ? load_symbols(c, err) : err_set(err, ENOMEM, "no memory for a script");
}

static void print_report(struct trap_command *c, int status)
{
	struct buf out = { 0 };

	if (c->line_begun)
		putchar('\n');
	trap_report(c->s->trap, c->report, status, &out);
	fwrite(out.data ? (const char *)out.data : "", 1, out.len, stdout);
	buf_free(&out);
}

static int run_script(struct trap_command *c, const char *name, const char *text, size_t len, const struct args_rest *rest,
		      int first)
{
	struct err err = { 0 };
	int status, rc = open_session(c, &err);

	if (rc) {
		complain("%s", err.text);
		return rc == -ENOSYS ? STATUS_SKIPPED : STATUS_USAGE;
	}
	c->started_host = clock_host_ns();
	if (c->check)
		return trap_check_script(c->s->trap, name, text, len);
	if (!strcmp(c->report, "tap"))
		puts("TAP version 14");
	status = trap_script(c->s->trap, name, text, len, rest->item + first, rest->n - first);
	print_report(c, status);
	return status;
}

/* ---- the command line ---- */

/* SCRIPT [IMAGE] [ARGS], without SCRIPT after -e, without IMAGE where there is a kernel or a BIOS. */
static int take_words(struct trap_command *c, const struct args_rest *rest, const char **script, int *first, struct err *err)
{
	struct machine_options *o = &c->machine;
	struct args_rest image = { 0 };
	int at = 0;

	if (!c->text && !rest->n)
		return err_set(err, EINVAL, "trap: a script is wanted: vitrine trap FILE [IMAGE], or -e TEXT");
	*script = c->text ? "-e" : rest->item[at++];
	if (!o->kernel && !o->bios && rest->n > at)
		image.item[image.n++] = rest->item[at++];
	*first = at;
	if (o->exits || o->stats || o->state_hash || o->json || o->trace || o->gdb || o->save || o->screendump)
		return err_set(err, EINVAL, "trap: --exits, --stats, --state-hash, --json, --trace, --gdb, --save and --screendump "
			       "are for 'vitrine run'; a script prints what it wants to");
	if (!image.n && !o->kernel && !o->bios) { /* a machine without a program: enough for a script that only computes */
		o->serial = o->debugcon = "none";
		return 0;
	}
	return machine_options_check(o, &image, err);
}

static int read_script(struct trap_command *c, const char *name, const char **text, size_t *len, struct err *err)
{
	int rc;

	if (c->text) {
		*text = c->text;
		*len = strlen(c->text);
		return 0;
	}
	rc = host_file_read(&c->file, "script", name, SCRIPT_MAX, err);
	*text = (const char *)c->file.data;
	*len = c->file.len;
	return rc;
}

static int trap(const struct command *cmd, int argc, char **argv)
{
	struct trap_command c = { .report = "text" };
	struct args_rest rest;
	struct err err = { 0 };
	const char *script = NULL, *text = NULL;
	int status, first = 0;
	size_t len = 0;

	machine_options_init(&c.machine);
	if (command_args(cmd, &c, argc, argv, &rest, &status))
		return status;
	if (take_words(&c, &rest, &script, &first, &err) || read_script(&c, script, &text, &len, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	runner_init();
	status = run_script(&c, script, text, len, &rest, first);
	if (c.s)
		session_close(c.s);
	host_file_close(&c.file);
	return status;
}

const struct command cmd_trap = {
	.name = "trap",
	.args = "[options] SCRIPT [IMAGE] [ARGS]",
	.brief = "run a script that watches, drives and tests a guest",
	.text = "SCRIPT is written in Trap, the language of probes and tests: `vitrine help --man trap`\n"
		"describes it. IMAGE is as for run; with --kernel or --bios there is none. ARGS are what\n"
		"arg(0), arg(1) ... mean in the script. Two runs print the same, byte by byte.\n\n"
		"Status 0: every expectation held; 1: one failed; 2: the script is wrong, nothing was run;\n"
		"3: an error while it ran, or a failed assert; 4: the guest died; 5: a limit was reached.",
	.example = "vitrine trap -e 'on exit { @n[reason] = count(); } run for 1s;' boot.img\n"
		   "vitrine trap lab3.trap student.img --report junit > result.xml\n"
		   "vitrine trap --check lab3.trap",
	.options = trap_options,
	.noptions = &ntrap_options,
	.more = machine_option_table,
	.nmore = &machine_option_count,
	.exec = trap,
};
