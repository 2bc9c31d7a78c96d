#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Read what a guest left behind: its console, its TAP, its KUnit results.

  console.py verdict ALLOW STATUS DIR   was the run in DIR good?
  console.py tap DIR                    its test points as flat TAP
  console.py kunit PREFIX DIR           KUnit's suites PREFIX* as flat TAP

STATUS is QEMU's exit status, 124 for a time-out.  Everything fails closed:
what is missing is a failure, never nothing.
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
    r"page allocation failure", r"Out of memory", r"invoked oom-killer",
    r"list_(add|del) corruption", r"kmemleak: [1-9]",
    r"blocked for more than", r"soft lockup", r"hard LOCKUP", r"segfault at",
)))
# A trace with no first line of a splat shortly before it is one by itself.
TRACE = re.compile(r"Call Trace:")
TRACE_NEAR = 60

STAMP = re.compile(r"^\[ *\d+\.\d+\] ?")
PLAN = re.compile(r"^1\.\.(\d+)")
POINT = re.compile(r"^(ok|not ok) (\d+)(?: -)?(?: (.*))?$")
END = re.compile(r"^# job (\S+) ended with status (\d+)$")


def read_lines(path):
    """The lines of a log, or none at all when there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\r\n") for line in log]
    except FileNotFoundError:
        return []


def read_allow(path):
    """The allow list: (pattern, reason); an entry lacking one is an error."""
    allow = []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.startswith("#"):
            continue
        pattern, _, reason = line.partition("\t")
        if not pattern.strip() or not reason.strip():
            raise SystemExit(f"page_pin: {path}:{number} has no reason; "
                             "write the pattern, a tab and why it is allowed")
        try:
            allow.append(re.compile(pattern))
        except re.error as error:
            raise SystemExit(f"page_pin: {path}:{number} is no regular "
                             f"expression ({error}); correct it") from error
    return allow


def console_problems(lines, allow):
    """What is wrong with a console: no boot, or splats that nobody allowed."""
    problems = []
    if not any("Linux version" in line for line in lines):
        problems.append("the console shows no booting kernel")
    last = -TRACE_NEAR
    for number, line in enumerate(lines):
        text = STAMP.sub("", line)
        if SPLAT.search(text):
            last = number
        elif not TRACE.search(text) or number - last < TRACE_NEAR:
            continue
        if not any(entry.search(text) for entry in allow):
            problems.append(f"console line {number + 1}: {text.strip()}")
    return problems


def read_tap(lines):
    """Test points as (ok, name), and what is wrong with the TAP."""
    points, problems, plan = [], [], None
    for line in lines:
        if match := PLAN.match(line):
            if plan is not None:
                problems.append("the TAP has two plans")
            plan = int(match[1])
        elif match := POINT.match(line):
            points.append((match[1] == "ok", match[3] or "unnamed"))
            if int(match[2]) != len(points):
                problems.append(f"test point {match[2]} came as number "
                                f"{len(points)}")
        elif line.startswith("Bail out!"):
            problems.append(line)
    if plan is None:
        problems.append("the TAP has no plan")
    elif plan == 0:
        problems.append("the TAP plans no test point")
    elif plan != len(points):
        problems.append(f"{plan} test points planned, {len(points)} came")
    problems += [f"not ok: {name}" for good, name in points if not good]
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


def run_problems(directory, allow, status):
    """Everything that is wrong with a run."""
    console = read_lines(os.path.join(directory, "console.log"))
    tap = read_lines(os.path.join(directory, "tap.log"))
    problems = []
    if status == 124:
        problems.append("time-out")
    elif status != 0:
        problems.append(f"QEMU ended with status {status}")
    problems += console_problems(console, allow)
    problems += job_problems(tap)
    problems += read_tap(tap)[1]
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


def command_verdict(allow, status, directory):
    """Print 'passed', or 'failed' and the reasons."""
    problems = run_problems(directory, read_allow(allow), int(status))
    print("failed" if problems else "passed", *problems, sep="\n")
    return not problems


def command_tap(directory):
    """The test points of the job and the verdict as flat TAP."""
    points = read_tap(read_lines(os.path.join(directory, "tap.log")))[0]
    return print_tap([(good, name, []) for good, name in points] +
                     [clean_point(directory)])


def command_kunit(prefix, directory):
    """The cases of KUnit's suites PREFIX* and the verdict as flat TAP."""
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
    points.append((not problems, "KUnit's results are whole", problems))
    return print_tap(points + [clean_point(directory)])


COMMANDS = {("verdict", 3): command_verdict, ("tap", 1): command_tap,
            ("kunit", 2): command_kunit}


def main():
    """Pick the command."""
    command = COMMANDS.get((sys.argv[1] if len(sys.argv) > 1 else "",
                            len(sys.argv) - 2))
    if not command:
        sys.exit(__doc__)
    sys.exit(0 if command(*sys.argv[2:]) else 1)


if __name__ == "__main__":
    main()
