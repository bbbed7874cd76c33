/* SPDX-License-Identifier: GPL-3.0-or-later
 * print-exits.c - what a VM exit was about, from its qualification (SDM 3C 27.2.1) and the unpacked answer.
 * Rule: one small function per reason, found by number; a reason without one has no details to show.
 */
#include "debugger/print-exits.h"

#include "core/x86/x86.h"
#include "debugger/manual.h"
#include "debugger/output.h"

typedef void (*detail_fn)(const struct vm_exit *x, struct buf *out);

/* With the number before it, a line (unless it tells of a CPUID) fits 80 columns: 7 of number, 11 of time, 15 of title, 20 of detail, 20 of
 * answer, and what is between them. */
enum { ARROW_COLUMN = 49 };
#define ULL(x) ((unsigned long long)(x))

static void detail_io(const struct vm_exit *x, struct buf *out)
{
	const char *verb = x->io.string ? (x->io.write ? "outs" : "ins") : x->io.write ? "out" : "in";

	buf_printf(out, "%s%s 0x%x = ", x->io.rep ? "rep " : "", verb, x->io.port);
	value_text(x->io.value, x->io.size, out);
}

static void detail_ept(const struct vm_exit *x, struct buf *out)
{
	const char *verb = x->mmio.fetch ? "fetch" : x->mmio.write ? "write" : "read";

	buf_printf(out, "%s 0x%llx = ", verb, ULL(x->gpa));
	value_text(x->mmio.value, x->mmio.size, out);
}

static void detail_cpuid(const struct vm_exit *x, struct buf *out)
{
	buf_printf(out, "leaf 0x%x.%x = %08x %08x %08x %08x", x->cpuid.leaf, x->cpuid.subleaf, x->cpuid.eax,
		   x->cpuid.ebx, x->cpuid.ecx, x->cpuid.edx);
}

static void detail_msr(const struct vm_exit *x, struct buf *out)
{
	buf_printf(out, "msr 0x%x", x->msr.index);
	if (x->msr.fault)
		buf_printf(out, ": #GP(0)");
	else
		buf_printf(out, " = 0x%llx", ULL(x->msr.value));
}

/* SDM 3C table 27-3 */
static void detail_cr(const struct vm_exit *x, struct buf *out)
{
	unsigned cr = x->qualification & 15, gpr = x->qualification >> 8 & 15;

	switch (x->qualification >> 4 & 3) {
	case 0: buf_printf(out, "mov cr%u, %s", cr, x86_gpr_names[gpr]); break;
	case 1: buf_printf(out, "mov %s, cr%u", x86_gpr_names[gpr], cr); break;
	case 2: buf_printf(out, "clts"); break;
	default: buf_printf(out, "lmsw 0x%x", (unsigned)(x->qualification >> 16 & 0xffff));
	}
}

/* SDM 3C table 27-4 */
static void detail_dr(const struct vm_exit *x, struct buf *out)
{
	unsigned dr = x->qualification & 7, gpr = x->qualification >> 8 & 15;

	if (x->qualification & 16)
		buf_printf(out, "mov %s, dr%u", x86_gpr_names[gpr], dr);
	else
		buf_printf(out, "mov dr%u, %s", dr, x86_gpr_names[gpr]);
}

static void detail_exception(const struct vm_exit *x, struct buf *out)
{
	u8 vector = intr_vector(x->intr_info);

	vector_text(vector, out);
	buf_printf(out, " %s", vector_title(vector));
	if (x->intr_info & INTR_HAS_ERROR)
		buf_printf(out, ", error code 0x%x", x->intr_error);
	if (vector == VEC_PF) /* SDM 3C table 27-1: the qualification is the faulting address */
		buf_printf(out, ", address 0x%llx", ULL(x->qualification));
}

/* SDM 3C table 27-2 */
static void detail_task(const struct vm_exit *x, struct buf *out)
{
	static const char *const source[] = { "CALL", "IRET", "JMP", "task gate" };

	buf_printf(out, "%s to TSS 0x%x", source[x->qualification >> 30 & 3], (unsigned)(x->qualification & 0xffff));
}

static void detail_invlpg(const struct vm_exit *x, struct buf *out)
{
	buf_printf(out, "address 0x%llx", ULL(x->qualification));
}

static void detail_sipi(const struct vm_exit *x, struct buf *out)
{
	buf_printf(out, "vector 0x%llx: 0x%llx", ULL(x->qualification), ULL(x->qualification << 12));
}

static void detail_vmcall(const struct vm_exit *x, struct buf *out)
{
	buf_printf(out, "call %llu = %lld", ULL(x->call.nr), (long long)x->call.result);
}

static void detail_random(const struct vm_exit *x, struct buf *out)
{
	buf_printf(out, "%u bytes = 0x%llx", x->random.size, ULL(x->random.value));
}

static const detail_fn details[EXIT_COUNT] = {
	[EXIT_EXCEPTION] = detail_exception, [EXIT_TASK_SWITCH] = detail_task,
	[EXIT_CPUID] = detail_cpuid,         [EXIT_INVLPG] = detail_invlpg,
	[EXIT_SIPI] = detail_sipi,
	[EXIT_VMCALL] = detail_vmcall,       [EXIT_CR_ACCESS] = detail_cr,
	[EXIT_DR_ACCESS] = detail_dr,        [EXIT_IO] = detail_io,
	[EXIT_RDMSR] = detail_msr,           [EXIT_WRMSR] = detail_msr,
	[EXIT_EPT_VIOLATION] = detail_ept,   [EXIT_RDRAND] = detail_random,
	[EXIT_RDSEED] = detail_random,
};

/* What the hypervisor did, when the handler left no words. */
static const char *answer_text(const struct vm_exit *x)
{
	bool io = x->reason == EXIT_IO, mmio = x->reason == EXIT_EPT_VIOLATION;

	if (io || mmio)
		return (io ? x->io.write : x->mmio.write) ? "nobody: ignored" : "nobody: all-ones";
	return NULL;
}

static void pad(struct buf *out, size_t start, size_t width)
{
	size_t have = out->len - start;

	buf_printf(out, "%*s", have < width ? (int)(width - have) : 0, "");
}

void exit_text(const struct event *ev, const struct vm_exit *x, struct buf *out)
{
	const char *title = exit_title(ev->exit.reason), *who = ev->exit.who, *what = ev->exit.what;
	size_t start = out->len;

	buf_printf(out, "%llu.%09llu ", ULL(ev->time / 1000000000), ULL(ev->time % 1000000000));
	if (title)
		buf_printf(out, "%-15s", title);
	else
		buf_printf(out, "reason %-8u", ev->exit.reason);
	if (ev->exit.reason < EXIT_COUNT && details[ev->exit.reason]) {
		buf_printf(out, "  ");
		details[ev->exit.reason](x, out);
	}
	if (!who && !what)
		what = answer_text(x);
	if (who || what) {
		pad(out, start, ARROW_COLUMN);
		buf_printf(out, " -> %s%s%s", who ? who : "", who && what ? " " : "", what ? what : "");
	}
}

static enum verdict on_exit_event(void *arg, const struct event *ev)
{
	struct exit_printer *p = arg;

	if (p->stepping && ev->exit.reason == EXIT_MTF)
		return EV_GO;
	p->line.len = 0;
	exit_text(ev, &p->vm->vcpu[ev->vcpu].exit, &p->line);
	const char *text = buf_text(&p->line);
	fprintf(p->out, "#%-5llu ", ULL(++p->n));
	if (p->vm->ncpus > 1)
		fprintf(p->out, "cpu%u ", ev->vcpu);
	fprintf(p->out, "%s\n", text ? text : "(no memory)");
	return output_ok() ? EV_GO : EV_STOP;
}

int exit_printer_start(struct exit_printer *p, struct vm *vm, FILE *out, bool stepping)
{
	*p = (struct exit_printer){ .vm = vm, .out = out, .stepping = stepping };
	int rc = vm_subscribe(vm, EV_BIT(exit), on_exit_event, p);
	return rc < 0 ? rc : 0;
}

void exit_printer_end(struct exit_printer *p)
{
	buf_free(&p->line);
}
