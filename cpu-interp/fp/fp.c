/* SPDX-License-Identifier: GPL-3.0-or-later
 * fp.c - operations on the bits of binary32 and binary64, for SSE.
 * Rule: unpack, compute, round, pack; DAZ belongs to the unpacking and to nothing else.
 */
#include "cpu-interp/fp/num.h"

static struct num operand(const struct fp_env *e, enum fp_format f, u64 bits)
{
	struct num x = num_unpack(f, bits);
	return e->daz && x.denormal ? num_zero(x.sign) : x;
}

static u64 result(struct fp_env *e, enum fp_format f, struct num x)
{
	struct num r = num_round(e, f, x);
	return num_pack(f, &r);
}

#define BINARY(name, operation) \
	u64 name(struct fp_env *e, enum fp_format f, u64 a, u64 b) \
	{ \
		return result(e, f, operation(e, operand(e, f, a), operand(e, f, b))); \
	}
BINARY(fp_add, num_add)
BINARY(fp_sub, num_sub)
BINARY(fp_mul, num_mul)
BINARY(fp_div, num_div)

u64 fp_sqrt(struct fp_env *e, enum fp_format f, u64 a)
{
	return result(e, f, num_sqrt(e, operand(e, f, a)));
}

enum fp_order fp_compare(struct fp_env *e, enum fp_format f, u64 a, u64 b, bool quiet)
{
	return num_compare(e, operand(e, f, a), operand(e, f, b), quiet);
}

/* The operand that is chosen passes unchanged, but for DAZ. */
static u64 choose(struct fp_env *e, enum fp_format f, u64 a, u64 b, enum fp_order first)
{
	struct num x = operand(e, f, a), y = operand(e, f, b);
	enum fp_order order = num_compare(e, x, y, false);

	if (order == first)
		return x.kind == NUM_ZERO ? num_pack(f, &x) : a;
	return y.kind == NUM_ZERO ? num_pack(f, &y) : b;
}

u64 fp_min(struct fp_env *e, enum fp_format f, u64 a, u64 b) { return choose(e, f, a, b, FP_LESS); }
u64 fp_max(struct fp_env *e, enum fp_format f, u64 a, u64 b) { return choose(e, f, a, b, FP_GREATER); }

u64 fp_round_int(struct fp_env *e, enum fp_format f, u64 a)
{
	struct num x = operand(e, f, a), r;

	if (!num_operand(e, &x, &r))
		r = num_round_int(e, x);
	return num_pack(f, &r);
}

u64 fp_convert(struct fp_env *e, enum fp_format to, enum fp_format from, u64 a)
{
	return result(e, to, num_convert(e, operand(e, from, a)));
}

u64 fp_from_int(struct fp_env *e, enum fp_format f, i64 v)
{
	return result(e, f, num_from_int(v));
}

i64 fp_to_int(struct fp_env *e, enum fp_format f, u64 a, int bits)
{
	return num_to_int(e, operand(e, f, a), bits);
}
