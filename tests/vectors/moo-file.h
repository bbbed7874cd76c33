/* SPDX-License-Identifier: GPL-3.0-or-later
 * moo-file.h - reading MOO files: single instructions as a real processor executed them.  The format is
 * described in ../shared/testdata/sst286/README.md.
 * Rule: a file is hostile input; an unknown chunk is skipped, a file cut short is refused.
 */
#ifndef VITRINE_TESTS_VECTORS_MOO_FILE_H
#define VITRINE_TESTS_VECTORS_MOO_FILE_H

#include "core/base/buf.h"
#include "core/base/types.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The registers of an "RG32" chunk, in its order; those of a "REGS" chunk are found by regs_16. */
enum { R_CR0, R_CR3, R_EAX, R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP, R_ESP, R_CS, R_DS, R_ES, R_FS, R_GS,
       R_SS, R_EIP, R_EFLAGS, R_DR6, R_DR7, R_COUNT };
static const char *const reg_names[R_COUNT] = { "cr0", "cr3", "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp",
	"esp", "cs", "ds", "es", "fs", "gs", "ss", "eip", "eflags", "dr6", "dr7" };
static const u8 regs_16[] = { R_EAX, R_EBX, R_ECX, R_EDX, R_CS, R_SS, R_DS, R_ES, R_ESP, R_EBP, R_ESI, R_EDI,
	R_EIP, R_EFLAGS };

struct regs { u32 present; u32 v[R_COUNT]; };
struct ram { u32 n; const u8 *entries; }; /* n times a u32 address and a byte */
struct moo_state { struct regs regs; struct ram ram; };

struct moo_test {
	u32 index;
	char name[64];
	u8 bytes[24];     /* the instruction and the HLT after it */
	u32 nbytes;
	struct moo_state init, fina;
	struct regs mask; /* bits that are defined; not present = all */
	bool masked;      /* this test has a mask of its own */
	bool excp;
	u8 vector;
	u32 flags_at;     /* physical address of the flags an exception pushed */
};

struct moo_file {
	u8 *data;
	size_t size;
	char cpu[5];
	bool masked;      /* the file says which bits are defined */
	struct regs mask;
	struct reader at; /* the chunks not yet read */
};

static inline u32 ram_address(const struct ram *m, u32 i)
{
	const u8 *e = m->entries + 5 * i;
	return e[0] | e[1] << 8 | e[2] << 16 | (u32)e[3] << 24;
}
static inline u8 ram_byte(const struct ram *m, u32 i) { return m->entries[5 * i + 4]; }

/* The next chunk's type and body; false at the end, or with r->bad set where the file is cut short. */
static bool moo_chunk(struct reader *r, char type[5], struct reader *body)
{
	if (!read_left(r))
		return false;
	const u8 *t = read_bytes(r, 4);
	u32 len = (u32)read_uint(r, 4);
	const u8 *start = read_bytes(r, len);
	if (r->bad)
		return false;
	memcpy(type, t, 4);
	type[4] = 0;
	*body = (struct reader){ .at = start, .end = start + len };
	return true;
}

static bool is(const char *type, const char *wanted) { return !strcmp(type, wanted); }

/* REGS and RMSK hold 16-bit values, RG32 and RM32 32-bit ones. */
static void moo_regs(struct reader *r, bool wide, struct regs *out)
{
	int width = wide ? 4 : 2, count = wide ? R_COUNT : (int)ARRAY_LEN(regs_16);
	u32 present = (u32)read_uint(r, width);
	for (int i = 0; i < count; i++)
		if (present >> i & 1) {
			int reg = wide ? i : regs_16[i];
			out->present |= 1u << reg;
			out->v[reg] = (u32)read_uint(r, width);
		}
}

/* A further mask: both must allow a bit. */
static void moo_mask(struct reader *r, bool wide, struct regs *mask)
{
	struct regs more = { 0 };
	moo_regs(r, wide, &more);
	for (int i = 0; i < R_COUNT; i++)
		if (more.present >> i & 1) {
			u32 above = wide ? 0 : 0xffff0000;
			u32 bits = more.v[i] | above;
			mask->v[i] = mask->present >> i & 1 ? mask->v[i] & bits : bits;
			mask->present |= 1u << i;
		}
}

static void moo_state(struct reader *r, struct moo_state *s, struct moo_test *t)
{
	char type[5];
	struct reader body;
	while (moo_chunk(r, type, &body)) {
		bool wide = is(type, "RG32") || is(type, "RM32");
		if (is(type, "REGS") || is(type, "RG32")) {
			moo_regs(&body, wide, &s->regs);
		} else if (is(type, "RMSK") || is(type, "RM32")) {
			moo_mask(&body, wide, &t->mask);
			t->masked = true;
		} else if (is(type, "RAM ")) {
			s->ram.n = (u32)read_uint(&body, 4);
			s->ram.entries = read_bytes(&body, (size_t)s->ram.n * 5);
		}
		r->bad |= body.bad;
	}
}

static void moo_text(struct reader *r, void *out, u32 size, u32 *len)
{
	*len = (u32)read_uint(r, 4);
	const u8 *p = read_bytes(r, *len);
	if (*len > size)
		*len = size;
	if (p)
		memcpy(out, p, *len);
}

static bool moo_parse_test(struct reader *r, struct moo_test *t)
{
	char type[5];
	struct reader body;
	u32 len;
	t->index = (u32)read_uint(r, 4);
	while (moo_chunk(r, type, &body)) {
		if (is(type, "NAME")) {
			moo_text(&body, t->name, sizeof t->name - 1, &len);
		} else if (is(type, "BYTS")) {
			moo_text(&body, t->bytes, sizeof t->bytes, &t->nbytes);
		} else if (is(type, "INIT")) {
			moo_state(&body, &t->init, t);
		} else if (is(type, "FINA")) {
			moo_state(&body, &t->fina, t);
		} else if (is(type, "EXCP")) {
			t->excp = true;
			t->vector = (u8)read_uint(&body, 1);
			t->flags_at = (u32)read_uint(&body, 4);
		}
		r->bad |= body.bad;
	}
	return !r->bad;
}

/* The next test of the file.  False at the end, or with file->at.bad set. */
static bool moo_next(struct moo_file *f, struct moo_test *t)
{
	char type[5];
	struct reader body;
	while (moo_chunk(&f->at, type, &body)) {
		if (is(type, "MOO ")) {
			read_bytes(&body, 8);
			const u8 *cpu = read_bytes(&body, 4);
			if (cpu)
				memcpy(f->cpu, cpu, 4);
		} else if (is(type, "RMSK") || is(type, "RM32")) {
			moo_mask(&body, is(type, "RM32"), &f->mask);
			f->masked = true;
		} else if (is(type, "TEST")) {
			*t = (struct moo_test){ .mask = f->mask, .masked = f->masked };
			if (!moo_parse_test(&body, t))
				f->at.bad = true;
			return !f->at.bad;
		}
	}
	return false;
}

enum { MOO_MOST = 256 << 20 }; /* bytes of a file, unpacked */

/* The whole file, unpacked if it is a gzip file.  False if it cannot be read or is absurdly large. */
static bool moo_open(struct moo_file *f, const char *path)
{
	size_t room = 1 << 20;
	gzFile z = gzopen(path, "rb");
	int got = 1;
	*f = (struct moo_file){ .data = malloc(room) };
	while (z && f->data && got > 0 && f->size < MOO_MOST) {
		if (f->size == room) {
			u8 *more = realloc(f->data, room *= 2);
			if (!more)
				break;
			f->data = more;
		}
		got = gzread(z, f->data + f->size, (unsigned)(room - f->size));
		f->size += got > 0 ? (size_t)got : 0;
	}
	f->at = (struct reader){ .at = f->data, .end = f->data + f->size };
	if (z)
		gzclose(z);
	return z && got == 0 && f->size >= 4 && !memcmp(f->data, "MOO ", 4);
}

static void moo_close(struct moo_file *f) { free(f->data); }

#endif
