; SPDX-License-Identifier: GPL-3.0-or-later
; writer.asm - a guest whose memory is interesting: 128 pages of eight contents, then words written, and read, at random
; places for ever.  Random numbers come from RDRAND, so that clones go different ways.
	bits 16
	org 0x7c00
start:	cli
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
	cld
	mov dx, 0x1000		; segments 1000h to 8000h
fill:	mov es, dx
	xor di, di
.page:	mov ax, di		; the content is the page's number modulo 8
	shr ax, 12
	and ax, 7
	add ax, 0x4040
	mov cx, 2048
	rep stosw
	test di, di
	jnz .page
	add dx, 0x1000
	cmp dx, 0x9000
	jne fill

	xor si, si		; what was read, added up
	xor bp, bp		; rounds
again:	call place
	mov [es:bx], bp
	call place
	add si, [es:bx]
	mov [sum], si
	inc bp
	jmp again

; es:bx = a random word in the 128 pages, one of few in each page
place:	rdrand ax
	jnc place
	mov bx, ax
	and bx, 0xf01e
	shr ax, 5
	and ax, 0x0007
	inc ax
	shl ax, 12
	mov es, ax
	ret

sum:	dw 0
	times 510 - ($ - $$) db 0
	dw 0xaa55
