; SPDX-License-Identifier: 0BSD
; bad-disk.asm - a driver that survives: reads every 32nd of the first 2048 sectors, says E for one that cannot be read and
; goes on, and "# " at the end.
%include "vitrine.inc"
DATA	equ 0x1f0
	BOOT
	xor ebp, ebp		; the sector
	mov ax, 0x1000
	mov es, ax
.next:	mov dx, DATA + 2	; one sector
	mov al, 1
	out dx, al
	mov eax, ebp		; its number, 28 bits
	inc dx
	out dx, al
	shr eax, 8
	inc dx
	out dx, al
	shr eax, 8
	inc dx
	out dx, al
	inc dx
	mov al, 0xe0		; LBA, drive 0
	out dx, al
	inc dx
	mov al, 0x20		; READ SECTORS
	out dx, al
.wait:	in al, dx
	test al, 0x80		; busy
	jnz .wait
	test al, 1		; ERR
	jnz .bad
	mov dx, DATA
	xor di, di
	mov cx, 128
	rep insd
	jmp .step
.bad:	mov al, 'E'
	call put16
.step:	add ebp, 32
	cmp ebp, 2048
	jb .next
	mov si, text
	call print16
	cli
	hlt
	PRINT_ROUTINES 16
text:	db "# ", 0
	SIGNATURE
