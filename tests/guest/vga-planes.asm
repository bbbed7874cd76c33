; SPDX-License-Identifier: GPL-3.0-or-later
; vga-planes.asm - random writes and reads of video memory in all write modes, read modes and memory layouts, and the
; registers of the display adapter read back.  Each line printed is a checksum of everything that was read.
; Rule: a layout begins with cleared memory, for adapters differ in which byte of a plane an address of it reaches.
; qemu-vga: std
	org 0x7c00
	bits 16

STEPS	equ 20000
SEQ	equ 0x3c4
GFX	equ 0x3ce

; SET port, index, value: an indexed register, index and value in one access
%macro SET 3
	mov dx, %1
	mov ax, (%2) | (%3) << 8
	out dx, ax
%endmacro
; LAYOUT name, seq4, gfx5, write modes that may occur (mask), handler of "change a register"
%macro LAYOUT 5
	mov word [changes], %5
	mov byte [mode_fixed], %3
	mov byte [mode_random], %4
	mov cl, %2
	mov si, %%name
	call in_layout
	jmp %%done
%%name:	db %1, 0
%%done:
%endmacro

start:
	cli
	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
	cld
	mov ax, 0xa000
	mov es, ax
	mov dx, 0x3c2
	mov al, 0x67
	out dx, al
	LAYOUT "planes, all modes", 6, 0, 0x0b, change_any
	LAYOUT "odd and even     ", 2, 0x10, 0, change_none
	LAYOUT "chained          ", 14, 0, 0, change_none
	call registers
	mov al, 0x10
	out 0xf4, al
	hlt

; ---- a layout: clear, then STEPS random steps ----
; cl: memory mode; si: name
in_layout:
	push si
	push cx
	SET SEQ, 4, 6
	SET SEQ, 2, 15
	SET GFX, 0, 0
	SET GFX, 1, 0
	SET GFX, 2, 0
	SET GFX, 3, 0
	SET GFX, 4, 0
	SET GFX, 5, 0
	SET GFX, 6, 5
	SET GFX, 7, 15
	SET GFX, 8, 0xff
	xor di, di
	xor ax, ax
	mov cx, 0x8000
	rep stosw
	mov al, [es:0]			; the latches are clear, too
	pop cx
	mov dx, SEQ
	mov al, 4
	mov ah, cl
	out dx, ax
	mov dx, GFX
	mov al, 5
	mov ah, [mode_fixed]
	out dx, ax
	cmp cl, 6
	je .go
	SET SEQ, 2, 3			; planes 0 and 1, in whichever way the two are reached
	cmp cl, 2
	je .go
	SET SEQ, 2, 15
.go:	mov dword [sum], 0
	mov cx, STEPS
.step:	push cx
	call random
	mov bx, ax
	and bx, 0x3ff			; few addresses, so that they are met again
	call random
	and al, 7
	cmp al, 3
	jb .write
	cmp al, 7
	jb .read
	call [changes]
	jmp .next
.write:	call random
	mov [es:bx], al
	jmp .next
.read:	mov al, [es:bx]
	call add_sum
.next:	pop cx
	loop .step
	pop si
	call print
	jmp print_sum

change_none:
	ret

; A random value for a random register: 0, 1, 2, 3, 4, 5, 7, 8 of the graphics controller, or the map mask.
change_any:
	call random
	xor ah, ah
	mov bl, 9
	div bl
	mov bl, ah
	call random
	mov ah, al
	mov al, bl
	cmp al, 6
	je .map
	cmp al, 5
	jne .out
	and ah, [mode_random]
	or ah, [mode_fixed]
.out:	mov dx, GFX
	out dx, ax
	ret
.map:	mov dx, SEQ
	mov al, 2
	out dx, ax
	ret

	times 510 - ($ - $$) db 0
	dw 0xaa55

; ---- registers: what is written and what can be read of it ----
registers:
	mov dword [sum], 0
	mov dx, 0x3c8			; the DAC: six bits of each
	mov al, 0
	out dx, al
	inc dx
	mov cx, 768
.fill:	mov al, cl
	out dx, al
	loop .fill
	mov dx, 0x3c7
	mov al, 0
	out dx, al
	mov dx, 0x3c9
	mov cx, 768
.dac:	in al, dx
	call add_sum
	loop .dac
	mov dx, 0x3da			; the attribute controller, picture off
	in al, dx
	mov dx, 0x3c0
	xor bl, bl
.attr:	mov al, bl
	out dx, al
	mov al, 0xff
	out dx, al
	mov al, bl
	out dx, al
	inc dx
	in al, dx
	call add_sum
	dec dx
	mov al, 0xff
	out dx, al
	inc bl
	cmp bl, 21
	jb .attr
	mov dx, GFX			; sequencer and graphics controller
	mov cx, 9
	call all_ones
	mov dx, SEQ
	mov cx, 5
	call all_ones
	SET 0x3d4, 0x11, 0x80		; the CRT controller's first registers, write-protected
	SET 0x3d4, 0x00, 0x00
	inc dx
	in al, dx
	mov [first], al
	SET 0x3d4, 0x00, 0xff
	inc dx
	in al, dx
	sub al, [first]			; no change
	call add_sum
	SET 0x3d4, 0x11, 0x00
	SET 0x3d4, 0x00, 0x55
	inc dx
	in al, dx
	call add_sum
	mov si, name
	call print
	jmp print_sum

; dx: index port; registers cx - 1 down to 0
all_ones:
	mov al, cl
	dec al
	mov ah, 0xff
	out dx, ax
	inc dx
	in al, dx
	call add_sum
	dec dx
	loop all_ones
	ret

; ---- helpers ----
random:	mov eax, [seed]			; al: eight good bits
	imul eax, eax, 1664525
	add eax, 1013904223
	mov [seed], eax
	shr eax, 16
	ret

add_sum:
	push eax
	movzx eax, al
	rol dword [sum], 5
	xor [sum], eax
	pop eax
	ret

print:	lodsb
	test al, al
	jz .done
	call put
	jmp print
.done:	ret

put:	push dx
	mov dx, 0x3f8
	out dx, al
	pop dx
	ret

print_sum:
	mov cx, 8
	mov al, ' '
	call put
.digit:	rol dword [sum], 4
	mov al, [sum]
	and al, 15
	cmp al, 10
	sbb al, 0x69
	das
	call put
	loop .digit
	mov al, 10
	jmp put

name:	db "registers        ", 0
	align 4
seed:	dd 1
sum:	dd 0
changes: dw 0
mode_fixed: db 0
mode_random: db 0
first:	db 0
	times 1024 - ($ - $$) db 0
