; SPDX-License-Identifier: GPL-3.0-or-later
; sys-v86.asm - virtual-8086 mode: the way in and out, what IOPL guards, what is refused altogether, and the virtual
; interrupt flag of VME (SDM 3B 20).
; qemu: no, TCG checks no limits
%include "sys-pmode.inc"
	SYS_START
	or byte [IDT + 3 * 8 + 5], 0x60		; INT3 ends what went well
	or byte [IDT + 0x20 * 8 + 5], 0x60
	or byte [IDT + 4 * 8 + 5], 0x60

IOPL3	equ 0x3000
VIF	equ 1 << 19
VIP	equ 1 << 20

; do: several instructions in one argument
%macro do 1-*
  %rep %0
	%1
  %rotate 1
  %endrep
%endmacro

; V86 flags, vector, error, instruction: what one instruction does there; 3 = nothing special.
%macro V86 4+
	mov dword [got_vector], -1
	mov dword [got_error], 0
	mov dword [resume], %%after
	push dword 0x4444
	push dword 0x3333
	push dword 0
	push dword 0x1111
	push dword 0x0200
	push dword 0x1000		; SS:SP = 0200:1000
	push dword 0x20002 | (%1)
	push dword 0
	push dword %%code
	iret
	bits 16
%%code:	%4
	int3
	bits 32
%%after:
	NUMBERED
	cmp dword [got_vector], %2
	jne fail
	cmp dword [got_error], %3
	jne fail
%endmacro

; --- in and out ---
	V86 IOPL3, 3, 0, nop
	mov eax, [got_flags]
	and eax, 0x23000
	SAME eax, 0x23000
	SAME dword [got_cs], 0
	SAME dword [got_outer_ss], 0x0200
	SAME dword [got_outer_esp], 0x1000
	SAME dword [got_v86_es], 0x1111
	SAME dword [got_v86_gs], 0x4444
	SAME dword [got_ds], 0			; the handler starts with null selectors
	SAME dword [got_esp], STACK0 - 24
	V86 0, 3, 0, do {mov ax, ds}

; --- segments as in real mode ---
	V86 0, 3, 0, do {mov ax, 0x1234}, {mov es, ax}
	SAME dword [got_v86_es], 0x1234
	V86 0, 13, 0, mov ax, [0xffff]		; limits are FFFFh
	V86 0, 12, 0, do {mov bp, 0xffff}, {mov ax, [bp]}
	V86 0, 13, 0, do {mov ebx, 0x10000}, {mov al, [ebx]}
	V86 0, 12, 0, do {mov sp, 1}, push ax
	V86 0, 3, 0, do {mov word [cs:scratch], 1}	; CS can be written
	V86 0, 3, 0, jmp 0:$ + 5
	V86 0, 3, 0, call 0:far_routine

; --- what IOPL guards ---
	V86 0, 13, 0, cli
	V86 0, 13, 0, sti
	V86 0, 13, 0, pushf
	V86 0, 13, 0, popf
	V86 0, 13, 0, iret
	V86 0, 13, 0, int 0x20
	V86 IOPL3, 0x20, 0, int 0x20
	V86 IOPL3, 13, 0x21 * 8 + 2, int 0x21	; DPL 0
	V86 IOPL3, 3, 0, cli
	V86 IOPL3, 3, 0, do push word 0x0202 | 0x4000, popf
	mov eax, [got_flags]
	and eax, 0x27200			; IOPL stays, NT and IF change
	SAME eax, 0x27200
	V86 IOPL3, 3, 0, do pushf, pop ax, {mov [cs:scratch], ax}
	movzx eax, word [scratch]
	and eax, 0xf000
	SAME eax, 0x3000
	V86 IOPL3, 3, 0, jmp iret_routine
	V86 0, 4, 0, do {mov al, 0x7f}, inc al, into				; INTO and INT3 are not guarded

; --- what does not exist or is refused ---
	V86 0, 6, 0, lldt ax
	V86 IOPL3, 6, 0, str ax
	V86 0, 6, 0, lar ax, bx
	V86 0, 6, 0, verr ax
	V86 0, 6, 0, arpl ax, bx
	V86 IOPL3, 13, 0, hlt
	V86 IOPL3, 13, 0, mov eax, cr0
	V86 IOPL3, 13, 0, clts
	V86 IOPL3, 13, 0, lgdt [0]
	V86 IOPL3, 3, 0, smsw ax
	V86 IOPL3, 3, 0, sgdt [scratch]

; --- ports: always the bitmap, whatever IOPL ---
	V86 0, 3, 0, in al, 0x61
	or byte [io_map + 0x61 / 8], 1 << (0x61 % 8)
	V86 IOPL3, 13, 0, in al, 0x61
	V86 IOPL3, 13, 0, in ax, 0x60
	V86 IOPL3, 3, 0, in al, 0x60

; --- a handler that is not for ring 0 ---
	mov word [IDT + 0x20 * 8 + 2], CODE3
	V86 IOPL3, 13, CODE3 & ~3, int 0x20
	mov word [IDT + 0x20 * 8 + 2], CODE0

; --- virtual-8086 mode extensions ---
	mov eax, 1
	cpuid
	test dl, 2
	jz pass
	mov eax, cr4
	or al, 1
	mov cr4, eax
	V86 0, 3, 0, sti
	mov eax, [got_flags]
	and eax, VIF | 0x200
	SAME eax, VIF				; the virtual flag, not the real one
	V86 VIF, 3, 0, cli
	mov eax, [got_flags]
	and eax, VIF
	SAME eax, 0
	V86 VIP, 13, 0, sti			; somebody waits for this: the monitor
	V86 VIP, 3, 0, cli
	V86 VIF, 3, 0, do pushf, pop word [cs:scratch]
	movzx eax, word [scratch]
	and eax, 0x3200
	SAME eax, 0x3200
	V86 0x200, 3, 0, do pushf, pop word [cs:scratch]
	movzx eax, word [scratch]
	and eax, 0x3200
	SAME eax, 0x3000
	V86 0, 13, 0, pushfd			; only with 16-bit operands
	V86 0, 3, 0, do push word 0x0202, popf
	mov eax, [got_flags]
	and eax, VIF | 0x3200
	SAME eax, VIF
	V86 0, 13, 0, do push word 0x0302, popf				; TF is the monitor's
	V86 VIP, 13, 0, do push word 0x0202, popf
	V86 0, 3, 0, jmp iret_routine
	mov eax, [got_flags]
	and eax, VIF | 0x3200
	SAME eax, VIF

; INT n by the redirection bitmap: 0 = the program's own vector
	mov dword [0x21 * 4], own_handler
	V86 VIF, 3, 0, int 0x21
	movzx eax, word [own_flags]
	and eax, 0x3200
	SAME eax, 0x3200			; the flags it saw: IF = VIF, IOPL 3
	mov eax, [got_flags]
	and eax, VIF
	SAME eax, 0				; and VIF was cleared
	V86 IOPL3 | 0x200, 3, 0, int 0x21
	mov eax, [got_flags]
	and eax, 0x200
	SAME eax, 0
	or byte [redirection + 0x21 / 8], 1 << (0x21 % 8)
	V86 VIF, 13, 0, int 0x21		; 1 = through the IDT, which needs IOPL 3
	V86 IOPL3, 13, 0x21 * 8 + 2, int 0x21
	jmp pass

	bits 16
far_routine:
	retf
iret_routine:
	push word 0x0202
	push cs
	push word .there
	iret
.there:	int3
own_handler:
	mov bp, sp
	mov ax, [bp + 4]
	mov [cs:own_flags], ax
	add sp, 6
	int3
	bits 32
scratch:	dq 0
own_flags:	dw 0

	SYS_GDT
gdt_end:
	SYS_TSS
