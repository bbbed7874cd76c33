; SPDX-License-Identifier: 0BSD
; 06-msr.asm - watch: a model-specific register that the virtual processor does not keep itself exits
; (reasons 31 and 32); the hypervisor answers, or has a #GP raised in the guest.  Programs find out which
; registers exist by trying, with a handler for #GP in place, as here.
; qemu: no, TCG lets every register be read
%include "vitrine.inc"
	BOOT
	mov word [13 * 4], on_gp
	mov word [13 * 4 + 2], 0

	mov ecx, 0x277		; IA32_PAT: kept by the processor, no exit
	rdmsr
	call show
	mov ecx, 0x8b		; microcode signature: the hypervisor answers
	rdmsr
	mov si, answered
	call print16
	mov ecx, 0x12345678	; no such register: #GP
	rdmsr
	mov ecx, 0x12345678
	wrmsr
	POWER_OFF

on_gp:				; a fault: the saved IP points at RDMSR or WRMSR, both two bytes long
	push bp
	mov bp, sp
	add word [bp + 2], 2
	pop bp
	mov si, refused
	call print16
	iret
show:
	call hex16
	mov al, 10
	jmp put16
	PRINT_ROUTINES 16
answered: db "answered", 10, 0
refused: db "#GP: no such register", 10, 0
	SIGNATURE
