/* SPDX-License-Identifier: GPL-3.0-or-later
 * canonical.h - an instruction in two dialects, ours and objdump's, brought to one form.
 * Rule: a step of canonical.c changes how something is said, never what.
 */
#ifndef VITRINE_TESTS_INSN_CANONICAL_H
#define VITRINE_TESTS_INSN_CANONICAL_H

#include "cpu-interp/isa/isa.h"

struct pair {
	enum isa_mode mode;
	enum decode_status status;
	struct decoded d;
	u64 address;
	const u8 *bytes;
	char ours[192], theirs[192]; /* canonical */
	char name[32];               /* their mnemonic, without prefixes */
	int their_len;
	bool their_lock;
	const char *rep; /* "rep ", "repe ", "repne " if they have it */
};

/* Move s past the words of prefixes, noting those that matter. */
const char *canonical_skip(struct pair *p, const char *s);
/* objdump spells out the operands of string instructions and XLAT. */
bool canonical_hides_operands(const struct pair *p);
/* in, in either dialect, to out[192]. */
void canonical_form(struct pair *p, const char *in, char *out);

#endif
