/* SPDX-License-Identifier: GPL-3.0-or-later
 * disk-options.c - from --disk FILE,key=value... to open images.
 * Rule: everything that can be known without opening a file is refused before one is opened.
 */
#include "debugger/disk-options.h"

#include <errno.h>
#include <string.h>

#include "devices/backends/file.h"
#include "devices/backends/format.h"
#include "devices/backends/image.h"
#include "devices/backends/nbd.h"
#include "debugger/host-file.h"
#include "debugger/output.h"
#include "debugger/suboptions.h"

static int take_interface(void *slot, const char *value, struct err *err)
{
	if (strcmp(value, "ide") && strcmp(value, "virtio"))
		return err_set(err, EINVAL, "expected ide or virtio");
	*(bool *)slot = !strcmp(value, "virtio");
	return 0;
}

static int take_format(void *slot, const char *value, struct err *err)
{
	if (strcmp(value, "auto") && strcmp(value, "raw") && !format_known(value))
		return err_set(err, EINVAL, "expected raw, auto, or one of " FORMAT_NAMES);
	*(const char **)slot = value;
	return 0;
}

static int take_snapshot(void *slot, const char *value, struct err *err)
{
	struct disk_option *d = slot;

	d->snapshot_said = true;
	return take_switch(&d->snapshot, value, err);
}

#define PART(key, take, member) { key, take, offsetof(struct disk_option, member) }
static const struct suboption parts[] = {
	PART("if", take_interface, virtio),
	{ "snapshot", take_snapshot, 0 },
	PART("overlay", take_text, overlay),
	PART("format", take_format, format),
	PART("readonly", take_switch, read_only),
};

int take_disk(void *slot, const char *value, struct err *err)
{
	struct disk_options *o = slot;
	struct disk_option *d = &o->disk[o->n];
	int rc;

	if (o->n == PC_DISKS)
		return err_set(err, E2BIG, "more than %d disks; expected at most that many", PC_DISKS);
	if (strlen(value) >= sizeof(d->text))
		return err_set(err, ENAMETOOLONG, "'%.40s...' is longer than %zu bytes", value, sizeof(d->text) - 1);
	memset(d, 0, sizeof(*d));
	strcpy(d->text, value);
	rc = suboptions_parse(d->text, &d->path, parts, ARRAY_LEN(parts), d, err);
	if (!d->snapshot_said) /* an overlay is there to keep what is written */
		d->snapshot = !d->overlay;
	if (!rc)
		o->n++;
	return rc;
}

static int check_disk(const struct disk_option *d, struct err *err)
{
	if (!*d->path)
		return err_set(err, EINVAL, "--disk: the file's name is empty");
	if (d->overlay && !*d->overlay)
		return err_set(err, EINVAL, "--disk %.80s: overlay=: the file's name is empty", d->path);
	if (d->overlay && host_path_same(d->path, d->overlay))
		return err_set(err, EINVAL, "--disk %.80s: its overlay must be another file", d->path);
	if (d->read_only && d->snapshot_said && !d->snapshot)
		return err_set(err, EINVAL, "--disk %.80s: readonly=on and snapshot=off, which is for writing; expected one "
			       "of them", d->path);
	if (nbd_is_uri(d->path) && d->format && strcmp(d->format, "raw") && strcmp(d->format, "auto"))
		return err_set(err, EINVAL, "--disk %.80s: format=%s is for files; an NBD server gives raw bytes", d->path,
			       d->format);
	return 0;
}

int disk_options_check(const struct disk_options *o, struct err *err)
{
	u32 ide = o->cdrom != NULL;
	int rc = 0;

	for (u32 i = 0; i < o->n && !rc; i++) {
		rc = check_disk(&o->disk[i], err);
		ide += !o->disk[i].virtio;
	}
	if (!rc && ide > 4)
		rc = err_set(err, EINVAL, "%u disks and CDs on IDE, which has four places; give one if=virtio", ide);
	return rc;
}

static struct block *open_disk(const struct disk_option *d, struct err *err)
{
	const struct image_options options = {
		.path = d->path, .format = d->format, .overlay = d->overlay, .writable = !d->snapshot && !d->read_only,
	};

	return image_open(&options, err);
}

int disk_images_open(struct disk_images *images, const struct disk_options *o, struct err *err)
{
	memset(images, 0, sizeof(*images));
	for (u32 i = 0; i < o->n; i++) {
		images->disk[i] = open_disk(&o->disk[i], err);
		if (!images->disk[i])
			return -err->code;
	}
	if (o->cdrom) {
		images->cdrom = file_open("CD", o->cdrom, false, false, err);
		if (!images->cdrom)
			return -err->code;
	}
	return 0;
}

void disk_images_config(const struct disk_images *images, const struct disk_options *o, struct pc_config *config)
{
	config->ndisks = o->n;
	config->cdrom = images->cdrom;
	for (u32 i = 0; i < o->n; i++) {
		const struct disk_option *d = &o->disk[i];

		config->disk[i] = (struct pc_disk){ .image = images->disk[i], .virtio = d->virtio,
						    .snapshot = d->snapshot && !d->read_only, .read_only = d->read_only };
	}
}

static int close_image(struct block **b, struct err *err)
{
	int rc = 0;

	if (*b && !(*b)->read_only)
		rc = (*b)->ops->flush(*b, err);
	if (*b)
		(*b)->ops->close(*b);
	*b = NULL;
	return rc;
}

int disk_images_close(struct disk_images *images, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < PC_DISKS; i++) {
		int closed = close_image(&images->disk[i], rc ? NULL : err);

		rc = rc ? rc : closed;
	}
	close_image(&images->cdrom, NULL);
	return rc;
}

static bool disk_changes(const struct disk_option *d)
{
	return !d->snapshot && !d->read_only;
}

bool disk_options_change(const struct disk_options *o)
{
	for (u32 i = 0; i < o->n; i++)
		if (disk_changes(&o->disk[i]))
			return true;
	return false;
}

void disk_options_tell(const struct disk_options *o, const struct pc *pc, bool saved)
{
	for (u32 i = 0; i < o->n; i++) {
		u64 bytes = pc_disk_written(pc, i);

		if (saved && disk_changes(&o->disk[i]))
			complain("disk %.100s: the snapshot knows nothing of what is written to %.100s; it needs that file as it "
				 "is now", o->disk[i].path, o->disk[i].overlay ? o->disk[i].overlay : "it");
		else if (bytes && !saved)
			complain("disk %.100s: the %llu KiB that the guest wrote are discarded; to keep such, give the disk "
				 "overlay=FILE or snapshot=off", o->disk[i].path, (unsigned long long)bytes >> 10);
	}
}
