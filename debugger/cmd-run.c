/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-run.c - `vitrine run`: build a machine, run it, say what was asked for, tell how it ended.
 * Rule: everything that could go wrong is tried before the guest's first instruction.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/recording.h"
#include "core/snapshot.h"
#include "debugger/commands.h"
#include "debugger/console.h"
#include "debugger/death.h"
#include "debugger/display.h"
#include "debugger/engine-options.h"
#include "debugger/machine.h"
#include "debugger/output.h"
#include "debugger/print-exits.h"
#include "debugger/print-json.h"
#include "debugger/print-trace.h"
#include "debugger/results.h"
#include "debugger/runner.h"
#include "debugger/screendump.h"
#include "debugger/serve.h"
#include "debugger/stats.h"
#include "debugger/status.h"
#include "devices/pc.h"

#define ULL(x) ((unsigned long long)(x))

struct run {
	struct machine_options opt;
	struct machine_files files;
	struct machine machine;
	const struct engine *engine;
	struct cpu_model model; /* the options' processor, if the engine cannot give all of it */
	struct console console;
	struct outside outside;
	struct recording *recording;
	struct snapshot_tree *tree;
	struct replay *replay;
	struct network network;
	struct display display;
	struct exit_printer exits;
	struct trace_printer trace;
	struct stepper stepper;
	struct json_printer json;
	struct stats stats;
	struct session *session; /* with gdb or a control socket */
	struct serve serve;
	bool stepping, json_stdout;
	enum stop_why why;
	int status;
	u64 hash, host_ns;
};

/* What devices and the processor have to say, unless it is all in the trace or the JSON lines anyway. */
static enum verdict on_log(void *arg, const struct event *ev)
{
	struct run *r = arg;
	char line[600];

	if (ev->log.level > (r->opt.quiet ? LOG_ERROR : LOG_WARN))
		return EV_GO;
	snprintf(line, sizeof(line), "%s: %s", ev->log.who ? ev->log.who : "machine", ev->log.text ? ev->log.text : "");
	if (r->display.on) {
		display_message(&r->display, line);
		return EV_GO;
	}
	runner_terminal_byte('\n');
	complain("%s", line);
	return EV_GO;
}

/* ---- before ---- */

/* The watchers, each a subscriber of the event stream. */
static int watch(struct run *r, struct err *err)
{
	const struct machine_options *o = &r->opt;
	struct vm *vm = r->machine.vm;
	int rc = 0;

	if (o->json)
		rc = json_printer_start(&r->json, vm, o->trace);
	else if (o->trace)
		rc = trace_printer_start(&r->trace, vm, o->trace, &r->stepper, stdout);
	if (!rc && o->exits)
		rc = exit_printer_start(&r->exits, vm, stdout, r->stepping);
	if (!rc)
		rc = vm_subscribe(vm, EV_BIT(log), on_log, r);
	if (rc >= 0 && o->stats) {
		bool log = o->dirty_given && !o->gdb && !o->control && !r->tree; /* else somebody else reads the dirty log */
		int started = stats_start(&r->stats, r->machine.icount_start, log ? &vm->mem : NULL, err);
		if (started < 0)
			return started;
	}
	return rc < 0 ? err_set(err, -rc, "the events cannot be watched: %s", strerror(-rc)) : 0;
}

static int prepare(struct run *r, struct err *err)
{
	const struct machine_options *o = &r->opt;
	const struct engine *engine = r->engine;
	int rc = results_check(o, err);

	if (!rc)
		rc = machine_files_open(&r->files, o, err);
	if (!rc && o->stats) {
		stats_init(&r->stats, r->engine);
		engine = &r->stats.timed;
	}
	if (!rc)
		rc = machine_build(&r->machine, o, &r->files, engine, err);
	machine_images_close(&r->files);
	if (!rc && r->machine.unsaved.len)
		complain("%.100s: it is older than some devices, which are as after power-up: %s", o->image,
			 buf_text(&r->machine.unsaved));
	if (!rc && !o->gdb && !o->control) /* else it is the session's */
		rc = snapshot_options_open(&r->tree, o, r->machine.vm, err);
	if (!rc && o->json)
		rc = json_printer_open(&r->json, o->json, err);
	if (!rc)
		rc = console_open(&r->console, o, o->json ? r->json.to : NULL, err);
	if (!rc)
		rc = watch(r, err);
	return rc;
}

/* ---- after ---- */

static int status_of(const struct vm *vm, enum stop_why why)
{
	switch (why) {
	case STOP_POWER_OFF: return vm->stop_status;
	case STOP_TRIPLE_FAULT: return STATUS_DIED;
	case STOP_BUDGET: return STATUS_LIMIT;
	case STOP_USER:
		if (runner_signal())
			return STATUS_SIGNAL + runner_signal();
		return runner_left() ? STATUS_OK : STATUS_USAGE;
	case STOP_EVENT: return STATUS_USAGE; /* only a printer whose output failed asks for it */
	case STOP_ERROR: return STATUS_INTERNAL;
	case STOP_NONE:
	case STOP_HALTED: break;
	}
	return STATUS_OK;
}

static u64 lived(const struct run *r)
{
	return vm_icount(r->machine.vm) - r->machine.icount_start;
}

static u64 guest_exits(const struct run *r)
{
	return r->machine.vm->exits - r->stepper.steps - runner_ticks();
}

static void print_where(struct run *r)
{
	struct vcpu *v = &r->machine.vm->vcpu[0];
	struct x86_state s;
	struct code_line line;
	struct buf b = { 0 };

	if (vcpu_get(v, &s, ST_ALL))
		return;
	code_line_read(v, &s, s.rip[0], &line);
	code_line_text(&line, &b);
	complain("interrupted; the guest is at %s", buf_text(&b) ? buf_text(&b) : "?");
	buf_free(&b);
}

static void print_summary(const struct run *r)
{
	const struct vm *vm = r->machine.vm;
	double seconds = (double)r->host_ns / 1e9;

	complain("%s after %llu instruction%s, %.9f s virtual time, %llu exit%s; %.3f s on the host, %.0f MIPS",
		 stop_why_name(r->why), ULL(lived(r)), lived(r) == 1 ? "" : "s", (double)(vm->clock.now - r->machine.time_start) / 1e9,
		 ULL(guest_exits(r)), guest_exits(r) == 1 ? "" : "s", seconds, seconds > 0 ? (double)lived(r) / 1e6 / seconds : 0.0);
}

static void json_summary(struct run *r)
{
	struct vm *vm = r->machine.vm;
	char hash[20];
	json_t *o = json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I}", "event", "summary", "stop",
			      stop_why_name(r->why), "status", r->status, "instructions", (json_int_t)lived(r),
			      "virtual_ns", (json_int_t)(vm->clock.now - r->machine.time_start), "exits",
			      (json_int_t)guest_exits(r), "unclaimed_ports", (json_int_t)vm->port.unclaimed,
			      "unclaimed_memory", (json_int_t)vm->mmio.unclaimed);

	snprintf(hash, sizeof(hash), "%016llx", ULL(r->hash));
	if (o && r->opt.state_hash)
		json_object_set_new(o, "state_hash", json_string(hash));
	if (o && r->opt.stats)
		json_object_set_new(o, "stats", stats_json(&r->stats));
	if (o && r->opt.stats)
		json_object_set_new(o, "figures", stats_figures_json(&r->stats, vm));
	json_printer_put(&r->json, o);
}

/* Everything that was asked for, in the order: how it ended, statistics, hash. */
static void report(struct run *r)
{
	const struct machine_options *o = &r->opt;

	if (runner_unfinished_line() && (isatty(1) || o->state_hash || o->stats) && !r->json_stdout)
		putchar('\n');
	fflush(stdout);
	if (r->why == STOP_TRIPLE_FAULT && !o->smp_threads && r->engine->caps & CAP_EXACT_BUDGET && !o->switches.n) /* it would die another death */
		death_explain(&r->machine, o, &r->files, r->engine, stderr);
	if (r->why == STOP_USER && runner_signal())
		print_where(r);
	if (!o->quiet)
		print_summary(r);
	if (!o->quiet)
		disk_options_tell(&o->disks, r->machine.pc, o->save || o->snapshots.n);
	if (o->stats && !r->json_stdout)
		stats_print(&r->stats, r->machine.vm, stdout);
	if (o->json)
		json_summary(r);
	if (o->state_hash && !r->json_stdout)
		printf("state-hash: %016llx at %llu instructions\n", ULL(r->hash), ULL(vm_icount(r->machine.vm)));
	if (o->memory_hash && !r->json_stdout)
		printf("memory-hash: %016llx at %llu instructions\n", ULL(mem_hash_guest(&r->machine.vm->mem, STATE_HASH_SEED)),
		       ULL(vm_icount(r->machine.vm)));
}

static int complete(struct run *r, struct err *err)
{
	int rc = 0;

	if (r->opt.state_hash)
		r->hash = vm_state_hash(r->machine.vm);
	if (r->opt.save && r->why != STOP_ERROR)
		rc = snapshot_save_file(r->machine.vm, r->opt.save, err);
	if (r->why != STOP_ERROR && !rc)
		rc = snapshot_options_end(&r->opt, r->tree, err);
	if (r->opt.screendump && !rc)
		rc = screendump(pc_vga(r->machine.pc), r->opt.screendump, err);
	if (r->opt.stats && !rc && stats_stop(&r->stats))
		rc = err_set(err, ENOMEM, "no memory to read the dirty log");
	int closed = console_close(&r->console, rc ? NULL : err);
	return rc ? rc : closed;
}

static void on_user(void *arg)
{
	struct run *r = arg;
	struct err err = { 0 };

	if (screendump(pc_vga(r->machine.pc), r->opt.screendump, &err) && r->display.on)
		display_message(&r->display, err.text);
	else if (err.code)
		complain("%s", err.text);
}

/* From here on the run is written down, or follows what was. */
static int record(struct run *r, struct err *err)
{
	char notice[200] = "";
	int rc = 0;

	if (r->opt.record)
		rc = recording_open(&r->recording, r->machine.vm, r->opt.record, err);
	if (r->opt.replay)
		rc = replay_open(&r->replay, r->machine.vm, r->opt.replay, notice, err);
	if (*notice)
		complain("%s", notice);
	return rc;
}

/* Somebody else says when the machine runs: gdb, or a program.  A past costs memory and time: it is for gdb. */
static int attach_session(struct run *r, struct err *err)
{
	const struct session_ui ui = { .say = serve_say, .tick = serve_tick, .arg = &r->serve };
	int rc = session_around(&r->session, &r->machine, &r->opt, r->opt.gdb, &ui, err);

	r->serve.status = status_of;
	return rc ? rc : serve_session(&r->serve, r->session, r->opt.control, err);
}

/* The guest's serial port, its screen and its keyboard get their places. */
static int attach(struct run *r, struct err *err)
{
	int rc = 0;

	outside_open(&r->outside, r->machine.vm);
	if (r->opt.replay) { /* the recording is all that there is outside */
		r->console.line.in = r->console.line.in ? r->console.line.in : -1;
		rc = console_attach(&r->console, &r->outside, r->machine.vm, r->machine.pc, err);
		return rc ? rc : record(r, err);
	}
	rc = serve_open(&r->serve, r->opt.gdb, err);
	if (!rc)
		rc = network_open(&r->network, &r->opt.net, &r->outside, r->machine.pc, r->opt.rtc, err);
	if (!rc)
		rc = console_attach(&r->console, &r->outside, r->machine.vm, r->machine.pc, err);
	if (!rc && !strcmp(r->opt.display, "terminal"))
		rc = display_open(&r->display, &r->outside, r->machine.vm, r->machine.pc, err);
	if (!rc && r->opt.screendump)
		runner_on_user(on_user, r);
	if (!rc && (r->opt.gdb || r->opt.control))
		rc = attach_session(r, err);
	return rc ? rc : record(r, err);
}

static int run_guest(struct run *r)
{
	struct err err = { 0 };
	const struct machine_options *o = &r->opt;

	if (prepare(r, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	runner_init();
	if (attach(r, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	runner_progress(isatty(2) && !r->console.line.terminal && !r->display.on && !o->quiet && !o->exits && !o->trace && !o->json);
	runner_often(r->display.on || r->console.line.terminal);
	u64 start = clock_host_ns();
	r->why = o->gdb || o->control ? serve_run(&r->serve, &err)
				   : snapshot_options_run(o, r->tree, r->machine.vm, r->stepping ? &r->stepper : NULL, &err);
	r->host_ns = clock_host_ns() - start;
	display_close(&r->display);
	r->status = status_of(r->machine.vm, r->why);
	if (r->why == STOP_ERROR)
		complain("%s", err.text);
	if (complete(r, &err)) {
		complain("%s", err.text);
		r->status = STATUS_USAGE;
	}
	if (output_ok())
		report(r);
	return r->status;
}

static void clean_up(struct run *r)
{
	struct err err = { 0 };

	display_close(&r->display);
	serve_close(&r->serve);
	session_close(r->session);
	replay_close(r->replay);
	if (recording_close(r->recording, &err)) {
		complain("%s", err.text);
		r->status = STATUS_USAGE;
	}
	console_close(&r->console, NULL);
	if (r->json.to && json_printer_close(&r->json, &err)) {
		complain("%s", err.text);
		r->status = STATUS_USAGE;
	}
	network_close(&r->network);
	outside_close(&r->outside);
	snapshot_tree_close(r->tree);
	if (r->machine.vm)
		machine_destroy(&r->machine);
	if (machine_files_close(&r->files, &err)) {
		complain("%s; what the guest wrote last may be lost", err.text);
		r->status = STATUS_USAGE;
	}
	exit_printer_end(&r->exits);
	trace_printer_end(&r->trace);
}

static int choose_engine(struct run *r)
{
	bool steps = r->opt.trace & (EV_BIT(insn) | EV_BIT(mem));
	struct err err = { 0 };
	int rc = engine_choose(r->opt.engine, &r->engine, &err);

	if (!rc)
		rc = engine_options_prepare(&r->opt, r->engine, &r->model, &err);
	if (!rc && steps && !(r->engine->caps & CAP_INSN_EVENTS))
		rc = err_set(&err, ENOSYS, "engine %s cannot show single instructions; --engine interp can", r->opt.engine);
	if (rc) {
		complain("%s", err.text);
		return rc == -EINVAL ? STATUS_USAGE : STATUS_SKIPPED;
	}
	r->stepping = (r->opt.trace & EV_BIT(insn)) && !r->opt.json;
	r->json_stdout = r->opt.json && !strcmp(r->opt.json, "-");
	return STATUS_OK;
}

/* The first word is the recording. */
static int take_recording(struct run *r, struct args_rest *rest, struct err *err)
{
	if (!rest->n)
		return err_set(err, EINVAL, "replay: expected the file of a recording, and the options with which it was made");
	r->opt.replay = rest->item[0];
	memmove(rest->item, rest->item + 1, sizeof(rest->item[0]) * (size_t)--rest->n);
	return 0;
}

int run_machine(const struct command *cmd, int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	struct args_rest rest;
	struct err err = { 0 };
	int status;

	if (!r) {
		complain("no memory");
		return STATUS_INTERNAL;
	}
	machine_options_init(&r->opt);
	serial_init(&r->console.line);
	r->serve.gdb.fd = r->serve.gdb.listener = -1;
	if (command_args(cmd, &r->opt, argc, argv, &rest, &status)) {
		r->status = status;
	} else if ((cmd == &cmd_replay && take_recording(r, &rest, &err)) || machine_options_check(&r->opt, &rest, &err)) {
		complain("%s", err.text);
		r->status = STATUS_USAGE;
	} else {
		r->status = choose_engine(r);
		if (!r->status)
			r->status = run_guest(r);
	}
	clean_up(r);
	status = r->status;
	free(r);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.args = "[options] [IMAGE]",
	.brief = "run a guest",
	.text = "IMAGE is recognised by its content: a boot sector, an ELF or multiboot kernel, or a\n"
		"snapshot. The guest's serial port is standard output; with --display terminal its VGA\n"
		"screen and keyboard are there instead. Ctrl-] leaves a guest that has the terminal. The\n"
		"same inputs always give the same run, up to the last bit of the state hash.\n\n"
		"Standard input is the serial port's input: what is piped in reaches the guest once it\n"
		"listens (</dev/null keeps it away). A guest that waits for a person, or for the network,\n"
		"waits in real time; otherwise its time jumps.\n\n"
		"--disk FILE may be followed by parts, with commas and no blanks: if=ide or if=virtio,\n"
		"snapshot=on or off, overlay=FILE, readonly=on, format=F. FILE is raw, or of a format that\n"
		"qemu-nbd knows (qcow2, vmdk, vdi, vhdx, vpc), or the address of an NBD server; format=raw\n"
		"keeps it from being recognised. What the guest writes is discarded at the end (the\n"
		"default, snapshot=on), or goes to the overlay file, which is made if it is not there, or\n"
		"to FILE itself (snapshot=off).\n\n"
		"--net user may be followed by hostfwd=tcp:[ADDRESS]:PORT-[ADDRESS]:PORT (or udp:...),\n"
		"restrict=on, mac=M, pcap=FILE. The network is libslirp's: the guest is 10.0.2.15 (DHCP),\n"
		"this host 10.0.2.2. hostfwd leads a port of the host (of 127.0.0.1 unless said) into the\n"
		"guest; with restrict=on nothing else goes in or out. pcap captures for Wireshark.",
	.example = "vitrine run --exits boot.img\n"
		   "vitrine run --bios /usr/share/seabios/bios.bin --disk disk.img --budget 500M --stats\n"
		   "vitrine run --kernel kernel.elf --append 'console=ttyS0' --trace=insn,fault\n"
		   "vitrine run --kernel /boot/memtest86+x64.bin --mem 6M --display terminal\n"
		   "vitrine run --bios bios.bin --disk base.qcow2,overlay=mine --cdrom cd.iso\n"
		   "vitrine run --kernel vmlinuz --initrd initrd.gz --append 'console=ttyS0' \\\n"
		   "    --disk data.img,if=virtio,snapshot=off --virtio rng \\\n"
		   "    --net user,hostfwd=tcp::2222-:22",
	.options = machine_option_table,
	.noptions = &machine_option_count,
	.exec = run_machine,
};
