/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc.h - the board: a PC with an i440FX chip set, built around a VM.
 * Rule: pc.c is the only file that names all devices; a new one is a member, a row and a wire here.
 *
 * Guest-physical memory with a BIOS (without one, C0000h-FFFFFh is plain RAM):
 *	00000000h            RAM
 *	000A0000h            nothing (the place of VGA memory)
 *	000C0000h            13 segments: RAM, ROM or nothing, as the host bridge's PAM registers say
 *	00100000h            RAM, up to E0000000h at most
 *	4 GiB - BIOS size    BIOS ROM
 *	4 GiB                the rest of the RAM
 *
 * Memory of the board that no guest address shows lies in slots marked as holes at E0000000h (the RAM
 * behind the segments) and E1000000h (written disk sectors), so that the state hash covers it.
 */
#ifndef VITRINE_DEVICES_PC_H
#define VITRINE_DEVICES_PC_H

#include "core/device.h"
#include "core/vm.h"

enum { PC_RTC_DEFAULT = 946684800 }; /* 2000-01-01 00:00:00 UTC */

struct pc_config {
	u64 mem_size;   /* bytes of RAM, as in struct vm_config; at least 1 MiB, whole pages */
	const u8 *bios; /* image of the BIOS ROM, or NULL; copied */
	const char *bios_name; /* its file, for messages; may be NULL */
	u64 bios_size;  /* 64 KiB to 16 MiB, a multiple of 64 KiB */
	const u8 *disk; /* image of the disk, or NULL; borrowed until pc_destroy, never changed */
	u64 disk_size;
	u64 disk_room; /* bytes of written sectors to keep, 0 = 32 MiB */
	i64 rtc_start; /* the clock's time at power-up, seconds since 1970 (PC_RTC_DEFAULT: 2000-01-01) */
};

struct pc;

/* Put the board into a VM that has no devices and no memory slots yet.  The devices are not reset:
 * vm_reset(vm) is the power switch.  On failure *pc is NULL and the VM is good for vm_destroy only. */
int pc_build(struct vm *vm, const struct pc_config *config, struct pc **pc, struct err *err);
/* When the VM will not run any more, and before vm_destroy. */
void pc_destroy(struct pc *pc);

/* What comes from outside.  The caller has told vm_input. */
bool pc_key(struct pc *pc, u16 key, bool down); /* see kbd_key */
void pc_serial_receive(struct pc *pc, u8 byte); /* see uart_receive */
int pc_serial_room(const struct pc *pc);        /* bytes COM1 takes now without loss */
void pc_nmi(struct pc *pc);                     /* the NMI button; bit 7 of port 70h holds it off */

/* All classes of devices on the board, for `info devices` and the like. */
extern const struct device_class *const pc_classes[];
extern const int pc_class_count;

#endif
