/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-match.c - =~ : a text against a POSIX extended regular expression (POSIX.1-2017, XBD 9.4).
 * Rule: a pattern that could take the matcher for ever is refused: back-references, and repetitions of repetitions.
 */
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

enum { PATTERN_MAX = 1000, PATTERN_GROUPS = 16, PATTERN_REPEAT = 500 };

/* The matcher unfolds {n}: what they multiply to decides its size. */
static const char *refuses(const struct text *p)
{
	u64 repeat = 1, groups = 0;

	if (p->len > PATTERN_MAX)
		return "the pattern is longer than 1000 bytes";
	if (strlen(p->at) != p->len)
		return "the pattern holds a NUL";
	for (size_t i = 0; i < p->len; i++) {
		if (p->at[i] == '\\' && isdigit((unsigned char)p->at[i + 1]))
			return "the pattern refers back to a part of itself";
		if (p->at[i] == '\\')
			i++;
		else if (p->at[i] == '(' && ++groups > PATTERN_GROUPS)
			return "the pattern has more than 16 groups";
		else if (p->at[i] == '{')
			for (char *s = (char *)&p->at[i + 1]; isdigit((unsigned char)*s) || *s == ','; s += *s == ',') {
				u64 times = strtoull(s, &s, 10);
				repeat *= times ? times : 1;
				if (times > PATTERN_REPEAT || repeat > PATTERN_REPEAT)
					return "the pattern repeats more than 500 times";
			}
	}
	return NULL;
}

bool eval_match(struct trap *t, const struct node *n, const struct value *text, const struct value *pattern, bool *yes)
{
	const struct text *p = value_text_of(pattern), *s = value_text_of(text);
	const char *why = refuses(p);
	regex_t re;
	int rc;

	if (why)
		return trap_fail(t, n, NULL, "%s", why);
	if (!trap_spend(t, n, p->len + s->len / 16))
		return false;
	rc = regcomp(&re, p->at, REG_EXTENDED | REG_NOSUB);
	if (rc) {
		char message[100];
		regerror(rc, &re, message, sizeof(message));
		return trap_fail(t, n, "\\ takes a letter as it is", "the pattern is wrong: %s", message);
	}
	*yes = regexec(&re, s->at, 0, NULL, 0) == 0; /* up to a NUL, if the text has one */
	regfree(&re);
	return true;
}
