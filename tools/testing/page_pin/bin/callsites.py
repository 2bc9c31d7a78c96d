#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Join the call sites that Coccinelle found with what is known of them.

  callsites.py table|markdown|places FILES FOUND TABLE RESULTS

FILES are the sources to look at, as git grep -z names them, FOUND is what
sites.cocci wrote about them, and RESULTS is the folder of the runs.  bin/
callsites.sh calls this, in the tree.

What Coccinelle found is compared with a plain scan of the text, without
comments and strings: a name that only one of the two sees is an error, since a
parser may have lost a place, in a macro say.

A row of TABLE has, with tabs between: file, function, function called, case,
how, test, note.  The case is that of Documentation/core-api/pin_user_pages.rst,
or - for what only passes pages on.  How is one of

  runs      test is the test point (PROGRAM:CASE) that goes there, or several
            with commas, or kunit:CASE; its last result is that of the newest run
            that has it
  compiled  nothing goes there on a machine that we have; test is the
            architectures, with commas, for which it is compiled
  get       it stays on plain references, and note says why
"""

import collections
import glob
import os
import re
import sys

NAME = re.compile(r"\b(?:(?:get|pin|unpin|put)_user_pages?(?:_[a-z_]+)?"
                  r"|iov_iter_(?:get|pin|release)_pages(?:_[a-z_]+)?"
                  r"|(?:get|put)_vaddr_frames|page_pin_again)\b")
# What is no code, and a line that goes on, which a #define has.
COMMENT = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
                     re.DOTALL)
EXPORT = re.compile(r"\s*EXPORT_SYMBOL(?:_GPL)?\((\w+)\);")
POINT = re.compile(r"^(ok|not ok) \d+(?: -)? (compiled \S+ \S+|\S+)(.*)$")
KUNIT = re.compile(r"^\[ *\d+\.\d+\]     (ok|not ok) \d+ - (\w+)()$")
SKIP = re.compile(r"#\s*SKIP\b", re.IGNORECASE)
HOW = ("runs", "compiled", "get")
CASES = {"1", "2", "3", "4", "5", "-"}
WORST = ("FAIL", "not run", "not built", "skip", "compiled", "pass")

Row = collections.namedtuple("Row", "case how test note")


def complain(problems, what_to_do):
    """Each problem in a line, and what to do about them; then it is over."""
    for problem in problems:
        print(f"page_pin: {problem}", file=sys.stderr)
    if problems:
        raise SystemExit(f"page_pin: {len(problems)} errors in the call "
                         f"sites; {what_to_do}")


def blank(match):
    """A comment or string as nothing, in as many lines."""
    return " " + "\n" * match[0].count("\n")


def scan(path):
    """Each name in the code of a file, as (file, line, name), once for each
    time that it is there; what is only exported is left out."""
    with open(path, encoding="utf-8", errors="replace") as source:
        text = COMMENT.sub(blank, source.read())
    seen = collections.Counter()
    for number, line in enumerate(text.split("\n"), 1):
        if not EXPORT.match(line):
            seen.update((path, number, name) for name in NAME.findall(line))
    return seen


def read_places(files, found):
    """The places that Coccinelle found: {(file, function, called): lines}."""
    places, problems = collections.defaultdict(list), []
    text, parsed = collections.Counter(), collections.Counter()
    with open(files, encoding="utf-8") as names:
        for path in filter(None, names.read().split("\0")):
            text += scan(path)
    with open(found, encoding="utf-8") as lines:
        hits = sorted({tuple(line.rstrip("\n").split("\t"))
                       for line in lines})
    for kind, path, line, function, name in hits:
        where = (path, int(line), name)
        if where not in text:
            # EXPORT_SYMBOL(), the only thing that the text scan leaves out.
            if kind != "use" or function != "something_else":
                problems.append(f"{path}:{line}: {name} is in no text, and "
                                "Coccinelle has it")
            continue
        parsed[where] += 1
        if kind == "use":
            places[path, function, name].append(int(line))
            if function == "something_else":
                problems.append(f"{path}:{line}: {name} is used outside of a "
                                "function")
    # Two uses in one line are one hit: a set of positions tells no more.
    problems += [f"{path}:{line}: {name} is in the text, and Coccinelle has "
                 "not found it"
                 for path, line, name in sorted(text)
                 if not parsed[path, line, name]]
    complain(problems, "see what the parser makes of these files: "
                       "spatch --parse-c FILE")
    return places


def read_table(path):
    """The rows of the table: {(file, function, called): Row}."""
    rows, problems = {}, []
    with open(path, encoding="utf-8") as table:
        lines = table.read().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        where = f"{os.path.basename(path)}:{number}"
        if len(fields) != 7:
            problems.append(f"{where} has {len(fields)} fields, not 7")
            continue
        key, row = tuple(fields[:3]), Row(*fields[3:])
        if key in rows:
            problems.append(f"{where}: {' '.join(key)} has two rows")
        if row.how not in HOW or not set(row.case.split(", ")) <= CASES:
            problems.append(f"{where}: there is no case '{row.case}' or no "
                            f"'{row.how}'")
        elif row.how == "get" and (not row.note.strip() or "pin_" in key[2]):
            problems.append(f"{where}: {key[2]}() 'stays on get', and why?")
        elif row.how == "runs" and ":" not in row.test:
            problems.append(f"{where}: '{row.test}' is no PROGRAM:CASE")
        elif row.how == "compiled" and row.test in ("", "-"):
            problems.append(f"{where}: for no architecture")
        rows[key] = row
    complain(problems, f"correct {path}")
    return rows


def check(places, rows, table):
    """A row for each place, and a place for each row."""
    complain([f"{path}:{lines[0]}: {function}() calls {name}() and has no row"
              for (path, function, name), lines in sorted(places.items())
              if (path, function, name) not in rows] +
             [f"{path}: {function}() has a row for {name}() and does not "
              "call it"
              for path, function, name in sorted(rows.keys() - places.keys())],
             f"add or remove rows of {table}")


def read_results(directory):
    """The last result of each test point, and of each object that was only
    compiled: {name: result}.  A newer run covers an older one."""
    results = {}
    for log, pattern, prefix in (("tap.log", POINT, ""),
                                 ("console.log", KUNIT, "kunit:")):
        for path in sorted(glob.glob(os.path.join(directory, "*", log))):
            with open(path, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if not (match := pattern.match(line.rstrip("\r\n"))):
                        continue
                    result = "pass" if match[1] == "ok" else "FAIL"
                    if SKIP.search(match[3]):
                        result = "skip"
                    results[prefix + match[2]] = result
    return results


def outcome(key, row, results):
    """What the last run says about a row."""
    if row.how == "get":
        return "-"
    if row.how == "runs":
        found = [results.get(test, "not run")
                 for test in row.test.split(",")]
    else:
        found = [{"pass": "compiled", "FAIL": "FAIL"}.get(
            results.get(f"compiled {arch} {key[0]}"), "not built")
                 for arch in row.test.split(",")]
    return min(found, key=WORST.index)


def counts(outcomes):
    """3 pass, 1 FAIL"""
    return ", ".join(f"{number} {what}" for what, number in
                     sorted(collections.Counter(outcomes).items(),
                            key=lambda item: -WORST.index(item[0])))


def summary(entries):
    """The counts by how, a line each."""
    by_how = collections.defaultdict(list)
    for _, row, result in entries:
        by_how[row.how].append(result)
    files = {key[0] for key, _, _ in entries}
    lines = [f"{len(entries)} call sites in {len(files)} files"]
    for how, text in (("runs", "run in a guest"),
                      ("compiled", "are compiled only"),
                      ("get", "stay on plain references")):
        line = f"{len(by_how[how])} {text}"
        if how != "get" and by_how[how]:
            line += f": {counts(by_how[how])}"
        lines.append(line)
    return lines


def print_table(entries):
    """One line a place, in columns."""
    lines = [("file", "function", "calls", "case", "how", "last", "by")]
    for key, row, result in entries:
        lines.append((*key, row.case, row.how, result,
                      row.note if row.how == "get" else row.test))
    width = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(f"{text:{w}}" for text, w in zip(line, width))
              .rstrip())
    print()
    print("\n".join(summary(entries)))


def print_markdown(entries):
    """One line a file and way of proof, for a document."""
    groups = collections.defaultdict(list)
    for key, row, result in entries:
        groups[key[0], row.how].append((key, row, result))
    print("| file | case | calls | how | by | last |")
    print("|---|---|---|---|---|---|")
    for (path, how), group in groups.items():
        cases = sorted({row.case for _, row, _ in group})
        names = sorted({f"`{key[2]}`" for key, _, _ in group})
        by_what = sorted({text for _, row, _ in group for text in (
            [row.note] if how == "get" else row.test.split(","))})
        last = min((result for _, _, result in group),
                   key=lambda what: WORST.index(what) if what != "-" else 0)
        print(f"| `{path}` | {', '.join(cases)} | {' '.join(names)} | {how} | "
              f"{'; '.join(by_what)} | {last} |")
    print()
    print("; ".join(summary(entries)) + ".")


def main():
    """See the top of this file."""
    if len(sys.argv) != 6:
        raise SystemExit(__doc__)
    what, files, found, table, directory = sys.argv[1:]
    places = read_places(files, found)
    if what == "places":
        for key in sorted(places):
            print(*key, sep="\t")
        return
    rows = read_table(table)
    check(places, rows, table)
    results = read_results(directory)
    entries = [(key, rows[key], outcome(key, rows[key], results))
               for key in sorted(places)]
    {"table": print_table, "markdown": print_markdown}[what](entries)
    failed = sum(result == "FAIL" for _, _, result in entries)
    if failed:
        raise SystemExit(f"page_pin: {failed} call sites failed when they ran "
                         "last; see the table")


if __name__ == "__main__":
    main()
