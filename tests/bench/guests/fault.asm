; SPDX-License-Identifier: GPL-3.0-or-later
; fault.asm - a storm of page faults: a page is mapped when it is touched, and taken away again, ROUNDS times.
%include "bench.inc"
DIRECTORY equ 0x10000
TABLE	equ 0x11000
IDT	equ 0x12000
PAGE	equ 0x40000		; comes and goes
	BEGIN 32
	mov edi, DIRECTORY
	xor eax, eax
	mov ecx, 1024
	rep stosd
	mov dword [DIRECTORY], TABLE | 3
	mov edi, TABLE
	mov eax, 3
.map:	stosd
	add eax, 0x1000
	cmp edi, TABLE + 0x1000
	jb .map
	mov eax, on_page_fault
	mov edx, CODE32 << 16
	mov dx, ax
	mov [IDT + 14 * 8], edx
	mov ax, 0x8e00
	mov [IDT + 14 * 8 + 4], eax
	lidt [idt_pointer]
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	xor esi, esi
	mov ecx, ROUNDS
.round:	and dword [TABLE + (PAGE >> 12) * 4], ~1
	invlpg [PAGE]
	mov [PAGE], ecx
	dec ecx
	jnz .round
	mov eax, esi
	jmp finish

on_page_fault:
	push eax
	inc esi
	mov eax, cr2
	shr eax, 12
	or dword [TABLE + eax * 4], 1
	pop eax
	add esp, 4
	iretd
idt_pointer: dw 15 * 8 - 1
	dd IDT
	FINISH 32
