/* SPDX-License-Identifier: GPL-3.0-or-later
 * lapic.c - the local APIC as its processor sees it: registers in memory (xAPIC) or as model-specific registers
 * (x2APIC), and IA32_APIC_BASE, which says where, whether, and which of the two.
 * Rule: one list of registers says names, access and writable bits for both faces; what xAPIC ignores (a bit that is
 * not writable, a register that is not there), x2APIC refuses with #GP(0).
 * Reset differs from SDM 3A 10.4.7.1 on the bootstrap processor: LINT0 and LINT1 come up as ExtINT and NMI, in the
 * virtual wire mode in which firmware hands over (MP specification 3.6.2.2), for guests that start without firmware.
 * NOT MODELLED: a page moved over RAM (the RAM is seen); CPUID shows the APIC also while it is disabled; the id is
 * read-only.
 * Source: SDM 3A 10.4, 10.5, 10.12.
 */
#include "devices/lapic-priv.h"

enum { MSR_BASE = 0x1b, MSR_DEADLINE = 0x6e0, MSR_X2APIC = 0x800, REGS = 0x40 };
enum { PAGE = 0x1000 };
enum {
	REG_ID = 0x02, REG_VERSION = 0x03, REG_TPR = 0x08, REG_PPR = 0x0a, REG_EOI = 0x0b, REG_LDR = 0x0d,
	REG_DFR = 0x0e, REG_SVR = 0x0f, REG_ISR = 0x10, REG_TMR = 0x18, REG_IRR = 0x20, REG_ESR = 0x28,
	REG_ICR = 0x30, REG_ICR_HIGH = 0x31, REG_LVT = 0x32, REG_INITIAL = 0x38, REG_CURRENT = 0x39,
	REG_DIVIDE = 0x3e, REG_SELF = 0x3f,
};
enum { VERSION = 0x14 | (LVTS - 1) << 16 };
enum { ICR_LOGICAL = 1 << 11, ICR_ASSERT = 1 << 14, ICR_LEVEL = 1 << 15, ICR_SHORTHAND = 18 };
enum { R = 1, W = 2, RW = R | W, NO_X = 4 /* not in xAPIC */, NO_X2 = 8 /* not in x2APIC */, RO_X2 = 16 };

/* REG(first, last, "name", access, writable bits): number = offset / 10h = MSR - 800h (SDM 3A tables 10-1, 10-6) */
#define LAPIC_REGS(REG) \
	REG(0x02, 0x02, "APIC id", R, 0) \
	REG(0x03, 0x03, "version", R, 0) \
	REG(0x08, 0x08, "task priority", RW, 0xff) \
	REG(0x0a, 0x0a, "processor priority", R, 0) \
	REG(0x0b, 0x0b, "end of interrupt", W, 0) \
	REG(0x0d, 0x0d, "logical destination", RW | RO_X2, 0xff000000) \
	REG(0x0e, 0x0e, "destination format", RW | NO_X2, 0xf0000000) \
	REG(0x0f, 0x0f, "spurious interrupt vector", RW, 0x3ff) \
	REG(0x10, 0x17, "in service", R, 0) \
	REG(0x18, 0x1f, "trigger mode", R, 0) \
	REG(0x20, 0x27, "interrupt request", R, 0) \
	REG(0x28, 0x28, "error status", RW, 0) \
	REG(0x30, 0x30, "interrupt command", RW, 0xccfff) \
	REG(0x31, 0x31, "interrupt command, destination", RW | NO_X2, 0xff000000) \
	REG(0x32, 0x32, "LVT timer", RW, 0x700ff) \
	REG(0x33, 0x33, "LVT thermal sensor", RW, 0x107ff) \
	REG(0x34, 0x34, "LVT performance counters", RW, 0x107ff) \
	REG(0x35, 0x35, "LVT LINT0", RW, 0x1a7ff) \
	REG(0x36, 0x36, "LVT LINT1", RW, 0x1a7ff) \
	REG(0x37, 0x37, "LVT error", RW, 0x100ff) \
	REG(0x38, 0x38, "timer initial count", RW, 0xffffffff) \
	REG(0x39, 0x39, "timer current count", R, 0) \
	REG(0x3e, 0x3e, "timer divide configuration", RW, 0xb) \
	REG(0x3f, 0x3f, "self IPI", W | NO_X, 0xff)

static const struct reg { u8 access; u32 writable; } regs[REGS] = {
#define REG(first, last, name, access, writable) [first ... last] = { access, writable },
	LAPIC_REGS(REG)
#undef REG
};

static const char *const page_regs[REGS << 4] = {
#define REG(first, last, name, access, writable) [(first) << 4 ... (last) << 4] = name,
	LAPIC_REGS(REG)
#undef REG
};

static struct lapic *of(struct device *d)
{
	return (struct lapic *)d;
}

/* ---- reading ---- */

static u32 read_register(const struct lapic *l, u32 n)
{
	const struct lapic_state *s = &l->s;

	if (n >= REG_ISR && n < REG_ISR + 8)
		return s->isr[n - REG_ISR];
	if (n >= REG_TMR && n < REG_TMR + 8)
		return s->tmr[n - REG_TMR];
	if (n >= REG_IRR && n < REG_IRR + 8)
		return s->irr[n - REG_IRR];
	if (n >= REG_LVT && n < REG_LVT + LVTS)
		return s->lvt[n - REG_LVT];
	switch (n) {
	case REG_ID: return is_x2apic(l) ? s->id[0] : s->id[0] << 24;
	case REG_VERSION: return VERSION;
	case REG_TPR: return s->tpr[0];
	case REG_PPR: return lapic_priority(l);
	case REG_LDR: return logical_id(l);
	case REG_DFR: return s->dfr[0];
	case REG_SVR: return s->svr[0];
	case REG_ESR: return s->esr[0];
	case REG_ICR: return (u32)s->icr[0];
	case REG_ICR_HIGH: return (u32)(s->icr[0] >> 32);
	case REG_INITIAL: return s->timer_initial[0];
	case REG_CURRENT: return lapic_timer_count(l);
	case REG_DIVIDE: return s->timer_divide[0];
	default: return 0;
	}
}

/* ---- writing ---- */

/* The low half of the interrupt command register was written: send (SDM 3A 10.6.1). */
static void send_command(struct lapic *l)
{
	u64 icr = l->s.icr[0];
	bool logical = icr & ICR_LOGICAL;
	struct apic_message m = {
		.mode = icr >> 8 & 7,
		.vector = (u8)icr,
		.logical = logical,
		.dest = is_x2apic(l) ? (u32)(icr >> 32) : apic_dest((u8)(icr >> 56), logical),
	};

	if (m.mode == APIC_INIT && (icr & ICR_LEVEL) && !(icr & ICR_ASSERT))
		return; /* INIT level de-assert: no processor since the Pentium 4 heeds it */
	if ((m.mode == APIC_FIXED || m.mode == APIC_LOWEST) && m.vector < 16) {
		lapic_error(l, ERROR_SENT_VECTOR);
		return;
	}
	l->w.send(l->w.bus, l->w.index, (enum apic_shorthand)(icr >> ICR_SHORTHAND & 3), &m);
}

static void write_lvt(struct lapic *l, enum lapic_lvt row, u32 value)
{
	bool was_deadline = lapic_timer_mode(l) == TIMER_DEADLINE;

	if (!(l->s.svr[0] & SVR_ENABLED))
		value |= LVT_MASKED; /* SDM 3A 10.4.7.2 */
	l->s.lvt[row] = value | (l->s.lvt[row] & value & LVT_LEVEL ? l->s.lvt[row] & LVT_REMOTE_IRR : 0);
	if (row == LVT_TIMER) {
		if (was_deadline != (lapic_timer_mode(l) == TIMER_DEADLINE))
			l->s.deadline[0] = l->s.timer_initial[0] = 0; /* either is disarmed (10.5.4.1) */
		lapic_timer_arm(l);
	} else if (row == LVT_LINT0 || row == LVT_LINT1) {
		lapic_lint_changed(l, row - LVT_LINT0);
	}
}

static void write_svr(struct lapic *l, u32 value)
{
	l->s.svr[0] = value;
	if (!(value & SVR_ENABLED)) {
		for (int i = 0; i < LVTS; i++)
			l->s.lvt[i] |= LVT_MASKED;
		lapic_timer_arm(l);
	}
}

static void write_error_status(struct lapic *l)
{
	l->s.esr[0] = l->s.errors[0];
	l->s.errors[0] = 0;
}

static void send_to_self(struct lapic *l, u8 vector)
{
	l->s.icr[0] = vector | (u64)APIC_TO_SELF << ICR_SHORTHAND;
	send_command(l);
}

/* value holds writable bits only. */
static void write_register(struct lapic *l, u32 n, u32 value)
{
	struct lapic_state *s = &l->s;

	if (n >= REG_LVT && n < REG_LVT + LVTS) {
		write_lvt(l, n - REG_LVT, value);
	} else {
		switch (n) {
		case REG_TPR: s->tpr[0] = value; break;
		case REG_EOI: lapic_end_of_interrupt(l); break;
		case REG_LDR: s->ldr[0] = value; break;
		case REG_DFR: s->dfr[0] = value | 0x0fffffff; break;
		case REG_SVR: write_svr(l, value); break;
		case REG_ESR: write_error_status(l); break;
		case REG_ICR:
			s->icr[0] = (s->icr[0] & 0xffffffff00000000) | value;
			send_command(l);
			break;
		case REG_ICR_HIGH: s->icr[0] = (u32)s->icr[0] | (u64)value << 32; break;
		case REG_INITIAL:
			if (lapic_timer_mode(l) != TIMER_DEADLINE)
				lapic_timer_load(l, value);
			break;
		case REG_DIVIDE:
			s->timer_divide[0] = value;
			lapic_timer_arm(l);
			break;
		case REG_SELF: send_to_self(l, (u8)value); break;
		}
	}
	lapic_update(l);
}

/* The timer modes that this processor has: bit 18 is that of the TSC deadline. */
static u32 writable_bits(const struct lapic *l, u32 n)
{
	return n == REG_LVT && !l->w.has_deadline ? regs[n].writable & ~(1u << 18) : regs[n].writable;
}

/* ---- as memory ---- */

static bool is_register(struct lapic *l, u32 n)
{
	if (n < REGS && regs[n].access)
		return true;
	lapic_error(l, ERROR_REGISTER);
	return false;
}

static u64 read_page(struct lapic *l, u64 offset)
{
	u32 n = (u32)(offset >> 4);

	if (!is_register(l, n) || (offset & 12) || (regs[n].access & (R | NO_X)) != R)
		return 0;
	return read_register(l, n) >> 8 * (offset & 3);
}

/* Anything but whole words at multiples of 16 is undefined (SDM 3A 10.4.1), and here without effect. */
static void write_page(struct lapic *l, u64 offset, int size, u32 value)
{
	u32 n = (u32)(offset >> 4);

	if (is_register(l, n) && size == 4 && !(offset & 15) && (regs[n].access & (W | NO_X)) == W)
		write_register(l, n, value & writable_bits(l, n));
}

/* ---- as model-specific registers ---- */

static void refuse(const struct lapic *l)
{
	l->dev.world->refuse(l->dev.world->arg);
}

static u64 read_x2apic(const struct lapic *l, u32 n)
{
	if (!is_x2apic(l) || (regs[n].access & (R | NO_X2)) != R) {
		refuse(l);
		return 0;
	}
	return n == REG_ICR ? l->s.icr[0] : read_register(l, n);
}

static void write_x2apic(struct lapic *l, u32 n, u64 value)
{
	if (!is_x2apic(l) || (regs[n].access & (W | NO_X2 | RO_X2)) != W) {
		refuse(l);
		return;
	}
	if ((n == REG_ICR ? (u32)value : value) & ~(u64)writable_bits(l, n)) {
		refuse(l);
		return;
	}
	if (n == REG_ICR)
		l->s.icr[0] = value;
	write_register(l, n, (u32)value);
}

/* ---- IA32_APIC_BASE ---- */

/* Where the registers lie now. */
static void place_page(struct lapic *l)
{
	const struct device_world *world = l->dev.world;
	bool visible = is_enabled(l) && !is_x2apic(l);
	u64 base = l->s.base[0] & ~(u64)(PAGE - 1);

	if (l->page.size && (!visible || l->page.base != base)) {
		world->unclaim(world->arg, &l->dev, &l->page);
		l->page.size = 0;
	}
	if (visible && !l->page.size) {
		l->page = (struct claim){ SPACE_MMIO, base, PAGE, page_regs, ARRAY_LEN(page_regs), 4 };
		if (world->claim(world->arg, &l->dev, &l->page, NULL))
			l->page.size = 0;
	}
}

static u64 base_writable(const struct lapic *l)
{
	u64 bits = ((1ull << l->w.phys_bits) - 1) & ~(u64)(PAGE - 1);

	return bits | BASE_ENABLED | (l->w.has_x2apic ? BASE_X2APIC : 0);
}

/* SDM 3A 10.12.5: x2APIC is entered from xAPIC, and left by disabling.  The bootstrap bit does not change. */
static bool is_base_valid(const struct lapic *l, u64 value)
{
	bool from_x2apic = l->s.base[0] & BASE_X2APIC, enabled = value & BASE_ENABLED;

	if (value & ~(base_writable(l) | BASE_BSP))
		return false;
	if (value & BASE_X2APIC)
		return enabled && is_enabled(l);
	return !enabled || !from_x2apic;
}

static void write_base(struct lapic *l, u64 value)
{
	bool was_enabled = is_enabled(l);

	if (!is_base_valid(l, value)) {
		refuse(l);
		return;
	}
	l->s.base[0] = (value & base_writable(l)) | (l->s.base[0] & BASE_BSP);
	if (was_enabled && !is_enabled(l))
		lapic_init(l); /* what comes back is as after a reset (SDM 3A 10.4.3) */
	place_page(l);
	lapic_update(l);
}

/* ---- the device ---- */

static u64 lapic_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct lapic *l = of(d);

	if (claim->space == SPACE_MMIO)
		return read_page(l, offset);
	if (claim->base == MSR_X2APIC)
		return read_x2apic(l, (u32)offset);
	if (claim->base == MSR_BASE)
		return l->s.base[0];
	if (!l->w.has_deadline)
		refuse(l);
	return lapic_deadline(l);
}

static void lapic_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct lapic *l = of(d);

	if (claim->space == SPACE_MMIO)
		write_page(l, offset, size, (u32)value);
	else if (claim->base == MSR_X2APIC)
		write_x2apic(l, (u32)offset, value);
	else if (claim->base == MSR_BASE)
		write_base(l, value);
	else if (!l->w.has_deadline)
		refuse(l);
	else
		lapic_deadline_write(l, value);
}

u8 lapic_read_cr8(void *arg)
{
	return (u8)(((struct lapic *)arg)->s.tpr[0] >> 4);
}

void lapic_write_cr8(void *arg, u8 value)
{
	struct lapic *l = arg;

	l->s.tpr[0] = (u32)value << 4;
	lapic_update(l);
}

/* What the bootstrap processor's firmware would have left. */
static void virtual_wire(struct lapic *l)
{
	if (l->w.index)
		return;
	l->s.lvt[LVT_LINT0] = APIC_EXTINT << LVT_MODE_SHIFT;
	l->s.lvt[LVT_LINT1] = APIC_NMI << LVT_MODE_SHIFT;
}

void lapic_init(struct lapic *l)
{
	const u64 base = l->s.base[0];
	const u8 lint0 = l->s.lint[0], lint1 = l->s.lint[1];

	state_reset(&lapic_state_layout, &l->s);
	l->s.base[0] = base;
	l->s.lint[0] = lint0;
	l->s.lint[1] = lint1;
	l->s.id[0] = l->w.index;
	virtual_wire(l);
	lapic_timer_arm(l);
	lapic_update(l);
}

static void lapic_reset(struct device *d)
{
	struct lapic *l = of(d);

	if (!l->w.index)
		l->s.base[0] |= BASE_BSP;
	lapic_init(l);
	place_page(l);
}

static void lapic_restored(struct device *d)
{
	struct lapic *l = of(d);
	struct lapic_state *s = &l->s;

	s->base[0] = (s->base[0] & base_writable(l)) | (l->w.index ? 0 : BASE_BSP);
	if (!is_enabled(l))
		s->base[0] &= ~(u64)BASE_X2APIC;
	s->id[0] = l->w.index;
	s->tpr[0] &= 0xff;
	for (u32 i = 0; i < LVTS; i++)
		s->lvt[i] &= writable_bits(l, REG_LVT + i) | LVT_REMOTE_IRR;
	s->timer_divide[0] &= 0xb;
	place_page(l);
	lapic_timer_arm(l);
	lapic_update(l);
}

static const char *const msr_regs[REGS] = {
#define REG(first, last, name, access, writable) [first ... last] = name,
	LAPIC_REGS(REG)
#undef REG
};
static const char *const base_regs[] = { "IA32_APIC_BASE" };
static const char *const deadline_regs[] = { "IA32_TSC_DEADLINE" };

static const struct claim lapic_claims[] = {
	{ SPACE_MSR, MSR_BASE, 1, base_regs, 1 },
	{ SPACE_MSR, MSR_DEADLINE, 1, deadline_regs, 1 },
	{ SPACE_MSR, MSR_X2APIC, REGS, msr_regs, REGS },
};

const char *const lapic_names[APIC_CPUS] = {
	"lapic0", "lapic1", "lapic2", "lapic3", "lapic4", "lapic5", "lapic6", "lapic7",
};

const struct device_class lapic_class = {
	.name = "lapic",
	.brief = "local APIC of a processor, with its timer",
	.layout = &lapic_state_layout,
	.claims = lapic_claims,
	.nclaims = ARRAY_LEN(lapic_claims),
	.ntimers = 1,
	.read = lapic_read,
	.write = lapic_write,
	.timer = lapic_timer_fired,
	.reset = lapic_reset,
	.restored = lapic_restored,
};
