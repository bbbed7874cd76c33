; SPDX-License-Identifier: 0BSD
; 14-user-mode.asm - watch (--trace=fault): a program in ring 3 may not touch ports, so its OUT is a #GP; it
; has to ask through INT 80h.  The gate for 80h allows ring 3; the processor takes the kernel's stack from
; the TSS.  Nobody gets into ring 3 by a jump: IRET with a ring-3 CS on the stack is the way.
%include "vitrine.inc"
%include "pmode.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	mov ax, TSS
	ltr ax
	mov ax, USER_DATA
	mov ds, ax
	push USER_DATA		; SS
	push 0x6000		; ESP
	push 2			; EFLAGS: IOPL 0, so no ports in ring 3
	push USER_CODE
	push user
	iretd

user:				; ring 3
	mov esi, asked
	int 0x80		; "print, please"
	mov dx, COM1
	mov al, '!'
	out dx, al		; #GP
	int 0x80		; ESI has been set by the #GP handler
	mov eax, 0
	int 0x81		; "done, please"

print_call:
	pushad
	call print32
	popad
	iretd
exit_call:
	POWER_OFF
on_gp:				; error code, EIP, CS, EFLAGS, ESP, SS
	mov esi, refused
	add esp, 4
	inc dword [esp]		; skip the OUT, one byte long
	iretd
	PRINT_ROUTINES 32
asked:	db "printed by the kernel for ring 3", 10, 0
refused: db "the OUT was refused", 10, 0
gdt_pointer: dw 6 * 8 - 1
	dd gdt
idt_pointer: dw 0x82 * 8 - 1
	dd idt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
	DESCRIPTOR tss, 103, 0x89	; 28h: an available 32-bit TSS
tss:	dd 0
	dd 0x7c00, DATA32	; ESP0, SS0: the stack for ring 0
	times 22 dd 0
	dw 0, 104		; no I/O bitmap
idt:	times 13 dq 0
	GATE on_gp, CODE32, INT_GATE
	times 0x80 - 14 dq 0
	GATE print_call, CODE32, USER_GATE
	GATE exit_call, CODE32, USER_GATE
