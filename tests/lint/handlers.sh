#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# handlers.sh - the templated handlers jump to each other.  Usage: handlers.sh OBJECTS, from the root of the tree.
# Rule: gcc before 15 cannot be told `musttail`; so in release objects a templated handler (add_RR_32, jne) with an
# indirect call, or with a push, which costs a stack frame per instruction, is a violation; exceptions by regular
# expression and reason in handlers.allow.
set -u
objects=$1
for family in op-alu op-move op-branch; do
	object=$objects/cpu-interp/$family.o
	[ -f "$object" ] || continue
	objdump -d --no-show-raw-insn "$object" | awk -v source="cpu-interp/$family.c" '
		FILENAME != "-" { if ($0 !~ /^#/ && NF > 1) allowed[$1] = 1; next }
		/^[0-9a-f]+ <.*>:$/ {
			name = $2
			gsub(/[<>:]/, "", name)
			sub(/\..*/, "", name)
			watched = name ~ /_(RR|RM|RI|MR|MI)_(8|16|32|64)$/ || name ~ /^jn?(o|b|e|s|p|l|be|le|a|ae|g|ge)$/
			for (pattern in allowed)
				if (name ~ "^" pattern "$")
					watched = 0
			next
		}
		watched && (/[ \t]call[ \t]+\*/ || /[ \t]push[ \t]/) {
			watched = 0
			sub(/^[^\t]*\t/, "")
			print source ":1: handler " name " has `" $0 "`"
		}' tests/lint/handlers.allow -
done
