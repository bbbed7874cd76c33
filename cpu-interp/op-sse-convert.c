/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-sse-convert.c - SSE conversions among single, double and integers, in XMM, MMX and general registers.
 * Rule: a conversion is "from" lanes, "to" lanes and how many; what becomes of the rest of the destination
 * is all that distinguishes the kinds below.
 */
#include "cpu-interp/fp/host.h"
#include "cpu-interp/op-sse.h"

/* Truncating conversions ("cvtt") are those rounded towards zero whatever MXCSR says. */
enum how { ROUNDED, CUT_OFF };

static inline struct fp_env conversion_env(const struct cpu *c, enum how how)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	if (how == CUT_OFF)
		e.rounding = ROUND_CHOP;
	return e;
}

/* ---- one number, by the host where that is certain to be right (fp/host.h) ---- */

static inline u64 from_int(struct fp_env *e, bool host, enum fp_format to, i64 v)
{
	bool exact = to == FP_DOUBLE && v == (i32)v;
	return exact || host ? host_from_int(to, v) : fp_from_int(e, to, v);
}

static inline i64 to_int(struct fp_env *e, bool host, enum fp_format from, u64 v, int bits)
{
	if (host && host_normal_or_zero(from, v) && host_fits(from, v, bits - 1))
		return e->rounding == ROUND_CHOP ? host_cut_off(from, v) : host_nearest(from, v);
	return fp_to_int(e, from, v, bits);
}

static inline u64 to_float(struct fp_env *e, bool host, enum fp_format to, enum fp_format from, u64 v)
{
	if (to == FP_DOUBLE && host_normal_or_zero(from, v))
		return host_widen(v);
	if (to == FP_SINGLE && host && host_normal_or_zero(from, v) &&
	    host_result_is_safe(to, host_narrow(v)))
		return host_narrow(v);
	return fp_convert(e, to, from, v);
}

static inline u64 convert_lane(struct fp_env *e, bool host, int to, int from, u64 v)
{
	if (from == LANE_INT)
		return from_int(e, host, (enum fp_format)to, (i32)v);
	if (to == LANE_INT)
		return (u32)to_int(e, host, (enum fp_format)from, v, 32);
	return to_float(e, host, (enum fp_format)to, (enum fp_format)from, v);
}

static inline void convert_lanes(struct cpu *c, struct fp_env *e, int to, int from, int lanes,
				 const union vec *v, union vec *r)
{
	bool host = host_may_round(*c->s.mxcsr);
	for (int i = 0; i < lanes; i++)
		lane_set(r, to, i, convert_lane(e, host, to, from, lane_get(v, from, i)));
}

/* ---- XMM to XMM: packed, the rest of the destination becomes 0; scalar, it stays ---- */

static inline bool packed(struct cpu *c, const struct insn *o, int to, int from, int lanes, enum how how)
{
	struct fp_env e = conversion_env(c, how);
	union vec v, r = { .q = { 0, 0 } };
	if (!sse_operand(c, o, from, lanes, &v))
		return false;
	convert_lanes(c, &e, to, from, lanes, &v, &r);
	if (!sse_finish(c, &e))
		return false;
	*xmm(c, o->d) = r;
	return true;
}

SIMPLE(cvtps2pd) { return packed(c, o, FP_DOUBLE, FP_SINGLE, 2, ROUNDED); }
SIMPLE(cvtpd2ps) { return packed(c, o, FP_SINGLE, FP_DOUBLE, 2, ROUNDED); }
SIMPLE(cvtdq2ps) { return packed(c, o, FP_SINGLE, LANE_INT, 4, ROUNDED); }
SIMPLE(cvtdq2pd) { return packed(c, o, FP_DOUBLE, LANE_INT, 2, ROUNDED); }
SIMPLE(cvtps2dq) { return packed(c, o, LANE_INT, FP_SINGLE, 4, ROUNDED); }
SIMPLE(cvttps2dq) { return packed(c, o, LANE_INT, FP_SINGLE, 4, CUT_OFF); }
SIMPLE(cvtpd2dq) { return packed(c, o, LANE_INT, FP_DOUBLE, 2, ROUNDED); }
SIMPLE(cvttpd2dq) { return packed(c, o, LANE_INT, FP_DOUBLE, 2, CUT_OFF); }

static inline bool scalar(struct cpu *c, const struct insn *o, enum fp_format to, enum fp_format from)
{
	struct fp_env e = conversion_env(c, ROUNDED);
	union vec v, r = *xmm(c, o->d);
	if (!sse_operand(c, o, from, 1, &v))
		return false;
	convert_lanes(c, &e, to, from, 1, &v, &r);
	if (!sse_finish(c, &e))
		return false;
	*xmm(c, o->d) = r;
	return true;
}

SIMPLE(cvtss2sd) { return scalar(c, o, FP_DOUBLE, FP_SINGLE); }
SIMPLE(cvtsd2ss) { return scalar(c, o, FP_SINGLE, FP_DOUBLE); }

/* ---- general registers: 32 or 64 bits ---- */

static inline bool from_general(struct cpu *c, const struct insn *o, enum fp_format to)
{
	struct fp_env e = conversion_env(c, ROUNDED);
	u64 v;
	if (!sse_check(c) || !rm_load(c, o, o->s, o->ssize, &v))
		return false;
	u64 r = from_int(&e, host_may_round(*c->s.mxcsr), to, (i64)sign_extend(v, o->ssize));
	if (!sse_finish(c, &e))
		return false;
	lane_set(xmm(c, o->d), to, 0, r);
	return true;
}

SIMPLE(cvtsi2ss) { return from_general(c, o, FP_SINGLE); }
SIMPLE(cvtsi2sd) { return from_general(c, o, FP_DOUBLE); }

static inline bool to_general(struct cpu *c, const struct insn *o, enum fp_format from, enum how how)
{
	struct fp_env e = conversion_env(c, how);
	union vec v;
	if (!sse_operand(c, o, from, 1, &v))
		return false;
	i64 r = to_int(&e, host_may_round(*c->s.mxcsr), from, lane_get(&v, from, 0), 8 * o->size);
	if (!sse_finish(c, &e))
		return false;
	reg_set(c, o->d, o->size, (u64)r);
	return true;
}

SIMPLE(cvtss2si) { return to_general(c, o, FP_SINGLE, ROUNDED); }
SIMPLE(cvttss2si) { return to_general(c, o, FP_SINGLE, CUT_OFF); }
SIMPLE(cvtsd2si) { return to_general(c, o, FP_DOUBLE, ROUNDED); }
SIMPLE(cvttsd2si) { return to_general(c, o, FP_DOUBLE, CUT_OFF); }

/* ---- MMX registers: two integers; the x87's registers turn into MMX registers (SDM 1 9.5.1), also if the
 * conversion then raises #XM ---- */

/* CVTPI2PS leaves the upper half of its destination. CVTPI2PD from memory has nothing to do with MMX (SDM
 * 2A). */
static inline bool from_mmx(struct cpu *c, const struct insn *o, enum fp_format to)
{
	struct fp_env e = conversion_env(c, ROUNDED);
	union vec v = { .q = { 0, 0 } }, r = *xmm(c, o->d);
	bool enters = to == FP_SINGLE || !o->mem;
	if (!(enters ? sse_mmx_check(c) : sse_check(c)) || !mmx_rm_load(c, o, o->s, 8, &v.q[0]))
		return false;
	if (enters)
		mmx_enter(c);
	convert_lanes(c, &e, to, LANE_INT, 2, &v, &r);
	if (!sse_finish(c, &e))
		return false;
	*xmm(c, o->d) = r;
	return true;
}

SIMPLE(cvtpi2ps) { return from_mmx(c, o, FP_SINGLE); }
SIMPLE(cvtpi2pd) { return from_mmx(c, o, FP_DOUBLE); }

static inline bool to_mmx(struct cpu *c, const struct insn *o, enum fp_format from, enum how how)
{
	struct fp_env e = conversion_env(c, how);
	union vec v, r = { .q = { 0, 0 } };
	if (!sse_mmx_check(c) || !sse_operand(c, o, from, 2, &v))
		return false;
	mmx_enter(c);
	convert_lanes(c, &e, LANE_INT, from, 2, &v, &r);
	if (!sse_finish(c, &e))
		return false;
	mmx_set(c, o->d, r.q[0]);
	return true;
}

SIMPLE(cvtps2pi) { return to_mmx(c, o, FP_SINGLE, ROUNDED); }
SIMPLE(cvttps2pi) { return to_mmx(c, o, FP_SINGLE, CUT_OFF); }
SIMPLE(cvtpd2pi) { return to_mmx(c, o, FP_DOUBLE, ROUNDED); }
SIMPLE(cvttpd2pi) { return to_mmx(c, o, FP_DOUBLE, CUT_OFF); }
