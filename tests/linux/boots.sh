# SPDX-License-Identifier: GPL-3.0-or-later
# boots.sh - the boots of suite.sh, one function each; sourced by it.
# Rule: a boot leaves the console in $work/serial, messages in $work/errors, the exit status in $status.

boot() { # SECONDS OPTION... : standard input is the console's
	timeout "$1" "$vitrine" run --mem 256M --quiet --serial stdio --debugcon none "${@:2}" >"$work/serial" 2>"$work/errors"
	status=$?
}
linux() { # SECONDS APPEND OPTION...
	boot "$1" --kernel "$kernel" --initrd "$work/initrd" --append "console=ttyS0 panic=-1 $2" "${@:3}" </dev/null
}
says() { tr -d '\r' <"$work/serial" | grep -qE -- "$1"; }

# The shell prompt, commands typed at it, the right answers, and the power switch.
boot_direct() {
	printf 'echo sum-$((6 * 7))\nselftest\npoweroff -f\n' >"$work/typed"
	boot 270 --kernel "$kernel" --initrd "$work/initrd" --append "console=ttyS0 panic=-1" <"$work/typed"
	check "Linux boots to a shell, which answers" says '^sum-42$'
	check "programs compute the right answers in it" says '^selftest: [0-9]+ ok, 0 failed$'
	check "poweroff ends it with status 0 (got $status)" [ "$status" = 0 ]
}

# Four processors: all of them work, and twice the same run.
boot_smp() {
	local first
	linux 900 run=cpus --cpus 4 --state-hash
	check "four processors come up" says '^guest: Linux .* on 4 processors'
	check "and it powers off with status 0 (got $status)" [ "$status" = 0 ]
	first=$(grep state-hash "$work/serial")
	linux 900 run=cpus --cpus 4 --state-hash
	check "a second run ends with the same state hash" [ -n "$first" -a "$first" = "$(grep state-hash "$work/serial")" ]
}

boot_virtio() {
	local md5
	head -c 8388608 /dev/urandom >"$work/disk"
	md5=$(md5sum <"$work/disk" | cut -c1-32)
	linux 600 "run=selftest disks=vda md5=$md5" --disk "$work/disk,if=virtio"
	check "md5 of a virtio disk is the host's" says '^ok md5-of-vda$'
	linux 600 "run=selftest disks=vda md5=$md5 pci=nomsi" --disk "$work/disk,if=virtio"
	check "with pin interrupts too" says '^ok md5-of-vda$'
	linux 600 "run=selftest disks=vda md5=$md5" --disk "$work/disk,if=virtio" --virtio mmio
	check "and outside PCI, found by ACPI" says '^ok md5-of-vda$'
	linux 600 "run=selftest disks=sda md5=$md5" --disk "$work/disk"
	check "md5 of an IDE disk is the host's" says '^ok md5-of-sda$'
	linux 600 run=rng --virtio rng
	check "virtio-rng feeds /dev/hwrng" says '^guest: hwrng virtio_rng.0, 32 bytes'
}

# DHCP, then a file fetched over TCP from a server on the host.
boot_network() {
	local port=$((20000 + $$ % 20000)) text
	mkdir -p "$work/www"
	text="vitrine-$RANDOM$RANDOM"
	echo "$text" >"$work/www/file"
	python3 -m http.server --bind 127.0.0.1 --directory "$work/www" $port >/dev/null 2>&1 &
	local server=$!
	linux 600 "run=net url=http://10.0.2.2:$port/file" --net "user,pcap=$work/net.pcap"
	kill $server
	check "DHCP gives an address" says '^guest: DHCP gave 10\.0\.2\.15'
	check "a file comes over TCP from the host" says "^$text"
	if command -v tshark >/dev/null; then
		check "tshark reads the captured packets" sh -c \
			"tshark -r '$work/net.pcap' 2>/dev/null | grep -q 'DHCP ACK' && tshark -r '$work/net.pcap' 2>/dev/null | grep -q 'GET /file'"
	else
		skip "the capture file" "tshark is not installed"
	fi
}

# What the kernel complains about here and not in QEMU is our fault.
errors_of() { tr -d '\r' | sed -n 's/^<[0-3]>\[[^]]*\] //p' | sort -u; }
boot_compare_qemu() {
	command -v qemu-system-x86_64 >/dev/null || { skip "comparison of dmesg" "qemu-system-x86_64 is not installed"; return; }
	timeout 300 qemu-system-x86_64 -accel tcg -m 256 -display none -serial stdio -no-reboot -net none -kernel "$kernel" -initrd "$work/initrd" \
		-append "console=ttyS0 panic=-1 run=dmesg" </dev/null 2>/dev/null >"$work/qemu"
	errors_of <"$work/qemu" >"$work/qemu-errors"
	linux 300 run=dmesg
	errors_of <"$work/serial" >"$work/our-errors"
	check "the kernel's errors were asked for" says '^guest: end of errors'
	comm -13 "$work/qemu-errors" "$work/our-errors" >"$work/more"
	cat "$work/more"
	check "the kernel reports no error that it does not report in QEMU" [ ! -s "$work/more" ]
}

boot_other_entries() {
	local vmlinux=$work/vmlinux
	linux 300 run=dmesg --kernel-entry 32
	check "entered by the 32-bit protocol it boots too" says '^guest: end of errors'
	linux 300 run=dmesg --kernel-entry 16 --bios /usr/share/seabios/bios.bin
	check "and by the 16-bit one, with a BIOS" says '^guest: end of errors'
	python3 tests/linux/vmlinux.py "$kernel" "$vmlinux" || { skip "PVH" "the kernel cannot be unpacked here"; return; }
	boot 300 --kernel "$vmlinux" --initrd "$work/initrd" --append "console=ttyS0 panic=-1 run=dmesg" </dev/null
	check "its ELF form is entered by PVH" says '^guest: end of errors'
}

boot_i386() {
	local old busybox
	old=$(tests/linux/kernels.sh 686-pae 2>"$work/why") || { skip "the i386 kernel" "$(tail -n 1 "$work/why")"; return; }
	busybox=$(tests/linux/kernels.sh busybox-i386 2>"$work/why") || { skip "the i386 kernel" "$(tail -n 1 "$work/why")"; return; }
	tests/linux/initramfs.sh "$old" "$work/initrd32" "$busybox/bin/busybox"
	boot 600 --kernel "$(ls "$old"/boot/vmlinuz-*)" --initrd "$work/initrd32" --append "console=ttyS0 panic=-1 run=selftest" </dev/null
	check "the i386 kernel boots and computes the right answers" says '^selftest: [0-9]+ ok, 0 failed$'
	check "and powers off with status 0 (got $status)" [ "$status" = 0 ]
}

# A disk with GRUB: SeaBIOS, boot sector, GRUB, Debian's cloud kernel.
boot_grub() {
	local cloud
	cloud=$(tests/linux/kernels.sh cloud-amd64 2>"$work/why") || { skip "GRUB" "$(tail -n 1 "$work/why")"; return; }
	[ -d /usr/lib/grub/i386-pc ] && command -v mformat >/dev/null || { skip "GRUB" "grub-pc-bin or mtools is not installed"; return; }
	tests/linux/initramfs.sh "$cloud" "$work/initrd-cloud"
	tests/linux/grub-disk.sh "$work/grub.img" "$(ls "$cloud"/boot/vmlinuz-*)" "$work/initrd-cloud" "console=ttyS0 panic=-1 run=selftest" || exit 2
	boot 600 --bios /usr/share/seabios/bios.bin --disk "$work/grub.img" </dev/null
	check "SeaBIOS and GRUB start the cloud kernel from a disk" says '^guest: Linux .*-cloud-amd64 on 1 processors'
	check "which computes the right answers" says '^selftest: [0-9]+ ok, 0 failed$'
	check "and powers off with status 0 (got $status)" [ "$status" = 0 ]
}
