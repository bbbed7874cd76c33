/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols-priv.h - between the readers of symbol files and the table that they fill.
 * Rule: a reader adds to a batch; only a whole batch without an error becomes part of the table.
 */
#ifndef VITRINE_DEBUGGER_SESSION_SYMBOLS_PRIV_H
#define VITRINE_DEBUGGER_SESSION_SYMBOLS_PRIV_H

#include "debugger/session/symbols.h"

enum { SYMBOLS_MAX = 4 << 20, SYMBOL_NAME_MAX = 4096 };

/* How much a name says about an address: of several the best is shown. */
enum symbol_rank { RANK_CONSTANT, /* no address at all */ RANK_LOCAL, RANK_GLOBAL, RANK_FUNCTION };

struct symbol {
	u64 address, size; /* bytes; 0 = not known */
	u32 name;          /* offset in `names` */
	u8 rank;
};
struct source_line {
	u64 address;
	u32 len;           /* bytes of code */
	u32 number, text, file;
};
struct batch {
	struct symbol *symbol;
	struct source_line *line;
	size_t nsymbols, symbols_room, nlines, lines_room;
	struct buf names;  /* of symbols, and lines' texts, each with its NUL */
	bool failed;       /* no memory, or too many */
};

/* One more; anything but printable characters in a name ends it. */
void batch_symbol(struct batch *b, u64 address, u64 size, enum symbol_rank rank, const char *name, size_t len);
void batch_line(struct batch *b, u64 address, u32 len, u32 number, const char *text, size_t text_len);

/* Fill the batch from a whole file, offset 0.  A negative errno: err says what is wrong where. */
int symbols_read_elf(struct batch *b, const char *path, const u8 *data, u64 len, struct err *err);
/* System.map and what nm prints; ld -Map; nasm -f bin [map all]. */
bool symbols_is_nm(const char *text, size_t len);
int symbols_read_nm(struct batch *b, const char *path, const char *text, size_t len, struct err *err);
int symbols_read_ld_map(struct batch *b, const char *path, const char *text, size_t len, struct err *err);
int symbols_read_nasm_map(struct batch *b, const char *path, const char *text, size_t len, struct err *err);
/* nasm -l */
bool symbols_is_listing(const char *text, size_t len);
int symbols_read_listing(struct batch *b, const char *path, const char *text, size_t len, struct err *err);

/* ---- lines of a text ---- */

struct text_line {
	const char *at, *end; /* without the newline and blanks before it */
	const char *next;
	u32 number;           /* from 1 */
};
/* *l = { .next = text } to begin with.  False: there are no more. */
bool text_line_next(struct text_line *l, const char *end);
/* A word of the line from *at on: blanks skipped. */
bool text_word(const char **at, const char *end, const char **word, size_t *len);
/* All of it hexadecimal digits, with 0x in front or not; at most 16. */
bool text_hex(const char *word, size_t len, u64 *value);

#endif
