#!/usr/bin/env python3
"""Measures what the Solidity tests reach of `contracts/src`, and fails below the bars.

Prints each file's lines and branches. Code is compiled without the optimizer for this, so tests of gas
stay out; so do those that need the native runtime.
"""

import argparse
import collections
import shutil
import subprocess

import contract_tools
from devkit import ROOT, Failed, main

SOURCES = "contracts/src/"
MIN_LINES_PERCENT = 95.0
MIN_BRANCHES_PERCENT = 90.0

LEFT_OUT = "contracts/test/{native,invariant,gas,proofs,examples}/*"
LEFT_OUT_TESTS = "test_aRevertChargesAndCarriesData"
# Contracts of another compiler profile: sources that both share would be counted twice, or not at all.
NOT_COMPILED = (
    "contracts/examples/solidml/*", "contracts/test/examples/SolidML.sol", "contracts/script/*",
)  # fmt: skip
# More runs reach no more.
SETTINGS = {"fuzz_runs": "64"}

Reached = collections.namedtuple("Reached", "lines branches")


def run():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lcov", help="judge this file instead of running the tests")
    parser.add_argument("--missing", action="store_true", help="name the lines that are not reached")
    arguments = parser.parse_args()
    report = arguments.lcov or measure()
    files = parse((ROOT / report).read_text())
    if not files:
        raise Failed(f"{report} has nothing of {SOURCES}")
    judge(files, arguments.missing)


def measure():
    """Runs the tests and returns the path of their lcov report."""
    folder = ROOT / "cache" / "coverage"
    # What an earlier run compiled with other sources would be missing from the report.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    report = folder / "lcov.info"
    command = [
        "forge", "coverage", "--no-match-path", LEFT_OUT, "--no-match-test", LEFT_OUT_TESTS,
        "--report", "lcov", "--report-file", report,
    ]  # fmt: skip
    for pattern in NOT_COMPILED:
        command += ["--skip", pattern]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT, env=contract_tools.forge_environment("coverage", **SETTINGS), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"forge coverage failed:\n{done.stdout[-4000:]}")
    return report


def parse(text):
    """By file: line number to hits, and (line, block, branch) to hits."""
    files = {}
    reached = None
    for record in text.splitlines():
        kind, _, rest = record.partition(":")
        if kind == "SF":
            reached = Reached({}, {}) if rest.startswith(SOURCES) else None
            if reached is not None:
                files[rest] = reached
        elif reached is None:
            continue
        elif kind == "DA":
            line, hits = rest.split(",")[:2]
            reached.lines[int(line)] = int(hits)
        elif kind == "BRDA":
            line, block, branch, hits = rest.split(",")
            reached.branches[int(line), block, branch] = 0 if hits == "-" else int(hits)
    return files


def judge(files, shows_missing):
    """Prints each file and the sum; fails below the bars."""
    print(f"{'lines':>14} {'branches':>14}")
    sums = [0, 0, 0, 0]
    for name, reached in sorted(files.items()):
        counts = [*count(reached.lines), *count(reached.branches)]
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
        print(f"{share(*counts[:2])} {share(*counts[2:])}  {name}")
        if shows_missing:
            lines = [line for line, hits in reached.lines.items() if not hits]
            branches = [place[0] for place, hits in reached.branches.items() if not hits]
            if lines or branches:
                print(f"{'':30}lines {sorted(lines)}, branches of lines {sorted(branches)}")
    print(f"{share(*sums[:2])} {share(*sums[2:])}  {SOURCES}")
    for what, bar, (hit, found) in (
        ("lines", MIN_LINES_PERCENT, sums[:2]),
        ("branches", MIN_BRANCHES_PERCENT, sums[2:]),
    ):
        if 100 * hit < bar * found:
            raise Failed(f"tests reach {percent(hit, found)} % of all {what}; the bar is {bar:.0f} %")


def count(hits):
    """How many are reached, of how many."""
    return sum(1 for each in hits.values() if each), len(hits)


def percent(hit, found):
    return f"{100 * hit / found:.1f}" if found else "-"


def share(hit, found):
    return f"{percent(hit, found):>5} {f'{hit}/{found}':>8}"


if __name__ == "__main__":
    main(run)
