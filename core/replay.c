/* SPDX-License-Identifier: GPL-3.0-or-later
 * replay.c - run a recording again, and say where the machine does something else than then.
 * Rule: the file is hostile: lengths and order are checked before anything is used, and what is behind the first damage
 * does not count.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/recording-priv.h"
#include "core/snapshot.h"

#define ULL(x) ((unsigned long long)(x))

struct replay {
	struct vm *vm;
	struct tape tape;
	u8 *file;
	size_t size;
	struct reader rest;    /* blocks from the next state on */
	u64 last;              /* icount of the latest whole block of state or end */
	u64 matched;           /* icount up to which all was as then */
	bool ended;
	struct view *view;
	u32 nelements;
	u64 *then, *now;       /* elements: of the latest block STATE, and room for the machine's */
	/* events */
	int subscription;
	struct reader marks;   /* blocks behind the marks that are compared now */
	struct mark mark[MARKS_MAX];
	u32 nmarks, next_mark; /* of this block; none: what happens is not compared (any more) */
	u64 latest;            /* icount of the latest mark */
	bool differs;
	char difference[320];  /* the first event that was another one */
};

struct block { u8 kind; struct reader payload; };
struct place { u64 icount, time, openings; };

/* ---- reading ---- */

/* False: the end, or damage. */
static bool next_block(struct reader *in, struct block *b)
{
	const u8 *start = in->at, *payload;
	size_t len;
	u32 crc;

	b->kind = (u8)read_uint(in, 1);
	len = (size_t)read_uint(in, 4);
	payload = read_bytes(in, len);
	crc = (u32)read_uint(in, 4);
	if (in->bad || crc != snapshot_crc(0, start, len + 5))
		return false;
	b->payload = (struct reader){ .at = payload, .end = payload + len };
	return true;
}

static struct place read_place(struct reader *in)
{
	struct place p = { .icount = read_uint(in, 8) };

	p.time = read_uint(in, 8);
	p.openings = read_uint(in, 8);
	return p;
}

static int check_machine(const struct vm *vm, struct reader *in, struct err *err)
{
	struct machine_state theirs, ours;
	char cpu[64];
	int rc = state_load(&machine_state_layout, &theirs, in, err);

	if (rc)
		return rc;
	machine_state_get(vm, &ours);
	for (u32 i = 0; i < machine_state_layout.nfields; i++) {
		const struct field *f = &machine_state_layout.fields[i];

		if (field_get(f, &theirs, 0) != field_get(f, &ours, 0))
			return err_set(err, EINVAL, "recording: made with %s = %" PRIu64 ", this machine has %" PRIu64 ": %s",
				       f->name, field_get(f, &theirs, 0), field_get(f, &ours, 0), f->help);
	}
	if (!read_str(in, cpu, sizeof(cpu)) || strcmp(cpu, vm->cpu->name))
		return err_set(err, EINVAL, "recording: made with --cpu %s, this machine has %s", in->bad ? "?" : cpu,
			       vm->cpu->name);
	return 0;
}

static int take_head(struct replay *r, struct reader *in, struct err *err)
{
	int rc = check_machine(r->vm, in, err);
	u64 icount, openings, hash;

	if (rc)
		return rc;
	icount = read_uint(in, 8);
	openings = read_uint(in, 8);
	hash = read_uint(in, 8);
	if (in->bad || icount != vm_icount(r->vm) || openings != r->vm->openings || hash != vm_state_hash(r->vm))
		return err_set(err, EINVAL, "recording: it began in another state than this machine's; give the options, images "
			       "and disks that were given then");
	r->tape.here.open = read_uint(in, 1);
	if (read_uint(in, 4) != r->nelements || in->bad)
		return err_set(err, EINVAL, "recording: its machine had other devices than this one, or was of another version of this "
			       "program; give the options that were given then");
	return 0;
}

/* All tape of the file, up to the first damage; true if there was some. */
static bool gather_tape(struct replay *r, struct reader in)
{
	struct block b;

	while (read_left(&in)) {
		if (!next_block(&in, &b))
			return true;
		if (b.kind == BLOCK_TAPE) {
			u64 end = read_uint(&b.payload, 8);

			if (b.payload.bad || end < r->tape.end)
				return true;
			r->tape.end = end;
			buf_put(&r->tape.bytes, b.payload.at, read_left(&b.payload));
		} else if (b.kind == BLOCK_STATE || b.kind == BLOCK_END) {
			struct place p = read_place(&b.payload);

			if (b.payload.bad || p.icount < r->last)
				return true;
			r->last = p.icount;
		}
	}
	return false;
}

/* ---- comparing ---- */

static int differs(struct replay *r, const char *what, struct err *err)
{
	return err_set(err, EILSEQ, "this run differs from the recording: %s, between instructions %llu and %llu", what,
		       ULL(r->matched), ULL(vm_icount(r->vm)));
}

static int name_difference(struct replay *r, struct err *err)
{
	char name[240], text[320];
	u32 i = 0;

	while (r->then[i] == r->now[i])
		i++;
	view_name(r->view, i, name, sizeof(name));
	snprintf(text, sizeof(text), "%s was 0x%llx then, and is 0x%llx", name, ULL(r->then[i]), ULL(r->now[i]));
	return differs(r, text, err);
}

static int compare_state(struct replay *r, struct reader *in, struct err *err)
{
	struct place p = read_place(in);

	view_take(r->view, r->vm);
	view_elements(r->view, r->now);
	if (r->tape.bad)
		return differs(r, "something from outside does not fit", err);
	if (!elements_apply(in, r->then, r->nelements))
		return differs(r, "the recording's state is malformed", err);
	if (memcmp(r->then, r->now, r->nelements * sizeof(*r->now)))
		return name_difference(r, err);
	if (p.time != r->vm->clock.now || p.openings != r->vm->openings)
		return differs(r, "the moments at which the outside was looked at", err);
	r->matched = p.icount;
	return 0;
}

/* Then why the run stopped, which it may have found out only when it tried to go on. */
static int compare_end(struct replay *r, struct reader *in, enum stop_why *why, struct err *err)
{
	struct place p = read_place(in);
	u64 hash = read_uint(in, 8), then = read_uint(in, 1);

	/* A triple fault is one more attempt, which may have set accessed bits. */
	if (*why == STOP_BUDGET && (then == STOP_HALTED || then == STOP_TRIPLE_FAULT))
		*why = vm_run_piece(r->vm, 1, err);
	if (p.icount == vm_icount(r->vm) && p.time == r->vm->clock.now && hash != vm_state_hash(r->vm))
		return differs(r, "memory", err);
	r->matched = vm_icount(r->vm);
	return 0;
}

/* ---- events ---- */

/* The next block of marks; false: there is none, or it is damaged. */
static bool more_marks(struct replay *r)
{
	struct block b;

	r->nmarks = r->next_mark = 0;
	while (!r->nmarks && read_left(&r->marks)) {
		if (!next_block(&r->marks, &b))
			r->marks.at = r->marks.end;
		else if (b.kind == BLOCK_EVENTS && !(r->nmarks = marks_unpack(&b.payload, r->mark)))
			r->marks.at = r->marks.end;
	}
	return r->nmarks;
}

static enum verdict on_event(void *arg, const struct event *ev)
{
	struct replay *r = arg;
	struct mark now;

	if (r->differs || (r->next_mark == r->nmarks && !read_left(&r->marks)) || !mark_of(ev, &r->latest, &now) ||
	    (r->next_mark == r->nmarks && !more_marks(r)))
		return EV_GO;
	if (!memcmp(&r->mark[r->next_mark++], &now, sizeof(now)))
		return EV_GO;
	r->differs = true;
	mark_difference(ev, &r->mark[r->next_mark - 1], &now, r->difference, sizeof(r->difference));
	return EV_STOP;
}

/* ---- running ---- */

/* The next block at which something is compared; false: none. */
static bool next_stop(struct replay *r, struct block *b, struct place *p)
{
	while (read_left(&r->rest)) {
		struct reader in = r->rest;

		if (!next_block(&in, b))
			break;
		if (b->kind == BLOCK_STATE || b->kind == BLOCK_END) {
			struct reader payload = b->payload;

			*p = read_place(&payload);
			return !payload.bad;
		}
		r->rest = in;
	}
	return false;
}

static void pass(struct replay *r)
{
	struct block b;

	next_block(&r->rest, &b);
}

/* To the place of the recording's end, which may be in the midst of a rest. */
static enum stop_why run_to(struct replay *r, const struct place *p, bool end, struct err *err)
{
	struct vm *vm = r->vm;
	u64 here = vm_icount(vm), deadline = vm->deadline;
	enum stop_why why = STOP_BUDGET;

	if (here < p->icount)
		why = vm_run_piece(vm, p->icount - here, err);
	if (why == STOP_BUDGET && end && vm_icount(vm) == p->icount && vm->clock.now < p->time) {
		vm->deadline = p->time;
		why = vm_run_piece(vm, 1, err);
		vm->deadline = deadline;
	}
	return why;
}

static enum stop_why run(void *arg, u64 budget, struct err *err)
{
	struct replay *r = arg;
	u64 here = vm_icount(r->vm), until = budget && here + budget > here ? here + budget : UINT64_MAX;
	enum stop_why why = STOP_BUDGET;
	struct block b;
	struct place p;

	while (why == STOP_BUDGET && here < until) {
		bool end;

		if (!next_stop(r, &b, &p)) {
			r->ended = true;
			break;
		}
		end = b.kind == BLOCK_END;
		if (p.icount > until)
			p = (struct place){ .icount = until };
		why = run_to(r, &p, end, err);
		here = vm_icount(r->vm);
		if (r->differs) {
			differs(r, r->difference, err);
			return STOP_ERROR;
		}
		if (here != p.icount || (why != STOP_BUDGET && !end) || (p.icount == until && !p.openings))
			break;
		if (end ? compare_end(r, &b.payload, &why, err) : compare_state(r, &b.payload, err))
			return STOP_ERROR;
		pass(r);
	}
	return why;
}

/* ---- open and close ---- */

static int take_room(struct replay *r, struct err *err)
{
	r->view = view_new();
	if (r->view) {
		view_take(r->view, r->vm);
		r->nelements = view_count(r->view);
		r->then = calloc(r->nelements, sizeof(u64));
		r->now = calloc(r->nelements, sizeof(u64));
	}
	return r->view && r->then && r->now ? 0 : err_set(err, ENOMEM, "no memory to replay a recording");
}

static int load_file(struct replay *r, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return err_set(err, errno, "recording %.200s: cannot be read: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= RECORDING_MAGIC_LEN) {
		close(fd);
		return err_set(err, EINVAL, "recording %.200s: it is too short, or no file; expected one made by --record", path);
	}
	r->file = malloc((size_t)st.st_size);
	while (r->file && r->size < (size_t)st.st_size && n > 0) {
		n = read(fd, r->file + r->size, (size_t)st.st_size - r->size);
		r->size += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	return r->file ? 0 : err_set(err, ENOMEM, "recording %.200s: no memory for it", path);
}

static int read_file(struct replay *r, const char *path, char *notice, struct err *err)
{
	struct reader in = { .at = r->file, .end = r->file + r->size };
	struct block b;
	int rc;

	*notice = 0;
	if (r->size < RECORDING_MAGIC_LEN || memcmp(read_bytes(&in, RECORDING_MAGIC_LEN), RECORDING_MAGIC, RECORDING_MAGIC_LEN - 1))
		return err_set(err, EINVAL, "recording %.200s: does not begin with VITTAPE; expected a file made by --record", path);
	if (in.at[-1] != RECORDING_FORMAT)
		return err_set(err, EINVAL, "recording %.200s: it has format %u, and this build replays format %d", path, in.at[-1],
			       RECORDING_FORMAT);
	if (!next_block(&in, &b) || b.kind != BLOCK_HEAD)
		return err_set(err, EINVAL, "recording %.200s: its first block is damaged", path);
	rc = take_head(r, &b.payload, err);
	if (rc)
		return rc;
	r->rest = r->marks = in;
	if (gather_tape(r, in))
		snprintf(notice, 200, "the recording is damaged or cut off; it goes up to instruction %llu", ULL(r->last));
	tape_moved(&r->tape);
	return r->tape.bytes.failed ? err_set(err, ENOMEM, "recording %.200s: no memory for it", path) : 0;
}

int replay_open(struct replay **out, struct vm *vm, const char *path, char *notice, struct err *err)
{
	struct replay *r;
	int rc;

	*out = NULL;
	if (vm->threads || !(vm->engine->caps & CAP_EXACT_BUDGET))
		return err_set(err, ENOTSUP, "a recording is replayed on engine interp, without a thread per processor");
	if (vm->no_past)
		return err_set(err, ENOTSUP, "this guest cannot replay a recording: %s", vm->no_past);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ENOMEM, "no memory to replay a recording");
	r->vm = vm;
	r->subscription = -1;
	tape_insert(&r->tape, vm);
	r->tape.replays = true;
	rc = take_room(r, err);
	if (!rc)
		rc = load_file(r, path, err);
	if (!rc)
		rc = read_file(r, path, notice, err);
	if (!rc)
		r->subscription = vm_subscribe(vm, MARKED, on_event, r);
	if (!rc && r->subscription < 0)
		rc = err_set(err, ENOSPC, "too many watch this machine already for its replay to be compared");
	if (rc) {
		replay_close(r);
		return rc;
	}
	vm->driver = (struct vm_driver){ run, r };
	*out = r;
	return 0;
}

bool replay_ended(const struct replay *r)
{
	return r->ended;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	r->vm->driver = (struct vm_driver){ 0 };
	if (r->subscription >= 0)
		vm_unsubscribe(r->vm, r->subscription);
	tape_remove(&r->tape, r->vm);
	view_free(r->view);
	free(r->then);
	free(r->now);
	free(r->file);
	free(r);
}
