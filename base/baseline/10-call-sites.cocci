// SPDX-License-Identifier: GPL-2.0-only
//
// Call sites: pin_user_pages*() becomes get_user_pages*(), and what released a
// pin releases a reference.  Nothing but the name changes, so sed must give the
// same result (baseline.sh compares).

@initialize:python@
@@
import os

def hit(rule):
	with open(os.environ["PP_HITS"], "a") as log:
		log.write(rule + "\n")

@acquire@
position p;
@@
(
- pin_user_pages@p
+ get_user_pages
|
- pin_user_pages_fast@p
+ get_user_pages_fast
|
- pin_user_pages_fast_only@p
+ get_user_pages_fast_only
|
- pin_user_pages_locked@p
+ get_user_pages_locked
|
- pin_user_pages_remote@p
+ get_user_pages_remote
|
- pin_user_pages_unlocked@p
+ get_user_pages_unlocked
)

@script:python@ p << acquire.p; @@
hit("acquire")

@release@
position p;
@@
(
- unpin_user_page@p
+ put_user_page
|
- unpin_user_pages@p
+ put_user_pages
|
- unpin_user_pages_dirty_lock@p
+ put_user_pages_dirty_lock
)

@script:python@ p << release.p; @@
hit("release")
