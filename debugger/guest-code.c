/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest-code.c - read guest memory at an instruction pointer and disassemble it.
 * Rule: a page that is not there shortens what is read; it is never an error.
 */
#include "debugger/guest-code.h"

#include <stdio.h>
#include <string.h>

#include "core/vm.h"
#include "core/x86/walk.h"
#include "core/x86/x86.h"
#include "cpu-interp/isa/isa.h"

/* SDM 3A 3.4.5: CS.L in IA-32e mode, else CS.D; virtual-8086 mode is 16-bit. */
static enum isa_mode code_mode(const struct x86_state *s)
{
	if (s->efer[0] & EFER_LMA && s->seg_attr[SEG_CS] & SEG_L)
		return MODE_64;
	return s->seg_attr[SEG_CS] & SEG_DB && !(s->rflags[0] & FLAG_VM) ? MODE_32 : MODE_16;
}

u64 code_linear(const struct x86_state *s, u64 rip)
{
	return code_mode(s) == MODE_64 ? rip : (u32)(s->seg_base[SEG_CS] + rip);
}

static u64 read_entry(void *arg, u64 gpa, int size)
{
	struct mem *mem = arg;
	u64 value = 0;

	mem_read(mem, mem_gpa(mem, gpa), &value, (u64)size);
	return value;
}

bool guest_translate(struct vcpu *v, const struct x86_state *s, u64 gla, u64 *gpa)
{
	const struct cpu_model *cpu = v->vm->cpu;
	struct walk_env env = {
		.cr0 = s->cr0[0], .cr3 = s->cr3[0], .cr4 = s->cr4[0], .efer = s->efer[0], .pdpte = s->pdpte,
		.phys_bits = cpu->phys_bits, .pse = cpu_has(cpu, FEAT_PSE), .page1g = cpu_has(cpu, FEAT_PAGE1G),
		.read = read_entry, .arg = &v->vm->mem,
	};
	struct walk_result res;

	if (!walk(&env, gla, WALK_LOOK, &res))
		return false;
	*gpa = mem_gpa(&v->vm->mem, res.gpa);
	return true;
}

/* Bytes from the linear address up to the first that cannot be had. */
static int fetch(struct vcpu *v, const struct x86_state *s, u64 gla, u8 *out, int len)
{
	int n = 0;

	while (n < len) {
		u64 gpa, at = gla + (u64)n;
		int chunk = (int)(PAGE_SIZE_4K - (at & PAGE_MASK_4K));
		if (chunk > len - n)
			chunk = len - n;
		if (!guest_translate(v, s, at, &gpa))
			break;
		const u8 *host = mem_host(&v->vm->mem, gpa, (u64)chunk, false);
		if (!host)
			break;
		memcpy(out + n, host, (size_t)chunk);
		n += chunk;
	}
	return n;
}

void code_line_read(struct vcpu *v, const struct x86_state *s, u64 rip, struct code_line *line)
{
	struct decoded d;
	u8 bytes[CODE_BYTES];
	int avail = fetch(v, s, code_linear(s, rip), bytes, CODE_BYTES);

	memset(line, 0, sizeof(*line));
	line->cs = s->seg_sel[SEG_CS];
	line->rip = rip;
	line->icount = s->icount[0];
	if (!avail) {
		snprintf(line->text, sizeof(line->text), "(no memory there)");
		return;
	}
	switch (isa_decode(bytes, avail, code_mode(s), v->vm->cpu->features, &d)) {
	case DECODE_OK:
		line->len = d.len;
		isa_disasm(&d, rip, line->text, sizeof(line->text));
		break;
	case DECODE_MORE:
		line->len = avail;
		snprintf(line->text, sizeof(line->text), "(the rest is in a page that is not there)");
		break;
	case DECODE_UD:
		line->len = d.len ? d.len : 1;
		snprintf(line->text, sizeof(line->text), "(no such instruction: #UD)");
		break;
	case DECODE_TOO_LONG:
		line->len = avail;
		snprintf(line->text, sizeof(line->text), "(longer than 15 bytes: #GP)");
		break;
	}
	memcpy(line->bytes, bytes, (size_t)line->len);
}

/* base + index * scale + displacement, within the address size (SDM 1 3.7.5) */
static u64 effective(const struct x86_state *s, const struct decoded *d, u64 rip)
{
	u64 at = (u64)d->disp;

	if (d->base == ISA_RIP)
		at += rip + d->len;
	else if (d->base < X86_GPRS)
		at += s->gpr[d->base];
	if (d->index < X86_GPRS)
		at += s->gpr[d->index] << d->scale;
	return d->addrsize == 2 ? (u16)at : d->addrsize == 4 ? (u32)at : at;
}

/* SDM 3A 3.4.4: in 64-bit mode only FS and GS have a base. */
static u64 in_segment(const struct x86_state *s, int seg, u64 offset)
{
	if (code_mode(s) == MODE_64)
		return seg == SEG_FS || seg == SEG_GS ? s->seg_base[seg] + offset : offset;
	return (u32)(s->seg_base[seg] + offset);
}

static u64 stack_offset(const struct x86_state *s)
{
	if (code_mode(s) == MODE_64)
		return s->gpr[RSP];
	return s->seg_attr[SEG_SS] & SEG_DB ? (u32)s->gpr[RSP] : (u16)s->gpr[RSP];
}

bool code_operand(struct vcpu *v, const struct x86_state *s, u64 rip, u64 *gla)
{
	static const char *const on_stack[] = { "push", "pop", "call", "ret" };
	struct decoded d;
	u8 bytes[CODE_BYTES];
	int avail = fetch(v, s, code_linear(s, rip), bytes, CODE_BYTES);

	if (!avail || isa_decode(bytes, avail, code_mode(s), v->vm->cpu->features, &d) != DECODE_OK)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(d.o); i++) {
		if (d.o[i].kind == OPD_MEM && d.o[i].size) {
			*gla = in_segment(s, d.segment, effective(s, &d, rip));
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(on_stack); i++) {
		if (!strncmp(d.row->mnemonic, on_stack[i], strlen(on_stack[i]))) {
			*gla = in_segment(s, SEG_SS, stack_offset(s));
			return true;
		}
	}
	return false;
}

void code_address_text(u16 cs, u64 rip, struct buf *out)
{
	int digits = rip >> 32 ? 16 : rip >> 16 ? 8 : 4;

	buf_printf(out, "%04x:%0*llx", cs, digits, (unsigned long long)rip);
}

void code_line_text(const struct code_line *line, struct buf *out)
{
	code_address_text(line->cs, line->rip, out);
	buf_printf(out, "  ");
	for (int i = 0; i < line->len; i++)
		buf_printf(out, "%02x ", line->bytes[i]);
	buf_printf(out, "%*s %s", line->len < 8 ? (8 - line->len) * 3 : 0, "", line->text);
}
