# SPDX-License-Identifier: GPL-3.0-or-later
# Makefile - build, test and install Vitrine.  One file, not recursive: it calls itself only to build in parallel.
# Rule: everything made lies under build/MODE; nothing generated is ever committed.
MODE    ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
JOBS    ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
B       := build/$(MODE)

ifeq ($(filter $(MODE),release debug asan cov fuzz),)
$(error MODE=$(MODE) is unknown; expected release, debug, asan, cov or fuzz)
endif

# gcc would clear a struct of 100 bytes, as each exit and each page walk has one, by REP STOS, which starts slowly.
UNROLLED := -mmemset-strategy=unrolled_loop:256:noalign,libcall:-1:noalign
UNROLLED := $(shell $(CC) $(UNROLLED) -E -xc /dev/null >/dev/null 2>&1 && echo $(UNROLLED))
CFLAGS_release := -O2 -g -fno-plt -fomit-frame-pointer $(UNROLLED)
CFLAGS_debug   := -O0 -g3 -DCALL_THREADED
CFLAGS_asan    := -O1 -g -DCALL_THREADED -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g --coverage -DCALL_THREADED
CFLAGS_fuzz    := -O1 -g -DCALL_THREADED -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter -Wno-missing-field-initializers $(if $(CI),-Werror)

# pkg-config is asked once, and only when something is compiled: `make deps` must work without it.
PKGS      := jansson libzstd libsodium libpng ncursesw readline vterm
MAYBE     := libnbd slirp
TEST_PKGS := check zlib
once       = $(eval $1 := $(shell $2))$($1)
HAVE       = $(shell for p in $(MAYBE); do pkg-config --exists $$p 2>/dev/null && echo $$p; done)
PKG_CFLAGS = $(call once,PKG_CFLAGS,pkg-config --cflags $(PKGS) $(TEST_PKGS) $(HAVE))
# libnbd is loaded when a disk needs it (devices/backends/nbd-lib.c).
PKG_LIBS   = $(call once,PKG_LIBS,pkg-config --libs $(PKGS) $(filter-out libnbd,$(HAVE)))
TEST_LIBS  = $(call once,TEST_LIBS,pkg-config --libs $(TEST_PKGS))
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -I$(B) $(WARN) $(CFLAGS_$(MODE)) $(PKG_CFLAGS) -MMD -MP $(CFLAGS)
LIBS       = $(PKG_LIBS) -ldl -lm -lpthread

DIRS  := core/base core/x86 core core/vtx core/migrate cpu-interp/isa cpu-interp/fp cpu-interp devices devices/backends \
	debugger debugger/session debugger/trap debugger/verbs debugger/tui debugger/gdb debugger/control
# A library that may be missing has one file that uses it and one that stands in and says so.
without = $(if $(shell pkg-config --exists $1 2>/dev/null && echo yes),devices/backends/$2-none.c,$3)
# /dev/kvm is Linux's, and what its header says is x86-64's.
KVM   := $(shell printf '\043include <linux/kvm.h>\nint x = sizeof(struct kvm_sregs2);\n' | $(CC) -m64 -fsyntax-only -xc - 2>/dev/null && echo yes)
SRC   := $(filter-out $(if $(KVM),core/vtx/kvm-none.c,$(filter-out core/vtx/kvm-none.c core/vtx/unseen.c,$(wildcard core/vtx/*.c))) \
	$(call without,libnbd,nbd,$(patsubst %,devices/backends/%.c,nbd nbd-lib nbd-server)) \
	$(call without,slirp,slirp,devices/backends/slirp.c),\
	$(foreach d,$(DIRS),$(wildcard $(d)/*.c)))
# Flex and Bison: NAME.l becomes NAME.yy.c, NAME.y NAME.tab.c, with their headers, under the build folder.
MADE  := $(patsubst %.l,$(B)/%.yy.c,$(wildcard debugger/*/*.l)) $(patsubst %.y,$(B)/%.tab.c,$(wildcard debugger/*/*.y))
OBJ   := $(SRC:%.c=$(B)/%.o) $(MADE:.c=.o)
LIB   := $(filter-out $(B)/debugger/main.o,$(OBJ))
FUZZ  := $(patsubst %.c,$(B)/%,$(filter-out tests/fuzz/driver.c,$(wildcard tests/fuzz/*.c)))
# A test program is a file with main(); the folder's other files are parts of each.
MAINS := $(filter-out tests/fuzz/% tests/bench/%,$(shell grep -lw '^int main' tests/*/*.c))
PARTS := $(filter-out $(MAINS) tests/fuzz/% tests/bench/%,$(wildcard tests/*/*.c))
TESTS := $(MAINS:%.c=$(B)/%)

Q   := $(if $(V),,@)
say  = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),,@echo "  $1	$2")
# Build goals in parallel unless the caller already said -j.
SUB  = +$(Q)$(MAKE) --no-print-directory MODE=$(MODE) $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help deps all demo check check-long check-arm64 deps-arm64 lint lint-objects bench fmt install uninstall dist clean program tests
ifneq ($(filter deps clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo '  make fuzz-NAME    tests/fuzz/NAME.c under libFuzzer (clang), with ARGS=-max_total_time=60'
	@echo '  MODE=release|debug|asan|cov selects the build under build/MODE; V=1 shows the commands'
deps: ## install what is needed (Debian/Ubuntu, Fedora, Arch, macOS), saying what it runs
	@tests/deps.sh
all: ## build the program
	$(SUB) program
demo: all ## run a short guest and show and explain its VM exits
	@tests/demo.sh $(B)/vitrine
check: ## all tests (at most five minutes on two cores)
	$(SUB) program tests $(if $(filter release,$(MODE)),lint-objects)
	@tests/run.sh $(B)
check-long: ## the same, longer, and against other machines where they are installed
	$(SUB) program tests $(if $(filter release,$(MODE)),lint-objects)
	@tests/run.sh --long $(B)
check-arm64: ## cross build to ARM64 Linux, its tests under qemu-user; deps-arm64 installs what that needs
	@tests/arm64/check.sh build/arm64
deps-arm64: # not for everybody: 'make deps' leaves it out
	@tests/arm64/deps.sh
lint: ## the house rules: layers, symbols, headers, lengths, ...
	+$(Q)$(MAKE) --no-print-directory MODE=release -j$(JOBS) lint-objects
	@tests/lint/lint.sh . build/release
bench: all ## MIPS per workload and seconds to a Linux prompt, beside Bochs and QEMU; what the debugger and paging cost
	@tests/bench/run.sh $(B)/vitrine
	@tests/bench/linux.py $(B)/vitrine
	@tests/bench/debugger.py $(B)/vitrine
	@tests/bench/snapshot.py $(B)/vitrine
	@tests/bench/paging.py $(B)/vitrine
	@tests/bench/timetravel.py $(B)
	$(SUB) $(B)/tests/engine/overhead
	@$(B)/tests/engine/overhead
fmt: ## format the C files with clang-format
	clang-format -i $$(find $(DIRS) tests -maxdepth 2 -name '*.[ch]' | sort -u)
install: all $(B)/vitrine.1 $(B)/vitrine-trap.5 $(B)/vitrine.bash ## install under DESTDIR and PREFIX
	install -D -m 755 $(B)/vitrine $(DESTDIR)$(PREFIX)/bin/vitrine
	install -D -m 644 $(B)/vitrine.1 $(DESTDIR)$(PREFIX)/share/man/man1/vitrine.1
	install -D -m 644 $(B)/vitrine-trap.5 $(DESTDIR)$(PREFIX)/share/man/man5/vitrine-trap.5
	install -D -m 644 $(B)/vitrine.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vitrine
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/vitrine $(DESTDIR)$(PREFIX)/share/man/man1/vitrine.1
	rm -f $(DESTDIR)$(PREFIX)/share/man/man5/vitrine-trap.5
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vitrine
dist: ## a source tarball of the last commit under build/
	@mkdir -p build
	git archive --prefix=vitrine/ -o build/vitrine.tar.gz HEAD
	@echo build/vitrine.tar.gz
clean: ## remove everything built
	rm -rf build
fuzz-%:
	$(SUB) MODE=fuzz CC=clang build/fuzz/tests/fuzz/$*
	@mkdir -p build/fuzz/corpus/$*
	build/fuzz/tests/fuzz/$* $(ARGS) build/fuzz/corpus/$*

program: $(B)/vitrine ; @:
tests: $(TESTS) $(FUZZ) ; @:
lint-objects: $(OBJ) ; @:

$(B)/vitrine: $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_$(MODE)) $(CFLAGS) -o $@ $^ $(LIBS) $(LDFLAGS)
$(B)/libvitrine.a: $(LIB)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(B)/%.o: $(B)/%.c
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-unused-function -c -o $@ $<
$(B)/%.yy.c $(B)/%.yy.h: %.l
	@mkdir -p $(@D)
	$(call say,FLEX,$<)
	$(Q)flex --header-file=$(B)/$*.yy.h -o $(B)/$*.yy.c $<
$(B)/%.tab.c $(B)/%.tab.h: %.y
	@mkdir -p $(@D)
	$(call say,BISON,$<)
	$(Q)bison -Wall -Werror -d -o $(B)/$*.tab.c $<
$(filter $(B)/debugger/trap/%,$(OBJ)): | $(MADE:.c=.h)
percent := %
.SECONDEXPANSION:
$(TESTS): $(B)/%: %.c $(B)/libvitrine.a $$(filter $$(@D)/$$(percent),$(PARTS:%.c=$(B)/%.o))
	@mkdir -p $(@D)
	$(call say,TEST,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(filter %.o,$^) $(B)/libvitrine.a $(TEST_LIBS) $(LIBS) $(LDFLAGS)
# A fuzz target is linked with our driver, or, in MODE=fuzz, with libFuzzer.
FUZZ_MAIN := $(if $(filter fuzz,$(MODE)),,$(B)/tests/fuzz/driver.o)
$(FUZZ): $(B)/%: %.c $(FUZZ_MAIN) $(B)/libvitrine.a
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) -o $@ $< $(FUZZ_MAIN) $(B)/libvitrine.a $(LIBS) $(LDFLAGS)
$(B)/vitrine.1: $(B)/vitrine
	$(Q)$< help --man > $@
$(B)/vitrine-trap.5: $(B)/vitrine
	$(Q)$< help --man trap > $@
$(B)/vitrine.bash: $(B)/vitrine
	$(Q)$< help --completion bash > $@

-include $(OBJ:.o=.d) $(TESTS:=.d) $(FUZZ:=.d) $(PARTS:%.c=$(B)/%.d)
