/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci.h - PCI bus 0: the configuration mechanism, and what every function on the bus is made of.
 * Rule: a function's 256 bytes are part of its own device's state; where its BARs answer and what its
 * interrupt pin says follow from them, and are worked out anew after every change.
 *
 * How a device becomes a function (example: devices/bmide.c): its STATE list has `config`; it has a struct
 * pci_function; its init function calls pci_function_init, pci_bar_io or pci_bar_memory, and
 * pci_capability_add; its class->reset calls pci_function_reset, its class->restored calls
 * pci_function_restored; the board calls pci_add. Accesses to a BAR arrive at class->read and class->write
 * with a claim of which pci_bar_index says the number.
 */
#ifndef VITRINE_DEVICES_PCI_H
#define VITRINE_DEVICES_PCI_H

#include "core/device.h"

enum { PCI_SLOTS = 32, PCI_FUNCTIONS = 64, PCI_CONFIG_BYTES = 256, PCI_BARS = 6, PCI_PINS = 4 };

/* Offsets in configuration space (PCI Local Bus Specification 3.0, 6.1) */
/* clang-format off */
enum { PCI_VENDOR_ID = 0, PCI_DEVICE_ID = 2, PCI_COMMAND = 4, PCI_STATUS = 6, PCI_REVISION = 8, PCI_CLASS = 9,
       PCI_CACHE_LINE = 0x0c, PCI_LATENCY = 0x0d, PCI_HEADER_TYPE = 0x0e, PCI_BAR0 = 0x10,
       PCI_SUBSYSTEM_VENDOR_ID = 0x2c, PCI_SUBSYSTEM_ID = 0x2e, PCI_CAPABILITIES = 0x34,
       PCI_INTERRUPT_LINE = 0x3c, PCI_INTERRUPT_PIN = 0x3d, PCI_FIRST_CAPABILITY = 0x40 };
/* Bits of the command and status registers (6.2.2, 6.2.3) */
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4, PCI_COMMAND_NO_INTX = 0x400 };
enum { PCI_STATUS_INTX = 8, PCI_STATUS_CAPABILITIES = 0x10 };
/* Capability numbers (appendix H) */
enum { PCI_CAP_MSI = 5, PCI_CAP_VENDOR = 9, PCI_CAP_MSIX = 0x11 };
/* clang-format on */

#define PCI_STATE(F, S) \
	F(S, u32, address, 1, 0, HEX, \
	  "configuration address register: enable, bus, device, function, register") \
	F(S, u8, reset_control, 1, 0, BITS, "port CF9h: bit 1 hard reset, bit 2 resets when it rises") \
	F(S, u8, intx, PCI_PINS, 0, BOOL, "levels of the four interrupt wires of the bus")
STATE(pci_state, 2, PCI_STATE);

/* A base address register: a range of ports or memory whose place the guest chooses. */
struct pci_bar {
	u32 size;           /* a power of two; 0 = there is no such BAR */
	bool answers;       /* the claim is on the bus */
	struct claim claim; /* where it answers, with the names of its registers */
	/* Memory that a guest reaches without the bus (a frame buffer): told its place instead of claiming
	 * it, when that changes; on = false: nowhere.  Set after pci_bar_memory.  NULL: accesses come to
	 * class->read and class->write. */
	void (*moved)(struct device *dev, int bar, u64 base, bool on);
	u64 base; /* as last told to moved */
	bool on;
};

struct pci;
struct pci_msix;
struct pci_function {
	struct pci *bus;               /* set by pci_add */
	struct device *dev;            /* whose function it is */
	u8 devfn;                      /* device * 8 + function */
	u8 *config;                    /* PCI_CONFIG_BYTES of the device's state */
	u8 initial[PCI_CONFIG_BYTES];  /* what they are after reset */
	u8 writable[PCI_CONFIG_BYTES]; /* the bits a guest can change */
	struct pci_bar bar[PCI_BARS];
	struct pci_msix *msix;                                  /* see pci-msix.h; may be NULL */
	void (*written)(struct device *dev, u32 reg, int size); /* after a guest's write; may be NULL */
	void (*reading)(struct device *dev, u32 reg, int size); /* before a guest's read; may be NULL */
	u8 next_capability;                                     /* where the next one is put */
	u8 last_capability;
};

struct pci {
	struct device dev; /* first: a struct device * of this class is a struct pci * */
	struct pci_state s;
	struct pci_function *function[PCI_FUNCTIONS]; /* by ascending devfn */
	int nfunctions;
	/* The wires: pin INTA# (0) to INTD# (3) of device number s pulls at wire (s + pin) % 4; 1 = up. */
	struct irq_line intx[PCI_PINS];
};

extern const struct device_class pci_class;

/* ---- building: before the machine starts ---- */

struct pci_identity {
	u16 vendor, device;
	u32 class; /* base class, subclass, programming interface: 020000h is an Ethernet controller */
	u8 revision;
	u8 pin; /* interrupt pin: 0 = none, 1 = INTA#, ... */
	u16 subsystem_vendor, subsystem;
};

/* A guest may change the usual bits of the command register, cache line size, latency timer and interrupt
 * line; more: set f->writable and f->initial after this. */
void pci_function_init(struct pci_function *f, struct device *dev, u8 devfn, u8 *config,
		       const struct pci_identity *id);
/* BAR n: `size` bytes (a power of two, at least 4 ports or 16 bytes of memory). `names`: of the registers by
 * offset, for events, may be NULL. `width`: widest access the device takes, as in struct claim. */
void pci_bar_io(struct pci_function *f, int n, u32 size, const char *const *names, int nnames, u8 width);
void pci_bar_memory(struct pci_function *f, int n, u32 size, const char *const *names, int nnames, u8 width);
/* The memory of BAR n has no side effects when read. */
void pci_bar_prefetchable(struct pci_function *f, int n);
/* Add a capability of `len` bytes, its two first ones included; returns its offset. The others are zeros:
 * fill f->initial and f->writable from there on. Room is for 192 bytes in all: more is our own bug. */
u8 pci_capability_add(struct pci_function *f, u8 id, u8 len);
/* Put a function on the bus. -ENOSPC if that is full, -EEXIST if there is one of this number. f stays where
 * it is. */
int pci_add(struct pci *p, struct pci_function *f, struct err *err);

/* ---- for the device ---- */

/* From class->reset: the initial configuration; no BAR answers, no interrupt. */
void pci_function_reset(struct pci_function *f);
/* From class->restored: undo what no guest could have written, claim the BARs' places again. */
void pci_function_restored(struct pci_function *f);
/* The interrupt pin; 1 = asserted. A level, shared with others. */
void pci_set_intx(struct pci_function *f, int level);
/* The device has changed its configuration space by itself: BARs and interrupt wires follow. */
void pci_update(struct pci_function *f);
/* Which BAR's claim this is, or -1. */
int pci_bar_index(const struct pci_function *f, const struct claim *claim);
/* Where BAR n has been put, answering or not. */
u64 pci_bar_base(const struct pci_function *f, int n);
/* May it access memory by itself (DMA, MSI)? */
bool pci_is_master(const struct pci_function *f);

/* Little-endian words of a configuration space. */
static inline void pci_put16(u8 *config, u32 reg, u16 value)
{
	config[reg] = (u8)value;
	config[reg + 1] = (u8)(value >> 8);
}

static inline void pci_put32(u8 *config, u32 reg, u32 value)
{
	pci_put16(config, reg, (u16)value);
	pci_put16(config, reg + 2, (u16)(value >> 16));
}

static inline u16 pci_get16(const u8 *config, u32 reg)
{
	return (u16)(config[reg] | config[reg + 1] << 8);
}

static inline u32 pci_get32(const u8 *config, u32 reg)
{
	return pci_get16(config, reg) | (u32)pci_get16(config, reg + 2) << 16;
}

#endif
