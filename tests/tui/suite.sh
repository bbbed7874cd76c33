#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - the debugger's screen: golden screens, sizes, terminals, ways out, the tour.  Usage: suite.sh BUILD [--long]
# Rule: everything a person does is done by keys in a tmux of its own; what is waited for has ten seconds.
set -u
build=$(realpath "${1:?usage: suite.sh BUILD [--long]}")
cd "$(dirname "$0")/../.." || exit 2
here=tests/tui vitrine=$build/vitrine
work=$(mktemp -d) || exit 2
passed=0 failed=0 skipped=0
terminal=0
tmux() { command tmux -S "$work/tmux$terminal" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null; rm -rf "$work"' EXIT

result() { # NAME STATUS : count it
	if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED $1"; fi
}
program() { # PROGRAM ARGS... : its own last line counts
	local out
	out=$("$build/tests/tui/$1" "${@:2}")
	echo "$out" | grep -v '^[0-9]* passed'
	passed=$((passed + $(echo "$out" | sed -n 's/^\([0-9]*\) passed.*/\1/p')))
	failed=$((failed + $(echo "$out" | sed -n 's/.* \([0-9]*\) failed.*/\1/p')))
}

# ---- a terminal ----
start() { # COLS ROWS COMMAND : a shell command in a terminal
	tmux kill-server 2>/dev/null
	terminal=$((terminal + 1))
	rm -f "$work/done"
	tmux new-session -d -x "$1" -y "$2" "$3; echo \$? >$work/done; sleep 100"
}
keys() { tmux send-keys -- "$@"; }
screen() { tmux capture-pane -p; }
wait_for() { # PATTERN : on the screen
	for _ in $(seq 100); do
		screen | grep -qe "$1" && return 0
		sleep 0.1
	done
	echo "  waited for '$1' and saw:"
	screen | sed 's/^/  | /'
	return 1
}
wait_end() { # STATUS : the command has ended with it
	for _ in $(seq 100); do
		[ -s "$work/done" ] && break
		sleep 0.1
	done
	[ "$(cat "$work/done" 2>/dev/null)" = "$1" ] && return 0
	echo "  ended with '$(cat "$work/done" 2>/dev/null)', not $1"
	return 1
}

# ---- the tour's guest is its example ----
same_guest() {
	nasm -f bin -I asm-examples/ -o "$work/tour.img" asm-examples/32-debugger-tour.asm || return 1
	od -An -v -tx1 "$work/tour.img" | tr -s ' \n' '\n' | sed '/^$/d' >"$work/assembled"
	grep -oE '0x[0-9a-f]{2}' debugger/tui/tour-guest.inc | sed 's/0x//' >"$work/embedded"
	cmp "$work/assembled" "$work/embedded"
}

# ---- the tour, as a person takes it ----
tour() {
	local step=1 key
	start 80 24 "TERM=screen LANG=C.UTF-8 $vitrine tour"
	wait_for 'tour 1 of 13' || return 1
	for key in s s S S U u 3 2 1; do
		keys "$key"
		step=$((step + 1))
		wait_for "tour $step of 13" || return 1
	done
	keys '?'
	wait_for 'keys of this pane' || return 1
	keys Escape
	wait_for 'tour 11 of 13' || return 1
	keys ':' 'print $rax' Enter
	wait_for 'tour 12 of 13' || return 1
	keys c
	wait_for 'ENDED: power-off' || return 1
	keys q
	wait_for 'y leaves' || return 1
	keys y
	wait_end 0
}

# ---- terminals ----
on_terminal() { # TERM
	start 80 24 "TERM=$1 LANG=C.UTF-8 $vitrine tour"
	wait_for '^ 1Main 2Exits 3Paging' && wait_for '^trap>' && wait_for 'real16' || return 1
	keys s
	wait_for 'tour 2 of 13' || return 1
	keys q
	wait_for 'y leaves' && keys y && wait_end 0
}
line_mode() { # ENVIRONMENT REASON
	start 80 24 "env $1 $vitrine debug $work/tour.img"
	wait_for "no screen: $2" || return 1
	keys 'print 40 + 2' Enter
	wait_for '^42' || return 1
	keys quit Enter
	wait_end 0
}
ascii() {
	start 80 24 "LANG=C LC_ALL=C $vitrine tour"
	wait_for '^+- code' || return 1
	! screen | LC_ALL=C grep -q '[^ -~]'
}
mono() { # no colour, but bold and reverse are there
	start 80 24 "NO_COLOR=1 LANG=C.UTF-8 $vitrine tour"
	wait_for '^trap>' || return 1
	tmux capture-pane -pe >"$work/mono"
	! grep -E $'\033\\[[0-9;]*3[0-7]m' "$work/mono" && grep -q $'\033\\[[0-9;]*7m' "$work/mono"
}
colour() {
	start 80 24 "NO_COLOR=1 LANG=C.UTF-8 $vitrine tour --color=always"
	wait_for '^trap>' || return 1
	tmux capture-pane -pe | grep -qE $'\033\\[[0-9;]*3[0-7]m'
}
resized() { # the window changes while nobody presses anything
	start 80 24 "LANG=C.UTF-8 $vitrine tour"
	wait_for '^ 1Main 2Exits' || return 1
	tmux resize-window -x 160 -y 50
	wait_for '^ 1 Main   2 Exits' || return 1
	tmux resize-window -x 40 -y 12
	wait_for 'page 1 of 5' || return 1
	tmux resize-window -x 20 -y 5
	wait_for '^trap>'
}

# ---- while the guest runs ----
endless() { # a boot sector that jumps to itself
	{ printf '\353\376'; head -c 508 /dev/zero; printf '\125\252'; } >"$work/endless.img"
}
running() { # looked at, resized, typed to, paused, continued, gone back
	start 80 24 "LANG=C.UTF-8 $vitrine debug $work/endless.img"
	wait_for PAUSED || return 1
	keys c
	wait_for RUNNING || return 1
	keys 2
	wait_for 'no exit yet' || return 1
	tmux resize-window -x 160 -y 50
	wait_for '^ 1 Main   2 Exits.*z zoom' || return 1
	keys s
	wait_for 'the guest is running: Ctrl-C pauses it' || return 1
	keys :
	keys 'print 6 * 7'
	keys Escape
	keys C-c
	wait_for PAUSED && wait_for '^trap> print 6 . 7' || return 1
	keys : Enter
	wait_for '^│42' || return 1
	keys 1 u
	wait_for '| past' || return 1
	keys q
	wait_for 'y leaves' && keys y && wait_end 0
}
killed_while_running() {
	start 80 24 "LANG=C.UTF-8 bash -c 'echo \$\$ >$work/pid; exec $vitrine debug $work/endless.img'"
	wait_for PAUSED || return 1
	keys c
	wait_for RUNNING || return 1
	kill -s TERM "$(cat "$work/pid")"
	wait_end 143
}

# ---- the tty is as it was, on every way out ----
way_out() { # SIGNAL-OR-q STATUS
	cat >"$work/shell" <<-END
		stty -a >$work/before
		echo \$\$ >$work/pid
		LANG=C.UTF-8 $vitrine tour
		echo \$? >$work/status
		stty -a >$work/after
	END
	rm -f "$work/after"
	start 80 24 "bash $work/shell"
	wait_for '^trap>' || return 1
	if [ "$1" = q ]; then
		keys q
		wait_for 'y leaves' && keys y
	else
		kill -s "$1" "$(pgrep -P "$(cat "$work/pid")")"
	fi
	wait_end 0 && [ "$(cat "$work/status")" = "$2" ] && cmp "$work/before" "$work/after"
}
stopped() { # Ctrl-Z, look at the tty, fg, q
	start 80 24 "bash --norc --noprofile -i"
	keys "PS1='ready> '; cd $work; stty -a >before; LANG=C.UTF-8 $vitrine tour" Enter
	wait_for '^ 1Main 2Exits' || return 1
	keys C-z
	wait_for 'Stopped' || return 1
	keys 'stty -a >after' Enter 'fg' Enter
	wait_for '^ 1Main 2Exits' || return 1
	cmp "$work/before" "$work/after" || return 1
	keys s
	wait_for 'tour 2 of 13' || return 1
	keys q
	wait_for 'y leaves' && keys y && wait_for '^ready>$' || return 1
	keys 'stty -a >after; echo saw-it' Enter
	wait_for '^saw-it' && cmp "$work/before" "$work/after"
}

program golden $here/golden
program storm
if ! command -v nasm >/dev/null; then
	echo "skipped: nasm is not installed (the tour's guest, line mode)"
	skipped=$((skipped + 4))
else
	same_guest; result "the tour's guest is not asm-examples/32-debugger-tour.asm" $?
fi
if ! command -v tmux >/dev/null; then
	echo "skipped: tmux is not installed, so there is no terminal to drive"
	skipped=$((skipped + 21))
else
	tour; result tour $?
	for term in xterm-256color screen tmux linux vt100; do on_terminal $term; result "TERM=$term" $?; done
	if [ -s "$work/tour.img" ]; then
		line_mode TERM=dumb 'TERM=dumb'; result 'TERM=dumb' $?
		line_mode '-u TERM' 'TERM is not set'; result 'TERM unset' $?
		line_mode TERM=nonsense 'this TERM is not known'; result 'TERM unknown' $?
	fi
	ascii; result 'ASCII' $?
	mono; result 'NO_COLOR' $?
	colour; result '--color=always' $?
	resized; result 'resized window' $?
	endless
	running; result 'a running guest' $?
	killed_while_running; result 'SIGTERM while the guest runs' $?
	way_out q 0; result 'tty after q' $?
	way_out TERM 143; result 'tty after SIGTERM' $?
	way_out HUP 129; result 'tty after SIGHUP' $?
	# A sanitizer reports the signal itself, after us, and ends with 1; looking for leaks it would wait for ever.
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	way_out SEGV "$(case $build in *asan*) echo 1 ;; *) echo 139 ;; esac)"; result 'tty after SIGSEGV' $?
	stopped; result 'Ctrl-Z and fg' $?
fi
if [ "$skipped" = 0 ]; then echo "$passed passed, $failed failed"; else echo "$passed passed, $failed failed, $skipped skipped"; fi
[ "$failed" = 0 ]
