// SPDX-License-Identifier: GPL-2.0-only
//
// Every place where a page of user memory is taken or given back, through one of
// the functions that say so by their name: each use of such a name in an
// expression, a call or not, and apart from these where they are defined,
// declared or exported.  bin/callsites.py reads what is written here, and knows
// the same names, so that it notices what a parser may lose.

@initialize:python@
@@
import os

def hit(kind, name, where):
	with open(os.environ["CALLSITES_OUT"], "a") as log:
		log.write("\t".join((kind, where.file, where.line,
				     where.current_element, name)) + "\n")

@use@
identifier f =~ "^((get|pin|unpin|put)_user_pages?(_[a-z_]+)?|iov_iter_(get|pin|release)_pages(_[a-z_]+)?|(get|put)_vaddr_frames|page_pin_again)$";
position p;
@@

f@p

@script:python@
f << use.f;
p << use.p;
@@

hit("use", f, p[0])

@definition@
identifier f =~ "^((get|pin|unpin|put)_user_pages?(_[a-z_]+)?|iov_iter_(get|pin|release)_pages(_[a-z_]+)?|(get|put)_vaddr_frames|page_pin_again)$";
position p;
type T;
@@

T f@p(...) { ... }

@script:python@
f << definition.f;
p << definition.p;
@@

hit("is", f, p[0])

@prototype@
identifier f =~ "^((get|pin|unpin|put)_user_pages?(_[a-z_]+)?|iov_iter_(get|pin|release)_pages(_[a-z_]+)?|(get|put)_vaddr_frames|page_pin_again)$";
position p;
type T;
@@

T f@p(...);

@script:python@
f << prototype.f;
p << prototype.p;
@@

hit("is", f, p[0])
