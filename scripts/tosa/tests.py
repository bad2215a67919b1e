"""The tests of a seed on disk: written by the generator, completed by the reference model.

An operator is the unit: its folder is written from nothing, and a stamp says that it is complete. An
interrupted run goes on with the operators that have none.
"""

import collections
import contextlib
import fcntl
import hashlib
import json
import queue
import shutil
import threading
import time

from devkit import Failed

from .operators import GENERATOR_OPTIONS, LONGEST, NEWER, OPERATORS, OUTSIDE, SHAPES
from .processes import WRITER, Writer

MARKER = "fixpoint-conformance.json"
REFERENCE_MODEL_SECONDS = 600


class Run:
    """What every worker needs to know."""

    def __init__(self, directory, seed, jobs, keep_going, tools, children):
        self.directory, self.seed, self.jobs, self.keep_going = directory, seed, jobs, keep_going
        self.tools, self.children = tools, children
        # Tests that were written otherwise are written again.
        self.settings = {
            "seed": seed,
            "generator": list(GENERATOR_OPTIONS),
            "tosa-tools": tools.version,
            "numpy": tools.numpy,
            "writer": hashlib.sha256(WRITER.read_bytes()).hexdigest(),
        }

    def claim_directory(self):
        """Refuses a folder with other things or another run in it: operators are removed from ours."""
        marker = self.directory / MARKER
        if self.directory.exists() and not marker.exists() and any(self.directory.iterdir()):
            raise Failed(f"{self.directory} holds something else than conformance tests")
        for name in ("tests", "refused", "stamps", "logs"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        # Held until this process ends.
        self.lock = marker.open("w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed(f"another run is at work in {self.directory}") from None

    def open_writer(self, name):
        return Writer(self.tools, self.children, self.seed, self.directory / "logs" / f"{name}.log")


def in_parallel(run, title, names, work):
    """Does `work(name, writer)` for each name on `jobs` threads; returns name to result."""
    todo, done = collections.deque(names), queue.SimpleQueue()

    def thread(number):
        writer = run.open_writer(f"writer-{number}")
        with contextlib.suppress(IndexError):
            while True:
                name, began = todo.popleft(), time.monotonic()
                try:
                    done.put((name, work(name, writer), time.monotonic() - began))
                except Exception as error:
                    done.put((name, error, 0))
        with contextlib.suppress(Failed):
            writer.close()

    threads = [
        # Daemons: after Ctrl-C their processes are ended, and nobody waits for them.
        threading.Thread(target=thread, args=(number,), daemon=True)
        for number in range(min(run.jobs, len(names)))
    ]
    for each in threads:
        each.start()
    results = collect(run, title, len(names), done)
    for each in threads:
        each.join()
    return results


def collect(run, title, count, done):
    """What the threads put into `done`, with a line for each."""
    began = time.monotonic()
    results = {}
    for number in range(1, count + 1):
        name, result, seconds = done.get()
        if isinstance(result, Exception):
            if not isinstance(result, (Failed, OSError)):
                raise result
            if not run.keep_going:
                raise Failed(f"{name}: {result}")
            print(f"failed: {name}: {result}", flush=True)
            continue
        results[name] = result
        print(
            f"{title} {number}/{count} {name}: {result.line} ({seconds:.1f} s,"
            f" {time.monotonic() - began:.0f} s in all)",
            flush=True,
        )
    return results


class Written:
    """An operator's tests on disk."""

    def __init__(self, positive, negative, available, unbuilt, refused, at_least):
        self.positive, self.negative, self.available = positive, negative, available
        self.unbuilt, self.refused, self.at_least = unbuilt, refused, at_least

    @property
    def count(self):
        return self.positive + self.negative

    @property
    def line(self):
        line = f"{self.positive} positive, {self.negative} negative"
        if self.unbuilt:
            line += f", {len(self.unbuilt)} that the generator could not build"
        if self.refused:
            line += f", {len(self.refused)} refused by the reference model"
        return line


def plan(run, wanted, everything, count):
    """The operators to run, the longest first, and how many tests each left out has, if to `count`.

    An operator that no list of ours knows is an error: nothing is dropped silently.
    """
    writer = run.open_writer("list")
    known = set(writer.ask()["operators"])
    unknown, missing = known - set(OPERATORS + SHAPES + NEWER + OUTSIDE), set(OPERATORS) - known
    if unknown or missing:
        raise Failed(
            "scripts/tosa/operators.py is not about this generator: it"
            f" lacks {sorted(unknown)}, and the generator lacks {sorted(missing)}"
        )
    names = wanted or OPERATORS + (SHAPES + NEWER if everything else ())
    left_out = [name for name in SHAPES + NEWER if name not in names]
    counts = {name: writer.ask(name)["available"] for name in left_out} if count else {}
    writer.close()
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    return sorted(names, key=lambda name: ranks.get(name, len(ranks))), counts


def write_tests(run, names, at_least=None):
    """Writes and completes the tests of these operators: all, or `at_least` of each."""

    def work(name, writer):
        return read_stamp(run, name, at_least) or write_operator(run, name, at_least, writer)

    return in_parallel(run, "written", names, work)


def write_sample(run, names, wanted):
    """Writes at least `wanted` tests in all, as equal a number of each operator as can be."""
    at_least = -(-wanted // len(names))
    written = write_tests(run, names, at_least)
    # What operators with few tests leave open, the others make up for.
    while sum(each.count for each in written.values()) < wanted:
        can_grow = [name for name, each in written.items() if at_least < each.available]
        if not can_grow:
            break
        lacking = wanted - sum(each.count for each in written.values())
        at_least += -(-lacking // len(can_grow))
        written.update(write_tests(run, can_grow, at_least))
    empty = [name for name in written if name in OPERATORS and not written[name].count]
    if empty:
        raise Failed(f"the sample has no test of {', '.join(empty)}")
    return written


def read_stamp(run, name, at_least):
    """What an earlier run has written of an operator, if it is what this one needs."""
    try:
        stamp = json.loads((run.directory / "stamps" / f"{name}.json").read_text())
        written = Written(**stamp["written"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    same = stamp["settings"] == run.settings and written.at_least == at_least
    return written if same else None


def write_operator(run, name, at_least, writer):
    """Writes an operator's tests and lets the reference model complete the positive ones."""
    folder, stamp = run.directory / "tests" / name, run.directory / "stamps" / f"{name}.json"
    stamp.unlink(missing_ok=True)
    for old in (folder, run.directory / "refused" / name):
        shutil.rmtree(old, ignore_errors=True)
    folder.mkdir(parents=True)
    answer = writer.ask(name, str(folder), at_least)
    refused = {}
    for test in answer["positive"]:
        why = complete(run, folder / test)
        if why:
            refused[test] = why
            # Out of Fixpoint's sight: there is nothing to compare with.
            aside = run.directory / "refused" / name / test
            aside.parent.mkdir(parents=True, exist_ok=True)
            (folder / test).rename(aside)
    written = Written(
        positive=len(answer["positive"]) - len(refused),
        negative=answer["negative"],
        available=answer["available"],
        unbuilt=answer["unbuilt"],
        refused=refused,
        at_least=at_least,
    )
    half = stamp.with_suffix(".half")
    half.write_text(json.dumps({"settings": run.settings, "written": vars(written)}, indent=1))
    half.replace(stamp)
    return written


def complete(run, test):
    """Writes a positive test's expected outputs, or says why the reference model refused to.

    It refuses, with exit code 1, what TOSA calls unpredictable. No valid test ends in another way.
    """
    code, output, errors = run.children.run(
        [run.tools.reference_model, "--test_desc", "desc.json"], REFERENCE_MODEL_SECONDS, cwd=test
    )
    lines = [line.strip() for line in (output + errors).splitlines()]
    if code == 1:
        failed = [at for at, line in enumerate(lines) if line.startswith("REQUIRE")]
        return " ".join(lines[failed[0] : failed[0] + 2] if failed else lines[-1:])
    description = json.loads((test / "desc.json").read_text())
    missing = [name for name in description["ofm_file"] if not (test / name).is_file()]
    if code != 0 or missing:
        raise Failed(
            f"the reference model ended with exit code {code} and without {missing} in {test}:\n"
            + "\n".join(lines[-20:])
        )
    return None
