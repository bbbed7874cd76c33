/* SPDX-License-Identifier: GPL-3.0-or-later
 * functions.c - what an expression can call, and the aggregations of maps.
 * Rule: a row here, its meaning in fn-*.c under the same name.
 *
 * The words of `args` say what is taken (debugger/trap/check-args.c); [word] may be left out.  `f(x).g()` is the row
 * "f.g", and x its first argument.
 */
#include "debugger/trap/trap.h"

#define NESTED "nested virtualization"
#define DIGESTS "digests of disks"

const struct trap_function trap_functions[] = {
	/* addresses */
	{ "gva", "number", "a linear address", "gva(0x400000)", 1, 1, T_GVA, NULL },
	{ "gpa", "number", "a guest-physical address", "gpa(0xfee00000)", 1, 1, T_GPA, NULL },
	{ "int", "any", "the number behind an address, a bool (0 or 1) or a time (ns)", "int($rip) & 0xfff", 1, 1, T_INT, NULL },
	{ "translate", "address", "the guest-physical address behind a linear one; fault if there is none",
	  "translate($rsp) ?? gpa(0)", 1, 1, T_GPA, NULL },
	{ "walk", "[cr3], address", "the page-table entry that maps an address, after walking all levels",
	  "walk($rip).w", 1, 2, T_ENTRY, NULL },
	{ "ept", "gpa", "the host's entry for a guest-physical address", "ept(gpa(0x1000)).p", 1, 1, T_ENTRY, NULL },
	{ "shadow", "address", "the entry of the shadow page tables (--paging shadow) that maps an address", "shadow($rip).w", 1, 1, T_ENTRY, NULL },
	{ "tlb", "address", "the translation that the processor keeps; fault if none", "tlb($rip) == fault", 1, 1, T_ENTRY,
	  NULL },
	/* memory */
	{ "bytes", "location, count", "bytes of memory, as a list", "bytes($rsp, 16)", 2, 2, T_LIST, NULL },
	{ "cstr", "location", "the text at an address, up to its NUL", "cstr($rdi)", 1, 1, T_STR, NULL },
	{ "code", "address, [count]", "so many instructions disassembled", "code($rip, 5)", 1, 2, T_STR, NULL },
	{ "sym", "address", "the nearest symbol, and how far behind", "sym($rip)", 1, 1, T_STR, NULL },
	{ "symbol", "text", "the address of a symbol; fault if there is none", "on exec(symbol(\"main\")) { stop; }", 1, 1,
	  T_GVA, NULL },
	{ "backtrace", "", "who called: a list of addresses, by frame pointers", "backtrace()", 0, 0, T_LIST, NULL },
	{ "writer", "location, [bytes]", "the instruction (vm.insns) that wrote memory last, in recorded time; fault if none",
	  "writer($rsp, 8) ?? 0", 1, 2, T_INT, NULL },
	{ "memory.digest", "", "a hash of all memory", "memory.digest()", 0, 0, T_STR, NULL },
	{ "disk", "text", "a disk by its name, for .digest()", "disk(\"d0\").digest()", 1, 1, T_ANY, DIGESTS },
	{ "disk.digest", "text", "a hash of a disk's content", "disk(\"d0\").digest()", 1, 1, T_STR, DIGESTS },
	{ "cpu", "number", "a processor, for its registers", "cpu(1).rax", 1, 1, T_CPU, NULL },
	{ "vmcs.check", "", "the rules of VM entry that the VMCS violates", "vmcs.check()", 0, 0, T_LIST, NESTED },
	{ "command", "text", "what a verb of the debugger prints", "command(\"exits IO\")", 1, 1, T_STR, NULL },
	/* numbers */
	{ "sext", "number, count", "the lowest bits of a number, sign-extended", "sext($rax, 32)", 2, 2, T_INT, NULL },
	{ "hex", "any", "a number in hexadecimal, as text", "hex($rax)", 1, 1, T_STR, NULL },
	{ "bits", "number, text", "the names of the bits that are set, the lowest bit's first", "bits(error, \"P W U R I\")", 2,
	  2, T_STR, NULL },
	{ "min", "any...", "the smallest", "min(a, b)", 1, 16, T_ANY, NULL },
	{ "max", "any...", "the largest", "max(a, b)", 1, 16, T_ANY, NULL },
	{ "abs", "number", "without its sign", "abs(a - b)", 1, 1, T_INT, NULL },
	{ "rand", "number, number", "a number from the first to the second; repeatable (--seed)", "rand(0, 2047)", 2, 2, T_INT,
	  NULL },
	{ "fourcc", "text", "four letters as a number, the first the lowest byte", "fourcc(\"Trap\")", 1, 1, T_INT, NULL },
	/* text and lists */
	{ "str", "any", "anything as `print` shows it", "str($rip)", 1, 1, T_STR, NULL },
	{ "len", "any", "bytes of a text, elements of a list, keys of a map", "len(last_line)", 1, 1, T_INT, NULL },
	{ "join", "list, [text]", "a list as text, with a separator", "join(backtrace(), \" \")", 1, 2, T_STR, NULL },
	{ "top", "map, [count]", "the rows of a map with the largest values", "top(@n, 10)", 1, 2, T_LIST, NULL },
	{ "list", "any...", "a list of its arguments", "list(1, 2, 3)", 0, 16, T_LIST, NULL },
	/* the script and its caller */
	{ "arg", "number", "in a hypercall's probe what the guest passed, elsewhere a word behind the script's name", "arg(0)",
	  1, 1, T_ANY, NULL },
	/* aggregations: on the right of `@map = ` only */
	{ "count", "", "how often", "on exit { @n[reason] = count(); }", 0, 0, T_INT, NULL },
	{ "sum", "any", "the sum", "on exit { @bytes = sum(size); }", 1, 1, T_ANY, NULL },
	{ "avg", "any", "the mean", "on handled { @t = avg(elapsed); }", 1, 1, T_ANY, NULL },
	{ "hist", "any", "a histogram by powers of two", "on handled { @cost = hist(elapsed); }", 1, 1, T_ANY, NULL },
	{ "lhist", "any, any, any, any", "a histogram from, to, in steps of", "on exit { @gaps = lhist(insns, 0, 1000, 100); }", 4, 4, T_ANY,
	  NULL },
};
const int trap_nfunctions = ARRAY_LEN(trap_functions);
