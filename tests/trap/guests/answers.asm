; SPDX-License-Identifier: 0BSD
; answers.asm - asks CPUID leaf 40000000h who is there, tries to switch its local APIC off, and reports by hypercall 7: 0 if
; the answer was "Trap" and the switching refused by #GP(0), else what went wrong.
%include "vitrine.inc"
%include "pmode.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	mov eax, 0x40000000
	cpuid
	mov edi, 1
	cmp ebx, 'Trap'
	jne report
	inc edi
	cmp eax, 0x40000001
	jne report
	or ecx, edx
	jnz report
	inc edi
	mov ecx, 0x1b		; IA32_APIC_BASE
	rdmsr
	and eax, ~(1 << 11)	; off
	wrmsr
	jmp report		; it was allowed
on_fault:			; error code, EIP
	inc edi
	cmp dword [esp], 0
	jne report
	xor edi, edi
report:	mov eax, 7
	mov ebx, edi
	vmcall
	jmp $
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 14 * 8 - 1
	dd idt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
idt:	times 13 dq 0
	GATE on_fault, CODE32, INT_GATE
