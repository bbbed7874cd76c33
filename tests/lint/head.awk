# SPDX-License-Identifier: GPL-3.0-or-later
# head.awk - every file says its licence and what it is for.
# Rule: an SPDX line among the first three, and `name - purpose` among the first four.

function finish() {
	if (file == "")
		return
	if (!licence)
		print file ":1: no SPDX line among the first three"
	if (!purpose)
		print file ":1: no head comment `" base " - what it is for` among the first four lines"
}
FNR == 1 {
	finish()
	file = FILENAME
	n = split(file, part, "/")
	base = part[n]
	licence = purpose = 0
}
FNR <= 3 && /SPDX-License-Identifier: / { licence = 1 }
FNR <= 4 && index($0, base " - ") { purpose = 1 }
END { finish() }
