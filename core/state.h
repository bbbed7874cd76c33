/* SPDX-License-Identifier: GPL-3.0-or-later
 * state.h - the architectural state of one vCPU, as a list (see field.h).
 * Rule: this is the whole of it; both engines get and set it by groups, nothing else survives a snapshot.
 * Reset values are those after power-up (SDM 3A table 9-1).
 */
#ifndef VITRINE_CORE_STATE_H
#define VITRINE_CORE_STATE_H

#include "core/base/err.h"
#include "core/field.h"
#include "core/x86/x86.h"

#define X86_GPR_STATE(F, S) \
	F(S, u64, gpr, X86_GPRS, 0, HEX, "general registers rax rcx rdx rbx rsp rbp rsi rdi r8..r15") \
	F(S, u64, rip, 1, 0xfff0, HEX, "instruction pointer") \
	F(S, u64, rflags, 1, 2, BITS, "flags")
#define X86_SEG_STATE(F, S) \
	F(S, u64, seg_base, X86_SEGS, 0, HEX, "bases of es cs ss ds fs gs ldtr tr") \
	F(S, u32, seg_limit, X86_SEGS, 0xffff, HEX, "limits in bytes, granularity applied") \
	F(S, u32, seg_attr, X86_SEGS, 0x93, BITS, "attributes in the VMCS layout, bit 16 = unusable") \
	F(S, u16, seg_sel, X86_SEGS, 0, HEX, "selectors") \
	F(S, u16, gdtr_limit, 1, 0xffff, HEX, "GDT limit") \
	F(S, u16, idtr_limit, 1, 0xffff, HEX, "IDT limit") \
	F(S, u64, gdtr_base, 1, 0, HEX, "GDT base") \
	F(S, u64, idtr_base, 1, 0, HEX, "IDT base")
#define X86_CTRL_STATE(F, S) \
	F(S, u64, cr0, 1, 0x60000010, BITS, "control register 0") \
	F(S, u64, cr2, 1, 0, HEX, "page-fault linear address") \
	F(S, u64, cr3, 1, 0, HEX, "page-table base") \
	F(S, u64, cr4, 1, 0, BITS, "control register 4") \
	F(S, u64, cr8, 1, 0, HEX, "task priority") \
	F(S, u64, xcr0, 1, 1, BITS, "extended state enabled") \
	F(S, u64, efer, 1, 0, BITS, "extended feature enable register") \
	F(S, u64, dr, 8, 0, HEX, "debug registers; 4 and 5 unused") \
	F(S, u64, pdpte, 4, 0, HEX, "PAE page-directory pointers, loaded with CR3")
#define X86_MSR_STATE(F, S) \
	F(S, u64, star, 1, 0, HEX, "SYSCALL selectors") \
	F(S, u64, lstar, 1, 0, HEX, "SYSCALL target, 64-bit") \
	F(S, u64, cstar, 1, 0, HEX, "SYSCALL target, compatibility mode") \
	F(S, u64, sfmask, 1, 0, HEX, "SYSCALL flag mask") \
	F(S, u64, kernel_gs_base, 1, 0, HEX, "swapped by SWAPGS") \
	F(S, u64, sysenter_cs, 1, 0, HEX, "SYSENTER code selector") \
	F(S, u64, sysenter_esp, 1, 0, HEX, "SYSENTER stack pointer") \
	F(S, u64, sysenter_eip, 1, 0, HEX, "SYSENTER target") \
	F(S, u64, pat, 1, 0x0007040600070406, HEX, "page attribute table") \
	F(S, u64, tsc_offset, 1, 0, HEX, "time-stamp counter minus virtual time in ns") \
	F(S, u64, tsc_aux, 1, 0, HEX, "processor number for RDTSCP") \
	F(S, u64, misc_enable, 1, 1, HEX, "IA32_MISC_ENABLE") \
	F(S, u64, debugctl, 1, 0, HEX, "IA32_DEBUGCTL") \
	F(S, u64, mtrr_def_type, 1, 0, HEX, "MTRR enable and default type") \
	F(S, u64, mtrr_phys, 16, 0, HEX, "variable MTRRs, base and mask in turn") \
	F(S, u64, mtrr_fix, 11, 0, HEX, "fixed MTRRs: 64K, 2 of 16K, 8 of 4K")
#define X86_FPU_STATE(F, S) \
	F(S, u64, fpr, 8, 0, HEX, "significands of the x87 registers R0 to R7; the MMX registers") \
	F(S, u16, fpr_exp, 8, 0, HEX, "their signs and exponents") \
	F(S, u16, fcw, 1, 0x40, BITS, "x87 control word") \
	F(S, u16, fsw, 1, 0, BITS, "x87 status word, TOP included") \
	F(S, u8, ftw, 1, 0xff, BITS, "x87 tags: a bit per register R0 to R7, 1 = not empty") \
	F(S, u16, fop, 1, 0, HEX, "opcode of the last x87 instruction, 11 bits") \
	F(S, u16, fcs, 1, 0, HEX, "its code segment") \
	F(S, u16, fds, 1, 0, HEX, "its operand's segment") \
	F(S, u64, fip, 1, 0, HEX, "its instruction pointer") \
	F(S, u64, fdp, 1, 0, HEX, "its operand's offset") \
	F(S, u64, xmm, 32, 0, HEX, "XMM0 to XMM15, low half then high half") \
	F(S, u32, mxcsr, 1, 0x1f80, BITS, "SSE control and status")
#define X86_PENDING_STATE(F, S) \
	F(S, u64, icount, 1, 0, DEC, "instructions retired") \
	F(S, u32, inject_info, 1, 0, HEX, "event to deliver before the next instruction (VM-entry interruption information)") \
	F(S, u32, inject_error, 1, 0, HEX, "its error code") \
	F(S, u8, inject_len, 1, 0, DEC, "its instruction length, for software interrupts") \
	F(S, u8, activity, 1, 0, DEC, "0 active, 1 halted, 2 shut down, 3 waiting for SIPI") \
	F(S, u8, shadow, 1, 0, BITS, "interrupts held off for one instruction: 1 by STI, 2 by MOV SS") \
	F(S, u8, nmi_blocked, 1, 0, BOOL, "an NMI handler is running") \
	F(S, u64, pending_db, 1, 0, BITS, "debug exceptions to be taken before the next instruction, in DR6's bits")

enum state_group { ST_GPR = 1, ST_SEG = 2, ST_CTRL = 4, ST_MSR = 8, ST_FPU = 16, ST_PENDING = 32, ST_ALL = 63 };
enum activity { ACT_ACTIVE, ACT_HALTED, ACT_SHUTDOWN, ACT_WAIT_SIPI };
enum { SHADOW_STI = 1, SHADOW_MOV_SS = 2 };

#define X86_STATE(F, S) X86_GPR_STATE(F, S) X86_SEG_STATE(F, S) X86_CTRL_STATE(F, S) X86_MSR_STATE(F, S) \
	X86_FPU_STATE(F, S) X86_PENDING_STATE(F, S)
STATE(x86_state, 1, X86_STATE);

/* Power-up state (SDM 3A 9.1.1): the list's reset values and what differs per element (CS, LDTR, TR, EDX, DR6/7). */
void x86_state_reset(struct x86_state *s, u32 cpu_signature);
/* Is it one that a processor can be in (the checks of VM entry that engines rely on, SDM 3C 26.3.1)?  0 or -EINVAL. */
int x86_state_check(const struct x86_state *s, struct err *err);
/* The group a field belongs to, by its index in the layout. */
enum state_group x86_state_group(u32 field_index);
/* Copy these groups (enum state_group); the rest of *to stays. */
void x86_state_copy(struct x86_state *to, const struct x86_state *from, u32 groups);
/* "rax", "eax", "al"? no: full registers by their 64-bit names, plus rip, rflags, cr0.., es..: NULL if unknown. */
bool x86_state_get_by_name(const struct x86_state *s, const char *name, u64 *value);
extern const char *const x86_gpr_names[X86_GPRS]; /* "rax"... */
extern const char *const x86_seg_names[X86_SEGS]; /* "es", "cs"... "ldtr", "tr" */

#endif
