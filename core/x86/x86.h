/* SPDX-License-Identifier: GPL-3.0-or-later
 * x86.h - the architecture's registers, bits and vectors by their manual names.
 * Rule: facts only (Intel SDM volume 3A unless noted); no behaviour, nothing of ours.
 */
#ifndef VITRINE_CORE_X86_X86_H
#define VITRINE_CORE_X86_X86_H

#include "core/base/types.h"

/* General registers, in encoding order (SDM 2A 2.1.5) */
enum x86_gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, X86_GPRS };

/* Segment registers in encoding order (SDM 2A table B-8), then the two system segments. */
enum x86_seg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, X86_SEGS };

/* EFLAGS (SDM 1 3.4.3) */
enum {
	FLAG_CF = 1 << 0, FLAG_1 = 1 << 1, FLAG_PF = 1 << 2, FLAG_AF = 1 << 4, FLAG_ZF = 1 << 6, FLAG_SF = 1 << 7,
	FLAG_TF = 1 << 8, FLAG_IF = 1 << 9, FLAG_DF = 1 << 10, FLAG_OF = 1 << 11, FLAG_IOPL = 3 << 12,
	FLAG_NT = 1 << 14, FLAG_RF = 1 << 16, FLAG_VM = 1 << 17, FLAG_AC = 1 << 18, FLAG_VIF = 1 << 19,
	FLAG_VIP = 1 << 20, FLAG_ID = 1 << 21,
	FLAGS_ARITH = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF,
};
#define FLAG_IOPL_SHIFT 12

/* CR0 (SDM 3A 2.5) */
#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_EM (1u << 2)
#define CR0_TS (1u << 3)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_AM (1u << 18)
#define CR0_NW (1u << 29)
#define CR0_CD (1u << 30)
#define CR0_PG (1u << 31)

/* CR3 and CR4 (SDM 3A 2.5, 4.10.4.1) */
#define CR3_NOFLUSH (1ull << 63)
#define CR3_PCID 0xfffull
#define CR4_VME (1u << 0)
#define CR4_PVI (1u << 1)
#define CR4_TSD (1u << 2)
#define CR4_DE (1u << 3)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define CR4_MCE (1u << 6)
#define CR4_PGE (1u << 7)
#define CR4_PCE (1u << 8)
#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_UMIP (1u << 11)
#define CR4_LA57 (1u << 12)
#define CR4_VMXE (1u << 13)
#define CR4_FSGSBASE (1u << 16)
#define CR4_PCIDE (1u << 17)
#define CR4_OSXSAVE (1u << 18)
#define CR4_SMEP (1u << 20)
#define CR4_SMAP (1u << 21)

/* IA32_EFER (SDM 3A 2.2.1) */
#define EFER_SCE (1u << 0)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define EFER_NXE (1u << 11)

/* The x87's control and status words (SDM 1 8.1.3, 8.1.5); the exceptions' bits 0 to 5 are those of MXCSR */
enum {
	FCW_RESET = 0x40, FCW_INIT = 0x37f, FCW_MASKS = 0x3f, FCW_PC_SHIFT = 8, FCW_RC_SHIFT = 10,
	FSW_SF = 1 << 6, FSW_ES = 1 << 7, FSW_C0 = 1 << 8, FSW_C1 = 1 << 9, FSW_C2 = 1 << 10, FSW_TOP = 7 << 11,
	FSW_C3 = 1 << 14, FSW_B = 1 << 15, FSW_TOP_SHIFT = 11,
};

/* DR6, DR7 (SDM 3B 17.2) */
#define DR6_FIXED 0xffff0ff0u
#define DR6_BD (1u << 13)
#define DR6_BS (1u << 14)
#define DR6_BT (1u << 15)
#define DR7_FIXED 0x400u
#define DR7_GD (1u << 13)

/* Segment attributes in the VMCS layout (SDM 3C table 24-2) */
#define SEG_TYPE 0xfu
#define SEG_ACCESSED 0x1u
#define SEG_RW 0x2u  /* data: writable; code: readable */
#define SEG_EXPAND_DOWN 0x4u /* data */
#define SEG_CONFORMING 0x4u  /* code */
#define SEG_CODE 0x8u
#define SEG_S (1u << 4) /* 1 = code or data, 0 = system */
#define SEG_DPL_SHIFT 5
#define SEG_P (1u << 7)
#define SEG_AVL (1u << 12)
#define SEG_L (1u << 13)
#define SEG_DB (1u << 14)
#define SEG_G (1u << 15)
#define SEG_UNUSABLE (1u << 16)

/* System descriptor types (SDM 3A table 3-2) */
enum { SYS_TSS16 = 1, SYS_LDT = 2, SYS_TSS16_BUSY = 3, SYS_CALL16 = 4, SYS_TASK_GATE = 5, SYS_INT16 = 6, SYS_TRAP16 = 7,
       SYS_TSS32 = 9, SYS_TSS32_BUSY = 11, SYS_CALL32 = 12, SYS_INT32 = 14, SYS_TRAP32 = 15 };

/* Exceptions and interrupts (SDM 3A table 6-1) */
enum { VEC_DE, VEC_DB, VEC_NMI, VEC_BP, VEC_OF, VEC_BR, VEC_UD, VEC_NM, VEC_DF, VEC_TS = 10, VEC_NP, VEC_SS, VEC_GP, VEC_PF,
       VEC_MF = 16, VEC_AC, VEC_MC, VEC_XM, VEC_VE };

/* #PF error code (SDM 3A 4.7) */
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16 };

/* Page-table entry bits (SDM 3A table 4-19) */
#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_PS (1ull << 7)
#define PTE_G (1ull << 8)
#define PTE_NX (1ull << 63)
#define PAGE_SIZE_4K 4096u
#define PAGE_MASK_4K 4095u

/* VM-exit and VM-entry interruption information (SDM 3C 24.8.3, 24.9.2) */
enum { INTR_TYPE_EXT = 0, INTR_TYPE_NMI = 2, INTR_TYPE_HARD_EXC = 3, INTR_TYPE_SOFT_INT = 4, INTR_TYPE_PRIV_SOFT_EXC = 5,
       INTR_TYPE_SOFT_EXC = 6 };
#define INTR_VALID (1u << 31)
#define INTR_HAS_ERROR (1u << 11)
static inline u32 intr_info(u32 type, u32 vector, bool has_error)
{
	return INTR_VALID | type << 8 | vector | (has_error ? INTR_HAS_ERROR : 0);
}
static inline u32 intr_type(u32 info) { return info >> 8 & 7; }
static inline u32 intr_vector(u32 info) { return info & 0xff; }

/* Model-specific registers (SDM 4) */
enum {
	MSR_TSC = 0x10, MSR_PLATFORM_ID = 0x17, MSR_APIC_BASE = 0x1b, MSR_FEATURE_CONTROL = 0x3a, MSR_TSC_ADJUST = 0x3b,
	MSR_BIOS_SIGN_ID = 0x8b, MSR_MTRRCAP = 0xfe, MSR_MCG_CAP = 0x179, MSR_MCG_STATUS = 0x17a, MSR_SYSENTER_CS = 0x174, MSR_SYSENTER_ESP = 0x175,
	MSR_SYSENTER_EIP = 0x176, MSR_MISC_ENABLE = 0x1a0, MSR_DEBUGCTL = 0x1d9, MSR_MTRR_PHYS_BASE0 = 0x200,
	MSR_MTRR_FIX64K = 0x250, MSR_MTRR_FIX16K_0 = 0x258, MSR_MTRR_FIX16K_1 = 0x259, MSR_MTRR_FIX4K_0 = 0x268,
	MSR_PAT = 0x277, MSR_MTRR_DEF_TYPE = 0x2ff,
};
#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_CSTAR 0xc0000083u
#define MSR_SFMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX 0xc0000103u

#endif
