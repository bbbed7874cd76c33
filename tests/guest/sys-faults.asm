; SPDX-License-Identifier: GPL-3.0-or-later
; sys-faults.asm - exceptions while an exception is delivered: which pairs make a double fault (SDM 3A 6.15, table 6-5),
; EXT in error codes, CR2, DR6, the trap flag, and instructions that hold interrupts and traps off.
; qemu: no, TCG combines some faults differently
%include "sys-pmode.inc"
	SYS_START

; Paging: 4 MiB identity-mapped by 4 KiB pages, all for everybody; page 30000h is not there.
HOLE	equ 0x30000
	mov edi, 0x20000
	mov dword [edi], 0x21007
	mov edi, 0x21000
	mov eax, 7
	mov ecx, 1024
.map:	stosd
	add eax, 0x1000
	loop .map
	mov dword [0x21000 + HOLE / 0x1000 * 4], 0
	mov eax, 0x20000
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax

; ABSENT_GATE vector / PRESENT_GATE vector: the gate of an exception
%macro ABSENT_GATE 1
	and byte [IDT + (%1) * 8 + 5], 0x7f
%endmacro
%macro PRESENT_GATE 1
	or byte [IDT + (%1) * 8 + 5], 0x80
%endmacro

; --- page faults ---
	RAISES 14, 0, mov eax, [HOLE + 4]
	SAME dword [got_cr2], HOLE + 4
	RAISES 14, 2, mov [HOLE + 8], eax
	RAISES 14, 2, add dword [HOLE + 8], 1		; read-modify-write reports the write
	RAISES 14, 0, mov eax, [HOLE - 2]
	SAME dword [got_cr2], HOLE
	RAISES 14, 0, call HOLE_CODE
	TO_RING_3
	RAISES 14, 4, mov eax, [HOLE]
	TO_RING_3
	RAISES 14, 6, mov [HOLE], eax

; --- benign first: the second is handled ---
	ABSENT_GATE 6
	RAISES 11, 6 * 8 + 3, ud2
	PRESENT_GATE 6
	ABSENT_GATE 1
	RAISES 11, 1 * 8 + 3, int1			; INT1 comes from outside, as far as EXT goes,
	PRESENT_GATE 1
	ABSENT_GATE 3
	RAISES 11, 3 * 8 + 2, int3			; INT3 and INT n do not
	PRESENT_GATE 3
	ABSENT_GATE 0x20
	RAISES 11, 0x20 * 8 + 2, int 0x20
	PRESENT_GATE 0x20
	ABSENT_GATE 13
	RAISES 11, 13 * 8 + 2, int 13			; INT 13 is no #GP

; --- contributory, then contributory: double fault ---
	RAISES 8, 0, {mov [cs:0], eax}
	PRESENT_GATE 13
	ABSENT_GATE 0
	xor ecx, ecx
	RAISES 8, 0, div ecx
	PRESENT_GATE 0

; --- page fault, then contributory, or another page fault ---
	ABSENT_GATE 14
	RAISES 8, 0, mov eax, [HOLE + 12]
	SAME dword [got_cr2], HOLE + 12
	PRESENT_GATE 14

; --- contributory, then page fault: handled.  A task handles it, for there is no stack ---
	mov ecx, [IDT + 14 * 8]
	mov edx, [IDT + 14 * 8 + 4]
	mov dword [IDT + 14 * 8], TASK_P << 16
	mov dword [IDT + 14 * 8 + 4], 0x8500
	mov dword [tss + 4], HOLE + 0x100		; ring 0's stack is in the hole
	mov dword [resume], after_task
	TO_RING_3
	hlt
after_task:
	mov dword [tss + 4], STACK0
	SAME dword [task_error], 2
	SAME dword [task_cr2], HOLE + 0x100 - 4

; --- page fault, then page fault: double fault, handled by the same kind of task ---
	mov [IDT + 14 * 8], ecx
	mov [IDT + 14 * 8 + 4], edx
	mov ecx, [IDT + 8 * 8]
	mov edx, [IDT + 8 * 8 + 4]
	mov dword [IDT + 8 * 8], TASK_P << 16
	mov dword [IDT + 8 * 8 + 4], 0x8500
	mov dword [tss + 4], HOLE + 0x100
	mov dword [task_error], -1
	mov dword [resume], after_double
	TO_RING_3
	mov eax, [HOLE + 16]
after_double:
	mov dword [tss + 4], STACK0
	mov [IDT + 8 * 8], ecx
	mov [IDT + 8 * 8 + 4], edx
	SAME dword [task_error], 0
	SAME dword [task_cr2], HOLE + 0x100 - 4

; --- an error code of a fault in delivery has EXT; so has that of a bad stack ---
	mov dword [tss + 8], DATA3
	mov dword [IDT + 10 * 8], TASK_P << 16
	mov dword [IDT + 10 * 8 + 4], 0x8500
	mov dword [resume], after_ts
	TO_RING_3
	ud2
after_ts:
	mov dword [tss + 8], DATA0
	SAME dword [task_error], (DATA3 & ~3) | 1

; --- the trap flag ---
%macro TRAPS 2+			; code: traps after its first instruction, at %%next
	mov dword [got_vector], -1
	mov dword [resume], %%after
	xor eax, eax
	mov dr6, eax
	mov eax, STACK1
	pushf
	or byte [esp + 1], 1
	popf				; the next instruction is the first to be traced
	%2
	%1:
	nop
	nop
%%after:
	NUMBERED
	cmp dword [got_vector], 1
	jne fail
	cmp dword [got_eip], AT(%1)
	jne fail
%endmacro
	TRAPS trap_1, nop
	mov eax, dr6
	and eax, 0x4000
	SAME eax, 0x4000
	mov eax, [got_flags]
	and eax, 0x10100
	SAME eax, 0x100					; TF as it was, RF clear: a trap
	mov ecx, 3
	TRAPS trap_2, inc ecx
	SAME ecx, 4
	mov ecx, 3
	mov edx, HOLE
	TRAPS trap_3, {jmp trap_3}
	mov ecx, 3
	mov esi, STACK1
	mov edi, STACK1 + 64
	mov dword [got_vector], -1
	mov dword [resume], .rep_after
	pushf
	or byte [esp + 1], 1
	popf
.rep:	rep movsb
	nop
.rep_after:
	SAME dword [got_vector], 1
	SAME dword [got_eip], AT(.rep)			; between iterations
	SAME ecx, 2
	mov dx, ss
	mov dword [got_vector], -1
	mov dword [resume], .ss_after
	pushf
	or byte [esp + 1], 1
	popf
	mov ss, dx					; holds the trap off
	nop
.ss_next:
	nop
.ss_after:
	SAME dword [got_vector], 1
	SAME dword [got_eip], AT(.ss_next)
	mov dword [got_vector], -1
	mov dword [resume], .int_after
	pushf
	or byte [esp + 1], 1
	popf
	int 0x20					; the handler runs with TF clear
	nop
.int_after:
	SAME dword [got_vector], 0x20
	mov eax, [got_flags]
	and eax, 0x100
	SAME eax, 0x100
	jmp pass

; Notes the error code on its stack and CR2; then the chain is thrown away.
task_p:	pop eax
	mov [task_error], eax
	mov eax, cr2
	mov [task_cr2], eax
	mov byte [gdt + TSS32 + 5], 0x89
	mov eax, [resume]
	mov [tss + 0x20], eax
	mov dword [tss + 0x24], 2
	mov dword [tss + 0x38], STACK0
	mov dword [tss + 0x48], DATA0
	mov dword [tss + 0x4c], CODE0
	mov dword [tss + 0x50], DATA0
	mov dword [tss + 0x54], DATA0
	mov eax, cr3
	mov [tss + 0x1c], eax
	jmp dword TSS32:0
	jmp task_p
task_error:	dd 0
task_cr2:	dd 0
	align 16
tss_p:	dd 0
	times 6 dd 0
	dd 0x20000, AT(task_p), 2
	times 4 dd 0
	dd STACK1, 0, 0, 0
	dd DATA0, CODE0, DATA0, DATA0, 0, 0, 0
	dw 0, 104

HOLE_CODE equ HOLE

	SYS_GDT
TASK_P	equ $ - gdt
	DESC AT(tss_p), 103, 0x89, 0
gdt_end:
	SYS_TSS
