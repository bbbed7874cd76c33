#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# suite.sh - several guests in one machine: clones, shared pages, swapping, balloons.  Usage: suite.sh BUILD [--long]
# Rule: whatever is done with the memory of guests, each of them does what it would have done alone: the same state hash.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build/release} vitrine=${1:-build/release}/vitrine long=${2-}
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

skip() { # WHAT WHY
	skipped=$((skipped + 1))
	echo "skipped: $1: $2"
}
check() { # WHAT CONDITION... : the condition is a command
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		tail -n 12 "$work/out" "$work/errors" 2>/dev/null | cut -c1-160
	fi
}
finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
	exit
}
host() { # OPTIONS... : output and status in files
	"$vitrine" host "$@" >"$work/out" 2>"$work/errors" </dev/null
	status=$?
}
hashes() { sed -n 's/^state-hash of guest \([0-9]*\): \([0-9a-f]*\) .*/\1 \2/p' "$work/out"; }
memories() { sed -n 's/^state-hash of guest \([0-9]*\): .* its memory \([0-9a-f]*\)/\1 \2/p' "$work/out"; }
says() { grep -qF -- "$1" "$work/errors"; }
json() { # EXPRESSION over d, the JSON of the latest run
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$work/json" "$1"
}

command -v nasm >/dev/null && command -v python3 >/dev/null || { skip "host" "nasm or python3 is not installed"; finish; }
nasm -f bin -o "$work/writer" tests/host/writer.asm || exit 2
first=300k more=200k
base=(--mem 4M --clone-after $first --for $more --state-hash)

# ---- each guest as if it were alone ----

host "${base[@]}" --clones 3 "$work/writer"
hashes >"$work/four"
memories >"$work/memories"
check "four guests" test "$(wc -l <"$work/four")" = 4
check "they go different ways" test "$(cut -d' ' -f2 "$work/four" | sort -u | wc -l)" = 4
alone=$("$vitrine" run --quiet --mem 4M --budget 500k --state-hash "$work/writer" </dev/null | sed 's/.*: \([0-9a-f]*\) .*/\1/')
check "the parent is as without clones" test "0 $alone" = "$(head -1 "$work/four")"

same() { # WHAT OPTIONS...
	local what=$1
	shift
	host "${base[@]}" "$@" "$work/writer"
	hashes >"$work/now"
	check "$what: status" test "$status" = 0
	check "$what: the same guests" cmp -s "$work/now" "$work/four"
}
same "short turns" --clones 3 --slice 777
same "shared pages" --clones 3 --share --scan 300 --slice 5k
for policy in fifo second clock lru random; do
	same "swapped by $policy" --clones 3 --swap "$work/swap" --resident 400K --swap-policy $policy --slice 5k --json "$work/json"
	check "$policy: pages went out, came in, and the limit is kept" \
		json 'd["swap"]["went_out"] > 100 and d["swap"]["came_in"] > 100 and d["swap"]["resident"] <= d["swap"]["limit"] == 100'
	same "shared and swapped by $policy" --clones 3 --share --scan 300 --swap "$work/swap" --resident 400K \
		--swap-policy $policy --slice 5k
done
host "${base[@]}" --clones 1 "$work/writer"
check "a clone does not depend on how many there are" test "$(hashes)" = "$(head -2 "$work/four")"
for paging in ept shadow; do
	host "${base[@]}" --clones 3 --paging $paging --share --scan 300 --slice 5k --swap "$work/swap" --resident 400K "$work/writer"
	memories >"$work/now"
	check "--paging $paging: the same memory" cmp -s "$work/now" "$work/memories"
done
"$vitrine" run --quiet --mem 4M --budget $first --save "$work/snapshot" "$work/writer" </dev/null >/dev/null 2>&1
host --mem 4M --restore "$work/snapshot" --clones 3 --for $more --state-hash
check "clones of a snapshot: the same memory" test "$(memories)" = "$(cat "$work/memories")"

# ---- what is told ----

host "${base[@]}" --clones 3 --json "$work/json" "$work/writer"
check "a clone writes, and gets a page of its own" json 'all(g["counts"]["copied"] > 50 for g in d["guests"][:3])'
check "every page is somewhere" \
	json 'len({sum(g["pages"].values()) for g in d["guests"]}) == 1 and all(g["clone_ns"] > 0 for g in d["guests"][1:])'
check "the table has a row per guest" test "$(grep -c ' runs$' "$work/out")" = 4
host --mem 4M --vms 4 --for 250k --json "$work/json" "$work/writer"
frames=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["memory"]["end"]["frames"])' "$work/json")
host --mem 4M --vms 4 --for 250k --share --json "$work/json" "$work/writer"
check "sharing is seen in the host's memory" json "d['memory']['end']['frames'] < $frames - 4096 * 300"
check "and in the counters" json 'd["sharing"]["saved"] > 300 and d["sharing"]["pages"] > d["sharing"]["frames"]'
check "they agree" json "abs($frames - d['memory']['end']['frames'] - 4096 * d['sharing']['saved']) < 4096 * 16"
host --mem 4M --clone-after $first --clones 1 --for 20k --trace=cow "$work/writer"
check "an event says so" grep -Eq 'cow .*gpa=.*from=' "$work/out"
host --mem 4M --clone-after $first --clones 1 --for 20k --paging ept --exits "$work/writer"
check "with extended page tables it is a violation" grep -Eq 'EPT violation.*shared page copied' "$work/out"
host --mem 4M --vms 2 --for 250k --share --trace=share "$work/writer"
check "an event says that a page is shared" grep -Eq 'share .*gpa=.*from=.*to=' "$work/out"
host --mem 4M --for 320k --slice 5k --swap "$work/swap" --resident 100K --trace=swap "$work/writer"
check "an event says that a page went out" grep -q 'swap .*out=0x1 ' "$work/out"
check "an event says that a page came in" grep -q 'swap .*out=0 ' "$work/out"

# ---- what is refused ----

refuse() { # STATUS TEXT OPTIONS...
	local wanted=$1 text=$2
	shift 2
	host "$@" "$work/writer"
	check "refused: $text" test "$status" = "$wanted"
	check "it says: $text" says "$text"
}
refuse 2 "clones are made of one guest" --vms 2 --clones 1
refuse 2 "expected 1 to 256 in all" --clones 256
refuse 2 "--clone-after without --clones" --clone-after 5
refuse 2 "expected --swap FILE and --resident SIZE together" --swap "$work/swap"
refuse 2 "expected fifo, second, clock, lru or random" --swap-policy best
refuse 2 "--gdb is for one guest by itself" --gdb 1234
refuse 2 "here it is --for" --budget 5
refuse 2 "--net is for one guest by itself" --net user
refuse 2 "--balloon without a balloon" --balloon 2M
refuse 2 "a snapshot is of one guest" --restore "$work/snapshot" --vms 2
refuse 6 "expected the name of a new file" --swap "$work/writer" --resident 1M --for 5
refuse 6 "cannot be made: No such file" --swap "$work/nowhere/swap" --resident 1M --for 5
if "$vitrine" run --quiet --engine vtx --budget 1 "$work/writer" </dev/null >/dev/null 2>&1 || [ $? = 5 ]; then
	refuse 77 "engine vtx cannot share or swap memory" --engine vtx --clones 1
else
	skip "the VT-x engine refuses clones" "this host has no /dev/kvm that can be used"
fi
# ---- Linux ----

[ "$long" = --long ] && . tests/host/linux.sh
finish
