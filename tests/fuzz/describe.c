/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe.c - fuzz target: a machine whose page tables, rings, registers and console bytes are the
 * input's is
 * described, whole.
 * Rule: every description comes to an end within its bounds, can be wrapped to any width, and changes
 * nothing.
 *
 * Steps of 12 bytes: what, u24 place, u64 value.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/interp.h"
#include "debugger/session/describe.h"
#include "debugger/session/page-map.h"
#include "debugger/tui/guest-screen.h"
#include "devices/pc-virtio.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { RAM = 4 << 20, STEP = 12, STEPS_MAX = 400, TABLES = 0x10000, VIRTIO_SPAN = 0x200 };
enum { TABLE, PAGING, RING, RING_SETUP, PORT, APIC, EXIT, KINDS };

struct fuzzed {
	struct session s;
	struct pc *pc;
};

static void machine(struct fuzzed *f)
{
	struct vm_config vm = { .name = "described", .engine = &engine_interp, .mem_size = RAM, .cpus = 2 };
	struct pc_config pc = { .mem_size = RAM, .virtio = { .rng = true, .console = true, .mmio = true } };
	struct err err = { 0 };

	vm.hidden_size = pc_hidden_size(&pc);
	f->s.vm = vm_create(&vm, &err);
	if (!f->s.vm || pc_build(f->s.vm, &pc, &f->pc, &err))
		abort();
	vm_reset(f->s.vm);
	f->s.pc = f->pc;
	f->s.history.vm = f->s.vm;
	f->s.history.ring = calloc(HISTORY_EXITS, sizeof(*f->s.history.ring));
	if (!f->s.history.ring)
		abort();
}

/* Paging of one of the three formats, with tables where TABLE steps write. */
static void set_paging(struct vm *vm, u32 place, u64 value)
{
	static const struct { u64 cr4, efer;
	} formats[] = {
		{ 0, 0 },
		{ CR4_PSE, 0 },
		{ CR4_PAE, 0 },
		{ CR4_PAE | CR4_PGE, EFER_LME | EFER_LMA | EFER_NXE },
	};
	struct vcpu *v = &vm->vcpu[place & 1];
	struct x86_state st;

	vcpu_get(v, &st, ST_ALL);
	st.cr0[0] |= CR0_PE | CR0_PG;
	st.cr4[0] = formats[place >> 1 & 3].cr4;
	st.efer[0] = formats[place >> 1 & 3].efer;
	st.cr3[0] = TABLES + (value & 3) * PAGE_SIZE_4K;
	for (u32 i = 0; i < 4; i++)
		st.pdpte[i] = value >> (8 + 8 * i) & 1 ? (TABLES + i * PAGE_SIZE_4K) | 1 : 0;
	(void)vcpu_set(v, &st, ST_ALL, NULL);
}

/* Entries lead to one of eight pages, so that tables meet. */
static void set_entry(struct vm *vm, u32 place, u64 value)
{
	u64 entry = value & 0x8000000000000fffull;

	entry |= value >> 60 & 1 ? value & 0x000ffffffffff000ull : TABLES + (value >> 12 & 7) * PAGE_SIZE_4K;
	mem_write(&vm->mem, TABLES + (u64)(place % (8 * 512)) * 8, &entry, 8);
}

static void add_exit(struct history *h, u32 place, u64 value)
{
	u64 number = h->next ? h->next : 1, cost = value >> (place & 63);
	struct history_exit e = { .number = number,
				  .time = value >> 32,
				  .rip = value,
				  .qualification = value,
				  .gpa = value,
				  .reason = (u16)(place % 80),
				  .vcpu = place & 1,
				  .cost_ns = cost };

	h->first = h->first ? h->first : number;
	h->ring[number % HISTORY_EXITS] = e;
	h->next = number + 1;
	if (e.reason < EXIT_COUNT) {
		h->reason[e.reason].count++;
		h->reason[e.reason].bucket[place % HISTORY_BUCKETS]++;
	}
}

static void step(struct fuzzed *f, const u8 *p)
{
	struct vm *vm = f->s.vm;
	u32 place = (u32)(p[1] | p[2] << 8 | p[3] << 16);
	u64 value;

	memcpy(&value, p + 4, 8);
	switch (p[0] % KINDS) {
	case TABLE: set_entry(vm, place, value); break;
	case PAGING: set_paging(vm, place, value); break;
	case RING: mem_write(&vm->mem, 0x20000 + (place & 0x3fff), &value, 8); break;
	case RING_SETUP:
		bus_write(&vm->mmio, PC_VIRTIO_MMIO_BASE + (place & 0x3fc), 4, value & 0x23fff, NULL);
		break;
	case PORT: bus_write(&vm->port, place % 0x400, 1, value, NULL); break;
	case APIC: bus_write(&vm->vcpu[place & 1].mmio, 0xfee00000 + (place & 0x3f0), 4, value, NULL); break;
	default: add_exit(&f->s.history, place, value);
	}
}

static void describe(struct session *s, const u8 *data, struct lines *l)
{
	struct table_open open[4] = { { 0, 3 }, { 0, 2 }, { 0, 1 }, { (u64)data[0] << 39, 3 } };
	const struct history_exit *e =
		s->history.next ? &s->history.ring[(s->history.next - 1) % HISTORY_EXITS] : NULL;

	for (u32 cpu = 0; cpu < 2; cpu++) {
		describe_walk(s, cpu, data[0] * 0x1001001ull, l);
		describe_tables(s, data[0] >> 4 & 1 ? STAGE_EPT : STAGE_GUEST, cpu, open, 4, data[1] & 1, l);
		describe_mappings(s, STAGE_GUEST, cpu, 50, l);
		describe_heat(s, STAGE_GUEST, cpu, data[0] & 7, data[1], data[1], l);
		describe_table(s, cpu, TABLES, data[1] & 7, 0, data[1] & 8, l);
		describe_vmcs(s, cpu, NULL, l);
	}
	describe_translate(s, 0, data[0] * 0x1001001ull, l);
	describe_owner(s, data[1] * 0x1000ull, l);
	describe_tlb(s, 0, data[0], l);
	describe_page_map(s, data[0] % MAP_SPACES, data[1], data[0] & 15, l);
	describe_memory(s, l);
	describe_controls(s, l);
	describe_devices(s, l);
	for (int i = 0; i < s->vm->ndevices; i++)
		describe_device(s, s->vm->device[i], NULL, l);
	describe_irqs(s, l);
	describe_queues(s, true, l);
	describe_processors(s, l);
	describe_turns(s, data[1], l);
	describe_stats(s, 80, true, l);
	if (e)
		describe_exit(s, e, true, l);
}

static void console(const u8 *data, size_t size)
{
	struct guest_screen *g = guest_screen_new();

	if (!g)
		abort();
	for (size_t at = 0; at < size; at += 100)
		guest_screen_feed(g, at, (const char *)data + at, size - at < 100 ? size - at : 100);
	guest_screen_seek(g, size / 2);
	guest_screen_feed(g, size / 2, (const char *)data, size % 50);
	guest_screen_seek(g, size);
	for (i32 row = -3; row <= GUEST_ROWS; row++)
		guest_screen_cell(g, row, row * 7);
	guest_screen_free(g);
}

static void states(const struct vm *vm, struct buf *out)
{
	for (int i = 0; i < vm->ndevices; i++)
		device_save(vm->device[i], out);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct buf before = { 0 }, after = { 0 }, text = { 0 };
	struct fuzzed f = { 0 };
	struct lines l = { 0 };

	if (size < 2 + STEP)
		return 0;
	machine(&f);
	for (size_t i = 0; i < STEPS_MAX && 2 + (i + 1) * STEP <= size; i++)
		step(&f, data + 2 + i * STEP);
	states(f.s.vm, &before);
	describe(&f.s, data, &l);
	states(f.s.vm, &after);
	if (before.len != after.len || memcmp(before.data, after.data, before.len) || l.n > LINES_MAX)
		abort();
	lines_wrap(&l, data[0] % 120);
	lines_text(&l, &text);
	lines_free(&l);
	console(data, size);
	buf_free(&before);
	buf_free(&after);
	buf_free(&text);
	free(f.s.history.ring);
	pc_destroy(f.pc);
	vm_destroy(f.s.vm);
	return 0;
}
