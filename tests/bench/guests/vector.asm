; SPDX-License-Identifier: GPL-3.0-or-later
; vector.asm - 16 KiB copied by SSE loads and stores, ROUNDS times, and summed up; and for every 16 bytes a comparison
; whose mask is counted, as the vectorised string functions of C libraries do.
%include "bench.inc"
	BEGIN 64
	FILL
	mov rax, cr4
	or ah, 2		; OSFXSR
	mov cr4, rax
	mov esi, DATA
	mov edi, DATA2
	mov edx, ROUNDS
	xor ebx, ebx
	pxor xmm1, xmm1
.round:	xor ecx, ecx
.next:	movdqu xmm0, [rsi + rcx]
	movaps [rdi + rcx], xmm0
	paddd xmm1, xmm0
	pcmpeqb xmm0, [rsi + rcx]	; all equal
	pmovmskb eax, xmm0
	add ebx, eax
	add ecx, 16
	cmp ecx, WORDS * 4
	jb .next
	dec edx
	jnz .round
	pshufd xmm0, xmm1, 0x4e
	paddd xmm1, xmm0
	pshufd xmm0, xmm1, 0xb1
	paddd xmm1, xmm0
	movd eax, xmm1
	add eax, ebx
	FINISH 64
