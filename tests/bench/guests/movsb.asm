; SPDX-License-Identifier: GPL-3.0-or-later
; movsb.asm - 16 KiB copied by REP MOVSB, ROUNDS times; the sum of the copy.
%include "bench.inc"
	BEGIN 32
	FILL
	mov edx, ROUNDS
.round:	mov esi, DATA
	mov edi, DATA2
	mov ecx, WORDS * 4
	rep movsb
	dec edx
	jnz .round
	xor eax, eax
.sum:	add eax, [DATA2 + edx * 4]
	inc edx
	cmp edx, WORDS
	jb .sum
	FINISH 32
