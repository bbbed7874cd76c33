/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest.h - what the measured C programs share.  No C library: nothing but the processor is there.
 * Rule: static variables are not cleared at the start (flat.ld).
 */
#ifndef VITRINE_TESTS_BENCH_GUESTS_GUEST_H
#define VITRINE_TESTS_BENCH_GUESTS_GUEST_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

/* The program: does its work so many times, returns the text to print. */
__attribute__((section(".entry"))) const char *bench(u32 rounds);

/* Numbers in hexadecimal, and a line feed. */
static inline const char *hex_text(const u32 *v, int n, char *out)
{
	char *at = out;
	for (int i = 0; i < n; i++)
		for (int shift = 28; shift >= 0; shift -= 4)
			*at++ = "0123456789abcdef"[v[i] >> shift & 15];
	*at++ = '\n';
	*at = 0;
	return out;
}

#endif
