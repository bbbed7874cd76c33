; SPDX-License-Identifier: 0BSD
; 21-multiboot.asm - watch: a kernel need not start in real mode.  This image is no boot sector; its header
; says in the Multiboot specification's words where to load it, and it is entered in 32-bit protected mode
; with a magic number in EAX and the address of a table in EBX: memory sizes, command line, modules.
; run: --append colour=blue
; qemu: no, it is no boot sector
%include "vitrine.inc"
MAGIC	equ 0x1badb002
FLAGS	equ 0x10002		; bit 1: memory sizes, please; bit 16: the addresses below are valid
START	equ 0x100000
	org START
	bits 32
header:	dd MAGIC, FLAGS, -(MAGIC + FLAGS)
	dd header, START, 0, 0, entry ; header, load from, load to (all), no BSS, entry
entry:
	mov esp, 0x7c00
	mov ebp, ebx		; the table
	cmp eax, 0x2badb002
	jne off
	mov esi, memory
	call print32
	mov eax, [ebp + 8]	; KiB above 1 MiB
	call hex32
	mov esi, command
	call print32
	mov esi, [ebp + 16]	; the command line
	call print32
	mov al, 10
	call put32
off:	POWER_OFF
	PRINT_ROUTINES 32
memory:	db "KiB above 1 MiB: ", 0
command: db 10, "command line:    ", 0
