/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader.c - recognise images; load flat real-mode ones; what the other formats share.
 * Rule: whatever a file claims is compared with what the file and the machine have before one byte is copied.
 */
#include "core/loader.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/loader-priv.h"
#include "core/snapshot-priv.h"

enum {
	BOOT_ADDRESS = 0x7c00,  /* where a BIOS puts the boot sector */
	BOOT_MAX = 9 * 0x10000, /* ends below the top of conventional memory */
	BOOT_SIGNATURE = 510,   /* 55 AA */
	BZIMAGE_MAGIC = 0x202,  /* "HdrS": Linux boot protocol 2.00 and later */
};

/* ---- recognising ---- */

static bool has_pvh_entry(const struct image *img)
{
	struct program p;

	return !elf_parse(img, &p, NULL) && p.pvh_entry;
}

enum image_kind image_kind(const u8 *data, u64 len)
{
	const struct image img = { .data = data, .len = len };
	bool signature = len >= 512 && data[BOOT_SIGNATURE] == 0x55 && data[BOOT_SIGNATURE + 1] == 0xaa;

	if (len >= SNAPSHOT_MAGIC_LEN && !memcmp(data, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN - 1)) /* any format */
		return IMAGE_SNAPSHOT;
	if (multiboot_find(&img) >= 0)
		return IMAGE_MULTIBOOT;
	if (len >= 4 && !memcmp(data, "\177ELF", 4))
		return has_pvh_entry(&img) ? IMAGE_PVH : IMAGE_ELF;
	if (signature && len >= BZIMAGE_MAGIC + 4 && !memcmp(data + BZIMAGE_MAGIC, "HdrS", 4))
		return IMAGE_BZIMAGE;
	return signature ? IMAGE_BOOT_SECTOR : IMAGE_UNKNOWN;
}

const char *image_kind_name(enum image_kind kind)
{
	static const char *const names[] = {
		[IMAGE_BOOT_SECTOR] = "boot sector",
		[IMAGE_ELF] = "program in ELF format",
		[IMAGE_PVH] = "kernel in ELF format with a PVH entry",
		[IMAGE_MULTIBOOT] = "multiboot kernel",
		[IMAGE_BZIMAGE] = "Linux kernel (bzImage)",
		[IMAGE_SNAPSHOT] = "snapshot",
		[IMAGE_FLAT] = "flat real-mode image",
		[IMAGE_UNKNOWN] = "file of unknown kind",
	};

	return (unsigned)kind < ARRAY_LEN(names) ? names[kind] : names[IMAGE_UNKNOWN];
}

int load_image(struct vm *vm, const struct image *img, struct err *err)
{
	switch (image_kind(img->data, img->len)) {
	case IMAGE_BOOT_SECTOR: return load_boot_sector(vm, img, 0x80, err);
	case IMAGE_ELF:
	case IMAGE_PVH: return load_elf(vm, img, err);
	case IMAGE_MULTIBOOT: return load_multiboot(vm, img, err);
	case IMAGE_SNAPSHOT: return snapshot_load(vm, img->data, img->len, err);
	case IMAGE_BZIMAGE: return load_linux(vm, img, img->linux_entry, err);
	default:
		return err_set(err, EINVAL,
			       "%.200s: not recognised; expected a boot sector (55 AA at its end), an ELF or "
			       "multiboot program, or a snapshot",
			       img->path);
	}
}

/* ---- flat images ---- */

/* As a BIOS leaves the processor: CS:IP = 0:7C00, DL = drive, a stack below.  A BIOS would also leave
 * interrupts enabled; here they are off, for without a BIOS nobody has filled in the vectors. */
int load_boot_sector(struct vm *vm, const struct image *img, u8 drive, struct err *err)
{
	struct x86_state s;
	u64 room = ram_end(&vm->mem, BOOT_ADDRESS) - BOOT_ADDRESS;

	if (!img->len)
		return err_set(err, EINVAL, "%.200s: empty; expected a boot sector", img->path);
	if (img->len > BOOT_MAX)
		return err_set(err, EFBIG,
			       "%.200s: %" PRIu64
			       " bytes; a flat image has at most %d (a whole disk is given as "
			       "--disk, with a BIOS)",
			       img->path, img->len, BOOT_MAX);
	if (img->len > room)
		return err_set(err, ENOMEM,
			       "%.200s: %" PRIu64 " bytes; at 0x7c00 this machine has room for %" PRIu64,
			       img->path, img->len, room);
	mem_poke(&vm->mem, BOOT_ADDRESS, img->data, img->len);
	x86_state_reset(&s, 0);
	s.seg_sel[SEG_CS] = 0;
	s.seg_base[SEG_CS] = 0;
	s.rip[0] = s.gpr[RSP] = BOOT_ADDRESS;
	s.gpr[RDX] = drive;
	s.idtr_limit[0] = 0x3ff;
	return state_start(vm, &s, err);
}

/* ---- shared ---- */

u64 image_number(const struct image *img, u64 offset, int bytes)
{
	u64 value = 0;

	assert(offset <= img->len && (u64)bytes <= img->len - offset);
	memcpy(&value, img->data + offset, (size_t)bytes);
	return value;
}

u64 ram_end(const struct mem *m, u64 gpa)
{
	const struct mem_slot *s = mem_slot_at(m, gpa);

	while (s && !(s->flags & (SLOT_ROM | SLOT_HOLE))) {
		gpa = s->gpa + s->size;
		s = mem_slot_at(m, gpa);
	}
	return gpa;
}

static int check_segment(const struct vm *vm, const struct image *img, const struct segment *seg,
			 struct err *err)
{
	if (seg->offset > img->len || seg->file_size > img->len - seg->offset)
		return err_set(err, EINVAL,
			       "%.200s: a segment takes 0x%" PRIx64 " bytes from offset 0x%" PRIx64
			       "; the file "
			       "has 0x%" PRIx64,
			       img->path, seg->file_size, seg->offset, img->len);
	if (seg->file_size > seg->mem_size)
		return err_set(err, EINVAL,
			       "%.200s: a segment has 0x%" PRIx64 " bytes in the file and only 0x%" PRIx64
			       " in memory",
			       img->path, seg->file_size, seg->mem_size);
	if (seg->gpa > UINT32_MAX || seg->mem_size > (1ull << 32) - seg->gpa)
		return err_set(err, EINVAL,
			       "%.200s: a segment of 0x%" PRIx64 " bytes at 0x%" PRIx64
			       "; expected it below 4 GiB",
			       img->path, seg->mem_size, seg->gpa);
	if (seg->mem_size > ram_end(&vm->mem, seg->gpa) - seg->gpa)
		return err_set(err, ENOMEM,
			       "%.200s: a segment of 0x%" PRIx64 " bytes at 0x%" PRIx64
			       "; there the machine has 0x%" PRIx64 " bytes of RAM",
			       img->path, seg->mem_size, seg->gpa, ram_end(&vm->mem, seg->gpa) - seg->gpa);
	return 0;
}

int program_check(const struct vm *vm, const struct image *img, const struct program *p,
		  const struct area *areas, int nareas, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < p->nsegments && !rc; i++) {
		const struct segment *seg = &p->segment[i];

		rc = check_segment(vm, img, seg, err);
		for (int j = 0; j < nareas && !rc; j++)
			if (seg->gpa < areas[j].end && areas[j].from < seg->gpa + seg->mem_size)
				rc = err_set(err, EINVAL,
					     "%.200s: a segment at 0x%" PRIx64 " overlaps 0x%" PRIx64
					     "..0x%" PRIx64 ", where the loader puts the %s",
					     img->path, seg->gpa, areas[j].from, areas[j].end - 1,
					     areas[j].what);
	}
	for (int j = 0; j < nareas && !rc; j++)
		if (ram_end(&vm->mem, areas[j].from) < areas[j].end)
			rc = err_set(err, ENOMEM,
				     "%.200s: the machine has no RAM at 0x%" PRIx64 "..0x%" PRIx64
				     " for the %s",
				     img->path, areas[j].from, areas[j].end - 1, areas[j].what);
	return rc;
}

void program_write(struct vm *vm, const struct image *img, const struct program *p)
{
	static const u8 zeros[PAGE_SIZE_4K];

	for (int i = 0; i < p->nsegments; i++) {
		const struct segment *seg = &p->segment[i];
		u64 at = seg->gpa + seg->file_size, end = seg->gpa + seg->mem_size;

		mem_poke(&vm->mem, seg->gpa, img->data + seg->offset, seg->file_size);
		for (u64 n; at < end; at += n) {
			n = end - at < sizeof(zeros) ? end - at : sizeof(zeros);
			mem_poke(&vm->mem, at, zeros, n);
		}
	}
}

u64 program_end(const struct program *p)
{
	u64 end = 0;

	for (int i = 0; i < p->nsegments; i++)
		if (p->segment[i].gpa + p->segment[i].mem_size > end)
			end = p->segment[i].gpa + p->segment[i].mem_size;
	return end;
}

int modules_place(const struct vm *vm, const struct image *img, u64 end, u64 last, u64 at[IMAGE_MODULES], struct err *err)
{
	enum { MIB = 1 << 20 };
	u64 next = end < MIB ? MIB : end;

	for (int i = 0; i < img->nmodules; i++) {
		u64 len = img->module[i].len, room;

		next = (next + PAGE_MASK_4K) & ~(u64)PAGE_MASK_4K;
		room = ram_end(&vm->mem, next) - next;
		if (next > last || len > room || len > last - next)
			return err_set(err, ENOMEM,
				       "module %.200s: %" PRIu64 " bytes; at 0x%" PRIx64
				       ", after the kernel, the machine has %" PRIu64 " left; give it more with --mem",
				       img->module[i].path, len, next, room);
		at[i] = next;
		next += len;
	}
	return 0;
}
