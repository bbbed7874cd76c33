/* SPDX-License-Identifier: GPL-3.0-or-later
 * memory.c - memory, by linear or physical address, in the form that is asked for.
 * Rule: no device is read; what cannot be read ends the list and says so.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/guest-code.h"
#include "debugger/verbs/verbs-priv.h"

enum { ITEMS_MAX = 65536, LINE_BYTES = 16, STRING_MAX = 1024, DUMP_BYTES = 64 };

/* What stands behind the slash: 16xb */
struct form {
	u64 count;   /* 0: not said */
	char format; /* x d u o t c a s i; 0: a dump */
	u32 size;    /* bytes of an item */
	bool physical;
	u64 (*read)(struct session *s, u64 address, void *out, u64 len);
};

static int parse_form(const char *text, size_t len, struct form *f, struct err *err)
{
	static const char units[] = "bhwg";
	const char *unit;

	*f = (struct form){ .size = 0 };
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (isdigit((unsigned char)c))
			f->count = f->count > ITEMS_MAX ? f->count : f->count * 10 + (u64)(c - '0');
		else if ((unit = memchr(units, c, 4)))
			f->size = 1u << (unit - units);
		else if (memchr("xduotcasi", c, 9))
			f->format = c;
		else
			return err_set(err, EINVAL, "x/%.*s: '%c' is no form; expected a count, one of xduotcasi, and one of bhwg (1, 2, 4 or 8 bytes)",
				       (int)(len < 40 ? len : 40), text, isprint((unsigned char)c) ? c : '?');
	}
	if (f->count > ITEMS_MAX)
		return err_set(err, E2BIG, "x: more than %d at once", ITEMS_MAX);
	return 0;
}

static void say_item(struct session *s, const struct form *f, u64 v, struct buf *out)
{
	u32 bits = f->size * 8;
	i64 sign = (i64)(v << (64 - bits)) >> (64 - bits);

	switch (f->format) {
	case 'd': buf_printf(out, " %lld", (long long)sign); break;
	case 'u': buf_printf(out, " %llu", ULL(v)); break;
	case 'o': buf_printf(out, " 0%llo", ULL(v)); break;
	case 't':
		buf_printf(out, " ");
		for (u32 i = bits; i--;)
			buf_printf(out, "%d", (int)(v >> i & 1));
		break;
	case 'c': buf_printf(out, isprint((int)(v & 0xff)) ? " '%c'" : " '\\x%02x'", (int)(v & 0xff)); break;
	case 'a':
		buf_printf(out, " ");
		say_address(s, v, out);
		break;
	default: buf_printf(out, " %0*llx", (int)f->size * 2, ULL(v));
	}
}

static void nothing_there(const struct form *f, u64 at, struct buf *out)
{
	buf_printf(out, "%08llx: (no memory at this %s address)\n", ULL(at), f->physical ? "physical" : "linear");
}

/* Sixteen bytes a line, in hexadecimal and as characters. */
static void dump(struct session *s, const struct form *f, u64 at, struct buf *out)
{
	u64 left = f->count;

	while (left) {
		u8 bytes[LINE_BYTES];
		u64 want = left < LINE_BYTES ? left : LINE_BYTES, got = f->read(s, at, bytes, want);

		if (got)
			buf_printf(out, "%08llx:", ULL(at));
		for (u64 i = 0; got && i < LINE_BYTES; i++)
			buf_printf(out, i < got ? "%s%02x" : "%s  ", i == 8 ? "  " : " ", i < got ? bytes[i] : 0);
		buf_printf(out, got ? "  |" : "");
		for (u64 i = 0; i < got; i++)
			buf_printf(out, "%c", bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.');
		buf_printf(out, got ? "|\n" : "");
		if (got < want) {
			nothing_there(f, at + got, out);
			return;
		}
		at += got;
		left -= got;
	}
}

static void items(struct session *s, const struct form *f, u64 at, struct buf *out)
{
	u32 wide = f->format == 't' || f->format == 'a' ? 1 : LINE_BYTES / f->size;

	for (u64 i = 0; i < f->count; i++, at += f->size) {
		u64 v = 0;

		if (f->read(s, at, &v, f->size) < f->size) {
			buf_printf(out, i % wide ? "\n" : "");
			nothing_there(f, at, out);
			return;
		}
		if (!(i % wide))
			buf_printf(out, "%08llx:", ULL(at));
		say_item(s, f, v, out);
		if (i % wide == wide - 1 || i == f->count - 1)
			buf_printf(out, "\n");
	}
}

static void strings(struct session *s, const struct form *f, u64 at, struct buf *out)
{
	for (u64 i = 0; i < f->count; i++) {
		u64 n = 0;
		u8 byte = 1;

		if (!f->read(s, at, &byte, 1)) {
			nothing_there(f, at, out);
			return;
		}
		buf_printf(out, "%08llx: \"", ULL(at));
		for (; n < STRING_MAX && f->read(s, at + n, &byte, 1) && byte; n++)
			buf_printf(out, byte == '"' || byte == '\\' ? "\\%c" : byte >= ' ' && byte < 0x7f ? "%c" : "\\x%02x", byte);
		buf_printf(out, "\"%s\n", byte ? "..." : "");
		at += n + 1;
	}
}

static void code(struct session *s, u64 gva, u64 count, struct buf *out)
{
	struct vcpu *v = &s->vm->vcpu[s->cpu];
	struct x86_state st;
	struct code_line line;

	if (vcpu_get(v, &st, ST_ALL))
		return;
	u64 rip = gva - code_linear(&st, 0);
	for (u64 i = 0; i < count; i++, rip += (u64)line.len) {
		code_line_read(v, &st, rip, &line);
		code_line_text(&line, out);
		buf_printf(out, "\n");
		if (!line.len)
			break;
	}
}

static int examine(struct verb_call *c, bool physical, struct err *err)
{
	bool slash = c->rest[0] == '/';
	size_t len = slash ? strcspn(c->rest + 1, " \t") : 0;
	struct form f = { 0 };
	u64 at;
	int rc = slash ? parse_form(c->rest + 1, len, &f, err) : 0;

	if (rc)
		return rc;
	if (c->nwords <= slash)
		return err_set(err, EINVAL, "x: expected an address, as in `x/4xw $rsp` or `x 0x7c00`");
	rc = call_address(c, slash, 0, &at, err);
	if (rc)
		return rc;
	f.physical = physical;
	f.read = physical ? session_read_physical : session_read;
	if (!f.format && !f.size) {
		f.count = f.count ? f.count : DUMP_BYTES;
		dump(c->s, &f, at, c->out);
		return 0;
	}
	f.count = f.count ? f.count : 1;
	f.size = f.size ? f.size : f.format == 'c' ? 1 : f.format == 'a' ? 8 : 4;
	if (f.format == 'i' && physical)
		return err_set(err, EINVAL, "xp/i: instructions are shown at linear addresses; use x/i");
	if (f.format == 'i')
		code(c->s, at, f.count, c->out);
	else if (f.format == 's')
		strings(c->s, &f, at, c->out);
	else
		items(c->s, &f, at, c->out);
	return 0;
}

static int exec_x(struct verb_call *c, struct err *err)
{
	return examine(c, false, err);
}

static int exec_xp(struct verb_call *c, struct err *err)
{
	return examine(c, true, err);
}

static int exec_memory(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_memory, 0, 0, err);

	if (rc)
		return rc;
	describe_memory(c->s, &l);
	return say_lines(c, &l, err);
}

const struct verb the_x = {
	.name = "x", .args = "[/[COUNT][FORM][SIZE]] ADDRESS", .brief = "memory at a linear address",
	.text = "FORM: x hexadecimal, d signed, u unsigned, o octal, t binary, c character, a address with\n"
		"symbol, s string, i instruction. SIZE: b 1, h 2, w 4, g 8 bytes. Without either, a dump of 64\n"
		"bytes, or COUNT.",
	.example = "x 0x7c00\nx/8xw $rsp\nx/3i $rip\nx/s 0x7c20", .group = VERB_LOOK, .complete = COMPLETE_EXPR, .exec = exec_x,
};
const struct verb the_xp = {
	.name = "xp", .args = "[/[COUNT][FORM][SIZE]] ADDRESS", .brief = "memory at a guest-physical address",
	.text = "As x, without paging. Devices are not read.", .example = "xp 0x7c00\nxp/4xg 0x1000", .group = VERB_LOOK,
	.complete = COMPLETE_EXPR, .exec = exec_xp,
};
const struct verb the_memory = {
	.name = "memory", .args = "", .brief = "the map of guest-physical memory",
	.text = "RAM, ROM, memory of devices, and the ranges at which devices answer.", .example = "memory", .group = VERB_LOOK,
	.exec = exec_memory,
};
