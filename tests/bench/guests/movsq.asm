; SPDX-License-Identifier: GPL-3.0-or-later
; movsq.asm - 16 KiB copied by REP MOVSQ in 64-bit mode, ROUNDS times; the sum of the copy.
%include "bench.inc"
	BEGIN 64
	FILL
	mov edx, ROUNDS
.round:	mov esi, DATA
	mov edi, DATA2
	mov ecx, WORDS / 2
	rep movsq
	dec edx
	jnz .round
	xor eax, eax
.sum:	add eax, [DATA2 + rdx * 4]
	inc edx
	cmp edx, WORDS
	jb .sum
	FINISH 64
