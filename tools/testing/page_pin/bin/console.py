#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Read what a guest left behind: its console, its TAP, its KUnit results.

  console.py verdict ALLOW STATUS DIR [EXPECT...]   was the run in DIR good?
  console.py tap DIR...           its test points as flat TAP
  console.py kunit PREFIX DIR...  KUnit's suites PREFIX* as flat TAP
  console.py cells DIR            number, case and outcome of each self-test
  console.py table NAME FILE ...  such files as columns of one table

STATUS is QEMU's exit status, 124 for a time-out.  Everything fails closed:
what is missing is a failure, never nothing.

A splat must not come, unless ALLOW lets it or EXPECT wants it.  Each line of
EXPECT is a regular expression that is all of a splat's first line, a tab, the
self-test that provokes it or -, a tab, and the reason.  Where that self-test
was run, and not skipped, one such splat must come, and while it ran; - stands
for every run.
"""

import os
import re
import sys

# The first line of a splat.  What follows it (registers, call trace) is not
# looked at, so one splat is one line here and one entry on the allow list.
SPLAT = re.compile("|".join((
    r"\bBUG: ", r"kernel BUG at", r"\bWARNING: ", r"\bOops\b", r"\bINFO: ",
    r"general protection fault", r"[Uu]nable to handle", r"Kernel panic",
    r"\b(KASAN|KCSAN|UBSAN|KFENCE)\b: ", r"possible .* detected",
    r"DEBUG_LOCKS_WARN_ON", r"detected stall", r"self-detected stall",
    r"kthread starved", r"\b[Bb]ad (page|rss-counter|pmd|pud|p4d|pgd)\b",
    r"allocation failure", r"Out of memory", r"invoked oom-killer",
    r"list_(add|del) corruption", r"kmemleak: [1-9]",
    r"blocked for more than", r"soft lockup", r"hard LOCKUP", r"segfault at",
)))
# A trace with no first line of a splat shortly before it is one by itself.
TRACE = re.compile(r"Call Trace:")
TRACE_NEAR = 100

STAMP = re.compile(r"^\[ *\d+\.\d+\] ?")
PLAN = re.compile(r"^1\.\.(\d+)")
POINT = re.compile(r"^(ok|not ok) (\d+)(?: -)?(?: (.*))?$")
END = re.compile(r"^# job (\S+) ended with status (\d+)$")
SKIP = re.compile(r"\s*# SKIP\b", re.IGNORECASE)
# What the job that runs self-tests says, on the console and between points.
MARK = re.compile(r"page_pin: (?:begin (\S+)|end)$")
BEGIN = re.compile(r"^# begin (\d+) (\S+)$")


def read_lines(path):
    """The lines of a log, or none at all when there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\r\n") for line in log]
    except FileNotFoundError:
        return []


def read_list(path, fields):
    """A list of regular expressions, each with fields that tell why."""
    entries = []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = [field.strip() for field in line.split("\t", fields)]
        if len(entry) <= fields or not all(entry):
            raise SystemExit(f"page_pin: {path}:{number} has no reason; write "
                             "the pattern and what goes with it, with tabs")
        try:
            entries.append([re.compile(line.split("\t")[0]), *entry[1:]])
        except re.error as error:
            raise SystemExit(f"page_pin: {path}:{number} is no regular "
                             f"expression ({error}); correct it") from error
    return entries


def read_splats(lines):
    """The first line of each splat: its number, its text, and the self-test
    that was at work."""
    last, case = -TRACE_NEAR, None
    for number, line in enumerate(lines):
        text = STAMP.sub("", line)
        if match := MARK.search(text):
            case = match[1]
            continue
        if SPLAT.search(text):
            last = number
        elif not TRACE.search(text) or number - last < TRACE_NEAR:
            continue
        yield number + 1, text.strip(), case


def console_problems(lines, allow, expect):
    """What is wrong with a console: no boot, splats that nobody allowed, or
    none where there must be one."""
    problems = []
    expect = list(expect)
    if not any("Linux version" in line for line in lines):
        problems.append("the console shows no booting kernel")
    for number, text, at_work in read_splats(lines):
        for entry in expect:
            if entry[0].fullmatch(text) and entry[1] in ("-", at_work):
                expect.remove(entry)
                break
        else:
            if not any(entry[0].search(text) for entry in allow):
                problems.append(f"console line {number}: {text}")
    problems += [f"no splat '{pattern.pattern}' came, case {case}: {reason}"
                 for pattern, case, reason in expect]
    return problems


def due(expect, points):
    """The expected splats whose self-test was run.  One that was skipped has
    another name: the reason is a part of it."""
    ran = {name for _, name, _ in points}
    return [entry for entry in expect if entry[1] == "-" or entry[1] in ran]


def read_tap(lines):
    """Test points as (ok, name, notes), and what is wrong with the TAP."""
    points, problems, plan, notes = [], [], None, []
    for line in lines:
        if match := PLAN.match(line):
            if plan is not None:
                problems.append("the TAP has two plans")
            plan = int(match[1])
        elif match := POINT.match(line):
            points.append((match[1] == "ok", match[3] or "unnamed", notes))
            notes = []
            if int(match[2]) != len(points):
                problems.append(f"test point {match[2]} came as number "
                                f"{len(points)}")
        elif line.startswith("Bail out!"):
            problems.append(line)
        elif line.startswith("# "):
            notes.append(line[2:])
    if plan is None:
        problems.append("the TAP has no plan")
    elif plan == 0:
        problems.append("the TAP plans no test point")
    elif plan != len(points):
        problems.append(f"{plan} test points planned, {len(points)} came")
    problems += [": ".join(["not ok", name, *notes[-1:]])
                 for good, name, notes in points if not good]
    return points, problems


def job_problems(lines):
    """The job must have come to its end, and said so in the last line."""
    text = [line for line in lines if line.strip()]
    if not text:
        return ["the job printed nothing"]
    match = END.match(text[-1])
    if not match:
        return ["the job did not come to its end"]
    if match[2] != "0":
        return [f"the job {match[1]} ended with status {match[2]}"]
    return []


def run_problems(directory, allow, expect, status):
    """Everything that is wrong with a run."""
    console = read_lines(os.path.join(directory, "console.log"))
    tap = read_lines(os.path.join(directory, "tap.log"))
    problems = []
    if status == 124:
        problems.append("time-out")
    elif status != 0:
        problems.append(f"QEMU ended with status {status}")
    points, tap_problems = read_tap(tap)
    problems += console_problems(console, allow, due(expect, points))
    problems += job_problems(tap)
    problems += tap_problems
    return problems


class Suite:
    """One KUnit suite as the console has it."""

    def __init__(self, name):
        self.name, self.plan, self.good = name, None, None
        self.cases, self.notes = [], []


def read_kunit(lines):
    """KUnit's suites, and what is wrong with the frame around them."""
    suites, problems, plan, ended, current = [], [], None, 0, None
    texts = [STAMP.sub("", line) for line in lines]
    if "TAP version 14" not in texts:
        return [], ["KUnit did not run"]
    for text in texts[texts.index("TAP version 14") + 1:]:
        inner = text[4:] if text.startswith("    ") else None
        if inner is None:
            if (match := PLAN.match(text)) and plan is None:
                plan = int(match[1])
            elif match := POINT.match(text):
                ended += 1
                if current and match[3] == current.name:
                    current.good = match[1] == "ok"
                    current = None
                else:
                    problems.append(f"stray KUnit result '{text}'")
        elif inner.startswith("# Subtest: "):
            current = Suite(inner[len("# Subtest: "):])
            suites.append(current)
        elif current and (match := PLAN.match(inner)):
            current.plan = int(match[1])
        elif current and (match := POINT.match(inner)):
            current.cases.append((match[1] == "ok", int(match[2]), match[3],
                                  current.notes))
            current.notes = []
        elif current:
            current.notes.append(inner)
    if plan is None:
        problems.append("KUnit printed no plan")
    elif plan != ended:
        problems.append(f"{plan} KUnit suites planned, {ended} ended")
    return suites, problems


def suite_problems(suite):
    """What is wrong with one suite, beyond a failing case."""
    problems = []
    if suite.plan is None:
        problems.append(f"{suite.name} has no plan")
    elif suite.plan == 0:
        problems.append(f"{suite.name} has no case")
    elif suite.plan != len(suite.cases):
        problems.append(f"{suite.name}: {suite.plan} cases planned, "
                        f"{len(suite.cases)} came")
    if [case[1] for case in suite.cases] != \
            list(range(1, len(suite.cases) + 1)):
        problems.append(f"{suite.name}: its cases are not in sequence")
    if suite.good is None:
        problems.append(f"{suite.name} did not end")
    elif suite.good != all(case[0] for case in suite.cases):
        problems.append(f"{suite.name}: its result is not that of its cases")
    return problems


def print_tap(points):
    """Points as (ok, name, notes) make flat TAP; True if all are ok."""
    print("TAP version 13")
    for number, (good, name, notes) in enumerate(points, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
        if not good:
            for note in notes:
                print(f"# {note}")
    print(f"1..{len(points)}")
    return all(point[0] for point in points)


def clean_point(directory):
    """The verdict that the run was given, as a last test point."""
    verdict = read_lines(os.path.join(directory, "verdict"))
    return (verdict[:1] == ["passed"], "the run is clean: no splat, "
            "no time-out, came to its end", verdict or ["no verdict"])


def print_runs(runs):
    """The points of runs, each a folder and its points; those of more than
    one say which."""
    points = []
    for directory, own in runs:
        label = ""
        if len(runs) > 1:
            name = os.path.basename(os.path.normpath(directory))
            label = re.sub(r"^\d+-\d+-", "", name) + ": "
        points += [(good, label + name, notes)
                   for good, name, notes in own + [clean_point(directory)]]
    return print_tap(points)


def command_verdict(allow, status, directory, *expect):
    """Print 'passed', or 'failed' and the reasons."""
    problems = run_problems(directory, read_list(allow, 1),
                            [entry for path in expect
                             for entry in read_list(path, 2)], int(status))
    print("failed" if problems else "passed", *problems, sep="\n")
    return not problems


def command_tap(*directories):
    """The test points of the job and the verdict as flat TAP."""
    return print_runs([
        (directory,
         read_tap(read_lines(os.path.join(directory, "tap.log")))[0])
        for directory in directories])


def kunit_points(prefix, directory):
    """The cases of KUnit's suites PREFIX*, and whether there is no gap."""
    suites, problems = read_kunit(
        read_lines(os.path.join(directory, "console.log")))
    suites = [suite for suite in suites if suite.name.startswith(prefix)]
    if not suites:
        problems.append(f"no KUnit suite {prefix}* ran")
    points = []
    for suite in suites:
        problems += suite_problems(suite)
        points += [(good, f"{suite.name}: {name}", notes)
                   for good, _, name, notes in suite.cases]
    return points + [(not problems, "KUnit's results are whole", problems)]


def command_kunit(prefix, *directories):
    """The cases of KUnit's suites PREFIX* and the verdict as flat TAP."""
    return print_runs([(directory, kunit_points(prefix, directory))
                       for directory in directories])


def command_cells(directory):
    """What became of each self-test that was begun; True if the job came to
    its end.  A self-test without a point took the guest with it."""
    lines = read_lines(os.path.join(directory, "tap.log"))
    begun = None
    for line in lines:
        if match := BEGIN.match(line):
            if begun:
                print(*begun, "crash", sep="\t")
            begun = match[1], match[2]
        elif begun and (match := POINT.match(line)):
            outcome = "pass" if match[1] == "ok" else "FAIL"
            if outcome == "pass" and SKIP.search(match[3] or ""):
                outcome = "skip"
            print(*begun, outcome, sep="\t")
            begun = None
    if begun:
        print(*begun, "crash", sep="\t")
    return not job_problems(lines)


def command_table(*columns):
    """Cells of several kernels as one table, a column each, and the totals.
    True if the first column has a pass, and nothing but passes and skips."""
    names, tables = columns[::2], []
    for path in columns[1::2]:
        rows = [line.split("\t") for line in read_lines(path)]
        tables.append({row[1]: row[2] for row in rows})
    cases = list(dict.fromkeys(case for table in tables for case in table))
    width = max([len(case) for case in cases] + [len("test")])
    print(f"{'test':{width}}", *(f"{name:>8}" for name in names))
    for case in cases:
        print(f"{case:{width}}",
              *(f"{table.get(case, '-'):>8}" for table in tables))
    print()
    for outcome in ("pass", "FAIL", "crash", "skip", "-"):
        totals = [sum(table.get(case, "-") == outcome for case in cases)
                  for table in tables]
        if any(totals) or outcome == "pass":
            label = f"total {outcome} of {len(cases)}"
            print(f"{label:{width}}", *(f"{total:>8}" for total in totals))
    first = [tables[0].get(case, "-") for case in cases]
    return "pass" in first and set(first) <= {"pass", "skip"}


COMMANDS = {"verdict": (3, command_verdict), "tap": (1, command_tap),
            "kunit": (2, command_kunit), "cells": (1, command_cells),
            "table": (2, command_table)}
# These take more arguments than that.
LONGER = ("verdict", "tap", "kunit", "table")


def main():
    """Pick the command."""
    name, args = "".join(sys.argv[1:2]), sys.argv[2:]
    least, command = COMMANDS.get(name, (0, None))
    if not command or len(args) < least or \
            (len(args) > least and name not in LONGER):
        sys.exit(__doc__)
    sys.exit(0 if command(*args) else 1)


if __name__ == "__main__":
    main()
