/* SPDX-License-Identifier: GPL-3.0-or-later
 * verbs.c - what is a verb and what is Trap, words and numbers, completion, and that every verb's own example works.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debugger/session/session.h"
#include "debugger/trap/trap.h"
#include "debugger/verbs/verb.h"
#include "tests/unit/unit.h"

static struct err err;
static struct buf said;

static void on_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	if (kind != SAY_CONSOLE)
		buf_put(&said, text, len);
}

/* A boot sector: mov ax, 3; inc ax; jmp back. */
static struct session *session(void)
{
	static const u8 code[] = { 0xb8, 0x03, 0x00, 0x40, 0xeb, 0xfd };
	const struct session_ui ui = { .say = on_say };
	struct machine_options o;
	struct session *s;
	u8 sector[512] = { 0 };
	int fd = memfd_create("guest", 0);
	char path[40];

	memcpy(sector, code, sizeof(code));
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ck_assert(fd >= 0 && write(fd, sector, sizeof(sector)) == sizeof(sector));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	machine_options_init(&o);
	ck_assert(!machine_options_check(&o, &(struct args_rest){ .item = { path }, .n = 1 }, &err));
	o.budget = 100000;
	ck_assert_msg(session_open(&s, &o, &ui, &err) == 0, "%s", err.text);
	said.len = 0;
	return s;
}

static const char *answer(struct session *s, const char *line)
{
	static struct buf out;

	out.len = 0;
	memset(&err, 0, sizeof(err));
	ck_assert_msg(verb_line(s, line, &out, &err) >= 0, "%s: %s", line, err.text);
	return buf_text(&out);
}

static const char *refusal(struct session *s, const char *line)
{
	struct buf out = { 0 };

	memset(&err, 0, sizeof(err));
	ck_assert_msg(verb_line(s, line, &out, &err) < 0, "%s", line);
	buf_free(&out);
	return err.text;
}

START_TEST(verbs_and_trap)
{
	struct session *s = session();

	ck_assert_str_eq(answer(s, ""), "");
	ck_assert_str_eq(answer(s, "  # nothing"), "");
	ck_assert(strstr(answer(s, "  s  3 ; "), "inc ax") != NULL);
	answer(s, "let s = 4;"); /* a name of Trap's that is a verb, too */
	answer(s, "s = 5;");
	answer(s, "s += 1;");
	answer(s, "print s;");
	ck_assert_str_eq(buf_text(&said), "6\n");
	ck_assert_int_eq(verb_line(s, "exit 7;", &(struct buf){ 0 }, &err), VERB_QUIT);
	ck_assert_int_eq(s->status, 7);
	ck_assert_int_eq(verb_line(s, "quit", &(struct buf){ 0 }, &err), VERB_QUIT);
	ck_assert(strstr(refusal(s, "brek"), "did you mean 'break'?") != NULL);
	ck_assert(strstr(refusal(s, "device pit pot"), "'pot' is a word too many") != NULL);
	session_close(s);
}
END_TEST

START_TEST(numbers)
{
	struct session *s = session();
	const struct { const char *text; u64 value; } good[] = {
		{ "12", 12 }, { " 0x7c00", 0x7c00 }, { "rip", 0x7c00 }, { "$rip + 3", 0x7c03 }, { "2 * (3 + 4)", 14 }, { "u8[0x7c01]", 3 },
		{ "18446744073709551615", UINT64_MAX },
	};
	const char *const bad[] = { "", " ", "no_such_thing", "18446744073709551616", "1 +", "\"text\"", "7c00" };
	u64 value;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ck_assert_msg(verb_number(s, good[i].text, &value, &err) == 0, "%s: %s", good[i].text, err.text);
		ck_assert_uint_eq(value, good[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		memset(&err, 0, sizeof(err));
		ck_assert_msg(verb_number(s, bad[i], &value, &err) < 0, "%s", bad[i]);
		ck_assert_msg(err.text[0], "%s", bad[i]);
	}
	session_close(s);
}
END_TEST

/* Is `wanted` among the completions at the end of the line? */
static bool completes(struct session *s, const char *line, const char *wanted)
{
	size_t start;
	char *word;
	bool found = false;

	for (int i = 0; !found && (word = verb_complete(s, line, strlen(line), i, &start)); i++) {
		ck_assert_uint_le(start, strlen(line));
		ck_assert_msg(!strncmp(word, line + start, strlen(line + start)), "%s for %s", word, line);
		found = !strcmp(word, wanted);
		free(word);
	}
	return found;
}

START_TEST(completion)
{
	struct session *s = session();

	ck_assert(completes(s, "dev", "devices"));
	ck_assert(completes(s, "", "continue"));
	ck_assert(completes(s, "sn", "snapshot")); /* a statement of Trap */
	ck_assert(completes(s, "device pi", "piix3"));
	ck_assert(completes(s, "x/4xw $rs", "$rsp"));
	ck_assert(completes(s, "info ex", "exits"));
	ck_assert(completes(s, "catch hl", "hlt"));
	ck_assert(completes(s, "exits EPT_V", "EPT_VIOLATION"));
	ck_assert(completes(s, "help br", "break"));
	answer(s, "mark place");
	ck_assert(completes(s, "goto pl", "place"));
	answer(s, "snap kept");
	ck_assert(completes(s, "restore k", "kept"));
	ck_assert(completes(s, "source /pro", "/proc/"));
	ck_assert(!completes(s, "zzz", "zzz"));
	size_t start;
	ck_assert_ptr_null(verb_complete(s, "dev", 3, -1, &start));
	ck_assert_ptr_null(verb_complete(s, "dev", 99, 5000, &start));
	session_close(s);
}
END_TEST

START_TEST(every_verb_has_short_help)
{
	for (int i = 0; i < verb_count; i++) {
		struct buf out = { 0 };
		int lines = 0;

		ck_assert(verb_help(verbs[i]->name, &out));
		for (size_t j = 0; j < out.len; j++)
			lines += out.data[j] == '\n';
		ck_assert_msg(lines <= 24 && strstr(buf_text(&out), "Example:"), "%s", verbs[i]->name);
		for (int j = 0; j < i; j++)
			ck_assert_msg(strcmp(verbs[i]->name, verbs[j]->name) && (!verbs[j]->alias || strcmp(verbs[i]->name, verbs[j]->alias)),
				      "two verbs are called %s", verbs[i]->name);
		buf_free(&out);
	}
	struct buf out = { 0 };
	ck_assert(verb_help("print", &out));
	buf_free(&out);
	ck_assert(!verb_help("no such word", &(struct buf){ 0 }));
}
END_TEST

START_TEST(lines_that_run_lines_end)
{
	struct session *s = session();
	char path[] = "/tmp/verbs-test-XXXXXX", line[64];
	int fd = mkstemp(path);

	snprintf(line, sizeof(line), "source %s\n", path);
	ck_assert(fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line));
	ck_assert(strstr(refusal(s, line), "lines that run lines") != NULL);
	ck_assert_uint_eq(s->depth, 0);
	close(fd);
	unlink(path);
	session_close(s);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { verbs_and_trap, numbers, completion, every_verb_has_short_help, lines_that_run_lines_end };
	return unit_run("verbs", tests, ARRAY_LEN(tests));
}
