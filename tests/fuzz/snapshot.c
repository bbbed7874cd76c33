/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot.c - fuzz target: a good snapshot, changed as the input says, with the CRCs put right again.
 * Rule: it is refused and nothing has changed, or it is loaded and the VM runs.
 *
 * An input that begins with FFh is taken as a snapshot just as it is.  Else its first byte says how many
 * changes there are, at most 8; each takes 4 bytes: u16 where (in 65536ths of the stream), u8 how (set, or
 * cut the stream there, or repeat the rest of it), u8 value.  The last byte says whether it is a file of its own, one that
 * builds upon another, or the one that is built upon.
 */
#include <stdlib.h>

#include "debugger/snapshot-text.h"
#include "tests/fake-engine.h"
#include "tests/forge.h"
#include "tests/ticker.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct fake_insn busy[] = {
	{ 5, FAKE_EXIT, { .reason = EXIT_IO, .io = { .port = 0x40, .size = 1, .write = 1, .value = 3 } } },
	{ 20, FAKE_STI, { 0 } },
	{ 900, FAKE_TWICE, { .reason = EXIT_IO, .io = { .port = 0x45, .size = 1 } } },
	{ 3000, FAKE_JMP, { .qualification = 20 } },
};

static void repeat(struct buf *b, size_t at)
{
	struct buf rest = { 0 };

	buf_put(&rest, b->data + at, b->len - at);
	buf_put(b, rest.data, rest.len);
	buf_free(&rest);
}

static void change(struct buf *b, const u8 *data, size_t size)
{
	for (int n = size ? *data++ % 9 : 0; n && size >= 5; n--, data += 4, size -= 4) {
		size_t at = (size_t)((data[0] | data[1] << 8) * (u64)b->len >> 16);

		if (data[2] < 240)
			b->data[at] = data[3];
		else if (data[2] < 242 && at > SNAPSHOT_MAGIC_LEN)
			b->len = at;
		else if (b->len < 1 << 20)
			repeat(b, at);
	}
}

/* Look into it, without a machine: refused with a reason, or all that is in it can be shown and equals itself. */
static void look(const struct buf *b)
{
	static const struct device_class *const classes[] = { &ticker_class };
	struct snapshot_file *f = malloc(sizeof(*f));
	struct buf text = { 0 };
	struct err err = { 0 };
	json_t *o;

	if (!f)
		abort();
	if (snapshot_open(f, b->data, b->len, classes, ARRAY_LEN(classes), &err)) {
		if (!err.text[0] || f->whole)
			abort();
	} else {
		o = snapshot_diff((const struct snapshot_file *const[]){ f }, 1, (const struct snapshot_file *const[]){ f }, 1, &err);
		if (!o || json_array_size(json_object_get(o, "changes")) || json_array_size(json_object_get(o, "memory")))
			abort();
		json_decref(o);
		o = snapshot_show_json(f, NULL, NULL);
		if (!o)
			abort();
		json_decref(o);
	}
	snapshot_show(f, NULL, NULL, &text);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\n' && (text.data[i] < ' ' || text.data[i] > '~'))
			abort();
	buf_free(&text);
	free(f);
}

/* One machine for all inputs: it begins each as the snapshot `good` has it. */
static struct {
	struct ticker ticker;
	struct vm *vm;
	struct buf good, child; /* whole, and what has changed since */
	u64 hash;
} rig;

static void build(void)
{
	struct snapshot_origin origin = { .name = "child", .parent = "good" };
	struct err err = { 0 };
	u64 *only, id;

	rig.vm = ticker_machine(&rig.ticker, &fake_engine, 1, &err);
	if (!rig.vm)
		abort();
	fake_program(rig.vm, 0, busy, ARRAY_LEN(busy));
	mem_poke(&rig.vm->mem, 0x3000, "some memory", 11);
	mem_poke(&rig.vm->mem, 0x7000, "more memory", 11);
	vm_run(rig.vm, 500, &err);
	origin.parent_id = 0;
	if (snapshot_save(rig.vm, &rig.good, &err))
		abort();
	origin.parent_id = stream_id(rig.good.data, rig.good.data + rig.good.len);
	mem_poke(&rig.vm->mem, 0x3000, "other memory", 12);
	mem_poke(&rig.vm->mem, 0x7000, (const char[11]){ 0 }, 11);
	origin.only = only = calloc(rig.vm->frames->n / 64 + 1, sizeof(*only));
	if (!only)
		abort();
	only[0] = 1 << 3 | 1 << 7; /* the ticker machine's RAM begins with frame 0 */
	if (snapshot_save_as(rig.vm, &origin, &rig.child, &id, &err))
		abort();
	free(only);
	rig.hash = vm_state_hash(rig.vm);
}

/* What has changed on top of what was there: one of the two is as the input says. */
static int load(const struct buf *b, bool chain, bool parent, struct err *err)
{
	struct snapshot_chain c = { .n = chain ? 2 : 1 };

	c.file[0] = chain && parent ? rig.child : *b;
	c.file[1] = parent ? *b : rig.good;
	return snapshot_load_chain(rig.vm, &c, NULL, NULL, err);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	bool chain = size > 1 && data[size - 1] & 1, parent = size > 1 && data[size - 1] & 2;
	struct buf b = { 0 };
	struct err err = { 0 };

	if (!rig.vm)
		build();
	if (size && data[0] == 0xff) {
		buf_put(&b, data + 1, size - 1);
	} else {
		const struct buf *from = chain && !parent ? &rig.child : &rig.good;

		buf_put(&b, from->data, from->len);
		change(&b, data, size);
	}
	if (b.len > SNAPSHOT_MAGIC_LEN && (size < 3 || data[size - 2] & 7)) /* one in eight keeps its wrong CRCs */
		forge(&b);
	if (size < 4 || !(data[size - 3] & 7)) /* it takes as long as eight loads */
		look(&b);
	if (load(&b, chain, parent, &err) == 0) {
		vm_run(rig.vm, 1000, &err);
		if (snapshot_load_chain(rig.vm, &(struct snapshot_chain){ .file = { rig.child, rig.good }, .n = 2 }, NULL, NULL, &err))
			abort();
	} else if (!err.text[0]) {
		abort();
	}
	if (vm_state_hash(rig.vm) != rig.hash) /* refused: nothing has changed; loaded: it was brought back */
		abort();
	buf_free(&b);
	return 0;
}
