; SPDX-License-Identifier: 0BSD
; 28-vga-text.asm - watch: text on the screen is memory.  From B8000h on, each character of the 80 by 25 is a word: its
; code, and its colours.  That memory is the video card's, so each store is an exit, "EPT violation ... -> vga".  See
; it with --display terminal, or keep it with --screendump FILE.png.
; qemu-vga: std
%include "vitrine.inc"
	BOOT
	mov ax, 0xb800
	mov es, ax
	mov di, (12 * 80 + 34) * 2	; row 12, column 34
	mov si, text
	mov ah, 0x1e			; yellow on blue
.next:	lodsb
	test al, al
	jz .done
	stosw
	jmp .next
.done:	mov al, [es:(12 * 80 + 35) * 2]	; it can be read, too
	call put16
	mov al, 10
	call put16
	POWER_OFF

text:	db " Hello, world ", 0
	PRINT_ROUTINES 16
	SIGNATURE
