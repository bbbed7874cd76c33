/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot.c - facts about snapshots: what is saved comes back, a run goes on as if nothing had been, and no
 * stream whatsoever does harm.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/snapshot-tree-priv.h"
#include "tests/forge.h"
#include "tests/unit/unit.h"
#include "tests/watch.h"

/* Everything that happens, in a loop. */
static const struct fake_insn busy[] = {
	{ 5, FAKE_EXIT, OUT(0x40, 3) },
	DO(20, FAKE_STI),
	{ 100, FAKE_EXIT, IN(0x41) },
	DO(700, FAKE_CLI),
	{ 900, FAKE_TWICE, IN(0x45) },
	{ 1000, FAKE_EXIT, { .reason = EXIT_RDRAND, .random = { .size = 8 } } },
	{ 1500, FAKE_EXIT, OUT(0x44, 1) },
	DO(2000, FAKE_STI),
	DO(2001, FAKE_HLT),
	DO(2500, FAKE_STI),
	{ 2600, FAKE_EXIT, { .reason = EXIT_HLT } },
	{ 3000, FAKE_JMP, { .qualification = 20 } },
};

static struct vm *other(struct ticker *t)
{
	struct vm *vm = ticker_machine(t, &fake_engine, 1, &err);

	ck_assert(vm != NULL);
	fake_program(vm, 0, busy, ARRAY_LEN(busy));
	return vm;
}

static void scribble(struct vm *vm, u8 seed)
{
	u8 page[PAGE_SIZE_4K];

	for (u64 n = 0; n < 130; n++) { /* more than two chunks, with gaps */
		for (unsigned i = 0; i < sizeof(page); i++)
			page[i] = (u8)(n * 7 + i * seed);
		mem_poke(&vm->mem, n % 3 ? n * PAGE_SIZE_4K : n * 5, page, n % 3 ? sizeof(page) : 1);
	}
	mem_poke(&vm->mem, TICKER_RAM, page, sizeof(page));
}

static struct buf save(struct vm *vm)
{
	struct buf b = { 0 };

	ck_assert_msg(snapshot_save(vm, &b, &err) == 0, "%s", err.text);
	return b;
}

START_TEST(run_save_load_run_is_run)
{
	for (u64 n = 1; n < 9000; n += 997) {
		struct ticker t;
		struct vm *a = MACHINE(busy), *b = other(&t);
		struct buf saved, again;

		scribble(a, 3);
		scribble(b, 5); /* must all go */
		mem_poke(&b->mem, 0xe0000, "x", 1);
		vm_run(b, 777, &err);
		ck_assert_int_eq(vm_run(a, n, &err), STOP_BUDGET);
		saved = save(a);
		ck_assert_msg(snapshot_load(b, saved.data, saved.len, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(vm_state_hash(b), vm_state_hash(a));
		again = save(b);
		ck_assert_uint_eq(again.len, saved.len);
		ck_assert_mem_eq(again.data, saved.data, saved.len);
		ck_assert_int_eq(vm_run(a, 20000, &err), STOP_BUDGET);
		ck_assert_int_eq(vm_run(b, 20000, &err), STOP_BUDGET);
		ck_assert_uint_eq(vm_state_hash(b), vm_state_hash(a));
		ck_assert_uint_eq(b->clock.now, a->clock.now);
		buf_free(&saved);
		buf_free(&again);
		vm_destroy(a);
		vm_destroy(b);
	}
}
END_TEST

START_TEST(the_engine_and_the_dirty_log_hear_of_it)
{
	struct vm *vm = MACHINE(busy);
	struct fake_vm *f = vm->engine_data;
	struct buf b;
	u64 before, *bits = calloc(8, sizeof(*bits));
	const struct mem_slot *ram = mem_slot_at(&vm->mem, 0);

	scribble(vm, 3);
	b = save(vm);
	ck_assert_int_eq(mem_log(&vm->mem, ram->id, true, &err), 0);
	before = f->changed;
	ck_assert_int_eq(snapshot_load(vm, b.data, b.len, &err), 0);
	ck_assert_uint_gt(f->changed, before);
	ck_assert_uint_eq(mem_fetch_dirty(&vm->mem, ram->id, bits), TICKER_RAM / PAGE_SIZE_4K);
	free(bits);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

/* What a halted or reset-pending machine waits for is in the snapshot too. */
START_TEST(waiting_states_come_back)
{
	static const struct fake_insn halts[] = { { 5, FAKE_EXIT, OUT(0x40, 9) },
						  DO(6, FAKE_STI),
						  DO(8, FAKE_HLT) };
	struct vm *a = MACHINE(halts), *b;
	struct ticker t;
	struct buf saved;

	ticker.out.set = NULL; /* the line is cut: the halt is seen from outside */
	ck_assert_int_eq(vm_run(a, 9, &err), STOP_BUDGET);
	ck_assert_uint_eq(a->vcpu[0].activity, ACT_HALTED);
	vm_nmi_line(a, 0, 1);
	mem_set_a20(&a->mem, false);
	saved = save(a);
	b = other(&t);
	ck_assert_int_eq(snapshot_load(b, saved.data, saved.len, &err), 0);
	ck_assert_uint_eq(b->vcpu[0].activity, ACT_HALTED);
	ck_assert(b->vcpu[0].nmi);
	ck_assert_uint_eq(mem_gpa(&b->mem, 0x100000), 0);
	ck_assert_int_eq(vm_run(b, 5, &err), STOP_BUDGET);
	ck_assert_uint_eq(fake_of(b, 0)->delivered[0].vector, VEC_NMI);
	buf_free(&saved);
	vm_destroy(a);
	vm_destroy(b);
}
END_TEST

/* ---- refusals ---- */

static void refused(struct vm *vm, const u8 *data, size_t len, const char *words)
{
	u64 hash = vm_state_hash(vm);

	memset(&err, 0, sizeof(err));
	ck_assert_int_lt(snapshot_load(vm, data, len, &err), 0);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' lacks '%s'", err.text, words);
	ck_assert_uint_eq(vm_state_hash(vm), hash);
}

START_TEST(every_truncation_is_refused)
{
	struct vm *a = MACHINE(busy);
	struct buf b;
	u8 more[64] = { 0 };

	scribble(a, 3);
	vm_run(a, 2000, &err);
	b = save(a);
	scribble(a, 9); /* now it differs from the snapshot: a change would be seen */
	ck_assert_uint_lt(b.len, 100000);
	for (size_t len = 0; len < b.len; len += len < 4000 ? 1 : 37) {
		u8 *exact = malloc(len + !len); /* of this size, so that reading past it is caught */

		memcpy(exact, b.data, len);
		ck_assert_int_lt(snapshot_load(a, exact, len, &err), 0);
		free(exact);
	}
	refused(a, b.data, b.len - 1, "in the middle of section 'end'");
	buf_put(&b, more, sizeof(more));
	refused(a, b.data, b.len, "64 bytes follow its end");
	refused(a, (const u8 *)"VITRINE\3", 8, "is of format 3, this version reads formats 1 to 2");
	refused(a, (const u8 *)"VITRINE\0", 8, "is of format 0, this version reads formats 1 to 2");
	refused(a, (const u8 *)"VITRINF\2", 8, "not a snapshot");
	buf_free(&b);
	vm_destroy(a);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
	struct vm *a = MACHINE(busy);
	struct buf b;
	u64 hash;

	scribble(a, 3);
	vm_run(a, 2000, &err);
	b = save(a);
	scribble(a, 9);
	hash = vm_state_hash(a);
	for (size_t bit = 0; bit < b.len * 8; bit += bit < 40000 ? 1 : 101) {
		b.data[bit / 8] ^= (u8)(1 << bit % 8);
		ck_assert_int_lt(snapshot_load(a, b.data, b.len, &err), 0);
		b.data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	ck_assert_uint_eq(vm_state_hash(a), hash);
	ck_assert_int_eq(snapshot_load(a, b.data, b.len, &err), 0);
	buf_free(&b);
	vm_destroy(a);
}
END_TEST

/* Damage behind a right CRC: either it is refused and nothing has changed, or it was harmless and the VM
 * runs. */
START_TEST(forged_streams_do_no_harm)
{
	struct vm *a = MACHINE(busy);
	struct buf b, good;
	u64 seed = 5, hash;
	int taken = 0, refusals = 0;

	scribble(a, 3);
	vm_run(a, 2000, &err);
	good = save(a);
	for (int i = 0; i < 3000; i++) {
		b = (struct buf){ 0 };
		buf_put(&b, good.data, good.len);
		for (int n = 0; n < 1 + i % 3; n++) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			b.data[(seed >> 20) % (i % 2 ? b.len : 4000)] = (u8)(seed >> 56);
		}
		forge(&b);
		hash = vm_state_hash(a);
		if (snapshot_load(a, b.data, b.len, &err) == 0) {
			taken++;
			vm_run(a, 50, &err);
		} else {
			refusals++;
			ck_assert_uint_eq(vm_state_hash(a), hash);
		}
		buf_free(&b);
	}
	ck_assert_int_gt(taken, 100);
	ck_assert_int_gt(refusals, 100);
	buf_free(&good);
	vm_destroy(a);
}
END_TEST

START_TEST(an_impossible_processor_state_changes_nothing)
{
	struct vm *a = MACHINE(busy);
	struct buf b;

	fake_of(a, 0)->s.cr0[0] = CR0_PG;
	b = save(a);
	fake_of(a, 0)->s.cr0[0] = 0;
	scribble(a, 3);
	refused(a, b.data, b.len, "PG without CR0.PE");
	buf_free(&b);
	vm_destroy(a);
}
END_TEST

/* The stream with section number n left out, or given twice, or with a letter of its name changed. */
static struct buf edit(const struct buf *good, int n, char how, char *name)
{
	struct reader in = { .at = good->data + SNAPSHOT_MAGIC_LEN, .end = good->data + good->len };
	struct buf b = { 0 };
	char instance[SECTION_NAME];

	buf_put(&b, good->data, SNAPSHOT_MAGIC_LEN);
	for (int i = 0; read_left(&in); i++) {
		const u8 *start = in.at;
		size_t size;

		read_str(&in, i == n ? name : instance, SECTION_NAME);
		read_str(&in, instance, SECTION_NAME);
		read_bytes(&in, (size_t)read_uint(&in, 4) + 4);
		size = (size_t)(in.at - start);
		if (i != n || how != 'd')
			buf_put(&b, start, size);
		if (i == n && how == 't')
			buf_put(&b, start, size);
		if (i == n && how == 'r')
			b.data[b.len - size + 2] ^= 0x20;
	}
	forge(&b);
	return b;
}

START_TEST(sections_are_complete_single_and_known)
{
	struct vm *a = MACHINE(busy);
	struct buf good = save(a), b;
	char name[SECTION_NAME] = "";

	scribble(a, 3);
	for (int i = 0; i < 9; i++) { /* writer about machine slots clock vm device vcpu frames */
		b = edit(&good, i, 'd', name);
		if (!strcmp(name, "writer") || !strcmp(name, "about") || !strcmp(name, "device")) {
			/* as older files were */
			ck_assert_msg(snapshot_load(a, b.data, b.len, &err) == 0, "%s", err.text);
			scribble(a, 3);
		} else {
			refused(a, b.data, b.len, "has no section");
			ck_assert(strstr(err.text, name) != NULL);
		}
		buf_free(&b);
		b = edit(&good, i, 't', name);
		refused(a, b.data, b.len, "comes twice");
		buf_free(&b);
		b = edit(&good, i, 'r', name);
		refused(a, b.data, b.len, "which this version does not know");
		buf_free(&b);
	}
	ck_assert_str_eq(name, "frames");
	fake_of(a, 0)->s.activity[0] = 9;
	b = save(a);
	fake_of(a, 0)->s.activity[0] = 0;
	refused(a, b.data, b.len, "activity 9; expected 0 to 3");
	buf_free(&b);
	buf_free(&good);
	vm_destroy(a);
}
END_TEST

START_TEST(another_machine_is_refused)
{
	struct ticker t;
	struct vm *a = MACHINE(busy), *two = ticker_machine(&t, &fake_engine, 2, &err);
	struct buf b = save(two);
	const char *name = a->device[0]->name;
	const struct cpu_model *model = a->cpu;
	frame_no frame;

	refused(a, b.data, b.len, "cpus = 2, this machine has 1");
	buf_free(&b);
	b = save(a);
	a->device[0]->name = "ticker2";
	refused(a, b.data, b.len, "has a device 'ticker'");
	a->device[0]->name = name;
	a->cpu = &cpu_models[1];
	refused(a, b.data, b.len, "this machine has");
	a->cpu = model;
	a->clock.insn_ps = 500;
	refused(a, b.data, b.len, "insn_ps = 1000, this machine has 500");
	a->clock.insn_ps = 1000;
	frame = frames_alloc(a->frames, 2);
	refused(a, b.data, b.len, "divided differently");
	mem_slot_add(&a->mem, "more", 0x200000, 2 * PAGE_SIZE_4K, frame, 0, &err);
	refused(a, b.data, b.len, "2 memory slots, this machine has 3");
	buf_free(&b);
	vm_destroy(a);
	vm_destroy(two);
}
END_TEST

START_TEST(files_appear_whole_or_not_at_all)
{
	struct vm *a = MACHINE(busy);
	char dir[] = "/tmp/vitrine-XXXXXX", path[64], temp[96];
	u64 hash;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(temp, sizeof(temp), "%s.tmp-%ld", path, (long)getpid());
	vm_run(a, 1234, &err);
	hash = vm_state_hash(a);
	ck_assert_msg(snapshot_save_file(a, path, &err) == 0, "%s", err.text);
	ck_assert_int_ne(access(temp, F_OK), 0);
	vm_run(a, 1000, &err);
	ck_assert_int_eq(snapshot_load_file(a, path, NULL, &err), 0);
	ck_assert_uint_eq(vm_state_hash(a), hash);
	unlink(path);
	ck_assert_int_lt(snapshot_load_file(a, path, NULL, &err), 0);
	ck_assert(strstr(err.text, "No such file") != NULL);
	ck_assert_int_lt(snapshot_load_file(a, dir, NULL, &err), 0);
	ck_assert(strstr(err.text, "not a regular file") != NULL);
	ck_assert_int_lt(snapshot_load_file(a, "/dev/zero", NULL, &err), 0);
	mkdir(path, 0700); /* cannot be replaced by a file: rename fails, and the temporary file goes */
	ck_assert_int_lt(snapshot_save_file(a, path, &err), 0);
	ck_assert_int_ne(access(temp, F_OK), 0);
	ck_assert_int_lt(snapshot_save_file(a, "/nowhere/s", &err), 0);
	rmdir(path);
	rmdir(dir);
	vm_destroy(a);
}
END_TEST

/* ---- older files ---- */

/* A file from before a device was there: it is as after power-up, and that is said. */
START_TEST(a_new_device_begins_anew)
{
	struct vm *a = MACHINE(busy);
	struct snapshot_chain chain = { .n = 1 };
	struct buf b = save(a), names = { 0 };
	char name[SECTION_NAME] = "";

	chain.file[0] = edit(&b, 6, 'd', name);
	ck_assert_str_eq(name, "device");
	ticker.s.memory[3] = 0x77;
	ck_assert_msg(snapshot_load_chain(a, &chain, NULL, &names, &err) == 0, "%s", err.text);
	ck_assert_str_eq(buf_text(&names), "ticker");
	ck_assert_uint_eq(ticker.s.memory[3], 0x5a);
	snapshot_chain_close(&chain);
	buf_free(&names);
	buf_free(&b);
	vm_destroy(a);
}
END_TEST

/* Format 1 differed in what is not there: these sections, and the check in the last. */
START_TEST(format_1_is_read)
{
	struct vm *a = MACHINE(busy);
	struct buf good, older = { 0 }, none = { 0 };
	struct reader in;
	struct section s;
	u64 hash;

	scribble(a, 3);
	vm_run(a, 2000, &err);
	good = save(a);
	hash = vm_state_hash(a);
	buf_put(&older, "VITRINE\1", SNAPSHOT_MAGIC_LEN);
	ck_assert_int_eq(snapshot_begin(&in, good.data, good.len, &err), 0);
	for (const u8 *start = in.at; section_next(&in, &s); start = in.at)
		if (!strcmp(s.name, "end"))
			section_put(&older, "end", "", &none);
		else if (strcmp(s.name, "about"))
			buf_put(&older, start, (size_t)(in.at - start));
	scribble(a, 9);
	ck_assert_msg(snapshot_load(a, older.data, older.len, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(vm_state_hash(a), hash);
	buf_free(&older);
	buf_free(&good);
	vm_destroy(a);
}
END_TEST

START_TEST(crc_is_the_standard_one)
{
	static u8 many[40003];
	u32 crc = 0;

	/* The check value of CRC-32/ISO-HDLC (cksum -o3, zlib, PNG). */
	ck_assert_uint_eq(snapshot_crc(0, (const u8 *)"123456789", 9), 0xcbf43926);
	for (size_t i = 0; i < sizeof(many); i++) { /* the long way and the short one */
		many[i] = (u8)(i * i >> 3);
		crc = snapshot_crc(crc, &many[i], 1);
	}
	ck_assert_uint_eq(snapshot_crc(0, many, sizeof(many)), crc);
	ck_assert_uint_eq(snapshot_crc(snapshot_crc(0, (const u8 *)"1234", 4), (const u8 *)"56789", 5),
			  0xcbf43926);
}
END_TEST

START_TEST(the_hash_sees_everything)
{
	struct vm *vm = MACHINE(busy);
	u64 hash = vm_state_hash(vm);

	ck_assert_uint_eq(vm_state_hash(vm), hash);
#define CHANGES(change, back) \
	do { \
		change; \
		ck_assert_uint_ne(vm_state_hash(vm), hash); \
		back; \
		ck_assert_uint_eq(vm_state_hash(vm), hash); \
	} while (0)
	CHANGES(fake_of(vm, 0)->s.gpr[R15] ^= 1, fake_of(vm, 0)->s.gpr[R15] ^= 1);
	CHANGES(ticker.s.memory[15] ^= 1, ticker.s.memory[15] ^= 1);
	CHANGES(vm->clock.now++, vm->clock.now--);
	CHANGES(device_timer_set(&ticker.dev, 0, 99),
		(device_timer_cancel(&ticker.dev, 0), vm->clock.order--));
	CHANGES(vm->random ^= 1, vm->random ^= 1);
	CHANGES(vm->vcpu[0].nmi = true, vm->vcpu[0].nmi = false);
	CHANGES(vm->vcpu[0].init = true, vm->vcpu[0].init = false);
	CHANGES(vm->vcpu[0].sipi = 1, vm->vcpu[0].sipi = 0);
	CHANGES(mem_poke(&vm->mem, 0x2345, "\1", 1), mem_poke(&vm->mem, 0x2345, "\0", 1));
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		run_save_load_run_is_run,
		the_engine_and_the_dirty_log_hear_of_it,
		waiting_states_come_back,
		every_truncation_is_refused,
		every_flipped_bit_is_refused,
		forged_streams_do_no_harm,
		an_impossible_processor_state_changes_nothing,
		sections_are_complete_single_and_known,
		another_machine_is_refused,
		files_appear_whole_or_not_at_all,
		a_new_device_begins_anew,
		format_1_is_read,
		crc_is_the_standard_one,
		the_hash_sees_everything,
	};

	return unit_run("snapshot", tests, ARRAY_LEN(tests));
}
