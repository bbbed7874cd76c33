/* SPDX-License-Identifier: GPL-3.0-or-later
 * number.h - a number on the command line of the programs here.
 * Rule: decimal, 0x... or 0..., whole, not negative and within 64 bits; anything else is refused.
 */
#ifndef VITRINE_TESTS_NATIVE_NUMBER_H
#define VITRINE_TESTS_NATIVE_NUMBER_H

#include <errno.h>
#include <stdlib.h>

#include "core/base/types.h"

static inline bool parse_number(const char *text, u64 *value)
{
	char *end;
	errno = 0;
	*value = text ? strtoull(text, &end, 0) : 0;
	return text && text[0] >= '0' && text[0] <= '9' && !*end && !errno;
}

#endif
