; SPDX-License-Identifier: GPL-3.0-or-later
; cpu64.asm - one access in 64-bit mode, by the kernel or a user, and the way back if it faults.
; Rule: no IRET and no INT: user code is entered by SYSRET and left by SYSCALL or a fault, so that a hypervisor that
; emulates kernels (KVM on some hosts) has little to emulate.
	bits 64
	default abs
extern outcome, user_page, frame_value
global _start, access, on_syscall, handlers, user_code, user_code_end
extern main

section .entry
_start:	mov rsp, 0x1f000
	call main
	hlt

section .text
; access(how, user, lin, flags)
access:	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	mov [saved], rsp
	mov rbx, rdx
	mov r11, rcx
	mov edx, [frame_value]
	xor eax, eax
	test esi, esi
	jnz .user
	push rcx
	popfq
	jmp [.kernel + rdi * 8]
.user:	mov ebp, 7		; selector 0 of the local table
	shl edi, 4
	lea rcx, [rdi + 0x1000000]
	o64 sysret
.read:	mov eax, [rbx + 0x10]
	jmp done
.write:	mov [rbx + 0x18], edx
	jmp done
.fetch:	call rbx
	jmp done
.system:
	mov ebp, 4
	mov es, ebp
	jmp done
	align 8
.kernel: dq .read, .write, .fetch, .system, .system

on_syscall:
	mov rsp, [saved]
done:	push 2			; RFLAGS
	popfq
	mov [outcome + 24], rax
	mov eax, 0x10
	mov es, eax
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret

; Faults with error codes are what an access can end in.
%macro HANDLER 1
on_%1:	mov qword [outcome], %1
	jmp fault
%endmacro
	HANDLER 8
	HANDLER 10
	HANDLER 11
	HANDLER 12
	HANDLER 13
	HANDLER 14
on_6:	push 0
	mov qword [outcome], 6
fault:	pop qword [outcome + 8]
	mov rax, cr2
	mov [outcome + 16], rax
	mov rsp, [saved]
	xor eax, eax
	jmp done
	align 8
handlers: dq 0, 0, 0, 0, 0, 0, on_6, 0, on_8, 0, on_10, on_11, on_12, on_13, on_14

; Copied into the users' page, 16 bytes for each kind of access.
	align 16
user_code:
	mov eax, [rbx + 0x10]
	syscall
	align 16
	mov [rbx + 0x18], edx
	syscall
	align 16
	jmp rbx
	align 16
	mov es, ebp
	syscall
	align 16
	mov es, ebp
	syscall
	align 16
user_code_end:

section .bss
saved:	resq 1
