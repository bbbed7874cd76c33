; SPDX-License-Identifier: 0BSD
; 15-syscall.asm - watch: SYSCALL and SYSRET, the short way between rings in 64-bit mode.  No table is read:
; target, selectors and flags come from three MSRs, the return address goes into RCX, the flags into R11;
; the stack stays the user's until the kernel changes it.  The instruction must be enabled first (EFER.SCE).
%include "vitrine.inc"
%include "lmode.inc"
	BOOT
	LONG_MODE gdt_pointer
	mov ecx, 0xc0000080	; IA32_EFER
	rdmsr
	or al, 1		; SCE
	wrmsr
	mov ecx, 0xc0000081	; IA32_STAR: bits 63:48 for SYSRET (its CS is this + 16), 47:32 for SYSCALL
	xor eax, eax
	mov edx, (0x18 | 3) << 16 | CODE64
	wrmsr
	inc ecx			; IA32_LSTAR: where SYSCALL goes
	mov eax, kernel
	xor edx, edx
	wrmsr
	mov ecx, 0xc0000084	; IA32_FMASK: flags cleared on the way in
	mov eax, 0x200
	wrmsr

	mov rcx, user		; where SYSRET goes
	mov r11, 2
	o64 sysret

user:				; ring 3
	mov ax, cs
	and ax, 3
	mov [ring], al
	mov rsi, text
	mov r12, 1		; call 1: print
	syscall
	mov r12, 0		; call 0: off
	syscall

kernel:
	test r12, r12
	jz off
	mov rsp, 0x7c00
	mov rbp, rcx		; the print routines use RCX
	call print64
	mov al, '0'
	add al, [ring]
	call put64
	mov al, 10
	call put64
	mov rcx, rbp
	o64 sysret
off:	POWER_OFF
	PRINT_ROUTINES 64
ring:	db 0
text:	db "called by SYSCALL from ring ", 0
gdt_pointer: dw 6 * 8 - 1
	dd gdt
	align 8
gdt:	LONG_GDT
	SIGNATURE
