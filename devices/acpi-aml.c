/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-aml.c - AML, written front to back.
 * Rule: every block's length is written with three bytes, whether it needs them or not; so it can be filled
 * in at the block's end without moving anything.
 * Source: ACPI specification 6.4: 20.2 (grammar and opcodes), 6.4.2 and 6.4.3 (resource descriptors),
 * 19.3.4 (EISA ids).
 */
#include "devices/acpi-aml.h"

#include <assert.h>
#include <string.h>

/* clang-format off */
enum { OP_ZERO = 0x00, OP_ONE = 0x01, OP_NAME = 0x08, OP_BYTE = 0x0a, OP_WORD = 0x0b, OP_DWORD = 0x0c,
       OP_STRING = 0x0d, OP_QWORD = 0x0e, OP_SCOPE = 0x10, OP_BUFFER = 0x11, OP_PACKAGE = 0x12,
       OP_METHOD = 0x14, OP_EXT = 0x5b, OP_EXT_DEVICE = 0x82, OP_ARG0 = 0x68, OP_STORE = 0x70, OP_IF = 0xa0, OP_RETURN = 0xa4,
       PREFIX_DUAL = 0x2e, PREFIX_MULTI = 0x2f };
/* Resource descriptors (6.4.2, 6.4.3), small ones with their length in the low bits */
enum { RES_IRQ = 0x22, RES_IO = 0x47, RES_END = 0x79, RES_MEMORY32 = 0x86, RES_DWORD_SPACE = 0x87,
       RES_WORD_SPACE = 0x88, RES_INTERRUPT = 0x89 };
enum { SPACE_MEMORY, SPACE_IO, SPACE_BUS };
/* clang-format on */
enum { LENGTH_BYTES = 3, RES_SIZE_AT = LENGTH_BYTES + 1 };
/* Of address spaces: both ends are fixed, positive decode, produced by this device (6.4.3.5). */
enum { WINDOW_FIXED = 0x0c, IO_ENTIRE_RANGE = 3, MEMORY_WRITABLE = 1, MEMORY_CACHEABLE = 2 };

static void byte(struct aml *a, u8 v)
{
	buf_put_uint(a->out, v, 1);
}

static void number(struct aml *a, u64 v, int bytes)
{
	buf_put_uint(a->out, v, bytes);
}

/* ---- names (20.2.2) ---- */

static int count_segments(const char *path)
{
	int n = 1;

	for (; *path; path++)
		n += *path == '.';
	return n;
}

static void put_path(struct aml *a, const char *path)
{
	int n;

	for (; *path == '\\' || *path == '^'; path++)
		byte(a, (u8)*path);
	n = count_segments(path);
	if (n == 2)
		byte(a, PREFIX_DUAL);
	if (n > 2) {
		byte(a, PREFIX_MULTI);
		byte(a, (u8)n);
	}
	for (; n; n--) {
		for (int i = 0; i < 4; i++)
			byte(a, (u8)(*path && *path != '.' ? *path++ : '_'));
		path += *path == '.';
	}
}

/* ---- blocks ---- */

static void begin(struct aml *a, bool resources)
{
	assert(a->depth < AML_DEPTH);
	a->open[a->depth].at = (u32)a->out->len;
	a->open[a->depth++].resources = resources;
	number(a, 0, LENGTH_BYTES);
}

/* 20.2.4: the two top bits say how many bytes follow; then four bits of the length, then eight each. */
static void fill_length(struct aml *a, u32 at)
{
	u32 len = (u32)a->out->len - at;
	u8 *p = a->out->data + at;

	assert(len < 1 << 20);
	p[0] = (u8)(2 << 6 | (len & 15));
	p[1] = (u8)(len >> 4);
	p[2] = (u8)(len >> 12);
}

void aml_end(struct aml *a)
{
	u32 at, size;

	assert(a->depth);
	at = a->open[--a->depth].at;
	if (a->open[a->depth].resources) {
		byte(a, RES_END);
		byte(a, 0); /* no checksum */
	}
	if (a->out->failed)
		return;
	size = (u32)a->out->len - at - RES_SIZE_AT - 2;
	if (a->open[a->depth].resources) {
		a->out->data[at + RES_SIZE_AT] = (u8)size;
		a->out->data[at + RES_SIZE_AT + 1] = (u8)(size >> 8);
	}
	fill_length(a, at);
}

void aml_scope(struct aml *a, const char *path)
{
	byte(a, OP_SCOPE);
	begin(a, false);
	put_path(a, path);
}

void aml_device(struct aml *a, const char *path)
{
	byte(a, OP_EXT);
	byte(a, OP_EXT_DEVICE);
	begin(a, false);
	put_path(a, path);
}

void aml_method(struct aml *a, const char *path, u8 args)
{
	byte(a, OP_METHOD);
	begin(a, false);
	put_path(a, path);
	byte(a, args & 7);
}

void aml_package(struct aml *a, u8 elements)
{
	byte(a, OP_PACKAGE);
	begin(a, false);
	byte(a, elements);
}

void aml_if_name(struct aml *a, const char *path)
{
	byte(a, OP_IF);
	begin(a, false);
	put_path(a, path);
}

void aml_resources(struct aml *a)
{
	byte(a, OP_BUFFER);
	begin(a, true);
	byte(a, OP_WORD);
	number(a, 0, 2);
}

/* ---- statements and values ---- */

void aml_name(struct aml *a, const char *path)
{
	byte(a, OP_NAME);
	put_path(a, path);
}

void aml_return(struct aml *a)
{
	byte(a, OP_RETURN);
}

void aml_store_arg(struct aml *a, u8 arg, const char *path)
{
	byte(a, OP_STORE);
	byte(a, OP_ARG0 + arg);
	put_path(a, path);
}

void aml_integer(struct aml *a, u64 value)
{
	static const u8 op[] = { [1] = OP_BYTE, [2] = OP_WORD, [4] = OP_DWORD, [8] = OP_QWORD };
	int bytes = value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffffffff ? 4 : 8;

	if (value <= 1) {
		byte(a, value ? OP_ONE : OP_ZERO);
		return;
	}
	byte(a, op[bytes]);
	number(a, value, bytes);
}

void aml_string(struct aml *a, const char *text)
{
	byte(a, OP_STRING);
	buf_put(a->out, text, strlen(text) + 1);
}

static u32 hex_digit(char c)
{
	return (u32)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Three letters of five bits and four hexadecimal digits, high byte first. */
void aml_eisa_id(struct aml *a, const char *id)
{
	u32 v = 0;

	for (int i = 0; i < 3; i++)
		v = v << 5 | (u32)(id[i] - '@');
	for (int i = 3; i < 7; i++)
		v = v << 4 | hex_digit(id[i]);
	byte(a, OP_DWORD);
	number(a, __builtin_bswap32(v), 4);
}

void aml_path(struct aml *a, const char *path)
{
	put_path(a, path);
}

/* ---- resources ---- */

void aml_io(struct aml *a, u16 base, u8 len)
{
	byte(a, RES_IO);
	byte(a, 1); /* all 16 address bits are decoded */
	number(a, base, 2);
	number(a, base, 2);
	byte(a, 1);
	byte(a, len);
}

void aml_irq(struct aml *a, u8 irq)
{
	byte(a, RES_IRQ);
	number(a, 1u << irq, 2);
}

void aml_memory(struct aml *a, u32 base, u32 len)
{
	byte(a, RES_MEMORY32);
	number(a, 9, 2);
	byte(a, 1); /* writable */
	number(a, base, 4);
	number(a, len, 4);
}

void aml_interrupt(struct aml *a, u32 gsi, bool edge)
{
	byte(a, RES_INTERRUPT);
	number(a, 6, 2);
	byte(a, (u8)(1 | edge << 1)); /* consumed */
	byte(a, 1);
	number(a, gsi, 4);
}

/* 6.4.3.5: length, space, general and specific flags, then granularity, first, last, offset, size. */
static void window(struct aml *a, u8 tag, u8 space, u8 flags, u32 first, u32 last)
{
	int bytes = tag == RES_WORD_SPACE ? 2 : 4;

	byte(a, tag);
	number(a, 3 + 5 * (u64)bytes, 2);
	byte(a, space);
	byte(a, WINDOW_FIXED);
	byte(a, flags);
	number(a, 0, bytes);
	number(a, first, bytes);
	number(a, last, bytes);
	number(a, 0, bytes);
	number(a, last - first + 1, bytes);
}

void aml_bus_window(struct aml *a, u16 first, u16 last)
{
	window(a, RES_WORD_SPACE, SPACE_BUS, 0, first, last);
}

void aml_io_window(struct aml *a, u16 first, u16 last)
{
	window(a, RES_WORD_SPACE, SPACE_IO, IO_ENTIRE_RANGE, first, last);
}

void aml_memory_window(struct aml *a, u32 first, u32 last, bool cacheable)
{
	window(a, RES_DWORD_SPACE, SPACE_MEMORY, MEMORY_WRITABLE | (cacheable ? MEMORY_CACHEABLE : 0), first,
	       last);
}
