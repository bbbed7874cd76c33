; SPDX-License-Identifier: GPL-3.0-or-later
; keys.asm - a guest with something to look at: a frame, colours, a cursor in the last row; then the scan codes of
; every key in hexadecimal, in the last row.
	org 0x7c00
	bits 16
	cli
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
	cld
	mov ax, 0xb800
	mov es, ax
	xor di, di			; the top of a frame, yellow on blue
	mov ax, 0x1ec9
	stosw
	mov al, 0xcd
	mov cx, 78
	rep stosw
	mov al, 0xbb
	stosw
	mov si, text
	mov di, (1 * 80 + 2) * 2
	mov ah, 0x2f
.text:	lodsb
	test al, al
	jz .colours
	stosw
	jmp .text
.colours:				; row 3: the 16 colours as blocks, row 4: as backgrounds
	mov di, 3 * 160
	mov ax, 0x00db
.fore:	stosw
	inc ah
	cmp ah, 16
	jb .fore
	mov di, 4 * 160
	mov ax, 0x0720
.back:	stosw
	add ah, 0x10
	jns .back
	mov di, 24 * 160
	call cursor
wait_key:
	in al, 0x64
	test al, 1
	jz wait_key
	in al, 0x60
	mov ah, al
	shr al, 4
	call digit
	mov al, ah
	and al, 15
	call digit
	mov word [es:di], 0x0720
	inc di
	inc di
	call cursor
	jmp wait_key

digit:	push ax
	cmp al, 10
	sbb al, 0x69
	das
	mov ah, 7
	stosw
	pop ax
	ret

; di: where in the page
cursor:	pusha
	mov bx, di
	shr bx, 1
	mov dx, 0x3d4
	mov al, 0x0e
	mov ah, bh
	out dx, ax
	mov al, 0x0f
	mov ah, bl
	out dx, ax
	popa
	ret

text:	db "Pass 1: caf", 0x82, " ", 0xb0, 0xb1, 0xb2, " ", 0xe3, " ", 0x01, " end", 0
	times 510 - ($ - $$) db 0
	dw 0xaa55
