; SPDX-License-Identifier: GPL-3.0-or-later
; alu.asm - registers only: the CRC-32 of ROUNDS letters V, bit by bit.
%include "bench.inc"
	BEGIN 32
	mov eax, -1
	mov ecx, ROUNDS
.byte:	xor eax, 'V'
	mov edx, 8
.bit:	mov ebx, eax
	and ebx, 1
	neg ebx
	and ebx, 0xedb88320
	shr eax, 1
	xor eax, ebx
	dec edx
	jnz .bit
	dec ecx
	jnz .byte
	not eax
	FINISH 32
