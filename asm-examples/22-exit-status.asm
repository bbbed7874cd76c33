; SPDX-License-Identifier: 0BSD
; 22-exit-status.asm - watch the exit status: a byte written to port F4h ends the run with status value * 2
; + 1, so that a script can tell how a guest fared.  (Odd, so it is never mistaken for success or for most
; other ends.)
%include "vitrine.inc"
	BOOT
	mov al, 0x15
	out 0xf4, al		; 15h * 2 + 1 = 43
	mov al, '?'		; the machine is off: never printed
	call put16
	hlt
	PRINT_ROUTINES 16
	SIGNATURE
