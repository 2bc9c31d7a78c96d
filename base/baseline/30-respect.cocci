// SPDX-License-Identifier: GPL-2.0-only
//
// Respect: fork, reclaim and soft-dirty no longer ask whether a page is pinned.
// The unlikely() isomorphism is off wherever a rule holds an unlikely(): with it
// the put_page() of other functions in mm/memory.c match, and leak.

@initialize:python@
@@
import os

def hit(rule):
	with open(os.environ["PP_HITS"], "a") as log:
		log.write(rule + "\n")

// --- 1. fork copies no page early

@early_copy@
identifier f = {copy_present_page, page_copy_prealloc};
type T;
position p;
@@
- T f@p(...) { ... }

@script:python@ p << early_copy.p; @@
hit("early_copy")

@one_pte@
identifier rss, prealloc, page, retval;
position p;
@@
 static inline
-int
+void
 copy_present_pte@p(struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma,
		 pte_t *dst_pte, pte_t *src_pte, unsigned long addr, int *rss
-		 , struct page **prealloc
		 )
 {
	...
	if (page) {
-		int retval;
-
-		retval = copy_present_page(...);
-		if (retval <= 0)
-			return retval;
		...
	}
	...
-	return 0;
 }

@script:python@ p << one_pte.p; @@
hit("one_pte")

@pte_loop disable unlikely@
position p;
@@
-	ret = copy_present_pte@p(dst_vma, src_vma, dst_pte, src_pte, addr, rss, &prealloc);
-	if (unlikely(ret == -EAGAIN))
-		break;
-	if (unlikely(prealloc)) {
-		put_page(prealloc);
-		prealloc = NULL;
-	}
+	copy_present_pte(dst_vma, src_vma, dst_pte, src_pte, addr, rss);

@script:python@ p << pte_loop.p; @@
hit("pte_loop")

@pte_retry disable drop_else@
position p;
@@
 copy_pte_range(...)
 {
	...
	if (entry.val) {
		...
	}
-	else if (ret) {
-		WARN_ON_ONCE@p(ret != -EAGAIN);
-		prealloc = page_copy_prealloc(src_mm, src_vma, addr);
-		if (!prealloc)
-			return -ENOMEM;
-		ret = 0;
-	}
	...
 }

@script:python@ p << pte_retry.p; @@
hit("pte_retry")

@pte_nomem@
expression E;
position p;
@@
- if (E) {
-	ret = -ENOMEM;
-	goto out@p;
- }
+ if (E)
+	return -ENOMEM;

@script:python@ p << pte_nomem.p; @@
hit("pte_nomem")

@pte_out disable unlikely@
position p;
@@
 copy_pte_range(...)
 {
	...
-out:
-	if (unlikely(prealloc))
-		put_page@p(prealloc);
	return
-	ret
+	0
	;
 }

@script:python@ p << pte_out.p; @@
hit("pte_out")

@pte_ret@
position p;
@@
 copy_pte_range(...)
 {
	...
-	int ret@p = 0;
	...
 }

@script:python@ p << pte_ret.p; @@
hit("pte_ret")

@pte_prealloc@
position p;
@@
- struct page *prealloc@p = NULL;

@script:python@ p << pte_prealloc.p; @@
hit("pte_prealloc")

@huge_split disable unlikely@
expression vma, mm, page;
position p;
@@
- if (unlikely(is_cow_mapping(vma->vm_flags) && atomic_read(&mm->has_pinned) && page_maybe_dma_pinned@p(page))) { ... }

@script:python@ p << huge_split.p; @@
hit("huge_split")

// --- 2. fork and the lockless walk need no sequence count

@seq_write@
identifier mm;
position p;
@@
- mmap_assert_write_locked(mm);
- raw_write_seqcount_begin@p(&mm->write_protect_seq);

@script:python@ p << seq_write.p; @@
hit("seq_write")

@seq_end@
position p;
@@
- if (is_cow) {
-	raw_write_seqcount_end@p(&src_mm->write_protect_seq);
-	mmu_notifier_invalidate_range_end(&range);
- }
+ if (is_cow)
+	mmu_notifier_invalidate_range_end(&range);

@script:python@ p << seq_end.p; @@
hit("seq_end")

@mm_init@
identifier mm;
position p;
@@
(
- seqcount_init@p(&mm->write_protect_seq);
|
- atomic_set@p(&mm->has_pinned, 0);
)

@script:python@ p << mm_init.p; @@
hit("mm_init")

// --- 3. reclaim and soft-dirty treat every page alike

@reclaim@
identifier page;
position p;
@@
- if (page_maybe_dma_pinned@p(page))
-	goto keep_locked;

@script:python@ p << reclaim.p; @@
hit("reclaim")

@pte_is_pinned@
type T;
position p;
@@
- T pte_is_pinned@p(...) { ... }

@script:python@ p << pte_is_pinned.p; @@
hit("pte_is_pinned")

@soft_dirty@
position p;
@@
- if (pte_is_pinned@p(...))
-	return;

@script:python@ p << soft_dirty.p; @@
hit("soft_dirty")
