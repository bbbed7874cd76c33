; SPDX-License-Identifier: 0BSD
; 01-hello.asm - watch: every character of the text is one VM exit, "I/O instruction", because the guest
; writes to a port and the serial port behind it is not there: the hypervisor plays it.  Nothing else in
; this program exits, until the last OUT switches the machine off.
%include "vitrine.inc"
	BOOT
	mov si, text
next:
	lodsb			; the next character; this is the guest's own business
	test al, al
	jz done
	mov dx, COM1
	out dx, al		; exit 30
	jmp next
done:
	POWER_OFF
text:	db "Hello from real mode!", 10, 0
	SIGNATURE
