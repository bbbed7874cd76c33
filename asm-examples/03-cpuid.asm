; SPDX-License-Identifier: 0BSD
; 03-cpuid.asm - watch: CPUID always exits (reason 10), so the hypervisor decides what processor the guest
; believes to have.  Bit 31 of leaf 1's ECX is never set by a real processor: it says "you are a guest", and
; leaf 40000000h then holds the hypervisor's name.
; qemu: no, its processor has another name
%include "vitrine.inc"
	BOOT
	mov eax, 0
	cpuid			; exit 10: twelve letters in EBX, EDX, ECX
	mov [name], ebx
	mov [name + 4], edx
	mov [name + 8], ecx
	mov si, vendor
	call print16

	mov eax, 1
	cpuid
	test ecx, ecx
	mov si, bare
	jns .say		; bit 31 is the sign
	mov eax, 0x40000000
	cpuid
	mov [name], ebx
	mov [name + 4], ecx
	mov [name + 8], edx
	mov si, guest
.say:	call print16
	mov si, name
	call print16
	mov al, 10
	call put16
	POWER_OFF
	PRINT_ROUTINES 16
vendor:	db "a processor is here", 10, 0
bare:	db "no hypervisor told us its name; the vendor is ", 0
guest:	db "this is a guest of ", 0
name:	times 13 db 0
	SIGNATURE
