; SPDX-License-Identifier: GPL-3.0-or-later
; cpuid.asm - a storm of CPUID, ROUNDS times; how often it gave a highest leaf.
%include "bench.inc"
	BEGIN 32
	mov esi, ROUNDS
	xor edi, edi
.round:	xor eax, eax
	cpuid
	cmp eax, 1
	sbb edi, -1
	dec esi
	jnz .round
	mov eax, edi
	FINISH 32
