/* SPDX-License-Identifier: GPL-3.0-or-later
 * subject.c - the interpreter's side: a machine of nothing but memory.
 * Rule: it is driven as everything drives it, through vm_run with a budget of one instruction.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/kvm/kvm-diff.h"

enum { STEPS_MOST = 600 };

struct subject {
	struct vm *vm;
	u32 slot;
};

struct subject *subject_open(const struct cpu_model *model, struct err *err)
{
	const struct vm_config config = {
		.name = "kvm-diff", .engine = &engine_interp, .mem_size = RAM_SIZE, .cpus = 1, .cpu = model
	};
	struct subject *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(err, ENOMEM, "no memory");
		return NULL;
	}
	s->vm = vm_create(&config, err);
	frame_no frame = s->vm ? frames_alloc(s->vm->frames, RAM_PAGES) : FRAME_NONE;
	int slot = frame == FRAME_NONE ? -1 : mem_slot_add(&s->vm->mem, "ram", 0, RAM_SIZE, frame, 0, err);
	if (slot < 0 || mem_log(&s->vm->mem, (u32)slot, true, err)) {
		subject_close(s);
		return NULL;
	}
	s->slot = (u32)slot;
	mem_set_a20(&s->vm->mem, true);
	return s;
}

void subject_close(struct subject *s)
{
	if (s->vm)
		vm_destroy(s->vm);
	free(s);
}

void subject_write(struct subject *s, u64 at, const void *bytes, u64 len)
{
	mem_write(&s->vm->mem, at, bytes, len);
}

static enum how_ended run(struct subject *s, const struct testcase *t, struct x86_state *x)
{
	struct vcpu *v = &s->vm->vcpu[0];
	struct err err = { 0 };
	if (vcpu_set(v, &t->init, ST_ALL, &err))
		return END_STUCK;
	for (int i = 0; i < STEPS_MOST; i++) {
		enum stop_why stop = vm_run(s->vm, 1, &err);
		vcpu_get(v, x, ST_ALL);
		if (stop == STOP_TRIPLE_FAULT || x->activity[0] == ACT_SHUTDOWN)
			return END_SHUTDOWN;
		if (stop != STOP_BUDGET && stop != STOP_HALTED)
			return END_STUCK;
		if (!is_repeated(t) || x->rip[0] != t->init.rip[0])
			return END_DONE;
	}
	return END_STUCK;
}

void subject_run(struct subject *s, const struct testcase *t, struct outcome *out)
{
	for (int i = 0; i < t->npatches; i++)
		subject_write(s, t->patch[i].at, t->patch[i].bytes, t->patch[i].len);
	out->how = (u8)run(s, t, &out->s);
	out->debug = true;
	out->mem = s->vm->mem.base;
	mem_fetch_dirty(&s->vm->mem, s->slot, out->dirty);
}
