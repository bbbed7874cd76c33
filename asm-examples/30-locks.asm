; SPDX-License-Identifier: 0BSD
; run: --cpus 4
; 30-locks.asm - watch: four processors count together.  LOCK makes a read-modify-write of one; XCHG with memory is
; locked by itself, and so makes a lock for what takes more than one instruction.  All sums come out exactly, also
; with --smp-threads, where the processors truly run at the same time.  (Take a LOCK away and try that again.)
%include "vitrine.inc"
%include "pmode.inc"
%include "apic.inc"
ROUNDS	equ 5000
	BOOT
	PROTECTED_MODE gdt_pointer
	WAKE_OTHERS
	call work
.wait:	pause
	cmp dword [done], 4
	jne .wait
	mov ebp, counters
.print:	mov eax, [ebp]
	call hex32
	mov al, 10
	call put32
	add ebp, 64
	cmp ebp, counters + 6 * 64
	jb .print
	POWER_OFF

inside:	mov eax, 1
	lock xadd [stacks], eax	; a stack of its own
	shl eax, 8
	lea esp, [eax + 0x6000]
	call work
.rest:	hlt
	jmp .rest

work:	mov edi, ROUNDS
.round:	lock inc dword [counters]
	lock add dword [counters + 64], 3
	mov eax, 2
	lock xadd [counters + 128], eax
.try:	mov eax, [counters + 192]	; add 5, if nobody was faster
	lea ecx, [eax + 5]
	lock cmpxchg [counters + 192], ecx
	jne .try
.try8:	mov eax, [counters + 256]	; the same with eight bytes
	mov edx, [counters + 260]
	mov ebx, eax
	mov ecx, edx
	add ebx, 7
	adc ecx, 0
	lock cmpxchg8b [counters + 256]
	jne .try8
.spin:	mov eax, 1
	xchg eax, [lock_word]	; 0: it is ours
	test eax, eax
	jz .ours
	pause
	jmp .spin
.ours:	mov eax, [counters + 320]	; three instructions that nobody may come between
	inc eax
	mov [counters + 320], eax
	mov dword [lock_word], 0
	dec edi
	jnz .round
	lock inc dword [done]
	ret
	PRINT_ROUTINES 32
	align 4
done:	dd 0
stacks:	dd 0
lock_word: dd 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
	SIGNATURE

	OTHERS_BEGIN
	align 64
counters: times 6 * 64 db 0
gdt:	FLAT_GDT
