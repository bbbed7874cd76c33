; SPDX-License-Identifier: 0BSD
; 29-floating-point.asm - watch (--trace=fault): the x87's stack of eight numbers of 80 bits.  The square root of
; 2 as the processor holds it, and as 18 decimal digits; 1/0 with the exception masked, which gives an infinity;
; and not masked: then it waits, and #MF comes with the next x87 instruction or FWAIT.
%include "vitrine.inc"
	BOOT
	mov eax, cr0
	or al, 0x22		; NE: exceptions come as #MF; MP
	and al, 0xf3		; EM and TS off
	mov cr0, eax
	mov word [4 * 16], on_error
	mov word [4 * 16 + 2], 0
	fninit

	mov si, root
	call print16
	fld dword [two]
	fsqrt
	fld st0
	fstp tword [number]
	call print_number
	mov si, decimal
	call print16
	fmul qword [ten_to_17]
	fbstp [number]
	call print_decimal

	mov si, masked
	call print16
	fld1
	fldz
	fdivp
	fstp tword [number]
	fnstsw ax
	push ax
	call print_number
	pop ax
	mov si, status
	call print_status

	mov si, unmasked
	call print16
	fninit
	fldcw [control]
	fld1
	fldz
	fdivp			; fails, and says nothing yet
	mov si, waiting
	call print16
	fwait			; #MF here
	mov si, again
	call print16
	POWER_OFF

on_error:			; the instruction is executed again afterwards
	pusha
	fnstsw ax
	mov si, error
	call print_status
	fnclex
	popa
	iret

print_status:			; text at SI, then the exceptions of AX, bit 7: not masked
	push ax
	call print16
	pop ax
	and eax, 0xff
	call hex16
	jmp new_line
print_number:			; sign and exponent, significand
	movzx eax, word [number + 8]
	call hex16
	mov al, '.'
	call put16
	mov eax, [number + 4]
	call hex16
	mov eax, [number]
	call hex16
new_line:
	mov si, end_of_line
	jmp print16
print_decimal:			; the sign is positive
	mov eax, [number + 5]
	call hex16
	mov eax, [number + 1]
	call hex16
	mov al, [number]
	shr al, 4
	add al, '0'
	call put16
	mov al, [number]
	and al, 15
	add al, '0'
	call put16
	jmp new_line
	PRINT_ROUTINES 16

two:	dd 2.0
ten_to_17: dq 1.0e17
control: dw 0x37b		; as after FNINIT, but division by zero not masked
number:	dt 0.0
root:	db "sqrt 2      ", 0
decimal: db "* 10^17     ", 0
masked:	db "1/0         ", 0
status:	db "status      ", 0
unmasked: db "1/0", 0
waiting: db " waits ...", 10, 0
error:	db "#MF, status ", 0
again:	db "and on", 10, 0
end_of_line: db 10, 0
	SIGNATURE
