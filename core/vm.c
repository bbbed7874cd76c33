/* SPDX-License-Identifier: GPL-3.0-or-later
 * vm.c - build, reset and take down a virtual machine.
 * Rule: the VM lends devices its clock, memory and events through struct device_world; it never looks into
 * one.
 */
#include "core/vm.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/paging-check.h"
#include "core/run-priv.h"
#include "core/threads.h"

const char *stop_why_name(enum stop_why why)
{
	static const char *const names[] = {
		[STOP_NONE] = "running",
		[STOP_POWER_OFF] = "power-off",
		[STOP_HALTED] = "halted for ever",
		[STOP_TRIPLE_FAULT] = "triple fault",
		[STOP_BUDGET] = "budget used up",
		[STOP_USER] = "stopped by the user",
		[STOP_EVENT] = "stopped by an event",
		[STOP_ERROR] = "host error",
	};

	return (unsigned)why < ARRAY_LEN(names) ? names[why] : "?";
}

/* ---- what devices may ask of the machine ---- */

static void power_off(void *arg, int status)
{
	struct vm *vm = arg;

	vm->stop = STOP_POWER_OFF;
	vm->stop_status = status;
}

static void reset_request(void *arg)
{
	((struct vm *)arg)->reset_wanted = true;
}

/* The bus on which d is seen: that of the VM, or its processor's own. */
static struct bus *bus_of(struct vm *vm, const struct device *d, const struct claim *claim)
{
	if (claim->space == SPACE_PORT)
		return &vm->port;
	for (int i = 0; i < vm->ndevices; i++)
		if (vm->device[i] == d && vm->device_cpu[i])
			return &vm->vcpu[vm->device_cpu[i] - 1].mmio;
	return &vm->mmio;
}

static int claim(void *arg, struct device *d, const struct claim *claim, struct err *err)
{
	return bus_add(bus_of(arg, d, claim), d, claim, err);
}

static void unclaim(void *arg, struct device *d, const struct claim *claim)
{
	bus_remove_claim(bus_of(arg, d, claim), claim);
}

static void refuse(void *arg)
{
	((struct vm *)arg)->refused = true;
}

static void message(void *arg, u64 address, u32 data)
{
	const struct vm_messages *m = &((struct vm *)arg)->messages;

	if (m->send)
		m->send(m->arg, address, data);
}

static u64 random_bits(void *arg)
{
	u64 value = vm_random(arg);

	vm_input(arg, INPUT_RANDOM, value);
	return value;
}

static void put_byte(void *arg, const char *channel, u8 byte)
{
	struct vm *vm = arg;
	struct event ev = { .kind = EV_out, .out = { byte, channel } };

	if (event_wanted(&vm->events, EV_out))
		vcpu_emit(&vm->vcpu[vm->turn], &ev);
	if (vm->put_byte)
		vm->put_byte(vm->put_arg, channel, byte);
}

static void log_event(void *arg, enum log_level level, const char *who, const char *text)
{
	struct vm *vm = arg;
	struct event ev = { .kind = EV_log, .log = { (u8)level, who, text } };

	if (event_wanted(&vm->events, EV_log))
		vcpu_emit(&vm->vcpu[vm->turn], &ev);
}

/* ---- create and destroy ---- */

static int config_check(const struct vm_config *c, struct err *err)
{
	if (!c->mem_size || c->mem_size % PAGE_SIZE_4K)
		return err_set(err, EINVAL,
			       "guest memory of %llu bytes; expected a multiple of 4096, at least 4096",
			       (unsigned long long)c->mem_size);
	if (c->mem_size > VM_MEM_MAX)
		return err_set(err, EINVAL, "guest memory of %llu MiB; expected at most %llu MiB",
			       (unsigned long long)c->mem_size >> 20, VM_MEM_MAX >> 20);
	if (c->cpus < 1 || c->cpus > VM_VCPUS)
		return err_set(err, EINVAL, "%u processors; expected 1 to %d", c->cpus, VM_VCPUS);
	return paging_check(c->paging, c->engine, err);
}

static void fill_in(struct vm *vm, const struct vm_config *c)
{
	vm->name = c->name ? c->name : "vm";
	vm->engine = c->engine;
	vm->cpu = c->cpu ? c->cpu : &cpu_models[0];
	vm->mem_size = c->mem_size;
	vm->random = c->seed;
	vm->controls.pause_exiting = c->cpus > 1 && !c->threads;
	vm->controls.hlt_exiting = vm->controls.rdrand_exiting = vm->controls.rdseed_exiting = true;
	if (c->paging == PAGING_SHADOW) {
		vm->controls.invlpg_exiting = vm->controls.cr3_exiting = vm->controls.efer_exiting = true;
		vm->controls.cr0_mask = CR0_PG | CR0_PE | CR0_WP;
		vm->controls.cr4_mask = CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP | CR4_SMAP | CR4_PCIDE;
	}
	vm->log = (struct log){ log_event, vm, LOG_INFO };
	vm->world = (struct device_world){
		.clock = &vm->clock,
		.mem = &vm->mem,
		.events = &vm->events,
		.log = &vm->log,
		.power_off = power_off,
		.reset_request = reset_request,
		.claim = claim,
		.unclaim = unclaim,
		.refuse = refuse,
		.msi = message,
		.random = random_bits,
		.put_byte = put_byte,
		.arg = vm,
	};
	clock_init(&vm->clock, c->insn_ps ? c->insn_ps : 1000);
}

static void close_engine(struct vm *vm)
{
	while (vm->ncpus)
		vm->engine->vcpu_close(&vm->vcpu[--vm->ncpus]);
	vm->engine->vm_close(vm);
}

static int open_engine(struct vm *vm, u32 cpus, struct err *err)
{
	int rc = vm->engine->vm_open(vm, err);

	if (rc)
		return rc;
	for (u32 i = 0; i < cpus && !rc; i++) {
		vm->vcpu[i] = (struct vcpu){ .vm = vm, .index = i, .vpid = (u16)(i + 1), .settled = true };
		rc = vm->engine->vcpu_open(&vm->vcpu[i], err);
		if (!rc)
			vm->ncpus++;
	}
	if (rc)
		close_engine(vm);
	return rc;
}

struct vm *vm_create(const struct vm_config *config, struct err *err)
{
	struct vm *vm;

	if (config_check(config, err))
		return NULL;
	vm = calloc(1, sizeof(*vm));
	if (!vm) {
		err_set(err, ENOMEM, "no memory for a virtual machine");
		return NULL;
	}
	fill_in(vm, config);
	if (vm_memory_open(vm, config, err)) {
		free(vm);
		return NULL;
	}
	if ((config->threads && threads_open(vm, err)) || open_engine(vm, config->cpus, err)) {
		threads_close(vm);
		vm_memory_close(vm);
		free(vm);
		return NULL;
	}
	if (config->check_paging && paging_check_open(vm, err)) {
		vm_destroy(vm);
		return NULL;
	}
	vm_reset(vm); /* no device yet: the vCPUs are in their power-up state from the beginning */
	return vm;
}

void vm_destroy(struct vm *vm)
{
	if (!vm)
		return;
	vm_memory_silence(vm); /* the engine goes first: what it mapped must not outlive the memory */
	close_engine(vm);
	threads_close(vm);
	vm_memory_close(vm);
	free(vm);
}

/* ---- devices ---- */

/* Claims go to the VM's buses, or to those of one vCPU. */
static int add_device(struct vm *vm, struct bus *mmio, struct bus *msr, struct device *d, struct err *err)
{
	struct bus *const bus[] = { [SPACE_PORT] = &vm->port, [SPACE_MMIO] = mmio, [SPACE_MSR] = msr };
	int rc = 0;

	if (vm->ndevices == VM_DEVICES)
		return err_set(err, ENOSPC, "device %s: the machine already has %d devices", d->name,
			       VM_DEVICES);
	if (vm_find_device(vm, d->name))
		return err_set(err, EEXIST, "device %s: there already is one of this name", d->name);
	for (int i = 0; i < d->class->nclaims && !rc; i++) {
		const struct claim *claim = &d->class->claims[i];

		assert(bus[claim->space]); /* a device of the VM has no MSRs */
		rc = bus_add(bus[claim->space], d, claim, err);
	}
	if (rc) {
		for (size_t i = 0; i < ARRAY_LEN(bus); i++)
			if (bus[i])
				bus_remove(bus[i], d);
		return rc;
	}
	vm->device[vm->ndevices++] = d;
	return 0;
}

int vm_add_device(struct vm *vm, struct device *d, struct err *err)
{
	return add_device(vm, &vm->mmio, NULL, d, err);
}

int vm_add_cpu_device(struct vm *vm, u32 cpu, struct device *d, struct err *err)
{
	int rc = add_device(vm, &vm->vcpu[cpu].mmio, &vm->vcpu[cpu].msr, d, err);

	if (!rc)
		vm->device_cpu[vm->ndevices - 1] = (u8)(cpu + 1);
	return rc;
}

struct device *vm_find_device(struct vm *vm, const char *name)
{
	for (int i = 0; i < vm->ndevices; i++)
		if (!strcmp(vm->device[i]->name, name))
			return vm->device[i];
	return NULL;
}

/* ---- reset ---- */

static void tell_reset(struct vm *vm)
{
	struct event ev = { .kind = EV_reset };
	struct x86_state s;

	if (!event_wanted(&vm->events, EV_reset) || vcpu_get(&vm->vcpu[vm->turn], &s, ST_GPR) < 0)
		return;
	ev.reset.rip = s.rip[0];
	vcpu_emit(&vm->vcpu[vm->turn], &ev);
}

void vm_reset(struct vm *vm)
{
	for (u32 i = 0; i < vm->ncpus; i++)
		vcpu_settle(&vm->vcpu[i], NULL);
	tell_reset(vm);
	vm->reset_wanted = false;
	for (u32 i = 0; i < vm->ncpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		v->intr = v->nmi = v->init = false;
		v->sipi = 0;
	}
	vm->attention = 0;
	for (int i = 0; i < vm->ndevices; i++)
		device_reset(vm->device[i]);
	for (u32 i = 0; i < vm->ncpus; i++)
		vcpu_reset(&vm->vcpu[i]);
	vm->turn = 0;
	vm->turn_used = 0;
}

/* ---- lines, events, input ---- */

void vm_intr_line(void *arg, int n, int level)
{
	struct vm *vm = arg;

	if (vm->vcpu[n].intr == (level != 0))
		return;
	vm->vcpu[n].intr = level != 0;
	vm->attention |= 1u << n; /* when it falls, too: a window may be open for nothing */
	if (level)
		threads_wake(vm, (u32)n);
}

void vm_nmi_line(void *arg, int n, int level)
{
	struct vm *vm = arg;

	if (!level)
		return;
	vm->vcpu[n].nmi = true; /* an edge, remembered until it is taken */
	vm->attention |= 1u << n;
	threads_wake(vm, (u32)n);
}

void vm_init_line(void *arg, int n, int level)
{
	struct vm *vm = arg;

	if (!level)
		return;
	vm->vcpu[n].init = true;
	vm->attention |= 1u << n;
	threads_wake(vm, (u32)n);
}

void vm_sipi(struct vm *vm, u32 cpu, u8 vector)
{
	vm->vcpu[cpu].sipi = vector + 1;
	vm->attention |= 1u << cpu;
	threads_wake(vm, cpu);
}

u64 vm_icount(const struct vm *vm)
{
	u64 sum = 0;

	for (u32 i = 0; i < vm->ncpus; i++)
		sum += vm->vcpu[i].clock_icount;
	return sum;
}

void vm_input(struct vm *vm, u8 source, u64 value)
{
	struct event ev = { .kind = EV_input, .input = { source, value } };

	vm->inputs += source != INPUT_RANDOM;
	if (event_wanted(&vm->events, EV_input))
		vcpu_emit(&vm->vcpu[vm->turn], &ev);
}

/* SplitMix64 (Steele, Lea, Flood 2014): every seed is good, and the state is one number to save. */
u64 vm_random(struct vm *vm)
{
	u64 z = vm->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}
