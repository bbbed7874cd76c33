/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-apic.c - which pin of which APIC is connected to what.
 * Rule: an interrupt of a chip arrives at the 8259A and at the I/O APIC; it is the guest that masks one of them.
 */
#include "devices/pc-apic.h"

#include <errno.h>

static void start_up(void *arg, u8 vector)
{
	const struct vcpu *v = arg;

	vm_sipi(v->vm, v->index, vector);
}

static void connect_local(struct lapic *l, struct vm *vm, u32 n, struct apic_bus *bus, struct pic *master)
{
	l->w = (struct lapic_wires){
		.index = n,
		.phys_bits = vm->cpu->phys_bits,
		.has_x2apic = cpu_has(vm->cpu, FEAT_X2APIC),
		.has_deadline = cpu_has(vm->cpu, FEAT_TSCDL),
		.intr = { vm_intr_line, vm, (int)n },
		.nmi = { vm_nmi_line, vm, (int)n },
		.init = { vm_init_line, vm, (int)n },
		.sipi = start_up,
		.tsc_offset = vcpu_tsc_offset,
		.arg = &vm->vcpu[n],
		.external_ack = pic_ack,
		.external_arg = master,
		.send = apic_bus_ipi,
		.eoi = apic_bus_eoi,
		.bus = bus,
	};
	vm->vcpu[n].intc = (struct vcpu_intc){ lapic_ack, l, lapic_read_cr8, lapic_write_cr8 };
	bus->local[n] = l;
}

void pc_apics_connect(struct pc_apics *a, struct vm *vm, struct pic *master)
{
	_Static_assert(APIC_CPUS >= (int)VM_VCPUS, "a local APIC for every processor");

	if (!cpu_has(vm->cpu, FEAT_APIC)) {
		master->out = (struct irq_line){ vm_intr_line, vm, 0 };
		vm->vcpu[0].intc = (struct vcpu_intc){ pic_ack, master };
		return;
	}
	a->n = a->bus.n = vm->ncpus;
	for (u32 i = 0; i < a->n; i++)
		connect_local(&a->local[i], vm, i, &a->bus, master);
	master->out = (struct irq_line){ lapic_set_lint, &a->local[0], 0 };
	a->io.bus = &a->bus;
	a->bus.io = &a->io;
	vm->messages = (struct vm_messages){ apic_bus_msi, &a->bus };
	vm->controls.cr8_exiting = true;
}

int pc_apics_add(struct pc_apics *a, struct vm *vm, struct err *err)
{
	int rc = 0;

	if (!a->n)
		return vm->ncpus == 1 ? 0 : err_set(err, EINVAL, "%u processors of model %s, which has no local APIC to "
						    "start them with; expected 1, or another model", vm->ncpus,
						    vm->cpu->name);
	for (u32 i = 0; i < a->n && !rc; i++) {
		struct lapic *l = &a->local[i];

		rc = device_init(&l->dev, &lapic_class, lapic_names[i], &l->s, &vm->world, err);
		if (!rc)
			rc = vm_add_cpu_device(vm, i, &l->dev, err);
	}
	if (!rc)
		rc = device_init(&a->io.dev, &ioapic_class, NULL, &a->io.s, &vm->world, err);
	return rc ? rc : vm_add_device(vm, &a->io.dev, err);
}

void pc_apics_set_isa(struct pc_apics *a, int irq, int level)
{
	if (a->n && irq != 2) /* the second 8259A's way to the first */
		ioapic_set_input(&a->io, irq ? irq : APIC_GSI_TIMER, level);
}

void pc_apics_set_pci(struct pc_apics *a, int wire, int level)
{
	if (a->n)
		ioapic_set_input(&a->io, APIC_GSI_PCI + wire % 4, level);
}

void pc_apics_nmi(struct pc_apics *a, struct vm *vm)
{
	if (!a->n)
		vm_nmi_line(vm, 0, 1);
	for (u32 i = 0; i < a->n; i++) {
		lapic_set_lint(&a->local[i], 1, 1);
		lapic_set_lint(&a->local[i], 1, 0);
	}
}
