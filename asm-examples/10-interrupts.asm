; SPDX-License-Identifier: 0BSD
; 10-interrupts.asm - watch (--trace=fault): three ways into a handler in protected mode.  INT 30h and INT3
; return after themselves; a division by zero is a fault and returns to the DIV, so the handler mends the
; divisor.  None of them is a VM exit: the guest's own IDT is used by the processor directly.
%include "vitrine.inc"
%include "pmode.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	int 0x30
	int3
	mov ax, 7
	mov bl, 0
	div bl			; #DE the first time; BL is 1 the second time
	add al, '0'
	call put32
	mov esi, end_of_line
	call print32
	POWER_OFF

on_divide:			; no error code: EIP, CS, EFLAGS are on the stack
	pushad
	mov esi, divide
	call print32
	popad
	mov bl, 1
	iretd
on_break:
	pushad
	mov esi, break
	call print32
	popad
	iretd
on_30:
	pushad
	mov esi, thirty
	call print32
	popad
	iretd
	PRINT_ROUTINES 32
divide:	db "#DE: division by zero, mended; the quotient is ", 0
break:	db "#BP: breakpoint", 10, 0
thirty:	db "INT 30h", 10, 0
end_of_line: db 10, 0
gdt_pointer: dw 5 * 8 - 1
	dd gdt
idt_pointer: dw 0x31 * 8 - 1
	dd idt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
idt:	GATE on_divide, CODE32, INT_GATE
	dq 0, 0
	GATE on_break, CODE32, INT_GATE
	times 0x30 - 4 dq 0
	GATE on_30, CODE32, INT_GATE
