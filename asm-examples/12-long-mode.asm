; SPDX-License-Identifier: 0BSD
; 12-long-mode.asm - watch (--trace=state): 64-bit mode needs four things in the right order: tables of four
; levels in CR3, CR4.PAE, EFER.LME, and then CR0.PG, whereupon the processor itself sets EFER.LMA.  The far
; jump to a descriptor with the L bit is the last step.  No VM exit is needed for any of it.
%include "vitrine.inc"
PML4	equ 0x1000		; one page each, below the boot sector
PDPT	equ 0x2000
PD	equ 0x3000
	BOOT
	mov edi, PML4
	xor eax, eax
	mov cx, 3 * 1024
	rep stosd
	mov dword [PML4], PDPT | 3	; entry 0 of each: present, writable
	mov dword [PDPT], PD | 3
	mov dword [PD], 0x83		; a 2 MiB page at 0
	mov eax, PML4
	mov cr3, eax
	mov eax, cr4
	or al, 0x20			; physical address extension: entries of 64 bits
	mov cr4, eax
	mov ecx, 0xc0000080		; IA32_EFER
	rdmsr
	or ah, 1			; long mode enable
	wrmsr
	lgdt [gdt_pointer]
	mov eax, cr0
	or eax, 0x80000001		; paging and protection at once: straight from real mode
	mov cr0, eax
	jmp 8:inside

	bits 64
inside:
	mov ax, 16
	mov ss, ax
	mov rsp, 0x7c00
	mov rax, 0xfedcba9876543210	; a register wider than any other mode has
	mov r15, rax
	shr rax, 32
	call hex64
	mov eax, r15d
	call hex64
	lea rsi, [rel text]		; addresses can be relative to RIP now
	call print64
	POWER_OFF
	PRINT_ROUTINES 64
text:	db " in one register", 10, 0
	align 8
gdt:	dq 0
	dq 0x00af9a000000ffff		; code: L = 1
	dq 0x00cf92000000ffff
gdt_pointer: dw 3 * 8 - 1
	dd gdt
	SIGNATURE
