/* SPDX-License-Identifier: GPL-3.0-or-later
 * oracle.c - the side of Linux KVM: one virtual processor that is stepped by KVM_GUESTDBG_SINGLESTEP.
 *
 * Rule: nothing of a case survives it; registers, waiting events and run state are set anew each time.
 * An exception is seen as a step into its handler, whose NOP KVM then executes too before it reports the step: that
 * one byte is taken back (step_back).
 */
#include "tests/kvm/kvm-diff.h"

#include <errno.h>

#if defined(__x86_64__) /* KVM_GET_REGS and its kin are x86's; on other hosts there is nothing to ask */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	STEPS_MOST = 600,
	ALARMS_MOST = 1 /* seconds, at least */,
	SYNC_ALL = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS
};

struct oracle {
	int kvm, vm, vcpu;
	size_t run_size;
	struct kvm_run *run;
	u8 *mem;
};

static struct kvm_run *watched; /* for the alarm: a guest that never ends its step */

static void on_alarm(int signal)
{
	watched->immediate_exit = 1;
}

/* ---- opening ---- */

static int set_cpuid(struct oracle *o)
{
	enum { ENTRIES = 256 };
	struct kvm_cpuid2 *c = calloc(1, sizeof *c + ENTRIES * sizeof c->entries[0]);
	if (!c)
		return -1;
	c->nent = ENTRIES;
	int rc = ioctl(o->kvm, KVM_GET_SUPPORTED_CPUID, c);
	if (!rc)
		rc = ioctl(o->vcpu, KVM_SET_CPUID2, c);
	free(c);
	return rc;
}

static const char *open_vm(struct oracle *o)
{
	if ((o->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)) < 0)
		return "cannot open /dev/kvm";
	if ((ioctl(o->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS) & SYNC_ALL) != SYNC_ALL)
		return "this KVM cannot pass registers in its run page (KVM_CAP_SYNC_REGS)";
	if ((o->vm = ioctl(o->kvm, KVM_CREATE_VM, 0)) < 0)
		return "KVM_CREATE_VM failed";
	void *mem = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return "no memory";
	o->mem = mem;
	struct kvm_userspace_memory_region region = { .flags = KVM_MEM_LOG_DIRTY_PAGES,
						      .memory_size = RAM_SIZE,
						      .userspace_addr = (u64)(uintptr_t)mem };
	if (ioctl(o->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return "KVM_SET_USER_MEMORY_REGION failed";
	return NULL;
}

static const char *open_vcpu(struct oracle *o)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	int size = ioctl(o->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if ((o->vcpu = ioctl(o->vm, KVM_CREATE_VCPU, 0)) < 0 || size <= 0)
		return "KVM_CREATE_VCPU failed";
	void *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, o->vcpu, 0);
	if (run == MAP_FAILED)
		return "cannot map the run page";
	o->run = run;
	o->run_size = (size_t)size;
	if (set_cpuid(o) || ioctl(o->vcpu, KVM_SET_GUEST_DEBUG, &debug))
		return "this KVM cannot step a guest (KVM_SET_GUEST_DEBUG)";
	o->run->kvm_valid_regs = SYNC_ALL;
	return NULL;
}

struct oracle *oracle_open(struct err *err)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = { { 1, 0 }, { 1, 0 } };
	struct oracle *o = calloc(1, sizeof *o);
	if (!o) {
		err_set(err, ENOMEM, "no memory");
		return NULL;
	}
	o->kvm = o->vm = o->vcpu = -1;
	const char *why = open_vm(o);
	if (!why)
		why = open_vcpu(o);
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
	setitimer(ITIMER_REAL, &never, NULL);
	if (o->run)
		munmap(o->run, o->run_size);
	if (o->mem)
		munmap(o->mem, RAM_SIZE);
	int fds[] = { o->vcpu, o->vm, o->kvm };
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(o);
}

u8 *oracle_memory(struct oracle *o)
{
	return o->mem;
}

/* ---- state, there and back ---- */

static struct kvm_segment to_kvm_segment(const struct x86_state *s, enum x86_seg seg)
{
	u32 a = s->seg_attr[seg];
	return (struct kvm_segment){ .base = s->seg_base[seg],
				     .limit = s->seg_limit[seg],
				     .selector = s->seg_sel[seg],
				     .type = a & SEG_TYPE,
				     .s = a >> 4 & 1,
				     .dpl = a >> 5 & 3,
				     .present = a >> 7 & 1,
				     .avl = a >> 12 & 1,
				     .l = a >> 13 & 1,
				     .db = a >> 14 & 1,
				     .g = a >> 15 & 1,
				     .unusable = a >> 16 & 1 };
}

static void from_kvm_segment(struct x86_state *s, enum x86_seg seg, const struct kvm_segment *k)
{
	s->seg_base[seg] = k->base;
	s->seg_limit[seg] = k->limit;
	s->seg_sel[seg] = k->selector;
	s->seg_attr[seg] = (u32)k->type | (u32)k->s << 4 | (u32)k->dpl << 5 | (u32)k->present << 7 |
			   (u32)k->avl << 12 | (u32)k->l << 13 | (u32)k->db << 14 | (u32)k->g << 15 |
			   (u32)k->unusable << 16;
}

static struct kvm_segment *kvm_segment(struct kvm_sregs *k, enum x86_seg seg)
{
	struct kvm_segment *const at[X86_SEGS] = { &k->es, &k->cs, &k->ss,  &k->ds,
						   &k->fs, &k->gs, &k->ldt, &k->tr };
	return at[seg];
}

/* The general registers in the order of their numbers. */
static void gprs(struct kvm_regs *k, __u64 *at[X86_GPRS])
{
	__u64 *const order[X86_GPRS] = { &k->rax, &k->rcx, &k->rdx, &k->rbx, &k->rsp, &k->rbp,
					 &k->rsi, &k->rdi, &k->r8,  &k->r9,  &k->r10, &k->r11,
					 &k->r12, &k->r13, &k->r14, &k->r15 };
	memcpy(at, order, sizeof order);
}

static void put_state(struct oracle *o, const struct x86_state *s)
{
	struct kvm_sync_regs *r = &o->run->s.regs;
	__u64 *at[X86_GPRS];
	gprs(&r->regs, at);
	for (int i = 0; i < X86_GPRS; i++)
		*at[i] = s->gpr[i];
	r->regs.rip = s->rip[0];
	r->regs.rflags = s->rflags[0];
	memset(&r->sregs, 0, sizeof r->sregs);
	for (enum x86_seg seg = 0; seg < X86_SEGS; seg++)
		*kvm_segment(&r->sregs, seg) = to_kvm_segment(s, seg);
	r->sregs.gdt = (struct kvm_dtable){ .base = s->gdtr_base[0], .limit = s->gdtr_limit[0] };
	r->sregs.idt = (struct kvm_dtable){ .base = s->idtr_base[0], .limit = s->idtr_limit[0] };
	r->sregs.cr0 = s->cr0[0];
	r->sregs.cr2 = s->cr2[0];
	r->sregs.cr3 = s->cr3[0];
	r->sregs.cr4 = s->cr4[0];
	r->sregs.cr8 = o->run->cr8 =
		s->cr8[0]; /* without KVM's APIC, each KVM_RUN takes it from the run page */
	r->sregs.efer = s->efer[0];
	r->sregs.apic_base = 0xfee00900; /* the local APIC's own: no part of the state compared */
	memset(&r->events, 0, sizeof r->events);
	r->events.flags = KVM_VCPUEVENT_VALID_SHADOW | KVM_VCPUEVENT_VALID_NMI_PENDING;
	o->run->kvm_dirty_regs = SYNC_ALL;
}

static void get_state(struct oracle *o, struct x86_state *s)
{
	struct kvm_sync_regs *r = &o->run->s.regs;
	__u64 *at[X86_GPRS];
	gprs(&r->regs, at);
	for (int i = 0; i < X86_GPRS; i++)
		s->gpr[i] = *at[i];
	s->rip[0] = r->regs.rip;
	s->rflags[0] = r->regs.rflags;
	for (enum x86_seg seg = 0; seg < X86_SEGS; seg++)
		from_kvm_segment(s, seg, kvm_segment(&r->sregs, seg));
	s->gdtr_base[0] = r->sregs.gdt.base;
	s->gdtr_limit[0] = r->sregs.gdt.limit;
	s->idtr_base[0] = r->sregs.idt.base;
	s->idtr_limit[0] = r->sregs.idt.limit;
	s->cr0[0] = r->sregs.cr0;
	s->cr2[0] = r->sregs.cr2;
	s->cr3[0] = r->sregs.cr3;
	s->cr4[0] = r->sregs.cr4;
	s->cr8[0] = r->sregs.cr8;
	s->efer[0] = r->sregs.efer;
}

/* Debug registers have no place in the run page; they cost a call each way, so only who is about them pays. */
static void put_debug(struct oracle *o, const struct x86_state *s)
{
	struct kvm_debugregs d = { .dr6 = s->dr[6], .dr7 = s->dr[7] };
	for (int i = 0; i < 4; i++)
		d.db[i] = s->dr[i];
	ioctl(o->vcpu, KVM_SET_DEBUGREGS, &d);
}

static void get_debug(struct oracle *o, struct x86_state *s)
{
	struct kvm_debugregs d;
	if (ioctl(o->vcpu, KVM_GET_DEBUGREGS, &d))
		return;
	for (int i = 0; i < 4; i++)
		s->dr[i] = d.db[i];
	s->dr[6] = d.dr6;
	s->dr[7] = d.dr7;
}

/* ---- running ---- */

/* Ports and addresses nobody claims: reads give ones, writes go nowhere. */
static void answer(struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_IO && run->io.direction == KVM_EXIT_IO_IN)
		memset((u8 *)run + run->io.data_offset, 0xff, (size_t)run->io.size * run->io.count);
	if (run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof run->mmio.data);
}

/* After an answer KVM completes the instruction but forgets that it was to step: it would go on with the next one if
 * immediate_exit did not call it back (EINTR). */
static enum how_ended step(struct oracle *o, const struct testcase *t)
{
	struct kvm_run *run = o->run;
	u64 start = t->init.rip[0];
	u32 alarms = 0;
	run->immediate_exit = 0;
	for (int i = 0; i < STEPS_MOST; i++) {
		bool answered = i && (run->exit_reason == KVM_EXIT_IO || run->exit_reason == KVM_EXIT_MMIO);
		run->immediate_exit = answered;
		if (ioctl(o->vcpu, KVM_RUN, 0)) {
			if (errno != EINTR || (!answered && ++alarms > ALARMS_MOST))
				return END_STUCK;
			if (answered && run->s.regs.regs.rip != start)
				return END_DONE;
			run->exit_reason = KVM_EXIT_INTR;
			continue;
		}
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
		case KVM_EXIT_MMIO: answer(run); break;
		case KVM_EXIT_DEBUG:
			if (!is_repeated(t) || run->s.regs.regs.rip != start)
				return END_DONE;
			break;
		case KVM_EXIT_SHUTDOWN: return END_SHUTDOWN;
		default: return END_UNSUPPORTED;
		}
	}
	return END_STUCK;
}

static void step_back(struct x86_state *s)
{
	bool real = !(s->cr0[0] & CR0_PE);
	u64 base = real ? 0xffff0 : 0, off = base + s->rip[0] - HANDLERS_AT;
	if (off < HANDLERS_SIZE && (off & 3) == 1 &&
	    (real ? s->seg_sel[SEG_CS] == 0xffff : s->seg_base[SEG_CS] == 0))
		s->rip[0]--;
}

void oracle_run(struct oracle *o, const struct testcase *t, struct outcome *out)
{
	struct kvm_dirty_log log = { .dirty_bitmap = out->dirty };
	struct kvm_mp_state active = { KVM_MP_STATE_RUNNABLE };
	out->debug = family_is(t, "mov_to_dr") || family_is(t, "mov_from_dr");
	if (out->debug)
		put_debug(o, &t->init);
	put_state(o, &t->init);
	for (int i = 0; i < t->npatches; i++)
		memcpy(o->mem + t->patch[i].at, t->patch[i].bytes, t->patch[i].len);
	out->how = (u8)step(o, t);
	out->s = t->init;
	get_state(o, &out->s);
	step_back(&out->s);
	if (out->debug)
		get_debug(o, &out->s);
	out->mem = o->mem;
	memset(out->dirty, 0, sizeof out->dirty);
	ioctl(o->vm, KVM_GET_DIRTY_LOG, &log);
	if (out->how != END_DONE)
		ioctl(o->vcpu, KVM_SET_MP_STATE, &active);
}

#else

struct oracle *oracle_open(struct err *err)
{
	err_set(err, ENODEV, "the host is not x86-64");
	return NULL;
}

void oracle_close(struct oracle *o) { }
u8 *oracle_memory(struct oracle *o) { return NULL; }
void oracle_run(struct oracle *o, const struct testcase *t, struct outcome *out) { }

#endif
