/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest-code.h - the instruction at an address of the guest, as text.
 * Rule: looking never changes the guest: no accessed bits, no faults, no device is read.
 */
#ifndef VITRINE_DEBUGGER_GUEST_CODE_H
#define VITRINE_DEBUGGER_GUEST_CODE_H

#include "core/vcpu.h"

enum { CODE_BYTES = 15, CODE_TEXT = 112 };

struct code_line {
	u16 cs;
	u64 rip;
	u64 icount;
	u8 bytes[CODE_BYTES];
	int len;              /* 0: the bytes cannot be seen */
	char text[CODE_TEXT]; /* the instruction, or why it cannot be shown */
};

/* What stands at rip in the code segment and paging of `s`. */
void code_line_read(struct vcpu *v, const struct x86_state *s, u64 rip, struct code_line *line);
/* The linear address of this offset in the code segment. */
u64 code_linear(const struct x86_state *s, u64 rip);
/* The linear address that the instruction at rip would access: its memory operand, or the top of the stack for PUSH,
 * POP, CALL and RET.  False: it accesses none. */
bool code_operand(struct vcpu *v, const struct x86_state *s, u64 rip, u64 *gla);
/* Where the linear address lies under the paging of `s`, A20 applied.  False: nowhere. */
bool guest_translate(struct vcpu *v, const struct x86_state *s, u64 gla, u64 *gpa);
/* "0008:00100012  b8 01 00 00 00        mov eax, 0x1" */
void code_line_text(const struct code_line *line, struct buf *out);
/* "0008:00100012", with as many digits as the address needs. */
void code_address_text(u16 cs, u64 rip, struct buf *out);

#endif
