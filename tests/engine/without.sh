#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# without.sh - a host that has no /dev/kvm, or not all of it: one clear sentence, status 77, and tests that say why they
# are skipped.  Usage: without.sh BUILD
# Rule: the device is hidden in a mount namespace, a call refused by the kernel (deprive.c); the programs know nothing of it.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${1:?usage: without.sh BUILD}
vitrine=$build/vitrine deprive=$build/tests/engine/deprive
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

skip() { # COUNT REASON
	skipped=$((skipped + $1))
	echo "skipped: $2"
}
check() { # NAME CONDITION... : one test
	if "${@:2}"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED $1"
		head -n 5 "$work/out" "$work/err"
	fi
}
one_line() { [ "$(wc -l <"$work/err")" = 1 ] && [ ! -s "$work/out" ] && grep -qE "^vitrine: .*$1" "$work/err"; }
is() { [ "$1" = "$2" ]; }

# Status and sentence of a run.  COMMAND is what stands in front of it.
says() { # NAME STATUS REGEX COMMAND...
	local status
	"${@:4}" "$vitrine" run --quiet --engine vtx "$work/image" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	check "$1: status $status, expected $2" is $status "$2"
	check "$1: one sentence with '$3'" one_line "$3"
}
# A guest that does not ask for the engine does not notice, and the tests of the engine say why they do not run.
goes_on() { # NAME COMMAND...
	local program
	"${@:2}" "$vitrine" run --quiet "$work/image" >"$work/out" 2>"$work/err" </dev/null
	check "$1: the interpreter works" is $? 0
	for program in "tests/engine/overhead" "tests/native/native --vtx --sequences 1"; do
		# shellcheck disable=SC2086 # words
		"${@:2}" "$build"/$program >"$work/out" 2>"$work/err" </dev/null
		check "$1: $program is skipped" is "$? $(grep -c '^skipped: ' "$work/out")" "0 1"
	done
	CK_RUN_CASE=state "${@:2}" "$build/tests/engine/conform" >"$work/out" 2>"$work/err" </dev/null
	check "$1: the conformance tests say so and test the other engine" is "$? $(grep -c '^skipped: vtx: ' "$work/out")" "0 1"
}

hidden() { # HOW COMMAND... : in a mount namespace where HOW was done to /dev
	# shellcheck disable=SC2086 # words
	unshare $namespace --mount bash -c "$1"' || exit 99; shift; exec "$@"' bash "$@"
}

nasm -f bin -I asm-examples/ -o "$work/image" asm-examples/01-hello.asm || exit 2
"$vitrine" run --quiet --engine vtx "$work/image" >"$work/out" 2>"$work/err" </dev/null
if [ $? = 77 ]; then # nothing has to be taken away
	why=$(<"$work/err")
	says 'this host' 77 'VT-x engine'
	goes_on 'this host' env
	skip 1 "what else a host may lack: ${why#vitrine: }"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
fi

namespace=
[ "$(id -u)" = 0 ] || namespace=--map-root-user
if hidden true true 2>/dev/null; then
	says missing 77 'cannot open /dev/kvm: No such file' hidden 'mount -t tmpfs none /dev'
	goes_on missing hidden 'mount -t tmpfs none /dev'
	lock='mount --bind /dev/kvm /dev/kvm && mount -o remount,bind,nodev,nosuid,noexec /dev/kvm'
	says unreadable 77 'cannot open /dev/kvm: Permission denied' hidden "$lock"
	goes_on unreadable hidden "$lock"
	says 'another device' 77 'does not know this version' hidden 'mount --bind /dev/null /dev/kvm'
else
	skip 1 "a missing or unreadable /dev/kvm: this host gives no mount namespace"
fi

if "$deprive" KVM_CREATE_VM=EBUSY -- true 2>"$work/err"; then
	for cap in $(sed -n 's/^\t{ \(KVM_CAP_[A-Z0-9_]*\), "KVM_CAP.*/\1/p' core/vtx/kvm.c); do
		says "without $cap" 77 "needs $cap, which" "$deprive" "KVM_CHECK_EXTENSION:$cap=0" --
	done
	goes_on 'without a capability' "$deprive" KVM_CHECK_EXTENSION:KVM_CAP_SYNC_REGS=0 --
	says 'in use' 77 'cannot create a machine' "$deprive" KVM_CREATE_VM=EBUSY --
	says 'of no processor' 77 'cannot learn' "$deprive" KVM_GET_SUPPORTED_CPUID=EINVAL --
	# Whatever else the host refuses is a sentence when the machine is made, never an assertion later.
	for request in CREATE_VCPU GET_VCPU_MMAP_SIZE ENABLE_CAP SET_CPUID2 X86_SET_MSR_FILTER GET_REGS SET_REGS GET_SREGS2 \
		SET_SREGS2 GET_MSRS SET_MSRS GET_XSAVE SET_XSAVE GET_DEBUGREGS SET_DEBUGREGS GET_VCPU_EVENTS SET_VCPU_EVENTS; do
		says "$request fails" 2 '/dev/kvm.*(Cannot allocate memory|Input/output error)' "$deprive" "KVM_$request=ENOMEM" --
	done
	says 'no memory regions' 6 '/dev/kvm does not take .* bytes of memory' "$deprive" KVM_SET_USER_MEMORY_REGION=EINVAL --
	says 'KVM_RUN fails' 6 'KVM_RUN: Input/output error' "$deprive" KVM_RUN=EIO --
	# What may be missing without harm.
	for cap in KVM_CAP_SREGS2 KVM_CAP_TSC_CONTROL; do
		"$deprive" KVM_CHECK_EXTENSION:$cap=0 -- "$vitrine" run --quiet --engine vtx "$work/image" >"$work/out" 2>"$work/err"
		check "without $cap a guest runs" is $? 0
	done
else
	skip 1 "what a /dev/kvm may lack: $(<"$work/err")"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
