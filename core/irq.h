/* SPDX-License-Identifier: GPL-3.0-or-later
 * irq.h - a wire.  Who drives it does not know what hangs at its end.
 * Rule: a level is repeated harmlessly; the receiver does its own edge detection.
 */
#ifndef VITRINE_CORE_IRQ_H
#define VITRINE_CORE_IRQ_H

struct irq_line {
	void (*set)(void *arg, int n, int level);
	void *arg;
	int n;
};

/* An unconnected line (set == NULL) is fine. */
static inline void irq_set(const struct irq_line *line, int level)
{
	if (line->set)
		line->set(line->arg, line->n, level);
}

#endif
