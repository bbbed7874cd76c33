; SPDX-License-Identifier: GPL-3.0-or-later
; float.asm - double precision: x = 3.9 x (1 - x), ROUNDS times; each step is rounded, so the result depends on all.
%include "bench.inc"
	BEGIN 64
	mov rax, cr4
	or ah, 2		; OSFXSR
	mov cr4, rax
	mov edx, ROUNDS
	movsd xmm0, [start]
.next:	movsd xmm1, [one]
	subsd xmm1, xmm0
	mulsd xmm0, [factor]
	mulsd xmm0, xmm1
	dec edx
	jnz .next
	mulsd xmm0, [scale]
	cvttsd2si rax, xmm0
	FINISH 64
align 8
start:	dq 0.5
one:	dq 1.0
factor:	dq 3.9
scale:	dq 4294967296.0
