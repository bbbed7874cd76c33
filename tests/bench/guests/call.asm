; SPDX-License-Identifier: GPL-3.0-or-later
; call.asm - calls and returns: the 22nd Fibonacci number by recursion, ROUNDS times; the sum.
%include "bench.inc"
	BEGIN 32
	mov esi, ROUNDS
	xor edi, edi
.round:	mov eax, 22
	call fib
	add edi, eax
	dec esi
	jnz .round
	mov eax, edi
	jmp finish

fib:	cmp eax, 2
	jb .done
	push ebx
	lea ebx, [eax - 2]
	dec eax
	call fib
	xchg eax, ebx
	call fib
	add eax, ebx
	pop ebx
.done:	ret
	FINISH 32
