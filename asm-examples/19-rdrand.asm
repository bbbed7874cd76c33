; SPDX-License-Identifier: 0BSD
; 19-rdrand.asm - watch: RDRAND exits (reason 57), because a random number comes from outside, and what
; comes from outside must be recorded if the run is to be repeated.  Run it twice: the numbers are the
; same.  Give --seed 2: they are others.
%include "vitrine.inc"
	BOOT
	mov eax, 1
	cpuid
	test ecx, 1 << 30	; is the instruction there at all?
	jz .no
	rdrand eax		; exit 57; CF = 1 says that the number is good
	jnc .no
	mov ebp, eax
	rdrand edi
	cmp ebp, edi
	je .no			; two equal ones in a row: most unlikely
	mov si, good
	call print16
	POWER_OFF
.no:	mov si, bad
	call print16
	POWER_OFF
	PRINT_ROUTINES 16
good:	db "two random numbers, and they differ", 10, 0
bad:	db "no random numbers", 10, 0
	SIGNATURE
