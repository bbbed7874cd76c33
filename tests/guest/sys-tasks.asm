; SPDX-License-Identifier: GPL-3.0-or-later
; sys-tasks.asm - hardware task switches: by CALL, JMP, IRET, interrupt and exception, 16 and 32 bits, and every way in
; which the new task can be wrong (SDM 3A 7.3).
; qemu: no, TCG reports some of the errors differently
%include "sys-pmode.inc"
	SYS_START

; The type byte of a task's descriptor: 89h available, 8Bh busy.
%define TYPE_OF(sel) byte [gdt + sel + 5]
%macro BYTE_IS 2
	movzx edi, %1
	SAME edi, %2
%endmacro

; --- CALL and IRET ---
	mov ebx, 0x12345678
	mov esi, 0x9abcdef0
	mov eax, DATA3
	mov gs, ax
	call dword TASK_B:0xdeadbeef
back_1:	mov eax, cr0
	and eax, 8
	SAME eax, 8				; CR0.TS was set
	clts
	SAME ebx, 0x12345678
	SAME esi, 0x9abcdef0
	SAME esp, STACK0
	mov eax, gs
	SAME eax, DATA3
	BYTE_IS TYPE_OF(TSS32), 0x8b
	BYTE_IS TYPE_OF(TASK_B), 0x89
	str ax
	movzx eax, ax
	SAME eax, TSS32
	SAME dword [tss + 0x20], AT(back_1)	; what was saved
	SAME dword [tss + 0x34], 0x12345678
	SAME dword [tss + 0x38], STACK0
	SAME dword [tss + 0x5c], DATA3
	SAME dword [tss_b + 0x20], AT(after_iret_b)
	mov eax, [tss_b + 0x24]
	and eax, 0x4000
	SAME eax, 0				; IRET clears NT in the flags it saves
	call dword TASK_B:0			; goes on after its IRET
	SAME dword [tss_b + 0x20], AT(after_iret_b_2)
	call dword TASK_GATE:0			; through a gate the same
	SAME dword [tss_b + 0x20], AT(after_iret_b_3)

; --- JMP: no nesting ---
	jmp dword TASK_J:0
back_from_j:
	BYTE_IS TYPE_OF(TSS32), 0x8b
	BYTE_IS TYPE_OF(TASK_J), 0x89
	pushf
	pop eax
	and eax, 0x4000
	SAME eax, 0

; --- a 16-bit task ---
	mov eax, 0xaaaa5555
	call dword TASK_16:0
	SAME eax, 0xaaaa5555
	BYTE_IS TYPE_OF(TASK_16), 0x81
	movzx eax, word [tss_16 + 0x12]		; it saved its AX
	SAME eax, 0x7777

; --- interrupts and exceptions through task gates ---
	mov dword [IDT + 0x30 * 8], TASK_I << 16
	mov dword [IDT + 0x30 * 8 + 4], 0x8500
	int 0x30
	SAME dword [seen_error], STACK1		; no error code on its stack
	mov ecx, [IDT + 11 * 8]
	mov edx, [IDT + 11 * 8 + 4]
	mov dword [IDT + 11 * 8], TASK_E << 16
	mov dword [IDT + 11 * 8 + 4], 0x8500
	mov eax, ABSENT
	mov fs, ax				; #NP: the task repairs the descriptor and returns
	mov eax, fs
	SAME eax, ABSENT
	SAME dword [seen_error], ABSENT
	mov eax, [tss + 0x24]
	and eax, 0x10000
	SAME eax, 0x10000			; RF is set in the flags saved for a fault

	mov [IDT + 11 * 8], ecx
	mov [IDT + 11 * 8 + 4], edx

; --- refused before anything happened ---
	RAISES 13, TSS32, call dword TSS32:0	; busy
	RAISES 13, TSS32, jmp dword GATE_BUSY:0
	RAISES 11, TASK_ABSENT, call dword TASK_ABSENT:0
	RAISES 10, TASK_SHORT, call dword TASK_SHORT:0
	RAISES 11, GATE_ABSENT, call dword GATE_ABSENT:0
	RAISES 13, 4, call dword GATE_LOCAL:0
	RAISES 13, 0, call dword GATE_NULL:0
	RAISES 13, gdt_end - gdt, call dword GATE_BEYOND:0
	RAISES 13, TASK_PRIVATE, call dword (TASK_PRIVATE | 3):0
	pushf
	or byte [esp + 1], 0x40
	popf					; NT: IRET takes the link
	mov word [tss], 0
	RAISES 10, 0, iret
	pushf
	or byte [esp + 1], 0x40
	popf
	mov word [tss], TASK_B
	RAISES 10, TASK_B, iret			; not busy, so it cannot be what we came from
	pushf
	or byte [esp + 1], 0x40
	popf
	mov word [tss], DATA0
	RAISES 10, DATA0, iret

; --- wrong in the new task: the exception is the new task's, so a task of its own handles #TS, #NP and #SS ---
	mov dword [IDT + 10 * 8], TASK_T << 16
	mov dword [IDT + 10 * 8 + 4], 0x8500
	mov dword [IDT + 11 * 8], TASK_T << 16
	mov dword [IDT + 11 * 8 + 4], 0x8500
	mov dword [IDT + 12 * 8], TASK_T << 16
	mov dword [IDT + 12 * 8 + 4], 0x8500
	mov dword [IDT + 13 * 8], TASK_T << 16
	mov dword [IDT + 13 * 8 + 4], 0x8500
%macro WRONG 3				; field, value, error code
	mov eax, [tss_x + %1]
	mov [kept], eax
	mov dword [tss_x + %1], %2
	mov dword [seen_error], -1
	mov dword [resume], %%after
	call dword TASK_X:0
%%after:
	mov eax, [kept]
	mov [tss_x + %1], eax
	SAME dword [seen_error], %3
	SAME dword [seen_link], TASK_X
	SAME dword [seen_eip], AT(task_x)	; no instruction of it was executed
%endmacro
LDTR	equ 0x60
CS_	equ 0x4c
SS_	equ 0x50
DS_	equ 0x54
ES_	equ 0x48
	WRONG LDTR, DATA0, DATA0
	WRONG LDTR, 4, 4
	WRONG LDTR, LDT_ABSENT, LDT_ABSENT
	WRONG LDTR, gdt_end - gdt, gdt_end - gdt
	WRONG CS_, 0, 0
	WRONG CS_, DATA0, DATA0
	WRONG CS_, CODE3 & ~3, CODE3 & ~3
	WRONG CS_, CODE_ABSENT, CODE_ABSENT
	WRONG SS_, 0, 0
	WRONG SS_, CODE0, CODE0
	WRONG SS_, DATA3, DATA3 & ~3
	WRONG SS_, STACK_ABSENT, STACK_ABSENT
	WRONG DS_, DATA0 | 3, DATA0
	WRONG DS_, TSS32, TSS32
	WRONG ES_, gdt_end - gdt, gdt_end - gdt
	WRONG ES_, STACK_ABSENT, STACK_ABSENT

; --- the T bit: a debug trap before the new task's first instruction ---
	mov word [tss_b + 0x64], 1
	mov dword [tss_b + 0x20], AT(never)
	mov dword [tss_b + 0x38], STACK1
	xor eax, eax
	mov dr6, eax
	RAISES 1, 0, call dword TASK_B:0
	SAME dword [got_eip], AT(never)
	mov eax, dr6
	and eax, 0x8000
	SAME eax, 0x8000
	jmp pass

never:	hlt

; --- the other tasks ---
task_b:	str ax
	movzx eax, ax
	SAME eax, TASK_B
	SAME ecx, 0x0c0c0c0c
	SAME edx, 0x0d0d0d0d
	SAME esp, STACK1
	movzx edi, word [tss_b]
	SAME edi, TSS32				; the link
	pushf
	pop edi
	and edi, 0x4000
	SAME edi, 0x4000			; NT
	BYTE_IS TYPE_OF(TSS32), 0x8b		; both are busy
	BYTE_IS TYPE_OF(TASK_B), 0x8b
	sldt di
	movzx edi, di
	SAME edi, LDT
	iret
after_iret_b:
	iret
after_iret_b_2:
	iret
after_iret_b_3:
	hlt

task_j:	BYTE_IS TYPE_OF(TSS32), 0x89
	BYTE_IS TYPE_OF(TASK_J), 0x8b
	pushf
	pop edi
	and edi, 0x4000
	SAME edi, 0
	jmp dword TSS32:0

	bits 16
task_16:
	mov ax, 0x7777
	iret
	bits 32

task_i:	mov [seen_error], esp
	iret

task_e:	pop eax
	mov [seen_error], eax
	mov byte [gdt + ABSENT + 5], 0x92
	iret

; Handles what is wrong with task X: notes the error code and who was interrupted, then throws the chain away.
task_t:	pop eax
	mov [seen_error], eax
	movzx eax, word [tss_t]
	mov [seen_link], eax
	mov eax, [tss_x + 0x20]
	mov [seen_eip], eax
	mov byte [gdt + TSS32 + 5], 0x89
	mov byte [gdt + TASK_X + 5], 0x89
	mov eax, [resume]
	mov [tss + 0x20], eax
	jmp dword TSS32:0
	jmp task_t

task_x:	hlt

kept:		dd 0
seen_error:	dd 0
seen_link:	dd 0
seen_eip:	dd 0

; TASK_STATE entry, stack pointer: a 32-bit TSS for ring 0
%macro TASK_STATE 2
	dd 0
	dd %2, DATA0
	times 4 dd 0
	dd 0				; CR3
	dd AT(%1), 2, 0x0a0a0a0a, 0x0c0c0c0c, 0x0d0d0d0d, 0x0b0b0b0b, %2, 0, 0, 0
	dd DATA0, CODE0, DATA0, DATA0, 0, 0
	dd LDT
	dw 0, 104
%endmacro
	align 16
tss_b:	TASK_STATE task_b, STACK1
tss_j:	TASK_STATE task_j, STACK1
tss_i:	TASK_STATE task_i, STACK1
tss_e:	TASK_STATE task_e, STACK1
tss_t:	TASK_STATE task_t, STACK1
tss_x:	TASK_STATE task_x, STACK3
tss_16:	dw 0, STACK1, DATA0, 0, 0, 0, 0
	dw AT(task_16), 2, 1, 2, 3, 4, STACK1, 6, 7, 8
	dw DATA0, CODE16, DATA0, DATA0, 0

	SYS_GDT
TASK_B	equ $ - gdt
	DESC AT(tss_b), 103, 0x89, 0
TASK_J	equ $ - gdt
	DESC AT(tss_j), 103, 0x89, 0
TASK_I	equ $ - gdt
	DESC AT(tss_i), 103, 0x89, 0
TASK_E	equ $ - gdt
	DESC AT(tss_e), 103, 0x89, 0
TASK_T	equ $ - gdt
	DESC AT(tss_t), 103, 0x89, 0
TASK_X	equ $ - gdt
	DESC AT(tss_x), 103, 0x89, 0
TASK_16	equ $ - gdt
	DESC AT(tss_16), 43, 0x81, 0
TASK_ABSENT equ $ - gdt
	DESC AT(tss_b), 103, 0x09, 0
TASK_SHORT equ $ - gdt
	DESC AT(tss_b), 102, 0x89, 0
TASK_PRIVATE equ $ - gdt
	DESC AT(tss_b), 103, 0x89, 0
TASK_GATE equ $ - gdt
	GATE TASK_B, 0, 0x85, 0
GATE_BUSY equ $ - gdt
	GATE TSS32, 0, 0x85, 0
GATE_ABSENT equ $ - gdt
	GATE TASK_B, 0, 0x05, 0
GATE_LOCAL equ $ - gdt
	GATE 4, 0, 0x85, 0
GATE_NULL equ $ - gdt
	GATE 0, 0, 0x85, 0
GATE_BEYOND equ $ - gdt
	GATE gdt_end - gdt, 0, 0x85, 0
CODE16	equ $ - gdt
	DESC 0, 0xffff, 0x9a, 0
ABSENT	equ $ - gdt
	DESC 0, 0xfffff, 0x12, 0xc0
CODE_ABSENT equ $ - gdt
	DESC 0, 0xfffff, 0x1a, 0xc0
STACK_ABSENT equ $ - gdt
	DESC 0, 0xfffff, 0x12, 0xc0
LDT	equ $ - gdt
	DESC 0, 23, 0x82, 0
LDT_ABSENT equ $ - gdt
	DESC 0, 23, 0x02, 0
gdt_end:
	SYS_TSS
