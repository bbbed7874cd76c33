/* SPDX-License-Identifier: GPL-3.0-or-later
 * session.c - verbs about the session itself: files of lines, symbols, saving, messages, help, the end.
 * Rule: a file of lines is the same as typing them; the first line that fails ends it, and is named.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugger/args.h"
#include "debugger/host-file.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"
#include "debugger/verbs/verbs-priv.h"

enum { SOURCE_MOST = 16 << 20 };

/* One line, or as many as a statement of Trap needs. */
static size_t chunk_length(const char *text, size_t len, u32 *lines)
{
	size_t n = 0;

	for (*lines = 0; n < len; (*lines)++) {
		const char *end = memchr(text + n, '\n', len - n);

		n = end ? (size_t)(end - text) + 1 : len;
		if (!trap_is_incomplete(text, n))
			return (*lines)++, n;
	}
	return n;
}

static int source_chunk(struct session *s, const char *path, u32 number, const char *text, size_t len, struct err *err)
{
	struct buf out = { 0 };
	struct err why = { 0 };
	char *line = strndup(text, len);
	int rc = line ? verb_line(s, line, &out, &why) : -ENOMEM;

	if (out.len && !out.failed)
		session_say(s, SAY_TEXT, "%.*s", (int)out.len, (const char *)out.data);
	if (rc == -ELOOP) /* the files' names would be all of it */
		err_set(err, ELOOP, "%s", why.text);
	else if (rc < 0)
		err_set(err, -rc, "%.80s:%u: %.200s", path, number, line ? why.text[0] ? why.text : "stopped here" : "no memory");
	buf_free(&out);
	free(line);
	return rc;
}

int source_file(struct session *s, const char *path, struct err *err)
{
	struct host_file f = { 0 };
	u32 number = 1, lines;
	int rc = host_file_read(&f, "lines", path, SOURCE_MOST, err);

	for (size_t at = 0; !rc && at < f.len;) {
		size_t n = chunk_length((const char *)f.data + at, f.len - at, &lines);

		rc = source_chunk(s, path, number, (const char *)f.data + at, n, err);
		at += n;
		number += lines;
	}
	host_file_close(&f);
	return rc;
}

static int exec_source(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_source, 1, 1, err);

	return rc ? rc : source_file(c->s, c->word[0], err);
}

static int exec_symbols(struct verb_call *c, struct err *err)
{
	u64 offset = 0;
	int rc = call_words(c, &the_symbols, 0, VERB_WORDS, err), n;

	if (rc || !c->nwords) {
		buf_printf(c->out, "%d symbols\n", symbols_count(c->s->symbols));
		return rc;
	}
	rc = call_address(c, 1, 0, &offset, err);
	if (rc)
		return rc;
	n = session_load_symbols(c->s, c->word[0], offset, err);
	if (n >= 0)
		buf_printf(c->out, "%d symbols and source lines\n", n);
	return n < 0 ? n : 0;
}

static int exec_save(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_save, 1, 1, err);

	if (!rc)
		rc = session_save(c->s, c->word[0], err);
	if (!rc)
		buf_printf(c->out, "saved\n");
	return rc;
}

static int exec_load(struct verb_call *c, struct err *err)
{
	char *beside = NULL;
	int rc = call_words(c, &the_load, 1, 1, err);

	if (!rc)
		rc = session_load(c->s, c->word[0], err);
	if (!rc && asprintf(&beside, "%s.session", c->word[0]) < 0)
		rc = err_set(err, ENOMEM, "no memory for a file's name");
	if (!rc && !access(beside, R_OK))
		rc = source_file(c->s, beside, err);
	free(beside);
	if (!rc)
		say_where(c->s, c->out);
	return rc;
}

static int exec_log(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_log, 0, 1, err);

	for (int level = LOG_ERROR; !rc && c->nwords && level <= LOG_DEBUG; level++)
		if (!strcmp(log_level_name((enum log_level)level), c->word[0])) {
			c->s->log_level = level;
			c->s->vm->log.level = level > LOG_INFO ? level : LOG_INFO;
			return 0;
		}
	if (!rc && c->nwords)
		return err_set(err, EINVAL, "log: '%.40s' is no level; expected error, warning, info or debug", c->word[0]);
	if (!rc)
		buf_printf(c->out, "%s\n", log_level_name((enum log_level)c->s->log_level));
	return rc;
}

/* ---- help ---- */

static int exec_help(struct verb_call *c, struct err *err)
{
	struct nearest near;
	int rc = call_words(c, &the_help, 0, 1, err);

	if (rc || verb_help(c->nwords ? c->word[0] : NULL, c->out))
		return rc;
	nearest_start(&near, c->word[0]);
	for (int i = 0; i < verb_count; i++)
		nearest_offer(&near, verbs[i]->name);
	for (int i = 0; i < trap_nstatements; i++)
		nearest_offer(&near, trap_statements[i].name);
	for (int i = 0; i < trap_nfunctions; i++)
		nearest_offer(&near, trap_functions[i].name);
	if (near.best)
		return err_set(err, ENOENT, "nothing is called '%.40s'; did you mean '%s'?", c->word[0], near.best);
	return err_set(err, ENOENT, "nothing is called '%.40s'; `help` lists what can be typed", c->word[0]);
}

static int exec_man(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_man, 0, 0, err);

	for (int i = 0; !rc && i < verb_count; i++) {
		verb_help(verbs[i]->name, c->out);
		buf_printf(c->out, "\n");
	}
	return rc;
}

static int exec_quit(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_quit, 0, 0, err);

	return rc ? rc : VERB_QUIT;
}

const struct verb the_source = {
	.name = "source", .args = "FILE", .brief = "run the lines of a file",
	.text = "Verbs and Trap, as if they were typed; the first one that fails ends it.", .example = "source setup.trap",
	.group = VERB_SESSION, .complete = COMPLETE_FILE, .exec = exec_source,
};
const struct verb the_symbols = {
	.name = "symbols", .args = "[FILE [OFFSET]]", .brief = "load names for addresses",
	.text = "From an ELF file, a map (System.map, ld -Map, NASM) or a NASM listing (nasm -l, which brings\n"
		"source lines); OFFSET is added to every address. Without a file: how many there are.",
	.example = "symbols kernel.elf\nsymbols module.elf 0x200000", .group = VERB_SESSION, .complete = COMPLETE_FILE,
	.exec = exec_symbols,
};
const struct verb the_save = {
	.name = "save", .args = "FILE", .brief = "the machine into a file, and the session into FILE.session",
	.text = "A snapshot, as `run --save` makes it; symbols, marks and probes as lines beside it.",
	.example = "save crash.vsnap", .group = VERB_SESSION, .complete = COMPLETE_FILE, .exec = exec_save,
};
const struct verb the_load = {
	.name = "load", .args = "FILE", .brief = "a machine that was saved, into this one",
	.text = "It must have been made with the same machine options. What was recorded is gone; the lines of\n"
		"FILE.session, if it is there, are run.",
	.example = "load crash.vsnap", .group = VERB_SESSION, .complete = COMPLETE_FILE, .exec = exec_load,
};
const struct verb the_log = {
	.name = "log", .args = "[error | warning | info | debug]", .brief = "how much devices and the processor have to say",
	.text = "Messages up to this level are shown.", .example = "log debug", .group = VERB_SESSION, .exec = exec_log,
};
const struct verb the_help = {
	.name = "help", .alias = "h", .args = "[WORD]", .brief = "what can be typed; a verb, statement, function or event",
	.text = "`?` is short for it.", .example = "help\nhelp break\nhelp exit", .group = VERB_SESSION, .complete = COMPLETE_VERB,
	.exec = exec_help,
};
const struct verb the_man = {
	.name = "man", .args = "", .brief = "all verbs at length", .text = "The same texts as in the manual page.", .example = "man",
	.group = VERB_SESSION, .exec = exec_man,
};
const struct verb the_quit = {
	.name = "quit", .alias = "q", .args = "", .brief = "leave", .text = "The machine is gone, unless it was saved.",
	.example = "quit", .group = VERB_SESSION, .exec = exec_quit,
};
