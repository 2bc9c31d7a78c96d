#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
#
# What gup_benchmark and the work of others cost: joins what the guest ran with
# what the plugin counted, and prints tables, the record, and whether it got worse.
#
# bench.py rows KERNEL DIR          a run of guest/bench.sh or work.sh, as rows
# bench.py table TARGETS RECORD FILE...    rows of several kernels, as a table
# bench.py check RECORD FILE        each row of ours with 0, or with 1 and why if
#                                   it costs more than the record says
#
# A row is: kernel, mode, kind of page, pages a call, pages, and a 4K page's
# instructions to acquire and to release and locked operations to acquire and
# to release.  Of uring-read it is what an operation takes at the end and at the
# start of the buffer.

import re
import sys

# 4K pages of a page.  A 1G-page is one that is taken whole, and counts as one.
SIZES = {'4K': 1, '4K-mixed': 1, '4K-runs': 1, 'THP': 512, '2M': 512,
         '1G': 262144, '1G-page': 1}
COLUMNS = ('kernel mode kind calls pages acquire release acquire-locked '
           'release-locked').split()
SLOWER = 1.02
# The last place of a number in the record, which says nothing of small ones.
PLACE = {'acquire': .01, 'release': .01,
         'acquire-locked': .0001, 'release-locked': .0001}
# Instructions and locked operations that a round may have beyond its target: the
# call, and the counts of vmstat when they are full.
ONCE = 256, 4
# Slow gup marks a page as accessed, which it becomes active by: not before the
# fourth round is there nothing left to do.  Work warms up by itself.
WARM_UP = 3
# KERNEL:MODE+N or KERNEL:MODE*N; without MODE it is the same one.
RELATIVE = re.compile(r'(\w+):([\w-]*)([+*])([\d.]+)')


def die(text):
    sys.exit(f'page_pin: {text}')


def tsv(path):
    with open(path, encoding='utf-8') as file:
        return [line.rstrip('\n').split('\t') for line in file
                if line.strip() and not line.startswith('#')]


def load(path):
    """The rows of a file, by what they are of."""
    rows = {}
    for kernel, mode, kind, calls, pages, *cost in tsv(path):
        row = {'pages': int(pages)}
        for name, value in zip(COLUMNS[5:], cost):
            row[name] = float(value)
        rows[kernel, mode, kind, int(calls)] = row
    return rows


def rounds_of_gup(what, rounds, folder):
    """Each round is a line: instructions and locked operations between clocks."""
    if any(counts[0] != 4 for counts in rounds):
        die(f'{what}: a round without its four clocks; see {folder}')
    # The least of each is the one without an interrupt.
    return [min(column) for column in list(zip(*rounds[WARM_UP:]))[3:]]


def rounds_of_work(rounds):
    """Each round is two lines: what is between the marks."""
    return [min(column) for part in (rounds[::2], rounds[1::2])
            for column in list(zip(*part))[1:3]]


def rows(kernel, folder):
    with open(f'{folder}/tap.log', encoding='utf-8') as file:
        told = [line.rstrip('\n').split('\t') for line in file
                if line.startswith(('# known\t', '# row\t', '# work\t'))]
    counted = [[int(word) for word in line]
               for line in tsv(f'{folder}/insns.log')]
    if not told or told[0][0] != '# known':
        die(f'the guest ran nothing; see {folder}')
    at = 0
    for what, *words in told:
        if what == '# known':
            number, insns, locked = map(int, words)
        else:
            mode, kind, calls, pages, number = words
            number = int(number) * (2 if what == '# work' else 1)
        rounds = counted[at:at + number]
        at += number
        if len(rounds) < number:
            die(f'the plugin has seen too little; see {folder}')
        if what == '# known':
            seen = min(counts[1:3] for counts in rounds)
            if seen != [insns, locked]:
                die(f'the plugin counts {seen} for {[insns, locked]}')
            continue
        if what == '# work':
            cost = rounds_of_work(rounds)
        else:
            cost = rounds_of_gup(f'{mode} {kind} {calls}', rounds, folder)
        acquire, alocked, release, rlocked = [
            value / int(pages) for value in cost]
        print(kernel, mode, kind, calls, pages, f'{acquire:.2f}',
              f'{release:.2f}', f'{alocked:.4f}', f'{rlocked:.4f}', sep='\t')
    if at != len(counted):
        die(f'the plugin has seen more than the guest tells; see {folder}')


class Targets:
    """The limits of a file: mode, kind, calls, part, instructions, locked."""

    def __init__(self, path, measured):
        self.measured = measured
        self.targets = tsv(path)

    def insns(self, text, mode, kind, calls, part):
        """A number, or a measured one and what it may differ by."""
        if ':' not in text:
            return float(text)
        relative = RELATIVE.fullmatch(text)
        if not relative:
            die(f'{text} is no target')
        kernel, other, sign, number = relative.groups()
        row = self.measured.get((kernel, other or mode, kind, calls))
        if not row:
            return None
        if sign == '*':
            return row[part] * float(number)
        return row[part] + float(number)

    def find(self, mode, kind, calls, part, pages):
        """Instructions and locked operations a 4K page, or None."""
        for modes, kinds, numbers, parts, insns, locked in self.targets:
            if (mode not in modes.split(',') or kind not in kinds.split(',') or
                    numbers not in ('*', str(calls)) or part != parts):
                continue
            run = min(SIZES[kind], calls if part == 'acquire' else pages)
            return (self.insns(insns, mode, kind, calls, part),
                    None if locked == '-' else float(locked) / run)
        return None, None


def cell(insns, locked):
    if insns is None:
        return '-'
    if locked is None:
        return f'{insns:.1f}'
    return f'{insns:.1f} ({locked:.3f})'.replace('.000)', ')')


def table(targets, record, *paths):
    # What is not measured now the targets find in the record.
    measured, kernels, points = load(record), [], []
    for path in paths:
        for key, row in load(path).items():
            measured[key] = row
            if key[0] not in kernels:
                kernels.append(key[0])
            if key[1:] not in points:
                points.append(key[1:])
    goals = Targets(targets, measured)
    width = 17
    for part in ('acquire', 'release'):
        print(f'{part}, instructions (locked operations) a 4K page:\n')
        head = [f'{name:>{width}}' for name in kernels + ['target']]
        print(f'{"mode":14}{"kind":9}{"a call":>7}', *head)
        last = None
        for mode, kind, calls in points:
            if mode != last:
                print()
                last = mode
            cells = []
            want = None, None
            for kernel in kernels:
                row = measured.get((kernel, mode, kind, calls))
                if row is None:
                    cells.append('-')
                    continue
                got = row[part], row[part + '-locked']
                text = cell(*got)
                if kernel == 'ours':
                    want = goals.find(mode, kind, calls, part, row['pages'])
                    if any(limit is not None and
                           (value - limit) * row['pages'] > once
                           for value, limit, once in zip(got, want, ONCE)):
                        text = '! ' + text
                cells.append(text)
            cells.append(cell(*want))
            line = ' '.join(f'{text:>{width}}' for text in cells)
            print(f'{mode:14}{kind:9}{calls:7} {line}')
        print()
    print('1G-page: a page of 1 GB as one; !: misses the target')
    if any(mode == 'uring-read' for mode, _, _ in points):
        print('4K-mixed: no two follow each other in memory; 4K-runs: 512 do; '
              'uring-read: an\noperation, at the end and at the start of the '
              'buffer')


def check(record, path):
    kept = {key: row for key, row in load(record).items() if key[0] == 'ours'}
    now = load(path)
    for key in sorted(kept.keys() | now.keys()):
        if key not in kept or key not in now:
            why = [f'no such row in {path if key in kept else record}']
        else:
            why = [f'{name} {now[key][name]}, the record is {limit}'
                   for name, limit in kept[key].items()
                   if now[key][name] > limit * SLOWER + PLACE.get(name, 0)]
        print(int(bool(why)), f'{key[1]}, {key[2]}, {key[3]} pages a call',
              '; '.join(why), sep='\t')


if __name__ == '__main__':
    do = {'rows': rows, 'table': table, 'check': check}
    do[sys.argv[1]](*sys.argv[2:])
