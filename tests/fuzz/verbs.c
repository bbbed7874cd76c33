/* SPDX-License-Identifier: GPL-3.0-or-later
 * verbs.c - fuzz target: the input is what is typed at the debugger's prompt, line after line.
 * Rule: whatever is typed, a line answers with text or an error; the session never ends by itself.
 *
 * Lines: u8 kind, u8 length, bytes.  An even kind makes words of the bytes: verbs, registers, numbers, pieces of Trap;
 * an odd one types them as they are.  Completion and help are asked for some of them.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugger/session/session.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verb.h"
#include "tests/fuzz/rig.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { BUDGET = 20000, LINES = 64, LINE = 600 };

/* Out of a boot sector: COM1, the timer and its interrupt, HLT, a call, a loop over memory. */
static const u8 code[] = {
	0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xc7, 0x06, 0x20, 0x00,
	0x69, 0x7c, 0xa3, 0x22, 0x00, 0xb0, 0x34, 0xe6, 0x43, 0xb0, 0xa9, 0xe6, 0x40, 0xb0, 0x04, 0xe6,
	0x40, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6,
	0x21, 0xb0, 0xfe, 0xe6, 0x21, 0xfb, 0xba, 0xf8, 0x03, 0xa0, 0x74, 0x7c, 0xee, 0xfe, 0x06, 0x74,
	0x7c, 0x80, 0x26, 0x74, 0x7c, 0x4f, 0x80, 0x0e, 0x74, 0x7c, 0x40, 0xb9, 0x32, 0x00, 0x01, 0x0e,
	0x00, 0x05, 0xe2, 0xfa, 0xbf, 0x00, 0x06, 0xb9, 0x03, 0x00, 0xba, 0x71, 0x00, 0xf3, 0x6c, 0x66,
	0x0f, 0xc7, 0xf0, 0xa3, 0x04, 0x05, 0xf4, 0xeb, 0xcd, 0xff, 0x06, 0x02, 0x05, 0x50, 0xb0, 0x20,
	0xe6, 0x20, 0x58, 0xcf, 0x41,
};

/* What follows a verb; verbs themselves come from their table. */
static const char *const words[] = {
	" 1", " 2", " 7", " 0x7c36", " 0x500", " $rsp", " $rip + 4", " rax", " 3exits", " 40insn", " 1ms", " all", " -3", " +5", " a", " f",
	" if $rax == 0", " exit IO", " io 0x3f8", " exception 6", " 5, 2", "/4xw", "/3i", "/s", "/2d", " = 5", " = $rcx", " u8[0x500]",
	" csv", " control", " segments", " pit", " lapic0", " diff f", " save f", " \"", "\"", ";", " {", " }", " (", " )", " stop;",
	" on exit", " where write", " print $rax;", " @n = count();", " step", " back", " run for 1ms;", " let x = 3;", " x", " 18446744073709551615",
	" 99999999999999999999", " debug", " hlt", " 128", " walk($rip)", " u32[0]", " ?? 0", " expect true;", " inject nmi;",
};

static void make_line(const u8 *bytes, size_t len, bool grammar, char *line)
{
	size_t n = 0;

	if (!grammar) {
		memcpy(line, bytes, len);
		line[len] = 0;
		return;
	}
	line[0] = 0;
	for (size_t i = 0; i < len && n < LINE - 100; i++) {
		const char *word = i ? words[bytes[i] % ARRAY_LEN(words)] : verbs[bytes[i] % verb_count]->name;

		n += (size_t)sprintf(line + n, "%s", word);
	}
}

/* No file but the one named f, here. */
static void keep_home(char *line)
{
	static const char *const writers[] = { "save", "screen", "stats", "tables", "load", "source", "symbols" };
	const char *at = line + strspn(line, " \t\r\n");

	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		if (!strncmp(at, writers[i], strlen(writers[i])))
			for (char *c = strchr(line, '/'); c; c = strchr(c, '/'))
				*c = '_';
}

static void type(struct session *s, char *line, u8 kind)
{
	struct buf out = { 0 };
	struct err err = { 0 };
	size_t start;

	keep_home(line);
	int rc = verb_line(s, line, &out, &err);
	if (rc < 0 && (strlen(err.text) >= sizeof(err.text) || strchr(err.text, '\n')))
		abort();
	if (rc > 0 && rc != VERB_QUIT)
		abort();
	if (kind & 2)
		for (int i = 0; i < 3; i++)
			free(verb_complete(s, line, strlen(line), i, &start));
	if (kind & 4)
		verb_help(line + strspn(line, " "), &out);
	if (s->depth || s->running || s->searching)
		abort();
	buf_free(&out);
}

static struct session *machine(void)
{
	static char dir[] = "/tmp/fuzz-verbs-XXXXXX";
	static bool moved;
	const struct trap_limits limits = { .steps = 3000, .keys = 100, .memory = 1 << 20 };

	if (!moved && (!mkdtemp(dir) || chdir(dir)))
		abort();
	moved = true;
	return rig_open(rig_guest(code, sizeof(code)), BUDGET, &limits);
}

/* What was saved, under whatever name, goes with its folder. */
static void clean_up(void)
{
	char dir[64];

	if (!getcwd(dir, sizeof(dir)) || !strstr(dir, "fuzz-verbs-"))
		return;
	DIR *d = opendir(".");
	for (struct dirent *e; d && (e = readdir(d));)
		unlink(e->d_name);
	if (d)
		closedir(d);
	if (!chdir("/"))
		rmdir(dir);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool registered;
	struct session *s = machine();

	if (!registered)
		atexit(clean_up);
	registered = true;
	for (int i = 0; i < LINES && size > 2; i++) {
		size_t len = data[1] % (data[0] & 1 ? 24 : 7); /* characters, or words */
		char line[LINE];

		len = len < size - 2 ? len : size - 2;
		make_line(data + 2, len, !(data[0] & 1), line);
		type(s, line, data[0]);
		data += 2 + len;
		size -= 2 + len;
	}
	session_close(s);
	return 0;
}
