; SPDX-License-Identifier: 0BSD
; segment.asm - code in a segment that begins at 64 KiB: IP and the linear address differ.
%include "vitrine.inc"
	BOOT
	mov ax, 0x1000
	mov es, ax
	mov si, code
	mov di, 0x100
	mov cx, code.end - code
	rep movsb
	xor cx, cx
	call 0x1000:0x100
	call 0x1000:0x100
	call 0x1000:0x100
	POWER_OFF
code:	inc cx
	cmp cx, 2
	retf
.end:
	SIGNATURE
