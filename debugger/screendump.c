/* SPDX-License-Identifier: GPL-3.0-or-later
 * screendump.c - lines of pixels to PNG, with a palette if 256 colours are enough.
 * Rule: libpng leaves by longjmp; so everything that must be freed lies in one struct, outside of the function that
 * called setjmp.
 * Source: W3C, Portable Network Graphics (Third Edition); libpng manual, section IV.
 */
#include "debugger/screendump.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "devices/vga-screen.h"

enum { OFF_WIDTH = 640, OFF_HEIGHT = 400 };

struct dump {
	const struct vga *v;
	struct vga_screen screen;
	FILE *to;
	png_structp png;
	png_infop info;
	u32 pixels[VBE_XRES_MAX];
	u8 row[VBE_XRES_MAX * 3];
	u32 colour[PNG_MAX_PALETTE_LENGTH]; /* those found so far */
	int ncolours;                       /* one more than there is room for: too many */
};

static void get_line(struct dump *d, u32 y)
{
	memset(d->pixels, 0, sizeof(d->pixels));
	vga_screen_line(d->v, &d->screen, y, d->pixels);
}

static int colour_index(const struct dump *d, u32 rgb)
{
	for (int i = 0; i < d->ncolours; i++)
		if (d->colour[i] == rgb)
			return i;
	return -1;
}

static void count_colours(struct dump *d)
{
	for (u32 y = 0; y < d->screen.height; y++) {
		get_line(d, y);
		for (u32 x = 0; x < d->screen.width; x++) {
			if ((x && d->pixels[x] == d->pixels[x - 1]) || colour_index(d, d->pixels[x]) >= 0)
				continue;
			if (d->ncolours == PNG_MAX_PALETTE_LENGTH) {
				d->ncolours++;
				return;
			}
			d->colour[d->ncolours++] = d->pixels[x];
		}
	}
}

static bool has_palette(const struct dump *d)
{
	return d->ncolours <= PNG_MAX_PALETTE_LENGTH;
}

static void fill_row(struct dump *d, u32 y)
{
	int index = 0;

	get_line(d, y);
	for (u32 x = 0; x < d->screen.width; x++) {
		u32 p = d->pixels[x];

		if (has_palette(d)) {
			index = x && p == d->pixels[x - 1] ? index : colour_index(d, p);
			d->row[x] = (u8)index;
			continue;
		}
		d->row[3 * x] = (u8)(p >> 16);
		d->row[3 * x + 1] = (u8)(p >> 8);
		d->row[3 * x + 2] = (u8)p;
	}
}

static void write_header(struct dump *d)
{
	int bits = !has_palette(d) || d->ncolours > 16 ? 8 : 4;
	png_color palette[PNG_MAX_PALETTE_LENGTH];

	png_set_IHDR(d->png, d->info, d->screen.width, d->screen.height, bits,
		     has_palette(d) ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	for (int i = 0; has_palette(d) && i < d->ncolours; i++)
		palette[i] = (png_color){ (u8)(d->colour[i] >> 16), (u8)(d->colour[i] >> 8), (u8)d->colour[i] };
	if (has_palette(d))
		png_set_PLTE(d->png, d->info, palette, d->ncolours);
	png_write_info(d->png, d->info);
	png_set_packing(d->png); /* rows come with a byte per pixel */
}

static bool write_png(struct dump *d)
{
	d->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	d->info = d->png ? png_create_info_struct(d->png) : NULL;
	if (!d->info || setjmp(png_jmpbuf(d->png)))
		return false;
	png_init_io(d->png, d->to);
	write_header(d);
	for (u32 y = 0; y < d->screen.height; y++) {
		fill_row(d, y);
		png_write_row(d->png, d->row);
	}
	png_write_end(d->png, NULL);
	return true;
}

static int write_file(struct dump *d, const char *path, struct err *err)
{
	bool good, regular;
	struct stat st;

	d->to = fopen(path, "wbe");
	if (!d->to)
		return err_set(err, errno, "--screendump %.160s: %s", path, strerror(errno));
	regular = !fstat(fileno(d->to), &st) && S_ISREG(st.st_mode);
	good = write_png(d);
	png_destroy_write_struct(&d->png, &d->info);
	errno = 0;
	good &= !ferror(d->to);
	good &= !fclose(d->to);
	if (good)
		return 0;
	if (regular)
		remove(path);
	return err_set(err, errno ? errno : EIO, "--screendump %.160s: could not be written completely%s%s", path,
		       errno ? ": " : "", errno ? strerror(errno) : "");
}

int screendump(const struct vga *v, const char *path, struct err *err)
{
	struct dump *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return err_set(err, ENOMEM, "--screendump: no memory");
	d->v = v;
	vga_screen(v, &d->screen);
	if (d->screen.kind == SCREEN_OFF) {
		d->screen.width = OFF_WIDTH;
		d->screen.height = OFF_HEIGHT;
	}
	count_colours(d);
	rc = write_file(d, path, err);
	free(d);
	return rc;
}
