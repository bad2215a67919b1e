#!/usr/bin/env python3
"""Runs the official TOSA conformance tests against `fixpoint`.

Installs the official tools once, writes their tests for a seed, lets the reference model compute what
the positive ones expect, runs `fixpoint conformance` on all of them, and prints a table.

A positive test passes when every output equals the reference model's bit for bit, a negative one when
Fixpoint rejects the model for the reason that the test is about.
"""

import argparse
import collections
import json
import os
import pathlib

from devkit import ROOT, Failed, main
from tosa.environment import find_tools
from tosa.graphs import NAME as GRAPHS, write_graphs
from tosa.operators import EXTENSIONS, NEWER, OPERATORS, OUTSIDE, PROFILE, SHAPES, TOSA_VERSION
from tosa.processes import Children
from tosa.report import as_markdown, as_text, notes, rows
from tosa.tests import Run, in_parallel, plan, write_sample, write_tests

EXAMPLES = """examples:
  conformance.py --fixpoint target/release/fixpoint --seed 7
  conformance.py --fixpoint target/release/fixpoint --operators add,argmax
  conformance.py --fixpoint target/debug/fixpoint --sample 900
  conformance.py --fixpoint target/release/fixpoint --markdown table.md

What is written stays, and an interrupted run goes on where it was. The exit code is 0 if no test
failed, 1 if one did or could not be run, 2 for wrong arguments.
"""

MOST_FAILURES_SHOWN = 40
FIXPOINT_SECONDS = 4 * 3600


def operator_list(text):
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in OPERATORS + SHAPES + NEWER]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no integer operator of TOSA: {', '.join(unknown) or text}")
    return list(dict.fromkeys(names))


def number_from(least):
    """A type of arguments: whole numbers from `least` on."""

    def number(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"not a whole number from {least} on: {text}")
        return int(text)

    return number


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    add("--seed", type=number_from(0), default=1, metavar="N",
        help="another seed, other tests of the same kinds (1)")
    add("--sample", type=number_from(1), metavar="N",
        help="at least N tests: of each operator one of everything that its tests are about")
    add("--operators", type=operator_list, metavar="NAME,...", help="only these operators")
    add("--all", action="store_true",
        help="also what is else left out, such as operators newer than TOSA 1.0")
    add("--directory", type=pathlib.Path, metavar="DIR",
        help="where the tests are (.conformance/seed-N, or sample-seed-N)")
    add("--graphs", type=pathlib.Path, metavar="PROGRAM",
        help="what writes random graphs: `cargo build -p fixpoint-fuzz-bodies --example tosa_graphs`")
    add("--graph-count", type=number_from(1), default=300, metavar="N", help="how many of them (300)")
    add("--jobs", type=number_from(1), metavar="N", default=len(os.sched_getaffinity(0)),
        help="processes at a time (one a core)")
    add("--keep-going", action="store_true",
        help="after an operator whose tests can't be written or run, do the others")
    add("--markdown", type=pathlib.Path, metavar="FILE", help="write the table as Markdown too")
    add("--venv", type=pathlib.Path, metavar="DIR", default=os.environ.get("TOSA_VENV"),
        help="an environment that has tosa-tools (TOSA_VENV; else .venv-tosa, made once)")  # fmt: skip
    arguments = parser.parse_args()
    if arguments.directory is None:
        kind = "sample-" if arguments.sample else ""
        arguments.directory = ROOT / ".conformance" / f"{kind}seed-{arguments.seed}"
    arguments.directory = arguments.directory.absolute()
    arguments.fixpoint = arguments.fixpoint.absolute()
    return arguments


class Judged:
    """What `fixpoint conformance` said of an operator's tests."""

    def __init__(self, answer):
        self.counts = collections.Counter()
        for operator in answer["operators"].values():
            for kind in ("positive", "negative"):
                for outcome in ("passed", "failed", "skipped"):
                    self.counts[f"{kind} {outcome}"] += operator[kind][outcome]
        self.skips, self.failures = collections.Counter(answer["skips"]), answer["failures"]

    def total(self, outcome):
        return self.counts[f"positive {outcome}"] + self.counts[f"negative {outcome}"]

    @property
    def line(self):
        return ", ".join(f"{self.total(what)} {what}" for what in ("passed", "failed", "skipped"))


def judge(run, fixpoint, name, written):
    """Runs Fixpoint on an operator's tests; every one of them must be accounted for."""
    if written.count == 0:
        return Judged({"operators": {}, "skips": {}, "failures": []})
    folder = run.directory / "tests" / name
    code, output, errors = run.children.run(
        [fixpoint, "conformance", folder, "--json"], FIXPOINT_SECONDS
    )
    try:
        judged = Judged(json.loads(output))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failed(
            f"`fixpoint conformance --json` gave no result that this script can read"
            f" ({type(error).__name__}: {error}), exit code {code}:\n{(errors or output)[-1500:]}"
        ) from None
    counted = sum(judged.total(outcome) for outcome in ("passed", "failed", "skipped"))
    if counted != written.count:
        raise Failed(f"there are {written.count} tests, but Fixpoint counted {counted}")
    if (code != 0) != (judged.total("failed") > 0):
        raise Failed(f"Fixpoint ended with exit code {code}:\n{errors[-1500:]}")
    return judged


def left_out(arguments, names, counts):
    """What of the generator was not run, and why."""
    lines = []
    if arguments.operators:
        lines.append(f"only {', '.join(sorted(names))}, as told")
    for why, group in (
        ("newer than TOSA 1.0", NEWER),
        ("its result is no tensor", SHAPES),
        ("floating point or control flow", OUTSIDE),
    ):
        shown = [
            f"{name} ({counts[name]})" if name in counts else name
            for name in group
            if name not in names
        ]
        if shown:
            lines.append(f"left out, {why}: {', '.join(shown)}")
    return lines


def versions(arguments, tools):
    """With what the same numbers can be had again."""
    _, fixpoint, _ = Children().run([arguments.fixpoint, "--version"], 60)
    kind = f"a sample of at least {arguments.sample} tests" if arguments.sample else "all tests"
    return (
        f"{kind}, seed {arguments.seed}, {fixpoint.strip()}, tosa-tools {tools.version} (numpy"
        f" {tools.numpy}), TOSA {TOSA_VERSION} {' '.join((PROFILE, *EXTENSIONS))}"
    )


def report(run, arguments, names, counts, written, judged):
    """Prints the table; returns the exit code."""
    table = rows(written, judged)
    said = notes(written, judged) + left_out(arguments, names, counts) + [versions(arguments, run.tools)]
    print("", as_text(table), "", *said, sep="\n")
    if arguments.markdown:
        listed = "\n".join(f"- {line}" for line in said)
        arguments.markdown.write_text(f"{as_markdown(table)}\n\n{listed}\n")
    failures = [f"FAIL  {line}" for name in sorted(judged) for line in judged[name].failures]
    file = run.directory / "failures.txt"
    file.write_text("".join(f"{line}\n" for line in failures))
    if failures:
        print("", *failures[:MOST_FAILURES_SHOWN], sep="\n")
    if len(failures) > MOST_FAILURES_SHOWN:
        print(f"... all {len(failures)} are in {file}")
    failed = sum(each.total("failed") for each in judged.values())
    undone = sorted(set(names) - set(judged))
    if undone:
        print(f"\nfailed: not run: {', '.join(undone)}")
    if failed:
        print(f"\nfailed: {failed} tests")
    return 1 if failed or undone else 0


def run_tests():
    arguments = parse_arguments()
    fixpoint = arguments.fixpoint
    if not (fixpoint.is_file() and os.access(fixpoint, os.X_OK)):
        raise Failed(f"there is no binary {fixpoint}; `make build` makes target/release/fixpoint")
    tools, children = find_tools(arguments.venv), Children()
    run = Run(
        arguments.directory, arguments.seed, arguments.jobs, arguments.keep_going, tools, children
    )
    run.claim_directory()
    try:
        names, counts = plan(run, arguments.operators, arguments.all, count=not arguments.sample)
        if arguments.sample:
            written = write_sample(run, names, arguments.sample)
        else:
            written = write_tests(run, names)
        if arguments.graphs:
            written[GRAPHS] = write_graphs(run, arguments.graphs.absolute(), arguments.graph_count)
        judged = in_parallel(
            run, "run", list(written), lambda name, _: judge(run, fixpoint, name, written[name])
        )
    finally:
        children.stop()
    return report(run, arguments, names, counts, written, judged)


if __name__ == "__main__":
    main(run_tests)
