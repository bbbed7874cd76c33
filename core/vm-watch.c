/* SPDX-License-Identifier: GPL-3.0-or-later
 * vm-watch.c - who watches a machine: subscribers of its events, breakpoints, watched memory.
 * Rule: the engine is told of every change, so that nobody pays for what nobody watches.
 */
#include <errno.h>
#include <string.h>

#include "core/vm.h"

static void observe(struct vm *vm)
{
	for (u32 i = 0; i < vm->ncpus; i++)
		vm->engine->observe(&vm->vcpu[i]);
}

int vm_subscribe(struct vm *vm, u32 mask, event_fn fn, void *arg)
{
	int id = event_subscribe(&vm->events, mask, fn, arg);

	if (id >= 0)
		observe(vm);
	return id;
}

void vm_unsubscribe(struct vm *vm, int id)
{
	event_unsubscribe(&vm->events, id);
	observe(vm);
}

int vm_break_set(struct vm *vm, u64 lin)
{
	struct breaks *b = &vm->breaks;

	for (int i = 0; i < b->n; i++)
		if (b->at[i] == lin)
			return b->users[i]++, 0;
	if (b->n == BREAKS)
		return -ENOSPC;
	b->users[b->n] = 1;
	b->at[b->n++] = lin;
	b->changes++;
	observe(vm);
	return 0;
}

void vm_break_clear(struct vm *vm, u64 lin)
{
	struct breaks *b = &vm->breaks;

	for (int i = 0; i < b->n; i++) {
		if (b->at[i] != lin)
			continue;
		if (--b->users[i])
			return;
		b->at[i] = b->at[--b->n];
		b->users[i] = b->users[b->n];
		b->changes++;
		observe(vm);
		return;
	}
}

static int watch_find(const struct watches *w, const struct watch *x)
{
	for (int i = 0; i < w->n; i++)
		if (w->at[i].at == x->at && w->at[i].len == x->len && w->at[i].kinds == x->kinds &&
		    w->at[i].physical == x->physical)
			return i;
	return -1;
}

int vm_watch_set(struct vm *vm, const struct watch *w)
{
	struct watches *list = &vm->watches;
	int i = watch_find(list, w);

	if (!w->len || w->at + (w->len - 1) < w->at || !(w->kinds & (WATCH_READ | WATCH_WRITE)))
		return -EINVAL;
	if (!(vm->engine->caps & CAP_WATCH_MEM) || vm->threads)
		return -ENOTSUP;
	if (i >= 0)
		return list->users[i]++, 0;
	if (list->n == WATCHES)
		return -ENOSPC;
	list->users[list->n] = 1;
	list->at[list->n++] = *w;
	list->changes++;
	observe(vm);
	return 0;
}

void vm_watch_clear(struct vm *vm, const struct watch *w)
{
	struct watches *list = &vm->watches;
	int i = watch_find(list, w);

	if (i < 0 || --list->users[i])
		return;
	list->at[i] = list->at[--list->n];
	list->users[i] = list->users[list->n];
	list->changes++;
	observe(vm);
}
