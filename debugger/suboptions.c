/* SPDX-License-Identifier: GPL-3.0-or-later
 * suboptions.c - cut WORD,key=value,... into its parts.
 * Rule: the parts lie in the text they were cut from, which becomes shorter by its doubled commas.
 */
#include "debugger/suboptions.h"

#include <errno.h>
#include <string.h>

/* The part that begins at *at, ended by NUL; *at moves behind it, or becomes NULL at the end. */
static char *next_part(char **at)
{
	char *part = *at, *to = part, *from = part;

	for (; *from && (*from != ',' || from[1] == ','); from++) {
		if (*from == ',')
			from++;
		*to++ = *from;
	}
	*at = *from ? from + 1 : NULL;
	*to = 0;
	return part;
}

static int take_part(char *part, const struct suboption *table, int n, void *into, struct err *err)
{
	char *equals = strchr(part, '=');
	struct nearest near;
	struct err why = { 0 };

	if (equals)
		*equals = 0;
	nearest_start(&near, part);
	for (int i = 0; i < n; i++) {
		nearest_offer(&near, table[i].key);
		if (strcmp(part, table[i].key))
			continue;
		if (!equals)
			return err_set(err, EINVAL, "%s needs a value: %s=...", part, part);
		if (table[i].take((char *)into + table[i].offset, equals + 1, &why))
			return err_set(err, why.code, "%s=%.60s: %s", part, equals + 1, why.text);
		return 0;
	}
	if (near.best)
		return err_set(err, EINVAL, "unknown part '%.40s'; did you mean '%s='?", part, near.best);
	return err_set(err, EINVAL, "unknown part '%.40s'; expected %s=... and the like, and a comma in a name is written "
		       "twice", part, table[0].key);
}

int suboptions_parse(char *text, const char **word, const struct suboption *table, int n, void *into, struct err *err)
{
	char *at = text;
	int rc = 0;

	*word = next_part(&at);
	while (at && !rc)
		rc = take_part(next_part(&at), table, n, into, err);
	return rc;
}

int take_switch(void *slot, const char *value, struct err *err)
{
	if (strcmp(value, "on") && strcmp(value, "off"))
		return err_set(err, EINVAL, "expected on or off");
	*(bool *)slot = !strcmp(value, "on");
	return 0;
}
