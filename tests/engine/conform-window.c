/* SPDX-License-Identifier: GPL-3.0-or-later
 * conform-window.c - when an interrupt can be taken, instruction by instruction; and kicks in the midst of everything.
 * Rule: what is expected comes from a model of a dozen lines after the manual (SDM 3A 6.8.3, SDM 2B STI): IF, and the
 * one instruction for which STI and loads of SS hold interrupts back.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "tests/engine/rig.h"

enum { INSNS = 40, VECTOR = 0x55 };

static u64 chance(u64 *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* ---- a program, and where it can be interrupted ---- */

struct program {
	u8 code[8 * INSNS];
	int len;
	u16 at[INSNS + 1];   /* of the n-th instruction */
	bool open[INSNS + 1]; /* an interrupt can be taken before it */
	bool again[INSNS + 1]; /* the one before holds interrupts back where none could come anyway: it may do so anew */
};

enum effect { NOTHING, SETS, CLEARS, LOADS_SS };
/* clang-format off */
static const struct insn { u8 bytes[5]; int len; enum effect effect; } insns[] = {
	{ { 0x90 }, 1, NOTHING },             /* nop */
	{ { 0x40 }, 1, NOTHING },             /* inc ax */
	{ { 0xfb }, 1, SETS },                /* sti */
	{ { 0xfa }, 1, CLEARS },              /* cli */
	{ { 0x8e, 0xd1 }, 2, LOADS_SS },      /* mov ss, cx: 0, as it was */
	{ { 0x68, 0x02, 0x00, 0x9d }, 4, CLEARS }, /* push 2; popf: two instructions */
	{ { 0x68, 0x02, 0x02, 0x9d }, 4, SETS },   /* push 202h; popf */
};
/* clang-format on */

static bool is_two(const struct insn *i) { return i->len == 4; }

static void make(struct program *p, u64 *random)
{
	bool enabled = false, held = false;
	int n = 0;

	memset(p, 0, sizeof(*p));
	while (n + 2 <= INSNS) {
		const struct insn *i = &insns[chance(random) % ARRAY_LEN(insns)];
		bool sti = i->bytes[0] == 0xfb, was_held = held;

		p->at[n] = (u16)(CODE + p->len);
		p->open[n++] = enabled && !held;
		if (is_two(i)) { /* the PUSH lets the shadow end */
			p->at[n] = (u16)(CODE + p->len + 3);
			p->open[n++] = enabled;
		}
		held = (sti && !enabled) || i->effect == LOADS_SS;
		p->again[n] = (sti && enabled) || (held && was_held);
		enabled = i->effect == SETS || (enabled && i->effect != CLEARS);
		memcpy(p->code + p->len, i->bytes, (size_t)i->len);
		p->len += i->len;
	}
	while (n <= INSNS) {
		p->at[n] = (u16)(CODE + p->len);
		p->open[n++] = enabled && !held;
		held = false;
		p->code[p->len++] = 0x90;
	}
	p->code[p->len++] = 0xf4;
}

static int position(const struct program *p, u64 rip)
{
	int n = 0;

	while (n <= INSNS && p->at[n] != rip)
		n++;
	ck_assert_int_le(n, INSNS);
	return n;
}

/* Up to the n-th instruction, by steps. */
static void step_to(struct rig *r, const struct program *p, int n)
{
	rig_code(r, p->code, (size_t)p->len, 0);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(rig_run(r, 1), EXIT_MTF);
	ck_assert_uint_eq(rig_state(r).rip[0], p->at[n]);
}

START_TEST(every_place)
{
	struct rig r = rig_open(_i);
	u64 random = 11;

	for (int round = 0; round < 20; round++) {
		struct program p;

		make(&p, &random);
		rig_code(&r, p.code, (size_t)p.len, 0);
		for (int n = 0; n < INSNS; n++) {
			bool can = r.engine->can_inject(r.v);

			ck_assert_msg(can == p.open[n] || (r.emulated && p.again[n]), "program %d, instruction %d at %x: %d expected",
				      round, n, p.at[n], p.open[n]);
			ck_assert_int_eq(rig_run(&r, 1), EXIT_MTF);
		}
	}
	rig_close(&r);
}
END_TEST

/* Where it is legal: the frame on the stack says where the program was interrupted. */
static void inject_here(struct rig *r, const struct program *p, int n)
{
	u16 frame[3];
	u64 sp = rig_state(r).gpr[RSP];

	ck_assert_int_eq(r->engine->inject(r->v, intr_info(INTR_TYPE_EXT, VECTOR, false), 0), 0);
	ck_assert_int_eq(rig_run(r, 0), EXIT_HLT);
	ck_assert_uint_eq(r->e.rip, HANDLERS + 16 * VECTOR);
	mem_read(&r->vm->mem, sp - 6, frame, sizeof(frame));
	ck_assert_uint_eq(frame[0], p->at[n]);
	ck_assert(frame[2] & FLAG_IF);
}

/* Where it is not: the window opens at the next place where it is, or never.  A KVM that emulates the guest's kernel looks
 * for it now and then only; but what it then says must be true. */
static void wait_here(struct rig *r, const struct program *p, int n)
{
	int next = n, seen;

	while (next <= INSNS && !p->open[next])
		next++;
	r->engine->want_window(r->v, true);
	if (rig_run(r, 0) == EXIT_HLT) {
		ck_assert_msg(next > INSNS || r->emulated, "from %d no window, expected at %d (%x)", n, next, p->at[next]);
		r->engine->want_window(r->v, false);
		return;
	}
	ck_assert_int_eq(r->e.reason, EXIT_INTR_WINDOW);
	r->engine->want_window(r->v, false);
	ck_assert(r->engine->can_inject(r->v));
	seen = position(p, rig_state(r).rip[0]);
	ck_assert(p->open[seen]);
	ck_assert_int_ge(seen, next);
	if (!r->emulated && !p->again[next])
		ck_assert_int_eq(seen, next);
	inject_here(r, p, seen);
}

START_TEST(every_window)
{
	struct rig r = rig_open(_i);
	u64 random = 5;

	for (int round = 0; round < 8; round++) {
		struct program p;

		make(&p, &random);
		for (int n = 0; n < INSNS; n++) {
			step_to(&r, &p, n);
			if (p.open[n])
				inject_here(&r, &p, n);
			else
				wait_here(&r, &p, n);
		}
	}
	rig_close(&r);
}
END_TEST

/* ---- kicks ---- */

struct kicker { struct rig *r; int kicks, taken; /* kick_many: threads that are done */ };

static void *kick_at_random(void *arg)
{
	struct kicker *k = arg;
	u64 random = 4711;

	for (int i = 0; i < k->kicks; i++) {
		usleep((useconds_t)(chance(&random) % 200));
		k->r->engine->kick(k->r->v);
		while (__atomic_load_n(&k->taken, __ATOMIC_SEQ_CST) <= i)
			sched_yield();
	}
	return NULL;
}

/* Whatever the vCPU is at - a port, device memory, a register, the end of its budget, a single step - each kick ends one
 * run, no more and no less. */
static void kicks_while(int engine, const u8 *code, size_t len, int kicks)
{
	struct rig r = rig_open(engine);
	struct kicker k = { &r, kicks, 0 };
	u64 random = 1, asked = 0;
	pthread_t thread;

	rig_code(&r, code, len, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, kick_at_random, &k), 0);
	while (k.taken < kicks) {
		static const u64 limits[] = { 0, 0, 1, 5, 3000, 200000 };

		switch (rig_run(&r, limits[chance(&random) % ARRAY_LEN(limits)])) {
		case EXIT_EXT_INTR: __atomic_fetch_add(&k.taken, 1, __ATOMIC_SEQ_CST); break;
		case EXIT_IO: r.e.io.value = 1; asked++; break;
		case EXIT_EPT_VIOLATION: asked += !r.e.mmio.write; r.e.mmio.value = 1; break;
		case EXIT_RDMSR: r.e.msr.value = 1; asked++; break;
		}
		if (!(chance(&random) % 4))
			rig_settle(&r, 1);
	}
	pthread_join(thread, NULL);
	rig_settle(&r, 1);
	ck_assert_int_ne(rig_run(&r, 3), EXIT_EXT_INTR); /* each was taken once */
	ck_assert_uint_gt(asked, 0);
	rig_close(&r);
}

START_TEST(kicks_at_a_port)
{
	/* again: in al, 71h; mov ah, 0; add bx, ax; jmp again */
	static const u8 code[] = { 0xe4, 0x71, 0xb4, 0x00, 0x01, 0xc3, 0xeb, 0xf8 };

	kicks_while(_i, code, sizeof(code), 300);
}
END_TEST

START_TEST(kicks_at_device_memory)
{
	/* mov ax, FFFFh; mov ds, ax; again: mov al, [20h]; mov [30h], al; jmp again */
	static const u8 code[] = { 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0xa0, 0x20, 0x00, 0xa2, 0x30, 0x00, 0xeb, 0xf8 };

	kicks_while(_i, code, sizeof(code), 300);
}
END_TEST

START_TEST(kicks_at_a_register)
{
	/* mov ecx, 8bh; again: rdmsr; jmp again */
	static const u8 code[] = { 0x66, 0xb9, 0x8b, 0, 0, 0, 0x0f, 0x32, 0xeb, 0xfc };

	kicks_while(_i, code, sizeof(code), 300);
}
END_TEST

START_TEST(kicks_of_a_string)
{
	/* again: mov cx, 8; mov di, 8000h; rep insb; jmp again */
	static const u8 code[] = { 0xb9, 0x08, 0, 0xbf, 0, 0x80, 0xf3, 0x6c, 0xeb, 0xf6 };

	kicks_while(_i, code, sizeof(code), 300);
}
END_TEST

/* Before every entry, and from several threads at once: one exit for all that came before it. */
static void *kick_many(void *arg)
{
	struct kicker *k = arg;

	for (int i = 0; i < k->kicks; i++)
		k->r->engine->kick(k->r->v);
	__atomic_fetch_add(&k->taken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

START_TEST(kicks_from_several_threads)
{
	struct rig r = rig_open(_i);
	struct kicker k = { &r, 2000, 0 };
	pthread_t thread[3];

	RIG_CODE(&r, 0, 0xeb, 0xfe);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, kick_many, &k), 0);
	while (__atomic_load_n(&k.taken, __ATOMIC_SEQ_CST) < 3)
		rig_run(&r, 2000);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	r.engine->kick(r.v);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EXT_INTR); /* the last one is not lost */
	ck_assert_int_eq(rig_run(&r, 100000), EXIT_PREEMPT_TIMER);
	rig_close(&r);
}
END_TEST

TCase *conform_window(void)
{
	TCase *t = tcase_create("window");

	tcase_set_timeout(t, 60);
	EACH(every_place);
	EACH(every_window);
	EACH(kicks_at_a_port);
	EACH(kicks_at_device_memory);
	EACH(kicks_at_a_register);
	EACH(kicks_of_a_string);
	EACH(kicks_from_several_threads);
	return t;
}
