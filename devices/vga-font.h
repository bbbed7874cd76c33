/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-font.h - a font for code page 437, for machines without a video BIOS.
 * Rule: ASCII is drawn, lines and blocks are constructed; what is neither is an empty frame.
 */
#ifndef VITRINE_DEVICES_VGA_FONT_H
#define VITRINE_DEVICES_VGA_FONT_H

#include "core/base/types.h"

enum { FONT_HEIGHT = 16 };

/* The shape of a character: 16 lines of 8 pixels, bit 7 leftmost. */
void font_glyph(u8 character, u8 shape[FONT_HEIGHT]);

#endif
