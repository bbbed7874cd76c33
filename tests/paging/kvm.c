/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm.c - what the host's KVM makes of a case: an oracle that walks page tables with code, or a processor, not ours.
 * Rule: nothing of a case survives it.  The instruction is followed by HLT, and so is every gate: where the processor halts
 * says how the instruction ended (a user's HLT is a #GP at its own address).
 */
#include "tests/paging/modes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"

#if defined(__x86_64__) /* KVM_GET_REGS and its kin are x86's */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum { CPUID_ENTRIES = 256, PHYS_BITS = 40, MEMORY = 6 * MIB, SPARE_GPA = 0x490000 /* in the hole */ };

struct oracle {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	u8 *mem;
	bool page1g;
};

static struct kvm_run *watched; /* for the alarm: a guest that runs away */

static void on_alarm(int signal) { watched->immediate_exit = 1; }

/* ---- opening ---- */

/* As the host has it, but with our number of address bits and our maker, so that the same bits are reserved (AMD's processors
 * reserve bit 8 of upper entries, Intel's ignore it). */
static int set_cpuid(struct oracle *o)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + CPUID_ENTRIES * sizeof(c->entries[0]));
	int rc;

	if (!c)
		return -1;
	c->nent = CPUID_ENTRIES;
	rc = ioctl(o->kvm, KVM_GET_SUPPORTED_CPUID, c);
	for (u32 i = 0; !rc && i < c->nent; i++) {
		if (c->entries[i].function == 0 || c->entries[i].function == 0x80000000) {
			c->entries[i].ebx = 0x756e6547; /* GenuineIntel */
			c->entries[i].edx = 0x49656e69;
			c->entries[i].ecx = 0x6c65746e;
		}
		if (c->entries[i].function == 0x80000008)
			c->entries[i].eax = (c->entries[i].eax & ~0xffu) | PHYS_BITS;
		if (c->entries[i].function == 0x80000001)
			o->page1g = c->entries[i].edx >> 26 & 1;
	}
	if (!rc)
		rc = ioctl(o->vcpu, KVM_SET_CPUID2, c);
	free(c);
	return rc;
}

static int add_memory(const struct oracle *o, u32 slot, u64 gpa, u64 size, u32 flags)
{
	struct kvm_userspace_memory_region region = { .slot = slot, .flags = flags, .guest_phys_addr = gpa, .memory_size = size,
						      .userspace_addr = (u64)(uintptr_t)(o->mem + gpa) };

	return ioctl(o->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static const char *open_all(struct oracle *o)
{
	void *mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *run;
	int size;

	if (mem == MAP_FAILED)
		return "no memory";
	o->mem = mem;
	if ((o->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)) < 0)
		return "cannot open /dev/kvm";
	size = ioctl(o->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if ((o->vm = ioctl(o->kvm, KVM_CREATE_VM, 0)) < 0 || add_memory(o, 0, 0, 4 * MIB, 0) ||
	    add_memory(o, 1, ROM_GPA, MIB, KVM_MEM_READONLY))
		return "KVM cannot make a machine with RAM and ROM";
	if ((o->vcpu = ioctl(o->vm, KVM_CREATE_VCPU, 0)) < 0 || size <= 0)
		return "KVM_CREATE_VCPU failed";
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, o->vcpu, 0);
	if (run == MAP_FAILED || set_cpuid(o))
		return "cannot map the run page, or KVM_SET_CPUID2 failed";
	o->run = run;
	o->run_size = (size_t)size;
	return NULL;
}

struct oracle *oracle_open(struct err *err)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = { { 1, 0 }, { 1, 0 } };
	struct oracle *o = calloc(1, sizeof(*o));
	const char *why;

	if (!o)
		abort();
	o->kvm = o->vm = o->vcpu = -1;
	why = open_all(o);
	if (why) {
		err_set(err, ENODEV, "%s: %s", why, strerror(errno));
		oracle_close(o);
		return NULL;
	}
	watched = o->run;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	return o;
}

void oracle_close(struct oracle *o)
{
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	int fds[] = { o->vcpu, o->vm, o->kvm };

	setitimer(ITIMER_REAL, &never, NULL);
	if (o->run)
		munmap(o->run, o->run_size);
	if (o->mem)
		munmap(o->mem, MEMORY);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(o);
}

bool oracle_has_1g(const struct oracle *o) { return o->page1g; }
u8 *oracle_memory(struct oracle *o) { return o->mem; }

/* ---- one case ---- */

static struct kvm_segment segment(const struct x86_state *s, enum x86_seg seg)
{
	u32 a = s->seg_attr[seg];

	return (struct kvm_segment){ .base = s->seg_base[seg], .limit = s->seg_limit[seg], .selector = s->seg_sel[seg],
				     .type = a & 15, .s = a >> 4 & 1, .dpl = a >> 5 & 3, .present = a >> 7 & 1, .avl = a >> 12 & 1,
				     .l = a >> 13 & 1, .db = a >> 14 & 1, .g = a >> 15 & 1, .unusable = a >> 16 & 1 };
}

static const char *put_state(struct oracle *o, const struct x86_state *s)
{
	struct kvm_regs regs = { .rip = s->rip[0], .rflags = s->rflags[0], .rax = s->gpr[RAX], .rbx = s->gpr[RBX] };
	struct kvm_vcpu_events events = { 0 };
	struct kvm_sregs k;

	if (ioctl(o->vcpu, KVM_GET_SREGS, &k))
		return "KVM_GET_SREGS failed";
	k.es = segment(s, SEG_ES);
	k.cs = segment(s, SEG_CS);
	k.ss = segment(s, SEG_SS);
	k.ds = segment(s, SEG_DS);
	k.fs = segment(s, SEG_FS);
	k.gs = segment(s, SEG_GS);
	k.tr = segment(s, SEG_TR);
	k.gdt = (struct kvm_dtable){ .base = s->gdtr_base[0], .limit = s->gdtr_limit[0] };
	k.idt = (struct kvm_dtable){ .base = s->idtr_base[0], .limit = s->idtr_limit[0] };
	k.cr0 = s->cr0[0];
	k.cr2 = 0;
	k.cr3 = s->cr3[0];
	k.cr4 = s->cr4[0];
	k.efer = s->efer[0];
	regs.rsp = KERNEL + STACK_AT;
	if (ioctl(o->vcpu, KVM_SET_VCPU_EVENTS, &events))
		return "KVM_SET_VCPU_EVENTS failed";
	return ioctl(o->vcpu, KVM_SET_SREGS, &k) || ioctl(o->vcpu, KVM_SET_REGS, &regs) ? "KVM refuses these registers" : NULL;
}

/* Where nobody answers, reads are all ones. */
static void answer(struct kvm_run *run)
{
	if (!run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

static const char *run_to_halt(struct oracle *o)
{
	int alarms = 0;

	o->run->immediate_exit = 0;
	for (int i = 0; i < 100; i++) {
		if (ioctl(o->vcpu, KVM_RUN, 0)) {
			o->run->immediate_exit = 0;
			if (errno != EINTR || alarms++)
				return errno == EINTR ? "the guest ran away" : "KVM_RUN failed";
			continue;
		}
		switch (o->run->exit_reason) {
		case KVM_EXIT_HLT: return NULL;
		case KVM_EXIT_MMIO: answer(o->run); break;
		case KVM_EXIT_SHUTDOWN: return "KVM shut down";
		case KVM_EXIT_INTERNAL_ERROR: return "KVM cannot emulate it";
		default: return "an exit that was not expected";
		}
	}
	return "the guest ran away";
}

static const char *how_it_ended(struct oracle *o, const struct sample *s, struct came *came)
{
	const u64 *stack;
	struct kvm_sregs k;
	struct kvm_regs regs;
	u64 handler;

	if (ioctl(o->vcpu, KVM_GET_REGS, &regs) || ioctl(o->vcpu, KVM_GET_SREGS, &k))
		return "KVM_GET_REGS failed";
	*came = (struct came){ .vector = -1 };
	handler = regs.rip - KERNEL - HANDLERS_AT;
	if (handler >= 16 * 16)
		return NULL; /* the HLT behind the instruction, or in the page it jumped to */
	stack = (const u64 *)(const void *)(o->mem + KERNEL_GPA + (regs.rsp - KERNEL));
	came->vector = (int)(handler / 16);
	came->error = came->vector >= 8 ? (u32)stack[0] : 0;
	came->cr2 = k.cr2;
	if (came->vector == VEC_GP && s->user && (stack[1] == s->code_lin + s->code_len || (s->access == ACCESS_FETCH && stack[1] == s->lin)))
		*came = (struct came){ .vector = -1 };
	return NULL;
}

/* KVM does not see that we have written into the guest's tables, and would use what it made from the old ones: it forgets
 * all of it when a slot of memory goes. */
static const char *forget_tables(const struct oracle *o)
{
	return add_memory(o, 2, SPARE_GPA, 4096, 0) || add_memory(o, 2, SPARE_GPA, 0, 0) ? "KVM takes no slot away" : NULL;
}

const char *oracle_run(struct oracle *o, const struct sample *s, struct came *came)
{
	const char *why = forget_tables(o);

	if (!why)
		why = put_state(o, &s->state);

	if (!why)
		why = run_to_halt(o);
	return why ? why : how_it_ended(o, s, came);
}
#else
struct oracle *oracle_open(struct err *err)
{
	err_set(err, ENODEV, "this host's KVM is not x86's");
	return NULL;
}
void oracle_close(struct oracle *o) {}
bool oracle_has_1g(const struct oracle *o) { return false; }
u8 *oracle_memory(struct oracle *o) { return NULL; }
const char *oracle_run(struct oracle *o, const struct sample *s, struct came *came) { return "no KVM"; }
#endif
