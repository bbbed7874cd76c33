/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols.c - the table of names for addresses, and of source lines.
 * Rule: a file is hostile input: what cannot be understood is refused with its line or offset, and nothing of it stays.
 */
#include "debugger/session/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/host-file.h"
#include "debugger/session/symbols-priv.h"

#define FILE_MAX (1ull << 30)
#define REACH (1ull << 20) /* bytes behind a symbol that still belong to it, if its size is not known */

struct symbols {
	struct batch all;
	u32 *by_address, *by_name; /* indices of all.symbol: with an address, the best one first; each name once */
	size_t naddresses, nnames;
};

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

static void batch_free(struct batch *b)
{
	free(b->symbol);
	free(b->line);
	buf_free(&b->names);
	memset(b, 0, sizeof(*b));
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	batch_free(&s->all);
	free(s->by_address);
	free(s->by_name);
	free(s);
}

/* ---- a batch ---- */

/* Room for one more of `size` bytes. */
static bool grow(struct batch *b, void **at, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return true;
	size_t more = *room ? 2 * *room : 256;
	void *p = n < SYMBOLS_MAX && b->names.len < UINT32_MAX / 2 ? realloc(*at, more * size) : NULL;

	if (!p) {
		b->failed = true;
		return false;
	}
	*at = p;
	*room = more;
	return true;
}

static u32 put_name(struct batch *b, const char *name, size_t len)
{
	u32 at = (u32)b->names.len;

	buf_put(&b->names, name, len < SYMBOL_NAME_MAX ? len : SYMBOL_NAME_MAX);
	buf_put(&b->names, "", 1);
	b->failed |= b->names.failed;
	return at;
}

void batch_symbol(struct batch *b, u64 address, u64 size, enum symbol_rank rank, const char *name, size_t len)
{
	size_t n = 0;

	while (n < len && n < SYMBOL_NAME_MAX && (u8)name[n] > ' ' && name[n] != 0x7f)
		n++;
	if (!n || !grow(b, (void **)&b->symbol, b->nsymbols, &b->symbols_room, sizeof(*b->symbol)))
		return;
	b->symbol[b->nsymbols++] = (struct symbol){ address, size, put_name(b, name, n), (u8)rank };
}

void batch_line(struct batch *b, u64 address, u32 len, u32 number, const char *text, size_t text_len)
{
	if (grow(b, (void **)&b->line, b->nlines, &b->lines_room, sizeof(*b->line)))
		b->line[b->nlines++] = (struct source_line){ address, len, number, put_name(b, text, text_len), 0 };
}

/* ---- into the table ---- */

static const char *name_of(const struct batch *b, u32 index)
{
	return (const char *)b->names.data + b->symbol[index].name;
}

static int order_address(const void *a, const void *b, void *arg)
{
	const struct batch *all = arg;
	const struct symbol *x = &all->symbol[*(const u32 *)a], *y = &all->symbol[*(const u32 *)b];

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return strcmp(name_of(all, *(const u32 *)a), name_of(all, *(const u32 *)b));
}

static int order_name(const void *a, const void *b, void *arg)
{
	const struct batch *all = arg;
	const struct symbol *x = &all->symbol[*(const u32 *)a], *y = &all->symbol[*(const u32 *)b];
	int order = strcmp(name_of(all, *(const u32 *)a), name_of(all, *(const u32 *)b));

	if (order || x->rank != y->rank)
		return order ? order : x->rank > y->rank ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

static int order_line(const void *a, const void *b)
{
	const struct source_line *x = a, *y = b;
	return x->address < y->address ? -1 : x->address > y->address;
}

static bool sort(struct symbols *s)
{
	struct batch *all = &s->all;
	u32 *by_address = calloc(all->nsymbols + 1, sizeof(u32)), *by_name = calloc(all->nsymbols + 1, sizeof(u32));
	size_t na = 0, nn = 0;

	if (!by_address || !by_name) {
		free(by_address);
		free(by_name);
		return false;
	}
	for (u32 i = 0; i < all->nsymbols; i++) {
		by_name[i] = i;
		if (all->symbol[i].rank != RANK_CONSTANT)
			by_address[na++] = i;
	}
	qsort_r(by_address, na, sizeof(u32), order_address, all);
	qsort_r(by_name, all->nsymbols, sizeof(u32), order_name, all);
	if (all->nlines)
		qsort(all->line, all->nlines, sizeof(*all->line), order_line);
	for (size_t i = 0; i < all->nsymbols; i++)
		if (!nn || strcmp(name_of(all, by_name[nn - 1]), name_of(all, by_name[i])))
			by_name[nn++] = by_name[i];
	free(s->by_address);
	free(s->by_name);
	s->by_address = by_address;
	s->by_name = by_name;
	s->naddresses = na;
	s->nnames = nn;
	return true;
}

/* The batch's content behind what is there; when there is no memory for it, nothing changes. */
static bool take(struct symbols *s, const struct batch *b, const char *path, u64 offset)
{
	struct batch before = s->all, *all = &s->all;
	u32 file;

	buf_put(&all->names, "", 1);
	file = put_name(all, path, strlen(path));
	for (size_t i = 0; i < b->nsymbols; i++) {
		const struct symbol *from = &b->symbol[i];
		const char *name = (const char *)b->names.data + from->name;
		batch_symbol(all, from->rank == RANK_CONSTANT ? from->address : from->address + offset, from->size,
			     (enum symbol_rank)from->rank, name, strlen(name));
	}
	for (size_t i = 0; i < b->nlines; i++) {
		const struct source_line *from = &b->line[i];
		const char *text = (const char *)b->names.data + from->text;
		batch_line(all, from->address + offset, from->len, from->number, text, strlen(text));
		if (!all->failed)
			all->line[all->nlines - 1].file = file;
	}
	if (!all->failed && sort(s))
		return true;
	all->nsymbols = before.nsymbols;
	all->nlines = before.nlines;
	all->names.len = before.names.len;
	all->failed = all->names.failed = false;
	return false;
}

/* ---- loading ---- */

static bool has(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what));
}

static int read_any(struct batch *b, const struct host_file *f, struct err *err)
{
	const char *text = (const char *)f->data;
	size_t len = f->len, start = len < 4096 ? len : 4096;

	if (len >= 4 && !memcmp(text, "\177ELF", 4))
		return symbols_read_elf(b, f->path, f->data, len, err);
	if (has(text, start, "- NASM Map file"))
		return symbols_read_nasm_map(b, f->path, text, len, err);
	if (symbols_is_listing(text, len))
		return symbols_read_listing(b, f->path, text, len, err);
	if (symbols_is_nm(text, len))
		return symbols_read_nm(b, f->path, text, len, err);
	if (has(text, len, "Linker script and memory map"))
		return symbols_read_ld_map(b, f->path, text, len, err);
	return err_set(err, EINVAL, "symbols %.160s: not recognised; expected an ELF file, System.map or nm's output, a map of ld or "
		       "NASM, or a NASM listing", f->path);
}

int symbols_load(struct symbols *s, const char *path, u64 offset, struct err *err)
{
	struct host_file f = { 0 };
	struct batch b = { 0 };
	int rc = host_file_read(&f, "symbols", path, FILE_MAX, err), n;

	if (rc)
		return rc;
	rc = read_any(&b, &f, err);
	n = (int)(b.nsymbols + b.nlines);
	if (!rc && !b.failed && !n)
		rc = err_set(err, EINVAL, "symbols %.160s: there are none in it", path);
	if (!rc && (b.failed || !take(s, &b, path, offset)))
		rc = err_set(err, ENOMEM, "symbols %.160s: too many, or no memory for them", path);
	batch_free(&b);
	host_file_close(&f);
	return rc ? rc : n;
}

/* ---- asking ---- */

int symbols_count(const struct symbols *s)
{
	return (int)s->all.nsymbols;
}

/* How many of by_address lie at or below. */
static size_t at_or_below(const struct symbols *s, u64 address)
{
	size_t low = 0, high = s->naddresses;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (s->all.symbol[s->by_address[mid]].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const char *symbols_at(const struct symbols *s, u64 address, u64 *offset)
{
	size_t n = at_or_below(s, address);
	const struct symbol *best;
	u64 behind;

	if (!n)
		return NULL;
	best = &s->all.symbol[s->by_address[n - 1]];
	while (--n && s->all.symbol[s->by_address[n - 1]].address == best->address)
		best = &s->all.symbol[s->by_address[n - 1]]; /* the first of its address is the best */
	behind = address - best->address;
	if (best->size ? behind >= best->size : behind >= REACH)
		return NULL;
	if (offset)
		*offset = behind;
	return (const char *)s->all.names.data + best->name;
}

/* The first of by_name that is not before the name. */
static size_t name_place(const struct symbols *s, const char *name)
{
	size_t low = 0, high = s->nnames;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(name_of(&s->all, s->by_name[mid]), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool symbols_find(const struct symbols *s, const char *name, u64 *address)
{
	size_t at = name_place(s, name);

	if (at == s->nnames || strcmp(name_of(&s->all, s->by_name[at]), name))
		return false;
	*address = s->all.symbol[s->by_name[at]].address;
	return true;
}

bool symbols_text(const struct symbols *s, u64 address, struct buf *out)
{
	u64 offset;
	const char *name = symbols_at(s, address, &offset);

	if (!name)
		return false;
	buf_printf(out, "%s", name);
	if (offset)
		buf_printf(out, "+0x%" PRIx64, offset);
	return true;
}

const char *symbols_line(const struct symbols *s, u64 address, const char **file, u32 *line)
{
	const struct batch *all = &s->all;
	size_t low = 0, high = all->nlines;
	const struct source_line *l;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (all->line[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	l = low ? &all->line[low - 1] : NULL;
	if (!l || address - l->address >= l->len)
		return NULL;
	if (file)
		*file = (const char *)all->names.data + l->file;
	if (line)
		*line = l->number;
	return (const char *)all->names.data + l->text;
}

const char *symbols_complete(const struct symbols *s, const char *prefix, int i)
{
	size_t at = name_place(s, prefix) + (size_t)(i < 0 ? 0 : i);
	const char *name = at < s->nnames ? name_of(&s->all, s->by_name[at]) : NULL;

	return name && !strncmp(name, prefix, strlen(prefix)) ? name : NULL;
}
