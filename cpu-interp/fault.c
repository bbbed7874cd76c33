/* SPDX-License-Identifier: GPL-3.0-or-later
 * fault.c - exceptions: noted when they are raised, delivered when the instruction has been left; and what
 * becomes of them when the delivery itself fails (SDM 3A 6.15: #DF).
 * Rule: c->fault stays as it was raised until its delivery has ended, so that a delivery which has to ask
 * the hypervisor can begin again.
 */
#include "cpu-interp/fault.h"

#include "cpu-interp/far-priv.h"

/* --- raising ----------------------------------------------------------------------------------------- */

static bool raise(struct cpu *c, struct fault fault)
{
	c->fault = fault;
	c->why = WHY_FAULT;
	return false;
}

bool fault_raise(struct cpu *c, u8 vector) { return raise(c, (struct fault){ .vector = vector }); }

bool fault_raise_error(struct cpu *c, u8 vector, u32 error)
{
	return raise(c, (struct fault){ .vector = vector, .has_error = true, .error = error });
}

bool fault_page(struct cpu *c, u64 lin, u32 error)
{
	return raise(c, (struct fault){ .vector = VEC_PF, .has_error = true, .error = error, .cr2 = lin });
}

bool fault_debug(struct cpu *c, u64 dr6_bits)
{
	return raise(c, (struct fault){ .vector = VEC_DB, .dr6 = dr6_bits });
}

/* --- one after the other, or a double fault ---------------------------------------------------------- */

enum severity { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

/* SDM 3A table 6-4 */
static enum severity severity(u8 vector)
{
	switch (vector) {
	case VEC_DE:
	case VEC_TS:
	case VEC_NP:
	case VEC_SS:
	case VEC_GP: return CONTRIBUTORY;
	case VEC_PF:
	case VEC_VE: return PAGE_FAULT;
	case VEC_DF: return DOUBLE_FAULT;
	default: return BENIGN;
	}
}

/* SDM 3A table 6-5: `second` came up while `first` was being delivered; is it simply handled instead? */
static bool handled_serially(enum severity first, enum severity second)
{
	return first == BENIGN || second == BENIGN || (first == CONTRIBUTORY && second == PAGE_FAULT);
}

/* --- telling those who watch ------------------------------------------------------------------------- */

enum { CHAIN_MAX = 8, NO_VECTOR = 0xff };

/* The exceptions of one delivery, told at its end: a delivery that has to ask begins again. */
struct chain {
	struct event ev[CHAIN_MAX];
	int n;
};

static void note(struct cpu *c, struct chain *chain, const struct fault *f, u8 while_vector)
{
	if (!event_wanted(&c->vm->events, EV_fault) || chain->n == CHAIN_MAX)
		return;
	struct event *ev = &chain->ev[chain->n++];
	*ev = cpu_event(c, NULL, EV_fault);
	ev->fault.vector = f->vector;
	ev->fault.error = f->error;
	ev->fault.rip = c->r[REG_IP];
	ev->fault.addr = f->cr2;
	ev->fault.while_vector = while_vector;
}

static void tell(struct cpu *c, struct chain *chain)
{
	for (int i = 0; i < chain->n; i++)
		event_emit(&c->vm->events, &chain->ev[i]);
}

/* --- delivering -------------------------------------------------------------------------------------- */

/* An exception the hypervisor wants to see (SDM 3C 24.6.3): c->exit is filled, leave.  type: INTR_TYPE_*. */
static bool intercepted(struct cpu *c, const struct fault *f, u32 type, u64 rip, u8 len)
{
	if (!(c->vm->controls.exception_bitmap >> f->vector & 1))
		return false;
	c->exit = (struct vm_exit){ .reason = EXIT_EXCEPTION, .rip = rip, .insn_len = len };
	c->exit.intr_info = intr_info(type, f->vector, f->has_error);
	c->exit.intr_error = f->error;
	/* SDM 3C 27.2.1; CR2 and DR6 are left to the hypervisor */
	c->exit.qualification = f->vector == VEC_PF ? f->cr2 : f->vector == VEC_DB ? f->dr6 : 0;
	c->asked = false;
	c->why = WHY_EXIT;
	return true;
}

/* Registers that an exception writes, be its handler reached or not. */
static void record_cause(struct cpu *c, const struct fault *f)
{
	if (f->vector == VEC_PF)
		*c->s.cr2 = f->cr2;
	if (f->vector != VEC_DB)
		return;
	/* SDM 3B 17.2.3: B0 to B3 are new, the rest adds up */
	c->s.dr[6] = (c->s.dr[6] & ~0xfull) | f->dr6 | DR6_FIXED;
	c->s.dr[7] &= ~(u64)DR7_GD;
}

static bool deliver_exception(struct cpu *c, const struct fault *f)
{
	struct delivery d = { .vector = f->vector, .type = INTR_TYPE_HARD_EXC, .has_error = f->has_error,
			      .error = f->error, .next_ip = c->r[REG_IP] };
	/* SDM 3B 17.3.1.1: all faults but those of instruction breakpoints */
	d.fault = !f->trap && !(f->vector == VEC_DB && (f->dr6 & 0xf));
	record_cause(c, f);
	return deliver(c, &d);
}

/* c->fault came up while `first` was being delivered: c->fault becomes what is delivered next.  False:
 * nothing can be, the processor shuts down. */
static bool combine(struct cpu *c, struct chain *chain, u8 first)
{
	note(c, chain, &c->fault, first);
	if (handled_serially(severity(first), severity(c->fault.vector)))
		return true;
	record_cause(c, &c->fault);
	if (first == VEC_DF)
		return false;
	c->fault = (struct fault){ .vector = VEC_DF, .has_error = true };
	note(c, chain, &c->fault, first);
	return true;
}

/* Triple fault: the processor waits for a reset that vitrine does not make (SDM 3A 6.15, #DF). */
static void shut_down(struct cpu *c)
{
	*c->s.activity = ACT_SHUTDOWN;
	c->fault_pending = false;
	c->exit = (struct vm_exit){ .reason = EXIT_TRIPLE_FAULT, .rip = c->r[REG_IP] };
	c->asked = false;
	c->why = WHY_EXIT;
}

/* Deliver c->fault and whatever comes of it.  True: a handler was reached. */
static bool deliver_chain(struct cpu *c, struct chain *chain)
{
	u8 first = c->delivering ? (u8)(c->delivering - 1) : NO_VECTOR;
	for (;;) {
		if (!combine(c, chain, first)) {
			shut_down(c);
			return false;
		}
		if (intercepted(c, &c->fault, INTR_TYPE_HARD_EXC, c->r[REG_IP], 0)) {
			c->fault_pending = false; /* it is the hypervisor's now */
			return false;
		}
		const struct fault f = c->fault;
		if (deliver_exception(c, &f))
			return true;
		if (c->why == WHY_EXIT)
			return false;
		first = f.vector;
	}
}

bool fault_deliver(struct cpu *c)
{
	const struct fault raised = c->fault;
	struct chain chain = { .n = 0 };
	bool done = deliver_chain(c, &chain);
	if (!done && c->asked) { /* begin again when the answer is there */
		c->fault = raised;
		return false;
	}
	c->delivering = 0;
	tell(c, &chain);
	return done;
}

bool fault_interrupt(struct cpu *c, u8 vector, u32 type, bool has_error, u32 error, u64 next_ip)
{
	struct delivery d = { .vector = vector, .type = (u8)type, .has_error = has_error, .error = error,
			      .next_ip = next_ip, .fault = type == INTR_TYPE_HARD_EXC && vector != VEC_DB };
	c->delivering = 0;
	if (deliver(c, &d))
		return true;
	/* interrupts are benign; an exception given back by the hypervisor is what it is */
	if (c->why == WHY_FAULT && type == INTR_TYPE_HARD_EXC)
		c->delivering = (u8)(vector + 1);
	return false;
}

bool fault_software(struct cpu *c, u8 vector, u32 type, u64 ip, u8 len, u64 next_ip)
{
	const struct fault f = { .vector = vector };
	if (intercepted(c, &f, type, ip, len) || !fault_interrupt(c, vector, type, false, 0, next_ip))
		return false;
	if (!event_wanted(&c->vm->events, EV_fault))
		return true;
	struct event ev = cpu_event(c, NULL, EV_fault);
	ev.fault.vector = vector;
	ev.fault.rip = ip;
	ev.fault.while_vector = NO_VECTOR;
	event_emit(&c->vm->events, &ev);
	return true;
}
