/* SPDX-License-Identifier: GPL-3.0-or-later
 * rig.c - the small machine of the conformance tests.
 * Rule: whatever fails here is an error of the rig, and stops the test.
 */
#include "tests/engine/rig.h"

#include <stdio.h>

#include "core/vtx/vtx.h"
#include "cpu-interp/interp.h"

const struct engine *rig_engines[2] = { &engine_interp, &engine_vtx };
int rig_nengines = 1;

static void vectors(struct rig *r)
{
	for (u32 n = 0; n < 256; n++) {
		const u16 to[2] = { (u16)(HANDLERS + 16 * n), 0 };
		const u8 hlt = 0xf4;

		mem_write(&r->vm->mem, 4 * n, to, sizeof(to));
		mem_write(&r->vm->mem, HANDLERS + 16 * n, &hlt, 1);
	}
}

/* By its name in /proc/cpuinfo. */
static bool has_virtualization(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[8192];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "flags", 5) && (strstr(line, " vmx") || strstr(line, " svm"));
	if (f)
		fclose(f);
	return found;
}

struct rig rig_open(int n)
{
	struct vm_config config = { .engine = rig_engines[n], .mem_size = RIG_RAM, .cpus = 1 };
	struct rig r = { .engine = rig_engines[n] };
	struct err err = { 0 };
	int id;

	r.vm = vm_create(&config, &err);
	ck_assert_msg(r.vm != NULL, "%s", err.text);
	r.v = &r.vm->vcpu[0];
	id = mem_slot_add(&r.vm->mem, "ram", 0, RIG_RAM, frames_alloc(r.vm->frames, RIG_RAM / PAGE_SIZE_4K), 0, &err);
	ck_assert_msg(id >= 0, "%s", err.text);
	r.ram = (u32)id;
	r.exact = r.engine->caps & CAP_EXACT_BUDGET;
	r.emulated = n && !has_virtualization();
	vectors(&r);
	return r;
}

void rig_close(struct rig *r)
{
	vm_destroy(r->vm);
}

void rig_set(struct rig *r, const struct x86_state *s, u32 groups)
{
	struct err err = { 0 };

	ck_assert_msg(r->engine->set(r->v, s, groups, &err) == 0, "%s", err.text);
}

struct x86_state rig_state(struct rig *r)
{
	struct x86_state s;

	memset(&s, 0, sizeof(s));
	ck_assert_int_eq(r->engine->get(r->v, &s, ST_ALL), 0);
	return s;
}

void rig_code(struct rig *r, const void *bytes, size_t len, u64 rflags)
{
	struct x86_state s;

	ck_assert(mem_write(&r->vm->mem, CODE, bytes, len));
	x86_state_reset(&s, cpu_signature(r->vm->cpu));
	s.seg_sel[SEG_CS] = 0;
	s.seg_base[SEG_CS] = 0;
	s.idtr_limit[0] = 0x3ff;
	s.rip[0] = CODE;
	s.gpr[RSP] = CODE;
	s.rflags[0] = rflags | FLAG_1;
	s.icount[0] = 1000; /* not zero: a count goes on from where it was set */
	rig_set(r, &s, ST_ALL);
	r->e = (struct vm_exit){ 0 };
}

int rig_run(struct rig *r, u64 insns)
{
	const struct run_limit limit = { .insns = insns };
	int rc = r->engine->run(r->v, &limit, &r->e);

	ck_assert_msg(rc == 0, "%s: %s", strerror(-rc), r->e.what ? r->e.what : "");
	return r->e.reason;
}

int rig_settle(struct rig *r, u64 value)
{
	int rc, n = 0;

	while ((rc = r->engine->settle(r->v, &r->e)) == 1) {
		ck_assert_int_lt(++n, 16);
		if (r->e.reason == EXIT_EPT_VIOLATION && !r->e.mmio.write)
			r->e.mmio.value = value;
		if (r->e.reason == EXIT_IO && !r->e.io.write)
			r->e.io.value = value;
	}
	ck_assert_int_eq(rc, 0);
	return n;
}
