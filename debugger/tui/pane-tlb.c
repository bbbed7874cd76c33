/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-tlb.c - the TLB: what decides how long the processor may keep a translation.
 * Rule: an engine's own cache is no TLB of the machine; it is not shown as one.
 */
#include "core/x86/x86.h"
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = { { "left right", "move the text" }, { 0 } };

/* SDM 3A 4.10 */
static void fill(struct pane *p, struct lines *l)
{
	struct paging g;

	lines_add(l, LINE_MISSING, "This build has no TLB to look at.");
	if (paging_of(p->s, p->s->cpu, &g))
		return;
	lines_add(l, LINE_TITLE, "what decides how long a");
	lines_more(l, " translation may be kept");
	lines_add(l, LINE_TEXT, "paging    %s", paging_name(&g));
	lines_add(l, LINE_TEXT, "CR4.PGE   %d %s", !!(g.env.cr4 & CR4_PGE),
		  g.env.cr4 & CR4_PGE ? "global pages stay" : "no global pages");
	lines_add(l, LINE_TEXT, "CR4.PCIDE %d %s", !!(g.env.cr4 & CR4_PCIDE),
		  g.env.cr4 & CR4_PCIDE ? "tagged by" : "not tagged");
	if (g.env.cr4 & CR4_PCIDE)
		lines_more(l, " PCID %03llx", (unsigned long long)(g.env.cr3 & 0xfff));
	lines_add(l, LINE_DIM, "dropped by MOV CR3, INVLPG,");
	lines_add(l, LINE_DIM, "changes of CR0.PG, CR4.PGE...");
	lines_add(l, LINE_DIM, "on tlb_flush { ... } tells");
}

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		fill(p, l);
	line_pane_draw_wrapped(p, a);
}

const struct pane_class pane_tlb = {
	.name = "tlb",
	.title = "TLB",
	.book = "4.4",
	.help = help,
	.min_rows = 2,
	.min_cols = 20,
	.draw = draw,
	.key = line_pane_key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
