/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-record.c - the results of earlier comparisons as one hash per class (tests/native/fx.hashes).
 *
 * Operands are a function of the seed, so a host that is no x86 can tell from the hash whether its results
 * are those that an x86 host has confirmed. What is approximate goes in as the interpreter has it.
 * Rule: a hash is made of softened states, which differ on no two hosts; a line is made only of a class that
 * has just been compared.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/native/fx.h"

enum { RECORDS = 1024 };
struct fx_record {
	int n;
	struct { char class[24]; u64 count, hash; } of[RECORDS];
};

struct fx_record *fx_record_open(const char *path, struct err *err)
{
	struct fx_record *r = calloc(1, sizeof *r);
	FILE *file = r ? fopen(path, "r") : NULL;
	unsigned long long count, hash;
	char line[200];
	if (!file) {
		err_set(err, r ? errno : ENOMEM, "%s: %s", path, strerror(r ? errno : ENOMEM));
		free(r);
		return NULL;
	}
	while (fgets(line, sizeof line, file) && r->n < RECORDS)
		if (sscanf(line, "%23s %llu %llx", r->of[r->n].class, &count, &hash) == 3) {
			r->of[r->n].count = count;
			r->of[r->n++].hash = hash;
		}
	fclose(file);
	return r;
}

void fx_record_close(struct fx_record *r)
{
	free(r);
}

FILE *fx_record_create(const char *path, struct err *err)
{
	FILE *file = fopen(path, "w");
	if (!file)
		err_set(err, errno, "%s: %s", path, strerror(errno));
	else
		fprintf(file, "# SPDX-License-Identifier: GPL-3.0-or-later\n"
			      "# Made by tests/native/fx --record: class, operands, hash of the results "
			      "that a processor has confirmed.\n");
	return file;
}

void fx_record_line(FILE *file, const char *class, u64 count, u64 hash)
{
	fprintf(file, "%s %llu %016llx\n", class, (unsigned long long)count, (unsigned long long)hash);
}

u64 fx_recorded(const struct fx_record *r, const char *class, u64 *hash)
{
	for (int i = 0; r && i < r->n; i++)
		if (!strcmp(r->of[i].class, class)) {
			*hash = r->of[i].hash;
			return r->of[i].count;
		}
	return 0;
}

/* Byte by byte would take as long as the comparison itself: eight at a time. */
static u64 hash_bytes(u64 hash, const void *from, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		u64 v;
		memcpy(&v, (const u8 *)from + i, 8);
		hash = (hash ^ v) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 32;
	}
	return hash;
}

u64 fx_hash(u64 hash, const struct fx_insn *insn, const struct fx_case *k, const u8 *interp)
{
	const struct fx_state *s = &k->interp;
	const u64 rest[3] = { s->flags, s->rip, s->vector };
	hash = hash_bytes(hash, &s->image, sizeof s->image);
	hash = hash_bytes(hash, s->gpr, sizeof s->gpr);
	hash = hash_bytes(hash, rest, sizeof rest);
	return hash_bytes(hash, interp, insn->stride - 16);
}
