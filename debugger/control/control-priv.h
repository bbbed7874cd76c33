/* SPDX-License-Identifier: GPL-3.0-or-later
 * control-priv.h - what the files of the control socket share; nobody else includes this.
 * Rule: a command is a row of control_commands[]: its name, its arguments, all of them texts, and what it does.
 */
#ifndef VITRINE_DEBUGGER_CONTROL_PRIV_H
#define VITRINE_DEBUGGER_CONTROL_PRIV_H

#include <jansson.h>

#include "debugger/control/control.h"

enum { CONTROL_ARGS = 2 };
struct control_command {
	const char *name;
	struct { const char *name; bool optional, number; } arg[CONTROL_ARGS]; /* a text, or a whole number */
	/* arguments: checked, NULL if there are none.  *result: what is returned, NULL for {}. */
	int (*exec)(struct control_client *c, json_t *arguments, json_t **result, struct err *err);
};

extern const struct control_command control_commands[];
extern const int control_ncommands;
const struct control_command *control_command_find(const char *name);
int control_negotiate(struct control_client *c, json_t *arguments, json_t **result, struct err *err);

#endif
