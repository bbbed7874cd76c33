; SPDX-License-Identifier: 0BSD
; 23-string-io.asm - watch: one instruction, many exits.  REP OUTSB sends CX bytes from memory to a port;
; each is an exit of its own (the "string" and "rep" bits of its qualification are set), and between any two
; of them an interrupt could be taken: SI and CX always say how far it has come.
%include "vitrine.inc"
	BOOT
	mov si, text
	mov cx, 8
	mov dx, COM1
	rep outsb
	POWER_OFF
text:	db "strings", 10
	SIGNATURE
