/* SPDX-License-Identifier: GPL-3.0-or-later
 * session-look.c - a session's registers and memory; and that looking changes nothing.
 */
#include "tests/unit/session-rig.h"

/* ---- registers and memory ---- */

static u64 reg(struct session *s, const char *name)
{
	u64 value = 0;

	ck_assert_msg(session_register(s, 0, name, &value), "%s is unknown", name);
	return value;
}

START_TEST(registers_by_name)
{
	struct front f;
	struct session *s = session(&f);
	struct x86_state st;
	u64 value, old;

	for (int i = 0; session_register_name(i); i++)
		ck_assert_msg(session_register(s, 0, session_register_name(i), &value), "%s", session_register_name(i));
	ck_assert(!session_set_register(s, 0, "rax", 0x1122334455667788, &err));
	ck_assert_uint_eq(reg(s, "eax"), 0x55667788);
	ck_assert_uint_eq(reg(s, "ax"), 0x7788);
	ck_assert_uint_eq(reg(s, "ah"), 0x77);
	ck_assert_uint_eq(reg(s, "$al"), 0x88);
	ck_assert(!session_set_register(s, 0, "ah", 0xee, &err));
	ck_assert_uint_eq(reg(s, "rax"), 0x112233445566ee88);
	ck_assert(!session_set_register(s, 0, "eax", 1, &err)); /* as the processor does it */
	ck_assert_uint_eq(reg(s, "rax"), 1);
	ck_assert(!session_set_register(s, 0, "rflags.ZF", 1, &err));
	ck_assert_uint_eq(reg(s, "rflags") & FLAG_ZF, FLAG_ZF);
	ck_assert_int_eq(session_set_register(s, 0, "rflags.ZF", 2, &err), -ERANGE);
	ck_assert(!session_set_register(s, 0, "es.base", 0x12340, &err));
	ck_assert(!session_set_register(s, 0, "xmm3.high", 99, &err));
	ck_assert(!session_set_register(s, 0, "star", 5, &err));
	ck_assert(!vcpu_get(&s->vm->vcpu[0], &st, ST_ALL));
	ck_assert_uint_eq(st.seg_base[SEG_ES], 0x12340);
	ck_assert_uint_eq(st.xmm[7], 99);
	ck_assert_uint_eq(st.star[0], 5);
	ck_assert_uint_eq(reg(s, "mtrr_fix[2]"), st.mtrr_fix[2]);
	for (int i = 0; i < X86_GPRS; i++) {
		ck_assert(x86_state_get_by_name(&st, x86_gpr_names[i], &old));
		ck_assert_uint_eq(reg(s, x86_gpr_names[i]), old);
	}
	ck_assert(!session_register(s, 0, "rzx", &value));
	ck_assert(!session_register(s, 1, "rax", &value));
	ck_assert(!session_register(s, 0, "", &value));
	ck_assert_int_eq(session_set_register(s, 0, "icount", 5, &err), -EPERM);
	closed(s, &f);
}
END_TEST

START_TEST(memory_by_address)
{
	struct front f;
	struct session *s = session(&f);
	u8 bytes[16] = { 0 };

	ck_assert_uint_eq(session_read(s, 0x7c00, bytes, 4), 4);
	ck_assert_mem_eq(bytes, guest, 4);
	ck_assert(!session_write(s, 0x8ffe, "abcd", 4, &err));
	ck_assert_uint_eq(session_read_physical(s, 0x8ffe, bytes, 4), 4);
	ck_assert_mem_eq(bytes, "abcd", 4);
	ck_assert_uint_eq(session_read_physical(s, (4 << 20) - 3, bytes, 16), 3); /* the end of memory */
	ck_assert_uint_eq(session_read_physical(s, 0xfee00000, bytes, 4), 0);     /* a device */
	ck_assert_int_eq(session_write_physical(s, (4 << 20) - 2, "abcd", 4, &err), -EFAULT);
	session_read_physical(s, (4 << 20) - 2, bytes, 2);
	ck_assert_mem_eq(bytes, "\0\0", 2); /* nothing was written */
	ck_assert_uint_eq(session_read(s, UINT64_MAX - 1, bytes, 16), 0);
	closed(s, &f);
}
END_TEST

/* Every verb that looks, as its own row has it as an example: the machine stays as it is. */
START_TEST(looking_changes_nothing)
{
	struct front f;
	struct session *s = session(&f);
	int looked = 0;

	RUN(s, 9500000, BY_TIME);
	u64 hash = vm_state_hash(s->vm), icount = vm_icount(s->vm), exits = s->vm->exits;
	for (int i = 0; i < verb_count; i++)
		for (const char *at = verbs[i]->example; verbs[i]->group == VERB_LOOK && *at; at += strcspn(at, "\n"), at += *at == '\n') {
			char *line = strndup(at, strcspn(at, "\n"));
			struct buf out = { 0 };

			if (!strstr(line, ".csv") && !strstr(line, ".png")) {
				verb_line(s, line, &out, &err);
				looked++;
			}
			ck_assert_msg(vm_state_hash(s->vm) == hash && vm_icount(s->vm) == icount && s->vm->exits == exits, "%s", line);
			buf_free(&out);
			free(line);
		}
	ck_assert_int_gt(looked, 40);
	closed(s, &f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { registers_by_name, memory_by_address, looking_changes_nothing };
	return unit_run("session-look", tests, ARRAY_LEN(tests));
}
