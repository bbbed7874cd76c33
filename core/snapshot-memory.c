/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-memory.c - the pages of a snapshot and of those that it builds upon, as one memory.
 * Rule: of each frame the first file that speaks of it counts, the snapshot's own being the first; as when it is loaded.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/snapshot-priv.h"

/* What one file says of frames, in their order. */
struct snapshot_layer {
	struct snapshot_pages pages;
	bool more;            /* pages.frame is the next one */
	struct reader runs;   /* of section "zeros" */
	struct snapshot_run run;
};

int snapshot_memory_start(struct snapshot_memory *m, const struct snapshot_file *const *files, u32 n, struct err *err)
{
	int rc = 0;

	*m = (struct snapshot_memory){ .layer = calloc(n, sizeof(*m->layer)), .n = n };
	if (!m->layer)
		return err_set(err, ENOMEM, "snapshot: no memory to look at its pages");
	for (u32 i = 0; i < n && !rc; i++) {
		struct snapshot_layer *l = &m->layer[i];
		const struct snapshot_part *zeros = snapshot_part_find(files[i], "zeros", "");

		rc = snapshot_pages_start(&l->pages, files[i], err);
		l->more = !rc && snapshot_pages_next(&l->pages);
		if (zeros)
			l->runs = snapshot_runs(zeros);
	}
	return rc;
}

/* Does the file say that this frame is zero?  Frames are asked for in their order. */
static bool says_zero(struct snapshot_layer *l, frame_no frame)
{
	while (frame >= l->run.first + l->run.count)
		if (!snapshot_run_next(&l->runs, &l->run))
			return false;
	return frame >= l->run.first;
}

static frame_no lowest(const struct snapshot_memory *m)
{
	frame_no frame = FRAME_NONE;

	for (u32 i = 0; i < m->n; i++)
		if (m->layer[i].more && m->layer[i].pages.frame < frame)
			frame = m->layer[i].pages.frame;
	return frame;
}

/* Every file that has this frame goes on to its next; the page of the one that counts, NULL if that says zero. */
static const u8 *page_of(struct snapshot_memory *m, frame_no frame)
{
	const u8 *page = NULL;
	bool said = false;

	for (u32 i = 0; i < m->n; i++) {
		struct snapshot_layer *l = &m->layer[i];

		if (l->more && l->pages.frame == frame) {
			if (!said)
				page = l->pages.page;
			said = true;
		} else if (says_zero(l, frame)) {
			said = true;
		}
	}
	return page;
}

/* The page lies in its file's buffer until that file is asked for the next: so the files go on first of all. */
bool snapshot_memory_next(struct snapshot_memory *m)
{
	do {
		for (u32 i = 0; i < m->n; i++)
			if (m->layer[i].more && m->begun && m->layer[i].pages.frame == m->frame)
				m->layer[i].more = snapshot_pages_next(&m->layer[i].pages);
		m->begun = true;
		m->frame = lowest(m);
		if (m->frame == FRAME_NONE)
			return false;
		m->page = page_of(m, m->frame);
	} while (!m->page);
	return true;
}

void snapshot_memory_end(struct snapshot_memory *m)
{
	for (u32 i = 0; m->layer && i < m->n; i++)
		snapshot_pages_end(&m->layer[i].pages);
	free(m->layer);
	m->layer = NULL;
}
