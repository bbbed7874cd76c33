; SPDX-License-Identifier: 0BSD
; 32-debugger-tour.asm - watch (vitrine tour): the guest of the debugger's guided tour.  In 64-bit mode it asks
; for a CPUID leaf, says a word on the serial port, and reads two registers of its local APIC through a page
; whose linear address is not its physical one: an exit of each kind, and something for a page walk to show.
%include "vitrine.inc"
%include "lmode.inc"
APIC	equ 0x200000		; linear address of the page with the APIC's registers
	BOOT
	LONG_MODE gdt_pointer
	mov dword [0x12008], 0xfee00083	; entry 1 of the directory: 2 MiB at FEE00000h
	xor eax, eax
	xor ecx, ecx
	cpuid			; who made this processor? Only the hypervisor can say
	lea rsi, [rel text]
	call print64		; an exit for each letter
	mov eax, [APIC + 0x20]	; the APIC's ID: no memory is there, a device answers
	mov edx, [APIC + 0x30]	; its version
	and edx, 0xff
	POWER_OFF
	PRINT_ROUTINES 64
text:	db "tour", 10, 0
	align 8
gdt:	LONG_GDT
gdt_pointer: dw 6 * 8 - 1
	dd gdt
	SIGNATURE
