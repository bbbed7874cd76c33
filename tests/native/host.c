/* SPDX-License-Identifier: GPL-3.0-or-later
 * host.c - the sequence on the host's own processor (x86-64 Linux hosts; elsewhere host_open says no).
 *
 * Rule: between native_enter and native_leave nothing of ours is in a register, not even the stack pointer;
 * every exception comes to a handler on its own stack, which takes the registers from the signal's context
 * and lets the context go on at native_resume.
 */
#include "tests/native/native.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

/* Registers before, and after.  The assembly below knows the offsets. */
struct frame {
	u64 gpr[X86_GPRS];   /* 0 */
	u64 flags;           /* 128 */
	u64 rip;             /* 136 */
	u64 stack;           /* 144: ours */
	u32 far[2];          /* 152: where 32-bit code begins: offset and selector */
	u64 ds;              /* 160: DS and ES for the guest program, */
	u64 our_ds;          /* 168: and for us */
};
extern struct frame native_frame;
struct frame native_frame;
void native_enter(void);
void native_leave(void);
void native_resume(void);
void native_signal(int number, siginfo_t *info, void *context);
void native_fault(int number, siginfo_t *info, void *context);

#define SAVE(reg, at) "mov %" reg ", native_frame+" at "(%rip)\n"
#define LOAD(reg, at) "mov native_frame+" at "(%rip), %" reg "\n"
#define EACH(f) \
	f("rax", "0") f("rcx", "8") f("rdx", "16") f("rbx", "24") f("rbp", "40") f("rsi", "48") \
		f("rdi", "56") f("r8", "64") f("r9", "72") f("r10", "80") f("r11", "88") f("r12", "96") \
			f("r13", "104") f("r14", "112") f("r15", "120") f("rsp", "32")

__asm__(".text\n"
	"native_enter:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"pushfq\n"
	SAVE("rsp", "144")
	"mov native_frame+160(%rip), %ds\n"
	"mov native_frame+160(%rip), %es\n"
	"cmpl $0, native_frame+156(%rip)\n"
	"jne native_enter32\n"
	"pushq native_frame+128(%rip)\n"
	"popfq\n"
	EACH(LOAD)
	"jmp *native_frame+136(%rip)\n"
	"native_enter32:\n"
	"pushq native_frame+128(%rip)\n"
	"popfq\n"
	EACH(LOAD)
	"ljmp *native_frame+152(%rip)\n"
	"native_leave:\n"
	EACH(SAVE)
	LOAD("rsp", "144")
	"pushfq\n"
	"popq native_frame+128(%rip)\n"
	"native_resume:\n"
	"mov native_frame+168(%rip), %ds\n"
	"mov native_frame+168(%rip), %es\n"
	"popfq\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
	"ret\n"
	"native_signal:\n" /* a handler is written for AC = 0 */
	"pushfq\n"
	"andl $~0x40000, (%rsp)\n"
	"popfq\n"
	"jmp native_fault\n");

static struct {
	volatile sig_atomic_t active;
	volatile u32 ticks;          /* of the timer, while one sequence runs */
	u8 vector;
	u32 error;
	u64 cr2;
	u8 *code, *data, *count;
	u16 cs;
	const u8 *pattern;
	u8 stack[1 << 16];
} host;

static void take_registers(const greg_t *r)
{
	static const u8 from[X86_GPRS] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
					   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
					   REG_R12, REG_R13, REG_R14, REG_R15 };
	for (int i = 0; i < X86_GPRS; i++)
		native_frame.gpr[i] = (u64)r[from[i]];
	native_frame.flags = (u64)r[REG_EFL];
	native_frame.rip = (u64)r[REG_RIP];
}

void native_fault(int number, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	if (number == SIGALRM && (!host.active || ++host.ticks < 3))
		return;
	if (!host.active) { /* a mistake of our own: the second time it ends the process */
		signal(number, SIG_DFL);
		return;
	}
	take_registers(r);
	host.vector = number == SIGALRM ? VECTOR_STUCK : (u8)r[REG_TRAPNO];
	host.error = (u32)r[REG_ERR];
	host.cr2 = (u64)r[REG_CR2];
	r[REG_RIP] = (greg_t)(uintptr_t)native_resume;
	r[REG_RSP] = (greg_t)native_frame.stack;
	r[REG_EFL] = FLAG_1 | FLAG_IF;
	r[REG_CSGSFS] = (r[REG_CSGSFS] & ~0xffffll) | host.cs; /* if it was 32-bit code */
}

static bool catch_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM };
	const stack_t stack = { .ss_sp = host.stack, .ss_size = sizeof host.stack };
	struct sigaction action = { .sa_sigaction = native_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const struct itimerval second = { { 1, 0 }, { 1, 0 } };
	if (sigaltstack(&stack, NULL))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&action.sa_mask, signals[i]);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], &action, NULL))
			return false;
	return setitimer(ITIMER_REAL, &second, NULL) == 0;
}

static u8 *map_at(u64 at, size_t size, int protection)
{
	void *want = (void *)(uintptr_t)at;
	void *got = mmap(want, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return got == want ? got : NULL;
}

/* JMP [rIP+2] and, aligned for the sake of EFLAGS.AC, the address of native_leave; for 32-bit code, a far
 * jump there. */
static bool map_windows(const u8 *data)
{
	static const u8 jump[] = { 0xff, 0x25, 2, 0, 0, 0, 0, 0 };
	void (*leave)(void) = native_leave;
	u8 *exit = map_at(EXIT_AT, PAGE_SIZE_4K, PROT_READ | PROT_WRITE);
	host.code = map_at(CODE_AT, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
	host.data = map_at(DATA_AT, DATA_ROOM, PROT_READ | PROT_WRITE);
	host.count = map_at(COUNT_AT, PAGE_SIZE_4K, PROT_READ | PROT_WRITE);
	if (!exit || !host.code || !host.data || !host.count)
		return false;
	u8 far_jump[7] = { 0xea };
	u64 to = EXIT_AT | (u64)host.cs << 32;
	memcpy(far_jump + 1, &to, 6);
	memcpy(exit + (EXIT32_AT - EXIT_AT), far_jump, sizeof far_jump);
	memcpy(exit, jump, sizeof jump);
	memcpy(exit + sizeof jump, &leave, sizeof leave);
	memcpy(host.data, data, DATA_ROOM);
	host.pattern = data;
	return !mprotect(exit, PAGE_SIZE_4K, PROT_READ | PROT_EXEC) &&
	       !mprotect(host.data + DATA_SIZE, DATA_ROOM - DATA_SIZE, PROT_READ);
}

static bool cpu_shows(u32 leaf, char reg, int bit)
{
	u32 r[4];
	if (!leaf) /* every 64-bit processor */
		return true;
	if ((u32)__get_cpuid_max(leaf & 0x80000000, NULL) < leaf)
		return false;
	__cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]);
	return r[reg - 'a'] >> bit & 1;
}

static void read_traits(struct host_traits *traits)
{
	u32 a, b, c, d;
	__cpuid(0, a, b, c, d);
	traits->amd = b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
	traits->features = 0;
#define FEATURE(name, leaf, reg, bit, brief) \
	if (cpu_shows(leaf, reg ? reg : 'a', bit)) \
		traits->features |= FEAT_BIT(name);
#include "core/x86/features.def"
#undef FEATURE
}

void host_run(const struct sequence *q, struct outcome *out)
{
	u64 room = CODE_AT + CODE_SIZE - q->start;
	memcpy(host.code + (q->start - CODE_AT), q->code, (u64)q->len < room ? (u64)q->len : room);
	memcpy(host.data, host.pattern, DATA_SIZE);
	memcpy(host.count, &q->rounds, sizeof q->rounds);
	memcpy(native_frame.gpr, q->init.gpr, sizeof native_frame.gpr);
	native_frame.flags = q->init.flags;
	native_frame.rip = q->start;
	native_frame.far[0] = (u32)q->start;
	native_frame.far[1] = q->mode == MODE_32 ? HOST_CS32 : 0;
	native_frame.ds = q->mode == MODE_32 ? HOST_DS32 : native_frame.our_ds;
	host.vector = VECTOR_NONE;
	host.error = 0;
	host.cr2 = 0;
	host.ticks = 0;
	host.active = 1;
	native_enter();
	host.active = 0;
	memcpy(out->s.gpr, native_frame.gpr, sizeof native_frame.gpr);
	out->s.flags = native_frame.flags;
	out->s.rip = host.vector == VECTOR_NONE ? sequence_exit(q) : native_frame.rip;
	out->vector = host.vector;
	out->error = host.error;
	out->cr2 = host.vector == VEC_PF ? host.cr2 : 0;
	out->lost = 0;
	out->data = host.data;
}

/* DAA, which no emulator has that a KVM may use for such code; DEC EAX, which is a REX prefix in 64-bit mode; and the
 * jump to the exit. */
bool runs_32_bit_code(void (*run)(const struct sequence *q, struct outcome *out))
{
	struct sequence q = { .mode = MODE_32,
			      .start = CODE_AT,
			      .rounds = 1,
			      .code = { 0x27, 0x48, 0xe9 },
			      .len = 7,
			      .init = { .gpr = { [RSP] = DATA_AT + 64 }, .flags = FLAG_1 | FLAG_IF } };
	struct outcome out;
	u32 disp = (u32)(EXIT32_AT - (CODE_AT + 7));
	memcpy(q.code + 3, &disp, 4);
	run(&q, &out);
	return out.vector == VECTOR_NONE && (u32)out.s.gpr[RAX] == UINT32_MAX;
}

bool host_open(struct host_traits *traits, u16 *selectors, const u8 *data, const char **why)
{
	read_traits(traits);
	__asm__("mov %%es, %0" : "=r"(selectors[SEG_ES]));
	__asm__("mov %%cs, %0" : "=r"(selectors[SEG_CS]));
	__asm__("mov %%ss, %0" : "=r"(selectors[SEG_SS]));
	__asm__("mov %%ds, %0" : "=r"(selectors[SEG_DS]));
	__asm__("mov %%fs, %0" : "=r"(selectors[SEG_FS]));
	__asm__("mov %%gs, %0" : "=r"(selectors[SEG_GS]));
	*why = "the host does not let us map code and data at fixed addresses";
	native_frame.our_ds = selectors[SEG_DS];
	host.cs = selectors[SEG_CS];
	if (!map_windows(data) || !catch_signals())
		return false;
	traits->compat = runs_32_bit_code(host_run);
	return true;
}

#else

bool host_open(struct host_traits *traits, u16 *selectors, const u8 *data, const char **why)
{
	*why = "host is not x86-64 Linux";
	return false;
}

bool runs_32_bit_code(void (*run)(const struct sequence *q, struct outcome *out))
{
	return false;
}

void host_run(const struct sequence *q, struct outcome *out)
{
	memset(out, 0, sizeof *out);
}

#endif
