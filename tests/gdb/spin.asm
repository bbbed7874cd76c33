; SPDX-License-Identifier: 0BSD
; spin.asm - a loop for ever: something to break into.
	bits 16
	org 0x7c00
	xor eax, eax
spin:	inc eax
	jmp spin
	times 510 - ($ - $$) db 0
	dw 0xaa55
