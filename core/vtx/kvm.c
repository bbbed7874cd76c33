/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm.c - the engine over /dev/kvm: what the host must offer, a VM, its vCPUs, and the table of functions.
 * Rule: no interrupt chip of the kernel's: the PIC and the APICs that a reader sees are those that work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/vtx/kvm.h"
#include "core/vtx/vtx.h"

/* Three pages that VT-x needs for real mode, and one for its page table, where no board of ours has anything. */
enum { IDENTITY_MAP = 0xfeffc000, TSS_PAGES = 0xfeffd000 };

/* ---- what the host must offer ---- */

static const struct { int cap; const char *name; } needed[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_SYNC_REGS, "KVM_CAP_SYNC_REGS" },
	{ KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID" },
	{ KVM_CAP_XSAVE, "KVM_CAP_XSAVE" },
	{ KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS" },
	{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS" },
	{ KVM_CAP_SET_GUEST_DEBUG, "KVM_CAP_SET_GUEST_DEBUG" },
	{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR" },
	{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER" },
};

/* An open /dev/kvm that has all of it, or a negative errno. */
static int open_kvm(struct err *err)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "the VT-x engine cannot open /dev/kvm: %s; %s", strerror(errno),
			       errno == ENOENT ? "this host offers no hardware virtualization" :
			       "may you use it (group kvm)?");
	if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		close(fd);
		return err_set(err, ENOTSUP, "the VT-x engine does not know this version of /dev/kvm's interface; expected %d",
			       KVM_API_VERSION);
	}
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (ioctl(fd, KVM_CHECK_EXTENSION, needed[i].cap) <= 0) {
			close(fd);
			return err_set(err, ENOTSUP, "the VT-x engine needs %s, which this host's /dev/kvm does not offer",
				       needed[i].name);
		}
	return fd;
}

static int available(struct err *err)
{
	int fd = open_kvm(err), vm;

	if (fd < 0)
		return fd;
	vm = ioctl(fd, KVM_CREATE_VM, 0);
	close(fd);
	if (vm < 0)
		return err_set(err, errno, "the VT-x engine cannot create a machine with /dev/kvm: %s", strerror(errno));
	close(vm);
	if (!kvm_features())
		return err_set(err, ENOTSUP, "the VT-x engine cannot learn from /dev/kvm which features "
					     "this host's processor has");
	return 0;
}

/* ---- a VM ---- */

static int failed(struct err *err, const char *what)
{
	return err_set(err, errno, "/dev/kvm: %s failed: %s", what, strerror(errno));
}

static int vm_fill(struct kvm_vm *m, struct err *err)
{
	struct kvm_enable_cap msrs = {
		.cap = KVM_CAP_X86_USER_SPACE_MSR,
		.args = { KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_FILTER },
	};
	__u64 identity = IDENTITY_MAP;

	m->kvm = open_kvm(err);
	if (m->kvm < 0)
		return m->kvm;
	m->fd = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->fd < 0)
		return failed(err, "KVM_CREATE_VM");
	/* Processors that need neither (AMD's, and newer ones of Intel's) may refuse: nothing is lost. */
	if (ioctl(m->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) == 0)
		ioctl(m->fd, KVM_SET_TSS_ADDR, (unsigned long)TSS_PAGES);
	if (ioctl(m->fd, KVM_ENABLE_CAP, &msrs))
		return failed(err, "KVM_ENABLE_CAP(KVM_CAP_X86_USER_SPACE_MSR)");
	m->sregs2 = ioctl(m->kvm, KVM_CHECK_EXTENSION, KVM_CAP_SREGS2) > 0;
	return 0;
}

static void vm_close(struct vm *vm)
{
	struct kvm_vm *m = kvm_of(vm);

	if (m && m->fd >= 0)
		close(m->fd);
	if (m && m->kvm >= 0)
		close(m->kvm);
	free(m);
	vm->engine_data = NULL;
}

static int vm_open(struct vm *vm, struct err *err)
{
	struct kvm_vm *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return err_set(err, ENOMEM, "no memory for a virtual machine");
	m->fd = m->kvm = -1;
	vm->engine_data = m;
	rc = vm_fill(m, err);
	if (!rc)
		rc = kvm_signals_open(err);
	if (rc)
		vm_close(vm);
	else
		kvm_mem_changed(vm, NULL);
	return rc;
}

/* ---- a vCPU ---- */

static void vcpu_close(struct vcpu *v)
{
	struct kvm_cpu *k = kvm_cpu_of(v);

	if (!k)
		return;
	kvm_timer_close(k);
	if (k->run)
		munmap(k->run, k->run_size);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
	v->engine_data = NULL;
}

/* The rate of the guest's time-stamp counter: 1 GHz as CPUID says, where the processor can scale it. */
static void set_tsc_rate(struct kvm_vm *m, struct kvm_cpu *k)
{
	int khz;

	if (ioctl(m->kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_CONTROL) > 0)
		m->tsc_scaled = ioctl(k->fd, KVM_SET_TSC_KHZ, 1000000ul) == 0;
	khz = m->tsc_scaled ? 1000000 : ioctl(k->fd, KVM_GET_TSC_KHZ, 0);
	m->tsc_khz = khz > 0 ? (u32)khz : 1000000;
}

static int vcpu_fill(struct kvm_vm *m, struct kvm_cpu *k, struct err *err)
{
	int size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	void *run;

	k->fd = ioctl(m->fd, KVM_CREATE_VCPU, (unsigned long)k->vcpu->index);
	if (k->fd < 0)
		return failed(err, "KVM_CREATE_VCPU");
	if (size < (int)sizeof(struct kvm_run))
		return failed(err, "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
	if (run == MAP_FAILED)
		return failed(err, "mapping a vCPU's run page");
	k->run = run;
	k->run_size = (size_t)size;
	k->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	set_tsc_rate(m, k);
	return 0;
}

/* Does this host take what it will be given, and give it back?  What it refused later would be a mistake of ours. */
static int prove(struct kvm_cpu *k, struct err *err)
{
	struct x86_state s = k->last;
	int rc = kvm_set(k->vcpu, &s, ST_ALL, err);

	k->ready = false; /* how many processors there are, which CPUID tells, is not known yet */
	if (rc)
		return rc;
	rc = kvm_get(k->vcpu, &s, ST_ALL);
	return rc ? err_set(err, -rc, "/dev/kvm does not give the state of a vCPU: %s", strerror(-rc)) : 0;
}

static int vcpu_open(struct vcpu *v, struct err *err)
{
	struct kvm_cpu *k = calloc(1, sizeof(*k));
	int rc;

	if (!k)
		return err_set(err, ENOMEM, "no memory for a vCPU");
	k->vcpu = v;
	k->fd = -1;
	k->out_after = true;
	v->engine_data = k;
	x86_state_reset(&k->last, cpu_signature(v->vm->cpu));
	rc = vcpu_fill(kvm_of(v->vm), k, err);
	if (!rc)
		rc = prove(k, err);
	if (rc)
		vcpu_close(v);
	return rc;
}

/* ---- events and what is looked for ---- */

static int inject(struct vcpu *v, u32 info, u32 error_code)
{
	struct kvm_cpu *k = kvm_cpu_of(v);
	struct x86_state s;
	int rc = kvm_get(v, &s, ST_PENDING);

	if (rc)
		return rc;
	if (s.inject_info[0])
		return -EBUSY;
	s.inject_info[0] = info;
	s.inject_error[0] = error_code;
	s.inject_len[0] = 0;
	if (s.activity[0] == ACT_HALTED)
		s.activity[0] = ACT_ACTIVE;
	k->told = false;
	return kvm_set(v, &s, ST_PENDING, NULL);
}

static bool can_inject(struct vcpu *v)
{
	struct x86_state s;

	return kvm_get(v, &s, ST_GPR | ST_PENDING) == 0 && (s.rflags[0] & FLAG_IF) && !s.shadow[0] && !s.inject_info[0];
}

static void want_window(struct vcpu *v, bool want)
{
	kvm_cpu_of(v)->run->request_interrupt_window = want;
}

/* The processor sees every write to its memory: nothing decoded is kept. */
static void mem_written(struct vm *vm, u64 gpa, u64 len) { }
/* kvm_dirty_fetch has made KVM look anew. */
static void log_cleared(struct vm *vm, const struct mem_slot *slot) { }
/* Breakpoints are looked at when the guest is entered. */
static void observe(struct vcpu *v) { }

const struct engine engine_vtx = {
	.name = "vtx",
	.brief = "VT-x (or AMD-V) through Linux /dev/kvm",
	.caps = CAP_DIRTY_LOG,
	.unseen = kvm_unseen,
	.available = available,
	.features = kvm_features,
	.vm_open = vm_open,
	.vm_close = vm_close,
	.vcpu_open = vcpu_open,
	.vcpu_close = vcpu_close,
	.mem_changed = kvm_mem_changed,
	.dirty_fetch = kvm_dirty_fetch,
	.dirty_cleared = log_cleared,
	.mem_written = mem_written,
	.run = kvm_run_guest,
	.settle = kvm_settle,
	.kick = kvm_kick,
	.get = kvm_get,
	.set = kvm_set,
	.inject = inject,
	.can_inject = can_inject,
	.want_window = want_window,
	.observe = observe,
};
