; SPDX-License-Identifier: GPL-3.0-or-later
; port.asm - a storm of port accesses: ROUNDS times a byte into the interrupt controller's mask and back.
%include "bench.inc"
	BEGIN 32
	xor ebx, ebx
	xor eax, eax
	mov ecx, ROUNDS
.round:	mov al, cl
	out 0x21, al
	xor eax, eax
	in al, 0x21
	add ebx, eax
	dec ecx
	jnz .round
	mov eax, ebx
	FINISH 32
