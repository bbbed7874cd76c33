; SPDX-License-Identifier: GPL-3.0-or-later
; int80.asm - between the rings: INT 80h from ring 3 and IRET back, ROUNDS times.
%include "bench.inc"
IDT	equ 0x12000
	BEGIN 32
	mov eax, kernel
	mov [IDT + 0x80 * 8], eax
	mov word [IDT + 0x80 * 8 + 2], CODE32
	mov ax, 0xee00
	mov [IDT + 0x80 * 8 + 4], eax
	lidt [idt_pointer]
	mov ax, TSS
	ltr ax
	mov ax, USER_DATA
	mov ds, ax
	mov es, ax
	xor esi, esi
	mov ecx, ROUNDS
	xor ebx, ebx
	push USER_DATA
	push STACK - 0x1000
	push 2
	push USER_CODE
	push user
	iretd
user:	int 0x80
	dec ecx
	jnz user
	mov ebx, 1		; no more
	int 0x80
kernel:	cmp ebx, 1
	je .end
	inc esi
	iretd
.end:	mov eax, esi
	jmp finish
idt_pointer: dw 0x81 * 8 - 1
	dd IDT
	FINISH 32
