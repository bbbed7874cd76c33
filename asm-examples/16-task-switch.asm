; SPDX-License-Identifier: 0BSD
; 16-task-switch.asm - watch: the 386 can change tasks by itself.  CALL to a TSS selector stores every
; register in the old task's segment, loads every register from the new one's, marks the new task busy and
; links it to the caller; IRET with the NT flag set goes back.  (Under VT-x this always exits, reason 9;
; here only if that is asked for.)
%include "vitrine.inc"
%include "pmode.inc"
OTHER	equ 0x30		; selector of the second TSS
	BOOT
	PROTECTED_MODE gdt_pointer
	mov ax, TSS
	ltr ax			; we are a task now; our registers will be stored there
	mov ecx, 0x11111111
	call OTHER:0		; the offset is ignored
	mov eax, ecx		; ours again, although the other task changed its own
	call hex32
	mov esi, back
	call print32
	call OTHER:0		; it goes on where it left: after its IRET
	POWER_OFF

other:				; the second task starts with the registers of its TSS
	mov eax, ecx
	call hex32
	mov esi, inside
	call print32
	iretd			; EFLAGS.NT is set: back to the task that called
	mov esi, again
	call print32
	iretd
	PRINT_ROUTINES 32
back:	db " back in the first task", 10, 0
inside:	db " in the second task", 10, 0
again:	db "         in the second task again", 10, 0
gdt_pointer: dw 7 * 8 - 1
	dd gdt
	SIGNATURE

	align 8
gdt:	FLAT_GDT
	DESCRIPTOR tss, 103, 0x89
	DESCRIPTOR tss2, 103, 0x89
tss:	times 26 dd 0
tss2:	dd 0, 0, 0, 0, 0, 0, 0
	dd 0			; CR3: paging is off
	dd other, 2		; EIP, EFLAGS
	dd 0, 0x22222222, 0, 0	; EAX, ECX, EDX, EBX
	dd 0x6000, 0, 0, 0	; ESP, EBP, ESI, EDI
	dd DATA32, CODE32, DATA32, DATA32, DATA32, DATA32 ; ES, CS, SS, DS, FS, GS
	dd 0			; no LDT
	dw 0, 104
