; SPDX-License-Identifier: 0BSD
; 31-vectors.asm - watch (--trace=fault): the vector registers are the operating system's to give.  Until it
; says in CR4 that it can save them (OSFXSR), every SSE instruction is #UD; and by setting CR0.TS it learns
; with #NM of the first one a new task uses, so that it need not save them for those that use none.  What they
; are good for: the letters of sixteen bytes made capitals by six instructions and no loop.
%include "vitrine.inc"
	BOOT
	mov word [6 * 4], on_ud
	mov word [6 * 4 + 2], 0
	mov word [7 * 4], on_nm
	mov word [7 * 4 + 2], 0
	movaps xmm0, [text]		; #UD the first time
	mov eax, cr0
	or al, 8			; task switched
	mov cr0, eax
	movaps xmm1, [before_a]		; #NM the first time
	movaps xmm2, xmm0
	pcmpgtb xmm2, xmm1		; FF where a letter is above `a` - 1,
	movaps xmm3, [after_z]
	pcmpgtb xmm3, xmm0		; FF where it is below `z` + 1
	pand xmm2, xmm3
	pand xmm2, [difference]		; 20h where both are so
	psubb xmm0, xmm2
	movaps [text], xmm0
	mov si, text
	call print16
	POWER_OFF

on_ud:					; back to the same instruction when the reason is gone
	pushad
	mov si, refused
	call print16
	mov eax, cr4
	or ah, 2			; OSFXSR
	mov cr4, eax
	popad
	iret
on_nm:
	pushad
	mov si, switched
	call print16
	clts
	popad
	iret
	PRINT_ROUTINES 16
refused: db "#UD: now CR4.OSFXSR is set", 10, 0
switched: db "#NM: now CR0.TS is clear", 10, 0
	align 16
before_a: times 16 db 'a' - 1
after_z: times 16 db 'z' + 1
difference: times 16 db 'a' - 'A'
text:	db "16 bytes at once"
	db 10, 0
	SIGNATURE
