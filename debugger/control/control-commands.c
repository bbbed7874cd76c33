/* SPDX-License-Identifier: GPL-3.0-or-later
 * control-commands.c - the commands of the control socket, a row each, named and shaped as QEMU's are.
 * Rule: whether the machine runs is the host's to decide; a command asks it, and never runs the machine itself but by a
 * line of the debugger's.
 */
#include <errno.h>
#include <string.h>

#include "debugger/commands.h"
#include "debugger/control/control-priv.h"
#include "debugger/screendump.h"
#include "debugger/verbs/verb.h"
#include "devices/pc.h"

int control_negotiate(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	if (c->negotiated)
		return err_set(err, EALREADY, "Capabilities negotiation is already complete, command ignored");
	c->negotiated = true;
	return 0;
}

/* ---- what there is ---- */

static const char *status_of(const struct session *s)
{
	if (s->running)
		return "running";
	switch (s->stopped.why) {
	case STOP_POWER_OFF:
	case STOP_HALTED: return "shutdown";
	case STOP_TRIPLE_FAULT: return "guest-panicked";
	case STOP_ERROR: return "internal-error";
	case STOP_NONE: return strcmp(s->stopped.reason, "start") ? "paused" : "prelaunch";
	default: return "paused";
	}
}

/* What QEMU says, and where the machine stands. */
static int query_status(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	const struct session *s = c->s;

	*result = json_pack("{s:b, s:b, s:s, s:s, s:s, s:I, s:I, s:I}", "running", s->running, "singlestep", 0, "status",
			    status_of(s), "reason", s->running ? "" : s->stopped.reason, "text", s->running ? "" : s->stopped.text,
			    "instructions", (json_int_t)vm_icount(s->vm), "virtual-ns", (json_int_t)s->vm->clock.now, "exits",
			    (json_int_t)s->vm->guest_exits);
	return *result ? 0 : -ENOMEM;
}

static int query_commands(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	*result = json_array();
	for (int i = 0; i < control_ncommands; i++)
		json_array_append_new(*result, json_pack("{s:s}", "name", control_commands[i].name));
	return *result ? 0 : -ENOMEM;
}

static int query_version(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	*result = json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", 0, "minor", 1, "micro", 0, "package",
			    "vitrine " VITRINE_VERSION);
	return *result ? 0 : -ENOMEM;
}

static int query_name(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	*result = json_pack("{s:s}", "name", c->s->vm->name);
	return *result ? 0 : -ENOMEM;
}

static int query_cpus(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	*result = json_array();
	for (u32 i = 0; i < c->s->vm->ncpus; i++)
		json_array_append_new(*result, json_pack("{s:i, s:s, s:b}", "cpu-index", (int)i, "target", "x86_64", "halted",
							 c->s->vm->vcpu[i].activity != ACT_ACTIVE));
	return *result ? 0 : -ENOMEM;
}

/* ---- what is done ---- */

static int stop(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	return c->host.want(c->host.arg, CONTROL_STOP, err);
}

static int cont(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	if (c->s->stopped.why == STOP_TRIPLE_FAULT && !c->s->running)
		return err_set(err, ESHUTDOWN, "the guest died of a triple fault; system_reset, or go back with a line of the "
			       "debugger's, makes it run again");
	return c->host.want(c->host.arg, CONTROL_CONT, err);
}

static int quit(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	return c->host.want(c->host.arg, CONTROL_QUIT, err);
}

/* The machine does it by itself as soon as it executes; one that has died does it now. */
static int system_reset(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	int rc = session_may_change(c->s, err);

	if (rc)
		return rc;
	if (c->s->running)
		c->s->vm->reset_wanted = true;
	else
		vm_reset(c->s->vm);
	session_changed(c->s);
	return 0;
}

static int system_powerdown(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	int rc = session_may_change(c->s, err);

	if (rc)
		return rc;
	pc_power_button(c->s->pc);
	session_changed(c->s);
	return 0;
}

static int dump_screen(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	const char *format = json_string_value(json_object_get(arguments, "format"));

	if (format && strcmp(format, "png"))
		return err_set(err, EINVAL, "format '%.40s'; expected png", format);
	return screendump(pc_vga(c->s->pc), json_string_value(json_object_get(arguments, "filename")), err);
}

/* As QEMU has it: the bytes that the guest shall keep, or has. */
static int balloon(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	json_t *value = json_object_get(arguments, "value");
	u64 all = c->s->vm->mem_size, keep = (u64)json_integer_value(value), pages;

	if (!c->s->opt->virtio.balloon)
		return err_set(err, ENODEV, "no balloon: --virtio balloon gives the machine one");
	if (!keep || keep > all)
		return err_set(err, EINVAL, "value: expected the bytes that the guest shall keep, up to %llu", (unsigned long long)all);
	pages = (all - keep) >> 12;
	const u8 data[] = { (u8)pages, (u8)(pages >> 8), (u8)(pages >> 16), (u8)(pages >> 24) };
	int rc = session_may_change(c->s, err);
	if (rc)
		return rc;
	vm_receive(c->s->vm, INPUT_BALLOON, data, sizeof(data));
	session_changed(c->s);
	return 0;
}

static int query_balloon(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	if (!c->s->opt->virtio.balloon)
		return err_set(err, ENODEV, "no balloon: --virtio balloon gives the machine one");
	*result = json_pack("{s:I}", "actual", (json_int_t)(c->s->vm->mem_size - ((u64)pc_balloon_actual(c->s->pc) << 12)));
	return *result ? 0 : -ENOMEM;
}

static bool is_one_of(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(line, *words))
			return true;
	return false;
}

/* A line as at the debugger's prompt.  Those that let the machine run until something stops it are the host's. */
static int human(struct control_client *c, json_t *arguments, json_t **result, struct err *err)
{
	static const char *const conts[] = { "c", "cont", "continue", NULL }, *const stops[] = { "stop", "pause", NULL };
	const char *line = json_string_value(json_object_get(arguments, "command-line"));
	struct buf out = { 0 };
	struct err why = { 0 };
	int rc;

	if (is_one_of(line, conts))
		return cont(c, NULL, result, err);
	if (is_one_of(line, stops))
		return stop(c, NULL, result, err);
	c->told = &out;
	rc = session_watch_exits(c->s, &why);
	if (!rc)
		rc = verb_line(c->s, line, &out, &why);
	c->told = NULL;
	if (rc < 0 && (why.text[0] || !out.len))
		buf_printf(&out, "%s\n", why.text[0] ? why.text : strerror(-rc));
	if (rc == VERB_QUIT)
		c->host.want(c->host.arg, CONTROL_QUIT, NULL);
	*result = out.failed ? NULL : json_stringn(out.len ? (const char *)out.data : "", out.len);
	if (!*result && !out.failed) /* bytes of the guest's that are no UTF-8 */
		*result = json_string("the answer is no text");
	buf_free(&out);
	return *result ? 0 : -ENOMEM;
}

/* clang-format off */
const struct control_command control_commands[] = {
	{ "qmp_capabilities", { { 0 } }, control_negotiate },
	{ "query-status", { { 0 } }, query_status },
	{ "query-commands", { { 0 } }, query_commands },
	{ "query-version", { { 0 } }, query_version },
	{ "query-name", { { 0 } }, query_name },
	{ "query-cpus-fast", { { 0 } }, query_cpus },
	{ "stop", { { 0 } }, stop },
	{ "cont", { { 0 } }, cont },
	{ "system_reset", { { 0 } }, system_reset },
	{ "system_powerdown", { { 0 } }, system_powerdown },
	{ "balloon", { { "value", false, true } }, balloon },
	{ "query-balloon", { { 0 } }, query_balloon },
	{ "screendump", { { "filename", false }, { "format", true } }, dump_screen },
	{ "human-monitor-command", { { "command-line", false } }, human },
	{ "quit", { { 0 } }, quit },
};
/* clang-format on */
const int control_ncommands = ARRAY_LEN(control_commands);

const struct control_command *control_command_find(const char *name)
{
	for (int i = 0; i < control_ncommands; i++)
		if (!strcmp(control_commands[i].name, name))
			return &control_commands[i];
	return NULL;
}
