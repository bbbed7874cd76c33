; SPDX-License-Identifier: 0BSD
; 18-triple-fault.asm - watch how a machine dies.  The interrupt table is empty, so UD2's #UD cannot be
; delivered: #GP; that cannot be delivered either: double fault; nor can that: triple fault, VM exit 2.  A
; PC would reset; vitrine stops, says what led there, and ends with status 4.
%include "vitrine.inc"
%include "pmode.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [no_idt]
	mov al, 'x'
	call put32
	mov al, 10
	call put32
	ud2
	POWER_OFF		; not reached
	PRINT_ROUTINES 32
gdt_pointer: dw 5 * 8 - 1
	dd gdt
no_idt:	dw 0			; limit 0: not even vector 0 is inside
	dd 0
	align 8
gdt:	FLAT_GDT
	SIGNATURE
