/* SPDX-License-Identifier: GPL-3.0-or-later
 * who.c - the verb `who`: who last wrote a byte, a register or a page-table entry.
 * Rule: it only looks; the machine stays where it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/timeline.h"
#include "core/x86/x86.h"
#include "debugger/session/symbols.h"
#include "debugger/session/who.h"
#include "debugger/verbs/verbs-priv.h"

static void say_nobody(struct session *s, const char *what, struct buf *out)
{
	buf_printf(out, "%s was not written in recorded time, which begins at instruction %llu\n", what,
		   ULL(timeline_first(s->timeline)));
}

static void say_rip(struct session *s, const struct writer *w, struct buf *out)
{
	buf_printf(out, "rip 0x%llx ", ULL(w->rip));
	if (!symbols_text(s->symbols, w->rip, out))
		out->len--;
	if (s->vm->ncpus > 1)
		buf_printf(out, " of cpu%u", w->cpu);
}

static void say_writer(struct session *s, const struct writer *w, const char *what, bool is_register, struct buf *out)
{
	if (w->kind == WRITER_NONE) {
		say_nobody(s, what, out);
		return;
	}
	if (w->kind == WRITER_DEVICE) {
		buf_printf(out, "%s was changed by no instruction, but by a device (DMA), a page walk or by hand, at instruction "
			   "%llu\n", what, ULL(w->icount));
	} else {
		buf_printf(out, "%s was %s by instruction %llu, ", what, is_register ? "changed" : "written", ULL(w->icount));
		say_rip(s, w, out);
		buf_printf(out, ": 0x%llx, before 0x%llx", ULL(w->value), ULL(w->old));
		if (!is_register)
			buf_printf(out, " (%llu bytes at gpa 0x%llx)", ULL(w->size), ULL(w->gpa));
		buf_printf(out, "\n");
	}
	if (w->icount > timeline_first(s->timeline))
		buf_printf(out, "`goto %llu` stands before it\n", ULL(w->icount - 1));
}

static int who_register(struct verb_call *c, struct err *err)
{
	struct writer w;
	int rc = session_who_register(c->s, c->word[0] + 1, &w, err);

	if (!rc)
		say_writer(c->s, &w, c->word[0], true, c->out);
	return rc;
}

typedef int (*who_fn)(struct session *s, u64 gpa, u64 len, struct writer *w, struct err *err);

static int who_memory(struct verb_call *c, who_fn who, u64 gpa, u64 len, const char *what, struct err *err)
{
	struct writer w;
	int rc = who(c->s, gpa, len, &w, err);

	if (!rc)
		say_writer(c->s, &w, what, false, c->out);
	return rc;
}

static int who_entry(struct verb_call *c, struct err *err)
{
	u64 gva, gpa, entry, cr4 = 0;
	char what[80];
	int rc = call_address(c, 1, 0, &gva, err);

	if (rc)
		return rc;
	rc = session_who_place(c->s, gva, &gpa, &entry, err);
	if (!entry)
		return rc ? rc : err_set(err, ENOENT, "who: paging is off, so there is no page-table entry");
	snprintf(what, sizeof(what), "the page-table entry of 0x%llx", ULL(gva));
	session_register(c->s, c->s->cpu, "cr4", &cr4);
	return who_memory(c, session_who_entry, entry, cr4 & CR4_PAE ? 8 : 4, what, err);
}

static int exec_who(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_who, 1, 3, err);
	u64 gva, gpa, entry, len = 1;
	char what[80];

	if (rc)
		return rc;
	if (!strcmp(c->word[0], "pte") && c->nwords > 1)
		return who_entry(c, err);
	if (!strncmp(c->word[0], "vmcs", 4))
		return err_set(err, ENOTSUP, "this build has no nested virtualization, so there is no VMCS field that could be written");
	if (c->word[0][0] == '$' && c->nwords == 1)
		return who_register(c, err);
	rc = verb_number(c->s, c->word[0], &gva, err);
	if (!rc && c->nwords > 1)
		rc = verb_number(c->s, c->word[1], &len, err);
	if (!rc)
		rc = session_who_place(c->s, gva, &gpa, &entry, err);
	if (rc)
		return rc;
	if (!len || len > PAGE_SIZE_4K - (gva & PAGE_MASK_4K))
		return err_set(err, EINVAL, "who: %llu bytes; expected 1 or more, within one page", ULL(len));
	snprintf(what, sizeof(what), "0x%llx", ULL(gva));
	return who_memory(c, session_who_memory, gpa, len, what, err);
}

const struct verb the_who = {
	.name = "who", .args = "ADDRESS [BYTES] | $REG | pte ADDRESS", .brief = "who last wrote it, in recorded time",
	.text = "Looks back for the latest write to memory (through whatever linear address), to the page-table\n"
		"entry that maps an address (its accessed and dirty flags aside, which the processor sets), or\n"
		"for the latest change of a register of the chosen processor.\n"
		"The machine stays where it is. What a device wrote (DMA) is found, too, but not which.\n"
		"Ctrl-C ends the search.",
	.example = "who $rsp 8\nwho $rbx\nwho pte $rip", .group = VERB_TIME, .exec = exec_who,
};
