# SPDX-License-Identifier: GPL-3.0-or-later
# calls.awk - calls of forbidden functions.  Variables: word = alternatives in parentheses, what = why.
# Rule: comments, strings and members of structs (s->time(...)) are not calls.

FNR == 1 { in_comment = 0 }
{
	line = $0
	gsub(/\\./, "", line)
	gsub(/"[^"]*"/, "\"\"", line)
	if (in_comment) {
		if (!sub(/^.*\*\//, "", line))
			next
		in_comment = 0
	}
	gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", line)
	sub(/\/\/.*/, "", line)
	if (sub(/\/\*.*/, "", line))
		in_comment = 1
	if (match(line, "(^|[^A-Za-z0-9_.>])" word "[ \t]*\\(")) {
		call = substr(line, RSTART, RLENGTH)
		gsub(/^[^A-Za-z_]|[ \t]*\($/, "", call)
		# `static void exit(...)` or a member declaration still is that name: ask for another one.
		print FILENAME ":" FNR ": " call "(): " what
	}
	if (what ~ /prints/ && line ~ /(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)/)
		print FILENAME ":" FNR ": standard output or error: " what
}
