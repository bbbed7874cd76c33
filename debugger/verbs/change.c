/* SPDX-License-Identifier: GPL-3.0-or-later
 * change.c - verbs that change the guest by hand: registers, memory, what is typed at it.
 * Rule: what was recorded after now is forgotten with the change.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"
#include "devices/pc.h"

enum { NAME_MAX_ = 64, POKE_MAX = 4096 };

/* `set u8[0x7c00] = 0x90` and whatever else Trap can assign to. */
static int assign(struct verb_call *c, const char *place, const char *value, struct err *err)
{
	char *line = NULL;
	int status, rc;

	if (asprintf(&line, "%s = %s;", place, value) < 0)
		return err_set(err, ENOMEM, "no memory for this line");
	rc = trap_line(c->s->trap, line, &status);
	free(line);
	return rc < 0 ? err_set(err, -rc, "%s", "") : 0;
}

static int exec_set(struct verb_call *c, struct err *err)
{
	const char *equals = strchr(c->rest, '='), *value;
	char place[256];
	u64 number, old;
	size_t len = equals ? (size_t)(equals - c->rest) : strcspn(c->rest, " \t");
	int rc = call_words(c, &the_set, 1, VERB_WORDS, err);

	if (rc)
		return rc;
	value = c->rest + len + (equals != NULL);
	value += strspn(value, " \t");
	while (len && isspace((unsigned char)c->rest[len - 1]))
		len--;
	if (!*value || !len || len >= sizeof(place))
		return err_set(err, EINVAL, "set: expected a register or u8[ADDRESS], and a value: set rax = 5");
	snprintf(place, sizeof(place), "%.*s", (int)len, c->rest);
	if (!session_register(c->s, c->s->cpu, place, &old)) {
		if (strchr(place, '[') && strchr(place, 'u') == place)
			return assign(c, place, value, err);
		return session_set_register(c->s, c->s->cpu, place, 0, err);
	}
	rc = verb_number(c->s, value, &number, err);
	if (!rc)
		rc = session_set_register(c->s, c->s->cpu, place, number, err);
	if (!rc)
		buf_printf(c->out, "%s %llx (was %llx)\n", place, ULL(number), ULL(old));
	return rc;
}

/* Bytes in hexadecimal, with or without blanks between: 90 90 cc, or 9090cc. */
static int hex_bytes(const char *text, u8 *bytes, size_t *n, struct err *err)
{
	for (*n = 0; *text; text += isspace((unsigned char)*text) ? 1 : 2) {
		char pair[3] = { text[0], text[0] ? text[1] : 0, 0 };

		if (isspace((unsigned char)*text))
			continue;
		if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1]))
			return err_set(err, EINVAL, "poke: '%.20s' is no byte; expected two hexadecimal digits for each", text);
		if (*n == POKE_MAX)
			return err_set(err, E2BIG, "poke: more than %d bytes", POKE_MAX);
		bytes[(*n)++] = (u8)strtoul(pair, NULL, 16);
	}
	return 0;
}

static int exec_poke(struct verb_call *c, struct err *err)
{
	u8 bytes[POKE_MAX];
	size_t n;
	u64 at;
	int rc = call_words(c, &the_poke, 2, VERB_WORDS, err);

	if (!rc)
		rc = verb_number(c->s, c->word[0], &at, err);
	if (!rc)
		rc = hex_bytes(call_text(c, 1), bytes, &n, err);
	if (!rc)
		rc = session_write(c->s, at, bytes, n, err);
	if (!rc)
		buf_printf(c->out, "%zu byte%s written\n", n, n == 1 ? "" : "s");
	return rc;
}

/* \n \r \t \e \xNN */
static size_t unescape(const char *text, char *out)
{
	size_t n = 0;

	for (; *text; text++) {
		static const char names[] = "nrte\\\"0", bytes[] = "\n\r\t\033\\\"\0";
		const char *at = *text == '\\' && text[1] ? strchr(names, text[1]) : NULL;

		if (at) {
			out[n++] = bytes[at - names];
			text++;
		} else if (!strncmp(text, "\\x", 2) && isxdigit((unsigned char)text[2]) && isxdigit((unsigned char)text[3])) {
			out[n++] = (char)strtoul((const char[]){ text[2], text[3], 0 }, NULL, 16);
			text += 3;
		} else {
			out[n++] = *text;
		}
	}
	return n;
}

static int exec_type(struct verb_call *c, struct err *err)
{
	const char *text = c->rest;
	size_t len = strlen(text), n;
	char *bytes;
	int rc = call_words(c, &the_type, 1, VERB_WORDS, err);

	if (rc)
		return rc;
	bytes = malloc(len + 1);
	if (!bytes)
		return err_set(err, ENOMEM, "no memory for this text");
	if (len > 1 && text[0] == '"' && text[len - 1] == '"') {
		char *inside = strndup(text + 1, len - 2);
		n = inside ? unescape(inside, bytes) : 0;
		free(inside);
	} else {
		n = unescape(text, bytes);
		bytes[n++] = '\n';
	}
	rc = session_console_input(c->s, bytes, n, err);
	free(bytes);
	return rc;
}

static int exec_key(struct verb_call *c, struct err *err)
{
	struct buf line = { 0 };
	int status, rc = call_words(c, &the_key, 1, VERB_WORDS, err);

	if (rc)
		return rc;
	if (c->rest[0] == '"')
		buf_printf(&line, "inject key(%s);", c->rest);
	else
		buf_printf(&line, "inject key(\"%s\");", c->rest);
	rc = buf_text(&line) ? trap_line(c->s->trap, buf_text(&line), &status) : err_set(err, ENOMEM, "no memory for this text");
	buf_free(&line);
	return rc < 0 ? err_set(err, -rc, "%s", "") : 0;
}

/* What it holds, as the guest last said, and what was asked. */
static void say_balloon(struct verb_call *c)
{
	u64 has = (u64)pc_balloon_actual(c->s->pc) << 12;

	buf_printf(c->out, "the balloon holds %.1f MiB; the guest has %.1f of %.1f\n", (double)has / (1 << 20),
		   (double)(c->s->vm->mem_size - has) / (1 << 20), (double)c->s->vm->mem_size / (1 << 20));
}

/* The size is what the guest keeps, as in QEMU's monitor; Trap's `inject balloon' counts the pages it gives. */
static int exec_balloon(struct verb_call *c, struct err *err)
{
	u64 keep = 0, all = c->s->vm->mem_size;
	char line[64];
	int status, rc = call_words(c, &the_balloon, 0, 1, err);

	if (!rc && !c->s->opt->virtio.balloon)
		rc = err_set(err, ENODEV, "the machine has no balloon; --virtio balloon gives it one");
	if (!rc && c->nwords)
		rc = take_size(&keep, c->word[0], err);
	if (!rc && c->nwords && (!keep || keep > all))
		rc = err_set(err, EINVAL, "balloon: the guest can keep 4K to %lluM", ULL(all >> 20));
	if (rc)
		return rc;
	if (!c->nwords) {
		say_balloon(c);
		return 0;
	}
	snprintf(line, sizeof(line), "inject balloon(%llu);", ULL((all - keep) >> 12));
	rc = trap_line(c->s->trap, line, &status);
	return rc < 0 ? err_set(err, -rc, "%s", "") : 0;
}

const struct verb the_set = {
	.name = "set", .args = "REGISTER | u8[ADDRESS] = VALUE", .brief = "change a register, or memory (u8 u16 u32 u64)",
	.text = "The value is an expression. What was recorded after now is forgotten.", .example = "set rax = 5\nset rflags.IF = 1",
	.group = VERB_CHANGE, .complete = COMPLETE_EXPR, .exec = exec_set,
};
const struct verb the_poke = {
	.name = "poke", .args = "ADDRESS BYTE ...", .brief = "write bytes to memory, in hexadecimal",
	.text = "Linear addresses; ROM too. All bytes are written, or none.", .example = "poke 0x7c00 90 90\npoke 0x7c00 fa f4",
	.group = VERB_CHANGE, .complete = COMPLETE_EXPR, .exec = exec_poke,
};
const struct verb the_type = {
	.name = "type", .args = "TEXT | \"TEXT\"", .brief = "type at the guest's console",
	.text = "With a line feed at its end; a text in quotes is typed as it is, with \\n \\r \\t \\e \\xNN. It\n"
		"waits until the guest listens.",
	.example = "type root\ntype \"\\e[A\"", .group = VERB_CHANGE, .exec = exec_type,
};
const struct verb the_key = {
	.name = "key", .args = "TEXT", .brief = "press keys of the guest's keyboard",
	.text = "What a terminal sends for them; \\n is Enter, \\e Escape. The same as Trap's inject key(\"...\").",
	.example = "key a\nkey \"dir\\n\"", .group = VERB_CHANGE, .exec = exec_key,
};
const struct verb the_balloon = {
	.name = "balloon", .args = "[SIZE]", .brief = "ask the guest to keep so much memory, and give back the rest",
	.text = "By the virtio balloon (--virtio balloon), as far as the guest has a driver for it and can\n"
		"spare memory. Without SIZE: what the balloon holds now.",
	.example = "balloon 48M\nballoon", .group = VERB_CHANGE, .exec = exec_balloon,
};
