#!/usr/bin/env python3
"""Compares the speed of whole int8 networks with that of onnxruntime and LiteRT on this machine.

Every runtime has the same layers, weights and scales, and as many threads. They take turns; what is
shown is the median of the rounds. Two runtimes whose answers differ by more than rounding did not run
the same network, which is an error. Times are worth something on a machine that does nothing else.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess

import virtual_environment
from devkit import ROOT, Failed, main, read_npy, run, step
from tosa.environment import find_tools

ONNXRUNTIME, LITERT = "onnxruntime", "litert"
PACKAGES = (
    "onnxruntime==1.31.1", "ai-edge-litert==2.3.0", "onnx==1.23.2", "numpy==2.4.6",
)  # fmt: skip
FOLDER = ROOT / "target" / "bench"


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    add("--rounds", type=int, default=5, metavar="N", help="turns of each runtime (5)")
    add("--seconds", type=float, default=0.5, metavar="S", help="how long a turn is (0.5)")
    add("--threads", type=int, default=1, metavar="N", help="threads of each runtime (1)")
    add("--isa", metavar="NAME", help="Fixpoint's kernels (the fastest of this machine)")
    add("--only", metavar="TEXT", default="", help="networks with TEXT in their names")
    add("--venv", type=pathlib.Path, default=os.environ.get("TOSA_VENV"), metavar="DIR",
        help="a virtual environment with TOSA's tools (TOSA_VENV; made in .venv-tosa)")  # fmt: skip
    arguments = parser.parse_args()
    arguments.fixpoint = arguments.fixpoint.absolute()
    return arguments


def in_peers(python, *arguments):
    """Runs `benchmark/peers.py`; returns what it says."""
    done = subprocess.run(
        [python, "-m", "benchmark.peers", *(str(argument) for argument in arguments)],
        cwd=ROOT / "scripts", stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"benchmark/peers.py {arguments} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def compile_net(fixpoint, tools, at):
    """Makes a network a Fixpoint model."""
    model = FOLDER / f"{at}.fxp"
    model.unlink(missing_ok=True)
    try:
        run(
            fixpoint, "compile", FOLDER / f"{at}.tflite", "--tosa-tools", tools.programs, "-o", model,
        )  # fmt: skip
    except Failed as failure:
        # A model is written before its price is asked for: one that is too large for a chain still runs.
        if not model.exists():
            raise
        print(str(failure).splitlines()[-1])


def fixpoint_answer(fixpoint, at):
    """What Fixpoint says to the input that all runtimes get."""
    output = FOLDER / f"{at}.out.npy"
    run(
        fixpoint, "run", FOLDER / f"{at}.fxp", "--input", FOLDER / f"{at}.npy", "--output", output,
        "--raw",
    )  # fmt: skip
    return list(read_npy(output.read_bytes())[1])


def fixpoint_turn(arguments, at):
    command = [
        arguments.fixpoint, "bench", FOLDER / f"{at}.fxp", "--json",
        "--seconds", arguments.seconds, "--threads", arguments.threads,
    ]  # fmt: skip
    kernels = ["--isa", arguments.isa] if arguments.isa else []
    best = json.loads(run(*command, *kernels))["kernels"][0]
    return best["isa"], best["median_us"] / 1e6


def compare(arguments, python, at):
    """The median time of each runtime, and how far answers are apart."""
    times = {"fixpoint": [], ONNXRUNTIME: [], LITERT: []}
    answers = {"fixpoint": fixpoint_answer(arguments.fixpoint, at)}
    for _ in range(arguments.rounds):
        isa, seconds = fixpoint_turn(arguments, at)
        times["fixpoint"].append(seconds)
        for peer in (ONNXRUNTIME, LITERT):
            said = in_peers(
                python, peer, FOLDER, "--net", at, "--seconds", arguments.seconds,
                "--threads", arguments.threads,
            )  # fmt: skip
            times[peer].append(said["seconds"])
            answers[peer] = said["answer"]
    apart = max(
        abs(own - others)
        for peer in (ONNXRUNTIME, LITERT)
        for own, others in zip(answers["fixpoint"], answers[peer], strict=True)
    )
    medians = {runtime: statistics.median(seconds) for runtime, seconds in times.items()}
    return isa, medians, apart


def cpu():
    """What the machine calls itself."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1] for line in lines if line.startswith("model name"))
        return " ".join(name.split())
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def bench():
    arguments = parse_arguments()
    tools = find_tools(arguments.venv)
    python = virtual_environment.python_of(virtual_environment.ensure(".venv-bench", PACKAGES))
    FOLDER.mkdir(parents=True, exist_ok=True)
    step("writing the networks")
    nets = list(enumerate(in_peers(python, "write", FOLDER)))
    nets = [(at, net) for at, net in nets if arguments.only.lower() in net["name"].lower()]
    if not nets:
        raise Failed(f"no network has '{arguments.only}' in its name")
    rows = []
    for at, net in nets:
        step(net["name"])
        compile_net(arguments.fixpoint, tools, at)
        isa, medians, apart = compare(arguments, python, at)
        if apart > net["apart"]:
            raise Failed(f"{net['name']}: answers are {apart} apart: these are not the same networks")
        rows.append((net, isa, medians, apart))
    print(f"\n{cpu()}, {arguments.threads} thread(s), {isa} kernels, median of {arguments.rounds} rounds")
    print(f"{' and '.join(PACKAGES[:2])}\n")
    print("| network | MMAC | Fixpoint ms | GMAC/s | onnxruntime ms | LiteRT ms | best peer / Fixpoint | answers apart |")
    print("|---|---|---|---|---|---|---|---|")
    for net, _, medians, apart in rows:
        own = medians["fixpoint"]
        best = min(medians[ONNXRUNTIME], medians[LITERT])
        print(
            f"| {net['name']} | {net['macs'] / 1e6:.3g} | {own * 1e3:.4f} | {net['macs'] / own / 1e9:.0f} "
            f"| {medians[ONNXRUNTIME] * 1e3:.4f} | {medians[LITERT] * 1e3:.4f} | {best / own:.2f} | {apart} |"
        )


if __name__ == "__main__":
    main(bench)
