/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn-machine.c - functions that look at the machine: memory, code, symbols, digests, verbs.
 * Rule: looking changes nothing; what cannot be read is a fault that says why.
 */
#include <errno.h>
#include <string.h>

#include "core/snapshot.h"
#include "debugger/guest-code.h"
#include "debugger/session/describe.h"
#include "debugger/session/symbols.h"
#include "debugger/session/who.h"
#include "debugger/trap/fn.h"
#include "debugger/verbs/verb.h"

#define ULL(x) ((unsigned long long)(x))
enum { BYTES_MAX = 1 << 16, CODE_MAX = 1000, FRAMES_MAX = 64, CHUNK = 256 };

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

/* Between runs only: it looks back. */
static bool fn_writer(struct fn_call *c)
{
	struct session *s = c->t->s;
	struct writer w = { .kind = WRITER_NONE };
	struct err err = { 0 };
	u64 at, entry, n = 1;
	bool physical;
	int rc = 0;

	if (!fn_place(c, 0, &at, &physical) || (c->n > 1 && !fn_u64(c, 1, &n)))
		return false;
	if (c->t->now)
		return trap_fail(c->t, c->at, "stop, and ask then", "writer looks back in time, which a probe cannot");
	if (!physical)
		rc = session_who_place(s, at, &at, &entry, &err);
	if (!rc)
		rc = session_who_memory(s, at, n, &w, &err);
	if (rc && rc != -EFAULT)
		return trap_fail(c->t, c->at, NULL, "%s", err.text);
	if (rc || w.kind == WRITER_NONE)
		return fn_give(c, value_fault(&c->t->heap, "%s", rc ? err.text : "it was not written in recorded time"));
	return fn_give(c, value_of(T_INT, (trap_int)w.icount));
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
	{ "bytes", fn_bytes, false }, { "writer", fn_writer, false }, { "cstr", fn_cstr, false }, { "code", fn_code, false }, { "sym", fn_sym, false }, { "symbol", fn_symbol, false },
	{ "backtrace", fn_backtrace, false }, { "memory.digest", fn_memory_digest, false }, { "cpu", fn_cpu, false },
	{ "command", fn_command, false },
};
const int fn_nmachine = ARRAY_LEN(fn_machine);
