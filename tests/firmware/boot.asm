; SPDX-License-Identifier: GPL-3.0-or-later
; boot.asm - what SeaBIOS boots in tests/firmware: prints through INT 10h and INT 14h, reads a sector, powers off
bits 16
org 0x7c00

	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	mov [drive], dl
	mov si, by_video
	call print

	mov ax, 0x0201          ; INT 13h: read one sector
	mov cx, 2               ; cylinder 0, sector 2
	mov dh, 0
	mov dl, [drive]
	mov bx, 0x7e00
	int 0x13
	mov si, failed
	jc last
	mov si, 0x7e00
last:
	call print

	; SeaBIOS holds characters back until its timer ticks: wait for two ticks
	sti
	mov ax, 0x40
	mov es, ax
	mov bl, [es:0x6c]
	add bl, 2
tick:
	hlt
	cmp bl, [es:0x6c]
	jne tick

	mov si, by_serial
next:
	lodsb
	test al, al
	jz off
	mov ah, 1               ; INT 14h: send a character
	xor dx, dx
	int 0x14
	jmp next
off:
	mov dx, 0x604           ; ACPI: soft off
	mov ax, 0x2000
	out dx, ax
	hlt

print:
	lodsb
	test al, al
	jz .done
	mov ah, 0x0e            ; INT 10h: teletype
	mov bx, 7
	int 0x10
	jmp print
.done:
	ret

drive: db 0
by_video: db "by INT 10h", 13, 10, 0
by_serial: db "by INT 14h", 13, 10, 0
failed: db "INT 13h failed", 13, 10, 0
	times 510 - ($ - $$) db 0
	dw 0xaa55
	db "read by INT 13h", 13, 10, 0
	times 1024 - ($ - $$) db 0
