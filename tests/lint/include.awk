# SPDX-License-Identifier: GPL-3.0-or-later
# include.awk - every #include "..." obeys tests/LAYERS, which is the first file read.
# Rule: a file may include its own folder and the folders of its row; the longest folder name wins.

function folder_of(path,    f, best) {
	best = ""
	for (f in may)
		if (index(path, f "/") == 1 && length(f) > length(best))
			best = f
	return best
}
# debugger/engines.c is the one file that names the engines.
function excepted(file, to) {
	return file == "debugger/engines.c" && (to == "core/vtx" || to == "cpu-interp")
}

FNR == 1 { reading_layers = FILENAME == "tests/LAYERS" }
reading_layers {
	if ($0 !~ /^#/ && NF)
		may[$1] = " " substr($0, length($1) + 1) " "
	next
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	from = folder_of(FILENAME)
	to = folder_of(part[2])
	if (from == "" || may[from] ~ /\*/)
		next
	if (part[2] !~ /\//)
		print FILENAME ":" FNR ": write the path from the root: " part[2]
	else if (to != "" && to != from && index(may[from], " " to " ") == 0 && !excepted(FILENAME, to))
		print FILENAME ":" FNR ": " from " may not include " part[2]
}
