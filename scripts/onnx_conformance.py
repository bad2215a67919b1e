#!/usr/bin/env python3
"""Runs ONNX's own node tests, those of the operators that the compiler is for, at int16.

Installs `onnx` once for its test data. One process of the compiler's example compiles and runs every
test; `scripts/onnx_tests/operators.py` says which operands are constants and how large errors may be. Prints
how many tests of each operator pass, are outside its bound, fail, or use what is not supported.
"""

import argparse
import collections
import json
import pathlib
import subprocess

from devkit import Failed, main
from onnx_tests.operators import LEFT_OUT, OPERATORS
from virtual_environment import ensure, python_of

ONNX = "onnx==1.19.1"
VENV = ".venv-onnx"
LEAST_SHARE = 0.95
"""Share of the tests in reach that must pass."""
PLAIN_TYPES = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
"""Element types that are in reach: float32, integers, bool."""
LIST_TESTS = """
import json, pathlib, onnx
folder = pathlib.Path(onnx.__file__).parent / "backend/test/data/node"
def element(value):
    return value.type.tensor_type.elem_type if value.type.HasField("tensor_type") else 0
for test in sorted(folder.iterdir()):
    model = onnx.load(test / "model.onnx")
    ports = [*model.graph.input, *model.graph.output]
    print(json.dumps({
        "case": test.name.removeprefix("test_"), "folder": str(test),
        "operators": [node.op_type for node in model.graph.node],
        "types": [element(port) for port in ports],
    }))
"""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runner", required=True, type=pathlib.Path, help="the example onnx_conformance")
    parser.add_argument("--operators", help="only these, comma-separated")
    parser.add_argument("--verbose", action="store_true", help="a line for each test that does not pass")
    return parser.parse_args()


def list_tests():
    """Every node test of the package."""
    python = python_of(ensure(VENV, [ONNX]))
    listed = subprocess.run([python, "-c", LIST_TESTS], capture_output=True, text=True)
    if listed.returncode != 0:
        raise Failed(f"the tests could not be listed: {listed.stderr.strip()[-500:]}")
    return [json.loads(line) for line in listed.stdout.splitlines()]


def in_reach(tests, wanted):
    """The tests to run, and how many are left out for which reason."""
    chosen, left_out = [], collections.Counter()
    for test in tests:
        operator = test["operators"][0] if test["operators"] else ""
        if test["case"].endswith("_expanded") or "_expanded_ver" in test["case"]:
            left_out["written out in other operators (the test of the operator itself runs)"] += 1
        elif len(test["operators"]) != 1 or operator not in OPERATORS:
            left_out["of operators that the compiler is not for"] += 1
        elif not set(test["types"]) <= PLAIN_TYPES:
            left_out["of element types other than float32, integers and bool"] += 1
        elif not wanted or operator in wanted:
            test["operator"] = operator
            test["constants"] = OPERATORS[operator].constants
            chosen.append(test)
    return chosen, left_out


def run_all(runner, tests):
    """Each test with its verdict."""
    lines = "".join(
        json.dumps({key: test[key] for key in ("case", "folder", "constants")}) + "\n" for test in tests
    )
    done = subprocess.run([runner], input=lines, capture_output=True, text=True)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(verdicts) != len(tests):
        raise Failed(f"{runner} stopped after {len(verdicts)} of {len(tests)}: {done.stderr[-500:]}")
    for test, verdict in zip(tests, verdicts):
        bound = OPERATORS[test["operator"]].bound
        if verdict["verdict"] == "ran":
            inside = verdict["error_lsb"] <= bound
            verdict["verdict"] = "passed" if inside else "outside"
            verdict["reason"] = "" if inside else f"{verdict['error_lsb']:.1f} steps, bound {bound:g}"
        yield test, verdict


def report(results, left_out, verbose):
    """Prints the table; tells whether all is as it should be."""
    counts = collections.defaultdict(collections.Counter)
    worst = collections.defaultdict(float)
    surprises = []
    for test, verdict in results:
        counts[test["operator"]][verdict["verdict"]] += 1
        if verdict["verdict"] == "passed":
            worst[test["operator"]] = max(worst[test["operator"]], verdict["error_lsb"])
            continue
        expected = test["case"] in LEFT_OUT
        if not expected:
            surprises.append(test["case"])
        if verbose or not expected:
            print(f"{verdict['verdict']:11} {test['case']}: {verdict['reason'][:300]}")
        else:
            print(f"{verdict['verdict']:11} {test['case']}: {LEFT_OUT[test['case']]}")
    print(f"{'operator':26} {'passed':>7} {'outside':>8} {'failed':>7} {'unsupported':>12}  largest error, steps")
    total = collections.Counter()
    for operator in sorted(counts):
        row = counts[operator]
        total.update(row)
        print(
            f"{operator:26} {row['passed']:7} {row['outside']:8} {row['failed']:7} {row['unsupported']:12}"
            f"  {worst[operator]:.2f} of {OPERATORS[operator].bound:g}"
        )
    print("\nnot run:")
    for reason, count in left_out.items():
        print(f"  {count:4} {reason}")
    failed = sum(total.values()) - total["passed"]
    share = total["passed"] / max(1, sum(total.values()))
    print(f"\n{share:.1%} of {sum(total.values())} tests in reach pass; {LEAST_SHARE:.0%} must")
    for case in surprises:
        print(f"not expected to fail: {case}")
    print(f"{total['passed']} passed, {failed} failed, {sum(left_out.values())} skipped")
    return share >= LEAST_SHARE and not surprises


def run():
    arguments = parse_arguments()
    wanted = set(arguments.operators.split(",")) if arguments.operators else set()
    tests, left_out = in_reach(list_tests(), wanted)
    results = list(run_all(arguments.runner, tests))
    return 0 if report(results, left_out, arguments.verbose) else 1


if __name__ == "__main__":
    main(run)
