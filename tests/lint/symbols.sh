#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# symbols.sh - what the objects say.  Usage: symbols.sh OBJECTS layers|mutable, from the root of the tree.
# Rule: includes can be dodged with a sneaky `extern`, objects cannot.
set -u
objects=$1
mapfile -t list < <(find "$objects" -name '*.o' ! -path '*/tests/*' 2>/dev/null | sort)
if [ ${#list[@]} = 0 ]; then
	echo "Makefile:1: no objects under $objects; build them first (make lint does)"
	exit
fi

# One line per violation as `object symbol text`, turned into `source:line: text` at the end.
locate() {
	local object symbol text source line
	while read -r object symbol text; do
		source=${object#"$objects"/}
		source=${source%.o}.c
		[ -f "$source" ] || continue # an object of a source that is gone
		line=$(grep -nwm1 -- "${symbol%.[0-9]*}" "$source" | cut -d: -f1)
		echo "$source:${line:-1}: $text"
	done
}

layers() {
	nm -A -g "${list[@]}" 2>/dev/null | awk -v objects="$objects/" '
		function folder_of(path,    f, best) {
			best = ""
			for (f in may)
				if (index(path, f "/") == 1 && length(f) > length(best))
					best = f
			return best
		}
		FILENAME != "-" { if ($0 !~ /^#/ && NF) may[$1] = " " substr($0, length($1) + 1) " "; next }
		{
			object = $1
			sub(/:.*/, "", object)
			from = folder_of(substr(object, length(objects) + 1))
			if ($(NF - 1) == "U") { n++; user[n] = object; layer[n] = from; wants[n] = $NF }
			else home[$NF] = from
		}
		END {
			for (i = 1; i <= n; i++) {
				to = home[wants[i]]
				from = layer[i]
				if (to == "" || to == from || from == "" || may[from] ~ /\*/ || index(may[from], " " to " "))
					continue
				if (user[i] == objects "debugger/engines.o" && (to == "core/vtx" || to == "cpu-interp"))
					continue
				print user[i], wants[i], from " may not use " wants[i] " of " to
			}
		}' tests/LAYERS - | locate
}

mutable() {
	local below=()
	mapfile -t below < <(printf '%s\n' "${list[@]}" | grep -E "^$objects/(core|cpu-interp|devices)/")
	[ ${#below[@]} = 0 ] && return
	awk '!/^#/ && NF > 2 { print $1, $2 }' tests/lint/mutable.allow >"$work/allow"
	objdump -t "${below[@]}" 2>/dev/null | awk -v objects="$objects/" '
		FILENAME != "-" { allowed[$1 " " $2] = 1; next }
		/file format/ { object = $1; sub(/:$/, "", object); next }
		/ O / || /\*COM\*/ {
			for (i = 1; i <= NF; i++)
				if ($i ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $i !~ /^\.data\.rel\.ro/) {
					source = substr(object, length(objects) + 1)
					sub(/\.o$/, ".c", source)
					name = $NF
					sub(/\.[0-9]+$/, "", name)
					if (!((source " " name) in allowed))
						print object, $NF, name " is mutable data at file scope; put it in a struct that its user owns"
				}
		}' "$work/allow" - | locate
}

work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
"$2"
