/* SPDX-License-Identifier: GPL-3.0-or-later
 * format.c - the magic numbers of disk images.
 * Rule: only what stands at a fixed place at the start counts; a footer could be any guest's data.
 * Sources: QEMU docs/interop/qcow2.txt; VMware Virtual Disk Format 5.0; VirtualBox include/VBox/vd.h;
 * Microsoft [MS-VHDX] 2.2.1, Virtual Hard Disk Image Format Specification 1.0.
 */
#include "devices/backends/format.h"

#include <string.h>

static const struct {
	const char *name;
	u16 offset, len;
	const char *magic;
} formats[] = {
	{ "qcow2", 0, 8, "QFI\xfb\0\0\0\2" },
	{ "qcow2", 0, 8, "QFI\xfb\0\0\0\3" },
	{ "qcow", 0, 4, "QFI\xfb" },
	{ "vmdk", 0, 4, "KDMV" },
	{ "vmdk", 0, 4, "COWD" },
	{ "vmdk", 0, 21, "# Disk DescriptorFile" },
	{ "vdi", 0x40, 4, "\x7f\x10\xda\xbe" },
	{ "vhdx", 0, 8, "vhdxfile" },
	{ "vpc", 0, 8, "conectix" },
};

const char *format_probe(const u8 start[FORMAT_PROBE])
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (!memcmp(start + formats[i].offset, formats[i].magic, formats[i].len))
			return formats[i].name;
	return NULL;
}

bool format_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (!strcmp(formats[i].name, name))
			return true;
	return false;
}
