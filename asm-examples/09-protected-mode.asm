; SPDX-License-Identifier: 0BSD
; 09-protected-mode.asm - watch: nothing.  Three instructions and a far jump take the processor from 16-bit
; real mode to 32-bit protected mode, and no VM exit happens: a processor with hardware virtualization does
; all of it by itself. (--trace=state shows CR0 change.)  The far jump matters: CS still describes 16-bit
; code until it is loaded anew.
%include "vitrine.inc"
CODE	equ 8			; a selector is the offset in the table
DATA	equ 16
	BOOT
	lgdt [gdt_pointer]	; where the descriptors are
	mov eax, cr0
	or al, 1		; CR0.PE: protection enable
	mov cr0, eax
	jmp CODE:inside		; CS = a descriptor of 32-bit code

	bits 32
inside:
	mov ax, DATA
	mov ds, ax
	mov ss, ax
	mov esp, 0x7c00
	mov esi, text
	call print32
	mov ebx, 0x00100000	; beyond the reach of real mode
	mov dword [ebx], 0x12345678
	mov eax, [ebx]
	call hex32
	mov al, 10
	call put32
	POWER_OFF
	PRINT_ROUTINES 32

text:	db "32 bits: the word at 1 MiB is ", 0
	align 8
gdt:	dq 0			; the null descriptor
	dw 0xffff, 0		; limit 15..0, base 15..0
	db 0, 0x9a, 0xcf, 0	; base 23..16; present, ring 0, code, readable; 4 KiB units, 32 bits, limit 19..16
	dw 0xffff, 0
	db 0, 0x92, 0xcf, 0	; the same for data, writable
gdt_pointer:
	dw gdt_pointer - gdt - 1
	dd gdt
	SIGNATURE
