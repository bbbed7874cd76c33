#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""vmlinux.py - take the ELF kernel out of a bzImage.  Usage: vmlinux.py BZIMAGE OUT
Rule: offsets come from the setup header (Linux, Documentation/arch/x86/boot.rst), nothing is searched for."""
import lzma
import struct
import subprocess
import sys

image = open(sys.argv[1], "rb").read()
setup = (image[0x1F1] + 1) * 512
offset, length = struct.unpack_from("<II", image, 0x248)
payload = image[setup + offset : setup + offset + length - 4]  # the last 4 bytes are the unpacked size
if payload[:4] == b"\xfd7zX":
    kernel = lzma.LZMADecompressor().decompress(payload)
else:
    tool = {b"\x02!": ["lz4", "-dc"], b"\x28\xb5": ["zstd", "-dc"], b"\x1f\x8b": ["gzip", "-dc"]}[payload[:2]]
    kernel = subprocess.run(tool, input=payload, stdout=subprocess.PIPE, check=False).stdout
if kernel[:4] != b"\x7fELF":
    sys.exit("vmlinux.py: no ELF kernel inside")
open(sys.argv[2], "wb").write(kernel)
