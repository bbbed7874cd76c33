; SPDX-License-Identifier: GPL-3.0-or-later
; syscall.asm - between the rings: SYSCALL from ring 3 and SYSRET back in 64-bit mode, ROUNDS times.
%include "bench.inc"
	BEGIN 64
	mov ecx, 0xc0000080	; IA32_EFER.SCE
	rdmsr
	or al, 1
	wrmsr
	mov ecx, 0xc0000081	; IA32_STAR
	xor eax, eax
	mov edx, (0x18 | 3) << 16 | CODE64
	wrmsr
	inc ecx			; IA32_LSTAR
	mov eax, kernel
	xor edx, edx
	wrmsr
	mov ecx, 0xc0000084	; IA32_FMASK
	mov eax, 0x200
	wrmsr
	xor esi, esi
	xor ebx, ebx
	mov ebp, ROUNDS
	mov ecx, user
	mov r11d, 2
	o64 sysret
user:	syscall
	dec ebp
	jnz user
	mov ebx, 1		; no more
	syscall
kernel:	cmp ebx, 1
	je .end
	inc esi
	o64 sysret
.end:	mov eax, esi
	FINISH 64
