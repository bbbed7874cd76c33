/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline-image.c - all of a machine but its memory, put aside and put back.
 * Rule: it goes by the state lists, as a snapshot does; what follows from them is made anew by `restored`.  Added is
 * only what the run loop knows of itself between two instructions, so that it goes on as it would have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/timeline-priv.h"

static size_t devices_size(const struct vm *vm)
{
	size_t size = 0;

	for (int i = 0; i < vm->ndevices; i++)
		size += vm->device[i]->class->layout->size;
	return size;
}

static void take_devices(const struct vm *vm, u8 *to)
{
	for (int i = 0; i < vm->ndevices; i++) {
		memcpy(to, vm->device[i]->state, vm->device[i]->class->layout->size);
		to += vm->device[i]->class->layout->size;
	}
}

static void take_loop(const struct vm *vm, struct image *i)
{
	i->icount = vm_icount(vm);
	i->time = vm->clock.now;
	i->openings = vm->openings;
	i->next_poll = vm->next_poll;
	i->rest_until = vm->rest_until;
	i->exits = vm->exits;
	i->inputs = vm->inputs;
	i->attention = vm->attention;
	for (u32 n = 0; n < vm->ncpus; n++)
		i->windows |= (u32)vm->vcpu[n].window << n;
	if (vm->tape)
		i->tape = vm->tape->here;
}

struct image *image_take(struct vm *vm, struct err *err)
{
	size_t size = sizeof(struct image) + devices_size(vm);
	struct image *i = calloc(1, size);
	int rc = 0;

	if (!i) {
		err_set(err, ENOMEM, "no memory for a checkpoint");
		return NULL;
	}
	i->size = size;
	for (u32 n = 0; n < vm->ncpus && !rc; n++)
		rc = vcpu_get(&vm->vcpu[n], &i->vcpu[n], ST_ALL);
	if (rc < 0) {
		err_set(err, -rc, "checkpoint: cannot read a vCPU: %s", strerror(-rc));
		free(i);
		return NULL;
	}
	clock_state_get(vm, &i->clock);
	vm_state_get(vm, &i->vm);
	take_loop(vm, i);
	take_devices(vm, i->devices);
	return i;
}

void image_put_devices(struct vm *vm, const struct image *i)
{
	const u8 *from = i->devices;

	vm->clock.now = i->clock.now[0];
	vm->clock.frac_ps = i->clock.frac_ps[0];
	for (int n = 0; n < vm->ndevices; n++) {
		memcpy(vm->device[n]->state, from, vm->device[n]->class->layout->size);
		from += vm->device[n]->class->layout->size;
		device_restored(vm->device[n]);
	}
	clock_state_set_order(vm, &i->clock);
	vm_state_set(vm, &i->vm); /* after the devices, which have just driven their lines */
}

int image_put_processors(struct vm *vm, const struct image *i, struct err *err)
{
	for (u32 n = 0; n < vm->ncpus; n++) {
		struct vcpu *v = &vm->vcpu[n];
		int rc = vcpu_set(v, &i->vcpu[n], ST_ALL, err);

		if (rc)
			return rc;
		v->window = i->windows >> n & 1;
		vm->engine->want_window(v, v->window);
	}
	vm->openings = i->openings;
	vm->next_poll = i->next_poll;
	vm->rest_until = i->rest_until;
	vm->exits = i->exits;
	vm->inputs = i->inputs;
	vm->attention = i->attention;
	vm->events.icount = vm->vcpu[vm->turn].clock_icount;
	vm->stop = STOP_NONE;
	vm->breaks.moves++;
	if (vm->tape) {
		vm->tape->here = i->tape;
		tape_moved(vm->tape);
	}
	return 0;
}
