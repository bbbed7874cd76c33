; SPDX-License-Identifier: 0BSD
; 00-tour.asm - watch: a VM exit of each common kind, one after the other; `make demo` runs this.  Between
; two exits the guest executes on its own: the loops and the arithmetic of a program never show up, only
; what needs the hypervisor.
; qemu: no, TCG has no VMCALL
%include "vitrine.inc"
	BOOT
	mov eax, 0x40000000
	cpuid			; which hypervisor is this?
	mov ax, 0xa000
	mov fs, ax
	mov al, [fs:0]		; a load where there is no memory
	mov eax, 0x1234
	vmcall			; a call to the hypervisor, which knows no such call
	mov ecx, 0x8b
	rdmsr			; a model-specific register

	mov word [8 * 4], on_tick ; the timer's interrupt: vector 8, as a PC's BIOS has it
	mov word [8 * 4 + 2], 0
	mov al, 0x11		; interrupt controller: initialise,
	out 0x20, al
	mov al, 8		; first vector 8,
	out 0x21, al
	mov al, 4
	out 0x21, al
	mov al, 1
	out 0x21, al
	mov al, 0xfe		; and let only the timer through
	out 0x21, al
	mov al, 0x30		; timer: once, after 1193 periods of 838 ns: 1 ms
	out 0x43, al
	mov ax, 1193
	out 0x40, al
	mov al, ah
	out 0x40, al
	sti
	hlt			; sleep until then

	mov si, text
	call print16
	POWER_OFF

on_tick:
	mov al, 0x20		; end of interrupt
	out 0x20, al
	iret
	PRINT_ROUTINES 16
text:	db "Hi!", 10, 0
	SIGNATURE
