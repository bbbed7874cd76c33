; SPDX-License-Identifier: 0BSD
; 05-mmio.asm - watch: a load or store where there is no memory is an "EPT violation" (exit 48): the
; hypervisor has to find out which device is meant.  At A0000h the video card answers in graphics modes; in
; text mode nobody does, so a read gives all-ones and a write is lost.  The same two instructions on RAM cause
; no exit at all.
; qemu: no, SeaBIOS has put memory into the hole
%include "vitrine.inc"
	BOOT
	mov ax, 0x9000
	call try		; RAM: the value comes back
	mov ax, 0xa000
	call try		; a hole: it does not
	POWER_OFF

try:				; store a word at segment AX, load it again, print it
	mov fs, ax
	mov word [fs:0x10], 0x1234
	movzx eax, word [fs:0x10]
	call hex16
	mov al, 10
	jmp put16
	PRINT_ROUTINES 16
	SIGNATURE
