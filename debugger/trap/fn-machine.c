/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn-machine.c - functions that look at the machine: page walks, memory, code, symbols, digests, verbs.
 * Rule: looking changes nothing; what cannot be read is a fault that says why.
 */
#include <string.h>

#include "core/snapshot.h"
#include "debugger/guest-code.h"
#include "debugger/session/describe.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/fn.h"
#include "debugger/verbs/verb.h"

#define ULL(x) ((unsigned long long)(x))
enum { BYTES_MAX = 1 << 16, CODE_MAX = 1000, FRAMES_MAX = 64, CHUNK = 256 };

/* ---- page walks ---- */

static u8 levels_of(const struct paging *p)
{
	if (!(p->env.cr0 & CR0_PG))
		return 0;
	return p->env.efer & EFER_LMA ? 4 : 2; /* PAE's third level is in registers */
}

static bool look(struct trap *t, u64 gva, const u64 *cr3, struct paging *p, struct walk_result *w)
{
	memset(w, 0, sizeof(*w));
	if (paging_of(t->s, trap_cpu(t), p) < 0)
		return false;
	p->env.pdpte = p->state.pdpte;
	if (cr3) {
		p->env.cr3 = *cr3;
		for (int i = 0; i < 4; i++) /* PAE: the processor loads them with CR3 (SDM 3A 4.4.1) */
			if (session_read_physical(t->s, (*cr3 & 0xffffffe0) + 8u * (unsigned)i, &p->state.pdpte[i], 8) != 8)
				p->state.pdpte[i] = 0;
	}
	return walk(&p->env, gva, WALK_LOOK, w);
}

void memory_fault(struct trap *t, u64 at, bool physical, struct value *out)
{
	struct walk_result w;
	struct paging p;

	if (physical)
		*out = value_fault(&t->heap, "read of gpa 0x%llx, which is no memory", ULL(at));
	else if (look(t, at, NULL, &p, &w))
		*out = value_fault(&t->heap, "read of gva 0x%llx: gpa 0x%llx is no memory", ULL(at), ULL(w.gpa));
	else
		*out = value_fault(&t->heap, "read of unmapped address gva 0x%llx (L%d entry not present)", ULL(at),
				   w.steps ? levels_of(&p) - w.steps + 1 : levels_of(&p) + 1);
}

static bool fn_walk(struct fn_call *c)
{
	struct walk_result w;
	struct paging p;
	struct value v;
	u64 gva, cr3;
	bool present;

	if (c->n == 2 && !fn_u64(c, 0, &cr3))
		return false;
	if (!fn_gva(c, c->n - 1, &gva))
		return false;
	present = look(c->t, gva, c->n == 2 ? &cr3 : NULL, &p, &w);
	v = value_entry(&c->t->heap, gva, present, p.env.cr4 & CR4_PAE ? 8 : 4, &w);
	if (v.type == T_ENTRY)
		((struct entry *)v.o)->levels = levels_of(&p);
	return fn_give(c, v);
}

static bool fn_translate(struct fn_call *c)
{
	struct walk_result w;
	struct paging p;
	u64 gva;

	if (!fn_gva(c, 0, &gva))
		return false;
	if (look(c->t, gva, NULL, &p, &w))
		return fn_give(c, value_of(T_GPA, (trap_int)mem_gpa(&c->t->s->vm->mem, w.gpa)));
	return fn_give(c, value_fault(&c->t->heap, "gva 0x%llx is not mapped", ULL(gva)));
}

static bool give_ept_entry(struct fn_call *c, u64 gpa)
{
	struct ept_result res;
	bool found = ept_look(c->t->s, gpa, &res);
	struct walk_result w = { .page_size = res.page_size, .gpa = res.hpa, .user = true, .writable = res.rights & EPT_W,
				 .nx = !(res.rights & EPT_X), .steps = res.steps };

	memcpy(w.step, res.step, sizeof(w.step));
	w.dirty = found && res.step[res.steps - 1].value & EPT_D;
	return fn_give(c, value_entry(&c->t->heap, gpa, found, 8, &w));
}

/* Without a second stage the host backs guest-physical memory page by page: what EPT would have here. */
static bool fn_ept(struct fn_call *c)
{
	const struct mem *mem = &c->t->s->vm->mem;
	struct walk_result w = { .page_size = 4096, .user = true };
	const struct mem_slot *slot;
	bool physical, there;
	u64 gpa;

	if (!fn_place(c, 0, &gpa, &physical))
		return false;
	if (c->arg[0].type == T_GVA)
		return trap_fail(c->t, fn_node(c, 0), "translate(...) gives the gpa of a gva", "ept wants a gpa");
	if (c->t->s->vm->paging.mode == PAGING_EPT)
		return give_ept_entry(c, gpa);
	slot = mem_slot_at(mem, mem_gpa(mem, gpa));
	there = slot && !(slot->flags & SLOT_HOLE);
	w.gpa = gpa;
	w.writable = there && !(slot->flags & SLOT_ROM);
	return fn_give(c, value_entry(&c->t->heap, gpa, there, 8, &w));
}

/* ---- memory ---- */

static u64 read_at(struct trap *t, u64 at, bool physical, void *out, u64 len)
{
	return physical ? session_read_physical(t->s, at, out, len) : session_read(t->s, at, out, len);
}

static bool fn_bytes(struct fn_call *c)
{
	u8 chunk[CHUNK];
	struct value v;
	bool physical;
	u64 at, n;

	if (!fn_place(c, 0, &at, &physical) || !fn_u64(c, 1, &n))
		return false;
	if (n > BYTES_MAX)
		return trap_fail(c->t, fn_node(c, 1), NULL, "bytes reads at most %d bytes", BYTES_MAX);
	v = value_list(&c->t->heap, (u32)n);
	if (v.type == T_NONE)
		return trap_no_memory(c->t, c->at);
	for (u64 done = 0; done < n;) {
		u64 want = n - done < CHUNK ? n - done : CHUNK, got = read_at(c->t, at + done, physical, chunk, want);
		for (u64 i = 0; i < got; i++)
			((struct list *)v.o)->at[done + i] = value_of(T_INT, chunk[i]);
		done += got;
		if (got < want) {
			value_drop(&v);
			memory_fault(c->t, at + done, physical, &v);
			return fn_give(c, v);
		}
	}
	return fn_give(c, v) && trap_spend(c->t, c->at, n / 16);
}

static bool fn_cstr(struct fn_call *c)
{
	struct buf text = { 0 };
	char chunk[CHUNK];
	struct value v;
	bool physical;
	u64 at;

	if (!fn_place(c, 0, &at, &physical))
		return false;
	while (text.len <= VALUE_TEXT_MAX) {
		u64 got = read_at(c->t, at + text.len, physical, chunk, CHUNK);
		size_t len = strnlen(chunk, got);
		buf_put(&text, chunk, len);
		if (len < got)
			return fn_give_text(c, &text);
		if (got < CHUNK)
			break;
	}
	if (text.len > VALUE_TEXT_MAX)
		return fn_give_text(c, &text);
	memory_fault(c->t, at + text.len, physical, &v);
	buf_free(&text);
	return fn_give(c, v);
}

static bool fn_code(struct fn_call *c)
{
	struct vcpu *v = &c->t->s->vm->vcpu[trap_cpu(c->t)];
	struct buf text = { 0 };
	struct code_line line;
	struct x86_state st;
	u64 rip, n = 1;

	if (!fn_gva(c, 0, &rip) || (c->n > 1 && !fn_u64(c, 1, &n)))
		return false;
	if (n > CODE_MAX)
		return trap_fail(c->t, fn_node(c, 1), NULL, "code disassembles at most %d instructions", CODE_MAX);
	if (!trap_spend(c->t, c->at, n * 20) || vcpu_get(v, &st, ST_ALL) < 0)
		return c->t->end.kind == END_NOT && trap_fail(c->t, c->at, NULL, "the processor cannot be read");
	for (u64 i = 0; i < n; i++) {
		struct buf one = { 0 };
		code_line_read(v, &st, rip, &line);
		code_line_text(&line, &one);
		buf_printf(&text, "%s%s", i ? "\n" : "", buf_text(&one));
		buf_free(&one);
		if (!line.len)
			break;
		rip += (u64)line.len;
	}
	return fn_give_text(c, &text);
}

static bool fn_sym(struct fn_call *c)
{
	struct buf text = { 0 };
	u64 gva;

	if (!fn_gva(c, 0, &gva))
		return false;
	if (!c->t->s->symbols || !symbols_text(c->t->s->symbols, gva, &text))
		buf_printf(&text, "0x%llx", ULL(gva));
	return fn_give_text(c, &text);
}

static bool fn_symbol(struct fn_call *c)
{
	const struct text *name;
	u64 at;

	if (!fn_text(c, 0, &name))
		return false;
	if (c->t->s->symbols && symbols_find(c->t->s->symbols, name->at, &at))
		return fn_give(c, value_of(T_GVA, (trap_int)at));
	return fn_give(c, value_fault(&c->t->heap, "there is no symbol %.60s", name->at));
}

/* The chain of frame pointers: [rbp] is the caller's, the return address is behind it; upward only, so it ends. */
static bool fn_backtrace(struct fn_call *c)
{
	u64 at[FRAMES_MAX], rip = 0, rbp = 0, next[2] = { 0, 0 };
	u32 n = 0, size = 8;
	struct paging p;
	struct value v;

	if (paging_of(c->t->s, trap_cpu(c->t), &p) < 0)
		return trap_fail(c->t, c->at, NULL, "the processor cannot be read");
	if (!(p.env.efer & EFER_LMA))
		size = p.env.cr0 & CR0_PE ? 4 : 2;
	rip = code_linear(&p.state, p.state.rip[0]);
	rbp = p.state.gpr[RBP];
	at[n++] = rip;
	while (n < FRAMES_MAX && session_read(c->t->s, rbp, &next[0], size) == size &&
	       session_read(c->t->s, rbp + size, &next[1], size) == size && next[1] && next[0] > rbp) {
		at[n++] = next[1];
		rbp = next[0];
		next[0] = next[1] = 0;
	}
	v = value_list(&c->t->heap, n);
	for (u32 i = 0; v.type == T_LIST && i < n; i++)
		((struct list *)v.o)->at[i] = value_of(T_GVA, (trap_int)at[i]);
	return fn_give(c, v);
}

/* ---- the whole machine ---- */

static bool give_hash(struct fn_call *c, u64 hash)
{
	struct buf text = { 0 };

	buf_printf(&text, "%016llx", ULL(hash));
	return fn_give_text(c, &text);
}

static bool fn_memory_digest(struct fn_call *c)
{
	return trap_spend(c->t, c->at, c->t->s->vm->mem_size >> 16) &&
	       give_hash(c, mem_hash(&c->t->s->vm->mem, STATE_HASH_SEED));
}

static bool fn_cpu(struct fn_call *c)
{
	u64 n;

	if (!fn_u64(c, 0, &n))
		return false;
	if (n >= c->t->s->vm->ncpus)
		return trap_fail(c->t, fn_node(c, 0), "they count from 0", "the machine has %u processors", c->t->s->vm->ncpus);
	return fn_give(c, value_of(T_CPU, (trap_int)n));
}

/* What a verb of the debugger prints: command("exits IO"). */
static bool fn_command(struct fn_call *c)
{
	const struct text *line;
	struct buf text = { 0 };
	struct err err = { 0 };
	int rc;

	if (!fn_text(c, 0, &line))
		return false;
	if (c->t->now || c->t->commands)
		return trap_fail(c->t, c->at, "use it while the guest stands", "a verb cannot be run within a probe or a verb");
	if (!verb_find(line->at, strcspn(line->at, " \t")))
		return trap_fail(c->t, fn_node(c, 0), "`help` lists them", "there is no verb `%.40s'", line->at);
	c->t->commands++;
	rc = verb_line(c->t->s, line->at, &text, &err);
	c->t->commands--;
	if (rc >= 0)
		return fn_give_text(c, &text);
	buf_free(&text);
	return trap_fail(c->t, c->at, NULL, "%.200s", err.text);
}

const struct fn_row fn_machine[] = {
	{ "walk", fn_walk, false }, { "translate", fn_translate, false }, { "ept", fn_ept, false }, { "bytes", fn_bytes, false },
	{ "cstr", fn_cstr, false }, { "code", fn_code, false }, { "sym", fn_sym, false }, { "symbol", fn_symbol, false },
	{ "backtrace", fn_backtrace, false }, { "memory.digest", fn_memory_digest, false }, { "cpu", fn_cpu, false },
	{ "command", fn_command, false },
};
const int fn_nmachine = ARRAY_LEN(fn_machine);
