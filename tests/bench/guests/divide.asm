; SPDX-License-Identifier: GPL-3.0-or-later
; divide.asm - divisions: the digits of the numbers below 1000 added up, ROUNDS times.
%include "bench.inc"
	BEGIN 32
	mov ebp, ROUNDS
	xor edi, edi
	mov ebx, 10
.round:	mov ecx, 999
.number: mov eax, ecx
.digit:	xor edx, edx
	div ebx
	add edi, edx
	test eax, eax
	jnz .digit
	dec ecx
	jnz .number
	dec ebp
	jnz .round
	mov eax, edi
	FINISH 32
