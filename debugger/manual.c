/* SPDX-License-Identifier: GPL-3.0-or-later
 * manual.c - table of the exceptions (SDM 3A table 6-1) and their error codes.
 * Rule: each bit is named as the manual names it.
 */
#include "debugger/manual.h"

#include "core/x86/x86.h"

static const struct exception {
	const char *name, *title;
	bool has_error;
} exceptions[] = {
	[VEC_DE] = { "#DE", "divide error", false },
	[VEC_DB] = { "#DB", "debug exception", false },
	[VEC_NMI] = { "NMI", "nonmaskable interrupt", false },
	[VEC_BP] = { "#BP", "breakpoint", false },
	[VEC_OF] = { "#OF", "overflow", false },
	[VEC_BR] = { "#BR", "BOUND range exceeded", false },
	[VEC_UD] = { "#UD", "invalid opcode", false },
	[VEC_NM] = { "#NM", "device not available", false },
	[VEC_DF] = { "#DF", "double fault", true },
	[VEC_TS] = { "#TS", "invalid TSS", true },
	[VEC_NP] = { "#NP", "segment not present", true },
	[VEC_SS] = { "#SS", "stack-segment fault", true },
	[VEC_GP] = { "#GP", "general protection", true },
	[VEC_PF] = { "#PF", "page fault", true },
	[VEC_MF] = { "#MF", "x87 floating-point error", false },
	[VEC_AC] = { "#AC", "alignment check", true },
	[VEC_MC] = { "#MC", "machine check", false },
	[VEC_XM] = { "#XM", "SIMD floating-point exception", false },
	[VEC_VE] = { "#VE", "virtualization exception", false },
};

static const struct exception *find(u8 vector)
{
	return vector < ARRAY_LEN(exceptions) && exceptions[vector].name ? &exceptions[vector] : NULL;
}

void vector_text(u8 vector, struct buf *out)
{
	const struct exception *e = find(vector);

	if (e)
		buf_printf(out, "%s", e->name);
	else
		buf_printf(out, "vector %u", vector);
}

const char *vector_title(u8 vector)
{
	const struct exception *e = find(vector);
	return e ? e->title : "interrupt";
}

bool vector_has_error(u8 vector)
{
	const struct exception *e = find(vector);
	return e && e->has_error;
}

/* SDM 3A 4.7, figure 4-12 */
static void page_fault_text(u32 error, struct buf *out)
{
	const char *what = error & PF_I ? "instruction fetch from" : error & PF_W ? "write to" : "read of";
	const char *why = error & PF_RSVD ? "whose entry has reserved bits set"
			: error & PF_P    ? "that does not allow it" : "that is not present";

	buf_printf(out, "%s a page %s, from %s mode", what, why, error & PF_U ? "user" : "supervisor");
}

/* SDM 3A 6.13, figure 6-7 */
static void selector_error_text(u32 error, struct buf *out)
{
	const char *table = error & 2 ? "the IDT" : error & 4 ? "the LDT" : "the GDT";

	if (!(error & ~1u))
		buf_printf(out, "no selector involved");
	else if (error & 2)
		buf_printf(out, "gate %u of %s", error >> 3 & 0x1fff, table);
	else
		buf_printf(out, "selector 0x%x in %s", error & 0xfffc, table);
	if (error & 1)
		buf_printf(out, ", while delivering an interrupt or an earlier exception");
}

void error_code_text(u8 vector, u32 error, struct buf *out)
{
	if (vector == VEC_PF)
		page_fault_text(error, out);
	else if (vector_has_error(vector) && vector != VEC_DF && vector != VEC_AC)
		selector_error_text(error, out);
}

void value_text(u64 value, int size, struct buf *out)
{
	buf_printf(out, "0x%0*llx", 2 * size, (unsigned long long)value);
	if (size == 1 && value > ' ' && value < 0x7f)
		buf_printf(out, " '%c'", (char)value);
	else if (size == 1 && value == '\n')
		buf_printf(out, " '\\n'");
	else if (size == 1 && value == ' ')
		buf_printf(out, " ' '");
}
