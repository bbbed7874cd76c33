; SPDX-License-Identifier: GPL-3.0-or-later
; sys-gates.asm - far jumps, calls and returns between rings, call gates, interrupts from ring 3 (SDM 3A 5.8, 6.12).
; qemu: no, TCG does not check all that is checked here
%include "sys-pmode.inc"
	SYS_START

; --- direct far jumps and calls ---
%macro FAR_JUMP 2			; selector, error: refused with #GP
	RAISES 13, %2, jmp dword %1:0x8000
	RAISES 13, %2, call dword %1:0x8000
%endmacro
	FAR_JUMP 0, 0
	FAR_JUMP 3, 0
	FAR_JUMP DATA0, DATA0
	FAR_JUMP gdt_end - gdt, gdt_end - gdt
	FAR_JUMP CODE3, CODE3 & ~3		; outward is for returns only
	FAR_JUMP CODE0 | 3, CODE0		; RPL > CPL
	FAR_JUMP CONFORMING3, CONFORMING3	; conforming code must be at least as privileged
	FAR_JUMP SMALL_CODE, 0			; offset beyond the limit
	FAR_JUMP LDT, LDT
	RAISES 11, ABSENT_CODE, jmp dword ABSENT_CODE:0x8000
	RAISES 11, ABSENT_CODE, call dword ABSENT_CODE:0x8000
	SAME esp, STACK0			; nothing was pushed
	jmp dword CONFORMING:.conforming
.conforming:
	mov eax, cs
	SAME eax, CONFORMING
	jmp dword CODE0:.back
.back:	call dword CONFORMING:far_routine
	mov eax, cs
	SAME eax, CODE0
	SAME esp, STACK0
	call dword CODE16:AT(far_routine_16)	; 32-bit call into 16-bit code, and back by a 32-bit return
	SAME esp, STACK0

; --- call gates at the same level ---
	call dword GATE_SAME:0xdeadbeef		; the offset does not matter
	SAME esp, STACK0
	jmp dword GATE_JUMP:0
jumped:
	RAISES 13, 0, call dword GATE_NULL:0
	RAISES 13, DATA0, call dword GATE_DATA:0
	RAISES 13, gdt_end - gdt, call dword GATE_BEYOND:0
	RAISES 13, CODE3 & ~3, call dword GATE_OUTWARD:0
	RAISES 11, GATE_ABSENT, call dword GATE_ABSENT:0
	RAISES 11, ABSENT_CODE, call dword GATE_TO_ABSENT:0
	RAISES 13, GATE_SAME, call dword (GATE_SAME | 3):0	; RPL 3 > gate's DPL 0
	RAISES 13, INT_GATE, call dword INT_GATE:0
	RAISES 13, TSS32, jmp dword TSS32:0	; busy

; --- to an inner ring, with parameters ---
	TO_RING_3
	push dword 0x33333333
	push dword 0x22222222
	push dword 0x11111111
	call dword (GATE_IN | 3):0		; three parameters; the routine releases them
	SAME esp, STACK3
	mov ecx, ss
	SAME ecx, DATA3
	SAME ebx, 0x11111111 ^ 0x22222222 ^ 0x33333333
	mov eax, ds				; ring 0's data segments do not leak out
	SAME eax, DATA3
	mov eax, fs
	SAME eax, 0
	push word 0x5678
	push word 0x1234
	call dword (GATE_IN_16 | 3):0		; a 16-bit gate pushes words
	SAME esp, STACK3
	SAME ebx, 0x56781234
	RAISES 13, GATE_SAME, call dword GATE_SAME:0	; DPL 0
	TO_RING_3
	RAISES 13, CODE0, jmp dword (GATE_IN | 3):0	; JMP cannot change rings
	TO_RING_3
	RAISES 13, CODE0, call dword CODE0:0
	TO_RING_3
	call dword CONFORMING:far_routine_3	; stays in ring 3
	SAME ebx, CONFORMING | 3

; --- a wrong inner stack: #TS, named by the selector found in the TSS ---
	RAISES 13, 0, hlt			; back to ring 0
%macro INNER_STACK 3			; SS1, vector, error: called through a gate to ring 1
	mov dword [tss + 16], %1
	TO_RING_3
	RAISES %2, %3, call dword (GATE_RING1 | 3):0
%endmacro
	or byte [IDT + 3 * 8 + 5], 0x20		; INT3 from ring 1
	INNER_STACK 0, 10, 0
	INNER_STACK 1, 10, 0
	INNER_STACK gdt_end - gdt + 1, 10, gdt_end - gdt
	INNER_STACK DATA0, 10, DATA0
	INNER_STACK DATA1, 10, DATA1 & ~3	; RPL 0
	INNER_STACK DATA0 | 1, 10, DATA0	; DPL 0
	INNER_STACK READ_ONLY1 | 1, 10, READ_ONLY1
	INNER_STACK CODE1 | 1, 10, CODE1
	INNER_STACK ABSENT1 | 1, 12, ABSENT1
	mov dword [tss + 12], 4
	INNER_STACK SMALL1 | 1, 12, SMALL1	; too small for the frame: #SS with its selector
	mov dword [tss + 12], STACK1
	INNER_STACK DATA1 | 1, 3, 0		; fine: the routine ends by INT3
	SAME dword [got_cs], CODE1 | 1
	SAME dword [got_outer_ss], DATA1 | 1
	SAME dword [got_outer_esp], STACK1 - 16

; --- far returns ---
%macro FAR_RETURN 4			; CS, EIP, vector, error
	push dword %1
	push dword %2
	RAISES %3, %4, retf
%endmacro
	FAR_RETURN 0, 0x8000, 13, 0
	FAR_RETURN DATA0, 0x8000, 13, DATA0
	FAR_RETURN ABSENT_CODE, 0x8000, 11, ABSENT_CODE
	FAR_RETURN gdt_end - gdt, 0x8000, 13, gdt_end - gdt
	FAR_RETURN CODE3 & ~3, 0x8000, 13, CODE3 & ~3
	FAR_RETURN CODE0 | 3, 0x8000, 13, CODE0
	FAR_RETURN SMALL_CODE, 0x8000, 13, 0
%macro OUTER_RETURN 4			; SS, CS, vector, error
	push dword %1
	push dword STACK3
	push dword %2
	push dword 0x8000
	RAISES %3, %4, retf
%endmacro
	OUTER_RETURN 0, CODE3, 13, 0
	OUTER_RETURN DATA0, CODE3, 13, DATA0
	OUTER_RETURN DATA3 & ~3, CODE3, 13, DATA3 & ~3
	OUTER_RETURN gdt_end - gdt + 3, CODE3, 13, gdt_end - gdt
	OUTER_RETURN CODE3, CODE3, 13, CODE3 & ~3
	OUTER_RETURN ABSENT3 | 3, CODE3, 12, ABSENT3
	push dword DATA3
	push dword STACK3 - 8
	push dword 0
	push dword 0				; two parameters to release
	push dword CODE3
	push dword .outside
	mov eax, DATA0
	mov fs, ax
	mov eax, CONFORMING
	mov gs, ax
	mov eax, DATA3
	mov es, ax
	retf 8
.outside:
	mov eax, DATA3
	mov ds, ax
	SAME esp, STACK3			; released there too
	mov eax, fs
	SAME eax, 0				; was ring 0's
	mov eax, gs
	SAME eax, CONFORMING			; conforming code may stay
	mov eax, es
	SAME eax, DATA3
	push dword CODE0
	push dword 0x8000
	RAISES 13, CODE0, retf			; inward is for calls only

; --- interrupts from ring 3 ---
	TO_RING_3
	RAISES 13, 0x80 * 8 + 2, int 0x80	; empty gate
	TO_RING_3
	RAISES 13, 3 * 8 + 2, int3		; DPL 0
	TO_RING_3
	RAISES 13, 0x20 * 8 + 2, int 0x20
	SAME dword [got_cs], CODE3
	SAME dword [got_outer_ss], DATA3
	SAME dword [got_outer_esp], STACK3
	or byte [IDT + 0x20 * 8 + 5], 0x60	; DPL 3
	or byte [IDT + 3 * 8 + 5], 0x60
	or byte [IDT + 4 * 8 + 5], 0x60
	TO_RING_3
	RAISES 0x20, 0, int 0x20
	TO_RING_3
	RAISES 3, 0, int3
	SAME dword [got_flags], 2		; a trap: RF is clear
	TO_RING_3
	mov al, 0x7f
	add al, 1
	RAISES 4, 0, into
	TO_RING_3
	mov al, 0x7f
	sub al, 1
	FINE into
	RAISES 13, 0, cli
	and dword [got_flags], 0x10000
	SAME dword [got_flags], 0x10000		; a fault: RF is set
	and byte [IDT + 0x20 * 8 + 5], 0x7f
	RAISES 11, 0x20 * 8 + 2, int 0x20	; not present
	mov byte [IDT + 0x20 * 8 + 5], 0x8f	; a trap gate leaves IF alone
	RAISES 0x20, 0, int 0x20
	mov word [IDT + 0x20 * 8 + 2], 0
	RAISES 13, 0, int 0x20			; null selector in the gate
	mov word [IDT + 0x20 * 8 + 2], DATA0
	RAISES 13, DATA0, int 0x20
	mov word [IDT + 0x20 * 8 + 2], CODE3
	RAISES 13, CODE3 & ~3, int 0x20
	mov word [IDT + 0x20 * 8 + 2], ABSENT_CODE
	RAISES 11, ABSENT_CODE, int 0x20
	mov word [IDT + 0x20 * 8 + 2], gdt_end - gdt
	RAISES 13, gdt_end - gdt, int 0x20
	lidt [short_idt]
	RAISES 13, 0x21 * 8 + 2, int 0x21	; beyond the IDT
	lidt [idt_pointer]

; An exception that cannot be delivered leads to another, whose error code has EXT set: an event was the cause.
	mov word [IDT + 6 * 8 + 2], ABSENT_CODE
	RAISES 11, ABSENT_CODE | 1, ud2
	and byte [IDT + 6 * 8 + 5], 0x7f
	RAISES 11, 6 * 8 + 3, ud2
	mov byte [IDT + 6 * 8 + 5], 0x82
	RAISES 13, 6 * 8 + 3, ud2		; an LDT is no gate
	jmp pass

far_routine:
	mov eax, cs
	SAME eax, CONFORMING
	SAME esp, STACK0 - 8
	SAME dword [esp + 4], CODE0
	retf
far_routine_3:
	mov ebx, cs
	retf
gate_routine:
	SAME dword [esp + 4], CODE0
	retf
gate_routine_in:			; ring 0, entered from ring 3 with three parameters
	mov eax, cs
	SAME eax, CODE0
	mov eax, ss
	SAME eax, DATA0
	SAME esp, STACK0 - 28
	SAME dword [esp + 4], CODE3
	SAME dword [esp + 20], STACK3 - 12
	SAME dword [esp + 24], DATA3
	mov ebx, [esp + 8]
	xor ebx, [esp + 12]
	xor ebx, [esp + 16]
	mov eax, DATA0
	mov fs, ax
	retf 12
gate_routine_in_16:
	SAME esp, STACK0 - 12
	mov ebx, [esp + 4]
	o16 retf 4
gate_routine_1:
	int3
	bits 16
far_routine_16:
	o32 retf
	bits 32
short_idt:
	dw 0x21 * 8 + 6
	dd IDT

	SYS_GDT
DATA1	equ $ - gdt
	DESC 0, 0xfffff, 0xb2, 0xc0
CODE1	equ $ - gdt
	DESC 0, 0xfffff, 0xba, 0xc0
READ_ONLY1 equ $ - gdt
	DESC 0, 0xfffff, 0xb0, 0xc0
ABSENT1	equ $ - gdt
	DESC 0, 0xfffff, 0x32, 0xc0
SMALL1	equ $ - gdt
	DESC 0x3000, 0xfff, 0xb2, 0x40
ABSENT3	equ $ - gdt
	DESC 0, 0xfffff, 0x72, 0xc0
ABSENT_CODE equ $ - gdt
	DESC 0, 0xfffff, 0x1a, 0xc0
CONFORMING equ $ - gdt
	DESC 0, 0xfffff, 0x9e, 0xc0
CONFORMING3 equ $ - gdt
	DESC 0, 0xfffff, 0xfe, 0xc0
SMALL_CODE equ $ - gdt
	DESC 0, 0x7fff, 0x9a, 0x40
CODE16	equ $ - gdt
	DESC 0, 0xffff, 0x9a, 0
LDT	equ $ - gdt
	DESC 0, 23, 0x82, 0
GATE_SAME equ $ - gdt
	GATE CODE0, AT(gate_routine), 0x8c, 0
GATE_JUMP equ $ - gdt
	GATE CODE0, AT(jumped), 0x8c, 0
GATE_NULL equ $ - gdt
	GATE 3, 0, 0x8c, 0
GATE_DATA equ $ - gdt
	GATE DATA0, 0, 0x8c, 0
GATE_BEYOND equ $ - gdt
	GATE gdt_end - gdt, 0, 0x8c, 0
GATE_OUTWARD equ $ - gdt
	GATE CODE3, 0, 0x8c, 0
GATE_ABSENT equ $ - gdt
	GATE CODE0, 0, 0x0c, 0
GATE_TO_ABSENT equ $ - gdt
	GATE ABSENT_CODE, 0, 0x8c, 0
INT_GATE equ $ - gdt
	GATE CODE0, 0, 0x8e, 0
GATE_IN	equ $ - gdt
	GATE CODE0, AT(gate_routine_in), 0xec, 3
GATE_IN_16 equ $ - gdt
	GATE CODE0, AT(gate_routine_in_16), 0xe4, 2
GATE_RING1 equ $ - gdt
	GATE CODE1, AT(gate_routine_1), 0xec, 0
gdt_end:
	SYS_TSS
