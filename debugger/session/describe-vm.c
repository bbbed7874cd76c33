/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-vm.c - guest-physical memory and what answers in it, processors and their turns, what leaves
 * the guest.
 * Rule: a range is looked up in the lists of slots and claims; nothing is read from a device to find out.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/session/describe.h"
#include "debugger/session/symbols.h"

#define ULL(x) ((unsigned long long)(x))

/* ---- who answers ---- */

static const struct bus_entry *claim_at(const struct bus *b, u64 addr)
{
	for (int i = 0; i < b->n; i++)
		if (addr - b->entry[i].base < b->entry[i].size)
			return &b->entry[i];
	return NULL;
}

static const char *slot_kind(const struct mem_slot *slot)
{
	return slot->flags & SLOT_HOLE	 ? "hidden"
	       : slot->flags & SLOT_DEVICE ? "device memory"
	       : slot->flags & SLOT_ROM	 ? "ROM"
					 : "RAM";
}

void describe_place(struct session *s, u64 gpa, struct buf *out)
{
	const struct mem_slot *slot = mem_slot_at(&s->vm->mem, gpa);
	const struct bus_entry *e = claim_at(&s->vm->vcpu[s->cpu].mmio, gpa);

	if (!e && slot && !(slot->flags & SLOT_HOLE)) {
		buf_printf(out, "%s `%s', machine frame %llx", slot_kind(slot), slot->name,
			   ULL(slot->frame + (gpa - slot->gpa) / PAGE_SIZE_4K));
		return;
	}
	e = e ? e : claim_at(&s->vm->mmio, gpa);
	if (!e) {
		buf_printf(out, "nothing answers here");
		return;
	}
	u64 offset = gpa - e->base;
	const char *reg = e->claim->regs && offset < (u64)e->claim->nregs ? e->claim->regs[offset] : NULL;
	buf_printf(out, "device %s, %s%s0x%llx", e->dev->name, reg ? reg : "", reg ? " at " : "offset ",
		   ULL(offset));
}

/* ---- the map of memory ---- */

static void size_text(u64 bytes, char out[16])
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	int u = 0;

	while (u < 4 && bytes >= 1024 && !(bytes & 1023)) {
		bytes >>= 10;
		u++;
	}
	snprintf(out, 16, "%llu %s", ULL(bytes), unit[u]);
}

static struct line *range_line(struct lines *l, enum line_kind kind, u64 base, u64 size, const char *what,
			       const char *name)
{
	char bytes[16];

	size_text(size, bytes);
	struct line *line = lines_add(l, kind, "%012llx..%012llx %9s  %-13s %s", ULL(base),
				      ULL(base + (size - 1)), bytes, what, name);
	line->about = ABOUT_GPA;
	line->value = base;
	return line;
}

static void slots(struct session *s, struct lines *l)
{
	const struct mem *m = &s->vm->mem;

	for (int i = 0; i < m->nslots; i++) {
		const struct mem_slot *slot = &m->slot[i];

		range_line(l, slot->flags & SLOT_HOLE ? LINE_DIM : LINE_TEXT, slot->gpa, slot->size,
			   slot_kind(slot), slot->name);
		if (slot->frame != FRAME_NONE)
			lines_more(l, ", frames %llx..%llx", ULL(slot->frame),
				   ULL(slot->frame + (slot->size / PAGE_SIZE_4K - 1)));
		if (slot->flags & SLOT_LOG)
			lines_more(l, ", writes are logged");
	}
}

static void claims(const struct bus *b, struct lines *l)
{
	for (int i = 0; i < b->n; i++)
		range_line(l, LINE_TEXT, b->entry[i].base, b->entry[i].size, "registers",
			   b->entry[i].dev->name);
}

void describe_memory(struct session *s, struct lines *l)
{
	const struct frames *f = s->vm->frames;

	lines_add(l, LINE_TITLE, "guest-physical memory%s",
		  ~s->vm->mem.gpa_mask ? "  (A20 is off: bit 20 of every address is 0)" : "");
	slots(s, l);
	lines_add(l, LINE_TITLE, "registers in memory");
	claims(&s->vm->mmio, l);
	claims(&s->vm->vcpu[s->cpu].mmio, l);
	lines_add(l, LINE_TITLE, "the machine: %llu frames of 4 KiB, %llu in use", ULL(f->n), ULL(f->used));
}

/* ---- processors ---- */

static const char *const activities[] = { "active", "halted", "shut down", "waits for SIPI" };

void describe_processors(struct session *s, struct lines *l)
{
	const struct vm *vm = s->vm;

	lines_add(l, LINE_TITLE, "cpu  state           instructions  share  mode          rip");
	for (u32 i = 0; i < vm->ncpus; i++) {
		struct buf mode = { 0 }, symbol = { 0 };
		struct x86_state st;
		u64 all = vm_icount(vm), icount;

		if (vcpu_get(&s->vm->vcpu[i], &st, ST_ALL) < 0) {
			lines_add(l, LINE_BAD, "%3u  cannot be asked now", i);
			continue;
		}
		icount = st.icount[0];
		describe_mode(&st, &mode);
		if (s->symbols)
			symbols_text(s->symbols, st.rip[0], &symbol);
		struct line *line =
			lines_add(l, st.activity[0] == ACT_ACTIVE ? LINE_TEXT : LINE_DIM,
				  "%2u%c  %-14s %13llu %5.1f%%  %-12s %llx %s", i, i == s->cpu ? '*' : ' ',
				  st.activity[0] < ARRAY_LEN(activities) ? activities[st.activity[0]] : "?",
				  ULL(icount), all ? 100.0 * (double)icount / (double)all : 0.0,
				  buf_text(&mode) ? buf_text(&mode) : "", ULL(st.rip[0]),
				  symbol.len && buf_text(&symbol) ? buf_text(&symbol) : "");
		line->about = ABOUT_CPU;
		line->value = i;
		buf_free(&mode);
		buf_free(&symbol);
	}
	if (vm->ncpus == 1)
		lines_add(l, LINE_DIM, "one processor has the host's thread for itself");
	else if (vm->threads)
		lines_add(l, LINE_DIM, "each processor has a thread of the host's");
	else
		lines_add(l, LINE_DIM, "in turn, %u instructions each; now cpu %u, %llu of its turn used",
			  VM_QUANTUM, vm->turn, ULL(vm->turn_used));
}

/* What an exit means in the picture of turns. */
static char turn_mark(const struct history_exit *e)
{
	switch (e->reason) {
	case EXIT_HLT: return 'h';
	case EXIT_IO: return 'i';
	case EXIT_EPT_VIOLATION: return 'm';
	case EXIT_CR_ACCESS: case EXIT_RDMSR: case EXIT_WRMSR: return 'c';
	default: return 'x';
	}
}

void describe_turns(struct session *s, int width, struct lines *l)
{
	const struct history *h = &s->history;
	const struct history_exit *oldest;
	enum { COLUMNS = 200 };
	int columns = width - 8 < COLUMNS ? width - 8 : COLUMNS;
	char row[COLUMNS + 1];

	if (h->next == h->first || columns < 8 ||
	    !(oldest = history_exit_get(h, h->next - h->first > 500 ? h->next - 500 : h->first)))
		return;
	u64 from = oldest->time, span = s->vm->clock.now > from ? s->vm->clock.now - from + 1 : 1;
	lines_add(l, LINE_TITLE, "latest %llu exits, %.6f s: h HLT, i I/O, m memory, c CR or MSR, x others",
		  ULL(h->next - oldest->number), (double)span / 1e9);
	for (u32 cpu = 0; cpu < s->vm->ncpus; cpu++) {
		memset(row, '-', (size_t)columns);
		row[columns] = 0;
		for (u64 n = oldest->number; n < h->next; n++) {
			const struct history_exit *e = history_exit_get(h, n);

			if (e && e->vcpu == cpu && e->time >= from && e->time - from < span)
				row[(u64)((double)(e->time - from) / (double)span * columns)] = turn_mark(e);
		}
		lines_add(l, LINE_TEXT, "cpu %-2u |%s|", cpu, row);
	}
}

/* ---- what leaves the guest ---- */

struct control { const char *name, *what; size_t offset; };
/* SDM 3C tables 24-6 and 24-7 */
static const struct control controls[] = {
	{ "HLT exiting", "HLT", offsetof(struct vm_controls, hlt_exiting) },
	{ "INVLPG exiting", "INVLPG", offsetof(struct vm_controls, invlpg_exiting) },
	{ "RDPMC exiting", "RDPMC", offsetof(struct vm_controls, rdpmc_exiting) },
	{ "RDTSC exiting", "RDTSC and RDTSCP", offsetof(struct vm_controls, rdtsc_exiting) },
	{ "CR3-load, CR3-store exiting", "MOV to and from CR3", offsetof(struct vm_controls, cr3_exiting) },
	{ "CR8-load, CR8-store exiting", "MOV to and from CR8", offsetof(struct vm_controls, cr8_exiting) },
	{ "MOV-DR exiting", "MOV to and from debug registers", offsetof(struct vm_controls, mov_dr_exiting) },
	{ "PAUSE exiting", "PAUSE", offsetof(struct vm_controls, pause_exiting) },
	{ "WBINVD exiting", "WBINVD and INVD", offsetof(struct vm_controls, wbinvd_exiting) },
	{ "RDRAND exiting", "RDRAND", offsetof(struct vm_controls, rdrand_exiting) },
	{ "RDSEED exiting", "RDSEED", offsetof(struct vm_controls, rdseed_exiting) },
};

void describe_controls(struct session *s, struct lines *l)
{
	const struct vm_controls *c = &s->vm->controls;

	lines_add(l, LINE_TITLE, "what leaves the guest, beside CPUID, XSETBV, VMCALL and I/O");
	lines_add(l, LINE_TEXT, "exception bitmap %08x", c->exception_bitmap);
	for (u32 i = 0; i < ARRAY_LEN(controls); i++) {
		bool on = *((const bool *)c + controls[i].offset);

		lines_add(l, on ? LINE_TEXT : LINE_DIM, "%d  %-28s %s", on, controls[i].name,
			  controls[i].what);
	}
}
