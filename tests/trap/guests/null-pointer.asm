; SPDX-License-Identifier: 0BSD
; null-pointer.asm - page 0 is not mapped; three functions read through a null pointer, one elsewhere, and the handler of
; page faults goes on behind the instruction of two bytes.
%include "vitrine.inc"
%include "pmode.inc"
DIRECTORY equ 0x10000
TABLE0	equ 0x11000
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	mov edi, DIRECTORY
	xor eax, eax
	mov ecx, 2 * 1024
	rep stosd
	mov dword [DIRECTORY], TABLE0 | 3
	mov edi, TABLE0 + 4	; page 0 stays away
	mov eax, 0x1003
.map:	mov [edi], eax
	add edi, 4
	add eax, 0x1000
	cmp edi, TABLE0 + 0x1000
	jb .map
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	xor ebx, ebx
	mov esi, 0x40
	call first
	call elsewhere
	call second
	call third
	mov byte [done], 1
	POWER_OFF
first:	mov eax, [ebx]
	ret
elsewhere: mov eax, [esi]
	ret
second:	mov [ebx], eax
	ret
third:	mov al, [ebx]
	ret
on_page_fault:
	add esp, 4
	add dword [esp], 2
	iretd
done:	db 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 15 * 8 - 1
	dd idt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
idt:	times 14 dq 0
	GATE on_page_fault, CODE32, INT_GATE
