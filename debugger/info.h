/* SPDX-License-Identifier: GPL-3.0-or-later
 * info.h - the reference, from the tables the program itself runs on.
 * Rule: a topic makes rows (objects with the same keys); text and JSON output are two prints of them.
 */
#ifndef VITRINE_DEBUGGER_INFO_H
#define VITRINE_DEBUGGER_INFO_H

#include <jansson.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct info_topic {
	const char *name, *arg, *brief; /* arg: what a further word selects; NULL = none is taken */
	/* An array of objects; NULL when `word` (may be NULL) names nothing there is. */
	json_t *(*rows)(const char *word);
};

extern const struct info_topic info_topics[];
extern const int info_topic_count;

const struct info_topic *info_topic_find(const char *name);
/* A topic's rows as columns of text (NULL: the list of topics), those that `word` selects if it is not NULL. */
int info_text(const char *topic, const char *word, struct buf *out, struct err *err);

#endif
