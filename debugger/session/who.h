/* SPDX-License-Identifier: GPL-3.0-or-later
 * who.h - who last wrote a byte, a register or a page-table entry, found by looking back in recorded time.
 * Rule: the machine stands afterwards where it stood, and nothing that is recorded is forgotten.
 */
#ifndef VITRINE_DEBUGGER_SESSION_WHO_H
#define VITRINE_DEBUGGER_SESSION_WHO_H

#include "debugger/session/session.h"

enum writer_kind {
	WRITER_NONE,   /* not within recorded time */
	WRITER_CODE,   /* an instruction, or what a processor pushes when it delivers an interrupt */
	WRITER_DEVICE, /* memory: no instruction did, so a device (DMA), a page walk (its accessed and dirty flags), or a
			* change by hand (`poke`) */
};

/* Where recorded time goes from the old to the new value. */
struct writer {
	enum writer_kind kind;
	u64 icount; /* the first point with the new value: `goto icount - 1` stands before it */
	u32 cpu;
	u64 rip;    /* of the instruction, in its code segment */
	u64 gpa;    /* of memory: what was written, */
	u64 size;   /* how many bytes of it, */
	u64 value, old; /* the value now, and before: of a register, or up to eight bytes */
};

/* Of memory [gpa, gpa + len), len from 1 to 4096: through whatever linear address.  -ERANGE, -EINVAL; -EINTR: Ctrl-C. */
int session_who_memory(struct session *s, u64 gpa, u64 len, struct writer *w, struct err *err);
/* Of a page-table entry of len bytes, its accessed and dirty flags aside. */
int session_who_entry(struct session *s, u64 gpa, u64 len, struct writer *w, struct err *err);
/* Of a register of the chosen processor: when it got another value.  */
int session_who_register(struct session *s, const char *name, struct writer *w, struct err *err);
/* Where the linear address lies now, for the chosen processor, and the page-table entry that says so (the one at which the
 * walk ends, if it ends in nothing).  -EFAULT: it is not mapped; *entry is set all the same if paging is on, else 0. */
int session_who_place(struct session *s, u64 gva, u64 *gpa, u64 *entry, struct err *err);

#endif
