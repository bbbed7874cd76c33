/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-disasm.c - `vitrine disasm`: bytes or a file as instructions, one per line.
 * Rule: every byte appears in the output exactly once; what is no instruction is a db.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu-interp/isa/isa.h"
#include "debugger/commands.h"
#include "debugger/host-file.h"
#include "debugger/output.h"
#include "debugger/status.h"

enum { DISASM_MOST = 256 << 20, LINE_BYTES = 15 };

struct disasm_args {
	enum isa_mode mode;
	u64 org;
	const char *hex;
};

static int take_mode(void *slot, const char *value, struct err *err)
{
	static const char *const names[] = { [MODE_16] = "16", [MODE_32] = "32", [MODE_64] = "64" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (!strcmp(value, names[i])) {
			*(enum isa_mode *)slot = (enum isa_mode)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%.40s' is not a mode; expected 16, 32 or 64", value);
}

static const struct option disasm_options[] = {
	{ "mode", "BITS", "16 (default), 32 or 64", take_mode, offsetof(struct disasm_args, mode) },
	{ "org", "ADDR", "address of the first byte (default 0)", take_number, offsetof(struct disasm_args, org) },
	{ "hex", "BYTES", "the bytes themselves, as \"b8 01 00\"", take_text, offsetof(struct disasm_args, hex) },
};
static const int ndisasm_options = ARRAY_LEN(disasm_options);

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* "b8 01 00" or "b80100" in place of a file; blanks and commas may stand between bytes. */
static int hex_read(struct host_file *f, const char *text, struct err *err)
{
	*f = (struct host_file){ .path = "--hex", .data = malloc(strlen(text) / 2 + 1) };
	if (!f->data)
		return err_set(err, ENOMEM, "--hex: no memory");
	for (const char *c = text; *c; c += 2) {
		c += strspn(c, " \t\n,");
		if (!*c)
			break;
		if (!isxdigit((unsigned char)c[0]) || !isxdigit((unsigned char)c[1])) {
			host_file_close(f);
			return err_set(err, EINVAL, "--hex: '%.20s' does not begin with two hexadecimal digits", c);
		}
		f->data[f->len++] = (u8)(digit(c[0]) << 4 | digit(c[1]));
	}
	if (f->len)
		return 0;
	host_file_close(f);
	return err_set(err, EINVAL, "--hex: no bytes; expected some, as \"b8 01 00\"");
}

static void print_line(u64 at, int address_digits, const u8 *bytes, int len, const char *text)
{
	char hex[LINE_BYTES * 3 + 1];

	for (int i = 0; i < len; i++)
		snprintf(hex + i * 3, 4, "%02x ", bytes[i]);
	printf("%0*llx  %-24s %s\n", address_digits, (unsigned long long)at, hex, text);
}

static void disassemble(const struct host_file *f, const struct disasm_args *args)
{
	int digits = (args->org + f->len) >> 32 ? 16 : 8;
	struct decoded d;
	char text[112];

	for (u64 at = 0; at < f->len && output_ok();) {
		u64 left = f->len - at;
		int avail = left < LINE_BYTES ? (int)left : LINE_BYTES, len = 1;
		if (isa_decode(f->data + at, avail, args->mode, UINT64_MAX, &d) == DECODE_OK) {
			isa_disasm(&d, args->org + at, text, sizeof(text));
			len = d.len;
		} else {
			snprintf(text, sizeof(text), "db 0x%02x", f->data[at]);
		}
		print_line(args->org + at, digits, f->data + at, len, text);
		at += (u64)len;
	}
}

static int disasm(const struct command *cmd, int argc, char **argv)
{
	struct disasm_args args = { .mode = MODE_16 };
	struct args_rest rest;
	struct host_file f;
	struct err err = { 0 };
	int status;

	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	if (rest.n + !!args.hex != 1) {
		complain("disasm: expected either one FILE or --hex BYTES");
		return STATUS_USAGE;
	}
	if (args.hex ? hex_read(&f, args.hex, &err) : host_file_read(&f, "file", rest.item[0], DISASM_MOST, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	disassemble(&f, &args);
	host_file_close(&f);
	return STATUS_OK;
}

const struct command cmd_disasm = {
	.name = "disasm",
	.args = "[--mode 16|32|64] [--org ADDR] FILE | --hex BYTES",
	.brief = "show bytes as instructions",
	.text = "Prints address, bytes and the instruction in Intel's syntax, as NASM accepts it.\n"
		"Every instruction of every processor model is known; other bytes are shown as db.",
	.example = "vitrine disasm --org 0x7c00 boot.img\nvitrine disasm --mode 64 --hex \"48 89 e5 0f 05\"",
	.options = disasm_options,
	.noptions = &ndisasm_options,
	.exec = disasm,
};
