/* SPDX-License-Identifier: GPL-3.0-or-later
 * suboptions.h - values of the form WORD,key=value,key=value, as --disk and --net have them.
 * Rule: a comma that belongs to a value is written twice.
 */
#ifndef VITRINE_DEBUGGER_SUBOPTIONS_H
#define VITRINE_DEBUGGER_SUBOPTIONS_H

#include "debugger/args.h"

struct suboption {
	const char *key;
	/* As in struct option; `value` stays valid as long as the text. */
	int (*take)(void *slot, const char *value, struct err *err);
	size_t offset;
};

/* Cut text up in place: its first word goes to *word, every key=value to the row of its key. */
int suboptions_parse(char *text, const char **word, const struct suboption *table, int n, void *into, struct err *err);
/* on or off. */
int take_switch(void *slot, const char *value, struct err *err);

#endif
