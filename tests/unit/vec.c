/* SPDX-License-Identifier: GPL-3.0-or-later
 * vec.c - vector instructions where the comparison with the host's processor cannot reach: the answers that
 * the standards print (FIPS 197, FIPS 180-4, RFC 3720), exceptions that need ring 0 to prepare, half-made stores.
 * Rule: every expectation is a standard's, the manual's, or worked out here by a definition.
 */
#include <string.h>

#include "tests/unit/real-machine.h"

struct xmm { u8 b[16]; };

static u8 hex_digit(char c) { return (u8)(c <= '9' ? c - '0' : c - 'a' + 10); }

static int from_hex(const char *hex, u8 *out)
{
	int n = 0;
	for (; hex[0]; hex += 2 + (hex[2] == ' '))
		out[n++] = (u8)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
	return n;
}

/* Run one instruction, given in hexadecimal; the vector of its exception, or MISS. */
static u8 execute(struct x86_state *s, const char *code)
{
	u8 bytes[16];
	int len = from_hex(code, bytes);
	return execute_bytes(s, bytes, (size_t)len);
}

/* XMM0 after an instruction on XMM0 = a and XMM1 = b. */
static struct xmm apply(const char *code, struct xmm a, struct xmm b)
{
	struct x86_state s = fresh(CR4_OSFXSR);
	memcpy(&s.xmm[0], &a, 16);
	memcpy(&s.xmm[2], &b, 16);
	ck_assert_uint_eq(execute(&s, code), MISS);
	memcpy(&a, &s.xmm[0], 16);
	return a;
}

static struct xmm x(const char *hex)
{
	struct xmm v;
	ck_assert_int_eq(from_hex(hex, v.b), 16);
	return v;
}
static struct xmm words(u32 d3, u32 d2, u32 d1, u32 d0)
{
	u32 d[4] = { d0, d1, d2, d3 };
	struct xmm v;
	memcpy(&v, d, 16);
	return v;
}
static u32 dword(struct xmm v, int i)
{
	u32 d;
	memcpy(&d, v.b + 4 * i, 4);
	return d;
}
#define same(got, wanted) ck_assert_mem_eq((got).b, (wanted).b, 16)

/* ---- AES ---- */

/* The instructions' opcodes between XMM0 and XMM1. */
#define AESIMC "660f38dbc1"
#define AESENC "660f38dcc1"
#define AESENCLAST "660f38ddc1"
#define AESDEC "660f38dec1"
#define AESDECLAST "660f38dfc1"

/* The next round key of AES-128 (FIPS 197, 5.2); code: AESKEYGENASSIST with the round's constant. */
static struct xmm next_key(struct xmm key, const char *code)
{
	u32 t = dword(apply(code, key, key), 3), w0 = dword(key, 0) ^ t, w1 = dword(key, 1) ^ w0;
	u32 w2 = dword(key, 2) ^ w1;
	return words(dword(key, 3) ^ w2, w2, w1, w0);
}

static void key_schedule(struct xmm *key)
{
	static const char *const constants[] = { "01", "02", "04", "08", "10", "20", "40", "80", "1b", "36" };
	for (int i = 0; i < 10; i++) {
		char code[16] = "660f3adfc1";
		key[i + 1] = next_key(key[i], strcat(code, constants[i]));
	}
}

static struct xmm xor(struct xmm a, struct xmm b)
{
	for (int i = 0; i < 16; i++)
		a.b[i] ^= b.b[i];
	return a;
}

/* FIPS 197, appendices A.1 (the key schedule's end) and C.1. */
START_TEST(aes_as_in_fips_197)
{
	struct xmm key[11] = { x("2b7e151628aed2a6abf7158809cf4f3c") };
	machine();
	key_schedule(key);
	same(key[10], x("d014f9a8c9ee2589e13f0cc8b6630ca6"));

	key[0] = x("000102030405060708090a0b0c0d0e0f");
	key_schedule(key);
	struct xmm clear = x("00112233445566778899aabbccddeeff"), s = xor(clear, key[0]);
	for (int i = 1; i < 10; i++)
		s = apply(AESENC, s, key[i]);
	s = apply(AESENCLAST, s, key[10]);
	same(s, x("69c4e0d86a7b0430d8cdb78070b4c55a"));

	s = xor(s, key[10]);
	for (int i = 9; i > 0; i--)
		s = apply(AESDEC, s, apply(AESIMC, key[i], key[i]));
	same(apply(AESDECLAST, s, key[0]), clear);
	vm_destroy(vm);
}
END_TEST

static u8 gf_multiply(u8 a, u8 b)
{
	u8 r = 0;
	for (; b; b >>= 1) {
		r ^= b & 1 ? a : 0;
		a = (u8)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
	}
	return r;
}

/* FIPS 197, 5.1.1: the inverse, then bits i, i+4, i+5, i+6, i+7 and 63h added up. */
static u8 substitute(u8 v)
{
	u8 inverse = 0, r = 0;
	for (int i = 1; i < 256; i++)
		if (gf_multiply(v, (u8)i) == 1)
			inverse = (u8)i;
	for (int i = 0; i < 8; i++) {
		int bit = 0x63 >> i & 1;
		for (int k = 0; k < 5; k++)
			bit ^= inverse >> ((i + (k ? k + 3 : 0)) & 7) & 1;
		r |= (u8)(bit << i);
	}
	return r;
}

START_TEST(aes_tables_follow_from_their_definition)
{
	machine();
	for (int i = 0; i < 256; i++) {
		struct xmm v, zero = { { 0 } };
		memset(&v, i, 16);
		struct xmm s = apply(AESENCLAST, v, zero);
		ck_assert_uint_eq(s.b[7], substitute((u8)i));
		same(apply(AESDECLAST, s, zero), v);
	}
	vm_destroy(vm);
}
END_TEST

/* ---- SHA ---- */

#define SHA1NEXTE "0f38c8c1"
#define SHA1MSG1 "0f38c9c1"
#define SHA1MSG2 "0f38cac1"
#define SHA256RNDS2 "0f38cbd1" /* XMM2, XMM1, and the words in XMM0 */
#define SHA256MSG1 "0f38ccc1"
#define SHA256MSG2 "0f38cdc1"

static struct xmm add(struct xmm a, struct xmm b) { return apply("660ffec1", a, b); }

/* FIPS 180-4, 6.1, of the one block that "abc" makes. */
START_TEST(sha1_of_abc)
{
	static const char *const rounds[] = { "0f3accc100", "0f3accc101", "0f3accc102", "0f3accc103" };
	struct xmm w[20] = { words(0x61626380, 0, 0, 0), words(0, 0, 0, 0), words(0, 0, 0, 0), words(0, 0, 0, 24) };
	struct xmm first = words(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476), abcd = first, before = abcd;
	machine();
	for (int i = 4; i < 20; i++)
		w[i] = apply(SHA1MSG2, xor(apply(SHA1MSG1, w[i - 4], w[i - 3]), w[i - 2]), w[i - 1]);
	for (int i = 0; i < 20; i++) {
		struct xmm e = i ? apply(SHA1NEXTE, before, w[i]) : add(w[0], words(0xc3d2e1f0, 0, 0, 0));
		before = abcd;
		abcd = apply(rounds[i / 5], abcd, e);
	}
	same(add(abcd, first), words(0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c));
	ck_assert_uint_eq(dword(apply(SHA1NEXTE, before, words(0xc3d2e1f0, 0, 0, 0)), 3), 0x9cd0d89d);
	vm_destroy(vm);
}
END_TEST

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractions of the cube roots of the first primes. */
static u32 cube_root_fraction(u64 prime)
{
	unsigned __int128 root = 0; /* of prime * 2^96, whose cube root is that of prime times 2^32 */
	for (int bit = 35; bit >= 0; bit--) {
		unsigned __int128 next = root | (unsigned __int128)1 << bit;
		if (next * next * next <= (unsigned __int128)prime << 96)
			root = next;
	}
	return (u32)root;
}

static void sha256_constants(u32 *k)
{
	int n = 0;
	for (u64 p = 2; n < 64; p++) {
		bool prime = true;
		for (u64 d = 2; d * d <= p; d++)
			prime = prime && p % d;
		if (prime)
			k[n++] = cube_root_fraction(p);
	}
}

/* Two rounds: CDGH becomes the new ABEF. */
static struct xmm two_rounds(struct xmm cdgh, struct xmm abef, struct xmm wk)
{
	struct x86_state s = fresh(CR4_OSFXSR);
	memcpy(&s.xmm[0], &wk, 16);
	memcpy(&s.xmm[2], &abef, 16);
	memcpy(&s.xmm[4], &cdgh, 16);
	ck_assert_uint_eq(execute(&s, SHA256RNDS2), MISS);
	memcpy(&cdgh, &s.xmm[4], 16);
	return cdgh;
}

START_TEST(sha256_of_abc)
{
	struct xmm w[16] = { words(0, 0, 0, 0x61626380), words(0, 0, 0, 0), words(0, 0, 0, 0), words(24, 0, 0, 0) };
	struct xmm abef = words(0x6a09e667, 0xbb67ae85, 0x510e527f, 0x9b05688c);
	struct xmm cdgh = words(0x3c6ef372, 0xa54ff53a, 0x1f83d9ab, 0x5be0cd19), abef_0 = abef, cdgh_0 = cdgh;
	u32 k[64];
	machine();
	sha256_constants(k);
	for (int i = 4; i < 16; i++) { /* words 4i - 7 to 4i - 4 lie across two vectors: PALIGNR */
		struct xmm seven = apply("660f3a0fc104", w[i - 1], w[i - 2]);
		w[i] = apply(SHA256MSG2, add(apply(SHA256MSG1, w[i - 4], w[i - 3]), seven), w[i - 1]);
	}
	for (int i = 0; i < 16; i++) {
		struct xmm wk = add(w[i], words(k[4 * i + 3], k[4 * i + 2], k[4 * i + 1], k[4 * i]));
		cdgh = two_rounds(cdgh, abef, wk);
		abef = two_rounds(abef, cdgh, words(0, 0, dword(wk, 3), dword(wk, 2)));
	}
	same(add(abef, abef_0), words(0xba7816bf, 0x8f01cfea, 0xb00361a3, 0x96177a9c));
	same(add(cdgh, cdgh_0), words(0x414140de, 0x5dae2223, 0xb410ff61, 0xf20015ad));
	vm_destroy(vm);
}
END_TEST

/* ---- CRC32, PCLMULQDQ ---- */

static u32 crc32c(const u8 *bytes, int n)
{
	struct x86_state s = fresh(CR4_OSFXSR);
	s.gpr[RAX] = 0xffffffff;
	for (int i = 0; i < n; i++) {
		s.gpr[RBX] = bytes[i];
		ck_assert_uint_eq(execute(&s, "f20f38f0c3"), MISS); /* CRC32 EAX, BL */
	}
	return ~(u32)s.gpr[RAX];
}

/* RFC 3720, B.4: 32 bytes of zeros, of ones, and 0 to 31. */
START_TEST(crc32c_as_in_rfc_3720)
{
	u8 bytes[3][32] = { { 0 } };
	memset(bytes[1], 0xff, 32);
	for (int i = 0; i < 32; i++)
		bytes[2][i] = (u8)i;
	machine();
	ck_assert_uint_eq(crc32c(bytes[0], 32), 0x8a9136aa);
	ck_assert_uint_eq(crc32c(bytes[1], 32), 0x62a8ab43);
	ck_assert_uint_eq(crc32c(bytes[2], 32), 0x46dd794e);
	vm_destroy(vm);
}
END_TEST

/* Over GF(2) a square is the number with zeros between its bits; and a product with 2^n is a shift. */
START_TEST(carryless_products)
{
	struct xmm a = x("5d47535d726f74636556747365545b7b"), b = x("5d6e6f72656775475b29796168532869");
	machine();
	struct xmm square = apply("660f3a44c011", a, a), power = { { [9] = 0x40 } };
	for (int i = 0; i < 128; i++)
		ck_assert_uint_eq(square.b[i / 8] >> (i & 7) & 1, i & 1 ? 0 : a.b[8 + i / 16] >> (i / 2 & 7) & 1);
	struct xmm shifted = apply("660f3a44c110", a, power); /* the low half of a times 2^14 */
	for (int i = 0; i < 128; i++) {
		int from = i - 14, bit = from >= 0 && from < 64 ? a.b[from / 8] >> (from & 7) & 1 : 0;
		ck_assert_int_eq(shifted.b[i / 8] >> (i & 7) & 1, bit);
	}
	same(apply("660f3a44c101", a, b), apply("660f3a44c110", b, a));
	vm_destroy(vm);
}
END_TEST

/* ---- exceptions ---- */

/* SDM 3A 13.1, table 13-1; SDM 3A 12.1: which check comes first. */
START_TEST(what_instructions_begin_with)
{
	enum { ES = 0x80 };
	static const struct {
		u64 cr0, cr4;
		u16 fsw;
		u8 xmm, mmx, both; /* PADDB XMM0, XMM1; PADDB MM0, MM1; MOVQ2DQ XMM0, MM1 */
	} cases[] = {
		{ 0, CR4_OSFXSR, 0, MISS, MISS, MISS },
		{ CR0_TS, CR4_OSFXSR, 0, VEC_NM, VEC_NM, VEC_NM },
		{ CR0_EM, CR4_OSFXSR, 0, VEC_UD, VEC_UD, VEC_UD },
		{ CR0_EM | CR0_TS, CR4_OSFXSR, 0, VEC_UD, VEC_UD, VEC_UD },
		{ 0, 0, 0, VEC_UD, MISS, VEC_UD },
		{ CR0_TS, 0, 0, VEC_UD, VEC_NM, VEC_UD },
		{ 0, CR4_OSFXSR, ES, MISS, MISS, MISS },
		{ CR0_NE, CR4_OSFXSR, ES, MISS, VEC_MF, VEC_MF },
		{ CR0_NE | CR0_TS, CR4_OSFXSR, ES, VEC_NM, VEC_NM, VEC_NM },
	};
	machine();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static const char *const code[] = { "660ffcc1", "0ffcc1", "f30fd6c1" };
		const u8 expected[] = { cases[i].xmm, cases[i].mmx, cases[i].both };
		for (int k = 0; k < 3; k++) {
			struct x86_state s = fresh(CR4_OSFXSR);
			s.cr0[0] |= cases[i].cr0;
			s.cr4[0] = cases[i].cr4;
			s.fsw[0] = cases[i].fsw;
			ck_assert_msg(execute(&s, code[k]) == expected[k], "case %d, instruction %d", (int)i, k);
		}
	}
	vm_destroy(vm);
}
END_TEST

/* MOVAPS XMM0, [BX], MOVUPS XMM0, [BX] and their stores. */
START_TEST(alignment_and_limits)
{
	static const struct { u16 bx; u8 vector[4]; } cases[] = {
		{ 0x0010, { MISS, MISS, MISS, MISS } },
		{ 0x0018, { VEC_GP, MISS, VEC_GP, MISS } },
		{ 0x0ff8, { VEC_GP, MISS, VEC_GP, MISS } },
		{ 0xfff0, { MISS, MISS, MISS, MISS } },
		{ 0xfff8, { VEC_GP, VEC_GP, VEC_GP, VEC_GP } }, /* half of it beyond the limit: nothing is stored */
	};
	machine();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (int k = 0; k < 4; k++) {
			static const char *const code[] = { "0f2807", "0f1007", "0f2907", "0f1107" };
			struct xmm before = x("00112233445566778899aabbccddeeff"), after;
			struct xmm ones = x("ffffffffffffffffffffffffffffffff");
			struct x86_state s = fresh(CR4_OSFXSR);
			u64 at = DATA + cases[i].bx;
			bool done = cases[i].vector[k] == MISS;
			mem_write(&vm->mem, at, &before, 16);
			memset(s.xmm, 0xff, 16);
			s.gpr[RBX] = cases[i].bx;
			ck_assert_uint_eq(execute(&s, code[k]), cases[i].vector[k]);
			mem_read(&vm->mem, at, &after, 16);
			same(after, k >= 2 && done ? ones : before);
			memcpy(&after, s.xmm, 16);
			same(after, k < 2 && done ? before : ones);
		}
	vm_destroy(vm);
}
END_TEST

/* MASKMOVDQU XMM0, XMM1 stores what is wanted, and if that cannot be, nothing; the rest is not even looked at. */
START_TEST(masked_store)
{
	struct xmm mask = x("80008000800080008000800080008000"), got, v = x("000102030405060708090a0b0c0d0e0f");
	machine();
	for (u16 di = 0xfff0; di < 0xfff4; di++) {
		struct xmm before = x("ffffffffffffffffffffffffffffffff"), expected = before;
		struct x86_state s = fresh(CR4_OSFXSR);
		bool done = di < 0xfff2; /* the last byte that is wanted is number 14 */
		memcpy(&s.xmm[0], &v, 16);
		memcpy(&s.xmm[2], &mask, 16);
		s.gpr[RDI] = di;
		mem_write(&vm->mem, DATA + di, &before, 16);
		ck_assert_uint_eq(execute(&s, "660ff7c1"), done ? MISS : VEC_GP);
		for (int i = 0; done && i < 16; i += 2)
			expected.b[i] = (u8)i;
		mem_read(&vm->mem, DATA + di, &got, 16);
		same(got, expected);
	}
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		aes_as_in_fips_197, aes_tables_follow_from_their_definition, sha1_of_abc, sha256_of_abc,
		crc32c_as_in_rfc_3720, carryless_products, what_instructions_begin_with, alignment_and_limits,
		masked_store,
	};
	return unit_run("vec", tests, ARRAY_LEN(tests));
}
