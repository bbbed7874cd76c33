; SPDX-License-Identifier: GPL-3.0-or-later
; rules.asm - which translations go with which instruction (SDM 3A 4.10.4.1)?  Each case loads from five pages, whose
; entries then change in memory, executes the instructions of the case, and loads again.  It prints one letter per
; page: `o`, the old translation was used, or `n`, the entry was read anew.  The pages are, in this order,
;   A  4 KiB    B  another    L  2 MiB    G  4 KiB, global    H  2 MiB, global
; The first cases do without PCIDs.  The others, where the processor has PCIDs, print two groups: the pages as PCID 1
; sees them, which is in force, and as PCID 2 does.
; Rule: the same image runs in every machine; suite.sh knows what must come out and what may.
%include "vitrine.inc"
%include "lmode.inc"
LOWER	equ 0x12000		; of LONG_MODE: the first 2 MiB, and here the first 8
ROOT1	equ 0x13000		; each root is followed by its tables of levels 3, 2 and 1
ROOT2	equ 0x17000
OLD	equ 0x20000		; frames: their first word is 0 or 1
NEW	equ 0x21000
OLD2M	equ 0x400000
NEW2M	equ 0x600000
STACK	equ 0x1f000
PAGE_A	equ 0x40001000		; through entry 1 of level 3
PAGE_B	equ 0x40002000
PAGE_G	equ 0x40003000
PAGE_L	equ 0x40400000
PAGE_H	equ 0x40600000
DEEP_L	equ 0x5000		; where in a large page the word is
DEEP_H	equ 0xa000		; no code or data of ours is at such an offset
KEEP	equ 1 << 63		; in CR3: no translation goes
PGE	equ 1 << 7
PCIDE	equ 1 << 17
SMEP	equ 1 << 20

	BOOT
	mov dx, COM1 + 3	; line control: eight bits
	mov al, 3
	out dx, al
	LONG_MODE gdt_pointer
	mov rsp, STACK
	jmp main
	align 8
gdt:	LONG_GDT
gdt_pointer: dw 6 * 8 - 1
	dd gdt
	SIGNATURE

; ---- tables ----

%macro TABLES 1			; of one root; small and large entries come later
	mov qword [%1], (%1 + 0x1000) | 7
	mov qword [%1 + 0x1000], LOWER | 7
	mov qword [%1 + 0x1008], (%1 + 0x2000) | 7
	mov qword [%1 + 0x2000], (%1 + 0x3000) | 7
%endmacro
%macro MAP 3			; root, small frame, large frame
	mov qword [%1 + 0x3008], %2 | 0x67
	mov qword [%1 + 0x3010], %2 | 0x67
	mov qword [%1 + 0x3018], %2 | 0x167
	mov qword [%1 + 0x2010], %3 | 0xe7
	mov qword [%1 + 0x2018], %3 | 0x1e7
%endmacro

build:
	mov edi, ROOT1
	xor eax, eax
	mov ecx, 2 * 4 * 512
	rep stosq
	mov qword [LOWER], 0x83	; not the user's: SMEP would mind
	mov qword [LOWER + 8], 0x200087
	mov qword [LOWER + 16], OLD2M | 0x87
	mov qword [LOWER + 24], NEW2M | 0x87
	mov qword [OLD], 0
	mov qword [NEW], 1
	mov qword [OLD2M + DEEP_L], 0
	mov qword [OLD2M + DEEP_H], 0
	mov qword [NEW2M + DEEP_L], 1
	mov qword [NEW2M + DEEP_H], 1
	TABLES ROOT1
	TABLES ROOT2
	ret

; ---- one case ----

touch:				; all five pages
	mov rax, [PAGE_A]
	mov rax, [PAGE_B]
	mov rax, [PAGE_L + DEEP_L]
	mov rax, [PAGE_G]
	mov rax, [PAGE_H + DEEP_H]
	ret

say_pages:
	mov rax, [PAGE_A]
	call say_one
	mov rax, [PAGE_B]
	call say_one
	mov rax, [PAGE_L + DEEP_L]
	call say_one
	mov rax, [PAGE_G]
	call say_one
	mov rax, [PAGE_H + DEEP_H]
say_one:
	mov al, [letters + rax]
put:				; AL, and wait until the port has sent it
	mov dx, COM1
	out dx, al
	mov dx, COM1 + 5	; line status: bit 6, the transmitter is empty
.wait:	in al, dx
	test al, 0x40
	jz .wait
	ret
letters: db "on"

drop_all:			; CR4.PGE off and on
	mov rax, cr4
	and rax, ~PGE
	mov cr4, rax
	or rax, PGE
	mov cr4, rax
	ret

%macro CR3 1
	mov rax, %1
	mov cr3, rax
%endmacro

; The old entries, which both PCIDs use; then the new ones, with PCID 1 in force.
prepare:
	MAP ROOT1, OLD, OLD2M
	MAP ROOT2, OLD, OLD2M
	call drop_all
	cmp byte [pcids], 0
	je .one
	CR3 KEEP | ROOT2 | 2
	call touch
	CR3 KEEP | ROOT1 | 1
.one:	call touch
	MAP ROOT1, NEW, NEW2M
	MAP ROOT2, NEW, NEW2M
	ret

; RSI: name, ends with 0; RDI: routine
run_case:
	push rdi
.name:	lodsb
	test al, al
	jz .named
	call put
	jmp .name
.named:	mov al, ':'
	call put
	mov al, ' '
	call put
	call prepare
	pop rdi
	call rdi
	cmp byte [pcids], 0
	je .plain
	CR3 KEEP | ROOT1 | 1
	call say_pages
	mov al, ' '
	call put
	CR3 KEEP | ROOT2 | 2
	call say_pages
	CR3 KEEP | ROOT1 | 1
	jmp .end
.plain:	call say_pages
.end:	mov al, 10
	jmp put

; ---- the cases ----

nothing:
	ret
cr3_same:
	mov rax, cr3
	mov cr3, rax
	ret
invlpg_a:
	invlpg [PAGE_A]
	ret
invlpg_l:			; another address of the large page
	invlpg [PAGE_L + 0x123456]
	ret
invlpg_g:
	invlpg [PAGE_G + 0xfff]
	ret
invlpg_h:
	invlpg [PAGE_H + 0x1fffff]
	ret
wp_toggle:
	mov rax, cr0
	xor eax, 1 << 16
	mov cr0, rax
	xor eax, 1 << 16
	mov cr0, rax
	ret
tsd_toggle:			; CR4.TSD has nothing to do with translations
	mov rax, cr4
	xor eax, 4
	mov cr4, rax
	xor eax, 4
	mov cr4, rax
	ret
smep_on:			; 0 to 1
	mov rax, cr4
	or rax, SMEP
	mov cr4, rax
	and rax, ~SMEP
	mov cr4, rax
	ret

cr3_one:
	CR3 ROOT1 | 1
	ret
cr3_one_keep:
	CR3 KEEP | ROOT1 | 1
	ret
cr3_two:
	CR3 ROOT2 | 2
	ret
cr3_two_keep:
	CR3 KEEP | ROOT2 | 2
	ret
%macro INVPCID 3		; type, PCID, address
	mov qword [descriptor], %2
	mov rax, %3
	mov [descriptor + 8], rax
	mov eax, %1
	invpcid rax, [descriptor]
	ret
%endmacro
address_one_a:	INVPCID 0, 1, PAGE_A
address_two_a:	INVPCID 0, 2, PAGE_A
address_two_l:	INVPCID 0, 2, PAGE_L + 0x1ff000
address_one_g:	INVPCID 0, 1, PAGE_G
context_one:	INVPCID 1, 1, 0
context_two:	INVPCID 1, 2, 0
context_three:	INVPCID 1, 3, 0
everything:	INVPCID 2, 0, 0
all_but_global:	INVPCID 3, 0, 0
pcide_off:
	CR3 KEEP | ROOT1
	mov rax, cr4
	and rax, ~PCIDE
	mov cr4, rax
	or rax, PCIDE
	mov cr4, rax
	ret
sixteen_others:			; more than we have room for
	mov ecx, 16
	mov rbx, KEEP | ROOT1 | 3
.next:	mov cr3, rbx
	mov rax, [PAGE_A]
	inc rbx
	loop .next
	ret

; ---- all of it ----

%macro CASE 2
	mov esi, %%name
	mov edi, %1
	jmp %%over
%%name:	db %2, 0
%%over:	call run_case
%endmacro

main:
	call build
	CR3 ROOT1
	CASE nothing, "nothing"
	CASE cr3_same, "mov cr3"
	CASE invlpg_a, "invlpg A"
	CASE invlpg_l, "invlpg L"
	CASE invlpg_g, "invlpg G"
	CASE invlpg_h, "invlpg H"
	CASE drop_all, "cr4.pge off, on"
	CASE wp_toggle, "cr0.wp changed"
	CASE tsd_toggle, "cr4.tsd changed"
	mov eax, 7
	xor ecx, ecx
	cpuid
	mov [leaf7], ebx
	test ebx, 1 << 7
	jz .no_smep
	CASE smep_on, "cr4.smep on"
.no_smep:
	mov eax, 1
	cpuid
	test ecx, 1 << 17
	jz end
	mov rax, cr4
	or rax, PCIDE
	mov cr4, rax
	mov byte [pcids], 1
	CR3 KEEP | ROOT1 | 1
	CASE nothing, "pcid: nothing"
	CASE cr3_one, "pcid: mov cr3, 1"
	CASE cr3_one_keep, "pcid: mov cr3, 1 keep"
	CASE cr3_two, "pcid: mov cr3, 2"
	CASE cr3_two_keep, "pcid: mov cr3, 2 keep"
	CASE invlpg_a, "pcid: invlpg A"
	CASE invlpg_l, "pcid: invlpg L"
	CASE invlpg_g, "pcid: invlpg G"
	CASE invlpg_h, "pcid: invlpg H"
	CASE drop_all, "pcid: cr4.pge off, on"
	CASE pcide_off, "pcid: cr4.pcide off, on"
	CASE tsd_toggle, "pcid: cr4.tsd changed"
	CASE sixteen_others, "pcid: 16 more in use"
	test dword [leaf7], 1 << 7
	jz .no_smep2
	CASE smep_on, "pcid: cr4.smep on"
.no_smep2:
	test dword [leaf7], 1 << 10
	jz end
	CASE address_one_a, "invpcid 0: 1, A"
	CASE address_two_a, "invpcid 0: 2, A"
	CASE address_two_l, "invpcid 0: 2, L"
	CASE address_one_g, "invpcid 0: 1, G"
	CASE context_one, "invpcid 1: 1"
	CASE context_two, "invpcid 1: 2"
	CASE context_three, "invpcid 1: 3"
	CASE everything, "invpcid 2"
	CASE all_but_global, "invpcid 3"
end:
	mov esi, .last
.char:	lodsb
	test al, al
	jz .off
	call put
	jmp .char
.last:	db "end", 10, 0
.off:	mov al, 0		; status 0 * 2 + 1 in QEMU
	out 0xf4, al
	mov dx, 0x8900		; Bochs's way to end
	mov esi, .goodbye
	mov ecx, 8
.bye:	lodsb
	out dx, al
	loop .bye
	POWER_OFF
.goodbye: db "Shutdown"

	align 16
descriptor: dq 0, 0
leaf7:	dd 0
pcids:	db 0
	align 512, db 0
