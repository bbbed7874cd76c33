; SPDX-License-Identifier: 0BSD
; alias.asm - the first 4 MiB of memory are also seen at 400000h; a routine is called by both addresses.
%include "vitrine.inc"
%include "pmode.inc"
DIRECTORY equ 0x10000
	BOOT
	PROTECTED_MODE gdt_pointer
	mov dword [DIRECTORY], 0x83	; a 4 MiB page at 0
	mov dword [DIRECTORY + 4], 0x83	; once more
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr4
	or al, 0x10			; CR4.PSE
	mov cr4, eax
	mov eax, cr0
	or eax, 0x80000000		; CR0.PG
	mov cr0, eax
	xor ecx, ecx
	call routine
	call routine
	mov eax, routine + 0x400000
	call eax
	call routine
	POWER_OFF
routine: inc ecx
	ret
	align 8
gdt:	FLAT_GDT
gdt_pointer: dw 5 * 8 - 1
	dd gdt
	SIGNATURE
