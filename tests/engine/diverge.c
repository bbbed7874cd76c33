/* SPDX-License-Identifier: GPL-3.0-or-later
 * diverge.c - is a difference between two engines found at the first place where it can be seen, and told?
 * Rule: the machines are the same but for one thing that the test changes in the second, between two steps; so step and
 * name of what differs are known before.
 */
#include <check.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/vtx/vtx.h"
#include "cpu-interp/interp.h"
#include "debugger/lockstep.h"

/* At 7C00, 16 bits: cli; xor ax, ax; mov ds, ax; again: inc bx; mov [8000h], bx; mov al, bl; out 80h, al; in al, 21h;
 * cmp bx, 100; jne again; hlt */
static const u8 guest[] = { 0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x43, 0x89, 0x1e, 0x00, 0x80, 0x88, 0xd8, 0xe6, 0x80,
			    0xe4, 0x21, 0x83, 0xfb, 0x64, 0x75, 0xf0, 0xf4 };
enum { LOADED = 0x7c00, INC_BX = LOADED + 5, OUT = LOADED + 12, OUT_PORT = LOADED + 13 };

static const struct engine *second[2] = { &engine_interp, &engine_vtx };

struct pair { struct lockstep l; struct machine_files files[2]; struct machine_options opt; };

static void build(struct pair *p, int n, struct machine *m, const struct engine *engine)
{
	struct err err = { 0 };

	ck_assert_msg(machine_files_open(&p->files[n], &p->opt, &err) == 0, "%s", err.text);
	ck_assert_msg(machine_build(m, &p->opt, &p->files[n], engine, &err) == 0, "%s", err.text);
}

static struct pair *open_pair(int n, bool by_exit)
{
	static char path[40];
	struct pair *p = calloc(1, sizeof(*p));
	u8 sector[512] = { [510] = 0x55, [511] = 0xaa };
	int fd = memfd_create("guest", 0);
	struct err err = { 0 };

	memcpy(sector, guest, sizeof(guest));
	ck_assert(p && fd >= 0 && write(fd, sector, sizeof(sector)) == sizeof(sector));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	machine_options_init(&p->opt);
	ck_assert_int_eq(machine_options_check(&p->opt, &(struct args_rest){ .item = { path }, .n = 1 }, &err), 0);
	build(p, 0, &p->l.a.m, &engine_interp);
	build(p, 1, &p->l.b.m, second[n]);
	p->l.by_exit = by_exit;
	ck_assert_int_eq(lockstep_start(&p->l, &err), 0);
	close(fd);
	return p;
}

static void close_pair(struct pair *p)
{
	machine_destroy(&p->l.a.m);
	machine_destroy(&p->l.b.m);
	machine_files_close(&p->files[0], NULL);
	machine_files_close(&p->files[1], NULL);
	free(p);
}

/* So many steps more: 0 or 1, as lockstep_run says. */
static int go(struct pair *p, u64 steps)
{
	struct err err = { 0 };
	int rc;

	p->l.limit = p->l.steps + steps;
	rc = lockstep_run(&p->l, &err);
	ck_assert_msg(rc >= 0, "%s", err.text);
	return rc;
}

/* To the instruction at rip, the `rounds`-th time. */
static void go_to(struct pair *p, u64 rip, int rounds)
{
	while (rounds--)
		do
			ck_assert_int_eq(go(p, 1), 0);
		while (p->l.a.s.rip[0] != rip);
}

/* A byte of the second machine's code, past the log of what was written. */
static void change(struct pair *p, u64 gpa, u8 byte)
{
	struct vm *vm = p->l.b.m.vm;

	*mem_host(&vm->mem, gpa, 1, true) = byte;
	vm->engine->mem_written(vm, gpa, 1);
}

/* It has diverged in this step, for this reason, and what is printed shows it. */
static void want(struct pair *p, u64 step, const char *why, const char *row)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_msg(p->l.steps == step && !strncmp(p->l.why, why, strlen(why)), "step %llu: %s, expected step %llu: %s",
		      (unsigned long long)p->l.steps, p->l.why, (unsigned long long)step, why);
	lockstep_print(&p->l, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "diverged in step "));
	ck_assert_ptr_nonnull(strstr(text, "the last exits of interp:\n"));
	if (row)
		ck_assert_msg(strstr(text, row) != NULL, "no '%s' in:\n%s", row, text);
	free(text);
}

START_TEST(none_without_a_reason)
{
	for (int by_exit = 0; by_exit < 2; by_exit++) {
		struct pair *p = open_pair(_i, by_exit);

		ck_assert_int_eq(go(p, 100000), 0);
		ck_assert_int_eq(p->l.a.why, STOP_HALTED);
		ck_assert_uint_ge(p->l.a.nexits, 200);
		ck_assert_uint_ge(p->l.pages, 100);
		close_pair(p);
	}
}
END_TEST

START_TEST(a_register)
{
	struct pair *p = open_pair(_i, false);
	struct vcpu *v = &p->l.b.m.vm->vcpu[0];
	struct x86_state s;

	u64 step;

	go_to(p, INC_BX, 5);
	step = p->l.steps;
	ck_assert_int_eq(vcpu_get(v, &s, ST_GPR), 0);
	s.gpr[RSI] = 0x1234;
	ck_assert_int_eq(vcpu_set(v, &s, ST_GPR, NULL), 0);
	ck_assert_int_eq(go(p, 1000), 1);
	want(p, step + 1, "rsi: 0 and 1234", "rsi                     0              1234  <\n");
	close_pair(p);
}
END_TEST

START_TEST(memory)
{
	struct pair *p = open_pair(_i, false);
	const u8 value = 0x5a;

	ck_assert_int_eq(go(p, 50), 0);
	mem_write(&p->l.b.m.vm->mem, 0x9123, &value, 1);
	ck_assert_int_eq(go(p, 1000), 1);
	want(p, 50, "memory at 9123: 0 and 5a", NULL);
	close_pair(p);
}
END_TEST

/* It shows when the instruction executes. */
START_TEST(an_instruction)
{
	struct pair *p = open_pair(_i, false);
	const u8 inc_cx = 0x41;
	u64 step;

	go_to(p, INC_BX, 3);
	step = p->l.steps;
	change(p, INC_BX, inc_cx);
	ck_assert_int_eq(go(p, 1000), 1);
	want(p, step + 1, "rcx: 0 and 1", "  <\n");
	ck_assert_uint_eq(p->l.a.s.gpr[RBX], 3);
	ck_assert_uint_eq(p->l.b.s.gpr[RBX], 2);
	close_pair(p);
}
END_TEST

START_TEST(an_exit)
{
	for (int by_exit = 0; by_exit < 2; by_exit++) {
		struct pair *p = open_pair(_i, by_exit);
		const u8 port = 0x84;

		u64 step;

		if (by_exit)
			ck_assert_int_eq(go(p, 4), 0);
		else
			go_to(p, OUT, 3);
		step = p->l.steps;
		change(p, OUT_PORT, port);
		ck_assert_int_eq(go(p, 1000), 1);
		want(p, step + 1, "qualification of the latest exit: 800040 and 840040",
		     "IO               qualification 840040");
		close_pair(p);
	}
}
END_TEST

/* One machine ends, the other does not. */
START_TEST(the_end)
{
	struct pair *p = open_pair(_i, true);
	const u8 hlt = 0xf4;

	ck_assert_int_eq(go(p, 6), 0);
	change(p, INC_BX, hlt);
	ck_assert_int_eq(go(p, 1000), 1);
	want(p, 7, "reason of the latest exit: 1e and c", "HLT              qualification 0");
	close_pair(p);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { none_without_a_reason, a_register, memory, an_instruction, an_exit, the_end };
	Suite *s = suite_create("diverge");
	TCase *t = tcase_create("diverge");
	SRunner *runner = srunner_create(s);
	struct err err = { 0 };
	int failed, engines = 2;

	if (engine_vtx.available(&err)) {
		printf("skipped: vtx: %s\n", err.text);
		engines = 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		tcase_add_loop_test(t, tests[i], 0, engines);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
