/* SPDX-License-Identifier: GPL-3.0-or-later
 * faults.c - broken sectors and a bad cable, as Trap's `inject` makes them.
 * Rule: whether an access is spoilt depends on this state and on virtual time, never on chance.
 */
#include "devices/faults.h"

#include <string.h>

enum { SECTOR = 512 };

/* ---- orders ---- */

static void disk_mend(struct faults_state *s, u8 disk)
{
	for (int i = 0; i < FAULTS; i++)
		if (s->disk[i] == disk)
			s->kind[i] = FAULT_NONE;
}

static bool disk_break(struct faults_state *s, const struct fault_order *o)
{
	int i = 0;

	while (i < FAULTS && s->kind[i])
		i++;
	if (i == FAULTS || !o->kind || o->kind >= FAULT_KINDS)
		return false;
	s->kind[i] = o->kind;
	s->disk[i] = o->disk;
	s->first[i] = o->first;
	s->count[i] = o->count;
	s->seed[i] = o->seed;
	return true;
}

static bool flip(const struct faults *f, u64 gpa, u64 bit)
{
	u8 byte;

	if (!mem_read(f->dev.world->mem, gpa + bit / 8, &byte, 1))
		return false;
	byte ^= (u8)(1 << bit % 8);
	return mem_poke(f->dev.world->mem, gpa + bit / 8, &byte, 1);
}

static u64 until(const struct faults *f, const struct fault_order *o)
{
	return o->duration ? device_now(&f->dev) + o->duration : 0;
}

bool faults_take(struct faults *f, const u8 *data, u32 len)
{
	struct faults_state *s = &f->s;
	struct fault_order o;

	if (len != sizeof(o))
		return false;
	memcpy(&o, data, sizeof(o));
	switch (o.what) {
	case FAULT_DISK: return disk_break(s, &o);
	case FAULT_DISK_OK: disk_mend(s, o.disk); return true;
	case FAULT_LINK_DOWN:
		s->link_down[0] = true;
		s->link_until[0] = until(f, &o);
		return true;
	case FAULT_LINK_SLOW:
		s->link_every[0] = o.every;
		s->slow_until[0] = until(f, &o);
		s->frames[0] = 0;
		return true;
	case FAULT_LINK_UP:
		s->link_down[0] = false;
		s->link_every[0] = 0;
		return true;
	case FAULT_BIT: return flip(f, o.first, o.count);
	default: return false;
	}
}

/* ---- disks ---- */

/* The next fault of this kind, from *i on, that touches the sectors. */
static bool touched(const struct faults_state *s, int *i, enum fault_kind kind, u8 disk, u64 lba, u64 n)
{
	for (; *i < FAULTS; ++*i)
		if (s->kind[*i] == kind && s->disk[*i] == disk && n && lba + n > s->first[*i] &&
		    (lba < s->first[*i] || lba - s->first[*i] < s->count[*i]))
			return true;
	return false;
}

bool faults_fails(struct faults *f, u8 disk, u64 lba, u64 n)
{
	int i = 0;
	bool yes = touched(&f->s, &i, FAULT_EIO, disk, lba, n);

	f->s.hits[0] += yes;
	return yes;
}

u64 faults_torn(struct faults *f, u8 disk, u64 lba, u64 n, u64 bytes)
{
	int i = 0;
	bool yes = touched(&f->s, &i, FAULT_TORN, disk, lba, n);

	f->s.hits[0] += yes;
	return yes ? bytes / 2 : bytes;
}

/* SplitMix64's mixing function (Steele, Lea, Flood 2014) */
static u64 mix(u64 z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void faults_spoil(struct faults *f, u8 disk, u64 lba, u64 n, u8 *data)
{
	const struct faults_state *s = &f->s;

	for (int i = 0; touched(s, &i, FAULT_FLIP, disk, lba, n); i++)
		for (u64 k = 0; k < n; k++) {
			u64 bit = mix(s->seed[i] + lba + k) % (SECTOR * 8);

			if (lba + k < s->first[i] || lba + k - s->first[i] >= s->count[i])
				continue;
			data[k * SECTOR + bit / 8] ^= (u8)(1 << bit % 8);
			f->s.hits[0]++;
		}
}

/* ---- the cable ---- */

static bool is_over(const struct faults *f, u64 until_ns)
{
	return until_ns && device_now(&f->dev) >= until_ns;
}

bool faults_passes(struct faults *f)
{
	struct faults_state *s = &f->s;
	bool passes = true;

	if (s->link_down[0] && is_over(f, s->link_until[0]))
		s->link_down[0] = false;
	if (s->link_every[0] && is_over(f, s->slow_until[0]))
		s->link_every[0] = 0;
	if (s->link_every[0])
		passes = ++s->frames[0] % s->link_every[0] == 0;
	passes &= !s->link_down[0];
	s->hits[0] += !passes;
	return passes;
}

const struct device_class faults_class = {
	.name = "faults",
	.brief = "what the debugger has broken",
	.layout = &faults_state_layout,
	.battery = true, /* a bad sector stays bad when the machine is reset */
};
