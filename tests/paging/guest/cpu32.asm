; SPDX-License-Identifier: GPL-3.0-or-later
; cpu32.asm - one access in 32-bit protected mode, by the kernel or a user, and the way back if it faults.
; Rule: as in cpu64.asm, but users are entered by IRET and leave by INT 80h.
	bits 32
extern outcome, user_page, frame_value
global _start, access, on_syscall, handlers, user_code, user_code_end
extern main

section .entry
_start:	mov esp, 0x1f000
	call main
	hlt

section .text
; access(how, user, lin, flags), on the stack
access:	push ebx
	push ebp
	push esi
	push edi
	mov [saved], esp
	mov edi, [esp + 20]
	mov ebx, [esp + 28]
	mov ecx, [esp + 32]
	mov edx, [frame_value]
	xor eax, eax
	cmp dword [esp + 24], 0
	jne .user
	push ecx
	popfd
	jmp [.kernel + edi * 4]
.user:	mov ebp, 7		; selector 0 of the local table
	shl edi, 4
	add edi, 0x1000000
	mov esi, 0x23		; users' data
	mov ds, esi
	mov es, esi
	push esi
	push 0x1000800		; never used
	push ecx
	push 0x1b		; users' code
	push edi
	iretd
.read:	mov eax, [ebx + 0x10]
	jmp done
.write:	mov [ebx + 0x18], edx
	jmp done
.fetch:	call ebx
	jmp done
.system:
	mov ebp, 4
	mov es, ebp
	jmp done
	align 4
.kernel: dd .read, .write, .fetch, .system, .system

on_syscall:
	mov ecx, 0x10
	mov ds, ecx
	mov esp, [saved]
done:	push 2			; EFLAGS
	popfd
	mov ecx, 0x10
	mov es, ecx
	mov [outcome + 12], eax
	pop edi
	pop esi
	pop ebp
	pop ebx
	ret

%macro HANDLER 1
on_%1:	push %1
	jmp fault
%endmacro
	HANDLER 8
	HANDLER 10
	HANDLER 11
	HANDLER 12
	HANDLER 13
	HANDLER 14
on_6:	push 0
	push 6
fault:	mov ecx, 0x10
	mov ds, ecx
	pop dword [outcome]
	pop dword [outcome + 4]
	mov eax, cr2
	mov [outcome + 8], eax
	mov esp, [saved]
	xor eax, eax
	jmp done
	align 4
handlers: dd 0, 0, 0, 0, 0, 0, on_6, 0, on_8, 0, on_10, on_11, on_12, on_13, on_14

; Copied into the users' page, 16 bytes for each kind of access.
	align 16
user_code:
	mov eax, [ebx + 0x10]
	int 0x80
	align 16
	mov [ebx + 0x18], edx
	int 0x80
	align 16
	jmp ebx
	align 16
	mov es, ebp
	int 0x80
	align 16
	mov es, ebp
	int 0x80
	align 16
user_code_end:

section .bss
saved:	resd 1
