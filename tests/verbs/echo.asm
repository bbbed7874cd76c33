; SPDX-License-Identifier: 0BSD
; echo.asm - sends back in capitals what it gets at COM1, until a full stop; then it switches the machine off.
%include "vitrine.inc"
	BOOT
	mov dx, COM1 + 1
	mov al, 1		; it listens: an interrupt for each byte, though nobody will take it
	out dx, al
wait_byte:
	mov dx, COM1 + 5
	in al, dx
	test al, 1
	jz wait_byte
	mov dx, COM1
	in al, dx
	mov ah, al
	cmp al, 'a'
	jb send
	sub al, 32
send:
	out dx, al
	cmp ah, '.'
	jne wait_byte
	mov al, 10
	out dx, al
	POWER_OFF
	SIGNATURE
