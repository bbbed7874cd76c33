/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording.c - write down a run: what came in, what happened, and every million instructions what all was.
 * Rule: recording changes nothing in the run; it is only cut into pieces.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/recording-priv.h"
#include "core/snapshot.h"

enum { TAPE_ROOM = 64 << 10 };

struct recording {
	struct vm *vm;
	struct tape tape;
	struct buf out;
	int fd, error;       /* errno of the first write that failed */
	u64 next_state;      /* icount */
	struct view *view;
	u32 nelements;
	u64 *before, *now;   /* elements: of the latest block STATE, and room for the next */
	int subscription;
	u64 latest;          /* icount of the latest mark */
	u32 nmarks;
	struct mark mark[MARKS_MAX]; /* that are not in a block yet */
};

/* ---- blocks ---- */

static void flush(struct recording *r)
{
	size_t done = 0;

	while (done < r->out.len && !r->error) {
		ssize_t n = write(r->fd, r->out.data + done, r->out.len - done);

		if (n <= 0 && !(n < 0 && errno == EINTR))
			r->error = n ? errno : EIO;
		done += n > 0 ? (size_t)n : 0;
	}
	if (r->out.failed && !r->error)
		r->error = ENOMEM;
	r->out.len = 0;
}

static void put_block(struct recording *r, enum block_kind kind, struct buf *payload)
{
	size_t start = r->out.len;

	buf_put_uint(&r->out, kind, 1);
	buf_put_uint(&r->out, payload->len, 4);
	buf_put(&r->out, payload->data, payload->len);
	r->out.failed |= payload->failed;
	if (!r->out.failed)
		buf_put_uint(&r->out, snapshot_crc(0, r->out.data + start, r->out.len - start), 4);
	buf_free(payload);
}

static void put_head(struct recording *r)
{
	struct vm *vm = r->vm;
	struct machine_state machine;
	struct buf b = { 0 };

	buf_put(&r->out, RECORDING_MAGIC, RECORDING_MAGIC_LEN);
	machine_state_get(vm, &machine);
	state_save(&machine_state_layout, &machine, &b);
	buf_put_str(&b, vm->cpu->name);
	buf_put_uint(&b, vm_icount(vm), 8);
	buf_put_uint(&b, vm->openings, 8);
	buf_put_uint(&b, vm_state_hash(vm), 8);
	buf_put_uint(&b, r->tape.here.open, 1);
	buf_put_uint(&b, r->nelements, 4);
	put_block(r, BLOCK_HEAD, &b);
}

/* What has come since the latest such block. */
static void put_tape(struct recording *r)
{
	struct tape *t = &r->tape;
	struct buf b = { 0 };

	buf_put_uint(&b, r->vm->openings, 8);
	buf_put(&b, t->bytes.data, t->bytes.len);
	b.failed |= t->bytes.failed;
	put_block(r, BLOCK_TAPE, &b);
	t->cut += t->bytes.len;
	t->bytes.len = 0;
	t->from = t->here.at;
	t->full = false;
}

static void put_place(const struct vm *vm, struct buf *b)
{
	buf_put_uint(b, vm_icount(vm), 8);
	buf_put_uint(b, vm->clock.now, 8);
	buf_put_uint(b, vm->openings, 8);
}

static void put_state(struct recording *r)
{
	u64 *before = r->before;
	struct buf b = { 0 };

	view_take(r->view, r->vm);
	view_elements(r->view, r->now);
	put_place(r->vm, &b);
	elements_put(&b, r->before, r->now, r->nelements);
	put_block(r, BLOCK_STATE, &b);
	r->before = r->now;
	r->now = before;
	r->next_state = (vm_icount(r->vm) / STATE_EVERY + 1) * STATE_EVERY;
}

static void put_events(struct recording *r)
{
	struct buf b = { 0 };

	if (r->nmarks) {
		marks_pack(r->mark, r->nmarks, &b);
		put_block(r, BLOCK_EVENTS, &b);
	}
	r->nmarks = 0;
}

static enum verdict on_event(void *arg, const struct event *ev)
{
	struct recording *r = arg;

	r->nmarks += mark_of(ev, &r->latest, &r->mark[r->nmarks]);
	if (r->nmarks == MARKS_MAX)
		put_events(r);
	return EV_GO;
}

/* ---- running ---- */

static enum stop_why run(void *arg, u64 budget, struct err *err)
{
	struct recording *r = arg;
	struct vm *vm = r->vm;
	u64 here = vm_icount(vm), end = budget && here + budget > here ? here + budget : UINT64_MAX;
	enum stop_why why = STOP_BUDGET;

	while (here < end && why == STOP_BUDGET) {
		u64 goal = end < r->next_state ? end : r->next_state;
		bool paused;

		why = vm_run_piece(vm, goal - here, err);
		here = vm_icount(vm);
		paused = r->tape.full;
		if (r->tape.bytes.len || here >= goal)
			put_tape(r);
		put_events(r);
		if (why == STOP_BUDGET && here >= r->next_state)
			put_state(r);
		flush(r);
		if (here < goal && !paused)
			break;
	}
	return why;
}

/* ---- open and close ---- */

static void release(struct recording *r)
{
	if (!r)
		return;
	view_free(r->view);
	free(r->before);
	free(r->now);
	buf_free(&r->out);
	free(r);
}

static int take_room(struct recording *r, struct vm *vm)
{
	r->vm = vm;
	r->view = view_new();
	if (!r->view)
		return -ENOMEM;
	view_take(r->view, vm);
	r->nelements = view_count(r->view);
	r->before = calloc(r->nelements, sizeof(u64));
	r->now = calloc(r->nelements, sizeof(u64));
	return r->before && r->now ? 0 : -ENOMEM;
}

int recording_open(struct recording **out, struct vm *vm, const char *path, struct err *err)
{
	struct recording *r;

	*out = NULL;
	if (vm->threads || !(vm->engine->caps & CAP_EXACT_BUDGET))
		return err_set(err, ENOTSUP, "a run can be recorded on engine interp, without a thread per processor");
	if (vm->no_past)
		return err_set(err, ENOTSUP, "a recording of this guest could not be replayed: %s", vm->no_past);
	if (vm->tape)
		return err_set(err, EBUSY, "this guest's outside is recorded already");
	r = calloc(1, sizeof(*r));
	if (!r || take_room(r, vm)) {
		release(r);
		return err_set(err, ENOMEM, "no memory for a recording");
	}
	r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	r->subscription = r->fd < 0 ? -errno : vm_subscribe(vm, MARKED, on_event, r);
	if (r->subscription < 0) {
		int code = -r->subscription;

		release(r);
		return err_set(err, code, "recording %.200s: cannot be written: %s", path, strerror(code));
	}
	tape_insert(&r->tape, vm);
	r->tape.room = TAPE_ROOM;
	put_head(r);
	put_state(r);
	flush(r);
	vm->driver = (struct vm_driver){ run, r };
	*out = r;
	return 0;
}

int recording_close(struct recording *r, struct err *err)
{
	struct buf b = { 0 };
	int rc;

	if (!r)
		return 0;
	put_tape(r);
	put_place(r->vm, &b);
	buf_put_uint(&b, vm_state_hash(r->vm), 8);
	buf_put_uint(&b, r->vm->stop, 1);
	put_block(r, BLOCK_END, &b);
	flush(r);
	if (close(r->fd) && !r->error)
		r->error = errno;
	rc = r->error ? err_set(err, r->error, "the recording is not complete: %s", strerror(r->error)) : 0;
	r->vm->driver = (struct vm_driver){ 0 };
	vm_unsubscribe(r->vm, r->subscription);
	tape_remove(&r->tape, r->vm);
	release(r);
	return rc;
}
