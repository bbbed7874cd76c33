/* SPDX-License-Identifier: GPL-3.0-or-later
 * fwcfg.c - QEMU's firmware configuration device, as far as SeaBIOS needs it.
 * Ports: 510h (selector, a word), 511h (data, a byte at a time).
 * Rule: past the end of an item, and of items that do not exist, one reads zeros.
 * NOT MODELLED: the DMA interface (its bit in the ID is clear), writing items.
 * Source: QEMU documentation, docs/specs/fw_cfg.
 */
#include "devices/fwcfg.h"

#include <assert.h>
#include <string.h>

enum { SELECTOR, DATA_PORT };

static struct fwcfg *of(struct device *d)
{
	return (struct fwcfg *)d;
}

void fwcfg_add(struct fwcfg *f, u16 key, const void *data, u32 len)
{
	assert(f->nitems < FWCFG_ITEMS && len <= FWCFG_BYTES - f->used);
	f->item[f->nitems].key = key;
	f->item[f->nitems].at = f->used;
	f->item[f->nitems++].len = len;
	memcpy(&f->bytes[f->used], data, len);
	f->used += len;
}

static void put_big_endian(u8 *to, u32 value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (u8)(value >> 8 * (bytes - 1 - i));
}

/* The directory: number of files, then for each its size, key, two bytes of nothing and its name. */
void fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, u32 len)
{
	u8 *entry = &f->directory[4 + f->nfiles * FWCFG_FILE_ENTRY];
	u16 key = (u16)(FWCFG_FILE_FIRST + f->nfiles);

	assert(f->nfiles < FWCFG_FILES && strlen(name) < FWCFG_FILE_ENTRY - 8);
	fwcfg_add(f, key, data, len);
	put_big_endian(entry, len, 4);
	put_big_endian(entry + 4, key, 2);
	memcpy(entry + 8, name, strlen(name));
	put_big_endian(f->directory, ++f->nfiles, 4);
}

static u8 item_byte(const struct fwcfg *f, u16 key, u32 offset)
{
	if (key == FWCFG_FILE_DIR)
		return offset < sizeof(f->directory) ? f->directory[offset] : 0;
	for (int i = 0; i < f->nitems; i++)
		if (f->item[i].key == key)
			return offset < f->item[i].len ? f->bytes[f->item[i].at + offset] : 0;
	return 0;
}

static void fwcfg_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct fwcfg_state *s = &of(d)->s;

	if (offset != SELECTOR || size != 2) /* data was writable once; no more */
		return;
	s->key[0] = (u16)value;
	s->offset[0] = 0;
}

static u64 fwcfg_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct fwcfg_state *s = &of(d)->s;
	u8 value;

	if (offset != DATA_PORT)
		return UINT64_MAX;
	value = item_byte(of(d), s->key[0], s->offset[0]);
	if (s->offset[0] < UINT32_MAX)
		s->offset[0]++;
	return value;
}

static const char *const regs[] = { "selector", "data" };
static const struct claim claims[] = { { SPACE_PORT, 0x510, 2, regs, 2, 2 } };

const struct device_class fwcfg_class = {
	.name = "fwcfg",
	.brief = "firmware configuration items (QEMU fw_cfg)",
	.layout = &fwcfg_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = fwcfg_read,
	.write = fwcfg_write,
};
