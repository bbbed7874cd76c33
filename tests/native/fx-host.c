/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-host.c - a batch on the host's own processor: a loop in assembly, one round per case, no system call
 * in it.
 *
 * Rule: R15 points at the case and RSP is ours, all other registers are the case's. An exception ends its
 * case: the handler takes the state from the signal's context and goes on with the next one at fx_next.
 */
#include "tests/native/fx.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

#include <signal.h>
#include <stdio.h>
#include <ucontext.h>

void fx_enter(struct fx_case *first, struct fx_case *end);
void fx_leave(void);
void fx_next(void);
void fx_fault(int number, siginfo_t *info, void *context);

/* What the loop needs besides the case: its end, and where the instruction is. */
struct fx_loop { struct fx_case *end; u64 code, active; u8 saved[512] __attribute__((aligned(16))); };
extern struct fx_loop fx_loop;
struct fx_loop fx_loop;

_Static_assert(offsetof(struct fx_case, in.gpr) == 512, "the assembly knows");
_Static_assert(offsetof(struct fx_case, in.flags) == 640, "the assembly knows");
_Static_assert(offsetof(struct fx_case, native) == 704, "the assembly knows");
_Static_assert(offsetof(struct fx_case, native.gpr) == 1216, "the assembly knows");
_Static_assert(offsetof(struct fx_case, native.flags) == 1344, "the assembly knows");
_Static_assert(sizeof(struct fx_case) == 2176, "the assembly knows");

#define EACH(f) \
	f("rax", 0) f("rcx", 8) f("rdx", 16) f("rbx", 24) f("rbp", 40) f("rsi", 48) f("rdi", 56) f("r8", 64) \
		f("r9", 72) f("r10", 80) f("r11", 88) f("r12", 96) f("r13", 104) f("r14", 112)
#define LOAD(reg, at) "mov 512+" #at "(%r15), %" reg "\n"
#define SAVE(reg, at) "mov %" reg ", 1216+" #at "(%r15)\n"

__asm__(".text\n"
	"fx_enter:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"fxsave64 fx_loop+32(%rip)\n"
	"mov %rdi, %r15\n"
	"mov %rsi, fx_loop(%rip)\n"
	"fx_round:\n"
	"fxrstor64 (%r15)\n"
	"pushq 640(%r15)\n"
	"popfq\n"
	EACH(LOAD)
	"jmp *fx_loop+8(%rip)\n"
	"fx_leave:\n"
	EACH(SAVE)
	"pushfq\n"
	"popq 1344(%r15)\n"
	"fxsave64 704(%r15)\n"
	"fx_next:\n"
	"add $2176, %r15\n"
	"cmp fx_loop(%rip), %r15\n"
	"jb fx_round\n"
	"fxrstor64 fx_loop+32(%rip)\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
	"cld\n"
	"ret\n");

static u8 *const code = (u8 *)(uintptr_t)CODE_AT;

void fx_fault(int number, siginfo_t *info, void *context)
{
	static const u8 from[X86_GPRS] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
					   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
					   REG_R12, REG_R13, REG_R14, REG_R15 };
	ucontext_t *u = context;
	greg_t *r = u->uc_mcontext.gregs;
	if (!fx_loop.active) { /* a mistake of our own: the second time it ends the process */
		signal(number, SIG_DFL);
		return;
	}
	struct fx_case *k = (struct fx_case *)(uintptr_t)r[REG_R15];
	memcpy(&k->native.image, u->uc_mcontext.fpregs, sizeof k->native.image);
	for (int i = 0; i < X86_GPRS; i++)
		k->native.gpr[i] = (u64)r[from[i]];
	k->native.flags = (u64)r[REG_EFL];
	k->native.rip = (u64)r[REG_RIP];
	k->native.vector = (u8)r[REG_TRAPNO];
	r[REG_RIP] = (greg_t)(uintptr_t)fx_next;
}

bool fx_host_open(struct host_traits *traits, u16 *selectors, const u8 *data, const char **why)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	struct sigaction action = { .sa_sigaction = fx_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	if (!host_open(traits, selectors, data, why))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], &action, NULL))
			return false;
	fx_loop.code = CODE_AT;
	return true;
}

/* The instruction, then JMP [rIP+0] with the address of fx_leave. */
static void put_code(const struct fx_insn *insn)
{
	static const u8 jump[6] = { 0xff, 0x25 };
	void (*leave)(void) = fx_leave;
	memcpy(code, insn->bytes, insn->len);
	memcpy(code + insn->len, jump, sizeof jump);
	memcpy(code + insn->len + sizeof jump, &leave, sizeof leave);
}

void fx_host_run(const struct fx_insn *insn, struct fx_case *k, u8 *memory)
{
	u8 *window = (u8 *)(uintptr_t)DATA_AT;
	put_code(insn);
	memcpy(window, memory, DATA_SIZE);
	for (int i = 0; i < insn->cases; i++) {
		k[i].native.vector = VECTOR_NONE;
		k[i].native.gpr[RSP] = k[i].native.gpr[15] = 0;
		memset(k[i].native.image.reserved2, 0, sizeof k[i].native.image.reserved2);
	}
	fx_loop.active = 1;
	fx_enter(k, k + insn->cases);
	fx_loop.active = 0;
	for (int i = 0; i < insn->cases; i++)
		k[i].native.gpr[RSP] = k[i].native.gpr[15] = 0;
	memcpy(memory, window, DATA_SIZE);
}

#else

bool fx_host_open(struct host_traits *traits, u16 *selectors, const u8 *data, const char **why)
{
	*why = "host is not x86-64 Linux";
	return false;
}

void fx_host_run(const struct fx_insn *insn, struct fx_case *k, u8 *memory)
{
}

#endif
