; SPDX-License-Identifier: GPL-3.0-or-later
; program.asm - around a C program: bench(ROUNDS), linked at 8000h (flat.ld), is called and its result printed.
%include "bench.inc"
	BEGIN 32
	push ROUNDS
	call 0x8000
print:				; the zero-ended text at EAX
	mov esi, eax
.next:	mov bl, [esi]
	inc esi
	test bl, bl
	jz off
	call put
	jmp .next
	FINISH 32
	times 0x400 - ($ - $$) db 0
	incbin PAYLOAD
