/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-pci.h - a virtio device as a PCI function (virtio 1.2, 4.1).
 * Rule: it translates; what a register does is virtio.c's affair.
 *
 * BAR 0, 4 KiB of memory: common configuration, ISR status, bells, device configuration; vendor capabilities
 * say where.  BAR 1, 4 KiB: MSI-X, one vector for the configuration and one for each queue.
 */
#ifndef VITRINE_DEVICES_VIRTIO_PCI_H
#define VITRINE_DEVICES_VIRTIO_PCI_H

#include "devices/pci-msix.h"
#include "devices/pci.h"
#include "devices/virtio.h"

enum { VIRTIO_PCI_VENDOR = 0x1af4, VIRTIO_PCI_DEVICE = 0x1040, VIRTIO_NO_VECTOR = 0xffff };
/* Places in BAR 0 */
enum { VIRTIO_PCI_COMMON = 0, VIRTIO_PCI_ISR = 0x40, VIRTIO_PCI_NOTIFY = 0x80, VIRTIO_PCI_CONFIG = 0x100 };

#define VIRTIO_PCI_STATE(F, S) \
	F(S, u8, config, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space") \
	PCI_MSIX_STATE(F, S, VIRTIO_QUEUES + 1) \
	F(S, u16, config_vector, 1, VIRTIO_NO_VECTOR, HEX, "MSI-X vector of configuration changes") \
	F(S, u16, queue_vector, VIRTIO_QUEUES, VIRTIO_NO_VECTOR, HEX, "MSI-X vector of each queue")
STATE(virtio_pci_state, 1, VIRTIO_PCI_STATE);

struct virtio_pci {
	struct device dev; /* first: a struct device * of this class is a struct virtio_pci * */
	struct virtio_pci_state s;
	struct pci_function pci;
	struct pci_msix msix;
	u8 window; /* the capability that shows BAR 0 and 1 in the configuration space */
	struct virtio *v;
	char name[32]; /* "virtio-blk0-pci" */
};

extern const struct device_class virtio_pci_class;

/* In zeroed memory: attach v, which has been initialised, as function `devfn`.  pci_add(&p->pci) is the
 * board's. */
int virtio_pci_init(struct virtio_pci *p, struct virtio *v, u8 devfn, const struct device_world *world,
		    struct err *err);

#endif
