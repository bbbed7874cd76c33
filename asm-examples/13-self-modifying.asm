; SPDX-License-Identifier: 0BSD
; 13-self-modifying.asm - watch the console: a program may write its own instructions, even the very next
; one, and the new ones must be executed.  An interpreter that keeps decoded instructions has to notice the
; store; this one never lets a page that holds decoded code be written without asking.
%include "vitrine.inc"
	BOOT
	mov cx, 5
again:
	inc byte [letter + 1]	; the immediate byte of the instruction below
letter:	mov al, 'a'
	call put16
	loop again

	mov al, 0
	mov word [patch], 0x04b0	; "mov al, 4" over the two NOPs that come next
patch:	nop
	nop
	add al, '0'
	call put16
	mov al, 10
	call put16
	POWER_OFF
	PRINT_ROUTINES 16
	SIGNATURE
