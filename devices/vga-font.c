/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-font.c - a plain font of 8 by 16 pixels: letters from forms of 5 by 8, lines and blocks by construction.
 * Rule: every form is stretched in the same way, so the table stays small enough to be drawn by hand.
 */
#include "devices/vga-font.h"

#include <string.h>

enum { ROWS = 8, FIRST = ' ', LAST = '~', TOP = 2, MIDDLE_X = 3, MIDDLE_Y = 7, DEGREE = 0xf8 };

/* The printable characters of ASCII: rows from the top, the seventh stands on the base line; five bits each. */
/* clang-format off */
static const u8 forms[LAST - FIRST + 1][ROWS] = {
	{  0,  0,  0,  0,  0,  0,  0,  0 }, /*   */ {  4,  4,  4,  4,  4,  0,  4,  0 }, /* ! */
	{ 10, 10, 10,  0,  0,  0,  0,  0 }, /* " */ { 10, 10, 31, 10, 31, 10, 10,  0 }, /* # */
	{  4, 15, 20, 14,  5, 30,  4,  0 }, /* $ */ { 25, 25,  2,  4,  8, 19, 19,  0 }, /* % */
	{ 12, 18, 18, 12, 19, 18, 13,  0 }, /* & */ {  4,  4,  4,  0,  0,  0,  0,  0 }, /* ' */
	{  2,  4,  8,  8,  8,  4,  2,  0 }, /* ( */ {  8,  4,  2,  2,  2,  4,  8,  0 }, /* ) */
	{  0,  4, 21, 14, 21,  4,  0,  0 }, /* asterisk */ {  0,  4,  4, 31,  4,  4,  0,  0 }, /* + */
	{  0,  0,  0,  0,  0,  4,  4,  8 }, /* , */ {  0,  0,  0, 31,  0,  0,  0,  0 }, /* - */
	{  0,  0,  0,  0,  0, 12, 12,  0 }, /* . */ {  1,  1,  2,  4,  8, 16, 16,  0 }, /* / */
	{ 14, 17, 19, 21, 25, 17, 14,  0 }, /* 0 */ {  4, 12,  4,  4,  4,  4, 14,  0 }, /* 1 */
	{ 14, 17,  1,  6,  8, 16, 31,  0 }, /* 2 */ { 14, 17,  1,  6,  1, 17, 14,  0 }, /* 3 */
	{  2,  6, 10, 18, 31,  2,  2,  0 }, /* 4 */ { 31, 16, 30,  1,  1, 17, 14,  0 }, /* 5 */
	{  6,  8, 16, 30, 17, 17, 14,  0 }, /* 6 */ { 31,  1,  2,  4,  4,  4,  4,  0 }, /* 7 */
	{ 14, 17, 17, 14, 17, 17, 14,  0 }, /* 8 */ { 14, 17, 17, 15,  1,  2, 12,  0 }, /* 9 */
	{  0,  4,  4,  0,  4,  4,  0,  0 }, /* : */ {  0,  4,  4,  0,  0,  4,  4,  8 }, /* ; */
	{  1,  2,  4,  8,  4,  2,  1,  0 }, /* < */ {  0,  0, 31,  0, 31,  0,  0,  0 }, /* = */
	{ 16,  8,  4,  2,  4,  8, 16,  0 }, /* > */ { 14, 17,  1,  6,  4,  0,  4,  0 }, /* ? */
	{ 14, 17, 23, 21, 23, 16, 14,  0 }, /* @ */ {  4, 10, 17, 17, 31, 17, 17,  0 }, /* A */
	{ 30, 17, 17, 30, 17, 17, 30,  0 }, /* B */ { 14, 17, 16, 16, 16, 17, 14,  0 }, /* C */
	{ 30, 17, 17, 17, 17, 17, 30,  0 }, /* D */ { 31, 16, 16, 30, 16, 16, 31,  0 }, /* E */
	{ 31, 16, 16, 30, 16, 16, 16,  0 }, /* F */ { 14, 17, 16, 23, 17, 17, 15,  0 }, /* G */
	{ 17, 17, 17, 31, 17, 17, 17,  0 }, /* H */ { 14,  4,  4,  4,  4,  4, 14,  0 }, /* I */
	{  7,  2,  2,  2,  2, 18, 12,  0 }, /* J */ { 17, 18, 20, 24, 20, 18, 17,  0 }, /* K */
	{ 16, 16, 16, 16, 16, 16, 31,  0 }, /* L */ { 17, 27, 21, 21, 17, 17, 17,  0 }, /* M */
	{ 17, 25, 21, 21, 19, 17, 17,  0 }, /* N */ { 14, 17, 17, 17, 17, 17, 14,  0 }, /* O */
	{ 30, 17, 17, 30, 16, 16, 16,  0 }, /* P */ { 14, 17, 17, 17, 21, 18, 13,  0 }, /* Q */
	{ 30, 17, 17, 30, 20, 18, 17,  0 }, /* R */ { 15, 16, 16, 14,  1,  1, 30,  0 }, /* S */
	{ 31,  4,  4,  4,  4,  4,  4,  0 }, /* T */ { 17, 17, 17, 17, 17, 17, 14,  0 }, /* U */
	{ 17, 17, 17, 17, 10, 10,  4,  0 }, /* V */ { 17, 17, 17, 21, 21, 27, 17,  0 }, /* W */
	{ 17, 17, 10,  4, 10, 17, 17,  0 }, /* X */ { 17, 17, 10,  4,  4,  4,  4,  0 }, /* Y */
	{ 31,  1,  2,  4,  8, 16, 31,  0 }, /* Z */ { 14,  8,  8,  8,  8,  8, 14,  0 }, /* [ */
	{ 16, 16,  8,  4,  2,  1,  1,  0 }, /* backslash */ { 14,  2,  2,  2,  2,  2, 14,  0 }, /* ] */
	{  4, 10, 17,  0,  0,  0,  0,  0 }, /* ^ */ {  0,  0,  0,  0,  0,  0,  0, 31 }, /* _ */
	{  8,  4,  2,  0,  0,  0,  0,  0 }, /* ` */ {  0,  0, 14,  1, 15, 17, 15,  0 }, /* a */
	{ 16, 16, 22, 25, 17, 17, 30,  0 }, /* b */ {  0,  0, 14, 17, 16, 17, 14,  0 }, /* c */
	{  1,  1, 13, 19, 17, 17, 15,  0 }, /* d */ {  0,  0, 14, 17, 31, 16, 15,  0 }, /* e */
	{  6,  9,  8, 30,  8,  8,  8,  0 }, /* f */ {  0,  0, 15, 17, 17, 15,  1, 14 }, /* g */
	{ 16, 16, 22, 25, 17, 17, 17,  0 }, /* h */ {  4,  0, 12,  4,  4,  4, 14,  0 }, /* i */
	{  2,  0,  6,  2,  2,  2,  2, 12 }, /* j */ { 16, 16, 18, 20, 24, 20, 18,  0 }, /* k */
	{ 12,  4,  4,  4,  4,  4, 14,  0 }, /* l */ {  0,  0, 26, 21, 21, 21, 21,  0 }, /* m */
	{  0,  0, 22, 25, 17, 17, 17,  0 }, /* n */ {  0,  0, 14, 17, 17, 17, 14,  0 }, /* o */
	{  0,  0, 30, 17, 17, 30, 16, 16 }, /* p */ {  0,  0, 15, 17, 17, 15,  1,  1 }, /* q */
	{  0,  0, 22, 25, 16, 16, 16,  0 }, /* r */ {  0,  0, 15, 16, 14,  1, 30,  0 }, /* s */
	{  8,  8, 30,  8,  8,  9,  6,  0 }, /* t */ {  0,  0, 17, 17, 17, 19, 13,  0 }, /* u */
	{  0,  0, 17, 17, 17, 10,  4,  0 }, /* v */ {  0,  0, 17, 21, 21, 21, 10,  0 }, /* w */
	{  0,  0, 17, 10,  4, 10, 17,  0 }, /* x */ {  0,  0, 17, 17, 17, 15,  1, 14 }, /* y */
	{  0,  0, 31,  2,  4,  8, 31,  0 }, /* z */ {  2,  4,  4,  8,  4,  4,  2,  0 }, /* { */
	{  4,  4,  4,  4,  4,  4,  4,  0 }, /* | */ {  8,  4,  4,  2,  4,  4,  8,  0 }, /* } */
	{  0,  8, 21,  2,  0,  0,  0,  0 }, /* ~ */
};

/* How many lines each row of a form becomes. */
static const u8 row_lines[ROWS] = { 2, 1, 1, 2, 1, 1, 2, 2 };

/* The lines to the edges of B3h to DAh: up, down, left, right, two bits each; 1 single, 2 double. */
#define ARMS(u, d, l, r) (u8)((u) | (d) << 2 | (l) << 4 | (r) << 6)
static const u8 arms[0xdb - 0xb3] = {
	ARMS(1, 1, 0, 0), ARMS(1, 1, 1, 0), ARMS(1, 1, 2, 0), ARMS(2, 2, 1, 0), ARMS(0, 2, 1, 0), ARMS(0, 1, 2, 0),
	ARMS(2, 2, 2, 0), ARMS(2, 2, 0, 0), ARMS(0, 2, 2, 0), ARMS(2, 0, 2, 0), ARMS(2, 0, 1, 0), ARMS(1, 0, 2, 0),
	ARMS(0, 1, 1, 0), ARMS(1, 0, 0, 1), ARMS(1, 0, 1, 1), ARMS(0, 1, 1, 1), ARMS(1, 1, 0, 1), ARMS(0, 0, 1, 1),
	ARMS(1, 1, 1, 1), ARMS(1, 1, 0, 2), ARMS(2, 2, 0, 1), ARMS(2, 0, 0, 2), ARMS(0, 2, 0, 2), ARMS(2, 0, 2, 2),
	ARMS(0, 2, 2, 2), ARMS(2, 2, 0, 2), ARMS(0, 0, 2, 2), ARMS(2, 2, 2, 2), ARMS(1, 0, 2, 2), ARMS(2, 0, 1, 1),
	ARMS(0, 1, 2, 2), ARMS(0, 2, 1, 1), ARMS(2, 0, 0, 1), ARMS(1, 0, 0, 2), ARMS(0, 1, 0, 2), ARMS(0, 2, 0, 1),
	ARMS(2, 2, 1, 1), ARMS(1, 1, 2, 2), ARMS(1, 0, 1, 0), ARMS(0, 1, 0, 1),
};
/* clang-format on */

/* Strokes are two pixels wide where that leaves the gap beside them open. */
static u8 widen(u8 row)
{
	u8 dots = (u8)(row << 2);

	return dots | (u8)(dots >> 1 & ~(dots << 1));
}

static void letter(u8 character, u8 *shape)
{
	const u8 *form = forms[character - FIRST];
	int y = TOP;

	for (int row = 0; row < ROWS; row++)
		for (int i = 0; i < row_lines[row]; i++)
			shape[y++] = widen(form[row]);
}

/* Columns and lines of the middle that an arm of this kind fills. */
static bool in_stroke(u32 kind, int distance)
{
	return kind == 1 ? distance == 0 : kind == 2 && (distance == -1 || distance == 1);
}

static void box_line(u8 lines, u8 *shape)
{
	u32 up = lines & 3, down = lines >> 2 & 3, left = lines >> 4 & 3, right = lines >> 6;

	for (int y = 0; y < FONT_HEIGHT; y++)
		for (int x = 0; x < 8; x++) {
			int dx = x - MIDDLE_X, dy = y - MIDDLE_Y;
			bool set = (dy <= 1 && in_stroke(up, dx)) || (dy >= -1 && in_stroke(down, dx)) ||
				   (dx <= 1 && in_stroke(left, dy)) || (dx >= -1 && in_stroke(right, dy));

			shape[y] |= (u8)(set << (7 - x));
		}
}

static bool block(u8 character, u8 *shape)
{
	for (int y = 0; y < FONT_HEIGHT; y++)
		switch (character) {
		case 0xb0: shape[y] = y & 1 ? 0x88 : 0x22; break;
		case 0xb1: shape[y] = y & 1 ? 0xaa : 0x55; break;
		case 0xb2: shape[y] = y & 1 ? 0x77 : 0xdd; break;
		case 0xdb: shape[y] = 0xff; break;
		case 0xdc: shape[y] = y < FONT_HEIGHT / 2 ? 0 : 0xff; break;
		case 0xdd: shape[y] = 0xf0; break;
		case 0xde: shape[y] = 0x0f; break;
		case 0xdf: shape[y] = y < FONT_HEIGHT / 2 ? 0xff : 0; break;
		case 0xfe: shape[y] = y >= 5 && y < 11 ? 0x7e : 0; break;
		default: return false;
		}
	return true;
}

static void frame(int top, int bottom, u8 *shape)
{
	for (int y = top; y <= bottom; y++)
		shape[y] = y == top || y == bottom ? 0x7c : 0x44;
}

void font_glyph(u8 character, u8 shape[FONT_HEIGHT])
{
	memset(shape, 0, FONT_HEIGHT);
	if (character >= FIRST && character <= LAST)
		letter(character, shape);
	else if (character >= 0xb3 && character < 0xdb)
		box_line(arms[character - 0xb3], shape);
	else if (character == DEGREE)
		frame(2, 5, shape);
	else if (character && character != 0xff && !block(character, shape))
		frame(3, 11, shape);
}
