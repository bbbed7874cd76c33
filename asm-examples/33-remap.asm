; SPDX-License-Identifier: 0BSD
; 33-remap.asm - watch (--paging shadow --exits): the page at 400000h shows one frame, then another.  The guest changes
; one entry of its page table, and INVLPG tells the processor.  A hypervisor that shadows the tables sees both: the
; store, for the table is write-protected, and INVLPG, which exits.  With --paging ept it sees neither.
%include "vitrine.inc"
%include "pmode.inc"
DIRECTORY equ 0x10000		; one page each
TABLE0	equ 0x11000		; maps 0 to 4 MiB
TABLE1	equ 0x12000		; maps 4 to 8 MiB
FRAME_A	equ 0x20000
FRAME_B	equ 0x21000
	BOOT
	PROTECTED_MODE gdt_pointer
	mov edi, DIRECTORY
	xor eax, eax
	mov ecx, 3 * 1024
	rep stosd		; three empty tables
	mov dword [DIRECTORY], TABLE0 | 3	; present, writable
	mov dword [DIRECTORY + 4], TABLE1 | 3
	mov edi, TABLE0
	mov eax, 3
.map:	mov [edi], eax		; the first 4 MiB at their own addresses
	add edi, 4
	add eax, 0x1000
	cmp edi, TABLE0 + 0x1000
	jb .map
	mov byte [FRAME_A], 'A'
	mov byte [FRAME_B], 'B'
	mov dword [TABLE1], FRAME_A | 3
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80010000	; CR0.PG, CR0.WP
	mov cr0, eax

	mov al, [0x400000]
first:	call put32
	mov dword [TABLE1], FRAME_B | 1		; another frame, and read-only
changed: invlpg [0x400000]
	mov al, [0x400000]
second:	call put32
	mov al, 10
	call put32
	mov eax, cr3		; the whole address space anew
	mov cr3, eax
	POWER_OFF
	PRINT_ROUTINES 32
gdt_pointer: dw 5 * 8 - 1
	dd gdt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
