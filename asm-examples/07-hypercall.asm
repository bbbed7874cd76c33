; SPDX-License-Identifier: 0BSD
; 07-hypercall.asm - watch: VMCALL (exit 18) is how a guest that knows it is one calls its hypervisor:
; number in EAX, arguments in EBX, ECX, EDX, ESI, answer in EAX.  This number means nothing here, and the
; answer is -1000, "no such call", so that a guest can ask before it relies on something.
; qemu: no, TCG has no VMCALL
%include "vitrine.inc"
	BOOT
	mov eax, 0x4242		; the call's number
	mov ebx, 1		; its arguments
	mov ecx, 2
	vmcall			; exit 18
	call hex16		; FFFFFC18h is -1000
	mov al, 10
	call put16
	POWER_OFF
	PRINT_ROUTINES 16
	SIGNATURE
