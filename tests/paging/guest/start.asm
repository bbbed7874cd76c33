; SPDX-License-Identifier: GPL-3.0-or-later
; start.asm - from the boot sector into 32- or 64-bit code (WIDTH), which is linked at 8000h (PAYLOAD, flat.ld).
; Rule: the same image runs in every machine, behind tests/guest/qemu-loader.inc where there is a BIOS.
%include "vitrine.inc"
%include "pmode.inc"
%include "lmode.inc"
	BOOT
	mov dx, COM1 + 3	; line control: eight bits
	mov al, 3
	out dx, al
	in al, 0x92
	or al, 2		; A20
	out 0x92, al
%if WIDTH = 64
	LONG_MODE gdt_pointer
	mov rsp, 0x1f000
%else
	PROTECTED_MODE gdt_pointer
	mov esp, 0x1f000
%endif
	mov eax, 0x8000
%if WIDTH = 64
	jmp rax
%else
	jmp eax
%endif
	align 8
gdt:
%if WIDTH = 64
	LONG_GDT
gdt_pointer: dw 6 * 8 - 1
%else
	FLAT_GDT
gdt_pointer: dw 5 * 8 - 1
%endif
	dd gdt
	SIGNATURE
	times 0x400 - ($ - $$) db 0
	incbin PAYLOAD
