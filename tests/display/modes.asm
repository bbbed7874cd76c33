; SPDX-License-Identifier: GPL-3.0-or-later
; modes.asm - a boot sector that sets the video mode MODE (100h and up: a VBE mode) through the video BIOS, prints and
; draws in it, says so on COM1 and stops.
	org 0x7c00
	bits 16
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
%if MODE >= 0x100
	mov ax, 0x4f02
	mov bx, MODE
%else
	mov ax, MODE
%endif
	int 0x10
	mov ah, 1			; no cursor: another machine's may blink
	mov cx, 0x2000
	int 0x10
	mov si, text
.text:	lodsb
	test al, al
	jz .draw
	mov ah, 0x0e
	mov bx, 0x0e
	int 0x10
	jmp .text
.draw:
%ifdef GRAPHICS
	mov cx, 199			; a slanting band in many colours
.point:	mov dx, cx
	shr dx, 1
	add dx, 60
	mov ax, cx
	mov ah, 0x0c
	xor bh, bh
	int 0x10
	loop .point
%else
	mov cx, 80			; attributes: all colours, underlines, and lines across the ninth dot
	mov ax, 0x09c4
.cell:	push cx
	push ax
	mov bx, cx
	xor bh, bh
	add bl, 0x10
	and bl, 0x7f
	mov cx, 1
	int 0x10
	mov ah, 3
	xor bh, bh
	int 0x10
	mov ah, 2
	inc dl
	cmp dl, 40
	jb .at
	xor dl, dl
	inc dh
.at:	int 0x10
	pop ax
	pop cx
	loop .cell
%endif
	mov dx, 0x3f8
	mov al, '!'
	out dx, al
	mov al, 0
	out 0xf4, al
	cli
	hlt

text:	db "Mode", 13, 10, 0xc9, 0xcd, 0xbb, " 0123 ", 0xdb, 0xc4, 0	; no B0h-BFh: QEMU stretches those, too
	times 510 - ($ - $$) db 0
	dw 0xaa55
