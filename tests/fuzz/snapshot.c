/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot.c - fuzz target: a good snapshot, changed as the input says, with the CRCs put right again.
 * Rule: it is refused and nothing has changed, or it is loaded and the VM runs.
 *
 * An input that begins with FFh is taken as a snapshot just as it is.  Else its first byte says how many
 * changes there are, at most 8; each takes 4 bytes: u16 where (in 65536ths of the stream), u8 how (set, or
 * cut the stream there, or repeat the rest of it), u8 value.
 */
#include <stdlib.h>

#include "core/snapshot-priv.h"
#include "debugger/snapshot-text.h"
#include "tests/fake-engine.h"
#include "tests/ticker.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct fake_insn busy[] = {
	{ 5, FAKE_EXIT, { .reason = EXIT_IO, .io = { .port = 0x40, .size = 1, .write = 1, .value = 3 } } },
	{ 20, FAKE_STI, { 0 } },
	{ 900, FAKE_TWICE, { .reason = EXIT_IO, .io = { .port = 0x45, .size = 1 } } },
	{ 3000, FAKE_JMP, { .qualification = 20 } },
};

static void forge(struct buf *b)
{
	struct reader in = { .at = b->data + SNAPSHOT_MAGIC_LEN, .end = b->data + b->len };
	char name[SECTION_NAME];

	while (read_left(&in)) {
		const u8 *start = in.at;
		u32 crc;

		read_str(&in, name, sizeof(name));
		read_str(&in, name, sizeof(name));
		read_bytes(&in, (size_t)read_uint(&in, 4));
		if (in.bad || read_left(&in) < 4)
			return;
		crc = snapshot_crc(0, start, (size_t)(in.at - start));
		memcpy(b->data + (in.at - b->data), &crc, 4);
		read_uint(&in, 4);
	}
}

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
		o = snapshot_diff(f, f, &err);
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

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct buf b = { 0 };
	struct err err = { 0 };
	struct ticker t;
	struct vm *vm = ticker_machine(&t, &fake_engine, 1, &err);
	u64 hash;

	if (!vm)
		abort();
	fake_program(vm, 0, busy, ARRAY_LEN(busy));
	mem_poke(&vm->mem, 0x3000, "some memory", 11);
	vm_run(vm, 500, &err);
	if (size && data[0] == 0xff)
		buf_put(&b, data + 1, size - 1);
	else if (snapshot_save(vm, &b, &err) < 0)
		abort();
	else
		change(&b, data, size);
	if (b.len > SNAPSHOT_MAGIC_LEN)
		forge(&b);
	look(&b);
	mem_poke(&vm->mem, 0x3000, "other", 5);
	hash = vm_state_hash(vm);
	if (snapshot_load(vm, b.data, b.len, &err) == 0)
		vm_run(vm, 1000, &err);
	else if (!err.text[0] || vm_state_hash(vm) != hash)
		abort();
	buf_free(&b);
	vm_destroy(vm);
	return 0;
}
