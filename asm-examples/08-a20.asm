; SPDX-License-Identifier: 0BSD
; 08-a20.asm - watch: address line 20.  The 8086 had 20 address lines, so FFFF:0510 wrapped to 0000:0500;
; for programs that relied on it, the PC can force line 20 to zero.  Two ports can: 92h, and the keyboard
; controller's output port, because it had a pin left.  Each poll of the controller's status is an exit.
%include "vitrine.inc"
	BOOT
	in al, 0x92
	and al, 0xfd		; bit 1 = 0
	out 0x92, al
	mov ah, 0xdd		; and the keyboard controller's bit 1 = 0
	call kbd_output_port
	mov si, off
	call show
	mov ah, 0xdf		; bit 1 = 1: the line is free
	call kbd_output_port
	mov si, on
	call show
	POWER_OFF

kbd_output_port:		; value in AH
	call kbd_ready
	mov al, 0xd1		; "the next data byte is for the output port"
	out 0x64, al
	call kbd_ready
	mov al, ah
	out 0x60, al
	call kbd_ready
	ret
kbd_ready:			; bit 1 of the status: the controller has not read the last byte yet
	in al, 0x64
	test al, 2
	jnz kbd_ready
	ret

show:				; text at SI, then what 0000:0500 and FFFF:0510 hold
	mov ax, 0xffff
	mov fs, ax
	mov byte [0x500], 'L'
	mov byte [fs:0x510], 'H'	; 1 MiB + 500h, or 500h
	call print16
	mov al, [0x500]
	call put16
	mov al, [fs:0x510]
	call put16
	mov al, 10
	jmp put16
	PRINT_ROUTINES 16
off:	db "A20 off: ", 0
on:	db "A20 on:  ", 0
	SIGNATURE
