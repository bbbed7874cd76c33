; SPDX-License-Identifier: GPL-3.0-or-later
; sys-segments.asm - loading segment registers: every check of SDM 2B MOV and SDM 3A 5, and what limits and types allow.
; qemu: no, TCG checks neither limits nor types of loaded segments
%include "sys-pmode.inc"
	SYS_START

; --- loads in ring 0 ---
%macro LOAD 4			; register, selector, vector, error
	mov eax, %2
	RAISES %3, %4, mov %1, ax
%endmacro
	LOAD es, 0, -1, 0			; a null selector may be loaded,
	RAISES 13, 0, mov eax, [es:0]		; but not used
	LOAD ss, 0, 13, 0			; SS may not be null
	LOAD ss, 3, 13, 0
	LOAD es, gdt_end - gdt, 13, gdt_end - gdt	; beyond the table
	LOAD ss, gdt_end - gdt, 13, gdt_end - gdt
	LOAD es, 0xfff8, 13, 0xfff8
	LOAD es, 4, 13, 4			; there is no LDT yet
	LOAD es, TSS32, 13, TSS32		; a system segment
	LOAD es, ABSENT, 11, ABSENT
	LOAD ss, ABSENT, 12, ABSENT
	LOAD es, EXEC_ONLY, 13, EXEC_ONLY
	LOAD es, CODE0, -1, 0			; readable code will do
	LOAD ss, CODE0, 13, CODE0
	LOAD ss, READ_ONLY, 13, READ_ONLY
	LOAD es, READ_ONLY, -1, 0
	LOAD ss, DATA3, 13, DATA3 & ~3		; RPL and DPL of SS must be the CPL
	LOAD ss, DATA3 & ~3, 13, DATA3 & ~3
	LOAD ss, DATA0 | 3, 13, DATA0
	LOAD es, DATA3, -1, 0
	LOAD es, DATA0 | 3, 13, DATA0		; RPL 3 asks with the rights of ring 3
	LOAD es, CONFORMING | 3, -1, 0		; conforming code may be read by anybody
	LOAD es, ABSENT | 3, 13, ABSENT		; privilege is checked before presence
	LOAD fs, DATA3, -1, 0
	LOAD gs, FAR_AWAY, -1, 0

; The accessed bit is set by a load, and not before.
	mov ax, UNTOUCHED
	SAME dword [gdt + UNTOUCHED + 4], 0x00cf9200
	mov es, ax
	SAME dword [gdt + UNTOUCHED + 4], 0x00cf9300
	mov ax, DATA0
	mov es, ax

; --- what a segment allows ---
%macro USE 1
	mov ax, %1
	mov fs, ax
%endmacro
	USE READ_ONLY
	FINE mov eax, [fs:0]
	RAISES 13, 0, mov [fs:0], eax
	RAISES 13, 0, add dword [fs:0], 1
	USE CODE0
	RAISES 13, 0, mov [fs:0x8000], eax
	USE SMALL				; limit FFFh
	FINE mov eax, [fs:0xffc]
	RAISES 13, 0, mov eax, [fs:0xffd]
	RAISES 13, 0, mov al, [fs:0x1000]
	FINE mov al, [fs:0xfff]
	RAISES 13, 0, mov ax, [fs:0xffffffff]
	USE DOWN32				; expand-down, limit FFFh: 1000h to FFFFFFFFh
	RAISES 13, 0, mov al, [fs:0xfff]
	FINE mov al, [fs:0x1000]
	RAISES 13, 0, mov eax, [fs:0xffe]
	FINE mov al, [fs:0x0fffff]
	USE DOWN16				; the same with B = 0: 1000h to FFFFh
	FINE mov eax, [fs:0xfffc]
	RAISES 13, 0, mov eax, [fs:0xfffd]
	RAISES 13, 0, mov al, [fs:0x10000]
	USE 0
	RAISES 13, 0, mov al, [fs:0]
	RAISES 13, 0, mov [fs:0], al
	mov ax, SMALL
	mov ss, ax
	mov esp, 0x1000
	FINE mov eax, [esp - 4]
	RAISES 12, 0, mov eax, [esp - 2]	; the stack segment's fault is #SS
	mov ax, SMALL
	mov ss, ax
	mov esp, 0xffe
	RAISES 12, 0, pop eax
	mov ax, DATA0
	mov ss, ax
	mov esp, STACK0

; --- LDT and TR ---
	RAISES 13, 4, call load_ldt_4		; the LDT's own selector must be in the GDT
	mov ax, DATA0
	RAISES 13, DATA0, lldt ax
	mov ax, LDT_ABSENT
	RAISES 11, LDT_ABSENT, lldt ax
	mov ax, LDT
	FINE lldt ax
	sldt ax
	movzx eax, ax
	SAME eax, LDT
	LOAD es, 4, -1, 0			; entry 0 of the LDT is no null selector
	LOAD es, 4 | 8, 11, 4 | 8
	LOAD es, 4 | 16, 13, 4 | 16
	mov ax, 0
	FINE lldt ax				; none again
	LOAD es, 4, 13, 4
	mov ax, TSS32
	RAISES 13, TSS32, ltr ax		; busy
	mov ax, 0
	RAISES 13, 0, ltr ax
	mov ax, 4
	RAISES 13, 4, ltr ax
	mov ax, TSS_ABSENT
	RAISES 11, TSS_ABSENT, ltr ax
	str ax
	movzx eax, ax
	SAME eax, TSS32
	SAME dword [gdt + TSS32 + 4], 0x00008b00 | ((AT(tss) >> 16) & 0xff) | (AT(tss) >> 24 << 24)

; --- LAR, LSL, VERR, VERW ---
%macro ASK 4			; instruction, selector, ZF, result
	mov eax, %2
	mov ecx, 0x55555555
	%1 ecx, eax
	mov edi, 0
	setz dl
	movzx edi, dl
	SAME edi, %3
	SAME ecx, %4
%endmacro
%macro VERIFY 3			; instruction, selector, ZF
	mov eax, %2
	%1 ax
	setz dl
	movzx edx, dl
	SAME edx, %3
%endmacro
NONE	equ 0x55555555
	ASK lar, 0, 0, NONE
	ASK lar, gdt_end - gdt, 0, NONE
	ASK lar, TSS_ABSENT, 1, 0x00000900
	ASK lar, LDT, 1, 0x00008200
	ASK lar, GATE32, 1, 0x0000ec00
	ASK lar, INT_GATE, 0, NONE
	ASK lar, DATA0 | 3, 0, NONE
	ASK lar, CONFORMING | 3, 1, 0x00cf9f00
	ASK lsl, CODE0, 1, 0xffffffff
	ASK lsl, SMALL, 1, 0xfff
	ASK lsl, GATE32, 0, NONE
	ASK lsl, LDT, 1, 23
	ASK lsl, 4, 0, NONE
	VERIFY verr, CODE0, 1
	VERIFY verw, CODE0, 0
	VERIFY verr, EXEC_ONLY, 0
	VERIFY verw, READ_ONLY, 0
	VERIFY verw, DATA0, 1
	VERIFY verw, DATA0 | 3, 0
	VERIFY verr, LDT, 0
	VERIFY verr, 0, 0
	VERIFY verr, ABSENT, 1			; presence is not asked for

; --- ARPL ---
	mov eax, 0x11110010
	mov ecx, 3
	arpl ax, cx
	setz dl
	movzx edx, dl
	SAME edx, 1
	SAME eax, 0x11110013
	arpl ax, cx
	setz dl
	movzx edx, dl
	SAME edx, 0

; --- LDS and kin ---
	FINE lfs ecx, [pointer_good]
	SAME ecx, 0x12345678
	RAISES 13, 0xfff0, lfs ecx, [pointer_bad]
	SAME ecx, 0x12345678			; nothing loaded
	mov ax, fs
	movzx eax, ax
	SAME eax, DATA3

; --- the same from ring 3 ---
	push dword DATA3
	push dword STACK3
	push dword 2
	push dword CODE3
	push dword in_ring_3
	iret
in_ring_3:
	mov ax, DATA3
	mov ds, ax
%macro LOAD3 4			; the catcher brings us back to ring 0: go there again
	mov eax, %2
	RAISES %3, %4, mov %1, ax
	call to_ring_3
%endmacro
	LOAD3 es, DATA3, -1, 0
	LOAD3 es, DATA0, 13, DATA0
	LOAD3 es, CODE0, 13, CODE0
	LOAD3 es, CONFORMING, -1, 0
	LOAD3 ss, DATA0, 13, DATA0
	LOAD3 ss, DATA3 & ~3, 13, DATA3 & ~3
	LOAD3 ss, DATA3, -1, 0
	LOAD3 es, 0, -1, 0
	LOAD3 es, 3, -1, 0
	RAISES 13, 0, mov eax, cr0
	call to_ring_3
	RAISES 13, 0, lgdt [gdt_pointer]
	call to_ring_3
	RAISES 13, 0, lldt ax
	call to_ring_3
	RAISES 13, 0, clts
	call to_ring_3
	RAISES 13, 0, hlt
	call to_ring_3
	RAISES 13, 0, invd
	call to_ring_3
	RAISES 13, 0, mov dr7, eax
	call to_ring_3
	FINE smsw ax
	FINE sgdt [scratch]
	VERIFY verr, DATA0, 0
	VERIFY verr, DATA3, 1
	ASK lar, DATA0, 0, NONE
	ASK lar, CONFORMING, 1, 0x00cf9f00
	ASK lsl, TSS32, 0, NONE
	RAISES 13, 0, cli
	jmp pass

; From either ring to ring 3; EAX and the flags are lost.
to_ring_3:
	mov eax, cs
	test al, 3
	jnz .there
	pop eax
	push dword DATA3
	push dword STACK3
	push dword 2
	push dword CODE3
	push eax
	mov eax, DATA3
	mov ds, ax
	iret
.there:	ret

load_ldt_4:
	mov ax, 4
	lldt ax
	ret

scratch:	dq 0
pointer_good:	dd 0x12345678
		dw DATA3
pointer_bad:	dd 0x87654321
		dw 0xfff0

	SYS_GDT
ABSENT	equ $ - gdt
	DESC 0, 0xfffff, 0x12, 0xc0
EXEC_ONLY equ $ - gdt
	DESC 0, 0xfffff, 0x98, 0xc0
READ_ONLY equ $ - gdt
	DESC 0, 0xfffff, 0x90, 0xc0
CONFORMING equ $ - gdt
	DESC 0, 0xfffff, 0x9e, 0xc0
FAR_AWAY equ $ - gdt
	DESC 0xffffff00, 0xfffff, 0x92, 0xc0
UNTOUCHED equ $ - gdt
	DESC 0, 0xfffff, 0x92, 0xc0
SMALL	equ $ - gdt
	DESC 0x3000, 0xfff, 0x92, 0x40
DOWN32	equ $ - gdt
	DESC 0, 0xfff, 0x96, 0x40
DOWN16	equ $ - gdt
	DESC 0, 0xfff, 0x96, 0x00
LDT	equ $ - gdt
	DESC AT(ldt), 23, 0x82, 0
LDT_ABSENT equ $ - gdt
	DESC AT(ldt), 23, 0x02, 0
TSS_ABSENT equ $ - gdt
	DESC AT(tss), 103, 0x09, 0
GATE32	equ $ - gdt
	GATE CODE0, 0, 0xec, 0
INT_GATE equ $ - gdt
	GATE CODE0, 0, 0xee, 0
gdt_end:
	align 8
ldt:	DESC 0, 0xfffff, 0x92, 0xc0
	DESC 0, 0xfffff, 0x12, 0xc0
	DESC 0, 0xfffff, 0x82, 0xc0
	SYS_TSS
