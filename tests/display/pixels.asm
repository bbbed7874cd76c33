; SPDX-License-Identifier: GPL-3.0-or-later
; pixels.asm - a guest in a VBE mode of 320 x 200 pixels in 256 colours: the left half red, the right half green, the
; lowest line white.
	org 0x7c00
	bits 16
%macro VBE 2
	mov dx, 0x1ce
	mov ax, %1
	out dx, ax
	inc dx
	mov ax, %2
	out dx, ax
%endmacro
%macro COLOUR 4
	mov dx, 0x3c8
	mov al, %1
	out dx, al
	inc dx
	mov al, %2
	out dx, al
	mov al, %3
	out dx, al
	mov al, %4
	out dx, al
%endmacro
	cli
	cld
	VBE 4, 0
	VBE 1, 320
	VBE 2, 200
	VBE 3, 8
	VBE 4, 1
	COLOUR 1, 63, 0, 0
	COLOUR 2, 0, 63, 0
	COLOUR 3, 63, 63, 63
	mov dx, 0x3ce			; the window is A0000h-AFFFFh
	mov ax, 0x0506
	out dx, ax
	mov ax, 0xa000
	mov es, ax
	xor di, di
	mov bx, 199
.line:	mov al, 1
	mov cx, 160
	rep stosb
	mov al, 2
	mov cx, 160
	rep stosb
	dec bx
	jnz .line
	mov al, 3
	mov cx, 320
	rep stosb
	jmp $
	times 510 - ($ - $$) db 0
	dw 0xaa55
