/* SPDX-License-Identifier: GPL-3.0-or-later
 * machine.c - descriptors, gates, page tables and the serial port of the guests of this folder.
 * Rule: the kernel's own pages are the supervisor's and never change, so whatever a case does to its entries, the
 * kernel can go on.
 */
#include "machine.h"

enum { PORT = 0x3f8, ENTRIES = 512 };
#define USER_LIN 0x1000000ul /* the users' code, behind the kernel's 16 MiB */
#define LARGE 0x400000ull    /* where a page of 2 or 4 MiB is */

void access(word how, word user, word lin, word flags);
void on_syscall(void);
extern const word handlers[15];
extern const u8 user_code[], user_code_end[];
extern u8 bss_start[], bss_end[];

volatile struct outcome outcome;
struct features features;
u32 frame_value; /* what a store stores */
static u64 gdt[10] __attribute__((aligned(16)));
static word idt[129 * 2] __attribute__((aligned(16)));
static u32 tss[26] __attribute__((aligned(16)));
static u8 kernel_stack[1024] __attribute__((aligned(16)));
static u8 root[4096] __attribute__((aligned(4096))), pointers[4096] __attribute__((aligned(4096)));
static u8 directory[4096] __attribute__((aligned(4096))), user_table[4096] __attribute__((aligned(4096)));
static u8 identity[4][4096] __attribute__((aligned(4096)));
static u8 user_page[4096] __attribute__((aligned(4096)));
static u8 test_table[4][4096] __attribute__((aligned(4096))); /* [n]: of level n */
static u8 small_frame[4096] __attribute__((aligned(4096)));
u8 *const frame[FRAMES] = { small_frame, (u8 *)(LARGE + 0x5000), (u8 *)0xc05000 };
static word root_address, control0, control4;
static bool narrow; /* entries have 32 bits */

/* ---- instructions ---- */

static void out(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static u8 in(u16 port)
{
	u8 value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
static void set_cr0(word v) { __asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory"); }
static void set_cr3(word v) { __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory"); }
static void set_cr4(word v) { __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory"); }
static u32 msr_low(u32 msr)
{
	u32 low, high;
	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low;
}
static void set_msr(u32 msr, u32 high, u32 low) { __asm__ volatile("wrmsr" : : "c"(msr), "a"(low), "d"(high)); }
static void cpuid(u32 leaf, u32 *b, u32 *d)
{
	u32 a = leaf, c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "+c"(c), "=d"(*d));
}

void *memset(void *to, int value, word n)
{
	u8 *p = to;
	while (n--)
		*p++ = (u8)value;
	return to;
}

/* ---- the serial port ---- */

static void put(char c)
{
	out(PORT, (u8)c);
	while (!(in(PORT + 5) & 0x40))
		;
}

void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

void put_hex(u32 value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

void put_number(u32 value)
{
	char digits[11] = { 0 };
	int at = 10;
	do digits[--at] = (char)('0' + value % 10); while (value /= 10);
	put_text(digits + at);
}

void machine_off(void)
{
	out(0xf4, 16);
	for (const char *c = "Shutdown"; *c; c++)
		out(0x8900, (u8)*c); /* Bochs */
	out(0xb3, 0);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- descriptors and gates ---- */

static u64 system_descriptor(word base, u32 limit, u8 access_byte)
{
	return limit | (u64)(base & 0xffffff) << 16 | (u64)access_byte << 40 | (u64)(base >> 24 & 0xff) << 56;
}

static void put_system(int at, word base, u32 limit, u8 access_byte)
{
	gdt[at] = system_descriptor(base, limit, access_byte);
	if (WIDE)
		gdt[at + 1] = (u64)base >> 32;
}

static void descriptors(void)
{
	static const u64 wide[6] = { 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0, 0x00cff3000000ffff, 0x00affb000000ffff };
	static const u64 small[5] = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff };
	struct { u16 limit; word base; } __attribute__((packed)) pointer = { sizeof(gdt) - 1, (word)gdt };
	word stack = (word)kernel_stack + sizeof(kernel_stack);

	for (int i = 0; i < (WIDE ? 6 : 5); i++)
		gdt[i] = WIDE ? wide[i] : small[i];
	tss[1] = (u32)stack;
	tss[2] = WIDE ? 0 : 0x10;
	tss[25] = sizeof(tss) << 16;
	put_system(WIDE ? 6 : 5, (word)tss, sizeof(tss) - 1, 0x89);
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(pointer), "r"(WIDE ? 0x30 : 0x28) : "memory");
}

static void gate(int vector, word target, u8 access_byte)
{
	u64 low = (target & 0xffff) | 8 << 16 | (u64)access_byte << 40 | (u64)(target >> 16 & 0xffff) << 48;

	((u64 *)idt)[vector * (WIDE ? 2 : 1)] = low;
	if (WIDE)
		((u64 *)idt)[vector * 2 + 1] = (u64)target >> 32;
}

static void gates(void)
{
	struct { u16 limit; word base; } __attribute__((packed)) pointer = { sizeof(idt) - 1, (word)idt };

	for (int i = 0; i < 15; i++)
		if (handlers[i])
			gate(i, handlers[i], 0x8e);
	if (!WIDE)
		gate(0x80, (word)on_syscall, 0xee);
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
	if (!WIDE)
		return;
	set_msr(EFER, 0, msr_low(EFER) | 1); /* SCE */
	set_msr(0xc0000081, 0x18u << 16 | 3u << 16 | 8, 0); /* STAR */
	set_msr(0xc0000082, 0, (u32)(word)on_syscall);
	set_msr(0xc0000084, 0, 0x200);
}

static void find_features(void)
{
	u32 b, d;

	cpuid(7, &b, &d);
	features.smep = b >> 7 & 1;
	features.smap = b >> 20 & 1;
	cpuid(0x80000001, &b, &d);
	features.nx = d >> 20 & 1;
	features.page1g = d >> 26 & 1;
}

void machine_start(void)
{
	memset(bss_start, 0, (word)(bss_end - bss_start));
	find_features();
	descriptors();
	gates();
	for (int i = 0; user_code + i < user_code_end; i++)
		user_page[i] = user_code[i];
}

/* ---- the kernel's own tables ---- */

static void put_entry(void *table, u32 index, u64 value)
{
	if (narrow)
		((u32 *)table)[index] = (u32)value;
	else
		((u64 *)table)[index] = value;
}

static u64 at(const void *p) { return (word)p; }

static void kernel_tables(enum format f)
{
	memset(root, 0, sizeof(root));
	memset(pointers, 0, sizeof(pointers));
	memset(directory, 0, sizeof(directory));
	memset(test_table, 0, sizeof(test_table));
	for (u32 i = 0; narrow && i < 4096; i++)
		put_entry(identity[i / 1024], i % 1024, i * 4096ull | W | P);
	for (u32 i = 0; i < (narrow ? 4 : 8); i++)
		put_entry(directory, i, narrow ? at(identity[i]) | W | P : i << 21 | PS | W | P);
	put_entry(user_table, 0, at(user_page) | U | P);
	put_entry(directory, narrow ? 4 : 8, at(user_table) | U | P);
	*(u64 *)pointers = at(directory) | P | (f == FORMAT_4LEVEL ? W | U : 0);
	*(u64 *)root = at(pointers) | U | W | P;
	root_address = (word)(narrow ? directory : f == FORMAT_PAE ? pointers : root);
}

static void make_place(enum format f, struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->lin = f == FORMAT_4LEVEL ? (word)0x8080c05000ull : 0x80c05000ul;
	p->levels = f == FORMAT_4LEVEL ? 4 : 2;
	p->entry[1] = test_table[1] + 5 * (narrow ? 4 : 8);
	p->entry[2] = narrow ? directory + 515 * 4 : test_table[2] + 6 * 8;
	p->entry[3] = test_table[3] + 2 * 8;
	p->entry[4] = root + 8;
	p->pointer = (u64 *)pointers + 2;
	p->next[1] = at(small_frame);
	for (int level = 2; level <= 4; level++)
		p->next[level] = at(test_table[level - 1]);
	p->large[2] = LARGE;
	if (f == FORMAT_PAE)
		*p->pointer = at(test_table[2]) | P;
	for (int level = 1; level <= p->levels; level++)
		entry_put(p, level, p->next[level] | P | W | U);
}

/* A local table in the page, whose one descriptor the processor reads by itself. */
static void local_table(const struct place *p)
{
	put_system(WIDE ? 8 : 6, p->lin + AT_DESCRIPTOR, 7, 0x82);
	__asm__ volatile("lldt %w0" : : "r"(WIDE ? 0x40 : 0x30) : "memory");
}

void machine_format(enum format f, struct place *place)
{
	if (!WIDE)
		set_cr0(0x11); /* identity: the kernel goes on without paging */
	narrow = f == FORMAT_32;
	kernel_tables(f);
	make_place(f, place);
	control4 = f == FORMAT_32 ? CR4_PSE : CR4_PAE;
	control0 = CR0_PG | 0x11;
	set_cr4(control4);
	set_cr3(root_address);
	set_cr0(control0);
	memset((void *)LARGE, 0, 0x8000);
	memset(frame[2], 0, 4096);
	local_table(place);
}

void machine_control(word cr0, word cr4, bool nxe)
{
	set_cr0(control0 | cr0);
	set_cr4((control4 & ~CR4_PSE) | cr4);
	if (features.nx)
		set_msr(EFER, 0, (msr_low(EFER) & ~EFER_NXE) | (nxe ? EFER_NXE : 0));
	machine_reload();
}

void machine_reload(void) { set_cr3(root_address); }
const void *machine_root(void) { return (const void *)root_address; }
void machine_set_root(const void *table)
{
	root_address = (word)table;
	machine_reload();
}
void machine_invlpg(word lin) { __asm__ volatile("invlpg (%0)" : : "r"(lin) : "memory"); }

/* ---- cases ---- */

u64 entry_get(const struct place *p, int level)
{
	return narrow ? *(u32 *)p->entry[level] : *(u64 *)p->entry[level];
}

void entry_put(const struct place *p, int level, u64 value)
{
	put_entry(p->entry[level], 0, value);
}

void frames_prepare(enum how how, bool user, u32 number)
{
	static const u8 leave[2][2] = { { 0xcd, 0x80 }, { 0x0f, 0x05 } }; /* INT 80h, SYSCALL */

	frame_value = number;
	for (u32 i = 0; i < FRAMES; i++) {
		volatile u8 *f = frame[i];
		f[AT_CODE] = user ? leave[WIDE][0] : 0xc3; /* RET */
		f[AT_CODE + 1] = user ? leave[WIDE][1] : 0xf4;
		*(volatile u32 *)(f + AT_READ) = 0x11111111 * (i + 1);
		*(volatile u32 *)(f + AT_WRITE) = 0;
		*(volatile u32 *)(f + AT_DESCRIPTOR) = 0xffff;
		*(volatile u32 *)(f + AT_DESCRIPTOR + 4) = 0x00cff200 | (how == HOW_SYSTEM_READ) << 8; /* accessed already? */
	}
}

void machine_access(enum how how, bool user, word lin, bool ac)
{
	outcome = (struct outcome){ 0 };
	access((word)how, user, lin, 2 | (ac ? FLAG_AC : 0));
}
