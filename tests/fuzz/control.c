/* SPDX-License-Identifier: GPL-3.0-or-later
 * control.c - fuzz target: the input is what a hostile client sends to the control socket of a PC.
 * Rule: nothing crashes or hangs; what goes out is whole lines, each a JSON object of its own.
 *
 * Pieces: u8 kind, u8 length, bytes.  A kind below the number of heads sends that head, the bytes as the text of a JSON
 * string (or as they are: bit 7), and its tail; any other kind the bytes alone.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/interp.h"
#include "debugger/control/control.h"
#include "debugger/machine.h"
#include "devices/pc.h"
#include "tests/fuzz/rig.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { MEMORY = 2 << 20, CODE = 0x7c00, PIECES = 100, BUDGET = 3000, AS_IS = 0x80 };

static const struct { const char *head, *tail; } forms[] = {
	{ "{\"execute\": \"", "\"}\n" },
	{ "{\"execute\": \"stop\", \"id\": \"", "\"}" },
	{ "{\"execute\": \"cont\", \"arguments\": {", "}}" },
	{ "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"", "\"}}" },
	{ "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"s ", "\"}}" },
	{ "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"x ", "\"}}" },
	{ "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"on ", "\"}}" },
	{ "{\"execute\": \"query-status\"", "}\n" },
	{ "{\"execute\": \"query-commands\"", "}\n" },
	{ "{\"execute\": \"query-cpus-fast\"", "}" },
	{ "{\"execute\": \"system_reset\"", "}" },
	{ "{\"execute\": \"system_powerdown\"", "}" },
	{ "{\"execute\": \"qmp_capabilities\"", "}" },
	{ "[[[[", "\n" },
	{ "\"", "\"\n" },
	{ "", "\n" },
};

static const u8 code[] = { 0x40, 0xa3, 0x00, 0x05, 0x8b, 0x1e, 0x00, 0x05, 0x50, 0x5b, 0xe6, 0x80, 0xf4, 0xeb, 0xf1 };

/* ---- what comes out ---- */

static char out[1 << 20];
static size_t out_len;

static void check(void *arg, const char *line, size_t len)
{
	json_t *o;

	if (out_len + len > sizeof(out))
		abort();
	memcpy(out + out_len, line, len);
	out_len += len;
	if (!len || line[len - 1] != '\n')
		return;
	o = json_loadb(out, out_len, 0, NULL);
	if (!json_is_object(o))
		abort();
	json_decref(o);
	out_len = 0;
}

static bool runs;

static int want(void *arg, enum control_want what, struct err *err)
{
	runs = what == CONTROL_CONT;
	return 0;
}

/* Lines that reach the host's files, or run its programs, are not for a fuzzer. */
static bool is_harmless(const u8 *bytes, size_t len)
{
	static const char *const files[] = { "save", "load", "source", "symbols", "screen", "include", "dump", "regis", "snap", "man" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (memmem(bytes, len, files[i], strlen(files[i])))
			return false;
	return true;
}

static void feed(struct control_client *c, u8 kind, const u8 *bytes, size_t len)
{
	u8 form = kind & ~AS_IS;
	char text[260];

	if (!is_harmless(bytes, len))
		return;
	for (size_t i = 0; i < len; i++)
		text[i] = kind & AS_IS || (bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\') ? (char)bytes[i] : '.';
	if (form < ARRAY_LEN(forms))
		control_feed(c, forms[form].head, strlen(forms[form].head));
	control_feed(c, text, len);
	if (form < ARRAY_LEN(forms))
		control_feed(c, forms[form].tail, strlen(forms[form].tail));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct vm_config config = { .name = "fuzz", .engine = &engine_interp, .mem_size = MEMORY, .cpus = 1,
					  .cpu = cpu_model_find("x86-64"), .seed = 1 };
	const struct pc_config board = { .mem_size = MEMORY, .rtc_start = PC_RTC_DEFAULT };
	static struct control_client client;
	struct session *session;
	struct x86_state s;
	struct pc *pc;
	struct vm *vm = vm_create(&config, NULL);

	if (!vm || pc_build(vm, &board, &pc, NULL))
		abort();
	vm_reset(vm);
	mem_poke(&vm->mem, CODE, code, sizeof(code));
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	s.seg_sel[SEG_CS] = 0;
	s.seg_base[SEG_CS] = 0;
	s.rip[0] = CODE;
	if (vcpu_set(&vm->vcpu[0], &s, ST_ALL, NULL))
		abort();
	session = rig_around(vm, pc, BUDGET, false);
	client = (struct control_client){ .s = session, .host = { .want = want }, .send = check };
	out_len = 0;
	runs = false;
	control_greet(&client);
	client.negotiated = size && data[0] & 1;
	for (size_t at = 1, n = 0; at + 2 < size && n < PIECES; n++) {
		size_t len = data[at + 1], left = size - at - 2;

		if (len > left)
			len = left;
		feed(&client, data[at], data + at + 2, len);
		at += 2 + len;
		if (runs)
			session_run(session, (struct amount){ 50, BY_INSN }, NULL);
	}
	if (out_len)
		abort(); /* half a line */
	session_close(session);
	pc_destroy(pc);
	vm_destroy(vm);
	return 0;
}
