/* SPDX-License-Identifier: GPL-3.0-or-later
 * tape.h - all that came from outside, in order, so that it can come once more.
 * Rule: the machine looks outside at moments that follow from its state alone; they are numbered (vm->openings), and a
 * record says what came through which of them.  Below tape->end the outside is not asked: the tape answers.
 *
 * A record is two numbers in LEB128 (seven bits a byte, lowest first), openings since the record before and
 * enum tape_kind, and what the kind asks for:
 *	TAPE_INPUT  source, length, bytes    the inlet took them
 *	TAPE_REST   ns                       all processors waited, and time moved by so much instead of up to the next timer
 *	TAPE_GONE, TAPE_CAME                 from now on nobody, or somebody, is outside
 *	TAPE_ANSWER exit, raise, error, a, b somebody who watches answered this exit of the guest's (its number) in the
 *	                                     hypervisor's place: vm_exit.raise and its error, the answer (exit_answer_get)
 */
#ifndef VITRINE_CORE_TAPE_H
#define VITRINE_CORE_TAPE_H

#include "core/base/buf.h"
#include "core/vm.h"

enum tape_kind { TAPE_INPUT, TAPE_REST, TAPE_GONE, TAPE_CAME, TAPE_ANSWER, TAPE_KINDS };

/* Where the machine is on its tape. */
struct tape_place {
	u64 at;       /* bytes of the tape before the next record */
	u64 opening;  /* of the record before that */
	bool open;    /* somebody is outside */
};

struct tape {
	struct buf bytes;        /* what is still there of it: from byte `cut` on */
	u64 cut;
	u64 end;                 /* openings below are recorded */
	struct tape_place here;
	bool inside;             /* the outside is being asked: what comes is recorded */
	bool by_hand;            /* something came at another moment: who goes back must know */
	bool replays;            /* a tape that is only played: after its end the outside stays shut */
	u64 room, from;          /* when it is so many bytes (0: never) beyond `from`, */
	bool full;               /* the run is to pause, as if its budget were used up */
	bool forked;             /* likewise: in the past something was answered otherwise than then */
	u64 next_answer;         /* number of the exit whose answer is the next record, UINT64_MAX: another record, or none */
	u64 bad;                 /* records that did not fit the machine */
};

/* From now on the machine's outside is recorded.  The tape must outlive the machine's runs, or tape_remove. */
void tape_insert(struct tape *t, struct vm *vm);
void tape_remove(struct tape *t, struct vm *vm);
/* Does the tape answer now, instead of the outside? */
static inline bool tape_plays(const struct tape *t, const struct vm *vm) { return vm->openings < t->end; }
/* What was recorded after now is forgotten. */
void tape_erase(struct tape *t, const struct vm *vm);
/* What was recorded before byte `at` is forgotten: nobody goes back there. */
void tape_shorten(struct tape *t, u64 at);

/* tape->here was set, or bytes were put behind it. */
void tape_moved(struct tape *t);
/* An exit was answered by who watches; and once more the exit `next_answer`: false, if the record was none. */
void tape_note_answer(struct tape *t, struct vm *vm, const struct vm_exit *e, u64 number);
bool tape_answer(struct tape *t, struct vm *vm, struct vm_exit *e);
/* A number in LEB128. */
void tape_put_number(struct buf *b, u64 n);
u64 tape_get_number(struct reader *r);

#endif
