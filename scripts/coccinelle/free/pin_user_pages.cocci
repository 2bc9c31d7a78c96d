// SPDX-License-Identifier: GPL-2.0-only
/// Pages of user memory that are pinned (pin_user_pages*(), or by range
/// pin_user_page_ranges*()) are given back with unpin_user_page*(), and pages
/// with a plain reference (get_user_pages*() and the like) with put_page() or
/// release_pages(). Finds where the two are mixed up, pins that are lost on the
/// way to a return, and flags that only gup itself may set.
/// See Documentation/core-api/pin_user_pages.rst.
///
//# There are three kinds of mix-ups, and the message says which one it is:
//#
//# confidence high: taken and given back in one function, through one variable,
//# with a path from the one to the other on which it keeps its value. The pages
//# may go through another variable on the way (page = pages[i]).
//#
//# confidence moderate: the pages are kept in a field of some structure, and
//# pages from a field of that name are given back, in any function of the file.
//# Silent if the file keeps pages of both kinds in it. Or the page is of a struct
//# page_range, which is for pins only, and is put in a file that takes them.
//#
//# confidence low: all pages of user memory that the file takes are of one
//# kind, it takes no page from elsewhere, and it gives one back as of the other
//# kind. They came through a scatterlist or a helper, say.
//#
//# An if that gives back in one way, and in the other way in its else or, if it
//# returns, behind it, has a choice. It is not reported. What
//# iov_iter_pin_pages() takes is pinned or not, so who keeps it has a choice,
//# too: mix-ups are looked for within one function only, lost pins not at all.
//#
//# A lost pin has confidence moderate. Of an array, or a pointer to a page, that
//# is local to a function and is not passed on nor stored, it finds a path from
//# a pin that worked to a return without a release, and a test for a short count
//# that returns without one. What a loop or an if does with the pages in
//# between counts as a release.
//#
//# A flag is found where it stands in the call itself.
//#
//# Patch mode corrects mix-ups of high and moderate confidence. For a dirty
//# release of plain references there is no single function: it is only reported,
//# and so are flags.
//
// Confidence: Moderate
// Copyright: (C) 2026 page_pin developers
// Comments:
// Options: --no-includes

virtual patch
virtual context
virtual org
virtual report

@initialize:python@
@@

import re

# By file and kind: the first place where pages are taken, and the fields that
# keep them. By file: the first place where ranges are taken. The files that have
# pages from elsewhere.
taken, fields, ranges, others = {}, {}, {}, set()
# Releases that have a choice; those of the wrong kind, with what to say of them;
# returns that lose a pin, with the same.
choices, wrong, lost = set(), {}, {}
# Arrays that are known outside of a function, and returns that pass pages on.
arrays, known, returned = set(), set(), set()
# By function: the extents of what is done on a condition, and by array where
# something is done with its pages.
maybes, uses = {}, {}

OTHER = {"get": "pin", "pin": "get"}
TOOK = {"get": "took without a pin", "pin": "pinned"}
RIGHT = {"get": "put_page() or release_pages()", "pin": "unpin_user_page*()"}
FLAGS = {"get": ("FOLL_PIN", "FOLL_LONGTERM"), "pin": ("FOLL_PIN", "FOLL_GET")}

# The kind of reference that a function takes or gives back.
def kind(function):
    return "pin" if "pin_" in function else "get"

def place(p):
    return p.file, int(p.line), int(p.column)

# How many pages there are in a range is not where they are.
def is_number(value):
    return (re.search(r"(->|\.)\s*nr_pages\b", value) and
            not re.search(r"(->|\.)\s*page\b", value))

def keep(take, p, pages):
    field = re.search(r"(?:->|\.)\s*(\w+)(?:\s*\[.*\])?\s*$", pages)
    if field:
        fields.setdefault((p.file, kind(take)), {}).setdefault(
            field.group(1), (take, p.line))

def mixed(take, line, give, p, confidence):
    if kind(take) != kind(give) and place(p) not in choices:
        wrong.setdefault(place(p), (confidence,
            "ERROR: %s() calls %s() for pages that %s() on line %s %s, use %s "
            "(confidence %s)" % (p.current_element, give, take, line,
                TOOK[kind(take)], RIGHT[kind(take)], confidence)))

def mixed_field(field, give, p):
    if field in fields.get((p.file, kind(give)), {}):
        return
    # That of a struct page_range is called like many others.
    if field == "page" and kind(give) == "pin" and p.file in ranges:
        return
    take, line = fields.get((p.file, OTHER[kind(give)]), {}).get(field, (None, 0))
    if take:
        mixed(take, line, give, p, "moderate")

def mixed_range(give, p):
    if p.file in ranges:
        take, line = ranges[p.file]
        mixed(take, line, give, p, "moderate")

def mixed_file(give, p):
    if (p.file, kind(give)) in taken or p.file in others:
        return
    take, line = taken.get((p.file, OTHER[kind(give)]), (None, 0))
    if take:
        mixed(take, line, give, p, "low")

def is_wrong(p):
    return place(p[0]) in wrong

def is_sure(p):
    return is_wrong(p) and wrong[place(p[0])][0] in ("high", "moderate")

def flagged(take, p, flag):
    if flag in FLAGS[kind(take)]:
        wrong.setdefault(place(p), ("flag",
            "ERROR: %s() gives %s to %s(), where it is not allowed "
            "(confidence high)" % (p.current_element, flag, take)))

def share(p, pages, value):
    if not re.search(r"alloc|^NULL$|^0$", value):
        known.add((p.file, p.current_element, pages))

def may(p, end):
    maybes.setdefault((p.file, p.current_element), set()).add((p.line, end))

# Between p and q, an if or a loop does something with the pages.
def is_handled(p, q, pages):
    first, last = int(p.line), int(q.line)
    used = uses.get((p.file, p.current_element, pages), ())
    return any(first < line < last and int(start) <= line and
               (end is None or line <= int(end) < last)
               for start, end in maybes.get((p.file, p.current_element), ())
               if int(start) > first for line in used)

def lose(p, q, pages):
    if ((p.file, p.current_element, pages) not in known and
        place(q) not in returned and not is_handled(p, q, pages)):
        lost.setdefault(place(q),
            "ERROR: %s() returns and has not unpinned %s, pinned on line %s "
            "(confidence moderate)" % (p.current_element, pages, p.line))

def is_lost(p):
    return place(p[0]) in lost

// Where pages are taken. Of pages + 1 and &pages[1] it is pages that counts.

@acquire@
identifier take = {pin_user_pages, pin_user_pages_fast, pin_user_pages_fast_only,
	pin_user_pages_locked, pin_user_page_ranges, pin_user_page_ranges_fast,
	get_user_pages, get_user_pages_fast, get_user_pages_fast_only,
	get_user_pages_locked};
identifier take_remote = {pin_user_pages_remote, pin_user_page_ranges_remote,
	get_user_pages_remote};
identifier take_unlocked = {pin_user_pages_unlocked, get_user_pages_unlocked,
	get_user_page_fast_only};
identifier take_iter = {iov_iter_pin_pages, iov_iter_get_pages};
identifier take_alloc = {iov_iter_pin_pages_alloc, iov_iter_get_pages_alloc};
expression e1, e2, e3, e4, pages, i;
position p;
@@

(
take@p(e1, e2, e3, \(&pages[i]\|pages + i\|&pages\|pages\), ...)
|
take_remote@p(e1, e2, e3, e4, \(&pages[i]\|pages + i\|&pages\|pages\), ...)
|
take_unlocked@p(e1, e2, \(&pages[i]\|pages + i\|&pages\|pages\), ...)
|
take_iter@p(e1, \(&pages[i]\|pages + i\|&pages\|pages\), ...)
|
take_alloc@p(e1, &pages, ...)
)

@named@
identifier take;
position acquire.p;
@@

take@p(...)

@script:python@
take << named.take;
p << acquire.p;
pages << acquire.pages;
@@

arrays.add(pages)
if pages != "NULL" and not take.startswith("iov_iter_pin"):
    taken.setdefault((p[0].file, kind(take)), (take, p[0].line))
    if "_ranges" in take:
        ranges.setdefault(p[0].file, (take, p[0].line))
    keep(take, p[0], pages)

// Flags that say what the name of the function says, or contradict it.

@flags@
identifier take, flag = {FOLL_PIN, FOLL_GET, FOLL_LONGTERM};
position acquire.p;
@@

take@p(..., <+... flag ...+>, ...)

@script:python@
take << flags.take;
flag << flags.flag;
p << acquire.p;
@@

flagged(take, p[0], flag)

// An if that gives back both ways has a choice.

@choice depends on acquire@
identifier give1 = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages};
identifier give2 = {unpin_user_page, unpin_user_pages,
	unpin_user_pages_dirty_lock, unpin_user_page_range_dirty_lock,
	unpin_user_page_ranges, unpin_user_page_ranges_dirty_lock};
position q1, q2;
@@

(
if (...) { <+... give1@q1(...) ...+> } else { <+... give2@q2(...) ...+> }
|
if (...) { <+... give2@q2(...) ...+> } else { <+... give1@q1(...) ...+> }
)

@script:python@
q1 << choice.q1;
q2 << choice.q2;
@@

choices.update((place(q1[0]), place(q2[0])))

@early depends on acquire@
identifier give1 = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages};
identifier give2 = {unpin_user_page, unpin_user_pages,
	unpin_user_pages_dirty_lock, unpin_user_page_range_dirty_lock,
	unpin_user_page_ranges, unpin_user_page_ranges_dirty_lock};
identifier f;
expression e;
position q1, q2;
@@

f(...) { if (e) { <+... give2@q2(...) ...+> return; } <+... give1@q1(...) ...+> }

@script:python@
q1 << early.q1;
q2 << early.q2;
@@

choices.update((place(q1[0]), place(q2[0])))

// Taken and given back in one function.

@direct depends on acquire exists@
identifier take;
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages, unpin_user_page,
	unpin_user_pages, unpin_user_pages_dirty_lock,
	unpin_user_page_range_dirty_lock};
expression acquire.pages, e;
position acquire.p, q;
@@

take@p(...)
... when any
    when != pages = e
give@q(<+... pages ...+>, ...)

@script:python@
take << direct.take;
give << direct.give;
p << acquire.p;
q << direct.q;
@@

mixed(take, p[0].line, give, q[0], "high")

// The same by way of a variable.

@alias depends on acquire exists@
identifier take, x;
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages, unpin_user_page,
	unpin_user_pages, unpin_user_pages_dirty_lock,
	unpin_user_page_range_dirty_lock};
expression acquire.pages, e, v;
position acquire.p, q;
type T;
@@

take@p(...)
... when any
    when != pages = e
\(x = \(<+... pages ...+>\&v\);\|T x = \(<+... pages ...+>\&v\);\)
... when any
    when != x = e
give@q(<+... x ...+>, ...)

@script:python@
take << alias.take;
give << alias.give;
p << acquire.p;
q << alias.q;
v << alias.v;
@@

if not is_number(v):
    mixed(take, p[0].line, give, q[0], "high")

// Kept in a field: stored there when taken, or taken from there before.

@stored depends on acquire@
identifier fld;
expression acquire.pages, x, v;
@@

(
\(x->fld\|x.fld\) = \(<+... pages ...+>\&v\)
|
pages = \(\(x->fld\|x.fld\)\&v\)
)

@script:python@
take << named.take;
p << acquire.p;
fld << stored.fld;
v << stored.v;
@@

if not take.startswith("iov_iter_pin") and not is_number(v):
    keep(take, p[0], "." + fld)

@kept depends on acquire@
identifier fld;
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages, unpin_user_page,
	unpin_user_pages, unpin_user_pages_dirty_lock,
	unpin_user_page_range_dirty_lock};
expression x;
position q;
@@

give@q(<+... \(x->fld\|x.fld\) ...+>, ...)

@script:python@
fld << kept.fld;
give << kept.give;
q << kept.q;
@@

mixed_field(fld, give, q[0])

@kept_alias depends on acquire exists@
identifier fld, y;
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages, unpin_user_page,
	unpin_user_pages, unpin_user_pages_dirty_lock,
	unpin_user_page_range_dirty_lock};
expression x, e;
position q;
type T;
@@

\(y = <+... \(x->fld\|x.fld\) ...+>;\|T y = <+... \(x->fld\|x.fld\) ...+>;\)
... when any
    when != y = e
give@q(<+... y ...+>, ...)

@script:python@
fld << kept_alias.fld;
give << kept_alias.give;
q << kept_alias.q;
@@

mixed_field(fld, give, q[0])

// Of a range, whoever filled it.

@ranged depends on acquire@
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages};
struct page_range *r;
struct page_range s;
position q;
@@

give@q(<+... \(r->page\|s.page\) ...+>, ...)

@script:python@
give << ranged.give;
q << ranged.q;
@@

mixed_range(give, q[0])

@ranged_alias depends on acquire exists@
identifier x;
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages};
struct page_range *r;
struct page_range s;
expression e;
position q;
type T;
@@

\(x = <+... \(r->page\|s.page\) ...+>;\|T x = <+... \(r->page\|s.page\) ...+>;\)
... when any
    when != x = e
give@q(<+... x ...+>, ...)

@script:python@
give << ranged_alias.give;
q << ranged_alias.q;
@@

mixed_range(give, q[0])

// The whole file.

@elsewhere depends on acquire@
identifier other =~ "^(__|dev_|pagecache_)?(get|try_get|alloc|find_(get|lock|or_create)|find_subpage|grab_cache|read_(cache|mapping)|follow|gfn_to|kvm_.*_to|migrate)_?(page|pages|pages_node|pages_vma|page_vma|pages_exact|page_write.*|mapping_page|mapping_pages.*|pages_range.*|pages_contig|entry|entries.*)?$";
position p;
@@

other@p(...)

@script:python@
p << elsewhere.p;
@@

others.add(p[0].file)

@whole depends on acquire@
identifier give = {put_page, put_user_page, put_user_pages,
	put_user_pages_dirty_lock, release_pages, unpin_user_page,
	unpin_user_pages, unpin_user_pages_dirty_lock,
	unpin_user_page_range_dirty_lock, unpin_user_page_ranges,
	unpin_user_page_ranges_dirty_lock};
position q;
@@

give@q(...)

@script:python@
give << whole.give;
q << whole.q;
@@

mixed_file(give, q[0])

// Lost on the way to a return. Parameters, arrays that somebody else knows as
// well, and pages that are returned, do not count.

@given depends on acquire@
identifier f, v;
position p;
@@

f@p(..., struct page **v, ...) { ... }

@script:python@
f << given.f;
v << given.v;
p << given.p;
@@

known.add((p[0].file, f, v))

@given_array depends on acquire@
identifier f, v;
position p;
@@

f@p(..., struct page *v[], ...) { ... }

@script:python@
f << given_array.f;
v << given_array.v;
p << given_array.p;
@@

known.add((p[0].file, f, v))

@given_ranges depends on acquire@
identifier f, v;
position p;
@@

f@p(..., struct page_range *v, ...) { ... }

@script:python@
f << given_ranges.f;
v << given_ranges.v;
p << given_ranges.p;
@@

known.add((p[0].file, f, v))

@given_ranges_array depends on acquire@
identifier f, v;
position p;
@@

f@p(..., struct page_range v[], ...) { ... }

@script:python@
f << given_ranges_array.f;
v << given_ranges_array.v;
p << given_ranges_array.p;
@@

known.add((p[0].file, f, v))

@shared depends on acquire@
expression acquire.pages, e;
identifier f;
position q;
@@

(
pages@q = e;
|
\(e->f@q\|e.f@q\|*e@q\) = pages;
)

@script:python@
pages << acquire.pages;
e << shared.e;
q << shared.q;
@@

share(q[0], pages, e)

@initialized depends on acquire@
identifier v;
expression e;
position q;
type T;
@@

T v@q = e;

@script:python@
w << initialized.v;
e << initialized.e;
q << initialized.q;
@@

if w in arrays:
    share(q[0], w, e)

@used depends on acquire@
expression acquire.pages, e;
identifier pass != {kfree, kvfree, vfree, free_page, kmap, kmap_atomic, kunmap,
	kunmap_atomic, page_address, page_to_pfn, page_to_phys, flush_dcache_page,
	memset, memcpy, ARRAY_SIZE};
position q;
@@

(
pass@q(..., <+... pages ...+>, ...)
|
e@q = <+... pages ...+>
)

@script:python@
pages << acquire.pages;
q << used.q;
@@

uses.setdefault((q[0].file, q[0].current_element, pages), set()).add(int(q[0].line))

@used_declared depends on acquire@
expression acquire.pages;
identifier x;
type T;
position q;
@@

T x@q = <+... pages ...+>;

@script:python@
pages << acquire.pages;
q << used_declared.q;
@@

uses.setdefault((q[0].file, q[0].current_element, pages), set()).add(int(q[0].line))

@tested depends on acquire@
statement S;
position q;
@@

if (...) S@q

@script:python@
q << tested.q;
@@

may(q[0], q[0].line_end)

@looped depends on acquire@
statement S;
position q;
@@

(
while@q (...) S
|
for@q (...;...;...) S
)

@script:python@
q << looped.q;
@@

may(q[0], None)

@passed_on depends on acquire@
expression acquire.pages;
position q;
@@

return@q <+... pages ...+>;

@script:python@
q << passed_on.q;
@@

returned.add(place(q[0]))

@leak depends on acquire exists@
identifier take = {pin_user_pages, pin_user_pages_fast, pin_user_pages_fast_only,
	pin_user_pages_locked, pin_user_page_ranges, pin_user_page_ranges_fast};
identifier take_remote = {pin_user_pages_remote, pin_user_page_ranges_remote};
identifier pass != {kfree, kvfree, vfree, free_page, kmap, kmap_atomic, kunmap,
	kunmap_atomic, page_address, page_to_pfn, page_to_phys, flush_dcache_page,
	memset, memcpy, ARRAY_SIZE};
local idexpression pages;
identifier x;
expression e, e1, e2, e3, e4, n, r;
type T;
statement S;
position p, q;
@@

r = \(take@p(e1, n, e2, \(&pages\|pages\), ...)\|take_remote@p(e3, e1, n, e2, \(&pages\|pages\), ...)\|pin_user_pages_unlocked@p(e1, n, \(&pages\|pages\), ...)\)
... when != pass(..., <+... pages ...+>, ...)
    when != e = <+... pages ...+>
    when != T x = <+... pages ...+>;
if (\(r < e4\|r <= e4\|r != e4\|!r\)) S
... when != pass(..., <+... pages ...+>, ...)
    when != e = <+... pages ...+>
    when != T x = <+... pages ...+>;
return@q ...;

@script:python@
pages << leak.pages;
p << leak.p;
q << leak.q;
@@

lose(p[0], q[0], pages)

// The same where the call is in the test itself.

@leak_in_test depends on acquire exists@
identifier take = {pin_user_pages, pin_user_pages_fast, pin_user_pages_fast_only,
	pin_user_pages_locked, pin_user_page_ranges, pin_user_page_ranges_fast};
identifier take_remote = {pin_user_pages_remote, pin_user_page_ranges_remote};
identifier pass != {kfree, kvfree, vfree, free_page, kmap, kmap_atomic, kunmap,
	kunmap_atomic, page_address, page_to_pfn, page_to_phys, flush_dcache_page,
	memset, memcpy, ARRAY_SIZE};
local idexpression pages;
identifier x;
expression e, e1, e2, e3, n;
type T;
statement S;
position p, q;
@@

if (<+... \(take@p(e1, n, e2, \(&pages\|pages\), ...)\|take_remote@p(e3, e1, n, e2, \(&pages\|pages\), ...)\|pin_user_pages_unlocked@p(e1, n, \(&pages\|pages\), ...)\) ...+>) S
... when != pass(..., <+... pages ...+>, ...)
    when != e = <+... pages ...+>
    when != T x = <+... pages ...+>;
return@q ...;

@script:python@
pages << leak_in_test.pages;
p << leak_in_test.p;
q << leak_in_test.q;
@@

lose(p[0], q[0], pages)

// A short count that is taken for a failure without pages.

@cut_short depends on acquire exists@
identifier take = {pin_user_pages, pin_user_pages_fast, pin_user_pages_fast_only,
	pin_user_pages_locked, pin_user_page_ranges, pin_user_page_ranges_fast};
identifier take_remote = {pin_user_pages_remote, pin_user_page_ranges_remote};
identifier pass != {kfree, kvfree, vfree, free_page, kmap, kmap_atomic, kunmap,
	kunmap_atomic, page_address, page_to_pfn, page_to_phys, flush_dcache_page,
	memset, memcpy, ARRAY_SIZE};
local idexpression pages;
identifier x;
expression e, e1, e2, e3, n, r;
type T;
position p, q;
@@

r = \(take@p(e1, n, e2, \(&pages\|pages\), ...)\|take_remote@p(e3, e1, n, e2, \(&pages\|pages\), ...)\|pin_user_pages_unlocked@p(e1, n, \(&pages\|pages\), ...)\)
... when != pass(..., <+... pages ...+>, ...)
    when != e = <+... pages ...+>
    when != T x = <+... pages ...+>;
if (\(r < n\|r != n\)) { ... when != pass(..., <+... pages ...+>, ...)
    when != e = <+... pages ...+>
    when != T x = <+... pages ...+>;
return@q ...; }

@script:python@
pages << cut_short.pages;
n << cut_short.n;
p << cut_short.p;
q << cut_short.q;
@@

if n != "1":
    lose(p[0], q[0], pages)

// What was found, in each mode.

@mix depends on report || org@
identifier give;
position q : script:python() { is_wrong(q) };
@@

give@q(...)

@script:python depends on report@
q << mix.q;
@@

coccilib.report.print_report(q[0], wrong[place(q[0])][1])

@script:python depends on org@
q << mix.q;
@@

coccilib.org.print_todo(q[0], wrong[place(q[0])][1])

@loss depends on report || org@
position q : script:python() { is_lost(q) };
@@

return@q ...;

@script:python depends on report@
q << loss.q;
@@

coccilib.report.print_report(q[0], lost[place(q[0])])

@script:python depends on org@
q << loss.q;
@@

coccilib.org.print_todo(q[0], lost[place(q[0])])

@depends on context@
identifier give;
position q : script:python() { is_wrong(q) };
@@

* give@q(...)

@depends on context@
position q : script:python() { is_lost(q) };
@@

* return@q ...;

@depends on patch@
position q : script:python() { is_sure(q) };
expression e1, e2, e3;
@@

(
- put_page@q(e1)
+ unpin_user_page(e1)
|
- put_user_page@q(e1)
+ unpin_user_page(e1)
|
- release_pages@q(e1, e2)
+ unpin_user_pages(e1, e2)
|
- put_user_pages@q(e1, e2)
+ unpin_user_pages(e1, e2)
|
- put_user_pages_dirty_lock@q(e1, e2, e3)
+ unpin_user_pages_dirty_lock(e1, e2, e3)
|
- unpin_user_page@q(e1)
+ put_page(e1)
|
- unpin_user_pages@q(e1, e2)
+ release_pages(e1, e2)
)
