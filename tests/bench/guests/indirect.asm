; SPDX-License-Identifier: GPL-3.0-or-later
; indirect.asm - indirect jumps: an interpreter of a byte code whose program adds up the numbers 1 to ROUNDS.
%include "bench.inc"
	BEGIN 32
	mov ecx, ROUNDS
	xor ebx, ebx
	mov esi, program
%macro DISPATCH 0
	movzx eax, byte [esi]
	inc esi
	jmp [table + eax * 4]
%endmacro
	DISPATCH
add_op:	add ebx, ecx
	DISPATCH
dec_op:	dec ecx
	DISPATCH
loop_op:
	test ecx, ecx
	jz .on
	mov esi, program
.on:	DISPATCH
stop_op:
	mov eax, ebx
	jmp finish
	align 4
table:	dd add_op, dec_op, loop_op, stop_op
program: db 0, 1, 2, 3
	FINISH 32
