/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-guest.c - a batch on the interpreter: in the guest of guest.c, the instruction and a HLT, which leaves
 * the guest.
 *
 * Rule: state goes in and out through the interpreter's own structure, because a case must cost no more
 * than a fraction of a microsecond; what is not a cache there (cpu.h) may be written between two runs.
 */
#include "core/vm.h"
#include "cpu-interp/cpu.h"
#include "cpu-interp/flags.h"
#include "tests/native/fx.h"

#include <stdlib.h>
#include <string.h>

enum { CODE = 0x10000, DATA = 0x20000, INSNS_MAX = 1000 }; /* guest-physical, as guest.c places them */
enum { TOP_SHIFT = 11 };
#define MXCSR_MASK 0xffffu

struct fx_guest { struct guest *guest; struct vm *vm; struct cpu *cpu; u8 *data; };

struct fx_guest *fx_guest_open(const u16 *selectors, const u8 *data, struct err *err)
{
	struct fx_guest *g = calloc(1, sizeof *g);
	if (!g || !(g->guest = guest_open(selectors, data, err))) {
		free(g);
		return NULL;
	}
	g->vm = guest_vm(g->guest);
	g->cpu = g->vm->vcpu[0].engine_data;
	g->data = mem_host(&g->vm->mem, DATA, DATA_SIZE, false);
	return g;
}

void fx_guest_close(struct fx_guest *g)
{
	if (g)
		guest_close(g->guest);
	free(g);
}

u64 fx_guest_features(const struct fx_guest *g)
{
	return g->vm->cpu->features;
}

static void put_state(struct cpu *c, const struct fx_state *in)
{
	const struct fx_image *image = &in->image;
	struct x86_state *s = &c->s;
	int top = image->fsw >> TOP_SHIFT & 7;
	*s->fcw = image->fcw;
	*s->fsw = image->fsw;
	*s->ftw = image->ftw;
	*s->fop = image->fop;
	*s->fip = image->fip;
	*s->fdp = image->fdp;
	*s->mxcsr = image->mxcsr;
	for (int i = 0; i < 8; i++) {
		s->fpr[(top + i) & 7] = image->st[i].mantissa;
		s->fpr_exp[(top + i) & 7] = image->st[i].exp;
	}
	memcpy(s->xmm, image->xmm, sizeof image->xmm);
	memcpy(c->r, in->gpr, sizeof in->gpr);
	c->r[REG_IP] = CODE_AT;
	flags_set(c, in->flags);
}

static void take_state(const struct cpu *c, struct fx_state *out)
{
	struct fx_image *image = &out->image;
	const struct x86_state *s = &c->s;
	int top = *s->fsw >> TOP_SHIFT & 7;
	memset(image, 0, sizeof *image);
	image->fcw = *s->fcw;
	image->fsw = *s->fsw;
	image->ftw = *s->ftw;
	image->fop = *s->fop;
	image->fip = *s->fip;
	image->fdp = *s->fdp;
	image->mxcsr = *s->mxcsr;
	image->mxcsr_mask = MXCSR_MASK;
	for (int i = 0; i < 8; i++) {
		image->st[i].mantissa = s->fpr[(top + i) & 7];
		image->st[i].exp = s->fpr_exp[(top + i) & 7];
	}
	memcpy(image->xmm, s->xmm, sizeof image->xmm);
	memcpy(out->gpr, c->r, sizeof out->gpr);
	out->gpr[RSP] = out->gpr[15] = 0;
	out->flags = flags_get(c);
}

/* The HLT is not for user mode: #GP, at its address, is a good end. */
static void run_one(struct fx_guest *g, const struct fx_insn *insn, struct fx_case *k)
{
	const struct run_limit limit = { .insns = INSNS_MAX };
	struct vm_exit exit = { 0 };
	put_state(g->cpu, &k->in);
	g->vm->engine->run(&g->vm->vcpu[0], &limit, &exit);
	take_state(g->cpu, &k->interp);
	k->interp.rip = g->cpu->r[REG_IP];
	k->interp.vector = VECTOR_STUCK;
	if (exit.reason == EXIT_EXCEPTION)
		k->interp.vector = (u8)intr_vector(exit.intr_info);
	if (k->interp.vector == VEC_GP && k->interp.rip == CODE_AT + insn->len)
		k->interp.vector = VECTOR_NONE;
}

void fx_guest_run(struct fx_guest *g, const struct fx_insn *insn, struct fx_case *k, u8 *memory)
{
	u8 code[ENCODED_MAX + 1];
	memcpy(code, insn->bytes, insn->len);
	code[insn->len] = 0xf4; /* HLT */
	mem_poke(&g->vm->mem, CODE, code, insn->len + 1u);
	memcpy(g->data, memory, DATA_SIZE);
	for (int i = 0; i < insn->cases; i++)
		run_one(g, insn, &k[i]);
	memcpy(memory, g->data, DATA_SIZE);
}
