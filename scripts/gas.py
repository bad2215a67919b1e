#!/usr/bin/env python3
"""Measures what docs/gas.md shows, and writes its tables there.

Searches for the models that take longest for their gas (the `gas` binary of `fuzz/gas`), measures a dense
layer in Solidity and in Yul, and sets the gas of whole networks beside what their multiply-accumulates alone
would cost so. Ends with 1 if anything is slower than its bar; the tables are written all the same.
"""

import argparse
import json
import os
import pathlib
import subprocess

import virtual_environment
from bench import FOLDER, PACKAGES, compile_net, cpu, in_peers
from devkit import ROOT, Failed, main, run, step
from tosa.environment import find_tools

SNAPSHOT = ROOT / "snapshots" / "DenseLayerTest.json"
ARENA_GAS_PER_BYTE = 0.025
# Depths of the layer that is measured, of 16 outputs.
SHALLOW, DEEP, OUTPUTS = 16, 64, 16
FORMS = {
    "plain": "Solidity, checked, loop in a loop",
    "optimised": "Solidity, unchecked and unrolled",
    "lanes": "Yul, eight lanes of 32 bits a word",
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--gas", required=True, type=pathlib.Path, help="the gas binary")
    add("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    add("--seconds-per-class", default="20", metavar="S", help="of search (20)")
    add("--isa", metavar="NAMES", help="sets of kernels (those that there are bars for)")
    add("--seed", default="1", metavar="N", help="what the search begins with (1)")
    add("--docs", type=pathlib.Path, default=ROOT / "docs" / "gas.md", help="the page to write into")
    add("--only", choices=("search", "layer", "networks"), action="append", help="parts (all)")
    add("--venv", type=pathlib.Path, default=os.environ.get("TOSA_VENV"), metavar="DIR",
        help="a virtual environment with TOSA's tools (TOSA_VENV; made in .venv-tosa)")  # fmt: skip
    arguments = parser.parse_args()
    arguments.fixpoint = arguments.fixpoint.absolute()
    arguments.parts = arguments.only or ["search", "layer", "networks"]
    return arguments


def search(arguments):
    """The tables of the search, and whether all bars are reached."""
    command = [
        arguments.gas, "--seconds-per-class", arguments.seconds_per_class, "--seed", arguments.seed,
    ]  # fmt: skip
    if arguments.isa:
        command += ["--isa", arguments.isa]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise Failed("the search failed")
    head = f"{cpu()}, {arguments.seconds_per_class} s a class, seed {arguments.seed}.\n\n"
    return head + done.stdout, done.returncode == 0


def layer():
    """Gas of the layer by form: shallow, deep, and by multiply-accumulate."""
    run("forge", "test", "--match-path", "contracts/test/gas/*")
    measured = json.loads(SNAPSHOT.read_text())
    figures = {}
    for form in FORMS:
        shallow, deep = (int(measured[f"{depth}x{OUTPUTS} {form}"]) for depth in (SHALLOW, DEEP))
        figures[form] = (shallow, deep, (deep - shallow) / ((DEEP - SHALLOW) * OUTPUTS))
    return figures


def layer_table(figures):
    lines = [
        f"| form | {SHALLOW} x {OUTPUTS} | {DEEP} x {OUTPUTS} | a multiply-accumulate |",
        "|---|---|---|---|",
    ]
    for form, (shallow, deep, each) in figures.items():
        lines.append(f"| {FORMS[form]} | {shallow:,} | {deep:,} | {each:.1f} |")
    return "\n".join(lines) + "\n"


def networks_table(arguments, figures):
    """The networks of docs/performance.md."""
    tools = find_tools(arguments.venv)
    python = virtual_environment.python_of(virtual_environment.ensure(".venv-bench", PACKAGES))
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [
        "| network | MMAC | work | load | first call | Yul | Solidity | Yul / work |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for at, net in enumerate(in_peers(python, "write", FOLDER)):
        step(net["name"])
        compile_net(arguments.fixpoint, tools, at)
        try:
            said = json.loads(run(arguments.fixpoint, "inspect", FOLDER / f"{at}.fxp", "--json"))
        except Failed as refusal:
            if "a chain would refuse this model" not in str(refusal):
                raise
            step(f"{net['name']} is left out: its activation takes more gas than a transaction has")
            continue
        operators = sum(operator["gas"] for operator in said["operators"])
        work = operators + said["arena_bytes"] * ARENA_GAS_PER_BYTE
        yul, solidity = (net["macs"] * figures[form][2] for form in ("lanes", "optimised"))
        gas = said["gas"]
        lines.append(
            f"| {net['name']} | {net['macs'] / 1e6:.3g} | {work:,.0f} | {gas['load']:,} "
            f"| {gas['first_call']:,} | {yul:,.0f} | {solidity:,.0f} | {yul / work:,.0f} |"
        )
    return "\n".join(lines) + "\n"


def write(page, name, text):
    """Puts a text between the markers of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    old = page.read_text()
    if begin not in old or end not in old:
        raise Failed(f"{page} has no place for the {name}")
    before, rest = old.split(begin, 1)
    _, after = rest.split(end, 1)
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}")


def gas():
    arguments = parse_arguments()
    passes = True
    if "search" in arguments.parts:
        step("searching for slow models")
        text, passes = search(arguments)
        write(arguments.docs, "search", text)
    if {"layer", "networks"} & set(arguments.parts):
        step("measuring a dense layer in Solidity and Yul")
        figures = layer()
        write(arguments.docs, "layer", layer_table(figures))
    if "networks" in arguments.parts:
        write(arguments.docs, "networks", networks_table(arguments, figures))
    print(f"written to {arguments.docs}")
    if not passes:
        raise Failed("something is slower than its bar: see the table")


if __name__ == "__main__":
    main(gas)
