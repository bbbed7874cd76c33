; SPDX-License-Identifier: 0BSD
; run: --cpus 2
; 25-ipi.asm - watch (--exits): two processors play ping-pong with interrupts.  Each waits in HLT; the handler of
; each sends an interrupt to the other, a hundred times, and ends its own with a write to EOI.
%include "vitrine.inc"
%include "pmode.inc"
%include "apic.inc"
PING	equ 0x40
PONG	equ 0x41
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	WAKE_OTHERS
.wait:	pause
	cmp dword [ready], 1
	jne .wait
	call serve		; the first ball
.play:	sti
	hlt			; wakes for each interrupt
	cli
	cmp dword [count], 100
	jb .play
	mov eax, [count]
	call hex32
	mov esi, text
	call print32
	POWER_OFF

serve:	mov dword [APIC_TARGET], 1 << 24
	mov dword [APIC_COMMAND], PING
	ret
on_pong:			; on the first processor
	inc dword [count]
	cmp dword [count], 100
	je .over
	call serve
.over:	mov dword [APIC_EOI], 0
	iretd
on_ping:			; on the second
	mov dword [APIC_TARGET], 0
	mov dword [APIC_COMMAND], PONG
	mov dword [APIC_EOI], 0
	iretd

inside:
	mov esp, 0x7000		; a stack of its own
	lidt [idt_pointer]
	mov dword [APIC_SPURIOUS], 0x1ff
	sti
	mov dword [ready], 1
.rest:	hlt
	jmp .rest
	PRINT_ROUTINES 32
text:	db " rounds", 10, 0
	align 4
ready:	dd 0
count:	dd 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 0x42 * 8 - 1
	dd idt
	SIGNATURE

	OTHERS_BEGIN
	align 8
gdt:	FLAT_GDT
idt:	times 0x40 dq 0
	GATE on_ping, CODE32, INT_GATE
	GATE on_pong, CODE32, INT_GATE
