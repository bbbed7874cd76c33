/* SPDX-License-Identifier: GPL-3.0-or-later
 * print-json.c - the event stream as JSON lines.
 * Rule: the objects of events are made by event_json, from the same list as everything else.
 */
#include "debugger/print-json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/output.h"

int json_printer_open(struct json_printer *j, const char *path, struct err *err)
{
	*j = (struct json_printer){ .to = stdout };
	if (!strcmp(path, "-"))
		return 0;
	j->to = fopen(path, "we");
	if (!j->to)
		return err_set(err, errno, "--json %.160s: %s", path, strerror(errno));
	j->own = true;
	return 0;
}

/* Not unless asked for: what comes with each instruction or exit, and what other events say, too. */
#define EVENTS_TOO_MANY \
	(EV_BIT(insn) | EV_BIT(mem) | EV_BIT(leave) | EV_BIT(cr) | EV_BIT(tlb) | EV_BIT(out))

static enum verdict on_event(void *arg, const struct event *ev)
{
	struct json_printer *j = arg;

	j->line.len = 0;
	event_json(ev, &j->line);
	const char *text = buf_text(&j->line);
	if (text)
		fprintf(j->to, "%s\n", text);
	return output_ok() && !ferror(j->to) ? EV_GO : EV_STOP;
}

int json_printer_start(struct json_printer *j, struct vm *vm, u32 set)
{
	int rc = vm_subscribe(vm, set ? set : EV_ALL & ~EVENTS_TOO_MANY, on_event, j);
	return rc < 0 ? rc : 0;
}

void json_printer_put(struct json_printer *j, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text)
		fprintf(j->to, "%s\n", text);
	free(text);
	json_decref(object);
}

int json_printer_close(struct json_printer *j, struct err *err)
{
	int rc = 0;

	buf_free(&j->line);
	if (j->own) {
		bool bad = ferror(j->to);
		if (fclose(j->to) || bad)
			rc = err_set(err, EIO, "the --json file could not be written completely");
	}
	*j = (struct json_printer){ 0 };
	return rc;
}
