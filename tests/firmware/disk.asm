; SPDX-License-Identifier: 0BSD
; disk.asm - a boot sector that uses what a BIOS offers, and says what it got: text by INT 10h, memory size by INT 12h,
; the disk by INT 13h (geometry, read, write, read again), the clock by INT 1Ah, the date by INT 1Ah; then switches off.
bits 16
org 0x7c00
start:
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	sti
	cld
	mov [drive], dl
	mov si, hello
	call print
	int 0x12			; memory below 1 MiB, in KiB
	call word_out
	mov ah, 8			; drive parameters
	mov dl, [drive]
	int 0x13
	jc fail
	push dx
	mov ax, cx
	call word_out			; last cylinder and sector
	pop ax
	call word_out			; last head, number of drives
	mov ah, 0x42			; read sector 5
	call transfer
	mov ax, [0x8000]
	call word_out
	mov word [0x8000], 0xbeef
	mov ah, 0x43			; write it
	call transfer
	mov word [0x8000], 0
	mov ah, 0x42
	call transfer
	mov ax, [0x8000]
	call word_out
	mov ah, 4			; date: century and year, month and day
	int 0x1a
	mov ax, cx
	call word_out
	mov ax, dx
	call word_out
	mov si, done
	call print
	mov ah, 0			; two ticks: an interrupt driver at work, and time for the console to show all
	int 0x1a
	lea bx, [edx + 2]
.wait:	hlt
	mov ah, 0
	int 0x1a
	cmp dx, bx
	jb .wait
	mov dx, 0x604
	mov ax, 0x2000
	out dx, ax
	cli
	hlt

transfer:				; AH = 42h or 43h
	mov al, 0
	mov dl, [drive]
	mov si, packet
	int 0x13
	jc fail
	ret
fail:	mov si, failed
	call print
	mov al, 1
	out 0xf4, al
	cli
	hlt

word_out:				; AX in hexadecimal and a blank
	mov cx, 4
.digit:	rol ax, 4
	push ax
	and al, 15
	cmp al, 10
	sbb al, 0x69
	das
	call char_out
	pop ax
	loop .digit
	mov al, ' '
char_out:
	pusha
	mov ah, 0x0e
	mov bx, 7
	int 0x10
	popa
	ret
print:	lodsb
	test al, al
	jz .end
	call char_out
	jmp print
.end:	ret

hello	db "boot sector: ", 0
done	db "done", 13, 10, 0
failed	db "failed", 13, 10, 0
drive	db 0
packet	db 16, 0
	dw 1, 0x8000, 0
	dq 5
	times 510 - ($ - $$) db 0
	dw 0xaa55
	times 5 * 512 - ($ - $$) db 0
	dw 0x1234			; sector 5
	times (1 << 20) - ($ - $$) db 0
