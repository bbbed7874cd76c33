#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# selftest.sh - lint's own test: a small clean tree passes, and planted violations of every rule are reported.
# Rule: lint must print exactly the planted line, `file:line: rule:`, no more and no less.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# shellcheck disable=SC2094 # only the name is used
source_file() { # PATH : a C file with its head comment; the body comes from standard input
	mkdir -p "$(dirname "$1")"
	{
		printf '/* SPDX-License-Identifier: GPL-3.0-or-later\n * %s - a room of the test house.\n */\n' "$(basename "$1")"
		cat
	} >"$1"
}
guarded() { # GUARD : a header's body from standard input, guarded
	printf '#ifndef %s\n#define %s\n' "$1" "$1"
	cat
	echo '#endif'
}

clean_tree() { # in the current directory
	mkdir -p core/base devices cpu-interp debugger tests textbook
	cp "$here/../LAYERS" tests/
	cp -r "$here" tests/lint
	printf '# none\n' | tee tests/lint/handlers.allow tests/lint/preprocessor.allow >tests/lint/mutable.allow
	echo 'int base_add(int a, int b);' | guarded VITRINE_BASE_H | source_file core/base/base.h
	source_file core/base/base.c <<-'END'
		#include "core/base/base.h"
		int base_add(int a, int b)
		{
			return a + b;
		}
	END
	source_file core/core.c <<-'END'
		#include "core/base/base.h"
		static const int table[] = { 1, 2 };
		int core_sum(void);
		int core_sum(void)
		{
			return base_add(table[0], table[1]);
		}
	END
	source_file devices/chip.c <<<'int chip_read(void); int chip_read(void) { return 0; }'
	source_file cpu-interp/op-alu.c <<<'int op_add(int a, int b); int op_add(int a, int b) { return a + b; }'
	source_file debugger/main.c <<-'END'
		#include "core/base/base.h"
		#include <stdio.h>
		int main(void) { return printf("%d\n", base_add(1, 2)) < 0; }
	END
	printf '# SPDX-License-Identifier: GPL-3.0-or-later\n# Makefile - none\ndeps:\ndemo:\ncheck:\n' >Makefile
	printf 'make deps demo\nmake deps check\n' >README.md
	printf 'core/base/base.c what\ncore/core.c\ndevices/chip.c\ncpu-interp/op-alu.c\ndebugger/main.c\n' >textbook/READING-ORDER
}
build() {
	local file object
	find core cpu-interp devices debugger -name '*.c' | while read -r file; do
		object=build/release/${file%.c}.o
		mkdir -p "$(dirname "$object")"
		[ "$object" -nt "$file" ] || ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 -I. -c "$file" -o "$object" 2>/dev/null
	done
}
verdict() { # NAME GOT WANT
	# shellcheck disable=SC2053 # $3 is a pattern
	if [[ $2 == $3 ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s: expected %s, got\n%s\n' "$1" "$3" "${2:-nothing}"
	fi
}
plant() { # RULE PLACE : run the commands on standard input in a fresh tree; lint must report just `PLACE: RULE: ...`
	local tree=$work/tree got
	rm -rf "$tree" && cp -rp "$work/clean" "$tree" && cd "$tree" || exit 2
	# shellcheck disable=SC1091 # what to plant
	. /dev/stdin
	build
	got=$("$here/lint.sh" . build/release 2>&1 | sed '$d')
	case $got in *$'\n'*) verdict "$1" "$got" "a single line" ;; *) verdict "$1" "$got" "$2: $1: *" ;; esac
}

mkdir "$work/clean" && cd "$work/clean" || exit 2
clean_tree && build
verdict clean "$("$here/lint.sh" . build/release 2>&1)" '[0-9]* passed, 0 failed'

plant layers-include devices/chip.c:5 <<<'echo "#include \"debugger/tui.h\"" | sed -i "4r /dev/stdin" devices/chip.c
	mkdir -p debugger; echo | guarded VITRINE_TUI_H | source_file debugger/tui.h'
plant layers-include core/core.c:4 <<<'sed -i "s|core/base/base.h|base.h|" core/core.c'
plant layers-symbol devices/chip.c:5 <<<'echo "int op_add(int, int); int chip_use(void); int chip_use(void) { return op_add(1, 2); }" >>devices/chip.c'
plant header-alone core/bad.h:1 <<<'echo "u99 wrong;" | guarded VITRINE_BAD_H | source_file core/bad.h'
plant mutable-data core/core.c:12 <<<'printf "int core_next(void);\nstatic int counter;\nint core_next(void) { return ++counter; }\n" >>core/core.c'
plant mutable-data devices/chip.c:6 <<<'printf "int chip_next(void);\nint chip_next(void) { static int n = 3; return ++n; }\n" >>devices/chip.c'
plant print-exit core/core.c:12 <<<'printf "#include <stdio.h>\nvoid core_say(void) { printf(\"x\"); }\n" >>core/core.c'
plant print-exit devices/chip.c:6 <<<'printf "#include <stdlib.h>\nvoid chip_die(void) { exit(1); }\n" >>devices/chip.c'
plant host-clock cpu-interp/op-alu.c:6 <<<'printf "#include <time.h>\nlong op_now(void) { return time(NULL); }\n" >>cpu-interp/op-alu.c'
plant preprocessor devices/chip.c:5 <<<'printf "#ifdef FAST\n#endif\n" >>devices/chip.c'
plant length core/core.c:500 <<<'yes "" | head -n 500 >>core/core.c'
plant length core/core.c:12 <<<'{ printf "void core_long(void);\nvoid core_long(void)\n{\n"; yes "	;" | head -n 58; echo "}"; } >>core/core.c'
plant handlers cpu-interp/op-alu.c:1 <<<'printf "int add_RR_8(int (**f)(void)); int add_RR_8(int (**f)(void)) { return f[0]() + 1; }\n" >>cpu-interp/op-alu.c'
plant generated core/lex.yy.c:1 <<<'source_file core/lex.yy.c </dev/null; echo core/lex.yy.c >>textbook/READING-ORDER'
plant head core/core.c:1 <<<'sed -i "s/SPDX-License-Identifier/Licence/" core/core.c'
plant head devices/chip.c:1 <<<'sed -i "s/chip.c - a room/a room/" devices/chip.c'
plant finished core/core.c:11 <<<'echo "/* TO""DO: more */" >>core/core.c'
plant machine-path README.md:3 <<<'echo "see /ho""me/somebody/vitrine" >>README.md'
plant top-level extras:1 <<<'mkdir extras'
plant readme README.md:1 <<<'echo "make deps demo" >README.md'
plant readme README.md:3 <<<'echo "make nonsense" >>README.md'
plant reading-order textbook/READING-ORDER:6 <<<'echo core/gone.c >>textbook/READING-ORDER'
plant reading-order core/more.c:1 <<<'source_file core/more.c </dev/null'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
