; SPDX-License-Identifier: GPL-3.0-or-later
; remap.asm - what fork, exec and mmap do: 64 entries of a page table are cleared and made again, then all 64 pages are
; touched; ROUNDS times.  The number of pages touched.
%include "bench.inc"
DIRECTORY equ 0x40000
IDENTITY equ 0x41000
TABLE	equ 0x42000
WINDOW	equ 0x400000
	BEGIN 32
	mov edi, DIRECTORY
	xor eax, eax
	mov ecx, 3 * 1024
	rep stosd
	mov edi, IDENTITY
	mov eax, 3
.map:	stosd
	add eax, 0x1000
	cmp edi, IDENTITY + 0x1000
	jb .map
	mov dword [DIRECTORY], IDENTITY | 3
	mov dword [DIRECTORY + 4], TABLE | 3
	mov eax, DIRECTORY
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80010000	; PG, WP
	mov cr0, eax
	mov ebp, ROUNDS
	xor esi, esi
.round:	mov edi, TABLE
	mov ecx, 64
	xor eax, eax
	rep stosd
	mov eax, cr3		; the old ones are gone
	mov cr3, eax
	mov edi, TABLE
	mov eax, 0x60003
.make:	mov [edi], eax
	add edi, 4
	add eax, 0x1000
	cmp edi, TABLE + 64 * 4
	jb .make
	mov edi, WINDOW
.touch:	mov [edi], ebp
	inc esi
	add edi, 0x1000
	cmp edi, WINDOW + 64 * 0x1000
	jb .touch
	dec ebp
	jnz .round
	mov eax, esi
	FINISH 32
