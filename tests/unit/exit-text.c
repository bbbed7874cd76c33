/* SPDX-License-Identifier: GPL-3.0-or-later
 * exit-text.c - VM exits and error codes in words: what `--exits` and the explanation of a triple fault print.
 * Rule: qualifications are written as the manual's tables give them, not by our own packing functions.
 */
#include <string.h>

#include "core/x86/x86.h"
#include "debugger/args.h"
#include "debugger/manual.h"
#include "debugger/print-exits.h"
#include "tests/unit/unit.h"

/* Does the line of this exit hold `want`? */
static void expect_exit(struct vm_exit x, const char *who, const char *what, const char *want)
{
	struct event ev = { .kind = EV_exit, .time = 1000000002 };
	struct buf b = { 0 };

	ev.exit.reason = x.reason;
	ev.exit.qualification = x.qualification;
	ev.exit.who = who;
	ev.exit.what = what;
	exit_text(&ev, &x, &b);
	ck_assert_msg(strstr(buf_text(&b), want), "'%s' does not hold '%s'", buf_text(&b), want);
	ck_assert_msg(!strncmp(buf_text(&b), "1.000000002 ", 12), "time: '%s'", buf_text(&b));
	buf_free(&b);
}

START_TEST(io_says_direction_size_value_and_device)
{
	struct vm_exit out = { .reason = EXIT_IO }, ins = { .reason = EXIT_IO };

	out.io.port = 0x3f8, out.io.size = 1, out.io.write = 1, out.io.value = 'A';
	expect_exit(out, "uart", "THR", "I/O instruction  out 0x3f8 = 0x41 'A'");
	expect_exit(out, "uart", "THR", " -> uart THR");
	expect_exit(out, NULL, NULL, "-> nobody: ignored");
	ins.io.port = 0x1f0, ins.io.size = 2, ins.io.string = ins.io.rep = 1, ins.io.value = 0xffff;
	expect_exit(ins, NULL, NULL, "rep ins 0x1f0 = 0xffff");
	expect_exit(ins, NULL, NULL, "-> nobody: all-ones");
}
END_TEST

START_TEST(control_register_access) /* SDM 3C table 27-3 */
{
	expect_exit((struct vm_exit){ .reason = EXIT_CR_ACCESS, .qualification = 0x303 }, NULL, NULL, "mov cr3, rbx");
	expect_exit((struct vm_exit){ .reason = EXIT_CR_ACCESS, .qualification = 0x910 }, NULL, NULL, "mov r9, cr0");
	expect_exit((struct vm_exit){ .reason = EXIT_CR_ACCESS, .qualification = 0x20 }, NULL, NULL, "clts");
	expect_exit((struct vm_exit){ .reason = EXIT_CR_ACCESS, .qualification = 0x00110030 }, NULL, NULL, "lmsw 0x11");
}
END_TEST

START_TEST(debug_register_access) /* SDM 3C table 27-4 */
{
	expect_exit((struct vm_exit){ .reason = EXIT_DR_ACCESS, .qualification = 0x107 }, NULL, NULL, "mov dr7, rcx");
	expect_exit((struct vm_exit){ .reason = EXIT_DR_ACCESS, .qualification = 0x216 }, NULL, NULL, "mov rdx, dr6");
}
END_TEST

START_TEST(task_switch) /* SDM 3C table 27-2 */
{
	expect_exit((struct vm_exit){ .reason = EXIT_TASK_SWITCH, .qualification = 0x80000028 }, NULL, NULL,
		    "JMP to TSS 0x28");
	expect_exit((struct vm_exit){ .reason = EXIT_TASK_SWITCH, .qualification = 0xc0000030 }, NULL, NULL,
		    "task gate to TSS 0x30");
}
END_TEST

START_TEST(exception_exit)
{
	struct vm_exit x = { .reason = EXIT_EXCEPTION, .intr_info = 0x80000b0e, .intr_error = 2, .qualification = 0x1234 };

	expect_exit(x, NULL, NULL, "#PF page fault, error code 0x2, address 0x1234");
	x.intr_info = 0x80000606; /* #UD as software exception type: no error code */
	expect_exit(x, NULL, NULL, "#UD invalid opcode");
}
END_TEST

START_TEST(an_unknown_reason_has_its_number)
{
	expect_exit((struct vm_exit){ .reason = 69 }, NULL, NULL, "reason 69");
	expect_exit((struct vm_exit){ .reason = 60000 }, NULL, NULL, "reason 60000");
}
END_TEST

static void expect_error(u8 vector, u32 error, const char *want)
{
	struct buf b = { 0 };

	error_code_text(vector, error, &b);
	ck_assert_str_eq(b.len ? buf_text(&b) : "", want);
	buf_free(&b);
}

START_TEST(error_codes) /* SDM 3A 4.7 and 6.13 */
{
	expect_error(VEC_PF, 0, "read of a page that is not present, from supervisor mode");
	expect_error(VEC_PF, PF_P | PF_W | PF_U, "write to a page that does not allow it, from user mode");
	expect_error(VEC_PF, PF_P | PF_RSVD, "read of a page whose entry has reserved bits set, from supervisor mode");
	expect_error(VEC_PF, PF_P | PF_I, "instruction fetch from a page that does not allow it, from supervisor mode");
	expect_error(VEC_GP, 0, "no selector involved");
	expect_error(VEC_GP, 0x18, "selector 0x18 in the GDT");
	expect_error(VEC_NP, 0x1c, "selector 0x1c in the LDT"); /* the table is part of a selector */
	expect_error(VEC_GP, 0x21 * 8 + 2, "gate 33 of the IDT");
	expect_error(VEC_GP, 13 * 8 + 3, "gate 13 of the IDT, while delivering an interrupt or an earlier exception");
	expect_error(VEC_UD, 0, "");
	expect_error(VEC_DF, 0, "");
}
END_TEST

START_TEST(numbers_with_suffixes)
{
	u64 v;

	ck_assert_int_eq(take_size(&v, "64M", NULL), 0);
	ck_assert_uint_eq(v, 64ull << 20);
	ck_assert_int_eq(take_size(&v, "0x10k", NULL), 0);
	ck_assert_uint_eq(v, 16 << 10);
	ck_assert_int_eq(take_count(&v, "3G", NULL), 0);
	ck_assert_uint_eq(v, 3000000000ull);
	const char *bad[] = { "", "M", "-1", " 1", "+1", "1MB", "1.5G", "0x", "18446744073709551616", "16777216T", "1Q" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(take_size(&v, bad[i], NULL) < 0, "'%s' was taken", bad[i]);
	ck_assert_int_eq(take_number(&v, "18446744073709551615", NULL), 0);
	ck_assert_uint_eq(v, UINT64_MAX);
}
END_TEST

static const char *guess(const char *word)
{
	static const char *const names[] = { "run", "disasm", "info", "help", "version" };
	struct nearest near;

	nearest_start(&near, word);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		nearest_offer(&near, names[i]);
	return near.best ? near.best : "";
}

START_TEST(the_nearest_name)
{
	char longest[300];

	ck_assert_str_eq(guess("rnu"), "run");
	ck_assert_str_eq(guess("dissasm"), "disasm");
	ck_assert_str_eq(guess("vers"), "version");
	ck_assert_str_eq(guess("x"), "");
	ck_assert_str_eq(guess(""), "");
	memset(longest, 'r', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	ck_assert_str_eq(guess(longest), "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		io_says_direction_size_value_and_device, control_register_access, debug_register_access, task_switch,
		exception_exit, an_unknown_reason_has_its_number, error_codes, numbers_with_suffixes, the_nearest_name,
	};

	return unit_run("exit-text", tests, ARRAY_LEN(tests));
}
