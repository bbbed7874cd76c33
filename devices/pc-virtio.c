/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-virtio.c - create the virtio devices that the configuration asks for, and attach them to PCI or to
 * addresses.
 * Rule: a device is added to the machine before its transport, so that it is reset and restored before it.
 */
#include "devices/pc-virtio.h"

#include <errno.h>
#include <string.h>

#include "devices/faults.h"

const u8 pc_virtio_mmio_irq[PC_VIRTIO_MMIO_MAX] = { 5, 6, 7, 10, 11, 3 };

static const u8 default_mac[NET_MAC] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

static int attach_pci(struct pc_virtio_devices *set, struct virtio *v, struct err *err)
{
	struct virtio_pci *p = &set->pci[set->npci];
	u8 devfn = (u8)((PC_VIRTIO_SLOT + set->npci++) << 3);
	int rc = virtio_pci_init(p, v, devfn, &set->vm->world, err);

	if (!rc)
		rc = vm_add_device(set->vm, &p->dev, err);
	return rc ? rc : pci_add(set->bus, &p->pci, err);
}

static int attach_mmio(struct pc_virtio_devices *set, struct virtio *v, struct err *err)
{
	u32 n = set->nmmio++;
	u64 base = PC_VIRTIO_MMIO_BASE + n * (u64)VIRTIO_MMIO_BYTES;
	int rc;

	if (n == PC_VIRTIO_MMIO_MAX)
		return err_set(err, ENOSPC, "%s: this board has places for %d virtio devices outside PCI", v->dev.name,
			       PC_VIRTIO_MMIO_MAX);
	set->mmio[n].irq = set->irq[n];
	rc = virtio_mmio_init(&set->mmio[n], v, base, &set->vm->world, err);
	if (!rc)
		rc = vm_add_device(set->vm, &set->mmio[n].dev, err);
	return rc ? rc : virtio_mmio_claim(&set->mmio[n], err);
}

/* v has been initialised, with this result. */
static int attach(struct pc_virtio_devices *set, const struct pc_config *c, struct virtio *v, int rc,
		  struct err *err)
{
	if (!rc)
		rc = vm_add_device(set->vm, &v->dev, err);
	if (rc)
		return rc;
	return c->virtio.mmio ? attach_mmio(set, v, err) : attach_pci(set, v, err);
}

static int add_disks(struct pc_virtio_devices *set, const struct pc_config *c, struct err *err)
{
	int rc = 0;

	for (u32 i = 0, n = 0; i < c->ndisks && !rc; i++) {
		struct virtio_blk *b = &set->blk[n];

		if (!c->disk[i].virtio)
			continue;
		rc = virtio_blk_init(b, n++, &set->disk[i], &set->vm->world, err);
		rc = attach(set, c, &b->v, rc, err);
	}
	return rc;
}

static int add_net(struct pc_virtio_devices *set, const struct pc_config *c, struct err *err)
{
	static const u8 none[NET_MAC] = { 0 };
	bool given = memcmp(c->virtio.mac, none, NET_MAC) != 0;
	int rc = virtio_net_init(&set->net, given ? c->virtio.mac : default_mac, &set->vm->world, err);

	return attach(set, c, &set->net.v, rc, err);
}

int pc_virtio_build(struct pc_virtio_devices *set, const struct pc_config *c, struct err *err)
{
	const struct device_world *w = &set->vm->world;
	int rc = add_disks(set, c, err);

	if (!rc && c->virtio.net)
		rc = add_net(set, c, err);
	if (!rc && c->virtio.console)
		rc = attach(set, c, &set->console.v, virtio_console_init(&set->console, w, err), err);
	if (!rc && c->virtio.rng)
		rc = attach(set, c, &set->rng.v, virtio_rng_init(&set->rng, w, err), err);
	if (!rc && c->virtio.balloon)
		rc = attach(set, c, &set->balloon.v, virtio_balloon_init(&set->balloon, w, err), err);
	return rc;
}

/* ---- from outside: pc.h ---- */

static bool is_there(const struct virtio *v)
{
	return v->dev.class;
}

void pc_console_receive(struct pc *pc, u8 byte)
{
	struct virtio_console *c = &pc_virtio_of(pc)->console;

	if (is_there(&c->v))
		virtio_console_receive(&c->v.dev, byte);
}

int pc_console_room(struct pc *pc)
{
	struct virtio_console *c = &pc_virtio_of(pc)->console;

	return is_there(&c->v) ? virtio_console_room(&c->v.dev) : 0;
}

static void send_through(void *arg, const u8 *frame, u32 len)
{
	struct pc_virtio_devices *set = arg;

	if (faults_passes(set->faults))
		set->cable.send(set->cable.arg, frame, len);
}

void pc_net_connect(struct pc *pc, const struct net_port *port)
{
	struct pc_virtio_devices *set = pc_virtio_of(pc);

	set->cable = *port;
	set->net.port = port->send ? (struct net_port){ send_through, set } : *port;
}

void pc_new_address(struct pc *pc, u64 number)
{
	struct virtio_net *card = &pc_virtio_of(pc)->net;

	if (card->v.kind)
		virtio_net_new_address(card, number);
}

bool pc_net_ready(struct pc *pc)
{
	struct virtio_net *n = &pc_virtio_of(pc)->net;

	return is_there(&n->v) && virtio_net_ready(&n->v.dev);
}

bool pc_net_receive(struct pc *pc, const u8 *frame, u32 len)
{
	struct virtio_net *n = &pc_virtio_of(pc)->net;

	if (is_there(&n->v) && !faults_passes(pc_virtio_of(pc)->faults))
		return true; /* lost on its way */
	return is_there(&n->v) && virtio_net_receive(&n->v.dev, frame, len);
}

bool pc_balloon_set(struct pc *pc, u32 pages)
{
	struct virtio_balloon *b = &pc_virtio_of(pc)->balloon;

	if (is_there(&b->v))
		virtio_balloon_set(&b->v.dev, pages);
	return is_there(&b->v);
}

u32 pc_balloon_actual(struct pc *pc)
{
	struct virtio_balloon *b = &pc_virtio_of(pc)->balloon;

	return is_there(&b->v) ? virtio_balloon_actual(&b->v.dev) : 0;
}
