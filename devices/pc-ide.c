/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-ide.c - which disk is connected where.
 * Rule: places depend on the configuration alone, so that a guest finds its disks where it left them.
 */
#include "devices/pc-ide.h"

#include <errno.h>

enum { CD_PLACE = 2, PLACES = IDE_CHANNELS * IDE_DRIVES };

static struct ide_drive *place(struct pc_ide *p, int n)
{
	return &p->channel[n / IDE_DRIVES].drive[n % IDE_DRIVES];
}

static int connect_disks(struct pc_ide *p, const struct pc_config *config, struct disk *disk,
			 struct disk *cdrom, struct err *err)
{
	int n = 0;

	if (config->cdrom) {
		place(p, CD_PLACE)->disk = cdrom;
		place(p, CD_PLACE)->cd = true;
	}
	for (u32 i = 0; i < config->ndisks; i++) {
		if (config->disk[i].virtio)
			continue;
		n += n == CD_PLACE && config->cdrom;
		if (n == PLACES)
			return err_set(err, EINVAL,
				       "more disks than IDE has places (%d, one of them for the CD)", PLACES);
		if (!p->first)
			p->first = &disk[i];
		place(p, n++)->disk = &disk[i];
	}
	return 0;
}

static int add(struct vm *vm, struct device *d, const struct device_class *class, const char *name,
	       void *state, struct err *err)
{
	int rc = device_init(d, class, name, state, &vm->world, err);

	return rc ? rc : vm_add_device(vm, d, err);
}

static int add_channel(struct pc_ide *p, struct vm *vm, int c, struct err *err)
{
	static const char *const names[PLACES] = { "ide0-master", "ide0-slave", "ide1-master", "ide1-slave" };
	struct ide *i = &p->channel[c];
	int rc = 0;

	for (int n = 0; n < IDE_DRIVES && !rc; n++) {
		struct ide_drive *d = &i->drive[n];

		rc = d->disk ? add(vm, &d->dev, &ide_drive_class, names[c * IDE_DRIVES + n], &d->s, err) : 0;
	}
	return rc ? rc : add(vm, &i->dev, c ? &ide1_class : &ide0_class, NULL, &i->s, err);
}

int pc_ide_build(struct pc_ide *p, struct vm *vm, struct pci *bus, const struct pc_config *config,
		 struct disk *disk, struct disk *cdrom, const struct irq_line *irq, struct err *err)
{
	int rc;

	bmide_init(&p->master);
	for (int c = 0; c < IDE_CHANNELS; c++) {
		ide_init(&p->channel[c], c);
		bmide_connect(&p->master, &p->channel[c]);
		p->master.irq[c] = irq[c];
	}
	rc = connect_disks(p, config, disk, cdrom, err);
	if (rc || (!p->first && !config->cdrom))
		return rc;
	rc = add(vm, &p->master.dev, &bmide_class, NULL, &p->master.s, err);
	for (int c = 0; c < IDE_CHANNELS && !rc; c++)
		rc = add_channel(p, vm, c, err);
	return rc ? rc : pci_add(bus, &p->master.pci, err);
}
