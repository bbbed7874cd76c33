; SPDX-License-Identifier: GPL-3.0-or-later
; sys-long.asm - what is different in IA-32e mode: canonical addresses, the frame of an interrupt, IST, 64-bit gates,
; compatibility mode, SYSCALL and SYSENTER, control registers (SDM 3A 5.8, 6.14, 9.8.5).
; qemu: no, TCG does not check all that is checked here
%include "sys-long.inc"
	SYS_START
HOLE	equ 0x0000800000000000		; the first address that is not canonical

; --- canonical addresses ---
	mov rbx, HOLE
	RAISES 13, 0, mov rax, [rbx]
	RAISES 13, 0, mov rax, [rbx - 4]		; half inside
	RAISES 14, 0, mov rax, [rbx - 8]		; canonical, but not mapped
	mov rax, HOLE - 8
	SAME rax, [got_cr2]
	RAISES 13, 0, jmp rbx
	SAME rsp, STACK0
	RAISES 13, 0, call rbx
	mov byte [IDT + 12 * 16 + 4], 1		; the handler needs a stack of its own: IST
	mov rsp, HOLE
	RAISES 12, 0, mov rax, [rsp]
	mov rsp, HOLE + 8
	RAISES 12, 0, push rax
	mov rsp, HOLE
	RAISES 12, 0, pop rax
	mov byte [IDT + 12 * 16 + 4], 0

; --- the frame: always SS:RSP, aligned to 16 bytes ---
	mov rsp, STACK0 - 3
	RAISES 6, 0, ud2
	SAME qword [got_outer_rsp], STACK0 - 3
	SAME qword [got_outer_ss], DATA0
	SAME qword [got_rsp], STACK0 - 16 - 40 - 16	; the catcher pushed two more
	mov byte [IDT + 6 * 16 + 4], 1
	RAISES 6, 0, ud2
	SAME qword [got_rsp], IST1 - 8 - 40 - 16
	SAME qword [got_outer_rsp], STACK0
	mov byte [IDT + 6 * 16 + 4], 0

; --- segments: no limits, hardly any types ---
	xor eax, eax
	FINE mov ds, ax
	FINE mov rax, [0x7000]
	FINE mov ss, ax				; ring 0 runs with a null SS
	FINE push rax
	mov eax, 3
	RAISES 13, 0, mov ss, ax
	mov eax, READ_ONLY
	mov ds, ax
	FINE mov [scratch], eax
	mov eax, SMALL
	mov fs, ax
	FINE mov eax, [fs:0x5000]			; base 1000h, limit FFFh
	mov eax, DATA0
	mov ds, ax
	mov ecx, 0xc0000100			; FS.base was loaded with the segment
	rdmsr
	SAME rax, 0x1000

; --- far transfers ---
%macro FAR 3			; selector, vector, error: by JMP and CALL through memory
	mov dword [pointer + 4], %1
	RAISES %2, %3, jmp dword far [pointer]
	RAISES %2, %3, call dword far [pointer]
%endmacro
	mov dword [pointer], 0x8000
	FAR 0, 13, 0
	FAR CODE_LD, 13, CODE_LD			; L and D together
	FAR TSS64, 13, TSS64			; no task switches
	FAR CODE3, 13, CODE3 & ~3
	FAR GATE_TO_32, 13, CODE0_32		; gates lead to 64-bit code
	FAR GATE_BAD, 13, GATE_BAD			; type bits in the second half
	FAR TASK_GATE, 13, TASK_GATE
	mov dword [pointer + 4], GATE_SAME
	call dword far [pointer]
	SAME rsp, STACK0
	mov rax, HOLE
	mov [pointer_64], rax
	RAISES 13, 0, jmp qword far [pointer_64]
	TO_RING_3
	mov dword [pointer + 4], GATE_IN | 3
	call dword far [pointer]			; to ring 0 and back
	SAME rbx, CODE0
	SAME rsp, STACK3
	mov rax, ss
	SAME rax, DATA3
	RAISES 13, 0, hlt
	SAME qword [got_outer_rsp], STACK3
	SAME qword [got_cs], CODE3

; --- IRETQ ---
%macro IRET 5			; SS, RSP, CS, vector, error
	push qword %1
	mov rax, %2
	push rax
	push qword 2
	push qword %3
	push qword %%there
	RAISES %4, %5, iretq
%%there:
%endmacro
	push qword 0
	push qword STACK0 - 64
	push qword 2
	push qword CODE0
	push qword .same
	iretq
.same:	SAME rsp, STACK0 - 64			; popped even when the ring stays
	mov rax, ss
	SAME rax, 0
	mov rsp, STACK0
	IRET 0, STACK3, CODE3, 13, 0		; ring 3 needs a stack segment
	IRET DATA0, STACK3, CODE3, 13, DATA0
	IRET DATA3, STACK3, DATA3, 13, DATA3 & ~3
	IRET DATA3, STACK3, CODE_LD, 13, CODE_LD
	push qword DATA3
	push qword STACK3
	push qword 2
	push qword CODE3
	mov rax, HOLE
	push rax
	RAISES 13, 0, iretq
	push qword DATA0
	push qword STACK0
	push qword 2
	push qword CODE0
	push qword 0x8000
	pushf
	or dword [rsp], 0x4000
	popf
	RAISES 13, 0, iretq				; no nested tasks

; --- compatibility mode ---
	push qword DATA3
	push qword STACK3
	push qword 2
	push qword CODE3_32
	push qword compatible
	iretq
	bits 32
compatible:
	mov eax, 0x12345678
	dec eax					; 48h is REX in 64-bit mode
	mov ecx, DATA3
	mov ds, ecx
	mov [scratch], eax
	mov dword [got_vector], 0xff
	mov dword [resume], .after
	call dword (GATE_IN | 3):0			; from compatibility mode into 64-bit code
	hlt
	bits 64
.after:	SAME rbx, CODE0
	SAME qword [got_vector], 13
	SAME qword [got_cs], CODE3_32
	SAME qword [got_outer_rsp], STACK3
	SAME qword [scratch], 0x12345677

; --- SYSCALL, SYSRET ---
	RAISES 6, 0, syscall			; EFER.SCE is clear
	mov ecx, 0xc0000080
	rdmsr
	or al, 1
	wrmsr
	mov ecx, 0xc0000081			; STAR
	xor eax, eax
	mov edx, CODE0 | ((CODE3_32 & ~3) << 16)
	wrmsr
	mov ecx, 0xc0000082			; LSTAR
	mov eax, kernel
	xor edx, edx
	wrmsr
	mov ecx, 0xc0000084			; SFMASK
	mov eax, 0x400
	wrmsr
	TO_RING_3
	std
	syscall
after_syscall:
	pushf
	pop rax
	and eax, 0x400
	SAME rax, 0x400				; DF is back
	mov rax, cs
	SAME rax, CODE3
	mov rax, ss
	SAME rax, DATA3
	cld
	SAME rbx, after_syscall
	SAME r12, CODE0
	SAME r13, DATA0
	SAME r14, 0				; the mask cleared DF
	RAISES 13, 0, o64 sysret			; ring 0 only
	mov rcx, HOLE
	RAISES 13, 0, o64 sysret

; --- SYSENTER, SYSEXIT ---
	RAISES 13, 0, sysenter			; SYSENTER_CS is 0
	mov ecx, 0x174
	mov eax, CODE0
	xor edx, edx
	wrmsr
	mov ecx, 0x175
	mov eax, STACK0 - 256
	wrmsr
	mov ecx, 0x176
	mov eax, fast_kernel
	wrmsr
	TO_RING_3
	sysenter
fast_kernel:
	SAME rsp, STACK0 - 256
	mov rax, cs
	SAME rax, CODE0
	mov rax, ss
	SAME rax, DATA0
	mov rsp, STACK0

; --- bases ---
	RAISES 6, 0, rdfsbase rax			; CR4.FSGSBASE is clear
	mov ecx, 0xc0000101
	mov eax, 0x2000
	xor edx, edx
	wrmsr
	mov ecx, 0xc0000102
	mov eax, 0x3000
	wrmsr
	swapgs
	mov ecx, 0xc0000101
	rdmsr
	SAME rax, 0x3000
	mov ecx, 0xc0000102
	rdmsr
	SAME rax, 0x2000
	mov edx, HOLE >> 32
	RAISES 13, 0, wrmsr
	mov ecx, 0xc0000100
	RAISES 13, 0, wrmsr
	mov ecx, 0xc0000082
	RAISES 13, 0, wrmsr

; --- control registers ---
	mov rax, cr0
	btr rax, 31
	RAISES 13, 0, mov cr0, rax			; not from 64-bit code
	mov rax, cr0
	bts rax, 32
	RAISES 13, 0, mov cr0, rax
	mov rax, cr0
	and eax, ~0x60000000
	or eax, 0x20000000
	RAISES 13, 0, mov cr0, rax			; NW without CD
	mov rax, cr4
	and eax, ~0x20
	RAISES 13, 0, mov cr4, rax			; PAE stays
	mov rax, cr4
	bts rax, 31
	RAISES 13, 0, mov cr4, rax			; reserved
	mov rax, cr3
	bts rax, 62
	RAISES 13, 0, mov cr3, rax
	mov eax, 16
	RAISES 13, 0, mov cr8, rax
	mov eax, 15
	FINE mov cr8, rax
	mov rcx, cr8
	SAME rcx, 15
	xor eax, eax
	mov cr8, rax
	mov ecx, 0xc0000080
	rdmsr
	and eax, ~0x100
	RAISES 13, 0, wrmsr			; LME is fixed while paging is on
	rdmsr
	and eax, ~0x400
	FINE wrmsr					; LMA is read-only
	mov ecx, 0xc0000080
	rdmsr
	and eax, 0x500
	SAME rax, 0x500
	rdmsr
	or eax, 0x80000000
	RAISES 13, 0, wrmsr
	mov rcx, 1 << 32
	RAISES 13, 0, mov dr7, rcx
	RAISES 13, 0, mov dr6, rcx
	FINE mov dr0, rcx
	mov rax, dr0
	SAME rax, rcx
	xor eax, eax
	mov dr0, rax
	mov rax, cr4
	or eax, 8
	mov cr4, rax
	RAISES 6, 0, mov dr4, rax			; CR4.DE
	mov eax, 0x2400
	mov dr7, rax
	RAISES 1, 0, mov rax, dr0			; DR7.GD
	mov rax, dr6
	and eax, 0x2000
	SAME rax, 0x2000
	mov rax, dr7
	SAME rax, 0x400				; and GD is clear for the handler

; --- system descriptors have 16 bytes ---
	str eax
	SAME rax, TSS64
	mov eax, LDT
	FINE lldt ax
	mov eax, LDT_BAD
	RAISES 13, LDT_BAD, lldt ax
	mov eax, LAST
	RAISES 13, LAST, lldt ax			; only eight bytes left in the table
	mov ecx, 0x55
	mov eax, TASK_GATE
	lar ecx, eax
	setz al
	movzx eax, al
	SAME rax, 0
	mov eax, TSS64
	lar ecx, eax
	SAME rcx, 0x8b00
	sgdt [scratch]
	movzx eax, word [scratch]
	SAME rax, gdt_end - gdt - 1
	SAME qword [scratch + 2], gdt
	jmp pass

kernel:	mov rbx, rcx
	mov r12, cs
	mov r13, ss
	pushf
	pop r14
	and r14d, 0x400
	o64 sysret
gate_routine:
	retfq
gate_routine_in:
	mov rbx, cs
	SAME rsp, STACK0 - 32
	SAME qword [rsp + 24], DATA3
	mov rax, ss
	SAME rax, 0
	retfq

	align 8
scratch:	times 3 dq 0
pointer:	dd 0, 0
pointer_64:	dq 0
		dw CODE0

	SYS_GDT
READ_ONLY equ $ - gdt
	DESC 0, 0xfffff, 0x90, 0xc0
SMALL	equ $ - gdt
	DESC 0x1000, 0xfff, 0x92, 0x40
CODE_LD	equ $ - gdt
	DESC 0, 0xfffff, 0x9a, 0xe0
CODE0_32 equ $ - gdt
	DESC 0, 0xfffff, 0x9a, 0xc0
GATE_SAME equ $ - gdt
	GATE CODE0, AT(gate_routine), 0x8c
GATE_IN	equ $ - gdt
	GATE CODE0, AT(gate_routine_in), 0xec
GATE_TO_32 equ $ - gdt
	GATE CODE0_32, AT(gate_routine), 0x8c
GATE_BAD equ $ - gdt
	dw AT(gate_routine), CODE0, 0x8c00, 0
	dq 0x00000c0000000000
TASK_GATE equ $ - gdt
	GATE TSS64, 0, 0x85
LDT	equ $ - gdt
	DESC 0, 23, 0x82, 0
	dq 0
LDT_BAD	equ $ - gdt
	DESC 0, 23, 0x82, 0
	dq 0x00000f0000000000
LAST	equ $ - gdt
	DESC 0, 23, 0x82, 0
gdt_end:
	SYS_TSS
