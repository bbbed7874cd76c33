/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording.c - write down a run: what came in, and every million instructions what all was.
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
	int fd, error;  /* errno of the first write that failed */
	u64 next_sums;  /* icount */
};

/* ---- sums ---- */

static u32 fold(u64 hash)
{
	return (u32)(hash ^ hash >> 32);
}

int sums_take(struct vm *vm, u32 sum[SUMS_MAX])
{
	struct x86_state cpu;
	struct clock_state clock;
	struct vm_state state;
	int n = 0;

	for (u32 i = 0; i < vm->ncpus; i++) {
		memset(&cpu, 0, sizeof(cpu));
		vcpu_get(&vm->vcpu[i], &cpu, ST_ALL);
		sum[n++] = fold(state_hash(&x86_state_layout, &cpu, STATE_HASH_SEED));
	}
	clock_state_get(vm, &clock);
	sum[n++] = fold(state_hash(&clock_state_layout, &clock, STATE_HASH_SEED));
	vm_state_get(vm, &state);
	sum[n++] = fold(state_hash(&vm_state_layout, &state, STATE_HASH_SEED));
	for (int i = 0; i < vm->ndevices; i++)
		sum[n++] = fold(state_hash(vm->device[i]->class->layout, vm->device[i]->state, STATE_HASH_SEED));
	return n;
}

void sums_name(const struct vm *vm, int n, char *out, size_t size)
{
	int cpus = (int)vm->ncpus;

	if (n < cpus)
		snprintf(out, size, "processor %d", n);
	else if (n < cpus + 2)
		snprintf(out, size, "%s", n == cpus ? "virtual time and timers" : "the machine's pins, turns and counts");
	else
		snprintf(out, size, "device %s", vm->device[n - cpus - 2]->name);
}

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

static void put_sums(struct recording *r)
{
	struct buf b = { 0 };
	u32 sum[SUMS_MAX];
	int n = sums_take(r->vm, sum);

	put_place(r->vm, &b);
	for (int i = 0; i < n; i++)
		buf_put_uint(&b, sum[i], 4);
	put_block(r, BLOCK_SUMS, &b);
	r->next_sums = (vm_icount(r->vm) / SUMS_EVERY + 1) * SUMS_EVERY;
}

/* ---- running ---- */

static enum stop_why run(void *arg, u64 budget, struct err *err)
{
	struct recording *r = arg;
	struct vm *vm = r->vm;
	u64 here = vm_icount(vm), end = budget && here + budget > here ? here + budget : UINT64_MAX;
	enum stop_why why = STOP_BUDGET;

	while (here < end && why == STOP_BUDGET) {
		u64 goal = end < r->next_sums ? end : r->next_sums;
		bool paused;

		why = vm_run_piece(vm, goal - here, err);
		here = vm_icount(vm);
		paused = r->tape.full;
		put_tape(r);
		if (why == STOP_BUDGET && here >= r->next_sums)
			put_sums(r);
		flush(r);
		if (here < goal && !paused)
			break;
	}
	return why;
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
	if (!r)
		return err_set(err, ENOMEM, "no memory for a recording");
	r->vm = vm;
	r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (r->fd < 0) {
		int code = errno;

		free(r);
		return err_set(err, code, "recording %.200s: cannot be written: %s", path, strerror(code));
	}
	tape_insert(&r->tape, vm);
	r->tape.room = TAPE_ROOM;
	put_head(r);
	put_sums(r);
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
	put_place(r->vm, &b);
	buf_put_uint(&b, vm_state_hash(r->vm), 8);
	buf_put_uint(&b, r->vm->stop, 1);
	put_block(r, BLOCK_END, &b);
	flush(r);
	if (close(r->fd) && !r->error)
		r->error = errno;
	rc = r->error ? err_set(err, r->error, "the recording is not complete: %s", strerror(r->error)) : 0;
	r->vm->driver = (struct vm_driver){ 0 };
	tape_remove(&r->tape, r->vm);
	buf_free(&r->out);
	free(r);
	return rc;
}
