# SPDX-License-Identifier: GPL-2.0-only
#
# The front door of page_pin.  `make` prints help; every target is one line that
# calls a script in tools/testing/page_pin/bin, where the work is done.

BIN	:= tools/testing/page_pin/bin
KERNEL	?= ours
SCENARIO ?= lean

# Which tree a kernel is built from.
TREE_ours	:= tree
TREE_baseline	:= baseline
TREE_stock	:= stock
TREE := $(or $(TREE_$(KERNEL)),no-such-kernel)

.PHONY: help deps deps-all check check-all compare compare-tests callsites tree stock baseline kernel \
	boot bench each static refresh mbox results clean distclean no-such-kernel

help:
	@echo 'page_pin: pinned user pages for Linux, as a patch series on 5.10'
	@echo
	@echo '  make bench      build and boot the kernel, run gup_benchmark, print the table'
	@echo '  make check      run the tests (TESTS="20-tree ..." runs some of them)'
	@echo '  make check-all  and on powerpc, under Xen, and cross compiled'
	@echo '  make compare    gup_benchmark on ours, baseline and stock: a table, and pictures'
	@echo '  make compare-tests  the self-tests on these (TESTS=... some)'
	@echo
	@echo '  make callsites  where pages are taken and given back, and what proves each'
	@echo '  make deps       install what the rest needs (Debian packages)'
	@echo '  make tree       build/linux: base, baseline, one commit a patch'
	@echo '  make stock      build/stock: the untouched kernel'
	@echo '  make baseline   build/baseline: the kernel without any pinning'
	@echo '  make kernel     build the kernel'
	@echo '  make boot       boot it, with a shell on this terminal'
	@echo '  make static     checkpatch, sparse, W=1, kernel-doc, shellcheck, codespell'
	@echo '  make each       build and boot every commit (FIRST=commit to start there)'
	@echo '  make refresh    write patches/ and new files back from build/linux'
	@echo '  make mbox       build/page_pin.mbox: the series as mails'
	@echo '  make results    the runs so far, with their verdicts'
	@echo '  make clean      remove kernel builds and results'
	@echo '  make distclean  remove all of build/ and results/, downloads too'
	@echo
	@echo '  KERNEL=ours|baseline|stock   which kernel (bench, kernel, boot)'
	@echo '  SCENARIO=lean|hold|debug|...  which of scenarios/ (kernel, boot)'
	@echo '  LINUX_SOURCE=FILE.tar.xz     the base, where no mirror has it'
	@echo '  BUILD=DIR RESULTS=DIR        where to work, instead of build/ and results/'

deps:
	@$(BIN)/deps.sh

deps-all: deps
	@PP_PACKAGES=tools/testing/page_pin/packages.all $(BIN)/deps.sh

tree: deps
	@$(BIN)/tree.sh

stock: deps
	@$(BIN)/stock.sh

baseline: tree
	@$(BIN)/baseline-tree.sh

no-such-kernel:
	@echo 'page_pin: there is no KERNEL=$(KERNEL); use ours, baseline or stock' >&2
	@false

kernel: $(TREE)
	@$(BIN)/kernel.sh $(KERNEL) $(SCENARIO)

boot: kernel
	@$(BIN)/boot.sh $(KERNEL) $(SCENARIO)

bench: $(TREE)
	@$(BIN)/bench.sh $(KERNEL)

compare: tree stock baseline
	@$(BIN)/compare.sh

check: tree
	@$(BIN)/run-tests.pl $(TESTS)

check-all: deps-all tree
	@$(BIN)/run-tests.pl --all $(TESTS)

compare-tests: tree stock baseline
	@$(BIN)/compare-tests.sh $(TESTS)

callsites: tree
	@$(BIN)/callsites.sh $(FORMAT)

each: tree
	@$(BIN)/each.sh $(FIRST)

static: tree baseline
	@$(BIN)/static.sh

refresh:
	@$(BIN)/refresh.sh

mbox: tree
	@$(BIN)/mbox.sh

results:
	@$(BIN)/results.sh

clean:
	@$(BIN)/clean.sh

distclean:
	@$(BIN)/clean.sh all
