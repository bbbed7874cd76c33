/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-ctl.c - `vitrine ctl`: say one thing to a machine that runs with --control, and print its answer.
 * Rule: it knows no command of the machine's but those that have a short word here; everything else is a line for the
 * debugger there.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "debugger/commands.h"
#include "debugger/output.h"
#include "debugger/status.h"

enum { ANSWER_MOST = 8 << 20, LINE = 4096 };

struct ctl {
	bool json;
	int fd;
	char *line; /* ANSWER_MOST bytes: what has come, */
	size_t len; /* so much of it */
};

static const struct option ctl_options[] = {
	{ "json", NULL, "print what the machine answers as it is, a line of JSON", take_flag, offsetof(struct ctl, json) },
};
static const int nctl_options = ARRAY_LEN(ctl_options);

static const struct word {
	const char *word, *command, *argument;
} words[] = {
	{ "status", "query-status", NULL },
	{ "stop", "stop", NULL },
	{ "cont", "cont", NULL },
	{ "reset", "system_reset", NULL },
	{ "powerdown", "system_powerdown", NULL },
	{ "screendump", "screendump", "filename" },
	{ "quit", "quit", NULL },
};

/* ---- the connection ---- */

static int connect_to(struct ctl *c, const char *path, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	path += strncmp(path, "unix:", 5) ? 0 : 5;
	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(err, EINVAL, "%.120s: expected a path of 1 to %zu bytes", path, sizeof(to.sun_path) - 1);
	strcpy(to.sun_path, path);
	c->line = malloc(ANSWER_MOST);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!c->line || c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)))
		return err_set(err, errno, "%.120s: %s; is there a machine that runs with --control unix:%.120s?", path,
			       strerror(errno), path);
	return 0;
}

static int send_text(struct ctl *c, const char *text, struct err *err)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return err_set(err, errno, "the machine has gone: %s", strerror(errno));
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The next line, as JSON; its text too, unless text is NULL, malloc'd. */
static json_t *receive(struct ctl *c, char **text, struct err *err)
{
	char *end;
	json_t *o;

	while (!(end = memchr(c->line, '\n', c->len))) {
		ssize_t n = c->len < ANSWER_MOST ? recv(c->fd, c->line + c->len, ANSWER_MOST - c->len, 0) : -1;

		if (n <= 0) {
			err_set(err, EPIPE, "the machine has gone without an answer");
			return NULL;
		}
		c->len += (size_t)n;
	}
	size_t used = (size_t)(end - c->line) + 1;
	o = json_loadb(c->line, used, 0, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		o = NULL;
		err_set(err, EPROTO, "what is there does not answer as a machine with --control does");
	} else if (text) {
		*text = strndup(c->line, used - 1);
	}
	memmove(c->line, c->line + used, c->len - used);
	c->len -= used;
	return o;
}

/* Events come in between. */
static json_t *ask(struct ctl *c, json_t *command, char **text, struct err *err)
{
	char *line = command ? json_dumps(command, JSON_COMPACT) : NULL;
	int rc = line ? send_text(c, line, err) : err_set(err, ENOMEM, "no memory");
	json_t *o = NULL;

	free(line);
	json_decref(command);
	if (!rc)
		rc = send_text(c, "\n", err);
	while (!rc && (o = receive(c, text, err)) && json_object_get(o, "event")) {
		json_decref(o);
		if (text)
			free(*text);
	}
	return o;
}

/* ---- words ---- */

static json_t *command_of(const struct args_rest *rest, struct err *err)
{
	const char *word = rest->item[1];
	char line[LINE] = "";

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct word *w = &words[i];

		if (strcmp(w->word, word))
			continue;
		if (rest->n != 2 + !!w->argument) {
			err_set(err, EINVAL, "%s: expected %s", word, w->argument ? "one word behind it" : "no word behind it");
			return NULL;
		}
		return w->argument ? json_pack("{s:s, s:{s:s}}", "execute", w->command, "arguments", w->argument, rest->item[2])
				   : json_pack("{s:s}", "execute", w->command);
	}
	for (int i = 1; i < rest->n; i++) {
		size_t len = strlen(line);

		snprintf(line + len, sizeof(line) - len, "%s%s", i > 1 ? " " : "", rest->item[i]);
	}
	return json_pack("{s:s, s:{s:s}}", "execute", "human-monitor-command", "arguments", "command-line", line);
}

static void print_value(const char *name, const json_t *value)
{
	char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	printf("%-12s  %s\n", name, text ? text : json_string_value(value));
	free(text);
}

/* What a person reads. */
static void print_result(json_t *result)
{
	json_t *value;
	const char *key;

	if (json_is_string(result))
		fputs(json_string_value(result), stdout);
	json_object_foreach(result, key, value)
		print_value(key, value);
}

static int show(struct ctl *c, json_t *answer, const char *text)
{
	json_t *error = json_object_get(answer, "error");

	if (c->json)
		printf("%.*s\n", (int)strcspn(text, "\r"), text);
	else if (error)
		complain("%s", json_string_value(json_object_get(error, "desc")));
	else
		print_result(json_object_get(answer, "return"));
	return error ? STATUS_USAGE : STATUS_OK;
}

static int talk(struct ctl *c, const struct args_rest *rest, struct err *err)
{
	json_t *command = command_of(rest, err), *greeting, *ready, *answer;
	char *text = NULL;
	int status = STATUS_USAGE;

	if (!command || connect_to(c, rest->item[0], err)) {
		json_decref(command);
		return status;
	}
	greeting = receive(c, NULL, err);
	ready = greeting ? ask(c, json_pack("{s:s}", "execute", "qmp_capabilities"), NULL, err) : NULL;
	answer = ready ? ask(c, json_incref(command), &text, err) : NULL;
	if (answer)
		status = show(c, answer, text);
	free(text);
	json_decref(answer);
	json_decref(ready);
	json_decref(greeting);
	json_decref(command);
	return status;
}

static int ctl(const struct command *cmd, int argc, char **argv)
{
	struct ctl c = { .fd = -1 };
	struct args_rest rest;
	struct err err = { 0 };
	int status;

	if (command_args(cmd, &c, argc, argv, &rest, &status))
		return status;
	if (rest.n < 2) {
		complain("ctl: expected the PATH of a control socket, and what to say to the machine there");
		return STATUS_USAGE;
	}
	status = talk(&c, &rest, &err);
	if (err.code)
		complain("%s", err.text);
	if (c.fd >= 0)
		close(c.fd);
	free(c.line);
	return status;
}

const struct command cmd_ctl = {
	.name = "ctl",
	.args = "[--json] PATH WORD...",
	.brief = "say something to a running machine",
	.text = "PATH is the socket of a machine that was started with --control unix:PATH. The words\n"
		"status, stop, cont, reset, powerdown, screendump FILE and quit are commands of the\n"
		"socket; everything else is a line of the debugger's, as at the prompt of `vitrine\n"
		"debug` (help lists them; quote what the shell would take apart). Any client of QEMU's\n"
		"QMP can talk to the socket, too.",
	.example = "vitrine run --control unix:/tmp/m --kernel vmlinuz --append console=ttyS0 &\n"
		   "vitrine ctl /tmp/m status\n"
		   "vitrine ctl /tmp/m stop\n"
		   "vitrine ctl /tmp/m info registers\n"
		   "vitrine ctl /tmp/m cont",
	.options = ctl_options,
	.noptions = &nctl_options,
	.exec = ctl,
};
