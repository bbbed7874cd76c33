#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - both engines keep one contract, and a guest does the same on both.  Usage: suite.sh BUILD [--long]
# Rule: what may differ is a row of tests/engine/exceptions, with its reason; a row that is not true any more is a
# failure.  Without a usable /dev/kvm the interpreter is tested alone, and the rest is skipped with the engine's sentence.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: suite.sh BUILD [--long]} long=${2-}
vitrine=$build/vitrine
[ -x "$vitrine" ] || { echo "suite.sh: no $vitrine"; exit 2; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	echo "FAILED $1"
	shift
	[ $# -gt 0 ] && printf '    %s\n' "$@"
}
skip() { # COUNT REASON
	skipped=$((skipped + $1))
	echo "skipped: $2"
}
console_of() { # OPTIONS... : output and status
	timeout $((60 * ${TEST_PATIENCE:-1})) "$vitrine" run --quiet "$@" 2>"$work/err" </dev/null
	echo "status $?"
}

program() { # NAME : a program of Check's, each of its tests counts
	local checks failures errors
	"$build/tests/engine/$1" >"$work/program"
	read -r checks failures errors < <(sed -n 's/.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$work/program")
	grep -v '^Running' "$work/program"
	passed=$((passed + ${checks:-0} - ${failures:-0} - ${errors:-0}))
	failed=$((failed + ${failures:-1} + ${errors:-0}))
	skipped=$((skipped + $(grep -c '^skipped: ' "$work/program")))
}

without() { # hosts that lack something
	local p f s
	tests/engine/without.sh "$build" >"$work/without"
	grep -v ' passed, ' "$work/without"
	read -r p f s < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$work/without")
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${s:-0}))
}

refused() { # REGEX OPTIONS... : a usage error, in one sentence
	"$vitrine" run --quiet "${@:2}" "$image" >"$work/out" 2>"$work/err"
	[ "$? $(wc -l <"$work/err")" = "2 1" ] && grep -qE "^vitrine: .*$1" "$work/err" && ok ||
		fail "${*:2}: should say '$1'" "$(<"$work/err")"
}
second_stages() { # are the host's own
	assemble asm-examples/01-hello.asm
	for mode in ept shadow; do
		said="engine vtx: does not walk our .* page tables \(--paging $mode\)"
		refused "$said" --engine vtx --paging $mode
		refused "$said" --switch-engine-after 5:vtx --paging $mode
	done
}

user_programs() { # random user-mode sequences, through the engine and by the interpreter
	local count=2000 line
	[ -n "$long" ] && count=1000000
	[ "${build##*/}" = release ] || count=$((count / 20))
	"$build/tests/native/native" --vtx --sequences $count --seed 7 >"$work/user"
	grep -A30 '^FAIL' "$work/user" | head -n 60
	line=$(tail -n 1 "$work/user")
	grep '^rule:' "$work/user"
	echo "user-mode sequences: $line"
	case $line in *", 0 failed"*) ok ;; *) fail "user-mode sequences differ: $line" ;; esac
}

assemble() { # of $1: its options in `options`, its image in $image
	image=$work/$(basename "$1" .asm).img
	nasm -f bin -I "$(dirname "$1")/" -o "$image" "$1" || exit 2
	read -ra options < <(sed -n 's/^; run: //p' "$1") || true
}

# The kind of host: does KVM execute the guest's kernel itself?
find_host() {
	assemble asm-examples/10-interrupts.asm
	host=hardware
	"$vitrine" run --engine vtx --quiet --budget 2G "$image" </dev/null 2>&1 | grep -q 'cannot emulate' && host=emulated
	echo "this host: $host"
}
exception() { # NAME : what is said of it on this host: run, step, skip or nothing
	awk -v name="$1" -v host="$host" '!/^#/ && $1 == name && ($3 == "any" || $3 == host) { print $2 }' tests/engine/exceptions
}

same_run() { # console and status of $image on both
	console_of "${options[@]}" --budget 200M "$image" >"$work/interp"
	console_of "${options[@]}" --engine vtx --budget 2G "$image" >"$work/vtx"
	if cmp -s "$work/interp" "$work/vtx"; then
		[[ $row == *run* ]] && fail "$name: does the same on both engines; its row in exceptions is not true" || ok
	elif [[ $row == *run* ]]; then
		ok
	else
		fail "$name: differs" "$(diff "$work/interp" "$work/vtx" | head -n 5)" "$(head -n 2 "$work/err")"
	fi
}

same_steps() { # exits, state and memory of $image, instruction by instruction
	case " ${options[*]-} " in *--cpus*) return ;; esac
	if timeout $((60 * ${TEST_PATIENCE:-1})) "$vitrine" diff-engines "${options[@]}" --budget 20k "$image" >"$work/diff" 2>&1; then
		[[ $row == *step* ]] && fail "$name: no difference; its row in exceptions is not true" || ok
	elif [[ $row == *step* ]]; then
		ok
	else
		fail "$name: diverges" "$(head -n 4 "$work/diff")"
	fi
}

same_exits() { # $image to its end: every exit that both show, state there, memory, and how it ends
	case " ${options[*]-} " in *--cpus*) return ;; esac
	if timeout $((60 * ${TEST_PATIENCE:-1})) "$vitrine" diff-engines --exits "${options[@]}" --budget 20k "$image" >"$work/diff" 2>&1; then
		[[ $row == *exits* ]] && fail "$name: no difference in exits; its row in exceptions is not true" || ok
	elif [[ $row == *exits* ]]; then
		ok
	else
		fail "$name: exits diverge" "$(head -n 4 "$work/diff")"
	fi
}

overhead() { # of our way out of the guest and back; other work on the host may spoil a measurement
	local i
	for i in 1 2 3; do
		"$build/tests/engine/overhead" >"$work/overhead" && break
	done
	grep -v '^Running' "$work/overhead"
	grep -q 'Failures: 0, Errors: 0' "$work/overhead" && ok || fail "an exit costs more than 5 % above KVM's own"
}

length() { # OPTIONS... : so long the guest runs, in what its engine counts
	"$vitrine" run "$@" "$image" 2>&1 >/dev/null </dev/null | sed -n 's/.* after \([0-9]*\) instructions.*/\1/p'
}
switch() { # OPTIONS... : the same console and status as without switching?
	console_of "$@" "$image" >"$work/switched"
	cmp -s "$work/interp" "$work/switched" && ok || fail "$source: $*" "$(<"$work/err")"
}
switching() { # after so many instructions (of vtx: nanoseconds), in both directions and to and fro
	local n=2 i insns ns first
	[ -n "$long" ] && n=200
	for source in asm-examples/{02-port-io,04-timer-tick,09-protected-mode,12-long-mode,23-string-io}.asm; do
		assemble "$source"
		console_of "$image" >"$work/interp"
		insns=$(length) ns=$(length --engine vtx)
		for ((i = 0; i < n; i++)); do
			first=$((RANDOM % insns + 1))
			switch --switch-engine-after $first:vtx
			switch --engine vtx --switch-engine-after $(((RANDOM * 32768 + RANDOM) % ns + 1)):interp
			((i % 10)) || switch --switch-engine-after $first:vtx --switch-engine-after $((first + RANDOM * 30)):interp
		done
	done
}

program conform
program diverge
without
"$vitrine" run --engine vtx --quiet asm-examples/no-such-file 2>"$work/err"
if [ $? = 77 ]; then
	skip 1 "$(<"$work/err")"
else
	RANDOM=1
	user_programs
	find_host
	for source in asm-examples/*.asm tests/guest/*.asm; do
		name=$(basename "$source" .asm)
		row=$(exception "$name")
		if [[ $row == *skip* ]]; then
			skip 1 "$name: $(sed -n "s/^$name  *skip  *$host  *//p" tests/engine/exceptions)"
			continue
		fi
		assemble "$source"
		same_run
		[[ $row == *run* ]] || { same_steps; same_exits; }
	done
	second_stages
	switching
	[ -n "$long" ] && overhead
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
