; SPDX-License-Identifier: GPL-3.0-or-later
; smash.asm - the first process of a Linux guest: some way down, a function overwrites its caller's return address; the
; crash comes much later.  Who did it?  (An ELF program; find-writer.trap is the question.)
bits 64
default rel
section .text
global _start, victim, crash, work, smash, smash.done
_start:
	mov r12d, 50
.again:
	call victim
	dec r12d
	jnz .again
	mov eax, 231                    ; exit_group
	xor edi, edi
	syscall
victim:
	push rbp
	mov rbp, rsp
	lea rdi, [rbp + 8]
	cmp r12d, 7
	jne .on
	call smash
.on:
	call work                       ; the traces are cold when it crashes
	pop rbp
crash:
	ret                             ; to where no code can be: #GP
smash:
	mov rax, 0x4141414141414141
	mov [rdi], rax
.done:
	ret
work:
	mov ecx, 20000
.loop:
	mov [rsp - 64], rcx
	loop .loop
	mov eax, 39                     ; getpid: the kernel's stack is written, too
	syscall
	ret
