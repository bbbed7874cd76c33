; SPDX-License-Identifier: GPL-3.0-or-later
; switch.asm - context switches: CR3 goes round four address spaces ROUNDS times in all, and in each of them 16 pages of
; its own, at the same addresses, are read, added up and counted up.  Without PCIDs.
%include "bench.inc"
DIRECTORIES equ 0x40000		; four, each followed by the table of the first 4 MiB and that of its own pages
IDENTITY equ 0x1000
TABLE	equ 0x2000
SPACE	equ 0x3000
FRAMES	equ 0x60000		; 16 pages for each
WINDOW	equ 0x400000
	BEGIN 32
	mov edi, DIRECTORIES
	xor eax, eax
	mov ecx, 4 * SPACE / 4
	rep stosd
	mov edi, FRAMES
	mov ecx, 4 * 16 * 1024
	rep stosd
	mov esi, DIRECTORIES
	mov ebx, FRAMES | 3
.space:	lea eax, [esi + IDENTITY + 3]
	mov [esi], eax
	lea eax, [esi + TABLE + 3]
	mov [esi + 4], eax
	lea edi, [esi + IDENTITY]
	mov eax, 3
	mov ecx, 1024
.map:	stosd
	add eax, 0x1000
	loop .map
	lea edi, [esi + TABLE]
	mov ecx, 16
.own:	mov [edi], ebx
	add edi, 4
	add ebx, 0x1000
	loop .own
	add esi, SPACE
	cmp esi, DIRECTORIES + 4 * SPACE
	jb .space
	mov esi, DIRECTORIES
	mov cr3, esi
	mov eax, cr0
	or eax, 0x80010000	; PG, WP
	mov cr0, eax
	mov ebp, ROUNDS
	xor eax, eax
.round:	mov cr3, esi
	mov edi, WINDOW
.touch:	add eax, [edi]
	inc dword [edi]
	add edi, 0x1000
	cmp edi, WINDOW + 16 * 0x1000
	jb .touch
	add esi, SPACE
	cmp esi, DIRECTORIES + 4 * SPACE
	jb .next
	mov esi, DIRECTORIES
.next:	dec ebp
	jnz .round
	FINISH 32
