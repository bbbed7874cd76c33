; SPDX-License-Identifier: 0BSD
; 04-timer-tick.asm - watch: HLT exits (reason 12) and the machine sleeps until the timer's interrupt;
; virtual time jumps by one period, about 10 ms, at each.  The handler must tell the interrupt controller
; that it is done (20h to port 20h), or no second tick would ever come.
%include "vitrine.inc"
TICK	equ 0x20		; the vector we choose for IRQ 0
	BOOT
	mov word [TICK * 4], on_tick	; real mode: four bytes per vector, offset and segment
	mov word [TICK * 4 + 2], 0

	mov al, 0x11		; the first 8259: initialise, cascade, four words follow
	out 0x20, al
	mov al, TICK		; its first vector
	out 0x21, al
	mov al, 4		; a second controller hangs on line 2
	out 0x21, al
	mov al, 1		; 8086 mode
	out 0x21, al
	mov al, 0xfe		; let only line 0, the timer, through
	out 0x21, al

	mov al, 0x34		; timer channel 0, mode 2: a pulse every `count` periods
	out 0x43, al
	mov ax, 11932		; of 1193182 per second: 10 ms
	out 0x40, al
	mov al, ah
	out 0x40, al

wait_more:
	sti			; takes effect after the next instruction: no tick can slip in between
	hlt			; exit 12; awake again after the handler
	cli
	cmp byte [ticks], 3
	jb wait_more
	POWER_OFF

on_tick:
	push ax
	push si
	inc byte [ticks]
	mov si, text
	call print16
	mov al, '0'
	add al, [ticks]
	call put16
	mov al, 10
	call put16
	mov al, 0x20		; end of interrupt
	out 0x20, al
	pop si
	pop ax
	iret
	PRINT_ROUTINES 16
ticks:	db 0
text:	db "tick ", 0
	SIGNATURE
