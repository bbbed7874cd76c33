/* SPDX-License-Identifier: GPL-3.0-or-later
 * parcel.c - packing and unpacking pages: see parcel.h.
 * Rule: the cache holds what the other side holds, so it changes with every page that is sent, in whatever form.
 */
#include "core/migrate/parcel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "core/migrate/delta.h"
#include "core/x86/x86.h"

enum { PAGE = PAGE_SIZE_4K, SMALL = PAGE * 3 / 4 /* a form that is not smaller than this is not worth its work */ };

const char *page_form_name(enum page_form form)
{
	static const char *const names[PAGE_FORMS] = { "zero", "raw", "packed", "delta" };

	return form < PAGE_FORMS ? names[form] : NULL;
}

/* ---- packing ---- */

int packer_open(struct packer *p, bool pack, u64 cache_bytes, struct err *err)
{
	*p = (struct packer){ .pack = pack, .cache_pages = cache_bytes / PAGE };
	if (pack)
		p->zstd = ZSTD_createCCtx();
	if (p->cache_pages) {
		p->cached = calloc(p->cache_pages, sizeof(*p->cached));
		p->cache = malloc(p->cache_pages * PAGE);
	}
	if ((!pack || p->zstd) && (!p->cache_pages || (p->cached && p->cache)))
		return 0;
	packer_close(p);
	return err_set(err, ENOMEM, "migration: no memory for a cache of %" PRIu64 " MiB", cache_bytes >> 20);
}

void packer_close(struct packer *p)
{
	ZSTD_freeCCtx(p->zstd);
	free(p->cached);
	free(p->cache);
	*p = (struct packer){ 0 };
}

/* What was sent of it last, if that is still known; from now on the page as it is. */
static bool try_delta(struct packer *p, u64 frame, const u8 *page, u8 *out, size_t *len)
{
	u64 place = frame % p->cache_pages;
	u8 *old = p->cache + place * PAGE;
	bool fits = false;

	if (p->cached[place] == frame + 1) {
		p->cache_hits++;
		fits = delta_encode(old, page, out, SMALL, len);
	} else {
		p->cache_misses++;
	}
	p->cached[place] = frame + 1;
	memcpy(old, page, PAGE);
	return fits;
}

static bool try_zstd(struct packer *p, const u8 *page, u8 *out, size_t *len)
{
	*len = ZSTD_compressCCtx(p->zstd, out, SMALL, page, PAGE, 1);
	return !ZSTD_isError(*len);
}

void packer_forget(struct packer *p)
{
	if (p->cache_pages)
		memset(p->cached, 0, p->cache_pages * sizeof(*p->cached));
}

static void forget(struct packer *p, u64 frame)
{
	if (p->cache_pages && p->cached[frame % p->cache_pages] == frame + 1)
		p->cached[frame % p->cache_pages] = 0;
}

void packer_put(struct packer *p, struct buf *payload, u64 frame, const u8 *page)
{
	u8 small[SMALL];
	enum page_form form = FORM_RAW;
	size_t before = payload->len, len = 0;

	if (page_is_zero(page)) {
		form = FORM_ZERO;
		forget(p, frame);
	} else if (p->cache_pages && try_delta(p, frame, page, small, &len)) {
		form = FORM_DELTA;
	} else if (p->pack && try_zstd(p, page, small, &len)) {
		form = FORM_PACKED;
	}
	buf_put_uint(payload, frame, 8);
	buf_put_uint(payload, form, 1);
	if (form == FORM_RAW)
		buf_put(payload, page, PAGE);
	if (form == FORM_PACKED || form == FORM_DELTA) {
		buf_put_uint(payload, len, 2);
		buf_put(payload, small, len);
	}
	p->sent[form]++;
	p->bytes[form] += payload->len - before;
}

/* ---- unpacking ---- */

int unpacker_open(struct unpacker *u, struct frames *frames, struct err *err)
{
	*u = (struct unpacker){ .frames = frames, .view = frames_map(frames, 0, frames->n) };
	u->have = calloc((frames->n + 63) / 64, sizeof(*u->have));
	if (u->view && u->have)
		return 0;
	unpacker_close(u);
	return err_set(err, ENOMEM, "migration: the host has no room to receive the machine's memory");
}

void unpacker_close(struct unpacker *u)
{
	if (u->view)
		frames_unmap(u->view, u->frames->n);
	free(u->have);
	*u = (struct unpacker){ 0 };
}

static bool apply(struct unpacker *u, u64 frame, enum page_form form, const u8 *bytes, size_t len)
{
	u8 *page = u->view + frame * PAGE;
	bool here = u->have[frame / 64] >> frame % 64 & 1;

	switch (form) {
	case FORM_ZERO:
		if (here)
			frames_discard(u->frames, frame, 1);
		return true; /* else it is a hole, as it should be */
	case FORM_RAW: memcpy(page, bytes, PAGE); return true;
	case FORM_PACKED: return ZSTD_decompress(page, PAGE, bytes, len) == PAGE;
	default: return here && delta_apply(page, bytes, len);
	}
}

static int take_page(struct unpacker *u, struct reader *in, struct err *err)
{
	u64 frame = read_uint(in, 8), form = read_uint(in, 1), len;
	const u8 *bytes;

	if (in->bad || form >= PAGE_FORMS)
		return err_set(err, EINVAL, "migration: a page of form %" PRIu64 "; expected 0 to %d", form, PAGE_FORMS - 1);
	if (frame >= u->frames->n || !u->frames->refs[frame])
		return err_set(err, EINVAL, "migration: a page of machine frame %" PRIu64 ", which this machine has not", frame);
	len = form == FORM_RAW ? PAGE : form == FORM_ZERO ? 0 : read_uint(in, 2);
	bytes = read_bytes(in, len);
	if (in->bad || !apply(u, frame, form, bytes, len))
		return err_set(err, EINVAL, "migration: the page of machine frame %" PRIu64 " does not unpack (form %s)", frame,
			       page_form_name(form));
	u->have[frame / 64] |= 1ull << frame % 64;
	u->pages++;
	frames_mark(u->frames, frame, 1);
	if (u->arrived)
		u->arrived(u->arg, frame);
	return 0;
}

int unpacker_take(struct unpacker *u, struct reader *payload, struct err *err)
{
	u64 n = read_uint(payload, 2);
	int rc = 0;

	if (payload->bad || !n || n > PARCEL_PAGES)
		return err_set(err, EINVAL, "migration: a message of %" PRIu64 " pages; expected 1 to %d", n, PARCEL_PAGES);
	while (n-- && !rc)
		rc = take_page(u, payload, err);
	if (!rc && read_left(payload))
		rc = err_set(err, EINVAL, "migration: %zu bytes follow the pages of a message", read_left(payload));
	return rc;
}
