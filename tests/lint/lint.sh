#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# lint.sh - the house rules, checked.  Usage: lint.sh ROOT [OBJECTS], where OBJECTS is a built tree of release objects.
# Rule: one line per violation, `file:line: rule: text`; each rule is planted and caught in selftest.sh.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:?usage: lint.sh ROOT [OBJECTS]}" || exit 2
objects=${2:-build/release}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

files() { # NAME-PATTERN... : files below the root with such names
	local args=() name
	for name in "$@"; do args+=(-o -name "$name"); done
	find . \( -path ./build -o -path ./.git \) -prune -o -type f \( "${args[@]:1}" \) -print |
		sed 's|^\./||' | sort
}
rule() { # NAME FUNCTION : run it; whatever it prints is a violation
	"$2" >"$work/found" 2>&1
	if [ -s "$work/found" ]; then
		failed=$((failed + 1))
		sed "s|^\([^:]*:[0-9]*:\) *|\1 $1: |" "$work/found"
	else
		passed=$((passed + 1))
	fi
}
allow() { # FILE : the first two words of an allow-list's rows (the rest of a row is the reason)
	awk '!/^#/ && NF {
		if (NF < 3) { print FILENAME ": a row without a reason: " $0 > "/dev/stderr"; exit 1 }
		print $1, $2
	}' "tests/lint/$1"
}

c_files() { files '*.c' '*.h' '*.inc' '*.def' '*.l' '*.y'; }
below_debugger() { c_files | grep -E '^(core|cpu-interp|devices)/'; }

# --- rules about text: each is one awk program over many files, so that lint stays fast ---------------------------
layers_include() { c_files | xargs awk -f "$here/include.awk" tests/LAYERS; }
layers_symbol() { "$here/symbols.sh" "$objects" layers; }
mutable_data() { "$here/symbols.sh" "$objects" mutable; }
no_call_no_push() { "$here/handlers.sh" "$objects"; }

header_alone() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	files '*.h' | xargs -P 2 -I{} sh -c '
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -I. -I"$2" -fsyntax-only -x c "$1" >"$3/$$" 2>&1 ||
			echo "$1:1: does not compile alone: $(grep -m1 error "$3/$$")"' - {} "$objects" "$work"
}

printing='(printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|putc|fputc|perror'
printing+='|exit|_exit|abort|getenv|system)'
print_exit() {
	below_debugger | xargs awk -v word="$printing" -v what='below the debugger nothing prints or exits' \
		-f "$here/calls.awk"
}
clocks='(time|gettimeofday|clock_gettime|clock|nanosleep|usleep|sleep|localtime|gmtime|__rdtsc'
clocks+='|rand|random|srand|srandom|drand48|getrandom|arc4random|randombytes_[a-z]+)'
host_clock() {
	below_debugger | grep -v '^core/clock\.c$' | xargs awk -v word="$clocks" \
		-v what='only core/clock.c may ask the host for time or chance' -f "$here/calls.awk"
}

preprocessor() {
	allow preprocessor.allow >"$work/allow" || return
	c_files | grep -v '^tests/' | xargs awk -f "$here/preprocessor.awk" "$work/allow"
}
lengths() { files '*.c' '*.h' '*.inc' '*.l' '*.y' '*.sh' '*.awk' | xargs awk -f "$here/length.awk"; }
head_comment() {
	files '*.c' '*.h' '*.inc' '*.def' '*.l' '*.y' '*.sh' '*.awk' '*.asm' Makefile | xargs awk -f "$here/head.awk"
}

generated() {
	files '*.tab.[ch]' 'lex.yy.c' '*.yy.[ch]' '*.o' '*.a' '*.d' 'y.tab.[ch]' |
		sed 's|$|:1: is made by the build and belongs under build/|'
}

unfinished='(^|[^A-Za-z])(TODO|FIXME|XXX|HACK|[Nn]ot (yet )?implemented|[Uu]nimplemented'
unfinished+='|[Pp]laceholder|[Dd]ummy|[Ss]tub)([^A-Za-z]|$)'
# The rules' own words are in tests/lint.
text_files() {
	files '*.[ch]' '*.inc' '*.def' '*.l' '*.y' '*.sh' '*.awk' '*.asm' '*.md' '*.expect' '*.trap' Makefile |
		grep -v '^tests/lint/'
}
finished() { # guests may speak of stubs
	text_files | grep -v '^tests/guest/' | xargs grep -nE "$unfinished" /dev/null | grep -viE 'gdb[ -]?stub|boot stub'
}
machine_paths() { text_files | xargs grep -nE '(^|[^A-Za-z0-9_.])/(work|farm|home|root|Users)/' /dev/null; }

# --- rules about the whole ---------------------------------------------------------------------------------------
top_level() {
	local name known=' core cpu-interp devices debugger labs asm-examples tests textbook build '
	known+=' Makefile README.md HACKING.md LICENSE LICENSES '
	for name in *; do
		case $known in *" $name "*) ;; *) echo "$name:1: the top level has no room for this" ;; esac
	done
}
readme() {
	local command target
	[ -f README.md ] || { echo "README.md:1: is missing"; return; }
	for command in 'make deps demo' 'make deps check'; do
		grep -q "$command" README.md || echo "README.md:1: does not show the command '$command'"
	done
	grep -noE '\bmake( [a-z0-9-]+)+' README.md HACKING.md 2>/dev/null | while IFS=: read -r file line command; do
		for target in ${command#make }; do
			case $target in *-) continue ;; esac # fuzz-NAME: a pattern
			grep -q "^$target:" Makefile || echo "$file:$line: 'make $target' is no target of the Makefile"
		done
	done
}
reading_order() {
	local list=textbook/READING-ORDER name
	[ -f $list ] || { echo "$list:1: is missing"; return; }
	grep -nvE '^(#|$)' $list | sed 's/[ \t].*//' | while IFS=: read -r line name; do
		[ -f "$name" ] || echo "$list:$line: $name does not exist"
	done
	files '*.c' '*.def' '*.inc' | grep -E '^(core|cpu-interp|devices|debugger)/' | while read -r name; do
		grep -qE "^$name([ 	]|\$)" $list || echo "$name:1: is missing from $list"
	done
}

rule layers-include layers_include
rule layers-symbol  layers_symbol
rule header-alone   header_alone
rule mutable-data   mutable_data
rule print-exit     print_exit
rule host-clock     host_clock
rule preprocessor   preprocessor
rule length         lengths
rule handlers       no_call_no_push
rule generated      generated
rule head           head_comment
rule finished       finished
rule machine-path   machine_paths
rule top-level      top_level
rule readme         readme
rule reading-order  reading_order
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
