/* SPDX-License-Identifier: GPL-3.0-or-later
 * isa.c - facts about the instruction table, the decoder and the disassembler.
 * Rule: expected texts and verdicts come from the manual (and from running the bytes on a processor), never
 * from our own output.  The bulk comparison with other disassemblers is tests/insn.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/x86/x86.h"
#include "cpu-interp/isa/isa.h"
#include "tests/unit/unit.h"

#define ALL (~0ull)

/* Bytes as a string with their number: BYTES("\x0f\x0b") */
#define BYTES(s) (const u8 *)(s), (int)sizeof(s) - 1

static enum decode_status decode(enum isa_mode mode, const u8 *bytes, int n, struct decoded *d)
{
	return isa_decode(bytes, n, mode, ALL, d);
}

struct example {
	enum isa_mode mode;
	const u8 *bytes;
	int len;
	const char *text;
};

/* clang-format off */
#define M16(bytes, text) { MODE_16, BYTES(bytes), text }
#define M32(bytes, text) { MODE_32, BYTES(bytes), text }
#define M64(bytes, text) { MODE_64, BYTES(bytes), text }

/* Disassembled at address 0x1000. */
static const struct example examples[] = {
	/* the one-byte map */
	M16("\x00\xd8", "add al, bl"), M32("\x01\xd8", "add eax, ebx"), M64("\x48\x01\xd8", "add rax, rbx"),
	M32("\x0d\x78\x56\x34\x12", "or eax, 0x12345678"), M32("\x66\x15\x34\x12", "adc ax, 0x1234"),
	M32("\x80\xf4\x80", "xor ah, 0x80"), M64("\x40\x80\xf4\x80", "xor spl, 0x80"),
	M32("\x82\xc0\x01", "add al, 0x1"), M32("\x83\xc0\xff", "add eax, 0xffffffff"),
	M64("\x48\x83\xe8\x80", "sub rax, 0xffffffffffffff80"), M16("\x06", "push es"), M32("\x17", "pop ss"),
	M32("\x27", "daa"), M32("\x3f", "aas"), M32("\x43", "inc ebx"), M16("\x4f", "dec di"),
	M64("\x41\x57", "push r15"), M64("\x66\x50", "push ax"), M16("\x60", "pusha"), M32("\x61", "popad"),
	M32("\x66\x60", "pushaw"), M16("\x66\x60", "pushad"), M32("\x62\x03", "bound eax, [ebx]"),
	M32("\x63\xd8", "arpl ax, bx"), M64("\x48\x63\xc3", "movsxd rax, ebx"),
	M64("\x63\xc3", "movsxd eax, ebx"), M64("\x68\x00\x00\x00\x80", "push 0xffffffff80000000"),
	M32("\x66\x6a\xfe", "push word 0xfffe"), M32("\x6b\x03\x0a", "imul eax, dword [ebx], 0xa"),
	M16("\x6c", "insb"), M32("\xf3\x6f", "rep outsd"), M64("\x48\x6d", "insd"),
	M64("\x66\x48\x6f", "outsd"), M16("\x74\xfe", "je 0x1000"), M64("\x7f\x00", "jg 0x1002"),
	M32("\x66\x70\x00", "o16 jo 0x1003"), M32("\x85\xc9", "test ecx, ecx"),
	M32("\xf0\x87\x03", "lock xchg dword [ebx], eax"), M16("\x8c\xd8", "mov ax, ds"),
	M32("\x8c\x18", "mov word [eax], ds"), M64("\x8e\xd0", "mov ss, ax"),
	M32("\x8d\x44\x24\x04", "lea eax, [esp+0x4]"), M32("\x8f\x00", "pop dword [eax]"), M32("\x90", "nop"),
	M64("\x41\x90", "xchg r8d, eax"), M32("\xf3\x90", "pause"), M64("\xf3\x41\x90", "xchg r8d, eax"),
	M32("\x66\x93", "xchg bx, ax"), M32("\x98", "cwde"), M32("\x66\x98", "cbw"), M64("\x48\x98", "cdqe"),
	M64("\x48\x99", "cqo"), M16("\x9a\x34\x12\x00\xf0", "call 0xf000:0x1234"),
	M16("\x66\xea\x78\x56\x34\x12\x08\x00", "jmp dword 0x8:0x12345678"), M64("\x9c", "pushfq"),
	M64("\x66\x9d", "popfw"), M16("\x9c", "pushf"), M32("\x9e", "sahf"),
	M16("\xa0\x34\x12", "mov al, byte [0x1234]"),
	M64("\x48\xa3\x88\x77\x66\x55\x44\x33\x22\x11", "mov qword [qword 0x1122334455667788], rax"),
	M64("\x67\xa1\x04\x00\x00\x80", "mov eax, dword [a32 0x80000004]"), M32("\xf3\xa4", "rep movsb"),
	M32("\xf2\xa6", "repne cmpsb"), M32("\x26\xa5", "es movsd"), M64("\xf3\x48\xab", "rep stosq"),
	M16("\x67\xad", "a32 lodsw"), M32("\x66\xf3\xaf", "repe scasw"), M32("\xb4\x12", "mov ah, 0x12"),
	M64("\x41\xb4\x12", "mov r12b, 0x12"),
	M64("\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", "mov rax, 0x1122334455667788"),
	M32("\xc0\xc0\x03", "rol al, 0x3"), M32("\xd1\xe8", "shr eax, 1"), M32("\xd3\xfb", "sar ebx, cl"),
	M32("\xd0\xf0", "shl al, 1"), M16("\xc2\x04\x00", "ret 0x4"), M64("\xc3", "ret"),
	M64("\x66\xc3", "ret"), M16("\xc4\x1f", "les bx, [bx]"), M32("\xc5\x00", "lds eax, [eax]"),
	M32("\xc6\x00\x7f", "mov byte [eax], 0x7f"),
	M64("\x48\xc7\xc0\xff\xff\xff\xff", "mov rax, 0xffffffffffffffff"),
	M16("\xc8\x10\x00\x01", "enter 0x10, 0x1"), M32("\xc9", "leave"), M64("\x48\xcb", "o64 retf"),
	M32("\xcc", "int3"), M16("\xcd\x80", "int 0x80"), M64("\x48\xcf", "iretq"), M64("\xcf", "iretd"),
	M32("\x66\xcf", "iretw"), M16("\xcf", "iret"), M32("\xd4\x0a", "aam 0xa"), M32("\xd6", "salc"),
	M16("\x26\xd7", "es xlatb"), M32("\xd9\xc0", "fld st0"), M16("\x9b", "fwait"),
	M16("\xe2\xfe", "loop 0x1000"), M16("\x67\xe0\xfd", "a32 loopne 0x1000"),
	M16("\xe3\x00", "jcxz 0x1002"), M64("\x67\xe3\x00", "jecxz 0x1003"), M64("\xe3\x00", "jrcxz 0x1002"),
	M64("\x48\xe5\x60", "in eax, 0x60"), M32("\x66\xef", "out dx, ax"), M32("\xe6\x80", "out 0x80, al"),
	M16("\xe8\xfd\xff", "call 0x1000"), M64("\x66\xe8\xfa\xff\xff\xff", "call 0x1000"),
	M16("\xe9\x00\xf0", "jmp 0x3"), M16("\x66\xe9\x00\xf0\xff\xff", "jmp dword 0x6"),
	M32("\xeb\x7f", "jmp 0x1081"), M32("\xf1", "int1"), M32("\xf4", "hlt"),
	M32("\xf6\xc8\x01", "test al, 0x1"), M32("\xf7\xd8", "neg eax"), M64("\x48\xf7\xfb", "idiv rbx"),
	M32("\xfe\x08", "dec byte [eax]"), M64("\xff\xd0", "call rax"),
	M32("\xff\x18", "call far dword [eax]"), M64("\x48\xff\x28", "jmp far qword [rax]"),
	M64("\xff\x30", "push qword [rax]"), M64("\xff\x25\x00\x00\x00\x00", "jmp qword [rel 0x1006]"),
	/* 0F */
	M32("\x0f\x00\xc8", "str eax"), M32("\x0f\x00\x08", "str word [eax]"), M32("\x0f\x00\xd8", "ltr ax"),
	M32("\x0f\x01\x10", "lgdt [eax]"), M16("\x66\x0f\x01\x16\x00\x7c", "o32 lgdt [0x7c00]"),
	M32("\x0f\x01\xe0", "smsw eax"), M32("\x0f\x01\xf0", "lmsw ax"), M64("\x0f\x01\x38", "invlpg [rax]"),
	M32("\x0f\x01\xc1", "vmcall"), M64("\x0f\x01\xf8", "swapgs"), M32("\x0f\x01\xc8", "monitor"),
	M32("\x0f\x01\xca", "clac"), M32("\x0f\x01\xd1", "xsetbv"), M32("\x0f\x01\xf9", "rdtscp"),
	M32("\x0f\x02\xc3", "lar eax, bx"), M64("\x0f\x05", "syscall"), M64("\x48\x0f\x07", "o64 sysret"),
	M32("\x0f\x0b", "ud2"), M32("\x0f\x0d\x08", "prefetchw [eax]"),
	M32("\x0f\x18\x08", "prefetcht0 [eax]"), M64("\xf3\x0f\x1e\xfa", "endbr64"),
	M64("\x66\x0f\x1f\x44\x00\x00", "nop word [rax+rax]"), M32("\x0f\x20\xc0", "mov eax, cr0"),
	M64("\x0f\x22\xd8", "mov cr3, rax"), M64("\x44\x0f\x20\xc0", "mov rax, cr8"),
	M32("\x0f\x23\x38", "mov dr7, eax"), M32("\x0f\x31", "rdtsc"),
	M32("\x0f\x45\x03", "cmovne eax, dword [ebx]"), M32("\x0f\x84\x00\x00\x00\x00", "je 0x1006"),
	M32("\x0f\x9c\x00", "setl byte [eax]"), M64("\x0f\xa0", "push fs"), M32("\x0f\xa2", "cpuid"),
	M32("\x0f\xa3\x18", "bt dword [eax], ebx"), M32("\x0f\xa4\xd8\x04", "shld eax, ebx, 0x4"),
	M32("\x0f\xad\xd8", "shrd eax, ebx, cl"), M64("\xf3\x48\x0f\xae\xd0", "wrfsbase rax"),
	M32("\x0f\xae\xe8", "lfence"), M32("\x0f\xae\x38", "clflush [eax]"),
	M32("\x0f\xaf\xc3", "imul eax, ebx"), M32("\xf0\x0f\xb1\x1e", "lock cmpxchg dword [esi], ebx"),
	M32("\x0f\xb2\x20", "lss esp, [eax]"), M32("\x0f\xb6\xc4", "movzx eax, ah"),
	M32("\xf3\x0f\xb8\xc3", "popcnt eax, ebx"), M32("\x0f\xba\xe8\x1f", "bts eax, 0x1f"),
	M32("\x0f\xbc\xc3", "bsf eax, ebx"), M32("\xf3\x0f\xbc\xc3", "tzcnt eax, ebx"),
	M32("\xf2\x0f\xbd\xc3", "bsr eax, ebx"), M64("\x48\x0f\xbf\xc3", "movsx rax, bx"),
	M32("\x0f\xc3\x18", "movnti dword [eax], ebx"), M32("\x0f\xc7\x0e", "cmpxchg8b qword [esi]"),
	M64("\x48\x0f\xc7\x0e", "cmpxchg16b oword [rsi]"), M32("\x66\x0f\xc7\xf0", "rdrand ax"),
	M32("\x0f\xc7\xf9", "rdseed ecx"), M64("\xf3\x0f\xc7\xf8", "rdpid rax"),
	M64("\x49\x0f\xcf", "bswap r15"), M32("\x0f\xff\xc0", "ud0 eax, eax"),
	/* 0F 38, 0F 3A, VEX */
	M64("\x66\x0f\x38\x82\x08", "invpcid rcx, oword [rax]"),
	M32("\x0f\x38\xf0\x03", "movbe eax, dword [ebx]"), M32("\x66\xf2\x0f\x38\xf1\xc3", "crc32 eax, bx"),
	M64("\xf2\x48\x0f\x38\xf0\xc4", "crc32 rax, spl"), M32("\x66\x0f\x38\xf6\xc3", "adcx eax, ebx"),
	M64("\x66\xf3\x48\x0f\x38\xf6\xc3", "adox rax, rbx"),
	M64("\xc4\xe2\xf8\xf2\xc3", "andn rax, rax, rbx"), M32("\xc4\xe2\x60\xf2\xc1", "andn eax, ebx, ecx"),
	M64("\xc4\xc2\x78\xf3\xdf", "blsi eax, r15d"),
	M64("\xc4\x62\xfb\xf6\x00", "mulx r8, rax, qword [rax]"),
	M64("\xc4\xe2\x79\xf7\x0c\x24", "shlx ecx, dword [rsp], eax"),
	M32("\xc4\xe3\x7b\xf0\xc3\x08", "rorx eax, ebx, 0x8"),
	/* x87, MMX, SSE */
	M32("\xd8\xc3", "fadd st0, st3"), M32("\xdc\xc3", "fadd st3, st0"), M32("\xdb\x28", "fld tword [eax]"),
	M64("\x45\x0f\x6f\xd8", "movq mm3, mm0"), M64("\x66\x45\x0f\x6f\xd8", "movdqa xmm11, xmm8"),
	M32("\xf3\x0f\x7f\x00", "movdqu oword [eax], xmm0"), M32("\x0f\x12\xc1", "movhlps xmm0, xmm1"),
	M32("\x66\x0f\x12\x01", "movlpd xmm0, qword [ecx]"),
	M32("\xf2\x66\x0f\x12\x01", "movddup xmm0, qword [ecx]"),
	M64("\x66\x48\x0f\x6e\xc0", "movq xmm0, rax"), M64("\x66\x0f\x7e\xc0", "movd eax, xmm0"),
	M32("\x0f\x60\x00", "punpcklbw mm0, dword [eax]"), M32("\x66\x0f\x60\x00", "punpcklbw xmm0, oword [eax]"),
	M32("\x66\x0f\x71\xd1\x08", "psrlw xmm1, 0x8"), M32("\x0f\xc4\x00\x03", "pinsrw mm0, word [eax], 0x3"),
	M32("\x66\x0f\x38\x32\x00", "pmovzxbq xmm0, word [eax]"),
	M32("\x66\x0f\x38\x10\xca", "pblendvb xmm1, xmm2, xmm0"),
	M64("\x66\x4c\x0f\x3a\x16\xc0\x01", "pextrq rax, xmm8, 0x1"),
	M64("\x66\x48\x0f\x3a\x61\xc1\x0c", "o64 pcmpestri xmm0, xmm1, 0xc"),
	M32("\xf3\x66\x0f\x10\xc1", "movss xmm0, xmm1"), M32("\x66\xf2\x0f\xd6\xc1", "movdq2q mm0, xmm1"),
	/* forms of addresses */
	M16("\x8b\x02", "mov ax, word [bp+si]"), M16("\x8b\x46\xfe", "mov ax, word [bp-0x2]"),
	M16("\x8b\x06\x00\x80", "mov ax, word [0x8000]"), M16("\x67\x8b\x04\x8e", "mov ax, word [esi+ecx*4]"),
	M32("\x67\x8b\x07", "mov eax, dword [bx]"), M32("\x8b\x45\x00", "mov eax, dword [ebp]"),
	M32("\x8b\x04\x25\x04\x00\x00\x00", "mov eax, dword [0x4]"),
	M32("\x8b\x04\x65\x04\x00\x00\x00", "mov eax, dword [0x4]"),
	M32("\x8b\x04\x45\x04\x00\x00\x00", "mov eax, dword [eax*2+0x4]"),
	M64("\x8b\x05\x00\x00\x00\x00", "mov eax, dword [rel 0x1006]"),
	M64("\x67\x8b\x05\xf9\xef\xff\xff", "mov eax, dword [a32 rel 0x0]"),
	M64("\x43\x8b\x04\x25\x04\x00\x00\x00", "mov eax, dword [r12*1+0x4]"),
	M64("\x41\x8b\x45\x00", "mov eax, dword [r13]"), M64("\x4a\x8b\x04\x20", "mov rax, qword [rax+r12]"),
	M64("\x8b\x04\x25\x00\x00\x00\x80", "mov eax, dword [0xffffffff80000000]"),
	M32("\x3e\x8b\x45\x08", "mov eax, dword [ds:ebp+0x8]"),
	M64("\x2e\x65\x8b\x00", "mov eax, dword [gs:rax]"),
	M64("\x65\x2e\x8b\x00", "mov eax, dword [gs:rax]"),
	M32("\x26\x2e\x8b\x00", "mov eax, dword [cs:eax]"), M64("\x48\x66\x89\xd8", "mov ax, bx"),
	M64("\x45\x48\x89\xd8", "mov rax, rbx"),
};
/* clang-format on */

START_TEST(examples_disassemble)
{
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		const struct example *x = &examples[i];
		struct decoded d;
		char text[96];
		ck_assert_msg(decode(x->mode, x->bytes, x->len, &d) == DECODE_OK, "%s is not decoded",
			      x->text);
		isa_disasm(&d, 0x1000, text, sizeof text);
		ck_assert_str_eq(text, x->text);
		ck_assert_msg(d.len == x->len, "%s: %d bytes, not %d", x->text, d.len, x->len);
	}
}
END_TEST

/* Every beginning of an instruction is valid so far, and only what is there is looked at. */
START_TEST(beginnings_ask_for_more)
{
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		const struct example *x = &examples[i];
		for (int n = 0; n < x->len; n++) {
			struct decoded d;
			u8 *exact = malloc((size_t)n + !n); /* so that ASan sees a read beyond */
			memcpy(exact, x->bytes, (size_t)n);
			ck_assert_msg(decode(x->mode, exact, n, &d) == DECODE_MORE, "%s, first %d bytes",
				      x->text, n);
			ck_assert_int_le(d.len, n);
			free(exact);
		}
	}
}
END_TEST

/* clang-format off */
#define BAD32(bytes) { MODE_32, BYTES(bytes), "" }
#define BAD64(bytes) { MODE_64, BYTES(bytes), "" }
static const struct example bad[] = {
	/* not there, or not in this mode */
	BAD32("\x0f\x04"), BAD32("\x0f\x3a\x00"), BAD64("\x06"), BAD64("\x27"), BAD64("\x60"), BAD64("\x82"),
	BAD64("\x9a"), BAD64("\xd6"), BAD64("\xce"), BAD32("\x0f\x05"), BAD32("\x0f\x01\xf8"),
	BAD32("\x0f\xaa"), BAD32("\x0f\x24"), BAD32("\x8f\xc8"), BAD32("\xc6\xc8"), BAD32("\xfe\xd0"),
	BAD32("\xff\xf8"), BAD32("\x0f\xba\xd8"),
	/* memory or register only */
	BAD32("\x8d\xc0"), BAD32("\x62\xc0"), BAD32("\xff\xd8"), BAD32("\x0f\x01\xd8"), BAD32("\x0f\xc3\xc0"),
	BAD32("\x0f\xc7\xc8"), BAD64("\xf3\x0f\xae\x00"), BAD32("\x0f\xc7\x38"),
	/* segment, control and debug registers that do not exist; CS is not loaded by MOV */
	BAD32("\x8e\xc8"), BAD32("\x8e\xf0"), BAD32("\x8c\xf0"), BAD32("\x0f\x20\xc8"), BAD32("\x0f\x22\xe8"),
	BAD64("\x44\x0f\x20\xc8"), BAD64("\x44\x0f\x21\xc0"),
	/* LOCK: only read-modify-write of memory */
	BAD32("\xf0\x90"), BAD32("\xf0\x01\xd8"), BAD32("\xf0\x03\x00"), BAD32("\xf0\x39\x00"),
	BAD32("\xf0\x89\x00"), BAD32("\xf0\x0f\xa3\x00"), BAD32("\xf0\x87\xc3"), BAD32("\xf0\x0f\x1f\x00"),
	BAD32("\xf0\xf4"),
	/* mandatory prefixes, as tried on a processor */
	BAD32("\x0f\xb8\xc3"), BAD64("\xf3\x0f\x38\xf0\x02"), BAD64("\xf2\x0f\xc7\xf0"),
	BAD64("\x66\x0f\xc3\x02"), BAD64("\x66\x0f\x01\xd0"), BAD64("\xf3\x0f\x01\xd0"),
	BAD64("\xf3\xf2\x0f\xb8\xc3"), BAD32("\x0f\x38\xf6\xc3"),
	BAD32("\x66\x0f\x77"), BAD32("\xf3\x0f\xd7\xc1"), BAD32("\xf2\x66\x0f\xd7\xc1"), BAD32("\x0f\xd6\xc1"),
	BAD32("\x0f\x6c\xc1"), BAD32("\xf3\x0f\xfc\xc1"), BAD32("\x0f\x38\x17\xc1"),
	/* MMX, SSE: memory or register only, groups */
	BAD32("\x66\x0f\x12\xc1"), BAD32("\x0f\x13\xc1"), BAD32("\x0f\x2b\xc1"), BAD32("\xf2\x0f\xf0\xc1"),
	BAD32("\x0f\xc5\x00"), BAD32("\x0f\xf7\x00"), BAD32("\x0f\x50\x00"), BAD32("\x0f\x71\x10"),
	BAD32("\x66\x0f\x71\xc9"), BAD32("\x0f\x73\xd9"), BAD32("\xf0\x66\x0f\x7f\x00"),
	/* VEX: no other prefix, L = 0, vvvv unused or used, maps that exist */
	BAD64("\x66\xc4\xe2\xf8\xf2\xc3"), BAD64("\xf2\xc4\xe2\xf8\xf2\xc3"),
	BAD64("\xf0\xc4\xe2\xf8\xf2\xc3"), BAD64("\x48\xc4\xe2\xf8\xf2\xc3"), BAD64("\xc4\xe2\xfc\xf2\xc3"),
	BAD64("\xc4\xe3\x73\xf0\xc3\x04"), BAD64("\xc4\xe4\xf8\xf2\xc3"), BAD64("\xc4\xe0\xf8\xf2\xc3"),
	BAD64("\xc5\xf8\x77"), BAD32("\xc5\xf8\x77"),
};
/* clang-format on */

START_TEST(undefined)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct decoded d;
		ck_assert_msg(decode(bad[i].mode, bad[i].bytes, bad[i].len, &d) == DECODE_UD, "case %zu", i);
	}
}
END_TEST

START_TEST(fifteen_bytes_are_the_limit)
{
	struct decoded d;
	u8 bytes[20];
	memset(bytes, 0x66, sizeof bytes);
	bytes[14] = 0x90;
	ck_assert_int_eq(decode(MODE_32, bytes, 20, &d), DECODE_OK);
	ck_assert_int_eq(d.len, 15);
	bytes[14] = 0x66;
	ck_assert_int_eq(decode(MODE_32, bytes, 20, &d), DECODE_TOO_LONG);
	ck_assert_int_eq(decode(MODE_32, bytes, 15, &d), DECODE_TOO_LONG);
	ck_assert_int_eq(decode(MODE_32, bytes, 14, &d), DECODE_MORE);
	memset(bytes, 0x2e, sizeof bytes); /* an immediate across the limit */
	bytes[11] = 0xb8;
	ck_assert_int_eq(decode(MODE_32, bytes, 20, &d), DECODE_TOO_LONG);
	bytes[10] = 0xb8;
	ck_assert_int_eq(decode(MODE_32, bytes, 20, &d), DECODE_OK);
}
END_TEST

static const char *family(u64 features, enum isa_mode mode, const u8 *bytes, int n)
{
	struct decoded d;
	return isa_decode(bytes, n, mode, features, &d) == DECODE_OK ? d.row->family : "none";
}

START_TEST(a_missing_feature_is_a_missing_instruction)
{
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(BMI1), MODE_32, BYTES("\xf3\x0f\xbc\xc3")), "bsf");
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(LZCNT), MODE_32, BYTES("\xf3\x0f\xbd\xc3")), "bsr");
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(POPCNT), MODE_32, BYTES("\xf3\x0f\xb8\xc3")), "none");
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(CMOV), MODE_32, BYTES("\x0f\x44\xc3")), "none");
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(LAHF64), MODE_64, BYTES("\x9f")), "none");
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(LAHF64), MODE_32, BYTES("\x9f")), "lahf");
	ck_assert_str_eq(family(ALL & ~FEAT_BIT(SSE), MODE_32, BYTES("\x0f\x18\x00")), "nop");
	u64 i286 = FEAT_BIT(I86) | FEAT_BIT(I186) | FEAT_BIT(I286); /* 64 to 67 are no prefixes there */
	ck_assert_str_eq(family(i286, MODE_16, BYTES("\x66\x90")), "none");
	ck_assert_str_eq(family(i286, MODE_16, BYTES("\x64\x90")), "none");
	ck_assert_str_eq(family(i286, MODE_16, BYTES("\x26\x90")), "nop");
	ck_assert_str_eq(family(i286, MODE_16, BYTES("\xc4\xc0")), "none"); /* LES of a register, not VEX */
	ck_assert_str_eq(family(FEAT_BIT(I86), MODE_16, BYTES("\xc1\xe0\x04")), "none");
}
END_TEST

static struct decoded decoded(enum isa_mode mode, const u8 *bytes, int n)
{
	struct decoded d;
	ck_assert_int_eq(decode(mode, bytes, n, &d), DECODE_OK);
	return d;
}

START_TEST(what_handlers_read)
{
	struct decoded d = decoded(MODE_32, BYTES("\xc6\x45\x08\x80")); /* mov byte [ebp+8], 0x80 */
	ck_assert_uint_eq(d.imm, (u64)-128);
	ck_assert_int_eq(d.segment, SEG_SS);
	ck_assert(!d.seg_override && d.base == RBP && d.index == ISA_NO_REG && d.disp == 8 &&
		  d.o[0].size == 1);
	d = decoded(MODE_64, BYTES("\x41\x8b\x45\x08")); /* r13 is no stack register */
	ck_assert(d.segment == SEG_DS && d.base == R13 && d.opsize == 4 && d.addrsize == 8 && d.rex);
	d = decoded(MODE_64, BYTES("\x36\x8b\x00")); /* ignored in 64-bit mode */
	ck_assert(d.segment == SEG_DS && !d.seg_override && d.nprefix == 1);
	d = decoded(MODE_32, BYTES("\x88\xfc")); /* mov ah, bh */
	ck_assert(d.o[0].high && d.o[0].reg == 0 && d.o[1].high && d.o[1].reg == 3);
	d = decoded(MODE_64, BYTES("\x40\x88\xfc")); /* mov spl, dil */
	ck_assert(!d.o[0].high && d.o[0].reg == RSP && d.o[1].reg == RDI);
	d = decoded(MODE_16, BYTES("\xea\xf0\xff\x00\xf0"));
	ck_assert(d.o[0].kind == OPD_FAR && d.o[0].size == 2 && d.imm2 == 0xf000 && (u16)d.imm == 0xfff0);
	d = decoded(MODE_16, BYTES("\xc8\x00\x80\xff"));
	ck_assert(d.imm2 == 0xff && (u16)d.imm == 0x8000);
	d = decoded(MODE_32, BYTES("\x64\xa6")); /* cmps fs:[esi], es:[edi] */
	ck_assert(d.segment == SEG_FS && d.base == RSI && d.o[0].kind == OPD_MEM && d.o[1].kind == OPD_MEM);
	d = decoded(MODE_32, BYTES("\x64\xab")); /* nothing overrides ES */
	ck_assert(d.segment == SEG_ES && d.base == RDI && !d.seg_override);
	d = decoded(MODE_32, BYTES("\x0f\x22\x05")); /* MOV CR is a register form whatever mod says */
	ck_assert(d.o[0].kind == OPD_CR && d.o[1].kind == OPD_REG && d.o[1].reg == RBP && d.len == 3 &&
		  d.o[1].size == 4);
	d = decoded(MODE_32, BYTES("\xf2\xf3\xa6"));
	ck_assert_int_eq(d.rep, 0xf3);
	d = decoded(MODE_32, BYTES("\x67\x8b\x47\xfe")); /* mov eax, [bx-2] */
	ck_assert(d.addrsize == 2 && d.base == RBX && d.disp == -2);
	d = decoded(MODE_64, BYTES("\x48\xa1\x00\x00\x00\x00\x00\x00\x00\x80"));
	ck_assert(d.o[1].kind == OPD_MEM && (u64)d.disp == 1ull << 63 && d.base == ISA_NO_REG);
	d = decoded(MODE_64, BYTES("\xc4\x62\x90\xf5\x00")); /* bzhi r8, [rax], r13 */
	ck_assert(d.vex && d.opsize == 8 && d.o[0].reg == R8 && d.o[2].reg == R13);
}
END_TEST

/* ---- the table ---- */

START_TEST(no_rows_clash)
{
	struct buf text = { 0 };
	ck_assert_msg(isa_check(&text) == 0, "%s", buf_text(&text));
	buf_free(&text);
}
END_TEST

START_TEST(planted_clashes_are_seen)
{
	static const struct isa_row any = { .opcode = 0x0f10, .digit = -1, .rm = -1, .o = { Gv, Ev } };
	struct isa_row other = any, with;
	ck_assert(isa_rows_clash(&any, &other));
	other.flags = NP; /* still: without prefixes both match */
	ck_assert(isa_rows_clash(&any, &other));
	other.flags = PF3; /* demands more, so it wins */
	ck_assert(!isa_rows_clash(&any, &other));
	other = any;
	other.opcode = 0x0f11;
	ck_assert(!isa_rows_clash(&any, &other));
	with = other = any;
	with.flags = P66, other.flags = PF2;
	ck_assert(!isa_rows_clash(&with, &other));
	other.flags = P66;
	ck_assert(isa_rows_clash(&with, &other));
	with = other = any;
	with.flags = I64, other.flags = O64;
	ck_assert(!isa_rows_clash(&with, &other));
	with = other = any;
	with.digit = 1, other.digit = 2;
	ck_assert(!isa_rows_clash(&with, &other));
	other.digit = 1;
	ck_assert(isa_rows_clash(&with, &other));
	other.o[1] = M, with.o[1] = Rv; /* memory here, register there */
	ck_assert(!isa_rows_clash(&with, &other));
	with = other = any;
	with.flags = VEX;
	ck_assert(!isa_rows_clash(&with, &other));
}
END_TEST

/* Bytes that the row should match: mandatory prefix, REX, opcode, ModRM. */
static int bytes_for(const struct isa_row *row, bool memory, u8 *out)
{
	u32 map = row->opcode >> 8;
	u8 pp = row->flags & P66 ? 1 : row->flags & PF3 ? 2 : row->flags & PF2 ? 3 : 0;
	bool vvvv = row->o[0] == By || row->o[1] == By || row->o[2] == By;
	int n = 0;
	if (row->flags & VEX) {
		out[n++] = 0xc4;
		out[n++] = 0xe0 | (map == 0x0f3a ? 3 : map == 0x0f38 ? 2 : 1);
		out[n++] = (u8)((vvvv ? 0x48 : 0x78) | pp);
	} else {
		if (pp)
			out[n++] = pp == 1 ? 0x66 : pp == 2 ? 0xf3 : 0xf2;
		if (row->flags & (REXW | REXB))
			out[n++] = row->flags & REXW ? 0x48 : 0x41;
		if (map)
			out[n++] = 0x0f;
		if (map > 0xff)
			out[n++] = (u8)map;
	}
	out[n++] = (u8)row->opcode;
	out[n++] = (u8)((row->rm >= 0 || !memory ? 0xc0 : 0) | (row->digit > 0 ? row->digit << 3 : 0) |
			(row->rm > 0 ? row->rm : 0));
	memset(out + n, 0, 12);
	return n + 12;
}

START_TEST(every_row_can_be_reached)
{
	for (const struct isa_row *row = isa_rows; row < isa_rows + isa_count; row++) {
		struct buf text = { 0 };
		struct decoded d = { 0 };
		bool found = false;
		for (int i = 0; i < 12 && !found; i++) { /* with and without x87: some rows are for processors without */
			u8 bytes[32];
			int n = bytes_for(row, i & 1, bytes);
			u64 features = i < 6 ? ~0ull : ~FEAT_BIT(FPU);
			found = isa_decode(bytes, n, i / 2 % 3, features, &d) == DECODE_OK && d.row == row;
		}
		isa_row_text(row, &text);
		ck_assert_msg(found, "no bytes decode to %s", buf_text(&text));
		ck_assert_int_eq(isa_row_index(row), (int)(row - isa_rows));
		buf_free(&text);
	}
}
END_TEST

/* A row's mnemonic says what it does, its family who does it. */
START_TEST(family_and_mnemonic_agree)
{
	static const char *const free_choice[] = {
		"nop", "ud", "load_sreg", "fnsetpm", "movaps", "movups", "movlps", "movhps", "movq_mmx", "movd_to_mmx",
		"movd_from_mmx", "movd_to_xmm", "movd_from_xmm", "pand", "pandn", "por", "pxor", "pextrd",
		"punpckldq", "punpcklqdq", "punpckhdq", "punpckhqdq", NULL };
	for (const struct isa_row *row = isa_rows; row < isa_rows + isa_count; row++) {
		size_t n = strcspn(row->family, "_");
		bool chosen = false;
		for (int i = 0; free_choice[i]; i++)
			chosen |= !strcmp(row->family, free_choice[i]);
		if (!strncmp(row->family, "cmpxchg8b", n)) /* or 16 bytes */
			n = strlen("cmpxchg");
		else if (n > 2 && !strcmp(row->family + n - 2, "cc"))
			n -= 2;
		else if (strchr("123", row->family[n - 1])) /* IMUL with one, two, three operands */
			n -= 1;
		ck_assert_msg(chosen || !strncmp(row->family, row->mnemonic, n), "%s is done by %s",
			      row->mnemonic, row->family);
	}
}
END_TEST

static void row_text_is(enum isa_mode mode, const u8 *bytes, int n, const char *want)
{
	struct decoded d = decoded(mode, bytes, n);
	struct buf text = { 0 };
	isa_row_text(d.row, &text);
	ck_assert_str_eq(buf_text(&text), want);
	buf_free(&text);
}

START_TEST(rows_in_the_manuals_form)
{
	row_text_is(MODE_32, BYTES("\x80\xc0\x01"), "80 /0 ib               ADD Eb, Ib");
	row_text_is(MODE_32, BYTES("\xf3\x0f\xbc\xc0"), "F3 0F BC /r            TZCNT Gv, Ev");
	row_text_is(MODE_32, BYTES("\x0f\x01\xc1"), "0F 01 C1               VMCALL");
	row_text_is(MODE_64, BYTES("\x48\x98"), "98                     CBW/CWDE/CDQE");
	row_text_is(MODE_32, BYTES("\xe8\x00\x00\x00\x00"), "E8 cz                  CALL Jz");
	row_text_is(MODE_32, BYTES("\xc4\xe3\x7b\xf0\xc3\x08"), "VEX F2 0F 3A F0 /r ib  RORX Gy, Ey, Ib");
}
END_TEST

START_TEST(random_bytes_do_no_harm)
{
	u32 random = 1;
	for (int i = 0; i < 300000; i++) {
		u8 bytes[15];
		char text[96 + 1];
		struct decoded d;
		for (int k = 0; k < 15; k++)
			bytes[k] = (u8)((random = random * 1664525u + 1013904223u) >> 24);
		int n = i % 16;
		enum decode_status status = isa_decode(bytes + 15 - n, n, i % 3,
						       i & 64 ? ALL : FEAT_BIT(I86) | FEAT_BIT(I386), &d);
		ck_assert_int_le(d.len, n);
		if (status != DECODE_OK)
			continue;
		text[96] = '#';
		isa_disasm(&d, ~0ull, text, 96);
		ck_assert(strlen(text) < 90 && text[96] == '#' && !strstr(text, "null"));
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		examples_disassemble,
		beginnings_ask_for_more,
		undefined,
		fifteen_bytes_are_the_limit,
		a_missing_feature_is_a_missing_instruction,
		what_handlers_read,
		no_rows_clash,
		planted_clashes_are_seen,
		every_row_can_be_reached,
		family_and_mnemonic_agree,
		rows_in_the_manuals_form,
		random_bytes_do_no_harm,
	};
	return unit_run("isa", tests, ARRAY_LEN(tests));
}
