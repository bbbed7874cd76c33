/* SPDX-License-Identifier: GPL-3.0-or-later
 * block.c - the store of decoded blocks: found by guest-physical address, forgotten when their bytes change.
 * Rule: see block.h.  A block lies within one page; what it was decoded under (mode, and for segments that are not
 * flat also base, limit and IP) is part of its key, so a hit needs no further check.
 */
#include "cpu-interp/block.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/threads.h"
#include "cpu-interp/block-priv.h"
#include "cpu-interp/handlers.h"
#include "cpu-interp/ops.h"

/* 3 MiB: as much decoded code as fits into a processor's larger caches anyway; a full store is emptied. */
enum { BLOCKS = 1 << 13, INSNS = 1 << 15, BUCKETS = 1 << 13 };

struct blocks {
	u64 pages;
	u32 *granules;         /* per page: which of its 32 pieces of 128 bytes hold decoded code */
	u32 *first_in_page;    /* per page: block number + 1 */
	u32 nblocks, ninsns;
	struct block *block;
	struct insn *insn;
	u32 bucket[BUCKETS];   /* block number + 1 */
	pthread_mutex_t lock;  /* of everything above; taken only if vCPUs have threads */
};

struct blocks *blocks_open(u64 pages)
{
	struct blocks *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	b->pages = pages;
	b->granules = calloc(pages, sizeof *b->granules);
	b->first_in_page = calloc(pages, sizeof *b->first_in_page);
	b->block = malloc(BLOCKS * sizeof *b->block);
	b->insn = aligned_alloc(64, INSNS * sizeof *b->insn);
	if (b->granules && b->first_in_page && b->block && b->insn)
		return b;
	blocks_close(b);
	return NULL;
}

void blocks_close(struct blocks *b)
{
	if (!b)
		return;
	free(b->granules);
	free(b->first_in_page);
	free(b->block);
	free(b->insn);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

void blocks_lock(struct cpu *c)
{
	if (c->vm->threads)
		pthread_mutex_lock(&c->blocks->lock);
}

void blocks_unlock(struct cpu *c)
{
	if (c->vm->threads)
		pthread_mutex_unlock(&c->blocks->lock);
}

void blocks_drop(struct blocks *b)
{
	for (u32 i = 0; i < b->nblocks; i++) {
		u64 page = b->block[i].key.gpa >> 12;
		b->granules[page] = 0;
		b->first_in_page[page] = 0;
	}
	memset(b->bucket, 0, sizeof b->bucket);
	b->nblocks = 0;
	b->ninsns = 0;
}

bool blocks_in_page(const struct blocks *b, u64 gpa)
{
	return gpa >> 12 < b->pages && b->granules[gpa >> 12];
}

static u32 granule_mask(u64 gpa, u64 len)
{
	u32 first = gpa >> 7 & 31, last = (gpa + len - 1) >> 7 & 31;
	return (UINT32_MAX >> (31 - last)) & (UINT32_MAX << first);
}

static void make_stale(struct block *blk)
{
	blk->key.mode = KEY_STALE;
	for (u32 i = 0; i < blk->count; i++)
		blk->first[i].fn = fn_stale;
}

static u32 block_granules(const struct block *blk) { return granule_mask(blk->key.gpa, blk->bytes); }

/* Blocks that share a byte with the store leave the page's list; the others stay, and so do their granules. */
static void page_written(struct blocks *b, u64 gpa, u64 len)
{
	u64 page = gpa >> 12;
	if (page >= b->pages || !(b->granules[page] & granule_mask(gpa, len)))
		return;
	b->granules[page] = 0;
	for (u32 *link = &b->first_in_page[page]; *link; ) {
		struct block *blk = &b->block[*link - 1];
		if (blk->key.gpa < gpa + len && gpa < blk->key.gpa + blk->bytes) {
			make_stale(blk);
			*link = blk->next_in_page;
		} else {
			b->granules[page] |= block_granules(blk);
			link = &blk->next_in_page;
		}
	}
}

void blocks_written(struct blocks *b, u64 gpa, u64 len)
{
	while (len) {
		u64 piece = PAGE_SIZE_4K - (gpa & PAGE_MASK_4K);
		if (piece > len)
			piece = len;
		page_written(b, gpa, piece);
		gpa += piece;
		len -= piece;
	}
}

/* What a block is found by: the physical bytes and everything their decoding depended on. */
static struct block_key key_now(const struct cpu *c, u64 gpa)
{
	struct block_key k = { .gpa = gpa, .mode = c->mode };
	bool flat = c->mode == MODE_64 || (c->s.seg_limit[SEG_CS] == UINT32_MAX && c->s.seg_base[SEG_CS] == 0);
	if (!flat) {
		k.cs_base = c->s.seg_base[SEG_CS];
		k.cs_limit = c->s.seg_limit[SEG_CS];
		k.ip = c->r[REG_IP];
	}
	return k;
}

static u32 bucket_of(const struct block_key *k)
{
	u64 h = (k->gpa ^ k->cs_base << 7) * 0x9e3779b97f4a7c15ull;
	return h >> 48 & (BUCKETS - 1);
}

static bool same_key(const struct block_key *a, const struct block_key *b)
{
	return a->gpa == b->gpa && a->mode == b->mode && a->cs_base == b->cs_base && a->cs_limit == b->cs_limit &&
	       a->ip == b->ip;
}

/* Stale blocks met on the way leave the bucket: a page that is written again and again would fill it with them. */
static const struct block *find(struct blocks *b, const struct block_key *key)
{
	for (u32 *link = &b->bucket[bucket_of(key)]; *link; ) {
		struct block *blk = &b->block[*link - 1];
		if (same_key(&blk->key, key))
			return blk;
		if (blk->key.mode == KEY_STALE)
			*link = blk->next_in_bucket;
		else
			link = &blk->next_in_bucket;
	}
	return NULL;
}

/* From now on a store to this page must be seen: its write translations go, whichever processor holds them. */
static void protect_page(struct vm *vm, u64 gpa)
{
	for (u32 n = 0; n < vm->ncpus; n++) {
		if (vm->vcpu[n].engine_data)
			tlb_protect(vm->vcpu[n].engine_data, gpa);
	}
}

/* There is no room left: all processors start afresh. */
static void start_afresh(struct cpu *c)
{
	blocks_drop(c->blocks);
	for (u32 n = 0; n < c->vm->ncpus; n++) {
		struct cpu *each = c->vm->vcpu[n].engine_data;
		if (each)
			tlb_drop_jumps(each);
	}
}

static const struct block *add(struct cpu *c, const struct block_key *key, const struct block_source *src)
{
	struct blocks *b = c->blocks;
	struct block *blk = &b->block[b->nblocks];
	u64 page = key->gpa >> 12;
	u32 bucket = bucket_of(key);
	*blk = (struct block){ .key = *key, .first = &b->insn[b->ninsns] };
	block_decode(c, src, BLOCK_MAX, blk);
	b->nblocks++;
	b->ninsns += blk->count;
	blk->next_in_bucket = b->bucket[bucket];
	b->bucket[bucket] = b->nblocks;
	blk->next_in_page = b->first_in_page[page];
	b->first_in_page[page] = b->nblocks;
	if (!b->granules[page])
		protect_page(c->vm, key->gpa);
	b->granules[page] |= block_granules(blk);
	return blk;
}

/* The block at the source, found or, if that concerns no other processor, decoded now.  `alone`: no other executes. */
static const struct block *find_or_add(struct cpu *c, const struct block_source *src, bool alone)
{
	struct blocks *b = c->blocks;
	struct block_key key = key_now(c, src->gpa);
	const struct block *blk = find(b, &key);
	bool full = b->nblocks == BLOCKS || b->ninsns > INSNS - BLOCK_MAX - 1;
	if (blk)
		return blk;
	if (!alone && (full || !b->granules[src->gpa >> 12]))
		return NULL; /* drops what others hold, or must take away their leave to write to the page */
	if (full)
		start_afresh(c);
	return add(c, &key, src);
}

static const struct insn *remember(struct cpu *c, const struct block *blk)
{
	tlb_jump(c, cpu_jump_key(c), blk->first);
	return blk->first;
}

/* While no other processor executes: the page is looked for anew, for it may have changed. */
static const struct insn *decode_alone(struct cpu *c)
{
	bool began = vcpu_alone(c->vcpu);
	struct block_source src;
	const struct insn *first = NULL;
	if (block_source(c, &src))
		first = src.straddles || src.gpa >> 12 >= c->blocks->pages ? block_one(c)
									  : remember(c, find_or_add(c, &src, true));
	if (began)
		vcpu_together(c->vcpu);
	return first;
}

const struct insn *block_at(struct cpu *c)
{
	struct block_source src;
	u64 at = cpu_jump_key(c);
	const struct jump *j = cpu_jump_slot(c, at);
	if (j->first && j->at == at && j->first->fn != fn_stale)
		return j->first;
	if (!block_source(c, &src))
		return NULL;
	if (src.straddles || src.gpa >> 12 >= c->blocks->pages)
		return block_one(c);
	blocks_lock(c);
	const struct block *blk = find_or_add(c, &src, !c->vm->threads);
	blocks_unlock(c);
	return blk ? remember(c, blk) : decode_alone(c);
}

/* The same bytes decode to the same instruction; only a direct branch, which is linked, belongs to its place. */
static bool decoded_already(const struct single *one, const struct cpu *c, const struct block_source *src)
{
	return one->len && src->avail >= one->len && one->mode == c->mode && !memcmp(src->bytes, one->bytes, one->len);
}

const struct insn *block_one(struct cpu *c)
{
	struct block_source src;
	if (!block_source(c, &src) || (src.straddles && !block_straddling(c, &src)))
		return NULL;
	struct single *one = &c->single[src.gpa % SINGLES];
	struct block blk = { .first = one->insn };
	if (decoded_already(one, c, &src))
		return one->insn;
	block_decode(c, &src, 1, &blk);
	bool branch = isa_rows[one->insn[0].row].flags & BR;
	one->len = blk.count > 1 && !branch ? one->insn[0].len : 0;
	one->mode = c->mode;
	memcpy(one->bytes, src.bytes, one->len);
	return one->insn;
}

bool block_run_copy(struct cpu *c, const struct insn *o, const struct insn *copy)
{
	struct insn pair[2] = { *copy, { .fn = fn_stop } };
	c->stopped = false;
	DISPATCH(c, pair);
	if (c->cur == pair)
		c->cur = o;
	return c->stopped;
}
