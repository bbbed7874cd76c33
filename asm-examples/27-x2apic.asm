; SPDX-License-Identifier: 0BSD
; run: --cpus 2
; qemu: no, its emulator has no x2APIC
; 27-x2apic.asm - watch (--exits): the same APIC as model-specific registers.  One write to IA32_APIC_BASE makes the
; page vanish and the registers appear at 800h; a self-interrupt is one WRMSR; the timer can wait for a value of the
; time-stamp counter.  A wrong access is not ignored, as it is in memory: it raises #GP.
%include "vitrine.inc"
%include "pmode.inc"
%include "apic.inc"
APIC_BASE equ 0x1b
X2_ID	equ 0x802
X2_EOI	equ 0x80b
X2_SPURIOUS equ 0x80f
X2_COMMAND equ 0x830		; 64 bits: destination and command in one write
X2_LVT_TIMER equ 0x832
X2_SELF	equ 0x83f
TSC_DEADLINE equ 0x6e0

%macro WRITE_MSR 3		; number, high half, low half
	mov ecx, %1
	mov edx, %2
	mov eax, %3
	wrmsr
%endmacro
%macro X2APIC_ON 0
	mov ecx, APIC_BASE
	rdmsr
	or ah, 0x0c		; bits 10 and 11
	wrmsr
	WRITE_MSR X2_SPURIOUS, 0, 0x1ff
%endmacro

	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	X2APIC_ON
	sti
	WRITE_MSR X2_SELF, 0, 0x40
	cli			; from here on interrupts come in HLT and nowhere else
	WRITE_MSR X2_LVT_TIMER, 0, 0x40041	; interrupt 41h when the time has come
	rdtsc
	add eax, 100000
	adc edx, 0
	mov ecx, TSC_DEADLINE
	wrmsr
	sti
	hlt
	cli
	WRITE_MSR X2_ID, 0, 5	; read-only: #GP
	WRITE_MSR X2_COMMAND, 1, 0x4500		; INIT and start-up for processor 1
	WRITE_MSR X2_COMMAND, 1, 0x4608
	sti
	hlt			; until it answers
	POWER_OFF

%macro HANDLER 1
	pushad
	mov esi, %1
	call print32
	WRITE_MSR X2_EOI, 0, 0
	popad
	iretd
%endmacro
on_self:  HANDLER self
on_timer: HANDLER timer
on_other: HANDLER other
on_gp:	mov esi, fault
	call print32
	add esp, 4		; the error code
	add dword [esp], 2	; behind the WRMSR
	iretd

inside:
	mov esp, 0x7000
	X2APIC_ON
	mov ecx, X2_ID
	rdmsr
	add [number], al
	WRITE_MSR X2_COMMAND, 0, 0x42
.rest:	hlt
	jmp .rest
	PRINT_ROUTINES 32
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 0x43 * 8 - 1
	dd idt
	SIGNATURE

	OTHERS_BEGIN
self:	db "a word to myself", 10, 0
timer:	db "the time has come", 10, 0
fault:	db "the id cannot be written: #GP", 10, 0
other:	db "here is processor "
number:	db "0", 10, 0
	align 8
gdt:	FLAT_GDT
idt:	times 13 dq 0
	GATE on_gp, CODE32, INT_GATE
	times 0x40 - 14 dq 0
	GATE on_self, CODE32, INT_GATE
	GATE on_timer, CODE32, INT_GATE
	GATE on_other, CODE32, INT_GATE
