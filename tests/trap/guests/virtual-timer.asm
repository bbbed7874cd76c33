; SPDX-License-Identifier: 0BSD
; virtual-timer.asm - a student's answer to the timer lab: 100 interrupts per second by vector 32; says so after the tenth.
; With -DLATE it asks for 50 per second, with -DMUTE it says nothing.
%include "vitrine.inc"
TICK	equ 0x20
%ifdef LATE
COUNT	equ 23864
%else
COUNT	equ 11932		; of 1193182 per second
%endif
	BOOT
	mov word [TICK * 4], on_tick
	mov word [TICK * 4 + 2], 0
	mov al, 0x11
	out 0x20, al
	mov al, TICK
	out 0x21, al
	mov al, 4
	out 0x21, al
	mov al, 1
	out 0x21, al
	mov al, 0xfe
	out 0x21, al
	mov al, 0x34
	out 0x43, al
	mov ax, COUNT
	out 0x40, al
	mov al, ah
	out 0x40, al
.wait:	sti
	hlt
	jmp .wait
on_tick:
	pusha
	inc byte [ticks]
	cmp byte [ticks], 10
	jne .done
%ifndef MUTE
	mov si, text
	call print16
%endif
.done:	mov al, 0x20
	out 0x20, al
	popa
	iret
	PRINT_ROUTINES 16
ticks:	db 0
text:	db "timer: ok", 13, 10, 0
	SIGNATURE
