/* SPDX-License-Identifier: GPL-3.0-or-later
 * sort.c - 20000 pseudo-random numbers (Park and Miller's generator) sorted by quicksort, `rounds` times.
 * Result: for the numbers in order, h = 31 h + number, modulo 2^32.
 */
#include "guest.h"

enum { COUNT = 20000, FEW = 12 };
static u32 number[COUNT];
static char text[16];

static void fill(void)
{
	u64 x = 1;
	for (int i = 0; i < COUNT; i++) {
		x *= 16807; /* modulo 2^31 - 1 */
		x = (x & 0x7fffffff) + (x >> 31);
		x = x >= 0x7fffffff ? x - 0x7fffffff : x;
		number[i] = (u32)x;
	}
}

static void insertion_sort(u32 *a, int n)
{
	for (int i = 1; i < n; i++) {
		u32 v = a[i];
		int j = i;
		for (; j && a[j - 1] > v; j--)
			a[j] = a[j - 1];
		a[j] = v;
	}
}

static int partition(u32 *a, int n)
{
	u32 pivot = a[n / 2];
	int i = -1, j = n;
	for (;;) {
		do i++; while (a[i] < pivot);
		do j--; while (a[j] > pivot);
		if (i >= j)
			return j + 1;
		u32 v = a[i];
		a[i] = a[j];
		a[j] = v;
	}
}

static void quicksort(u32 *a, int n)
{
	while (n > FEW) {
		int left = partition(a, n);
		quicksort(a, left);
		a += left;
		n -= left;
	}
	insertion_sort(a, n);
}

const char *bench(u32 rounds)
{
	u32 hash = 0;
	for (; rounds; rounds--) {
		fill();
		quicksort(number, COUNT);
	}
	for (int i = 0; i < COUNT; i++)
		hash = 31 * hash + number[i];
	return hex_text(&hash, 1, text);
}
