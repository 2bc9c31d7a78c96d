// SPDX-License-Identifier: GPL-2.0-only
//
// Core: mm without FOLL_PIN.  What is left takes and returns plain references,
// with the checks (count overflow, FOLL_LONGTERM and CMA) that get_* had.

@initialize:python@
@@
import os

def hit(rule):
	with open(os.environ["PP_HITS"], "a") as log:
		log.write(rule + "\n")

// --- 1. whole functions: the pin wrappers, the counting, the queries.
// First, so that no later rule counts a match inside one of them.

@gone@
identifier f = {hpage_pincount_add, hpage_pincount_sub,
	hpage_pincount_available, head_compound_pincount, compound_pincount,
	compound_pincount_ptr, page_maybe_dma_pinned,
	try_grab_compound_head, put_compound_head, try_grab_page,
	is_valid_gup_flags, unpin_user_page,
	__get_user_pages_remote, pin_user_pages, pin_user_pages_fast,
	pin_user_pages_fast_only, pin_user_pages_locked,
	pin_user_pages_remote, pin_user_pages_unlocked};
type T;
position p;
@@
- T f@p(...) { ... }

@script:python@ p << gone.p; @@
hit("gone")

@put_def@
type T;
position p;
@@
(
  T
- unpin_user_pages@p
+ put_user_pages
  (...) { ... }
|
  T
- unpin_user_pages_dirty_lock@p
+ put_user_pages_dirty_lock
  (...) { ... }
)

@script:python@ p << put_def.p; @@
hit("put_def")

// --- 2. flags: FOLL_GET is the only kind of reference

@exclusive@
expression flags, E;
position p;
@@
- if (WARN_ON_ONCE@p((flags & (FOLL_PIN | FOLL_GET)) == (FOLL_PIN | FOLL_GET)))
-	return E;

@script:python@ p << exclusive.p; @@
hit("exclusive")

@either@
expression flags;
position p;
@@
- flags & (FOLL_GET@p | FOLL_PIN)
+ flags & FOLL_GET

@script:python@ p << either.p; @@
hit("either")

@allowed@
expression flags;
position p;
@@
  flags
- | FOLL_PIN@p

@script:python@ p << allowed.p; @@
hit("allowed")

@implied@
identifier pages, flags;
position p;
@@
- if (pages && !(flags & FOLL_PIN@p))
+ if (pages)
	flags |= FOLL_GET;

@script:python@ p << implied.p; @@
hit("implied")

@refused@
identifier gup_flags;
position p;
@@
(
- if (!is_valid_gup_flags@p(gup_flags))
-	return -EINVAL;
|
- if (WARN_ON_ONCE(gup_flags & FOLL_PIN@p))
-	return -EINVAL;
)

@script:python@ p << refused.p; @@
hit("refused")

// --- 3. branches that only a pin takes

@undo disable drop_else@
identifier flags, page;
position p;
@@
- if (flags & FOLL_PIN@p)
-	unpin_user_page(page);
- else
	put_page(page);

@script:python@ p << undo.p; @@
hit("undo")

@undo_array disable drop_else@
identifier flags, pages, i;
expression n;
position p;
@@
- if (flags & FOLL_PIN@p)
-	unpin_user_pages(pages, n);
- else
	for (i = 0; i < n; i++)
		put_page(pages[i]);

@script:python@ p << undo_array.p; @@
hit("undo_array")

@only_pin disable drop_else@
expression flags;
statement S;
position p;
@@
- if (flags & FOLL_PIN@p) S

@script:python@ p << only_pin.p; @@
hit("only_pin")

@seq@
identifier s;
position p;
@@
 lockless_pages_from_mm(...)
 {
	<+...
-	unsigned s@p;
	...+>
 }

@script:python@ p << seq.p; @@
hit("seq")

@put_call@
position p;
@@
(
- unpin_user_page@p
+ put_user_page
|
- unpin_user_pages@p
+ put_user_pages
)
  (...)

@script:python@ p << put_call.p; @@
hit("put_call")

// --- 4. taking and returning a reference

@cma_check@
identifier page, refs, head;
position p;
@@
 struct page *try_get_compound_head@p(struct page *page, int refs
+ , unsigned int flags
 )
 {
	struct page *head = compound_head(page);

+	if (unlikely(flags & FOLL_LONGTERM) && is_migrate_cma_page(page))
+		return NULL;
	...
 }

@script:python@ p << cma_check.p; @@
hit("cma_check")

@grab_head@
expression head, page, refs;
identifier flags;
position p;
@@
- head = try_grab_compound_head@p(page, refs, flags);
+ head = try_get_compound_head(page, refs, flags);

@script:python@ p << grab_head.p; @@
hit("grab_head")

@drop_one@
identifier head, flags;
position p;
@@
- put_compound_head@p(head, 1, flags);
+ put_page(head);

@script:python@ p << drop_one.p; @@
hit("drop_one")

@drop_many@
identifier head, refs, flags;
position p;
@@
- put_compound_head@p(head, refs, flags);
+ put_page_refs(head, refs);

@script:python@ p << drop_many.p; @@
hit("drop_many")

// callers that have seen FOLL_GET, or that only run with it
@grab_known@
identifier f = {get_gate_page, __gup_device_huge, follow_devmap_pmd,
		follow_devmap_pud, follow_hugetlb_page};
expression page, flags;
position p;
@@
 f(...)
 {
	<+...
-	try_grab_page@p(page, flags)
+	try_get_page(page)
	...+>
 }

@script:python@ p << grab_known.p; @@
hit("grab_known")

// callers that may run without it
@grab_test disable unlikely@
expression page, flags;
position p;
@@
(
- unlikely(!try_grab_page@p(page, flags))
+ (flags & FOLL_GET) && unlikely(!try_get_page(page))
|
- WARN_ON_ONCE(!try_grab_page@p(page, flags))
+ (flags & FOLL_GET) && WARN_ON_ONCE(!try_get_page(page))
|
- !try_grab_page@p(page, flags)
+ (flags & FOLL_GET) && !try_get_page(page)
)

@script:python@ p << grab_test.p; @@
hit("grab_test")

// --- 5. parameters that nobody reads any more

@undo_param@
position p;
@@
 undo_dev_pagemap@p(int *nr, int nr_start,
-	unsigned int flags,
	struct page **pages) { ... }

@script:python@ p << undo_param.p; @@
hit("undo_param")

@undo_arg@
position p;
@@
 undo_dev_pagemap@p(nr, nr_start,
-	flags,
	pages)

@script:python@ p << undo_arg.p; @@
hit("undo_arg")

@device_param@
identifier f = {__gup_device_huge, __gup_device_huge_pmd,
		__gup_device_huge_pud};
type T;
position p;
@@
 T f@p(...,
-	unsigned long end, unsigned int flags, struct page **pages, int *nr
+	unsigned long end, struct page **pages, int *nr
	) { ... }

@script:python@ p << device_param.p; @@
hit("device_param")

@device_arg@
identifier f = {__gup_device_huge, __gup_device_huge_pmd,
		__gup_device_huge_pud};
position p;
@@
 f@p(...,
-	end, flags, pages, nr
+	end, pages, nr
	)

@script:python@ p << device_arg.p; @@
hit("device_arg")

@remote@
position p;
@@
 get_user_pages_remote@p(...)
 {
-	return __get_user_pages_remote(mm, start, nr_pages, gup_flags, pages, vmas, locked);
+	/*
+	 * Parts of FOLL_LONGTERM behavior are incompatible with
+	 * FAULT_FLAG_ALLOW_RETRY because of the FS DAX check requirement on
+	 * vmas. However, this only comes up if locked is set, and there are
+	 * callers that do request FOLL_LONGTERM, but do not set locked. So,
+	 * allow what we can.
+	 */
+	if (gup_flags & FOLL_LONGTERM) {
+		if (WARN_ON_ONCE(locked))
+			return -EINVAL;
+		/*
+		 * This will check the vmas (even if our vmas arg is NULL)
+		 * and return -ENOTSUPP if DAX isn't allowed in this case:
+		 */
+		return __gup_longterm_locked(mm, start, nr_pages, pages,
+					     vmas, gup_flags | FOLL_TOUCH |
+					     FOLL_REMOTE);
+	}
+
+	return __get_user_pages_locked(mm, start, nr_pages, pages, vmas,
+				       locked,
+				       gup_flags | FOLL_TOUCH | FOLL_REMOTE);
 }

@script:python@ p << remote.p; @@
hit("remote")

// --- 6. the exact count of compound pages

@count_init@
expression page;
position p;
@@
- if (hpage_pincount_available@p(page))
-	atomic_set(compound_pincount_ptr(page), 0);

@script:python@ p << count_init.p; @@
hit("count_init")

@count_reset@
expression page;
position p;
@@
- atomic_set@p(compound_pincount_ptr(page), 0);

@script:python@ p << count_reset.p; @@
hit("count_reset")

@count_dump disable drop_else@
expression page;
position p;
@@
- if (hpage_pincount_available@p(page)) {
-	pr_warn(...);
- } else {
	pr_warn(...);
- }

@script:python@ p << count_dump.p; @@
hit("count_dump")
