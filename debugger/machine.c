/* SPDX-License-Identifier: GPL-3.0-or-later
 * machine.c - read the files, create the VM, let the board add its devices, load the image.
 * Rule: the order is create, board, reset, load; a snapshot replaces what reset gave.
 */
#include "debugger/machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clone.h"
#include "core/snapshot.h"
#include "devices/pc.h"

#define MIB (1024ull * 1024)
enum { VGABIOS_MAX = 64 << 10 };

/* The adapter's BIOS lies beside the machine's, as packages of SeaBIOS have it; without one the guest's screen is
 * there all the same, only INT 10h is not. */
static int open_vgabios(struct machine_files *f, const struct machine_options *o, struct err *err)
{
	const char *slash = o->bios ? strrchr(o->bios, '/') : NULL;
	int dir = slash ? (int)(slash + 1 - o->bios) : 0;

	if (o->vgabios)
		return strcmp(o->vgabios, "none") ? host_file_read(&f->vgabios, "video BIOS", o->vgabios, VGABIOS_MAX, err) : 0;
	if (!o->bios)
		return 0;
	if (asprintf(&f->vgabios_path, "%.*svgabios-stdvga.bin", dir, o->bios) < 0) {
		f->vgabios_path = NULL;
		return err_set(err, ENOMEM, "no memory for the name of the video BIOS");
	}
	if (access(f->vgabios_path, R_OK))
		return 0;
	return host_file_read(&f->vgabios, "video BIOS", f->vgabios_path, VGABIOS_MAX, err);
}

int machine_images_open(struct machine_files *f, const struct machine_options *o, struct err *err)
{
	const char *image = o->kernel ? o->kernel : o->image;
	u64 most = o->mem + 256 * MIB; /* an ELF file may hold much that is not loaded; a snapshot is compressed */
	int rc = 0;

	if (image)
		rc = host_file_read(&f->image, o->kernel ? "kernel" : "image", image, most, err);
	if (!rc && o->bios)
		rc = host_file_read(&f->bios, "BIOS", o->bios, 16 * MIB, err);
	if (!rc)
		rc = open_vgabios(f, o, err);
	for (int i = 0; !rc && i < o->nmodules; i++)
		rc = host_file_read(&f->module[i], "module", o->module[i], o->mem, err);
	return rc;
}

void machine_images_close(struct machine_files *f)
{
	host_file_close(&f->image);
	host_file_close(&f->bios);
	host_file_close(&f->vgabios);
	free(f->vgabios_path);
	f->vgabios_path = NULL;
	for (int i = 0; i < IMAGE_MODULES; i++)
		host_file_close(&f->module[i]);
}

int machine_files_open(struct machine_files *f, const struct machine_options *o, struct err *err)
{
	int rc;

	memset(f, 0, sizeof(*f));
	rc = machine_images_open(f, o, err);
	if (!rc)
		rc = disk_images_open(&f->disks, &o->disks, err);
	if (rc)
		machine_files_close(f, NULL);
	return rc;
}

int machine_files_close(struct machine_files *f, struct err *err)
{
	machine_images_close(f);
	return disk_images_close(&f->disks, err);
}

/* Do the options fit the kind of image the content shows? */
static int check_kind(enum image_kind kind, const struct machine_options *o, struct err *err)
{
	const char *path = o->kernel ? o->kernel : o->image;
	bool takes_text = kind == IMAGE_PVH || kind == IMAGE_MULTIBOOT || kind == IMAGE_BZIMAGE;
	bool kernel = takes_text || kind == IMAGE_ELF;

	if (kind == IMAGE_UNKNOWN)
		return err_set(err, EINVAL, "image %.160s: not recognised; expected a boot sector, a Linux, ELF or "
			       "multiboot kernel, or a snapshot", path);
	if (o->kernel && !kernel)
		return err_set(err, EINVAL, "kernel %.160s: is a %s; expected a Linux, ELF or multiboot kernel", path,
			       image_kind_name(kind));
	if (o->kernel && o->bios && kind != IMAGE_BZIMAGE)
		return err_set(err, EINVAL, "kernel %.160s: is a %s; with --bios expected a Linux kernel (bzImage)", path,
			       image_kind_name(kind));
	if (o->bios && !o->kernel && kind != IMAGE_SNAPSHOT)
		return err_set(err, EINVAL, "image %.160s with --bios; give it as --disk to let the BIOS boot it", path);
	if ((o->nmodules || o->append) && !takes_text)
		return err_set(err, EINVAL, "image %.160s: is a %s; --initrd, --module and --append are for Linux, "
			       "PVH and multiboot kernels", path, image_kind_name(kind));
	return 0;
}

/* A kernel that the BIOS starts. */
static int hand_to_bios(struct machine *m, const struct image *img, struct err *err)
{
	static const char order[] = "/rom@" LINUX_ROM_FILE "\n";
	struct linux_items items;
	int rc = linux_items(m->vm, img, &items, err);

	if (!rc) {
		pc_firmware_file(m->pc, LINUX_ROM_FILE, items.rom, sizeof(items.rom));
		pc_firmware_file(m->pc, "bootorder", order, sizeof(order));
		pc_firmware_item(m->pc, FWCFG_KEY_SETUP, items.setup.data, items.setup.len);
		pc_firmware_item(m->pc, FWCFG_KEY_KERNEL, items.kernel, items.kernel_len);
		pc_firmware_item(m->pc, FWCFG_KEY_INITRD, items.initrd.data, items.initrd.len);
		rc = pc_firmware_item(m->pc, FWCFG_KEY_CMDLINE, items.cmdline.data, items.cmdline.len);
		if (rc)
			err_set(err, ENOMEM, "kernel %.160s: no memory to hand it to the BIOS", img->path);
	}
	linux_items_free(&items);
	return rc;
}

static int load(struct machine *m, const struct machine_options *o, const struct machine_files *f,
		struct err *err)
{
	struct image img = {
		.path = f->image.path, .data = f->image.data, .len = f->image.len,
		.cmdline = o->append, .nmodules = o->nmodules,
		.acpi_rsdp = pc_acpi_rsdp(m->pc), .linux_entry = o->entry,
	};
	enum image_kind kind = image_kind(img.data, img.len);
	int rc = check_kind(kind, o, err);

	if (rc)
		return rc;
	for (int i = 0; i < o->nmodules; i++) {
		img.module[i].path = img.module[i].cmdline = f->module[i].path;
		img.module[i].data = f->module[i].data;
		img.module[i].len = f->module[i].len;
	}
	if (kind == IMAGE_SNAPSHOT) {
		struct err why = { 0 };
		rc = snapshot_load_read(m->vm, img.path, img.data, img.len, &m->unsaved, &why);
		return rc ? err_set(err, -rc, "image %.100s: %s", img.path, why.text) : 0;
	}
	if (o->bios)
		return hand_to_bios(m, &img, err);
	return load_image(m->vm, &img, err);
}

/* The machine as it is when the power comes on. */
static int build(struct machine *m, const struct machine_options *o, const struct machine_files *f,
		 const struct engine *engine, struct frames *in, struct err *err)
{
	struct vm_config vm = {
		.name = "guest", .machine = in, .engine = engine, .mem_size = o->mem, .cpus = o->cpus, .threads = o->smp_threads, .cpu = o->cpu,
		.paging = o->paging, .page_max = o->page_max, .dirty = o->dirty, .shadow_tables = o->shadow_tables, .shadow_unsync = o->shadow_unsync,
		.check_paging = o->check_paging, .insn_ps = o->insn_ps, .seed = o->seed,
	};
	struct pc_config pc = {
		.mem_size = o->mem, .bios = f->bios.data, .bios_name = f->bios.path,
		.bios_size = f->bios.len, .video_bios = f->vgabios.data, .video_bios_name = f->vgabios.path,
		.video_bios_size = f->vgabios.len,
		.rtc_start = o->rtc,
	};
	int rc;

	memset(m, 0, sizeof(*m));
	disk_images_config(&f->disks, &o->disks, &pc);
	pc.virtio = o->virtio;
	pc.virtio.net = net_options_wanted(&o->net);
	memcpy(pc.virtio.mac, o->net.mac, sizeof(pc.virtio.mac));
	vm.hidden_size = pc_hidden_size(&pc);
	m->vm = vm_create(&vm, err);
	if (!m->vm)
		return err && err->code ? -err->code : -ENOMEM;
	rc = pc_build(m->vm, &pc, &m->pc, err);
	if (!rc)
		vm_reset(m->vm);
	return rc;
}

static int begin(struct machine *m, int rc)
{
	if (rc) {
		machine_destroy(m);
		return rc;
	}
	m->icount_start = vm_icount(m->vm);
	m->time_start = m->vm->clock.now;
	return 0;
}

int machine_build_in(struct machine *m, const struct machine_options *o, const struct machine_files *f,
		     const struct engine *engine, struct frames *in, struct err *err)
{
	int rc = build(m, o, f, engine, in, err);

	if (!rc && f->image.data)
		rc = load(m, o, f, err);
	return begin(m, rc);
}

int machine_build(struct machine *m, const struct machine_options *o, const struct machine_files *f,
		  const struct engine *engine, struct err *err)
{
	return machine_build_in(m, o, f, engine, NULL, err);
}

int machine_clone(struct machine *m, const struct machine *parent, const struct machine_options *o,
		  const struct machine_files *f, u64 number, struct err *err)
{
	int rc = build(m, o, f, parent->vm->engine, parent->vm->frames, err);

	if (!rc)
		rc = vm_clone(m->vm, parent->vm, number, err);
	if (!rc && number)
		pc_new_address(m->pc, number);
	return begin(m, rc);
}

void machine_destroy(struct machine *m)
{
	buf_free(&m->unsaved);
	if (m->pc)
		pc_destroy(m->pc);
	if (m->vm)
		vm_destroy(m->vm);
	memset(m, 0, sizeof(*m));
}
