#!/usr/bin/env python3
"""Compiles trained int8 TFLite models as a user would, and compares their answers to random inputs
with those of TOSA's reference model and of a devnet, bit for bit.

The models are somebody else's and stand beside the checkout: a folder for each, with `model.tflite`
and, if there are any, `model.tosa` and arrays `in0.npy`, `out0.npy`, ... that the reference model
gave before.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import time

from devkit import OWNER_KEY, ROOT, Devnet, Failed, main, read_npy, run, step
from tosa.environment import find_tools

MODELS = ROOT.parent / "shared" / "models" / "mlperf-tiny"

# Inputs in one run of the reference model. A graph for more may cost more gas than a chain has, which
# `fixpoint compile` refuses.
BATCH = 50
# Inputs that go through the very graph that was compiled, one by one, even if the rest goes in batches.
ONE_BY_ONE = 10
# Inputs that also go to the devnet.
ON_CHAIN = 25


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    add("--models", type=pathlib.Path, default=MODELS, metavar="DIR", help=f"({MODELS})")
    add("--samples", type=int, default=1000, metavar="N", help="random inputs for each model (1000)")
    add("--seed", type=int, default=1, help="another seed, other inputs (1)")
    add("--one-by-one", action="store_true",
        help="no batches: a run of the reference model for each input")
    add("--venv", type=pathlib.Path, default=os.environ.get("TOSA_VENV"), metavar="DIR",
        help="a virtual environment that has the tools (TOSA_VENV; made in .venv-tosa)")  # fmt: skip
    arguments = parser.parse_args()
    arguments.fixpoint = arguments.fixpoint.absolute()
    return arguments


def reference(tools, tosa, inputs, outputs):
    """One run of the reference model."""
    done = subprocess.run(
        [
            tools.reference_model, "--tosa_file", tosa, "--flatbuffer_dir", tosa.parent,
            "--output_dir", outputs.parent, "--ifm_name", "TosaInput_0", "--ifm_file", inputs,
            "--ofm_name", "TosaOutput_0", "--ofm_file", outputs.name,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failed(f"the reference model failed on {inputs}:\n{done.stdout[-2000:]}")
    return elements(outputs)


def write_npy(path, shape, data):
    """Writes bytes as an int8 array."""
    header = f"{{'descr': '|i1', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def elements(path):
    """The bytes of an int8 array."""
    _, values = read_npy(path.read_bytes())
    return struct.pack(f"{len(values)}b", *values)


def rows(data, count):
    """Cuts bytes into equal parts."""
    size, rest = divmod(len(data), count)
    if rest:
        raise Failed(f"{len(data)} bytes are not {count} equal parts")
    return [data[at * size : (at + 1) * size] for at in range(count)]


def compare(what, got, want):
    """Fails at the first row that differs."""
    if len(got) != len(want):
        raise Failed(f"{what}: {len(got)} answers, not {len(want)}")
    for index, (a, b) in enumerate(zip(got, want)):
        if a != b:
            first = next((at for at, pair in enumerate(zip(a, b)) if pair[0] != pair[1]), "length")
            raise Failed(f"{what}: sample {index} differs at element {first}")


def random_sample(source, size, index):
    """Every other sample is noise over all of int8; the rest are noise around some level, as noise
    over everything looks the same to many models."""
    if index % 2 == 0:
        return source.randbytes(size)
    level, spread = source.randint(-128, 127), source.randint(1, 64)
    noise = (source.randint(level - spread, level + spread) for _ in range(size))
    return struct.pack(f"{size}b", *(min(max(value, -128), 127) for value in noise))


class Model:
    """One model, compiled."""

    def __init__(self, arguments, tools, source, folder):
        self.name = source.name
        self.source, self.folder, self.tools = source, folder, tools
        self.fixpoint = arguments.fixpoint
        self.file, self.tosa = folder / "model.fxp", folder / "model.tosa"
        started = time.monotonic()
        text = run(
            self.fixpoint, "compile", source / "model.tflite", "-o", self.file,
            "--keep-tosa", self.tosa, "--tosa-tools", tools.programs, "--json",
        )  # fmt: skip
        self.seconds = time.monotonic() - started
        self.report = json.loads(text)
        ports = [*self.report["inputs"], *self.report["outputs"]]
        if [port["dtype"] for port in ports] != ["i8", "i8"]:
            raise Failed(f"{self.name} has other ports than one int8 input and one int8 output")
        self.input = self.report["inputs"][0]
        self.shape = self.input["shape"]
        self.sample_bytes = 1
        for dimension in self.shape:
            self.sample_bytes *= dimension

    def write(self, name, samples):
        """Samples as one array."""
        path = self.folder / name
        if self.shape[0] != 1:
            raise Failed(f"{self.name} does not take one sample at a time")
        write_npy(path, [len(samples), *self.shape[1:]], b"".join(samples))
        return path

    def run(self, file, samples):
        """What `fixpoint run` answers."""
        output = self.folder / "answers.npy"
        run(
            self.fixpoint, "run", file, "--input", self.write("samples.npy", samples), "--raw",
            "--output", output,
        )  # fmt: skip
        return rows(elements(output), len(samples))

    def call(self, devnet, address, samples):
        """What `inferenceRaw` answers on a chain."""
        output = self.folder / "on-chain.npy"
        run(
            self.fixpoint, "call", address, "--rpc", devnet.url, "--input",
            self.write("samples.npy", samples), "--raw", "--output", output,
        )  # fmt: skip
        return rows(elements(output), len(samples))

    def given(self):
        """Inputs and outputs that stand beside the model."""
        count = 0
        while (self.source / f"in{count}.npy").exists():
            count += 1
        load = lambda stem: [elements(self.source / f"{stem}{at}.npy") for at in range(count)]
        return load("in"), load("out")

    def reference_one_by_one(self, samples, workers):
        """The reference model on the graph that was compiled."""

        def one(index):
            path = self.folder / f"in-{index}.npy"
            write_npy(path, self.shape, samples[index])
            answer = reference(self.tools, self.tosa, path, self.folder / f"out-{index}.npy")
            path.unlink()
            (self.folder / f"out-{index}.npy").unlink()
            return answer

        return list(workers.map(one, range(len(samples))))

    def reference_in_batches(self, samples, workers):
        """The reference model on the same graph for several samples at a time."""
        starts = range(0, len(samples), BATCH)
        graphs = {
            size: self.graph_for(size) for size in {len(samples[at : at + BATCH]) for at in starts}
        }

        def one(at):
            batch = samples[at : at + BATCH]
            path = self.folder / f"batch-in-{at}.npy"
            write_npy(path, [len(batch), *self.shape[1:]], b"".join(batch))
            outputs = self.folder / f"batch-out-{at}.npy"
            return rows(reference(self.tools, graphs[len(batch)], path, outputs), len(batch))

        return [row for part in workers.map(one, starts) for row in part]

    def graph_for(self, batch):
        """The graph with another batch, converted in the same way."""
        path = self.folder / f"batch-{batch}.tosa"
        shape = ",".join(str(dimension) for dimension in [batch, *self.shape[1:]])
        run(
            self.fixpoint, "compile", self.source / "model.tflite", "-o", path.with_suffix(".fxp"),
            "--keep-tosa", path, "--tosa-tools", self.tools.programs,
            "--shape", f"{self.input['name']}={shape}",
        )  # fmt: skip
        return path


def check(model, arguments, workers):
    """One model against the reference model; returns its random samples and their answers."""
    step(model.name)
    scale = model.input["ranges"][0]
    print(
        f"   compiled in {model.seconds:.1f} s: {model.report['macs']:,} multiply-accumulates, "
        f"{model.report['gas']['first_call']:,} gas\n"
        f"   input '{model.input['name']}' {model.shape}, scale {scale['scale']:.6g} "
        f"({scale['scale_numerator']}/{scale['scale_denominator']}), zero point {scale['zero_point']}"
    )
    plain = None
    if (model.source / "model.tosa").exists():
        plain = model.folder / "plain.fxp"
        run(model.fixpoint, "compile", model.source / "model.tosa", "-o", plain)
    inputs, outputs = model.given()
    if inputs:
        compare("given inputs", model.run(model.file, inputs), outputs)
        print(f"   {len(inputs)} given inputs: equal")

    source = random.Random(f"{arguments.seed} {model.name}")
    samples = [random_sample(source, model.sample_bytes, at) for at in range(arguments.samples)]
    started = time.monotonic()
    answers = model.run(model.file, samples)
    ran = time.monotonic() - started
    if plain:
        compare("model.tosa", model.run(plain, samples), answers)

    started = time.monotonic()
    count = len(samples) if arguments.one_by_one else min(ONE_BY_ONE, len(samples))
    want = model.reference_one_by_one(samples[:count], workers)
    compare("reference model", answers[:count], want)
    if not arguments.one_by_one:
        want = model.reference_in_batches(samples, workers)
        compare("reference model, in batches", answers, want)
    took = time.monotonic() - started
    how = "one by one" if arguments.one_by_one else f"{count} of them one by one, all in batches"
    print(
        f"   {len(samples)} random inputs, {sum(map(len, answers)):,} numbers: equal to the "
        f"reference model ({how})\n   {len(set(answers))} different answers; fixpoint run {ran:.1f} s, reference model {took:.1f} s"
    )
    return inputs + samples, outputs + answers


def check_on_chain(models, answered, folder, fixpoint):
    """The same bytes through `inferenceRaw` of a devnet."""
    step("On a devnet, through inferenceRaw")
    with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
        for model in models:
            text = run(
                fixpoint, "deploy", model.file, "--rpc", devnet.url, "--private-key", OWNER_KEY,
                "--json",
            )  # fmt: skip
            deployed = json.loads(text)
            samples, answers = answered[model.name]
            got = model.call(devnet, deployed["model"], samples[:ON_CHAIN])
            compare(f"{model.name} on chain", got, answers[:ON_CHAIN])
            print(
                f"   {model.name}: {deployed['gas_used']:,} gas to bring on chain, "
                f"{len(got)} inputs: equal"
            )


def check_all():
    arguments = parse_arguments()
    tools = find_tools(arguments.venv)
    sources = sorted(path.parent for path in arguments.models.glob("*/model.tflite"))
    if not sources:
        if arguments.models != MODELS:
            raise Failed(f"there is no folder with a model.tflite in {arguments.models}")
        print(f"SKIPPED: no models in {arguments.models}, so no trained model was compared")
        return
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fixpoint-models-") as folder:
        folder = pathlib.Path(folder)
        models, answered = [], {}
        cores = len(os.sched_getaffinity(0))
        with concurrent.futures.ThreadPoolExecutor(cores) as workers:
            for source in sources:
                (folder / source.name).mkdir()
                model = Model(arguments, tools, source, folder / source.name)
                answered[model.name] = check(model, arguments, workers)
                models.append(model)
        check_on_chain(models, answered, folder, arguments.fixpoint)
    print(f"\n{len(models)} models, all bits equal, in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main(check_all)
