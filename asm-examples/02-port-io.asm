; SPDX-License-Identifier: 0BSD
; 02-port-io.asm - watch: which device answers at which port.  The clock chip is read through an index and a
; data port, the timer counts down between two reads although the guest does nothing to it, and a port that
; nobody claims reads as all-ones, as on a bus with no card in the slot.
%include "vitrine.inc"
	BOOT
	mov al, 0x0d		; CMOS register D: bit 7 says that the battery is good
	out 0x70, al
	in al, 0x71
	and eax, 0x80
	mov si, battery
	call show

	mov al, 0x34		; timer channel 0: low then high byte, mode 2
	out 0x43, al
	mov al, 0xff		; count down from FFFFh, 1193182 times a second
	out 0x40, al
	out 0x40, al
	call read_timer
	mov bp, ax
	mov cx, 5000
.wait:	loop .wait
	call read_timer
	cmp ax, bp
	mov eax, 0
	setb al			; 1: the second reading is lower
	mov si, counted
	call show

	mov dx, 0x1234		; nobody is there
	in al, dx
	movzx eax, al
	mov si, nobody
	call show
	POWER_OFF

read_timer:			; latch channel 0, then its low and high byte
	mov al, 0
	out 0x43, al
	in al, 0x40
	mov ah, al
	in al, 0x40
	xchg al, ah
	ret
show:				; text at SI, EAX, end of line
	push eax
	call print16
	pop eax
	call hex16
	mov al, 10
	jmp put16
	PRINT_ROUTINES 16
battery: db "battery good      ", 0
counted: db "timer counts down ", 0
nobody:	db "nobody's port     ", 0
	SIGNATURE
