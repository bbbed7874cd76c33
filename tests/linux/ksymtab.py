#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ksymtab.py - where a kernel's exported functions are.  Usage: ksymtab.py VMLINUX NAME...: a line `NAME OFFSET` each,
the offset within .text.
Rule: the table is the kernel's own for its modules (include/asm-generic/export.h, entries relative to their place)."""
import struct
import sys

image = open(sys.argv[1], "rb").read()
at, size, count, names = (*struct.unpack_from("<Q", image, 0x28), *struct.unpack_from("<HHH", image, 0x3A))
rows = [struct.unpack_from("<IIQQQQ", image, at + i * size) for i in range(count)]
texts = rows[names][4]


def string(offset):
    return image[offset : image.index(b"\0", offset)].decode()


section = {string(texts + row[0]): row for row in rows}
text, found = section[".text"], {}
for part in ("__ksymtab", "__ksymtab_gpl"):
    _, _, _, address, offset, length = section[part]
    for entry in range(0, length, 12):
        value, name, _ = struct.unpack_from("<iii", image, offset + entry)
        where = address + entry + value
        if text[3] <= where < text[3] + text[5]:
            found[string(offset + entry + 4 + name)] = where - text[3]
for wanted in sys.argv[2:]:
    if wanted in found:
        print(wanted, hex(found[wanted]))
