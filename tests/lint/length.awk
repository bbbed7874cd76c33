# SPDX-License-Identifier: GPL-3.0-or-later
# length.awk - a file has at most 500 lines, a function at most 60.
# Rule: a function's body opens with a brace in the first column, or ends its signature's line, and closes in the first.

function close_file() {
	if (lines > 500)
		print file ":" 500 ": the file has " lines " lines; at most 500"
}
FNR == 1 {
	if (file != "")
		close_file()
	file = FILENAME
	start = 0
	body = 0
}
{ lines = FNR }
# A signature starts in the first column and is not a declaration.
/^[A-Za-z_]/ && !body { start = FNR; name = $0 }
/^\{/ && !body { body = start ? start : FNR }
/^[A-Za-z_].*\)[ \t]*\{$/ && !body { body = FNR }
/^\}/ && body {
	if (FNR - body + 1 > 60)
		print file ":" body ": the function has " FNR - body + 1 " lines; at most 60"
	body = 0
	start = 0
}
/;[ \t]*$/ && !body { start = 0 }
END { close_file() }
