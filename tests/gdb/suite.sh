#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - stock gdb drives guests in 16-, 32- and 64-bit code, and several processors.  Usage: suite.sh BUILD [--long]
# Rule: gdb is the oracle of the protocol; what it shows is compared with what the guest's source says, and a run that
# was looked at ends in the same state as one that was not.
set -u
cd "$(dirname "$0")/../.." || exit 2
vitrine=${1:?usage: suite.sh BUILD [--long]}/vitrine
work=$(mktemp -d) || exit 2
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
limit=$((60 * ${TEST_PATIENCE:-1})) # seconds of one session

for tool in gdb nasm; do
	if ! command -v $tool >/dev/null; then
		echo "skipped: $tool is not installed"
		echo "0 passed, 0 failed, 1 skipped"
		exit 0
	fi
done

ok() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAILED $1"
	shift
	printf '    %s\n' "$@"
}

build() { # FILE.asm : makes $image, and the symbols that at() finds
	image=$work/$(basename "$1" .asm).img
	nasm -f bin -I asm-examples/ --before "[map symbols $work/map]" -o "$image" "$1" || exit 2
}
at() { # LABEL
	awk -v name="$1" '$3 == name { print "0x" $2; exit }' "$work/map"
}

session() { # OPTIONS... <COMMANDS : run $image under gdb; $work/out is what gdb said, $work/guest what the guest did
	{
		printf 'set pagination off\nset confirm off\nset architecture i386:x86-64\ntarget remote %s\n' "$work/socket"
		cat
	} >"$work/script"
	timeout "$limit" "$vitrine" run --gdb "unix:$work/socket" --debugcon none --state-hash "$@" ${image:+"$image"} \
		>"$work/guest" 2>&1 </dev/null &
	server=$!
	for _ in {1..200}; do
		[ -S "$work/socket" ] && break
		sleep 0.05
	done
	timeout "$limit" gdb -nx -batch -x "$work/script" >"$work/out" 2>&1
	wait "$server"
	status=$?
	server=
}
has() { # NAME TEXT... : gdb said each of these, in this order
	local name=$1 line from=1 found
	shift
	for line; do
		found=$(tail -n "+$from" "$work/out" | grep -nF -m1 -- "$line" | cut -d: -f1)
		if [ -z "$found" ]; then
			fail "$name: gdb did not say '$line'" "$(tail -n 25 "$work/out")"
			return
		fi
		from=$((from + found))
	done
	ok
}
guest_said() { # NAME STATUS TEXT
	[ $status = "$2" ] && grep -qF -- "$3" "$work/guest" && ok ||
		fail "$1: status $status" "$(tail -n 5 "$work/guest")"
}
hash_of() { sed -n 's/.*\(state-hash: .*\)/\1/p' "$1"; }
same_as_alone() { # NAME OPTIONS... : nobody looks on, and the state at the end is the same
	local name=$1
	shift
	timeout "$limit" "$vitrine" run --debugcon none --state-hash "$@" "$image" >"$work/alone" 2>/dev/null </dev/null
	[ -n "$(hash_of "$work/alone")" ] && [ "$(hash_of "$work/alone")" = "$(hash_of "$work/guest")" ] && ok ||
		fail "$name: gdb changed the run" "$(hash_of "$work/alone")" "$(hash_of "$work/guest")"
}

# --- 16 bits: break, step, registers, memory; a segment that does not begin at 0
build asm-examples/01-hello.asm
session <<EOF
break *$(at next)
continue
printf "rip %#lx\n", \$rip
x/5cb $(at text)
delete
stepi
printf "al %c si %#x\n", \$al, \$si
info registers cr0 efer
monitor walk $(at text)
monitor nonsense
monitor regs
break *$(at done)
continue
printf "end %#lx\n", \$rip
detach
EOF
has "16 bits" "Breakpoint 1" "rip $(printf '%#x' "$(at next)")" "72 'H'" "al H" "cr0 " "efer " "7c29" \
	"unknown word 'nonsense'" "rax" "Breakpoint 2" "end $(printf '%#x' "$(at done)")"
guest_said "16 bits, after detaching" 0 "Hello from real mode!"
same_as_alone "16 bits"

build tests/gdb/segment.asm
session <<EOF
break *0x10100
continue
printf "at %#lx in %#lx, cx %d\n", \$rip, \$cs_base, \$cx
monitor dis
stepi
printf "next %#lx\n", \$rip
continue
printf "again %#lx, cx %d\n", \$rip, \$cx
detach
EOF
has "a segment" "at 0x100 in 0x10000, cx 0" "inc cx" "cmp cx" "retf" "next 0x101" "again 0x100, cx 1"
same_as_alone "a segment"

# --- 32 bits: break, watch a write, change memory and a register
build asm-examples/09-protected-mode.asm
session <<EOF
hbreak *$(at inside)
continue
printf "pe %d\n", \$cr0 & 1
watch *(int *)0x100000
continue
printf "value %#x\n", *(int *)0x100000
set {int}0x100000 = 0x0badcafe
stepi
printf "eax %#x\n", \$eax
set \$eax = 0x600df00d
delete
detach
EOF
has "32 bits" "Hardware assisted breakpoint 1" "pe 1" "Hardware watchpoint 2" "New value = 305419896" "value 0x12345678" \
	"eax 0xbadcafe"
guest_said "32 bits: the guest prints what gdb put there" 0 "600df00d"

# --- 64 bits: wide registers, vector registers, reading a watched word
build asm-examples/12-long-mode.asm
session <<EOF
break *$(at inside)
continue
x/i \$pc
printf "lma %d\n", \$efer >> 10 & 1
stepi 4
p/x \$rax
set \$rax = 0x1122334455667788
stepi
p/x \$r15
set \$xmm3.v4_int32[1] = 77
p \$xmm3.v4_int32
set \$st1 = 1.5
p \$st1
rwatch *(char *)$(at text)
continue
p/x \$rsi
python
try:
	gdb.selected_inferior().read_memory(0x10000000000, 1)
except gdb.MemoryError as e:
	print(e)
end
delete
break *$(at print64.done)
monitor xp/4xb $(at text)
monitor break nowhere
continue
detach
EOF
has "64 bits" "Breakpoint 1" "mov    \$0x10,%ax" "lma 1" "0xfedcba9876543210" "0x1122334455667788" "{0, 77, 0, 0}" "1.5" \
	"Hardware read watchpoint 2" "Value = 32 ' '" "Cannot access memory" "20 69 6e 20" "nowhere" "Breakpoint 3"
guest_said "64 bits" 0 "1122334455667788 in one register"

# --- two linear addresses of one page: a breakpoint belongs to one of them
build tests/gdb/alias.asm
session <<EOF
break *$(($(at routine) + 0x400000))
continue
printf "stop %#lx, ecx %d\n", \$rip, \$ecx
continue
EOF
has "the same code at two addresses" "stop $(printf '%#x' $(($(at routine) + 0x400000))), ecx 2" "exited normally"
same_as_alone "the same code at two addresses"

# --- processors are threads
build asm-examples/24-processors.asm
session --cpus 4 <<EOF
info threads
break *$(at inside)
continue
printf "thread %d\n", \$_thread
delete
watch *(int *)$(at sum)
continue
continue
continue
info threads
p *(int *)$(at sum)
delete
continue
EOF
has processors "1    Thread 1 (processor 0, active)" "Thread 4 (processor 3, waits for SIPI)" "Breakpoint 1" "thread 2" \
	"Thread 2 hit" "New value = 1" "Thread 3 hit" "New value = 3" "Thread 4 hit" "New value = 6" "= 6" "exited normally"
guest_said processors 0 "00000006 is the sum of their numbers"
same_as_alone processors --cpus 4
session --cpus 4 <<EOF
break *$(at inside)
continue
delete
thread 1
printf "first %#lx\n", \$rip
set scheduler-locking on
thread 2
stepi
stepi
printf "stepped %#lx\n", \$rip
thread 1
printf "still %#lx\n", \$rip
detach
EOF
first=$(sed -n 's/^first //p' "$work/out")
has "one processor steps" "stepped $(printf '%#x' $(($(at inside) + 13)))" "still ${first:-?}"
guest_said "one processor steps" 0 "00000006 is the sum of their numbers"

# --- ^C, and the end by gdb
build tests/gdb/spin.asm
session <<EOF
python import threading, os, signal
python threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
continue
printf "spins %d\n", \$eax > 1000
break *$(at spin)
continue
delete
printf "there %#lx\n", \$rip
kill
EOF
has "^C" "Program received signal SIGINT" "spins 1" "Breakpoint 1" "there $(printf '%#x' "$(at spin)")" "killed"
guest_said "killed" 0 "stopped by the user"

# --- a guest that dies can be looked at; a budget ends the run; statuses reach gdb
build asm-examples/18-triple-fault.asm
session <<EOF
continue
printf "dead in %#lx\n", \$cr0
continue
EOF
has "triple fault" "SIGABRT" "dead in" "terminated with signal SIGABRT"
guest_said "triple fault" 4 "triple fault"
build tests/gdb/spin.asm
session --budget 1M <<<continue
has "a budget" "exited with code 05"
guest_said "a budget" 5 "after 1000000 instructions"

# --- back: to where a register was, to the writer of a word, to the beginning; and forward again to the same end
build asm-examples/09-protected-mode.asm
session <<EOF
break *$(at inside)
continue
printf "inside %#lx\n", \$rip
reverse-stepi
printf "before %#lx pe %d\n", \$rip, \$cr0 & 1
stepi
printf "again %#lx\n", \$rip
delete
watch *(int *)0x100000
continue
printf "written %#x, behind %#lx\n", *(int *)0x100000, \$rip
reverse-continue
printf "unwritten %#x at %#lx\n", *(int *)0x100000, \$rip
delete
break *$(at inside)
reverse-continue
printf "there %#lx\n", \$rip
delete
reverse-continue
printf "start %#lx\n", \$rip
set \$a = \$eax
stepi 3
reverse-stepi 3
printf "start %#lx\n", \$rip
monitor S 3
maintenance flush register-cache
monitor u 2
continue
EOF
inside=$(printf '%#x' "$(at inside)")
has "back" "inside $inside" "before 0x" "again $inside" "written 0x12345678, behind 0x" "Old value = 305419896" \
	"New value = 0" "unwritten 0 at 0x" "there $inside" "No more reverse-execution history" "start 0x7c00" "start 0x7c00" \
	"exited normally"
guest_said "back" 0 "12345678"
same_as_alone "back and forward again"
build asm-examples/24-processors.asm
session --cpus 4 <<EOF
break *$(at inside)
continue
delete
stepi 2
set \$there = \$rip
reverse-stepi
reverse-stepi
printf "thread %d at %#lx\n", \$_thread, \$rip
stepi 2
printf "same %d\n", \$rip == \$there
detach
EOF
has "back, one of four" "thread 2 at $(printf '%#x' "$(at inside)")" "same 1"
guest_said "back, one of four" 0 "00000006 is the sum of their numbers"

# --- gdb vanishes: the machine stands, and another gdb finds it there; gdb detaches: it runs, and gdb can come again
build tests/gdb/spin.asm
connect="set pagination off
set confirm off
set architecture i386:x86-64
target remote $work/socket"
printf '%s\nbreak *%s\ncontinue\nset $eax = 4711\npython import os\npython os._exit(0)\n' "$connect" "$(at spin)" >"$work/first"
printf '%s\nprintf "eax %%d\\n", $eax\ndetach\n' "$connect" >"$work/second"
printf '%s\nprintf "spun %%d\\n", $eax > 4711\nkill\n' "$connect" >"$work/third"
timeout "$limit" "$vitrine" run --gdb "unix:$work/socket" --debugcon none "$image" >"$work/guest" 2>&1 </dev/null &
server=$!
for _ in {1..200}; do [ -S "$work/socket" ] && break; sleep 0.05; done
for script in first second; do timeout "$limit" gdb -nx -batch -x "$work/$script"; done >"$work/out" 2>&1
sleep 0.3
timeout "$limit" gdb -nx -batch -x "$work/third" >>"$work/out" 2>&1
wait "$server"
status=$?
server=
has "gdb comes again" "Breakpoint 1" "eax 4711" "detached" "spun 1" "killed"
guest_said "gdb comes again" 0 "gdb has gone without a word: the machine stands"

# --- by TCP, at an address
port=$((20000 + $$ % 20000))
timeout "$limit" "$vitrine" run --gdb "localhost:$port" --debugcon none "$image" >"$work/guest" 2>&1 </dev/null &
server=$!
sleep 0.5
timeout "$limit" gdb -nx -batch -ex "target remote localhost:$port" -ex 'info mem' -ex kill >"$work/out" 2>&1
wait "$server"
status=$?
server=
has "TCP" "0x0000000000007c00 in" "0x0000000000000000 0xffffffffffffffff rw"
guest_said "TCP" 0 "stopped by the user"

# --- a session without an end: the guest powers off, and time goes back from there
build asm-examples/01-hello.asm
timeout "$limit" "$vitrine" debug --gdb "unix:$work/socket" --debugcon none "$image" >"$work/guest" 2>&1 </dev/null &
server=$!
for _ in {1..200}; do [ -S "$work/socket" ] && break; sleep 0.05; done
timeout "$limit" gdb -nx -batch -ex 'set architecture i386:x86-64' -ex "target remote $work/socket" -ex continue -ex 'monitor where' \
	-ex "break *$(at next)" -ex reverse-continue -ex 'printf "back at %#lx\n", $rip' -ex kill >"$work/out" 2>&1
wait "$server"
status=$?
server=
has "vitrine debug --gdb" "SIGTRAP" "power-off" "Breakpoint 1" "back at $(printf '%#x' "$(at next)")" "killed"
guest_said "vitrine debug --gdb" 0 "Hello from real mode!"

# --- symbols of an ELF file: break by name, lines of its source, variables
if gcc -m32 -x c -c -o /dev/null /dev/null 2>/dev/null; then
	cat >"$work/kernel.c" <<-'END'
		__attribute__((section(".multiboot"), used)) static const unsigned header[3] = { 0x1BADB002, 0, -0x1BADB002u };
		static char room[4096] __attribute__((used));
		int total;
		static void halt(void) { for (;;) __asm__ volatile("cli; hlt"); }
		__attribute__((noinline)) int triple(int n) { total += n; return 3 * n; }
		__attribute__((used)) void work(void) { for (int i = 1; i <= 3; i++) triple(i); halt(); }
		__asm__(".globl _start\n_start: mov $room + 4096, %esp\n call work\n");
	END
	printf 'SECTIONS { . = 0x100000; .text : { *(.multiboot) *(.text*) } .data : { *(.data*) *(.rodata*) } .bss : { *(.bss*) *(COMMON) } }' >"$work/kernel.ld"
	image=$work/kernel.elf
	gcc -m32 -g -O1 -ffreestanding -fno-pic -no-pie -nostdlib -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
		-Wl,--build-id=none -Wl,-e,_start -Wl,--no-warn-rwx-segments -Wl,-T,"$work/kernel.ld" -o "$image" "$work/kernel.c" || exit 2
	session <<-EOF
		symbol-file $image
		set architecture i386:x86-64
		hbreak triple
		continue
		continue
		printf "n %d total %d\n", \$eax, total
		info symbol \$rip
		watch total
		continue
		kill
	EOF
	has "symbols of an ELF file" "Hardware assisted breakpoint 1 at" "Breakpoint 1, triple" "Breakpoint 1, triple" "total 1" \
		"triple in section .text" "Hardware watchpoint 2: total" "Old value = 1" "New value = 3"
else
	echo "skipped: symbols of an ELF file: gcc -m32 does not work here"
	skipped=$((skipped + 1))
fi

# --- a Linux kernel, with its symbols: a stripped one has those that it exports to its modules
kernel=$(ls .cache/linux/amd64/boot/vmlinuz-* 2>/dev/null | head -n 1)
if [ "${2-}" != --long ]; then
	echo "skipped: symbols of a Linux kernel: 4500 million instructions to its first message; only with --long"
	skipped=$((skipped + 1))
elif [ -n "$kernel" ] && python3 tests/linux/vmlinux.py "$kernel" "$work/stripped" 2>/dev/null; then
	names=(_printk kfree schedule)
	mapfile -t add < <(python3 tests/linux/ksymtab.py "$work/stripped" "${names[@]}" |
		awk '{ print "--add-symbol"; print $1 "=.text:" $2 ",function,global" }')
	objcopy "${add[@]}" "$work/stripped" "$work/vmlinux"
	image= limit=300
	session --kernel "$kernel" --append 'console=ttyS0 nokaslr' --mem 256M <<-EOF
		symbol-file $work/vmlinux
		hbreak _printk
		continue
		info symbol \$rip
		x/s \$rsi
		continue
		stepi
		reverse-stepi
		info symbol \$rip
		eval "watch *(long *)%#lx", \$rsp - 8
		delete 1
		continue
		kill
	EOF
	has "symbols of a Linux kernel" "Hardware assisted breakpoint 1 at 0xffffffff8" "in _printk ()" "_printk in section .text" \
		"Linux version 6" "_printk in section .text" "Hardware watchpoint 2" "New value"
else
	echo "skipped: symbols of a Linux kernel: none in .cache (tests/linux/kernels.sh fetches one)"
	skipped=$((skipped + 1))
fi

# --- lldb speaks the same protocol
if command -v lldb >/dev/null; then
	build asm-examples/12-long-mode.asm
	timeout "$limit" "$vitrine" run --gdb "$port" --debugcon none "$image" >"$work/guest" 2>&1 </dev/null &
	server=$!
	sleep 0.5
	timeout 30 lldb --no-lldbinit --batch -o "gdb-remote $port" -o "breakpoint set -a $(at inside)" -o continue \
		-o 'register read rip' -o 'thread step-inst' -o 'process kill' >"$work/out" 2>&1
	wait "$server"
	status=$?
	server=
	has lldb "stop reason" "$(printf '%x' "$(at inside)")"
else
	echo "skipped: lldb is not installed"
	skipped=$((skipped + 1))
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
