/* SPDX-License-Identifier: GPL-3.0-or-later
 * overhead.c - what our way from KVM_RUN to a device and back costs, beside the smallest loop that does the same.
 * Rule: both run in turns in one process, many times; of each the fastest turn counts, so what else the host does is
 * no part of the result.
 */
#include <stdio.h>

#include "core/vtx/vtx.h"
#include "tests/engine/rig.h"

#if defined(__x86_64__) && defined(__linux__)

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TURNS = 40 };
static const u8 guest_code[] = { 0xe6, 0x80, 0xeb, 0xfc }; /* again: out 80h, al; jmp again */

struct smallest { int kvm, vm, cpu; struct kvm_run *run; u64 sum; };

static bool smallest_open(struct smallest *m)
{
	struct kvm_userspace_memory_region region = { .memory_size = 0x10000 };
	struct kvm_sregs s;
	struct kvm_regs r = { .rip = CODE, .rflags = 2 };
	u8 *ram = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int size;

	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	region.userspace_addr = (u64)(uintptr_t)ram;
	if (m->kvm < 0 || m->vm < 0 || ram == MAP_FAILED || ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return false;
	memcpy(ram + CODE, guest_code, sizeof(guest_code));
	m->cpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, m->cpu, 0);
	if (m->cpu < 0 || m->run == MAP_FAILED || ioctl(m->cpu, KVM_GET_SREGS, &s))
		return false;
	s.cs.base = 0;
	s.cs.selector = 0;
	return !ioctl(m->cpu, KVM_SET_SREGS, &s) && !ioctl(m->cpu, KVM_SET_REGS, &r);
}

static bool smallest_run(struct smallest *m, u64 exits)
{
	for (u64 i = 0; i < exits; i++) {
		if (ioctl(m->cpu, KVM_RUN, 0) || m->run->exit_reason != KVM_EXIT_IO)
			return false;
		m->sum += *((u8 *)m->run + m->run->io.data_offset);
	}
	return true;
}

/* A run of the whole machine, as vm_run does it: the engine, the bus, the run loop; stopped after so many exits. */
static u64 left_to_do;

static u64 port_read(struct device *d, const struct claim *c, u64 offset, int size) { return 0; }
static void port_write(struct device *d, const struct claim *c, u64 offset, int size, u64 value)
{
	if (!--left_to_do)
		vm_request_stop(d->world->arg);
}

static const struct claim port_claims[] = { { .space = SPACE_PORT, .base = 0x80, .size = 1 } };
static const struct device_class port_class = {
	.name = "port", .brief = "counts", .claims = port_claims, .nclaims = 1, .read = port_read, .write = port_write,
};

static u64 least(u64 a, u64 b) { return a < b ? a : b; }

/* Half of each pair is the smallest loop's, half ours. */
START_TEST(measure)
{
	u64 exits = 500, best[2] = { UINT64_MAX, UINT64_MAX };
	struct smallest m = { .kvm = -1 };
	struct device port = { .class = &port_class, .name = "port" };
	struct err err = { 0 };
	struct rig r = rig_open(1);

	port.world = &r.vm->world;
	rig_code(&r, guest_code, sizeof(guest_code), 0);
	ck_assert(vm_add_device(r.vm, &port, &err) == 0 && smallest_open(&m));
	for (int i = 0; i < TURNS; i++) {
		u64 start = clock_host_ns();
		ck_assert(smallest_run(&m, exits));
		best[0] = least(best[0], clock_host_ns() - start);
		start = clock_host_ns();
		left_to_do = exits;
		vm_run(r.vm, 0, &err);
		best[1] = least(best[1], clock_host_ns() - start);
	}
	printf("ns per exit: smallest loop %llu, ours %llu: %+.1f %%\n", (unsigned long long)(best[0] / exits),
	       (unsigned long long)(best[1] / exits), 100.0 * ((double)best[1] / (double)best[0] - 1));
	ck_assert_msg((double)best[1] <= 1.05 * (double)best[0], "more than 5 %% above the smallest loop");
	rig_close(&r);
}
END_TEST

int main(void)
{
	struct err err = { 0 };
	SRunner *runner;
	Suite *s;
	TCase *t;
	int failed;

	if (engine_vtx.available(&err)) {
		printf("skipped: %s\n", err.text);
		return 0;
	}
	s = suite_create("overhead");
	t = tcase_create("overhead");
	runner = srunner_create(s);
	tcase_add_test(t, measure);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#else

int main(void)
{
	printf("skipped: the host is not x86-64 Linux\n");
	return 0;
}

#endif
