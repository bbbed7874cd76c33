; SPDX-License-Identifier: 0BSD
; 11-paging.asm - watch (--trace=fault): demand paging in forty lines.  The page at 400000h is not present;
; the first load from it faults, the handler maps a page there and returns, the load is tried again and
; succeeds.  CR2 tells the handler which address was wanted.  The hypervisor sees nothing of all this.
%include "vitrine.inc"
%include "pmode.inc"
DIRECTORY equ 0x10000		; one page each
TABLE0	equ 0x11000		; maps 0 to 4 MiB
TABLE1	equ 0x12000		; maps 4 to 8 MiB: empty at first
FRAME	equ 0x20000		; the memory that will appear at 400000h
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]

	mov edi, DIRECTORY
	xor eax, eax
	mov ecx, 3 * 1024
	rep stosd		; three empty tables
	mov dword [DIRECTORY], TABLE0 | 3	; present, writable
	mov dword [DIRECTORY + 4], TABLE1 | 3
	mov edi, TABLE0
	mov eax, 3
.map:	mov [edi], eax		; the first 4 MiB at their own addresses, where this code runs
	add edi, 4
	add eax, 0x1000
	cmp edi, TABLE0 + 0x1000
	jb .map
	mov dword [FRAME + 8], 0xcafe
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000	; CR0.PG
	mov cr0, eax

	mov eax, [0x400008]	; #PF, and then the load again
	call hex32
	mov al, 10
	call put32
	test dword [TABLE1], 0x20	; the processor has noted the access in the entry
	setnz al
	add al, '0'
	call put32
	mov al, 10
	call put32
	POWER_OFF

on_page_fault:			; an error code is on the stack
	pushad
	mov esi, text
	call print32
	mov eax, cr2		; the address that was wanted
	call hex32
	mov al, 10
	call put32
	mov dword [TABLE1], FRAME | 3
	popad
	add esp, 4		; the error code
	iretd
	PRINT_ROUTINES 32
text:	db "page fault at ", 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 15 * 8 - 1
	dd idt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
idt:	times 14 dq 0
	GATE on_page_fault, CODE32, INT_GATE
