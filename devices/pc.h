/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc.h - the board: a PC with an i440FX chip set, built around a VM.
 * Rule: pc.c is the only file that names all devices; a new one is a member, a row and a wire here.
 *
 * Guest-physical memory with a BIOS (without one, C0000h-FFFFFh is plain RAM):
 *	00000000h            RAM
 *	000A0000h            the display adapter's window, as its registers say
 *	000C0000h            13 segments: RAM, ROM or nothing, as the host bridge's PAM registers say
 *	00100000h            RAM, up to E0000000h at most
 *	4 GiB - BIOS size    BIOS ROM
 *	4 GiB                the rest of the RAM
 *
 * Memory of the board that no guest address shows (the RAM behind the segments, written disk sectors) lies in
 * slots marked as holes above all RAM, so that the state hash covers it.
 */
#ifndef VITRINE_DEVICES_PC_H
#define VITRINE_DEVICES_PC_H

#include "core/device.h"
#include "core/vm.h"
#include "devices/block.h"
#include "devices/net.h"

enum { PC_RTC_DEFAULT = 946684800 }; /* 2000-01-01 00:00:00 UTC */

/* Virtio devices.  On PCI they are 00:03.0, 00:04.0 ... in this order: disks, net, console, rng, balloon. */
struct pc_virtio {
	bool mmio; /* all of them at FEB00000h + 200h * n instead of on PCI (see virtio-mmio.h) */
	bool net, console, rng, balloon;
	u8 mac[NET_MAC]; /* of the network card; all zeros: 52:54:00:12:34:56 */
};

enum { PC_DISKS = 4 };
struct pc_disk {
	struct block *image; /* what lies behind; borrowed until pc_destroy */
	bool virtio;         /* on virtio; else it takes the next free place on the IDE channels */
	bool snapshot;       /* what the guest writes stays in machine memory; the image is not written */
	bool read_only;      /* the guest cannot write */
	u64 room;            /* with snapshot: bytes of written sectors to keep; 0 = all, up to 4 GiB */
};

struct pc_config {
	u64 mem_size;   /* bytes of RAM, as in struct vm_config; at least 1 MiB, whole pages */
	const u8 *bios; /* image of the BIOS ROM, or NULL; copied */
	const char *bios_name; /* its file, for messages; may be NULL */
	u64 bios_size;  /* 64 KiB to 16 MiB, a multiple of 64 KiB */
	const u8 *video_bios; /* image of the display adapter's ROM, or NULL: it starts in text mode 3; copied */
	const char *video_bios_name; /* its file, for messages; may be NULL */
	u64 video_bios_size;         /* at most 64 KiB */
	struct pc_disk disk[PC_DISKS];
	u32 ndisks;
	struct block *cdrom; /* image of the CD in the drive, or NULL; borrowed until pc_destroy */
	struct pc_virtio virtio;
	i64 rtc_start; /* the clock's time at power-up, seconds since 1970 (PC_RTC_DEFAULT: 2000-01-01) */
};

struct pc;

/* What vm_config.hidden_size must be for this board. */
u64 pc_hidden_size(const struct pc_config *config);
/* Put the board into a VM that has no devices and no memory slots yet.  The devices are not reset:
 * vm_reset(vm) is the power switch.  On failure *pc is NULL and the VM is good for vm_destroy only. */
int pc_build(struct vm *vm, const struct pc_config *config, struct pc **pc, struct err *err);
/* When the VM will not run any more, and before vm_destroy. */
void pc_destroy(struct pc *pc);

/* What comes from outside: vm_receive(vm, INPUT_KEY, ...) and so on call these.  Inputs are little-endian: a key is u16 key,
 * u8 down; the mouse i16 dx, dy, i8 dz, u8 buttons; a button u8, 0 power, 1 NMI, 2 reset;
 * an interrupt u8 processor, u8 vector; a fault struct fault_order; the balloon u32 pages; serial port, console and network bytes. */
bool pc_key(struct pc *pc, u16 key, bool down); /* see kbd_key */
void pc_mouse(struct pc *pc, int dx, int dy, int dz, u8 buttons); /* see mouse_move */
void pc_serial_receive(struct pc *pc, u8 byte); /* see uart_receive */
int pc_serial_room(const struct pc *pc);        /* bytes COM1 takes now without loss */
bool pc_serial_listens(const struct pc *pc);    /* see uart_listens */
void pc_serial_taken(struct pc *pc, void (*taken)(void *arg), void *arg); /* see struct uart; NULL = nobody */
void pc_console_receive(struct pc *pc, u8 byte); /* a byte for the virtio console, lost if there is no room */
int pc_console_room(struct pc *pc);              /* bytes it takes now; 0 if there is none */
bool pc_net_ready(struct pc *pc); /* the card has a place for the next frame */
/* A frame from the cable; false if the card had no place for it (or there is no card), and it is lost. */
bool pc_net_receive(struct pc *pc, const u8 *frame, u32 len);
bool pc_balloon_set(struct pc *pc, u32 pages);   /* 4 KiB pages that the guest shall give up; false: no balloon */
u32 pc_balloon_actual(struct pc *pc);            /* pages that it has given up */
void pc_nmi(struct pc *pc);                     /* the NMI button; bit 7 of port 70h holds it off */

/* Plug in the cable: where frames of the network card go.  No cable: they are lost. */
void pc_net_connect(struct pc *pc, const struct net_port *port);

/* The network card of a machine that was a copy of another gets an address of its own; its driver finds it at its next start. */
void pc_new_address(struct pc *pc, u64 number);

/* The display adapter, for vga-screen.h. */
struct vga;
const struct vga *pc_vga(const struct pc *pc);

/* Where the ACPI tables begin (the RSDP's guest-physical address), or 0 if that is up to the BIOS. The tables lie
 * in memory after vm_reset, within E0000h-FFFFFh. */
u64 pc_acpi_rsdp(const struct pc *pc);
/* One more item, or file, in the firmware configuration (see fwcfg.h), before the guest's first instruction; the data
 * is copied.  -ENOMEM if there was no memory for this one or one before. */
int pc_firmware_item(struct pc *pc, u16 key, const void *data, size_t len);
int pc_firmware_file(struct pc *pc, const char *name, const void *data, size_t len);
/* Press the power button: the guest may shut down (ACPI). */
void pc_power_button(struct pc *pc);

/* All classes of devices on the board, for `info devices` and the like. */
extern const struct device_class *const pc_classes[];
extern const int pc_class_count;

/* Bytes that the guest wrote to disk n and that end with this machine (pc_disk.snapshot). */
u64 pc_disk_written(const struct pc *pc, u32 n);

#endif
