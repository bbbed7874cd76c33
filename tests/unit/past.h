/* SPDX-License-Identifier: GPL-3.0-or-later
 * past.h - a machine whose past is worth something: interrupts, halts, random numbers, strings, and somebody outside who
 * does something else each time.
 * Rule: what comes from outside is made by a generator that knows nothing of the machine: who wants it again must have
 * noted it.
 */
#ifndef VITRINE_TESTS_UNIT_PAST_H
#define VITRINE_TESTS_UNIT_PAST_H

#include <stdlib.h>

#include "core/loader.h"
#include "core/snapshot.h"
#include "core/timeline.h"
#include "cpu-interp/interp.h"
#include "tests/ticker.h"
#include "tests/unit/unit.h"

/* At 7C00: ticks every 3 us, a loop that fills 64 KiB, reads a port, halts, asks for random numbers, and inserts a
 * string from a port that is also where what comes from outside can be read (47h). */
static const u8 guest[] = {
	0x31, 0xc0,                         /* xor ax,ax */
	0x8e, 0xd8,                         /* mov ds,ax */
	0x8e, 0xc0,                         /* mov es,ax */
	0xc7, 0x06, 0x80, 0x00, 0x48, 0x7c, /* mov word [0x80],handler */
	0xa3, 0x82, 0x00,                   /* mov [0x82],ax */
	0xb8, 0x00, 0x10,                   /* mov ax,0x1000 */
	0x8e, 0xe0,                         /* mov fs,ax */
	0xb0, 0x03,                         /* mov al,3 */
	0xe6, 0x40,                         /* out 0x40,al */
	0xfb,                               /* sti */
	0x43,                               /* again: inc bx */
	0xe4, 0x41,                         /* in al,0x41 */
	0x00, 0xc1,                         /* add cl,al */
	0x64, 0x00, 0x1c,                   /* add [fs:si],bl */
	0x46,                               /* inc si */
	0xf6, 0xc3, 0x07,                   /* test bl,7 */
	0x75, 0xf2,                         /* jnz again */
	0xf4,                               /* hlt */
	0x66, 0x0f, 0xc7, 0xf0,             /* rdrand eax */
	0x66, 0x01, 0x06, 0x04, 0x05,       /* add [0x504],eax */
	0xe4, 0x47,                         /* in al,0x47 */
	0x00, 0x06, 0x10, 0x05,             /* add [0x510],al */
	0xba, 0x45, 0x00,                   /* mov dx,0x45 */
	0xbf, 0x00, 0x20,                   /* mov di,0x2000 */
	0xb9, 0x05, 0x00,                   /* mov cx,5 */
	0xf3, 0x6c,                         /* rep insb */
	0x81, 0xc6, 0x35, 0x01,             /* add si,0x135 */
	0xeb, 0xd1,                         /* jmp again */
	0xff, 0x06, 0x00, 0x05,             /* handler: inc word [0x500] */
	0x50,                               /* push ax */
	0xe6, 0x46,                         /* out 0x46,al */
	0x58,                               /* pop ax */
	0xcf,                               /* iret */
};

enum { INBOX = 7 }; /* offset of port 47h among the ticker's bytes at 40h */

static struct err err;
static u64 seed = 1;

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

/* ---- a machine, and somebody outside ---- */

struct rig {
	struct ticker t;
	struct vm *vm;
	struct timeline *line;
	u64 polls, came;
};

/* The latest byte from outside; the guest adds it up. */
static bool take(void *arg, const u8 *data, u32 len)
{
	struct ticker *t = arg;

	t->s.memory[INBOX] = data[len - 1];
	return true;
}

/* Something comes now and then, and rests last as long as they like: as from a host. */
static u64 outside(void *arg, u64 wait_ns)
{
	struct rig *r = arg;
	u8 byte[9];

	for (unsigned i = 0; i < sizeof(byte); i++)
		byte[i] = (u8)chance(256);
	r->polls++;
	if (chance(3) == 0) {
		r->came++;
		vm_receive(r->vm, INPUT_SERIAL, byte, 1 + (u32)chance(sizeof(byte)));
	}
	return wait_ns ? chance(wait_ns + 1) : 0;
}

/* The machine at its first instruction. */
static struct rig *rig_make(bool with_outside)
{
	static const struct image img = { .path = "guest", .data = guest, .len = sizeof(guest) };
	struct rig *r = calloc(1, sizeof(*r));

	r->vm = ticker_machine(&r->t, &engine_interp, 1, &err);
	ck_assert_msg(r->vm != NULL, "%s", err.text);
	ck_assert_msg(load_boot_sector(r->vm, &img, 0, &err) == 0, "%s", err.text);
	r->vm->inlet[INPUT_SERIAL] = (struct vm_inlet){ .take = take, .arg = &r->t };
	if (with_outside)
		r->vm->outside = (struct vm_outside){ outside, r };
	return r;
}

#endif
