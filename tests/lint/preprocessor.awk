# SPDX-License-Identifier: GPL-3.0-or-later
# preprocessor.awk - conditional compilation, include guards apart.  First file: the allow-list, as `path count`.
# Rule: only listed files may have it, no more often than listed; at most 1.5 per 1000 lines of the whole.

FNR == NR { limit[$1] = $2; next }
FNR == 1 { guard = "" }
{ lines++ }
/^[ \t]*#[ \t]*ifndef[ \t]+VITRINE_[A-Z0-9_]+_(H|INC)$/ && guard == "" { guard = $2; next }
/^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)([ \t(!]|$)/ {
	total++
	if (++seen[FILENAME] > limit[FILENAME] + 0)
		print FILENAME ":" FNR ": " $0 (FILENAME in limit ? " (more than its allowance)" : " (allowed only in the files of preprocessor.allow)")
}
END {
	if (total > 1 + 1.5 * lines / 1000)
		printf "Makefile:1: %d #if in %d lines; at most 1.5 per 1000\n", total, lines
}
