#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# png.py - read a PNG file strictly: every chunk's checksum, the sizes, the pixels.
# Source: W3C, Portable Network Graphics (Third Edition), 5, 9 and 11.
import struct
import zlib


def chunks(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG signature"
    at = 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        crc, = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
        assert crc == zlib.crc32(kind + body), "checksum of %r" % kind
        yield kind, body
        at += 12 + length
    assert at == len(data) and kind == b"IEND", "the file does not end with IEND"


def unfilter(raw, height, stride, step):
    rows, above = [], bytearray(stride)
    for y in range(height):
        how, row = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            a, b = row[i - step] if i >= step else 0, above[i]
            c = above[i - step] if i >= step else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[how]) & 255
        rows.append(row)
        above = row
    return rows


def read(path):
    """Width, height and a function pixel(x, y) that gives (red, green, blue)."""
    with open(path, "rb") as f:
        parts = list(chunks(f.read()))
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", parts[0][1])
    assert parts[0][0] == b"IHDR" and rest == [0, 0, 0]
    raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    bits = depth * (3 if colour == 2 else 1)
    stride = (width * bits + 7) // 8
    assert len(raw) == height * (stride + 1), "the rows are not of the right size"
    rows = unfilter(raw, height, stride, max(1, bits // 8))
    if colour == 2:
        return width, height, lambda x, y: tuple(rows[y][3 * x:3 * x + 3])
    palette = dict(parts)[b"PLTE"]

    def pixel(x, y):
        byte = rows[y][x * depth // 8]
        index = byte >> (8 - depth - x * depth % 8) & ((1 << depth) - 1)
        return tuple(palette[3 * index:3 * index + 3])
    return width, height, pixel
