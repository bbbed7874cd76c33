/* SPDX-License-Identifier: GPL-3.0-or-later
 * args.c - parse options by a table, numbers with suffixes, and guess what a mistyped word was meant to be.
 * Rule: every refusal names the option, what was given and what was expected.
 */
#include "debugger/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool number_parse(const char *text, u64 *out, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)text[0]))
		return false; /* strtoull would accept blanks and a minus sign */
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	if (hex && !isxdigit((unsigned char)text[2]))
		return false;
	errno = 0;
	u64 value = strtoull(text, &stop, hex ? 16 : 10);
	if (errno || (!end && *stop))
		return false;
	*out = value;
	if (end)
		*end = stop;
	return true;
}

/* A number with at most one suffix letter; each letter of `suffixes` is worth `step` times the one before. */
static bool scaled_parse(const char *text, const char *suffixes, u64 step, u64 *out)
{
	const char *end;
	u64 unit = 1;

	if (!number_parse(text, out, &end))
		return false;
	if (*end) {
		const char *at = strchr(suffixes, toupper((unsigned char)*end));
		if (!at || end[1])
			return false;
		for (const char *s = suffixes; s <= at; s++)
			unit *= step;
	}
	return !__builtin_mul_overflow(*out, unit, out);
}

int take_flag(void *slot, const char *value, struct err *err)
{
	*(bool *)slot = true;
	return 0;
}

int take_text(void *slot, const char *value, struct err *err)
{
	*(const char **)slot = value;
	return 0;
}

int take_size(void *slot, const char *value, struct err *err)
{
	if (!scaled_parse(value, "KMGT", 1024, slot))
		return err_set(err, EINVAL, "'%.40s' is not a size; expected a number with K, M or G, as 64M", value);
	return 0;
}

int take_count(void *slot, const char *value, struct err *err)
{
	if (!scaled_parse(value, "KMGT", 1000, slot))
		return err_set(err, EINVAL, "'%.40s' is not a number; expected digits, perhaps with k, M or G", value);
	return 0;
}

int take_number(void *slot, const char *value, struct err *err)
{
	if (!number_parse(value, slot, NULL))
		return err_set(err, EINVAL, "'%.40s' is not a number; expected decimal or 0x... digits", value);
	return 0;
}

/* The row called name[0..len), or NULL. */
static const struct option *find(const struct option *table, int n, const char *name, size_t len)
{
	for (int i = 0; i < n; i++)
		if (strlen(table[i].name) == len && !memcmp(table[i].name, name, len))
			return &table[i];
	return NULL;
}

static int unknown(const struct option *table, int n, const char *word, size_t len, struct err *err)
{
	struct nearest near;
	char name[64];

	len = len < sizeof(name) ? len : sizeof(name) - 1;
	memcpy(name, word, len);
	name[len] = 0;
	nearest_start(&near, name);
	nearest_offer(&near, "help");
	for (int i = 0; i < n; i++)
		nearest_offer(&near, table[i].name);
	if (near.best)
		return err_set(err, EINVAL, "unknown option '--%s'; did you mean '--%s'?", name, near.best);
	return err_set(err, EINVAL, "unknown option '--%s'; see --help", name);
}

/* One option at argv[*i]; *i moves on over a separate value. */
static int take_one(const struct option *table, int n, void *into, int argc, char **argv, int *i,
		    struct err *err)
{
	const char *word = argv[*i] + (argv[*i][1] == '-' ? 2 : 1), *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct option *opt = find(table, n, word, len);
	struct err why = { 0 };

	if (len == 4 && !memcmp(word, "help", 4))
		return ARGS_HELP;
	if (!opt)
		return unknown(table, n, word, len, err);
	if (!opt->arg && value)
		return err_set(err, EINVAL, "--%s takes no value, but '%.60s' was given", opt->name, value);
	if (opt->arg && !value) {
		if (*i + 1 >= argc)
			return err_set(err, EINVAL, "--%s needs a value: %s", opt->name, opt->arg);
		value = argv[++*i];
		if (len > 1 && value[0] == '-' && value[1] == '-' && value[2]) /* rather forgotten than meant */
			return err_set(err, EINVAL, "--%s needs a value: %s (if it is '%.60s', write --%s=%.60s)",
				       opt->name, opt->arg, value, opt->name, value);
	}
	if (opt->take((char *)into + opt->offset, value, &why))
		return err_set(err, why.code, "--%s: %s", opt->name, why.text);
	return 0;
}

int args_parse(const struct option *table, int n, void *into, int argc, char **argv, struct args_rest *rest,
	       struct err *err)
{
	bool options = true;

	rest->n = 0;
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		if (options && !strcmp(word, "--")) {
			options = false;
		} else if (options && !strcmp(word, "-h")) {
			return ARGS_HELP;
		} else if (options && word[0] == '-' && (word[1] == '-' || (word[1] && !word[2] && find(table, n, word + 1, 1)))) {
			int rc = take_one(table, n, into, argc, argv, &i, err);
			if (rc)
				return rc;
		} else if (options && word[0] == '-' && word[1]) {
			return err_set(err, EINVAL, "unknown option '%.60s'; options are written --name, see --help", word);
		} else if (rest->n == ARGS_REST) {
			return err_set(err, EINVAL, "too many words: '%.60s' and what follows; see --help", word);
		} else {
			rest->item[rest->n++] = word;
		}
	}
	return 0;
}

enum { NEAREST_LEN = 40 };

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;
	return m < c ? m : c;
}

/* Levenshtein's distance between words of at most NEAREST_LEN letters, one row at a time. */
static int edit_distance(const char *a, const char *b)
{
	int row[NEAREST_LEN + 1], la = (int)strlen(a), lb = (int)strlen(b);

	if (la > NEAREST_LEN || lb > NEAREST_LEN)
		return NEAREST_LEN;
	for (int j = 0; j <= lb; j++)
		row[j] = j;
	for (int i = 1; i <= la; i++) {
		int diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= lb; j++) {
			int above = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[lb];
}

void nearest_start(struct nearest *n, const char *word)
{
	size_t len = strlen(word);

	n->word = word;
	n->best = NULL;
	n->distance = len < 3 ? 2 : len < 6 ? 3 : 4; /* a candidate must be closer than this */
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t len = strlen(n->word);
	bool starts = len >= 3 && !strncmp(candidate, n->word, len);
	int d = starts ? 1 : edit_distance(n->word, candidate);

	if (d < n->distance && d < (int)strlen(candidate)) {
		n->distance = d;
		n->best = candidate;
	}
}
