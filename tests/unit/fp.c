/* SPDX-License-Identifier: GPL-3.0-or-later
 * fp.c - facts about the software floating point: rounding, the exceptions and their responses, NaNs, integers, the
 * transcendental functions.
 * Rule: expected bits come from IEEE 754, the manual or arithmetic to hundreds of digits, never from our own output.  The
 * bulk comparison with a processor is tests/native and tests/fp.
 */
#include <string.h>

#include "cpu-interp/fp/trans.h"
#include "tests/unit/unit.h"

#define ONE32 0x3f800000u
#define ONE64 0x3ff0000000000000ull
#define QNAN64 0xfff8000000000000ull /* the default NaN */
#define INF64 0x7ff0000000000000ull
#define MAX64 0x7fefffffffffffffull
#define MIN64 0x0010000000000000ull /* smallest normal number */

static struct fp_env env(enum fp_rounding rounding) { return fp_env_sse(0x1f80 | (u32)rounding << 13); }

/* SDM 1 table 4-8: 1 + 2^-53 is halfway between 1 and the next number; 1 + 3 * 2^-53 between two later ones. */
START_TEST(ties_go_to_even)
{
	struct fp_env e = env(ROUND_NEAREST);
	u64 half_ulp = 0x3ca0000000000000, three = 0x3cb8000000000000;
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, ONE64, half_ulp), ONE64);
	ck_assert(!e.up);
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, ONE64, three), ONE64 + 2);
	ck_assert(e.up);
	ck_assert_uint_eq(e.flags, FP_PE);
}
END_TEST

START_TEST(four_ways_to_round_a_third)
{
	static const u64 third[4] = { 0x3fd5555555555555, 0x3fd5555555555555, 0x3fd5555555555556, 0x3fd5555555555555 };
	for (int rounding = 0; rounding < 4; rounding++) {
		struct fp_env e = env((enum fp_rounding)rounding);
		ck_assert_uint_eq(fp_div(&e, FP_DOUBLE, ONE64, 0x4008000000000000), third[rounding]);
		ck_assert_uint_eq(e.flags, FP_PE);
	}
	struct fp_env e = env(ROUND_DOWN);
	ck_assert_uint_eq(fp_div(&e, FP_DOUBLE, ONE64, 0xc008000000000000), 0xbfd5555555555556);
}
END_TEST

/* SDM 1 table 4-10 */
START_TEST(masked_overflow)
{
	static const u64 result[4][2] = { { INF64, INF64 | 1ull << 63 },
					  { MAX64, INF64 | 1ull << 63 },
					  { INF64, MAX64 | 1ull << 63 },
					  { MAX64, MAX64 | 1ull << 63 } };
	for (int rounding = 0; rounding < 4; rounding++)
		for (int sign = 0; sign < 2; sign++) {
			struct fp_env e = env((enum fp_rounding)rounding);
			u64 a = MAX64 | (u64)sign << 63;
			ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, a, a), result[rounding][sign]);
			ck_assert_uint_eq(e.flags, FP_OE | FP_PE);
		}
}
END_TEST

/* The largest number below MIN64 that rounds to it is not tiny: decided after rounding (SDM 1 4.9.1.5). */
START_TEST(tiny_after_rounding)
{
	struct fp_env e = env(ROUND_NEAREST);
	u64 below = 0x3fefffffffffffff; /* 1 - 2^-53 */
	ck_assert_uint_eq(fp_mul(&e, FP_DOUBLE, MIN64, below), MIN64);
	ck_assert_uint_eq(e.flags, FP_UE | FP_PE);
	e = env(ROUND_NEAREST); /* with 54 bits 1 - 2^-54 would be exact; MIN * (1 - 2^-54) rounds up to MIN */
	ck_assert_uint_eq(fp_mul(&e, FP_DOUBLE, 0x3fefffffffffffff, 0x0010000000000001), MIN64);
	ck_assert_uint_eq(e.flags, FP_PE);
}
END_TEST

START_TEST(underflow_masked_and_not)
{
	struct fp_env e = env(ROUND_NEAREST);
	u64 half = 0x3fe0000000000000;
	ck_assert_uint_eq(fp_mul(&e, FP_DOUBLE, MIN64, half), MIN64 >> 1);
	ck_assert_uint_eq(e.flags, 0); /* exact, so masked it is none */
	e = fp_env_sse(0x1f80 & ~0x800u);
	fp_mul(&e, FP_DOUBLE, MIN64, half);
	ck_assert_uint_eq(e.flags, FP_UE);
	ck_assert_uint_eq(fp_unmasked(&e), FP_UE);
}
END_TEST

START_TEST(flush_to_zero_and_denormals_are_zeros)
{
	struct fp_env e = fp_env_sse(0x1f80 | MXCSR_FTZ);
	ck_assert_uint_eq(fp_mul(&e, FP_DOUBLE, MIN64 | 1ull << 63, 0x3fe0000000000000), 1ull << 63);
	ck_assert_uint_eq(e.flags, FP_UE | FP_PE);
	e = fp_env_sse(0x1f80 | MXCSR_DAZ);
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, 1, 1), 0);
	ck_assert_uint_eq(e.flags, 0);
	e = env(ROUND_NEAREST);
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, 1, 1), 2);
	ck_assert_uint_eq(e.flags, FP_DE);
}
END_TEST

/* SDM 1 table 4-7 */
START_TEST(nans)
{
	u64 quiet = 0x7ff8000000000001, quiet2 = 0x7ff8000000000002, signalling = 0x7ff0000000000003;
	struct fp_env e = env(ROUND_NEAREST);
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, quiet, quiet2), quiet);
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, ONE64, quiet2), quiet2);
	ck_assert_uint_eq(e.flags, 0);
	ck_assert_uint_eq(fp_add(&e, FP_DOUBLE, signalling, quiet), 0x7ff8000000000003);
	ck_assert_uint_eq(e.flags, FP_IE);
	ck_assert_uint_eq(fp_sub(&e, FP_DOUBLE, INF64, INF64), QNAN64);
	ck_assert_uint_eq(fp_min(&e, FP_DOUBLE, quiet, ONE64), ONE64);

	struct num a = num_unpack(FP_DOUBLE, quiet), b = num_unpack(FP_DOUBLE, quiet2);
	struct fp_env x87 = { .precision = 64, .masks = FP_ALL, .x87 = true };
	struct num r = num_add(&x87, a, b); /* the larger significand */
	ck_assert_uint_eq(num_pack(FP_DOUBLE, &r), quiet2);
	b = num_unpack(FP_DOUBLE, 0x7ff7ffffffffffff); /* signalling: the quiet one wins */
	r = num_add(&x87, a, b);
	ck_assert_uint_eq(num_pack(FP_DOUBLE, &r), quiet);
	ck_assert_uint_eq(x87.flags, FP_IE);
}
END_TEST

/* An invalid operand that is not masked keeps the other exceptions away. */
START_TEST(operands_before_results)
{
	struct fp_env e = fp_env_sse(0x1f80 & ~0x100u); /* #D not masked */
	fp_div(&e, FP_DOUBLE, 1, 0x4008000000000000);
	ck_assert_uint_eq(e.flags, FP_DE);
	e = fp_env_sse(0x1f80 & ~0x80u);
	fp_div(&e, FP_SINGLE, ONE32, 0x40400000); /* lane 0: inexact */
	fp_div(&e, FP_SINGLE, 0, 0);              /* lane 1: invalid */
	fp_settle(&e);
	ck_assert_uint_eq(e.flags, FP_IE);
}
END_TEST

START_TEST(integers)
{
	struct fp_env e = env(ROUND_NEAREST);
	ck_assert_int_eq(fp_to_int(&e, FP_DOUBLE, 0x4004000000000000, 32), 2); /* 2.5 */
	ck_assert_uint_eq(e.flags, FP_PE);
	e = env(ROUND_NEAREST);
	ck_assert_int_eq(fp_to_int(&e, FP_DOUBLE, 0x41e0000000000000, 32), INT32_MIN); /* 2^31 */
	ck_assert_uint_eq(e.flags, FP_IE);
	e = env(ROUND_NEAREST);
	ck_assert_int_eq(fp_to_int(&e, FP_DOUBLE, 0xc1e0000000000000, 32), INT32_MIN); /* -2^31 fits */
	ck_assert_uint_eq(e.flags, 0);
	ck_assert_uint_eq(fp_from_int(&e, FP_SINGLE, INT64_MIN), 0xdf000000);
	ck_assert_uint_eq(fp_from_int(&e, FP_SINGLE, 0x1000001), 0x4b800000);
	ck_assert_uint_eq(e.flags, FP_PE);
}
END_TEST

START_TEST(packed_decimal)
{
	static const u8 indefinite[10] = { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff };
	static const u8 minus_12345[10] = { 0x45, 0x23, 0x01, 0, 0, 0, 0, 0, 0, 0x80 };
	struct fp_env e = { .precision = 64, .masks = FP_ALL, .x87 = true };
	u8 bcd[10];
	num_to_bcd(&e, num_from_int(-12345), bcd);
	ck_assert(!memcmp(bcd, minus_12345, 10));
	struct num x = num_from_bcd(minus_12345), y = num_from_int(-12345);
	ck_assert(num_compare(&e, x, y, true) == FP_EQUAL);
	num_to_bcd(&e, num_from_int(999999999999999999), bcd);
	ck_assert_uint_eq(e.flags, 0);
	num_to_bcd(&e, num_from_int(1000000000000000000), bcd);
	ck_assert(!memcmp(bcd, indefinite, 10));
	ck_assert_uint_eq(e.flags, FP_IE);
}
END_TEST

/* SDM 1 8.5.4, 8.5.5: 24576 */
START_TEST(the_x87_wraps_exponents)
{
	struct fp_env e = { .precision = 64, .masks = 0, .x87 = true };
	struct num big = num_unpack80((struct fp80){ 1ull << 63, 0x7ffe });
	struct num r = num_round(&e, FP_EXTENDED, num_mul(&e, big, big));
	ck_assert_uint_eq(num_pack80(&r).exp, 0x3fff + 2 * (0x7ffe - 0x3fff) - 24576);
	ck_assert_uint_eq(e.flags, FP_OE);
}
END_TEST

START_TEST(precision_control)
{
	static const u64 third[] = { 0xaaaaab0000000000, 0xaaaaaaaaaaaaa800, 0xaaaaaaaaaaaaaaab };
	static const u8 bits[] = { 24, 53, 64 };
	for (int i = 0; i < 3; i++) {
		struct fp_env e = { .precision = bits[i], .masks = FP_ALL, .x87 = true };
		struct num r = num_round(&e, FP_EXTENDED, num_div(&e, num_from_int(1), num_from_int(3)));
		ck_assert_uint_eq(num_pack80(&r).sig, third[i]);
	}
}
END_TEST

/* Encodings the 80387 no longer takes (SDM 1 table 8-3) are invalid; pseudo-denormals are not. */
START_TEST(unsupported_encodings)
{
	static const struct fp80 bad[] = { { 1, 0x3fff }, { 0, 0x7fff }, { 1ull << 62, 0xffff } };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fp_env e = { .precision = 64, .masks = FP_ALL, .x87 = true };
		struct num r = num_add(&e, num_unpack80(bad[i]), num_from_int(1));
		ck_assert_uint_eq(num_pack80(&r).exp, 0xffff);
		ck_assert_uint_eq(num_pack80(&r).sig, 3ull << 62);
		ck_assert_uint_eq(e.flags, FP_IE);
	}
	struct fp_env e = { .precision = 64, .masks = FP_ALL, .x87 = true };
	struct num r = num_round(&e, FP_EXTENDED, num_add(&e, num_unpack80((struct fp80){ 1ull << 63, 0 }), num_zero(0)));
	ck_assert_uint_eq(num_pack80(&r).exp, 1);
	ck_assert_uint_eq(e.flags, FP_DE);
}
END_TEST

START_TEST(remainders)
{
	struct fp_env e = { .precision = 64, .masks = FP_ALL, .x87 = true };
	struct num r;
	u32 q;
	bool partial;
	r = num_remainder(&e, num_from_int(-17), num_from_int(5), false, &q, &partial);
	ck_assert_int_eq(num_to_int(&e, r, 32), -2);
	ck_assert_uint_eq(q & 7, 3);
	r = num_remainder(&e, num_from_int(18), num_from_int(5), true, &q, &partial);
	ck_assert_int_eq(num_to_int(&e, r, 32), -2);
	ck_assert_uint_eq(q & 7, 4);
	struct num far = num_from_int(1);
	far.exp += 200;
	r = num_remainder(&e, far, num_from_int(3), false, &q, &partial);
	ck_assert(partial && r.exp < 200);
}
END_TEST

/* --- transcendental functions: correctly rounded values, worked out to 100 digits ---------------------- */

static struct fp80 at(struct num x)
{
	struct fp_env e = { .precision = 64, .masks = FP_ALL, .x87 = true };
	x = num_round(&e, FP_EXTENDED, x);
	return num_pack80(&x);
}

static void is(struct num x, u16 exp, u64 sig)
{
	struct fp80 v = at(x);
	ck_assert_uint_eq(v.exp, exp);
	ck_assert_uint_eq(v.sig, sig);
}

START_TEST(transcendental)
{
	struct fp_env e = { .precision = 64, .masks = FP_ALL, .x87 = true };
	struct num s, c, one = num_from_int(1), half = one;
	half.exp = -1;
	ck_assert(num_sincos(&e, one, &s, &c));
	is(s, 0x3ffe, 0xd76aa47848677021);
	is(c, 0x3ffe, 0x8a51407da8345c92);
	ck_assert(num_tan(&e, one, &s));
	is(s, 0x3fff, 0xc75922e5f71d2dc5);
	is(num_atan2(&e, one, num_from_int(-3)), 0x4000, 0xb4784afefac9e110);
	is(num_exp2m1(&e, half), 0x3ffd, 0xd413cccfe7799211);
	is(num_ylog2(&e, one, num_from_int(10)), 0x4000, 0xd49a784bcd1b8afe);
	is(num_ylog2p1(&e, one, num_unpack80((struct fp80){ 1ull << 63, 0x3fff - 50 })), 0x3fcd, 0xb8aa3b295c17d9a6);
	/* arguments from 2^63 on are out of range */
	struct num far = one;
	far.exp = 63;
	ck_assert(!num_sincos(&e, far, &s, &c) && !num_tan(&e, far, &s));
	/* 2^62, by the period that 66 bits of pi make */
	far.exp = 62;
	ck_assert(num_sincos(&e, far, &s, &c));
	is(s, 0xbffe, 0xb506a9dd559cf157);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		ties_go_to_even, four_ways_to_round_a_third, masked_overflow, tiny_after_rounding,
		underflow_masked_and_not, flush_to_zero_and_denormals_are_zeros, nans, operands_before_results,
		integers, packed_decimal, the_x87_wraps_exponents, precision_control, unsupported_encodings,
		remainders, transcendental,
	};
	return unit_run("fp", tests, ARRAY_LEN(tests));
}
