/* SPDX-License-Identifier: GPL-3.0-or-later
 * device.c - devices, interrupts, queues and the screen.
 * Rule: a device is shown from its state list; none is asked through its registers.
 */
#include <errno.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/cp437.h"
#include "debugger/host-file.h"
#include "debugger/screendump.h"
#include "debugger/verbs/verbs-priv.h"
#include "devices/pc.h"
#include "devices/vga-screen.h"

static int exec_devices(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_devices, 0, 0, err);

	if (rc)
		return rc;
	describe_devices(c->s, &l);
	return say_lines(c, &l, err);
}

static int exec_device(struct verb_call *c, struct err *err)
{
	struct vm *vm = c->s->vm;
	struct lines l = { 0 };
	struct nearest near;
	int rc = call_words(c, &the_device, 1, 1, err);

	if (rc)
		return rc;
	struct device *d = vm_find_device(vm, c->word[0]);
	if (d) {
		describe_device(c->s, d, NULL, &l);
		return say_lines(c, &l, err);
	}
	nearest_start(&near, c->word[0]);
	for (int i = 0; i < vm->ndevices; i++)
		nearest_offer(&near, vm->device[i]->name);
	if (near.best)
		return err_set(err, ENOENT, "no device is called '%.40s'; did you mean '%s'?", c->word[0], near.best);
	return err_set(err, ENOENT, "no device is called '%.40s'; `devices` lists them", c->word[0]);
}

static int exec_irqs(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_irqs, 0, 0, err);

	if (rc)
		return rc;
	describe_irqs(c->s, &l);
	return say_lines(c, &l, err);
}

static int exec_queues(struct verb_call *c, struct err *err)
{
	struct lines l = { 0 };
	int rc = call_words(c, &the_queues, 0, 1, err);

	if (rc)
		return rc;
	if (c->nwords && strcmp(c->word[0], "all"))
		return err_set(err, EINVAL, "queues: '%.40s'; expected nothing, or all", c->word[0]);
	describe_queues(c->s, c->nwords, &l);
	return say_lines(c, &l, err);
}

/* ---- the screen ---- */

static void text_screen(const struct vga *vga, const struct vga_screen *screen, struct buf *out)
{
	for (u32 row = 0; row < screen->rows; row++) {
		size_t start = out->len;

		for (u32 column = 0; column < screen->columns; column++)
			buf_printf(out, "%c", cp437_ascii[vga_screen_cell(vga, column, row).character]);
		while (out->len > start && out->data[out->len - 1] == ' ')
			out->len--;
		buf_printf(out, "\n");
	}
}

static int exec_screen(struct verb_call *c, struct err *err)
{
	const struct vga *vga = pc_vga(c->s->pc);
	struct vga_screen screen;
	int rc = call_words(c, &the_screen, 0, 1, err);

	if (rc)
		return rc;
	if (c->nwords) {
		rc = host_path_replaceable("screen", c->word[0], err);
		return rc ? rc : screendump(vga, c->word[0], err);
	}
	vga_screen(vga, &screen);
	if (screen.kind == SCREEN_TEXT)
		text_screen(vga, &screen, c->out);
	else if (screen.kind == SCREEN_OFF)
		buf_printf(c->out, "the screen is off\n");
	else
		buf_printf(c->out, "the screen shows %ux%u pixels; `screen FILE` writes them as PNG\n", screen.width, screen.height);
	return 0;
}

const struct verb the_devices = {
	.name = "devices", .args = "", .brief = "the machine's devices, and where they are",
	.text = "`device NAME` shows one.", .example = "devices", .group = VERB_LOOK, .exec = exec_devices,
};
const struct verb the_device = {
	.name = "device", .alias = "dev", .args = "NAME", .brief = "all that a device remembers, with what it means",
	.text = "From the list that its snapshot is made from.", .example = "device pit", .group = VERB_LOOK,
	.complete = COMPLETE_DEVICE, .exec = exec_device,
};
const struct verb the_irqs = {
	.name = "irqs", .args = "", .brief = "interrupt controllers: what is asked for, masked, in service",
	.text = "PICs, I/O APIC, and each processor's local APIC.", .example = "irqs", .group = VERB_LOOK, .exec = exec_irqs,
};
const struct verb the_queues = {
	.name = "queues", .args = "[all]", .brief = "the virtqueues; all: with descriptors and rings",
	.text = "Of the virtio devices that the machine has (--virtio, if=virtio).", .example = "queues\nqueues all",
	.group = VERB_LOOK, .exec = exec_queues,
};
const struct verb the_screen = {
	.name = "screen", .args = "[FILE]", .brief = "the guest's screen, as text or into a PNG file",
	.text = "Looking changes nothing.", .example = "screen\nscreen now.png", .group = VERB_LOOK, .complete = COMPLETE_FILE,
	.exec = exec_screen,
};
