/* SPDX-License-Identifier: GPL-3.0-or-later
 * host-file.h - a file of the host, whole, for reading; and whether one could be written.
 * Rule: only regular, non-empty files of bounded size; everything else is refused in one clear sentence.
 */
#ifndef VITRINE_DEBUGGER_HOST_FILE_H
#define VITRINE_DEBUGGER_HOST_FILE_H

#include "core/base/err.h"
#include "core/base/types.h"

struct host_file {
	const char *path;
	u8 *data; /* NULL = not open */
	u64 len;
};

/* Read it into memory.  `what` names its role in messages ("BIOS"); more than `most` bytes are refused. */
int host_file_read(struct host_file *f, const char *what, const char *path, u64 most, struct err *err);
void host_file_close(struct host_file *f);
/* Write a file anew. */
int host_file_write(const char *path, const void *data, size_t len, struct err *err);
/* Could PATH be opened for writing, or made?  Asked before a run whose result is to go there; opens nothing. */
int host_path_writable(const char *what, const char *path, struct err *err);
/* Could a file be made beside PATH and then take its name?  A device, pipe or link must not lose its name
 * so.  */
int host_path_replaceable(const char *what, const char *path, struct err *err);
/* Is it one regular file, or, while there is none yet, one name? */
bool host_path_same(const char *a, const char *b);

#endif
