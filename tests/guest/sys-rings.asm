; SPDX-License-Identifier: GPL-3.0-or-later
; sys-rings.asm - what the rings may do: flags, ports, time, the virtual interrupt flag of PVI, and the reserved bits of
; the control registers in 32-bit mode (SDM 3A 2.5, SDM 1 18.5, SDM 3B 20.4).
; qemu: no, TCG has no PVI and checks no limits
%include "sys-pmode.inc"
	SYS_START
VIF	equ 1 << 19
VIP	equ 1 << 20

; RING3 flags, vector, error, instruction: one instruction in ring 3 with these flags; 0x20 = nothing special.
	or byte [IDT + 0x20 * 8 + 5], 0x60
%macro RING3 4+
	mov dword [got_vector], -1
	mov dword [got_error], 0
	mov dword [resume], %%after
	push dword DATA3
	push dword STACK3
	push dword 2 | (%1)
	push dword CODE3
	push dword %%code
	mov eax, DATA3
	mov ds, ax
	mov es, ax
	iret
%%code:	%4
	int 0x20
%%after:
	NUMBERED
	cmp dword [got_vector], %2
	jne fail
	cmp dword [got_error], %3
	jne fail
%endmacro
%macro pop_flags 0
	push dword [value]
	popf
%endmacro
%macro in_ffff 0
	mov edx, 0xffff
	in al, dx
%endmacro
%macro FLAGS_WERE 2		; mask, value: in the flags pushed by the catcher
	mov eax, [got_flags]
	and eax, %1
	SAME eax, %2
%endmacro
IOPL3	equ 0x3000

; --- flags ---
	RING3 0, 13, 0, cli
	RING3 0, 13, 0, sti
	RING3 IOPL3, 0x20, 0, sti
	FLAGS_WERE 0x200, 0x200
	RING3 IOPL3 | 0x200, 0x20, 0, cli
	FLAGS_WERE 0x200, 0
	push dword 0x7202
	pop dword [value]
	RING3 0, 0x20, 0, pop_flags
	FLAGS_WERE 0x7200, 0x4000		; neither IF nor IOPL, but NT
	RING3 IOPL3, 0x20, 0, pop_flags
	FLAGS_WERE 0x7200, 0x7200
	mov dword [value], 0x0002
	RING3 IOPL3 | 0x200, 0x20, 0, pop_flags
	FLAGS_WERE 0x3200, 0x3000		; IF cleared, IOPL kept
	mov dword [value], 0x00250002		; AC, ID, RF
	RING3 0, 0x20, 0, pop_flags
	FLAGS_WERE 0x00350000, 0x00240000
	mov dword [value], 0x00180002		; VIF and VIP are not for POPF
	RING3 0, 0x20, 0, pop_flags
	FLAGS_WERE 0x00180000, 0
	push dword 0x00180002
	popf
	pushf
	pop eax
	and eax, 0x00180000
	SAME eax, 0

; --- ports ---
	RING3 0, 0x20, 0, in al, 0x61
	or byte [io_map + 0x60 / 8], 1 << (0x62 % 8)
	RING3 0, 13, 0, in al, 0x62
	RING3 0, 13, 0, in ax, 0x61
	RING3 0, 13, 0, out 0x61, eax
	RING3 IOPL3, 0x20, 0, in al, 0x62
	RING3 0, 0x20, 0, in al, 0x63
	RING3 0, 0x20, 0, in_ffff
	or byte [io_map + 8191], 0x80
	RING3 0, 13, 0, in_ffff
	mov word [tss + 0x66], 104 + 32 + 8192 - 1	; the bitmap ends with the segment
	RING3 0, 0x20, 0, in al, 2
	RING3 0, 13, 0, in al, 0x80
	mov word [tss + 0x66], 0xffff
	RING3 0, 13, 0, in al, 2
	mov word [tss + 0x66], 104 + 32
	mov edi, 0
	mov dx, 0x61
	mov ax, READ_ONLY
	mov es, ax
	RAISES 13, 0, insb				; the destination is checked
	mov edx, 0x61
	mov ax, SMALL
	mov es, ax
	mov edi, 0xffe
	mov ecx, 5
	RAISES 13, 0, rep insb
	SAME edi, 0x1000				; two of them fitted
	SAME ecx, 3
	mov ecx, 0
	FINE rep insb
	mov ax, SMALL
	mov fs, ax
	mov esi, 0xfff
	mov edx, 0x80
	mov ecx, 3
	RAISES 13, 0, fs rep outsb
	SAME ecx, 2
	SAME esi, 0x1000

; --- time, control registers ---
	RING3 0, 0x20, 0, rdtsc
	mov eax, cr4
	or al, 4
	mov cr4, eax
	FINE rdtsc
	RING3 0, 13, 0, rdtsc			; CR4.TSD
	mov eax, cr4
	and al, ~4
	mov cr4, eax
	RING3 0, 13, 0, mov cr0, eax
	RING3 0, 13, 0, lmsw ax
	RING3 0, 13, 0, rdmsr
	RING3 0, 13, 0, wbinvd
	RING3 0, 13, 0, invlpg [0]
	mov eax, cr4
	or eax, 0x80000000
	RAISES 13, 0, mov cr4, eax
	mov eax, cr0
	and eax, ~0x60000000
	mov cr0, eax
	or eax, 0x20000000
	RAISES 13, 0, mov cr0, eax			; NW without CD
	mov eax, cr0
	and eax, ~1
	or eax, 0x80000000
	RAISES 13, 0, mov cr0, eax			; PG without PE
	mov eax, cr0
	or eax, 0x1ff00000				; reserved bits of CR0 are ignored
	FINE mov cr0, eax
	mov eax, cr0
	and eax, 0x1ff00000
	SAME eax, 0
	mov eax, 0
	lmsw ax					; PE cannot be cleared so
	mov eax, cr0
	and eax, 1
	SAME eax, 1
	mov ecx, 0xc0000080
	rdmsr
	or ah, 1
	wrmsr					; LME, but no PAE
	mov ecx, cr0
	or ecx, 0x80000000
	RAISES 13, 0, mov cr0, ecx
	mov ecx, 0xc0000080
	rdmsr
	and ah, ~1
	wrmsr
; PAE: the four pointers are checked when they are loaded
	mov dword [0x20000], 0x21003
	mov dword [0x20004], 0
	mov eax, 0x20000
	mov cr3, eax
	mov ecx, cr4
	or cl, 0x20
	mov cr4, ecx
	mov ecx, cr0
	or ecx, 0x80000000
	RAISES 13, 0, mov cr0, ecx
	mov ecx, cr4
	and cl, ~0x20
	mov cr4, ecx

; --- CR0.EM, TS, MP: #NM ---
	mov ecx, cr0
	mov edx, ecx
	and ecx, ~0xe
	or ecx, 4
	mov cr0, ecx
	RAISES 7, 0, fninit
	FINE fwait
	and ecx, ~4
	or ecx, 8
	mov cr0, ecx
	RAISES 7, 0, fninit
	FINE fwait
	or ecx, 2
	mov cr0, ecx
	RAISES 7, 0, fwait
	clts
	FINE fwait

; --- protected-mode virtual interrupts ---
	mov eax, 1
	cpuid
	test dl, 2
	jz pass
	mov eax, cr4
	or al, 2
	mov cr4, eax
	RING3 0, 0x20, 0, sti
	FLAGS_WERE VIF | 0x200, VIF
	RING3 VIF, 0x20, 0, cli
	FLAGS_WERE VIF, 0
	RING3 VIP, 13, 0, sti
	jmp pass

	align 4
value:	dd 0

	SYS_GDT
READ_ONLY equ $ - gdt
	DESC 0, 0xfffff, 0x90, 0xc0
SMALL	equ $ - gdt
	DESC 0x3000, 0xfff, 0x92, 0x40
gdt_end:
	SYS_TSS
