/* SPDX-License-Identifier: GPL-3.0-or-later
 * rig.h - a small machine without a board, driven through struct engine alone.
 * Rule: nothing here asks which engine it is, but what it can do.
 *
 * 1 MiB of RAM at 0, nothing at 1 MiB and above.  Real mode, all segments at 0; code at CODE, stack below it; interrupt
 * vector n leads to HANDLERS + 16 * n, where HLT stands.
 */
#ifndef VITRINE_TESTS_ENGINE_RIG_H
#define VITRINE_TESTS_ENGINE_RIG_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/run-priv.h"

enum { RIG_RAM = 1 << 20, CODE = 0x2000, HANDLERS = 0x4000, DATA = 0x8000, NOWHERE = 0x100000 };

struct rig {
	struct vm *vm;
	struct vcpu *v;
	struct vm_exit e;
	const struct engine *engine;
	u32 ram;
	bool exact;    /* counts instructions */
	bool emulated; /* by KVM in software: this host's processor has neither VT-x nor AMD-V to offer */
};

/* The engines of this host; the loop variable of every test is an index. */
extern const struct engine *rig_engines[2];
extern int rig_nengines;

struct rig rig_open(int n);
void rig_close(struct rig *r);
/* Code at CODE, and a processor that begins there, with these flags. */
void rig_code(struct rig *r, const void *bytes, size_t len, u64 rflags);
#define RIG_CODE(r, rflags, ...) \
	rig_code(r, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }), rflags)
/* One call of run: the reason of the exit. */
int rig_run(struct rig *r, u64 insns);
/* Finish what was answered; every further question gets `value` as its answer.  How many there were. */
int rig_settle(struct rig *r, u64 value);
struct x86_state rig_state(struct rig *r);
void rig_set(struct rig *r, const struct x86_state *s, u32 groups);
/* The name and test cases of one file. */
#define EACH(name) tcase_add_loop_test(t, name, 0, rig_nengines)
TCase *conform_run(void), *conform_state(void), *conform_window(void), *conform_time(void);

#endif
