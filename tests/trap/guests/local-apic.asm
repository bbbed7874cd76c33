; SPDX-License-Identifier: 0BSD
; local-apic.asm - touches its local APIC so often: 30 times EOI, 20 times the task priority is read, 10 times written.
%include "vitrine.inc"
%include "pmode.inc"
%include "apic.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	mov ecx, 30
.eoi:	mov dword [APIC_EOI], 0
	loop .eoi
	mov ecx, 20
.read:	mov eax, [0xfee00080]
	loop .read
	mov ecx, 10
.write:	mov dword [0xfee00080], 0
	loop .write
	jmp $			; 200000 instructions are a long time
gdt_pointer: dw 5 * 8 - 1
	dd gdt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
