; SPDX-License-Identifier: 0BSD
; smashed-stack.asm - `victim' has a buffer of 16 bytes on its stack, and `fill' writes 24: the return address becomes an
; address that is none, and RET is a general-protection fault.
%include "vitrine.inc"
%include "lmode.inc"
	BOOT
	LONG_MODE gdt_pointer
	lidt [rel idt_pointer]
	mov ecx, 1000
.idle:	loop .idle
	call victim
	jmp $
victim:
	sub rsp, 16
	mov rdi, rsp
	mov ecx, 3
	call fill
	add rsp, 16
	ret			; to 1414141414141414h
fill:	mov rax, 0x1414141414141414
.next:	mov [rdi], rax
	add rdi, 8
	loop .next
	mov ecx, 1000
.idle:	loop .idle
	ret
on_fault:
	cli
	hlt
	jmp on_fault
gdt_pointer: dw 6 * 8 - 1
	dd gdt
idt_pointer: dw 14 * 16 - 1
	dq idt
	SIGNATURE

	align 8
gdt:	LONG_GDT
idt:	times 13 dq 0, 0
	dw (on_fault - $$ + 0x7c00) & 0xffff, CODE64
	db 0, 0x8e
	dw (on_fault - $$ + 0x7c00) >> 16
	dq 0
