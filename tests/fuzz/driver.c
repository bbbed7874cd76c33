/* SPDX-License-Identifier: GPL-3.0-or-later
 * driver.c - feed a fuzz target without libFuzzer: files, or seeded pseudo-random inputs, or files
 * mutated by them.
 * Rule: the same arguments give the same inputs everywhere, so that a failure is repeatable by its number.
 *
 *	driver [-n COUNT] [-s SEED] [FILE...]
 *
 * Files alone are fed as they are.  With -n, COUNT more inputs follow: random bytes, or with files
 * mutations of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/types.h"

enum { INPUT_MAX = 1 << 16, RANDOM_MAX = 2048 };

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct input {
	u8 data[INPUT_MAX];
	size_t len;
};

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
static u64 next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* The target gets a block of exactly its size, so that a sanitizer sees one byte too many. */
static void feed(const u8 *data, size_t len)
{
	u8 *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static bool read_file(const char *path, struct input *in)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		return false;
	}
	in->len = fread(in->data, 1, sizeof(in->data), f);
	fclose(f);
	return true;
}

static void randomize(struct input *in, u64 *state)
{
	/* Short inputs more often than long ones. */
	in->len = (size_t)(next(state) % RANDOM_MAX) >> next(state) % 8;
	for (size_t i = 0; i < in->len; i++)
		in->data[i] = (u8)next(state);
}

static void mutate(struct input *in, u64 *state)
{
	u64 edits = 1 + next(state) % 8;

	for (u64 i = 0; i < edits && in->len; i++)
		in->data[next(state) % in->len] = (u8)next(state);
	if (next(state) % 4 == 0)
		in->len = (size_t)(next(state) % (in->len + 1));
}

static int usage(void)
{
	fputs("usage: driver [-n COUNT] [-s SEED] [FILE...]\n", stderr);
	return 2;
}

/* A whole decimal number, or false. */
static bool parse_number(const char *text, u64 *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno;
}

int main(int argc, char **argv)
{
	static struct input in;
	u64 count = 0, seed = 1;
	int first = 1, nfiles;

	while (first < argc && argv[first][0] == '-') {
		u64 *value = !strcmp(argv[first], "-n") ? &count : !strcmp(argv[first], "-s") ? &seed : NULL;

		if (!value || first + 1 >= argc || !parse_number(argv[first + 1], value))
			return usage();
		first += 2;
	}
	nfiles = argc - first;
	if (!nfiles && !count)
		return usage();
	for (int i = first; i < argc; i++) {
		if (!read_file(argv[i], &in))
			return 2;
		feed(in.data, in.len);
	}
	for (u64 i = 0; i < count; i++) {
		u64 state = seed ^ i << 32;

		if (nfiles) {
			if (!read_file(argv[first + (int)(i % (u64)nfiles)], &in))
				return 2;
			mutate(&in, &state);
		} else {
			randomize(&in, &state);
		}
		feed(in.data, in.len);
	}
	printf("%llu inputs\n", (unsigned long long)(count + (u64)nfiles));
	return 0;
}
