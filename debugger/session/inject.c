/* SPDX-License-Identifier: GPL-3.0-or-later
 * inject.c - faults and events put into a machine.
 * Rule: everything enters by the machine's inlets (vm_receive), as what comes from outside does; so it can be recorded.
 */
#include "debugger/session/inject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/session/session-priv.h"
#include "debugger/trap/trap.h"
#include "devices/faults.h"
#include "devices/pc.h"

enum { WAITING = 64, INPUT_MAX = sizeof(struct fault_order) };

struct injections {
	bool source; /* it is one of the machine's */
	int n;
	struct { u8 source, len, data[INPUT_MAX]; } at[WAITING];
};

/* ---- arguments ---- */

struct call {
	struct session *s;
	const struct trap_injection *row;
	const struct inject_args *args;
	struct err *err;
};

/* The n-th word of "a, [b], c"; its length, 0 behind the last. */
static size_t word_at(const char *words, int n, const char **word)
{
	for (;;) {
		words += strspn(words, " ,[]");
		size_t len = strcspn(words, " ,[]");
		if (!len || !n--) {
			*word = words;
			return len;
		}
		words += len;
	}
}

static const struct inject_arg *find(const struct call *c, const char *name)
{
	for (int i = 0; i < c->args->n; i++) {
		const struct inject_arg *a = &c->args->at[i];
		const char *word;
		size_t len = word_at(c->row->args, i, &word);

		if (a->name ? !strcmp(a->name, name) : strlen(name) == len && !memcmp(word, name, len))
			return a;
	}
	return NULL;
}

/* False: it is there and no number up to `most`; *rc is set then. */
static bool number(const struct call *c, const char *name, u64 most, u64 *value, int *rc)
{
	const struct inject_arg *a = find(c, name);

	if (*rc || !a)
		return !*rc;
	if (a->type == T_STR || a->type == T_GVA || a->number > most) {
		*rc = err_set(c->err, EINVAL, "inject %s: %s: expected a number up to %llu%s", c->row->name, name,
			      (unsigned long long)most, a->type == T_GVA ? ", and not a linear address; write translate(...)" : "");
		return false;
	}
	*value = a->number;
	return true;
}

static const char *text(const struct call *c, const char *name, const char *otherwise)
{
	const struct inject_arg *a = find(c, name);

	return !a ? otherwise : a->type == T_STR ? a->text : "";
}

/* A word of a list that ends with NULL; -1, and *rc. */
static int choice(const struct call *c, const char *name, const char *const *words, const char *expected, int *rc)
{
	const char *given = text(c, name, words[0]);

	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], given))
			return i;
	if (!*rc)
		*rc = err_set(c->err, EINVAL, "inject %s: %s is \"%.40s\"; expected %s", c->row->name, name, given, expected);
	return -1;
}

/* ---- into the machine ---- */

static bool prepare(void *arg, struct outside *o)
{
	const struct injections *w = ((struct session *)arg)->priv->injections;

	outside_within(o, 0);
	return w->n;
}

static void deliver(void *arg, struct outside *o)
{
	struct session *s = arg;
	struct injections *w = s->priv->injections;

	for (int i = 0; i < w->n; i++)
		if (!vm_receive(s->vm, w->at[i].source, w->at[i].data, w->at[i].len))
			session_say(s, SAY_LOG, "inject: the machine could not take it\n");
	w->n = 0;
	w->source = false;
	outside_remove(o, s);
}

static int wait_for_look(const struct call *c, u8 source, const void *data, u32 len)
{
	struct session *s = c->s;
	struct injections *w = s->priv->injections;
	int rc = 0;

	if (s->priv->foreign)
		return err_set(c->err, EBUSY, "inject %s: only while this machine stands still", c->row->name);
	if (!w)
		w = s->priv->injections = calloc(1, sizeof(*w));
	if (!w || w->n == WAITING)
		return err_set(c->err, w ? EBUSY : ENOMEM, "inject %s: %s", c->row->name,
			       w ? "too much waits already for the machine's next look outside" : "no memory");
	if (!w->source)
		rc = outside_add(&s->priv->outside, (struct outside_source){ prepare, deliver, s }, c->err);
	if (rc)
		return rc;
	w->source = true;
	w->at[w->n].source = source;
	w->at[w->n].len = (u8)len;
	memcpy(w->at[w->n++].data, data, len);
	return 0;
}

static int put(const struct call *c, u8 source, const void *data, u32 len, const char *refusal)
{
	if (c->s->priv->foreign && session_may_change(c->s, c->err))
		return -EBUSY;
	if (c->s->priv->inside)
		return wait_for_look(c, source, data, len);
	if (!vm_receive(c->s->vm, source, data, len))
		return err_set(c->err, EBUSY, "inject %s: %s", c->row->name, refusal);
	session_changed(c->s);
	return 0;
}

static int put_fault(const struct call *c, const struct fault_order *o, const char *refusal)
{
	return put(c, INPUT_FAULT, o, sizeof(*o), refusal);
}

/* ---- what can be injected ---- */

static int button(const struct call *c, u8 which)
{
	return put(c, INPUT_BUTTON, &which, 1, "the machine does not take it");
}

static int inject_nmi(const struct call *c) { return button(c, 1); }
static int inject_power_button(const struct call *c) { return button(c, 0); }
static int inject_reset(const struct call *c) { return button(c, 2); }

static int inject_irq(const struct call *c)
{
	u64 vector = 0, cpu = c->s->cpu;
	int rc = 0;
	u8 data[2];

	number(c, "vector", 255, &vector, &rc);
	number(c, "cpu", c->s->vm->ncpus - 1, &cpu, &rc);
	if (!rc && vector < 16)
		rc = err_set(c->err, EINVAL, "inject irq: vector %u is for exceptions; expected 16 to 255", (u32)vector);
	data[0] = (u8)cpu;
	data[1] = (u8)vector;
	return rc ? rc : put(c, INPUT_IRQ, data, 2, "no interrupt controller is set up that could deliver this vector");
}

static int inject_bitflip(const struct call *c)
{
	struct fault_order o = { .what = FAULT_BIT };
	const struct inject_arg *at = find(c, "at");
	int rc = 0;

	if (!at || at->type != T_GPA)
		return err_set(c->err, EINVAL, "inject bitflip: at: expected a guest-physical address: gpa(0x1000)");
	number(c, "at", UINT64_MAX - 8, &o.first, &rc);
	number(c, "bit", 63, &o.count, &rc);
	return rc ? rc : put_fault(c, &o, "there is no memory at this address");
}

/* The disk that is meant: "disk0" or "d0", the machine's first, or what its place is called. */
static int disk_number(const struct call *c, int *rc)
{
	const struct disk_options *o = &c->s->opt->disks;
	const char *name = text(c, "device", "disk0");
	u32 ide = 0, virtio = 0;

	for (u32 i = 0; i < o->n; i++) {
		char names[3][16];
		bool v = o->disk[i].virtio;
		u32 place = v ? virtio++ : ide++;

		snprintf(names[0], sizeof(names[0]), "disk%u", i);
		snprintf(names[1], sizeof(names[1]), v ? "vd%c" : "hd%c", (char)('a' + place));
		snprintf(names[2], sizeof(names[2]), v ? "blk%u" : "d%u", v ? place : i);
		for (int k = 0; k < 3; k++)
			if (!strcmp(name, names[k]))
				return (int)i;
	}
	if (o->cdrom && (!strcmp(name, "cd") || !strcmp(name, "cdrom")))
		return PC_DISKS;
	if (o->n == 1 && !strcmp(name, "blk0")) /* the only one there is */
		return 0;
	*rc = err_set(c->err, ENODEV, "inject %s: the machine has no disk \"%.40s\"; expected disk0, disk1 ..., hda, vda or cd, as far as "
		      "there are such", c->row->name, name);
	return -1;
}

static int inject_disk_error(const struct call *c)
{
	static const char *const kinds[] = { "eio", "torn", "flip", NULL };
	int rc = 0, disk = disk_number(c, &rc);
	struct fault_order o = { .what = FAULT_DISK, .disk = (u8)disk, .count = 1 };
	int kind = rc ? 0 : choice(c, "kind", kinds, "\"eio\", \"torn\" or \"flip\"", &rc);

	o.kind = (u8)(FAULT_EIO + kind);
	number(c, "sector", INT64_MAX, &o.first, &rc);
	number(c, "count", INT64_MAX, &o.count, &rc);
	number(c, "seed", UINT64_MAX, &o.seed, &rc);
	return rc ? rc : put_fault(c, &o, "eight parts of disks are broken already; inject disk_ok mends one disk");
}

static int inject_disk_ok(const struct call *c)
{
	int rc = 0, disk = disk_number(c, &rc);
	const struct fault_order o = { .what = FAULT_DISK_OK, .disk = (u8)disk };

	return rc ? rc : put_fault(c, &o, "the machine does not take it");
}

static int link_order(const struct call *c, enum fault_what what)
{
	static const char *const links[] = { "net0", NULL };
	struct fault_order o = { .what = (u8)what };
	u64 every = 2;
	int rc = 0;

	choice(c, "link", links, "net0", &rc);
	number(c, "for", INT64_MAX, &o.duration, &rc);
	if (what == FAULT_LINK_SLOW)
		number(c, "every", 1000000, &every, &rc);
	if (!rc && !every)
		rc = err_set(c->err, EINVAL, "inject slow_link: every: expected at least 1");
	if (!rc && !net_options_wanted(&c->s->opt->net))
		rc = err_set(c->err, ENODEV, "inject %s: the machine has no network; --net user gives it one", c->row->name);
	o.every = (u32)every;
	return rc ? rc : put_fault(c, &o, "the machine does not take it");
}

static int inject_link_down(const struct call *c) { return link_order(c, FAULT_LINK_DOWN); }
static int inject_link_up(const struct call *c) { return link_order(c, FAULT_LINK_UP); }
static int inject_slow_link(const struct call *c) { return link_order(c, FAULT_LINK_SLOW); }

static int inject_key(const struct call *c)
{
	const struct inject_arg *a = find(c, "text");

	if (!a || a->type != T_STR)
		return err_set(c->err, EINVAL, "inject key: expected a text: \"root\\n\"");
	return session_keyboard_input(c->s, a->text, a->len, c->err);
}

static int inject_mouse(const struct call *c)
{
	/* Movements may be negative: as numbers of 64 bits they are then very large. */
	const struct inject_arg *x = find(c, "x"), *y = find(c, "y");
	i64 dx = x ? (i64)x->number : 0, dy = y ? (i64)y->number : 0;
	u64 buttons = 0;
	int rc = 0;

	number(c, "buttons", 7, &buttons, &rc);
	if (!rc && (dx < -0x8000 || dx > 0x7fff || dy < -0x8000 || dy > 0x7fff))
		rc = err_set(c->err, EINVAL, "inject mouse: expected movements from -32768 to 32767");
	const u8 data[] = { (u8)dx, (u8)(dx >> 8), (u8)dy, (u8)(dy >> 8), 0, (u8)buttons };
	return rc ? rc : put(c, INPUT_MOUSE, data, sizeof(data), "the machine does not take it");
}

static int inject_balloon(const struct call *c)
{
	u64 pages = 0;
	int rc = 0;

	number(c, "pages", UINT32_MAX, &pages, &rc);
	const u8 data[] = { (u8)pages, (u8)(pages >> 8), (u8)(pages >> 16), (u8)(pages >> 24) };
	if (!rc && !c->s->opt->virtio.balloon)
		rc = err_set(c->err, ENODEV, "inject balloon: the machine has none; --virtio balloon gives it one");
	return rc ? rc : put(c, INPUT_BALLOON, data, sizeof(data), "the machine does not take it");
}

/* ---- the whole ---- */

static const struct { const char *name; int (*inject)(const struct call *c); } deeds[] = {
	{ "nmi", inject_nmi }, { "irq", inject_irq }, { "bitflip", inject_bitflip }, { "disk_error", inject_disk_error },
	{ "disk_ok", inject_disk_ok }, { "link_down", inject_link_down }, { "link_up", inject_link_up },
	{ "slow_link", inject_slow_link }, { "power_button", inject_power_button }, { "key", inject_key },
	{ "mouse", inject_mouse }, { "balloon", inject_balloon }, { "reset", inject_reset },
};

static const struct trap_injection *row_of(const char *what)
{
	for (int i = 0; i < trap_ninjections; i++)
		if (!strcmp(trap_injections[i].name, what))
			return &trap_injections[i];
	return NULL;
}

int session_inject(struct session *s, const char *what, const struct inject_args *a, struct err *err)
{
	const struct call c = { s, row_of(what), a, err };

	if (!c.row)
		return err_set(err, EINVAL, "'%.40s' cannot be injected; help inject lists what can", what);
	if (c.row->missing)
		return err_set(err, ENOTSUP, "this build has no %s: inject %s", c.row->missing, what);
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (!strcmp(deeds[i].name, what))
			return deeds[i].inject(&c);
	return err_set(err, EINVAL, "inject %s answers an exit: in a probe of one, as on msr_write(0x1b) { inject %s(13, 0); }", what,
		       what);
}

void session_inject_forget(struct session *s)
{
	if (s->priv->injections)
		s->priv->injections->n = 0;
}

void session_inject_close(struct session *s)
{
	free(s->priv->injections);
	s->priv->injections = NULL;
}
