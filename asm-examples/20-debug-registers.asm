; SPDX-License-Identifier: 0BSD
; 20-debug-registers.asm - watch (--trace=fault): how a debugger looks from below.  Debug register 0 watches
; a word in memory and raises #DB after the store to it; the trap flag raises #DB after every instruction. 
; DR6 tells which it was: bit 0 for the watchpoint, bit 14 for the single step.
%include "vitrine.inc"
	BOOT
	mov word [1 * 4], on_debug
	mov word [1 * 4 + 2], 0
	mov eax, watched
	mov dr0, eax
	mov eax, 0x00050001	; DR7: enable 0 locally; on writes (01b), two bytes (01b)
	mov dr7, eax
	mov word [watched + 2], 1	; beside it: nothing happens
	mov word [watched], 1	; #DB
	xor eax, eax
	mov dr7, eax

	mov bp, sp
	pushf
	or word [bp - 2], 0x100	; the trap flag, in the copy on the stack
	popf			; from the end of the next instruction on:
	nop			; #DB after this one,
	nop			; after this one,
	pushf			; and these,
	and word [bp - 2], 0xfeff
	popf			; and once more: TF was still set when this one began
	POWER_OFF

on_debug:
	pushad
	mov eax, dr6
	and eax, 0x4001
	call hex16
	mov al, 10
	call put16
	xor eax, eax
	mov dr6, eax		; the processor never clears it
	popad
	iret
	PRINT_ROUTINES 16
	align 2
watched: dw 0, 0
	SIGNATURE
