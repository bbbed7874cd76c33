/* SPDX-License-Identifier: GPL-3.0-or-later
 * deprive.c - run a program on a host whose /dev/kvm lacks something.
 * Usage: deprive REQUEST[:ARGUMENT]=ERRNO... -- PROGRAM [ARGUMENT...]
 * KVM_CHECK_EXTENSION:KVM_CAP_SYNC_REGS=0 makes that question be answered by 0, "not there"; KVM_CREATE_VM=EBUSY
 * makes that call fail.
 *
 * Rule: the program itself is not touched; the kernel answers in KVM's place (a filter of system calls, seccomp(2)), so
 * what is tested is what a user of such a host would have.
 */
#include <stdio.h>

#if defined(__x86_64__) && defined(__linux__)

#include <errno.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/types.h"

enum { RULES_MOST = 8, PER_RULE = 8 };

#define NAME(x) { #x, (u32)x }
static const struct name { const char *name; u32 value; } names[] = {
	NAME(KVM_GET_API_VERSION), NAME(KVM_CHECK_EXTENSION), NAME(KVM_CREATE_VM), NAME(KVM_CREATE_VCPU),
	NAME(KVM_GET_VCPU_MMAP_SIZE), NAME(KVM_SET_USER_MEMORY_REGION), NAME(KVM_SET_CPUID2), NAME(KVM_GET_SUPPORTED_CPUID),
	NAME(KVM_X86_SET_MSR_FILTER), NAME(KVM_ENABLE_CAP), NAME(KVM_RUN), NAME(KVM_GET_REGS), NAME(KVM_SET_REGS),
	NAME(KVM_GET_SREGS2), NAME(KVM_SET_SREGS2), NAME(KVM_GET_MSRS), NAME(KVM_SET_MSRS), NAME(KVM_GET_XSAVE),
	NAME(KVM_SET_XSAVE), NAME(KVM_GET_DEBUGREGS), NAME(KVM_SET_DEBUGREGS), NAME(KVM_GET_VCPU_EVENTS),
	NAME(KVM_SET_VCPU_EVENTS), NAME(KVM_SET_GUEST_DEBUG), NAME(KVM_GET_DIRTY_LOG), NAME(KVM_SET_XCRS),
	NAME(KVM_CAP_USER_MEMORY), NAME(KVM_CAP_READONLY_MEM), NAME(KVM_CAP_IMMEDIATE_EXIT), NAME(KVM_CAP_SYNC_REGS),
	NAME(KVM_CAP_EXT_CPUID), NAME(KVM_CAP_XSAVE), NAME(KVM_CAP_DEBUGREGS), NAME(KVM_CAP_VCPU_EVENTS),
	NAME(KVM_CAP_SET_GUEST_DEBUG), NAME(KVM_CAP_X86_USER_SPACE_MSR), NAME(KVM_CAP_X86_MSR_FILTER), NAME(KVM_CAP_SREGS2),
	NAME(KVM_CAP_TSC_CONTROL), NAME(EBUSY), NAME(ENOMEM), NAME(EINVAL), NAME(EIO), NAME(EPERM), NAME(ENOTTY),
};

static u32 value_of(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
			return names[i].value;
	if (len == 1 && *name == '0')
		return 0;
	fprintf(stderr, "deprive: what is '%.*s'?\n", (int)len, name);
	exit(2);
}

/* If the low half of word `at` of struct seccomp_data is `value`, go on; else skip the next `over` instructions. */
static int put_test(struct sock_filter *f, u32 at, u32 value, u8 over)
{
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at);
	f[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, over);
	return 2;
}

/* ioctl(any file, request[, argument]) gives `error`, or 0 for 0. */
static int put_rule(struct sock_filter *f, const char *text)
{
	const char *equals = strchr(text, '='), *colon = strchr(text, ':');
	const char *result = equals ? equals + 1 : "0";
	size_t len = equals ? (size_t)((colon ? colon : equals) - text) : strlen(text);
	int n = 0;

	if (!equals)
		equals = text + len;

	n += put_test(f + n, offsetof(struct seccomp_data, nr), SYS_ioctl, colon ? 5 : 3);
	n += put_test(f + n, offsetof(struct seccomp_data, args[1]), value_of(text, len), colon ? 3 : 1);
	if (colon)
		n += put_test(f + n, offsetof(struct seccomp_data, args[2]),
			      value_of(colon + 1, (size_t)(equals - colon - 1)), 1);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | value_of(result, strlen(result)));
	return n;
}

int main(int argc, char **argv)
{
	struct sock_filter f[RULES_MOST * PER_RULE + 1];
	struct sock_fprog program = { .filter = f };
	int n = 0, i = 1;

	for (; i < argc && strcmp(argv[i], "--") && i <= RULES_MOST; i++)
		n += put_rule(f + n, argv[i]);
	if (i + 1 >= argc || strcmp(argv[i], "--")) {
		fprintf(stderr, "usage: deprive REQUEST[:ARGUMENT]=ERRNO... -- PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		fprintf(stderr, "deprive: this host lets nobody filter system calls: %s\n", strerror(errno));
		return 3;
	}
	execvp(argv[i + 1], argv + i + 1);
	fprintf(stderr, "deprive: cannot execute %s: %s\n", argv[i + 1], strerror(errno));
	return 2;
}

#else

int main(void)
{
	fprintf(stderr, "deprive: the host is not x86-64 Linux\n");
	return 3;
}

#endif
