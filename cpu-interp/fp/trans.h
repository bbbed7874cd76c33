/* SPDX-License-Identifier: GPL-3.0-or-later
 * trans.h - the transcendental functions of the x87 (SDM 1 8.3.7 to 8.3.10), to be rounded by num_round.
 *
 * Rule: special operands first, by the tables of the manual's instruction pages; then a series on a range where it
 * converges fast.  Processors differ among themselves in the last bit (the manual promises an error below 1 ulp);
 * these results are the correctly rounded ones.
 */
#ifndef VITRINE_CPU_INTERP_FP_TRANS_H
#define VITRINE_CPU_INTERP_FP_TRANS_H

#include "cpu-interp/fp/num.h"

/* Sine and cosine of x in radians.  False: |x| is 2^63 or more, and nothing was computed. */
bool num_sincos(struct fp_env *e, struct num x, struct num *sine, struct num *cosine);
/* The tangent, likewise. */
bool num_tan(struct fp_env *e, struct num x, struct num *tangent);
/* The angle of the point (x, y), -pi to pi. */
struct num num_atan2(struct fp_env *e, struct num y, struct num x);
/* 2^x - 1 for -1 <= x <= 1; beyond that the manual promises nothing, and x is returned. */
struct num num_exp2m1(struct fp_env *e, struct num x);
/* y log2 x;  y log2(x + 1), for x <= -1 also x */
struct num num_ylog2(struct fp_env *e, struct num y, struct num x);
struct num num_ylog2p1(struct fp_env *e, struct num y, struct num x);

#endif
