/* SPDX-License-Identifier: GPL-3.0-or-later
 * control-protocol.c - from bytes to commands: framing, parsing, answers, events (QEMU's docs/interop/qmp-spec).
 * Rule: what cannot be a command is answered with one error, whatever it was and however long it goes on; memory is bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "debugger/commands.h"
#include "debugger/control/control-priv.h"

/* ---- out ---- */

static void send_object(struct control_client *c, json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (text) {
		c->send(c->arg, text, strlen(text));
		c->send(c->arg, "\r\n", 2);
	}
	free(text);
	json_decref(o);
}

void control_greet(struct control_client *c)
{
	send_object(c, json_pack("{s:{s:{s:{s:i, s:i, s:i}, s:s}, s:[]}}", "QMP", "version", "qemu", "major", 0, "minor", 1,
				 "micro", 0, "package", "vitrine " VITRINE_VERSION, "capabilities"));
}

void control_event(struct control_client *c, const char *name, const char *data)
{
	struct timespec now;
	json_t *o;

	if (!c->negotiated)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	o = json_pack("{s:s, s:{s:I, s:I}}", "event", name, "timestamp", "seconds", (json_int_t)now.tv_sec, "microseconds",
		      (json_int_t)(now.tv_nsec / 1000));
	if (o && data)
		json_object_set_new(o, "data", json_loads(data, 0, NULL));
	send_object(c, o);
}

/* id: of the command, or NULL. */
static void answer(struct control_client *c, json_t *result, const struct err *why, const char *class, json_t *id)
{
	json_t *o = why ? json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", why->text)
			: json_pack("{s:o}", "return", result ? result : json_object());

	if (o && id)
		json_object_set(o, "id", id);
	send_object(c, o);
}

static void refuse(struct control_client *c, json_t *id, const char *fmt, const char *detail)
{
	struct err why = { 0 };

	err_set(&why, EINVAL, fmt, detail);
	answer(c, NULL, &why, "GenericError", id);
}

/* ---- one command ---- */

/* Only the members that a command has; true if it is one. */
static bool check_shape(struct control_client *c, json_t *o, json_t *id)
{
	static const char *const known[] = { "execute", "arguments", "id" };
	json_t *value;
	const char *key;

	if (!json_is_string(json_object_get(o, "execute"))) {
		refuse(c, id, "a command without 'execute'; expected {\"execute\": NAME}%s", "");
		return false;
	}
	if (json_object_get(o, "arguments") && !json_is_object(json_object_get(o, "arguments"))) {
		refuse(c, id, "'arguments' is no object%s", "");
		return false;
	}
	json_object_foreach(o, key, value) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found |= !strcmp(key, known[i]);
		if (!found) {
			refuse(c, id, "'%.60s' is no member of a command; expected execute, arguments, id", key);
			return false;
		}
	}
	return true;
}

/* Those that it must have, and no others: `args` are names, "[name]" may be absent; texts or numbers. */
static int check_arguments(const struct control_command *cmd, json_t *arguments, struct err *err)
{
	json_t *value;
	const char *key;
	size_t known = 0;

	for (int i = 0; i < CONTROL_ARGS && cmd->arg[i].name; i++) {
		value = json_object_get(arguments, cmd->arg[i].name);
		if (!value && !cmd->arg[i].optional)
			return err_set(err, EINVAL, "Parameter '%s' is missing", cmd->arg[i].name);
		if (value && !(cmd->arg[i].number ? json_is_integer(value) : json_is_string(value)))
			return err_set(err, EINVAL, "Invalid parameter type for '%s', expected: %s", cmd->arg[i].name,
				       cmd->arg[i].number ? "integer" : "string");
		known += value != NULL;
	}
	if (json_object_size(arguments) == known)
		return 0;
	json_object_foreach(arguments, key, value) {
		bool is_known = false;

		for (int i = 0; i < CONTROL_ARGS && cmd->arg[i].name; i++)
			is_known |= !strcmp(key, cmd->arg[i].name);
		if (!is_known)
			return err_set(err, EINVAL, "Parameter '%.60s' is unexpected", key);
	}
	return 0;
}

static void execute(struct control_client *c, json_t *o, json_t *id)
{
	const char *name = json_string_value(json_object_get(o, "execute"));
	json_t *arguments = json_object_get(o, "arguments"), *result = NULL;
	const struct control_command *cmd = control_command_find(name);
	struct err why = { 0 };
	int rc;

	if (!cmd) {
		err_set(&why, ENOENT, "The command %.60s has not been found", name);
	} else if (!c->negotiated && cmd->exec != control_negotiate) {
		err_set(&why, EPERM, "Expecting capabilities negotiation with 'qmp_capabilities'");
		cmd = NULL;
	}
	if (!cmd) {
		answer(c, NULL, &why, "CommandNotFound", id);
		return;
	}
	rc = arguments ? check_arguments(cmd, arguments, &why) : 0;
	if (!rc && !arguments && cmd->arg[0].name && !cmd->arg[0].optional)
		rc = err_set(&why, EINVAL, "Parameter '%s' is missing", cmd->arg[0].name);
	if (!rc)
		rc = cmd->exec(c, arguments, &result, &why);
	if (rc && !why.text[0])
		err_set(&why, -rc, "%s", strerror(-rc));
	answer(c, rc ? NULL : result, rc ? &why : NULL, "GenericError", id);
	if (rc)
		json_decref(result);
}

static void carry_out(struct control_client *c)
{
	json_error_t bad;
	json_t *o = json_loadb(c->line, c->len, JSON_REJECT_DUPLICATES, &bad);

	if (!o)
		refuse(c, NULL, "JSON parse error, %.150s", bad.text);
	else if (!json_is_object(o))
		refuse(c, NULL, "QMP input must be a JSON object%s", "");
	else if (check_shape(c, o, json_object_get(o, "id")))
		execute(c, o, json_object_get(o, "id"));
	json_decref(o);
}

/* ---- bytes ---- */

static void begin(struct control_client *c)
{
	c->len = 0;
	c->depth = 0;
	c->string = c->escape = c->overlong = false;
}

/* How deep it is nested, as far as that can be said without parsing. */
static void follow(struct control_client *c, char byte)
{
	if (c->string) {
		bool escaped = c->escape;

		c->escape = !escaped && byte == '\\';
		c->string = escaped || byte != '"';
	} else if (byte == '"') {
		c->string = true;
	} else if (byte == '{' || byte == '[') {
		c->depth++;
	} else if ((byte == '}' || byte == ']') && c->depth) {
		c->depth--;
	}
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

/* A command ends with the bracket that closes it; what is none, or is too long, with its line. */
static void take(struct control_client *c, char byte)
{
	bool closes = !c->string && (byte == '}' || byte == ']');

	if (c->overlong) {
		if (byte != '\n')
			return;
		begin(c);
		refuse(c, NULL, "a command that is too long or too deeply nested; expected at most 64 KiB%s", "");
		return;
	}
	if (!c->len && is_blank(byte))
		return;
	follow(c, byte);
	if (c->len == CONTROL_LINE || c->depth > CONTROL_DEPTH) {
		c->overlong = true;
		return;
	}
	c->line[c->len++] = byte;
	if (c->depth || (!closes && byte != '\n'))
		return;
	carry_out(c);
	begin(c);
}

void control_feed(struct control_client *c, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		take(c, bytes[i]);
}
