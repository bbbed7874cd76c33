; SPDX-License-Identifier: GPL-3.0-or-later
; tlb.asm - page walks: one word in each of 4096 pages, ROUNDS times, more than any TLB holds.  Word and page agree.
%include "bench.inc"
DIRECTORY equ 0x10000
TABLES	equ 0x11000		; five: identity up to 20 MiB
FIRST	equ 0x400000
	BEGIN 32
	in al, 0x92
	or al, 2		; A20
	out 0x92, al
	mov edi, DIRECTORY
	xor eax, eax
	mov ecx, 1024
	rep stosd
	mov eax, TABLES | 3
	mov edi, DIRECTORY
.table:	stosd
	add eax, 0x1000
	cmp edi, DIRECTORY + 5 * 4
	jb .table
	mov edi, TABLES
	mov eax, 3
.map:	stosd
	add eax, 0x1000
	cmp edi, TABLES + 5 * 0x1000
	jb .map
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	mov esi, FIRST
.mark:	mov [esi], esi
	add esi, 0x1000
	cmp esi, FIRST + 4096 * 0x1000
	jb .mark
	mov edx, ROUNDS
	xor eax, eax
.round:	mov esi, FIRST
.page:	add eax, [esi]
	add esi, 0x1000
	cmp esi, FIRST + 4096 * 0x1000
	jb .page
	dec edx
	jnz .round
	FINISH 32
