; SPDX-License-Identifier: GPL-3.0-or-later
; pcid.asm - processes take turns: ROUNDS changes of CR3 between two address spaces, and after each a word of 32 pages
; is added up.  With PCIDs where the processor has them, so that no translation need be made twice.
%include "bench.inc"
TABLES	equ 0x30000		; two roots, each with its tables of levels 3 to 1, 16 KiB apart
PAGES	equ 0x100000		; 1 MiB on: 32 pages
SPACE	equ 0x4000
KEEP	equ 1 << 63
	BEGIN 64
	in al, 0x92
	or al, 2		; A20
	out 0x92, al
	mov edi, TABLES
	xor eax, eax
	mov ecx, 2 * SPACE / 8
	rep stosq
	mov edi, TABLES
	call space
	mov edi, TABLES + SPACE
	call space
	mov rbx, TABLES
	mov cr3, rbx
	mov esi, PAGES
.mark:	mov [rsi], esi
	add esi, 0x1000
	cmp esi, PAGES + 32 * 0x1000
	jb .mark
	mov eax, 1
	cpuid
	mov rbx, TABLES
	mov rbp, TABLES ^ (TABLES + SPACE)
	test ecx, 1 << 17	; PCIDs
	jz .ready
	mov rax, cr4
	or eax, 1 << 17
	mov cr4, rax
	mov rax, KEEP | 1
	or rbx, rax
	mov ebp, (TABLES ^ (TABLES + SPACE)) | 3
.ready:	mov edx, ROUNDS
	xor eax, eax
.round:	mov cr3, rbx
	xor rbx, rbp
	mov esi, PAGES
.page:	add eax, [rsi]
	add esi, 0x1000
	cmp esi, PAGES + 32 * 0x1000
	jb .page
	dec edx
	jnz .round
	FINISH 64

space:				; the first 2 MiB, by pages of 4 KiB, in tables at RDI
	lea rax, [rdi + 0x1007]
	mov [rdi], rax
	lea rax, [rdi + 0x2007]
	mov [rdi + 0x1000], rax
	lea rax, [rdi + 0x3007]
	mov [rdi + 0x2000], rax
	mov eax, 7
	mov ecx, 512
	add rdi, 0x3000
.map:	stosq
	add rax, 0x1000
	loop .map
	ret
