#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# fixtures.sh - tiny images, byte by byte, made in the current folder.
# Rule: no assembler is needed; the comment beside each says what it does.

boot() { # FILE HEX : a boot sector that begins with these bytes
	printf '%b' "$(sed 's/[0-9a-f][0-9a-f]/\\x&/g; s/[[:space:]]//g' <<<"$2" | tr -d '\n')" >"$1"
	truncate -s 510 "$1"
	printf '\125\252' >>"$1"
}

boot hello.img 'ba f8 03 b0 48 ee b0 69 ee b0 0a ee fa f4' # writes H, i, newline to COM1; cli; hlt
boot exit.img 'b0 03 e6 f4 fa f4'                          # out 0xf4, 3: status 7
boot spin.img 'eb fe'                                      # jmp $
boot cpuid.img '66 31 c0 0f a2 fa f4'                      # CPUID leaf 0
boot nobody.img 'e4 99 e6 99 fa f4'                        # in and out of a port nobody claims
boot bad.img '0f 01 1e 08 7c 0f 0b 90 00 00 00 00 00 00'   # lidt of an empty table, ud2: triple fault
# A loop that writes x to COM1 for ever; and one that counts CX down first, for snapshots.
boot flood.img 'ba f8 03 b0 78 ee eb fd'
boot count.img 'b9 00 10 49 75 fd ba f8 03 b0 4f ee b0 4b ee b0 0a ee fa f4' # 4096 rounds, then OK
boot random.img '66 0f c7 f0 ba f8 03 ee fa f4'            # RDRAND eax
# A stack at 2000:0000, the vector of #UD at the ud2 itself: exceptions for ever, and no instruction retires.
boot faults.img 'b8 00 20 8e d0 c7 06 18 00 11 7c c7 06 1a 00 00 00 0f 0b'
# Reads sector 40h of the disk for ever.
boot disk.img 'ba f6 01 b0 e0 ee ba f2 01 b0 01 ee 42 b0 40 ee 42 30 c0 ee 42 ee 42 42 b0 20 ee ba f0 01 b9 00 01 ed e2 fd eb da'
# Writes Vi all over sector 1 of the disk, flushes, prints K, or E if either failed; powers off.
boot write.img 'ba f6 01 b0 e0 ee ba f2 01 b0 01 ee 42 ee 42 30 c0 ee 42 ee 42 42 b0 30 ee b2 f0 b9 00 01 b8 56 69 ef e2 fd
	b2 f7 ec 88 c4 b0 e7 ee ec 08 e0 a8 21 b0 4b 74 02 b0 45 ba f8 03 ee b0 0a ee ba 04 06 b8 00 20 ef f4'
# The same, but it does not power off.
boot flush.img 'ba f6 01 b0 e0 ee ba f2 01 b0 01 ee 42 ee 42 30 c0 ee 42 ee 42 42 b0 30 ee b2 f0 b9 00 01 b8 56 69 ef e2 fd
	b2 f7 ec 88 c4 b0 e7 ee ec 08 e0 a8 21 b0 4b 74 02 b0 45 ba f8 03 ee b0 0a ee eb fe'
# Prints the first two bytes of sector 1 of the disk, or E!; powers off.
boot read.img 'ba f6 01 b0 e0 ee ba f2 01 b0 01 ee 42 ee 42 30 c0 ee 42 ee 42 42 b0 20 ee ec a8 21 b8 45 21 75 03 b2 f0 ed
	ba f8 03 ee 88 e0 ee b0 0a ee ba 04 06 b8 00 20 ef f4'
# Writes QFI\373, the first bytes of a qcow image, all over sector 0; prints K or E; powers off.
boot disguise.img 'ba f6 01 b0 e0 ee ba f2 01 b0 01 ee 42 30 c0 ee 42 ee 42 ee 42 42 b0 30 ee b2 f0 b9 80 00 b8 51 46 ef b8 49 fb ef
	e2 f6 b2 f7 ec a8 21 b0 4b 74 02 b0 45 ba f8 03 ee b0 0a ee ba 04 06 b8 00 20 ef f4'
# Sends back what COM1 receives, up to a q, then powers off: looking at the line status all the time; and by interrupt,
# halted in between.
boot poll.img 'ba fd 03 ec a8 01 74 f8 b2 f8 ec ee 3c 71 75 f0 b0 0a ee ba 04 06 b8 00 20 ef f4'
boot irq.img '31 c0 8e d8 8e d0 bc 00 7c c7 06 30 00 38 7c c7 06 32 00 00 00 b0 11 e6 20 b0 08 e6 21 b0 04 e6 21 b0 01 e6 21
	b0 ef e6 21 ba f9 03 b0 01 ee b2 fc b0 08 ee fb f4 eb fd ba f8 03 ec ee 3c 71 75 07 ba 04 06 b8 00 20 ef b0 20 e6 20 cf'
: >empty.img
echo 'this is no image' >foreign.img
printf '\177ELF\001\001\001' >truncated.elf
printf '\177ELF' >head.elf
# An ELF32 header whose program headers lie beyond the end of the file.
{ printf '\177ELF\001\001\001\0\0\0\0\0\0\0\0\0\002\0\003\0\001\0\0\0'; head -c 4 /dev/zero; printf '\0\020\0\0'
  head -c 8 /dev/zero; printf '\064\0\040\0\005\0'; head -c 6 /dev/zero; } >beyond.elf
truncate -s 3M big.img && printf '\125\252' | dd of=big.img bs=1 seek=510 conv=notrunc 2>/dev/null
printf 'VITRINE\001' >head.snap
mkdir folder
cp hello.img secret.img && chmod 000 secret.img
