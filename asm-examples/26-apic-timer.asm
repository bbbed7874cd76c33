; SPDX-License-Identifier: 0BSD
; 26-apic-timer.asm - watch (--exits): the timer inside the processor.  It counts down, interrupts, and starts
; again; the count can be read on the way.  Every access to the APIC's page is a VM exit; the ticks are not.
%include "vitrine.inc"
%include "pmode.inc"
%include "apic.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	mov al, 0xff
	out 0x21, al		; no interrupts of the old controller, please
	mov dword [APIC_SPURIOUS], 0x1ff
	mov dword [APIC_DIVIDE], 3	; one count per 16 ticks of the clock
	mov dword [APIC_LVT_TIMER], 0x20000 | 0x40	; again and again, as interrupt 40h
	mov dword [APIC_INITIAL], 100000
	mov eax, [APIC_CURRENT]
	cmp eax, 100000
	ja .wrong
	sti
.wait:	hlt
	cmp dword [ticks], 3
	jb .wait
	cli
	mov dword [APIC_LVT_TIMER], 0x40	; only once
	mov dword [APIC_INITIAL], 1000
	sti
	hlt
	cmp dword [APIC_CURRENT], 0
	jne .wrong
	mov esi, once
	call print32
	POWER_OFF
.wrong:	mov esi, wrong
	call print32
	POWER_OFF

on_timer:
	pushad
	inc dword [ticks]
	mov esi, tick
	call print32
	mov dword [APIC_EOI], 0
	popad
	iretd
	PRINT_ROUTINES 32
tick:	db "tick", 10, 0
once:	db "and the count is 0", 10, 0
wrong:	db "a wrong count", 10, 0
	align 4
ticks:	dd 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 0x41 * 8 - 1
	dd idt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
idt:	times 0x40 dq 0
	GATE on_timer, CODE32, INT_GATE
