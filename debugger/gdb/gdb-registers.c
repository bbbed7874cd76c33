/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-registers.c - the registers gdb sees: one table makes the description (target.xml) and the packets g, G, p, P.
 * Rule: a register's number is its row; gdb wants those of its own features complete and in this order, and their sizes
 * are the same in every mode.
 */
#include <string.h>

#include "debugger/gdb/gdb-priv.h"
#include "debugger/session/session.h"

enum feature { CORE, SSE, SEGMENTS, SYSTEM, FEATURES };
static const char *const features[FEATURES] = {
	"org.gnu.gdb.i386.core", "org.gnu.gdb.i386.sse", "org.gnu.gdb.i386.segments", "org.vitrine.system",
};

enum kind { FIELD, ST, TAGS };
struct reg {
	const char *name, *type;
	u16 bits;
	u8 feature, kind, group; /* group: enum state_group */
	u16 offset;              /* in struct x86_state; of ST(n), n */
	u8 width;                /* bytes there; the register's others are 0 */
};

#define F(name, type, bits, feature, group, field) \
	{ name, type, bits, feature, FIELD, group, offsetof(struct x86_state, field), sizeof(((struct x86_state *)0)->field) }
#define GPR(name, n) F(name, "int64", 64, CORE, ST_GPR, gpr[n])
#define SEG(name, n) F(name, "int32", 32, CORE, ST_SEG, seg_sel[n])
#define STACK(name, n) { name, "i387_ext", 80, CORE, ST, ST_FPU, n, 10 }
#define X87(name, field) F(name, "int", 32, CORE, ST_FPU, field)
#define XMM(name, n) { name, "vec128", 128, SSE, FIELD, ST_FPU, offsetof(struct x86_state, xmm[2 * (n)]), 16 }
#define BASE(name, feature, n) F(name, "int64", 64, feature, ST_SEG, seg_base[n])
#define CTRL(name, field) F(name, "int64", 64, SYSTEM, ST_CTRL, field)

/* clang-format off */
static const struct reg regs[] = {
	GPR("rax", RAX), GPR("rbx", RBX), GPR("rcx", RCX), GPR("rdx", RDX), GPR("rsi", RSI), GPR("rdi", RDI),
	F("rbp", "data_ptr", 64, CORE, ST_GPR, gpr[RBP]), F("rsp", "data_ptr", 64, CORE, ST_GPR, gpr[RSP]),
	GPR("r8", R8), GPR("r9", R9), GPR("r10", R10), GPR("r11", R11), GPR("r12", R12), GPR("r13", R13), GPR("r14", R14),
	GPR("r15", R15), F("rip", "code_ptr", 64, CORE, ST_GPR, rip[0]),
	{ "eflags", "eflags", 32, CORE, FIELD, ST_GPR, offsetof(struct x86_state, rflags), 4 },
	SEG("cs", SEG_CS), SEG("ss", SEG_SS), SEG("ds", SEG_DS), SEG("es", SEG_ES), SEG("fs", SEG_FS), SEG("gs", SEG_GS),
	STACK("st0", 0), STACK("st1", 1), STACK("st2", 2), STACK("st3", 3), STACK("st4", 4), STACK("st5", 5),
	STACK("st6", 6), STACK("st7", 7),
	X87("fctrl", fcw[0]), X87("fstat", fsw[0]), { "ftag", "int", 32, CORE, TAGS, ST_FPU, 0, 2 },
	X87("fiseg", fcs[0]), { "fioff", "int", 32, CORE, FIELD, ST_FPU, offsetof(struct x86_state, fip), 4 },
	X87("foseg", fds[0]), { "fooff", "int", 32, CORE, FIELD, ST_FPU, offsetof(struct x86_state, fdp), 4 },
	X87("fop", fop[0]),
	XMM("xmm0", 0), XMM("xmm1", 1), XMM("xmm2", 2), XMM("xmm3", 3), XMM("xmm4", 4), XMM("xmm5", 5), XMM("xmm6", 6),
	XMM("xmm7", 7), XMM("xmm8", 8), XMM("xmm9", 9), XMM("xmm10", 10), XMM("xmm11", 11), XMM("xmm12", 12),
	XMM("xmm13", 13), XMM("xmm14", 14), XMM("xmm15", 15), F("mxcsr", "mxcsr", 32, SSE, ST_FPU, mxcsr[0]),
	BASE("fs_base", SEGMENTS, SEG_FS), BASE("gs_base", SEGMENTS, SEG_GS),
	BASE("cs_base", SYSTEM, SEG_CS), BASE("ss_base", SYSTEM, SEG_SS), BASE("ds_base", SYSTEM, SEG_DS),
	BASE("es_base", SYSTEM, SEG_ES),
	CTRL("cr0", cr0[0]), CTRL("cr2", cr2[0]), CTRL("cr3", cr3[0]), CTRL("cr4", cr4[0]), CTRL("cr8", cr8[0]),
	CTRL("efer", efer[0]),
};
/* clang-format on */

/* ---- the description ---- */

/* Types that gdb does not have by itself. */
static void put_types(struct buf *b, enum feature feature)
{
	static const char *const flags[] = { "CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF", "OF", NULL };
	static const char *const sse[] = { "IE", "DE", "ZE", "OE", "UE", "PE", "DAZ", "IM", "DM", "ZM", "OM", "UM", "PM", NULL };
	const char *const *name = feature == CORE ? flags : sse;

	if (feature == SSE)
		buf_printf(b, "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
			      "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
			      "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
			      "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
			      "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
			      "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
			      "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
			      "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/></union>\n");
	if (feature != CORE && feature != SSE)
		return;
	buf_printf(b, "<flags id=\"%s\" size=\"4\">", feature == CORE ? "eflags" : "mxcsr");
	for (int bit = 0; name[bit]; bit++)
		buf_printf(b, "<field name=\"%s\" start=\"%d\" end=\"%d\"/>", name[bit], bit, bit);
	buf_printf(b, "</flags>\n");
}

void gdb_target_xml(struct buf *b)
{
	buf_printf(b, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
		      "<target><architecture>i386:x86-64</architecture>\n");
	for (int feature = 0; feature < FEATURES; feature++) {
		buf_printf(b, "<feature name=\"%s\">\n", features[feature]);
		put_types(b, (enum feature)feature);
		for (size_t i = 0; i < ARRAY_LEN(regs); i++)
			if (regs[i].feature == feature)
				buf_printf(b, "<reg name=\"%s\" bitsize=\"%d\" type=\"%s\" regnum=\"%zu\"/>\n", regs[i].name,
					   regs[i].bits, regs[i].type, i);
		buf_printf(b, "</feature>\n");
	}
	buf_printf(b, "</target>\n");
}

/* ---- values ---- */

static int top(const struct x86_state *s) { return s->fsw[0] >> FSW_TOP_SHIFT & 7; }

/* Two bits per register R0 to R7: valid, zero, special, empty (SDM 1 8.1.7). */
static u16 tag_word(const struct x86_state *s)
{
	u16 word = 0;

	for (int i = 0; i < 8; i++) {
		u16 exp = s->fpr_exp[i] & 0x7fff;
		int tag = exp == 0x7fff || (exp && !(s->fpr[i] >> 63)) || (!exp && s->fpr[i]) ? 2 : exp ? 0 : 1;

		word = (u16)(word | (s->ftw[0] >> i & 1 ? tag : 3) << 2 * i);
	}
	return word;
}

enum { REG_BYTES = 16 };

static void get(const struct reg *r, const struct x86_state *s, u8 bytes[REG_BYTES])
{
	int n = (top(s) + r->offset) & 7;
	u16 tags = tag_word(s);

	memset(bytes, 0, REG_BYTES);
	switch ((enum kind)r->kind) {
	case FIELD: memcpy(bytes, (const u8 *)s + r->offset, r->width); break;
	case TAGS: memcpy(bytes, &tags, sizeof(tags)); break;
	case ST:
		memcpy(bytes, &s->fpr[n], 8);
		memcpy(bytes + 8, &s->fpr_exp[n], 2);
		break;
	}
}

static void put(const struct reg *r, struct x86_state *s, const u8 bytes[REG_BYTES])
{
	int n = (top(s) + r->offset) & 7;

	switch ((enum kind)r->kind) {
	case FIELD: memcpy((u8 *)s + r->offset, bytes, r->width); break;
	case TAGS:
		s->ftw[0] = 0;
		for (int i = 0; i < 8; i++)
			s->ftw[0] = (u8)(s->ftw[0] | ((bytes[i / 4] >> (i % 4 * 2) & 3) != 3) << i);
		break;
	case ST:
		memcpy(&s->fpr[n], bytes, 8);
		memcpy(&s->fpr_exp[n], bytes + 8, 2);
		break;
	}
}

/* ---- packets ---- */

static bool load(struct gdb *g, struct x86_state *s)
{
	return vcpu_get(&g->vm->vcpu[g->cpu], s, ST_ALL) == 0;
}

static bool store(struct gdb *g, const struct x86_state *s, u32 groups)
{
	if (vcpu_set(&g->vm->vcpu[g->cpu], s, groups, NULL))
		return false;
	session_changed(g->s);
	return true;
}

static void show(const struct reg *r, const struct x86_state *s, struct buf *b)
{
	u8 bytes[REG_BYTES];

	get(r, s, bytes);
	gdb_put_hex(b, bytes, r->bits / 8);
}

static bool change(const struct reg *r, struct x86_state *s, struct reader *in)
{
	u8 bytes[REG_BYTES] = { 0 };

	if (!gdb_bytes(in, bytes, r->bits / 8))
		return false;
	put(r, s, bytes);
	return true;
}

bool gdb_registers_read(struct gdb *g, struct buf *b)
{
	struct x86_state s;

	if (!load(g, &s))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(regs); i++)
		show(&regs[i], &s, b);
	return true;
}

bool gdb_registers_write(struct gdb *g, struct reader *r)
{
	struct x86_state s;

	if (!load(g, &s))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(regs); i++)
		if (!change(&regs[i], &s, r))
			return false;
	return store(g, &s, ST_GPR | ST_SEG | ST_FPU | ST_CTRL);
}

bool gdb_register_read(struct gdb *g, u64 number, struct buf *b)
{
	struct x86_state s;

	if (number >= ARRAY_LEN(regs) || !load(g, &s))
		return false;
	show(&regs[number], &s, b);
	return true;
}

bool gdb_register_write(struct gdb *g, u64 number, struct reader *r)
{
	struct x86_state s;

	return number < ARRAY_LEN(regs) && load(g, &s) && change(&regs[number], &s, r) && store(g, &s, regs[number].group);
}
