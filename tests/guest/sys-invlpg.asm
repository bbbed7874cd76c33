; SPDX-License-Identifier: GPL-3.0-or-later
; sys-invlpg.asm - what INVLPG must drop: of a small page its translation, of a large page all of it, whichever of its
; addresses was named, and whatever other large pages there are (SDM 3A 4.10.2.4, 4.10.4.1).
%include "sys-long.inc"
	SYS_START
DIRECTORY equ 0x12000
TABLE	equ 0x13000			; of the small pages at 400000h
LARGE	equ 0x200000			; a large page that moves
SMALL	equ 0x400000			; a small page that moves
ABOVE	equ 0x600000			; the large page of memory from 2 MiB on, to look at its bytes
MOVED	equ 0x200087			; large, present, for everybody: physical 2 MiB
HOME	equ 0x87			; and physical 0
OFFSET	equ 0x14000			; of what is looked at

	mov qword [DIRECTORY + 1 * 8], HOME
	mov qword [DIRECTORY + 2 * 8], TABLE | 7
	mov qword [DIRECTORY + 3 * 8], MOVED
	mov qword [TABLE], OFFSET | 7
	mov qword [OFFSET], 1		; three words: in low memory twice, and above 2 MiB
	mov qword [OFFSET + 0x1000], 2
	mov qword [ABOVE + OFFSET], 3

; --- a large page, by its first and its last address ---
	SAME qword [LARGE + OFFSET], 1
	mov qword [DIRECTORY + 1 * 8], MOVED
	invlpg [LARGE]
	SAME qword [LARGE + OFFSET], 3
	mov qword [DIRECTORY + 1 * 8], HOME
	invlpg [LARGE + 0x1fffff]
	SAME qword [LARGE + OFFSET], 1

; --- a small page above all large ones that are in use, then between them ---
	SAME qword [SMALL], 1
	mov qword [TABLE], (OFFSET + 0x1000) | 7
	invlpg [SMALL]
	SAME qword [SMALL], 2
	SAME qword [ABOVE + OFFSET], 3
	mov qword [TABLE], OFFSET | 7
	invlpg [SMALL + 0xfff]
	SAME qword [SMALL], 1

; --- a large page broken up into small ones ---
	SAME qword [LARGE + OFFSET], 1
	mov qword [TABLE + OFFSET / 0x1000 * 8], (OFFSET + 0x1000) | 7
	mov qword [DIRECTORY + 1 * 8], TABLE | 7
	invlpg [LARGE]
	SAME qword [LARGE + OFFSET], 2
	jmp pass

	SYS_GDT
gdt_end:
	SYS_TSS
