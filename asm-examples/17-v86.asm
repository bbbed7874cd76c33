; SPDX-License-Identifier: 0BSD
; 17-v86.asm - watch (--trace=fault): virtual-8086 mode, the first virtual machine Intel built.  Real-mode
; code runs in ring 3 under a monitor; what could disturb others (CLI, INT, HLT, ...) is a #GP at I/O
; privilege level 0, and the monitor looks at the instruction and does it for the guest.  This monitor knows
; three instructions.
%include "vitrine.inc"
%include "pmode.inc"
	BOOT
	PROTECTED_MODE gdt_pointer
	lidt [idt_pointer]
	mov ax, TSS
	ltr ax
	push 0			; GS, FS, DS, ES, SS, ESP for virtual-8086 mode
	push 0
	push 0
	push 0
	push 0
	push 0x6000
	push 0x20002		; EFLAGS.VM, IOPL 0
	push 0			; CS
	push guest
	iretd

on_gp:				; error code, EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS
	mov ax, DATA32		; the processor left null selectors in the data segments
	mov ds, ax
	mov ebp, esp
	movzx ebx, word [ebp + 8]	; the instruction is at CS * 16 + IP
	shl ebx, 4
	add ebx, [ebp + 4]
	inc dword [ebp + 4]	; one byte long, at least
	mov esi, saw_cli
	cmp byte [ebx], 0xfa
	je .say
	mov esi, saw_int
	cmp byte [ebx], 0xcd
	jne .hlt
	inc dword [ebp + 4]
.say:	call print32
	mov esp, ebp
	add esp, 4
	iretd
.hlt:	mov esi, saw_hlt
	call print32
	POWER_OFF
	PRINT_ROUTINES 32
saw_cli: db "the guest wants CLI", 10, 0
saw_int: db "the guest wants INT", 10, 0
saw_hlt: db "the guest wants HLT: end", 10, 0
gdt_pointer: dw 6 * 8 - 1
	dd gdt
idt_pointer: dw 14 * 8 - 1
	dd idt
	bits 16
guest:	mov ax, 0x700
	mov ds, ax		; a paragraph number, as on an 8086: no descriptor is read
	cli
	int 0x21
	hlt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
	DESCRIPTOR tss, 103, 0x89
tss:	dd 0
	dd 0x7c00, DATA32
	times 22 dd 0
	dw 0, 104
idt:	times 13 dq 0
	GATE on_gp, CODE32, INT_GATE
