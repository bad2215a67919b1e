#!/usr/bin/env python3
"""Measures what compiling costs the trained models of test-vectors/models in accuracy, on samples that
no calibration has seen, says which bars they pass, and writes the figures into docs/accuracy.md.

A missed bar is a figure like others: it is written down, and the exit code is 0. `--strict` makes it 1.
"""

import argparse
import json
import pathlib
import subprocess

import virtual_environment
from devkit import ROOT, Failed, main, step

DOCUMENT = ROOT / "docs" / "accuracy.md"
PACKAGES = ("onnxruntime==1.31.1", "onnx==1.23.2", "numpy==2.4.6")
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    add("--only", metavar="TEXT", default="", help="models with TEXT in their names; writes nothing")
    add("--strict", action="store_true", help="fail if a bar is missed")
    return parser.parse_args()


def measure(arguments):
    python = virtual_environment.python_of(virtual_environment.ensure(".venv-accuracy", PACKAGES))
    command = [python, "-m", "evidence.measure", "--fixpoint", arguments.fixpoint.absolute()]
    command += ["--only", arguments.only]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT / "scripts", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed("the measurement failed")
    return json.loads(done.stdout)


def verdict(passes):
    return {True: "pass", False: "**miss**", None: ""}[passes]


def distance(model, entry):
    """How far apart the answers are, and the bar; of two distances of a number the judged one is bold."""
    if model["kind"] == "class":
        return f"{100 * entry['agreement']:.2f} % equal", f"{100 * entry['bar']:g} %"
    single = f"{entry['p99_by_deviation']:.2e}"
    double = f"{entry['p99_by_deviation_double']:.1e}"
    if entry["bar"] is None:
        return f"{single} ({double})", ""
    if entry["by_double"]:
        return f"{single} (**{double}**)", f"{entry['bar']:.0e}"
    return f"**{single}** ({double})", f"{entry['bar']:.0e}"


def network_rows(model):
    own = f", {model['float_p99_by_deviation']:.1e}" if model["kind"] == "number" else ""
    for entry in model["figures"]:
        if "refused" in entry:
            yield (
                f"| {model['name']}: {model['what']} | {model['samples']:,} | {entry['precision']} | "
                f"{model['metric_name']} {model['float']:.4f}{own} | | refused: {entry['refused']} | "
                f"{entry['bar']:g} | {verdict(False)} | |"
            )
            continue
        apart, bar = distance(model, entry)
        yield (
            f"| {model['name']}: {model['what']} | {model['samples']:,} | {entry['precision']} | "
            f"{model['metric_name']} {model['float']:.4f}{own} | {entry['metric']:.4f} | {apart} | {bar} | "
            f"{verdict(entry['passes'])} | {entry['gas']:,} |"
        )


def tree_row(model):
    table, hard = model["table"], model["thresholds"]
    return (
        f"| {model['name']}: {model['what']} | {model['float']:.4f} | {model['metric']:.4f} | "
        f"{table['wrong_classes']} of {table['rows']:,}, {table['margin_error']:.0e} | "
        f"{hard['wrong_classes']} of {hard['rows'] - hard['undecided']:,}, {hard['margin_error']:.0e} | "
        f"{model['exact_decimals']} | {verdict(model['passes'])} | {model['gas']:,} |"
    )


def tables(results):
    """Both tables, as they stand in the document."""
    lines = [
        "| model | samples | precision | float | compiled | against float | bar | | gas of a call |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for model in results["networks"]:
        lines += network_rows(model)
    lines += [
        "",
        "| trees | float | compiled | wrong classes, margin error: table | within 2 ulps of thresholds "
        "| exact decimals | | gas of a call |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += map(tree_row, results["trees"])
    return "\n".join(lines) + "\n"


def write(text):
    """Puts the tables between the document's markers."""
    document = DOCUMENT.read_text()
    if document.count(BEGIN) != 1 or document.count(END) != 1:
        raise Failed(f"{DOCUMENT} has lost its markers")
    before, rest = document.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + text + END + rest.split(END)[1])


def accuracy():
    arguments = parse_arguments()
    step("Accuracy of the trained models")
    results = measure(arguments)
    text = tables(results)
    print(text)
    judged = [entry for model in results["networks"] for entry in model["figures"]] + results["trees"]
    missed = sum(entry["passes"] is False for entry in judged)
    passed = sum(entry["passes"] is True for entry in judged)
    print(f"{passed} bars passed, {missed} missed")
    if not arguments.only:
        write(text)
        print(f"written into {DOCUMENT.relative_to(ROOT)}")
    return 1 if arguments.strict and missed else 0


if __name__ == "__main__":
    main(accuracy)
