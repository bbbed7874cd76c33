; SPDX-License-Identifier: GPL-3.0-or-later
; real.asm - 16-bit code in real mode: the primes below 10000 counted with a sieve, ROUNDS times.
%include "bench.inc"
LIMIT	equ 10000
	BEGIN 16
	mov ax, DATA >> 4
	mov es, ax
	mov ebp, ROUNDS
	xor esi, esi
.round:	xor di, di
	mov cx, LIMIT
	mov al, 1
	rep stosb
	mov bx, 2
.candidate:
	cmp byte [es:bx], 0
	je .next
	inc esi
	mov di, bx
.strike: add di, bx
	cmp di, LIMIT
	jae .next
	mov byte [es:di], 0
	jmp .strike
.next:	inc bx
	cmp bx, LIMIT
	jb .candidate
	dec ebp
	jnz .round
	mov eax, esi
	FINISH 16
