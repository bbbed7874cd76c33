; SPDX-License-Identifier: 0BSD
; faults.asm - counts interrupts 32 and 2, and reads sector 5 of the first disk again and again,
; counting how often it fails.
	bits 16
	org 0x7c00
start:	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	mov word [32 * 4], tick
	mov word [32 * 4 + 2], ax
	mov word [2 * 4], nmi
	mov word [2 * 4 + 2], ax
	mov al, 0x11		; the master 8259A: vectors from 20h
	out 0x20, al
	mov al, 0x20
	out 0x21, al
	mov al, 4
	out 0x21, al
	mov al, 1
	out 0x21, al
	mov al, 0xfe		; IRQ 0 alone
	out 0x21, al
	sti
again:	call read
	mov cx, 50000
	loop $			; a rest, so that not everything is I/O
	jmp again

; Sector 5 by PIO from the first disk; ERR counts.
read:	mov dx, 0x1f6
	mov al, 0xe0
	out dx, al
	mov dx, 0x1f2
	mov al, 1
	out dx, al
	inc dx
	mov al, 5
	out dx, al
	inc dx
	mov al, 0
	out dx, al
	inc dx
	out dx, al
	mov dx, 0x1f7
	mov al, 0x20
	out dx, al
.wait:	in al, dx
	test al, 0x80
	jnz .wait
	test al, 1
	jnz .bad
	mov dx, 0x1f0
	mov di, 0x8000
	mov cx, 256
	rep insw
	inc word [good]
	ret
.bad:	inc word [bad]
	ret

tick:	push ax
	inc word [ticks]
	mov al, 0x20
	out 0x20, al
	pop ax
	iret
nmi:	inc word [nmis]
	iret

good:	dw 0
bad:	dw 0
ticks:	dw 0
nmis:	dw 0
	times 510 - ($ - $$) db 0
	dw 0xaa55
