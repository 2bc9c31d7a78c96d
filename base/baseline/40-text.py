#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Baseline, last pass: the text that Coccinelle does not reach.

Comments, strings, #defines, struct fields, enum entries, EXPORT_SYMBOL, case
labels, designated initialisers, documents and scripts.  Run in the top folder
of the kernel tree.  Each edit must match exactly as often as it says; nothing
is written unless all do.  Prints the number of edits for each file.
"""

import collections
import os
import re
import sys

files = {}
made = collections.Counter()


def load(path):
    if path not in files:
        with open(path, encoding="utf-8", newline="") as f:
            files[path] = f.read()
    return files[path]


def wrong(path, what):
    sys.exit(f"{path}: {what}")


def edit(path, old, new="", count=1):
    """Replace the text old, found exactly count times."""
    text = load(path)
    if text.count(old) != count:
        wrong(path, f"{text.count(old)} times, not {count}: {old!r}")
    files[path] = text.replace(old, new)
    made[path] += 1


def cut(path, first, last, lines, new=""):
    """Replace the lines from first, which is unique, to the next line last."""
    text = load(path)
    if text.count("\n" + first + "\n") != 1:
        wrong(path, f"not exactly once: {first!r}")
    start = text.index("\n" + first + "\n") + 1
    end = text.find("\n" + last + "\n", start + len(first))
    if end < 0:
        wrong(path, f"not found: {last!r}")
    end += len(last) + 2
    if text.count("\n", start, end) != lines:
        wrong(path, f"{text.count(chr(10), start, end)} lines, not {lines}, "
                    f"from {first!r}")
    files[path] = text[:start] + new + text[end:]
    made[path] += 1


def word(path, old, new, count=1):
    """Rename a word, found exactly count times."""
    files[path], found = re.subn(rf"\b{old}\b", new, load(path))
    if found != count:
        wrong(path, f"{found} times, not {count}: the word {old}")
    made[path] += 1


# --- call sites: names in comments, strings and a label

word("drivers/media/pci/ivtv/ivtvfb.c", "pin_user_pages", "get_user_pages")
word("drivers/media/v4l2-core/videobuf-dma-sg.c",
     "pin_user_pages", "get_user_pages")
word("drivers/misc/genwqe/card_utils.c", "pin_user_pages", "get_user_pages")
word("drivers/misc/genwqe/card_utils.c",
     "fail_pin_user_pages", "fail_get_user_pages", 3)
word("drivers/rapidio/devices/rio_mport_cdev.c",
     "pin_user_pages_fast", "get_user_pages_fast")
word("drivers/sbus/char/oradax.c", "pin_user_pages", "get_user_pages")
word("drivers/staging/kpc2000/kpc_dma/fileops.c",
     "pin_user_pages", "get_user_pages")
word("drivers/vfio/vfio_iommu_type1.c",
     "pin_user_pages_remote", "get_user_pages_remote")
word("drivers/vhost/vdpa.c", "pin_user_pages", "get_user_pages")

# Coccinelle indents the rest of this call anew: undo that.
edit("drivers/vfio/vfio_iommu_spapr_tce.c",
     "\t\t\t\tdirection != DMA_TO_DEVICE ? FOLL_WRITE : 0,\n"
     "\t\t\t\t&page) != 1)\n",
     "\t\t\tdirection != DMA_TO_DEVICE ? FOLL_WRITE : 0,\n"
     "\t\t\t&page) != 1)\n")

# --- include/linux

MM = "include/linux/mm.h"
cut(MM, "/*\n * GUP_PIN_COUNTING_BIAS, and the associated functions that use it,"
    " overload", "#define GUP_PIN_COUNTING_BIAS (1U << 10)", 32,
    """\
/**
 * put_user_page() - release a page that get_user_pages*() returned
 * @page: page to be released
 *
 * Call this, or one of the put_user_pages*() routines below, once for each time
 * that the page was returned. It does what put_page() does, and says where the
 * reference came from.
 */
static inline void put_user_page(struct page *page)
{
	put_page(page);
}

""")
edit(MM, "void unpin_user_pages_dirty_lock(struct page **pages, "
     "unsigned long npages,\n\t\t\t\t bool make_dirty);\n"
     "void unpin_user_pages(",
     "void put_user_pages_dirty_lock(struct page **pages, "
     "unsigned long npages,\n\t\t\t       bool make_dirty);\n"
     "void put_user_pages(")
edit(MM, "#define FOLL_PIN\t0x40000\t/* pages must be released via "
     "unpin_user_page */\n")
cut(MM, " * FOLL_PIN and FOLL_LONGTERM may be used in various combinations"
    " with each", " *", 3)
cut(MM, " *\n * FOLL_PIN indicates that a special kind of tracking (not just"
    " page->_refcount,",
    " * Please see Documentation/core-api/pin_user_pages.rst for more"
    " information.", 28)

TYPES = "include/linux/mm_types.h"
edit(TYPES, "#include <linux/seqlock.h>\n")
edit(TYPES, "\t\t\tatomic_t hpage_pinned_refcount;\n",
     "\t\t\tunsigned long _compound_pad_2;\n")
cut(TYPES, "\t\t/**\n\t\t * @has_pinned: Whether this mm has pinned any pages.  This"
    " can", "", 10)
cut(TYPES, "\t\t/**\n\t\t * @write_protect_seq: Locked when any thread is write", "", 7)

edit("include/linux/mmzone.h",
     "\tNR_FOLL_PIN_ACQUIRED,\t/* via: pin_user_page(), gup flag: FOLL_PIN */\n"
     "\tNR_FOLL_PIN_RELEASED,\t/* pages returned via unpin_user_page() */\n")

# --- initialisers

edit("arch/x86/kernel/tboot.c",
     "\t.write_protect_seq = SEQCNT_ZERO(tboot_mm.write_protect_seq),\n")
edit("drivers/firmware/efi/efi.c",
     "\t.write_protect_seq      = SEQCNT_ZERO(efi_mm.write_protect_seq),\n")
edit("mm/init-mm.c",
     "\t.write_protect_seq = SEQCNT_ZERO(init_mm.write_protect_seq),\n")

# --- mm/gup.c

GUP = "mm/gup.c"
edit(GUP, "	struct page *head = compound_head(page);\n"
     "	if (unlikely(flags & FOLL_LONGTERM)",
     """\
	struct page *head = compound_head(page);

	/*
	 * Can't do FOLL_LONGTERM with CMA in the gup fast path, so fail and
	 * let the caller fall back to the slow path.
	 */
	if (unlikely(flags & FOLL_LONGTERM)""")
edit(GUP, "EXPORT_SYMBOL(unpin_user_page);\n")
word(GUP, "unpin_user_pages_dirty_lock", "put_user_pages_dirty_lock", 2)
word(GUP, "unpin_user_pages", "put_user_pages", 3)
word(GUP, "unpin_user_page", "put_user_page", 5)
edit(GUP, "put_user_pages_dirty_lock(struct page **pages, unsigned long npages,"
     "\n\t\t\t\t bool make_dirty)",
     "put_user_pages_dirty_lock(struct page **pages, unsigned long npages,"
     "\n\t\t\t       bool make_dirty)")
edit(GUP, "gup/pup returned\n\t * a hard -ERRNO error to the caller, who",
     "gup returned a\n\t * hard -ERRNO error to the caller, who")
edit(GUP, "in the FOLL_GET or FOLL_PIN\n\t\t * case since they are only valid "
     "while holding the pgmap\n\t\t * reference.\n",
     "in the FOLL_GET case since\n\t\t * they are only valid while holding "
     "the pgmap reference.\n")
edit(GUP, "	/* try_grab_page() does nothing unless FOLL_GET or FOLL_PIN is"
     " set. */\n")
cut(GUP, "\t/*\n\t * We need to make the page accessible if and only if we are "
    "going", "\t */", 5)
cut(GUP, "\t\t/*\n\t\t * We need to make the page accessible if and only if we "
    "are", "\t\t */", 6)
cut(GUP, "\t/*\n\t * FOLL_PIN and FOLL_GET are mutually exclusive. Traditional "
    "behavior", "\t */", 9)
edit(GUP, "#ifdef CONFIG_MMU\n\n/**\n * get_user_pages_remote",
     "#ifdef CONFIG_MMU\n/**\n * get_user_pages_remote")
edit(GUP, "pages, vmas,\n\t\t\t\t\t     gup_flags | FOLL_TOUCH | "
     "FOLL_REMOTE);\n\t}\n",
     "pages,\n\t\t\t\t\t     vmas, gup_flags | FOLL_TOUCH |\n"
     "\t\t\t\t\t     FOLL_REMOTE);\n\t}\n")
cut(GUP, "\t/*\n\t * When pinning pages for DMA there could be a concurrent "
    "write protect", "\t */", 4)
edit(GUP, "EXPORT_SYMBOL_GPL(pin_user_pages_fast);\n"
     "EXPORT_SYMBOL_GPL(pin_user_pages_fast_only);\n"
     "EXPORT_SYMBOL(pin_user_pages_remote);\n"
     "EXPORT_SYMBOL(pin_user_pages);\n"
     "EXPORT_SYMBOL(pin_user_pages_unlocked);\n"
     "EXPORT_SYMBOL(pin_user_pages_locked);\n")

# --- the rest of mm, and fs/proc

edit("fs/proc/task_mmu.c", "#define is_cow_mapping(flags) (((flags) & "
     "(VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)\n\n")
edit("mm/huge_memory.c",
     "\t *\n\t * At least one of FOLL_GET | FOLL_PIN must be set, so assert "
     "that here:\n")
word("mm/hugetlb.c", "try_grab_page", "try_get_page", 2)
edit("mm/memory.c",
     "/*\n * Copy one pte.  Returns 0 if succeeded, or -EAGAIN if one "
     "preallocated page\n * is required to copy this pte.\n */\n")
edit("mm/memory.c",
     "\t\t/* copy_present_pte() will clear `*prealloc' if consumed */\n")
edit("mm/vmstat.c", '\t"nr_foll_pin_acquired",\n\t"nr_foll_pin_released",\n')

# --- the benchmark, its user side, and documents

BENCH = "mm/gup_benchmark.c"
DEFINES = "".join(f"#define {name}\t_IOWR('g', {nr}, struct gup_benchmark)\n"
                  for name, nr in (("PIN_FAST_BENCHMARK", 3),
                                   ("PIN_BENCHMARK\t", 4),
                                   ("PIN_LONGTERM_BENCHMARK", 5)))
edit(BENCH, DEFINES)
edit(BENCH, """

	case PIN_FAST_BENCHMARK:
	case PIN_BENCHMARK:
	case PIN_LONGTERM_BENCHMARK:
		unpin_user_pages(pages, nr_pages);
		break;
""", "\n")
cut(BENCH, "static void verify_dma_pinned(unsigned int cmd, struct page"
    " **pages,", "}", 22)
edit(BENCH, "}\n\n\nstatic int __gup", "}\n\nstatic int __gup")
edit(BENCH, "needs_mmap_lock =\n\t\tcmd != GUP_FAST_BENCHMARK && "
     "cmd != PIN_FAST_BENCHMARK;", "needs_mmap_lock = cmd != GUP_FAST_BENCHMARK;")
cut(BENCH, "		case PIN_FAST_BENCHMARK:", "					    pages + i, NULL);",
    12)
edit(BENCH, "\t\t\tbreak;\n\t\t\tbreak;\n", "\t\t\tbreak;\n")
cut(BENCH, "\t/*\n\t * Take an un-benchmark-timed moment to verify DMA pinned",
    "\tverify_dma_pinned(cmd, pages, nr_pages);\n", 6)
edit(BENCH, "\tcase PIN_FAST_BENCHMARK:\n\tcase PIN_BENCHMARK:\n"
     "\tcase PIN_LONGTERM_BENCHMARK:\n")

USER = "tools/testing/selftests/vm/gup_benchmark.c"
edit(USER, "/* Similar to above, but use FOLL_PIN instead of FOLL_GET. */\n"
     + DEFINES + "\n")
edit(USER, '"m:r:n:f:abtTLUuwSH"', '"m:r:n:f:tTUuwSH"')
cut(USER, "		case 'a':", "			cmd = PIN_LONGTERM_BENCHMARK;", 8)
edit(USER, "\t\t\tbreak;\n\t\tcase 'm':", "\t\tcase 'm':")
cut("tools/testing/selftests/vm/run_vmtests",
    'echo "running gup_benchmark -b (pin_user_pages)"', "fi", 9)
edit("tools/testing/selftests/vm/run_vmtests",
     'echo "' + 42 * "-" + '"\n\necho "' + 19 * "-" + '"\n',
     'echo "' + 19 * "-" + '"\n')
edit("Documentation/core-api/index.rst", "   pin_user_pages\n")
load("Documentation/core-api/pin_user_pages.rst")
made["Documentation/core-api/pin_user_pages.rst"] += 1

for path, text in files.items():
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    print(path, made[path])
os.remove("Documentation/core-api/pin_user_pages.rst")
