/* SPDX-License-Identifier: GPL-3.0-or-later
 * registers.c - registers by the names that people use: rax eax ax al, es.base, cr0.PE, xmm0, star.
 * Rule: a name is a row of a table here (a place in struct x86_state), a bit of core/x86/bits.def, or a field of the state.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/x86/bits.h"
#include "debugger/session/session.h"

/* A part of an element of the state. */
struct reg {
	const char *name;
	u16 offset;
	u8 width;       /* bytes of the element */
	u8 shift, bits; /* the part of it; bits == 0: all of it */
	u8 group;       /* enum state_group */
	bool widens;    /* writing it clears what is above, as the processor does with eax */
};

#define GPR(n, r64, r32, r16, r8) \
	{ r64, offsetof(struct x86_state, gpr) + 8 * n, 8, 0, 0, ST_GPR, false }, \
	{ r32, offsetof(struct x86_state, gpr) + 8 * n, 8, 0, 32, ST_GPR, true }, \
	{ r16, offsetof(struct x86_state, gpr) + 8 * n, 8, 0, 16, ST_GPR, false }, \
	{ r8, offsetof(struct x86_state, gpr) + 8 * n, 8, 0, 8, ST_GPR, false },
#define HIGH(n, r8) { r8, offsetof(struct x86_state, gpr) + 8 * n, 8, 8, 8, ST_GPR, false },
#define ONE(reg, field, size, group) { reg, offsetof(struct x86_state, field), size, 0, 0, group, false },
#define ELEMENT(reg, field, n, size, group) { reg, offsetof(struct x86_state, field) + (n) * size, size, 0, 0, group, false },
#define SEGMENT(n, reg) \
	ELEMENT(reg, seg_sel, n, 2, ST_SEG) ELEMENT(reg ".sel", seg_sel, n, 2, ST_SEG) \
	ELEMENT(reg ".base", seg_base, n, 8, ST_SEG) ELEMENT(reg ".limit", seg_limit, n, 4, ST_SEG) \
	ELEMENT(reg ".attr", seg_attr, n, 4, ST_SEG)
#define XMM(n) ELEMENT("xmm" #n, xmm, 2 * n, 8, ST_FPU) ELEMENT("xmm" #n ".high", xmm, 2 * n + 1, 8, ST_FPU)

static const struct reg regs[] = {
	GPR(RAX, "rax", "eax", "ax", "al") GPR(RCX, "rcx", "ecx", "cx", "cl") GPR(RDX, "rdx", "edx", "dx", "dl")
	GPR(RBX, "rbx", "ebx", "bx", "bl") GPR(RSP, "rsp", "esp", "sp", "spl") GPR(RBP, "rbp", "ebp", "bp", "bpl")
	GPR(RSI, "rsi", "esi", "si", "sil") GPR(RDI, "rdi", "edi", "di", "dil") GPR(R8, "r8", "r8d", "r8w", "r8b")
	GPR(R9, "r9", "r9d", "r9w", "r9b") GPR(R10, "r10", "r10d", "r10w", "r10b") GPR(R11, "r11", "r11d", "r11w", "r11b")
	GPR(R12, "r12", "r12d", "r12w", "r12b") GPR(R13, "r13", "r13d", "r13w", "r13b")
	GPR(R14, "r14", "r14d", "r14w", "r14b") GPR(R15, "r15", "r15d", "r15w", "r15b")
	HIGH(RAX, "ah") HIGH(RCX, "ch") HIGH(RDX, "dh") HIGH(RBX, "bh")
	ONE("rip", rip, 8, ST_GPR)
	{ "eip", offsetof(struct x86_state, rip), 8, 0, 32, ST_GPR, true },
	{ "ip", offsetof(struct x86_state, rip), 8, 0, 16, ST_GPR, true },
	ONE("rflags", rflags, 8, ST_GPR)
	{ "eflags", offsetof(struct x86_state, rflags), 8, 0, 32, ST_GPR, false },
	SEGMENT(SEG_ES, "es") SEGMENT(SEG_CS, "cs") SEGMENT(SEG_SS, "ss") SEGMENT(SEG_DS, "ds") SEGMENT(SEG_FS, "fs")
	SEGMENT(SEG_GS, "gs") SEGMENT(SEG_LDTR, "ldtr") SEGMENT(SEG_TR, "tr")
	ONE("gdtr.base", gdtr_base, 8, ST_SEG) ONE("gdtr.limit", gdtr_limit, 2, ST_SEG)
	ONE("idtr.base", idtr_base, 8, ST_SEG) ONE("idtr.limit", idtr_limit, 2, ST_SEG)
	ONE("cr0", cr0, 8, ST_CTRL) ONE("cr2", cr2, 8, ST_CTRL) ONE("cr3", cr3, 8, ST_CTRL) ONE("cr4", cr4, 8, ST_CTRL)
	ONE("cr8", cr8, 8, ST_CTRL) ONE("xcr0", xcr0, 8, ST_CTRL) ONE("efer", efer, 8, ST_CTRL)
	ELEMENT("dr0", dr, 0, 8, ST_CTRL) ELEMENT("dr1", dr, 1, 8, ST_CTRL) ELEMENT("dr2", dr, 2, 8, ST_CTRL)
	ELEMENT("dr3", dr, 3, 8, ST_CTRL) ELEMENT("dr6", dr, 6, 8, ST_CTRL) ELEMENT("dr7", dr, 7, 8, ST_CTRL)
	XMM(0) XMM(1) XMM(2) XMM(3) XMM(4) XMM(5) XMM(6) XMM(7)
	XMM(8) XMM(9) XMM(10) XMM(11) XMM(12) XMM(13) XMM(14) XMM(15)
	ELEMENT("mm0", fpr, 0, 8, ST_FPU) ELEMENT("mm1", fpr, 1, 8, ST_FPU) ELEMENT("mm2", fpr, 2, 8, ST_FPU)
	ELEMENT("mm3", fpr, 3, 8, ST_FPU) ELEMENT("mm4", fpr, 4, 8, ST_FPU) ELEMENT("mm5", fpr, 5, 8, ST_FPU)
	ELEMENT("mm6", fpr, 6, 8, ST_FPU) ELEMENT("mm7", fpr, 7, 8, ST_FPU)
};

static u64 mask_of(u32 bits)
{
	return bits && bits < 64 ? (1ull << bits) - 1 : ~0ull;
}

static u64 load(const struct x86_state *st, const struct reg *r)
{
	u64 v = 0;

	memcpy(&v, (const u8 *)st + r->offset, r->width); /* hosts are little-endian, as the guest is */
	return v >> r->shift & mask_of(r->bits);
}

static void store(struct x86_state *st, const struct reg *r, u64 value)
{
	u64 v = 0, mask = mask_of(r->bits) << r->shift;

	memcpy(&v, (const u8 *)st + r->offset, r->width);
	v = r->widens ? value & mask : (v & ~mask) | (value << r->shift & mask);
	memcpy((u8 *)st + r->offset, &v, r->width);
}

static const struct reg *find_row(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(regs); i++)
		if (!strncasecmp(regs[i].name, name, len) && !regs[i].name[len])
			return &regs[i];
	return NULL;
}

/* "rflags.ZF" */
static bool find_bit(const char *name, struct reg *out)
{
	const char *dot = strchr(name, '.');
	const struct reg *whole = dot ? find_row(name, (size_t)(dot - name)) : NULL;
	const struct bit_name *bits;
	int n;

	if (!whole || whole->bits)
		return false;
	bits = register_bits(whole->name, &n);
	for (int i = 0; i < n; i++)
		if (!strcasecmp(bits[i].name, dot + 1)) {
			*out = *whole;
			out->shift = bits[i].first;
			out->bits = bits[i].count;
			return true;
		}
	return false;
}

/* "st0" is relative to the top of the register stack (SDM 1 8.1.2). */
static bool find_stack(const struct x86_state *st, const char *name, struct reg *out)
{
	if (strncasecmp(name, "st", 2) || name[2] < '0' || name[2] > '7' || name[3])
		return false;
	*out = (struct reg){ "st", 0, 8, 0, 0, ST_FPU, false };
	out->offset = (u16)(offsetof(struct x86_state, fpr) + 8 * (((st->fsw[0] >> FSW_TOP_SHIFT & 7) + name[2] - '0') & 7));
	return true;
}

static bool find_field(const char *name, struct reg *out)
{
	u32 index;
	const struct field *f = field_find(&x86_state_layout, name, &index);

	if (!f)
		return false;
	*out = (struct reg){ f->name, (u16)(f->offset + index * f->width), f->width, 0, 0,
			     (u8)x86_state_group((u32)(f - x86_state_layout.fields)), false };
	return true;
}

static bool find(const struct x86_state *st, const char *name, struct reg *out)
{
	const struct reg *row;

	name += *name == '$';
	row = find_row(name, strlen(name));
	if (row) {
		*out = *row;
		return true;
	}
	return find_bit(name, out) || find_stack(st, name, out) || find_field(name, out);
}

bool session_register_known(const char *name)
{
	static const struct x86_state none;
	struct reg r;

	return find(&none, name, &r);
}

int session_register_row(const char *name)
{
	const struct reg *row = find_row(name, strlen(name));

	return row ? (int)(row - regs) : -1;
}

bool session_register_at(struct session *s, u32 cpu, int row, u64 *value)
{
	struct x86_state st;

	if (cpu >= s->vm->ncpus || vcpu_get(&s->vm->vcpu[cpu], &st, regs[row].group))
		return false;
	*value = load(&st, &regs[row]);
	return true;
}

bool session_register(struct session *s, u32 cpu, const char *name, u64 *value)
{
	const struct reg *row = find_row(name + (*name == '$'), strlen(name + (*name == '$')));
	struct x86_state st;
	struct reg r;

	if (cpu >= s->vm->ncpus || vcpu_get(&s->vm->vcpu[cpu], &st, row ? row->group : ST_ALL))
		return false;
	if (!row && !find(&st, name, &r))
		return false;
	*value = load(&st, row ? row : &r);
	return true;
}

static int check_value(const struct reg *r, const char *name, u64 value, struct err *err)
{
	u32 bits = r->bits ? r->bits : r->width * 8u;

	if (value & ~mask_of(bits))
		return err_set(err, ERANGE, "0x%llx does not fit into %.40s, which has %u bit%s", (unsigned long long)value, name, bits,
			       bits == 1 ? "" : "s");
	if (r->group == ST_PENDING && !strcmp(r->name, "icount"))
		return err_set(err, EPERM, "icount is the measure of time here and cannot be set; `goto %llu` goes there",
			       (unsigned long long)value);
	return 0;
}

int session_set_register(struct session *s, u32 cpu, const char *name, u64 value, struct err *err)
{
	struct x86_state st;
	struct reg r;
	int rc = session_may_change(s, err);

	if (rc)
		return rc;
	if (cpu >= s->vm->ncpus)
		return err_set(err, EINVAL, "there is no processor %u; expected 0 to %u", cpu, s->vm->ncpus - 1);
	if (vcpu_get(&s->vm->vcpu[cpu], &st, ST_ALL))
		return err_set(err, EIO, "the processor's state could not be read");
	if (!find(&st, name, &r))
		return err_set(err, EINVAL, "no register is called '%.40s'; `regs` shows the names", name);
	rc = check_value(&r, name, value, err);
	if (rc)
		return rc;
	store(&st, &r, value);
	rc = vcpu_set(&s->vm->vcpu[cpu], &st, r.group, err);
	if (!rc)
		session_changed(s);
	return rc;
}

const char *session_register_name(int i)
{
	int n = ARRAY_LEN(regs);

	if (i < 0)
		return NULL;
	if (i < n)
		return regs[i].name;
	for (u32 f = 0; f < x86_state_layout.nfields; f++) {
		const struct field *field = &x86_state_layout.fields[f];

		if (field->count == 1 && !find_row(field->name, strlen(field->name)) && i-- == n)
			return field->name;
	}
	return NULL;
}
