/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-none.c - stands in for the VT-x engine where this program is built without Linux's /dev/kvm for x86-64.
 * Rule: it says so, and does nothing else; no machine is ever made with it, because `available` refuses.
 */
#include <errno.h>

#include "core/vtx/vtx.h"

static int available(struct err *err)
{
	return err_set(err, ENOSYS, "the VT-x engine is not in this build: it needs Linux's /dev/kvm on x86-64; "
				    "use --engine interp");
}

static int vm_open(struct vm *vm, struct err *err)
{
	return available(err);
}

static void vm_close(struct vm *vm) { }

const struct engine engine_vtx = {
	.name = "vtx",
	.brief = "VT-x (or AMD-V) through Linux /dev/kvm",
	.unseen = kvm_unseen,
	.available = available,
	.vm_open = vm_open,
	.vm_close = vm_close,
};
