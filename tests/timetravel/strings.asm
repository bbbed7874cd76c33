; SPDX-License-Identifier: GPL-3.0-or-later
; strings.asm - a guest that is nearly always in the midst of something: long repeated instructions, timer interrupts that
; wait while they are held off, sleeps.  For points.c.
bits 16
org 0x7c00
	cli
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7000
	mov word [8 * 4], tick          ; IRQ 0 is vector 8 after a reset of the PICs by this code
	mov [8 * 4 + 2], ax
	mov al, 0x11                    ; ICW1 to ICW4 of the first 8259A
	out 0x20, al
	mov al, 8
	out 0x21, al
	mov al, 4
	out 0x21, al
	mov al, 1
	out 0x21, al
	mov al, 0xfe                    ; IRQ 0 alone
	out 0x21, al
	mov al, 0x34                    ; counter 0, both bytes, mode 2
	out 0x43, al
	mov al, 43                      ; every 36 us
	out 0x40, al
	xor al, al
	out 0x40, al
	mov dx, 400
round:
	cld
	mov si, 0x7c00
	mov di, 0x8000
	mov cx, 300
	sti
	rep movsb
	mov di, 0x9000
	mov cx, 500
	mov al, dl
	cli                             ; ticks wait now
	rep stosb
	mov si, 0x9000
	mov di, 0x9001
	mov cx, 400
	repe cmpsb
	sti
	test dl, 3
	jnz .on
	hlt
.on:
	dec dx
	jnz round
	mov al, 0                       ; the exit port
	out 0xf4, al
.end:
	hlt
	jmp .end
tick:
	push ax
	inc word [0x500]
	mov al, 0x20
	out 0x20, al
	pop ax
	iret
times 510 - ($ - $$) db 0
dw 0xaa55
