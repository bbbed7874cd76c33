/* SPDX-License-Identifier: GPL-3.0-or-later
 * state-load.c - fuzz target: whatever a saved state contains, loading it is refused or gives a whole state.
 * Rule: the first byte chooses: odd = the rest is a saved run; even = the rest edits a good one, so
 * that inputs reach behind the first check.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/state.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* Refused means untouched; accepted means that saving and loading it again changes nothing. */
static void load_and_judge(const u8 *run, size_t len)
{
	struct x86_state before, into, again;
	struct reader in = { run, run + len, false };
	struct err err = { 0 };
	struct buf saved = { 0 }, text = { 0 };

	memset(&before, 0x5a, sizeof(before));
	into = before;
	if (state_load(&x86_state_layout, &into, &in, &err)) {
		assert(!memcmp(&into, &before, sizeof(into)));
		assert(err.code && err.text[0] && !strchr(err.text, '\n'));
		return;
	}
	state_save(&x86_state_layout, &into, &saved);
	in = (struct reader){ saved.data, saved.data + saved.len, false };
	assert(!state_load(&x86_state_layout, &again, &in, &err) && read_left(&in) == 0);
	assert(!state_diff(&x86_state_layout, &into, &again, &text));
	state_print(&x86_state_layout, &again, &text);
	buf_free(&saved);
	buf_free(&text);
}

/* Each three bytes of data: where (16 bits), what. */
static void edit_and_judge(const u8 *data, size_t len)
{
	struct x86_state s;
	struct buf run = { 0 };
	u8 *copy;

	x86_state_reset(&s, 0x306d4);
	state_save(&x86_state_layout, &s, &run);
	for (size_t i = 0; i + 3 <= len; i += 3)
		run.data[(data[i] | data[i + 1] << 8) % run.len] = data[i + 2];
	if (len % 3 == 2)
		run.len = (data[len - 2] | data[len - 1] << 8) % run.len;
	copy = malloc(run.len ? run.len : 1); /* its own block: a sanitizer sees a step past the end */
	assert(copy);
	memcpy(copy, run.data, run.len);
	load_and_judge(copy, run.len);
	free(copy);
	buf_free(&run);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	if (!len)
		return 0;
	if (data[0] & 1)
		load_and_judge(data + 1, len - 1);
	else
		edit_and_judge(data + 1, len - 1);
	return 0;
}
