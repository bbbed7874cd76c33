; SPDX-License-Identifier: 0BSD
; spin.asm - a guest that never stops by itself, and never exits.
	bits 16
	org 0x7c00
	mov cx, 0
again:
	inc cx
	call nothing
	jmp again
nothing:
	push bp
	mov bp, sp
	nop
	pop bp
	ret
	times 510 - ($ - $$) db 0
	dw 0xaa55
