; SPDX-License-Identifier: 0BSD
; run: --cpus 4
; 24-processors.asm - watch (--exits): three more processors wake up.  They take numbers with a locked instruction,
; so no two get the same, and add them up; whatever the order, the sum is 1 + 2 + 3.  The first one waits for them in
; a loop with PAUSE, which is where the hypervisor lets the others have their turn.
%include "vitrine.inc"
%include "pmode.inc"
%include "apic.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	WAKE_OTHERS
.wait:	pause
	cmp dword [ready], 3
	jne .wait
	mov eax, [sum]
	call hex32
	mov esi, text
	call print32
	POWER_OFF

inside:				; each of the others, in protected mode
	mov eax, 1
	lock xadd [ticket], eax
	inc eax			; 1, 2, 3
	lock add [sum], eax
	lock inc dword [ready]
.rest:	hlt
	jmp .rest
	PRINT_ROUTINES 32
text:	db " is the sum of their numbers", 10, 0
	align 4
ticket:	dd 0
sum:	dd 0
ready:	dd 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
	SIGNATURE

	OTHERS_BEGIN
	align 8
gdt:	FLAT_GDT
