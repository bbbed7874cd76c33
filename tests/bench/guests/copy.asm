; SPDX-License-Identifier: GPL-3.0-or-later
; copy.asm - 16 KiB copied by loads and stores, ROUNDS times, and summed up on the way.
%include "bench.inc"
	BEGIN 32
	FILL
	mov esi, DATA
	mov edi, DATA2
	mov edx, ROUNDS
	xor ebx, ebx
.round:	xor ecx, ecx
.word:	mov eax, [esi + ecx * 4]
	mov [edi + ecx * 4], eax
	add ebx, eax
	inc ecx
	cmp ecx, WORDS
	jb .word
	dec edx
	jnz .round
	mov eax, ebx
	FINISH 32
