/* SPDX-License-Identifier: GPL-3.0-or-later
 * bits.c - the names of registers' bits.
 * Rule: rows of one register lie together (bits.def), so a register is a run of the table.
 */
#include "core/x86/bits.h"

#include <string.h>

static const struct bit_name rows[] = {
#define BIT(reg, first, count, name, brief) { #reg, first, count, #name, brief },
#include "core/x86/bits.def"
#undef BIT
};

const struct bit_name *register_bits(const char *reg, int *n)
{
	const struct bit_name *found = NULL;

	*n = 0;
	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].reg, reg))
			continue;
		found = found ? found : &rows[i];
		++*n;
	}
	return found;
}

const struct bit_name *register_bit(const char *reg, const char *name)
{
	int n;
	const struct bit_name *row = register_bits(reg, &n);

	for (int i = 0; i < n; i++)
		if (!strcmp(row[i].name, name))
			return &row[i];
	return NULL;
}
