/* SPDX-License-Identifier: GPL-3.0-or-later
 * fwcfg.c - QEMU's firmware configuration device: how SeaBIOS learns of the board, and Linux of its host.
 * Ports: 510h (selector, a word), 511h (data, a byte at a time), 514h-51Bh (address of a DMA request,
 * big-endian; its second half starts the request).
 * Rule: past the end of an item, and of items that do not exist, one reads zeros.
 * NOT MODELLED: writing items: a DMA request that writes ends in an error.
 * Source: QEMU documentation, docs/specs/fw_cfg.
 */
#include "devices/fwcfg.h"

#include <assert.h>
#include <string.h>

enum { SELECTOR, DATA_PORT };
enum { CLAIM_PORTS, CLAIM_DMA };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };
enum { CHUNK = 4096 };
#define DMA_SIGNATURE 0x51454d5520434647ull /* "QEMU CFG" */

static struct fwcfg *of(struct device *d)
{
	return (struct fwcfg *)d;
}

/* ---- items ---- */

void fwcfg_add(struct fwcfg *f, u16 key, const void *data, size_t len)
{
	assert(f->nitems < FWCFG_ITEMS);
	f->item[f->nitems].key = key;
	f->item[f->nitems].at = f->bytes.len;
	f->item[f->nitems++].len = len;
	buf_put(&f->bytes, data, len);
}

static void put_big_endian(u8 *to, u64 value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (u8)(value >> 8 * (bytes - 1 - i));
}

static u64 get_big_endian(const u8 *from, int bytes)
{
	u64 value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | from[i];
	return value;
}

/* The directory: number of files, then for each its size, key, two bytes of nothing and its name. */
void fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, size_t len)
{
	u8 *entry = &f->directory[4 + f->nfiles * FWCFG_FILE_ENTRY];
	u16 key = (u16)(FWCFG_FILE_FIRST + f->nfiles);

	assert(f->nfiles < FWCFG_FILES && strlen(name) < FWCFG_FILE_ENTRY - 8 && len <= UINT32_MAX);
	fwcfg_add(f, key, data, len);
	put_big_endian(entry, len, 4);
	put_big_endian(entry + 4, key, 2);
	memcpy(entry + 8, name, strlen(name));
	put_big_endian(f->directory, ++f->nfiles, 4);
}

void fwcfg_release(struct fwcfg *f)
{
	buf_free(&f->bytes);
	f->nitems = 0;
}

/* What of the selected item begins at `offset`; NULL and 0 at its end. */
static const u8 *rest_of_item(const struct fwcfg *f, u16 key, u32 offset, size_t *len)
{
	*len = 0;
	if (key == FWCFG_FILE_DIR && offset < sizeof(f->directory)) {
		*len = sizeof(f->directory) - offset;
		return f->directory + offset;
	}
	for (int i = 0; i < f->nitems; i++)
		if (f->item[i].key == key && offset < f->item[i].len) {
			*len = f->item[i].len - offset;
			return f->bytes.data + f->item[i].at + offset;
		}
	return NULL;
}

static void read_item(struct fwcfg *f, u8 *out, u32 n)
{
	struct fwcfg_state *s = &f->s;
	size_t there;
	const u8 *from = rest_of_item(f, s->key[0], s->offset[0], &there);

	if (there > n)
		there = n;
	memset(out, 0, n);
	if (from)
		memcpy(out, from, there);
	s->offset[0] = s->offset[0] > UINT32_MAX - n ? UINT32_MAX : s->offset[0] + n;
}

static void select_item(struct fwcfg_state *s, u16 key)
{
	s->key[0] = key;
	s->offset[0] = 0;
}

/* ---- DMA ---- */

/* Copy n bytes of the item to memory; false where there is none. */
static bool copy_out(struct fwcfg *f, u64 gpa, u32 n)
{
	u8 chunk[CHUNK];

	while (n) {
		u32 part = n < CHUNK ? n : CHUNK;

		read_item(f, chunk, part);
		if (gpa + part < gpa || !mem_write(f->dev.world->mem, gpa, chunk, part))
			return false;
		gpa += part;
		n -= part;
	}
	return true;
}

/* A request: control, length, address, all big-endian; control becomes 0 when it is done, or the error bit.
 */
static void run_dma(struct fwcfg *f, u64 request)
{
	struct mem *m = f->dev.world->mem;
	u8 r[16], answer[4];
	u32 control, length;
	bool good = true;

	if (request + sizeof(r) < request || !m || !mem_read(m, request, r, sizeof(r)))
		return;
	control = (u32)get_big_endian(r, 4);
	length = (u32)get_big_endian(r + 4, 4);
	if (control & DMA_SELECT)
		select_item(&f->s, (u16)(control >> 16));
	if (control & DMA_READ)
		good = copy_out(f, get_big_endian(r + 8, 8), length);
	else if (control & DMA_WRITE)
		good = false;
	else if (control & DMA_SKIP)
		f->s.offset[0] = f->s.offset[0] > UINT32_MAX - length ? UINT32_MAX : f->s.offset[0] + length;
	put_big_endian(answer, good ? 0 : DMA_ERROR, 4);
	mem_write(m, request, answer, sizeof(answer));
}

static void write_dma(struct fwcfg *f, u64 offset, int size, u64 value)
{
	u64 *dma = &f->s.dma[0];

	if (size != 4)
		return;
	if (offset == 0) {
		*dma = (*dma & UINT32_MAX) | (u64)__builtin_bswap32((u32)value) << 32;
	} else if (offset == 4) {
		u64 request = (*dma & ~(u64)UINT32_MAX) | __builtin_bswap32((u32)value);

		*dma = 0;
		run_dma(f, request);
	}
}

/* ---- the ports ---- */

static void fwcfg_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	if (claim == &d->class->claims[CLAIM_DMA])
		write_dma(of(d), offset, size, value);
	else if (offset == SELECTOR && size == 2) /* data was writable once; no more */
		select_item(&of(d)->s, (u16)value);
}

static u64 fwcfg_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	u8 value;

	if (claim == &d->class->claims[CLAIM_DMA])
		return __builtin_bswap64(DMA_SIGNATURE) >> 8 * offset;
	if (offset != DATA_PORT)
		return UINT64_MAX;
	read_item(of(d), &value, 1);
	return value;
}

static const char *const regs[] = { "selector", "data" };
static const char *const dma_regs[] = { "DMA address high", NULL, NULL, NULL, "DMA address low" };
static const struct claim claims[] = {
	[CLAIM_PORTS] = { SPACE_PORT, 0x510, 2, regs, 2, 2 },
	[CLAIM_DMA] = { SPACE_PORT, 0x514, 8, dma_regs, ARRAY_LEN(dma_regs), 4 },
};

const struct device_class fwcfg_class = {
	.name = "fwcfg",
	.brief = "firmware configuration items (QEMU fw_cfg)",
	.layout = &fwcfg_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = fwcfg_read,
	.write = fwcfg_write,
};
