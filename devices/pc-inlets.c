/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-inlets.c - where what comes from outside enters the board.
 * Rule: an input is bytes, in the form that pc.h says, for it may come from a recording: wrong ones are not taken.
 */
#include "devices/pc-priv.h"

static bool take_serial(void *arg, const u8 *data, u32 len)
{
	for (u32 i = 0; i < len; i++)
		pc_serial_receive(arg, data[i]);
	return true;
}

static bool take_console(void *arg, const u8 *data, u32 len)
{
	for (u32 i = 0; i < len; i++)
		pc_console_receive(arg, data[i]);
	return true;
}

static bool take_key(void *arg, const u8 *data, u32 len)
{
	return len == 3 && pc_key(arg, (u16)(data[0] | data[1] << 8), data[2]);
}

static bool take_mouse(void *arg, const u8 *data, u32 len)
{
	if (len != 6)
		return false;
	pc_mouse(arg, (i16)(data[0] | data[1] << 8), (i16)(data[2] | data[3] << 8), (i8)data[4], data[5]);
	return true;
}

static bool take_frame(void *arg, const u8 *data, u32 len)
{
	return pc_net_receive(arg, data, len);
}

static bool take_balloon(void *arg, const u8 *data, u32 len)
{
	return len == 4 && pc_balloon_set(arg, (u32)data[0] | (u32)data[1] << 8 | (u32)data[2] << 16 | (u32)data[3] << 24);
}

/* A disk whose writes leave the machine cannot be brought back with it. */
static const char *past_of_disks(const struct pc_config *config)
{
	for (u32 i = 0; i < config->ndisks; i++)
		if (!config->disk[i].snapshot && !config->disk[i].read_only)
			return "what the guest writes to its disk (snapshot=off, overlay) stays written";
	return NULL;
}

void pc_connect_outside(struct vm *vm, struct pc *pc, const struct pc_config *config)
{
	struct vm_inlet *in = vm->inlet;

	in[INPUT_SERIAL] = (struct vm_inlet){ .take = take_serial, .arg = pc };
	in[INPUT_CONSOLE] = (struct vm_inlet){ .take = take_console, .arg = pc };
	in[INPUT_KEY] = (struct vm_inlet){ .take = take_key, .refuses = true, .arg = pc };
	in[INPUT_MOUSE] = (struct vm_inlet){ .take = take_mouse, .arg = pc };
	in[INPUT_NET] = (struct vm_inlet){ .take = take_frame, .arg = pc };
	in[INPUT_BUTTON] = (struct vm_inlet){ .take = pc_take_button, .arg = pc };
	in[INPUT_IRQ] = (struct vm_inlet){ .take = pc_take_irq, .refuses = true, .arg = pc };
	in[INPUT_FAULT] = (struct vm_inlet){ .take = pc_take_fault, .refuses = true, .arg = pc };
	in[INPUT_BALLOON] = (struct vm_inlet){ .take = take_balloon, .refuses = true, .arg = pc };
	vm->no_past = past_of_disks(config);
}
